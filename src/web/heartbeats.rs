//! Heartbeats: a beat, and how they stand.

use axum::Json;
use axum::extract::Path;
use serde::{Deserialize, Serialize};

use super::arguments::Given;
use super::errors::{Code, Refusal};
use super::handling::Nothing;
use super::source::Source;
use super::{Front, at_home};
use crate::domain::heartbeat::{MISSED, Promise, Seen};
use crate::store::StoreError;

/// What a beat came to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Beaten {
    /// Always true.
    pub ok: bool,
    /// The heartbeat.
    pub heartbeat: String,
    /// Whether it ended a silence that had been told.
    pub ended: bool,
}

/// How a heartbeat stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HeartbeatRow {
    /// Its name.
    pub name: String,
    /// How often it beats, in seconds.
    pub every_s: u64,
    /// How late it may be, in seconds.
    pub grace_s: u64,
    /// The last beat, RFC 3339.
    pub last_at: Option<String>,
    /// Since when its silence has been told, RFC 3339.
    pub missed_at: Option<String>,
}

/// `POST /v1/heartbeats/backup`.
pub async fn beat(
    front: Front,
    source: Source,
    Path(name): Path<String>,
    Given(Nothing {}): Given<Nothing>,
) -> Result<Json<Beaten>, Refusal> {
    source.may(MISSED)?;
    let now = (front.now)();
    front.doors.pace(&source, 1, now)?;
    let promises = front.doors.promises.borrow().clone();
    let Some(promise) = promises.iter().find(|promise| promise.name == name) else {
        let known: Vec<&str> = promises.iter().map(|promise| promise.name.as_str()).collect();
        let hint = match known.is_empty() {
            true => "none is promised: add a [[heartbeat]] to the configuration".to_owned(),
            false => format!("one of {}", known.join(", ")),
        };
        let name: String = name.chars().take(60).collect();
        let what = format!("there is no heartbeat {name:?}; hint: {hint}");
        return Err(Refusal::new(Code::NoSuchHeartbeat, what));
    };
    let ours = at_home(&front).await?;
    let ended = front.beats.beat(&ours, promise, now).await.map_err(|problem| {
        match problem.downcast::<StoreError>() {
            Ok(problem) => Refusal::from(problem),
            Err(problem) => Refusal::new(Code::WrongState, format!("{problem}; hint: see \"deskd kinds\"")),
        }
    })?;
    Ok(Json(Beaten { ok: true, heartbeat: name, ended }))
}

/// `GET /v1/heartbeats`.
pub async fn list(front: Front) -> Result<Json<Vec<HeartbeatRow>>, Refusal> {
    let known = front.store.heartbeats().await?;
    let promises = front.doors.promises.borrow().clone();
    let row = |promise: &Promise| {
        let seen: Option<&Seen> = known.get(&promise.name);
        HeartbeatRow {
            name: promise.name.clone(),
            every_s: promise.every.as_secs(),
            grace_s: promise.grace.as_secs(),
            last_at: seen.and_then(|seen| seen.last).map(|at| at.to_string()),
            missed_at: seen.and_then(|seen| seen.missed).map(|at| at.to_string()),
        }
    };
    Ok(Json(promises.iter().map(row).collect()))
}
