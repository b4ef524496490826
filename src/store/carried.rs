//! Deliveries that do not go through Slack's Web API: to endpoints, incoming webhooks and mailboxes. One is claimed by a lease
//! and counted at the claim; how it ended is stored afterwards. One call at a time goes through each door.

use rusqlite::{OptionalExtension, Transaction};

use super::error::StoreError;
use super::feed::{EXPIRED, Head};
use super::heads;
use super::space::Space;
use super::sqlite::Store;
use crate::domain::carry::{Fate, door};
use crate::domain::ids::{DeliveryId, WorkspaceId};
use crate::domain::route::Destination;
use crate::domain::time::Timestamp;

/// The reason of a delivery whose call is under way, or was when the daemon died.
const UNDER_WAY: &str = "under_way";

/// The reason of a delivery of which the row does not say what is to be told.
const UNREADABLE: &str = "unreadable";

/// The reason of a delivery that waits because its door takes no more for a moment.
const PACE: &str = "pace";

/// A delivery that has been claimed: a call may be made for it until its lease is over.
#[derive(Clone, Debug)]
pub struct Carried {
    /// The row.
    pub id: DeliveryId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Where to.
    pub destination: Destination,
    /// What is to be told.
    pub head: Head,
    /// Attempts so far, this one included.
    pub attempts: u32,
    /// Failed attempts at its door in a row.
    pub failures: u32,
    /// Whether an earlier attempt may have arrived.
    pub unsure: bool,
    /// When it was planned.
    pub planned_at: Timestamp,
}

/// What a look for work came to.
#[derive(Clone, Debug)]
pub enum Claim {
    /// This is to be carried.
    Here(Box<Carried>),
    /// There is something, and its time comes then.
    At(Timestamp),
    /// There is nothing.
    Idle,
}

/// A door that is left alone for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Door {
    /// `endpoint:crm`, `webhook:ops`, or `mail` for the mail server.
    pub door: String,
    /// Failed attempts in a row; 0 when only its pace is kept.
    pub failures: u32,
    /// Why: a word of `carry::Why`.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
    /// When it is tried again.
    pub next_at: Timestamp,
}

impl Space {
    /// The doors that are left alone because something is wrong with them.
    pub async fn doors(&self) -> Result<Vec<Door>, StoreError> {
        self.read(move |tx, workspace| {
            let mut query = tx.prepare_cached(
                "SELECT door, failures, reason, since, next_at FROM doors
                 WHERE workspace = ? AND failures > 0 ORDER BY door",
            )?;
            let rows = query.query_map([&workspace.0], |row| {
                Ok(Door {
                    door: row.get(0)?,
                    failures: row.get(1)?,
                    reason: row.get(2)?,
                    since: Timestamp(row.get(3)?),
                    next_at: Timestamp(row.get(4)?),
                })
            })?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        })
        .await
    }
}

impl Store {
    /// Claims the next delivery to carry. `until` is when it is taken up again after a crash.
    pub async fn claim_carried(&self, until: Timestamp, now: Timestamp) -> Result<Claim, StoreError> {
        self.write(move |tx| {
            take_over(tx, now)?;
            claim(tx, until, now)
        })
        .await
    }

    /// Stores what became of a claimed delivery, and what that says of its door.
    pub async fn finish_carried(
        &self,
        carried: Carried,
        fate: Fate,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |tx| finish(tx, &carried, fate, now)).await
    }

    /// Gives a claim back that was not used, because its door takes nothing before `at`: no attempt, and no failure.
    pub async fn put_back_carried(
        &self,
        carried: Carried,
        at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            let sql =
                "UPDATE deliveries SET state = 'waiting', attempts = attempts - 1, reason = ?2, next_at = ?3,
                           updated_at = ?3 WHERE id = ?1 AND state = 'sending' AND send IS NULL";
            tx.prepare_cached(sql)?.execute((carried.id.0, PACE, now.0))?;
            hold(tx, &carried, (carried.failures, PACE), at, now)
        })
        .await
    }
}

/// A call whose lease is over was cut off by a crash: it may have arrived.
fn take_over(tx: &Transaction<'_>, now: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE deliveries SET state = 'waiting', unsure = 1, updated_at = ?1
               WHERE state = 'sending' AND send IS NULL AND next_at <= ?1";
    tx.prepare_cached(sql)?.execute([now.0])?;
    Ok(())
}

fn claim(tx: &Transaction<'_>, until: Timestamp, now: Timestamp) -> Result<Claim, StoreError> {
    let busy = busy(tx)?;
    let mut best: Option<(i64, i64, String)> = None;
    let mut soonest: Option<i64> = None;
    for (destination, workspace) in destinations(tx)? {
        let Some(parsed) = Destination::parse(&destination) else { continue };
        let door = door(&parsed);
        if busy.contains(&(workspace.clone(), door.clone())) {
            continue;
        }
        let Some(waiting) = next_of(tx, &workspace, &destination, &door, now)? else { continue };
        if waiting.at > now.0 {
            soonest = Some(soonest.map_or(waiting.at, |at| at.min(waiting.at)));
            continue;
        }
        let key = (waiting.lane, waiting.id, destination);
        if best.as_ref().is_none_or(|best| key < *best) {
            best = Some(key);
        }
    }
    let Some((_, id, destination)) = best else {
        return Ok(soonest.map_or(Claim::Idle, |at| Claim::At(Timestamp(at))));
    };
    match take(tx, DeliveryId(id), &destination, (until, now))? {
        Some(carried) => Ok(Claim::Here(Box::new(carried))),
        // It holds up nothing behind it.
        None => {
            let sql = "UPDATE deliveries SET state = 'failed', reason = ?2, updated_at = ?3 WHERE id = ?1";
            tx.prepare_cached(sql)?.execute((id, UNREADABLE, now.0))?;
            Ok(Claim::At(now))
        }
    }
}

/// The doors with a call under way, each with its workspace.
fn busy(tx: &Transaction<'_>) -> Result<Vec<(WorkspaceId, String)>, StoreError> {
    let sql = "SELECT destination, workspace FROM deliveries WHERE state = 'sending' AND send IS NULL";
    let mut query = tx.prepare_cached(sql)?;
    let rows = query.query_map([], |row| Ok((row.get::<_, String>(0)?, WorkspaceId(row.get(1)?))))?;
    let mut doors = Vec::new();
    for row in rows {
        let (destination, workspace) = row?;
        doors.extend(Destination::parse(&destination).map(|parsed| (workspace, door(&parsed))));
    }
    Ok(doors)
}

/// The destinations outside Slack that something waits for, each with the workspace in which it does, found by skipping from
/// one to the next.
fn destinations(tx: &Transaction<'_>) -> Result<Vec<(String, WorkspaceId)>, StoreError> {
    // A semicolon follows a colon: each range holds one kind.
    const RANGES: [(&str, &str); 3] =
        [("endpoint:", "endpoint;"), ("mail:", "mail;"), ("webhook:", "webhook;")];
    let mut query = tx.prepare_cached(
        "SELECT MIN(destination) FROM deliveries WHERE state = 'waiting' AND destination > ? AND destination < ?",
    )?;
    let mut found = Vec::new();
    for (first, last) in RANGES {
        let mut after = first.to_owned();
        while let Some(destination) =
            query.query_row((&after, last), |row| row.get::<_, Option<String>>(0))?
        {
            after.clone_from(&destination);
            let workspaces = heads::waiting_in(tx, &destination)?;
            found.extend(workspaces.into_iter().map(|workspace| (destination.clone(), workspace)));
        }
    }
    Ok(found)
}

/// The next delivery of one destination in a workspace, and when its time comes.
struct Waiting {
    lane: i64,
    id: i64,
    at: i64,
}

fn next_of(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    destination: &str,
    door: &str,
    now: Timestamp,
) -> Result<Option<Waiting>, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT d.lane, d.id, COALESCE((SELECT o.next_at FROM doors o WHERE o.workspace = d.workspace AND o.door = ?2), 0)
         FROM deliveries d WHERE d.state = 'waiting' AND d.destination = ?1 AND d.workspace = ?4
             AND d.next_at <= ?3 AND d.expires_at > ?3
         ORDER BY d.lane, d.id LIMIT 1",
    )?;
    let due = query.query_row((destination, door, now.0, &workspace.0), |row| {
        Ok(Waiting { lane: row.get(0)?, id: row.get(1)?, at: row.get(2)? })
    });
    if let Some(due) = due.optional()? {
        return Ok(Some(due));
    }
    let sql =
        "SELECT MIN(next_at) FROM deliveries WHERE state = 'waiting' AND destination = ? AND workspace = ?
               AND expires_at > ?";
    let key = (destination, &workspace.0, now.0);
    let at: Option<i64> = tx.prepare_cached(sql)?.query_row(key, |row| row.get(0))?;
    Ok(at.map(|at| Waiting { lane: 0, id: 0, at }))
}

fn take(
    tx: &Transaction<'_>,
    id: DeliveryId,
    destination: &str,
    (until, now): (Timestamp, Timestamp),
) -> Result<Option<Carried>, StoreError> {
    let Some(head) = heads::head(tx, id)? else { return Ok(None) };
    let Some(parsed) = Destination::parse(destination) else { return Ok(None) };
    let workspace = heads::workspace(tx, id)?;
    let sql = "SELECT COALESCE((SELECT failures FROM doors WHERE workspace = ? AND door = ?), 0)";
    let failures = tx.prepare_cached(sql)?.query_row((&workspace.0, door(&parsed)), |row| row.get(0))?;
    let mut claim = tx.prepare_cached(
        "UPDATE deliveries SET state = 'sending', attempts = attempts + 1, reason = ?2, next_at = ?3, updated_at = ?4
         WHERE id = ?1 RETURNING attempts, unsure, created_at",
    )?;
    let (attempts, unsure, planned_at) = claim.query_row((id.0, UNDER_WAY, until.0, now.0), |row| {
        Ok((row.get(0)?, row.get(1)?, Timestamp(row.get(2)?)))
    })?;
    Ok(Some(Carried { id, workspace, destination: parsed, head, attempts, failures, unsure, planned_at }))
}

fn finish(tx: &Transaction<'_>, carried: &Carried, fate: Fate, now: Timestamp) -> Result<(), StoreError> {
    let (state, reason, next_at, unsure) = match fate {
        Fate::Sent => ("sent", String::new(), now, carried.unsure),
        Fate::Again { at, why, unsure, .. } => ("waiting", why.to_string(), at, unsure),
        Fate::Unknown { why } => ("unknown", why.to_string(), now, true),
        Fate::Failed { why, expired: false } => ("failed", why.to_string(), now, carried.unsure),
        Fate::Failed { why, expired: true } => ("dead", format!("{EXPIRED} {why}"), now, carried.unsure),
    };
    let mut update = tx.prepare_cached(
        "UPDATE deliveries SET state = ?2, reason = ?3, next_at = ?4, unsure = ?5, updated_at = ?6
         WHERE id = ?1 AND state = 'sending' AND send IS NULL",
    )?;
    // Somebody else took it up after its lease: what they find out counts.
    if update.execute((carried.id.0, state, &reason, next_at.0, unsure, now.0))? == 0 {
        return Ok(());
    }
    match fate {
        Fate::Sent => release(tx, carried)?,
        Fate::Again { at, holds: true, .. } => {
            hold(tx, carried, (carried.failures.saturating_add(1), &reason), at, now)?;
        }
        Fate::Again { holds: false, .. } => {}
        Fate::Unknown { .. } | Fate::Failed { .. } => heads::told_of_failure(tx, carried.id, &reason, now)?,
    }
    Ok(())
}

fn release(tx: &Transaction<'_>, carried: &Carried) -> Result<(), StoreError> {
    let sql = "DELETE FROM doors WHERE workspace = ? AND door = ?";
    tx.prepare_cached(sql)?.execute((&carried.workspace.0, door(&carried.destination)))?;
    Ok(())
}

fn hold(
    tx: &Transaction<'_>,
    carried: &Carried,
    (failures, reason): (u32, &str),
    at: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut upsert = tx.prepare_cached(
        "INSERT INTO doors (workspace, door, failures, reason, since, next_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (workspace, door) DO UPDATE SET failures = excluded.failures,
             reason = CASE WHEN excluded.failures = doors.failures AND doors.failures > 0 THEN doors.reason
                      ELSE excluded.reason END,
             since = CASE doors.failures WHEN 0 THEN excluded.since ELSE doors.since END,
             next_at = excluded.next_at",
    )?;
    let door = door(&carried.destination);
    upsert.execute((&carried.workspace.0, &door, failures, reason, now.0, at.0))?;
    Ok(())
}
