//! The canary: does what happens in Slack still reach us? A message of our own is posted, and its event has to come back.

use std::time::Duration;

use super::time::Timestamp;

/// How long the event may take. Slack delivers within a second; an envelope that got lost on one socket comes again within
/// a few seconds on another.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// What is known of a canary that was posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flight {
    /// When it was posted.
    pub posted_at: Timestamp,
    /// When its event was recorded.
    pub back_at: Option<Timestamp>,
    /// Whether a socket was up all the time.
    pub connected: bool,
    /// When the oldest event was recorded that nobody has looked at yet: the canary's may be among those.
    pub oldest_pending: Option<Timestamp>,
}

/// What became of a canary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It came back after this long.
    Back(Duration),
    /// It may still come.
    Wait,
    /// It did not come back although we were connected: the sockets are deaf.
    Missed,
    /// It did not come back, and no wonder: there was no socket for a while. That is told elsewhere.
    Void,
}

/// Decides about a canary at `now`.
pub fn judge(flight: &Flight, now: Timestamp) -> Fate {
    let due = flight.posted_at.plus(DEADLINE);
    if let Some(back) = flight.back_at {
        return Fate::Back(back.since(flight.posted_at));
    }
    if now < due || flight.oldest_pending.is_some_and(|oldest| oldest <= due) {
        return Fate::Wait;
    }
    if flight.connected { Fate::Missed } else { Fate::Void }
}

#[cfg(test)]
mod tests {
    use super::{Fate, Flight, Timestamp, judge};
    use std::time::Duration;

    #[test]
    fn a_canary_is_missed_only_when_it_could_have_come_back() {
        let second = |second: i64| Timestamp(second * 1000);
        let flight = Flight { posted_at: second(0), back_at: None, connected: true, oldest_pending: None };
        for (flight, now, fate) in [
            (flight, 29, Fate::Wait),
            (flight, 30, Fate::Missed),
            (Flight { back_at: Some(second(1)), ..flight }, 31, Fate::Back(Duration::from_secs(1))),
            // The clocks of the poster and the recorder are one, but a step may be looked at late.
            (Flight { back_at: Some(second(40)), ..flight }, 41, Fate::Back(Duration::from_secs(40))),
            (Flight { connected: false, ..flight }, 30, Fate::Void),
            (Flight { oldest_pending: Some(second(20)), ..flight }, 60, Fate::Wait),
            (Flight { oldest_pending: Some(second(31)), ..flight }, 60, Fate::Missed),
        ] {
            assert_eq!(judge(&flight, second(now)), fate, "{flight:?} at {now} s");
        }
    }
}
