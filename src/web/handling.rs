//! What people do to a task. Every answer is the task as it is afterwards.

use axum::Json;
use axum::extract::ConnectInfo;
use serde::{Deserialize, Serialize};

use super::arguments::{Given, Numbered};
use super::caller::Caller;
use super::errors::{Code, Refusal};
use super::tasks::{TaskRow, listed, no_task};
use super::{Front, ourselves, people};
use crate::config::problem::nearest;
use crate::domain::classify::Priority;
use crate::domain::ids::{BundleId, PersonId, TaskNumber, WorkspaceId};
use crate::domain::snooze;
use crate::store::tasks::{Doing, Handling};

/// A task that somebody handled.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Handled {
    /// Always true.
    pub ok: bool,
    /// The task as it is now.
    #[serde(flatten)]
    pub task: TaskRow,
    /// What whoever did it should know.
    pub remark: Option<String>,
}

/// A bundle that becomes a task.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Made {
    /// Always true.
    pub ok: bool,
    /// The bundle's number.
    pub bundle: i64,
}

/// Nothing to say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// Who gets it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct To {
    /// `@handle`, Slack id or address; `none` or nothing takes it away from whoever has it.
    to: Option<String>,
}

/// Its new category.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    category: String,
}

/// How it ended.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ending {
    /// Whether it was no request at all.
    not_a_request: bool,
}

/// Its new priority.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prioritise {
    priority: String,
}

/// Until when it is put aside.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Until {
    /// As people write it: `2h`, `tomorrow`, `monday 14:00`.
    until: String,
    /// The IANA zone in which days and times of day are meant; UTC when none is given.
    zone: Option<String>,
}

/// `POST /v1/tasks/12/assign`.
pub async fn assign(
    front: Front,
    ConnectInfo(caller): ConnectInfo<Caller>,
    Numbered(number): Numbered,
    Given(To { to }): Given<To>,
) -> Result<Json<Handled>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    let person = match to.as_deref().map(str::trim) {
        None | Some("" | "none" | "nobody" | "-") => None,
        Some(typed) => Some(people::find(&front, &workspace, typed).await?),
    };
    let remark = match &person {
        Some(person) => not_of_the_team(&front, &workspace, person).await?,
        None => None,
    };
    let handled = handle(&front, &caller, number, Handling::Assign(person)).await?;
    Ok(Json(Handled { remark, ..handled }))
}

/// `POST /v1/tasks/12/label`.
pub async fn label(
    front: Front,
    ConnectInfo(caller): ConnectInfo<Caller>,
    Numbered(number): Numbered,
    Given(Label { category }): Given<Label>,
) -> Result<Json<Handled>, Refusal> {
    let category = known_category(&front, &category)?;
    handle(&front, &caller, number, Handling::Label(category)).await.map(Json)
}

/// `POST /v1/tasks/12/priority`.
pub async fn prioritise(
    front: Front,
    ConnectInfo(caller): ConnectInfo<Caller>,
    Numbered(number): Numbered,
    Given(Prioritise { priority }): Given<Prioritise>,
) -> Result<Json<Handled>, Refusal> {
    let priority: Priority = priority.parse().map_err(|_| {
        Refusal::bad(format!("{priority:?} is no priority; hint: one of low, normal, high, urgent"))
    })?;
    handle(&front, &caller, number, Handling::Prioritise(priority)).await.map(Json)
}

/// `POST /v1/tasks/12/snooze`.
pub async fn snooze(
    front: Front,
    ConnectInfo(caller): ConnectInfo<Caller>,
    Numbered(number): Numbered,
    Given(Until { until, zone }): Given<Until>,
) -> Result<Json<Handled>, Refusal> {
    let zone = zone.as_deref().unwrap_or("UTC");
    let until = snooze::parse(&until, (front.now)(), zone)
        .map_err(|problem| Refusal::bad(format!("{problem}; hint: deskd task snooze {number} \"2h\"")))?;
    handle(&front, &caller, number, Handling::Snooze(until)).await.map(Json)
}

/// `POST /v1/tasks/12/close`.
pub async fn close(
    front: Front,
    ConnectInfo(caller): ConnectInfo<Caller>,
    Numbered(number): Numbered,
    Given(Ending { not_a_request }): Given<Ending>,
) -> Result<Json<Handled>, Refusal> {
    if !not_a_request {
        return handle(&front, &caller, number, Handling::Close).await.map(Json);
    }
    let handled = handle(&front, &caller, number, Handling::Dismiss).await?;
    let learns = front.learned.policy.borrow().learns();
    let remark = (!learns).then(|| "nothing is learned from it: [triage] learn is \"off\"".to_owned());
    Ok(Json(Handled { remark, ..handled }))
}

/// `POST /v1/bundles/7/task`: what was taken for no request is one.
pub async fn make(
    front: Front,
    Numbered(number): Numbered,
    Given(Nothing {}): Given<Nothing>,
) -> Result<Json<Made>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    if !front.store.of(&workspace).make_task_of(BundleId(number)).await? {
        let what = format!(
            "bundle {number} was not taken for no request; hint: deskd why \"bundle {number}\" says what became of it"
        );
        return Err(Refusal::new(Code::NothingKnown, what));
    }
    (front.learned.triage)();
    Ok(Json(Made { ok: true, bundle: number }))
}

/// `POST /v1/tasks/12/reopen`.
pub async fn reopen(
    front: Front,
    ConnectInfo(caller): ConnectInfo<Caller>,
    Numbered(number): Numbered,
    Given(Nothing {}): Given<Nothing>,
) -> Result<Json<Handled>, Refusal> {
    handle(&front, &caller, number, Handling::Reopen).await.map(Json)
}

async fn handle(front: &Front, caller: &Caller, number: i64, handling: Handling) -> Result<Handled, Refusal> {
    let workspace = ourselves(front).await?.workspace;
    let number = TaskNumber(number);
    let now = (front.now)();
    let doing = Doing { handling, actor: caller.actor(), teaches: front.learned.policy.borrow().learns() };
    if !front.store.of(&workspace).handle_task(number, doing, now).await? {
        return Err(no_task(number));
    }
    (front.learned.learn)();
    let detail = front.store.of(&workspace).task(number).await?.ok_or_else(|| no_task(number))?;
    Ok(Handled { ok: true, task: listed(front, &workspace, detail.task).await?, remark: None })
}

async fn not_of_the_team(
    front: &Front,
    workspace: &WorkspaceId,
    person: &PersonId,
) -> Result<Option<String>, Refusal> {
    let team = front.store.of(workspace).teammates().await?;
    let known = team.iter().any(|teammate| teammate.person == *person);
    Ok((!known).then(|| {
        format!(
            "{person} is not on the team, so their messages count as a contact's; deskd team add {person}"
        )
    }))
}

fn known_category(front: &Front, typed: &str) -> Result<String, Refusal> {
    let categories = front.settings.borrow().categories.clone();
    if let Some(known) = categories.iter().find(|known| known.eq_ignore_ascii_case(typed.trim())) {
        return Ok(known.clone());
    }
    let hint = match nearest(typed, categories.iter().map(String::as_str)) {
        Some(name) => format!("did you mean \"{name}\"?"),
        None => format!("one of {}", categories.join(", ")),
    };
    Err(Refusal::new(Code::NoSuchCategory, format!("there is no category {typed:?}; hint: {hint}")))
}
