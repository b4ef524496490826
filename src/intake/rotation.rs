//! Changing rotating tokens in time. One worker does it for all installations: a refresh token is good once, so that two who
//! use it would end with one of them having nothing.
//!
//! The new pair is in the database before it is used. Should the process end between Slack's answer and that, Slack still takes
//! the old refresh token for a moment [slack-facts 8.4]. After that moment the token is good until its end, and the installation
//! says so (`token_ends`): somebody has to connect the workspace again.

use std::collections::BTreeMap;

use anyhow::Result;
use tracing::{info, warn};

use crate::domain::backoff;
use crate::domain::ids::WorkspaceId;
use crate::domain::installation::{AHEAD, change_at, is_used_up};
use crate::domain::time::Timestamp;
use crate::runtime::worker::{Next, Soonest, Worker};
use crate::slack::apis::Apis;
use crate::slack::oauth::{Client, Grant};
use crate::slack::outcome::Failure;
use crate::store::Store;
use crate::store::installations::{Rotating, Tokens};

/// The worker.
pub struct Rotator {
    store: Store,
    apis: Apis,
    client: Client,
    /// Those that did not work, each until when and after how many failures.
    pauses: BTreeMap<WorkspaceId, (Timestamp, u32)>,
}

impl Rotator {
    /// One that asks for new tokens as `client`.
    pub fn new(store: Store, apis: Apis, client: Client) -> Rotator {
        Rotator { store, apis, client, pauses: BTreeMap::new() }
    }

    async fn change(&mut self, rotating: Rotating, now: Timestamp) -> Result<()> {
        let workspace = rotating.workspace;
        let refresh = match rotating.refresh {
            Ok(refresh) => refresh,
            Err(locked) => {
                warn!(workspace = %workspace, "The token of workspace {workspace} cannot be changed: {locked}");
                self.pause(workspace, now);
                return Ok(());
            }
        };
        match self.apis.configured().refresh(&self.client, &refresh).await {
            Ok(grant) => self.keep(workspace, grant, now).await,
            Err(Failure::RateLimited { retry_after }) => {
                self.pauses.insert(workspace, (now.plus(retry_after), 0));
                Ok(())
            }
            Err(failure) if is_used_up(failure.code()) => {
                self.store.of(&workspace).token_ends().await?;
                warn!(
                    workspace = %workspace,
                    "Slack takes the refresh token of workspace {workspace} no more: connect it again before its token ends"
                );
                Ok(())
            }
            Err(failure) => {
                let (error, sentence) = (failure.code().to_owned(), failure.sentence());
                warn!(workspace = %workspace, error, "The token of workspace {workspace} cannot be changed: {sentence}");
                self.pause(workspace, now);
                Ok(())
            }
        }
    }

    /// Keeps the new pair, and only then speaks with it.
    async fn keep(&mut self, workspace: WorkspaceId, grant: Grant, now: Timestamp) -> Result<()> {
        let Grant { bot, refresh, expires_in, .. } = grant;
        let speaking = self.apis.configured().speaking(&bot);
        let expires_at = expires_in.map(|span| now.plus(span));
        let tokens = Tokens { bot, user: None, refresh, expires_at };
        let kept = self.store.of(&workspace).swap_tokens(tokens, now).await?;
        let spaces = self.apis.spaces().borrow().clone();
        if let (true, Some(ours), Ok(speaking)) = (kept, spaces.of(&workspace), speaking) {
            let is_home = spaces.home() == Some(ours);
            self.apis.enter(ours.clone(), speaking, is_home);
        }
        self.pauses.remove(&workspace);
        info!(workspace = %workspace, "Changed the token of workspace {workspace}");
        Ok(())
    }

    fn pause(&mut self, workspace: WorkspaceId, now: Timestamp) {
        let failures = self.pauses.get(&workspace).map_or(0, |(_, failures)| *failures) + 1;
        let until = now.plus(backoff::delay(failures, fastrand::f64()));
        self.pauses.insert(workspace, (until, failures));
    }
}

impl Worker for Rotator {
    fn name(&self) -> &'static str {
        "rotation"
    }

    async fn step(&mut self, now: Timestamp) -> Result<Next> {
        let mut next = Soonest::default();
        for rotating in self.store.rotating(now.plus(AHEAD)).await? {
            match self.pauses.get(&rotating.workspace) {
                Some((until, _)) if *until > now => next.due(*until),
                _ => {
                    self.change(rotating, now).await?;
                    return Ok(Next::Again);
                }
            }
        }
        if let Some(expires_at) = self.store.next_expiry().await? {
            let at = change_at(expires_at);
            if at > now {
                next.due(at);
            }
        }
        Ok(next.next())
    }
}
