//! Questions for a language model: which task to ask about, what the answers changed, and what calls have cost.
//!
//! The table is the queue. A question is claimed by a lease and counted at the claim; the call is made without a transaction;
//! what came of it is stored in one, together with what it changes of the task.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{OptionalExtension, Transaction};

use super::conversation::note;
use super::error::StoreError;
use super::rows;
use super::space::Space;
use super::sqlite::Store;
use crate::domain::advice::answer::{Answer, Refusal};
use crate::domain::advice::budget::{Spent, Usage, month};
use crate::domain::advice::effect::{Standing, effect, refused};
use crate::domain::advice::pace::Failure;
use crate::domain::advice::{Wanted, question::Asked};
use crate::domain::classify::{Classifier, Verdict};
use crate::domain::ids::{TaskId, TaskNumber, WorkspaceId};
use crate::domain::redact::Known;
use crate::domain::task::{Actor, Change};
use crate::domain::time::Timestamp;

/// A question that has been claimed: one call may be made for it until its lease is over.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The task.
    pub task: TaskId,
    /// Its number.
    pub number: TaskNumber,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Which round of questions this is.
    pub round: i64,
    /// What is wanted.
    pub wanted: Wanted,
    /// Attempts, this one included.
    pub attempts: u32,
    /// When it was asked for.
    pub since: Timestamp,
    /// What the contact wrote, in order.
    pub texts: Vec<String>,
    /// How many files came with it.
    pub files: usize,
    /// Whose names may stand in it.
    pub people: Vec<Known>,
}

impl Claimed {
    /// What a question is made of.
    pub fn asked(&self) -> Asked<'_> {
        Asked { texts: &self.texts, files: self.files }
    }
}

/// What a look for work came to.
#[derive(Clone, Debug)]
pub enum Claim {
    /// This is to be asked.
    Here(Box<Claimed>),
    /// There is something, and its time comes then.
    At(Timestamp),
    /// There is nothing.
    Idle,
}

/// What became of a question.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    /// It was answered.
    Answered {
        /// The answer, with names where placeholders stood.
        answer: Answer,
        /// The category that stands for none.
        fallback: String,
    },
    /// Its answer is not used.
    Refused(Refusal),
    /// The call failed, and another one is made then; being told to wait does not count as an attempt.
    Again {
        /// Why.
        why: Failure,
        /// When.
        at: Timestamp,
        /// Whether the attempt counts.
        counts: bool,
    },
    /// The call failed and no other is made.
    Failed(Failure),
    /// No call was made, for this reason: a stable word.
    Skipped(&'static str),
}

/// A call that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The model's name.
    pub model: String,
    /// What it came to in tokens, or may have.
    pub usage: Usage,
    /// Its price, in millionths.
    pub cost: u64,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// What an ending changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// The new category, if there is one.
    pub category: Option<String>,
    /// Whether the priority moved.
    pub priority: bool,
    /// Whether title and summary were written.
    pub summary: bool,
}

/// How the questions stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Advised {
    /// Questions by state.
    pub states: BTreeMap<String, i64>,
    /// When the oldest one that waits was asked for.
    pub oldest_waiting: Option<Timestamp>,
    /// The reason of the newest one that failed, and when that was, when no answer has come since.
    pub failing: Option<(String, Timestamp)>,
}

/// A model is wanted for a task: the row is there with the task. Another bundle begins another round.
pub(super) fn want(
    tx: &Transaction<'_>,
    task: TaskId,
    wanted: Wanted,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO advice (task, workspace, round, category, summary, state, attempts, next_at, reason, created_at,
             updated_at)
         SELECT id, workspace, 1, ?2, ?3, 'waiting', 0, ?4, '', ?4, ?4 FROM tasks WHERE id = ?1
         ON CONFLICT (task) DO UPDATE SET round = round + 1, category = excluded.category, summary = excluded.summary,
             state = 'waiting', attempts = 0, next_at = excluded.next_at, reason = '', created_at = excluded.created_at,
             updated_at = excluded.updated_at",
    )?
    .execute((task.0, wanted.category, wanted.summary, now.0))?;
    Ok(())
}

/// Forgets what was asked and written about a contact's tasks.
pub(super) fn erase(tx: &Transaction<'_>, contact: i64) -> Result<(), StoreError> {
    for table in ["advice", "model_calls"] {
        let sql = format!("DELETE FROM {table} WHERE task IN (SELECT id FROM tasks WHERE contact = ?)");
        tx.execute(&sql, [contact])?;
    }
    tx.execute("UPDATE tasks SET title = '', summary = '' WHERE contact = ?", [contact])?;
    Ok(())
}

impl Store {
    /// Claims the next question. `until` is when it is taken up again after a crash.
    pub async fn claim_advice(&self, until: Timestamp, now: Timestamp) -> Result<Claim, StoreError> {
        let soonest = |tx: &Transaction<'_>| -> Result<Option<i64>, StoreError> {
            let sql = "SELECT MIN(next_at) FROM advice WHERE state IN ('waiting', 'asking')";
            Ok(tx.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
        };
        match self.read(soonest).await? {
            None => return Ok(Claim::Idle),
            Some(at) if at > now.0 => return Ok(Claim::At(Timestamp(at))),
            Some(_) => {}
        }
        let Some(claimed) = self.write(move |tx| claim(tx, until, now)).await? else {
            return Ok(Claim::Idle);
        };
        // Names of a whole workspace are read beside the writer, whom Slack waits for.
        let completed = self.read(move |tx| complete(tx, claimed)).await?;
        Ok(completed.map_or(Claim::At(now), |claimed| Claim::Here(Box::new(claimed))))
    }

    /// Stores what became of a claimed question, with the call if one was made, and changes what follows from it.
    pub async fn finish_advice(
        &self,
        claimed: Claimed,
        call: Option<Call>,
        ending: Ending,
        now: Timestamp,
    ) -> Result<Changed, StoreError> {
        self.write(move |tx| {
            if let Some(call) = &call {
                count(tx, &claimed, call, &ending, now)?;
            }
            finish(tx, &claimed, &ending, now)
        })
        .await
    }
}

impl Space {
    /// What the month of `now` has cost so far.
    pub async fn model_spending(&self, now: Timestamp) -> Result<Spent, StoreError> {
        self.read(move |tx, workspace| {
            let mut query = tx.prepare_cached(
                "SELECT calls, tokens_in, tokens_out, cost FROM model_spending WHERE workspace = ? AND month = ?",
            )?;
            let found = query.query_row((&workspace.0, month(now)), |row| {
                let usage = Usage { tokens_in: counted(row.get(1)?), tokens_out: counted(row.get(2)?) };
                Ok(Spent { calls: counted(row.get(0)?), usage, cost: counted(row.get(3)?) })
            });
            Ok(found.optional()?.unwrap_or_default())
        })
        .await
    }

    /// How the questions of a workspace stand.
    pub async fn advised(&self) -> Result<Advised, StoreError> {
        self.read(move |tx, workspace| {
            let mut query =
                tx.prepare_cached("SELECT state, COUNT(*) FROM advice WHERE workspace = ? GROUP BY state")?;
            let states = query.query_map([&workspace.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let states = states.collect::<Result<BTreeMap<_, _>, _>>()?;
            let sql =
                "SELECT MIN(created_at) FROM advice WHERE workspace = ? AND state IN ('waiting', 'asking')";
            let oldest: Option<i64> = tx.prepare_cached(sql)?.query_row([&workspace.0], |row| row.get(0))?;
            let mut query = tx.prepare_cached(
                "SELECT reason, updated_at FROM advice WHERE workspace = ?1 AND state IN ('failed', 'waiting', 'skipped')
                     AND reason NOT IN ('', 'off', 'nothing_said') AND updated_at > COALESCE((SELECT MAX(updated_at) FROM advice
                         WHERE workspace = ?1 AND state IN ('done', 'refused')), 0)
                 ORDER BY updated_at DESC LIMIT 1",
            )?;
            let failing = query.query_row([&workspace.0], |row| Ok((row.get(0)?, Timestamp(row.get(1)?))));
            Ok(Advised { states, oldest_waiting: oldest.map(Timestamp), failing: failing.optional()? })
        })
        .await
    }
}

fn claim(tx: &Transaction<'_>, until: Timestamp, now: Timestamp) -> Result<Option<Claimed>, StoreError> {
    let mut query = tx.prepare_cached(
        "UPDATE advice SET state = 'asking', attempts = attempts + 1, next_at = ?2, reason = 'under_way', updated_at = ?1
         WHERE task = (SELECT task FROM advice WHERE state IN ('waiting', 'asking') AND next_at <= ?1
                       ORDER BY next_at, task LIMIT 1)
         RETURNING task, workspace, round, category, summary, attempts, created_at",
    )?;
    let found = query.query_row((now.0, until.0), |row| {
        Ok(Claimed {
            task: TaskId(row.get(0)?),
            number: TaskNumber(0),
            workspace: WorkspaceId(row.get(1)?),
            round: row.get(2)?,
            wanted: Wanted { category: row.get(3)?, summary: row.get(4)? },
            attempts: row.get(5)?,
            since: Timestamp(row.get(6)?),
            texts: Vec::new(),
            files: 0,
            people: Vec::new(),
        })
    });
    Ok(found.optional()?)
}

/// What is needed to ask; `None` when the task has gone since it was claimed.
fn complete(tx: &Transaction<'_>, mut claimed: Claimed) -> Result<Option<Claimed>, StoreError> {
    let sql = "SELECT number FROM tasks WHERE id = ?";
    let number = tx.prepare_cached(sql)?.query_row([claimed.task.0], |row| row.get(0).map(TaskNumber));
    let Some(number) = number.optional()? else { return Ok(None) };
    claimed.number = number;
    let mut query = tx.prepare_cached(
        "SELECT m.text, m.files FROM messages m JOIN bundles b ON b.id = m.bundle
         WHERE b.task = ? AND m.role = 'contact' AND m.deleted_at IS NULL ORDER BY m.ts, m.id",
    )?;
    let mut found = query.query([claimed.task.0])?;
    while let Some(row) = found.next()? {
        claimed.texts.push(row.get(0)?);
        claimed.files +=
            serde_json::from_str::<Vec<String>>(&row.get::<_, String>(1)?).map_or(0, |files| files.len());
    }
    // Whoever takes part comes first, so that a first name means them; the contact may have a name that we were given.
    let mut query = tx.prepare_cached(
        "SELECT p.person, p.name, 1 AS near FROM people p WHERE p.workspace = ?1 AND p.is_bot = 0 AND p.name <> ''
             AND (p.person IN (SELECT m.person FROM messages m JOIN bundles b ON b.id = m.bundle WHERE b.task = ?2)
                  OR p.person IN (SELECT person FROM teammates WHERE workspace = ?1))
         UNION ALL SELECT '', k.name, 1 FROM tasks t JOIN contacts k ON k.id = t.contact WHERE t.id = ?2 AND k.name <> ''
         UNION ALL SELECT p.person, p.name, 0 FROM people p WHERE p.workspace = ?1 AND p.is_bot = 0 AND p.name <> ''
         ORDER BY near DESC, person DESC",
    )?;
    let people = query.query_map((&claimed.workspace.0, claimed.task.0), |row| {
        Ok(Known { id: row.get(0)?, name: row.get(1)?, near: row.get(2)? })
    })?;
    let (mut ids, mut names) = (BTreeSet::new(), BTreeSet::new());
    for known in people {
        let known = known?;
        // Whoever takes part is among everybody, too, and the contact is usually one of those who take part.
        let is_new = match known.id.is_empty() {
            true => !names.contains(&known.name),
            false => ids.insert(known.id.clone()),
        };
        if is_new {
            names.insert(known.name.clone());
            claimed.people.push(known);
        }
    }
    Ok(Some(claimed))
}

/// A call counts whatever came of it, also when its task has gone meanwhile.
fn count(
    tx: &Transaction<'_>,
    claimed: &Claimed,
    call: &Call,
    ending: &Ending,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Call { model, usage, cost, took_ms } = call;
    let (tokens_in, tokens_out) = (stored(usage.tokens_in), stored(usage.tokens_out));
    let (cost, took_ms) = (stored(*cost), stored(*took_ms));
    tx.prepare_cached(
        "INSERT INTO model_calls (workspace, task, at, model, outcome, tokens_in, tokens_out, cost, took_ms)
         SELECT workspace, id, ?2, ?3, ?4, ?5, ?6, ?7, ?8 FROM tasks WHERE id = ?1
             AND contact NOT IN (SELECT id FROM contacts WHERE erased_at IS NOT NULL)",
    )?
    .execute((claimed.task.0, now.0, model, word(ending), tokens_in, tokens_out, cost, took_ms))?;
    tx.prepare_cached(
        "INSERT INTO model_spending (workspace, month, calls, tokens_in, tokens_out, cost) VALUES (?1, ?2, 1, ?3, ?4, ?5)
         ON CONFLICT (workspace, month) DO UPDATE SET calls = calls + 1, tokens_in = tokens_in + excluded.tokens_in,
             tokens_out = tokens_out + excluded.tokens_out, cost = cost + excluded.cost",
    )?
    .execute((&claimed.workspace.0, month(now), tokens_in, tokens_out, cost))?;
    Ok(())
}

fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn counted(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or(0)
}

/// What came of a call, as it is stored with it.
fn word(ending: &Ending) -> String {
    match ending {
        Ending::Answered { .. } => "answered".to_owned(),
        Ending::Refused(why) => format!("refused {why}"),
        Ending::Again { why, .. } | Ending::Failed(why) => why.to_string(),
        Ending::Skipped(why) => (*why).to_owned(),
    }
}

fn finish(
    tx: &Transaction<'_>,
    claimed: &Claimed,
    ending: &Ending,
    now: Timestamp,
) -> Result<Changed, StoreError> {
    let (state, reason, at, back) = match ending {
        Ending::Answered { .. } => ("done", String::new(), now, 0),
        Ending::Refused(why) => ("refused", why.to_string(), now, 0),
        Ending::Again { why, at, counts } => ("waiting", why.to_string(), *at, i64::from(!counts)),
        Ending::Failed(why) => ("failed", why.to_string(), now, 0),
        Ending::Skipped(why) => ("skipped", (*why).to_owned(), now, 0),
    };
    let mut update = tx.prepare_cached(
        "UPDATE advice SET state = ?4, reason = ?5, next_at = ?6, attempts = attempts - ?7, updated_at = ?8
         WHERE task = ?1 AND round = ?2 AND attempts = ?3 AND state = 'asking'",
    )?;
    let key = (claimed.task.0, claimed.round, claimed.attempts);
    // Something was added meanwhile, the task has gone, or somebody else took it up after the lease: not ours any more.
    if update.execute((key.0, key.1, key.2, state, &reason, at.0, back, now.0))? == 0 {
        return Ok(Changed::default());
    }
    match ending {
        Ending::Answered { answer, fallback } => apply(tx, claimed, answer, fallback, now),
        Ending::Refused(why) if claimed.wanted.category => {
            let (verdict, ..) = stands(tx, claimed.task)?;
            set_verdict(tx, claimed.task, &refused(&verdict, *why))?;
            Ok(Changed::default())
        }
        Ending::Refused(_) | Ending::Again { .. } | Ending::Failed(_) | Ending::Skipped(_) => {
            Ok(Changed::default())
        }
    }
}

/// Verdict, category, priority, and whether a person has chosen one of the latter.
type Stands = (Verdict, String, String, bool, bool);

fn stands(tx: &Transaction<'_>, task: TaskId) -> Result<Stands, StoreError> {
    let sql = "SELECT verdict, category, priority, category_by = 'person', priority_by = 'person' FROM tasks WHERE id = ?";
    let (verdict, category, priority, labelled, prioritised): (String, String, String, bool, bool) = tx
        .prepare_cached(sql)?
        .query_row([task.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))?;
    Ok((rows::verdict(&verdict)?, category, priority, labelled, prioritised))
}

fn set_verdict(tx: &Transaction<'_>, task: TaskId, verdict: &Verdict) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE tasks SET verdict = ?2 WHERE id = ?1")?.execute((task.0, verdict.to_json()))?;
    Ok(())
}

fn apply(
    tx: &Transaction<'_>,
    claimed: &Claimed,
    answer: &Answer,
    fallback: &str,
    now: Timestamp,
) -> Result<Changed, StoreError> {
    let (task, by) = (claimed.task, Classifier::Model);
    let mut changed = Changed::default();
    if claimed.wanted.category {
        let (verdict, category, priority, labelled, prioritised) = stands(tx, task)?;
        let standing =
            Standing { verdict: &verdict, priority: rows::priority(&priority)?, labelled, prioritised };
        let effect = effect(&standing, answer, fallback);
        set_verdict(tx, task, &effect.verdict)?;
        if let Some(to) = effect.category.filter(|to| *to != category) {
            tx.prepare_cached("UPDATE tasks SET category = ?2 WHERE id = ?1")?.execute((task.0, &to))?;
            note(tx, task, &Actor::Desk, &Change::Advised { by, from: category, to: to.clone() }, now)?;
            changed.category = Some(to);
        }
        if let Some(to) = effect.priority {
            let to = to.as_str().to_owned();
            tx.prepare_cached("UPDATE tasks SET priority = ?2 WHERE id = ?1")?.execute((task.0, &to))?;
            note(tx, task, &Actor::Desk, &Change::AdvisedPriority { by, from: priority, to }, now)?;
            changed.priority = true;
        }
    }
    if let (Some(title), Some(summary)) = (&answer.title, &answer.summary) {
        let sql =
            "UPDATE tasks SET title = ?2, summary = ?3 WHERE id = ?1 AND (title <> ?2 OR summary <> ?3)";
        changed.summary = tx.prepare_cached(sql)?.execute((task.0, title, summary))? > 0;
        if changed.summary {
            note(tx, task, &Actor::Desk, &Change::Summarised { by }, now)?;
        }
    }
    Ok(changed)
}
