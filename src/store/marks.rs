//! What the audit tells of the configuration: which keys are others than when it last told of them.

use std::path::PathBuf;

use rusqlite::{OpenFlags, OptionalExtension, Transaction};

use super::error::StoreError;
use super::sqlite::{blocking, connect};
use crate::domain::audit::{Act, Deed, Marks, changed_keys};
use crate::domain::task::Actor;
use crate::domain::time::Timestamp;

/// Keeps the marks of a configuration; the answer is what there is to tell of it.
pub(super) fn renew(
    tx: &Transaction<'_>,
    deed: Deed,
    (hash, found): (String, &Marks),
) -> Result<Option<Act>, StoreError> {
    let before = kept(tx)?;
    keep(tx, found)?;
    if before.is_empty() {
        let is_new = !is_told(tx, &hash)?;
        return Ok(is_new.then(|| Act::new(&Actor::Desk, deed, hash)));
    }
    let changed = changed_keys(&before, found);
    Ok((!changed.is_empty()).then(|| Act::new(&Actor::Desk, deed, hash).with(changed)))
}

/// Whether a configuration is the one that was told of last, by a deskd that kept no marks.
fn is_told(tx: &Transaction<'_>, hash: &str) -> Result<bool, StoreError> {
    let sql = "SELECT subject FROM audit WHERE what IN (?, ?) ORDER BY id DESC LIMIT 1";
    let words = (Deed::ConfigFound.as_str(), Deed::ConfigReloaded.as_str());
    let told: Option<String> = tx.query_row(sql, words, |row| row.get(0)).optional()?;
    Ok(told.as_deref() == Some(hash))
}

fn kept(tx: &Transaction<'_>) -> Result<Marks, StoreError> {
    let mut query = tx.prepare_cached("SELECT key, mark FROM config_marks ORDER BY key")?;
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn keep(tx: &Transaction<'_>, found: &Marks) -> Result<(), StoreError> {
    tx.execute("DELETE FROM config_marks", [])?;
    let mut add = tx.prepare_cached("INSERT INTO config_marks (workspace, key, mark) VALUES ('', ?, ?)")?;
    for mark in found {
        add.execute(mark)?;
    }
    Ok(())
}

/// Leaves word in a database that was put back that it was; the daemon tells of it, because it has the key of the audit.
pub async fn leave_word(
    database: PathBuf,
    copy: String,
    by: Actor,
    now: Timestamp,
) -> Result<(), StoreError> {
    blocking(move || {
        let connection = connect(&database, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        // A copy of an older schema has no such table yet; the step that brings it finds it there.
        connection.execute_batch(
            "CREATE TABLE IF NOT EXISTS restored (
                 workspace TEXT NOT NULL CHECK (workspace = ''),
                 at        INTEGER NOT NULL,
                 who       TEXT NOT NULL CHECK (who <> ''),
                 copy      TEXT NOT NULL
             ) STRICT",
        )?;
        let sql = "INSERT INTO restored (workspace, at, who, copy) VALUES ('', ?, ?, ?)";
        connection.execute(sql, (now.0, by.word(), copy))?;
        Ok(())
    })
    .await
}

/// What there is to tell of copies that took the database's place.
pub(super) fn take_restored(tx: &Transaction<'_>) -> Result<Vec<Act>, StoreError> {
    let mut query = tx.prepare_cached("SELECT at, who, copy FROM restored ORDER BY at")?;
    let rows = query.query_map([], |row| Ok((Timestamp(row.get(0)?), row.get(1)?, row.get(2)?)))?;
    let found: Vec<(Timestamp, String, String)> = rows.collect::<Result<_, _>>()?;
    if !found.is_empty() {
        tx.execute("DELETE FROM restored", [])?;
    }
    let act = |(at, who, copy)| Act { who, deed: Deed::Restored, subject: copy, detail: format!("at {at}") };
    Ok(found.into_iter().map(act).collect())
}
