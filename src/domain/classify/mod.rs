//! Classification by rules: which category a bundle is of, how soon somebody should look, and why.
//!
//! Each keyword, phrase, pattern, channel and domain of a category gives points once per bundle, times the category's
//! weight. The category with the most points wins; between equals the earlier in the rules.
//!
//! Confidence of a category is `points / (1 + points of all categories)`. The one point in the divisor stands for what
//! the rules do not know, so a single keyword is a guess (0.50), a phrase is likely (0.67), three keywords are likelier
//! (0.75), and two categories with the same points halve each other. A bundle that nothing speaks for gets the
//! fallback with a confidence of 0.15, and so stays below any threshold worth setting.
//!
//! Message text is data: it is compared, and never part of the result. `decide` puts what was learned beside the rules.

mod compiled;
mod decide;
mod priority;
#[cfg(test)]
mod tests;
mod verdict;

pub use compiled::Compiled;
pub use decide::{Decision, Learn, Opinion, PassedOver, Policy, decide, hints};
pub use verdict::{Classifier, NoPriority, Priority, Reasoned, Verdict};

use compiled::{Category, Hit, Target};

use super::courtesy::without_courtesy;
use super::mrkdwn::plain;
use super::words::words;

/// Confidence of the fallback when nothing spoke for anything: lower than any match gives, yet not nothing.
const FALLBACK_CONFIDENCE: f64 = 0.15;

/// Most runners-up that a verdict names; more would be noise to whoever reads it.
const MOST_RUNNERS_UP: usize = 3;

/// A bundle as classification sees it.
#[derive(Clone, Copy)]
pub struct Bundled<'a> {
    /// The messages in order, as Slack encodes them.
    pub texts: &'a [&'a str],
    /// The channel's id.
    pub channel: &'a str,
    /// The channel's name without `#`, when known.
    pub channel_name: Option<&'a str>,
    /// The contact's e-mail address, when known.
    pub email: Option<&'a str>,
    /// Whether a message addresses us.
    pub mentioned: bool,
    /// Whether it goes on in the thread of a task.
    pub continues: bool,
    /// How many files came with it.
    pub files: usize,
}

impl<'a> Bundled<'a> {
    /// A bundle of which nothing is known but its messages.
    pub fn of(texts: &'a [&'a str]) -> Bundled<'a> {
        Bundled {
            texts,
            channel: "",
            channel_name: None,
            email: None,
            mentioned: false,
            continues: false,
            files: 0,
        }
    }
}

/// What the words of a bundle gave.
struct Findings {
    points: Vec<f64>,
    reasons: Vec<Vec<Reasoned>>,
    priorities: Vec<(Priority, Reasoned)>,
    chatter: usize,
    wordless: usize,
}

/// The verdict of the rules on a bundle. The same input gives the same verdict, always.
pub fn classify(bundle: &Bundled<'_>, compiled: &Compiled) -> Verdict {
    let mut findings = read(bundle, compiled);
    weigh_place(bundle, compiled, &mut findings);
    let total: f64 = findings.points.iter().sum();
    let mut ranked: Vec<usize> = (0..findings.points.len()).filter(|&c| findings.points[c] > 0.0).collect();
    ranked.sort_by(|&a, &b| findings.points[b].total_cmp(&findings.points[a]));
    let likelihood = |c: usize| rounded(findings.points[c] / (1.0 + total));

    let (priority, priority_reasons) = prioritise(bundle, &findings);
    let mut reasons = Vec::new();
    let abstained = ranked.is_empty();
    let (category, confidence) = match ranked.first() {
        Some(&top) => (compiled.categories[top].name.clone(), likelihood(top)),
        None => {
            reasons.push(nothing(bundle, &findings, &compiled.fallback));
            (compiled.fallback.clone(), FALLBACK_CONFIDENCE)
        }
    };
    let others = ranked.iter().skip(1).take(MOST_RUNNERS_UP);
    let runners_up = others.map(|&c| (compiled.categories[c].name.clone(), likelihood(c))).collect();
    reasons.extend(ranked.iter().flat_map(|&c| findings.reasons[c].iter().cloned()));
    reasons.extend(priority_reasons);
    Verdict { category, priority, confidence, runners_up, reasons, by: Classifier::Rules, abstained }
}

/// To four decimals: more would pretend to know, and would not come back from JSON to the last bit.
fn rounded(confidence: f64) -> f64 {
    (confidence * 10_000.0).round() / 10_000.0
}

/// Looks for all configured words, phrases and patterns in all messages.
fn read(bundle: &Bundled<'_>, compiled: &Compiled) -> Findings {
    let mut findings = Findings::new(compiled);
    let mut found: Vec<usize> = Vec::new();
    let mut hits = Vec::new();
    for text in bundle.texts {
        let all = words(text);
        let said = &all[without_courtesy(&all)];
        findings.wordless += usize::from(all.is_empty());
        findings.chatter += usize::from(said.is_empty() && !all.is_empty());
        compiled.find(said, &mut hits);
        keep(compiled, &mut hits, &mut found);
        if !said.is_empty() {
            compiled.find_runs(text, &mut hits);
            keep(compiled, &mut hits, &mut found);
        }
    }
    found.sort_unstable();
    found.dedup();
    for needle in found {
        let needle = compiled.needle(Hit { needle, from: 0, to: 0 });
        match needle.target {
            Target::Category { index, points } => {
                findings.add(&compiled.categories[index], index, (points, needle.reason.clone()));
            }
            Target::Priority(priority) => findings.priorities.push((priority, needle.reason.clone())),
        }
    }
    match_patterns(bundle, compiled, &mut findings);
    findings
}

/// Moves what counts from `hits` to `found`: every category word, and the priority words that do not stand inside a
/// longer one ("urgent" within "not urgent").
fn keep(compiled: &Compiled, hits: &mut Vec<Hit>, found: &mut Vec<usize>) {
    let is_priority = |hit: &Hit| matches!(compiled.needle(*hit).target, Target::Priority(_));
    for hit in hits.iter() {
        let within = |other: &Hit| {
            other.from <= hit.from && other.to >= hit.to && other.to - other.from > hit.to - hit.from
        };
        if !is_priority(hit) || !hits.iter().any(|other| is_priority(other) && within(other)) {
            found.push(hit.needle);
        }
    }
    hits.clear();
}

fn match_patterns(bundle: &Bundled<'_>, compiled: &Compiled, findings: &mut Findings) {
    if !compiled.has_patterns {
        return;
    }
    let texts: Vec<String> = bundle.texts.iter().map(|text| plain(text, &|_| None)).collect();
    for (index, category) in compiled.categories.iter().enumerate() {
        for pattern in category.patterns.iter().filter(|p| texts.iter().any(|text| p.is_match(text))) {
            let reason =
                Reasoned::Pattern { category: category.name.clone(), pattern: pattern.as_str().to_owned() };
            findings.add(category, index, (Category::clear_points(), reason));
        }
    }
}

/// Adds what channel and address say.
fn weigh_place(bundle: &Bundled<'_>, compiled: &Compiled, findings: &mut Findings) {
    for (index, rule) in compiled.categories.iter().enumerate() {
        let category = rule.name.clone();
        if let Some(channel) = rule.channel(bundle.channel, bundle.channel_name) {
            let reason = Reasoned::Channel { category: category.clone(), channel: channel.clone() };
            findings.add(rule, index, (Category::clear_points(), reason));
        }
        if let Some(domain) = rule.domain(bundle.email) {
            let reason = Reasoned::Domain { category, domain: domain.clone() };
            findings.add(rule, index, (Category::clear_points(), reason));
        }
    }
}

/// The highest priority asked for, and what asked for it.
fn prioritise(bundle: &Bundled<'_>, findings: &Findings) -> (Priority, Vec<Reasoned>) {
    let asked = findings.priorities.iter().map(|(priority, _)| *priority).max();
    let priority = asked.unwrap_or_default();
    let decisive = findings.priorities.iter().filter(|(asked, _)| *asked == priority);
    let mut reasons: Vec<Reasoned> = decisive.map(|(_, reason)| reason.clone()).collect();
    if priority == Priority::Low && bundle.mentioned {
        reasons.push(Reasoned::Mentioned);
        return (Priority::Normal, reasons);
    }
    (priority, reasons)
}

fn nothing(bundle: &Bundled<'_>, findings: &Findings, fallback: &str) -> Reasoned {
    let fallback = fallback.to_owned();
    let texts = bundle.texts.len();
    if bundle.files > 0 && findings.wordless == texts {
        Reasoned::OnlyFiles { files: bundle.files, fallback }
    } else if findings.chatter > 0 && findings.chatter + findings.wordless == texts {
        Reasoned::OnlyCourtesy { fallback }
    } else {
        Reasoned::NothingMatched { fallback }
    }
}

impl Findings {
    fn new(compiled: &Compiled) -> Findings {
        let count = compiled.categories.len();
        Findings {
            points: vec![0.0; count],
            reasons: vec![Vec::new(); count],
            priorities: Vec::new(),
            chatter: 0,
            wordless: 0,
        }
    }

    fn add(&mut self, category: &Category, index: usize, (points, reason): (f64, Reasoned)) {
        self.points[index] += points * category.weight;
        self.reasons[index].push(reason);
    }
}
