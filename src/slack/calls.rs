//! Calls of the Web API counted by method and by what came of them: look-ups, rate limits, refusals.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::outcome::Failure;

/// The counters. Method names come from our own code, outcomes are a closed list: Slack's error names are not among them.
#[derive(Debug, Default)]
pub struct Calls(Mutex<BTreeMap<(String, &'static str), u64>>);

impl Calls {
    /// Counts one call.
    pub(super) fn count(&self, method: &str, failure: Option<&Failure>) {
        let outcome = match failure {
            None => "ok",
            Some(Failure::RateLimited { .. }) => "rate_limited",
            Some(Failure::Unreachable { .. }) => "unreachable",
            Some(Failure::Unknown { .. }) => "unknown",
            Some(Failure::Token { .. }) => "token_refused",
            Some(Failure::Refused { .. }) => "refused",
        };
        self.tally(method, outcome);
    }

    /// Counts one call by the word for what came of it.
    pub(super) fn tally(&self, method: &str, outcome: &'static str) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counted.entry((method.to_owned(), outcome)).or_default() += 1;
    }

    /// All counters since the start.
    pub fn counts(&self) -> BTreeMap<(String, &'static str), u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
