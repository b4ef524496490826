//! The post office of Socket Mode: which envelope goes to which socket, who acked, what is sent again.
//!
//! It knows sockets only as channels of orders; reading and writing frames is `socket.rs`. Timing
//! follows what was observed of Slack: an unacked event comes again about 4 s later, at most three
//! times; interactive payloads and commands never do.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;

use super::hooks::{Errand, Outcome};
use super::ids::Ids;
use super::parcel::{Acked, Answer, Parcel, Purpose, State, says_nothing};
use super::setup::{OfflineEvents, Setup};
use super::socket::Order;

/// Slack lets an app have ten sockets (docs: using-socket-mode).
pub const MAX_SOCKETS: usize = 10;
/// An ack must come within 3 s (docs); observed first redelivery is about 4 s after delivery.
const REDELIVER_AFTER_MS: i64 = 4_000;
/// How long a person waits for the answer to a command or a modal (docs: 3 s).
const ANSWER_WITHIN_MS: i64 = 3_000;
/// When an event is tried again over HTTP, counted from the failure before: almost at once, after 1 and after 5 minutes (docs).
const HTTP_RETRY_MS: [i64; 3] = [500, 60_000, 300_000];
/// Retries after the first delivery (docs: Events API).
const MAX_RETRIES: u32 = 3;

#[derive(Debug)]
struct Line {
    orders: UnboundedSender<Order>,
    live: bool,
}

/// Where what is raised goes instead, in a workspace whose sockets are another's.
struct Forward(Box<Whom>);

type Whom = dyn Fn(&str, Value, Purpose) + Send + Sync;

impl std::fmt::Debug for Forward {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Forward")
    }
}

/// Envelopes and sockets.
#[derive(Debug)]
pub struct Post {
    forward: Option<Forward>,
    offline: OfflineEvents,
    /// Where everything goes when it goes over HTTP.
    http: Option<UnboundedSender<Errand>>,
    /// Second and third retry of an event that found no socket, counted from when it was raised.
    offline_retry_ms: [i64; 2],
    lines: BTreeMap<u64, Line>,
    next_line: u64,
    parcels: BTreeMap<u64, Parcel>,
    next_parcel: u64,
    open: BTreeSet<u64>,
    by_envelope: HashMap<String, (u64, u64)>,
    last_frame: BTreeMap<u64, String>,
    due: BTreeSet<(i64, u64)>,
    /// By how much the events to come are late, in the order they are raised.
    late_ms: VecDeque<i64>,
    /// When each acked event went out and how long its ack took.
    ack_times: Vec<AckTime>,
    acks: u64,
    lost: u64,
    /// Sins against the protocol noticed so far, one sentence each.
    pub complaints: Vec<String>,
}

impl Post {
    /// An office without sockets.
    pub fn new(setup: &Setup) -> Self {
        Self {
            forward: None,
            offline: setup.offline_events,
            http: None,
            offline_retry_ms: setup.offline_retry_ms,
            lines: BTreeMap::new(),
            next_line: 1,
            parcels: BTreeMap::new(),
            next_parcel: 1,
            open: BTreeSet::new(),
            by_envelope: HashMap::new(),
            last_frame: BTreeMap::new(),
            due: BTreeSet::new(),
            late_ms: VecDeque::new(),
            ack_times: Vec::new(),
            acks: 0,
            lost: 0,
            complaints: Vec::new(),
        }
    }

    /// From now on everything is handed on to `whom`.
    pub fn forward(&mut self, whom: impl Fn(&str, Value, Purpose) + Send + Sync + 'static) {
        self.forward = Some(Forward(Box::new(whom)));
    }

    /// From now on everything goes over HTTP.
    pub fn deliver_over_http(&mut self, errands: UnboundedSender<Errand>) {
        self.http = Some(errands);
    }

    /// A request has ended.
    pub fn on_outcome(&mut self, id: u64, outcome: Outcome, now_ms: i64) -> Option<Acked> {
        let (reason, enough) = match outcome {
            Outcome::Taken(said) => {
                let is_event = self.parcels.get(&id).is_some_and(Parcel::is_event);
                // What an address answers to an event is ignored by Slack.
                let payload = said.filter(|said| !is_event && !says_nothing(said));
                return self.take_ack(id, payload, now_ms);
            }
            Outcome::Failed(reason, enough) => (reason, enough),
        };
        let parcel = self.parcels.get_mut(&id)?;
        let wait = HTTP_RETRY_MS.get(usize::try_from(parcel.attempt).unwrap_or(usize::MAX));
        match wait.filter(|_| parcel.is_event() && !enough) {
            Some(wait) => {
                parcel.attempt += 1;
                parcel.reason = reason;
                parcel.state = State::Held;
                parcel.due_ms = now_ms + wait;
                self.due.insert((parcel.due_ms, id));
            }
            None => self.give_up(id),
        }
        None
    }

    /// Takes in something for the app and sends it at once if a socket is open. Returns its number.
    pub fn raise(&mut self, kind: &str, payload: Value, purpose: Purpose, at: (&mut Ids, i64)) -> u64 {
        self.raise_parcel(Parcel::new(kind, payload, purpose, at.1), at)
    }

    /// The same for an event that is said to have been tried `attempt` times before.
    pub fn raise_retry(
        &mut self,
        attempt: u32,
        payload: Value,
        purpose: Purpose,
        at: (&mut Ids, i64),
    ) -> u64 {
        let parcel = Parcel::new("events_api", payload, purpose, at.1);
        self.raise_parcel(Parcel { attempt, ..parcel }, at)
    }

    fn raise_parcel(&mut self, mut parcel: Parcel, at: (&mut Ids, i64)) -> u64 {
        let id = self.next_parcel;
        self.next_parcel += 1;
        if let Some(Forward(whom)) = &self.forward {
            whom(&parcel.kind, parcel.payload, parcel.purpose);
            return id;
        }
        let late_ms = if parcel.is_event() { self.late_ms.pop_front() } else { None };
        self.open.insert(id);
        if let Some(late_ms) = late_ms {
            parcel.state = State::Held;
            parcel.due_ms = at.1 + late_ms;
            self.due.insert((parcel.due_ms, id));
            self.parcels.insert(id, parcel);
            return id;
        }
        self.parcels.insert(id, parcel);
        self.attempt(id, at.0, at.1);
        id
    }

    /// Makes the events to come late, one after the other by these milliseconds.
    pub fn delay_next(&mut self, late_ms: impl IntoIterator<Item = i64>) {
        self.late_ms.extend(late_ms);
    }

    /// No event is late any more, but for those that are already.
    pub fn delay_none(&mut self) {
        self.late_ms.clear();
    }

    /// Does everything that is due at `now_ms`: redeliveries, expiries.
    pub fn tick(&mut self, ids: &mut Ids, now_ms: i64) {
        while let Some(&(due, id)) = self.due.first() {
            if due > now_ms {
                return;
            }
            self.due.pop_first();
            let Some(parcel) = self.parcels.get_mut(&id) else { continue };
            match parcel.state {
                State::Acked | State::Lost => {}
                State::Held => self.attempt(id, ids, now_ms),
                State::Out if !parcel.is_event() || parcel.attempt >= MAX_RETRIES => self.give_up(id),
                State::Out | State::Waiting { .. } => {
                    parcel.attempt = (parcel.attempt + 1).min(MAX_RETRIES);
                    self.attempt(id, ids, now_ms);
                }
            }
        }
    }

    /// When the next thing is due, in Unix milliseconds.
    pub fn next_due(&self) -> Option<i64> {
        self.due.first().map(|&(due, _)| due)
    }

    /// Registers a socket, unless ten are open already.
    pub fn open_line(&mut self, orders: UnboundedSender<Order>) -> Option<u64> {
        if self.lines.len() >= MAX_SOCKETS {
            return None;
        }
        let id = self.next_line;
        self.next_line += 1;
        self.lines.insert(id, Line { orders, live: false });
        Some(id)
    }

    /// The socket has got its hello: it takes envelopes now, first those that waited for it.
    pub fn line_is_live(&mut self, line: u64, ids: &mut Ids, now_ms: i64) {
        if let Some(line) = self.lines.get_mut(&line) {
            line.live = true;
        }
        let waits = |id: &u64| self.parcels[id].state == State::Waiting { on_connect: true };
        let waiting: Vec<u64> = self.open.iter().copied().filter(waits).collect();
        for id in waiting {
            self.due.remove(&(self.parcels[&id].due_ms, id));
            self.attempt(id, ids, now_ms);
        }
    }

    /// Forgets a socket.
    pub fn close_line(&mut self, line: u64) {
        self.lines.remove(&line);
        self.last_frame.remove(&line);
    }

    /// Registered sockets, ghosts included.
    pub fn sockets(&self) -> usize {
        self.lines.len()
    }

    /// Sends an order to the chosen sockets; returns how many got it.
    pub fn order(&self, which: Which, order: &Order) -> usize {
        let chosen: Vec<&Line> = match which {
            Which::All => self.lines.values().collect(),
            Which::Oldest => self.lines.values().take(1).collect(),
            Which::Newest => self.lines.values().next_back().into_iter().collect(),
            Which::Nth(n) => self.lines.values().nth(n).into_iter().collect(),
        };
        chosen.iter().filter(|line| line.orders.send(order.clone()).is_ok()).count()
    }

    /// Sends the last envelope of each socket once more over every other socket, unchanged.
    pub fn duplicate_last(&mut self) -> usize {
        let frames: Vec<(u64, String)> =
            self.last_frame.iter().map(|(line, text)| (*line, text.clone())).collect();
        let mut sent = 0;
        for (origin, text) in &frames {
            for (&id, line) in self.lines.iter().filter(|(id, line)| line.live && *id != origin) {
                let envelope = serde_json::from_str::<Value>(text).unwrap_or_default();
                if let Some(envelope_id) = envelope["envelope_id"].as_str() {
                    // Either socket may ack a frame that went out on both.
                    self.by_envelope.entry(format!("{envelope_id}@{id}")).or_insert((0, id));
                }
                sent += usize::from(line.orders.send(Order::Text(text.clone())).is_ok());
            }
        }
        sent
    }

    /// Handles a text frame that came in on `line`.
    pub fn on_frame(&mut self, line: u64, text: &str, now_ms: i64) -> Option<Acked> {
        let Ok(frame) = serde_json::from_str::<Value>(text) else {
            self.complaints.push("a frame from the client is not JSON".to_owned());
            return None;
        };
        let Some(envelope) = frame["envelope_id"].as_str() else {
            self.complaints.push("a frame from the client has no envelope_id".to_owned());
            return None;
        };
        let Some(&(id, sent_on)) = self.by_envelope.get(envelope) else {
            self.complaints.push("an ack for an envelope that was never sent".to_owned());
            return None;
        };
        if sent_on != line && !self.by_envelope.contains_key(&format!("{envelope}@{line}")) {
            self.complaints.push("an ack on another socket than the one that delivered".to_owned());
            return None;
        }
        let payload = frame.get("payload").filter(|payload| !says_nothing(payload)).cloned();
        self.take_ack(id, payload, now_ms)
    }

    /// What became of parcel `id`; `None` while the answer is still open.
    pub fn answer(&self, id: u64) -> Option<Answer> {
        let never_raised = Answer { acked: false, payload: None, took_ms: 0 };
        self.parcels.get(&id).map_or(Some(never_raised), Parcel::outcome)
    }

    /// Envelopes that are out and not acked, or wait for a socket.
    pub fn unacked(&self) -> usize {
        self.open.len()
    }

    /// Envelopes acked so far.
    pub fn acks(&self) -> u64 {
        self.acks
    }

    /// Envelopes given up: never acked, or never deliverable.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// The payloads of the events given up, oldest first.
    pub fn lost_payloads(&self) -> Vec<Value> {
        let lost = self.parcels.values().filter(|parcel| parcel.state == State::Lost && parcel.is_event());
        lost.map(|parcel| parcel.payload.clone()).collect()
    }

    /// When each acked event went out and how long its ack took, in the order of the acks.
    pub fn ack_times(&self) -> &[AckTime] {
        &self.ack_times
    }

    fn take_ack(&mut self, id: u64, payload: Option<Value>, now_ms: i64) -> Option<Acked> {
        let parcel = self.parcels.get_mut(&id)?;
        if matches!(parcel.state, State::Acked | State::Lost) {
            return None;
        }
        if payload.is_some() && parcel.is_event() {
            self.complaints.push("a payload in the ack of an event".to_owned());
        }
        if parcel.is_event() && parcel.state == State::Out {
            let sent_ms = parcel.due_ms - REDELIVER_AFTER_MS;
            self.ack_times.push(AckTime { sent_ms, took_ms: now_ms - sent_ms });
        }
        parcel.state = State::Acked;
        parcel.answered_ms = now_ms;
        parcel.answer.clone_from(&payload);
        parcel.payload = Value::Null;
        self.acks += 1;
        self.open.remove(&id);
        self.due.remove(&(parcel.due_ms, id));
        Some(Acked { purpose: parcel.purpose.clone(), payload })
    }

    fn give_up(&mut self, id: u64) {
        if let Some(parcel) = self.parcels.get_mut(&id) {
            parcel.state = State::Lost;
            self.open.remove(&id);
            self.lost += 1;
        }
    }

    /// Tries to deliver; schedules what follows if it cannot or is not acked.
    fn attempt(&mut self, id: u64, ids: &mut Ids, now_ms: i64) {
        if let (Some(http), Some(parcel)) = (&self.http, self.parcels.get_mut(&id)) {
            parcel.state = State::Out;
            parcel.due_ms = now_ms + REDELIVER_AFTER_MS;
            let (kind, payload) = (parcel.kind.clone(), parcel.payload.clone());
            // The end of the simulator is the only reason for nobody to be there.
            let _ = http.send(Errand { id, kind, payload, attempt: parcel.attempt, reason: parcel.reason });
            return;
        }
        let live: Vec<u64> = self.lines.iter().filter(|(_, line)| line.live).map(|(&id, _)| id).collect();
        let Some(parcel) = self.parcels.get_mut(&id) else { return };
        if live.is_empty() {
            self.wait_for_socket(id, now_ms);
            return;
        }
        let line = live[ids.pick(live.len())];
        let envelope = ids.uuid();
        let frame = parcel.frame(&envelope);
        let patience = if parcel.is_event() { REDELIVER_AFTER_MS } else { ANSWER_WITHIN_MS };
        parcel.state = State::Out;
        self.by_envelope.insert(envelope, (id, line));
        parcel.due_ms = now_ms + patience;
        self.due.insert((parcel.due_ms, id));
        self.last_frame.insert(line, frame.clone());
        if let Some(line) = self.lines.get(&line) {
            // A send error means the socket has just gone: the envelope then counts as unacked.
            let _ = line.orders.send(Order::Text(frame));
        }
    }

    fn wait_for_socket(&mut self, id: u64, now_ms: i64) {
        let Some(parcel) = self.parcels.get_mut(&id) else { return };
        if !parcel.is_event() || self.offline == OfflineEvents::Lost {
            self.give_up(id);
            return;
        }
        let elapsed = now_ms - parcel.raised_ms;
        let Some(slot) = self.offline_retry_ms.iter().position(|&slot| elapsed < slot) else {
            self.give_up(id);
            return;
        };
        // Before the first minute is over the event still goes out as soon as a socket connects.
        parcel.attempt = parcel.attempt.max(u32::try_from(slot).unwrap_or(0) + 1);
        parcel.state = State::Waiting { on_connect: slot == 0 };
        parcel.due_ms = parcel.raised_ms + self.offline_retry_ms[slot];
        self.due.insert((parcel.due_ms, id));
    }
}

/// How quickly an event was acked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AckTime {
    /// When its last delivery went out, Unix milliseconds.
    pub sent_ms: i64,
    /// Milliseconds from there to the ack.
    pub took_ms: i64,
}

/// Which sockets an order or fault is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Every open socket.
    All,
    /// The one open the longest.
    Oldest,
    /// The one opened last.
    Newest,
    /// By position, oldest first.
    Nth(usize),
}
