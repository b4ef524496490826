//! Forgets in time, a few rows at once, so that nobody waits for it.

use std::time::Duration;

use anyhow::Result;
use tracing::info;

use crate::domain::time::Timestamp;
use crate::runtime::worker::{Next, Worker};
use crate::store::Store;
use crate::store::retention::{Pruned, Retention};

/// How often it looks: retention is counted in days.
const EVERY: Duration = Duration::from_secs(60 * 60);

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
