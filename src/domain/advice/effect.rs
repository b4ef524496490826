//! What an answer changes. A person's choice never; the desk's own where it was not sure, or where the model is much surer;
//! the priority by one step.

use super::answer::{Answer, Refusal};
use crate::domain::classify::{Classifier, Priority, Reasoned, Verdict};

/// From when on the model's category counts where the desk had none.
const ENOUGH: f64 = 0.5;

/// From when on it takes the place of one that the desk was sure of: models are sure of themselves easily.
const MUCH_SURER: f64 = 0.8;

/// How a task stands when the answer comes.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// What classification said of it last.
    pub verdict: &'a Verdict,
    /// Its priority.
    pub priority: Priority,
    /// Whether a person has chosen the category.
    pub labelled: bool,
    /// Whether a person has chosen the priority.
    pub prioritised: bool,
}

/// What is to be changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// The new category; `None` when it stays.
    pub category: Option<String>,
    /// The new priority; `None` when it stays.
    pub priority: Option<Priority>,
    /// The verdict with what the model added to it.
    pub verdict: Verdict,
}

/// What an answer about category and priority changes; `fallback` is the category that stands for none.
pub fn effect(standing: &Standing<'_>, answer: &Answer, fallback: &str) -> Effect {
    let mut verdict = standing.verdict.clone();
    let category = if standing.labelled { None } else { judge(&mut verdict, answer, fallback) };
    let mut priority = None;
    if !standing.prioritised {
        let to = moved(standing.priority, answer.priority, &verdict);
        if to != standing.priority {
            verdict.reasons.push(Reasoned::ModelPriority { from: standing.priority, to });
            verdict.priority = to;
            priority = Some(to);
        }
    }
    Effect { category, priority, verdict }
}

/// What a refused answer leaves: the verdict as it was, and why.
pub fn refused(verdict: &Verdict, why: Refusal) -> Verdict {
    let mut verdict = verdict.clone();
    verdict.reasons.push(Reasoned::ModelRefused { why });
    verdict
}

fn judge(verdict: &mut Verdict, answer: &Answer, fallback: &str) -> Option<String> {
    let Answer { category, confidence, .. } = answer;
    let percent = percent(*confidence);
    if *category == verdict.category {
        verdict.reasons.push(Reasoned::ModelAgreed { percent });
        return None;
    }
    let enough = match verdict.abstained {
        true => *confidence >= ENOUGH && category != fallback,
        false => *confidence >= MUCH_SURER && *confidence > verdict.confidence,
    };
    if !enough {
        verdict.reasons.push(Reasoned::ModelUnsure { category: category.clone(), percent });
        return None;
    }
    verdict.runners_up.retain(|(name, _)| name != category);
    if !verdict.abstained {
        verdict.runners_up.insert(0, (verdict.category.clone(), verdict.confidence));
    }
    verdict.reasons.push(Reasoned::ModelChose { category: category.clone(), percent });
    verdict.category.clone_from(category);
    verdict.confidence = (confidence * 10_000.0).round() / 10_000.0;
    verdict.by = Classifier::Model;
    verdict.abstained = false;
    Some(category.clone())
}

/// One step towards what the model says, and no step down from what the customer's own words made urgent: a false alarm
/// costs a look, a missed one a customer.
fn moved(now: Priority, said: Priority, verdict: &Verdict) -> Priority {
    let urgent =
        |reason: &Reasoned| matches!(reason, Reasoned::PriorityWord { priority: Priority::Urgent, .. });
    let step = |towards: Priority| match (now, towards) {
        (Priority::Low, Priority::Normal | Priority::High | Priority::Urgent) => Priority::Normal,
        (Priority::Normal, Priority::High | Priority::Urgent) => Priority::High,
        (Priority::High, Priority::Urgent) => Priority::Urgent,
        (Priority::Urgent, Priority::High | Priority::Normal | Priority::Low) => Priority::High,
        (Priority::High, Priority::Normal | Priority::Low) => Priority::Normal,
        (Priority::Normal, Priority::Low) => Priority::Low,
        (same, _) => same,
    };
    let to = step(said);
    if to < now && verdict.reasons.iter().any(urgent) { now } else { to }
}

/// Whether what a model chose for a task outlives a new verdict of the desk: more words that the desk itself can make nothing
/// of take nothing back.
pub fn outlives(before: &Verdict, after: &Verdict) -> bool {
    before.by == Classifier::Model && after.abstained
}

fn percent(confidence: f64) -> u8 {
    (confidence.clamp(0.0, 1.0) * 100.0).round() as u8
}
