//! Troubles of deskd's own trouble, how they left the house, and a test of every way.

use std::time::Duration;

use axum::Json;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::arguments::{Asked, Given};
use super::errors::Refusal;
use super::handling::Nothing;
use super::tasks::time;
use super::{Front, ourselves};
use crate::alarm::tell::channel;
use crate::domain::alarm::{Phase, Way, Why};
use crate::domain::own::{Own, Raised};
use crate::domain::send::SendState;
use crate::domain::telling::{Telling, advice, sentence};
use crate::store::outbox::Part;
use crate::store::tellings::Told;
use crate::store::troubles::Trouble;

/// How long a test waits for Slack to take the message.
const SLACK_TAKES: Duration = Duration::from_secs(20);

/// How often it looks whether Slack has.
const GLANCE: Duration = Duration::from_millis(200);

/// One trouble.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TroubleRow {
    /// Its number.
    pub id: i64,
    /// Its kind, a stable word.
    pub kind: String,
    /// `info`, `warning` or `critical`.
    pub severity: String,
    /// Which channel, worker or send it is about; empty when there is only one.
    pub subject: String,
    /// The kind and subject as people read them.
    pub sentence: String,
    /// What to do about it.
    pub hint: String,
    /// When it was raised, RFC 3339.
    pub raised_at: String,
    /// When it was over; null while it lasts.
    pub resolved_at: Option<String>,
    /// How it left the house, in the order that was planned.
    pub tellings: Vec<ToldRow>,
}

/// One telling.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ToldRow {
    /// `raised` or `resolved`.
    pub phase: String,
    /// `slack`, `command`, `webhook` or `email`.
    pub way: String,
    /// `waiting`, `sent`, `failed` or `dropped`.
    pub state: String,
    /// Attempts so far.
    pub attempts: u32,
    /// Why it stands there, a stable word.
    pub reason: String,
    /// The same as people read it.
    pub why: String,
    /// Its row of the outbox, when it goes through Slack.
    pub send: Option<i64>,
    /// When it changed last, RFC 3339.
    pub updated_at: String,
}

/// What a test of the ways came to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TestDocument {
    /// Whether there is a way and all of them worked.
    pub ok: bool,
    /// Each way that is configured.
    pub ways: Vec<TestedWay>,
}

/// What one way came to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TestedWay {
    /// `slack`, `command`, `webhook` or `email`.
    pub way: String,
    /// Whether the other side took it.
    pub ok: bool,
    /// Why not, a stable word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Which troubles to list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    #[serde(default)]
    all: bool,
}

/// `GET /v1/troubles`: newest first. `all=true` includes what is over.
pub async fn list(
    front: Front,
    Asked(Filter { all }): Asked<Filter>,
) -> Result<Json<Vec<TroubleRow>>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    let troubles = front.store.of(&workspace).troubles(all).await?;
    Ok(Json(troubles.into_iter().map(|(trouble, tellings)| row(trouble, tellings)).collect()))
}

/// `POST /v1/alarm/test`: a marked test by every way that is configured.
pub async fn test(front: Front, Given(Nothing {}): Given<Nothing>) -> Result<Json<TestDocument>, Refusal> {
    let now = (front.now)();
    let raised = Raised { own: Own::NoSocket, subject: String::new(), detail: String::new() };
    let telling = Telling { raised, phase: Phase::Raised, raised_at: now, resolved_at: None, test: true };
    let mut ways = Vec::new();
    for way in front.ways.all() {
        let reason = match way {
            Way::Slack => by_slack(&front, &telling).await?.err(),
            Way::Command | Way::Webhook | Way::Email => {
                front.ways.tell(way, &telling, None, now).await.err().map(|untold| untold.0)
            }
        };
        ways.push(TestedWay { way: way.as_str().to_owned(), ok: reason.is_none(), reason });
    }
    Ok(Json(TestDocument { ok: !ways.is_empty() && ways.iter().all(|way| way.ok), ways }))
}

/// Through the outbox, as a trouble goes, and waits until it has ended.
async fn by_slack(front: &Front, telling: &Telling) -> Result<Result<(), String>, Refusal> {
    let workspace = ourselves(front).await?.workspace;
    let named = front.ways.channel().unwrap_or_default();
    let found = channel(&front.store, &workspace, named).await;
    let Some(channel) = found.ok().flatten() else { return Ok(Err("no_such_channel".to_owned())) };
    let text = format!(":test_tube: deskd: {}\n{}", telling.headline(), telling.rest());
    let part = Part { key: Uuid::now_v7().to_string(), text };
    let send = front.store.of(&workspace).submit_test(channel, part, (front.now)()).await?;
    front.outgoing.ring();
    let glances = SLACK_TAKES.as_millis() / GLANCE.as_millis();
    let mut reason = String::new();
    for _ in 0..glances {
        let row = front.store.of(&workspace).send(send).await?;
        let Some(row) = row else { return Ok(Err("gone".to_owned())) };
        reason = row.reason;
        match row.state {
            SendState::Sent => return Ok(Ok(())),
            SendState::Waiting | SendState::Sending => tokio::time::sleep(GLANCE).await,
            SendState::Failed | SendState::Dead | SendState::Unknown | SendState::Dropped => {
                return Ok(Err(reason));
            }
        }
    }
    Ok(Err(if reason.is_empty() { "timeout".to_owned() } else { reason }))
}

fn row(trouble: Trouble, tellings: Vec<Told>) -> TroubleRow {
    let Trouble { id, raised, raised_at, resolved_at } = trouble;
    TroubleRow {
        id: id.0,
        kind: raised.own.as_str().to_owned(),
        severity: raised.own.severity().as_str().to_owned(),
        sentence: sentence(&raised),
        hint: advice(raised.own).to_owned(),
        subject: raised.subject,
        raised_at: raised_at.to_string(),
        resolved_at: time(resolved_at),
        tellings: tellings.into_iter().map(telling).collect(),
    }
}

fn telling(telling: Told) -> ToldRow {
    let Told { phase, way, state, attempts, reason, send, updated_at } = telling;
    ToldRow {
        phase: phase.as_str().to_owned(),
        way: way.as_str().to_owned(),
        state: state.as_str().to_owned(),
        attempts,
        why: Why::from_word(&reason).map_or_else(|| reason.clone(), |why| why.sentence().to_owned()),
        reason,
        send: send.map(|send| send.0),
        updated_at: updated_at.to_string(),
    }
}
