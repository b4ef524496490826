//! The outbox: what is to be sent, claimed by a lease and counted at the claim. How it ends is in `finish`.
//!
//! Order is kept within a lane (channel and thread): a row is claimed only when no earlier row of its lane is unfinished.
//! What goes to a broken channel is not claimed. No transaction is open while Slack is called.

use std::time::Duration;

use rusqlite::{Row, Transaction};

use super::conversation::answered;
use super::error::StoreError;
use super::space::Space;
use super::sqlite::Store;
use super::{limits, rows, tasks};
use crate::domain::destination::Broken;
use crate::domain::ids::{ChannelId, MessageTs, SendId, TaskId, TaskNumber, WorkspaceId};
use crate::domain::limit::{self, Admission};
use crate::domain::notice::Lane;
use crate::domain::send::{SendKind, SendState};
use crate::domain::task::{Actor, Change};
use crate::domain::time::Timestamp;

/// The method that new messages are sent with.
pub const METHOD: &str = "chat.postMessage";

/// The method that messages are changed with.
pub const UPDATE: &str = "chat.update";

/// One part of a reply, ready to be sent.
#[derive(Clone)]
pub struct Part {
    /// The send key: in Slack's message metadata it tells this send from every other.
    pub key: String,
    /// The text as Slack encodes it.
    pub text: String,
}

/// A reply that is in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// Its sends, in order.
    pub sends: Vec<SendId>,
    /// The channel it goes to.
    pub channel: ChannelId,
    /// The thread it goes to.
    pub thread: MessageTs,
}

/// A row that has been claimed: a call may be made for it until its lease is over.
#[derive(Clone)]
pub struct ClaimedSend {
    /// The row.
    pub id: SendId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// The further app that speaks; empty for the desk's own.
    pub app: String,
    /// Its send key.
    pub key: String,
    /// Where to.
    pub channel: ChannelId,
    /// The thread, if any.
    pub thread: Option<MessageTs>,
    /// What it is.
    pub kind: SendKind,
    /// The text as Slack encodes it.
    pub text: String,
    /// Block Kit blocks, an array in JSON; empty for none.
    pub blocks: String,
    /// Whether an earlier attempt may have been done: look for the key before sending.
    pub look_up: bool,
    /// Where an unfinished look-up goes on; empty to begin.
    pub look_up_from: String,
    /// Attempts so far, this one included.
    pub attempts: u32,
    /// When it was claimed first.
    pub first_claimed_at: Timestamp,
    /// When it was handed over.
    pub created_at: Timestamp,
    /// The message it changes; `None` when it is a new one.
    pub target: Option<MessageTs>,
    /// Whether it goes before everything else.
    pub critical: bool,
    /// When nobody wants to read it any more.
    pub expires_at: Option<Timestamp>,
    /// The channel that Slack put it into, once it is there: a person's id becomes the direct messages with them.
    pub posted_in: Option<ChannelId>,
}

impl ClaimedSend {
    /// The method it is sent with.
    pub fn method(&self) -> &'static str {
        if self.target.is_some() { UPDATE } else { METHOD }
    }
}

/// What there is to send.
pub enum Claim {
    /// This one, now.
    Send(Box<ClaimedSend>),
    /// Nothing before this instant.
    At(Timestamp),
    /// Nothing at all.
    Idle,
}

/// A row of the outbox as listed.
#[derive(Clone)]
pub struct QueuedSend {
    /// The row.
    pub id: SendId,
    /// What it is, for instance `reply`.
    pub kind: String,
    /// Where to.
    pub channel: ChannelId,
    /// The channel's name; empty when unknown.
    pub channel_name: String,
    /// The thread; empty for none.
    pub thread: String,
    /// The task it answers, as people know it.
    pub task: Option<TaskNumber>,
    /// Where it stands.
    pub state: SendState,
    /// Attempts so far.
    pub attempts: u32,
    /// When it is tried next; only while it waits.
    pub next_at: Option<Timestamp>,
    /// Why it stands there: a stable word or Slack's error name; empty when nothing went wrong.
    pub reason: String,
    /// The message's `ts` once Slack has it.
    pub ts: Option<MessageTs>,
    /// When it was handed over.
    pub created_at: Timestamp,
}

impl QueuedSend {
    /// Why its channel takes no messages, if that is what it waits for.
    pub fn held(&self) -> Option<Broken> {
        Broken::from_word(&self.reason).filter(|_| self.state == SendState::Waiting)
    }
}

/// What a person may do with a row that did not go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rescue {
    /// Try again from the beginning.
    Retry,
    /// Forget it.
    Drop,
}

impl Space {
    /// Puts a reply into the outbox. The task is answered from this moment. `None` when there is no such task.
    pub async fn submit_reply(
        &self,
        number: TaskNumber,
        parts: Vec<Part>,
        actor: Actor,
        now: Timestamp,
    ) -> Result<Option<Submitted>, StoreError> {
        self.write(move |tx, workspace| match tasks::find(tx, workspace, number)? {
            Some(task) => submit(tx, task, &parts, &actor, now).map(Some),
            None => Ok(None),
        })
        .await
    }

    /// Puts a notice into the outbox: its parts in order, the blocks with the first.
    pub async fn submit_notice(
        &self,
        channel: ChannelId,
        parts: Vec<Part>,
        blocks: String,
        now: Timestamp,
    ) -> Result<Vec<SendId>, StoreError> {
        self.write(move |tx, workspace| {
            let first = std::iter::once(blocks.as_str()).chain(std::iter::repeat(""));
            parts
                .iter()
                .zip(first)
                .map(|(part, blocks)| insert_notice(tx, workspace, &channel, part, blocks, now))
                .collect()
        })
        .await
    }

    /// The rows of the outbox: all that are not sent, or these states only; newest last.
    pub async fn queue(&self, states: Vec<SendState>) -> Result<Vec<QueuedSend>, StoreError> {
        self.read(move |tx, workspace| {
            let states: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
            let wanted = serde_json::to_string(&states).unwrap_or_default();
            let sql = format!(
                "{QUEUED} WHERE s.workspace = ?1 AND s.state IN (SELECT value FROM json_each(?2)) ORDER BY s.id"
            );
            let mut query = tx.prepare_cached(&sql)?;
            let mut found = query.query((&workspace.0, wanted))?;
            let mut sends = Vec::new();
            while let Some(row) = found.next()? {
                sends.push(queued(row)?);
            }
            Ok(sends)
        })
        .await
    }

    /// One row of the outbox.
    pub async fn send(&self, id: SendId) -> Result<Option<QueuedSend>, StoreError> {
        self.read(move |tx, workspace| {
            let mut query = tx.prepare_cached(&format!("{QUEUED} WHERE s.workspace = ? AND s.id = ?"))?;
            let mut found = query.query((&workspace.0, id.0))?;
            match found.next()? {
                Some(row) => queued(row).map(Some),
                None => Ok(None),
            }
        })
        .await
    }
}

impl Store {
    /// Claims the next send whose time and turn have come; the attempt and the call are counted here.
    pub async fn claim_send(&self, lease: Duration, now: Timestamp) -> Result<Claim, StoreError> {
        self.write(move |tx| {
            let Some(send) = claimable(tx, now)? else { return next_chance(tx, now) };
            let method = send.method();
            let limits = limit::limits(method);
            let limits = if send.critical { limits.reserved() } else { limits };
            let channel = limits.channel.map(|_| &send.channel);
            let gate = limits::gate(tx, &send.workspace, method, channel)?;
            match limit::admit(gate, &limits, now) {
                Admission::At(at) => return Ok(Claim::At(at)),
                Admission::Now { next } => limits::set(tx, &send.workspace, method, channel, next)?,
            }
            let mut claim = tx.prepare_cached(
                "UPDATE sends SET state = 'sending', look_up = ?2, attempts = attempts + 1,
                     claimed_at = COALESCE(claimed_at, ?3), next_at = ?4, updated_at = ?3 WHERE id = ?1",
            )?;
            claim.execute((send.id.0, send.look_up, now.0, now.plus(lease).0))?;
            Ok(Claim::Send(Box::new(send)))
        })
        .await
    }

    /// Takes over the sends that a daemon had claimed when it ended, without waiting for their leases: whoever calls this holds
    /// the database alone. They are looked up before they are sent, at `at`.
    pub async fn take_over_sends(&self, at: Timestamp) -> Result<usize, StoreError> {
        self.write(move |tx| {
            let mut free =
                tx.prepare_cached("UPDATE sends SET next_at = MIN(next_at, ?) WHERE state = 'sending'")?;
            Ok(free.execute([at.0])?)
        })
        .await
    }
}

/// Puts a notice into the outbox, within a transaction that knows what it is for. A key that is there already is the same
/// notice: the row that carries it is returned, and nothing is stored twice.
pub(super) fn insert_notice(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    channel: &ChannelId,
    part: &Part,
    blocks: &str,
    now: Timestamp,
) -> Result<SendId, StoreError> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO sends (workspace, key, kind, task, author, channel, thread, text, blocks, state, look_up,
             attempts, next_at, reason, ts, created_at, updated_at)
         VALUES (?1, ?2, 'notice', NULL, 'desk', ?3, '', ?4, ?5, 'waiting', 0, 0, ?6, '', '', ?6, ?6)
         ON CONFLICT (key) DO NOTHING",
    )?;
    insert.execute((&workspace.0, &part.key, &channel.0, &part.text, blocks, now.0))?;
    let mut query = tx.prepare_cached("SELECT id FROM sends WHERE key = ?")?;
    Ok(SendId(query.query_row([&part.key], |row| row.get(0))?))
}

fn submit(
    tx: &Transaction<'_>,
    task: TaskId,
    parts: &[Part],
    actor: &Actor,
    now: Timestamp,
) -> Result<Submitted, StoreError> {
    let sql = "SELECT channel, thread FROM tasks WHERE id = ?";
    let (channel, thread) =
        tx.query_row(sql, [task.0], |row| Ok((ChannelId(row.get(0)?), MessageTs(row.get(1)?))))?;
    let mut insert = tx.prepare_cached(
        "INSERT INTO sends (workspace, key, kind, task, author, channel, thread, text, blocks, state, look_up,
             attempts, next_at, reason, ts, created_at, updated_at, app)
         SELECT workspace, ?2, 'reply', id, ?3, channel, thread, ?4, '', 'waiting', 0, 0, ?5, '', '', ?5, ?5,
             COALESCE((SELECT b.app FROM bundles b WHERE b.task = tasks.id ORDER BY b.id LIMIT 1), '')
         FROM tasks WHERE id = ?1",
    )?;
    let mut sends = Vec::with_capacity(parts.len());
    for part in parts {
        insert.execute((task.0, &part.key, actor.word(), &part.text, now.0))?;
        sends.push(SendId(tx.last_insert_rowid()));
    }
    if let Some(first) = sends.first() {
        answered(tx, task, actor, &Change::Replied { send: *first }, now)?;
    }
    Ok(Submitted { sends, channel, thread })
}

/// The first row whose time has come, whose lane has nothing earlier, whose channel is not being sent to and takes
/// messages, and whose method is free. Critical rows go first.
fn claimable(tx: &Transaction<'_>, now: Timestamp) -> Result<Option<ClaimedSend>, StoreError> {
    let free_at = free_at();
    let sql = format!(
        "SELECT s.id, s.workspace, s.key, s.channel, s.thread, s.text,
             (s.look_up OR s.state = 'sending') AND s.act = 'post', s.attempts,
             COALESCE(s.claimed_at, ?1), s.created_at, s.kind, s.blocks, s.look_up_from, s.target, s.lane, s.expires_at, s.app
         FROM sends s
         WHERE s.state IN ('waiting', 'sending') AND s.next_at <= ?1
           AND NOT EXISTS (SELECT 1 FROM sends e WHERE e.workspace = s.workspace AND e.channel = s.channel
                           AND e.thread = s.thread AND e.id < s.id AND e.lane <= s.lane AND e.state IN ('waiting', 'sending'))
           AND NOT EXISTS (SELECT 1 FROM sends e WHERE e.workspace = s.workspace AND e.channel = s.channel
                           AND e.state = 'sending' AND e.state IN ('waiting', 'sending') AND e.next_at > ?1)
           AND NOT EXISTS (SELECT 1 FROM limits l WHERE l.workspace = s.workspace AND {LIMITED_BY}
                           AND {free_at} > ?1)
           AND NOT EXISTS (SELECT 1 FROM destinations d WHERE d.workspace = s.workspace AND d.channel = s.channel
                           AND d.state = 'broken')
         ORDER BY s.lane, s.next_at, s.id LIMIT 1"
    );
    let mut query = tx.prepare_cached(&sql)?;
    let mut found = query.query([now.0])?;
    found.next()?.map(claimed).transpose()
}

fn claimed(row: &Row<'_>) -> Result<ClaimedSend, StoreError> {
    let thread: String = row.get(4)?;
    let target: String = row.get(13)?;
    Ok(ClaimedSend {
        id: SendId(row.get(0)?),
        workspace: WorkspaceId(row.get(1)?),
        key: row.get(2)?,
        channel: ChannelId(row.get(3)?),
        thread: (!thread.is_empty()).then_some(MessageTs(thread)),
        kind: rows::send_kind(&row.get::<_, String>(10)?)?,
        text: row.get(5)?,
        blocks: row.get(11)?,
        look_up: row.get(6)?,
        look_up_from: row.get(12)?,
        attempts: row.get::<_, u32>(7)? + 1,
        first_claimed_at: Timestamp(row.get(8)?),
        created_at: Timestamp(row.get(9)?),
        target: (!target.is_empty()).then_some(MessageTs(target)),
        critical: row.get::<_, i64>(14)? == Lane::Critical.number(),
        expires_at: row.get::<_, Option<i64>>(15)?.map(Timestamp),
        posted_in: None,
        app: row.get(16)?,
    })
}

/// When it is worth looking again. A row that waits for another of its lane is woken by that one's end.
fn next_chance(tx: &Transaction<'_>, now: Timestamp) -> Result<Claim, StoreError> {
    let free_at = free_at();
    let sql = format!(
        "SELECT MIN(MAX(s.next_at, COALESCE((SELECT MAX({free_at})
             FROM limits l WHERE l.workspace = s.workspace AND {LIMITED_BY}), 0)))
         FROM sends s WHERE s.state IN ('waiting', 'sending')
           AND NOT EXISTS (SELECT 1 FROM destinations d WHERE d.workspace = s.workspace AND d.channel = s.channel
                           AND d.state = 'broken')"
    );
    let at: Option<i64> = tx.prepare_cached(&sql)?.query_row([], |row| row.get(0))?;
    // A row that is due but blocked by a call under way is looked at again when that call ends (the bell) or shortly.
    Ok(at.map_or(Claim::Idle, |at| Claim::At(Timestamp(at).max(now.plus(Duration::from_millis(200))))))
}

/// The limits that a send is under: its method as a whole, what Slack asked to wait, and its channel.
const LIMITED_BY: &str = "l.method = CASE s.act WHEN 'update' THEN 'chat.update' ELSE 'chat.postMessage' END
    AND (l.channel IN ('', '!') OR l.channel = s.channel AND s.act = 'post')";

/// When a limit lets a send go, in SQL: each pace lets calls come earlier than its row says, by its burst.
fn free_at() -> String {
    let (post, update) = (limit::limits(METHOD), limit::limits(UPDATE));
    let ms = |pace: limit::Pace| i64::try_from(pace.leeway().as_millis()).unwrap_or(i64::MAX);
    let by_lane = |read: &dyn Fn(limit::Limits) -> i64, limits: limit::Limits| {
        format!("CASE s.lane WHEN 0 THEN {} ELSE {} END", read(limits.reserved()), read(limits))
    };
    let method = |limits: limit::Limits| ms(limits.method);
    let channel = |limits: limit::Limits| limits.channel.map_or(0, ms);
    let (by_update, by_post) = (by_lane(&method, update), by_lane(&method, post));
    let by_channel = by_lane(&channel, post);
    format!(
        "l.next_at - CASE l.channel WHEN '!' THEN 0
             WHEN '' THEN CASE s.act WHEN 'update' THEN {by_update} ELSE {by_post} END ELSE {by_channel} END"
    )
}

const QUEUED: &str = "SELECT s.id, s.kind, s.channel,
    COALESCE((SELECT name FROM channels c WHERE c.workspace = s.workspace AND c.channel = s.channel), ''),
    s.thread, (SELECT number FROM tasks t WHERE t.id = s.task), s.state, s.attempts, s.next_at,
    COALESCE((SELECT d.reason FROM destinations d WHERE d.workspace = s.workspace AND d.channel = s.channel
              AND d.state = 'broken' AND s.state = 'waiting'), s.reason), s.ts,
    s.created_at
    FROM sends s";

fn queued(row: &Row<'_>) -> Result<QueuedSend, StoreError> {
    let state = rows::send_state(&row.get::<_, String>(6)?)?;
    let ts: String = row.get(10)?;
    let waits = matches!(state, SendState::Waiting | SendState::Sending);
    let next_at = Timestamp(row.get(8)?);
    Ok(QueuedSend {
        id: SendId(row.get(0)?),
        kind: row.get(1)?,
        channel: ChannelId(row.get(2)?),
        channel_name: row.get(3)?,
        thread: row.get(4)?,
        task: row.get::<_, Option<i64>>(5)?.map(TaskNumber),
        state,
        attempts: row.get(7)?,
        next_at: waits.then_some(next_at),
        reason: row.get(9)?,
        ts: (!ts.is_empty()).then_some(MessageTs(ts)),
        created_at: Timestamp(row.get(11)?),
    })
}
