//! Tasks as people see and handle them.

use rusqlite::{OptionalExtension, Row, Transaction};

use super::conversation::{move_to, note};
use super::error::StoreError;
use super::examples::{self, About};
use super::rows;
use super::space::Space;
use crate::domain::classify::{Priority, Verdict};
use crate::domain::ids::{ChannelId, ContactId, MessageTs, PersonId, TaskId, TaskNumber, WorkspaceId};
use crate::domain::learn::{NO_REQUEST, Source};
use crate::domain::task::{Actor, Change, Status};
use crate::domain::time::Timestamp;

/// A task as listed.
#[derive(Clone)]
pub struct Task {
    /// The row.
    pub id: TaskId,
    /// The number people type.
    pub number: TaskNumber,
    /// Where it stands.
    pub status: Status,
    /// Its category.
    pub category: String,
    /// Its priority.
    pub priority: Priority,
    /// The teammate who has it, if any.
    pub assignee: Option<PersonId>,
    /// The channel and its name (empty when unknown).
    pub channel: (ChannelId, String),
    /// The thread that answers go to.
    pub thread: MessageTs,
    /// Whom it is for.
    pub contact: TaskContact,
    /// Messages of its conversation.
    pub message_count: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When anything about it changed last.
    pub updated_at: Timestamp,
    /// Until when it is put aside.
    pub snoozed_until: Option<Timestamp>,
    /// Whether it was made of messages that did not arrive but were read from the history.
    pub recovered: bool,
    /// Who chose the category that holds: `person`, or the classifier by name.
    pub category_by: String,
    /// How sure the classifier was last, from 0 to 1.
    pub confidence: f64,
    /// Whether it was closed as no request.
    pub dismissed: bool,
    /// A title, when a language model has written one.
    pub title: Option<String>,
    /// The same as one sentence.
    pub summary: Option<String>,
}

/// The contact of a task.
#[derive(Clone)]
pub struct TaskContact {
    /// The contact's row.
    pub id: ContactId,
    /// The name.
    pub name: String,
    /// The address; empty when unknown.
    pub email: String,
    /// The Slack user who wrote.
    pub person: PersonId,
}

/// A task with everything that belongs to it.
#[derive(Clone)]
pub struct TaskDetail {
    /// The task.
    pub task: Task,
    /// What was said, oldest first.
    pub conversation: Vec<Said>,
    /// What classification said last.
    pub verdict: Verdict,
    /// When the team answered first.
    pub first_response_at: Option<Timestamp>,
    /// What happened to it, oldest first.
    pub history: Vec<Entry>,
}

/// One message of a conversation.
#[derive(Clone)]
pub struct Said {
    /// Its `ts`.
    pub ts: MessageTs,
    /// `contact`, `team` or `desk`.
    pub from: String,
    /// The name, or the id where there is no name.
    pub author: String,
    /// The text as Slack encodes it; empty when it was taken back.
    pub text: String,
    /// Names of files.
    pub files: Vec<String>,
    /// Whether its author changed it.
    pub edited: bool,
    /// Whether its author took it back.
    pub deleted: bool,
}

/// One entry of a history.
#[derive(Clone)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// Who: `contact`, `team:U…`, `user:alice`, `deskd`.
    pub actor: String,
    /// What.
    pub change: Change,
}

/// Which tasks to list.
#[derive(Clone, Debug, Default)]
pub struct TaskFilter {
    /// Only these; all when empty.
    pub status: Vec<Status>,
    /// Only this category.
    pub category: Option<String>,
    /// Only those of this teammate.
    pub assignee: Option<PersonId>,
    /// Only those of this channel.
    pub channel: Option<ChannelId>,
}

/// Something a person does to a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handling {
    /// Give it to a teammate, or to nobody.
    Assign(Option<PersonId>),
    /// Put it into another category.
    Label(String),
    /// Give it another priority.
    Prioritise(Priority),
    /// Put it aside until then.
    Snooze(Timestamp),
    /// It is dealt with.
    Close,
    /// It is no request at all: it is closed, and a bundle like it makes no task.
    Dismiss,
    /// It is not.
    Reopen,
}

/// What somebody does to a task.
#[derive(Clone, Debug)]
pub struct Doing {
    /// What.
    pub handling: Handling,
    /// Who.
    pub actor: Actor,
    /// Whether it becomes an example.
    pub teaches: bool,
}

const TASK: &str = "SELECT t.id, t.number, t.status, t.category, t.priority, t.assignee, t.channel,
    COALESCE((SELECT name FROM channels c WHERE c.workspace = t.workspace AND c.channel = t.channel), ''),
    t.thread, t.contact, k.name, k.email,
    COALESCE((SELECT person FROM bundles b WHERE b.task = t.id ORDER BY b.id LIMIT 1), ''),
    (SELECT COUNT(*) FROM messages m JOIN bundles b ON b.id = m.bundle WHERE b.task = t.id),
    t.created_at, t.updated_at, t.snoozed_until, t.recovered,
    CASE t.category_by WHEN 'person' THEN 'person' ELSE COALESCE(json_extract(t.verdict, '$.by'), 'rules') END,
    COALESCE(json_extract(t.verdict, '$.confidence'), 0.0), t.outcome <> '',
    NULLIF(t.title, ''), NULLIF(t.summary, '')
    FROM tasks t JOIN contacts k ON k.id = t.contact";

impl Space {
    /// The tasks that the filter lets through: urgent ones first, then the oldest.
    pub async fn tasks(&self, filter: TaskFilter) -> Result<Vec<Task>, StoreError> {
        self.read(move |tx, workspace| {
            let status: Vec<&str> = filter.status.iter().map(|status| status.as_str()).collect();
            let status = serde_json::to_string(&status).unwrap_or_default();
            let sql = format!(
                "{TASK} WHERE t.workspace = ?1
                   AND (?2 = '[]' OR t.status IN (SELECT value FROM json_each(?2)))
                   AND (?3 IS NULL OR t.category = ?3) AND (?4 IS NULL OR t.assignee = ?4)
                   AND (?5 IS NULL OR t.channel = ?5)
                 ORDER BY CASE t.priority WHEN 'urgent' THEN 0 WHEN 'high' THEN 1 WHEN 'normal' THEN 2 ELSE 3 END,
                     t.number"
            );
            let mut query = tx.prepare_cached(&sql)?;
            let assignee = filter.assignee.as_ref().map(|person| &person.0);
            let channel = filter.channel.as_ref().map(|channel| &channel.0);
            let mut found = query.query((&workspace.0, status, &filter.category, assignee, channel))?;
            let mut tasks = Vec::new();
            while let Some(row) = found.next()? {
                tasks.push(task(row)?);
            }
            Ok(tasks)
        })
        .await
    }

    /// One task with its conversation and history.
    pub async fn task(&self, number: TaskNumber) -> Result<Option<TaskDetail>, StoreError> {
        self.read(move |tx, workspace| {
            let mut query = tx.prepare_cached(&format!("{TASK} WHERE t.workspace = ? AND t.number = ?"))?;
            let mut found = query.query((&workspace.0, number.0))?;
            let Some(row) = found.next()? else { return Ok(None) };
            let task = task(row)?;
            let sql = "SELECT verdict, first_response_at FROM tasks WHERE id = ?";
            let (verdict, first_response_at): (String, Option<i64>) =
                tx.query_row(sql, [task.id.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(Some(TaskDetail {
                conversation: conversation(tx, task.id)?,
                history: history(tx, task.id)?,
                verdict: rows::verdict(&verdict)?,
                first_response_at: first_response_at.map(Timestamp),
                task,
            }))
        })
        .await
    }

    /// Does something to a task in a person's name, and learns from it; `false` when there is no such task.
    pub async fn handle_task(
        &self,
        number: TaskNumber,
        doing: Doing,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |tx, workspace| {
            let Some(task) = find(tx, workspace, number)? else { return Ok(false) };
            let accepts = doing.teaches && accepts(tx, task, &doing.handling)?;
            let keeps = doing.teaches && keeps_priority(tx, task, &doing.handling)?;
            handle(tx, task, &doing.handling, &doing.actor, now)?;
            if doing.teaches {
                teach(tx, task, &doing, accepts, now)?;
            }
            if keeps {
                let sql = "SELECT priority FROM tasks WHERE id = ?";
                let own: String = tx.prepare_cached(sql)?.query_row([task.0], |row| row.get(0))?;
                examples::teach(tx, task, (About::Priority, &own, Source::Accepted), &doing.actor, now)?;
            }
            Ok(true)
        })
        .await
    }
}

/// The task with this number.
pub(super) fn find(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    number: TaskNumber,
) -> Result<Option<TaskId>, StoreError> {
    let mut query = tx.prepare_cached("SELECT id FROM tasks WHERE workspace = ? AND number = ?")?;
    Ok(query.query_row((&workspace.0, number.0), |row| row.get(0).map(TaskId)).optional()?)
}

fn handle(
    tx: &Transaction<'_>,
    task: TaskId,
    handling: &Handling,
    actor: &Actor,
    now: Timestamp,
) -> Result<(), StoreError> {
    match handling {
        Handling::Assign(person) => {
            let to = person.as_ref().map_or("", |person| &person.0);
            match set(tx, task, "assignee", to)? {
                Some(_) => note(tx, task, actor, &Change::Assigned { to: to.to_owned() }, now),
                None => Ok(()),
            }
        }
        Handling::Label(to) => {
            set(tx, task, "category_by", "person")?;
            match set(tx, task, "category", to)? {
                Some(from) => note(tx, task, actor, &Change::Labelled { from, to: to.clone() }, now),
                None => Ok(()),
            }
        }
        Handling::Prioritise(priority) => {
            let to = priority.as_str();
            set(tx, task, "priority_by", "person")?;
            match set(tx, task, "priority", to)? {
                Some(from) => note(tx, task, actor, &Change::Prioritised { from, to: to.to_owned() }, now),
                None => Ok(()),
            }
        }
        Handling::Snooze(until) => {
            tx.execute(
                "UPDATE tasks SET status = 'snoozed', snoozed_until = ? WHERE id = ?",
                (until.0, task.0),
            )?;
            note(tx, task, actor, &Change::Snoozed { until: until.to_string() }, now)
        }
        Handling::Close => move_to(tx, task, actor, Status::Done, now),
        Handling::Dismiss => {
            if set(tx, task, "outcome", "not_a_request")?.is_some() {
                note(tx, task, actor, &Change::Dismissed, now)?;
            }
            move_to(tx, task, actor, Status::Done, now)
        }
        Handling::Reopen => {
            set(tx, task, "outcome", "")?;
            move_to(tx, task, actor, Status::Open, now)
        }
    }
}

/// Whether closing the task says that the desk's category was right: it chose one, and nobody has said anything else.
fn accepts(tx: &Transaction<'_>, task: TaskId, handling: &Handling) -> Result<bool, StoreError> {
    if *handling != Handling::Close || examples::is_taught(tx, task)? {
        return Ok(false);
    }
    let sql = "SELECT 1 FROM tasks WHERE id = ? AND status <> 'done' AND category_by = 'desk'
               AND COALESCE(json_extract(verdict, '$.abstained'), 0) = 0";
    Ok(tx.prepare_cached(sql)?.exists([task.0])?)
}

/// Whether closing the task says that the desk's priority was right: nobody has set another one.
fn keeps_priority(tx: &Transaction<'_>, task: TaskId, handling: &Handling) -> Result<bool, StoreError> {
    if *handling != Handling::Close {
        return Ok(false);
    }
    let sql = "SELECT 1 FROM tasks WHERE id = ? AND status <> 'done' AND priority_by = 'desk'";
    Ok(tx.prepare_cached(sql)?.exists([task.0])?)
}

/// What a doing teaches, when it teaches anything.
fn teach(
    tx: &Transaction<'_>,
    task: TaskId,
    doing: &Doing,
    accepts: bool,
    now: Timestamp,
) -> Result<(), StoreError> {
    let own: String;
    let lesson = match &doing.handling {
        Handling::Label(category) => (About::Category, category.as_str(), Source::Person),
        Handling::Dismiss => (About::Category, NO_REQUEST, Source::Person),
        Handling::Prioritise(priority) => (About::Priority, priority.as_str(), Source::Person),
        Handling::Close if accepts => {
            let sql = "SELECT category FROM tasks WHERE id = ?";
            own = tx.prepare_cached(sql)?.query_row([task.0], |row| row.get(0))?;
            (About::Category, own.as_str(), Source::Accepted)
        }
        Handling::Assign(_) | Handling::Snooze(_) | Handling::Close | Handling::Reopen => return Ok(()),
    };
    examples::teach(tx, task, lesson, &doing.actor, now)?;
    Ok(())
}

/// Sets one column of a task; the answer is what stood there, `None` when it was the same.
fn set(tx: &Transaction<'_>, task: TaskId, column: &str, to: &str) -> Result<Option<String>, StoreError> {
    let sql = format!("SELECT {column} FROM tasks WHERE id = ?");
    let from: String = tx.query_row(&sql, [task.0], |row| row.get(0))?;
    if from == to {
        return Ok(None);
    }
    tx.execute(&format!("UPDATE tasks SET {column} = ? WHERE id = ?"), (to, task.0))?;
    Ok(Some(from))
}

fn task(row: &Row<'_>) -> Result<Task, StoreError> {
    let assignee: String = row.get(5)?;
    Ok(Task {
        id: TaskId(row.get(0)?),
        number: TaskNumber(row.get(1)?),
        status: rows::status(&row.get::<_, String>(2)?)?,
        category: row.get(3)?,
        priority: rows::priority(&row.get::<_, String>(4)?)?,
        assignee: (!assignee.is_empty()).then_some(PersonId(assignee)),
        channel: (ChannelId(row.get(6)?), row.get(7)?),
        thread: MessageTs(row.get(8)?),
        contact: TaskContact {
            id: ContactId(row.get(9)?),
            name: row.get(10)?,
            email: row.get(11)?,
            person: PersonId(row.get(12)?),
        },
        message_count: row.get(13)?,
        created_at: Timestamp(row.get(14)?),
        updated_at: Timestamp(row.get(15)?),
        snoozed_until: row.get::<_, Option<i64>>(16)?.map(Timestamp),
        recovered: row.get(17)?,
        category_by: row.get(18)?,
        confidence: row.get(19)?,
        dismissed: row.get(20)?,
        title: row.get(21)?,
        summary: row.get(22)?,
    })
}

fn conversation(tx: &Transaction<'_>, task: TaskId) -> Result<Vec<Said>, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT m.ts, m.role, COALESCE(NULLIF(p.name, ''), m.person), m.text, m.files, m.edited_at IS NOT NULL,
             m.deleted_at IS NOT NULL
         FROM messages m JOIN bundles b ON b.id = m.bundle
         LEFT JOIN people p ON p.workspace = m.workspace AND p.person = m.person
         WHERE b.task = ? ORDER BY m.ts, m.id",
    )?;
    let rows = query.query_map([task.0], |row| {
        let author: String = row.get(2)?;
        Ok(Said {
            ts: MessageTs(row.get(0)?),
            from: row.get(1)?,
            author: author.strip_prefix("user:").map(str::to_owned).unwrap_or(author),
            text: row.get(3)?,
            files: serde_json::from_str(&row.get::<_, String>(4)?).unwrap_or_default(),
            edited: row.get(5)?,
            deleted: row.get(6)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn history(tx: &Transaction<'_>, task: TaskId) -> Result<Vec<Entry>, StoreError> {
    let mut query = tx.prepare_cached("SELECT at, actor, change FROM history WHERE task = ? ORDER BY id")?;
    let mut found = query.query([task.0])?;
    let mut entries = Vec::new();
    while let Some(row) = found.next()? {
        let change: String = row.get(2)?;
        entries.push(Entry {
            at: Timestamp(row.get(0)?),
            actor: row.get(1)?,
            change: rows::change(&change)?,
        });
    }
    Ok(entries)
}
