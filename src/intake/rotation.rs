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
use crate::domain::installation::{AHEAD, Pair, Whose, change_at, is_used_up};
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use crate::runtime::worker::{Next, Soonest, Worker};
use crate::slack::apis::Apis;
use crate::slack::oauth::{Client, Grant};
use crate::slack::outcome::Failure;
use crate::store::Store;
use crate::store::rotation::Rotating;

/// The worker.
pub struct Rotator {
    store: Store,
    apis: Apis,
    client: Client,
    /// Those that did not work, each until when and after how many failures.
    pauses: BTreeMap<(WorkspaceId, Whose), (Timestamp, u32)>,
}

impl Rotator {
    /// One that asks for new tokens as `client`.
    pub fn new(store: Store, apis: Apis, client: Client) -> Rotator {
        Rotator { store, apis, client, pauses: BTreeMap::new() }
    }

    async fn change(&mut self, rotating: Rotating, now: Timestamp) -> Result<()> {
        let Rotating { workspace, whose, refresh, .. } = rotating;
        let refresh = match refresh {
            Ok(refresh) => refresh,
            Err(locked) => {
                warn!(workspace = %workspace, "The token of workspace {workspace} cannot be changed: {locked}");
                self.pause((workspace, whose), now);
                return Ok(());
            }
        };
        match self.apis.configured().refresh(&self.client, &refresh).await {
            Ok(grant) => self.keep((workspace, whose), refresh, grant, now).await,
            Err(Failure::RateLimited { retry_after }) => {
                self.pauses.insert((workspace, whose), (now.plus(retry_after), 0));
                Ok(())
            }
            Err(failure) if is_used_up(failure.code()) => self.end(workspace, whose, refresh, now).await,
            Err(failure) => {
                let (error, sentence) = (failure.code().to_owned(), failure.sentence());
                warn!(workspace = %workspace, error, "The token of workspace {workspace} cannot be changed: {sentence}");
                self.pause((workspace, whose), now);
                Ok(())
            }
        }
    }

    /// Keeps the new pair, and only then speaks with it; not where somebody has brought another while Slack was asked.
    async fn keep(
        &mut self,
        (workspace, whose): (WorkspaceId, Whose),
        used: Secret,
        grant: Grant,
        now: Timestamp,
    ) -> Result<()> {
        let Grant { bot: token, refresh, expires_in, .. } = grant;
        let speaking = self.apis.configured().speaking(&token);
        let next = Pair { token, refresh, expires_at: expires_in.map(|span| now.plus(span)) };
        let turn = self.apis.turn().await;
        let kept = self.store.of(&workspace).renew(whose, used, next, now).await?;
        let spaces = self.apis.spaces().borrow().clone();
        if let (true, Whose::Bot, Some(ours), Ok(speaking)) = (kept, whose, spaces.of(&workspace), speaking) {
            let is_home = spaces.home() == Some(ours);
            self.apis.enter(ours.clone(), speaking, is_home);
        }
        drop(turn);
        match kept {
            true => info!(workspace = %workspace, "Changed the token of workspace {workspace}"),
            false => {
                info!(workspace = %workspace, "Workspace {workspace} has another token by now, which stays")
            }
        }
        self.pauses.remove(&(workspace, whose));
        Ok(())
    }

    /// Slack does not take the refresh token any more.
    async fn end(
        &mut self,
        workspace: WorkspaceId,
        whose: Whose,
        used: Secret,
        now: Timestamp,
    ) -> Result<()> {
        let ends = self.store.of(&workspace).token_ends(whose, used, now).await?;
        match (ends, whose) {
            (false, _) => {}
            (true, Whose::Bot) => warn!(
                workspace = %workspace,
                "Slack takes the refresh token of workspace {workspace} no more: connect it again before its token ends"
            ),
            (true, Whose::Person) => warn!(
                workspace = %workspace,
                "Slack takes the refresh token of the person who installed the app in workspace {workspace} no more"
            ),
        }
        Ok(())
    }

    fn pause(&mut self, token: (WorkspaceId, Whose), now: Timestamp) {
        let failures = self.pauses.get(&token).map_or(0, |(_, failures)| *failures) + 1;
        let until = now.plus(backoff::delay(failures, fastrand::f64()));
        self.pauses.insert(token, (until, failures));
    }
}

impl Worker for Rotator {
    fn name(&self) -> &'static str {
        "rotation"
    }

    async fn step(&mut self, now: Timestamp) -> Result<Next> {
        let mut next = Soonest::default();
        for rotating in self.store.rotating(now.plus(AHEAD)).await? {
            match self.pauses.get(&(rotating.workspace.clone(), rotating.whose)) {
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
