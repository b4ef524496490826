//! The audit: rows that are written with the change they tell of, in one transaction, and never again.

use rusqlite::{Connection, OptionalExtension, Row, Transaction};

use super::error::StoreError;
use super::guard;
use super::marks;
use super::space::Space;
use super::sqlite::Store;
use crate::domain::audit::{
    Act, Anchor, Beside, Deed, Entry, Examiner, Finding, Head, Marks, Past, Seal, misgiving,
};
use crate::domain::ids::WorkspaceId;
use crate::domain::seal::Keyring;
use crate::domain::task::Actor;
use crate::domain::time::Timestamp;

/// What concerns no single workspace.
const WHOLE_DESK: &str = "";

impl Store {
    /// Rows of the audit after the one with the number `after`, from `since` on, at most `most`, in their order.
    pub async fn audit(&self, since: Timestamp, after: i64, most: u32) -> Result<Vec<Entry>, StoreError> {
        self.read(move |tx| {
            let mut query = tx.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM audit WHERE id > ?2 AND at >= ?1 ORDER BY id LIMIT ?3"
            ))?;
            let rows = query.query_map((since.0, after, most), entry)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Goes through the whole audit, which is one chain of all workspaces.
    pub async fn examine_audit(&self, anchor: Option<Anchor>) -> Result<Finding, StoreError> {
        let keys = self.keys();
        let written = self.maintain(|writer| written(writer)).await?;
        self.read(move |tx| {
            let mut examiner = Examiner::looking_for(anchor, written);
            let mut query = tx.prepare_cached(&format!("SELECT {COLUMNS} FROM audit ORDER BY id"))?;
            let mut rows = query.query([])?;
            while let Some(row) = rows.next()? {
                examiner.take(&entry(row)?);
            }
            Ok(examiner.finish(Beside {
                head: head(tx)?,
                keys: keys.as_deref(),
                had_key: guard::had_key(tx)?,
                guarded: guard::is_guarded(tx)?,
            }))
        })
        .await
    }

    /// Notes what a start finds: that somebody was at the audit, that a copy took the database's place, and which keys of the
    /// configuration are others than when that was last told. Begins to seal what was not sealed before.
    pub async fn note_start(
        &self,
        config_hash: String,
        found: Marks,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let keys = self.keys();
        self.write(move |tx| {
            let keys = keys.as_deref();
            look_at_start(tx, keys, now)?;
            for act in marks::take_restored(tx)? {
                note(tx, keys, WHOLE_DESK, act, now)?;
            }
            if let Some(act) = marks::renew(tx, Deed::ConfigFound, (config_hash, &found))? {
                note(tx, keys, WHOLE_DESK, act, now)?;
            }
            match newest(tx)? {
                Some((last, digest)) => remember(tx, last, &digest),
                None => Ok(()),
            }
        })
        .await
    }

    /// Notes which keys of the configuration changed at a reload; nothing when none did.
    pub async fn note_reload(
        &self,
        config_hash: String,
        found: Marks,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let keys = self.keys();
        self.write(move |tx| match marks::renew(tx, Deed::ConfigReloaded, (config_hash, &found))? {
            Some(act) => note(tx, keys.as_deref(), WHOLE_DESK, act, now),
            None => Ok(()),
        })
        .await
    }
}

impl Space {
    /// Notes something that was done to the workspace and changes none of its rows.
    pub async fn note(&self, act: Act, now: Timestamp) -> Result<(), StoreError> {
        let keys = self.keys();
        self.write_anyway(move |tx, workspace| note_in(tx, keys.as_deref(), workspace, act, now)).await
    }
}

/// Adds a row for a workspace.
pub(super) fn note_in(
    tx: &Transaction<'_>,
    keys: Option<&Keyring>,
    workspace: &WorkspaceId,
    act: Act,
    now: Timestamp,
) -> Result<(), StoreError> {
    note(tx, keys, &workspace.0, act, now)
}

/// Adds a row for the whole desk.
pub(super) fn note_all(
    tx: &Transaction<'_>,
    keys: Option<&Keyring>,
    act: Act,
    now: Timestamp,
) -> Result<(), StoreError> {
    note(tx, keys, WHOLE_DESK, act, now)
}

fn note(
    tx: &Transaction<'_>,
    keys: Option<&Keyring>,
    workspace: &str,
    act: Act,
    now: Timestamp,
) -> Result<(), StoreError> {
    let past = match head(tx)? {
        Some(head) if head.standing(keys) == Seal::Right => Past::default(),
        Some(_) | None => guard::past(tx)?,
    };
    catch_up(tx, keys, past, now)?;
    append(tx, keys, workspace, act, now)
}

/// What nobody may do behind the back of a daemon that does not run shows when it starts: rows that are gone, and an audit that
/// anybody could change.
pub(super) fn look_at_start(
    tx: &Transaction<'_>,
    keys: Option<&Keyring>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let past = Past { was_used: guard::was_used(tx)?, ..guard::past(tx)? };
    let is_locked_out = keys.is_none() && newest(tx)?.is_some();
    // Without the key nothing is sealed; that is told with the first row, not with every start.
    if !is_locked_out {
        catch_up(tx, keys, past, now)?;
    }
    if guard::is_guarded(tx)? {
        return Ok(());
    }
    guard::mend(tx)?;
    let act = Act::new(&Actor::Desk, Deed::Doubted, key_of(keys));
    append(tx, keys, WHOLE_DESK, act.with("the database did not refuse any more to change it"), now)
}

/// Writes down first what is odd about the end of the chain, so that going on does not make it right.
fn catch_up(
    tx: &Transaction<'_>,
    keys: Option<&Keyring>,
    past: Past,
    now: Timestamp,
) -> Result<(), StoreError> {
    let odd = if is_gone(tx, written(tx)?)? {
        Some((Deed::Doubted, "the last row that was written was gone"))
    } else {
        let newest = newest(tx)?;
        let there = newest.as_ref().map(|(id, digest)| (*id, digest.as_str()));
        misgiving(head(tx)?.as_ref(), there, keys, past)
    };
    let Some((deed, why)) = odd else { return Ok(()) };
    append(tx, keys, WHOLE_DESK, Act::new(&Actor::Desk, deed, key_of(keys)).with(why), now)
}

/// Which key seals; empty for none.
fn key_of(keys: Option<&Keyring>) -> String {
    keys.map(|keys| keys.first().id().to_string()).unwrap_or_default()
}

/// The next number is behind what is there, what the head names and what was written last: what was cut leaves a gap for good.
fn append(
    tx: &Transaction<'_>,
    keys: Option<&Keyring>,
    workspace: &str,
    act: Act,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (last, before) = newest(tx)?.unwrap_or_default();
    let named = head(tx)?.map_or(0, |head| head.last);
    let written = written(tx)?.map_or(0, |written| written.row);
    let mut entry = Entry {
        id: last.max(named).max(written).saturating_add(1),
        workspace: WorkspaceId(workspace.to_owned()),
        at: now,
        who: act.who,
        what: act.deed.as_str().to_owned(),
        subject: act.subject,
        detail: act.detail,
        digest: String::new(),
    };
    entry.digest = entry.digest_after(&before);
    let Entry { id, workspace, at, who, what, subject, detail, digest } = &entry;
    tx.prepare_cached(
        "INSERT INTO audit (id, workspace, at, who, what, subject, detail, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute((id, &workspace.0, at.0, who, what, subject, detail, digest))?;
    remember(tx, *id, digest)?;
    set_head(tx, Head::over(entry.id, entry.digest, keys))
}

fn set_head(tx: &Transaction<'_>, head: Head) -> Result<(), StoreError> {
    let Head { last, digest, key, seal } = head;
    tx.prepare_cached(
        "INSERT INTO audit_head (one, workspace, last, digest, key, seal) VALUES (1, '', ?, ?, ?, ?)
         ON CONFLICT (one) DO UPDATE SET last = excluded.last, digest = excluded.digest, key = excluded.key,
             seal = excluded.seal",
    )?
    .execute((last, digest, key, seal))?;
    Ok(())
}

/// Lets a connection that writes remember which row it wrote last. A temporary table, because no other connection sees it, and
/// because a transaction that is rolled back takes this back as well.
pub(super) fn begin_memory(connection: &Connection) -> Result<(), StoreError> {
    connection.execute_batch(
        "PRAGMA temp_store = MEMORY;
         CREATE TEMP TABLE IF NOT EXISTS audit_written (
             one INTEGER PRIMARY KEY CHECK (one = 1), last INTEGER NOT NULL, digest TEXT NOT NULL
         ) STRICT",
    )?;
    Ok(())
}

fn remember(tx: &Transaction<'_>, last: i64, digest: &str) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT OR REPLACE INTO temp.audit_written (one, last, digest) VALUES (1, ?, ?)")?
        .execute((last, digest))?;
    Ok(())
}

/// The row that this connection wrote last.
fn written(connection: &Connection) -> Result<Option<Anchor>, StoreError> {
    let mut query = connection.prepare_cached("SELECT last, digest FROM temp.audit_written")?;
    let row = query.query_row([], |row| Ok(Anchor { row: row.get(0)?, digest: row.get(1)? }));
    Ok(row.optional()?)
}

fn is_gone(tx: &Transaction<'_>, written: Option<Anchor>) -> Result<bool, StoreError> {
    let Some(Anchor { row, digest }) = written else { return Ok(false) };
    let mut query = tx.prepare_cached("SELECT 1 FROM audit WHERE id = ? AND digest = ?")?;
    Ok(!query.exists((row, digest))?)
}

const COLUMNS: &str = "id, workspace, at, who, what, subject, detail, digest";

fn newest(tx: &Transaction<'_>) -> Result<Option<(i64, String)>, StoreError> {
    let mut query = tx.prepare_cached("SELECT id, digest FROM audit ORDER BY id DESC LIMIT 1")?;
    Ok(query.query_row([], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}

fn head(tx: &Transaction<'_>) -> Result<Option<Head>, StoreError> {
    let mut query = tx.prepare_cached("SELECT last, digest, key, seal FROM audit_head")?;
    let head = query.query_row([], |row| {
        Ok(Head { last: row.get(0)?, digest: row.get(1)?, key: row.get(2)?, seal: row.get(3)? })
    });
    Ok(head.optional()?)
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry {
        id: row.get(0)?,
        workspace: WorkspaceId(row.get(1)?),
        at: Timestamp(row.get(2)?),
        who: row.get(3)?,
        what: row.get(4)?,
        subject: row.get(5)?,
        detail: row.get(6)?,
        digest: row.get(7)?,
    })
}
