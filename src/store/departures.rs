//! What goes when the app leaves a workspace: everything, but for what would have to be picked again if it came back, and
//! that after a while, too.

use std::time::Duration;

use rusqlite::{OptionalExtension, Transaction};

use super::audit::note_in;
use super::erasures;
use super::error::StoreError;
use super::space::Space;
use super::sqlite::Store;
use crate::domain::audit::{Act, Deed};
use crate::domain::ids::{EventId, WorkspaceId};
use crate::domain::installation::{KEEP_SETTINGS, Parting};
use crate::domain::seal::Keyring;
use crate::domain::task::Actor;
use crate::domain::time::Timestamp;

/// Events that go in one transaction: somebody waits for an acknowledgement meanwhile.
const BATCH: i64 = 1000;

/// How long it is swept again behind a departure: everything that was under way then has ended by far.
const SWEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// Tables of a workspace that outlast its departure, wholly or (`channels`) where something was picked. Every other table
/// with a workspace is emptied, whoever adds it. The audit holds no word of anybody, and is never shortened; what models have cost is
/// a sum, and leaving does not begin the month's budget anew.
const KEPT: [&str; 10] = [
    "installations",
    "workspaces",
    "channels",
    "teammates",
    "erasures",
    "events",
    "outcomes",
    "audit",
    "audit_head",
    "model_spending",
];

/// The events `e` behind `?1` that are a workspace's, `?2`, with their outcomes `o`. Those that nobody is known to own yet are so by
/// what they name; what names one that is served is decided about when its turn comes, and with the last workspace all go.
const THEIRS: &str = "e.id > ?1 AND e.id <= ?3 AND (o.workspace = ?2 OR (COALESCE(o.workspace, '') = '' AND (
    e.workspace = ?2
    OR (instr(e.payload, ?2) > 0 AND NOT EXISTS
        (SELECT 1 FROM installations i WHERE i.state = 'active' AND instr(e.payload, i.workspace) > 0))
    OR (COALESCE(o.reason, '') <> 'workspace_unknown' AND NOT EXISTS
        (SELECT 1 FROM installations i WHERE i.state = 'active')))))";

/// What a departure came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Departed {
    /// Rows that went.
    pub rows: usize,
    /// Whether the write-ahead log was folded, so that nothing is left there either. If not, that is tried again until it is.
    pub folded: bool,
}

/// What is kept of a workspace that was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// What would have to be picked again, for a while.
    Settings,
    /// That it was left, and what its models have cost.
    Nothing,
}

impl Space {
    /// Ends an installation: its tokens are gone with this commit, and nothing of the workspace is served any more. Says
    /// whether there was one; what it left behind goes with `clear_out`.
    pub async fn part(&self, parting: Parting, by: Actor, now: Timestamp) -> Result<bool, StoreError> {
        let keys = self.keys();
        self.write_anyway(move |tx, workspace| {
            let parted = part(tx, workspace, parting, now)?;
            if parted {
                note(tx, keys.as_deref(), workspace, (&by, parting.as_str()), now)?;
            }
            Ok(parted)
        })
        .await
    }

    /// Deletes what a workspace that was left has left behind, and with `Keeping::Nothing` its settings. Does nothing where the app
    /// is installed.
    pub async fn clear_out(&self, keeping: Keeping) -> Result<Departed, StoreError> {
        let (mut after, mut rows) = (EventId(0), 0);
        loop {
            let (theirs, last) = self.read(move |tx, workspace| events_of(tx, workspace, after)).await?;
            if !theirs.is_empty() {
                rows += self.write_anyway(move |tx, workspace| clear_events(tx, workspace, &theirs)).await?;
            }
            match last {
                Some(last) => after = last,
                None => break,
            }
        }
        rows += self.write_anyway(clear_tables).await?;
        if keeping == Keeping::Nothing {
            self.write_anyway(forget).await?;
        }
        Ok(Departed { rows, folded: self.store.begin_log_anew().await? })
    }
}

impl Store {
    /// Whether a workspace was left at some time.
    pub async fn was_left(&self) -> Result<bool, StoreError> {
        self.read(|tx| {
            let sql = "SELECT 1 FROM installations WHERE state <> 'active'";
            Ok(tx.prepare_cached(sql)?.exists([])?)
        })
        .await
    }

    /// The workspaces that were left and are not cleared out.
    pub async fn leaving(&self) -> Result<Vec<WorkspaceId>, StoreError> {
        self.read(|tx| {
            let mut query =
                tx.prepare_cached("SELECT workspace FROM installations WHERE state = 'leaving' ORDER BY id")?;
            let rows = query.query_map([], |row| row.get(0).map(WorkspaceId))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Forgets what was kept of workspaces for a return that did not come, and sweeps again behind those that were left lately:
    /// what was under way when they went may have arrived since. Not in the journal: whatever of it is decided about after a
    /// departure is blanked then.
    pub async fn sweep_departed(&self, now: Timestamp) -> Result<usize, StoreError> {
        let keys = self.keys();
        let gone = self
            .write(move |tx| {
                forget_expired(tx, keys.as_deref(), now)?;
                let sql =
                    "SELECT workspace FROM installations WHERE state = 'gone' AND gone_at > ? ORDER BY id";
                let mut query = tx.prepare_cached(sql)?;
                let rows = query.query_map([now.minus(SWEPT).0], |row| row.get(0).map(WorkspaceId))?;
                Ok(rows.collect::<Result<Vec<_>, _>>()?)
            })
            .await?;
        let mut rows = 0;
        for workspace in gone {
            rows += self.of(&workspace).write_anyway(clear_tables).await?;
        }
        if rows > 0 {
            self.begin_log_anew().await?;
        }
        Ok(rows)
    }
}

/// Ends an installation within a transaction.
pub(super) fn part(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    parting: Parting,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "UPDATE installations SET state = 'leaving', reason = ?2, gone_at = ?3, expires_at = NULL
               WHERE workspace = ?1 AND state = 'active' RETURNING id";
    let key = (&workspace.0, parting.as_str(), now.0);
    let id: Option<i64> = tx.query_row(sql, key, |row| row.get(0)).optional()?;
    let Some(id) = id else { return Ok(false) };
    tx.execute("DELETE FROM tokens WHERE installation = ?", [id])?;
    Ok(true)
}

/// Forgets the settings of workspaces that were left too long ago.
pub(super) fn forget_expired(
    tx: &Transaction<'_>,
    keys: Option<&Keyring>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "SELECT workspace FROM installations WHERE state = 'gone' AND gone_at <= ?";
    let mut query = tx.prepare_cached(sql)?;
    let rows = query.query_map([now.minus(KEEP_SETTINGS).0], |row| row.get(0).map(WorkspaceId))?;
    let expired: Vec<WorkspaceId> = rows.collect::<Result<_, _>>()?;
    for workspace in &expired {
        if forget(tx, workspace)? > 0 {
            let act = Act::new(&Actor::Desk, Deed::SettingsForgotten, &workspace.0).with("after 30 days");
            note_in(tx, keys, workspace, act, now)?;
        }
    }
    Ok(())
}

/// Those of a batch of events behind `after` that are a workspace's, and where to go on.
fn events_of(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    after: EventId,
) -> Result<(Vec<EventId>, Option<EventId>), StoreError> {
    let sql = "SELECT MAX(id) FROM (SELECT id FROM events WHERE id > ? ORDER BY id LIMIT ?)";
    let last: Option<i64> = tx.prepare_cached(sql)?.query_row((after.0, BATCH), |row| row.get(0))?;
    let Some(last) = last else { return Ok((Vec::new(), None)) };
    let sql = format!(
        "SELECT e.id FROM events e LEFT JOIN outcomes o ON o.event = e.id WHERE {THEIRS} ORDER BY e.id"
    );
    let mut query = tx.prepare_cached(&sql)?;
    let theirs = query.query_map((after.0, &workspace.0, last), |row| row.get(0).map(EventId))?;
    Ok((theirs.collect::<Result<_, _>>()?, Some(EventId(last))))
}

/// Deletes those of these events that have an outcome, and blanks the others, and the newest, whose number must not come back.
fn clear_events(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    theirs: &[EventId],
) -> Result<usize, StoreError> {
    if is_active(tx, workspace)? {
        return Ok(0);
    }
    let mut delete = tx.prepare_cached(
        "DELETE FROM events WHERE id = ? AND id < (SELECT MAX(id) FROM events) AND id IN (SELECT event FROM outcomes)",
    )?;
    let mut gone = 0;
    for event in theirs {
        match delete.execute([event.0])? {
            0 => erasures::blank(tx, *event)?,
            rows => gone += rows,
        }
    }
    Ok(gone)
}

fn clear_tables(tx: &Transaction<'_>, workspace: &WorkspaceId) -> Result<usize, StoreError> {
    if is_active(tx, workspace)? {
        return Ok(0);
    }
    // Rows of one table name those of another; at the end of the transaction none is left.
    tx.pragma_update(None, "defer_foreign_keys", true)?;
    let mut gone = 0;
    for table in tables(tx)?.iter().filter(|table| !KEPT.contains(&table.as_str())) {
        gone += tx.execute(&format!("DELETE FROM {table} WHERE workspace = ?"), [&workspace.0])?;
    }
    gone += tx.execute("DELETE FROM channels WHERE workspace = ? AND pick = 'none'", [&workspace.0])?;
    let sql = "UPDATE installations SET state = 'gone' WHERE workspace = ? AND state = 'leaving'";
    tx.execute(sql, [&workspace.0])?;
    Ok(gone)
}

/// What is left of a workspace then is that it was left: it must not come back with a token that still stands in the configuration,
/// and what is under way for it must find that it is over.
/// Says how many rows went.
fn forget(tx: &Transaction<'_>, workspace: &WorkspaceId) -> Result<usize, StoreError> {
    if is_active(tx, workspace)? {
        return Ok(0);
    }
    let mut gone = 0;
    for table in ["channels", "teammates", "workspaces", "erasures"] {
        gone += tx.execute(&format!("DELETE FROM {table} WHERE workspace = ?"), [&workspace.0])?;
    }
    Ok(gone)
}

/// Notes in the audit that an installation has ended, when that is decided.
pub(super) fn note(
    tx: &Transaction<'_>,
    keys: Option<&Keyring>,
    workspace: &WorkspaceId,
    (by, how): (&Actor, &str),
    now: Timestamp,
) -> Result<(), StoreError> {
    let act = Act::new(by, Deed::Disconnected, &workspace.0).with(how);
    note_in(tx, keys, workspace, act, now)
}

fn is_active(tx: &Transaction<'_>, workspace: &WorkspaceId) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM installations WHERE workspace = ? AND state = 'active'";
    Ok(tx.prepare_cached(sql)?.exists([&workspace.0])?)
}

/// Every table whose rows belong to a workspace.
fn tables(tx: &Transaction<'_>) -> Result<Vec<String>, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT t.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c ON c.name = 'workspace'
         WHERE t.type = 'table' ORDER BY t.name",
    )?;
    let rows = query.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// An event of a workspace that we do not serve: it is none of our business what it says.
pub(super) fn disown(tx: &Transaction<'_>, event: EventId) -> Result<(), StoreError> {
    erasures::blank(tx, event)
}
