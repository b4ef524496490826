//! Tasks to look at: the list, and one with its conversation, verdict and history.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use serde::{Deserialize, Serialize};

use super::arguments::{Asked, Numbered, words};
use super::channels::ChannelName;
use super::errors::{Code, Refusal};
use super::{Front, channels, ourselves, people};
use crate::domain::classify::Reasoned;
use crate::domain::ids::{PersonId, TaskNumber, WorkspaceId};
use crate::domain::mrkdwn::{Token, plain};
use crate::domain::task::Status;
use crate::domain::time::Timestamp;
use crate::store::tasks::{Said, Task, TaskDetail, TaskFilter};

/// A task as listed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TaskRow {
    /// The number people type.
    pub id: i64,
    /// `open`, `waiting`, `snoozed` or `done`.
    pub status: String,
    /// Its category.
    pub category: String,
    /// `low`, `normal`, `high` or `urgent`.
    pub priority: String,
    /// Where it came up.
    pub channel: ChannelName,
    /// The thread that answers go to.
    pub thread_ts: String,
    /// Whom it is for.
    pub contact: TaskContact,
    /// The teammate who has it, by Slack id.
    pub assignee: Option<String>,
    /// The teammate's name, when known.
    pub assignee_name: Option<String>,
    /// Messages of its conversation.
    pub message_count: i64,
    /// When it was made, RFC 3339.
    pub created_at: String,
    /// When anything about it changed last, RFC 3339.
    pub updated_at: String,
    /// Until when it is put aside, RFC 3339.
    pub snoozed_until: Option<String>,
    /// Whether it was made of messages that did not arrive but were read from the history after a gap.
    #[serde(default)]
    pub recovered: bool,
    /// Who chose the category that holds: `person`, or the classifier by name: `rules`, `learned`, `model`.
    #[serde(default)]
    pub category_by: String,
    /// How sure the classifier was last, from 0 to 1.
    #[serde(default)]
    pub confidence: f64,
    /// Whether it was closed as no request.
    #[serde(default)]
    pub not_a_request: bool,
    /// A title, when a language model has written one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The same as one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
}

/// The contact of a task.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TaskContact {
    /// The contact's number.
    pub id: i64,
    /// The name.
    pub name: String,
    /// The address, when known.
    pub email: Option<String>,
    /// The Slack user who wrote.
    pub slack_user_id: String,
}

/// A task with everything that belongs to it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TaskPage {
    /// The task as listed.
    #[serde(flatten)]
    pub task: TaskRow,
    /// What was said, oldest first.
    pub conversation: Vec<SaidDocument>,
    /// What classification said last.
    pub verdict: VerdictDocument,
    /// When the team answered first, RFC 3339.
    pub first_response_at: Option<String>,
    /// What happened to it, oldest first.
    pub history: Vec<EntryDocument>,
}

/// One message of a conversation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SaidDocument {
    /// Slack's id of the message.
    pub ts: String,
    /// `contact`, `team` or `desk`.
    pub from: String,
    /// The name, or the id where there is no name.
    pub author: String,
    /// The text as Slack encodes it; empty when it was taken back.
    pub text: String,
    /// The text as people read it.
    pub plain: String,
    /// Names of files.
    pub files: Vec<String>,
    /// Whether its author changed it.
    pub edited: bool,
    /// Whether its author took it back.
    pub deleted: bool,
}

/// What classification says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct VerdictDocument {
    /// The category it chose; a person may have changed the task's since.
    pub category: String,
    /// From 0 to 1.
    pub confidence: f64,
    /// Who decided.
    pub by: String,
    /// Why, as people read it.
    pub reasons: Vec<String>,
    /// The same for programs.
    pub evidence: Vec<Reasoned>,
    /// The priority it chose.
    pub priority: String,
    /// Other categories that something spoke for, with their confidence.
    pub runners_up: Vec<(String, f64)>,
    /// Whether nobody was sure enough, so that the category is the fallback or only a guess.
    #[serde(default)]
    pub abstained: bool,
}

/// One entry of a history.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EntryDocument {
    /// When, RFC 3339.
    pub at: String,
    /// `contact`, `team:U...`, `user:alice` or `deskd`.
    pub who: String,
    /// A stable word.
    pub what: String,
    /// The same as people read it.
    pub sentence: String,
}

/// Which tasks to list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    status: Option<String>,
    category: Option<String>,
    assignee: Option<String>,
    channel: Option<String>,
}

/// What is shown when nothing is asked for: everything that still needs somebody.
const NOT_DONE: [Status; 3] = [Status::Open, Status::Waiting, Status::Snoozed];

/// `GET /v1/tasks`: urgent ones first, then the oldest. `status=all` includes those that are done.
pub async fn list(front: Front, Asked(filter): Asked<Filter>) -> Result<Json<Vec<TaskRow>>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    let assignee = match &filter.assignee {
        Some(who) => Some(people::stored(&front, &workspace, who).await?),
        None => None,
    };
    let channel = match &filter.channel {
        Some(wanted) => Some(channels::known(&front, &workspace, wanted).await?.id),
        None => None,
    };
    let status = statuses(filter.status.as_deref())?;
    let filter = TaskFilter { status, category: filter.category, assignee, channel };
    let tasks = front.store.of(&workspace).tasks(filter).await?;
    let mut named = BTreeMap::new();
    for person in tasks.iter().filter_map(|task| task.assignee.as_ref()) {
        if !named.contains_key(person) {
            named.insert(person.clone(), name_of(&front, &workspace, person).await?);
        }
    }
    let name = |task: &Task| task.assignee.as_ref().and_then(|person| named.get(person).cloned().flatten());
    Ok(Json(tasks.into_iter().map(|task| row(name(&task), task)).collect()))
}

/// `GET /v1/tasks/12`.
pub async fn show(front: Front, Numbered(number): Numbered) -> Result<Json<TaskPage>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    let number = TaskNumber(number);
    let found = front.store.of(&workspace).task(number).await?;
    let detail = found.ok_or_else(|| no_task(number))?;
    page(&front, &workspace, detail).await.map(Json)
}

/// The refusal for a number that no task has.
pub fn no_task(number: TaskNumber) -> Refusal {
    Refusal::new(Code::NoSuchTask, format!("there is no task {number}; hint: deskd task list --all"))
}

/// One task as listed.
pub async fn listed(front: &Front, workspace: &WorkspaceId, task: Task) -> Result<TaskRow, Refusal> {
    let name = match &task.assignee {
        Some(person) => name_of(front, workspace, person).await?,
        None => None,
    };
    Ok(row(name, task))
}

async fn name_of(
    front: &Front,
    workspace: &WorkspaceId,
    person: &PersonId,
) -> Result<Option<String>, Refusal> {
    let known = front.store.of(workspace).person(person.clone()).await?;
    Ok(known.map(|known| known.name).filter(|name| !name.is_empty()))
}

fn row(assignee_name: Option<String>, task: Task) -> TaskRow {
    TaskRow {
        id: task.number.0,
        status: task.status.as_str().to_owned(),
        category: task.category,
        priority: task.priority.as_str().to_owned(),
        channel: ChannelName { id: task.channel.0.0, name: task.channel.1 },
        thread_ts: task.thread.0,
        contact: TaskContact {
            id: task.contact.id.0,
            name: task.contact.name,
            email: (!task.contact.email.is_empty()).then_some(task.contact.email),
            slack_user_id: task.contact.person.0,
        },
        assignee: task.assignee.map(|person| person.0),
        assignee_name,
        message_count: task.message_count,
        created_at: task.created_at.to_string(),
        updated_at: task.updated_at.to_string(),
        snoozed_until: time(task.snoozed_until),
        recovered: task.recovered,
        category_by: task.category_by,
        confidence: task.confidence,
        not_a_request: task.dismissed,
        title: task.title,
        summary: task.summary,
    }
}

/// An instant that may be missing, as documents show it.
pub fn time(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}

fn statuses(asked: Option<&str>) -> Result<Vec<Status>, Refusal> {
    match asked {
        None => Ok(NOT_DONE.to_vec()),
        Some("all") => Ok(Vec::new()),
        list @ Some(_) => {
            let typed: Vec<String> = words(list, "status", "")?;
            let read = |word: &String| {
                let hint = "one of open, waiting, snoozed, done, all";
                Status::from_word(word)
                    .ok_or_else(|| Refusal::bad(format!("{word:?} is no status; hint: {hint}")))
            };
            typed.iter().map(read).collect()
        }
    }
}

async fn page(front: &Front, workspace: &WorkspaceId, detail: TaskDetail) -> Result<TaskPage, Refusal> {
    let names = names(front, workspace, &detail.conversation).await?;
    let verdict = detail.verdict;
    Ok(TaskPage {
        task: listed(front, workspace, detail.task).await?,
        conversation: detail.conversation.into_iter().map(|said| message(said, &names)).collect(),
        verdict: VerdictDocument {
            category: verdict.category,
            confidence: verdict.confidence,
            by: verdict.by.as_str().to_owned(),
            reasons: verdict.reasons.iter().map(Reasoned::sentence).collect(),
            evidence: verdict.reasons,
            priority: verdict.priority.as_str().to_owned(),
            runners_up: verdict.runners_up,
            abstained: verdict.abstained,
        },
        first_response_at: time(detail.first_response_at),
        history: detail
            .history
            .into_iter()
            .map(|entry| EntryDocument {
                at: entry.at.to_string(),
                who: entry.actor,
                what: entry.change.code().to_owned(),
                sentence: entry.change.sentence(),
            })
            .collect(),
    })
}

/// The readable names behind the ids in a conversation's texts, under the token's sign and id.
type Names = BTreeMap<String, String>;

fn message(said: Said, names: &Names) -> SaidDocument {
    let readable = plain(&said.text, &|token| names.get(&key(token)).cloned());
    let Said { ts, from, author, text, files, edited, deleted } = said;
    SaidDocument { ts: ts.0, from, author, text, plain: readable, files, edited, deleted }
}

fn key(token: Token<'_>) -> String {
    match token {
        Token::User(id) => format!("@{id}"),
        Token::Channel(id) => format!("#{id}"),
        Token::Group(id) => format!("!{id}"),
    }
}

/// Looks up what is stored about everybody and everything that a conversation mentions.
async fn names(front: &Front, workspace: &WorkspaceId, conversation: &[Said]) -> Result<Names, Refusal> {
    let mentioned = mentioned(conversation);
    let mut names = Names::new();
    if mentioned.iter().any(|key| key.starts_with('#')) {
        for channel in front.store.of(workspace).channels().await? {
            names.insert(format!("#{}", channel.id), channel.name);
        }
    }
    for id in mentioned.iter().filter_map(|key| key.strip_prefix('@')) {
        let person = front.store.of(workspace).person(PersonId(id.to_owned())).await?;
        names.extend(person.map(|person| (format!("@{id}"), person.name)));
    }
    names.retain(|_, name| !name.is_empty());
    Ok(names)
}

fn mentioned(conversation: &[Said]) -> BTreeSet<String> {
    let found = RefCell::new(BTreeSet::new());
    for said in conversation {
        plain(&said.text, &|token| {
            found.borrow_mut().insert(key(token));
            None
        });
    }
    found.into_inner()
}
