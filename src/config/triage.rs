//! `[triage]`: how far what was learned may go.

use super::reader::Section;
use crate::domain::classify::{Learn, Policy};

/// Reads the learner's keys of the section.
pub fn triage(section: &mut Section<'_, '_>, default: Policy) -> Policy {
    Policy {
        learn: section.word("learn", Learn::WORDS, default.learn),
        abstain_below: share(section, "abstain_below", default.abstain_below),
        pass_over_from: share(section, "pass_over_from", default.pass_over_from),
    }
}

/// A number from 0 to 1, as confidence is.
fn share(section: &mut Section<'_, '_>, key: &'static str, default: f64) -> f64 {
    let share = section.weight(key, default);
    if share <= 1.0 {
        return share;
    }
    section.refuse(key, format!("{share} is no confidence"), "write a number from 0 to 1, for instance 0.4");
    default
}

/// The section as lines of the effective configuration.
pub(super) fn show(policy: &Policy, add: &mut impl FnMut(&str, String)) {
    let Policy { learn, abstain_below, pass_over_from } = policy;
    add("triage.learn", format!("{learn:?}").to_lowercase());
    add("triage.abstain_below", abstain_below.to_string());
    add("triage.pass_over_from", pass_over_from.to_string());
}

#[cfg(test)]
mod tests {
    use crate::config::tests::load_text;
    use crate::domain::classify::Learn;

    #[test]
    fn the_learner_is_as_careful_as_configured() {
        let policy = load_text("[triage]\nlearn = \"shadow\"\nabstain_below = 0.6\npass_over_from = 1")
            .unwrap()
            .triage;
        assert_eq!((policy.learn, policy.abstain_below, policy.pass_over_from), (Learn::Shadow, 0.6, 1.0));
        assert!(load_text("").unwrap().triage.learns());
    }

    #[test]
    fn what_is_no_confidence_is_refused_with_its_key() {
        for (text, key) in [
            ("[triage]\nabstain_below = 2", "triage.abstain_below"),
            ("[triage]\npass_over_from = -0.1", "triage.pass_over_from"),
            ("[triage]\nlearn = \"maybe\"", "triage.learn"),
        ] {
            let problems = load_text(text).unwrap_err();
            assert!(problems.to_string().contains(key), "{problems}");
        }
    }

    #[test]
    fn a_category_needs_words_only_where_nothing_is_learned() {
        let named = "[[category]]\nname = \"legal\"\n";
        assert!(load_text(named).unwrap().rules.categories.iter().any(|rule| rule.name == "legal"));
        assert!(load_text(&format!("[triage]\nlearn = \"off\"\n{named}")).is_err());
    }
}
