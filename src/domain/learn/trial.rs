//! Trials: how a model does on lines whose categories are known.
//!
//! All of them pick lines by counting, never by chance, so that every machine sees the same ones in the same order.

use std::collections::{BTreeMap, BTreeSet};

use super::measure::Scored;
use super::model::{Categories, Example, Model};
use super::prior::Prior;
use super::source::Source;

/// Who corrects what in a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feedback {
    /// Every line is confirmed or corrected.
    Full,
    /// Every second error is corrected; everything else counts as accepted.
    Sparse,
}

/// Judgements on `examples` against their categories.
pub fn test(model: &Model, examples: &[Example]) -> Vec<Scored> {
    examples.iter().map(|example| judged(model, example).0).collect()
}

/// `k` examples of each category, in their order; another `seed` takes others.
pub fn few(examples: &[Example], k: usize, seed: usize) -> Vec<Example> {
    let mut lines: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, example) in examples.iter().enumerate() {
        lines.entry(example.category()).or_default().push(at);
    }
    let picked: BTreeSet<usize> =
        lines.values().flat_map(|of| (0..k).map(move |j| of[(seed * k + j) % of.len()])).collect();
    picked.into_iter().map(|at| examples[at].clone()).collect()
}

/// The examples from a place on, around the end and back to it: stream `seed` of `seeds`.
pub fn rotated(examples: &[Example], seed: usize, seeds: usize) -> Vec<Example> {
    let start = seed * examples.len() / seeds.max(1);
    examples[start..].iter().chain(&examples[..start]).cloned().collect()
}

/// Judges each of `examples`, then learns from it as `feedback` says; tells `seen` after each how many there were.
pub fn stream(
    model: &mut Model,
    examples: &[Example],
    feedback: Feedback,
    seen: &mut dyn FnMut(usize, &Model),
) -> Vec<Scored> {
    let mut all = Vec::with_capacity(examples.len());
    let mut errors = 0;
    for (at, example) in examples.iter().enumerate() {
        let (scored, judgement) = judged(model, example);
        all.push(scored);
        errors += usize::from(!scored.right);
        let corrected = feedback == Feedback::Full || (!scored.right && errors % 2 == 1);
        if corrected {
            model.learn(&example.clone().after(judgement.forecast(example.category())));
        } else if let Some(category) = judgement.category() {
            let taken = example.taken_for(category).weighing(Source::Accepted.weight(judgement.lead));
            model.learn(&taken.after(judgement.forecast(category)));
        }
        seen(at + 1, model);
    }
    all
}

/// The examples with what a model would have said of each that had only those before the last doubling; what confidence is
/// learned from where nobody was asked at the time.
pub fn with_hindsight(prior: &Prior, categories: &Categories, examples: &[Example]) -> Vec<Example> {
    in_hindsight(prior, categories, &[], examples)
}

/// The same where `before` had been learned already.
pub fn in_hindsight(
    prior: &Prior,
    categories: &Categories,
    before: &[Example],
    examples: &[Example],
) -> Vec<Example> {
    let mut told: Vec<Example> = before.to_vec();
    let all = before.len() + examples.len();
    while told.len() < all {
        let model = Model::rebuild(prior.clone(), categories.clone(), &told);
        let to = (told.len() * 2).clamp(FIRST_LOOK, all.max(FIRST_LOOK)).min(all);
        for example in &examples[told.len() - before.len()..to - before.len()] {
            let forecast = model.judge(&example.texts()).forecast(example.category());
            told.push(example.clone().after(forecast));
        }
    }
    told.split_off(before.len())
}

/// Examples that are looked at before the first model is made.
const FIRST_LOOK: usize = 16;

fn judged(model: &Model, example: &Example) -> (Scored, super::model::Judgement) {
    let judgement = model.judge(&example.texts());
    let right = judgement.category() == Some(example.category());
    (Scored { confidence: judgement.confidence, right }, judgement)
}
