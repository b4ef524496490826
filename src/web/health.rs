//! For whoever restarts or routes: does the process live, and is it of use?

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::Front;

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
    if front.links.holds_any() && !front.links.any_connected() {
        reasons.push("sockets: none is connected to Slack; hint: run \"deskd status\"".to_owned());
    }
    for worker in (front.health)((front.now)()).stuck {
        reasons.push(format!("stuck: {worker}; hint: look at the log, then restart deskd"));
    }
    let status = if reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(HealthDocument { ok: reasons.is_empty(), reasons }))
}
