//! How likely the leading category is the right one, learned from what people confirm and correct.
//!
//! A few figures of a judgement go into one logistic function whose weights follow the outcomes. The same number says
//! "this is none of the categories": it is low then, because nothing leads clearly and few of the words are known.

/// How sharp the scores are made before they are compared as shares.
const SHARPNESS: f32 = 0.13;
/// The weights before anything is known.
const START: [f32; FIGURES] = [-0.4, 1.5, 1.0, -0.1, 0.5];
/// How far a step goes.
const RATE: f32 = 0.1;
/// How strongly weights are drawn back to where they started.
const PULL: f32 = 0.002;
/// How many figures there are.
const FIGURES: usize = 5;

/// What of a judgement tells how likely it is right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures(pub [f32; FIGURES]);

/// The weights of the figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Confidence {
    weights: [f32; FIGURES],
    moved: [f32; FIGURES],
}

impl Figures {
    /// The figures of scores (one per category) of which `known` of the words were known, after `examples` examples.
    pub fn of(scores: &[f32], known: f32, examples: usize) -> Figures {
        let shares = shares(scores);
        let best = shares.iter().copied().fold(0.0, f32::max);
        let mut ranked = scores.to_vec();
        ranked.sort_by(|a, b| b.total_cmp(a));
        let lead = match ranked[..] {
            [first, second, ..] => first - second,
            [first] => first,
            [] => 0.0,
        };
        let odds = ((best / (1.0 - best + 1e-4)) + 1e-4).ln().clamp(-4.0, 6.0);
        Figures([1.0, lead, known, (1.0 + examples as f32).ln(), odds])
    }
}

impl Figures {
    /// How far the first category is before the second.
    pub fn lead(&self) -> f32 {
        self.0[1]
    }

    /// As a list of numbers.
    pub fn to_json(self) -> String {
        serde_json::to_string(&self.0).unwrap_or_default()
    }

    /// Reads the list back; `None` when it is another, or one of the numbers is none.
    pub fn from_json(text: &str) -> Option<Figures> {
        let figures: [f32; FIGURES] = serde_json::from_str(text).ok()?;
        figures.iter().all(|figure| figure.is_finite()).then_some(Figures(figures))
    }

    /// The share of the words that examples had.
    pub fn known(&self) -> f32 {
        self.0[2]
    }
}

impl Confidence {
    /// As it is before anybody has confirmed or corrected anything.
    pub fn new() -> Confidence {
        Confidence { weights: START, moved: [1.0; FIGURES] }
    }

    /// The probability that a judgement with these figures is right.
    pub fn of(&self, figures: &Figures) -> f32 {
        let sum: f32 = self.weights.iter().zip(figures.0).map(|(weight, figure)| weight * figure).sum();
        1.0 / (1.0 + (-sum).exp())
    }

    /// Learns that a judgement with these figures was right or wrong.
    pub fn learn(&mut self, figures: &Figures, right: bool) {
        let miss = self.of(figures) - f32::from(u8::from(right));
        for (at, figure) in figures.0.into_iter().enumerate() {
            let gradient = miss * figure + PULL * (self.weights[at] - START[at]);
            self.moved[at] += gradient * gradient;
            self.weights[at] -= RATE * gradient / self.moved[at].sqrt();
        }
    }
}

/// The scores as shares that add up to one.
pub fn shares(scores: &[f32]) -> Vec<f32> {
    let best = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut shares: Vec<f32> = scores.iter().map(|score| ((score - best) / SHARPNESS).exp()).collect();
    let sum: f32 = shares.iter().sum();
    shares.iter_mut().for_each(|share| *share /= sum);
    shares
}
