//! Who we are and which channels there are, in every workspace that we serve: asked after the start, one workspace after the
//! other, again every hour, and at home when somebody rings. What was left behind in a workspace that the app has left goes here, too.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use tokio::sync::watch;
use tracing::{info, warn};

use super::doubts::Doubts;
use crate::domain::backoff;
use crate::domain::bundle::Pick;
use crate::domain::ids::WorkspaceId;
use crate::domain::installation::Source;
use crate::domain::message::Ourselves;
use crate::domain::spaces::first_look;
use crate::domain::time::Timestamp;
use crate::runtime::bell::Bell;
use crate::runtime::worker::{Next, Worker};
use crate::slack::api::{Api, Identity};
use crate::slack::apis::Apis;
use crate::slack::outcome::Failure;
use crate::slack::rooms::{ChannelInfo, Listing};
use crate::store::channels::Channel;
use crate::store::installations::Installation;
use crate::store::{Keeping, Store, StoreError};

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

/// Keeps what we know of the workspaces up to date.
pub struct Workspace {
    store: Store,
    apis: Apis,
    ours: watch::Sender<Option<Ourselves>>,
    /// Rung when we learn who we are: the gatherer waits for it.
    gather: Bell,
    trouble: Trouble,
    doubts: Doubts,
    /// Whether it is known whose the configured token is, or that another speaks in its place.
    settled: Option<bool>,
    home: Visit,
    /// The other workspaces; `None` before the first look at them.
    others: Option<BTreeMap<WorkspaceId, Visit>>,
}

/// How far we are with one workspace.
#[derive(Default)]
struct Visit {
    /// When it is looked at again; at once before the first time.
    due: Option<Timestamp>,
    failures: u32,
    /// The channels as far as they are listed: Slack's rate limit may stop a long list in the middle.
    listing: Option<(WorkspaceId, Listing)>,
    /// What was said last of what is wrong.
    said: Option<String>,
}

impl Workspace {
    /// A worker that publishes who we are at home to `ours`, and everywhere to `apis`.
    pub fn new(
        store: Store,
        apis: impl Into<Apis>,
        ours: watch::Sender<Option<Ourselves>>,
        gather: Bell,
        trouble: Trouble,
    ) -> Workspace {
        let (apis, home) = (apis.into(), Visit::default());
        let doubts = Doubts::new(store.clone(), apis.clone());
        Workspace { store, apis, ours, gather, trouble, doubts, settled: None, home, others: None }
    }

    /// What speaks at home; `None` when nothing does.
    async fn at_home(&mut self) -> Result<Option<Api>> {
        let settled = match self.settled {
            Some(settled) => settled,
            None => {
                let stands_in = |one: &Installation| one.source == Source::Configured && one.has_token;
                let replaced = self.store.installations().await?.iter().any(stands_in);
                *self.settled.insert(replaced || !self.apis.configured().has_bot())
            }
        };
        if !settled {
            return Ok(Some(self.apis.configured().clone()));
        }
        let home = self.home_id();
        let known = home.and_then(|home| self.apis.of(&home).ok());
        Ok(known.or_else(|| Some(self.apis.configured().clone()).filter(Api::has_bot)))
    }

    fn home_id(&self) -> Option<WorkspaceId> {
        self.apis.spaces().borrow().home().map(|ours| ours.workspace.clone())
    }

    /// One page of the channels, after asking who we are when a list begins. True when all is known.
    async fn learn(&self, api: &Api, visit: &mut Visit, now: Timestamp) -> Result<Result<bool, Failure>> {
        if visit.listing.is_none() {
            let identity = match api.auth_test().await {
                Ok(identity) => identity,
                Err(failure) => return Ok(Err(failure)),
            };
            let known = self.introduce(api, identity, now).await?;
            visit.listing = known.map(|workspace| (workspace, Listing::default()));
        }
        let Some((workspace, mut listing)) = visit.listing.take() else { return Ok(Ok(true)) };
        let Ok(api) = self.apis.of(&workspace) else { return Ok(Ok(true)) };
        match api.list_on(&mut listing).await {
            Ok(true) => match self.keep(&workspace, listing.found, now).await {
                // It was left while Slack was asked.
                Ok(()) | Err(StoreError::Left) => Ok(Ok(true)),
                Err(problem) => Err(problem.into()),
            },
            Ok(false) => {
                visit.listing = Some((workspace, listing));
                Ok(Ok(false))
            }
            Err(failure) => {
                // Only a wait for the rate limit goes on in the middle: a cursor does not live for long.
                if matches!(failure, Failure::RateLimited { .. }) {
                    visit.listing = Some((workspace, listing));
                }
                Ok(Err(failure))
            }
        }
    }

    /// Remembers who we are where `api` speaks; `None` when we do not serve that workspace.
    async fn introduce(&self, api: &Api, identity: Identity, now: Timestamp) -> Result<Option<WorkspaceId>> {
        let Identity { ourselves: ours, scopes, .. } = identity;
        let workspace = ours.workspace.clone();
        let is_configured = api.is_same(self.apis.configured());
        // Somebody may have ended it while Slack was asked.
        let is_served = match is_configured {
            true => self.store.introduce(ours.clone(), scopes, now).await?,
            false => self.store.set_ourselves(ours.clone(), scopes, now).await?,
        };
        if !is_served {
            self.apis.leave(&workspace);
            return Ok(None);
        }
        // Or since that commit.
        let Some(changed) = self.apis.confirm(ours, api, is_configured) else { return Ok(None) };
        if changed {
            info!(workspace = %workspace, "Working in workspace {workspace}");
            self.gather.ring();
        }
        Ok(Some(workspace))
    }

    async fn keep(
        &self,
        workspace: &WorkspaceId,
        listed: Vec<ChannelInfo>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let channels = listed.into_iter().filter(|channel| !channel.is_im).map(|channel| Channel {
            id: channel.id,
            name: channel.name,
            is_private: channel.is_private,
            is_member: channel.is_member,
            is_archived: channel.is_archived,
            pick: Pick::None,
        });
        self.store.of(workspace).sync_channels(channels.collect(), now).await
    }

    /// Clears out behind the app where it has left.
    async fn clear_out(&mut self) -> Result<()> {
        for workspace in self.store.leaving().await? {
            self.apis.leave(&workspace);
            self.gather.ring();
            let departed = self.store.of(&workspace).clear_out(Keeping::Settings).await?;
            let rows = departed.rows;
            info!(workspace = %workspace, rows, "Left workspace {workspace}: {rows} rows are gone");
        }
        Ok(())
    }

    /// Tells those who work at home alone where that is.
    fn publish_home(&self) {
        let spaces = self.apis.spaces();
        let home = spaces.borrow().home().cloned();
        self.ours.send_if_modified(|ours| {
            let changed = *ours != home;
            *ours = home;
            changed
        });
    }

    /// Looks at home.
    async fn look_home(&mut self, now: Timestamp) -> Result<Next> {
        let Some(api) = self.at_home().await? else { return Ok(Next::At(now.plus(EVERY))) };
        let mut visit = std::mem::take(&mut self.home);
        let learnt = self.learn(&api, &mut visit, now).await;
        self.home = visit;
        let failure = match learnt? {
            Ok(complete) => {
                self.home.failures = 0;
                self.settled = Some(true);
                self.trouble.clear();
                return Ok(if complete { Next::At(now.plus(EVERY)) } else { Next::Again });
            }
            // Not a trouble but a pause, and one that no bell cuts short.
            Err(Failure::RateLimited { retry_after }) => return Ok(Next::NotBefore(now.plus(retry_after))),
            Err(failure) => failure,
        };
        self.home.failures += 1;
        if self.trouble.set(&failure, now) {
            warn!(
                error = failure.code(),
                "Slack does not tell us about the workspace: {}",
                failure.sentence()
            );
        }
        Ok(Next::At(now.plus(backoff::delay(self.home.failures, fastrand::f64()))))
    }

    /// The other workspace that is due, if one is; else when the next one is.
    fn turn(&mut self, now: Timestamp) -> Result<WorkspaceId, Option<Timestamp>> {
        let home = self.home_id();
        let spaces = self.apis.spaces().borrow().clone();
        let is_other = |id: &WorkspaceId| Some(id) != home.as_ref();
        let there = || spaces.all().map(|ours| &ours.workspace).filter(|id| is_other(id));
        let others = self.others.get_or_insert_with(|| {
            let visit = |nth| Visit { due: Some(now.plus(first_look(nth, EVERY))), ..Visit::default() };
            there().enumerate().map(|(nth, id)| (id.clone(), visit(nth))).collect()
        });
        others.retain(|id, _| is_other(id) && spaces.of(id).is_some());
        for id in there() {
            if !others.contains_key(id) {
                others.insert(id.clone(), Visit::default());
            }
        }
        let next = others.iter().min_by_key(|(_, visit)| visit.due);
        match next {
            Some((id, visit)) if visit.due.is_none_or(|due| due <= now) => Ok(id.clone()),
            Some((_, visit)) => Err(visit.due),
            None => Err(None),
        }
    }

    /// Looks at another workspace; a failure there is said in the log, and it is looked at again.
    async fn look_at(&mut self, workspace: WorkspaceId, now: Timestamp) -> Result<()> {
        let Some(mut visit) = self.others.as_mut().and_then(|others| others.remove(&workspace)) else {
            return Ok(());
        };
        let Ok(api) = self.apis.of(&workspace) else { return Ok(()) };
        let learnt = self.learn(&api, &mut visit, now).await?;
        visit.due = Some(match learnt {
            Ok(complete) => {
                (visit.failures, visit.said) = (0, None);
                if complete { now.plus(EVERY) } else { now }
            }
            Err(Failure::RateLimited { retry_after }) => now.plus(retry_after),
            Err(failure) => {
                visit.failures += 1;
                let (code, sentence) = (failure.code().to_owned(), failure.sentence());
                if visit.said.as_ref() != Some(&code) {
                    warn!(
                        workspace = %workspace,
                        error = code,
                        "Slack does not tell us about workspace {workspace}: {sentence}"
                    );
                    visit.said = Some(code);
                }
                now.plus(backoff::delay(visit.failures, fastrand::f64()))
            }
        });
        self.others.get_or_insert_default().insert(workspace, visit);
        Ok(())
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
        let doubted = self.doubts.settle(now).await?;
        self.clear_out().await?;
        // Home goes first at the start; later it is looked at when nobody else is due.
        let other = if self.settled == Some(true) { self.turn(now) } else { Err(None) };
        let next = match other {
            Ok(workspace) => {
                self.look_at(workspace, now).await?;
                Next::Again
            }
            Err(due) => match (self.look_home(now).await?, due) {
                (Next::At(at), Some(due)) => Next::At(at.min(due)),
                // Home is known, and nobody has looked at the others yet.
                (Next::At(_), None) if self.settled == Some(true) && self.others.is_none() => Next::Again,
                (next, _) => next,
            },
        };
        self.publish_home();
        Ok(match (next, doubted) {
            (Next::At(at), Some(again)) => Next::At(at.min(again)),
            (Next::Bell, Some(again)) => Next::At(again),
            (next, _) => next,
        })
    }
}
