//! How the desk stands, in numbers.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::OptionalExtension;

use super::error::StoreError;
use super::sqlite::{Store, blocking};
use crate::domain::time::Timestamp;

const OLDEST_PENDING: &str = "SELECT received_at FROM events
    WHERE id > (SELECT COALESCE(MAX(event), 0) FROM outcomes) ORDER BY id LIMIT 1";
const OLDEST_SEND: &str = "SELECT MIN(created_at) FROM sends WHERE state IN ('waiting', 'sending')";
/// What waits for a channel that takes no messages is told of that channel, and is not late before the channel works again.
const LATE_SEND: &str = "SELECT MIN(MAX(s.created_at, COALESCE(d.since, 0)))
     FROM sends s LEFT JOIN destinations d ON d.workspace = s.workspace AND d.channel = s.channel
     WHERE s.state IN ('waiting', 'sending') AND COALESCE(d.state, 'ok') = 'ok'";
const WAITING_NOTICES: &str = "SELECT CASE lane WHEN 0 THEN 'critical' ELSE 'usual' END, COUNT(*) FROM (
         SELECT lane FROM notices WHERE state = 'waiting'
         UNION ALL SELECT lane FROM deliveries WHERE state IN ('waiting', 'sending')) GROUP BY 1";
const OLDEST_NOTICE: &str = "SELECT MIN(next_at) FROM deliveries WHERE state IN ('waiting', 'sending')";
const DELIVERIES: &str = "SELECT substr(destination, 1, instr(destination, ':') - 1), state, COUNT(*)
     FROM deliveries GROUP BY 1, 2";
const MADE_AT: &str = "SELECT at FROM migrations WHERE step = 1";
const LAST_BACKUP: &str = "SELECT at FROM last_backup WHERE id = 1";

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
    /// When the first of the rows that did not go out stopped.
    pub oldest_stopped: Option<Timestamp>,
    /// When the database was made.
    pub made_at: Option<Timestamp>,
    /// Open troubles of deskd, by kind.
    pub troubles: BTreeMap<String, i64>,
    /// Tellings that are still stored, by way and state.
    pub tellings: BTreeMap<(String, String), i64>,
    /// Notices whose time has come and that are not routed yet, and deliveries on their way, by lane.
    pub waiting_notices: BTreeMap<String, i64>,
    /// When the oldest of them was to go.
    pub oldest_notice: Option<Timestamp>,
    /// Deliveries that are still stored, by way and state.
    pub deliveries: BTreeMap<(String, String), i64>,
    /// When the database was last copied and the copy found sound.
    pub last_backup: Option<Timestamp>,
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
            let by_two = |sql: &str| -> Result<BTreeMap<(String, String), i64>, StoreError> {
                let mut query = tx.prepare_cached(sql)?;
                let rows = query.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?;
                Ok(rows.collect::<Result<_, _>>()?)
            };
            Ok(Standing {
                recorded: one("SELECT COALESCE(MAX(id), 0) FROM events")?,
                pending: one(
                    "SELECT COUNT(*) FROM events WHERE id > (SELECT COALESCE(MAX(event), 0) FROM outcomes)",
                )?,
                oldest_pending: instant(OLDEST_PENDING)?,
                last_event: instant("SELECT received_at FROM events ORDER BY id DESC LIMIT 1")?,
                bundles_open: one("SELECT COUNT(*) FROM bundles WHERE state = 'open'")?,
                bundles_sealed: one("SELECT COUNT(*) FROM bundles WHERE state = 'sealed'")?,
                tasks: by_word("SELECT status, COUNT(*) FROM tasks GROUP BY status")?,
                outbox: by_word("SELECT state, COUNT(*) FROM sends WHERE state <> 'sent' GROUP BY state")?,
                oldest_send: instant(OLDEST_SEND)?,
                oldest_stopped: instant(
                    "SELECT MIN(updated_at) FROM sends WHERE state IN ('failed', 'dead', 'unknown')",
                )?,
                destinations_broken: one("SELECT COUNT(*) FROM destinations WHERE state = 'broken'")?,
                whispers: one("SELECT COUNT(*) FROM whispers WHERE state = 'waiting'")?,
                made_at: instant(MADE_AT)?,
                troubles: by_word(
                    "SELECT kind, COUNT(*) FROM troubles WHERE resolved_at IS NULL GROUP BY kind",
                )?,
                tellings: by_two(
                    "SELECT destination, state, COUNT(*) FROM tellings GROUP BY destination, state",
                )?,
                waiting_notices: by_word(WAITING_NOTICES)?,
                oldest_notice: instant(OLDEST_NOTICE)?,
                deliveries: by_two(DELIVERIES)?,
                last_backup: instant(LAST_BACKUP)?,
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

    /// The size of the database file and of its write-ahead log, in bytes; 0 for what is not there.
    pub async fn sizes(&self) -> Result<(u64, u64), StoreError> {
        let path = self.path().to_owned();
        blocking(move || {
            let mut log = path.clone().into_os_string();
            log.push("-wal");
            let size = |path: &Path| std::fs::metadata(path).map_or(0, |found| found.len());
            Ok((size(&path), size(Path::new(&log))))
        })
        .await
    }

    /// What tells of deskd's own trouble: what waits, since when, and how old the last backup is.
    pub async fn waiting(&self) -> Result<Standing, StoreError> {
        self.read(|tx| {
            let instant = |sql: &str| -> Result<Option<Timestamp>, StoreError> {
                let at: Option<Option<i64>> =
                    tx.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?;
                Ok(at.flatten().map(Timestamp))
            };
            Ok(Standing {
                oldest_pending: instant(OLDEST_PENDING)?,
                oldest_send: instant(LATE_SEND)?,
                made_at: instant(MADE_AT)?,
                last_backup: instant(LAST_BACKUP)?,
                ..Standing::default()
            })
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
