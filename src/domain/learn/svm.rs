//! The learner itself: one support vector machine per category, trained by dual coordinate descent.
//!
//! A category's score is its prior vote plus the weights of the features. For each example the score of its own category
//! shall be one or more and that of each other minus one or less, as far as the examples agree; squared hinge loss. A step
//! on an example solves exactly for that example, so there is no learning rate, and repeating steps converges.

use super::features::Vector;
use super::rows::Rows;

/// Value of the feature that every example has.
const BIAS: f32 = 0.5;
/// How much an example's own category counts against each of the others.
const OWN: f32 = 4.0;
/// Most passes over all examples.
const MOST_PASSES: usize = 40;
/// A pass whose largest step is below this is the last.
const SMALL_STEP: f32 = 0.01;
/// Passes that an example is left out of after such a step.
const REST: u8 = 3;
/// Stored examples that are looked at again with each new one.
const AGAIN: usize = 50;

/// The weights, and the examples they come from.
#[derive(Clone, Debug)]
pub struct Svm {
    classes: usize,
    /// Where the weights of a feature stand.
    places: Rows,
    /// `classes` weights for each known feature; those of the bias first.
    weights: Vec<f32>,
    points: Vec<Point>,
    random: u64,
}

/// One example as the learner sees it.
#[derive(Clone, Debug)]
struct Point {
    features: Vec<(u32, f32)>,
    square: f32,
    votes: Vec<f32>,
    own: usize,
    weight: f32,
    alphas: Vec<f32>,
}

impl Svm {
    /// A learner that has seen nothing.
    pub fn new(classes: usize) -> Svm {
        Svm {
            classes,
            places: Rows::default(),
            weights: vec![0.0; classes],
            points: Vec::new(),
            random: 0x9e37_79b9_7f4a_7c15,
        }
    }

    /// Bytes of the weights, for all categories together.
    pub fn bytes(&self) -> usize {
        self.weights.len() * size_of::<f32>()
    }

    /// Whether an example had this feature.
    pub fn knows(&self, row: u32) -> bool {
        self.places.get(row).is_some()
    }

    /// What the examples say of each category; the votes are not in it.
    pub fn scores(&self, vector: &Vector) -> Vec<f32> {
        let mut scores: Vec<f32> = self.weights[..self.classes].iter().map(|weight| weight * BIAS).collect();
        for &(row, value) in &vector.entries {
            if let Some(place) = self.places.get(row) {
                add(&mut scores, &self.weights[place as usize..][..self.classes], value);
            }
        }
        scores
    }

    /// Keeps an example without learning from it yet.
    pub fn push(&mut self, vector: &Vector, votes: Vec<f32>, own: usize, weight: f32) {
        let mut features = Vec::with_capacity(vector.entries.len() + 1);
        features.push((0, BIAS));
        for &(row, value) in &vector.entries {
            features.push((self.place(row), value));
        }
        let square = features.iter().map(|(_, value)| value * value).sum();
        let alphas = vec![0.0; self.classes];
        self.points.push(Point { features, square, votes, own, weight, alphas });
    }

    /// Learns from the last example, and looks again at some of the others.
    pub fn learn_last(&mut self) {
        let Some(last) = self.points.len().checked_sub(1) else { return };
        self.step(last);
        for turn in 0..AGAIN.min(last) {
            let at = if last <= AGAIN { turn } else { self.below(last) };
            self.step(at);
        }
        self.step(last);
    }

    /// Learns from all examples until nothing moves any more. What hardly moved is left alone for some passes.
    pub fn fit(&mut self) {
        let mut order: Vec<usize> = (0..self.points.len()).collect();
        let mut resting = vec![0u8; order.len()];
        for _ in 0..MOST_PASSES {
            for at in (1..order.len()).rev() {
                let other = self.below(at + 1);
                order.swap(at, other);
            }
            let mut largest: f32 = 0.0;
            for &at in &order {
                if resting[at] > 0 {
                    resting[at] -= 1;
                    continue;
                }
                let moved = self.step(at);
                largest = largest.max(moved);
                if moved < SMALL_STEP {
                    resting[at] = REST;
                }
            }
            if largest < SMALL_STEP {
                break;
            }
        }
    }

    /// Solves for one example in all categories; the largest change of an alpha.
    fn step(&mut self, at: usize) -> f32 {
        let (classes, point) = (self.classes, &mut self.points[at]);
        let mut scores = point.votes.clone();
        for &(place, value) in &point.features {
            add(&mut scores, &self.weights[place as usize..][..classes], value);
        }
        let mut largest: f32 = 0.0;
        for (class, score) in scores.iter_mut().enumerate() {
            let (sign, cost) = if class == point.own { (1.0, OWN) } else { (-1.0, 1.0) };
            let slack = 1.0 / (2.0 * cost * point.weight);
            let alpha = point.alphas[class];
            let gradient = sign * *score - 1.0 + slack * alpha;
            let better = (alpha - gradient / (point.square + slack)).max(0.0);
            point.alphas[class] = better;
            largest = largest.max((better - alpha).abs());
            *score = sign * (better - alpha);
        }
        if largest > 0.0 {
            for &(place, value) in &point.features {
                add(&mut self.weights[place as usize..][..classes], &scores, value);
            }
        }
        largest
    }

    /// Where the weights of a feature stand, with room made for them.
    fn place(&mut self, row: u32) -> u32 {
        let new = u32::try_from(self.weights.len()).unwrap_or(0);
        let place = *self.places.get_or(row, new);
        if place == new {
            self.weights.resize(self.weights.len() + self.classes, 0.0);
        }
        place
    }

    /// A number below `limit`, always the same ones in the same order.
    fn below(&mut self, limit: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        usize::try_from(self.random % limit.max(1) as u64).unwrap_or(0)
    }
}

/// Adds `factor` times `from` to `to`.
fn add(to: &mut [f32], from: &[f32], factor: f32) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += factor * from;
    }
}
