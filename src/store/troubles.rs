//! Troubles of deskd's own trouble: raised once, open while it lasts, resolved when it ends.

use rusqlite::{Row, Transaction};

use super::error::StoreError;
use super::space::Space;
use super::sqlite::Store;
use crate::domain::ids::{TroubleId, WorkspaceId};
use crate::domain::notice::kind::WORTH_READING;
use crate::domain::notice::{Checked, derived};
use crate::domain::own::{Own, Raised};
use crate::domain::time::Timestamp;

/// A trouble that is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The row.
    pub id: TroubleId,
    /// What it tells of.
    pub raised: Raised,
    /// Since when.
    pub raised_at: Timestamp,
    /// When it ended; `None` while it lasts.
    pub resolved_at: Option<Timestamp>,
}

impl Space {
    /// Raises a trouble; one that is open already only learns the newer detail. Says whether it is a new one.
    pub async fn raise(&self, raised: Raised, now: Timestamp) -> Result<bool, StoreError> {
        self.write(move |tx, workspace| raise(tx, workspace, &raised, now)).await
    }

    /// Resolves a trouble; says whether there was an open one.
    pub async fn resolve(&self, own: Own, subject: String, now: Timestamp) -> Result<bool, StoreError> {
        self.write(move |tx, workspace| resolve(tx, workspace, own, &subject, now)).await
    }

    /// The open troubles, the oldest first.
    pub async fn open_troubles(&self) -> Result<Vec<Trouble>, StoreError> {
        self.read(move |tx, workspace| {
            let mut query = tx.prepare_cached(
                "SELECT id, kind, subject, detail, raised_at, resolved_at FROM troubles
                 WHERE workspace = ? AND resolved_at IS NULL ORDER BY id",
            )?;
            let mut rows = query.query([&workspace.0])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push(trouble(row)?);
            }
            Ok(found)
        })
        .await
    }
}

impl Store {
    /// The notices that are missing about troubles: their beginning, or their end where the beginning was told.
    pub async fn untold_troubles(&self, now: Timestamp) -> Result<Vec<(WorkspaceId, Checked)>, StoreError> {
        self.read(move |tx| {
            let mut query = tx.prepare_cached(
                "SELECT t.id, t.kind, t.subject, t.detail, t.raised_at, t.resolved_at, t.workspace,
                     (SELECT p.status FROM problems p WHERE p.workspace = t.workspace
                        AND p.fingerprint = 'deskd.' || t.kind || char(31) || 'trouble' || char(31) || t.id
                        AND p.fingerprint <> '' ORDER BY p.id DESC LIMIT 1) AS told
                 FROM troubles t
                 WHERE t.resolved_at IS NULL OR t.resolved_at > ?
                 ORDER BY t.id",
            )?;
            let mut rows = query.query([now.minus(WORTH_READING).0])?;
            let mut missing = Vec::new();
            while let Some(row) = rows.next()? {
                let told: Option<String> = row.get(7)?;
                let Trouble { id, raised, raised_at, resolved_at } = trouble(row)?;
                let is_missing = match (resolved_at, told.as_deref()) {
                    (None, told) => told.is_none(),
                    (Some(_), told) => told == Some("firing"),
                };
                if is_missing {
                    let notice = derived::own(id, &raised, (raised_at, resolved_at), now);
                    missing.push((WorkspaceId(row.get(6)?), notice));
                }
            }
            Ok(missing)
        })
        .await
    }
}

/// Raises a trouble within a transaction that has found the trouble.
pub(super) fn raise(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    raised: &Raised,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Raised { own, subject, detail } = raised;
    let mut update = tx.prepare_cached(
        "UPDATE troubles SET detail = ?4
         WHERE workspace = ?1 AND kind = ?2 AND subject = ?3 AND resolved_at IS NULL",
    )?;
    if update.execute((&workspace.0, own.as_str(), subject, detail))? > 0 {
        return Ok(false);
    }
    let mut insert = tx.prepare_cached(
        "INSERT INTO troubles (workspace, kind, subject, severity, detail, raised_at) VALUES (?, ?, ?, ?, ?, ?)",
    )?;
    insert.execute((&workspace.0, own.as_str(), subject, own.severity().as_str(), detail, now.0))?;
    Ok(true)
}

/// Resolves a trouble within a transaction that has seen the trouble end.
pub(super) fn resolve(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    own: Own,
    subject: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let mut update = tx.prepare_cached(
        "UPDATE troubles SET resolved_at = ?4
         WHERE workspace = ?1 AND kind = ?2 AND subject = ?3 AND resolved_at IS NULL",
    )?;
    Ok(update.execute((&workspace.0, own.as_str(), subject, now.0))? > 0)
}

/// A trouble from the first six columns of a row.
pub(super) fn trouble(row: &Row<'_>) -> Result<Trouble, StoreError> {
    let word: String = row.get(1)?;
    let own = Own::from_word(&word).ok_or(StoreError::Unreadable { what: "trouble", word })?;
    Ok(Trouble {
        id: TroubleId(row.get(0)?),
        raised: Raised { own, subject: row.get(2)?, detail: row.get(3)? },
        raised_at: Timestamp(row.get(4)?),
        resolved_at: row.get::<_, Option<i64>>(5)?.map(Timestamp),
    })
}
