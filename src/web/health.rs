//! For whoever restarts or routes: does the process live, and is it of use?

use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::Front;
use crate::domain::telling::span;
use crate::domain::time::Timestamp;

/// How long the database may take to be written: an ack that waits longer comes too late for Slack's patience of 3 s.
const WRITABLE_WITHIN: Duration = Duration::from_secs(2);

/// The document of both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthDocument {
    /// Whether all is well.
    pub ok: bool,
    /// What is not, each with a stable word in front.
    pub reasons: Vec<String>,
    /// What is wrong without making it unready: only what needs it stands still.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wrong: Vec<String>,
}

/// `GET /healthz`: the process lives and answers.
pub async fn alive() -> Json<HealthDocument> {
    Json(HealthDocument { ok: true, reasons: Vec::new(), wrong: Vec::new() })
}

/// A reason to be red.
struct Red {
    what: String,
    /// Since when, where that is known; else it is the moment somebody asked first.
    since: Option<Timestamp>,
    hint: String,
}

/// `GET /readyz`: the database can be written, a socket is connected, Slack accepts the tokens, no worker is stuck.
pub async fn ready(front: Front) -> (StatusCode, Json<HealthDocument>) {
    let now = (front.now)();
    let mut reds = Vec::new();
    reds.extend(database(&front).await);
    reds.extend(sockets(&front));
    reds.extend(front.trouble.refused().map(|refused| Red {
        what: format!("slack: {}", refused.code),
        since: Some(refused.since),
        hint: refused.sentence,
    }));
    reds.extend((front.health)(now).stuck().into_iter().map(|(worker, since)| Red {
        what: format!("stuck: {worker}"),
        since: Some(since),
        hint: "look at the log, then restart deskd".to_owned(),
    }));
    let names: Vec<&str> = reds.iter().map(|red| red.what.as_str()).collect();
    let held = front.reds.hold(&names, now);
    let told = |(red, first): (&Red, Timestamp)| {
        let since = red.since.unwrap_or(first);
        format!("{} since {since} ({}); hint: {}", red.what, span(now.since(since)), red.hint)
    };
    let reasons: Vec<String> = reds.iter().zip(held).map(told).collect();
    let status = if reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let wrong = secrets(&front).await.into_iter().collect();
    (status, Json(HealthDocument { ok: reasons.is_empty(), reasons, wrong }))
}

async fn database(front: &Front) -> Option<Red> {
    let what = match tokio::time::timeout(WRITABLE_WITHIN, front.store.probe()).await {
        Ok(Ok(())) => return None,
        Ok(Err(problem)) => format!("database: {problem}"),
        Err(_) => format!("database: could not be written within {} s", WRITABLE_WITHIN.as_secs()),
    };
    // An error of the store says its own next step.
    let (what, hint) = match what.split_once("; hint: ") {
        Some((what, hint)) => (what.to_owned(), hint.to_owned()),
        None => (what, "run \"deskd doctor\"".to_owned()),
    };
    Some(Red { what, since: None, hint })
}

/// A database that cannot be read is told by `database`.
async fn secrets(front: &Front) -> Option<String> {
    let standing = super::secrets::standing(front).await.ok()?;
    let wrong = standing.wrong()?;
    Some(format!("secrets: {}; hint: {}", wrong.what, wrong.hint))
}

fn sockets(front: &Front) -> Option<Red> {
    let since = front.links.none_since()?;
    let links = front.links.states();
    // What only an operator can mend goes before what passes by itself.
    let link = links.iter().find(|link| link.refused().is_some()).or(links.first());
    let reason = link.and_then(|link| link.reason.clone()).map(|reason| format!(" ({reason})"));
    let hint = link.and_then(|link| link.hint.clone());
    Some(Red {
        what: format!("sockets: none is connected to Slack{}", reason.unwrap_or_default()),
        since: Some(since),
        hint: hint.unwrap_or_else(|| "run \"deskd status\"".to_owned()),
    })
}
