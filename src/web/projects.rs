//! Projects, and how each stands.

use axum::Json;
use serde::{Deserialize, Serialize};

use super::Front;
use super::errors::Refusal;
use super::ground::own;
use super::source::Source;
use crate::domain::project::{Project, Standing, place, standing};

/// A project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectRow {
    /// Its name.
    pub name: String,
    /// Its workspace by name; as the configuration has it where deskd is not in it.
    pub workspace: String,
    /// The workspace's id, where deskd is in it.
    pub workspace_id: Option<String>,
    /// Its channel, as the configuration has it.
    pub channel: String,
    /// `bound`, `channel_unknown`, `not_in_channel`, `off` or `not_installed`.
    pub state: String,
    /// The same as people read it.
    pub sentence: String,
}

/// `GET /v1/projects`: in the order of the configuration. With `deskd-workspace`, or for a caller of a project, only its own.
pub async fn list(front: Front, source: Source) -> Result<Json<Vec<ProjectRow>>, Refusal> {
    let only = own(&front, &source).await?;
    let wanted = match (&only, &front.wanted) {
        (None, Some(_)) => Some(super::ourselves(&front).await?.workspace),
        _ => None,
    };
    let (rules, spaces) = (front.routing.borrow().clone(), front.apis.spaces().borrow().clone());
    let mut rows = Vec::new();
    for project in &rules.projects {
        let place = place(project.workspace.as_deref(), &spaces);
        let is_own = only.as_ref().is_none_or(|own| own.is(project, place));
        if !is_own || wanted.as_ref().is_some_and(|wanted| place != Some(wanted)) {
            continue;
        }
        let bound = match place {
            Some(workspace) => front.store.of(workspace).project(&project.name).bound().await?,
            None => None,
        };
        let state = match bound {
            Some(bound) => standing(project.enabled, bound.is_open),
            None => Standing::NotInstalled,
        };
        let name = place.and_then(|id| spaces.of(id)).map(|ours| ours.workspace_name.clone());
        rows.push(row(project, (name, place.map(|id| id.0.clone())), state));
    }
    Ok(Json(rows))
}

fn row(project: &Project, (name, id): (Option<String>, Option<String>), state: Standing) -> ProjectRow {
    let written = || project.workspace.clone().unwrap_or_default();
    ProjectRow {
        name: project.name.0.clone(),
        workspace: name.unwrap_or_else(written),
        workspace_id: id,
        channel: project.channel.to_string(),
        state: state.as_str().to_owned(),
        sentence: state.sentence().to_owned(),
    }
}
