//! What a language model is asked about a task, what its answer may say, and what that changes.
//!
//! The model is an adviser and never a need: the task is there before it is asked, with the desk's own verdict, and a call that
//! fails, an answer that is refused or a budget that is used up leaves everything as it was, with the reason.
//!
//! In reading order: `question` is what leaves, `orders` what customers say to machines and the model does not get to see,
//! `answer` is what may come back, `effect` what it changes, `pace` when a call is made again, `budget` when it is not made.

pub mod answer;
pub mod budget;
pub mod effect;
mod orders;
pub mod pace;
pub mod question;
#[cfg(test)]
mod tests;

use super::classify::Verdict;

/// When a model is asked for a task's category and priority.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Never.
    #[default]
    Never,
    /// When the desk itself was not sure.
    Abstain,
    /// For every task.
    Always,
}

impl Mode {
    /// The words of `triage.model`.
    pub const WORDS: &[(&str, Mode)] =
        &[("never", Mode::Never), ("abstain", Mode::Abstain), ("always", Mode::Always)];

    /// The word of the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Never => "never",
            Mode::Abstain => "abstain",
            Mode::Always => "always",
        }
    }
}

/// What a model is wanted for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// When it is asked for category and priority.
    pub mode: Mode,
    /// Whether it writes a title and a summary.
    pub summaries: bool,
}

/// What it is asked about one task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Category and priority.
    pub category: bool,
    /// Title and summary.
    pub summary: bool,
}

/// What is wanted of a model for a bundle that has just become a task or joined one; `None` for nothing. Thanks alone are
/// no reason to ask.
pub fn wanted(wish: Wish, verdict: &Verdict, courtesy: bool) -> Option<Wanted> {
    let category = match wish.mode {
        Mode::Never => false,
        Mode::Abstain => verdict.abstained,
        Mode::Always => true,
    };
    let wanted = Wanted { category, summary: wish.summaries };
    ((category || wish.summaries) && !courtesy).then_some(wanted)
}
