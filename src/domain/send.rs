//! What becomes of a send after an attempt: sent, tried again later, looked up first, or stopped with a reason.

use std::time::Duration;

use super::backoff;
use super::destination::Broken;
use super::ids::MessageTs;
use super::time::Timestamp;

/// How long a message may take to show in a channel's history; looking it up earlier could miss it. Our estimate.
pub const SETTLE: Duration = Duration::from_secs(3);

/// The reason of a send of which nobody can tell whether Slack has it.
pub const UNKNOWN_OUTCOME: &str = "outcome_unknown";

/// The reason of a send whose channel took no messages for as long as it was tried.
pub const DESTINATION_BROKEN: &str = "destination_broken";

/// What stands before a notice that may be in the channel already.
pub const REPEAT_MARK: &str = "(may be a repeat) ";

/// Slack's error names that blame the blocks: the text alone may do.
const ABOUT_BLOCKS: [&str; 4] =
    ["invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "invalid_arguments"];

/// What a send is: that decides what is done when nobody can tell whether Slack has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendKind {
    /// An answer to a contact. Twice would be noise to a customer, never would be silence: a person decides.
    Reply,
    /// Something told to the team. Twice, and saying so, is better than not at all.
    Notice,
}

impl SendKind {
    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            SendKind::Reply => "reply",
            SendKind::Notice => "notice",
        }
    }

    /// Reads the word back.
    pub fn from_word(word: &str) -> Option<SendKind> {
        [SendKind::Reply, SendKind::Notice].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Where a row of the outbox stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendState {
    /// To be sent when its time and its turn come.
    Waiting,
    /// Claimed: a call may be under way.
    Sending,
    /// Slack has it.
    Sent,
    /// Slack refused it for good.
    Failed,
    /// Slack could not be reached for too long.
    Dead,
    /// Nobody can tell whether Slack has it; a person decides.
    Unknown,
    /// A person dropped it.
    Dropped,
}

impl SendState {
    /// All of them.
    pub const ALL: [SendState; 7] = [
        SendState::Waiting,
        SendState::Sending,
        SendState::Sent,
        SendState::Failed,
        SendState::Dead,
        SendState::Unknown,
        SendState::Dropped,
    ];

    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            SendState::Waiting => "waiting",
            SendState::Sending => "sending",
            SendState::Sent => "sent",
            SendState::Failed => "failed",
            SendState::Dead => "dead",
            SendState::Unknown => "unknown",
            SendState::Dropped => "dropped",
        }
    }

    /// Reads the word back.
    pub fn from_word(word: &str) -> Option<SendState> {
        SendState::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// What an attempt ended with, in our words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// Slack has the message, under this `ts` if its answer could be read.
    Posted(Option<MessageTs>),
    /// Slack asked to wait.
    Limited(Duration),
    /// Certainly not done: no connection.
    Unreachable,
    /// May have been done: a timeout, a cut, a server error.
    Unclear,
    /// Slack will not take it as it is; the text is Slack's error name.
    Refused(String),
    /// The token is not accepted; the text is Slack's error name. Worth trying again: an operator may mend it.
    NotAllowed(String),
    /// A look-up is not permitted, so nobody can tell; the text is Slack's error name.
    Unknowable(String),
}

/// What is stored after an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Done; the `ts` is missing when Slack's answer could not be read.
    Sent(Option<MessageTs>),
    /// Try again then. `look_up`: look for the message before sending again.
    Retry {
        /// Not before this instant.
        at: Timestamp,
        /// Whether the outcome of this attempt is unknown.
        look_up: bool,
        /// Why.
        reason: &'static str,
    },
    /// Try again at once in another form; it is certainly not there, or may be there twice.
    Reshape {
        /// The form.
        into: Shape,
        /// Why: Slack's error name.
        reason: String,
    },
    /// The channel takes no messages: wait until it does.
    Held {
        /// Why it does not.
        broken: Broken,
        /// Whether an earlier attempt may have been done.
        look_up: bool,
    },
    /// Over, in this state.
    Stop {
        /// Failed, dead or unknown.
        state: SendState,
        /// Why: a stable word, or Slack's error name.
        reason: String,
    },
}

/// Another form of the same message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// The text without its blocks.
    Plain,
    /// The text with a mark that it may be a repeat, without its blocks.
    Marked,
}

/// How a send is judged.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// What it is.
    pub kind: SendKind,
    /// Whether it has blocks beside its text.
    pub has_blocks: bool,
    /// Whether it says already that it may be a repeat.
    pub marked: bool,
    /// When it was handed over.
    pub created_at: Timestamp,
    /// Attempts made, this one included.
    pub attempts: u32,
    /// Whether an earlier attempt may have been done.
    pub look_up: bool,
    /// How long it is tried.
    pub give_up: Duration,
    /// When nobody wants to read it any more.
    pub expires_at: Option<Timestamp>,
    /// Whether doing it twice is the same as doing it once: a message that is changed.
    pub repeatable: bool,
    /// A number from 0 to 1 that spreads retries.
    pub jitter: f64,
}

/// Decides what becomes of a send after an attempt that ended at `now`.
pub fn decide(attempt: Attempt, effort: &Effort, now: Timestamp) -> Fate {
    let (reason, look_up, wait) = match attempt {
        Attempt::Posted(ts) => return Fate::Sent(ts),
        Attempt::Refused(error) => return refused(error, effort, now),
        Attempt::Unknowable(error) => return unknowable(error, effort, now),
        Attempt::Limited(wait) => ("rate_limited", effort.look_up, wait),
        Attempt::Unreachable => ("unreachable", effort.look_up, pause(effort)),
        Attempt::Unclear => (UNKNOWN_OUTCOME, !effort.repeatable, pause(effort).max(SETTLE)),
        Attempt::NotAllowed(_) => ("not_allowed", effort.look_up, pause(effort)),
    };
    match is_over(effort, now) {
        true => Fate::Stop { state: SendState::Dead, reason: reason.to_owned() },
        false => Fate::Retry { at: now.plus(wait), look_up, reason },
    }
}

/// Slack said no: to the blocks, to the channel, or to the message.
fn refused(error: String, effort: &Effort, now: Timestamp) -> Fate {
    if effort.has_blocks && ABOUT_BLOCKS.contains(&error.as_str()) {
        return Fate::Reshape { into: Shape::Plain, reason: error };
    }
    match Broken::from_error(&error) {
        // Whoever is refused was looked up before, if need be: it is not there.
        Some(broken) => held(broken, false, effort, now),
        None => Fate::Stop { state: SendState::Failed, reason: error },
    }
}

/// It may be there, and Slack does not let us look.
fn unknowable(error: String, effort: &Effort, now: Timestamp) -> Fate {
    if let Some(broken) = Broken::from_error(&error) {
        return held(broken, true, effort, now);
    }
    match effort.kind {
        SendKind::Notice if !effort.marked => Fate::Reshape { into: Shape::Marked, reason: error },
        // Once is enough: a notice that was repeated is not repeated again.
        SendKind::Notice | SendKind::Reply => Fate::Stop { state: SendState::Unknown, reason: error },
    }
}

fn held(broken: Broken, look_up: bool, effort: &Effort, now: Timestamp) -> Fate {
    match is_over(effort, now) {
        true => Fate::Stop { state: SendState::Dead, reason: DESTINATION_BROKEN.to_owned() },
        false => Fate::Held { broken, look_up },
    }
}

fn is_over(effort: &Effort, now: Timestamp) -> bool {
    let expired = effort.expires_at.is_some_and(|expires| expires <= now);
    expired || backoff::give_up(effort.created_at, now, effort.give_up)
}

fn pause(effort: &Effort) -> Duration {
    backoff::delay(effort.attempts, effort.jitter)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Attempt, Effort, Fate, SendKind, SendState, Shape, decide};
    use crate::domain::destination::Broken;
    use crate::domain::time::Timestamp;

    fn effort(kind: SendKind) -> Effort {
        let created_at = Timestamp(0);
        let give_up = Duration::from_secs(86_400);
        let (attempts, look_up, jitter) = (1, false, 0.0);
        let (expires_at, repeatable) = (None, false);
        Effort {
            kind,
            has_blocks: false,
            marked: false,
            created_at,
            attempts,
            look_up,
            give_up,
            expires_at,
            repeatable,
            jitter,
        }
    }

    fn refused(error: &str) -> Attempt {
        Attempt::Refused(error.to_owned())
    }

    fn stop(state: SendState, reason: &str) -> Fate {
        Fate::Stop { state, reason: reason.to_owned() }
    }

    #[test]
    fn a_refusal_of_the_blocks_leaves_the_text() {
        let with = Effort { has_blocks: true, ..effort(SendKind::Notice) };
        for error in ["invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"] {
            let fate = Fate::Reshape { into: Shape::Plain, reason: error.to_owned() };
            assert_eq!(decide(refused(error), &with, Timestamp(1)), fate);
            let plain = decide(refused(error), &effort(SendKind::Notice), Timestamp(1));
            assert_eq!(plain, stop(SendState::Failed, error), "the text alone was refused");
        }
        let fate = decide(refused("msg_too_long"), &with, Timestamp(1));
        assert_eq!(fate, stop(SendState::Failed, "msg_too_long"), "the blocks are not to blame");
    }

    #[test]
    fn a_closed_channel_holds_a_send_until_its_time_is_up() {
        let day = Timestamp(86_400_000);
        let reply = effort(SendKind::Reply);
        let held = |look_up| Fate::Held { broken: Broken::Archived, look_up };
        assert_eq!(decide(refused("is_archived"), &reply, Timestamp(1)), held(false));
        let unknowable = Attempt::Unknowable("is_archived".to_owned());
        assert_eq!(decide(unknowable, &reply, Timestamp(1)), held(true), "it may still be there");
        assert_eq!(decide(refused("is_archived"), &reply, day), stop(SendState::Dead, "destination_broken"));
    }

    #[test]
    fn f35_what_nobody_can_look_up_is_asked_or_repeated_once_by_what_it_is() {
        let unknowable = || Attempt::Unknowable("missing_scope".to_owned());
        let marked = Effort { marked: true, ..effort(SendKind::Notice) };
        let fate = Fate::Reshape { into: Shape::Marked, reason: "missing_scope".to_owned() };
        for (effort, fate) in [
            (effort(SendKind::Reply), stop(SendState::Unknown, "missing_scope")),
            (effort(SendKind::Notice), fate),
            (marked, stop(SendState::Unknown, "missing_scope")),
        ] {
            assert_eq!(decide(unknowable(), &effort, Timestamp(1)), fate, "{effort:?}");
        }
    }

    #[test]
    fn f33_an_expired_trigger_is_final() {
        for error in ["expired_trigger_id", "exchanged_trigger_id", "invalid_trigger_id"] {
            let fate = decide(refused(error), &effort(SendKind::Reply), Timestamp(1));
            assert_eq!(fate, stop(SendState::Failed, error));
        }
    }

    #[test]
    fn trouble_that_may_pass_is_waited_for_until_the_time_is_up() {
        let day = Timestamp(86_400_000);
        for attempt in [
            Attempt::Limited(Duration::from_secs(7)),
            Attempt::Unreachable,
            Attempt::Unclear,
            Attempt::NotAllowed("invalid_auth".to_owned()),
        ] {
            let early = decide(attempt.clone(), &effort(SendKind::Reply), Timestamp(1));
            assert!(matches!(early, Fate::Retry { .. }), "{attempt:?}");
            let late = decide(attempt.clone(), &effort(SendKind::Reply), day);
            assert!(matches!(late, Fate::Stop { state: SendState::Dead, .. }), "{attempt:?}");
        }
    }
}
