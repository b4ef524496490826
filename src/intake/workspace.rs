//! Who we are and which channels there are: asked at the start, again every hour, and when somebody rings.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use tokio::sync::watch;
use tracing::{info, warn};

use crate::domain::backoff;
use crate::domain::bundle::Pick;
use crate::domain::ids::WorkspaceId;
use crate::domain::message::Ourselves;
use crate::domain::time::Timestamp;
use crate::runtime::bell::Bell;
use crate::runtime::worker::{Next, Worker};
use crate::slack::api::Api;
use crate::slack::outcome::Failure;
use crate::slack::rooms::ChannelInfo;
use crate::store::Store;
use crate::store::channels::Channel;

/// How often the channels are listed although no event said that anything changed.
const EVERY: Duration = Duration::from_secs(60 * 60);

/// What keeps us from knowing who we are, for `deskd status`; `None` when nothing does.
#[derive(Clone, Default)]
pub struct Trouble(Arc<Mutex<Option<(String, String)>>>);

impl Trouble {
    /// Slack's error name and what to do about it.
    pub fn now(&self) -> Option<(String, String)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, trouble: Option<(String, String)>) -> bool {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let news = held.as_ref().map(|(code, _)| code) != trouble.as_ref().map(|(code, _)| code);
        *held = trouble;
        news
    }
}

/// Keeps what we know of the workspace up to date.
pub struct Workspace {
    store: Store,
    api: Api,
    ours: watch::Sender<Option<Ourselves>>,
    /// Rung when we learn who we are: the gatherer waits for it.
    gather: Bell,
    trouble: Trouble,
    failures: u32,
}

impl Workspace {
    /// A worker that publishes who we are to `ours`.
    pub fn new(
        store: Store,
        api: Api,
        ours: watch::Sender<Option<Ourselves>>,
        gather: Bell,
        trouble: Trouble,
    ) -> Workspace {
        Workspace { store, api, ours, gather, trouble, failures: 0 }
    }

    async fn learn(&self, now: Timestamp) -> Result<Result<(), Failure>> {
        let identity = match self.api.auth_test().await {
            Ok(identity) => identity,
            Err(failure) => return Ok(Err(failure)),
        };
        let ours = identity.ourselves;
        self.store.set_ourselves(ours.clone(), identity.scopes, now).await?;
        if self.ours.borrow().as_ref() != Some(&ours) {
            info!(workspace = %ours.workspace, "Working in workspace {}", ours.workspace);
            let _ = self.ours.send(Some(ours.clone()));
            self.gather.ring();
        }
        match self.api.conversations_list().await {
            Ok(listed) => self.keep(&ours.workspace, listed, now).await.map(Ok),
            Err(failure) => Ok(Err(failure)),
        }
    }

    async fn keep(&self, workspace: &WorkspaceId, listed: Vec<ChannelInfo>, now: Timestamp) -> Result<()> {
        let channels = listed.into_iter().filter(|channel| !channel.is_im).map(|channel| Channel {
            id: channel.id,
            name: channel.name,
            is_private: channel.is_private,
            is_member: channel.is_member,
            is_archived: channel.is_archived,
            pick: Pick::None,
        });
        Ok(self.store.sync_channels(workspace.clone(), channels.collect(), now).await?)
    }
}

impl Worker for Workspace {
    fn name(&self) -> &'static str {
        "workspace"
    }

    /// Lists the channels of a large workspace at the pace that Slack allows.
    fn longest_step(&self) -> Duration {
        Duration::from_secs(600)
    }

    async fn step(&mut self, now: Timestamp) -> Result<Next> {
        let failure = match self.learn(now).await? {
            Ok(()) => {
                self.failures = 0;
                self.trouble.set(None);
                return Ok(Next::At(now.plus(EVERY)));
            }
            Err(failure) => failure,
        };
        self.failures += 1;
        let trouble = (failure.code().to_owned(), failure.sentence());
        if self.trouble.set(Some(trouble)) {
            warn!(
                error = failure.code(),
                "Slack does not tell us about the workspace: {}",
                failure.sentence()
            );
        }
        let wait = match failure {
            Failure::RateLimited { retry_after } => retry_after,
            Failure::Unreachable { .. }
            | Failure::Unknown { .. }
            | Failure::Token { .. }
            | Failure::Refused { .. } => backoff::delay(self.failures, fastrand::f64()),
        };
        Ok(Next::At(now.plus(wait)))
    }
}
