//! Reports: up to when their due times are dealt with, and what a run leaves: its messages and its chart, in one commit.

use rusqlite::{OptionalExtension, Row, Transaction};

use super::error::StoreError;
use super::held::{are_held, told_by};
use super::outbox::{Part, insert_notice};
use super::rows;
use super::space::Space;
use crate::domain::ids::{ChannelId, SendId, WorkspaceId};
use crate::domain::report::{ReportState, Why};
use crate::domain::time::Timestamp;
use crate::domain::upload::ChartState;

/// A report as its row has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The report.
    pub name: String,
    /// Due times up to here are dealt with.
    pub seen: Timestamp,
    /// How the last run ended.
    pub state: ReportState,
    /// Why, as a stable word; empty before the first run.
    pub reason: String,
    /// The same as people read it.
    pub sentence: String,
    /// When the last run was due; `None` when it was asked for.
    pub due_at: Option<Timestamp>,
    /// When the last run was.
    pub ran_at: Option<Timestamp>,
    /// The chart of the last run that had one: where it stands, and why.
    pub chart: Option<(ChartState, String)>,
}

/// What a run leaves.
#[derive(Clone)]
pub struct Run {
    /// The report.
    pub name: String,
    /// The due time it answers; `None` when it was asked for.
    pub due: Option<Timestamp>,
    /// Why it ended as it did.
    pub why: Why,
    /// Where its message goes; `None` when there is nothing to post.
    pub message: Option<Message>,
}

/// The message of a run.
#[derive(Clone)]
pub struct Message {
    /// Where to.
    pub channel: ChannelId,
    /// Its parts with their keys, in order.
    pub parts: Vec<Part>,
    /// The chart that follows.
    pub chart: Option<Chart>,
    /// Held deliveries that it tells.
    pub held: Vec<i64>,
}

/// A chart to be shared after a message.
#[derive(Clone)]
pub struct Chart {
    /// What tells it from every other.
    pub key: String,
    /// What is said with it, as plain text.
    pub title: String,
    /// The picture.
    pub png: Vec<u8>,
}

impl Space {
    /// The rows of `reports` (name and schedule), in their order. One that was not there, or has another schedule now, counts
    /// from `now`; those that are not among them are forgotten, so that one that comes back does not catch up on years.
    pub async fn report_standings(
        &self,
        reports: Vec<(String, String)>,
        now: Timestamp,
    ) -> Result<Vec<Standing>, StoreError> {
        let found = self.read_standings(reports.clone()).await?;
        if let Some(all) = found {
            return Ok(all);
        }
        self.write(move |tx, workspace| {
            let names: Vec<&str> = reports.iter().map(|(name, _)| name.as_str()).collect();
            let names = serde_json::to_string(&names).unwrap_or_default();
            let sql = "DELETE FROM reports WHERE workspace = ?1 AND name NOT IN (SELECT value FROM json_each(?2))";
            tx.execute(sql, (&workspace.0, names))?;
            let mut upsert = tx.prepare_cached(
                "INSERT INTO reports (workspace, name, schedule, seen, state, reason, sentence)
                 VALUES (?1, ?2, ?3, ?4, 'new', '', '')
                 ON CONFLICT (workspace, name) DO UPDATE SET seen = excluded.seen, schedule = excluded.schedule
                 WHERE schedule <> excluded.schedule",
            )?;
            for (name, schedule) in &reports {
                upsert.execute((&workspace.0, name, schedule, now.0))?;
            }
            standings(tx, workspace, &reports).map(|found| found.unwrap_or_default())
        })
        .await
    }

    /// Stores a run: its due time is dealt with, its message is in the outbox and its chart waits for it. The same run again
    /// stores nothing twice, because its keys are the same. Returns the sends; `None` when what it tells of held deliveries is
    /// not right any more, and nothing is stored then.
    pub async fn finish_report(&self, run: Run, now: Timestamp) -> Result<Option<Vec<SendId>>, StoreError> {
        self.write(move |tx, workspace| {
            let held = run.message.as_ref().map(|message| message.held.as_slice()).unwrap_or_default();
            if !are_held(tx, held)? {
                return Ok(None);
            }
            let state = if run.why.is_failure() { ReportState::Failed } else { ReportState::Made };
            let mut update = tx.prepare_cached(
                "UPDATE reports SET seen = MAX(seen, COALESCE(?3, seen)), state = ?4, reason = ?5, sentence = ?6,
                     due_at = ?3, ran_at = ?7 WHERE workspace = ?1 AND name = ?2",
            )?;
            let due = run.due.map(|due| due.0);
            let (reason, sentence) = (run.why.code(), run.why.sentence());
            update.execute((&workspace.0, &run.name, due, state.as_str(), reason, sentence, now.0))?;
            match run.message {
                Some(message) => post(tx, workspace, &run.name, &message, now).map(Some),
                None => Ok(Some(Vec::new())),
            }
        })
        .await
    }

    /// Notes that a report cannot be made for now; its due time stays.
    pub async fn report_waits(&self, name: String, why: Why, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |tx, workspace| {
            let mut update = tx.prepare_cached(
                "UPDATE reports SET state = 'failed', reason = ?3, sentence = ?4, ran_at = ?5
                 WHERE workspace = ?1 AND name = ?2 AND (state <> 'failed' OR reason <> ?3)",
            )?;
            update.execute((&workspace.0, &name, why.code(), why.sentence(), now.0))?;
            Ok(())
        })
        .await
    }

    async fn read_standings(
        &self,
        reports: Vec<(String, String)>,
    ) -> Result<Option<Vec<Standing>>, StoreError> {
        self.read(move |tx, workspace| {
            let sql = "SELECT COUNT(*) FROM reports WHERE workspace = ?";
            let count: i64 = tx.query_row(sql, [&workspace.0], |row| row.get(0))?;
            if usize::try_from(count).ok() == Some(reports.len()) {
                standings(tx, workspace, &reports)
            } else {
                Ok(None)
            }
        })
        .await
    }
}

fn post(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    report: &str,
    message: &Message,
    now: Timestamp,
) -> Result<Vec<SendId>, StoreError> {
    let insert = |part| insert_notice(tx, workspace, &message.channel, part, "", now);
    let sends = message.parts.iter().map(insert).collect::<Result<Vec<_>, _>>()?;
    if let Some(last) = sends.last() {
        told_by(tx, &message.held, *last, now)?;
    }
    if let (Some(chart), Some(last)) = (&message.chart, sends.last()) {
        let mut insert = tx.prepare_cached(
            "INSERT INTO charts (workspace, key, report, send, channel, title, png, state, file, attempts, next_at,
                 reason, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'waiting', '', 0, ?8, '', ?8, ?8) ON CONFLICT (key) DO NOTHING",
        )?;
        let Chart { key, title, png } = chart;
        insert.execute((&workspace.0, key, report, last.0, &message.channel.0, title, png, now.0))?;
    }
    Ok(sends)
}

/// All rows, when all are there with the schedules that are asked for.
fn standings(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    reports: &[(String, String)],
) -> Result<Option<Vec<Standing>>, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT name, seen, state, reason, sentence, due_at, ran_at FROM reports
         WHERE workspace = ? AND name = ? AND schedule = ?",
    )?;
    let mut all = Vec::with_capacity(reports.len());
    for (name, schedule) in reports {
        let mut found = query.query((&workspace.0, name, schedule))?;
        let Some(row) = found.next()? else { return Ok(None) };
        let chart = last_chart(tx, workspace, name)?;
        all.push(Standing { chart, ..standing(row)? });
    }
    Ok(Some(all))
}

fn standing(row: &Row<'_>) -> Result<Standing, StoreError> {
    Ok(Standing {
        name: row.get(0)?,
        seen: Timestamp(row.get(1)?),
        state: rows::report_state(&row.get::<_, String>(2)?)?,
        reason: row.get(3)?,
        sentence: row.get(4)?,
        due_at: row.get::<_, Option<i64>>(5)?.map(Timestamp),
        ran_at: row.get::<_, Option<i64>>(6)?.map(Timestamp),
        chart: None,
    })
}

fn last_chart(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    report: &str,
) -> Result<Option<(ChartState, String)>, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT state, reason FROM charts WHERE workspace = ? AND report = ? ORDER BY id DESC LIMIT 1",
    )?;
    let row = query.query_row((&workspace.0, report), |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let read = |(state, reason): (String, String)| Ok((rows::chart_state(&state)?, reason));
    row.map(read).transpose()
}
