//! How a send ends, or goes on: what an attempt came to, and what a person decides about a row that stopped.
//!
//! A reply that stopped is told as one trouble, in the transaction that stops it, and the trouble ends when a person retries
//! or drops the reply. A notice that stopped raises no other, so that an alarm channel cannot alarm about itself.

use rusqlite::{OptionalExtension, Transaction};

use super::audit::note_in;
use super::conversation::move_to;
use super::error::StoreError;
use super::outbox::{ClaimedSend, Rescue};
use super::space::Space;
use super::sqlite::Store;
use super::{destinations, feed, rows, troubles};
use crate::domain::audit::{Act, Deed};
use crate::domain::ids::{MessageTs, SendId, TaskId, WorkspaceId};
use crate::domain::own::{Own, Raised};
use crate::domain::send::{Fate, REPEAT_MARK, SendKind, SendState, Shape, UNKNOWN_OUTCOME};
use crate::domain::task::{Actor, Status};
use crate::domain::time::Timestamp;

impl Space {
    /// Retries or drops a row that is not sent; the answer is its state before, `None` when there is no such row. A row
    /// that is sent or being sent stays as it is.
    pub async fn rescue_send(
        &self,
        id: SendId,
        rescue: Rescue,
        (by, now): (Actor, Timestamp),
    ) -> Result<Option<SendState>, StoreError> {
        let keys = self.keys();
        self.write(move |tx, workspace| {
            let sql = "SELECT state FROM sends WHERE workspace = ? AND id = ?";
            let word: Option<String> =
                tx.query_row(sql, (&workspace.0, id.0), |row| row.get(0)).optional()?;
            let Some(word) = word else { return Ok(None) };
            // What a person decides about an unknown outcome stands: retrying such a send sends without looking.
            let sql = match rescue {
                Rescue::Retry => {
                    "UPDATE sends SET look_up = CASE state WHEN 'unknown' THEN 0 ELSE look_up END,
                         state = 'waiting', next_at = ?2, created_at = ?2, reason = '',
                         updated_at = ?2
                     WHERE id = ?1 AND state IN ('waiting', 'failed', 'dead', 'unknown', 'dropped')"
                }
                Rescue::Drop => {
                    "UPDATE sends SET state = 'dropped', reason = 'dropped_by_person', updated_at = ?2
                     WHERE id = ?1 AND state IN ('waiting', 'failed', 'dead', 'unknown')"
                }
            };
            if tx.execute(sql, (id.0, now.0))? > 0 {
                let deed = match rescue {
                    Rescue::Retry => Deed::SendRetried,
                    Rescue::Drop => Deed::SendDropped,
                };
                note_in(tx, keys.as_deref(), workspace, Act::new(&by, deed, id.0.to_string()), now)?;
            }
            if rescue == Rescue::Retry {
                // Whoever retries has mended the channel, or believes so: the send shows it.
                tx.execute(
                    "UPDATE destinations SET state = 'trial' WHERE state = 'broken' AND workspace = ?
                     AND channel = (SELECT channel FROM sends WHERE id = ?)",
                    (&workspace.0, id.0),
                )?;
            }
            troubles::resolve(tx, workspace, Own::DeadLetter, &id.0.to_string(), now)?;
            rows::send_state(&word).map(Some)
        })
        .await
    }
}

impl Store {
    /// Stores what became of a claimed send. Does nothing when the lease was lost and somebody else claimed it since.
    pub async fn finish_send(
        &self,
        send: ClaimedSend,
        fate: Fate,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |tx| finish(tx, &send, &fate, now)).await
    }

    /// Stores how far the look-up of a claimed send has come; empty when it is over.
    pub async fn note_look_up(&self, send: SendId, from: String, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |tx| {
            tx.prepare_cached("UPDATE sends SET look_up_from = ?2, updated_at = ?3 WHERE id = ?1")?
                .execute((send.0, &from, now.0))?;
            Ok(())
        })
        .await
    }
}

fn finish(tx: &Transaction<'_>, send: &ClaimedSend, fate: &Fate, now: Timestamp) -> Result<bool, StoreError> {
    let (state, look_up, next_at, reason, ts) = match fate {
        Fate::Sent(ts) => (SendState::Sent, false, now, "", ts.as_ref().map_or("", |ts| &ts.0)),
        Fate::Retry { at, look_up, reason } => (SendState::Waiting, *look_up, *at, *reason, ""),
        Fate::Reshape { into: _, reason } => (SendState::Waiting, false, now, reason.as_str(), ""),
        Fate::Held { broken, look_up } => (SendState::Waiting, *look_up, now, broken.as_str(), ""),
        Fate::Stop { state, reason } => {
            (*state, send.look_up || reason == UNKNOWN_OUTCOME, now, reason.as_str(), "")
        }
    };
    let mut update = tx.prepare_cached(
        "UPDATE sends SET state = ?3, look_up = ?4, next_at = ?5, reason = ?6, ts = ?7, updated_at = ?8
         WHERE id = ?1 AND state = 'sending' AND attempts = ?2",
    )?;
    let row = (send.id.0, send.attempts, state.as_str(), look_up, next_at.0, reason, ts, now.0);
    if update.execute(row)? == 0 {
        return Ok(false);
    }
    match fate {
        Fate::Sent(ts) => {
            destinations::works(tx, &send.workspace, &send.channel, now)?;
            ts.iter().try_for_each(|ts| keep(tx, send, ts, now))?;
            let channel = send.posted_in.as_ref().unwrap_or(&send.channel);
            let posted = ts.as_ref().map(|ts| (channel, ts));
            feed::settle(tx, send.id, "sent", "", posted, now)?;
        }
        Fate::Reshape { into, .. } => reshape(tx, send, *into)?,
        Fate::Held { broken, .. } => destinations::broke(tx, &send.workspace, &send.channel, *broken, now)?,
        Fate::Stop { state, reason } => {
            stopped(tx, (&send.workspace, send.id, send.kind), (*state, reason), now)?;
            feed::settle(tx, send.id, state.as_str(), reason, None, now)?;
        }
        Fate::Retry { .. } => {}
    }
    Ok(true)
}

/// What Slack has is part of the task's conversation.
fn keep(tx: &Transaction<'_>, send: &ClaimedSend, ts: &MessageTs, now: Timestamp) -> Result<(), StoreError> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO messages (workspace, channel, ts, role, person, text, files, mentioned, bundle, at)
         SELECT s.workspace, s.channel, ?2, 'desk', s.author, s.text, '', 0,
             (SELECT MAX(id) FROM bundles WHERE task = s.task), ?3
         FROM sends s WHERE s.id = ?1 AND s.kind = 'reply'
         ON CONFLICT DO NOTHING",
    )?;
    insert.execute((send.id.0, &ts.0, now.0))?;
    Ok(())
}

fn reshape(tx: &Transaction<'_>, send: &ClaimedSend, into: Shape) -> Result<(), StoreError> {
    let mark = match into {
        Shape::Plain => "",
        Shape::Marked => REPEAT_MARK,
    };
    let mut update = tx.prepare_cached("UPDATE sends SET blocks = '', text = ?2 || text WHERE id = ?1")?;
    update.execute((send.id.0, mark))?;
    Ok(())
}

/// A send is over without being in Slack: its task is open again, because a reply that will not arrive is no answer, and
/// somebody is told.
pub(super) fn stopped(
    tx: &Transaction<'_>,
    (workspace, send, kind): (&WorkspaceId, SendId, SendKind),
    (state, reason): (SendState, &str),
    now: Timestamp,
) -> Result<(), StoreError> {
    match kind {
        SendKind::Notice => return Ok(()),
        SendKind::Reply => {}
    }
    let detail = format!("{}: {reason}", state.as_str());
    let raised = Raised { own: Own::DeadLetter, subject: send.0.to_string(), detail };
    troubles::raise(tx, workspace, &raised, now)?;
    let sql = "SELECT s.task FROM sends s JOIN tasks t ON t.id = s.task
               WHERE s.id = ? AND t.status = 'waiting'";
    let task: Option<i64> = tx.prepare_cached(sql)?.query_row([send.0], |row| row.get(0)).optional()?;
    match task {
        Some(task) => move_to(tx, TaskId(task), &Actor::Desk, Status::Open, now),
        None => Ok(()),
    }
}
