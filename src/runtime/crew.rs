//! Everything that runs, by name: started one by one, stopped together, watched for a loop that is stuck.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::bell::Bell;
use super::clock::Clock;
use super::worker::{Pulse, Shift, Worker, run};
use crate::domain::time::Timestamp;

/// The loops of the process.
pub struct Crew {
    clock: Clock,
    stop: CancellationToken,
    tasks: JoinSet<()>,
    watch: Watch,
}

/// What others can see of the crew.
#[derive(Clone, Default)]
pub struct Watch(Arc<Mutex<Pulses>>);

/// The pulses of all workers, by name.
type Pulses = Vec<(&'static str, Arc<Pulse>)>;

/// One worker as others see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its name; several may share one.
    pub name: &'static str,
    /// Since when it is stuck; `None` while it is well.
    pub stuck_since: Option<Timestamp>,
    /// Since when every step has failed; `None` when the last one did not.
    pub failing_since: Option<Timestamp>,
    /// Steps that failed in a row, up to the last one.
    pub failures: u64,
    /// Steps since the start.
    pub steps: u64,
    /// Those of them that failed.
    pub failed: u64,
    /// How long ago its last step ended; `None` before the first one has.
    pub last_step: Option<Duration>,
}

impl Watch {
    /// Every worker at `now`, in the order they were started.
    pub fn seen(&self, now: Timestamp) -> Vec<Seen> {
        let pulses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = pulses.iter().map(|(name, pulse)| {
            let (steps, failed) = pulse.steps();
            Seen {
                name,
                stuck_since: pulse.stuck_for().map(|span| now.minus(span)),
                failing_since: pulse.failing_for().map(|span| now.minus(span)),
                failures: pulse.failures(),
                steps,
                failed,
                last_step: pulse.last_step(),
            }
        });
        seen.collect()
    }
}

impl Crew {
    /// A crew without members; `stop` ends all of them.
    pub fn new(clock: Clock, stop: CancellationToken) -> Crew {
        Crew { clock, stop, tasks: JoinSet::new(), watch: Watch::default() }
    }

    /// What others can see of it.
    pub fn watch(&self) -> Watch {
        self.watch.clone()
    }

    /// Cancelled when everybody shall finish.
    pub fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Starts a worker that listens to `bell`.
    pub fn worker<W: Worker + 'static>(&mut self, worker: W, bell: &Bell) {
        let pulse = Arc::new(Pulse::new(worker.longest_step()));
        let mut pulses = self.watch.0.lock().unwrap_or_else(PoisonError::into_inner);
        pulses.push((worker.name(), pulse.clone()));
        let shift = Shift { bell: bell.clone(), clock: self.clock, stop: self.stop.clone(), pulse };
        self.tasks.spawn(run(worker, shift));
    }

    /// Starts something that is not a worker; it must watch the stop token by itself.
    pub fn task(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Waits until a member panics; never returns otherwise. State is rows, so the answer to a panic is a restart.
    pub async fn panicked(&mut self) -> anyhow::Error {
        loop {
            match self.tasks.join_next().await {
                Some(Err(panic)) if panic.is_panic() => return anyhow::anyhow!("a worker panicked"),
                Some(_) => {}
                None => std::future::pending().await,
            }
        }
    }

    /// Asks everybody to finish and waits at most `patience`. Returns whether all did.
    pub async fn stop(mut self, patience: Duration) -> bool {
        self.stop.cancel();
        let all = async { while self.tasks.join_next().await.is_some() {} };
        tokio::time::timeout(patience, all).await.is_ok()
    }
}
