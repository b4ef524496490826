//! The model: examples in, judgements out.
//!
//! Its whole state follows from the prior, the categories and the examples in their order: learning them one by one and
//! rebuilding from the list end at the same weights, bit by bit. So a restart changes nothing, and what is undone was
//! never there.

use std::sync::Arc;

use super::confidence::{Confidence, Figures, shares};
use super::features::{Counted, Frequencies, Vector, count};
use super::prior::Prior;
use super::svm::Svm;
use super::tokens::{Token, tokens};

/// Examples at which they weigh as much as the prior does. Without this the first few, which know almost no words yet,
/// would make things worse than configured words alone are.
const RAMP: f32 = 30.0;
/// How clearly a bundle must be of a kind that examples were of, to be judged by them before they are many. Without this
/// a first correction would not even change the verdict on the very text that was corrected.
const OF_THIS_KIND: i32 = 4;
/// The weights are fitted anew when there are this many times as many examples as at the last time.
const GROWTH: f32 = 1.5;
/// While there are this few examples they are fitted anew with each: a step for the last one alone would let whoever spoke
/// last win where people teach the opposite.
const FEW: usize = 50;
/// Greatest weight of an example: more would be a command, and belongs into the rules.
const MOST_WEIGHT: f32 = 10.0;

/// One thing that was taught, by a person, by silence or by a language model.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    texts: Vec<String>,
    category: String,
    weight: f32,
    before: Option<Forecast>,
}

/// Why something is no example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no category.
    #[error("there is no category")]
    NoCategory,
    /// There is no word, number or sign in it.
    #[error("there is nothing in it to learn from")]
    NoWords,
    /// The weight is no number from 0 to 10.
    #[error("the weight is no number from 0 to 10")]
    Weight,
}

/// How a judgement turned out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// What its confidence was made of.
    pub figures: Figures,
    /// Whether the category was right.
    pub right: bool,
}

/// Which categories there are.
#[derive(Clone, Debug, PartialEq)]
pub enum Categories {
    /// Those of the prior, and any that an example has.
    Open,
    /// These alone: examples of others wait until their category is back.
    Only(Vec<String>),
}

/// What the model says of a bundle.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// The categories with their shares, which add up to one; most likely first. Empty where there is no category.
    pub ranked: Vec<(String, f32)>,
    /// How likely the first of them is right.
    pub confidence: f32,
    /// How far the first is before the second.
    pub lead: f32,
    /// What the confidence was made of.
    pub figures: Figures,
}

/// All that was learned.
#[derive(Clone, Debug)]
pub struct Model {
    /// Shared by all models that begin with the same words: they are the larger part of a young one.
    prior: Arc<Prior>,
    open: bool,
    categories: Vec<String>,
    known: Vec<Known>,
    frequencies: Frequencies,
    svm: Svm,
    confidence: Confidence,
    fitted: usize,
}

/// An example as it is kept.
#[derive(Clone, Debug)]
struct Known {
    counted: Counted,
    votes: Vec<f32>,
    category: usize,
    weight: f32,
}

impl Example {
    /// An example of `category`. A weight of zero teaches nothing but how far to trust judgements.
    pub fn new(texts: Vec<String>, category: &str, weight: f32) -> Result<Example, Refused> {
        let category = category.trim().to_owned();
        if category.is_empty() {
            return Err(Refused::NoCategory);
        }
        if !(0.0..=MOST_WEIGHT).contains(&weight) {
            return Err(Refused::Weight);
        }
        let example = Example { texts, category, weight, before: None };
        if tokens(&example.texts()).is_empty() { Err(Refused::NoWords) } else { Ok(example) }
    }

    /// The same with what was said of it before it was learned.
    pub fn after(self, before: Forecast) -> Example {
        Example { before: Some(before), ..self }
    }

    /// The same with another weight, kept within 0 to 10.
    pub fn weighing(self, weight: f32) -> Example {
        Example { weight: weight.clamp(0.0, MOST_WEIGHT), ..self }
    }

    /// The same as an example of another category.
    pub fn taken_for(&self, category: &str) -> Example {
        Example { category: category.to_owned(), ..self.clone() }
    }

    /// The messages.
    pub fn texts(&self) -> Vec<&str> {
        self.texts.iter().map(String::as_str).collect()
    }

    /// The category.
    pub fn category(&self) -> &str {
        &self.category
    }

    /// How much it counts.
    pub fn weight(&self) -> f32 {
        self.weight
    }

    /// What was said of it before it was learned, where somebody was asked.
    pub fn before(&self) -> Option<Forecast> {
        self.before
    }

    /// The same without what was said of it before.
    pub fn unforeseen(self) -> Example {
        Example { before: None, ..self }
    }
}

impl Judgement {
    /// The most likely category.
    pub fn category(&self) -> Option<&str> {
        self.ranked.first().map(|(name, _)| name.as_str())
    }

    /// The most likely category when it is likely enough; `None` is to abstain.
    pub fn decided(&self, threshold: f32) -> Option<&str> {
        self.category().filter(|_| self.confidence >= threshold)
    }

    /// How it turned out, now that the right category is known.
    pub fn forecast(&self, right: &str) -> Forecast {
        Forecast { figures: self.figures, right: self.category() == Some(right) }
    }
}

impl Model {
    /// A model without examples.
    pub fn new(prior: impl Into<Arc<Prior>>, categories: Categories) -> Model {
        let prior = prior.into();
        let open = categories == Categories::Open;
        let categories = match categories {
            Categories::Open => prior.categories(),
            Categories::Only(names) => names,
        };
        let svm = Svm::new(categories.len());
        let frequencies = Frequencies::new();
        let confidence = Confidence::new();
        Model { prior, open, categories, known: Vec::new(), frequencies, svm, confidence, fitted: 0 }
    }

    /// The model that learning all of `examples` one by one ends at.
    pub fn rebuild<'a>(
        prior: impl Into<Arc<Prior>>,
        categories: Categories,
        examples: impl IntoIterator<Item = &'a Example>,
    ) -> Model {
        let mut model = Model::new(prior, categories);
        let mut fitted = 0;
        for example in examples {
            let before = (model.categories.len(), model.known.len());
            model.keep(example);
            let grew = before.0 < model.categories.len();
            if model.known.len() > before.1 && (grew || is_due(model.known.len(), fitted)) {
                fitted = model.known.len();
            }
        }
        model.fit(fitted);
        for at in fitted..model.known.len() {
            model.step(at);
        }
        model
    }

    /// The model of these examples alone that begins as this one began; both share their words.
    pub fn taught<'a>(&self, examples: impl IntoIterator<Item = &'a Example>) -> Model {
        let categories = match self.open {
            true => Categories::Open,
            false => Categories::Only(self.categories.clone()),
        };
        Model::rebuild(self.prior.clone(), categories, examples)
    }

    /// Learns one more example. False when its category is none of ours, or it weighs nothing.
    pub fn learn(&mut self, example: &Example) -> bool {
        let before = (self.categories.len(), self.known.len());
        self.keep(example);
        if self.known.len() == before.1 {
            return false;
        }
        if before.0 < self.categories.len() || is_due(self.known.len(), self.fitted) {
            self.fit(self.known.len());
        } else {
            self.step(self.known.len() - 1);
        }
        true
    }

    /// What the model says of a bundle's messages.
    pub fn judge(&self, texts: &[&str]) -> Judgement {
        self.judge_tokens(&tokens(texts), &[])
    }

    /// The same with what else speaks for categories: where it was written, by whom.
    pub fn judge_with(&self, texts: &[&str], hints: &[(String, f32)]) -> Judgement {
        self.judge_tokens(&tokens(texts), hints)
    }

    /// The score of each category, in the order of `categories`.
    pub fn scores(&self, texts: &[&str]) -> Vec<f32> {
        self.score(&tokens(texts), &[]).0
    }

    /// The categories, in no order that means anything.
    pub fn categories(&self) -> &[String] {
        &self.categories
    }

    /// How many examples it has learned from.
    pub fn examples(&self) -> usize {
        self.known.len()
    }

    /// How many of these are of one category.
    pub fn examples_of(&self, category: &str) -> usize {
        let at = self.categories.iter().position(|known| known == category);
        self.known.iter().filter(|known| Some(known.category) == at).count()
    }

    /// Bytes of weights for each category.
    pub fn bytes_per_category(&self) -> usize {
        self.svm.bytes() / self.categories.len().max(1)
    }

    /// The words that were known before the first example.
    pub fn prior(&self) -> &Prior {
        &self.prior
    }

    /// `judge` for messages that are tokens already.
    pub(super) fn judge_tokens(&self, messages: &[Vec<Token>], hints: &[(String, f32)]) -> Judgement {
        let (scores, vector) = self.score(messages, hints);
        let figures = Figures::of(&scores, self.familiarity(&vector), self.known.len());
        let names = self.categories.iter().cloned();
        let mut ranked: Vec<(String, f32)> = names.zip(shares(&scores)).collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        Judgement { ranked, confidence: self.confidence.of(&figures), lead: figures.lead(), figures }
    }

    /// The scores of messages that are tokens already, and what they were made of.
    pub(super) fn score(&self, messages: &[Vec<Token>], hints: &[(String, f32)]) -> (Vec<f32>, Vector) {
        let vector = count(messages).vector(&self.frequencies);
        let mut scores = self.prior.votes(messages, &self.categories, hints);
        let share = self.trust(&vector);
        for (score, learned) in scores.iter_mut().zip(self.svm.scores(&vector)) {
            *score += share * learned;
        }
        (scores, vector)
    }

    /// How much what was learned counts beside the prior, from 0 to 1: little while there are few examples, unless they
    /// are of this very kind.
    fn trust(&self, vector: &Vector) -> f32 {
        let count = self.known.len() as f32;
        let strange = 1.0 - self.familiarity(vector).powi(OF_THIS_KIND);
        1.0 - strange * RAMP / (count + RAMP)
    }

    /// The share of the words that examples had.
    fn familiarity(&self, vector: &Vector) -> f32 {
        let (mut all, mut known) = (0.0, 0.0);
        for &(row, value) in &vector.entries[..vector.words] {
            all += value * value;
            if self.svm.knows(row) {
                known += value * value;
            }
        }
        if all > 0.0 { known / all } else { 0.0 }
    }

    /// Keeps an example without learning from it, unless it weighs nothing or its category is none of ours.
    fn keep(&mut self, example: &Example) {
        if let Some(before) = &example.before {
            self.confidence.learn(&before.figures, before.right);
        }
        if example.weight <= 0.0 {
            return;
        }
        let Some(category) = self.category(&example.category) else { return };
        let messages = tokens(&example.texts());
        let votes = self.prior.votes(&messages, &self.categories, &[]);
        self.known.push(Known { counted: count(&messages), votes, category, weight: example.weight });
    }

    fn category(&mut self, name: &str) -> Option<usize> {
        let found = self.categories.iter().position(|category| category == name);
        if found.is_none() && self.open {
            self.categories.push(name.to_owned());
            self.known.iter_mut().for_each(|known| known.votes.push(0.0));
            return Some(self.categories.len() - 1);
        }
        found
    }

    /// Fits the weights to the first `count` examples, from nothing.
    fn fit(&mut self, count: usize) {
        self.frequencies = Frequencies::new();
        self.known[..count].iter().for_each(|known| self.frequencies.add(&known.counted));
        self.svm = Svm::new(self.categories.len());
        for at in 0..count {
            self.push(at);
        }
        self.svm.fit();
        self.fitted = count;
    }

    /// Learns from the example at `at`, the first one that the weights do not know.
    fn step(&mut self, at: usize) {
        self.push(at);
        self.svm.learn_last();
    }

    fn push(&mut self, at: usize) {
        let known = &self.known[at];
        let vector = known.counted.vector(&self.frequencies);
        self.svm.push(&vector, known.votes.clone(), known.category, known.weight);
    }
}

fn is_due(count: usize, fitted: usize) -> bool {
    count <= FEW || count as f32 >= fitted as f32 * GROWTH
}
