//! How the desk stands, in numbers.

use std::collections::BTreeMap;

use rusqlite::OptionalExtension;

use super::error::StoreError;
use super::sqlite::Store;
use crate::domain::time::Timestamp;

/// How the desk stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Events recorded since the database was made.
    pub recorded: i64,
    /// Events that have no outcome yet.
    pub pending: i64,
    /// When the oldest of them was recorded.
    pub oldest_pending: Option<Timestamp>,
    /// When the newest event was recorded.
    pub last_event: Option<Timestamp>,
    /// Bundles that still take messages.
    pub bundles_open: i64,
    /// Bundles waiting to become tasks.
    pub bundles_sealed: i64,
    /// Tasks by status.
    pub tasks: BTreeMap<String, i64>,
    /// Rows of the outbox that are not sent, by state.
    pub outbox: BTreeMap<String, i64>,
    /// When the oldest row that still has to go out was handed over.
    pub oldest_send: Option<Timestamp>,
    /// Channels that take no messages.
    pub destinations_broken: i64,
    /// Answers to commands that came too late for the acknowledgement and are still to be given.
    pub whispers: i64,
}

impl Store {
    /// How the desk stands now.
    pub async fn standing(&self) -> Result<Standing, StoreError> {
        self.read(|tx| {
            let one = |sql: &str| tx.prepare_cached(sql)?.query_row([], |row| row.get::<_, i64>(0));
            let instant = |sql: &str| -> Result<Option<Timestamp>, StoreError> {
                let at: Option<Option<i64>> =
                    tx.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?;
                Ok(at.flatten().map(Timestamp))
            };
            let by_word = |sql: &str| -> Result<BTreeMap<String, i64>, StoreError> {
                let mut query = tx.prepare_cached(sql)?;
                let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
                Ok(rows.collect::<Result<_, _>>()?)
            };
            Ok(Standing {
                recorded: one("SELECT COALESCE(MAX(id), 0) FROM events")?,
                pending: one(
                    "SELECT COUNT(*) FROM events WHERE id > (SELECT COALESCE(MAX(event), 0) FROM outcomes)",
                )?,
                oldest_pending: instant(
                    "SELECT received_at FROM events
                     WHERE id > (SELECT COALESCE(MAX(event), 0) FROM outcomes) ORDER BY id LIMIT 1",
                )?,
                last_event: instant("SELECT received_at FROM events ORDER BY id DESC LIMIT 1")?,
                bundles_open: one("SELECT COUNT(*) FROM bundles WHERE state = 'open'")?,
                bundles_sealed: one("SELECT COUNT(*) FROM bundles WHERE state = 'sealed'")?,
                tasks: by_word("SELECT status, COUNT(*) FROM tasks GROUP BY status")?,
                outbox: by_word("SELECT state, COUNT(*) FROM sends WHERE state <> 'sent' GROUP BY state")?,
                oldest_send: instant(
                    "SELECT MIN(created_at) FROM sends WHERE state IN ('waiting', 'sending')",
                )?,
                destinations_broken: one("SELECT COUNT(*) FROM destinations WHERE state = 'broken'")?,
                whispers: one("SELECT COUNT(*) FROM whispers WHERE state = 'waiting'")?,
            })
        })
        .await
    }

    /// Whether the database can be written at this moment.
    pub async fn probe(&self) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.execute("CREATE TEMP TABLE IF NOT EXISTS probe (at INTEGER)", [])?;
            tx.execute("UPDATE migrations SET at = at WHERE step = 1", [])?;
            Ok(())
        })
        .await
    }

    /// Runs SQLite's own check of the file; the answer is its complaints, none for a sound file.
    pub async fn integrity(&self) -> Result<Vec<String>, StoreError> {
        self.read(|tx| {
            let mut query = tx.prepare("PRAGMA quick_check")?;
            let lines: Vec<String> = query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
            Ok(lines.into_iter().filter(|line| line != "ok").collect())
        })
        .await
    }
}
