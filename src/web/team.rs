//! Teammates: people in Slack who answer, and whose messages make no tasks.

use axum::Json;
use axum::extract::ConnectInfo;
use serde::{Deserialize, Serialize};

use super::arguments::Given;
use super::caller::Caller;
use super::errors::Refusal;
use super::{Front, ourselves, people};
use crate::store::people::Teammate;

/// A teammate as listed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TeammateRow {
    /// The Slack user.
    pub id: String,
    /// The handle without `@`; empty when unknown.
    pub handle: String,
    /// The name; empty when unknown.
    pub name: String,
    /// When the person was added, RFC 3339.
    pub added_at: String,
}

/// What became of adding or removing somebody.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TeamChange {
    /// Always true.
    pub ok: bool,
    /// The Slack user.
    pub id: String,
    /// The name; empty when unknown.
    pub name: String,
    /// Whether anything changed.
    pub changed: bool,
}

/// Whoever is meant.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Who {
    /// `@handle`, Slack id or e-mail address.
    person: String,
}

/// `GET /v1/team`, by name.
pub async fn list(front: Front) -> Result<Json<Vec<TeammateRow>>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    let team = front.store.of(&workspace).teammates().await?;
    let row = |Teammate { person, handle, name, added_at }| TeammateRow {
        id: person.0,
        handle,
        name,
        added_at: added_at.to_string(),
    };
    Ok(Json(team.into_iter().map(row).collect()))
}

/// `POST /v1/team/add`.
pub async fn add(
    front: Front,
    ConnectInfo(caller): ConnectInfo<Caller>,
    Given(Who { person }): Given<Who>,
) -> Result<Json<TeamChange>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    let person = people::find(&front, &workspace, &person).await?;
    let name = front.store.of(&workspace).person(person.clone()).await?.map(|found| found.name);
    let changed =
        front.store.of(&workspace).add_teammate(person.clone(), caller.actor(), (front.now)()).await?;
    Ok(Json(TeamChange { ok: true, id: person.0, name: name.unwrap_or_default(), changed }))
}

/// `POST /v1/team/remove`.
pub async fn remove(
    front: Front,
    ConnectInfo(caller): ConnectInfo<Caller>,
    Given(Who { person }): Given<Who>,
) -> Result<Json<TeamChange>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    let person = people::find(&front, &workspace, &person).await?;
    let name = front.store.of(&workspace).person(person.clone()).await?.map(|found| found.name);
    let changed =
        front.store.of(&workspace).remove_teammate(person.clone(), caller.actor(), (front.now)()).await?;
    Ok(Json(TeamChange { ok: true, id: person.0, name: name.unwrap_or_default(), changed }))
}
