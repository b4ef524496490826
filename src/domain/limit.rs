//! Keeping to Slack's rate limits before Slack has to say so.
//!
//! For each method, and for each channel where a method has a limit per channel, one instant is stored: when the
//! next call would be due if calls came evenly spaced. A call may come a few spaces early (the burst), so that a
//! quiet desk answers at once. The rows are (method, channel or none, `next_at`); nothing else has to be remembered.
//!
//! Not done here: counting per workspace (the caller keeps rows per workspace) and deciding on retries (`backoff`).

use std::time::Duration;

use super::time::Timestamp;

/// Rows that gate one call, as stored; `None` where there is none yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gate {
    /// Of the method for the whole workspace.
    pub method: Option<Timestamp>,
    /// Of the method in the channel; stays `None` for a method without a limit per channel.
    pub channel: Option<Timestamp>,
}

/// An even pace with a burst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Time between two calls in the long run.
    pub every: Duration,
    /// How many calls may come at once after a pause; at least 1.
    pub burst: u32,
}

/// The limits of a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Over the whole workspace.
    pub method: Pace,
    /// Within one channel.
    pub channel: Option<Pace>,
}

/// Whether a call may go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It may; store `next` in place of what was there.
    Now {
        /// The rows after the call.
        next: Gate,
    },
    /// Not before this instant; nothing changes.
    At(Timestamp),
}

/// Tier 1 to 4 in calls per minute (Slack docs, /apis/web-api/rate-limits: "1+, 20+, 50+, 100+ per minute").
/// The burst is a tenth of a minute's calls: Slack tolerates short bursts without saying how long.
const TIER_1: Pace = per_minute(1, 1);
const TIER_2: Pace = per_minute(20, 2);
const TIER_3: Pace = per_minute(50, 5);
const TIER_4: Pace = per_minute(100, 10);

/// Posting is special: one message per second per channel, and "several hundred per minute" in a workspace (same
/// page). 240 a minute is the lowest reading of several hundred that still keeps four channels at full speed.
const POSTING: Limits =
    Limits { method: per_minute(240, 24), channel: Some(Pace { every: Duration::from_secs(1), burst: 1 }) };

/// The limits of a Web API method; one we do not know is treated as tier 2, which most rarely used methods are.
pub fn limits(method: &str) -> Limits {
    let pace = match method {
        "chat.postMessage" => return POSTING,
        // Documented as tier 3, seen refused at a far lower rate; opening a socket is rare and retried anyway.
        "apps.connections.open" => Pace { burst: 4, ..TIER_1 },
        // Tier 3 less a fifth: a send whose outcome is unknown looks itself up there without asking for leave.
        "conversations.history" | "conversations.replies" => per_minute(40, 4),
        "chat.update"
        | "chat.delete"
        | "conversations.info"
        | "conversations.join"
        | "conversations.open"
        | "users.conversations"
        | "users.lookupByEmail"
        | "reactions.add"
        | "reactions.get"
        | "bots.info"
        | "team.info" => TIER_3,
        "chat.getPermalink"
        | "users.info"
        | "users.profile.get"
        | "views.open"
        | "views.update"
        | "views.push"
        | "views.publish"
        | "conversations.members"
        | "auth.test" => TIER_4,
        _ => TIER_2,
    };
    Limits { method: pace, channel: None }
}

impl Limits {
    /// The same with the reserve that is kept for critical messages: a few may go although the pace is used up by others.
    /// Slack tolerates short bursts without saying how long (docs, rate limits).
    pub fn reserved(self) -> Limits {
        let more = |pace: Pace, by: u32| Pace { burst: pace.burst + by, ..pace };
        Limits {
            method: more(self.method, RESERVE),
            channel: self.channel.map(|pace| more(pace, CHANNEL_RESERVE)),
        }
    }
}

/// How many critical calls of a method may go on top.
const RESERVE: u32 = 12;

/// How many of them in one channel.
const CHANNEL_RESERVE: u32 = 2;

/// Whether a call gated by `gate` may go out at `now`.
pub fn admit(gate: Gate, limits: &Limits, now: Timestamp) -> Admission {
    let by_method = limits.method.free_at(gate.method);
    let by_channel = limits.channel.map_or(by_method, |pace| pace.free_at(gate.channel));
    let free = by_method.max(by_channel);
    if free > now {
        return Admission::At(free);
    }
    let channel = limits.channel.map(|pace| pace.after(gate.channel, now));
    Admission::Now { next: Gate { method: Some(limits.method.after(gate.method, now)), channel } }
}

/// The rows after Slack answered 429 with a `Retry-After` that ends at `until`: nothing of this method goes out before,
/// in any channel. Slack counts 429 per method and workspace (docs, same page) and does not say which limit was hit, so
/// trying another channel could only make it worse. Our own pace keeps this rare.
pub fn hold(gate: Gate, limits: &Limits, until: Timestamp) -> Gate {
    Gate { method: Some(limits.method.held(gate.method, until)), ..gate }
}

const fn per_minute(calls: u32, burst: u32) -> Pace {
    Pace { every: Duration::from_millis(60_000 / calls as u64), burst }
}

impl Pace {
    /// How much earlier than due a call may come.
    pub fn leeway(self) -> Duration {
        self.every * self.burst.saturating_sub(1)
    }

    fn free_at(self, next: Option<Timestamp>) -> Timestamp {
        next.map_or(Timestamp(i64::MIN), |next| next.minus(self.leeway()))
    }

    fn after(self, next: Option<Timestamp>, now: Timestamp) -> Timestamp {
        next.map_or(now, |next| next.max(now)).plus(self.every)
    }

    /// The row that lets the next call out at `until`, without any burst.
    fn held(self, next: Option<Timestamp>, until: Timestamp) -> Timestamp {
        let held = until.plus(self.leeway());
        next.map_or(held, |next| next.max(held))
    }
}

#[cfg(test)]
mod tests {
    use super::{Admission, Gate, admit, hold, limits};
    use crate::domain::time::Timestamp;

    /// How many of `calls` go out within `span_ms`, each as early as allowed.
    fn sent_within(method: &str, span_ms: i64) -> usize {
        let limits = limits(method);
        let (mut gate, mut now, mut sent) = (Gate::default(), Timestamp(0), 0);
        while now.0 < span_ms {
            match admit(gate, &limits, now) {
                Admission::Now { next } => {
                    gate = next;
                    sent += 1;
                }
                Admission::At(at) => {
                    assert!(at > now, "waiting must end later");
                    now = at;
                }
            }
        }
        sent
    }

    #[test]
    fn a_channel_gets_one_message_a_second() {
        let limits = limits("chat.postMessage");
        let Admission::Now { next } = admit(Gate::default(), &limits, Timestamp(5_000)) else {
            panic!("the first goes at once")
        };
        assert_eq!(admit(next, &limits, Timestamp(5_400)), Admission::At(Timestamp(6_000)));
        assert!(matches!(admit(next, &limits, Timestamp(6_000)), Admission::Now { .. }));
        assert_eq!(sent_within("chat.postMessage", 60_000), 60);
    }

    #[test]
    fn another_channel_does_not_wait() {
        let limits = limits("chat.postMessage");
        let Admission::Now { next } = admit(Gate::default(), &limits, Timestamp(0)) else { panic!("free") };
        let elsewhere = Gate { channel: None, ..next };
        assert!(matches!(admit(elsewhere, &limits, Timestamp(1)), Admission::Now { .. }));
    }

    #[test]
    fn a_tier_is_kept_to_with_its_burst() {
        let table =
            [("users.list", 21), ("conversations.info", 54), ("users.info", 109), ("unknown.method", 21)];
        for (method, most) in table {
            let sent = sent_within(method, 60_000);
            assert!(sent <= most && sent + 1 >= most, "{method}: {sent}");
        }
    }

    #[test]
    fn a_429_holds_the_method_for_as_long_as_slack_says() {
        let limits = limits("users.info");
        let gate = hold(Gate::default(), &limits, Timestamp(30_000));
        assert_eq!(admit(gate, &limits, Timestamp(29_999)), Admission::At(Timestamp(30_000)));
        let Admission::Now { next } = admit(gate, &limits, Timestamp(30_000)) else { panic!("free again") };
        assert!(matches!(admit(next, &limits, Timestamp(30_001)), Admission::At(_)), "no burst after a 429");
    }

    #[test]
    fn a_429_on_posting_holds_every_channel_and_no_other_method() {
        let limits = limits("chat.postMessage");
        let held = hold(Gate::default(), &limits, Timestamp(30_000));
        assert_eq!(admit(held, &limits, Timestamp(0)), Admission::At(Timestamp(30_000)));
        assert_eq!(held.channel, None, "once the method is free the channel is too");
    }

    #[test]
    fn a_shorter_hold_does_not_shorten_a_longer_one() {
        let limits = limits("chat.postMessage");
        let held = hold(Gate::default(), &limits, Timestamp(30_000));
        assert_eq!(hold(held, &limits, Timestamp(10_000)), held);
    }
}
