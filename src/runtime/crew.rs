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

/// A step that runs longer than this is stuck. The longest honest one lists the channels of a large workspace at the pace
/// that Slack allows; every single call has a timeout well below.
pub const STUCK: Duration = Duration::from_secs(600);

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

impl Watch {
    /// The names of the workers whose step has been running for too long at `now`.
    pub fn stuck(&self, now: Timestamp) -> Vec<&'static str> {
        self.named(|pulse| pulse.busy_for(now) > STUCK)
    }

    /// The names of the workers whose last step failed.
    pub fn failing(&self) -> Vec<&'static str> {
        self.named(|pulse| pulse.failures() > 0)
    }

    fn named(&self, wanted: impl Fn(&Pulse) -> bool) -> Vec<&'static str> {
        let pulses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pulses.iter().filter(|(_, pulse)| wanted(pulse)).map(|(name, _)| *name).collect()
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
        let pulse = Arc::new(Pulse::default());
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
