//! What is held for the morning in a channel, told by the recap of that channel instead of by a message of its own.

use rusqlite::Transaction;

use super::error::StoreError;
use super::feed::merge;
use super::space::Space;
use super::{heads, notices};
use crate::domain::card;
use crate::domain::feed::MOST_LINES;
use crate::domain::ids::{ChannelId, SendId, WorkspaceId};
use crate::domain::notice::problem::Effect;
use crate::domain::time::Timestamp;

/// What a recap tells beside its numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeldForRecap {
    /// The deliveries.
    pub deliveries: Vec<i64>,
    /// A line for each, oldest first; not all of them when there are very many.
    pub lines: Vec<String>,
}

/// A recap that is due and takes what is held for its channel along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taker {
    /// Its report.
    pub report: String,
    /// When it is due.
    pub due: Timestamp,
    /// Its channel, as configured.
    pub channel: String,
}

impl Space {
    /// What was held outside active hours for this channel and goes until then.
    pub async fn held_for_recap(
        &self,
        channel: ChannelId,
        until: Timestamp,
    ) -> Result<HeldForRecap, StoreError> {
        self.read(move |tx, workspace| {
            let mut held = HeldForRecap::default();
            let mut query = tx.prepare_cached(
                "SELECT id, notice, destination FROM deliveries
                 WHERE state = 'held' AND workspace = ? AND reason = 'outside_hours' AND next_at <= ? ORDER BY id",
            )?;
            let mut rows = query.query((&workspace.0, until.0))?;
            while let Some(row) = rows.next()? {
                let (id, notice, destination): (i64, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
                if heads::channel(tx, workspace, &destination)?.as_ref() != Some(&channel) {
                    continue;
                }
                held.deliveries.push(id);
                if held.lines.len() < MOST_LINES {
                    held.lines.push(line(tx, notice)?);
                }
            }
            let more = held.deliveries.len() - held.lines.len();
            held.lines.extend((more > 0).then(|| format!("and {more} more")));
            Ok(held)
        })
        .await
    }
}

fn line(tx: &Transaction<'_>, notice: i64) -> Result<String, StoreError> {
    let sql = format!("SELECT {} FROM notices WHERE id = ?", notices::COLUMNS);
    let mut query = tx.prepare_cached(&sql)?;
    let mut rows = query.query([notice])?;
    match rows.next()? {
        Some(row) => Ok(card::line(&notices::notice(row)?.content, Effect::Begins)),
        None => Ok(String::new()),
    }
}

/// Whether a group of held deliveries is left to a recap: one of its channel is due and has not run. One that cannot run,
/// because its channel is not known, holds up nothing.
pub(super) fn is_taken(
    tx: &Transaction<'_>,
    workspace: &str,
    destination: &str,
    takers: &[Taker],
) -> Result<bool, StoreError> {
    let workspace = WorkspaceId(workspace.to_owned());
    for taker in takers {
        let sql = "SELECT COUNT(*) FROM reports WHERE workspace = ? AND name = ? AND seen < ?
                   AND reason <> 'no_such_channel'";
        let key = (&workspace.0, &taker.report, taker.due.0);
        let waits: i64 = tx.prepare_cached(sql)?.query_row(key, |row| row.get(0))?;
        let of = |destination: &str| heads::channel(tx, &workspace, destination);
        let channel = of(&format!("channel:{}", taker.channel))?;
        if waits > 0 && channel.is_some() && channel == of(destination)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether all of them are held still.
pub(super) fn are_held(tx: &Transaction<'_>, deliveries: &[i64]) -> Result<bool, StoreError> {
    let list = serde_json::to_string(deliveries).unwrap_or_default();
    let sql =
        "SELECT COUNT(*) FROM deliveries WHERE state = 'held' AND id IN (SELECT value FROM json_each(?))";
    let held: i64 = tx.prepare_cached(sql)?.query_row([list], |row| row.get(0))?;
    Ok(usize::try_from(held).ok() == Some(deliveries.len()))
}

/// Held deliveries are told by this send: how it ends, they end.
pub(super) fn told_by(
    tx: &Transaction<'_>,
    deliveries: &[i64],
    send: SendId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let delivery = match deliveries {
        [] => return Ok(()),
        [one] => *one,
        several => merge(tx, several, ("recap", "recap"), now)?,
    };
    let sql =
        "UPDATE deliveries SET state = 'sending', form = 'recap', send = ?2, reason = '', updated_at = ?3
               WHERE id = ?1";
    tx.prepare_cached(sql)?.execute((delivery, send.0, now.0))?;
    tx.prepare_cached("UPDATE sends SET delivery = ?2 WHERE id = ?1")?.execute((send.0, delivery))?;
    Ok(())
}
