//! What Slack says of an end is asked about: with the token that we have now, before anything is deleted.

use std::time::Duration;

use anyhow::Result;
use tracing::{info, warn};

use crate::domain::backoff;
use crate::domain::time::Timestamp;
use crate::slack::apis::Apis;
use crate::slack::outcome::{Failure, NOT_CONFIGURED};
use crate::store::Store;
use crate::store::farewells::{Doubt, Standing};

/// Asks about the ends that were heard of.
pub(super) struct Doubts {
    store: Store,
    apis: Apis,
    failures: u32,
    /// Not before this; `None` when the last time nothing was left open.
    next: Option<Timestamp>,
}

impl Doubts {
    pub fn new(store: Store, apis: Apis) -> Doubts {
        Doubts { store, apis, failures: 0, next: None }
    }

    /// Asks about each; says when to come again, where Slack did not say.
    pub async fn settle(&mut self, now: Timestamp) -> Result<Option<Timestamp>> {
        if self.next.is_some_and(|next| next > now) {
            return Ok(self.next);
        }
        let mut wait = None;
        for doubt in self.store.doubts().await? {
            if let Some(longer) = self.ask(&doubt, now).await? {
                wait = wait.max(Some(longer));
            }
        }
        self.failures = if wait.is_none() { 0 } else { self.failures.saturating_add(1) };
        let paused = wait.map(|wait| wait.max(backoff::delay(self.failures, fastrand::f64())));
        self.next = paused.map(|pause| now.plus(pause));
        Ok(self.next)
    }

    /// Asks about one; how long to wait at least when there is no answer.
    async fn ask(&self, doubt: &Doubt, now: Timestamp) -> Result<Option<Duration>> {
        let workspace = &doubt.workspace;
        let answer = match self.apis.of(workspace) {
            Ok(api) => api.auth_test().await.map(|_| ()),
            Err(failure) => Err(failure),
        };
        let standing = match answer {
            Ok(()) => Standing::Good,
            // Nobody could ask: the token cannot be read, for instance.
            Err(Failure::Token { error }) if error == NOT_CONFIGURED => return Ok(Some(Duration::ZERO)),
            Err(Failure::Token { .. }) => Standing::Refused,
            Err(Failure::RateLimited { retry_after }) => return Ok(Some(retry_after)),
            Err(failure) => {
                let error = failure.code();
                warn!(workspace = %workspace, error, "Slack does not say whether we are still in {workspace}");
                return Ok(Some(Duration::ZERO));
            }
        };
        let heard = (doubt.parting, doubt.last);
        if self.store.of(workspace).decide_departure(heard, standing, now).await? {
            self.apis.leave(workspace);
        } else {
            info!(workspace = %workspace, "The token of workspace {workspace} is good: we are still there");
        }
        Ok(None)
    }
}
