//! What is taken out of a text before it leaves for a language model, and what is put back into its answer.
//!
//! Addresses, numbers and tokens go for good: nobody needs them to tell an invoice from an outage. Names become
//! "Person 1", "Person 2" and so on, the same for one person everywhere in a question, and come back in the summary.
//!
//! What can be known is covered: people of the workspace, whoever is mentioned, the contact. A name that deskd has never
//! heard cannot be told from any other word and stays.

mod names;
mod patterns;
#[cfg(test)]
mod tests;

pub use names::{Known, Veil};
pub use patterns::Patterns;
