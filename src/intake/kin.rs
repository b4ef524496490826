//! Our further apps: asked who their bots are, so that nothing that one of them posts is taken for a contact's message, and so
//! that each answers with its own token where it was spoken to. In a workspace that nobody else of us is in, it is the desk.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use tracing::{info, warn};

use crate::domain::backoff;
use crate::domain::ids::{PersonId, WorkspaceId};
use crate::domain::message::Sibling;
use crate::domain::time::Timestamp;
use crate::runtime::bell::Bell;
use crate::runtime::worker::{Next, Worker};
use crate::slack::api::{Api, Identity};
use crate::slack::apis::Apis;
use crate::store::Store;

/// How often they are asked although nothing said that anything changed.
const EVERY: Duration = Duration::from_secs(60 * 60);

/// Our further apps, as far as they are known. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Kin(Arc<Mutex<Circle>>);

/// What is known of all of them.
#[derive(Debug, Default)]
struct Circle {
    known: Vec<Known>,
    /// What became of asking those that can be asked, by their ids; `None` before the first answer.
    asked: BTreeMap<String, Option<Standing>>,
    /// How often one of them has said where it is.
    heard: u64,
}

/// An app and where its bot is; without a workspace what the configuration says, which holds everywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    workspace: Option<WorkspaceId>,
    app: Sibling,
}

/// What Slack said last of an app's bot token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is good.
    Works {
        /// The workspace that it is of.
        workspace: WorkspaceId,
        /// What it may do.
        scopes: Vec<String>,
    },
    /// It belongs to another app than the configuration says.
    OfAnother,
    /// Slack does not say; the name of the error.
    Fails(String),
}

impl Kin {
    /// These, of which only the ids are known.
    pub fn new(apps: Vec<Sibling>) -> Kin {
        let known = apps.into_iter().map(|app| Known { workspace: None, app }).collect();
        Kin(Arc::new(Mutex::new(Circle { known, ..Circle::default() })))
    }

    /// Those that are configured.
    pub fn configured(&self) -> Vec<Sibling> {
        let circle = self.circle();
        let configured = circle.known.iter().filter(|known| known.workspace.is_none());
        configured.map(|known| known.app.clone()).collect()
    }

    /// From now on it may turn out where this one is installed.
    pub fn await_word(&self, app: &str) {
        self.circle().asked.entry(app.to_owned()).or_default();
    }

    /// Whether it may yet turn out where an app is installed.
    pub fn is_awaited(&self, app: &str) -> bool {
        matches!(self.circle().asked.get(app), Some(None | Some(Standing::Fails(_))))
    }

    /// What Slack said last of an app's bot token; `None` where there is none, or nothing was said yet.
    pub fn standing(&self, app: &str) -> Option<Standing> {
        self.circle().asked.get(app).cloned().flatten()
    }

    /// How often one of them has said where it is.
    pub fn heard(&self) -> u64 {
        self.circle().heard
    }

    fn hear(&self, app: &str, standing: Standing) {
        let mut circle = self.circle();
        if !matches!(standing, Standing::Fails(_)) {
            circle.heard += 1;
        }
        circle.asked.insert(app.to_owned(), Some(standing));
    }

    /// Those that may write in a workspace, as far as they are known there.
    pub fn within(&self, workspace: &WorkspaceId) -> Vec<Sibling> {
        let here = |known: &&Known| known.workspace.as_ref().is_none_or(|id| id == workspace);
        self.circle().known.iter().filter(here).map(|known| known.app.clone()).collect()
    }

    /// The bot user of an app in a workspace.
    pub fn person(&self, app: &str, workspace: &WorkspaceId) -> Option<PersonId> {
        self.within(workspace).into_iter().filter(|known| known.app == app).find_map(|known| known.person)
    }

    /// Adds what is known of one: an app may have another bot in each workspace.
    pub fn learn(&self, workspace: &WorkspaceId, app: Sibling) {
        let mut circle = self.circle();
        circle.known.retain(|old| old.workspace.as_ref() != Some(workspace) || old.app.app != app.app);
        circle.known.push(Known { workspace: Some(workspace.clone()), app });
    }

    fn circle(&self) -> MutexGuard<'_, Circle> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One further app and its token.
pub struct Asked {
    /// What it is called here.
    pub name: String,
    /// Slack's id of it.
    pub id: String,
    /// What asks with its bot token.
    pub api: Api,
}

/// Asks the further apps who they are.
pub struct Kinship {
    store: Store,
    apps: Vec<Asked>,
    kin: Kin,
    apis: Apis,
    /// Rung when one of them brings a workspace.
    gather: Bell,
    failures: u32,
}

impl Kinship {
    /// A worker that tells `kin` and `apis` what it learns, and rings `gather` when that makes more events ours.
    pub fn new(store: Store, apps: Vec<Asked>, kin: Kin, apis: Apis, gather: Bell) -> Kinship {
        Kinship { store, apps, kin, apis, gather, failures: 0 }
    }

    /// Asks one app; false when it has to be asked again.
    async fn ask(&self, app: &Asked, now: Timestamp) -> Result<bool> {
        let identity = match app.api.auth_test().await {
            Ok(identity) => identity,
            Err(failure) => {
                let (told, error) = (failure.sentence(), failure.code().to_owned());
                warn!(app = app.name, error, "Slack does not say who {} is: {told}", app.name);
                self.kin.hear(&app.id, Standing::Fails(error));
                return Ok(false);
            }
        };
        let who = &identity.ourselves;
        let is_another = who.app.as_ref().is_some_and(|id| *id != app.id);
        if is_another {
            warn!(app = app.name, "The bot token of {} belongs to another app than its id says", app.name);
        }
        let (name, id) = (app.name.clone(), app.id.clone());
        let (person, bot) = (Some(who.person.clone()), Some(who.bot.clone()).filter(|bot| !bot.is_empty()));
        let sibling = Sibling { name, app: id, person, bot };
        self.kin.learn(&who.workspace, sibling.clone());
        self.store.of(&who.workspace).note_app(sibling, now).await?;
        self.apis.join(&app.id, &who.workspace, app.api.clone());
        let works = Standing::Works { workspace: who.workspace.clone(), scopes: identity.scopes.clone() };
        if !self.serve(app, identity, now).await? {
            return Ok(false);
        }
        self.kin.hear(&app.id, if is_another { Standing::OfAnother } else { works });
        self.gather.ring();
        Ok(true)
    }

    /// Works through this app in its workspace when nobody else of us does; false while it is not known where home is.
    async fn serve(&self, app: &Asked, identity: Identity, now: Timestamp) -> Result<bool> {
        let Identity { ourselves: ours, scopes, .. } = identity;
        let workspace = ours.workspace.clone();
        if self.apis.is_settled(&workspace) {
            return Ok(true);
        }
        let has_home = self.apis.spaces().borrow().home().is_some();
        if !has_home && self.apis.configured().has_bot() && !self.store.was_left().await? {
            return Ok(false);
        }
        if self.store.of(&workspace).serve_through(ours.clone(), scopes, now).await?
            && self.apis.confirm(ours, &app.api, false).is_some()
        {
            info!(workspace = %workspace, app = app.name, "Working in workspace {workspace} through {}", app.name);
        }
        Ok(true)
    }
}

impl Worker for Kinship {
    fn name(&self) -> &'static str {
        "kinship"
    }

    /// One call for each app.
    fn longest_step(&self) -> Duration {
        Duration::from_secs(600)
    }

    async fn step(&mut self, now: Timestamp) -> Result<Next> {
        let mut all = true;
        for app in &self.apps {
            all &= self.ask(app, now).await?;
        }
        self.failures = if all { 0 } else { self.failures.saturating_add(1) };
        let wait = if all { EVERY } else { backoff::delay(self.failures, fastrand::f64()) };
        Ok(Next::At(now.plus(wait)))
    }
}
