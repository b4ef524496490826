//! What routing decided, stored: the deliveries of a notice, and what each does to those of its problem that are still here.
//!
//! A problem has at most one delivery to a destination that waits: a newer notice joins it, so that what is told is always the
//! newest, and a storm is one row. What is in the outbox and has not been tried is taken back for that.

use rusqlite::{OptionalExtension, Transaction};

use super::error::StoreError;
use super::notices::Unrouted;
use super::sqlite::Store;
use crate::domain::feed::changes_apart;
use crate::domain::ids::{DeliveryId, NoticeId};
use crate::domain::mention::Mention;
use crate::domain::notice::problem::Effect;
use crate::domain::route::{Decision, Miss, Plan, Planned};
use crate::domain::time::Timestamp;

/// Why a delivery is told by another one.
pub const JOINED: &str = "joined";

/// The reason of what ended before anybody was told, where the route wants nothing said of it.
pub const OVER_BEFORE_TOLD: &str = "over_before_told";

impl Store {
    /// Stores what was decided about notices that wait to be routed, in one transaction.
    pub async fn file_routed(
        &self,
        routed: Vec<(Unrouted, Decision)>,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        self.write(move |tx| {
            let mut planned = 0;
            for (unrouted, decision) in &routed {
                planned += file(tx, unrouted, decision, now)?;
            }
            Ok(planned)
        })
        .await
    }
}

fn file(
    tx: &Transaction<'_>,
    unrouted: &Unrouted,
    decision: &Decision,
    now: Timestamp,
) -> Result<usize, StoreError> {
    // Routes for other kinds of things are many, and nobody asks about them.
    let near = decision.tried.iter().filter(|tried| !tried.miss.as_ref().is_some_and(Miss::is_far));
    let tried: Vec<(&str, Option<String>)> =
        near.map(|tried| (&*tried.route, tried.miss.as_ref().map(Miss::sentence))).collect();
    let (state, reason) = match &decision.dropped {
        Some(dropped) => ("dropped", dropped.word()),
        None => ("routed", String::new()),
    };
    let mut update = tx.prepare_cached(
        "UPDATE notices SET state = ?2, reason = ?3, tried = ?4 WHERE id = ?1 AND state = 'waiting'",
    )?;
    let row = (unrouted.notice.id.0, state, reason, serde_json::to_string(&tried).unwrap_or_default());
    if update.execute(row)? == 0 {
        return Ok(0);
    }
    for planned in &decision.deliveries {
        plan(tx, unrouted, planned, now)?;
    }
    Ok(decision.deliveries.len())
}

/// Where the delivery of the same problem to the same destination stands, if one is still here.
struct Open {
    id: DeliveryId,
    held: bool,
}

fn plan(
    tx: &Transaction<'_>,
    unrouted: &Unrouted,
    planned: &Planned,
    now: Timestamp,
) -> Result<(), StoreError> {
    let destination = planned.destination.to_string();
    take_back(tx, unrouted, &destination, now)?;
    let open = open(tx, unrouted, &destination)?;
    let critical = unrouted.notice.content.severity.lane().number();
    let (state, reason, held_for, at) = match (&planned.plan, &open) {
        // What breaks through takes along what was held of its problem.
        (Plan::Now, Some(Open { id, held: true })) => {
            release(tx, *id, now)?;
            ("merged", JOINED, "", now)
        }
        (_, Some(_)) => ("merged", JOINED, "", now),
        (Plan::Now, None) => ("waiting", "", "", change_at(tx, unrouted, &destination, now)?),
        // A card that is there turns green at any hour: that wakes nobody.
        (Plan::Hold { .. }, None)
            if unrouted.effect == Effect::Ends && is_shown(tx, unrouted, &destination)? =>
        {
            ("waiting", "", "", change_at(tx, unrouted, &destination, now)?)
        }
        (Plan::Hold { why, group, until, .. }, None) => ("held", why.as_str(), group.as_str(), *until),
    };
    let notice = &unrouted.notice;
    let worth = planned.ttl.unwrap_or_else(|| notice.expires.since(notice.received_at));
    // What is held on purpose is worth reading from when it is let go.
    let from = if state == "held" { at } else { now };
    let expires = match planned.ttl {
        None if state != "held" => notice.expires,
        _ => from.plus(worth),
    };
    let mention: Vec<String> = planned.mention.iter().map(Mention::word).collect();
    let mut insert = tx.prepare_cached(
        "INSERT INTO deliveries (workspace, notice, problem, destination, route, mention, form, lane, state, reason,
             held_for, merged_into, attempts, next_at, expires_at, send, created_at, updated_at)
         SELECT workspace, id, problem, :destination, :route, :mention, 'card', :lane, :state, :reason,
             :held_for, :into, 0, :at, :expires, NULL, :now, :now FROM notices WHERE id = :notice",
    )?;
    insert.execute(rusqlite::named_params! {
        ":destination": destination,
        ":route": planned.route,
        ":mention": serde_json::to_string(&mention).unwrap_or_default(),
        ":lane": critical,
        ":state": state,
        ":reason": reason,
        ":held_for": held_for,
        ":into": open.as_ref().map(|open| open.id.0),
        ":at": at.0,
        ":expires": expires.0,
        ":now": now.0,
        ":notice": unrouted.notice.id.0,
    })?;
    if let Some(open) = open {
        refresh(tx, open.id, unrouted, &destination, (critical, expires), now)?;
    }
    match &planned.plan {
        Plan::Hold { group, most: Some(most), .. } if state == "held" => {
            full(tx, unrouted.notice.id, (&destination, group), (*most, now))
        }
        Plan::Hold { .. } | Plan::Now => Ok(()),
    }
}

/// A group that has as many as it takes goes at once.
fn full(
    tx: &Transaction<'_>,
    notice: NoticeId,
    (destination, group): (&str, &str),
    (most, now): (i64, Timestamp),
) -> Result<(), StoreError> {
    let sql = "SELECT workspace FROM notices WHERE id = ?";
    let workspace: String = tx.prepare_cached(sql)?.query_row([notice.0], |row| row.get(0))?;
    let mut update = tx.prepare_cached(
        "UPDATE deliveries SET next_at = ?4
         WHERE state = 'held' AND destination = ?1 AND held_for = ?2 AND workspace = ?5 AND ?3 <=
             (SELECT COUNT(*) FROM deliveries
              WHERE state = 'held' AND destination = ?1 AND held_for = ?2 AND workspace = ?5)",
    )?;
    update.execute((destination, group, most, now.0, workspace))?;
    Ok(())
}

/// Whether the problem's card is there already.
fn is_shown(tx: &Transaction<'_>, unrouted: &Unrouted, destination: &str) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM cards WHERE problem = ? AND destination = ? AND ts <> '')";
    Ok(tx.prepare_cached(sql)?.query_row((unrouted.problem.0, destination), |row| row.get(0))?)
}

/// What is in the outbox untried is told anew with what is known now.
fn take_back(
    tx: &Transaction<'_>,
    unrouted: &Unrouted,
    destination: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT d.id FROM deliveries d JOIN sends s ON s.id = d.send
         WHERE d.problem = ? AND d.destination = ? AND d.state = 'sending' AND d.form = 'card'
           AND s.state = 'waiting' AND s.look_up = 0",
    )?;
    let found: Option<i64> =
        query.query_row((unrouted.problem.0, destination), |row| row.get(0)).optional()?;
    let Some(delivery) = found else { return Ok(()) };
    let sql = "DELETE FROM sends WHERE delivery = ? AND state = 'waiting' AND look_up = 0";
    tx.prepare_cached(sql)?.execute([delivery])?;
    let sql = "DELETE FROM cards WHERE delivery = ? AND ts = ''";
    tx.prepare_cached(sql)?.execute([delivery])?;
    let sql =
        "UPDATE deliveries SET state = 'waiting', send = NULL, reason = '', next_at = ?2, updated_at = ?2
               WHERE id = ?1";
    tx.prepare_cached(sql)?.execute((delivery, now.0))?;
    Ok(())
}

fn open(tx: &Transaction<'_>, unrouted: &Unrouted, destination: &str) -> Result<Option<Open>, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT id, state FROM deliveries WHERE problem = ? AND destination = ? AND form = 'card'
           AND state IN ('held', 'waiting') ORDER BY id DESC LIMIT 1",
    )?;
    let found = query.query_row((unrouted.problem.0, destination), |row| {
        Ok(Open { id: DeliveryId(row.get(0)?), held: row.get::<_, String>(1)? == "held" })
    });
    Ok(found.optional()?)
}

fn release(tx: &Transaction<'_>, id: DeliveryId, now: Timestamp) -> Result<(), StoreError> {
    let sql =
        "UPDATE deliveries SET state = 'waiting', reason = '', held_for = '', next_at = ?2, updated_at = ?2
               WHERE id = ?1";
    tx.prepare_cached(sql)?.execute((id.0, now.0))?;
    Ok(())
}

/// The delivery that waits tells what the newer notice says, and is as urgent as the more urgent of the two.
fn refresh(
    tx: &Transaction<'_>,
    id: DeliveryId,
    unrouted: &Unrouted,
    destination: &str,
    (lane, expires): (i64, Timestamp),
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut update = tx.prepare_cached(
        "UPDATE deliveries SET lane = MIN(lane, ?2), expires_at = MAX(expires_at, ?3) WHERE id = ?1",
    )?;
    update.execute((id.0, lane, expires.0))?;
    if unrouted.effect == Effect::Ends {
        let soon = change_at(tx, unrouted, destination, now)?;
        let mut sooner = tx.prepare_cached(
            "UPDATE deliveries SET next_at = MIN(next_at, ?2), reason = 'ended_while_waiting'
             WHERE id = ?1 AND state = 'waiting'",
        )?;
        sooner.execute((id.0, soon.0))?;
    }
    Ok(())
}

/// When the card may change again.
fn change_at(
    tx: &Transaction<'_>,
    unrouted: &Unrouted,
    destination: &str,
    now: Timestamp,
) -> Result<Timestamp, StoreError> {
    let sql = "SELECT c.changes_at, p.count FROM cards c JOIN problems p ON p.id = c.problem
               WHERE c.problem = ? AND c.destination = ?";
    let mut query = tx.prepare_cached(sql)?;
    let row = (unrouted.problem.0, destination);
    let last: Option<(i64, i64)> = query.query_row(row, |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let ends = unrouted.effect == Effect::Ends;
    Ok(last.map_or(now, |(last, count)| Timestamp(last).plus(changes_apart(count, ends)).max(now)))
}
