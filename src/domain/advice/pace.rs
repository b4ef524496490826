//! When a call that failed is made again.

use std::fmt;
use std::time::Duration;

use crate::domain::backoff;
use crate::domain::time::Timestamp;

/// Longest wait that another side may ask for: after it the call is tried all the same.
const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);

/// Wait after a "too many requests" that does not say how long.
const USUAL_WAIT: Duration = Duration::from_secs(20);

/// Age at which nobody waits for an answer any more: the task has been read by people.
const TOO_LATE: Duration = Duration::from_secs(24 * 60 * 60);

/// Why a call gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No answer in time.
    Timeout,
    /// No connection.
    Unreachable,
    /// The answer was cut off.
    Cut,
    /// The answer is larger than any that makes sense.
    TooLarge,
    /// TLS does not stand.
    NoTls,
    /// The name leads to no address.
    NoAddress,
    /// The address is not one that may be called.
    NotAllowed,
    /// It was answered with this status.
    Http(u16),
}

impl Failure {
    /// Whether it may pass by itself.
    fn may_pass(self) -> bool {
        match self {
            Failure::Timeout | Failure::Unreachable | Failure::Cut | Failure::NoAddress => true,
            Failure::Http(status) => matches!(status, 408 | 409 | 425 | 429 | 500..=599),
            Failure::TooLarge | Failure::NoTls | Failure::NotAllowed => false,
        }
    }

    /// Whether only somebody who changes the configuration can mend it.
    pub fn is_lasting(self) -> bool {
        matches!(self, Failure::NoTls | Failure::NotAllowed | Failure::Http(401..=404))
    }

    /// The class of it, of a closed list, for counting.
    pub fn class(self) -> &'static str {
        match self {
            Failure::Timeout => "timeout",
            Failure::Unreachable => "unreachable",
            Failure::Cut => "cut",
            Failure::TooLarge => "too_large",
            Failure::NoTls => "no_tls",
            Failure::NoAddress => "no_address",
            Failure::NotAllowed => "not_allowed",
            Failure::Http(429) => "rate_limited",
            Failure::Http(500..=599) => "http_5xx",
            Failure::Http(_) => "http_other",
        }
    }

    /// All classes.
    pub const CLASSES: [&str; 10] = [
        "timeout",
        "unreachable",
        "cut",
        "too_large",
        "no_tls",
        "no_address",
        "not_allowed",
        "rate_limited",
        "http_5xx",
        "http_other",
    ];
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Http(status) => write!(f, "http_{status}"),
            other => f.write_str(other.class()),
        }
    }
}

/// What becomes of a question after a call that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// It is asked again then. `counts` says whether the attempt was one: being told to wait is none.
    At {
        /// When.
        at: Timestamp,
        /// Whether the attempt counts.
        counts: bool,
    },
    /// It is not asked again.
    Never,
}

/// The effort so far.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Attempts, this one included.
    pub attempts: u32,
    /// Most attempts.
    pub most: u32,
    /// When it was asked for.
    pub since: Timestamp,
}

/// Decides after a failure.
pub fn after(failure: Failure, retry_after: Option<Duration>, effort: &Effort, now: Timestamp) -> Again {
    let wait = match (failure, retry_after) {
        (_, Some(asked)) if failure.may_pass() => asked.clamp(Duration::from_secs(1), LONGEST_WAIT),
        (Failure::Http(429), None) => USUAL_WAIT,
        _ => backoff::delay(effort.attempts, 0.0),
    };
    let counts = failure != Failure::Http(429);
    let at = now.plus(wait);
    let over = (counts && effort.attempts >= effort.most) || at.since(effort.since) > TOO_LATE;
    match failure.may_pass() && !over {
        true => Again::At { at, counts },
        false => Again::Never,
    }
}
