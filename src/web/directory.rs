//! The directory: people and user groups of the workspace, reading them anew, and what mentions would call.

use axum::Json;
use serde::{Deserialize, Serialize};

use super::arguments::Given;
use super::errors::Refusal;
use super::tasks::time;
use super::{Front, ourselves};
use crate::config::problem::nearest;
use crate::domain::ids::WorkspaceId;
use crate::domain::mention::{self, Mention, MentionReason, NotAMention};
use crate::domain::message::Profile;
use crate::slack::outcome::Failure;
use crate::store::directory::Standing;
use crate::store::groups::Listed;

/// A person as listed. Addresses are not told: whether there is one is enough to know if it can be mentioned by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonRow {
    /// The Slack user.
    pub id: String,
    /// The handle without `@`.
    pub handle: String,
    /// What people see.
    pub name: String,
    /// Whether an e-mail address is known.
    pub has_email: bool,
    /// Whether it is a bot.
    pub is_bot: bool,
    /// Whether the person belongs to another organisation.
    pub is_external: bool,
}

/// A user group as listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupRow {
    /// Slack's id of it.
    pub id: String,
    /// The handle without `@`.
    pub handle: String,
    /// What people call it.
    pub name: String,
    /// Slack ids of its members.
    pub members: Vec<String>,
}

/// How the directory stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoryDocument {
    /// Always true.
    pub ok: bool,
    /// Whether it is being read, or will be in a moment.
    pub running: bool,
    /// People with an open account, bots included.
    pub people: i64,
    /// User groups in use.
    pub groups: i64,
    /// People whom the last complete reading listed and the one before it did not.
    pub joined: i64,
    /// People whom it did not list any more.
    pub gone: i64,
    /// When the last complete reading ended, RFC 3339.
    pub complete_at: Option<String>,
    /// Slack's name of what kept a part of it from being read.
    pub problem: Option<String>,
    /// What that means and what to do.
    pub hint: Option<String>,
}

/// Mentions as the configuration writes them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// The entries, for instance `@here`, `@team-db`, `bob@example.com`.
    mentions: Vec<String>,
}

/// What an entry calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MentionDocument {
    /// Whether it calls somebody.
    pub calls: bool,
    /// Why, or why not: `called`, `unknown`, `ambiguous`, `gone`, `refused`; `none` for the word `none`.
    pub reason: String,
    /// The same as a sentence. An e-mail address is not repeated in it.
    pub sentence: String,
    /// The handle that was meant, perhaps; with its `@`.
    pub nearest: Option<String>,
}

/// `GET /v1/people`, by handle.
pub async fn people(front: Front) -> Result<Json<Vec<PersonRow>>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    let people = front.store.of(&workspace).people().await?;
    Ok(Json(people.into_iter().map(|profile| person(profile, &workspace)).collect()))
}

/// `GET /v1/groups`, by handle.
pub async fn groups(front: Front) -> Result<Json<Vec<GroupRow>>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    let row = |Listed { group, members }| GroupRow {
        id: group.id.0,
        handle: group.handle,
        name: group.name,
        members: members.into_iter().map(|person| person.0).collect(),
    };
    Ok(Json(front.store.of(&workspace).groups().await?.into_iter().map(row).collect()))
}

/// `GET /v1/people/sync`.
pub async fn show(front: Front) -> Result<Json<DirectoryDocument>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    Ok(Json(document(front.store.of(&workspace).directory().await?)))
}

/// `POST /v1/people/sync`: asks for it; the reading takes as long as Slack's pace wants.
pub async fn sync(front: Front) -> Result<Json<DirectoryDocument>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    front.store.of(&workspace).want_directory().await?;
    (front.read_directory)();
    Ok(Json(document(front.store.of(&workspace).directory().await?)))
}

/// `POST /v1/mentions/look-up`: what each entry would call. Nothing is sent and nothing counted.
pub async fn look_up(
    front: Front,
    Given(Words { mentions }): Given<Words>,
) -> Result<Json<Vec<MentionDocument>>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    let handles = handles(&front, &workspace).await?;
    let mut documents = Vec::with_capacity(mentions.len());
    for text in &mentions {
        documents.push(match mention::parse(text) {
            Ok(mention) => {
                let found = front.store.of(&workspace).look_up_mentions(vec![mention.clone()]).await?;
                let reason = found.into_iter().flat_map(|rendered| rendered.reasons).next();
                answer(&mention, reason, &handles)
            }
            Err(wrong) => refused(wrong),
        });
    }
    Ok(Json(documents))
}

async fn handles(front: &Front, workspace: &WorkspaceId) -> Result<Vec<String>, Refusal> {
    let people = front.store.of(workspace).people().await?;
    let groups = front.store.of(workspace).groups().await?;
    let groups = groups.into_iter().map(|listed| listed.group.handle);
    Ok(groups.chain(people.into_iter().map(|person| person.handle)).collect())
}

fn answer(mention: &Mention, reason: Option<MentionReason>, handles: &[String]) -> MentionDocument {
    let Some(reason) = reason else {
        let (reason, sentence) = ("none".to_owned(), "calls nobody, as it says".to_owned());
        return MentionDocument { calls: false, reason, sentence, nearest: None };
    };
    let calls = reason.is_called();
    let near = match mention {
        _ if calls => None,
        Mention::Named(name) => nearest(name, handles.iter().map(String::as_str)),
        Mention::Email(address) => {
            let local = address.split('@').next().unwrap_or_default();
            nearest(local, handles.iter().map(String::as_str))
        }
        Mention::None | Mention::Here | Mention::Channel | Mention::Person(_) | Mention::Group(_) => None,
    };
    MentionDocument {
        calls,
        reason: reason.code().to_owned(),
        sentence: reason.sentence(),
        nearest: near.map(|handle| format!("@{handle}")),
    }
}

fn refused(wrong: NotAMention) -> MentionDocument {
    let (reason, sentence) = ("refused".to_owned(), wrong.sentence().to_owned());
    MentionDocument { calls: false, reason, sentence, nearest: None }
}

fn person(profile: Profile, workspace: &WorkspaceId) -> PersonRow {
    PersonRow {
        id: profile.person.0,
        handle: profile.handle,
        name: profile.name,
        has_email: profile.email.is_some(),
        is_bot: profile.is_bot,
        // In an organisation the people of its teams are at home, and their teams are not known here.
        is_external: !workspace.is_organisation() && profile.team.is_some_and(|team| team != *workspace),
    }
}

fn document(standing: Standing) -> DirectoryDocument {
    let Standing { running, people, groups, joined, gone, problem, complete_at } = standing;
    let problem = Some(problem).filter(|problem| !problem.is_empty());
    let hint = problem.as_deref().map(hint);
    DirectoryDocument {
        ok: true,
        running,
        people,
        groups,
        joined,
        gone,
        complete_at: time(complete_at),
        problem,
        hint,
    }
}

fn hint(problem: &str) -> String {
    match problem {
        "plan_upgrade_required" => "the workspace's plan has no user groups".to_owned(),
        "missing_scope" => {
            "the app may not read all of it: reinstall it with the scopes of \"deskd manifest\" (usergroups:read)"
                .to_owned()
        }
        _ => Failure::Refused { error: problem.to_owned(), needed: None, messages: Vec::new() }.sentence(),
    }
}
