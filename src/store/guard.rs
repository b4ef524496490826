//! What stands around the audit: triggers that refuse to change it, and what other tables tell of the time before.

use rusqlite::{OptionalExtension, Transaction};

use super::error::StoreError;
use crate::domain::audit::{Deed, Past};

/// The step that brought the audit, with the triggers as they have to be.
const STEP: i64 = 17;
const SCHEMA: &str = include_str!("schema/0017_audit.sql");

/// What other tables and the rows themselves tell of keys. Whether the desk was in use is for a start to find out.
pub(super) fn past(tx: &Transaction<'_>) -> Result<Past, StoreError> {
    let sql = "SELECT what FROM audit WHERE what IN (?, ?, ?, ?) ORDER BY id DESC LIMIT 1";
    let words = [Deed::SealBegan, Deed::SealEnded, Deed::KeyChanged, Deed::KeyRotated].map(Deed::as_str);
    let newest: Option<String> = tx.prepare_cached(sql)?.query_row(words, |row| row.get(0)).optional()?;
    Ok(Past {
        was_used: false,
        was_sealed: newest.is_some() || had_key(tx)?,
        has_ended: newest.as_deref() == Some(Deed::SealEnded.as_str()),
    })
}

/// Whether something was done since there is an audit, so that a start has written a row.
pub(super) fn was_used(tx: &Transaction<'_>) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM installations WHERE installed_at >= ?1)
        OR EXISTS (SELECT 1 FROM webhooks WHERE created_at >= ?1)
        OR COALESCE((SELECT received_at FROM events ORDER BY id DESC LIMIT 1) >= ?1, 0)";
    Ok(tx.prepare_cached(sql)?.query_row([since(tx)?], |row| row.get(0))?)
}

/// Whether a secret was sealed since there is an audit: then there was a key, and the head was sealed with it.
pub(super) fn had_key(tx: &Transaction<'_>) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM tokens WHERE made_at >= ?1)
        OR EXISTS (SELECT 1 FROM webhooks WHERE rotated_at >= ?1)";
    Ok(tx.prepare_cached(sql)?.query_row([since(tx)?], |row| row.get(0))?)
}

fn since(tx: &Transaction<'_>) -> Result<i64, StoreError> {
    let mut query = tx.prepare_cached("SELECT at FROM migrations WHERE step = ?")?;
    Ok(query.query_row([STEP], |row| row.get(0)).optional()?.unwrap_or(i64::MAX))
}

/// Whether the triggers of the audit are there as they were made, and no others.
pub(super) fn is_guarded(tx: &Transaction<'_>) -> Result<bool, StoreError> {
    let mut expected: Vec<String> = triggers().map(str::to_owned).collect();
    expected.sort();
    let sql = "SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'audit' ORDER BY sql";
    let mut query = tx.prepare_cached(sql)?;
    let found = query.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
    Ok(found == expected)
}

/// Puts the triggers back.
pub(super) fn mend(tx: &Transaction<'_>) -> Result<(), StoreError> {
    let mut query =
        tx.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'audit'")?;
    let names = query.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
    for name in names {
        tx.execute_batch(&format!("DROP TRIGGER \"{}\"", name.replace('"', "\"\"")))?;
    }
    triggers().try_for_each(|trigger| tx.execute_batch(trigger))?;
    Ok(())
}

/// The statements that make them, as SQLite keeps them: without the last semicolon.
fn triggers() -> impl Iterator<Item = &'static str> {
    let begins = SCHEMA.match_indices("CREATE TRIGGER ").map(|(at, _)| at);
    begins.filter_map(|at| SCHEMA[at..].split_once("END;").map(|(body, _)| &SCHEMA[at..at + body.len() + 3]))
}
