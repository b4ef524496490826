//! Which workspace a request is about: the one it names, else the only one there is.

use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::Front;
use super::errors::{Code, Refusal};
use crate::domain::installation::State;
use crate::domain::message::Ourselves;
use crate::domain::spaces::Choice;

/// The header in which a request names a workspace, by id or name.
pub const WORKSPACE_HEADER: &str = "deskd-workspace";

/// How long a request waits for a desk that has just started to learn its workspace from Slack.
const INTRODUCTION: Duration = Duration::from_secs(5);

/// A request's own view: what the router holds, and the workspace that the request names.
impl FromRequestParts<Front> for Front {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, front: &Front) -> Result<Front, Refusal> {
        let Some(value) = parts.headers.get(WORKSPACE_HEADER) else { return Ok(front.clone()) };
        let wanted = std::str::from_utf8(value.as_bytes())
            .map_err(|_| Refusal::bad("the name of the workspace is not UTF-8; hint: give its id (T...)"))?;
        let wanted = Some(wanted.trim().to_owned()).filter(|wanted| !wanted.is_empty());
        Ok(Front { wanted, ..front.clone() })
    }
}

/// Who we are in the workspace that a request is about, as far as we know: from Slack, else from the last time.
pub async fn ourselves(front: &Front) -> Result<Ourselves, Refusal> {
    let spaces = front.apis.spaces().borrow().clone();
    match spaces.choose(front.wanted.as_deref()) {
        Choice::This(ours) => Ok(ours.clone()),
        Choice::None => nowhere(front).await,
        Choice::Unknown => {
            refuse_left(front).await?;
            let known = spaces.all().map(|ours| ours.workspace_name.as_str()).collect::<Vec<_>>().join(", ");
            let what = format!("deskd is in no workspace of this name; hint: it is in {known}");
            Err(Refusal::new(Code::NoSuchWorkspace, what))
        }
        Choice::Several => {
            let known = spaces.all().map(|ours| ours.workspace_name.as_str()).collect::<Vec<_>>().join(", ");
            let what = format!(
                "deskd is in several workspaces ({known}), so say which; hint: --workspace NAME, or its id (T...)"
            );
            Err(Refusal::new(Code::WhichWorkspace, what))
        }
    }
}

/// The same, but where a request names none it is about home: for what systems hand in, who know of one desk.
pub async fn at_home(front: &Front) -> Result<Ourselves, Refusal> {
    let home = front.apis.spaces().borrow().home().cloned();
    match home.filter(|_| front.wanted.is_none()) {
        Some(ours) => Ok(ours),
        None => ourselves(front).await,
    }
}

/// We are nowhere: not yet, or not any more.
async fn nowhere(front: &Front) -> Result<Ourselves, Refusal> {
    let known = front.ours.borrow().clone();
    if let Some(ours) = known.filter(|ours| front.apis.of(&ours.workspace).is_ok()) {
        return Ok(ours);
    }
    if let Some(ours) = front.store.ourselves().await? {
        return Ok(ours);
    }
    refuse_left(front).await?;
    // In the first moments of a new desk Slack is still being asked; a script that has just started it need not fail.
    if front.trouble.now().is_none() {
        let mut learnt = front.ours.clone();
        if let Ok(Ok(ours)) = tokio::time::timeout(INTRODUCTION, learnt.wait_for(Option::is_some)).await
            && let Some(ours) = ours.clone()
        {
            return Ok(ours);
        }
    }
    let why = front.trouble.now().map(|(_, sentence)| format!(": {sentence}")).unwrap_or_default();
    let what = format!("deskd does not know its Slack workspace yet{why}; hint: run \"deskd doctor\"");
    Err(Refusal::new(Code::NoWorkspace, what))
}

/// Refuses what is asked of a workspace that we have left.
async fn refuse_left(front: &Front) -> Result<(), Refusal> {
    let wanted = front.wanted.as_deref();
    let left = front.store.installations().await?.into_iter().find(|one| {
        let is_meant = wanted.is_none_or(|wanted| {
            one.workspace.0 == wanted
                || (!one.name.is_empty() && one.name.to_lowercase() == wanted.to_lowercase())
        });
        is_meant && one.state != State::Active
    });
    match left {
        None => Ok(()),
        Some(left) => {
            let name = if left.name.is_empty() { left.workspace.0 } else { left.name };
            let what = format!(
                "deskd is not connected to {name} any more; hint: \"deskd connect\" connects it again"
            );
            Err(Refusal::new(Code::NotConnected, what))
        }
    }
}
