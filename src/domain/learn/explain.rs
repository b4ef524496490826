//! Which words decided: each word is left out once, and what that does to the lead is its weight.
//!
//! This asks the model itself, so it holds for configured words, learned words, parts of words and concepts alike.

use std::collections::BTreeSet;

use super::model::{Judgement, Model};
use super::prior::Phrase;
use super::tokens::{Token, tokens};

/// Words that an explanation names.
const MOST_WORDS: usize = 3;
/// Different words that are tried; a longer message is explained by its beginning.
const MOST_TRIED: usize = 60;

/// Why a bundle was judged as it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// What is explained.
    pub judgement: Judgement,
    /// The words that decided, strongest first, three at most.
    pub words: Vec<Decisive>,
    /// The configured phrases that were found.
    pub phrases: Vec<Phrase>,
}

/// A word that decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Decisive {
    /// The word, in lower case; a class in angle brackets (`<url>`).
    pub word: String,
    /// How much smaller the lead of the category is without it.
    pub weight: f32,
}

/// Explains what `model` says of a bundle's messages, with what else speaks for categories.
pub fn explain(model: &Model, texts: &[&str], hints: &[(String, f32)]) -> Explanation {
    let messages = tokens(texts);
    let judgement = model.judge_tokens(&messages, hints);
    let scores = model.score(&messages, hints).0;
    let phrases = model.prior().find(&messages).into_iter().cloned().collect();
    let Some(top) = best(&scores) else { return Explanation { judgement, words: Vec::new(), phrases } };
    let lead = lead(&scores, top);
    let mut words: Vec<Decisive> = distinct(&messages)
        .into_iter()
        .map(|word| {
            let weight = lead - lead_without(model, &messages, top, (&[word], hints));
            Decisive { word: word.to_owned(), weight }
        })
        .filter(|decisive| decisive.weight > 0.0)
        .collect();
    words.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    words.truncate(MOST_WORDS);
    Explanation { judgement, words, phrases }
}

impl Model {
    /// Why a bundle is judged as it is.
    pub fn explain(&self, texts: &[&str]) -> Explanation {
        explain(self, texts, &[])
    }

    /// The same with what else speaks for categories: where it was written, by whom.
    pub fn explain_with(&self, texts: &[&str], hints: &[(String, f32)]) -> Explanation {
        explain(self, texts, hints)
    }

    /// How far the category that leads would be before the others if none of `words` were there; below zero when another
    /// would lead then.
    pub fn lead_without(&self, texts: &[&str], words: &[&str]) -> f32 {
        let messages = tokens(texts);
        let scores = self.score(&messages, &[]).0;
        best(&scores).map_or(0.0, |top| lead_without(self, &messages, top, (words, &[])))
    }

    /// The different words of a bundle as they count, in their order.
    pub fn words(&self, texts: &[&str]) -> Vec<String> {
        distinct(&tokens(texts)).into_iter().map(str::to_owned).collect()
    }
}

fn lead_without(
    model: &Model,
    messages: &[Vec<Token>],
    top: usize,
    (words, hints): (&[&str], &[(String, f32)]),
) -> f32 {
    let left: Vec<Vec<Token>> = messages
        .iter()
        .map(|message| {
            message.iter().filter(|token| !words.contains(&token.text.as_str())).cloned().collect()
        })
        .collect();
    lead(&model.score(&left, hints).0, top)
}

fn distinct(messages: &[Vec<Token>]) -> Vec<&str> {
    let mut seen = BTreeSet::new();
    let texts = messages.iter().flatten().map(|token| token.text.as_str());
    texts.filter(|text| seen.insert(*text)).take(MOST_TRIED).collect()
}

fn best(scores: &[f32]) -> Option<usize> {
    (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b]).then(b.cmp(&a)))
}

/// How far `top` is before the best of the others.
fn lead(scores: &[f32], top: usize) -> f32 {
    let others = scores.iter().enumerate().filter(|(at, _)| *at != top).map(|(_, score)| *score);
    let second = others.fold(f32::NEG_INFINITY, f32::max);
    scores[top] - if second.is_finite() { second } else { 0.0 }
}
