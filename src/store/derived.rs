//! What follows from a notice by itself, stored in the transaction that takes the notice.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Transaction};

use super::error::StoreError;
use super::notices::{self, Accepted};
use super::plot::Owner;
use crate::domain::ids::{NoticeId, ProblemId};
use crate::domain::notice::derived::{self, Derived, SOURCE};
use crate::domain::notice::kind::WORTH_READING;
use crate::domain::notice::problem::Effect;
use crate::domain::notice::{Checked, Content};
use crate::domain::time::Timestamp;

/// The notice as it is stored: one that has to wait for its day waits.
pub(super) fn in_time(checked: &Checked) -> Checked {
    let mut checked = checked.clone();
    if let Some(earliest) = derived::earliest(&checked.content)
        && checked.due < earliest
    {
        let worth_reading = checked.expires.since(checked.due);
        checked.due = earliest;
        checked.expires = earliest.plus(worth_reading);
    }
    checked
}

/// What is told once and has been taken already: an invoice that is overdue stays one notice.
pub(super) fn repeated(
    tx: &Transaction<'_>,
    owner: Owner<'_>,
    content: &Content,
) -> Result<Option<Accepted>, StoreError> {
    let Some(invoice) = derived::overdue(content) else { return Ok(None) };
    let Some(known) = overdue(tx, owner, invoice)? else { return Ok(None) };
    Ok(Some(Accepted { id: known.notice, problem: known.problem, effect: Effect::Repeats }))
}

/// Stores what follows from a notice that was taken.
pub(super) fn follow(
    tx: &Transaction<'_>,
    owner: Owner<'_>,
    checked: &Checked,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Derived { cancels, mut follows, settles } = derived::derive(checked, now);
    if let Some(key) = cancels {
        let before = take_back(tx, owner, &key)?;
        if let (Some(follows), Some((fields, link))) = (&mut follows, before) {
            derived::inherit(follows, &fields, link);
        }
    }
    if let Some(follows) = follows {
        notices::store(tx, owner, &follows, now)?;
    }
    if let Some(invoice) = settles {
        settle(tx, owner, &invoice, now)?;
    }
    Ok(())
}

/// The fields and the link of a notice.
type Said = (BTreeMap<String, String>, Option<String>);

/// Takes back what waits under a key of ours; the answer is what it said.
fn take_back(tx: &Transaction<'_>, owner: Owner<'_>, key: &str) -> Result<Option<Said>, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT fields, link FROM notices WHERE workspace = ? AND project = ? AND source = ? AND key = ? AND key <> ''
           AND state = 'waiting' ORDER BY id DESC LIMIT 1",
    )?;
    let found = query
        .query_row((&owner.workspace.0, owner.project, SOURCE, key), |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        })
        .optional()?;
    notices::cancel(tx, owner, SOURCE, key)?;
    Ok(found.map(|(fields, link)| {
        (serde_json::from_str(&fields).unwrap_or_default(), (!link.is_empty()).then_some(link))
    }))
}

/// An invoice that is overdue, or will be.
struct Overdue {
    notice: NoticeId,
    problem: ProblemId,
    content: Content,
    source: String,
    fingerprint: String,
}

fn overdue(tx: &Transaction<'_>, owner: Owner<'_>, invoice: &str) -> Result<Option<Overdue>, StoreError> {
    let sql = format!(
        "SELECT {}, problem, (SELECT p.fingerprint FROM problems p WHERE p.id = problem) AS known_by
         FROM notices
         WHERE TRIM(json_extract(fields, '$.invoice')) = ?2 AND effect = 'begins'
           AND problem IN (SELECT id FROM problems WHERE workspace = ?1 AND project = ?3 AND kind = 'invoice.overdue'
                           AND status = 'firing')
         ORDER BY id LIMIT 1",
        notices::COLUMNS
    );
    let mut query = tx.prepare_cached(&sql)?;
    let mut rows = query.query((&owner.workspace.0, invoice, owner.project))?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let notice = notices::notice(row)?;
    Ok(Some(Overdue {
        notice: notice.id,
        problem: ProblemId(row.get("problem")?),
        content: notice.content,
        source: notice.source,
        fingerprint: row.get("known_by")?,
    }))
}

/// An invoice was paid: what waits is taken back; what was told turns green.
fn settle(tx: &Transaction<'_>, owner: Owner<'_>, invoice: &str, now: Timestamp) -> Result<(), StoreError> {
    let Some(known) = overdue(tx, owner, invoice)? else { return Ok(()) };
    let sql = "UPDATE notices SET state = 'cancelled', reason = 'cancelled' WHERE problem = ? AND state = 'waiting'";
    if tx.prepare_cached(sql)?.execute([known.problem.0])? > 0 {
        let sql = "UPDATE problems SET status = 'resolved', ended_at = ?2 WHERE id = ?1";
        tx.prepare_cached(sql)?.execute((known.problem.0, now.0))?;
        return Ok(());
    }
    let over = Checked {
        content: derived::settled(&known.content, now),
        key: String::new(),
        fingerprint: known.fingerprint,
        source: known.source,
        due: now,
        expires: now.plus(WORTH_READING),
    };
    notices::store(tx, owner, &over, now)?;
    Ok(())
}
