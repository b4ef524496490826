//! `deskd test`: a marked message to every destination of the routes, and what came of each.

use std::time::Duration;

use axum::Json;
use axum::extract::ConnectInfo;
use serde::{Deserialize, Serialize};

use super::arguments::Given;
use super::caller::Caller;
use super::errors::{Code, Refusal};
use super::{Front, ourselves};
use crate::domain::ids::{NoticeId, WorkspaceId};
use crate::domain::notice::Draft;
use crate::domain::project::{Projects, of_workspace};
use crate::domain::route::{Destination, Dropped, Rules};
use crate::store::probe::Outcome;

/// How long it waits for all of them: a rate limit and a slow mail server fit in.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// How often it looks.
const GLANCE: Duration = Duration::from_millis(200);

/// What shall be tested.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// A route's name; every destination there is without it.
    #[serde(default)]
    route: Option<String>,
}

/// What the test came to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProbeDocument {
    /// Whether there is a destination and all of them took it.
    pub ok: bool,
    /// Each destination.
    pub destinations: Vec<Probed>,
}

/// What one destination came to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Probed {
    /// As stored: `channel:#ops`.
    pub destination: String,
    /// Whether it took the message.
    pub ok: bool,
    /// `sent`, `failed`, `dropped`, `waiting` ...
    pub state: String,
    /// Why it stands there; empty when it was taken.
    pub reason: String,
}

/// `POST /v1/test`.
pub async fn test(
    front: Front,
    ConnectInfo(caller): ConnectInfo<Caller>,
    Given(wanted): Given<Wanted>,
) -> Result<Json<ProbeDocument>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    let rules = front.routing.borrow().clone();
    let projects = of_workspace(&rules.projects, &workspace, &front.apis.spaces().borrow());
    let places = places(&rules, &projects, wanted.route.as_deref())?;
    let now = (front.now)();
    let who = caller.actor().word();
    let draft = |place: &Destination| Draft {
        kind: "test".to_owned(),
        text: format!("{who} asked deskd for it. Nothing has happened and nobody has to do anything."),
        to: vec![place.to_string()],
        ..Draft::default()
    };
    let drafts: Vec<Draft> = places.iter().map(draft).collect();
    let accepted = front.inlet.submit(workspace.clone(), &drafts, "deskd test", now).await?;
    let accepted = accepted
        .map_err(|_| Refusal::bad("a destination cannot be written to; hint: run \"deskd check\""))?;
    let ids: Vec<NoticeId> = accepted.iter().map(|one| one.id).collect();
    let outcomes = wait(&front, (&workspace, ids)).await?;
    let probed = |(place, outcome): (&Destination, Outcome)| Probed {
        destination: place.to_string(),
        ok: outcome.state == "sent",
        reason: Dropped::from_word(&outcome.reason)
            .map_or(outcome.reason.clone(), |dropped| dropped.sentence()),
        state: outcome.state,
    };
    let destinations: Vec<Probed> = places.iter().zip(outcomes).map(probed).collect();
    let ok = !destinations.is_empty() && destinations.iter().all(|one| one.ok);
    Ok(Json(ProbeDocument { ok, destinations }))
}

fn places(rules: &Rules, projects: &Projects, route: Option<&str>) -> Result<Vec<Destination>, Refusal> {
    let Some(name) = route else { return Ok(rules.destinations(projects).into_iter().cloned().collect()) };
    match rules.route(name) {
        Some(route) => Ok(route.to.clone()),
        None => {
            let what = format!("there is no route {name:?}; hint: \"deskd check\" knows them all");
            Err(Refusal::new(Code::NothingKnown, what))
        }
    }
}

/// Waits until each has ended, or as long as anybody wants to wait.
async fn wait(
    front: &Front,
    (workspace, ids): (&WorkspaceId, Vec<NoticeId>),
) -> Result<Vec<Outcome>, Refusal> {
    let began = (front.now)();
    loop {
        let outcomes = front.store.of(workspace).outcomes_of(ids.clone()).await?;
        let open = outcomes
            .iter()
            .any(|one| matches!(one.state.as_str(), "waiting" | "held" | "sending" | "merged" | "routed"));
        if !open || (front.now)().since(began) >= PATIENCE {
            return Ok(outcomes);
        }
        tokio::time::sleep(GLANCE).await;
    }
}
