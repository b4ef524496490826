//! The journal: raw payloads are recorded before they are acknowledged, and read again to be decoded.

use xxhash_rust::xxh3::xxh3_64;

use rusqlite::{OptionalExtension, Row, Transaction};

use super::error::StoreError;
use super::sqlite::Store;
use crate::domain::durable::Durable;
use crate::domain::ids::{EventId, WorkspaceId};
use crate::domain::message::Arrival;
use crate::domain::reason::EventReason;
use crate::domain::time::Timestamp;

/// An envelope to be recorded.
#[derive(Clone, PartialEq, Eq)]
pub struct Incoming {
    /// The workspace it says it is for; empty when it does not say.
    pub workspace: String,
    /// The app it says it is for; empty when it does not say.
    pub app: String,
    /// The envelope's type, for instance `events_api`.
    pub kind: String,
    /// The type within, for instance `message`; empty when there is none.
    pub inner: String,
    /// What tells it from every other: Slack's event id, else its trigger id, else the envelope id.
    pub event_id: String,
    /// Slack's count of redeliveries.
    pub retry: u32,
    /// The payload, byte for byte but for tokens.
    pub payload: String,
}

/// Proof that an event is on disk. Only a commit makes one, and an acknowledgement asks for it.
#[derive(Debug)]
pub struct Recorded {
    event: EventId,
    fresh: bool,
}

impl Durable for Recorded {
    fn event(&self) -> EventId {
        self.event
    }
}

impl Recorded {
    /// Whether it was new; otherwise it had been recorded before.
    pub fn is_fresh(&self) -> bool {
        self.fresh
    }
}

/// A recorded event as it is read back.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// The journal row.
    pub id: EventId,
    /// The envelope's type.
    pub kind: String,
    /// When it was recorded first.
    pub received_at: Timestamp,
    /// The payload, byte for byte.
    pub payload: String,
    /// The workspace it says it is for; empty when it does not say.
    pub workspace: String,
    /// The app it came for; empty when nobody said.
    pub app: String,
}

/// Whose an event is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Of a workspace that we serve.
    Ours(WorkspaceId),
    /// Of one that we do not serve.
    Nobodys,
    /// Of one in which a further app of ours may yet turn out to be.
    Awaited,
    /// It does not say.
    Unsaid,
}

impl Whose {
    /// The workspace, if it is one that we serve.
    pub fn ours(&self) -> Option<&WorkspaceId> {
        match self {
            Whose::Ours(workspace) => Some(workspace),
            Whose::Nobodys | Whose::Awaited | Whose::Unsaid => None,
        }
    }
}

/// A recorded event with its meaning, or the problem that kept it from having one.
#[derive(Debug)]
pub struct Decoded {
    /// The journal row.
    pub id: EventId,
    /// Whose it is.
    pub whose: Whose,
    /// The app it came for; empty when nobody said.
    pub app: String,
    /// When it was recorded first.
    pub received_at: Timestamp,
    /// Whether it was read from Slack's history and did not arrive by itself.
    pub recovered: bool,
    /// What it means, or where decoding failed.
    pub arrival: Result<Arrival, String>,
}

impl Store {
    /// Records a batch in one commit; the answer has one proof per envelope, in order. The same event id with the same
    /// payload again is a no-op.
    pub async fn record_events(
        &self,
        batch: Vec<Incoming>,
        now: Timestamp,
    ) -> Result<Vec<Recorded>, StoreError> {
        self.write(move |tx| batch.iter().map(|incoming| record(tx, incoming, now)).collect()).await
    }

    /// How many events have no outcome yet, by their dense numbers: cheap enough to ask at every step.
    pub async fn backlog(&self) -> Result<i64, StoreError> {
        self.read(|tx| {
            let mut query = tx.prepare_cached(
                "SELECT COALESCE((SELECT MAX(id) FROM events), 0) - COALESCE((SELECT MAX(event) FROM outcomes), 0)",
            )?;
            Ok(query.query_row([], |row| row.get(0))?)
        })
        .await
    }

    /// The oldest events that have no outcome yet, at most `limit`.
    pub async fn next_events(&self, limit: u32) -> Result<Vec<StoredEvent>, StoreError> {
        self.read(move |tx| {
            let mut query = tx.prepare_cached(
                "SELECT id, kind, received_at, payload, workspace, app FROM events
                 WHERE id > (SELECT COALESCE(MAX(event), 0) FROM outcomes) ORDER BY id LIMIT ?",
            )?;
            let rows = query.query_map([limit], stored)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Events recorded at or after `since` whose outcome is one of `reasons` (any when empty), with ids above `after`, and
    /// that outcome: a batch of at most 256.
    pub async fn outcomes_for_replay(
        &self,
        since: Timestamp,
        reasons: Vec<String>,
        after: EventId,
    ) -> Result<Vec<(StoredEvent, String)>, StoreError> {
        self.read(move |tx| {
            let wanted = serde_json::to_string(&reasons).unwrap_or_default();
            let mut query = tx.prepare_cached(
                "SELECT e.id, e.kind, e.received_at, e.payload, e.workspace, e.app, o.reason
                 FROM events e JOIN outcomes o ON o.event = e.id
                 WHERE e.id > ?1 AND e.received_at >= ?2
                   AND (?3 = '[]' OR o.reason IN (SELECT value FROM json_each(?3)))
                 ORDER BY e.id LIMIT 256",
            )?;
            let rows = query.query_map((after.0, since.0, wanted), |row| Ok((stored(row)?, row.get(6)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }
}

impl Store {
    /// Of the last 2,000 events those recorded at or after `since` whose outcome is one of `reasons`, in order.
    pub async fn recent_outcomes(
        &self,
        since: Timestamp,
        reasons: Vec<String>,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.read(move |tx| {
            let wanted = serde_json::to_string(&reasons).unwrap_or_default();
            let mut query = tx.prepare_cached(
                "SELECT e.id, e.kind, e.received_at, e.payload, e.workspace, e.app
                 FROM outcomes o JOIN events e ON e.id = o.event
                 WHERE o.event > (SELECT COALESCE(MAX(event), 0) FROM outcomes) - 2000
                   AND o.reason IN (SELECT value FROM json_each(?2)) AND e.received_at >= ?1
                 ORDER BY o.event",
            )?;
            let rows = query.query_map((since.0, wanted), stored)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// The events after `after` that wait until it is known where the app is installed that they came for: a batch of at most
    /// 256.
    pub async fn unplaced(&self, after: EventId) -> Result<Vec<StoredEvent>, StoreError> {
        self.read(move |tx| {
            let mut query = tx.prepare_cached(
                "SELECT e.id, e.kind, e.received_at, e.payload, e.workspace, e.app
                 FROM outcomes o JOIN events e ON e.id = o.event
                 WHERE o.reason = 'workspace_unknown' AND o.event > ? ORDER BY o.event LIMIT 256",
            )?;
            let rows = query.query_map([after.0], stored)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// These events, in the order of their ids; those that are gone are left out.
    pub async fn events(&self, ids: Vec<EventId>) -> Result<Vec<StoredEvent>, StoreError> {
        self.read(move |tx| {
            let mut query = tx.prepare_cached(
                "SELECT id, kind, received_at, payload, workspace, app FROM events WHERE id = ?",
            )?;
            let mut found = Vec::with_capacity(ids.len());
            for id in ids {
                found.extend(query.query_row([id.0], stored).optional()?);
            }
            Ok(found)
        })
        .await
    }
}

fn stored(row: &Row<'_>) -> rusqlite::Result<StoredEvent> {
    Ok(StoredEvent {
        id: EventId(row.get(0)?),
        kind: row.get(1)?,
        received_at: Timestamp(row.get(2)?),
        payload: row.get(3)?,
        workspace: row.get(4)?,
        app: row.get(5)?,
    })
}

pub(super) fn record(
    tx: &Transaction<'_>,
    incoming: &Incoming,
    now: Timestamp,
) -> Result<Recorded, StoreError> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO events (workspace, app, kind, type, event_id, digest, retry, received_at, payload)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (event_id, digest) DO NOTHING",
    )?;
    let Incoming { workspace, app, kind, inner, event_id, retry, payload } = incoming;
    let digest = xxh3_64(payload.as_bytes()).cast_signed();
    if insert.execute((workspace, app, kind, inner, event_id, digest, retry, now.0, payload))? == 1 {
        return Ok(Recorded { event: EventId(tx.last_insert_rowid()), fresh: true });
    }
    let mut known = tx.prepare_cached("SELECT id FROM events WHERE event_id = ? AND digest = ?")?;
    let event = known.query_row((event_id, digest), |row| row.get(0))?;
    Ok(Recorded { event: EventId(event), fresh: false })
}

/// Stores what became of an event, and whose it was; a replay overwrites what was stored before.
pub(super) fn settle(
    tx: &Transaction<'_>,
    (event, whose): (EventId, Option<&WorkspaceId>),
    reason: &EventReason,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO outcomes (event, workspace, reason, subject, detail, at) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (event) DO UPDATE SET workspace = excluded.workspace, reason = excluded.reason,
             subject = excluded.subject, detail = excluded.detail, at = excluded.at",
    )?;
    let whose = whose.map_or("", |workspace| &workspace.0);
    insert.execute((event.0, whose, reason.code(), reason.subject(), reason.detail(), now.0))?;
    Ok(())
}

/// The stored reason of an event, when it has one.
pub(super) fn outcome(tx: &Transaction<'_>, event: EventId) -> Result<Option<EventReason>, StoreError> {
    let mut query = tx.prepare_cached("SELECT reason, subject, detail FROM outcomes WHERE event = ?")?;
    let parts = query
        .query_row([event.0], |row| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get::<_, String>(2)?)))
        .optional()?;
    let Some((code, subject, detail)) = parts else { return Ok(None) };
    EventReason::from_parts(&code, subject, &detail)
        .map(Some)
        .ok_or(StoreError::Unreadable { what: "reason", word: code })
}
