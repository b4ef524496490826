//! When deliveries leave for the outbox. Only a few of each destination are there at a time: what waits here can still be
//! joined, gathered or dropped, and a critical one finds a short queue.

use std::time::Duration;

/// How far apart the changes of one card are: at most one in three seconds (facts, section 10), and fewer in a storm, which
/// is one counting card and not a thread that nobody can read. Its end is shown soon.
pub fn changes_apart(count: i64, ends: bool) -> Duration {
    let seconds = match count {
        _ if ends => 3,
        ..=10 => 3,
        11..=100 => 20,
        _ => 60,
    };
    Duration::from_secs(seconds)
}

/// How many messages of a destination may be in the outbox before a usual one has to wait here. One is on its way, the next
/// is ready.
pub const ROOM: i64 = 2;

/// How many before a critical one has to wait.
pub const CRITICAL_ROOM: i64 = 6;

/// Most notices that one digest lists; the others are counted.
pub const MOST_LINES: usize = 40;

/// What a destination is to be fed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing: the outbox holds enough of it.
    Full,
    /// The next one.
    Next,
    /// The next ones, gathered into one message.
    Gather,
}

/// Decides how a destination is fed. `in_outbox` are its messages there, `waiting` those here, `gather_over` from how many
/// waiting on its route wants them gathered.
pub fn step(critical: bool, in_outbox: i64, waiting: i64, gather_over: Option<i64>) -> Step {
    let room = if critical { CRITICAL_ROOM } else { ROOM };
    if in_outbox >= room {
        return Step::Full;
    }
    match gather_over {
        Some(most) if !critical && waiting > most => Step::Gather,
        _ => Step::Next,
    }
}

#[cfg(test)]
mod tests {
    use super::Step::{Full, Gather, Next};
    use super::step;

    #[test]
    fn a_destination_is_fed_by_what_is_under_way_and_what_waits() {
        let table = [
            ("nothing is under way", false, 0, 1, None, Next),
            ("enough is under way", false, 2, 1_000, None, Full),
            ("a critical one goes all the same", true, 2, 1_000, Some(20), Next),
            ("even those have an end", true, 6, 1_000, None, Full),
            ("a burst where the route gathers bursts", false, 1, 21, Some(20), Gather),
            ("a few are no burst", false, 1, 20, Some(20), Next),
        ];
        for (what, critical, in_outbox, waiting, gather_over, expected) in table {
            assert_eq!(step(critical, in_outbox, waiting, gather_over), expected, "{what}");
        }
    }
}
