//! The rules prepared for matching: every word and phrase under its first word, once per change of the rules.
//!
//! A lookup per word of the message finds all that may begin there, so the cost does not grow with the number of
//! configured words.

use std::collections::HashMap;

use super::verdict::{Priority, Reasoned};
use crate::domain::rules::{CategoryRule, PriorityWords, Rules};
use crate::domain::words::{Word, is_unspaced, words};

/// Points of a keyword.
const KEYWORD_POINTS: f64 = 1.0;
/// Points of a phrase, a pattern, a channel or a domain: each says more than a single word can.
const CLEAR_POINTS: f64 = 2.0;

/// Rules ready for `classify`. Cheap to share, made once.
#[derive(Debug)]
pub struct Compiled {
    needles: Vec<Needle>,
    heads: HashMap<String, Vec<usize>>,
    runs: HashMap<char, Vec<usize>>,
    /// The categories in the order of the rules.
    pub(super) categories: Vec<Category>,
    /// What nothing speaks for.
    pub(super) fallback: String,
    /// Whether any category has a regular expression.
    pub(super) has_patterns: bool,
    rules: Rules,
}

/// A category without its words.
#[derive(Debug)]
pub(super) struct Category {
    pub(super) name: String,
    pub(super) weight: f64,
    pub(super) patterns: Vec<regex::Regex>,
    pub(super) channels: Vec<String>,
    pub(super) domains: Vec<String>,
}

/// A word or phrase to look for.
#[derive(Debug)]
pub(super) struct Needle {
    /// What follows the first word.
    tail: Vec<String>,
    /// The whole in lower case, for scripts without spaces.
    run: String,
    pub(super) target: Target,
    pub(super) reason: Reasoned,
}

/// What a found needle speaks for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target {
    Category { index: usize, points: f64 },
    Priority(Priority),
}

/// Where a needle was found: words `from..to` of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit {
    pub(super) needle: usize,
    pub(super) from: usize,
    pub(super) to: usize,
}

impl Compiled {
    /// Prepares `rules`. Empty words and words of nothing but punctuation are left out: they cannot match.
    pub fn new(rules: &Rules) -> Compiled {
        let mut compiled = Compiled {
            needles: Vec::new(),
            heads: HashMap::new(),
            runs: HashMap::new(),
            categories: rules.categories.iter().map(Category::new).collect(),
            fallback: rules.fallback.clone(),
            has_patterns: rules.categories.iter().any(|rule| !rule.patterns.is_empty()),
            rules: rules.clone(),
        };
        for (index, rule) in rules.categories.iter().enumerate() {
            compiled.add_category(index, rule);
        }
        compiled.add_priority(&rules.priority);
        compiled
    }

    /// The rules that were prepared.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Every place in `words[within]` where a configured word or phrase stands.
    pub(super) fn find(&self, words: &[Word<'_>], hits: &mut Vec<Hit>) {
        for (from, word) in words.iter().enumerate() {
            for &needle in self.heads.get(word.text.as_ref()).into_iter().flatten() {
                let tail = &self.needles[needle].tail;
                let rest = &words[from + 1..];
                if tail.len() <= rest.len() && tail.iter().zip(rest).all(|(text, word)| *text == word.text) {
                    hits.push(Hit { needle, from, to: from + 1 + tail.len() });
                }
            }
        }
    }

    /// Every place in `text` where a configured text of a script without spaces stands; positions are bytes.
    pub(super) fn find_runs(&self, text: &str, hits: &mut Vec<Hit>) {
        if self.runs.is_empty() || !text.chars().any(is_unspaced) {
            return;
        }
        let lower = text.to_lowercase();
        for (from, first) in lower.char_indices() {
            for &needle in self.runs.get(&first).into_iter().flatten() {
                let run = &self.needles[needle].run;
                if lower[from..].starts_with(run) {
                    hits.push(Hit { needle, from, to: from + run.len() });
                }
            }
        }
    }

    pub(super) fn needle(&self, hit: Hit) -> &Needle {
        &self.needles[hit.needle]
    }

    fn add_category(&mut self, index: usize, rule: &CategoryRule) {
        let category = &rule.name;
        for word in &rule.keywords {
            let reason = Reasoned::Keyword { category: category.clone(), word: word.clone() };
            self.add(word, Target::Category { index, points: KEYWORD_POINTS }, reason);
        }
        for phrase in &rule.phrases {
            let reason = Reasoned::Phrase { category: category.clone(), phrase: phrase.clone() };
            self.add(phrase, Target::Category { index, points: CLEAR_POINTS }, reason);
        }
    }

    fn add_priority(&mut self, all: &PriorityWords) {
        let lists = [(Priority::Urgent, &all.urgent), (Priority::High, &all.high), (Priority::Low, &all.low)];
        for (priority, list) in lists {
            for word in list {
                let reason = Reasoned::PriorityWord { priority, word: word.clone() };
                self.add(word, Target::Priority(priority), reason);
            }
        }
    }

    fn add(&mut self, written: &str, target: Target, reason: Reasoned) {
        let id = self.needles.len();
        let mut run = String::new();
        let mut tail = Vec::new();
        if written.chars().any(is_unspaced) {
            run = written.trim().to_lowercase();
            let Some(first) = run.chars().next() else { return };
            self.runs.entry(first).or_default().push(id);
        } else {
            let mut texts = words(written).into_iter().map(|word| word.text.into_owned());
            let Some(head) = texts.next().filter(|head| !head.is_empty()) else { return };
            tail.extend(texts);
            self.heads.entry(head).or_default().push(id);
        }
        self.needles.push(Needle { tail, run, target, reason });
    }
}

impl Category {
    fn new(rule: &CategoryRule) -> Category {
        Category {
            name: rule.name.clone(),
            weight: if rule.weight.is_finite() { rule.weight.max(0.0) } else { 0.0 },
            patterns: rule.patterns.clone(),
            channels: rule.channels.clone(),
            domains: rule.domains.clone(),
        }
    }

    /// The configured channel that stands for the one with this id and name.
    pub(super) fn channel(&self, id: &str, name: Option<&str>) -> Option<&String> {
        self.channels.iter().find(|written| {
            let bare = written.trim().trim_start_matches('#');
            bare == id || name.is_some_and(|name| bare.eq_ignore_ascii_case(name))
        })
    }

    /// The configured domain that `email` is at or under.
    pub(super) fn domain(&self, email: Option<&str>) -> Option<&String> {
        let host = email?.rsplit_once('@')?.1.trim().to_lowercase();
        self.domains.iter().find(|written| {
            let bare = written.trim().trim_start_matches('@').to_lowercase();
            let above = host.strip_suffix(bare.as_str());
            !bare.is_empty() && above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
        })
    }

    /// Points of whatever is not a word.
    pub(super) fn clear_points() -> f64 {
        CLEAR_POINTS
    }
}
