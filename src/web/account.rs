//! Our installations: which workspaces we are in, connecting one, changing its token, leaving it. No answer holds a token, and
//! none can be asked for: they go in and never come out.

use std::time::Duration;

use axum::Json;
use axum::extract::ConnectInfo;
use serde::{Deserialize, Deserializer, Serialize};

use super::arguments::Given;
use super::caller::Caller;
use super::errors::{Code, Refusal};
use super::secrets::need_key;
use super::tasks::time;
use super::{Front, ourselves};
use crate::config::Secret;
use crate::domain::ids::WorkspaceId;
use crate::domain::installation::{State, TOKEN_ENDS};
use crate::domain::time::Timestamp;
use crate::intake::account::{Connected, Leave, NotConnected};
use crate::slack::outcome::Failure;
use crate::store::installations::Installation;

/// How often it is looked whether everybody in a workspace is known.
const LOOK: Duration = Duration::from_millis(100);
/// How long connecting waits for that; a large workspace is read on after the answer.
const SYNC: Duration = Duration::from_secs(90);

/// The connection with a workspace, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionDocument {
    /// Slack's id of the workspace.
    pub team_id: String,
    /// Its name.
    pub team_name: String,
    /// Our bot user in it.
    pub bot_user_id: String,
    /// When it was connected, RFC 3339.
    pub installed_at: String,
}

/// A workspace as listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkspaceRow {
    /// Slack's id of it.
    pub id: String,
    /// Its name; empty when it was forgotten.
    pub name: String,
    /// `active`, `leaving` or `gone`.
    pub state: String,
    /// How it came to be: `configured`, `connected` or `oauth`.
    pub source: String,
    /// Whether deskd tells of itself there.
    pub is_home: bool,
    /// When it was connected, RFC 3339.
    pub installed_at: String,
    /// When it was left, RFC 3339.
    pub gone_at: Option<String>,
    /// Why: `disconnected`, `tokens_revoked`, `app_uninstalled`; of an active one why somebody should look: `token_ends`,
    /// `token_locked`, `token_not_renewed`.
    pub reason: Option<String>,
}

/// What a token may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantedDocument {
    /// Slack's id of its workspace.
    pub team_id: String,
    /// The workspace's name.
    pub team_name: String,
    /// Its scopes; none when Slack did not say.
    pub granted: Vec<String>,
}

/// What connecting came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectedDocument {
    /// Always true.
    pub ok: bool,
    /// Slack's id of the workspace.
    pub team_id: String,
    /// Its name.
    pub team_name: String,
    /// Our bot user in it.
    pub bot_user_id: String,
    /// Whether everybody in it is known; otherwise they are still being read.
    pub synced: bool,
    /// People in it, bots included.
    pub people: i64,
    /// User groups in it.
    pub groups: i64,
    /// Whether what had been picked before it was left is there again.
    pub restored: bool,
    /// Scopes that were not granted, without which something does not work.
    pub missing_scopes: Vec<String>,
    /// What to do about those.
    pub hint: Option<String>,
}

/// What leaving came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisconnectedDocument {
    /// Always true.
    pub ok: bool,
    /// Slack's id of the workspace.
    pub team_id: String,
    /// Rows that were deleted.
    pub rows: usize,
    /// Whether nothing is left in the write-ahead log either; if not, that is tried every two seconds until nobody reads it.
    pub folded: bool,
    /// Copies of the database beside it, which keep what they hold.
    pub copies: Vec<String>,
    /// Whether Slack revoked the token; null when it was not asked to.
    pub revoked: Option<bool>,
    /// What is left to be done by hand.
    pub hint: Option<String>,
}

/// A token to be taken.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    #[serde(deserialize_with = "secret")]
    token: Secret,
}

/// How to leave.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaving {
    #[serde(default)]
    revoke: bool,
    #[serde(default)]
    purge: bool,
}

fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<Secret, D::Error> {
    let text = zeroize::Zeroizing::new(String::deserialize(from)?);
    Ok(Secret::new(&text))
}

/// `GET /api/slack/status`.
pub async fn status(front: Front) -> Result<Json<ConnectionDocument>, Refusal> {
    let ours = ourselves(&front).await?;
    let installations = front.store.installations().await?;
    let found = installations.into_iter().find(|one| one.workspace == ours.workspace);
    let installed_at = found.map_or(front.started_at, |one| one.installed_at);
    Ok(Json(ConnectionDocument {
        team_id: ours.workspace.0,
        team_name: ours.workspace_name,
        bot_user_id: ours.person.0,
        installed_at: instant(installed_at),
    }))
}

/// `GET /v1/workspaces`, in the order in which they were connected.
pub async fn list(front: Front) -> Result<Json<Vec<WorkspaceRow>>, Refusal> {
    let home = front.apis.spaces().borrow().home().map(|ours| ours.workspace.clone());
    let installations = front.store.installations().await?;
    let row = |one: Installation| WorkspaceRow {
        reason: concern(&front, &one)
            .map(str::to_owned)
            .or_else(|| Some(one.reason).filter(|reason| !reason.is_empty())),
        is_home: home.as_ref() == Some(&one.workspace),
        id: one.workspace.0,
        name: one.name,
        state: one.state.as_str().to_owned(),
        source: one.source.as_str().to_owned(),
        installed_at: instant(one.installed_at),
        gone_at: time(one.gone_at),
    };
    Ok(Json(installations.into_iter().map(row).collect()))
}

/// Why somebody should look at a workspace that we are in, as a stable word; `None` where nobody has to. A token that is there and
/// is not spoken with is one that cannot be read.
pub fn concern(front: &Front, one: &Installation) -> Option<&'static str> {
    let is_locked = || one.has_token && front.apis.of(&one.workspace).is_err();
    match one.state {
        State::Leaving | State::Gone => None,
        State::Active if one.reason == TOKEN_ENDS => Some(TOKEN_ENDS),
        State::Active if is_locked() => Some("token_locked"),
        State::Active if one.expires_at.is_some() && !front.renews => Some("token_not_renewed"),
        State::Active => None,
    }
}

/// `GET /v1/workspaces/granted`: what the token of a workspace may do, as Slack says it now.
pub async fn granted(front: Front) -> Result<Json<GrantedDocument>, Refusal> {
    let ours = ourselves(&front).await?;
    let identity = front.apis.of(&ours.workspace)?.auth_test().await?;
    Ok(Json(GrantedDocument {
        team_id: ours.workspace.0,
        team_name: ours.workspace_name,
        granted: identity.scopes,
    }))
}

/// `POST /v1/workspaces/connect`: validates the token and syncs the workspace, in one.
pub async fn connect(
    front: Front,
    ConnectInfo(caller): ConnectInfo<Caller>,
    Given(Token { token }): Given<Token>,
) -> Result<Json<ConnectedDocument>, Refusal> {
    need_key(&front)?;
    let connected = front.accounts.connect(token, caller.actor(), (front.now)()).await.map_err(refuse)?;
    Ok(Json(synced(&front, connected).await?))
}

/// `POST /v1/workspaces/rotate`: another token for a workspace that is connected.
pub async fn rotate(
    front: Front,
    ConnectInfo(caller): ConnectInfo<Caller>,
    Given(Token { token }): Given<Token>,
) -> Result<Json<ConnectedDocument>, Refusal> {
    need_key(&front)?;
    let workspace = ourselves(&front).await?.workspace;
    let connected =
        front.accounts.rotate(&workspace, (token, caller.actor()), (front.now)()).await.map_err(refuse)?;
    Ok(Json(synced(&front, connected).await?))
}

/// `POST /v1/workspaces/disconnect` and `/api/slack/disconnect`: tokens and everything that was kept of the workspace go at once.
pub async fn disconnect(
    front: Front,
    ConnectInfo(caller): ConnectInfo<Caller>,
    Given(Leaving { revoke, purge }): Given<Leaving>,
) -> Result<Json<DisconnectedDocument>, Refusal> {
    let workspace = meant(&front).await?;
    let parted =
        front.accounts.leave(&workspace, (Leave { revoke, purge }, caller.actor()), (front.now)()).await?;
    let copies = front.store.copies_beside().await?;
    let revoked = parted.revoked.as_ref().map(Result::is_ok);
    let hint = match parted.revoked {
        Some(Ok(())) => None,
        Some(Err(failure)) => Some(format!(
            "Slack did not revoke the token ({}); remove the app in Slack under Manage apps",
            failure.sentence()
        )),
        None => Some("the token is still good at Slack; remove the app there under Manage apps".to_owned()),
    };
    Ok(Json(DisconnectedDocument {
        ok: true,
        team_id: workspace.0,
        rows: parted.departed.rows,
        folded: parted.departed.folded,
        copies: copies.into_iter().map(|path| path.display().to_string()).collect(),
        revoked,
        hint,
    }))
}

/// The workspace to be left. One that was left may be cleared out again, for what is kept for a return.
async fn meant(front: &Front) -> Result<WorkspaceId, Refusal> {
    let refusal = match ourselves(front).await {
        Ok(ours) => return Ok(ours.workspace),
        Err(refusal) => refusal,
    };
    let gone = front.store.installations().await?.into_iter().filter(|one| one.state != State::Active);
    let wanted = front.wanted.as_deref();
    let mut gone =
        gone.filter(|one| wanted.is_none_or(|wanted| one.workspace.0 == wanted || one.name == wanted));
    match (gone.next(), gone.next()) {
        (Some(one), None) if refusal.code == Code::NotConnected => Ok(one.workspace),
        _ => Err(refusal),
    }
}

/// Waits until everybody in the workspace is known, but not for long.
async fn synced(front: &Front, connected: Connected) -> Result<ConnectedDocument, Refusal> {
    let Connected { ours, restored, missing } = connected;
    let mut left = SYNC.as_millis() / LOOK.as_millis();
    let standing = loop {
        let standing = front.store.of(&ours.workspace).directory().await?;
        if !standing.running || left == 0 {
            break standing;
        }
        left -= 1;
        tokio::time::sleep(LOOK).await;
    };
    let hint = (!missing.is_empty()).then(|| {
        "add those you want in the app's settings under OAuth & Permissions, and reinstall the app".to_owned()
    });
    Ok(ConnectedDocument {
        ok: true,
        team_id: ours.workspace.0,
        team_name: ours.workspace_name,
        bot_user_id: ours.person.0,
        synced: !standing.running,
        people: standing.people,
        groups: standing.groups,
        restored,
        missing_scopes: missing,
        hint,
    })
}

fn instant(at: Timestamp) -> String {
    time(Some(at)).unwrap_or_default()
}

fn refuse(problem: NotConnected) -> Refusal {
    let told = problem.to_string();
    match problem {
        NotConnected::Token(_) => Refusal::new(Code::WrongToken, told),
        NotConnected::Scopes { .. } => Refusal::new(Code::MissingScopes, told),
        NotConnected::OtherWorkspace(_) | NotConnected::NotAllowed(_) => Refusal::new(Code::WrongState, told),
        NotConnected::Slack(Failure::Token { error }) => {
            let what = Failure::Token { error }.sentence();
            Refusal::new(Code::SlackRefused, format!("{what}; hint: copy the token again"))
        }
        NotConnected::Slack(failure) => failure.into(),
        NotConnected::Store(problem) => problem.into(),
    }
}
