//! Who speaks for us in which workspace. Workers ask with the workspace of the row they work on, so that nothing of one
//! workspace is ever said with another's token.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::watch;

use super::api::Api;
use super::outcome::{Failure, NOT_CONFIGURED};
use crate::domain::ids::WorkspaceId;
use crate::domain::message::Ourselves;
use crate::domain::spaces::Spaces;

/// The Web API of each workspace that we serve. Clones share it.
#[derive(Clone, Debug)]
pub struct Apis {
    configured: Api,
    /// `None` for a workspace that was left.
    speaking: Arc<RwLock<BTreeMap<WorkspaceId, Option<Api>>>>,
    /// Further apps of ours, each by its id and the workspace that its token belongs to.
    further: Arc<RwLock<BTreeMap<(String, WorkspaceId), Api>>>,
    spaces: Arc<watch::Sender<Arc<Spaces>>>,
    /// See [`Apis::turn`].
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl From<Api> for Apis {
    fn from(configured: Api) -> Apis {
        let (speaking, further) = (Arc::default(), Arc::default());
        let spaces = Arc::new(watch::Sender::default());
        Apis { configured, speaking, further, spaces, turn: Arc::default() }
    }
}

impl Apis {
    /// Whoever puts a token into the database and then has it spoken with takes a turn: of two at the same time one would be in
    /// memory and the other in the database.
    pub async fn turn(&self) -> tokio::sync::OwnedMutexGuard<()> {
        self.turn.clone().lock_owned().await
    }

    /// What speaks with the configured token, and for calls that need none.
    pub fn configured(&self) -> &Api {
        &self.configured
    }

    /// What speaks in a workspace; the failure `not_configured` where the app is not installed. Before we know any workspace
    /// the configured token is taken to be of the one that is asked for: there was never another.
    pub fn of(&self, workspace: &WorkspaceId) -> Result<Api, Failure> {
        let speaking = self.speaking.read().unwrap_or_else(PoisonError::into_inner);
        let api = match speaking.get(workspace) {
            Some(api) => api.clone(),
            None if speaking.is_empty() => Some(self.configured.clone()).filter(Api::has_bot),
            None => None,
        };
        api.ok_or_else(|| Failure::Token { error: NOT_CONFIGURED.to_owned() })
    }

    /// What answers for an app in a workspace: a further one of ours with its own token, and everybody else as the desk does
    /// there. Nobody speaks where the app is not installed, nor where somebody has disconnected the desk.
    pub fn through(&self, app: &str, workspace: &WorkspaceId) -> Result<Api, Failure> {
        let desks = self.of(workspace)?;
        let further = self.further.read().unwrap_or_else(PoisonError::into_inner);
        Ok(further.get(&(app.to_owned(), workspace.clone())).cloned().unwrap_or(desks))
    }

    /// From now on a further app of ours answers with `api` in this workspace, where it was spoken to.
    pub fn join(&self, app: &str, workspace: &WorkspaceId, api: Api) {
        let mut further = self.further.write().unwrap_or_else(PoisonError::into_inner);
        further.insert((app.to_owned(), workspace.clone()), api);
    }

    /// Whether it is settled who speaks in a workspace, or that nobody does any more.
    pub fn is_settled(&self, workspace: &WorkspaceId) -> bool {
        self.speaking.read().unwrap_or_else(PoisonError::into_inner).contains_key(workspace)
    }

    /// From now on `api` speaks in the workspace of `ours`. Says whether that changes who we are anywhere.
    pub fn enter(&self, ours: Ourselves, api: Api, is_home: bool) -> bool {
        self.enter_all(vec![(ours, api, is_home)])
    }

    /// The same for one who has asked Slack meanwhile: not where the workspace was left since, which is `None`, and whoever was
    /// brought since speaks on.
    pub fn confirm(&self, ours: Ourselves, api: &Api, is_home: bool) -> Option<bool> {
        let mut speaking = self.speaking.write().unwrap_or_else(PoisonError::into_inner);
        let speaker =
            speaking.entry(ours.workspace.clone()).or_insert_with(|| Some(api.within(&ours.workspace)));
        speaker.is_some().then(|| self.change(|spaces| spaces.enter(ours, is_home)))
    }

    /// The same as `enter` for many at once.
    pub fn enter_all(&self, entered: Vec<(Ourselves, Api, bool)>) -> bool {
        let mut speaking = self.speaking.write().unwrap_or_else(PoisonError::into_inner);
        for (ours, api, _) in &entered {
            speaking.insert(ours.workspace.clone(), Some(api.within(&ours.workspace)));
        }
        drop(speaking);
        self.change(|spaces| entered.into_iter().for_each(|(ours, _, is_home)| spaces.enter(ours, is_home)))
    }

    /// From now on nobody speaks in this workspace.
    pub fn leave(&self, workspace: &WorkspaceId) {
        let mut speaking = self.speaking.write().unwrap_or_else(PoisonError::into_inner);
        speaking.insert(workspace.clone(), None);
        self.change(|spaces| spaces.leave(workspace));
    }

    /// The workspaces that we serve, whenever that changes.
    pub fn spaces(&self) -> watch::Receiver<Arc<Spaces>> {
        self.spaces.subscribe()
    }

    fn change(&self, change: impl FnOnce(&mut Spaces)) -> bool {
        self.spaces.send_if_modified(|shared| {
            let mut spaces = (**shared).clone();
            change(&mut spaces);
            let changed = **shared != spaces;
            *shared = Arc::new(spaces);
            changed
        })
    }
}
