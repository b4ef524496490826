//! Record, then acknowledge. Nothing else happens before the ack: one commit for all frames that are already there.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::latency::Latency;
use crate::commands::{self, Answer};
use crate::domain::message::{Arrival, Command};
use crate::domain::time::Timestamp;
use crate::domain::whisper;
use crate::runtime::bell::Bell;
use crate::runtime::clock::{Clock, Steady};
use crate::slack::decode::decode;
use crate::slack::forms;
use crate::slack::keys::keys;
use crate::slack::socket::{Acked, Acks, Envelope, ack};
use crate::slack::veil::veiled;
use crate::store::whispers::Promise;
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
    refused: Mutex<BTreeMap<&'static str, u64>>,
    /// When something came last for each further app.
    heard: Mutex<BTreeMap<String, Timestamp>>,
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

    /// When something came last for a further app, by its id, since the start.
    pub fn last_of(&self, app: &str) -> Option<Timestamp> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).get(app).copied()
    }

    /// Notes for which further apps something came.
    fn hear(&self, batch: &[Envelope], came: Timestamp) {
        let mut apps = batch.iter().filter_map(|envelope| envelope.app.as_ref()).peekable();
        if apps.peek().is_some() {
            let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
            heard.extend(apps.map(|app| (app.clone(), came)));
        }
    }

    /// Counts a request over HTTP whose signature was not good; `why` is a stable word.
    pub fn refuse(&self, why: &'static str) {
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner).entry(why).or_default() += 1;
    }

    /// Requests over HTTP whose signature was not good, by what was wrong with it.
    pub fn refused(&self) -> BTreeMap<&'static str, u64> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
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
    /// Rung when somebody is to be told something that came too late for the acknowledgement.
    pub late: Bell,
    /// What came in so far.
    pub tally: Arc<Tally>,
}

impl Listener {
    /// Runs until every socket is gone and what they delivered is recorded, or until `stop` while nothing can be recorded.
    pub async fn run(self, mut envelopes: mpsc::Receiver<Envelope>, stop: CancellationToken) {
        let mut batch = Vec::with_capacity(BATCH);
        let mut before = 0;
        let mut last = self.clock.now();
        let mut queued = false;
        while envelopes.recv_many(&mut batch, BATCH).await > 0 {
            if before >= POURING {
                linger(&mut envelopes, &mut batch).await;
            }
            before = batch.len();
            let (taken, begun) = (self.clock.now(), Steady::start());
            // What stood in the queue while the last batch was recorded may have come as early as that one was taken.
            let came = if queued { last } else { taken };
            // Not acknowledged: Slack will deliver them again.
            let Some(recorded) = self.record(&batch, &stop).await else { return };
            let promises = self.acknowledge(&batch, &recorded, came);
            self.tally.latency.observe(begun.elapsed(), batch.len());
            if !promises.is_empty() {
                self.promise(promises).await;
            }
            (last, queued) = (taken, !envelopes.is_empty());
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

    /// Acknowledges a batch that came at `came`; answers that cannot travel with their acknowledgement are returned.
    fn acknowledge(&self, batch: &[Envelope], recorded: &[Recorded], came: Timestamp) -> Vec<Promise> {
        let mut acks = Acks::default();
        let mut promises = Vec::new();
        let late = self.clock.now().since(came) >= whisper::BUDGET;
        for (envelope, proof) in batch.iter().zip(recorded) {
            if asks_for_options(envelope) {
                // Where no payload can go along the menu shows Slack's own sentence, which says the same.
                let _ = ack(envelope, proof, Some(&forms::no_options()));
                continue;
            }
            let Some((command, text)) = answer(envelope) else {
                acks.add(envelope, proof);
                continue;
            };
            let payload = (!late).then(|| forms::whisper(&text));
            let acked = ack(envelope, proof, payload.as_ref());
            // Slack showed the person an error, or the answer did not go along; a second delivery was answered before.
            if (late || acked != Acked::Queued) && proof.is_fresh() {
                promises.push(Promise::new(proof, command.channel, command.person, text));
            }
        }
        acks.send();
        self.tally.hear(batch, came);
        let fresh = recorded.iter().filter(|recorded| recorded.is_fresh()).count() as u64;
        self.tally.recorded.fetch_add(fresh, Ordering::Relaxed);
        self.tally.repeated.fetch_add(recorded.len() as u64 - fresh, Ordering::Relaxed);
        self.tally.batches.fetch_add(1, Ordering::Relaxed);
        if fresh > 0 {
            self.bell.ring();
        }
        promises
    }

    /// Stores answers to be given later. If that fails they are lost: the events are acknowledged, and the people see
    /// Slack's own error.
    async fn promise(&self, promises: Vec<Promise>) {
        let count = promises.len();
        match self.store.promise(promises, self.clock.now()).await {
            Ok(()) => self.late.ring(),
            Err(problem) => warn!(count, "Cannot store {count} late answers: {problem}"),
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

/// Whether a menu asks what there is to choose from. No card of ours has such a menu.
fn asks_for_options(envelope: &Envelope) -> bool {
    envelope.kind == "interactive"
        && keys(&envelope.kind, &envelope.payload).kind.as_deref() == Some("block_suggestion")
}

/// What a person gets to read, if anything: pure, so that it takes no time.
fn answer(envelope: &Envelope) -> Option<(Command, String)> {
    if envelope.kind != "slash_commands" {
        return None;
    }
    match decode(&envelope.kind, &envelope.payload, None) {
        Ok(Arrival::Command(command)) => {
            let Answer::Whisper(text) = commands::answer(&command);
            Some((command, text))
        }
        Ok(_) | Err(_) => None,
    }
}

fn incoming(envelope: &Envelope) -> Incoming {
    let keys = keys(&envelope.kind, &envelope.payload);
    Incoming {
        workspace: keys.workspace.unwrap_or_default(),
        // Who signed it or whose socket it came on knows better than what is written in it.
        app: envelope.app.clone().or(keys.app).unwrap_or_default(),
        kind: envelope.kind.clone(),
        inner: keys.kind.unwrap_or_default(),
        event_id: keys.event_id.unwrap_or_else(|| envelope.id.clone()),
        retry: envelope.retry_attempt,
        payload: veiled(&envelope.payload).into_owned(),
    }
}
