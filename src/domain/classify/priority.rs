//! How soon somebody should look: what the rules ask for, and where what was learned may go against them.

use super::verdict::{Priority, Reasoned};
use crate::domain::learn::Leaning;

/// How sure what was learned has to be to raise a priority, from 0 to 1.
const SURE_TO_RAISE: f32 = 0.7;
/// How sure it has to be to lower one: what is lowered wrongly waits, and nobody notices.
const SURE_TO_LOWER: f32 = 0.85;
/// The share of its words that must be known from examples before a priority is raised.
const KNOWN_TO_RAISE: f32 = 0.4;
/// The same before one is lowered.
const KNOWN_TO_LOWER: f32 = 0.6;
/// Fewest examples of a priority before another is lowered to it.
const FEWEST_TO_LOWER: usize = 3;

/// The priority that holds when the rules ask for `asked`, and the reason where that is another one. Whoever mentions the
/// desk is not put at the end by what was learned, as the rules do not, either.
pub fn weigh(asked: Priority, leaning: Option<&Leaning>, mentioned: bool) -> (Priority, Option<Reasoned>) {
    let Some(leaning) = leaning else { return (asked, None) };
    let Leaning { priority, confidence, known, examples } = *leaning;
    let raises = priority > asked && confidence >= SURE_TO_RAISE && known >= KNOWN_TO_RAISE;
    let lowers = priority < asked
        && confidence >= SURE_TO_LOWER
        && known >= KNOWN_TO_LOWER
        && examples >= FEWEST_TO_LOWER
        && !(mentioned && priority == Priority::Low);
    if !raises && !lowers {
        return (asked, None);
    }
    let percent = (confidence * 100.0).clamp(0.0, 100.0) as u8;
    (priority, Some(Reasoned::LearnedPriority { priority, asked, examples, percent }))
}

#[cfg(test)]
mod tests {
    use super::weigh;
    use crate::domain::classify::Priority::{self, High, Low, Normal, Urgent};
    use crate::domain::learn::Leaning;

    #[test]
    fn what_was_learned_counts_where_it_is_sure_and_knows_the_words() {
        // What the rules ask for; what was learned, how sure, with how many words known, from how many examples; mentioned;
        // what holds.
        let table: &[(&str, Priority, (Priority, f32, f32, usize), bool, Priority)] = &[
            ("sure and known raises", Normal, (High, 0.8, 0.5, 1), false, High),
            ("unsure does not raise", Normal, (High, 0.6, 0.9, 9), false, Normal),
            ("unknown words do not raise", Normal, (Urgent, 0.95, 0.2, 9), false, Normal),
            ("very sure lowers", Urgent, (Normal, 0.9, 0.8, 3), false, Normal),
            ("what would raise does not lower", Urgent, (Normal, 0.8, 0.8, 9), false, Urgent),
            ("two examples do not lower", High, (Normal, 0.95, 0.9, 2), false, High),
            ("few known words do not lower", High, (Low, 0.95, 0.5, 9), false, High),
            ("a mention is not lowered to the end", Normal, (Low, 0.99, 0.9, 9), true, Normal),
            ("a mention may become normal", Urgent, (Normal, 0.99, 0.9, 9), true, Normal),
            ("the same stays without a reason", High, (High, 0.99, 0.9, 9), false, High),
        ];
        for &(why, asked, (priority, confidence, known, examples), mentioned, holds) in table {
            let leaning = Leaning { priority, confidence, known, examples };
            let (is, reason) = weigh(asked, Some(&leaning), mentioned);
            assert_eq!((is, reason.is_some()), (holds, holds != asked), "{why}");
        }
        assert_eq!(weigh(High, None, false), (High, None));
    }

    #[test]
    fn the_reason_says_what_the_rules_had_asked_for() {
        let leaning = Leaning { priority: High, confidence: 0.834, known: 0.5, examples: 4 };
        let reason = weigh(Normal, Some(&leaning), false).1.expect("it is raised");
        let sentence = "learned from 4 examples of priority high, 83 % sure, so it is not normal";
        assert_eq!(reason.sentence(), sentence);
    }
}
