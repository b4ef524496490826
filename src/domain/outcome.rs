//! How a notice and its deliveries end, as people read it: the one list of sentences behind the words that are stored.

use super::route::Dropped;

/// How far a notice has come, all its deliveries taken together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// Everybody it is for has it, or had it already.
    Delivered,
    /// It is on its way.
    Waiting,
    /// A route keeps it for later: a digest, or the next morning.
    Held,
    /// Somebody did not get it.
    Failed,
    /// It goes nowhere.
    Dropped,
}

impl Reached {
    /// The word in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Reached::Delivered => "delivered",
            Reached::Waiting => "waiting",
            Reached::Held => "held",
            Reached::Failed => "failed",
            Reached::Dropped => "dropped",
        }
    }
}

/// How far a notice has come: its own state and reason, and the states of its deliveries; of one that was merged, that of
/// the delivery that tells it.
pub fn reached<'a>(state: &str, reason: &str, deliveries: impl Iterator<Item = &'a str>) -> Reached {
    match (state, Dropped::from_word(reason)) {
        ("waiting", _) => return Reached::Waiting,
        // Whoever is told of it has been told.
        ("dropped", Some(Dropped::Repeats | Dropped::EndsNothing)) => return Reached::Delivered,
        ("dropped" | "cancelled", _) => return Reached::Dropped,
        _ => {}
    }
    let mut worst = Reached::Delivered;
    for state in deliveries {
        worst = match (state, worst) {
            ("failed" | "dead" | "unknown", _) | (_, Reached::Failed) => Reached::Failed,
            ("waiting" | "sending", _) | (_, Reached::Waiting) => Reached::Waiting,
            ("held", _) | (_, Reached::Held) => Reached::Held,
            (_, worst) => worst,
        };
    }
    worst
}

/// The state of a notice as people read it.
pub fn notice_sentence(state: &str, reason: &str) -> String {
    match (state, Dropped::from_word(reason)) {
        ("waiting", _) => "it waits for its time, or to be routed".to_owned(),
        ("routed", _) => "routed".to_owned(),
        ("dropped", Some(dropped)) => format!("it goes nowhere: {}", dropped.sentence()),
        ("cancelled", _) => "cancelled before its time came".to_owned(),
        (_, _) => format!("it goes nowhere: {}", told(reason)),
    }
}

/// The state of a delivery as people read it. `into` is the delivery that it was merged into.
pub fn delivery_sentence(state: &str, reason: &str, into: Option<i64>) -> String {
    let why = if reason.is_empty() { String::new() } else { format!(": {}", told(reason)) };
    match (state, into) {
        ("merged", Some(into)) => format!("told by delivery {into}{why}"),
        ("held", _) => format!("held{why}"),
        ("waiting", _) => format!("waits for its turn{why}"),
        ("sending", _) => format!("on its way{why}"),
        ("sent", _) => format!("delivered{why}"),
        ("failed", _) => format!("refused{why}"),
        ("dead", _) => format!("given up{why}"),
        ("unknown", _) => format!("nobody can tell whether it arrived{why}"),
        ("dropped", _) => format!("dropped{why}"),
        (state, _) => format!("{state}{why}"),
    }
}

/// The reason of a delivery as people read it; a word that is not ours is the other side's own.
pub fn told(reason: &str) -> &str {
    match reason {
        "joined" => "an earlier one of its problem says it, too",
        "outside_hours" => "it came outside the active hours, and goes out with the next recap",
        "digest" => "its route gathers several into one message",
        "burst" => "there were so many that its route made one message of them",
        "expired" => "nobody took it while it was worth reading",
        "unknown_channel" => "no such channel is known here; see \"deskd channels list\"",
        "unknown_person" => "no such person is known here",
        "ended_while_waiting" => "its problem ended while it waited",
        "over_before_told" => "its problem ended before anybody was told",
        "rate_limited" => "the other side asked to wait",
        "unreachable" => "the other side could not be reached",
        "outcome_unknown" => "the other side did not say whether it took it",
        "destination_broken" => "the channel took no messages for as long as deskd tried",
        "dropped_by_person" => "somebody dropped it",
        "erased" => "it was about somebody who has been erased",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::{Reached, delivery_sentence, notice_sentence, reached};

    #[test]
    fn a_notice_has_come_as_far_as_the_delivery_that_is_farthest_behind() {
        let table: [(&str, &str, &[&str], Reached); 9] = [
            ("waiting", "", &[], Reached::Waiting),
            ("routed", "", &["sent", "sent"], Reached::Delivered),
            ("routed", "", &["sent", "sending"], Reached::Waiting),
            ("routed", "", &["held", "sent"], Reached::Held),
            ("routed", "", &["failed", "waiting"], Reached::Failed),
            ("routed", "", &["sent", "dropped"], Reached::Delivered),
            ("dropped", "repeats", &[], Reached::Delivered),
            ("dropped", "no_route", &[], Reached::Dropped),
            ("cancelled", "cancelled", &[], Reached::Dropped),
        ];
        for (state, reason, deliveries, expected) in table {
            assert_eq!(
                reached(state, reason, deliveries.iter().copied()),
                expected,
                "{state} {deliveries:?}"
            );
        }
    }

    #[test]
    fn ends_are_sentences() {
        assert_eq!(notice_sentence("dropped", "no_route"), "it goes nowhere: no route takes it");
        assert_eq!(
            delivery_sentence("dead", "expired", None),
            "given up: nobody took it while it was worth reading"
        );
        assert_eq!(delivery_sentence("failed", "channel_not_found", None), "refused: channel_not_found");
        assert_eq!(
            delivery_sentence("merged", "joined", Some(7)),
            "told by delivery 7: an earlier one of its problem says it, too"
        );
    }
}
