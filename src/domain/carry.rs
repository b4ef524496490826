//! What becomes of a delivery that does not go through Slack: to a system of the user's, to an incoming webhook, to a
//! mailbox. Each is sent at least once; a repetition carries the same id, so that the other side can tell.

use std::fmt;
use std::time::Duration;

use super::ids::WorkspaceId;
use super::route::Destination;
use super::time::Timestamp;
use super::webhook::{Blame, Refused};

/// The pause after the first failed attempt: a restart of the other side is over by then. It doubles each time.
const FIRST_PAUSE: Duration = Duration::from_secs(5);

/// The longest pause: after a long outage of the other side the first attempt comes within a quarter of an hour.
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);

/// Why an attempt failed: a closed list, since what the other side says may repeat what we sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It answered with this HTTP status.
    Http(u16),
    /// The mail server answered with this status.
    Smtp(u16),
    /// Slack's incoming webhook refused it.
    Refused(Refused),
    /// Slack's incoming webhook may have taken it: it has nothing to tell a repetition by.
    Unclear,
    /// The webhook is disabled, or its address cannot be read.
    NoAddressKept,
    /// No answer in time.
    Timeout,
    /// No connection.
    Unreachable,
    /// The name of the host has no address.
    NoAddress,
    /// The host has only addresses that may not be called.
    NotAllowed,
    /// The connection could not be encrypted, or the certificate is not one we trust.
    NoTls,
    /// The mail server said something that is no SMTP.
    Misunderstood,
    /// The destination is no longer configured, or something it needs is missing.
    NotConfigured,
    /// This is no address that mail can be sent to.
    NotAnAddress,
}

impl Why {
    /// What it means, for people.
    pub fn sentence(self) -> &'static str {
        match self {
            Why::Http(_) => "the other side did not take it",
            Why::Smtp(530 | 534 | 535 | 538) => "the mail server does not let us in: check user and password",
            Why::Smtp(_) => "the mail server did not take it",
            Why::Refused(refused) => refused.advice(),
            Why::Unclear => "Slack's webhook may have taken it",
            Why::NoAddressKept => {
                "the webhook is disabled, or its address cannot be read: deskd webhook list"
            }
            Why::Timeout => "the other side gave no answer in time",
            Why::Unreachable => "the other side cannot be reached",
            Why::NoAddress => "the host's name has no address",
            Why::NotAllowed => "the address is one that allow_private does not let us call",
            Why::NoTls => "the connection cannot be encrypted, or its certificate is not trusted",
            Why::Misunderstood => "the mail server said something that is no SMTP",
            Why::NotConfigured => "the destination is not configured",
            Why::NotAnAddress => "this is no address that mail can be sent to",
        }
    }
}

impl fmt::Display for Why {
    /// The word that is stored.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self {
            Why::Http(status) => return write!(f, "http_{status}"),
            Why::Smtp(status) => return write!(f, "smtp_{status}"),
            Why::Refused(refused) => return f.write_str(&refused.word()),
            Why::Unclear => "unclear",
            Why::NoAddressKept => "webhook_closed",
            Why::Timeout => "timeout",
            Why::Unreachable => "unreachable",
            Why::NoAddress => "no_address",
            Why::NotAllowed => "address_not_allowed",
            Why::NoTls => "no_tls",
            Why::Misunderstood => "misunderstood",
            Why::NotConfigured => "not_configured",
            Why::NotAnAddress => "not_an_address",
        };
        f.write_str(word)
    }
}

/// A failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed {
    /// Why.
    pub why: Why,
    /// How long the other side asks to be left alone.
    pub retry_after: Option<Duration>,
}

impl From<Why> for Failed {
    fn from(why: Why) -> Failed {
        Failed { why, retry_after: None }
    }
}

/// Whom a failure is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    /// The destination as a whole: nothing else would arrive there either.
    Destination,
    /// This delivery alone, and it may pass.
    Delivery,
    /// This delivery alone, and it will not pass.
    Forever,
}

/// What the other side's HTTP status means; `Ok` when it took it.
pub fn answered(status: u16, retry_after: Option<Duration>) -> Result<(), Failed> {
    match status {
        200..=299 => Ok(()),
        _ => Err(Failed { why: Why::Http(status), retry_after }),
    }
}

fn about(why: Why) -> About {
    match why {
        // Gone, and too large: the other side means it.
        Why::Http(410 | 413) | Why::NotAnAddress => About::Forever,
        Why::Refused(refused) => match refused.blame() {
            Blame::Message => About::Forever,
            Blame::Setting | Blame::Webhook => About::Destination,
        },
        // Time out, too early, too many, and doors that are closed to all we send.
        Why::Http(401 | 403 | 404 | 408 | 425 | 429) => About::Destination,
        Why::Http(400..=499) => About::Delivery,
        // No login, no encryption, no time: not about this mail.
        Why::Smtp(421 | 530 | 534 | 535 | 538) => About::Destination,
        Why::Smtp(500..=599) => About::Forever,
        Why::Smtp(_) => About::Delivery,
        Why::Http(_)
        | Why::Timeout
        | Why::Unreachable
        | Why::NoAddress
        | Why::NotAllowed
        | Why::NoTls
        | Why::Misunderstood
        | Why::Unclear
        | Why::NoAddressKept
        | Why::NotConfigured => About::Destination,
    }
}

/// What a decision about an attempt depends on.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Attempts at this delivery so far, this one included.
    pub attempts: u32,
    /// Failed attempts at its destination since something last arrived there, this one not included.
    pub failures: u32,
    /// Whether an earlier attempt may have arrived.
    pub unsure: bool,
    /// When nobody wants it any more.
    pub expires_at: Timestamp,
}

/// What becomes of a delivery after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrived.
    Sent,
    /// It is tried again.
    Again {
        /// When.
        at: Timestamp,
        /// Why it did not arrive.
        why: Why,
        /// Whether everything else for the same door waits as well.
        holds: bool,
        /// Whether an attempt so far may have arrived.
        unsure: bool,
    },
    /// It may have arrived twice over: a person decides.
    Unknown {
        /// Why nobody knows.
        why: Why,
    },
    /// It is given up.
    Failed {
        /// Why it did not arrive.
        why: Why,
        /// Whether its time was over; else the other side will never take it.
        expired: bool,
    },
}

/// Decides what becomes of a delivery.
pub fn decide(attempt: Result<(), Failed>, effort: &Effort, now: Timestamp) -> Fate {
    let Err(Failed { why, retry_after }) = attempt else { return Fate::Sent };
    let about = about(why);
    if about == About::Forever {
        return Fate::Failed { why, expired: false };
    }
    if why == Why::Unclear && effort.unsure {
        return Fate::Unknown { why };
    }
    let unsure = effort.unsure || why == Why::Unclear;
    let holds = about == About::Destination;
    let pause = pause(if holds { effort.failures + 1 } else { effort.attempts });
    let at = now.plus(pause.max(retry_after.unwrap_or_default().min(LONGEST_PAUSE)));
    if at >= effort.expires_at {
        return Fate::Failed { why, expired: true };
    }
    Fate::Again { at, why, holds, unsure }
}

/// The pause after the `failures`-th failure in a row, from 1.
fn pause(failures: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(LONGEST_PAUSE)
}

/// What a destination is reached through: where something is wrong with that, nothing else that goes there arrives. All
/// mailboxes are reached through one server.
pub fn door(destination: &Destination) -> String {
    match destination {
        Destination::Mail(_) => "mail".to_owned(),
        Destination::Endpoint(_)
        | Destination::Webhook(_)
        | Destination::Channel(_)
        | Destination::Person(_) => destination.to_string(),
    }
}

/// The id that stands over all attempts at one delivery. The time it was planned is part of it, because a database that was
/// restored counts its rows again from where it was.
pub fn delivery_id(workspace: &WorkspaceId, delivery: i64, planned_at: Timestamp) -> String {
    format!("{workspace}-{delivery}-{}", planned_at.0)
}

#[cfg(test)]
mod tests {
    use super::{Effort, Failed, Fate, Why, answered, decide};
    use crate::domain::time::Timestamp;
    use crate::domain::webhook::Refused;
    use std::time::Duration;

    const DAY: Timestamp = Timestamp(24 * 60 * 60 * 1000);

    fn effort(attempts: u32, failures: u32) -> Effort {
        Effort { attempts, failures, unsure: false, expires_at: DAY }
    }

    fn after(why: Why, attempts: u32, failures: u32) -> Fate {
        decide(Err(why.into()), &effort(attempts, failures), Timestamp(0))
    }

    #[test]
    fn pauses_double_from_five_seconds_to_a_quarter_of_an_hour() {
        let pauses: Vec<i64> = (0..10)
            .map(|failures| match after(Why::Timeout, 1, failures) {
                Fate::Again { at, .. } => at.unix_seconds(),
                Fate::Sent | Fate::Unknown { .. } | Fate::Failed { .. } => 0,
            })
            .collect();
        assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]);
        assert!(matches!(after(Why::Timeout, u32::MAX, u32::MAX - 1), Fate::Again { .. }));
    }

    #[test]
    fn what_is_wrong_with_the_destination_holds_all_that_goes_there() {
        for (why, holds) in [
            (Why::Http(500), true),
            (Why::Http(503), true),
            (Why::Http(302), true),
            (Why::Http(401), true),
            (Why::Http(404), true),
            (Why::Http(429), true),
            (Why::Http(400), false),
            (Why::Http(422), false),
            (Why::Smtp(535), true),
            (Why::Smtp(421), true),
            (Why::Smtp(450), false),
            (Why::NotAllowed, true),
            (Why::NoTls, true),
            (Why::Refused(Refused::NoService), true),
            (Why::Refused(Refused::ChannelNotFound), true),
        ] {
            let Fate::Again { holds: held, .. } = after(why, 1, 0) else {
                panic!("{why} is not tried again")
            };
            assert_eq!(held, holds, "{why}");
        }
    }

    #[test]
    fn what_will_never_be_taken_is_given_up_at_once() {
        for why in [
            Why::Http(410),
            Why::Http(413),
            Why::Smtp(550),
            Why::Refused(Refused::InvalidPayload),
            Why::NotAnAddress,
        ] {
            assert_eq!(after(why, 1, 0), Fate::Failed { why, expired: false }, "{why}");
        }
    }

    #[test]
    fn nothing_is_tried_after_its_time() {
        let late = Timestamp(DAY.0 - 5_000);
        let why = Why::Unreachable;
        let fate = decide(Err(why.into()), &effort(9, 0), late);
        assert_eq!(fate, Fate::Failed { why, expired: true });
        let in_time = Timestamp(DAY.0 - 5_001);
        assert!(matches!(decide(Err(why.into()), &effort(9, 0), in_time), Fate::Again { .. }));
    }

    #[test]
    fn the_other_side_may_ask_for_more_time_but_not_for_a_day() {
        let asked = |seconds| {
            let retry_after = Some(Duration::from_secs(seconds));
            decide(Err(Failed { why: Why::Http(429), retry_after }), &effort(1, 0), Timestamp(0))
        };
        let again = |at| Fate::Again { at: Timestamp(at), why: Why::Http(429), holds: true, unsure: false };
        assert_eq!([asked(1), asked(60), asked(86_400)], [again(5_000), again(60_000), again(900_000)]);
    }

    #[test]
    fn what_may_have_arrived_in_slack_is_repeated_once_and_then_left_to_a_person() {
        let why = Why::Unclear;
        let first = Fate::Again { at: Timestamp(5_000), why, holds: true, unsure: true };
        assert_eq!(after(why, 1, 0), first);
        let unsure = Effort { unsure: true, ..effort(2, 0) };
        assert_eq!(decide(Err(why.into()), &unsure, Timestamp(0)), Fate::Unknown { why });
        // A repetition that certainly did not arrive is still a repetition.
        let again = decide(Err(Why::Unreachable.into()), &unsure, Timestamp(0));
        assert!(matches!(again, Fate::Again { unsure: true, .. }));
        assert_eq!(decide(Ok(()), &unsure, Timestamp(0)), Fate::Sent);
    }

    #[test]
    fn only_a_status_of_success_is_one() {
        assert!(answered(200, None).is_ok() && answered(204, None).is_ok());
        assert!(answered(199, None).is_err() && answered(301, None).is_err() && answered(500, None).is_err());
    }
}
