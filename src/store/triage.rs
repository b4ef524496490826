//! Sealed bundles become tasks, or join the task of their thread.

use rusqlite::{OptionalExtension, Row, Transaction};

use super::conversation::{self, move_to, note};
use super::error::StoreError;
use super::plot::Owner;
use super::space::Space;
use super::sqlite::Store;
use super::{advice, contacts, judgements, notices, people, rows, tasks};
use crate::domain::advice::Wanted;
use crate::domain::advice::effect::outlives;
use crate::domain::classify::{Opinion, PassedOver, Verdict};
use crate::domain::ids::{
    BundleId, ChannelId, ContactId, MessageTs, PersonId, TaskId, TaskNumber, WorkspaceId,
};
use crate::domain::message::Profile;
use crate::domain::notice::derived;
use crate::domain::task::{self, Actor, Change, Status};
use crate::domain::time::Timestamp;

/// A sealed bundle with what classification wants to know.
#[derive(Clone)]
pub struct SealedBundle {
    /// Which one.
    pub id: BundleId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its channel.
    pub channel: ChannelId,
    /// The channel's name; empty when unknown.
    pub channel_name: String,
    /// Who wrote it.
    pub person: PersonId,
    /// What Slack says of the person, when we have asked.
    pub profile: Option<Profile>,
    /// Whether we are mentioned in it.
    pub mentioned: bool,
    /// The contact's texts in order of `ts`; those taken back are left out.
    pub texts: Vec<String>,
    /// Whether it will join a task.
    pub continues: bool,
    /// The texts of the task that it will join, if there is one, oldest first.
    pub earlier: Vec<String>,
    /// How many files came with it.
    pub files: usize,
    /// When its last message came; of recovered messages, when their bundle was closed.
    pub last_at: Timestamp,
}

/// A bundle that has been judged.
pub struct Triaged {
    /// Which one.
    pub bundle: BundleId,
    /// What classification says of it, together with the task it joins.
    pub verdict: Verdict,
    /// What the learner says, whether that counts or not.
    pub opinion: Option<Opinion>,
    /// Set when no task is to be made of it; in the thread of a task it joins that nevertheless.
    pub passed_over: Option<PassedOver>,
    /// Whether there are thanks and greetings in it only.
    pub courtesy: bool,
    /// What a notice says of it when it joins a task; `None` when nobody wants one.
    pub reply: Option<String>,
    /// What a language model is to be asked about it; `None` for nothing.
    pub wanted: Option<Wanted>,
}

/// What came of a judged bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A task was made.
    Opened(TaskNumber),
    /// It joined a task.
    Joined(TaskNumber),
    /// It was taken for no request.
    PassedOver(BundleId),
    /// It had been dealt with, or taken back, meanwhile.
    Gone,
}

const BUNDLE: &str = "SELECT b.id, b.workspace, b.channel, b.person, b.mentioned,
        CASE WHEN b.recovered THEN b.due ELSE b.last_at END, COALESCE(c.name, '')
    FROM bundles b LEFT JOIN channels c ON c.workspace = b.workspace AND c.channel = b.channel";

impl Store {
    /// The oldest sealed bundles, at most `limit`.
    pub async fn sealed(&self, limit: u32) -> Result<Vec<SealedBundle>, StoreError> {
        self.read(move |tx| {
            let mut query =
                tx.prepare_cached(&format!("{BUNDLE} WHERE b.state = 'sealed' ORDER BY b.id LIMIT ?"))?;
            let found = query.query_map([limit], bare)?;
            found.map(|bundle| complete(tx, bundle?)).collect()
        })
        .await
    }

    /// Stores judged bundles as tasks, all in one transaction.
    pub async fn finish_triage(
        &self,
        judged: Vec<Triaged>,
        now: Timestamp,
    ) -> Result<Vec<Outcome>, StoreError> {
        self.write(move |tx| judged.iter().map(|triaged| finish(tx, triaged, now)).collect()).await
    }

    /// Opens snoozed tasks whose time has come; the answer is when the next one's will.
    pub async fn next_wake(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let next = "SELECT MIN(snoozed_until) FROM tasks WHERE status = 'snoozed'";
        let soonest = move |tx: &Transaction<'_>| -> Result<Option<Timestamp>, StoreError> {
            Ok(tx.prepare_cached(next)?.query_row([], |row| row.get::<_, Option<i64>>(0))?.map(Timestamp))
        };
        match self.read(soonest).await? {
            Some(at) if at <= now => {}
            later => return Ok(later),
        }
        self.write(move |tx| {
            let sql = "SELECT id FROM tasks WHERE status = 'snoozed' AND snoozed_until <= ?";
            let mut query = tx.prepare_cached(sql)?;
            let due: Vec<i64> = query.query_map([now.0], |row| row.get(0))?.collect::<Result<_, _>>()?;
            for task in due {
                move_to(tx, TaskId(task), &Actor::Desk, Status::Open, now)?;
            }
            soonest(tx)
        })
        .await
    }
}

impl Space {
    /// Has a task made of a bundle that was taken for no request, as if it had mentioned us. False when it was not.
    pub async fn make_task_of(&self, bundle: BundleId) -> Result<bool, StoreError> {
        self.write(move |tx, workspace| {
            let sql =
                "UPDATE bundles SET state = 'sealed', mentioned = 1, passed_over = '', passed_detail = ''
                       WHERE id = ? AND workspace = ? AND passed_over <> ''";
            Ok(tx.prepare_cached(sql)?.execute((bundle.0, &workspace.0))? > 0)
        })
        .await
    }

    /// The texts of a task's contact and what classification wants to know of them, as when it was judged last.
    pub async fn judged(&self, number: TaskNumber) -> Result<Option<SealedBundle>, StoreError> {
        self.read(move |tx, workspace| {
            let Some(task) = tasks::find(tx, workspace, number)? else { return Ok(None) };
            let sql = "SELECT id FROM bundles WHERE task = ? ORDER BY id DESC LIMIT 1";
            let last: Option<i64> =
                tx.prepare_cached(sql)?.query_row([task.0], |row| row.get(0)).optional()?;
            let Some(last) = last else { return Ok(None) };
            let mut query = tx.prepare_cached(&format!("{BUNDLE} WHERE b.id = ?"))?;
            let bundle = query.query_row([last], bare)?;
            let mut bundle = complete(tx, bundle)?;
            // The last bundle is one of the task's own by now.
            let sql = "SELECT m.text FROM messages m JOIN bundles b ON b.id = m.bundle
                       WHERE b.task = ? AND m.role = 'contact' AND m.deleted_at IS NULL ORDER BY m.ts, m.id";
            let mut query = tx.prepare_cached(sql)?;
            bundle.texts = query.query_map([task.0], |row| row.get(0))?.collect::<Result<_, _>>()?;
            bundle.earlier.clear();
            Ok(Some(bundle))
        })
        .await
    }
}

/// A bundle without its texts.
fn bare(row: &Row<'_>) -> rusqlite::Result<SealedBundle> {
    Ok(SealedBundle {
        id: BundleId(row.get(0)?),
        workspace: WorkspaceId(row.get(1)?),
        channel: ChannelId(row.get(2)?),
        person: PersonId(row.get(3)?),
        mentioned: row.get(4)?,
        last_at: Timestamp(row.get(5)?),
        channel_name: row.get(6)?,
        profile: None,
        texts: Vec::new(),
        continues: false,
        earlier: Vec::new(),
        files: 0,
    })
}

fn complete(tx: &Transaction<'_>, mut bundle: SealedBundle) -> Result<SealedBundle, StoreError> {
    bundle.profile = people::profile(tx, &bundle.workspace, &bundle.person)?;
    let mut query = tx.prepare_cached(
        "SELECT text, files FROM messages
         WHERE bundle = ? AND role = 'contact' AND deleted_at IS NULL ORDER BY ts, id",
    )?;
    let rows =
        query.query_map([bundle.id.0], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    for row in rows {
        let (text, files) = row?;
        bundle.texts.push(text);
        bundle.files += serde_json::from_str::<Vec<String>>(&files).map_or(0, |files| files.len());
    }
    if let Some(task) = thread_task(tx, bundle.id)? {
        bundle.continues = true;
        let mut query = tx.prepare_cached(
            "SELECT m.text FROM messages m JOIN bundles b ON b.id = m.bundle
             WHERE b.task = ? AND m.role = 'contact' AND m.deleted_at IS NULL ORDER BY m.ts, m.id",
        )?;
        bundle.earlier = query.query_map([task.0], |row| row.get(0))?.collect::<Result<_, _>>()?;
    }
    Ok(bundle)
}

/// The task whose thread a bundle continues: the thread's parent belongs to it, or it was made for that thread, or one
/// of the bundle's own messages is the parent of its thread.
fn thread_task(tx: &Transaction<'_>, bundle: BundleId) -> Result<Option<TaskId>, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT r.task FROM bundles b
            JOIN messages m ON m.channel = b.channel AND m.ts = b.thread AND m.workspace = b.workspace
            JOIN bundles r ON r.id = m.bundle
         WHERE b.id = ?1 AND b.thread <> '' AND r.task IS NOT NULL
         UNION ALL
         SELECT t.id FROM bundles b
            JOIN tasks t ON t.workspace = b.workspace AND t.channel = b.channel AND t.thread = b.thread
         WHERE b.id = ?1 AND b.thread <> ''
         UNION ALL
         SELECT t.id FROM messages m
            JOIN tasks t ON t.workspace = m.workspace AND t.channel = m.channel AND t.thread = m.ts
         WHERE m.bundle = ?1
         LIMIT 1",
    )?;
    Ok(query.query_row([bundle.0], |row| row.get(0).map(TaskId)).optional()?)
}

/// A sealed bundle as it is finished.
struct Sealed {
    id: BundleId,
    workspace: WorkspaceId,
    channel: String,
    thread: String,
    person: PersonId,
    recovered: bool,
    mentioned: bool,
}

fn finish(tx: &Transaction<'_>, triaged: &Triaged, now: Timestamp) -> Result<Outcome, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT workspace, channel, thread, person, recovered, mentioned FROM bundles WHERE id = ? AND state = 'sealed'",
    )?;
    let found = query
        .query_row([triaged.bundle.0], |row| {
            Ok(Sealed {
                id: triaged.bundle,
                workspace: WorkspaceId(row.get(0)?),
                channel: row.get(1)?,
                thread: row.get(2)?,
                person: PersonId(row.get(3)?),
                recovered: row.get(4)?,
                mentioned: row.get(5)?,
            })
        })
        .optional()?;
    let Some(sealed) = found else { return Ok(Outcome::Gone) };
    let joins = thread_task(tx, sealed.id)?;
    if let Some(why) = triaged.passed_over.filter(|_| joins.is_none() && !sealed.mentioned) {
        pass_over(tx, sealed.id, why, now)?;
        return Ok(Outcome::PassedOver(sealed.id));
    }
    let profile = people::profile(tx, &sealed.workspace, &sealed.person)?;
    let contact = contacts::of_person(tx, &sealed.workspace, &sealed.person, profile.as_ref(), now)?;
    let task = match joins {
        Some(task) => task,
        None => open(tx, &sealed, contact, &triaged.verdict, now)?,
    };
    tx.prepare_cached("UPDATE bundles SET state = 'triaged', task = ?2 WHERE id = ?1")?
        .execute((sealed.id.0, task.0))?;
    if joins.is_none() || !triaged.courtesy {
        judgements::note(tx, task, sealed.id, (&triaged.verdict, triaged.opinion.as_ref()), now)?;
    }
    if let Some(wanted) = triaged.wanted {
        advice::want(tx, task, wanted, now)?;
    }
    match joins {
        Some(task) => {
            adopt(tx, task, contact)?;
            join(tx, task, triaged, sealed.recovered, now)?;
            if let Some(preview) = &triaged.reply {
                tell_reply(tx, &sealed, task, preview, now)?;
            }
        }
        None => count_answers(tx, task, sealed.id)?,
    }
    let number = tx
        .prepare_cached("SELECT number FROM tasks WHERE id = ?")?
        .query_row([task.0], |row| row.get(0).map(TaskNumber))?;
    Ok(if joins.is_some() { Outcome::Joined(number) } else { Outcome::Opened(number) })
}

/// The bundle makes no task, and says why.
fn pass_over(
    tx: &Transaction<'_>,
    bundle: BundleId,
    why: PassedOver,
    now: Timestamp,
) -> Result<(), StoreError> {
    let why = serde_json::to_string(&why).unwrap_or_default();
    tx.prepare_cached(
        "UPDATE bundles SET state = 'dropped', passed_over = 'not_a_request', passed_detail = ?2, due = ?3 WHERE id = ?1",
    )?
    .execute((bundle.0, why, now.0))?;
    Ok(())
}

/// A notice says that a contact has added to a task.
fn tell_reply(
    tx: &Transaction<'_>,
    sealed: &Sealed,
    task: TaskId,
    preview: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql =
        "SELECT t.number, c.name, COALESCE(ch.name, '') FROM tasks t JOIN contacts c ON c.id = t.contact
               LEFT JOIN channels ch ON ch.workspace = t.workspace AND ch.channel = t.channel WHERE t.id = ?";
    let (number, contact, channel): (i64, String, String) =
        tx.prepare_cached(sql)?.query_row([task.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let (task, bundle) = (TaskNumber(number), sealed.id);
    let notice = derived::reply(bundle, task, (&contact, &channel), preview, now);
    notices::submit(tx, Owner::whole(&sealed.workspace), &notice, now)?;
    Ok(())
}

fn open(
    tx: &Transaction<'_>,
    sealed: &Sealed,
    contact: ContactId,
    verdict: &Verdict,
    now: Timestamp,
) -> Result<TaskId, StoreError> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO tasks (workspace, number, status, category, category_by, priority, priority_by, verdict,
             assignee, contact, channel, thread, created_at, updated_at, recovered)
         VALUES (?1, (SELECT COALESCE(MAX(number), 0) + 1 FROM tasks WHERE workspace = ?1), 'open', ?2, 'desk', ?3,
             'desk', ?4, '', ?5, ?6,
             CASE WHEN ?7 <> '' THEN ?7 ELSE (SELECT MIN(ts) FROM messages WHERE bundle = ?8 AND role = 'contact') END,
             ?9, ?9, ?10)",
    )?;
    insert.execute((
        &sealed.workspace.0,
        &verdict.category,
        verdict.priority.as_str(),
        verdict.to_json(),
        contact.0,
        &sealed.channel,
        &sealed.thread,
        sealed.id.0,
        now.0,
        sealed.recovered,
    ))?;
    let task = TaskId(tx.last_insert_rowid());
    note(tx, task, &Actor::Desk, &Change::Opened { bundle: sealed.id }, now)?;
    Ok(task)
}

/// Teammates may have answered while the bundle was still open.
fn count_answers(tx: &Transaction<'_>, task: TaskId, bundle: BundleId) -> Result<(), StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT person, ts, at FROM messages WHERE bundle = ? AND role = 'team' ORDER BY ts, id",
    )?;
    let answers: Vec<(String, String, i64)> = query
        .query_map([bundle.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    for (person, ts, at) in answers {
        let change = Change::Answered { ts: MessageTs(ts) };
        conversation::answered(tx, task, &Actor::Teammate(person), &change, Timestamp(at))?;
    }
    Ok(())
}

/// A task whose contact was erased is from now on for whoever goes on writing in its thread.
fn adopt(tx: &Transaction<'_>, task: TaskId, contact: ContactId) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE tasks SET contact = ?2 WHERE id = ?1 AND contact IN
             (SELECT id FROM contacts WHERE erased_at IS NOT NULL)",
    )?
    .execute((task.0, contact.0))?;
    Ok(())
}

/// Whether the team has answered what a bundle says: a recovered one may be older than its answer.
fn is_answered(tx: &Transaction<'_>, task: TaskId, bundle: BundleId) -> Result<bool, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT 1 FROM messages m JOIN bundles b ON b.id = m.bundle
         WHERE b.task = ?1 AND m.role <> 'contact'
           AND m.ts > (SELECT MAX(ts) FROM messages WHERE bundle = ?2 AND role = 'contact') LIMIT 1",
    )?;
    Ok(query.exists((task.0, bundle.0))?)
}

fn join(
    tx: &Transaction<'_>,
    task: TaskId,
    triaged: &Triaged,
    recovered: bool,
    now: Timestamp,
) -> Result<(), StoreError> {
    note(tx, task, &Actor::Contact, &Change::Joined { bundle: triaged.bundle }, now)?;
    let before = conversation::status(tx, task)?;
    let after = task::after_contact(before, triaged.courtesy);
    move_to(tx, task, &Actor::Contact, after, now)?;
    if recovered && is_answered(tx, task, triaged.bundle)? {
        move_to(tx, task, &Actor::Desk, task::after_answer(after), now)?;
    }
    if triaged.courtesy {
        return Ok(());
    }
    let sql = "SELECT category, category_by, priority, priority_by, verdict FROM tasks WHERE id = ?";
    let (category, category_by, priority, priority_by, before) =
        tx.prepare_cached(sql)?.query_row([task.0], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, String>(2)?,
                row.get::<_, String>(3)?,
                row.get::<_, String>(4)?,
            ))
        })?;
    let verdict = &triaged.verdict;
    let kept = rows::verdict(&before).ok().filter(|before| outlives(before, verdict));
    if kept.is_none() && category_by == "desk" && category != verdict.category {
        tx.prepare_cached("UPDATE tasks SET category = ?2 WHERE id = ?1")?
            .execute((task.0, &verdict.category))?;
        let change = Change::Reclassified { from: category, to: verdict.category.clone() };
        note(tx, task, &Actor::Desk, &change, now)?;
    }
    // What was urgent stays urgent: more words do not make the first ones less so.
    if priority_by == "desk" && verdict.priority > rows::priority(&priority)? {
        tx.prepare_cached("UPDATE tasks SET priority = ?2 WHERE id = ?1")?
            .execute((task.0, verdict.priority.as_str()))?;
        let change = Change::Prioritised { from: priority, to: verdict.priority.as_str().to_owned() };
        note(tx, task, &Actor::Desk, &change, now)?;
    }
    let verdict = kept.unwrap_or_else(|| verdict.clone());
    tx.prepare_cached("UPDATE tasks SET verdict = ?2 WHERE id = ?1")?.execute((task.0, verdict.to_json()))?;
    Ok(())
}
