//! Forgetting in time: raw events, finished tasks with their conversations, and the ledger of sends.

use std::time::Duration;

use super::error::StoreError;
use super::sqlite::Store;
use crate::domain::notice::Own;
use crate::domain::time::Timestamp;

/// Rows of one kind that go in one transaction: the writer is free again within milliseconds.
const BATCH: u32 = 500;

/// How long things are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Raw events, counted from when they were recorded.
    pub events: Duration,
    /// Finished tasks, counted from when they changed last; their messages go with them.
    pub tasks: Duration,
    /// Sends that are over, counted from their end.
    pub deliveries: Duration,
}

/// What went in one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Raw events.
    pub events: usize,
    /// Tasks, and bundles that never became one.
    pub tasks: usize,
    /// Sends.
    pub deliveries: usize,
}

impl Pruned {
    /// Whether nothing was left to go.
    pub fn is_empty(&self) -> bool {
        *self == Pruned::default()
    }
}

impl Store {
    /// Deletes some of what has been kept long enough; an empty answer says that nothing is left to delete.
    ///
    /// An event without an outcome stays, and so does the newest event: its number is where the journal goes on.
    pub async fn prune(&self, retention: Retention, now: Timestamp) -> Result<Pruned, StoreError> {
        self.write(move |tx| {
            let events = tx.prepare_cached(
                "DELETE FROM events WHERE id IN (
                     SELECT e.id FROM events e JOIN outcomes o ON o.event = e.id
                     WHERE e.received_at < ?1 AND e.id < (SELECT MAX(id) FROM events) ORDER BY e.id LIMIT ?2)",
            )?
            .execute((now.minus(retention.events).0, BATCH))?;
            let old = now.minus(retention.tasks).0;
            let tasks = tx.prepare_cached(
                "DELETE FROM tasks WHERE id IN (
                     SELECT id FROM tasks WHERE status = 'done' AND updated_at < ? ORDER BY id LIMIT ?)",
            )?
            .execute((old, BATCH))?;
            let dropped = tx.prepare_cached(
                "DELETE FROM bundles WHERE id IN (
                     SELECT id FROM bundles WHERE state = 'dropped' AND due < ? ORDER BY id LIMIT ?)",
            )?
            .execute((old, BATCH))?;
            let deliveries = tx.prepare_cached(
                "DELETE FROM sends WHERE id IN (
                     SELECT id FROM sends WHERE state IN ('sent', 'failed', 'dead', 'dropped') AND updated_at < ?
                     ORDER BY id LIMIT ?)",
            )?
            .execute((now.minus(retention.deliveries).0, BATCH))?;
            // A dead letter that nobody can look at any more is no open trouble.
            tx.prepare_cached(
                "UPDATE notices SET resolved_at = ?2 WHERE kind = ?1 AND resolved_at IS NULL
                 AND NOT EXISTS (SELECT 1 FROM sends WHERE id = CAST(notices.subject AS INTEGER))",
            )?
            .execute((Own::DeadLetter.as_str(), now.0))?;
            Ok(Pruned { events, tasks: tasks + dropped, deliveries })
        })
        .await
    }
}
