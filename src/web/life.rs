//! Notices that were taken, and what became of them.

use axum::Json;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::Front;
use super::arguments::{Asked, Numbered};
use super::errors::{Code, Refusal};
use super::ground::{Ground, ground};
use super::source::Source;
use crate::domain::ids::NoticeId;
use crate::domain::outcome::{delivery_sentence, notice_sentence};
use crate::store::life::{Delivered, Life, NoticeFilter};

/// A notice with what became of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NoticeRow {
    /// Its number.
    pub id: i64,
    /// Its kind.
    pub kind: String,
    /// `info`, `warning`, `error` or `critical`.
    pub severity: String,
    /// `event`, `firing` or `resolved`.
    pub status: String,
    /// Its first line.
    pub title: String,
    /// What else it says.
    pub text: String,
    /// Where the record can be looked at.
    pub link: Option<String>,
    /// Its fields.
    pub fields: BTreeMap<String, String>,
    /// The caller's key.
    pub key: Option<String>,
    /// Who handed it in.
    pub source: String,
    /// The project it belongs to, because its caller does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The problem it is about.
    pub problem: i64,
    /// What it was to its problem.
    pub effect: String,
    /// `waiting`, `routed`, `dropped` or `cancelled`.
    pub state: String,
    /// Why it goes nowhere: a stable word.
    pub reason: Option<String>,
    /// The same as people read it.
    pub sentence: String,
    /// Each route that was looked at and what spoke against it; `null` for the one that took it.
    pub tried: Vec<(String, Option<String>)>,
    /// When it was handed in, RFC 3339.
    pub received_at: String,
    /// When it goes out, RFC 3339.
    pub due_at: String,
    /// Its deliveries.
    pub deliveries: Vec<DeliveryRow>,
}

/// A delivery.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeliveryRow {
    /// Its number.
    pub id: i64,
    /// Where to: `channel:#ops`; of a mailbox only that it is one.
    pub destination: String,
    /// The route that says so.
    pub route: Option<String>,
    /// Where it stands.
    pub state: String,
    /// Why: a stable word or the other side's error name.
    pub reason: Option<String>,
    /// The same as people read it.
    pub sentence: String,
    /// The delivery that tells it.
    pub merged_into: Option<i64>,
    /// Attempts so far.
    pub attempts: i64,
    /// Its row of the outbox.
    pub send: Option<i64>,
    /// When it may go, RFC 3339.
    pub next_at: String,
    /// When it changed last, RFC 3339.
    pub updated_at: String,
}

/// Which notices to list.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Filter {
    state: Option<String>,
    kind: Option<String>,
    most: Option<u32>,
}

/// How many are shown when nothing else is asked for.
const USUAL: u32 = 50;

/// How many at most.
const MOST: u32 = 1_000;

const STATES: [&str; 4] = ["waiting", "routed", "dropped", "cancelled"];

/// `GET /v1/notices`: the newest first.
pub async fn list(
    front: Front,
    source: Source,
    Asked(Filter { state, kind, most }): Asked<Filter>,
) -> Result<Json<Vec<NoticeRow>>, Refusal> {
    if state.as_deref().is_some_and(|state| !STATES.contains(&state)) {
        return Err(Refusal::bad(format!(
            "that is no state of a notice; hint: one of {}",
            STATES.join(", ")
        )));
    }
    let filter = NoticeFilter { state, kind, most: most.unwrap_or(USUAL).min(MOST) };
    let found = match ground(&front, &source).await? {
        Ground::Space(space) => space.notices(filter).await?,
        Ground::Plot(plot) => plot.notices(filter).await?,
    };
    Ok(Json(found.into_iter().map(row).collect()))
}

/// `GET /v1/notices/7`.
pub async fn show(
    front: Front,
    source: Source,
    Numbered(number): Numbered,
) -> Result<Json<NoticeRow>, Refusal> {
    let found = match ground(&front, &source).await? {
        Ground::Space(space) => space.notice_life(NoticeId(number)).await?,
        Ground::Plot(plot) => plot.notice_life(NoticeId(number)).await?,
    };
    found.map(row).map(Json).ok_or_else(|| {
        let what = format!("there is no notice {number}; hint: \"deskd notices list\" shows the newest");
        Refusal::new(Code::NoSuchNotice, what)
    })
}

fn row(life: Life) -> NoticeRow {
    let Life { notice, project, problem, effect, state, reason, tried, due_at, deliveries } = life;
    let content = notice.content;
    NoticeRow {
        id: notice.id.0,
        kind: content.kind,
        severity: content.severity.as_str().to_owned(),
        status: content.status.as_str().to_owned(),
        title: content.title,
        text: content.text,
        link: content.link,
        fields: content.fields,
        key: some(notice.key),
        source: notice.source,
        project: project.map(|name| name.0),
        problem: problem.0,
        effect: effect.as_str().to_owned(),
        sentence: notice_sentence(&state, &reason),
        state,
        reason: some(reason),
        tried,
        received_at: notice.received_at.to_string(),
        due_at: due_at.to_string(),
        deliveries: deliveries.into_iter().map(delivery).collect(),
    }
}

fn delivery(delivered: Delivered) -> DeliveryRow {
    let Delivered {
        id,
        destination,
        route,
        state,
        reason,
        merged_into,
        attempts,
        next_at,
        send,
        updated_at,
        ..
    } = delivered;
    DeliveryRow {
        id: id.0,
        destination: veiled(&destination),
        route: some(route),
        sentence: delivery_sentence(&state, &reason, merged_into),
        state,
        reason: some(reason),
        merged_into,
        attempts,
        send,
        next_at: next_at.to_string(),
        updated_at: updated_at.to_string(),
    }
}

/// A destination without anybody's address.
fn veiled(destination: &str) -> String {
    match destination.split_once(':') {
        Some(("mail", _)) => "mail".to_owned(),
        Some(("person", who)) if who.contains('@') => "person".to_owned(),
        _ => destination.to_owned(),
    }
}

fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}
