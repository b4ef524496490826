//! What is known before the first example: words and phrases that speak for a category.
//!
//! They enter as a prior inside the margin that the learner keeps, never as a competitor beside it: examples correct
//! what the words get wrong, and learn nothing where the words are right already.

use std::collections::HashMap;

use super::tokens::{Kind, Token, read};

/// Weight at which the phrases found make half of a full vote.
const HALF: f32 = 2.0;
/// The vote for the fallback category where nothing is found.
const FALLBACK: f32 = 0.15;

/// A phrase that speaks for a category.
#[derive(Clone, Debug, PartialEq)]
pub struct Phrase {
    /// The category.
    pub category: String,
    /// One word or more, as written by whoever configured it.
    pub text: String,
    /// How strongly, 1 to 4 usually.
    pub weight: f32,
}

/// Phrases ready for matching.
#[derive(Clone, Debug, Default)]
pub struct Prior {
    phrases: Vec<Phrase>,
    tails: Vec<Vec<String>>,
    heads: HashMap<String, Vec<usize>>,
    /// Those that are one run of a script without spaces: they are found anywhere in a longer run.
    runs: Vec<usize>,
    /// The category that is meant when nothing is found.
    pub fallback: Option<String>,
}

impl Prior {
    /// Prepares phrases. Those without a letter, or with a weight that is no positive number, are left out.
    pub fn new(phrases: Vec<Phrase>, fallback: Option<String>) -> Prior {
        let mut prior = Prior { fallback, ..Prior::default() };
        for phrase in phrases.into_iter().filter(|phrase| phrase.weight.is_finite() && phrase.weight > 0.0) {
            let tokens = read(&phrase.text);
            let is_run = matches!(tokens.as_slice(), [only] if only.kind == Kind::Run);
            let mut texts = tokens.into_iter().map(|token| token.text);
            let Some(head) = texts.next() else { continue };
            let id = prior.phrases.len();
            if is_run {
                prior.runs.push(id);
                prior.tails.push(vec![head]);
            } else {
                prior.heads.entry(head).or_default().push(id);
                prior.tails.push(texts.collect());
            }
            prior.phrases.push(phrase);
        }
        prior
    }

    /// Whether there is nothing to find.
    pub fn is_empty(&self) -> bool {
        self.phrases.is_empty()
    }

    /// The categories that phrases speak for, in the order of their first phrase, and the fallback.
    pub fn categories(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for name in self.phrases.iter().map(|phrase| &phrase.category).chain(&self.fallback) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }

    /// The phrases that stand in the messages, each place once.
    pub fn find(&self, messages: &[Vec<Token>]) -> Vec<&Phrase> {
        let mut found = Vec::new();
        for message in messages {
            for (at, token) in message.iter().enumerate() {
                for &id in self.heads.get(&token.text).into_iter().flatten() {
                    let (tail, rest) = (&self.tails[id], &message[at + 1..]);
                    if tail.len() <= rest.len() && tail.iter().zip(rest).all(|(text, t)| *text == t.text) {
                        found.push(id);
                    }
                }
                if token.kind == Kind::Run {
                    let within = |id: &usize| self.tails[*id].iter().all(|run| token.text.contains(run));
                    found.extend(self.runs.iter().copied().filter(within));
                }
            }
        }
        found.into_iter().map(|id| &self.phrases[id]).collect()
    }

    /// The vote for each of `categories`, from 0 to 1. What speaks for a category besides phrases comes as `hints`, on the
    /// scale of their weights.
    pub fn votes(&self, messages: &[Vec<Token>], categories: &[String], hints: &[(String, f32)]) -> Vec<f32> {
        let mut votes = vec![0.0; categories.len()];
        let place = |name: &str| categories.iter().position(|category| category == name);
        if self.is_empty() && hints.is_empty() {
            return votes;
        }
        for (category, weight) in hints {
            if let Some(at) = place(category) {
                votes[at] += weight;
            }
        }
        for phrase in self.find(messages) {
            if let Some(at) = place(&phrase.category) {
                votes[at] += phrase.weight;
            }
        }
        votes.iter_mut().for_each(|vote| *vote /= *vote + HALF);
        if votes.iter().all(|vote| *vote == 0.0)
            && let Some(at) = self.fallback.as_deref().and_then(place)
        {
            votes[at] = FALLBACK;
        }
        votes
    }
}
