//! Recorded events decided again, after a correction of deskd or of what it listens to. Only events that led to nothing:
//! whatever became a message is kept already.

use std::collections::BTreeMap;

use axum::Json;
use serde::{Deserialize, Serialize};
use tracing::info;

use super::arguments::Given;
use super::errors::{Code, Refusal};
use super::{Front, ourselves};
use crate::config::span;
use crate::domain::ids::EventId;
use crate::domain::time::Timestamp;
use crate::intake::bundle::understand;

/// Outcomes that another look may change.
const AGAIN: [&str; 7] =
    ["undecodable", "unused", "not_monitored", "bot", "internal", "subtype", "unknown_message"];

/// How far back a replay goes when nothing is said.
const SINCE: &str = "7d";

/// What to decide again.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// How far back, as in `7d`, or an instant in RFC 3339.
    since: Option<String>,
    /// Outcomes; `undecodable` when there are none.
    #[serde(default)]
    reasons: Vec<String>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replayed {
    /// Always true.
    pub ok: bool,
    /// Events that were looked at.
    pub events: u64,
    /// Their outcomes before.
    pub before: BTreeMap<String, u64>,
    /// Their outcomes now.
    pub after: BTreeMap<String, u64>,
}

/// `POST /v1/replay`.
pub async fn replay(
    front: Front,
    Given(Wanted { since, reasons }): Given<Wanted>,
) -> Result<Json<Replayed>, Refusal> {
    let reasons = allowed(reasons)?;
    let since = start(since.as_deref().unwrap_or(SINCE), (front.now)())?;
    let chosen = ourselves(&front).await?.workspace;
    let spaces = front.apis.spaces().borrow().clone();
    let kin = front.habits.borrow().kin.clone();
    let mut done = Replayed { ok: true, events: 0, before: BTreeMap::new(), after: BTreeMap::new() };
    // In the order of the journal, all reasons together: bundling goes by who wrote what after what.
    let mut after = EventId(0);
    loop {
        let batch = front.store.outcomes_for_replay(since, reasons.clone(), after).await?;
        let Some((last, _)) = batch.last() else { break };
        after = last.id;
        let mut decoded = Vec::with_capacity(batch.len());
        for (event, reason) in batch {
            let event = understand(event, &spaces, &kin);
            if event.whose.ours() == Some(&chosen) {
                *done.before.entry(reason).or_default() += 1;
                decoded.push(event);
            }
        }
        let desks = front.habits.borrow().desks(&spaces, &decoded);
        for reason in front.store.gather(decoded, desks, (front.now)()).await? {
            *done.after.entry(reason.code().to_owned()).or_default() += 1;
            done.events += 1;
        }
    }
    (front.gather)();
    info!(events = done.events, "Replayed {} events", done.events);
    Ok(Json(done))
}

fn allowed(reasons: Vec<String>) -> Result<Vec<String>, Refusal> {
    if reasons.is_empty() {
        return Ok(vec!["undecodable".to_owned()]);
    }
    match reasons.iter().find(|reason| !AGAIN.contains(&reason.as_str())) {
        Some(other) => {
            let what = format!(
                "events with the outcome {other:?} cannot be replayed; hint: one of {}",
                AGAIN.join(", ")
            );
            Err(Refusal::new(Code::BadRequest, what))
        }
        None => Ok(reasons),
    }
}

/// The instant that `7d` or an instant in RFC 3339 means at `now`.
pub fn start(since: &str, now: Timestamp) -> Result<Timestamp, Refusal> {
    if let Ok(at) = since.parse::<jiff::Timestamp>() {
        return Ok(Timestamp(at.as_millisecond()));
    }
    let span = span::parse(since).ok_or_else(|| {
        Refusal::bad(format!(
            "cannot read {since:?} as a span or an instant; hint: 7d, 12h, or 2026-11-21T09:00:00Z"
        ))
    })?;
    Ok(now.minus(span))
}
