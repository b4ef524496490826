//! Channels that take no messages: marked, looked at again, and what waits for them told elsewhere meanwhile.

use std::time::Duration;

use rusqlite::{OptionalExtension, Transaction};

use super::error::StoreError;
use super::outbox::{Part, insert_notice};
use super::space::Space;
use super::sqlite::Store;
use super::{finish, rows, troubles};
use crate::domain::destination::{self, Broken, Fallbacks, Held, Verdict};
use crate::domain::ids::{ChannelId, SendId, TaskNumber, WorkspaceId};
use crate::domain::own::{Own, Raised};
use crate::domain::send::{DESTINATION_BROKEN, SendKind, SendState};
use crate::domain::time::Timestamp;

/// A channel that takes no messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// The channel.
    pub channel: ChannelId,
    /// Its name without `#`; empty when unknown.
    pub name: String,
    /// Why it takes none.
    pub broken: Broken,
    /// Since when.
    pub since: Timestamp,
    /// When it is looked at again.
    pub next_look: Timestamp,
    /// How many sends wait for it.
    pub waiting: i64,
    /// The further app that the next of them is to go through; empty for the desk's own.
    pub app: String,
}

/// What a round over the broken channels did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Messages that were put on their way to a fallback.
    pub detoured: usize,
    /// Sends that were given up.
    pub given_up: usize,
}

/// A send that waits for a broken channel.
struct Waiting {
    id: SendId,
    workspace: WorkspaceId,
    key: String,
    channel: ChannelId,
    channel_name: String,
    broken: Broken,
    kind: SendKind,
    task: Option<TaskNumber>,
    contact: String,
    text: String,
}

impl Space {
    /// Stores what a look at a broken channel showed.
    pub async fn looked_at(
        &self,
        channel: ChannelId,
        verdict: Verdict,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |tx, workspace| match verdict {
            Verdict::Works => works(tx, workspace, &channel, now),
            Verdict::Try => {
                let sql = "UPDATE destinations SET state = 'trial'
                           WHERE workspace = ? AND channel = ? AND state = 'broken'";
                tx.prepare_cached(sql)?.execute((&workspace.0, &channel.0))?;
                Ok(())
            }
            Verdict::Stays(broken) => broke(tx, workspace, &channel, broken, now),
        })
        .await
    }
}

impl Store {
    /// The channels that take no messages, the longest broken first.
    pub async fn broken_destinations(&self) -> Result<Vec<Destination>, StoreError> {
        self.read(|tx| {
            let mut query = tx.prepare_cached(
                "SELECT d.workspace, d.channel, COALESCE(c.name, ''), d.reason, d.since, d.next_probe_at,
                     (SELECT COUNT(*) FROM sends s WHERE s.workspace = d.workspace AND s.channel = d.channel
                      AND s.state = 'waiting' AND s.state IN ('waiting', 'sending')),
                     COALESCE((SELECT s.app FROM sends s WHERE s.workspace = d.workspace AND s.channel = d.channel
                      AND s.state = 'waiting' AND s.state IN ('waiting', 'sending') ORDER BY s.id LIMIT 1), '')
                 FROM destinations d LEFT JOIN channels c ON c.workspace = d.workspace AND c.channel = d.channel
                 WHERE d.state = 'broken' ORDER BY d.since, d.channel",
            )?;
            let mut found = query.query([])?;
            let mut broken = Vec::new();
            while let Some(row) = found.next()? {
                broken.push(Destination {
                    workspace: WorkspaceId(row.get(0)?),
                    channel: ChannelId(row.get(1)?),
                    name: row.get(2)?,
                    broken: rows::broken(&row.get::<_, String>(3)?)?,
                    since: Timestamp(row.get(4)?),
                    next_look: Timestamp(row.get(5)?),
                    waiting: row.get(6)?,
                    app: row.get(7)?,
                });
            }
            Ok(broken)
        })
        .await
    }

    /// Sees to the sends that wait for broken channels: each reply is told once in the fallback channel, notices go there
    /// instead, and what is older than `give_up` stops.
    pub async fn detour(
        &self,
        fallbacks: Fallbacks,
        give_up: Duration,
        now: Timestamp,
    ) -> Result<Round, StoreError> {
        self.write(move |tx| {
            let given_up = too_old(tx, give_up, now)?;
            let mut detoured = 0;
            for send in waiting(tx)? {
                let Some(fallback) = fallbacks.of(&send.channel) else { continue };
                let fallback_works = !is_broken(tx, &send.workspace, fallback)?;
                detoured += match (send.kind, send.task) {
                    (SendKind::Reply, Some(task)) => usize::from(tell(tx, &send, task, fallback, now)?),
                    (SendKind::Notice, _) if fallback_works => turn(tx, &send, fallback, now)?,
                    (SendKind::Reply | SendKind::Notice, _) => 0,
                };
            }
            Ok(Round { detoured, given_up })
        })
        .await
    }
}

/// A channel refused a message, or was looked at in vain: it is left alone until the next look.
pub(super) fn broke(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    channel: &ChannelId,
    broken: Broken,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "SELECT looks FROM destinations WHERE workspace = ? AND channel = ? AND state <> 'ok'";
    let known: Option<u32> =
        tx.prepare_cached(sql)?.query_row((&workspace.0, &channel.0), |row| row.get(0)).optional()?;
    let looks = known.map_or(0, |looks| looks.saturating_add(1));
    let mut upsert = tx.prepare_cached(
        "INSERT INTO destinations (workspace, channel, state, reason, since, looks, next_probe_at)
         VALUES (?1, ?2, 'broken', ?3, ?4, ?5, ?6)
         ON CONFLICT (workspace, channel) DO UPDATE SET since = CASE state WHEN 'ok' THEN excluded.since ELSE since END,
             state = 'broken', reason = excluded.reason, looks = excluded.looks, next_probe_at = excluded.next_probe_at",
    )?;
    let next = now.plus(destination::pause(looks));
    upsert.execute((&workspace.0, &channel.0, broken.as_str(), now.0, looks, next.0))?;
    let detail = broken.as_str().to_owned();
    let raised = Raised { own: Own::DestinationBroken, subject: channel.0.clone(), detail };
    troubles::raise(tx, workspace, &raised, now)?;
    Ok(())
}

/// A channel takes messages: a post arrived, or an event or a look says so.
pub(super) fn works(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    channel: &ChannelId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut update = tx.prepare_cached(
        "UPDATE destinations SET state = 'ok', reason = '', since = ?3, looks = 0
         WHERE workspace = ?1 AND channel = ?2 AND state <> 'ok'",
    )?;
    if update.execute((&workspace.0, &channel.0, now.0))? > 0 {
        troubles::resolve(tx, workspace, Own::DestinationBroken, &channel.0, now)?;
    }
    Ok(())
}

fn is_broken(tx: &Transaction<'_>, workspace: &WorkspaceId, channel: &ChannelId) -> Result<bool, StoreError> {
    let sql =
        "SELECT EXISTS (SELECT 1 FROM destinations WHERE workspace = ? AND channel = ? AND state = 'broken')";
    Ok(tx.prepare_cached(sql)?.query_row((&workspace.0, &channel.0), |row| row.get(0))?)
}

/// Sends of broken channels that have waited too long are over: nobody would claim them otherwise.
fn too_old(tx: &Transaction<'_>, give_up: Duration, now: Timestamp) -> Result<usize, StoreError> {
    let mut update = tx.prepare_cached(
        "UPDATE sends SET state = 'dead', reason = ?2, updated_at = ?3
         WHERE state = 'waiting' AND state IN ('waiting', 'sending') AND created_at <= ?1
           AND EXISTS (SELECT 1 FROM destinations d WHERE d.workspace = sends.workspace
                       AND d.channel = sends.channel AND d.state = 'broken')
         RETURNING id, workspace, kind",
    )?;
    let mut over = Vec::new();
    let mut found = update.query((now.minus(give_up).0, DESTINATION_BROKEN, now.0))?;
    while let Some(row) = found.next()? {
        let kind = rows::send_kind(&row.get::<_, String>(2)?)?;
        over.push((SendId(row.get(0)?), WorkspaceId(row.get(1)?), kind));
    }
    drop(found);
    for (send, workspace, kind) in &over {
        finish::stopped(tx, (workspace, *send, *kind), (SendState::Dead, DESTINATION_BROKEN), now)?;
    }
    Ok(over.len())
}

fn waiting(tx: &Transaction<'_>) -> Result<Vec<Waiting>, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT s.id, s.workspace, s.key, s.channel,
             COALESCE((SELECT name FROM channels c WHERE c.workspace = s.workspace AND c.channel = s.channel), ''),
             d.reason, s.kind, t.number, COALESCE((SELECT name FROM contacts p WHERE p.id = t.contact), ''), s.text
         FROM destinations d
         JOIN sends s ON s.workspace = d.workspace AND s.channel = d.channel AND s.state = 'waiting'
             AND s.state IN ('waiting', 'sending')
         LEFT JOIN tasks t ON t.id = s.task
         WHERE d.state = 'broken' ORDER BY s.id",
    )?;
    let mut found = query.query([])?;
    let mut waiting = Vec::new();
    while let Some(row) = found.next()? {
        waiting.push(Waiting {
            id: SendId(row.get(0)?),
            workspace: WorkspaceId(row.get(1)?),
            key: row.get(2)?,
            channel: ChannelId(row.get(3)?),
            channel_name: row.get(4)?,
            broken: rows::broken(&row.get::<_, String>(5)?)?,
            kind: rows::send_kind(&row.get::<_, String>(6)?)?,
            task: row.get::<_, Option<i64>>(7)?.map(TaskNumber),
            contact: row.get(8)?,
            text: row.get(9)?,
        });
    }
    Ok(waiting)
}

/// Tells the team in the fallback channel what waits; says whether that is new. The key is made from the send's own, so
/// that each is told once, however often this runs.
fn tell(
    tx: &Transaction<'_>,
    send: &Waiting,
    task: TaskNumber,
    fallback: &ChannelId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let key = format!("{}.detour", send.key);
    let sql = "SELECT EXISTS (SELECT 1 FROM sends WHERE key = ?)";
    if tx.prepare_cached(sql)?.query_row([&key], |row| row.get(0))? {
        return Ok(false);
    }
    let channel = match send.channel_name.as_str() {
        "" => send.channel.0.clone(),
        name => format!("#{name}"),
    };
    let Waiting { contact, broken, text, .. } = send;
    let text = destination::detour(&Held { task, contact, channel: &channel, broken: *broken, text });
    let told = insert_notice(tx, &send.workspace, fallback, &Part { key, text }, "", now)?;
    // It holds what the reply holds: what becomes of the task, its erasure too, becomes of it.
    let mut belongs =
        tx.prepare_cached("UPDATE sends SET task = (SELECT task FROM sends WHERE id = ?2) WHERE id = ?1")?;
    belongs.execute((told.0, send.id.0))?;
    Ok(true)
}

/// A notice goes to the fallback instead, unless it may be in its own channel already.
fn turn(
    tx: &Transaction<'_>,
    send: &Waiting,
    fallback: &ChannelId,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let mut update = tx.prepare_cached(
        "UPDATE sends SET channel = ?2, thread = '', reason = 'fallback', next_at = ?3, updated_at = ?3
         WHERE id = ?1 AND look_up = 0",
    )?;
    Ok(update.execute((send.id.0, &fallback.0, now.0))?)
}
