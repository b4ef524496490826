//! The one decision on a bundle: what the rules say, what was learned, and how far that may go, put into one verdict.
//!
//! Without examples the rules decide alone, exactly as they would without a learner. With them the learner decides, with the
//! configured words as its first opinion; where it is not sure enough, nobody pretends to be, and the fallback is taken.
//! A bundle is passed over, so that no task is made of it, only where everything speaks for that and nothing against it.

use serde::{Deserialize, Serialize};

use super::priority::weigh;
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
    if policy.learn == Learn::On {
        weigh_priority(&mut by_rules, bundle, knowledge);
    }
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

/// Puts the learned priority in the place of the rules' one where that is sure.
fn weigh_priority(verdict: &mut Verdict, bundle: &Bundled<'_>, knowledge: &Knowledge) {
    let leaning = knowledge.urgency(bundle.texts);
    let (priority, why) = weigh(verdict.priority, leaning.as_ref(), bundle.mentioned);
    verdict.priority = priority;
    verdict.reasons.extend(why);
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

#[cfg(test)]
mod tests {
    use super::{Decision, Learn, Policy, decide};
    use crate::domain::classify::{Bundled, Classifier, Compiled, Priority, Reasoned};
    use crate::domain::learn::{Basis, Example, Knowledge, Lesson};
    use crate::domain::rules::Rules;

    const LUNCH: &str = "noodles at noon, the usual corner table";
    const PARCEL: &str = "the parcel robot left my crate at another depot";

    fn lesson(category: &str, text: &str) -> Lesson {
        let name = if category.is_empty() { "none" } else { category };
        Lesson::new(Example::new(vec![text.to_owned()], name, 1.0).unwrap(), !category.is_empty())
    }

    fn bundled<'a>(texts: &'a [&'a str]) -> Bundled<'a> {
        Bundled { channel: "C1", channel_name: Some("help"), ..Bundled::of(texts) }
    }

    fn decided(bundle: &Bundled<'_>, lessons: &[Lesson], policy: &Policy) -> Decision {
        let rules = Rules::builtin();
        let knowledge = Knowledge::rebuild(&Basis::of(&rules), lessons);
        decide(bundle, &Compiled::new(&rules), Some(&knowledge), policy)
    }

    #[test]
    fn without_examples_the_verdict_is_that_of_the_rules() {
        let compiled = Compiled::new(&Rules::builtin());
        for text in
            ["our invoice was charged twice", "urgent: the export crashes", LUNCH, "", "thanks!", "🎉"]
        {
            let texts = [text];
            let bundle = bundled(&texts);
            let alone = decide(&bundle, &compiled, None, &Policy::default());
            let beside = decided(&bundle, &[], &Policy::default());
            assert_eq!(alone.verdict, beside.verdict, "{text}");
            assert_eq!((alone.verdict.by, alone.passed_over), (Classifier::Rules, None));
            assert!(alone.opinion.is_none() && beside.opinion.is_some());
        }
    }

    #[test]
    fn what_was_taught_decides_and_the_rules_keep_the_priority() {
        let texts = ["urgent: the parcel robot left my crate at another depot"];
        let verdict = decided(&bundled(&texts), &[lesson("support", PARCEL)], &Policy::default()).verdict;
        assert_eq!((verdict.category.as_str(), verdict.priority), ("support", Priority::Urgent));
        assert_eq!(verdict.by, Classifier::Learned);
        assert!(
            matches!(&verdict.reasons[0], Reasoned::Learned { category, examples: 1, .. } if category == "support")
        );
        assert!(verdict.reasons.iter().any(|reason| matches!(reason, Reasoned::PriorityWord { .. })));
    }

    #[test]
    fn where_nobody_is_sure_the_fallback_is_taken_and_the_leaning_named() {
        let texts = ["is the depot open"];
        let policy = Policy { abstain_below: 0.99, ..Policy::default() };
        let verdict = decided(&bundled(&texts), &[lesson("support", PARCEL)], &policy).verdict;
        assert_eq!((verdict.category.as_str(), verdict.abstained), ("other", true));
        assert!(
            verdict.reasons[0].sentence().ends_with("so it is other"),
            "{}",
            verdict.reasons[0].sentence()
        );
    }

    #[test]
    fn a_channel_counts_beside_what_was_learned() {
        let mut rules = Rules::builtin();
        rules.categories.iter_mut().filter(|rule| rule.name == "sales").for_each(|rule| {
            rule.channels = vec!["#deals".to_owned()];
        });
        let knowledge = Knowledge::rebuild(&Basis::of(&rules), &[lesson("support", PARCEL)]);
        let compiled = Compiled::new(&rules);
        let texts = ["hello, a word about next week"];
        let in_deals = Bundled { channel_name: Some("deals"), ..bundled(&texts) };
        let verdict = decide(&in_deals, &compiled, Some(&knowledge), &Policy::default()).verdict;
        assert_eq!((verdict.category.as_str(), verdict.by), ("sales", Classifier::Learned));
    }

    #[test]
    fn a_file_without_words_is_for_the_rules() {
        let texts = [""];
        let file = Bundled { files: 1, ..bundled(&texts) };
        let verdict = decided(&file, &[lesson("support", PARCEL)], &Policy::default()).verdict;
        assert_eq!((verdict.by, verdict.abstained), (Classifier::Rules, true));
    }

    #[test]
    fn a_bundle_is_passed_over_only_when_nothing_speaks_against_it() {
        let lessons = [lesson("", LUNCH), lesson("support", PARCEL)];
        let on = Policy::default();
        let (same, pressing) = ([LUNCH], ["urgent: noodles at noon, the usual corner table"]);
        let plain = bundled(&same);
        let rows = [
            ("the same again makes none", plain, on, true),
            ("a mention makes a task", Bundled { mentioned: true, ..plain }, on, false),
            ("so does a place in a task's thread", Bundled { continues: true, ..plain }, on, false),
            ("and a file", Bundled { files: 1, ..plain }, on, false),
            ("and a pressing word", bundled(&pressing), on, false),
            ("a shadow only learns", plain, Policy { learn: Learn::Shadow, ..on }, false),
            ("switched off nothing is", plain, Policy { learn: Learn::Off, ..on }, false),
            ("nobody is sure to the last", plain, Policy { pass_over_from: 1.0, ..on }, false),
        ];
        for (sentence, bundle, policy, passed) in rows {
            assert_eq!(decided(&bundle, &lessons, &policy).passed_over.is_some(), passed, "{sentence}");
        }
    }

    #[test]
    fn a_shadow_says_what_it_would_decide() {
        let texts = [PARCEL];
        let policy = Policy { learn: Learn::Shadow, ..Policy::default() };
        let decision = decided(&bundled(&texts), &[lesson("support", PARCEL)], &policy);
        assert_eq!((decision.verdict.by, decision.verdict.category.as_str()), (Classifier::Rules, "other"));
        assert_eq!(decision.opinion.map(|opinion| opinion.category), Some("support".to_owned()));
    }
}
