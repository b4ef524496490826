//! What reports count: tasks, contacts and notices of a span, as facts. What is made of them is `domain::figures`.

use std::collections::BTreeMap;

use rusqlite::{Row, Transaction};

use super::error::StoreError;
use super::space::Space;
use crate::domain::figures::{Facts, Moment, Noticed, Standing};
use crate::domain::ids::WorkspaceId;
use crate::domain::time::Timestamp;

/// Tasks made in the span, when and in which category.
const OPENED: &str = "SELECT created_at, category, 0 FROM tasks
    WHERE workspace = ?1 AND created_at >= ?2 AND created_at < ?3 ORDER BY id";

/// Tasks answered for the first time in the span, and after how long.
const ANSWERED: &str = "SELECT first_response_at, category, first_response_at - created_at FROM tasks
    WHERE workspace = ?1 AND first_response_at >= ?2 AND first_response_at < ?3 ORDER BY id";

/// Tasks that are done and were closed last in the span. What happened to a task later is seen in updated_at, so only tasks
/// that changed since the span began are looked at.
const CLOSED: &str = "SELECT h.at, t.category, h.at - t.created_at FROM tasks t JOIN history h ON h.id =
        (SELECT MAX(id) FROM history WHERE task = t.id AND json_extract(change, '$.what') = 'moved'
         AND json_extract(change, '$.to') = 'done')
    WHERE t.workspace = ?1 AND t.status = 'done' AND t.updated_at >= ?2 AND h.at >= ?2 AND h.at < ?3 ORDER BY t.id";

/// Notices of the span: each that tells of something new or adds to it. Of those with a key only the newest counts: the
/// others are what it said before it was changed.
const NOTICED: &str = "SELECT n.at, n.kind, n.amount, n.currency FROM notices n
    WHERE n.workspace = ?1 AND n.at >= ?2 AND n.at < ?3 AND n.effect IN ('begins', 'adds') AND n.state <> 'cancelled'
      AND (n.key = '' OR n.id = (SELECT MAX(m.id) FROM notices m
                                 WHERE m.problem = n.problem AND m.effect IN ('begins', 'adds')))
    ORDER BY n.id";

impl Space {
    /// What happened from `from` to before `to`, and how many tasks stand where now.
    pub async fn facts(&self, from: Timestamp, to: Timestamp) -> Result<Facts, StoreError> {
        self.read(move |tx, workspace| {
            let span = Span { tx, workspace, from, to };
            Ok(Facts {
                opened: span.all(OPENED, moment)?,
                answered: span.all(ANSWERED, moment)?,
                closed: span.all(CLOSED, moment)?,
                standing: standing(tx, workspace)?,
                contacts: span.all(
                    "SELECT created_at FROM contacts
                     WHERE workspace = ?1 AND created_at >= ?2 AND created_at < ?3 ORDER BY id",
                    |row| Ok(Timestamp(row.get(0)?)),
                )?,
                notices: span.all(NOTICED, noticed)?,
            })
        })
        .await
    }
}

struct Span<'a> {
    tx: &'a Transaction<'a>,
    workspace: &'a WorkspaceId,
    from: Timestamp,
    to: Timestamp,
}

impl Span<'_> {
    fn all<T>(&self, sql: &str, read: fn(&Row<'_>) -> rusqlite::Result<T>) -> Result<Vec<T>, StoreError> {
        let mut query = self.tx.prepare_cached(sql)?;
        let found = query.query_map((&self.workspace.0, self.from.0, self.to.0), read)?;
        Ok(found.collect::<Result<_, _>>()?)
    }
}

fn moment(row: &Row<'_>) -> rusqlite::Result<Moment> {
    Ok(Moment { at: Timestamp(row.get(0)?), category: row.get(1)?, took_ms: row.get(2)? })
}

fn noticed(row: &Row<'_>) -> rusqlite::Result<Noticed> {
    let at = Timestamp(row.get(0)?);
    Ok(Noticed { at, kind: row.get(1)?, amount: row.get(2)?, currency: row.get(3)? })
}

fn standing(tx: &Transaction<'_>, workspace: &WorkspaceId) -> Result<BTreeMap<String, Standing>, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT category, SUM(status = 'open'), SUM(status = 'waiting') FROM tasks
         WHERE workspace = ? AND status IN ('open', 'waiting') GROUP BY category ORDER BY category",
    )?;
    let count = |row: &Row<'_>, at: usize| row.get::<_, u32>(at).map(u64::from);
    let row = |row: &Row<'_>| Ok((row.get(0)?, Standing { open: count(row, 1)?, waiting: count(row, 2)? }));
    Ok(query.query_map([&workspace.0], row)?.collect::<Result<_, _>>()?)
}
