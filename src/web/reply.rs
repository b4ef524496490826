//! Answering a task. Success means stored; with `wait` the answer comes when Slack has it, or will not take it.

use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};

use super::arguments::{Given, Numbered};
use super::caller::Caller;
use super::errors::Refusal;
use super::queue;
use super::serve::Stop;
use super::{Front, ourselves};
use crate::domain::ids::{TaskNumber, WorkspaceId};
use crate::domain::send::SendState;
use crate::store::outbox::{QueuedSend, Submitted};

/// How often the outbox is looked at for somebody who waits. A send takes Slack 100 ms or more.
const LOOK: Duration = Duration::from_millis(50);

/// What is to be said.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    text: String,
    #[serde(default)]
    wait: bool,
}

/// What became of a reply.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Replied {
    /// Whether it is stored and nothing has failed.
    pub ok: bool,
    /// The task's number.
    pub task: i64,
    /// `sent` when Slack has all of it, `waiting` while deskd goes on by itself, else `failed`, `dead`, `unknown` or
    /// `dropped`, like the first part that stopped.
    pub state: String,
    /// The channel it goes to.
    pub channel: String,
    /// The thread it goes to.
    pub thread_ts: String,
    /// Where to read it in Slack, once it is there and somebody waited for it.
    pub permalink: Option<String>,
    /// Why it is not sent: a stable word or Slack's error name.
    pub reason: Option<String>,
    /// The same as people read it.
    pub sentence: Option<String>,
    /// Whether `deskd queue retry` may help without changing anything else. The reply itself is stored: saying it again
    /// would say it twice.
    pub retryable: bool,
    /// Its parts in the outbox.
    pub sends: Vec<Part>,
}

/// One part of a reply.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Part {
    /// Its row in the outbox.
    pub id: i64,
    /// Where it stands.
    pub state: String,
    /// The message's `ts` once Slack has it.
    pub ts: Option<String>,
}

/// `POST /v1/tasks/12/reply`.
pub async fn reply(
    front: Front,
    ConnectInfo(caller): ConnectInfo<Caller>,
    Extension(Stop(stop)): Extension<Stop>,
    Numbered(number): Numbered,
    Given(Reply { text, wait }): Given<Reply>,
) -> Result<Json<Replied>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    let task = TaskNumber(number);
    let now = (front.now)();
    let submitted = front.outgoing.reply(workspace.clone(), task, &text, caller.actor(), now).await?;
    if wait {
        let longest = front.settings.borrow().longest_wait;
        // Ends of patience and of the daemon are no failures: the answer then says how far it came.
        tokio::select! {
            settled = settled(&front, &workspace, &submitted) => settled?,
            () = tokio::time::sleep(longest) => {}
            () = stop.cancelled() => {}
        }
    }
    let parts = parts(&front, &workspace, &submitted).await?;
    let mut replied = tell(task, &submitted, &parts);
    if wait && let Some(ts) = parts.first().and_then(|part| part.ts.clone()) {
        let api = front.apis.of(&workspace)?;
        replied.permalink = api.permalink(&submitted.channel, &ts).await.ok();
    }
    Ok(Json(replied))
}

/// Waits until every part is sent or stopped, or is held by a channel that takes no messages, which may be for hours.
async fn settled(front: &Front, workspace: &WorkspaceId, submitted: &Submitted) -> Result<(), Refusal> {
    loop {
        let parts = parts(front, workspace, submitted).await?;
        if parts.iter().all(|part| !is_under_way(part.state) || part.held().is_some()) {
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn parts(
    front: &Front,
    workspace: &WorkspaceId,
    submitted: &Submitted,
) -> Result<Vec<QueuedSend>, Refusal> {
    let mut parts = Vec::with_capacity(submitted.sends.len());
    for id in &submitted.sends {
        parts.extend(front.store.of(workspace).send(*id).await?);
    }
    Ok(parts)
}

fn is_under_way(state: SendState) -> bool {
    match state {
        SendState::Waiting | SendState::Sending => true,
        SendState::Sent | SendState::Failed | SendState::Dead | SendState::Unknown | SendState::Dropped => {
            false
        }
    }
}

fn tell(task: TaskNumber, submitted: &Submitted, parts: &[QueuedSend]) -> Replied {
    let stopped = parts.iter().find(|part| !is_under_way(part.state) && part.state != SendState::Sent);
    let under_way = parts.iter().find(|part| is_under_way(part.state));
    let state = match (stopped, under_way) {
        (Some(part), _) => part.state,
        (None, Some(_)) => SendState::Waiting,
        (None, None) => SendState::Sent,
    };
    let told = stopped.or(under_way);
    let reason = told.map(|part| part.reason.clone()).filter(|reason| !reason.is_empty());
    Replied {
        ok: stopped.is_none(),
        task: task.0,
        state: state.as_str().to_owned(),
        channel: submitted.channel.0.clone(),
        thread_ts: submitted.thread.0.clone(),
        permalink: None,
        sentence: told.and_then(queue::told),
        reason,
        retryable: matches!(state, SendState::Dead),
        sends: parts
            .iter()
            .map(|part| Part {
                id: part.id.0,
                state: part.state.as_str().to_owned(),
                ts: part.ts.as_ref().map(|ts| ts.0.clone()),
            })
            .collect(),
    }
}
