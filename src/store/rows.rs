//! Stored words read back into enums, or an error that names the word.

use super::error::StoreError;
use crate::domain::classify::{Priority, Verdict};
use crate::domain::destination::Broken;
use crate::domain::report::ReportState;
use crate::domain::send::{SendKind, SendState};
use crate::domain::task::{Change, Status};
use crate::domain::upload::ChartState;

/// Reads a task's status.
pub(super) fn status(word: &str) -> Result<Status, StoreError> {
    Status::from_word(word).ok_or_else(|| unreadable("status", word))
}

/// Reads a priority.
pub(super) fn priority(word: &str) -> Result<Priority, StoreError> {
    word.parse().map_err(|_| unreadable("priority", word))
}

/// Reads a send's state.
pub(super) fn send_state(word: &str) -> Result<SendState, StoreError> {
    SendState::from_word(word).ok_or_else(|| unreadable("send state", word))
}

/// Reads what a send is.
pub(super) fn send_kind(word: &str) -> Result<SendKind, StoreError> {
    SendKind::from_word(word).ok_or_else(|| unreadable("send kind", word))
}

/// Reads where a report stands.
pub(super) fn report_state(word: &str) -> Result<ReportState, StoreError> {
    ReportState::from_word(word).ok_or_else(|| unreadable("report state", word))
}

/// Reads where a chart stands.
pub(super) fn chart_state(word: &str) -> Result<ChartState, StoreError> {
    ChartState::from_word(word).ok_or_else(|| unreadable("chart state", word))
}

/// Reads why a channel takes no messages.
pub(super) fn broken(word: &str) -> Result<Broken, StoreError> {
    Broken::from_word(word).ok_or_else(|| unreadable("destination's reason", word))
}

/// Reads a stored verdict.
pub(super) fn verdict(json: &str) -> Result<Verdict, StoreError> {
    Verdict::from_json(json).map_err(|_| unreadable("verdict", "(JSON)"))
}

/// Reads an entry of a task's history.
pub(super) fn change(json: &str) -> Result<Change, StoreError> {
    serde_json::from_str(json).map_err(|_| unreadable("history entry", "(JSON)"))
}

fn unreadable(what: &'static str, word: &str) -> StoreError {
    StoreError::Unreadable { what, word: word.to_owned() }
}
