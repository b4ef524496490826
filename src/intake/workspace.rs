//! Who we are and which channels there are: asked at the start, again every hour, and when somebody rings.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
use crate::slack::rooms::{ChannelInfo, Listing};
use crate::store::Store;
use crate::store::channels::Channel;

/// How often the channels are listed although no event said that anything changed.
const EVERY: Duration = Duration::from_secs(60 * 60);

/// What keeps us from knowing who we are, for `deskd status`; `None` when nothing does.
#[derive(Clone, Default)]
pub struct Trouble(Arc<Mutex<Option<Held>>>);

/// One trouble.
#[derive(Clone)]
struct Held {
    code: String,
    sentence: String,
    /// Whether only an operator can end it.
    refused: bool,
    since: Timestamp,
}

/// What Slack refuses to tell us, until an operator has acted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Slack's name of the error.
    pub code: String,
    /// What it means and what to do.
    pub sentence: String,
    /// Since when.
    pub since: Timestamp,
}

impl Trouble {
    /// Slack's error name and what to do about it.
    pub fn now(&self) -> Option<(String, String)> {
        self.held().as_ref().map(|held| (held.code.clone(), held.sentence.clone()))
    }

    /// The same when it does not pass by itself: a dead token, or an app that may not do this.
    pub fn refused(&self) -> Option<Refused> {
        let held = self.held().clone().filter(|held| held.refused)?;
        Some(Refused { code: held.code, sentence: held.sentence, since: held.since })
    }

    /// Notes a failure; says whether it is news.
    fn set(&self, failure: &Failure, now: Timestamp) -> bool {
        let mut held = self.held();
        let known = held.as_ref().filter(|held| held.code == failure.code());
        let since = known.map_or(now, |held| held.since);
        let news = known.is_none();
        let refused = matches!(failure, Failure::Token { .. } | Failure::Refused { .. });
        let (code, sentence) = (failure.code().to_owned(), failure.sentence());
        *held = Some(Held { code, sentence, refused, since });
        news
    }

    fn clear(&self) {
        *self.held() = None;
    }

    fn held(&self) -> MutexGuard<'_, Option<Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
    /// The channels as far as they are listed: Slack's rate limit may stop a long list in the middle.
    listing: Option<(WorkspaceId, Listing)>,
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
        Workspace { store, api, ours, gather, trouble, failures: 0, listing: None }
    }

    /// One page of the channels, after asking who we are when a list begins. True when all is known.
    async fn learn(&mut self, now: Timestamp) -> Result<Result<bool, Failure>> {
        if self.listing.is_none()
            && let Err(failure) = self.introduce(now).await?
        {
            return Ok(Err(failure));
        }
        let Some((workspace, mut listing)) = self.listing.take() else { return Ok(Ok(true)) };
        match self.api.list_on(&mut listing).await {
            Ok(true) => self.keep(&workspace, listing.found, now).await.map(|()| Ok(true)),
            Ok(false) => {
                self.listing = Some((workspace, listing));
                Ok(Ok(false))
            }
            Err(failure) => {
                // Only a wait for the rate limit goes on in the middle: a cursor does not live for long.
                if matches!(failure, Failure::RateLimited { .. }) {
                    self.listing = Some((workspace, listing));
                }
                Ok(Err(failure))
            }
        }
    }

    async fn introduce(&mut self, now: Timestamp) -> Result<Result<(), Failure>> {
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
        self.listing = Some((ours.workspace, Listing::default()));
        Ok(Ok(()))
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
        Ok(self.store.of(workspace).sync_channels(channels.collect(), now).await?)
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
            Ok(complete) => {
                self.failures = 0;
                self.trouble.clear();
                return Ok(if complete { Next::At(now.plus(EVERY)) } else { Next::Again });
            }
            // Not a trouble but a pause, and one that no bell cuts short.
            Err(Failure::RateLimited { retry_after }) => return Ok(Next::NotBefore(now.plus(retry_after))),
            Err(failure) => failure,
        };
        self.failures += 1;
        if self.trouble.set(&failure, now) {
            warn!(
                error = failure.code(),
                "Slack does not tell us about the workspace: {}",
                failure.sentence()
            );
        }
        Ok(Next::At(now.plus(backoff::delay(self.failures, fastrand::f64()))))
    }
}
