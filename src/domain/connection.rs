//! What the connection to Slack as a whole says: is somebody else taking our events?
//!
//! Slack tells how many sockets of the app it counts in each hello and at no other time. A hello that counts one too many
//! may be a moment's truth (a socket that broke a second ago), so an excess is believed only when a later hello repeats it;
//! that hello has to be asked for, by replacing a socket.

use std::time::Duration;

use super::time::Timestamp;

/// How long an excess has to last: Slack forgets the ghost of a broken socket within a minute.
pub const SUSTAINED: Duration = Duration::from_secs(60);

/// How long to wait between two hellos that we ask for while Slack counts too many. Each costs one socket replaced without
/// a gap; ghosts behind a network device are known to last for hours.
pub const AGAIN: Duration = Duration::from_secs(15 * 60);

/// What one hello said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// The sockets of this app that Slack counted.
    pub seen: u32,
    /// The sockets that we had then, those being opened or left included.
    pub ours: u32,
    /// When.
    pub at: Timestamp,
}

impl Tally {
    /// How many are not ours.
    pub fn excess(&self) -> u32 {
        self.seen.saturating_sub(self.ours)
    }
}

/// What is remembered between two looks at the tally.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Suspicion {
    /// When the first hello of an unbroken row counted too many.
    since: Option<Timestamp>,
    /// When a hello was asked for last.
    asked_at: Option<Timestamp>,
}

/// What to make of the newest hello.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// The number is right.
    No,
    /// It is too high, but that may pass.
    Perhaps,
    /// It has been too high for long enough.
    Yes,
}

impl Suspicion {
    /// Judges the newest hello at `now`; the second value says whether a fresh one has to be asked for.
    pub fn judge(&mut self, tally: Option<Tally>, now: Timestamp) -> (Foreign, bool) {
        let Some(tally) = tally.filter(|tally| tally.excess() > 0) else {
            *self = Suspicion::default();
            return (Foreign::No, false);
        };
        let since = *self.since.get_or_insert(tally.at);
        let (verdict, pause) = match tally.at.since(since) >= SUSTAINED {
            true => (Foreign::Yes, AGAIN),
            false => (Foreign::Perhaps, SUSTAINED),
        };
        let newest = self.asked_at.map_or(tally.at, |asked| asked.max(tally.at));
        let ask = now.since(newest) >= pause;
        if ask {
            self.asked_at = Some(now);
        }
        (verdict, ask)
    }
}

#[cfg(test)]
mod tests {
    use super::{Foreign, Suspicion, Tally, Timestamp};

    fn tally(seen: u32, ours: u32, second: i64) -> Option<Tally> {
        Some(Tally { seen, ours, at: Timestamp(second * 1000) })
    }

    #[test]
    fn too_many_sockets_are_believed_when_a_hello_a_minute_later_repeats_it() {
        let mut suspicion = Suspicion::default();
        for (hello, second, expected) in [
            (None, 0, (Foreign::No, false)),
            (tally(2, 2, 1), 5, (Foreign::No, false)),
            // A refresh counts the old socket with the new one, and so do we.
            (tally(3, 3, 10), 11, (Foreign::No, false)),
            (tally(7, 2, 20), 21, (Foreign::Perhaps, false)),
            (tally(7, 2, 20), 79, (Foreign::Perhaps, false)),
            (tally(7, 2, 20), 80, (Foreign::Perhaps, true)),
            (tally(7, 2, 20), 85, (Foreign::Perhaps, false)),
            (tally(8, 3, 86), 90, (Foreign::Yes, false)),
            (tally(8, 3, 86), 985, (Foreign::Yes, false)),
            (tally(8, 3, 86), 986, (Foreign::Yes, true)),
            (tally(3, 3, 988), 990, (Foreign::No, false)),
        ] {
            let judged = suspicion.judge(hello, Timestamp(second * 1000));
            assert_eq!(judged, expected, "{hello:?} at {second} s");
        }
    }

    #[test]
    fn a_number_that_was_right_in_between_starts_the_minute_anew() {
        let mut suspicion = Suspicion::default();
        suspicion.judge(tally(3, 2, 0), Timestamp(0));
        suspicion.judge(tally(2, 2, 30), Timestamp(30_000));
        assert_eq!(suspicion.judge(tally(3, 2, 61), Timestamp(61_000)), (Foreign::Perhaps, false));
    }
}
