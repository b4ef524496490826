//! What keeps the database in shape: forgetting in time, a few rows at once, and folding the write-ahead log into the file,
//! beside those who write.

use std::time::Duration;

use anyhow::Result;
use tracing::info;

use crate::domain::time::Timestamp;
use crate::runtime::worker::{Next, Worker};
use crate::store::Store;
use crate::store::retention::{Pruned, Retention};

/// How often it looks: retention is counted in days.
const EVERY: Duration = Duration::from_secs(60 * 60);

/// How often the size of the write-ahead log is looked at: in a flood it grows by some 10 MiB a second.
const GLANCE: Duration = Duration::from_secs(2);

/// Folds the write-ahead log when it has grown.
pub struct Folder {
    store: Store,
}

impl Folder {
    /// A folder for `store`.
    pub fn new(store: Store) -> Folder {
        Folder { store }
    }
}

impl Worker for Folder {
    fn name(&self) -> &'static str {
        "fold"
    }

    async fn step(&mut self, now: Timestamp) -> Result<Next> {
        self.store.fold().await?;
        Ok(Next::At(now.plus(GLANCE)))
    }
}

/// Deletes what has been kept long enough.
pub struct Housekeeper {
    store: Store,
    retention: Retention,
    gone: Pruned,
}

impl Housekeeper {
    /// A housekeeper that keeps things as long as `retention` says.
    pub fn new(store: Store, retention: Retention) -> Housekeeper {
        Housekeeper { store, retention, gone: Pruned::default() }
    }
}

impl Worker for Housekeeper {
    fn name(&self) -> &'static str {
        "housekeeping"
    }

    async fn step(&mut self, now: Timestamp) -> Result<Next> {
        let pruned = self.store.prune(self.retention, now).await?;
        if !pruned.is_empty() {
            self.gone.events += pruned.events;
            self.gone.tasks += pruned.tasks;
            self.gone.deliveries += pruned.deliveries;
            return Ok(Next::Again);
        }
        let Pruned { events, tasks, deliveries } = std::mem::take(&mut self.gone);
        if events + tasks + deliveries > 0 {
            info!(events, tasks, deliveries, "Forgot {events} events, {tasks} tasks and {deliveries} sends");
        }
        Ok(Next::At(now.plus(EVERY)))
    }
}
