//! The one decision on a bundle: what the rules say, what was learned, and how far that may go, put into one verdict.
//!
//! Without examples the rules decide alone, exactly as they would without a learner. With them the learner decides, with the
//! configured words as its first opinion; where it is not sure enough, nobody pretends to be, and the fallback is taken.
//! A bundle is passed over, so that no task is made of it, only where everything speaks for that and nothing against it.

use serde::{Deserialize, Serialize};

use super::verdict::{Classifier, Priority, Reasoned, Verdict};
use super::{Bundled, Compiled, Findings, MOST_RUNNERS_UP, classify, match_patterns, rounded, weigh_place};
use crate::domain::learn::{Figures, Judgement, Knowledge};

/// Least share of its words that must be known from examples before a bundle is passed over.
const KNOWN_TO_PASS: f32 = 0.6;
/// Least likelihood at which another category is named beside the verdict's.
const WORTH_NAMING: f64 = 0.02;

/// What the learner is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learn {
    /// It learns and decides.
    On,
    /// It learns and says what it would decide; the rules decide.
    Shadow,
    /// Nothing is kept and nothing learned.
    Off,
}

/// How far the learner may go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Policy {
    /// What it is there for.
    pub learn: Learn,
    /// Below this confidence nobody is sure enough, from 0 to 1.
    pub abstain_below: f64,
    /// Confidence from which a bundle that is no request is passed over, from 0 to 1; above 1 none ever is.
    pub pass_over_from: f64,
}

/// What the learner said, whether it counted or not.
#[derive(Clone, Debug, PartialEq)]
pub struct Opinion {
    /// The most likely category.
    pub category: String,
    /// How sure it was.
    pub confidence: f64,
    /// How far that category was before the next.
    pub lead: f64,
    /// What its confidence was made of.
    pub figures: Figures,
}

/// Why a bundle makes no task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassedOver {
    /// How sure it is that it is no request, in percent.
    pub percent: u8,
    /// How many examples that were no requests this was learned from.
    pub examples: usize,
}

/// What is decided on a bundle.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The verdict.
    pub verdict: Verdict,
    /// What the learner said; `None` while there is none.
    pub opinion: Option<Opinion>,
    /// Set when no task shall be made of it.
    pub passed_over: Option<PassedOver>,
}

impl Policy {
    /// Whether examples are kept and learned from.
    pub fn learns(&self) -> bool {
        self.learn != Learn::Off
    }
}

impl Default for Policy {
    fn default() -> Policy {
        Policy { learn: Learn::On, abstain_below: 0.4, pass_over_from: 0.95 }
    }
}

impl Learn {
    /// The words of `triage.learn`.
    pub const WORDS: &[(&str, Learn)] = &[("on", Learn::On), ("shadow", Learn::Shadow), ("off", Learn::Off)];
}

impl PassedOver {
    /// The reason in plain words, without a full stop.
    pub fn sentence(&self) -> String {
        let PassedOver { percent, examples } = self;
        let examples = if *examples == 1 { "1 example".to_owned() } else { format!("{examples} examples") };
        format!("taken for no request, {percent} % sure, as learned from {examples}")
    }
}

/// Decides on a bundle by the rules and by what was learned, as far as `policy` lets it.
pub fn decide(
    bundle: &Bundled<'_>,
    compiled: &Compiled,
    knowledge: Option<&Knowledge>,
    policy: &Policy,
) -> Decision {
    let mut by_rules = classify(bundle, compiled);
    let Some(knowledge) = knowledge.filter(|_| policy.learns()) else {
        by_rules.abstained |= by_rules.confidence < policy.abstain_below;
        return Decision { verdict: by_rules, opinion: None, passed_over: None };
    };
    let judgement = knowledge.judge(bundle.texts, &hints(bundle, compiled));
    let opinion = judgement.category().map(|category| Opinion {
        category: category.to_owned(),
        confidence: rounded(f64::from(judgement.confidence)),
        lead: f64::from(judgement.lead),
        figures: judgement.figures,
    });
    let counts = policy.learn == Learn::On && knowledge.examples() > 0 && has_words(&by_rules);
    let passed_over = passed_over(bundle, &by_rules, knowledge, policy);
    let verdict = if counts {
        learned(by_rules, &judgement, (knowledge, &compiled.fallback), policy)
    } else {
        by_rules.abstained |= by_rules.confidence < policy.abstain_below;
        by_rules
    };
    Decision { verdict, opinion, passed_over }
}

/// What speaks for categories besides words, on the scale of the words' weights: patterns, channel, e-mail domain.
pub fn hints(bundle: &Bundled<'_>, compiled: &Compiled) -> Vec<(String, f32)> {
    let mut findings = Findings::new(compiled);
    match_patterns(bundle, compiled, &mut findings);
    weigh_place(bundle, compiled, &mut findings);
    let named = compiled.categories.iter().zip(findings.points).filter(|(_, points)| *points > 0.0);
    named.map(|(category, points)| (category.name.clone(), points as f32)).collect()
}

/// Files without a word are for the rules: there is nothing in them that could have been learned.
fn has_words(by_rules: &Verdict) -> bool {
    !by_rules.reasons.iter().any(|reason| matches!(reason, Reasoned::OnlyFiles { .. }))
}

/// The learner's verdict, with the priority and the words found by the rules.
fn learned(
    by_rules: Verdict,
    judgement: &Judgement,
    (knowledge, fallback): (&Knowledge, &str),
    policy: &Policy,
) -> Verdict {
    let Some(leading) = judgement.category() else { return by_rules };
    let confidence = rounded(f64::from(judgement.confidence));
    let percent = percent(judgement.confidence);
    let abstained = confidence < policy.abstain_below;
    let why = match abstained {
        true => Reasoned::Unsure { category: leading.to_owned(), percent, fallback: fallback.to_owned() },
        false => Reasoned::Learned {
            category: leading.to_owned(),
            examples: knowledge.examples_of(leading),
            percent,
        },
    };
    let category = if abstained { fallback } else { leading };
    let others = judgement.ranked.iter().filter(|(name, _)| name != category);
    let others = others.map(|(name, share)| (name.clone(), rounded(f64::from(*share))));
    let runners_up = others.filter(|(_, share)| *share >= WORTH_NAMING).take(MOST_RUNNERS_UP).collect();
    let mut reasons = vec![why];
    reasons.extend(
        by_rules.reasons.into_iter().filter(|reason| !matches!(reason, Reasoned::NothingMatched { .. })),
    );
    Verdict {
        category: category.to_owned(),
        priority: by_rules.priority,
        confidence,
        runners_up,
        reasons,
        by: Classifier::Learned,
        abstained,
    }
}

/// Whether a bundle is passed over. A mention, a file, a word that makes it pressing or a place in somebody's thread each
/// speak against it; and nearly all of its words must be known from examples that were no requests.
fn passed_over(
    bundle: &Bundled<'_>,
    by_rules: &Verdict,
    knowledge: &Knowledge,
    policy: &Policy,
) -> Option<PassedOver> {
    let may_be = policy.learn == Learn::On
        && !bundle.mentioned
        && !bundle.continues
        && bundle.files == 0
        && by_rules.priority <= Priority::Normal;
    let (confidence, known) = knowledge.no_request(bundle.texts).filter(|_| may_be)?;
    let is_sure = f64::from(confidence) >= policy.pass_over_from && known >= KNOWN_TO_PASS;
    is_sure.then(|| PassedOver { percent: percent(confidence), examples: knowledge.no_requests() })
}

/// In whole percent, rounded down: nothing is told as surer than it is.
fn percent(confidence: f32) -> u8 {
    (confidence * 100.0).clamp(0.0, 100.0) as u8
}
