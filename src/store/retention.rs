//! Forgetting in time: raw events, finished tasks with their conversations, and the ledger of what went out.
//!
//! What is to go is looked for beside the writer, and goes in small transactions: nobody who waits for an acknowledgement
//! troubles.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rusqlite::Transaction;

use super::error::StoreError;
use super::sqlite::Store;
use crate::domain::own::Own;
use crate::domain::time::Timestamp;

/// How long things are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Raw events, counted from when they were recorded.
    pub events: Duration,
    /// Finished tasks, counted from when they changed last; their messages go with them.
    pub tasks: Duration,
    /// Sends that are over, counted from their end, troubles that are over, with their tellings, and notices with their
    /// deliveries, counted from when they were handed in.
    pub deliveries: Duration,
}

/// What is kept for a time of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Raw events that have an outcome.
    Events,
    /// Tasks that are done, with everything that belongs to them.
    Tasks,
    /// Bundles that never became a task, because all their messages were taken back.
    Bundles,
    /// Sends that are over.
    Sends,
    /// Troubles that are over, with their tellings.
    Troubles,
    /// Notices that are told, with their deliveries; the newest of a problem that lasts stays.
    Notices,
    /// Problems that are over and of which no notice is left, with their cards.
    Problems,
}

/// How many rows went since the start, by class. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Forgotten(Arc<[AtomicU64; Class::ALL.len()]>);

impl Forgotten {
    /// Counts rows of a class.
    pub fn add(&self, class: Class, rows: usize) {
        self.0[class as usize].fetch_add(rows as u64, Ordering::Relaxed);
    }

    /// The rows of a class so far.
    pub fn count(&self, class: Class) -> u64 {
        self.0[class as usize].load(Ordering::Relaxed)
    }
}

impl Class {
    /// All of them, in the order in which they go.
    pub const ALL: [Class; 7] = [
        Class::Events,
        Class::Tasks,
        Class::Bundles,
        Class::Sends,
        Class::Troubles,
        Class::Notices,
        Class::Problems,
    ];

    /// The word in metrics and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Class::Events => "events",
            Class::Tasks => "tasks",
            Class::Bundles => "bundles",
            Class::Sends => "sends",
            Class::Troubles => "troubles",
            Class::Notices => "notices",
            Class::Problems => "problems",
        }
    }

    /// Rows that go in one transaction: milliseconds. A task takes its messages along.
    fn batch(self) -> u32 {
        match self {
            Class::Events => 250,
            Class::Tasks | Class::Troubles => 25,
            Class::Bundles | Class::Sends | Class::Notices | Class::Problems => 250,
        }
    }

    /// What is older than this goes.
    fn before(self, retention: &Retention, now: Timestamp) -> Timestamp {
        now.minus(match self {
            Class::Events => retention.events,
            Class::Tasks | Class::Bundles => retention.tasks,
            Class::Sends | Class::Troubles | Class::Notices | Class::Problems => retention.deliveries,
        })
    }

    /// The rows to go: ids, older than `?1`, at most `?2`. Events are in the order of time, so the oldest few are looked at
    /// and not the whole journal. One without an outcome stays, and so does the newest: its number is where the journal
    /// goes on.
    fn old(self) -> &'static str {
        match self {
            Class::Events => {
                "SELECT id FROM (SELECT e.id, e.received_at FROM events e JOIN outcomes o ON o.event = e.id
                     WHERE e.id < (SELECT MAX(id) FROM events) ORDER BY e.id LIMIT ?2)
                 WHERE received_at < ?1"
            }
            Class::Tasks => {
                "SELECT id FROM tasks WHERE status = 'done' AND updated_at < ?1 ORDER BY id LIMIT ?2"
            }
            Class::Bundles => {
                "SELECT id FROM bundles WHERE state = 'dropped' AND due < ?1 ORDER BY id LIMIT ?2"
            }
            Class::Sends => {
                "SELECT id FROM sends WHERE state IN ('sent', 'failed', 'dead', 'dropped') AND updated_at < ?1
                 ORDER BY id LIMIT ?2"
            }
            Class::Troubles => "SELECT id FROM troubles WHERE resolved_at < ?1 ORDER BY resolved_at LIMIT ?2",
            Class::Notices => {
                "SELECT n.id FROM notices n JOIN problems p ON p.id = n.problem
                 WHERE n.received_at < ?1 AND n.state <> 'waiting'
                   AND (p.status <> 'firing' OR n.id < (SELECT MAX(id) FROM notices WHERE problem = p.id))
                   AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.notice = n.id
                                   AND d.state IN ('held', 'waiting', 'sending'))
                 ORDER BY n.received_at, n.id LIMIT ?2"
            }
            Class::Problems => {
                "SELECT id FROM problems p WHERE last_at < ?1 AND status <> 'firing'
                   AND NOT EXISTS (SELECT 1 FROM notices WHERE problem = p.id) ORDER BY last_at LIMIT ?2"
            }
        }
    }

    /// Deletes one row, if it is still over.
    fn delete(self) -> &'static str {
        match self {
            Class::Events => "DELETE FROM events WHERE id = ?",
            Class::Tasks => "DELETE FROM tasks WHERE id = ? AND status = 'done'",
            Class::Bundles => "DELETE FROM bundles WHERE id = ? AND state = 'dropped'",
            Class::Sends => {
                "DELETE FROM sends WHERE id = ? AND state IN ('sent', 'failed', 'dead', 'dropped')"
            }
            Class::Troubles => "DELETE FROM troubles WHERE id = ? AND resolved_at IS NOT NULL",
            Class::Notices => "DELETE FROM notices WHERE id = ? AND state <> 'waiting'",
            Class::Problems => {
                "DELETE FROM problems WHERE id = ?1 AND status <> 'firing'
                 AND NOT EXISTS (SELECT 1 FROM notices WHERE problem = ?1)"
            }
        }
    }
}

impl Store {
    /// Deletes some rows of a class that have been kept long enough; 0 says that none is left to delete.
    pub async fn prune(
        &self,
        class: Class,
        retention: Retention,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let before = class.before(&retention, now);
        let old = self.read(move |tx| ids(tx, class, before)).await?;
        if old.is_empty() {
            return Ok(0);
        }
        self.write(move |tx| {
            let mut delete = tx.prepare_cached(class.delete())?;
            let mut gone = 0;
            for id in &old {
                gone += delete.execute([id])?;
            }
            if class == Class::Sends {
                // A dead letter that nobody can look at any more is no open trouble.
                tx.prepare_cached(
                    "UPDATE troubles SET resolved_at = ?2 WHERE kind = ?1 AND resolved_at IS NULL
                     AND NOT EXISTS (SELECT 1 FROM sends WHERE id = CAST(troubles.subject AS INTEGER))",
                )?
                .execute((Own::DeadLetter.as_str(), now.0))?;
            }
            Ok(gone)
        })
        .await
    }
}

fn ids(tx: &Transaction<'_>, class: Class, before: Timestamp) -> Result<Vec<i64>, StoreError> {
    let mut query = tx.prepare_cached(class.old())?;
    let found = query.query_map((before.0, class.batch()), |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}
