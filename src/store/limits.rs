//! When the next call of a method is free: rows, so that a restart does not forget what Slack asked for.

use rusqlite::Transaction;

use super::error::StoreError;
use super::sqlite::Store;
use crate::domain::ids::{ChannelId, WorkspaceId};
use crate::domain::time::Timestamp;

impl Store {
    /// Slack asked to leave a method alone until then.
    pub async fn hold_method(
        &self,
        workspace: WorkspaceId,
        method: String,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |tx| set_free(tx, &workspace, &method, "", until)).await
    }

    /// When a method may be called again in this workspace.
    pub async fn method_free_at(
        &self,
        workspace: WorkspaceId,
        method: String,
    ) -> Result<Option<Timestamp>, StoreError> {
        self.read(move |tx| free_at(tx, &workspace, &method, "")).await
    }
}

/// Notes that a method is free again at `free_at`, in one channel. Never earlier than was noted before.
pub(super) fn note_call(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    method: &str,
    channel: &ChannelId,
    free_at: Timestamp,
) -> Result<(), StoreError> {
    set_free(tx, workspace, method, &channel.0, free_at)
}

fn set_free(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    method: &str,
    channel: &str,
    free_at: Timestamp,
) -> Result<(), StoreError> {
    let mut upsert = tx.prepare_cached(
        "INSERT INTO limits (workspace, method, channel, free_at) VALUES (?, ?, ?, ?)
         ON CONFLICT (workspace, method, channel) DO UPDATE SET free_at = MAX(free_at, excluded.free_at)",
    )?;
    upsert.execute((&workspace.0, method, channel, free_at.0))?;
    Ok(())
}

fn free_at(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    method: &str,
    channel: &str,
) -> Result<Option<Timestamp>, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT MAX(free_at) FROM limits WHERE workspace = ? AND method = ? AND channel IN ('', ?)",
    )?;
    let at: Option<i64> = query.query_row((&workspace.0, method, channel), |row| row.get(0))?;
    Ok(at.map(Timestamp))
}
