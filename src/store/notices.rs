//! Notices of deskd's own trouble: raised once, open while it lasts, resolved when it ends.

use rusqlite::{Row, Transaction};

use super::error::StoreError;
use super::sqlite::Store;
use crate::domain::ids::{NoticeId, WorkspaceId};
use crate::domain::notice::{Own, Raised};
use crate::domain::time::Timestamp;

/// A notice that is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The row.
    pub id: NoticeId,
    /// What it tells of.
    pub raised: Raised,
    /// Since when.
    pub raised_at: Timestamp,
    /// When it ended; `None` while it lasts.
    pub resolved_at: Option<Timestamp>,
}

impl Store {
    /// Raises a notice; one that is open already only learns the newer detail. Says whether it is a new one.
    pub async fn raise(
        &self,
        workspace: WorkspaceId,
        raised: Raised,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |tx| raise(tx, &workspace, &raised, now)).await
    }

    /// Resolves a notice; says whether there was an open one.
    pub async fn resolve(
        &self,
        workspace: WorkspaceId,
        own: Own,
        subject: String,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |tx| resolve(tx, &workspace, own, &subject, now)).await
    }

    /// The open notices, the oldest first.
    pub async fn open_notices(&self, workspace: WorkspaceId) -> Result<Vec<Notice>, StoreError> {
        self.read(move |tx| {
            let mut query = tx.prepare_cached(
                "SELECT id, kind, subject, detail, raised_at, resolved_at FROM notices
                 WHERE workspace = ? AND resolved_at IS NULL ORDER BY id",
            )?;
            let mut rows = query.query([&workspace.0])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push(notice(row)?);
            }
            Ok(found)
        })
        .await
    }
}

/// Raises a notice within a transaction that has found the trouble.
pub(super) fn raise(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    raised: &Raised,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Raised { own, subject, detail } = raised;
    let mut update = tx.prepare_cached(
        "UPDATE notices SET detail = ?4
         WHERE workspace = ?1 AND kind = ?2 AND subject = ?3 AND resolved_at IS NULL",
    )?;
    if update.execute((&workspace.0, own.as_str(), subject, detail))? > 0 {
        return Ok(false);
    }
    let mut insert = tx.prepare_cached(
        "INSERT INTO notices (workspace, kind, subject, severity, detail, raised_at) VALUES (?, ?, ?, ?, ?, ?)",
    )?;
    insert.execute((&workspace.0, own.as_str(), subject, own.severity().as_str(), detail, now.0))?;
    Ok(true)
}

/// Resolves a notice within a transaction that has seen the trouble end.
pub(super) fn resolve(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    own: Own,
    subject: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let mut update = tx.prepare_cached(
        "UPDATE notices SET resolved_at = ?4
         WHERE workspace = ?1 AND kind = ?2 AND subject = ?3 AND resolved_at IS NULL",
    )?;
    Ok(update.execute((&workspace.0, own.as_str(), subject, now.0))? > 0)
}

/// A notice from the first six columns of a row.
pub(super) fn notice(row: &Row<'_>) -> Result<Notice, StoreError> {
    let word: String = row.get(1)?;
    let own = Own::from_word(&word).ok_or(StoreError::Unreadable { what: "notice", word })?;
    Ok(Notice {
        id: NoticeId(row.get(0)?),
        raised: Raised { own, subject: row.get(2)?, detail: row.get(3)? },
        raised_at: Timestamp(row.get(4)?),
        resolved_at: row.get::<_, Option<i64>>(5)?.map(Timestamp),
    })
}
