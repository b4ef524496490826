//! The learner: categories from examples, without a model file and without a network.
//!
//! In reading order: `tokens` is what is read of a bundle, `concepts` which words mean nearly the same, `features` turns
//! both into numbers, which `rows` keeps; `prior` is what configured words say before the first example; `svm` learns from examples, which `source` weighs;
//! `confidence` says how likely a judgement is right; `model` puts these together; `explain` names the words that
//! decided; `urgency` learns priorities; `knowledge` is all that a desk has learned; `measure` and `trial` tell how good it
//! is, `report` how good it has been at a desk, and `suggest` which words rules could have.
//!
//! The examples are the truth. A model is made from them alone, the same one every time.

mod concepts;
mod confidence;
mod explain;
mod features;
mod knowledge;
pub mod measure;
mod model;
mod prior;
pub mod report;
mod rows;
mod source;
pub mod suggest;
mod svm;
#[cfg(test)]
mod tests;
mod tokens;
pub mod trial;
pub mod tsv;
mod urgency;

pub use confidence::Figures;
pub use explain::{Decisive, Explanation};
pub use knowledge::{Basis, Knowledge, Lesson, NO_REQUEST};
pub use model::{Categories, Example, Forecast, Judgement, Model, Refused};
pub use prior::{Phrase, Prior};
pub use source::Source;
pub use urgency::{Leaning, Urgency};
