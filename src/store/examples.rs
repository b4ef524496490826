//! What was taught: examples, and what had been said of them before.
//!
//! An example is never edited into another one: a later one of the same task takes its place, and when that one is taken
//! back the earlier one counts again. Whatever is deleted or changed here, for whatever reason, counts in `unlearned`.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Row, Transaction};

use super::audit::note_in;
use super::conversation::note;
use super::error::StoreError;
use super::space::Space;
use super::sqlite::Store;
use crate::domain::audit::{Act, Deed};
use crate::domain::ids::{ContactId, TaskId, TaskNumber, WorkspaceId};
use crate::domain::learn::{Example, Figures, Forecast, NO_REQUEST, Source};
use crate::domain::task::{Actor, Change};
use crate::domain::time::Timestamp;

/// What an example teaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// Of which category a bundle is, or that it is no request.
    Category,
    /// How soon somebody should look; the category is the priority's word.
    Priority,
}

/// An example as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// The row; rows are learned in their order.
    pub id: i64,
    /// The texts, what they are of and how that had been foreseen. The category of one that is no request stands for nothing.
    pub example: Example,
    /// Whether it is a request.
    pub is_request: bool,
    /// Where it comes from.
    pub source: Source,
    /// Who taught it: `team:U…`, `user:alice`, `deskd`.
    pub actor: String,
    /// The task it was made of; imported ones have none.
    pub task: Option<TaskNumber>,
    /// When it was taught.
    pub at: Timestamp,
}

/// The examples of a workspace behind a row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kepts {
    /// Those that count, in the order in which they were taught.
    pub rows: Vec<Kept>,
    /// Rows that cannot be read: they teach nothing and harm no other.
    pub corrupt: usize,
    /// Where the examples stand.
    pub mark: Mark,
}

/// Where the examples of a workspace stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// The newest row.
    pub last: i64,
    /// How often something was taken out or changed.
    pub unlearned: i64,
}

/// An example to be kept that is not made of a task.
#[derive(Clone, Debug)]
pub struct Imported {
    /// What it teaches.
    pub example: Example,
    /// Whether it is a request.
    pub is_request: bool,
}

/// An example that was taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untaught {
    /// The task it was made of, when it is still there.
    pub task: Option<TaskNumber>,
    /// Its category; empty for no request.
    pub category: String,
    /// Who had taught it.
    pub actor: String,
}

const COLUMNS: &str =
    "e.id, e.texts, e.category, e.weight, e.source, e.actor, t.number, e.figures, e.was_right, e.at";

impl Store {
    /// Where the examples of each workspace of the desk stand: one question for all, cheap enough to ask often.
    pub async fn example_marks(&self) -> Result<Vec<(WorkspaceId, Mark)>, StoreError> {
        self.read(|tx| {
            let mut query = tx.prepare_cached(
                "SELECT w.workspace,
                     COALESCE((SELECT MAX(id) FROM examples WHERE workspace = w.workspace), 0),
                     COALESCE((SELECT times FROM unlearned WHERE workspace = w.workspace), 0)
                 FROM workspaces w
                 WHERE NOT EXISTS
                     (SELECT 1 FROM installations i WHERE i.workspace = w.workspace AND i.state <> 'active')
                 ORDER BY w.workspace",
            )?;
            let rows = query.query_map([], |row| {
                Ok((WorkspaceId(row.get(0)?), Mark { last: row.get(1)?, unlearned: row.get(2)? }))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }
}

impl Space {
    /// The examples behind the row `after` that count.
    pub async fn examples(&self, about: About, after: i64) -> Result<Kepts, StoreError> {
        self.read(move |tx, workspace| {
            let sql = format!(
                "SELECT {COLUMNS} FROM examples e LEFT JOIN tasks t ON t.id = e.task
                 WHERE e.workspace = ? AND e.about = ? AND e.id > ? AND e.replaced_by IS NULL ORDER BY e.id"
            );
            let mut query = tx.prepare_cached(&sql)?;
            let mut found = query.query((&workspace.0, about.word(), after))?;
            let mut kepts = Kepts { mark: mark(tx, workspace)?, ..Kepts::default() };
            while let Some(row) = found.next()? {
                match kept(row)? {
                    Some(kept) => kepts.rows.push(kept),
                    None => kepts.corrupt += 1,
                }
            }
            Ok(kepts)
        })
        .await
    }

    /// How many examples count, by source.
    pub async fn example_counts(&self) -> Result<BTreeMap<String, i64>, StoreError> {
        self.read(move |tx, workspace| {
            let mut query = tx.prepare_cached(
                "SELECT source, COUNT(*) FROM examples WHERE workspace = ? AND replaced_by IS NULL GROUP BY source",
            )?;
            let rows = query.query_map([&workspace.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Keeps examples of a file. One with the same texts and category as one that counts is there already; the answer is how
    /// many were new.
    pub async fn import_examples(
        &self,
        examples: Vec<Imported>,
        actor: Actor,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let keys = self.keys();
        self.write(move |tx, workspace| {
            let mut new = 0;
            for Imported { example, is_request } in &examples {
                let category = if *is_request { example.category() } else { NO_REQUEST };
                let texts = serde_json::to_string(&example.texts()).unwrap_or_default();
                let mut known = tx.prepare_cached(
                    "SELECT 1 FROM examples WHERE workspace = ? AND texts = ? AND category = ? AND about = 'category'
                         AND replaced_by IS NULL",
                )?;
                if known.exists((&workspace.0, &texts, category))? {
                    continue;
                }
                let row = Writing {
                    about: About::Category,
                    texts,
                    category,
                    weight: example.weight(),
                    source: Source::Imported,
                    task: None,
                    before: example.before(),
                };
                insert(tx, workspace, &row, &actor, now)?;
                new += 1;
            }
            if new > 0 {
                let act = Act::new(&actor, Deed::ExamplesImported, "").with(new.to_string());
                note_in(tx, keys.as_deref(), workspace, act, now)?;
            }
            Ok(new)
        })
        .await
    }

    /// Takes back the last example that a person taught, or the last one of a task. `None` when there is none.
    pub async fn untaught(
        &self,
        task: Option<TaskNumber>,
        actor: Actor,
        now: Timestamp,
    ) -> Result<Option<Untaught>, StoreError> {
        self.write(move |tx, workspace| {
            let mut query = tx.prepare_cached(
                "SELECT e.id FROM examples e LEFT JOIN tasks t ON t.id = e.task
                 WHERE e.workspace = ?1 AND e.replaced_by IS NULL
                   AND CASE WHEN ?2 IS NULL THEN e.source = 'person' ELSE t.number = ?2 END
                 ORDER BY e.source = 'accepted', e.id DESC LIMIT 1",
            )?;
            let number = task.map(|number| number.0);
            let last: Option<i64> = query.query_row((&workspace.0, number), |row| row.get(0)).optional()?;
            let ids: Vec<i64> = last.into_iter().collect();
            Ok(take_back(tx, &ids, &actor, now)?.pop())
        })
        .await
    }

    /// Takes back everything that `teacher` taught: `team:U…` or `user:alice`.
    pub async fn forget_teacher(
        &self,
        teacher: String,
        actor: Actor,
        now: Timestamp,
    ) -> Result<Vec<Untaught>, StoreError> {
        let keys = self.keys();
        self.write(move |tx, workspace| {
            let mut query =
                tx.prepare_cached("SELECT id FROM examples WHERE workspace = ? AND actor = ? ORDER BY id")?;
            let rows = query.query_map((&workspace.0, &teacher), |row| row.get(0))?;
            let ids = rows.collect::<Result<Vec<i64>, _>>()?;
            let gone = take_back(tx, &ids, &actor, now)?;
            if !gone.is_empty() {
                let act = Act::new(&actor, Deed::ExamplesForgotten, teacher).with(gone.len().to_string());
                note_in(tx, keys.as_deref(), workspace, act, now)?;
            }
            Ok(gone)
        })
        .await
    }
}

impl About {
    fn word(self) -> &'static str {
        match self {
            About::Category => "category",
            About::Priority => "priority",
        }
    }
}

/// A task becomes an example; what it was an example of before does not count meanwhile. False when there is no word in it.
pub(super) fn teach(
    tx: &Transaction<'_>,
    task: TaskId,
    (about, category, source): (About, &str, Source),
    actor: &Actor,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let texts = texts(tx, task)?;
    let foreseen = foreseen(tx, task)?.filter(|_| about == About::Category);
    let lead = foreseen.as_ref().map_or(0.0, |(_, figures)| figures.lead());
    let before = foreseen.map(|(judged, figures)| Forecast { figures, right: judged == category });
    let weight = match (source, &before) {
        // What was not judged so was not accepted either.
        (Source::Accepted, Some(before)) if before.right => source.weight(lead),
        // Priorities are not foreseen with figures: whatever was left as it was is a weak yes.
        (Source::Accepted, _) if about == About::Priority => source.weight(1.0),
        (Source::Accepted, _) => 0.0,
        _ => source.weight(lead),
    };
    let name = if category == NO_REQUEST { "none" } else { category };
    if Example::new(texts.clone(), name, weight).is_err() {
        return Ok(false);
    }
    let texts = serde_json::to_string(&texts).unwrap_or_default();
    let sql = "SELECT workspace FROM tasks WHERE id = ?";
    let workspace = tx.prepare_cached(sql)?.query_row([task.0], |row| row.get(0).map(WorkspaceId))?;
    let row = Writing { about, texts, category, weight, source, task: Some(task), before };
    let id = insert(tx, &workspace, &row, actor, now)?;
    let sql = "UPDATE examples SET replaced_by = ?2
               WHERE task = ?1 AND about = ?3 AND replaced_by IS NULL AND id <> ?2";
    tx.prepare_cached(sql)?.execute((task.0, id, about.word()))?;
    if about == About::Category {
        settle(tx, task)?;
        note(tx, task, actor, &Change::Taught { category: category.to_owned() }, now)?;
    }
    Ok(true)
}

/// Whether somebody has said of which category a task is; silence does not count.
pub(super) fn is_taught(tx: &Transaction<'_>, task: TaskId) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM examples WHERE task = ? AND about = 'category' AND replaced_by IS NULL
               AND source <> 'accepted'";
    Ok(tx.prepare_cached(sql)?.exists([task.0])?)
}

/// An author changed or took back a message of a task: its examples say what is there now, or go.
pub(super) fn retell(tx: &Transaction<'_>, task: TaskId) -> Result<(), StoreError> {
    let texts = texts(tx, task)?;
    if Example::new(texts.clone(), "any", 1.0).is_err() {
        tx.prepare_cached("DELETE FROM examples WHERE task = ?")?.execute([task.0])?;
        return settle(tx, task);
    }
    let texts = serde_json::to_string(&texts).unwrap_or_default();
    let sql = "UPDATE examples SET texts = ?2 WHERE task = ?1 AND texts <> ?2";
    tx.prepare_cached(sql)?.execute((task.0, texts))?;
    Ok(())
}

/// Removes the examples with words of a contact: those of its tasks, of tasks it wrote in, and imported ones that name its
/// addresses. To be called while it is still known which people the contact is.
pub(super) fn erase(tx: &Transaction<'_>, id: ContactId, addresses: &[String]) -> Result<(), StoreError> {
    tx.prepare_cached(
        "DELETE FROM examples WHERE task IN (
             SELECT id FROM tasks WHERE contact = ?1
             UNION SELECT b.task FROM bundles b JOIN contact_people p ON p.workspace = b.workspace AND p.person = b.person
             WHERE p.contact = ?1 AND b.task IS NOT NULL)",
    )?
    .execute([id.0])?;
    for address in addresses {
        let sql = "DELETE FROM examples WHERE workspace = (SELECT workspace FROM contacts WHERE id = ?1)
                   AND instr(lower(texts), lower(?2)) > 0";
        tx.prepare_cached(sql)?.execute((id.0, address))?;
    }
    Ok(())
}

/// Deletes examples and says so in the histories of their tasks.
fn take_back(
    tx: &Transaction<'_>,
    ids: &[i64],
    actor: &Actor,
    now: Timestamp,
) -> Result<Vec<Untaught>, StoreError> {
    let mut gone = Vec::new();
    for id in ids {
        let mut query = tx.prepare_cached(
            "SELECT e.task, t.number, e.category, e.actor FROM examples e LEFT JOIN tasks t ON t.id = e.task
             WHERE e.id = ?",
        )?;
        let (task, untaught) = query.query_row([id], |row| {
            let task: Option<i64> = row.get(0)?;
            let number: Option<i64> = row.get(1)?;
            let (category, actor) = (row.get(2)?, row.get(3)?);
            Ok((task.map(TaskId), Untaught { task: number.map(TaskNumber), category, actor }))
        })?;
        tx.prepare_cached("DELETE FROM examples WHERE id = ?")?.execute([id])?;
        if let Some(task) = task {
            note(tx, task, actor, &Change::Untaught { category: untaught.category.clone() }, now)?;
            settle(tx, task)?;
        }
        gone.push(untaught);
    }
    Ok(gone)
}

/// What the judgements of a task are measured by: the example of it that counts.
fn settle(tx: &Transaction<'_>, task: TaskId) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE judgements SET (truth, truth_by) = (
             SELECT COALESCE(MAX(category), ''), COALESCE(MAX(source), '') FROM examples
             WHERE task = ?1 AND about = 'category' AND replaced_by IS NULL AND source IN ('person', 'accepted'))
         WHERE task = ?1",
    )?
    .execute([task.0])?;
    Ok(())
}

/// What the learner said last of a task, and what that was made of.
fn foreseen(tx: &Transaction<'_>, task: TaskId) -> Result<Option<(String, Figures)>, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT learned, figures FROM judgements WHERE task = ? AND learned <> '' ORDER BY id DESC LIMIT 1",
    )?;
    let found: Option<(String, String)> =
        query.query_row([task.0], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    Ok(found.and_then(|(judged, figures)| Some((judged, Figures::from_json(&figures)?))))
}

/// What contacts said in a task, oldest first.
fn texts(tx: &Transaction<'_>, task: TaskId) -> Result<Vec<String>, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT m.text FROM messages m JOIN bundles b ON b.id = m.bundle
         WHERE b.task = ? AND m.role = 'contact' AND m.deleted_at IS NULL ORDER BY m.ts, m.id",
    )?;
    Ok(query.query_map([task.0], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// A row to be written.
struct Writing<'a> {
    about: About,
    texts: String,
    category: &'a str,
    weight: f32,
    source: Source,
    task: Option<TaskId>,
    before: Option<Forecast>,
}

fn insert(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    row: &Writing<'_>,
    actor: &Actor,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let figures = row.before.map(|before| before.figures.to_json()).unwrap_or_default();
    tx.prepare_cached(
        "INSERT INTO examples (workspace, about, texts, category, weight, source, actor, task, figures, was_right,
             replaced_by, at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?)",
    )?
    .execute((
        &workspace.0,
        row.about.word(),
        &row.texts,
        row.category,
        f64::from(row.weight),
        row.source.as_str(),
        actor.word(),
        row.task.map(|task| task.0),
        figures,
        row.before.is_some_and(|before| before.right),
        now.0,
    ))?;
    Ok(tx.last_insert_rowid())
}

fn mark(tx: &Transaction<'_>, workspace: &WorkspaceId) -> Result<Mark, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT COALESCE((SELECT MAX(id) FROM examples WHERE workspace = ?1), 0),
                COALESCE((SELECT times FROM unlearned WHERE workspace = ?1), 0)",
    )?;
    Ok(query.query_row([&workspace.0], |row| Ok(Mark { last: row.get(0)?, unlearned: row.get(1)? }))?)
}

/// Reads a row; `None` where what stands in it is no example.
fn kept(row: &Row<'_>) -> Result<Option<Kept>, StoreError> {
    let (texts, category, weight): (String, String, f64) = (row.get(1)?, row.get(2)?, row.get(3)?);
    let (source, figures, was_right): (String, String, bool) = (row.get(4)?, row.get(7)?, row.get(8)?);
    let is_request = category != NO_REQUEST;
    let name = if is_request { category.as_str() } else { "none" };
    let Ok(texts) = serde_json::from_str::<Vec<String>>(&texts) else { return Ok(None) };
    let Ok(example) = Example::new(texts, name, weight as f32) else { return Ok(None) };
    let Some(source) = Source::from_word(&source) else { return Ok(None) };
    let example = match (figures.as_str(), Figures::from_json(&figures)) {
        ("", _) => example,
        (_, Some(figures)) => example.after(Forecast { figures, right: was_right }),
        (_, None) => return Ok(None),
    };
    Ok(Some(Kept {
        id: row.get(0)?,
        example,
        is_request,
        source,
        actor: row.get(5)?,
        task: row.get::<_, Option<i64>>(6)?.map(TaskNumber),
        at: Timestamp(row.get(9)?),
    }))
}
