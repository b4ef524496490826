//! For whoever restarts or routes: does the process live, and is it of use?

use std::time::Duration;

use axum::Json;
use axum::extract::State;
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
}

/// `GET /healthz`: the process lives and answers.
pub async fn alive() -> Json<HealthDocument> {
    Json(HealthDocument { ok: true, reasons: Vec::new() })
}

/// `GET /readyz`: the database can be written, a socket is connected, no worker is stuck.
pub async fn ready(State(front): State<Front>) -> (StatusCode, Json<HealthDocument>) {
    let mut reasons = Vec::new();
    match tokio::time::timeout(WRITABLE_WITHIN, front.store.probe()).await {
        Ok(Ok(())) => {}
        Ok(Err(problem)) => reasons.push(format!("database: {problem}")),
        Err(_) => {
            let limit = WRITABLE_WITHIN.as_secs();
            reasons
                .push(format!("database: could not be written within {limit} s; hint: run \"deskd doctor\""));
        }
    }
    let now = (front.now)();
    if let Some(since) = front.links.none_since() {
        let since = told(since, now);
        reasons.push(format!("sockets: none is connected to Slack {since}; hint: run \"deskd status\""));
    }
    for (worker, since) in (front.health)(now).stuck() {
        let since = told(since, now);
        reasons.push(format!("stuck: {worker} {since}; hint: look at the log, then restart deskd"));
    }
    let status = if reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(HealthDocument { ok: reasons.is_empty(), reasons }))
}

/// `since 2026-11-21T10:41:00.000Z (3 min)`.
fn told(since: Timestamp, now: Timestamp) -> String {
    format!("since {since} ({})", span(now.since(since)))
}
