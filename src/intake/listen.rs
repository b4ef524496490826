//! Record, then acknowledge. Nothing else happens before the ack: one commit for all frames that are already there.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use super::latency::Latency;
use crate::commands::{self, Answer};
use crate::domain::message::Arrival;
use crate::domain::time::Timestamp;
use crate::runtime::bell::Bell;
use crate::runtime::clock::{Clock, Steady};
use crate::slack::decode::decode;
use crate::slack::forms;
use crate::slack::keys::keys;
use crate::slack::socket::{Acks, Envelope, ack};
use crate::store::{Incoming, Recorded, Store};

/// Most envelopes in one commit. More would make the first of them wait for the last.
pub const BATCH: usize = 256;

/// While envelopes pour in, this many turns of the runtime are left to frames that are on their way before a batch is
/// committed: with two sockets, two half-full commits become one. Turns, because the runtime's timers count whole
/// milliseconds; a quiet desk never waits. The number was measured: more turns win nothing.
const TURNS: usize = 16;

/// A batch from which envelopes are said to pour in.
const POURING: usize = 4;

/// Pauses between attempts while the database cannot be written: no event is acknowledged meanwhile, and none is lost.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What came in since the start.
#[derive(Debug, Default)]
pub struct Tally {
    recorded: AtomicU64,
    repeated: AtomicU64,
    batches: AtomicU64,
    failures: AtomicU64,
    /// Since when nothing can be recorded, in milliseconds since 1970; 0 while it can.
    failing_since: AtomicI64,
    latency: Latency,
}

impl Tally {
    /// Since when no envelope can be recorded; `None` while that works.
    pub fn failing_since(&self) -> Option<Timestamp> {
        let ms = self.failing_since.load(Ordering::Relaxed);
        (ms != 0).then_some(Timestamp(ms))
    }

    /// How long envelopes waited for their acknowledgement, from when the listener took them.
    pub fn latency(&self) -> &Latency {
        &self.latency
    }

    /// Envelopes recorded for the first time.
    pub fn recorded(&self) -> u64 {
        self.recorded.load(Ordering::Relaxed)
    }

    /// Envelopes that had been recorded before.
    pub fn repeated(&self) -> u64 {
        self.repeated.load(Ordering::Relaxed)
    }

    /// Commits that recorded envelopes.
    pub fn batches(&self) -> u64 {
        self.batches.load(Ordering::Relaxed)
    }

    /// Attempts to record that failed.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }
}

/// Takes envelopes from the sockets, records them and acknowledges them.
pub struct Listener {
    /// Where they are recorded.
    pub store: Store,
    /// Where `now` comes from.
    pub clock: Clock,
    /// Rung when there is something to decode.
    pub bell: Bell,
    /// What came in so far.
    pub tally: Arc<Tally>,
}

impl Listener {
    /// Runs until every socket is gone and what they delivered is recorded, or until `stop` while nothing can be recorded.
    pub async fn run(self, mut envelopes: mpsc::Receiver<Envelope>, stop: CancellationToken) {
        let mut batch = Vec::with_capacity(BATCH);
        let mut before = 0;
        while envelopes.recv_many(&mut batch, BATCH).await > 0 {
            if before >= POURING {
                linger(&mut envelopes, &mut batch).await;
            }
            before = batch.len();
            let taken = Steady::start();
            match self.record(&batch, &stop).await {
                Some(recorded) => {
                    self.acknowledge(&batch, &recorded);
                    self.tally.latency.observe(taken.elapsed(), batch.len());
                }
                // Not acknowledged: Slack will deliver them again.
                None => return,
            }
            batch.clear();
        }
    }

    /// Records a batch, however long it takes; meanwhile the sockets are not read.
    async fn record(&self, batch: &[Envelope], stop: &CancellationToken) -> Option<Vec<Recorded>> {
        let mut pause = FIRST_PAUSE;
        loop {
            let incoming = batch.iter().map(incoming).collect();
            match self.store.record_events(incoming, self.clock.now()).await {
                Ok(recorded) => {
                    if pause > FIRST_PAUSE {
                        info!("Events are recorded again");
                        self.tally.failing_since.store(0, Ordering::Relaxed);
                    }
                    return Some(recorded);
                }
                Err(problem) => {
                    self.tally.failures.fetch_add(1, Ordering::Relaxed);
                    if pause == FIRST_PAUSE {
                        self.tally.failing_since.store(self.clock.now().0, Ordering::Relaxed);
                        error!("Cannot record events, so none is acknowledged: {problem}");
                    }
                }
            }
            tokio::select! {
                () = stop.cancelled() => return None,
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
            }
        }
    }

    fn acknowledge(&self, batch: &[Envelope], recorded: &[Recorded]) {
        let mut acks = Acks::default();
        for (envelope, proof) in batch.iter().zip(recorded) {
            match answer(envelope) {
                Some(payload) => {
                    ack(envelope, proof, Some(&payload));
                }
                None => acks.add(envelope, proof),
            }
        }
        acks.send();
        let fresh = recorded.iter().filter(|recorded| recorded.is_fresh()).count() as u64;
        self.tally.recorded.fetch_add(fresh, Ordering::Relaxed);
        self.tally.repeated.fetch_add(recorded.len() as u64 - fresh, Ordering::Relaxed);
        self.tally.batches.fetch_add(1, Ordering::Relaxed);
        if fresh > 0 {
            self.bell.ring();
        }
    }
}

/// Gives frames that are on their way a moment to join a batch.
async fn linger(envelopes: &mut mpsc::Receiver<Envelope>, batch: &mut Vec<Envelope>) {
    for _ in 0..TURNS {
        tokio::task::yield_now().await;
    }
    while batch.len() < BATCH
        && let Ok(envelope) = envelopes.try_recv()
    {
        batch.push(envelope);
    }
}

/// What Slack wants to read inside the ack, if anything: pure, so that it takes no time.
fn answer(envelope: &Envelope) -> Option<serde_json::Value> {
    if !envelope.accepts_payload || envelope.kind != "slash_commands" {
        return None;
    }
    match decode(&envelope.kind, &envelope.payload, None) {
        Ok(Arrival::Command(command)) => {
            let Answer::Whisper(text) = commands::answer(&command);
            Some(forms::whisper(&text))
        }
        Ok(_) | Err(_) => None,
    }
}

fn incoming(envelope: &Envelope) -> Incoming {
    let keys = keys(&envelope.kind, &envelope.payload);
    Incoming {
        workspace: keys.workspace.unwrap_or_default(),
        app: keys.app.unwrap_or_default(),
        kind: envelope.kind.clone(),
        inner: keys.kind.unwrap_or_default(),
        event_id: keys.event_id.unwrap_or_else(|| envelope.id.clone()),
        retry: envelope.retry_attempt,
        payload: envelope.payload.as_str().to_owned(),
    }
}
