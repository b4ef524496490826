//! The pace of Web API methods as rows, so that a restart does not forget what Slack asked for.

use rusqlite::{OptionalExtension, Transaction};

use super::error::StoreError;
use super::space::Space;
use crate::domain::ids::{ChannelId, WorkspaceId};
use crate::domain::limit::{self, Admission, Gate};
use crate::domain::time::Timestamp;

/// In place of a channel: until when Slack asked us to wait with a method.
const ASKED_TO_WAIT: &str = "!";

impl Space {
    /// Asks to call a method that has no limit per channel: admitted calls are noted.
    pub async fn admit_call(&self, method: &'static str, now: Timestamp) -> Result<Admission, StoreError> {
        self.write(move |tx, workspace| {
            let gate = gate(tx, workspace, method, None)?;
            let admission = limit::admit(gate, &limit::limits(method), now);
            if let Admission::Now { next } = admission {
                set(tx, workspace, method, None, next)?;
            }
            Ok(admission)
        })
        .await
    }

    /// Slack asked to leave a method alone until then.
    pub async fn hold_method(&self, method: &'static str, until: Timestamp) -> Result<(), StoreError> {
        self.write(move |tx, workspace| {
            let held = limit::hold(gate(tx, workspace, method, None)?, &limit::limits(method), until);
            // The reserve for critical messages holds against our own pace, not against what Slack asks for.
            let asked = Gate { channel: Some(until), ..held };
            set(tx, workspace, method, Some(&ChannelId(ASKED_TO_WAIT.to_owned())), asked)
        })
        .await
    }
}

/// The stored gate of a method, in one channel if it is called for one.
pub(super) fn gate(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    method: &str,
    channel: Option<&ChannelId>,
) -> Result<Gate, StoreError> {
    let mut query =
        tx.prepare_cached("SELECT next_at FROM limits WHERE workspace = ? AND method = ? AND channel = ?")?;
    let mut row = |channel: &str| -> Result<Option<Timestamp>, StoreError> {
        let key = (&workspace.0, method, channel);
        Ok(query.query_row(key, |row| row.get(0).map(Timestamp)).optional()?)
    };
    Ok(Gate {
        method: row("")?,
        channel: match channel {
            Some(channel) => row(&channel.0)?,
            None => None,
        },
    })
}

/// Stores a gate.
pub(super) fn set(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    method: &str,
    channel: Option<&ChannelId>,
    gate: Gate,
) -> Result<(), StoreError> {
    let mut upsert = tx.prepare_cached(
        "INSERT INTO limits (workspace, method, channel, next_at) VALUES (?, ?, ?, ?)
         ON CONFLICT (workspace, method, channel) DO UPDATE SET next_at = excluded.next_at",
    )?;
    if let Some(next) = gate.method {
        upsert.execute((&workspace.0, method, "", next.0))?;
    }
    if let (Some(next), Some(channel)) = (gate.channel, channel) {
        upsert.execute((&workspace.0, method, &channel.0, next.0))?;
    }
    Ok(())
}
