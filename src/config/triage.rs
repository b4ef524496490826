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
