//! Deliveries on their way to the outbox: what waits, what is told together, and what is handed over.
//!
//! Reading and handing over are two transactions, because a card is drawn between them; what was joined meanwhile is seen at
//! the second, and then the card is drawn anew.

use std::time::Duration;

use rusqlite::{OptionalExtension, Transaction};

use super::error::StoreError;
use super::held::{Taker, is_taken};
use super::sqlite::Store;
use super::{heads, outbox};
use crate::domain::card::Standing;
use crate::domain::ids::{ChannelId, DeliveryId, MessageTs, SendId, WorkspaceId};
use crate::domain::notice::problem::Effect;
use crate::domain::notice::{Content, Lane, Notice};
use crate::domain::route::RECAP;
use crate::domain::time::Timestamp;

/// The reason of what nobody took while it was worth reading.
pub const EXPIRED: &str = "expired";

/// A destination that deliveries wait for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// As stored: `channel:#ops`.
    pub destination: String,
    /// The channel or person that it is in Slack; `None` when nobody knows it.
    pub channel: Option<ChannelId>,
    /// Its messages that are in the outbox.
    pub in_outbox: i64,
    /// Its deliveries that wait here and whose time has come.
    pub waiting: i64,
    /// The next of them.
    pub head: DeliveryId,
    /// Its lane.
    pub lane: Lane,
    /// Its route.
    pub route: String,
}

/// What is to be told next at a place.
#[derive(Clone, Debug)]
pub struct Head {
    /// The delivery.
    pub id: DeliveryId,
    /// Its lane.
    pub lane: Lane,
    /// The newest notice that it tells.
    pub notice: Notice,
    /// What that one is to its problem.
    pub effect: Effect,
    /// The problem.
    pub standing: Standing,
    /// Whom it wakes, as the route says it.
    pub mention: Vec<String>,
    /// The message that shows the problem there already.
    pub card: Option<Shown>,
    /// The notices it tells together, oldest first, when it is a digest; at most `MOST_LINES` of them.
    pub listed: Vec<Content>,
    /// How many notices it tells in all.
    pub told: i64,
    /// Whether it says that somebody has marked the problem as handled.
    pub handled: bool,
    /// How many problems those are about.
    pub problems: i64,
    /// Whether it lists what came outside the active hours.
    pub is_recap: bool,
    /// Why those were held; empty for none.
    pub held_for: String,
    /// When nobody wants to read it any more.
    pub expires: Timestamp,
}

/// A card that is in Slack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its channel, as Slack said it.
    pub channel: ChannelId,
    /// Its message.
    pub ts: MessageTs,
}

/// A message for the outbox.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// Its send key.
    pub key: String,
    /// Where to.
    pub channel: ChannelId,
    /// The thread; `None` for the channel itself.
    pub thread: Option<MessageTs>,
    /// The message to be changed; `None` to post a new one.
    pub target: Option<MessageTs>,
    /// The text as Slack encodes it.
    pub text: String,
    /// Blocks and attachments as JSON; empty for none.
    pub blocks: String,
}

impl Store {
    /// The places in Slack that deliveries wait for and whose time has come.
    pub async fn places(&self, now: Timestamp) -> Result<Vec<Place>, StoreError> {
        self.read(move |tx| heads::places(tx, now)).await
    }

    /// What is to be told next by a delivery; `None` when it does not wait any more.
    pub async fn head(&self, id: DeliveryId) -> Result<Option<Head>, StoreError> {
        self.read(move |tx| heads::head(tx, id)).await
    }

    /// The workspace of a delivery.
    pub async fn workspace_of(&self, id: DeliveryId) -> Result<WorkspaceId, StoreError> {
        self.read(move |tx| heads::workspace(tx, id)).await
    }

    /// Puts the messages of a delivery into the outbox; the last of them decides how it ends. `newest` is the notice it was
    /// drawn from: `false` when another has joined since, and nothing is handed over then.
    pub async fn hand_over(
        &self,
        head: Head,
        destination: String,
        parcels: Vec<Parcel>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |tx| {
            if heads::newest(tx, head.id)? != Some(head.notice.id) {
                return Ok(false);
            }
            let mut last = None;
            for parcel in &parcels {
                last = Some(insert(tx, &head, parcel, now)?);
            }
            let sql = "UPDATE deliveries SET state = 'sending', send = ?2, reason = '', updated_at = ?3 WHERE id = ?1";
            tx.prepare_cached(sql)?.execute((head.id.0, last.map(|send| send.0), now.0))?;
            if let (Some(parcel), None) = (parcels.first(), &head.card) {
                card(tx, &head, &destination, parcel, now)?;
            }
            let sql = "UPDATE cards SET changes_at = ?3 WHERE problem = ?1 AND destination = ?2";
            tx.prepare_cached(sql)?.execute((head.standing.problem, &destination, now.0))?;
            Ok(true)
        })
        .await
    }

    /// Ends a delivery whose destination nobody knows, with a reason; one that is younger than `patience` is looked at again
    /// a little later, because a desk that has just started learns its channels and people from Slack. Says whether it ended.
    pub async fn give_up_delivery(
        &self,
        id: DeliveryId,
        reason: &'static str,
        patience: Duration,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |tx| {
            let sql = "UPDATE deliveries SET next_at = ?2, reason = ?3, updated_at = ?4
                       WHERE id = ?1 AND state = 'waiting' AND created_at > ?5";
            let again = now.plus(patience / 12);
            let row = (id.0, again.0, reason, now.0, now.minus(patience).0);
            if tx.prepare_cached(sql)?.execute(row)? > 0 {
                return Ok(false);
            }
            let sql = "UPDATE deliveries SET state = 'failed', reason = ?2, updated_at = ?3
                       WHERE id = ?1 AND state = 'waiting'";
            tx.prepare_cached(sql)?.execute((id.0, reason, now.0))?;
            heads::told_of_failure(tx, id, reason, now)?;
            Ok(true)
        })
        .await
    }

    /// Gathers the deliveries of a route that wait for a place into one; at most `most` at a time.
    pub async fn gather_deliveries(
        &self,
        place: Place,
        most: i64,
        now: Timestamp,
    ) -> Result<i64, StoreError> {
        self.write(move |tx| {
            let mut query = tx.prepare_cached(
                "SELECT id FROM deliveries WHERE state = 'waiting' AND destination = ? AND workspace = ? AND lane = 1
                   AND route = ? AND form = 'card' AND next_at <= ?
                   AND NOT EXISTS (SELECT 1 FROM cards c WHERE c.problem = deliveries.problem
                                   AND c.destination = deliveries.destination)
                 ORDER BY id LIMIT ?",
            )?;
            let row = (&place.destination, &place.workspace.0, &place.route, now.0, most);
            let found = query.query_map(row, |row| row.get(0))?;
            let ids = found.collect::<Result<Vec<i64>, _>>()?;
            merge(tx, &ids, ("digest", "burst"), now)?;
            Ok(i64::try_from(ids.len()).unwrap_or(i64::MAX))
        })
        .await
    }

    /// Frees what was held and whose time has come: one alone goes as it is, several as one message. What one of `takers` is
    /// about to tell stays. Says how many groups were freed.
    pub async fn release_held(&self, takers: Vec<Taker>, now: Timestamp) -> Result<usize, StoreError> {
        self.write(move |tx| {
            let mut query = tx.prepare_cached(
                "SELECT workspace, destination, held_for, MAX(reason) FROM deliveries
                 WHERE state = 'held' AND next_at <= ? GROUP BY 1, 2, 3 ORDER BY MIN(id) LIMIT 100",
            )?;
            let rows = query.query_map([now.0], |row| {
                Ok((
                    row.get::<_, String>(0)?,
                    row.get::<_, String>(1)?,
                    row.get::<_, String>(2)?,
                    row.get::<_, String>(3)?,
                ))
            })?;
            let groups = rows.collect::<Result<Vec<_>, _>>()?;
            let mut freed = 0;
            for (workspace, destination, held_for, reason) in &groups {
                if reason == "outside_hours" && is_taken(tx, workspace, destination, &takers)? {
                    continue;
                }
                freed += 1;
                let sql =
                    "SELECT id FROM deliveries WHERE state = 'held' AND workspace = ? AND destination = ?
                           AND held_for = ? AND (held_for <> ? OR next_at <= ?) ORDER BY id";
                let mut query = tx.prepare_cached(sql)?;
                // Those of other hours are not due; a digest goes as a whole.
                let row = (workspace, destination, held_for, RECAP, now.0);
                let rows = query.query_map(row, |row| row.get(0))?;
                let ids = rows.collect::<Result<Vec<i64>, _>>()?;
                let form = if reason == "outside_hours" { "recap" } else { "digest" };
                free(tx, &ids, (form, held_for), now)?;
            }
            Ok(freed)
        })
        .await
    }

    /// Ends what nobody took while it was worth reading; says how many by destination.
    pub async fn expire_deliveries(&self, now: Timestamp) -> Result<Vec<(String, i64)>, StoreError> {
        self.write(move |tx| heads::expire(tx, now)).await
    }

    /// When it is worth looking again, when nothing rings before.
    pub async fn next_feed(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        self.read(move |tx| {
            let sql = "SELECT MIN(at) FROM (
                 SELECT MIN(next_at) AS at FROM deliveries WHERE state = 'held'
                 UNION ALL SELECT MIN(expires_at) FROM deliveries WHERE state IN ('held', 'waiting')
                 UNION ALL SELECT MIN(next_at) FROM deliveries WHERE state = 'waiting' AND next_at > ?1)";
            let at: Option<i64> = tx.prepare_cached(sql)?.query_row([now.0], |row| row.get(0))?;
            Ok(at.map(Timestamp))
        })
        .await
    }
}

/// One delivery alone goes as a card, several as one message.
fn free(
    tx: &Transaction<'_>,
    ids: &[i64],
    (form, held_for): (&str, &str),
    now: Timestamp,
) -> Result<(), StoreError> {
    match ids {
        [] => Ok(()),
        [one] => {
            let sql = "UPDATE deliveries SET state = 'waiting', next_at = ?2, updated_at = ?2 WHERE id = ?1";
            tx.prepare_cached(sql)?.execute((one, now.0))?;
            Ok(())
        }
        several => merge(tx, several, (form, held_for), now).map(|_| ()),
    }
}

/// Makes one delivery of several, two at least, and returns it.
pub(super) fn merge(
    tx: &Transaction<'_>,
    ids: &[i64],
    (form, held_for): (&str, &str),
    now: Timestamp,
) -> Result<i64, StoreError> {
    let [_, _, ..] = ids else { return Ok(ids.first().copied().unwrap_or_default()) };
    let list = serde_json::to_string(ids).unwrap_or_default();
    let mut insert = tx.prepare_cached(
        "INSERT INTO deliveries (workspace, notice, problem, destination, route, mention, form, lane, state, reason,
             held_for, merged_into, attempts, next_at, expires_at, send, created_at, updated_at)
         SELECT workspace, notice, problem, destination, route, mention, ?2, lane, 'waiting', '', ?3, NULL, 0, ?4,
             (SELECT MAX(expires_at) FROM deliveries WHERE id IN (SELECT value FROM json_each(?1))), NULL, ?4, ?4
         FROM deliveries WHERE id = ?5",
    )?;
    insert.execute((&list, form, held_for, now.0, ids.last()))?;
    let into = tx.last_insert_rowid();
    // What had been joined to one of them is told by the same message.
    let mut update = tx.prepare_cached(
        "UPDATE deliveries SET state = 'merged', merged_into = ?2, updated_at = ?3
         WHERE id IN (SELECT value FROM json_each(?1)) OR merged_into IN (SELECT value FROM json_each(?1))",
    )?;
    update.execute((&list, into, now.0))?;
    Ok(into)
}

fn insert(tx: &Transaction<'_>, head: &Head, parcel: &Parcel, now: Timestamp) -> Result<SendId, StoreError> {
    let part = outbox::Part { key: parcel.key.clone(), text: parcel.text.clone() };
    let workspace = heads::workspace(tx, head.id)?;
    let send = outbox::insert_notice(tx, &workspace, &parcel.channel, &part, &parcel.blocks, now)?;
    let mut update = tx.prepare_cached(
        "UPDATE sends SET act = ?2, target = ?3, thread = ?4, lane = ?5, delivery = ?6, expires_at = ?7 WHERE id = ?1",
    )?;
    update.execute((
        send.0,
        if parcel.target.is_some() { "update" } else { "post" },
        parcel.target.as_ref().map_or("", |ts| &ts.0),
        parcel.thread.as_ref().map_or("", |ts| &ts.0),
        head.lane.number(),
        head.id.0,
        head.expires.0,
    ))?;
    Ok(send)
}

/// From now on the problem is shown there; where, is known when Slack has answered. A digest shows no single problem.
fn card(
    tx: &Transaction<'_>,
    head: &Head,
    destination: &str,
    parcel: &Parcel,
    now: Timestamp,
) -> Result<(), StoreError> {
    if !head.listed.is_empty() {
        return Ok(());
    }
    let mut insert = tx.prepare_cached(
        "INSERT INTO cards (problem, destination, workspace, channel, ts, delivery, changes_at)
         SELECT problem, ?2, workspace, ?3, '', id, ?4 FROM deliveries WHERE id = ?1
         ON CONFLICT DO NOTHING",
    )?;
    insert.execute((head.id.0, destination, &parcel.channel.0, now.0))?;
    Ok(())
}

/// What the end of a send means for its delivery, within the transaction that ends it. `posted` is where the message is.
pub(super) fn settle(
    tx: &Transaction<'_>,
    send: SendId,
    state: &str,
    reason: &str,
    posted: Option<(&ChannelId, &MessageTs)>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "SELECT delivery, act FROM sends WHERE id = ? AND delivery IS NOT NULL";
    let found: Option<(i64, String)> =
        tx.prepare_cached(sql)?.query_row([send.0], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((delivery, act)) = found else { return Ok(()) };
    let sql = "UPDATE deliveries SET state = ?3, reason = ?4, updated_at = ?5 WHERE id = ?1 AND send = ?2";
    let changed = tx.prepare_cached(sql)?.execute((delivery, send.0, state, reason, now.0))?;
    match (act.as_str(), posted) {
        ("post", Some((channel, ts))) => {
            let sql = "UPDATE cards SET channel = ?2, ts = ?3 WHERE delivery = ?1 AND ts = ''";
            tx.prepare_cached(sql)?.execute((delivery, &channel.0, &ts.0))?;
        }
        (_, Some(_)) => {}
        // Not there and not to be changed: what comes next is posted anew.
        ("post", None) => {
            tx.prepare_cached("DELETE FROM cards WHERE delivery = ? AND ts = ''")?.execute([delivery])?;
        }
        (_, None) => {
            let sql = "DELETE FROM cards WHERE (problem, destination) IN
                       (SELECT problem, destination FROM deliveries WHERE id = ?)";
            tx.prepare_cached(sql)?.execute([delivery])?;
        }
    }
    if changed > 0 && state != "sent" {
        heads::told_of_failure(tx, DeliveryId(delivery), reason, now)?;
    }
    Ok(())
}
