//! Our installations: a workspace is connected, gets another token, or is left. Each of it is one commit first, and then the
//! workers are told.

use thiserror::Error;
use tracing::{info, warn};

use crate::domain::audit::{Act, Deed};
use crate::domain::ids::WorkspaceId;
use crate::domain::installation::{Parting, Source, WrongToken, check_token, is_dead};
use crate::domain::message::Ourselves;
use crate::domain::secret::Secret;
use crate::domain::task::Actor;
use crate::domain::time::Timestamp;
use crate::runtime::bell::Bell;
use crate::slack::api::{Api, Identity};
use crate::slack::apis::Apis;
use crate::slack::manifest::{lacking, without};
use crate::slack::outcome::{Failure, NOT_CONFIGURED};
use crate::store::installations::{NewInstallation, Tokens};
use crate::store::{Departed, Keeping, Store, StoreError};

/// The way to connect workspaces and to leave them. Clones share it.
#[derive(Clone)]
pub struct Accounts {
    pub(super) store: Store,
    pub(super) apis: Apis,
    /// Rung when there is a workspace to look at, or one to clear out.
    look: Bell,
    /// Rung when a directory is to be read.
    directory: Bell,
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
        "the token is not allowed {}; hint: add that in the app's settings under OAuth & Permissions, reinstall the app, and try again{}",
        .lacking.join(", "), also(.besides)
    )]
    Scopes {
        /// What the smallest profile lacks.
        lacking: Vec<String>,
        /// What is not granted of all the rest that deskd uses.
        besides: Vec<String>,
    },
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

fn also(besides: &[String]) -> String {
    match besides {
        [] => String::new(),
        besides => format!("; not granted either, so that some of it will not work: {}", besides.join(", ")),
    }
}

/// Whether a token may do what the smallest profile takes, by the rule that `deskd doctor` has.
pub(super) fn check_scopes(granted: &[String]) -> Result<(), NotConnected> {
    let lacking = lacking(granted);
    if lacking.is_empty() {
        return Ok(());
    }
    let besides = without(granted).into_iter().filter(|scope| !lacking.contains(scope)).collect();
    Err(NotConnected::Scopes { lacking, besides })
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
        Accounts { store, apis, look, directory }
    }

    /// Whether there is a key, so that a token can be kept.
    pub fn can_keep(&self) -> bool {
        self.store.has_keys()
    }

    /// Takes a token: asks Slack whose it is, compares what it may do with what is needed, and keeps it.
    pub async fn connect(&self, token: Secret, by: Actor, now: Timestamp) -> Result<Connected, NotConnected> {
        let _turn = self.apis.turn().await;
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
        let _turn = self.apis.turn().await;
        let (api, new) = self.ask(token, by).await?;
        if new.ours.workspace != *workspace {
            return Err(NotConnected::OtherWorkspace(new.ours.workspace_name));
        }
        self.admit(api, new, now).await
    }

    /// Leaves a workspace: nothing is served there from now on, and what was kept of it goes at once.
    pub async fn leave(
        &self,
        workspace: &WorkspaceId,
        (how, by): (Leave, Actor),
        now: Timestamp,
    ) -> Result<Parted, StoreError> {
        let _turn = self.apis.turn().await;
        let revoked = if how.revoke { Some(self.revoke(workspace).await?) } else { None };
        let space = self.store.of(workspace);
        space.part(Parting::Disconnected, by.clone(), now).await?;
        if let Some(Ok(())) = &revoked {
            space.note(Act::new(&by, Deed::TokenRevoked, &workspace.0), now).await?;
        }
        self.apis.leave(workspace);
        let keeping = if how.purge { Keeping::Nothing } else { Keeping::Settings };
        let departed = space.clear_out(keeping).await?;
        if how.purge {
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

    /// Has Slack end every token that speaks in a workspace: those of the database, else the configured one.
    async fn revoke(&self, workspace: &WorkspaceId) -> Result<Result<(), Failure>, StoreError> {
        let tokens = self.store.of(workspace).speaking_tokens().await?;
        if tokens.is_empty() {
            return Ok(match self.apis.of(workspace) {
                Ok(api) => api.revoke().await,
                Err(failure) => Err(failure),
            });
        }
        let mut revoked = Ok(());
        for token in tokens {
            let ended = match token {
                Ok(token) => self.end(&token).await,
                Err(_) => Err(Failure::Token { error: NOT_CONFIGURED.to_owned() }),
            };
            revoked = revoked.and(ended);
        }
        Ok(revoked)
    }

    /// Has Slack end a token; one that is good for nothing has ended.
    pub(super) async fn end(&self, token: &Secret) -> Result<(), Failure> {
        let api = self.apis.configured().speaking(token);
        let api = api.map_err(|problem| Failure::Unknown { what: problem.to_string() })?;
        match api.revoke().await {
            Err(failure) if is_dead(failure.code()) => Ok(()),
            ended => ended,
        }
    }

    /// Asks Slack whose a token is and what it may do.
    async fn ask(&self, token: Secret, by: Actor) -> Result<(Api, NewInstallation), NotConnected> {
        check_token(token.expose())?;
        let api = self.apis.configured().speaking(&token).map_err(|_| WrongToken::Damaged)?;
        let Identity { ourselves: ours, scopes, .. } = api.auth_test().await?;
        check_scopes(&scopes)?;
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
        let (ours, missing) = (new.ours.clone(), without(&new.scopes));
        let restored = self.store.install(new, now).await?;
        self.enter(api, &ours).await?;
        Ok(self.connected(ours, restored, missing))
    }

    /// From now on this is who speaks there.
    pub(super) async fn enter(&self, api: Api, ours: &Ourselves) -> Result<(), StoreError> {
        let is_home = self.store.ourselves().await?.is_some_and(|home| home.workspace == ours.workspace);
        self.apis.enter(ours.clone(), api, is_home);
        self.store.of(&ours.workspace).want_directory().await
    }

    /// Has everybody look who has to.
    pub(super) fn connected(&self, ours: Ourselves, restored: bool, missing: Vec<String>) -> Connected {
        self.look.ring();
        self.directory.ring();
        info!(workspace = %ours.workspace, restored, "Connected workspace {}", ours.workspace);
        Connected { ours, restored, missing }
    }
}
