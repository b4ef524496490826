//! What keeps the database in shape: forgetting in time, a few rows at once, and folding the write-ahead log into the file,
//! beside those who write.

use std::time::Duration;

use anyhow::Result;
use jiff::tz::TimeZone;
use tracing::info;

use crate::domain::night;
use crate::domain::time::Timestamp;
use crate::runtime::worker::{Next, Worker};
use crate::store::Store;
use crate::store::retention::{Class, Forgotten, Retention};

/// Pause between two small deletions: recording, which Slack waits for, finds the writer free.
const BREATH: Duration = Duration::from_millis(20);

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

/// Deletes what has been kept long enough: once after the start, since the machine may be off at night, and then every night.
pub struct Housekeeper {
    store: Store,
    retention: Retention,
    zone: TimeZone,
    forgotten: Forgotten,
    /// The classes that this round has still to do, the next one first.
    left: Vec<Class>,
    round: [usize; Class::ALL.len()],
    /// When the next round begins; `None` before the first.
    next: Option<Timestamp>,
}

impl Housekeeper {
    /// A housekeeper that keeps things as long as `retention` says, and comes at night in `zone`.
    pub fn new(store: Store, retention: Retention, zone: TimeZone) -> Housekeeper {
        let (forgotten, round) = (Forgotten::default(), [0; Class::ALL.len()]);
        Housekeeper { store, retention, zone, forgotten, left: Class::ALL.to_vec(), round, next: None }
    }

    /// What has gone since the start.
    pub fn forgotten(&self) -> Forgotten {
        self.forgotten.clone()
    }

    async fn finish(&mut self, now: Timestamp) -> Result<Next> {
        let copies = self.store.forget_copies(now).await?;
        self.store.sweep_departed(now).await?;
        let round = std::mem::take(&mut self.round);
        if round.iter().sum::<usize>() + copies > 0 {
            let [events, tasks, bundles, sends, troubles, notices, problems] = round;
            info!(
                events,
                tasks,
                bundles,
                sends,
                troubles,
                notices,
                problems,
                copies,
                "Forgot {events} events, {tasks} tasks, {sends} sends, {troubles} troubles and {notices} notices"
            );
        }
        self.left = Class::ALL.to_vec();
        let next = night::next(now, &self.zone);
        self.next = Some(next);
        Ok(Next::At(next))
    }
}

impl Worker for Housekeeper {
    fn name(&self) -> &'static str {
        "housekeeping"
    }

    async fn step(&mut self, now: Timestamp) -> Result<Next> {
        if let Some(next) = self.next.filter(|next| *next > now) {
            return Ok(Next::At(next));
        }
        let Some(class) = self.left.first().copied() else { return self.finish(now).await };
        let gone = self.store.prune(class, self.retention, now).await?;
        if gone == 0 {
            self.left.remove(0);
            return Ok(Next::Again);
        }
        self.round[class as usize] += gone;
        self.forgotten.add(class, gone);
        Ok(Next::NotBefore(now.plus(BREATH)))
    }
}
