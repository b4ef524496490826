//! The trail of one thing through the desk: for `deskd why`.

use rusqlite::{OptionalExtension, Row, Transaction};
use serde::Serialize;

use super::advice;
use super::apps;
use super::error::StoreError;
use super::events::outcome;
use super::rows;
use super::space::Space;
use super::tasks;
use super::tellings::{Told, tellings};
use super::troubles;
use crate::domain::alarm::Why;
use crate::domain::classify::PassedOver;
use crate::domain::ids::{
    BundleId, ChannelId, DeliveryId, EventId, MessageTs, NoticeId, SendId, TaskId, TaskNumber, TroubleId,
    WorkspaceId,
};
use crate::domain::task::Change;
use crate::domain::telling::sentence;
use crate::domain::time::Timestamp;

/// What a question is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A message, by channel and `ts`.
    Message(ChannelId, MessageTs),
    /// An event, by Slack's id.
    SlackEvent(String),
    /// An event, by its journal row.
    Event(EventId),
    /// A bundle.
    Bundle(BundleId),
    /// A task, by its number.
    Task(TaskNumber),
    /// A row of the outbox.
    Send(SendId),
    /// A trouble of deskd's own trouble, with its tellings.
    Trouble(TroubleId),
    /// A notice, with its deliveries and their sends.
    Notice(NoticeId),
    /// A delivery, with its notice.
    Delivery(DeliveryId),
}

/// One step of a trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// When, in UTC milliseconds.
    #[serde(skip)]
    pub at: Timestamp,
    /// What it concerns: `event 12`, `bundle 3`, `task 5`, `send 7`.
    pub what: String,
    /// The stored reason, as a stable word.
    pub reason: String,
    /// The reason as a person reads it.
    pub sentence: String,
}

impl Space {
    /// Everything that is stored about a subject, in the order it happened. Empty when nothing is.
    pub async fn trail(&self, subject: Subject) -> Result<Vec<Step>, StoreError> {
        self.read(move |tx, workspace| {
            let mut trail = Trail { tx, workspace, steps: Vec::new() };
            match &subject {
                Subject::Message(channel, ts) => trail.message(channel, ts)?,
                Subject::SlackEvent(id) => trail.events("event_id = ?1", [id])?,
                Subject::Event(id) => trail.events("id = ?1", [id.0])?,
                Subject::Bundle(id) => trail.bundle(*id)?,
                Subject::Task(number) => {
                    if let Some(task) = tasks::find(tx, workspace, *number)? {
                        trail.task(task)?;
                    }
                }
                Subject::Send(id) => trail.sends("id = ?1", id.0)?,
                Subject::Trouble(id) => trail.trouble(*id)?,
                Subject::Notice(id) => trail.notice(*id)?,
                Subject::Delivery(id) => trail.delivery(*id)?,
            }
            trail.steps.sort_by_key(|step| step.at);
            trail.steps.dedup();
            Ok(trail.steps)
        })
        .await
    }
}

/// A trail that is being put together.
pub(super) struct Trail<'a> {
    pub tx: &'a Transaction<'a>,
    pub workspace: &'a WorkspaceId,
    pub steps: Vec<Step>,
}

impl Trail<'_> {
    /// Every event that carried the message, and what its bundle became. Ignored messages are not kept, so their events
    /// are found by looking through the journal: seconds on a large one, which a question may take.
    fn message(&mut self, channel: &ChannelId, ts: &MessageTs) -> Result<(), StoreError> {
        self.events(
            "json_valid(payload) AND instr(payload, ?1) > 0 AND (
                 (json_extract(payload, '$.event.channel') = ?2 AND ?1 IN (
                     json_extract(payload, '$.event.ts'), json_extract(payload, '$.event.message.ts'),
                     json_extract(payload, '$.event.deleted_ts'))))",
            [&ts.0, &channel.0],
        )?;
        let sql = "SELECT bundle FROM messages WHERE channel = ? AND ts = ? AND workspace = ?";
        let key = (&channel.0, &ts.0, &self.workspace.0);
        let bundles: Vec<i64> =
            self.tx.prepare(sql)?.query_map(key, |row| row.get(0))?.collect::<Result<_, _>>()?;
        for bundle in bundles {
            self.bundle(BundleId(bundle))?;
        }
        let sql = "SELECT id FROM sends WHERE channel = ? AND ts = ? AND workspace = ? AND ts <> ''";
        let sends: Vec<i64> =
            self.tx.prepare(sql)?.query_map(key, |row| row.get(0))?.collect::<Result<_, _>>()?;
        sends.into_iter().try_for_each(|send| self.sends("id = ?1", send))
    }

    /// Events of another workspace are nobody's business here. Where nobody knows yet whose one is, what it names counts; what
    /// names a third one may well be ours: a stranger's, in a channel that is shared.
    fn events<P: rusqlite::Params>(&mut self, condition: &str, params: P) -> Result<(), StoreError> {
        let sql = format!(
            "SELECT id, type, retry, received_at, kind, app, workspace,
                 EXISTS (SELECT 1 FROM workspaces w WHERE w.workspace = events.workspace),
                 COALESCE((SELECT o.workspace FROM outcomes o WHERE o.event = events.id), '')
             FROM events WHERE {condition} ORDER BY id"
        );
        let mut query = self.tx.prepare(&sql)?;
        let mut found = query.query(params)?;
        while let Some(row) = found.next()? {
            let (named, is_known, whose): (String, bool, String) = (row.get(6)?, row.get(7)?, row.get(8)?);
            let is_foreign = if whose.is_empty() {
                is_known && named != self.workspace.0
            } else {
                whose != self.workspace.0
            };
            if is_foreign {
                continue;
            }
            let step = self.event(row)?;
            self.steps.extend(step);
            self.whisper(EventId(row.get(0)?))?;
        }
        Ok(())
    }

    /// The answer that came after the acknowledgement, if there was one.
    fn whisper(&mut self, event: EventId) -> Result<(), StoreError> {
        let sql = "SELECT state, uses, reason, updated_at FROM whispers WHERE event = ?";
        let mut query = self.tx.prepare(sql)?;
        let mut found = query.query([event.0])?;
        let Some(row) = found.next()? else { return Ok(()) };
        let (state, uses, reason): (String, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let why = if reason.is_empty() { reason } else { format!(": {reason}") };
        let sentence = match state.as_str() {
            "told" => "answered after the acknowledgement".to_owned(),
            "failed" => format!("the answer did not reach the person{why}"),
            _ => format!("to be answered after the acknowledgement, {uses} attempts so far{why}"),
        };
        let what = format!("event {event}");
        self.steps.push(Step {
            at: Timestamp(row.get(3)?),
            what,
            reason: format!("answer_{state}"),
            sentence,
        });
        Ok(())
    }

    fn event(&self, row: &Row<'_>) -> Result<[Step; 2], StoreError> {
        let id = EventId(row.get(0)?);
        let (inner, retry): (String, i64) = (row.get(1)?, row.get(2)?);
        let (at, kind): (Timestamp, String) = (Timestamp(row.get(3)?), row.get(4)?);
        let what = format!("event {id}");
        let app = apps::name(self.tx, &row.get::<_, String>(5)?)?;
        let app = app.map(|name| format!(" for the app {name}")).unwrap_or_default();
        let first = match retry {
            0 => format!("recorded an envelope of type {kind} ({inner}){app}"),
            retry => {
                format!(
                    "recorded an envelope of type {kind} ({inner}){app}, first seen as retry {retry} of Slack"
                )
            }
        };
        let (reason, sentence) = match outcome(self.tx, id)? {
            Some(reason) => (reason.code().to_owned(), reason.sentence()),
            None => ("pending".to_owned(), "waiting to be decoded".to_owned()),
        };
        Ok([
            Step { at, what: what.clone(), reason: "recorded".to_owned(), sentence: first },
            Step { at, what, reason, sentence },
        ])
    }

    fn bundle(&mut self, id: BundleId) -> Result<(), StoreError> {
        let sql = "SELECT state, due, task, passed_detail FROM bundles WHERE id = ? AND workspace = ?";
        let mut query = self.tx.prepare(sql)?;
        let mut found = query.query((id.0, &self.workspace.0))?;
        let Some(row) = found.next()? else { return Ok(()) };
        let (state, due, task): (String, i64, Option<i64>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let (due, passed): (Timestamp, String) = (Timestamp(due), row.get(3)?);
        if let Ok(why) = serde_json::from_str::<PassedOver>(&passed) {
            let (what, reason) = (format!("bundle {id}"), "not_a_request".to_owned());
            let sentence = format!("{}; hint: deskd task make {id} makes a task of it", why.sentence());
            self.steps.push(Step { at: due, what, reason, sentence });
            return Ok(());
        }
        let sentence = match state.as_str() {
            "open" => format!("open until {due} unless more comes"),
            "sealed" => "closed, about to become a task".to_owned(),
            "dropped" => "dropped: all its messages were taken back".to_owned(),
            _ => "closed and triaged".to_owned(),
        };
        self.steps.push(Step { at: due, what: format!("bundle {id}"), reason: state, sentence });
        task.map_or(Ok(()), |task| self.task(TaskId(task)))
    }

    fn task(&mut self, task: TaskId) -> Result<(), StoreError> {
        let sql = "SELECT number, verdict FROM tasks WHERE id = ? AND workspace = ?";
        let key = (task.0, &self.workspace.0);
        let found =
            self.tx.query_row(sql, key, |row| Ok((row.get(0)?, row.get::<_, String>(1)?))).optional()?;
        let Some((number, verdict)) = found else { return Ok(()) };
        let number: i64 = number;
        let verdict = rows::verdict(&verdict)?;
        let why: Vec<String> = verdict.reasons.iter().map(|reason| reason.sentence()).collect();
        let mut query =
            self.tx.prepare("SELECT at, actor, change FROM history WHERE task = ? ORDER BY id")?;
        let mut found = query.query([task.0])?;
        // The verdict that is kept is the last one: it explains the last time the task was classified.
        let mut explained = None;
        while let Some(row) = found.next()? {
            let (at, actor, change): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let change = rows::change(&change)?;
            if matches!(change, Change::Opened { .. } | Change::Reclassified { .. } | Change::Advised { .. })
            {
                explained = Some(self.steps.len());
            }
            self.steps.push(Step {
                at: Timestamp(at),
                what: format!("task {number}"),
                reason: change.code().to_owned(),
                sentence: format!("{} by {actor}", change.sentence()),
            });
        }
        if let Some(step) = explained.and_then(|at| self.steps.get_mut(at)) {
            let (category, sure) = (&verdict.category, verdict.confidence * 100.0);
            step.sentence += &format!(": {category} ({sure:.0} % sure), because {}", why.join("; "));
        }
        if let Some((at, reason, sentence)) = advice::told(self.tx, task)? {
            self.steps.push(Step { at, what: format!("task {number}"), reason, sentence });
        }
        self.sends("task = ?1", task.0)
    }

    /// A trouble, when it was over, and how it left the house.
    fn trouble(&mut self, id: TroubleId) -> Result<(), StoreError> {
        let sql = "SELECT id, kind, subject, detail, raised_at, resolved_at FROM troubles
                   WHERE id = ? AND workspace = ?";
        let mut query = self.tx.prepare(sql)?;
        let mut found = query.query((id.0, &self.workspace.0))?;
        let Some(row) = found.next()? else { return Ok(()) };
        let trouble = troubles::trouble(row)?;
        let what = format!("trouble {id}");
        let mut step = |at: Timestamp, reason: &str, sentence: String| {
            self.steps.push(Step { at, what: what.clone(), reason: reason.to_owned(), sentence });
        };
        step(trouble.raised_at, "raised", sentence(&trouble.raised));
        if let Some(over) = trouble.resolved_at {
            step(over, "resolved", "it is over".to_owned());
        }
        for telling in tellings(self.tx, id)? {
            let Told { phase, way, state, attempts, reason, updated_at, send } = telling;
            let why = Why::from_word(&reason).map_or(reason.as_str(), |why| why.sentence());
            let send = send.map(|send| format!(", as send {send}")).unwrap_or_default();
            let (phase, way, state) = (phase.as_str(), way.as_str(), state.as_str());
            let told = format!("{phase} by {way}: {state} after {attempts} attempts{send}: {why}");
            step(updated_at, state, told);
        }
        Ok(())
    }

    pub(super) fn sends(&mut self, condition: &str, id: i64) -> Result<(), StoreError> {
        let sql = format!(
            "SELECT s.id, s.state, s.attempts, s.reason, s.ts, s.updated_at, d.reason, d.since
             FROM sends s LEFT JOIN destinations d ON d.workspace = s.workspace AND d.channel = s.channel
                 AND d.state = 'broken' AND s.state = 'waiting'
             WHERE s.{condition} AND s.workspace = ?2 ORDER BY s.id"
        );
        let mut query = self.tx.prepare(&sql)?;
        let mut found = query.query((id, &self.workspace.0))?;
        while let Some(row) = found.next()? {
            let (id, state, attempts): (i64, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let (reason, ts, at): (String, String, i64) = (row.get(3)?, row.get(4)?, row.get(5)?);
            let sentence = match (state.as_str(), reason.as_str()) {
                ("sent", _) => format!("sent as {ts}, attempt {attempts}"),
                (state, "") => format!("{state} after {attempts} attempts"),
                (state, reason) => format!("{state} after {attempts} attempts: {reason}"),
            };
            self.steps.push(Step { at: Timestamp(at), what: format!("send {id}"), reason: state, sentence });
            let (held, since): (Option<String>, Option<i64>) = (row.get(6)?, row.get(7)?);
            if let (Some(held), Some(since)) = (held, since) {
                let why = rows::broken(&held)?.sentence();
                let sentence = format!("held: {why}; it goes out when that ends");
                let what = format!("send {id}");
                self.steps.push(Step { at: Timestamp(since.max(at)), what, reason: held, sentence });
            }
        }
        Ok(())
    }
}
