//! What goes wrong: one fault after another, chosen by the seed, until the time is up.

use std::collections::BTreeMap;
use std::time::Duration;

use deskd::simulator::{Fault, Handshake, Reason, Simulator, Times, Which};
use fastrand::Rng;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::desk::Desk;
use super::figures::Sampler;
use super::traffic::PLACES;

/// Every kind of fault and how often it comes, beside the others.
const KINDS: [(&str, u32); 27] = [
    ("cut", 6),
    ("cut_all", 3),
    ("close", 4),
    ("close_all", 2),
    ("stall", 3),
    ("stall_all", 1),
    ("warning", 4),
    ("refresh", 4),
    ("other_reason", 1),
    ("crowded", 1),
    ("link_disabled", 1),
    ("garbage", 2),
    ("handshakes", 4),
    ("duplicate", 6),
    ("twin", 6),
    ("reorder", 10),
    ("status_5xx", 5),
    ("rate_limited", 4),
    ("api_hang", 3),
    ("api_slow", 4),
    ("api_drop", 4),
    ("accept_then_cut", 6),
    ("accept_then_hang", 3),
    ("outage", 2),
    ("kill_9", 8),
    ("restart", 4),
    ("freeze", 4),
];

/// As often as a kill there is a full disk, where one can be had.
const FULL_DISK: (&str, u32) = ("full_disk", 5);

/// Methods that the desk calls.
const METHODS: [&str; 6] = [
    "chat.postMessage",
    "chat.postMessage",
    "apps.connections.open",
    "conversations.replies",
    "users.info",
    "*",
];

/// The one who makes things go wrong.
pub struct Mischief {
    slack: Simulator,
    rng: Rng,
    /// How often each kind was done.
    pub done: BTreeMap<&'static str, u32>,
    /// How often the process was killed.
    pub kills: u32,
    /// How often it was started again after SIGTERM or its own end.
    pub restarts: u32,
}

impl Mischief {
    /// Faults for this workspace.
    pub fn new(slack: Simulator, seed: u64) -> Mischief {
        let rng = Rng::with_seed(seed ^ 0xbad);
        Mischief { slack, rng, done: BTreeMap::new(), kills: 0, restarts: 0 }
    }

    /// Does one thing after another for this long.
    pub async fn run(&mut self, desk: &mut Desk, sampler: &Sampler, during: Duration) -> Result<(), String> {
        let all = async {
            loop {
                sleep(Duration::from_millis(self.rng.u64(300..5_000))).await;
                if !desk.runs() {
                    return Err("the daemon ended by itself".to_owned());
                }
                let kind = self.choose(desk.disk.is_some());
                *self.done.entry(kind).or_default() += 1;
                sampler.fault_now();
                self.strike(kind, desk, sampler).await?;
                sampler.fault_now();
            }
        };
        timeout(during, all).await.unwrap_or(Ok(()))
    }

    /// Puts everything right again.
    pub async fn mend(&mut self, desk: &mut Desk) -> Result<(), String> {
        self.slack.clear_faults();
        if desk.disk.as_ref().is_some_and(|disk| !disk.mend()) {
            return Err("the disk could not be given its room back".to_owned());
        }
        desk.freeze(false);
        // Where a link waits five minutes for an operator, an operator restarts.
        if !desk.runs() || self.done.contains_key("link_disabled") || self.done.contains_key("crowded") {
            self.restarts += 1;
            if desk.runs() {
                desk.stop().await?;
            }
            desk.start()?;
        }
        Ok(())
    }

    fn choose(&mut self, disk: bool) -> &'static str {
        let all = || KINDS.into_iter().chain(disk.then_some(FULL_DISK));
        let sum: u32 = all().map(|(_, weight)| weight).sum();
        let mut at = self.rng.u32(..sum);
        for (kind, weight) in all() {
            if at < weight {
                return kind;
            }
            at -= weight;
        }
        "cut"
    }

    async fn strike(&mut self, kind: &'static str, desk: &mut Desk, sampler: &Sampler) -> Result<(), String> {
        let one = [Which::Oldest, Which::Newest][self.rng.usize(..2)];
        match kind {
            "kill_9" => self.kill(desk, sampler).await?,
            "restart" => self.restart(desk, sampler).await?,
            "freeze" => {
                desk.freeze(true);
                self.pause(500, 9_000).await;
                desk.freeze(false);
            }
            "full_disk" => self.full_disk(desk, sampler).await?,
            "link_disabled" => {
                let which = if self.rng.bool() { one } else { Which::All };
                self.slack.disconnect(which, Reason::LinkDisabled);
                self.pause(3_000, 8_000).await;
                self.restart(desk, sampler).await?;
            }
            "crowded" => {
                self.slack.disconnect(one, Reason::TooManyWebsockets);
            }
            "duplicate" => {
                self.slack.duplicate_last();
            }
            "twin" => self.twins(),
            "reorder" => {
                let longest = [40, 800, 3_500][self.rng.usize(..3)];
                let late: Vec<i64> = (0..self.rng.usize(1..30)).map(|_| self.rng.i64(0..longest)).collect();
                self.slack.delay_events(late);
            }
            "outage" => self.outage().await,
            "cut" | "cut_all" | "close" | "close_all" | "stall" | "stall_all" | "warning" | "refresh"
            | "other_reason" | "garbage" | "handshakes" => self.socket(kind, one),
            _ => self.web(kind),
        }
        Ok(())
    }

    fn socket(&mut self, kind: &str, one: Which) {
        let slack = &self.slack;
        match kind {
            "cut" => slack.cut_sockets(one),
            "cut_all" => slack.cut_sockets(Which::All),
            "close" => slack.close_sockets(one, [1000, 1001, 1006, 1011][self.rng.usize(..4)]),
            "close_all" => slack.close_sockets(Which::All, 1001),
            "stall" => slack.stall_sockets(one),
            "stall_all" => slack.stall_sockets(Which::All),
            "warning" => slack.disconnect(if self.rng.bool() { one } else { Which::All }, Reason::Warning),
            "refresh" => {
                slack.disconnect(if self.rng.bool() { one } else { Which::All }, Reason::RefreshRequested)
            }
            "other_reason" => slack.disconnect(one, Reason::Other("maintenance".to_owned())),
            "garbage" if self.rng.bool() => slack.send_binary(one, b"\x00\x01\x02"),
            "garbage" => slack.deliver_raw(one, "UNAUTHENTICATED: cache_error"),
            _ => {
                let what = match self.rng.u32(..4) {
                    0 => Handshake::Refuse(404),
                    1 => Handshake::Refuse(408),
                    2 => Handshake::NoHello,
                    _ => Handshake::Disconnect(Reason::Warning),
                };
                slack.next_handshakes(std::iter::repeat_n(what, self.rng.usize(1..3)));
                slack.cut_sockets(one)
            }
        };
    }

    fn web(&mut self, kind: &str) {
        let fault = match kind {
            "status_5xx" => Fault::Status([500, 502, 503, 504][self.rng.usize(..4)]),
            "rate_limited" => Fault::RateLimited(self.rng.u64(1..5)),
            "api_hang" => Fault::Stall,
            "api_slow" => Fault::Slow(self.rng.u64(100..5_000)),
            "api_drop" => Fault::Drop,
            "accept_then_cut" => Fault::AcceptThenCut,
            _ => Fault::AcceptThenStall,
        };
        let method = match kind {
            "accept_then_cut" | "accept_then_hang" => "chat.postMessage",
            _ => METHODS[self.rng.usize(..METHODS.len())],
        };
        self.slack.fault(method, fault, Times::Count(self.rng.u32(1..5)));
    }

    /// The same posts again under other event ids, as in an incident of Slack's.
    fn twins(&mut self) {
        for _ in 0..self.rng.usize(1..6) {
            let place = PLACES[self.rng.usize(..PLACES.len())];
            let (Ok(messages), Ok(channel)) = (self.slack.history(place), self.slack.channel_id(place))
            else {
                continue;
            };
            let back = 1 + self.rng.usize(..20);
            let Some(message) = messages.len().checked_sub(back).and_then(|at| messages.get(at)) else {
                continue;
            };
            // What has changed since is not sent again in its first form.
            if message.deleted
                || message.edited.is_some()
                || message.attachments.is_some()
                || message.user.is_none()
            {
                continue;
            }
            let mut event = Value::Object(message.as_object(true));
            event["channel"] = json!(channel);
            event["event_ts"] = json!(message.ts);
            event["channel_type"] = json!(if place.starts_with('@') { "im" } else { "channel" });
            self.slack.deliver_event(event);
        }
    }

    async fn outage(&mut self) {
        self.slack.fault(
            "*",
            [Fault::Drop, Fault::Status(503), Fault::Stall][self.rng.usize(..3)].clone(),
            Times::UntilCleared,
        );
        self.slack.cut_sockets(Which::All);
        self.pause(2_000, 15_000).await;
        self.slack.clear_faults();
    }

    async fn kill(&mut self, desk: &mut Desk, sampler: &Sampler) -> Result<(), String> {
        sampler.look_at_memory();
        desk.kill();
        self.kills += 1;
        if self.rng.bool() {
            let longest = if self.rng.u32(..4) == 0 { 9_000 } else { 800 };
            self.pause(0, longest).await;
        }
        desk.start()?;
        // Now and then it dies again while it starts.
        if self.rng.u32(..4) == 0 {
            self.pause(0, 300).await;
            desk.kill();
            self.kills += 1;
            desk.start()?;
        }
        Ok(())
    }

    async fn restart(&mut self, desk: &mut Desk, sampler: &Sampler) -> Result<(), String> {
        sampler.look().await;
        desk.stop().await?;
        self.restarts += 1;
        self.pause(0, 2_000).await;
        desk.start()
    }

    async fn full_disk(&mut self, desk: &mut Desk, sampler: &Sampler) -> Result<(), String> {
        let left_kib = [0, 16, 300][self.rng.usize(..3)];
        if !desk.disk.as_ref().is_some_and(|disk| disk.fill(left_kib)) {
            return Ok(());
        }
        self.pause(1_000, 8_000).await;
        if self.rng.u32(..3) == 0 {
            sampler.look_at_memory();
            desk.kill();
            self.kills += 1;
        }
        let mended = desk.disk.as_ref().is_some_and(|disk| disk.mend());
        if !desk.runs() {
            desk.start()?;
        }
        if mended { Ok(()) } else { Err("the disk could not be given its room back".to_owned()) }
    }

    async fn pause(&mut self, from_ms: u64, to_ms: u64) {
        sleep(Duration::from_millis(self.rng.u64(from_ms..=to_ms))).await;
    }
}
