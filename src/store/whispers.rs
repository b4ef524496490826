//! What people are still to be told after their command was acknowledged without an answer.
//!
//! The address to answer at is not copied: it is read from the recorded event when it is used.

use std::time::Duration;

use rusqlite::OptionalExtension;

use super::error::StoreError;
use super::events::Recorded;
use super::sqlite::Store;
use crate::domain::durable::Durable;
use crate::domain::ids::{ChannelId, EventId, PersonId, WorkspaceId};
use crate::domain::time::Timestamp;
use crate::domain::whisper::{Fate, USES};

/// An answer that could not travel with the acknowledgement.
pub struct Promise {
    /// The event it answers.
    pub event: EventId,
    /// Where it was asked.
    pub channel: ChannelId,
    /// Who asked.
    pub person: PersonId,
    /// The answer.
    pub text: String,
}

/// A promise whose time has come; the attempt is counted.
pub struct Due {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The app that was asked; empty when nobody said.
    pub app: String,
    /// The event it answers.
    pub event: EventId,
    /// Where it was asked.
    pub channel: ChannelId,
    /// Who asked.
    pub person: PersonId,
    /// The answer.
    pub text: String,
    /// Attempts before this one.
    pub uses: u32,
    /// When the event was recorded.
    pub came: Timestamp,
    /// The event's payload, with the address in it.
    pub payload: String,
}

impl Promise {
    /// A promise to answer a recorded event.
    pub fn new(recorded: &Recorded, channel: ChannelId, person: PersonId, text: String) -> Promise {
        Promise { event: recorded.event(), channel, person, text }
    }
}

impl Store {
    /// Promises answers. An event is answered once, however often it was delivered.
    pub async fn promise(&self, promises: Vec<Promise>, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |tx| {
            let mut insert = tx.prepare_cached(
                "INSERT INTO whispers (event, workspace, channel, person, text, state, uses, next_at, reason,
                     created_at, updated_at)
                 SELECT id, workspace, ?2, ?3, ?4, 'waiting', 0, ?5, '', received_at, ?5 FROM events WHERE id = ?1
                 ON CONFLICT (event) DO NOTHING",
            )?;
            for Promise { event, channel, person, text } in &promises {
                insert.execute((event.0, &channel.0, &person.0, text, now.0))?;
            }
            Ok(())
        })
        .await
    }

    /// Takes the next promise that is due, and counts the attempt; for `lease` nobody else takes it.
    pub async fn claim_whisper(&self, lease: Duration, now: Timestamp) -> Result<Option<Due>, StoreError> {
        self.write(move |tx| {
            let mut query = tx.prepare_cached(
                "SELECT w.event, w.channel, w.person, w.text, w.uses, w.created_at, e.payload, w.workspace, e.app
                 FROM whispers w JOIN events e ON e.id = w.event
                 WHERE w.state = 'waiting' AND w.next_at <= ? ORDER BY w.next_at, w.event LIMIT 1",
            )?;
            let due = query.query_row([now.0], |row| {
                Ok(Due {
                    event: EventId(row.get(0)?),
                    channel: ChannelId(row.get(1)?),
                    person: PersonId(row.get(2)?),
                    text: row.get(3)?,
                    uses: row.get(4)?,
                    came: Timestamp(row.get(5)?),
                    payload: row.get(6)?,
                    workspace: WorkspaceId(row.get(7)?),
                    app: row.get(8)?,
                })
            });
            let due = due.optional()?;
            if let Some(due) = &due {
                let mut count = tx.prepare_cached(
                    "UPDATE whispers SET uses = uses + 1, next_at = ?2, updated_at = ?3 WHERE event = ?1",
                )?;
                count.execute((due.event.0, now.plus(lease).0, now.0))?;
            }
            Ok(due)
        })
        .await
    }

    /// When the next promise is due.
    pub async fn next_whisper(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(|tx| {
            let mut query = tx.prepare_cached("SELECT MIN(next_at) FROM whispers WHERE state = 'waiting'")?;
            let at: Option<i64> = query.query_row([], |row| row.get(0))?;
            Ok(at.map(Timestamp))
        })
        .await
    }

    /// Stores what became of a promise. What the person was told is forgotten once it is over.
    pub async fn finish_whisper(&self, event: EventId, fate: Fate, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |tx| {
            let (state, next_at, reason) = match &fate {
                Fate::Told => ("told", now, ""),
                Fate::Again(at) => ("waiting", *at, ""),
                Fate::Spent(reason) => ("waiting", now, reason.as_str()),
                Fate::Failed(reason) => ("failed", now, reason.as_str()),
            };
            let spent = matches!(fate, Fate::Spent(_));
            let mut update = tx.prepare_cached(
                "UPDATE whispers SET state = ?2, next_at = ?3, reason = ?4, updated_at = ?5,
                     uses = CASE WHEN ?6 THEN MAX(uses, ?7) ELSE uses END,
                     text = CASE ?2 WHEN 'waiting' THEN text ELSE '' END
                 WHERE event = ?1",
            )?;
            update.execute((event.0, state, next_at.0, reason, now.0, spent, USES))?;
            Ok(())
        })
        .await
    }
}
