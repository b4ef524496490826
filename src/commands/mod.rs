//! What people type, click and submit in Slack, as domain values in and an `Answer` out. Knows neither Slack's shapes nor
//! its API: whoever calls turns an answer into what Slack wants to read.
//!
//! No slash command is registered yet, so the only answer is an honest one.

use crate::domain::message::Command;

/// What the person gets to read at once, within the acknowledgement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A sentence that only this person sees.
    Whisper(String),
}

/// Answers a slash command.
pub fn answer(command: &Command) -> Answer {
    Answer::Whisper(format!(
        "deskd does not know {}. Tasks are handled at the command line: deskd task list, deskd reply.",
        command.name
    ))
}
