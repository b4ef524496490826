//! Our installations: a workspace is connected, gets another token, or is left. Each of it is one commit first, and then the
//! workers are told.

use std::sync::Arc;

use thiserror::Error;
use tracing::{info, warn};

use crate::domain::audit::{Act, Deed};
use crate::domain::ids::WorkspaceId;
use crate::domain::install::may_install;
use crate::domain::installation::{Parting, Source, WrongToken, check_token, missing_scopes};
use crate::domain::message::Ourselves;
use crate::domain::secret::Secret;
use crate::domain::task::Actor;
use crate::domain::time::Timestamp;
use crate::runtime::bell::Bell;
use crate::slack::api::{Api, Identity};
use crate::slack::apis::Apis;
use crate::slack::manifest::{CONNECT_SCOPES, NEEDED_SCOPES, WANTED_SCOPES};
use crate::slack::oauth::{Client, Grant};
use crate::slack::outcome::Failure;
use crate::store::installations::{NewInstallation, Tokens};
use crate::store::{Departed, Store, StoreError};

/// The way to connect workspaces and to leave them. Clones share it.
#[derive(Clone)]
pub struct Accounts {
    store: Store,
    apis: Apis,
    /// Rung when there is a workspace to look at, or one to clear out.
    look: Bell,
    /// Rung when a directory is to be read.
    directory: Bell,
    /// One after the other: two tokens for one workspace at the same time would leave one of them in memory and the other in
    /// the database.
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// A workspace that was connected, or got another token.
#[derive(Clone, Debug)]
pub struct Connected {
    /// Who we are there.
    pub ours: Ourselves,
    /// Whether what was picked there before it was left is there again.
    pub restored: bool,
    /// Scopes that deskd would use and that were not granted.
    pub missing: Vec<String>,
}

/// Why a token was not taken.
#[derive(Debug, Error)]
pub enum NotConnected {
    /// It cannot be one.
    #[error(transparent)]
    Token(#[from] WrongToken),
    /// Slack does not accept it, or cannot be asked.
    #[error("{}", .0.sentence())]
    Slack(#[from] Failure),
    /// It is not allowed what nothing works without.
    #[error(
        "the token is not allowed {}; hint: add that in the app's settings under OAuth & Permissions, reinstall the app, and try again",
        .0.join(", ")
    )]
    Scopes(Vec<String>),
    /// Slack gave it for a workspace that this desk is not for.
    #[error(
        "workspace {0} is not allowed to install the app; hint: name it in allow under [oauth], and restart"
    )]
    NotAllowed(String),
    /// It is of another workspace than the one it is for.
    #[error(
        "this token is of the workspace {0}; hint: \"deskd connect\" adds a workspace, rotating changes nothing but the token"
    )]
    OtherWorkspace(String),
    /// It cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl NotConnected {
    /// Whether the reason lies with this desk: what Slack gave cannot be kept.
    pub fn is_ours(&self) -> bool {
        matches!(self, NotConnected::Store(StoreError::Sealed(_)))
    }
}

/// What leaving a workspace came to.
#[derive(Clone, Debug)]
pub struct Parted {
    /// Rows that went.
    pub departed: Departed,
    /// When it was asked for: whether Slack revoked the token, or why not.
    pub revoked: Option<Result<(), Failure>>,
}

/// How a workspace is left.
#[derive(Clone, Copy, Debug, Default)]
pub struct Leave {
    /// The token is revoked at Slack, too.
    pub revoke: bool,
    /// What was picked is not kept for a return.
    pub purge: bool,
}

impl Accounts {
    /// A way that rings `look` for the worker of workspaces and `directory` for the one who reads who there is.
    pub fn new(store: Store, apis: Apis, look: Bell, directory: Bell) -> Accounts {
        Accounts { store, apis, look, directory, turn: Arc::default() }
    }

    /// Takes a token: asks Slack whose it is, compares what it may do with what is needed, and keeps it.
    pub async fn connect(&self, token: Secret, by: Actor, now: Timestamp) -> Result<Connected, NotConnected> {
        let _turn = self.turn.lock().await;
        let (api, new) = self.ask(token, by).await?;
        self.admit(api, new, now).await
    }

    /// Puts another token in the place of a workspace's: from this commit on every call is made with it.
    pub async fn rotate(
        &self,
        workspace: &WorkspaceId,
        (token, by): (Secret, Actor),
        now: Timestamp,
    ) -> Result<Connected, NotConnected> {
        let _turn = self.turn.lock().await;
        let (api, new) = self.ask(token, by).await?;
        if new.ours.workspace != *workspace {
            return Err(NotConnected::OtherWorkspace(new.ours.workspace_name));
        }
        self.admit(api, new, now).await
    }

    /// Takes the code that a person came back with from Slack's pages: exchanges it, asks whose the token is, and keeps it. Where
    /// the workspace is none of those allowed, the token is given back at once.
    pub async fn install(
        &self,
        (client, redirect_url, allowed): (&Client, &str, &[String]),
        code: &str,
        now: Timestamp,
    ) -> Result<Connected, NotConnected> {
        let _turn = self.turn.lock().await;
        let grant = self.apis.configured().exchange(client, code, redirect_url).await?;
        let Grant { bot, scopes, user, refresh, expires_in, team, enterprise, org_wide } = grant;
        let api = self.apis.configured().speaking(&bot).map_err(|_| WrongToken::Damaged)?;
        if !may_install(allowed, team.as_deref(), enterprise.as_deref()) {
            if let Err(failure) = api.revoke().await {
                warn!(error = failure.code(), "Slack did not revoke a token that is not wanted");
            }
            return Err(NotConnected::NotAllowed(team.or(enterprise).unwrap_or_default()));
        }
        let mut ours = api.auth_test().await?.ourselves;
        let enterprise = enterprise.unwrap_or_default();
        // An organisation counts as one workspace, under its own id.
        let named = if org_wide { Some(enterprise.clone()).filter(|id| !id.is_empty()) } else { team };
        if let Some(named) = named {
            ours.workspace = WorkspaceId(named);
        }
        let tokens = Tokens { bot, user, refresh, expires_at: expires_in.map(|span| now.plus(span)) };
        let (source, by) = (Source::OAuth, Actor::Desk);
        let new = NewInstallation { ours, enterprise, org_wide, source, scopes, tokens, by };
        self.admit(api, new, now).await
    }

    /// Leaves a workspace: nothing is served there from now on, and what was kept of it goes at once.
    pub async fn leave(
        &self,
        workspace: &WorkspaceId,
        (how, by): (Leave, Actor),
        now: Timestamp,
    ) -> Result<Parted, StoreError> {
        let _turn = self.turn.lock().await;
        let revoked = match (how.revoke, self.apis.of(workspace)) {
            (false, _) => None,
            (true, Ok(api)) => Some(api.revoke().await),
            (true, Err(failure)) => Some(Err(failure)),
        };
        let space = self.store.of(workspace);
        space.part(Parting::Disconnected, by.clone(), now).await?;
        if let Some(Ok(())) = &revoked {
            space.note(Act::new(&by, Deed::TokenRevoked, &workspace.0), now).await?;
        }
        self.apis.leave(workspace);
        let departed = space.clear_out(now).await?;
        if how.purge {
            space.forget_settings().await?;
            let act = Act::new(&by, Deed::SettingsForgotten, &workspace.0).with("with the workspace");
            space.note(act, now).await?;
        }
        self.look.ring();
        let rows = departed.rows;
        info!(workspace = %workspace, rows, "Disconnected workspace {workspace}: {rows} rows are gone");
        if let Some(Err(failure)) = &revoked {
            warn!(workspace = %workspace, error = failure.code(), "Slack did not revoke the token of {workspace}");
        }
        Ok(Parted { departed, revoked })
    }

    /// Asks Slack whose a token is and what it may do.
    async fn ask(&self, token: Secret, by: Actor) -> Result<(Api, NewInstallation), NotConnected> {
        check_token(token.expose())?;
        let api = self.apis.configured().speaking(&token).map_err(|_| WrongToken::Damaged)?;
        let Identity { ourselves: ours, scopes, .. } = api.auth_test().await?;
        let lacking = missing_scopes(CONNECT_SCOPES.iter().copied(), &scopes);
        if !lacking.is_empty() {
            return Err(NotConnected::Scopes(lacking));
        }
        let tokens = Tokens { bot: token, user: None, refresh: None, expires_at: None };
        // The token of an organisation says that it is of the organisation.
        let (enterprise, org_wide) = match ours.workspace.is_organisation() {
            true => (ours.workspace.0.clone(), true),
            false => (String::new(), false),
        };
        Ok((
            api,
            NewInstallation { ours, enterprise, org_wide, source: Source::Connected, scopes, tokens, by },
        ))
    }

    /// Keeps an installation, and only then speaks with its token.
    async fn admit(&self, api: Api, new: NewInstallation, now: Timestamp) -> Result<Connected, NotConnected> {
        let ours = new.ours.clone();
        let wanted = NEEDED_SCOPES.iter().chain(WANTED_SCOPES).map(|(scope, _)| *scope);
        let missing = missing_scopes(wanted, &new.scopes);
        let restored = self.store.install(new, now).await?;
        let is_home = self.store.ourselves().await?.is_some_and(|home| home.workspace == ours.workspace);
        self.apis.enter(ours.clone(), api, is_home);
        self.store.of(&ours.workspace).want_directory().await?;
        self.look.ring();
        self.directory.ring();
        info!(workspace = %ours.workspace, restored, "Connected workspace {}", ours.workspace);
        Ok(Connected { ours, restored, missing })
    }
}
