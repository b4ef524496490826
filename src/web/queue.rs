//! The outbox to look at, and what a person may do with a row that did not go out.

use axum::Json;
use axum::extract::ConnectInfo;
use serde::{Deserialize, Serialize};

use super::arguments::{Asked, Given, Numbered, words};
use super::caller::Caller;
use super::channels::ChannelName;
use super::errors::{Code, Refusal};
use super::handling::Nothing;
use super::tasks::time;
use super::{Front, ourselves};
use crate::domain::ids::SendId;
use crate::domain::send::{DESTINATION_BROKEN, SendState};
use crate::domain::task::Actor;
use crate::slack::outcome::Failure;
use crate::store::outbox::{QueuedSend, Rescue};

/// A row of the outbox.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct QueueRow {
    /// Its number.
    pub id: i64,
    /// What it is, for instance `reply`.
    pub kind: String,
    /// Where it goes, as people read it: `#support`, or the id where there is no name.
    pub destination: String,
    /// `waiting`, `sending`, `sent`, `failed`, `dead`, `unknown` or `dropped`.
    pub state: String,
    /// Attempts so far.
    pub attempts: u32,
    /// When it is tried next, RFC 3339.
    pub next_at: Option<String>,
    /// Why it stands there: a stable word or Slack's error name.
    pub reason: Option<String>,
    /// The same as people read it.
    pub sentence: Option<String>,
    /// The task it answers.
    pub task: Option<i64>,
    /// The channel it goes to.
    pub channel: ChannelName,
    /// The thread it goes to.
    pub thread_ts: Option<String>,
    /// The message's `ts` once Slack has it.
    pub ts: Option<String>,
    /// When it was handed over, RFC 3339.
    pub created_at: String,
}

/// What became of a rescue.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rescued {
    /// Always true.
    pub ok: bool,
    /// The row as it is now.
    #[serde(flatten)]
    pub send: QueueRow,
}

/// Which rows to list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    state: Option<String>,
}

/// What is shown when nothing is asked for: everything that has not gone out and was not dropped.
const UNFINISHED: [SendState; 5] =
    [SendState::Waiting, SendState::Sending, SendState::Failed, SendState::Dead, SendState::Unknown];

/// `GET /v1/queue`: oldest first. `state=all` includes what is sent and dropped.
pub async fn list(front: Front, Asked(filter): Asked<Filter>) -> Result<Json<Vec<QueueRow>>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    let sends = front.store.of(&workspace).queue(states(filter.state.as_deref())?).await?;
    Ok(Json(sends.into_iter().map(row).collect()))
}

/// `POST /v1/queue/7/retry`.
pub async fn retry(
    front: Front,
    ConnectInfo(caller): ConnectInfo<Caller>,
    Numbered(number): Numbered,
    Given(Nothing {}): Given<Nothing>,
) -> Result<Json<Rescued>, Refusal> {
    rescue(&front, SendId(number), (Rescue::Retry, caller.actor())).await.map(Json)
}

/// `POST /v1/queue/7/drop`.
pub async fn forget(
    front: Front,
    ConnectInfo(caller): ConnectInfo<Caller>,
    Numbered(number): Numbered,
    Given(Nothing {}): Given<Nothing>,
) -> Result<Json<Rescued>, Refusal> {
    rescue(&front, SendId(number), (Rescue::Drop, caller.actor())).await.map(Json)
}

/// A stored reason as people read it.
pub fn sentence(reason: &str) -> String {
    match reason {
        "rate_limited" => "Slack asked to wait".to_owned(),
        "unreachable" => "Slack could not be reached".to_owned(),
        "outcome_unknown" => {
            "Slack did not say whether it took it; deskd looks before it sends again".to_owned()
        }
        "not_allowed" => "Slack does not accept the token: run \"deskd doctor\"".to_owned(),
        DESTINATION_BROKEN => "the channel took no messages for as long as deskd tried".to_owned(),
        "fallback" => "its channel takes no messages, so it goes here".to_owned(),
        "dropped_by_person" => "somebody dropped it".to_owned(),
        error => {
            let error = error.to_owned();
            Failure::Refused { error, needed: None, messages: Vec::new() }.sentence()
        }
    }
}

/// Why a send stands where it stands, as people read it; `None` when there is nothing to say.
pub fn told(send: &QueuedSend) -> Option<String> {
    let held = send.held().map(|broken| format!("{}; it goes out when that ends", broken.sentence()));
    held.or_else(|| (!send.reason.is_empty()).then(|| sentence(&send.reason)))
}

async fn rescue(front: &Front, id: SendId, (rescue, by): (Rescue, Actor)) -> Result<Rescued, Refusal> {
    let workspace = ourselves(front).await?.workspace;
    let unknown =
        || Refusal::new(Code::NoSuchSend, format!("there is no send {id}; hint: deskd queue list --all"));
    let before = front.store.of(&workspace).rescue_send(id, rescue, (by, (front.now)())).await?;
    let done = match (before.ok_or_else(unknown)?, rescue) {
        (SendState::Sent, _) => Err("it is in Slack already"),
        (SendState::Sending, _) => Err("it is being sent at this moment"),
        (SendState::Dropped, Rescue::Drop) => Err("it was dropped before"),
        (SendState::Dropped, Rescue::Retry) => Ok(()),
        (SendState::Waiting | SendState::Failed | SendState::Dead | SendState::Unknown, _) => Ok(()),
    };
    if let Err(why) = done {
        let what = format!("send {id} stays as it is: {why}; hint: deskd why \"send {id}\"");
        return Err(Refusal::new(Code::WrongState, what));
    }
    // Also after a drop: what waited behind it in its lane may go now.
    front.outgoing.ring();
    let send = front.store.of(&workspace).send(id).await?.ok_or_else(unknown)?;
    Ok(Rescued { ok: true, send: row(send) })
}

fn states(asked: Option<&str>) -> Result<Vec<SendState>, Refusal> {
    match asked {
        None => Ok(UNFINISHED.to_vec()),
        Some("all") => Ok(SendState::ALL.to_vec()),
        list @ Some(_) => {
            let typed: Vec<String> = words(list, "state", "")?;
            let hint = "one of waiting, sending, sent, failed, dead, unknown, dropped, all";
            let read = |word: &String| {
                SendState::from_word(word)
                    .ok_or_else(|| Refusal::bad(format!("{word:?} is no state; hint: {hint}")))
            };
            typed.iter().map(read).collect()
        }
    }
}

fn row(send: QueuedSend) -> QueueRow {
    let destination = match send.channel_name.as_str() {
        "" => send.channel.0.clone(),
        name => format!("#{name}"),
    };
    let (held, told) = (send.held(), told(&send));
    let reason = (!send.reason.is_empty()).then_some(send.reason);
    QueueRow {
        id: send.id.0,
        kind: send.kind,
        destination,
        state: send.state.as_str().to_owned(),
        attempts: send.attempts,
        // A broken channel is waited for, not a time.
        next_at: time(send.next_at.filter(|_| held.is_none())),
        sentence: told,
        reason,
        task: send.task.map(|task| task.0),
        channel: ChannelName { id: send.channel.0, name: send.channel_name },
        thread_ts: (!send.thread.is_empty()).then_some(send.thread),
        ts: send.ts.map(|ts| ts.0),
        created_at: send.created_at.to_string(),
    }
}
