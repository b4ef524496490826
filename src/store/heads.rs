//! The heads of the queues of deliveries: which places wait, and what is next at each.

use rusqlite::{OptionalExtension, Transaction};

use super::error::StoreError;
use super::feed::{EXPIRED, Head, Place, Shown};
use super::handled::HANDLED;
use super::notices::{self, effect_of, status_of};
use super::troubles;
use crate::domain::card::{By, Standing};
use crate::domain::feed::MOST_LINES;
use crate::domain::ids::{ChannelId, DeliveryId, MessageTs, NoticeId, PersonId, WorkspaceId};
use crate::domain::notice::{Content, Lane};
use crate::domain::own::{Own, Raised};
use crate::domain::route::Destination;
use crate::domain::time::Timestamp;

/// The places that deliveries wait for, found by skipping from one to the next, however many wait for each.
pub(super) fn places(tx: &Transaction<'_>, now: Timestamp) -> Result<Vec<Place>, StoreError> {
    let mut query = tx.prepare_cached(
        "WITH RECURSIVE place (destination) AS (
             SELECT MIN(destination) FROM deliveries WHERE state = 'waiting'
             UNION ALL
             SELECT (SELECT MIN(d.destination) FROM deliveries d
                     WHERE d.state = 'waiting' AND d.destination > place.destination)
             FROM place WHERE place.destination IS NOT NULL)
         SELECT destination FROM place WHERE destination LIKE 'channel:%' OR destination LIKE 'person:%'",
    )?;
    let rows = query.query_map([], |row| row.get(0))?;
    let destinations = rows.collect::<Result<Vec<String>, _>>()?;
    let mut places = Vec::new();
    for destination in destinations {
        for workspace in waiting_in(tx, &destination)? {
            places.extend(place(tx, workspace, destination.clone(), now)?);
        }
    }
    Ok(places)
}

/// The workspaces in which something waits for a destination of this name, found in the same way.
pub(super) fn waiting_in(tx: &Transaction<'_>, destination: &str) -> Result<Vec<WorkspaceId>, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT MIN(workspace) FROM deliveries WHERE state = 'waiting' AND destination = ? AND workspace > ?",
    )?;
    let (mut found, mut after) = (Vec::new(), String::new());
    while let Some(workspace) =
        query.query_row((destination, &after), |row| row.get::<_, Option<String>>(0))?
    {
        after.clone_from(&workspace);
        found.push(WorkspaceId(workspace));
    }
    Ok(found)
}

fn place(
    tx: &Transaction<'_>,
    workspace: WorkspaceId,
    destination: String,
    now: Timestamp,
) -> Result<Option<Place>, StoreError> {
    // A card that is on its way has to arrive before anything can be said about its problem.
    let mut query = tx.prepare_cached(
        "SELECT d.id, d.lane, d.route FROM deliveries d
         WHERE d.state = 'waiting' AND d.destination = ?1 AND d.workspace = ?3 AND d.next_at <= ?2
           AND (d.form <> 'card' OR NOT EXISTS (SELECT 1 FROM cards c WHERE c.problem = d.problem
                                                AND c.destination = d.destination AND c.ts = ''))
         ORDER BY d.lane, d.id LIMIT 1",
    )?;
    let head = query
        .query_row((&destination, now.0, &workspace.0), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((id, lane, route)) = head else { return Ok(None) };
    let channel = channel(tx, &workspace, &destination)?;
    let sql = "SELECT COUNT(*) FROM (SELECT 1 FROM deliveries WHERE state = 'waiting' AND destination = ?1
               AND next_at <= ?2 AND workspace = ?3 LIMIT 1000)";
    let key = (&destination, now.0, &workspace.0);
    let waiting = tx.prepare_cached(sql)?.query_row(key, |row| row.get(0))?;
    let sql =
        "SELECT COUNT(*) FROM sends WHERE channel = ? AND workspace = ? AND state IN ('waiting', 'sending')";
    let in_outbox = match &channel {
        Some(channel) => tx.prepare_cached(sql)?.query_row((&channel.0, &workspace.0), |row| row.get(0))?,
        None => 0,
    };
    let (head, lane) = (DeliveryId(id), Lane::from_number(lane));
    Ok(Some(Place { workspace, destination, channel, in_outbox, waiting, head, lane, route }))
}

/// The channel or person that a destination is in Slack.
pub(super) fn channel(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    destination: &str,
) -> Result<Option<ChannelId>, StoreError> {
    let (sql, name) = match Destination::parse(destination) {
        Some(Destination::Channel(name)) => match name.strip_prefix('#') {
            Some(name) => {
                ("SELECT channel FROM channels WHERE workspace = ? AND name = ? LIMIT 1", name.to_owned())
            }
            None => return Ok(Some(ChannelId(name))),
        },
        // A message to a person's id goes to the direct messages with them (facts 4.5).
        Some(Destination::Person(id)) if is_person(&id) => return Ok(Some(ChannelId(id))),
        Some(Destination::Person(name)) => (
            "SELECT person FROM people WHERE workspace = ?1 AND ?2 IN (handle, email) AND deleted = 0 LIMIT 1",
            name,
        ),
        Some(Destination::Webhook(_) | Destination::Endpoint(_) | Destination::Mail(_)) | None => {
            return Ok(None);
        }
    };
    let found = tx.prepare_cached(sql)?.query_row((&workspace.0, name), |row| row.get(0)).optional()?;
    Ok(found.map(ChannelId))
}

fn is_person(id: &str) -> bool {
    id.starts_with(['U', 'W'])
        && id.len() > 6
        && id.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
}

/// What is to be told next by a delivery that waits.
pub(super) fn head(tx: &Transaction<'_>, id: DeliveryId) -> Result<Option<Head>, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT d.lane, d.mention, d.form, d.held_for, d.expires_at, p.id, p.status, p.count, p.first_at, p.last_at,
             p.handled_by, COALESCE(NULLIF(who.name, ''), who.handle, ''), c.channel, c.ts
         FROM deliveries d JOIN problems p ON p.id = d.problem
         LEFT JOIN people who ON who.workspace = p.workspace AND who.person = p.handled_by
         LEFT JOIN cards c ON c.problem = d.problem AND c.destination = d.destination AND c.ts <> ''
         WHERE d.id = ? AND d.state = 'waiting'",
    )?;
    let mut rows = query.query([id.0])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let Some(newest) = newest(tx, id)? else { return Ok(None) };
    let (notice, effect) = {
        let sql = format!("SELECT {}, effect FROM notices WHERE id = ?", notices::COLUMNS);
        let mut query = tx.prepare_cached(&sql)?;
        let mut found = query.query([newest.0])?;
        let Some(row) = found.next()? else { return Ok(None) };
        (notices::notice(row)?, effect_of(row.get("effect")?)?)
    };
    let form: String = row.get(2)?;
    let listed = if form == "card" { Vec::new() } else { listed(tx, id)? };
    let card = match (row.get::<_, Option<String>>(12)?, row.get::<_, Option<String>>(13)?) {
        (Some(channel), Some(ts)) if form == "card" => {
            Some(Shown { channel: ChannelId(channel), ts: MessageTs(ts) })
        }
        _ => None,
    };
    let sql = "SELECT COUNT(*), COUNT(DISTINCT problem) FROM deliveries WHERE merged_into = ?";
    let (merged, problems): (i64, i64) =
        tx.prepare_cached(sql)?.query_row([id.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let held_for: String = row.get(3)?;
    let handled = held_for == HANDLED;
    let itself = i64::from(form == "card" && !handled);
    Ok(Some(Head {
        id,
        lane: Lane::from_number(row.get(0)?),
        notice,
        effect,
        standing: Standing {
            problem: row.get(5)?,
            status: status_of(row.get(6)?)?,
            count: row.get(7)?,
            first_at: Timestamp(row.get(8)?),
            last_at: Timestamp(row.get(9)?),
            handled_by: by(row.get(10)?, row.get(11)?),
        },
        mention: mentions(tx, id)?,
        card,
        told: merged + itself,
        problems,
        is_recap: form == "recap",
        handled,
        listed,
        held_for,
        expires: Timestamp(row.get(4)?),
    }))
}

/// A person by name, or by id where nobody knows the name.
fn by(id: String, name: String) -> Option<By> {
    match (id.is_empty(), name.is_empty()) {
        (true, _) => None,
        (false, true) => Some(By::Id(PersonId(id))),
        (false, false) => Some(By::Name(name)),
    }
}

/// The newest notice that a delivery tells.
pub(super) fn newest(tx: &Transaction<'_>, id: DeliveryId) -> Result<Option<NoticeId>, StoreError> {
    let sql = "SELECT MAX(notice) FROM deliveries WHERE (id = ?1 AND state = 'waiting') OR merged_into = ?1";
    let found: Option<i64> = tx.prepare_cached(sql)?.query_row([id.0], |row| row.get(0))?;
    Ok(found.map(NoticeId))
}

/// The workspace of a delivery.
pub(super) fn workspace(tx: &Transaction<'_>, id: DeliveryId) -> Result<WorkspaceId, StoreError> {
    let sql = "SELECT workspace FROM deliveries WHERE id = ?";
    Ok(WorkspaceId(tx.prepare_cached(sql)?.query_row([id.0], |row| row.get(0))?))
}

/// Whom the notices wake that a delivery tells, each once.
fn mentions(tx: &Transaction<'_>, id: DeliveryId) -> Result<Vec<String>, StoreError> {
    let mut query =
        tx.prepare_cached("SELECT DISTINCT mention FROM deliveries WHERE id = ?1 OR merged_into = ?1")?;
    let rows = query.query_map([id.0], |row| row.get::<_, String>(0))?;
    let mut found: Vec<String> = Vec::new();
    for list in rows {
        let list: Vec<String> = serde_json::from_str(&list?).unwrap_or_default();
        found.extend(list);
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// The newest notice of each problem, in the order in which the problems began.
fn listed(tx: &Transaction<'_>, id: DeliveryId) -> Result<Vec<Content>, StoreError> {
    let sql = format!(
        "SELECT {} FROM notices WHERE id IN (SELECT MAX(notice) FROM deliveries WHERE merged_into = ? GROUP BY problem)
         ORDER BY problem LIMIT ?",
        notices::COLUMNS
    );
    let mut query = tx.prepare_cached(&sql)?;
    let mut rows = query.query((id.0, i64::try_from(MOST_LINES).unwrap_or(i64::MAX)))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(notices::notice(row)?.content);
    }
    Ok(found)
}

/// Somebody is told that a delivery failed; once for each, and never about what deskd says of itself.
pub(super) fn told_of_failure(
    tx: &Transaction<'_>,
    id: DeliveryId,
    reason: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "SELECT d.workspace, n.kind LIKE 'deskd.%' FROM deliveries d JOIN notices n ON n.id = d.notice
               WHERE d.id = ?";
    let (workspace, own): (String, bool) =
        tx.prepare_cached(sql)?.query_row([id.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if own {
        return Ok(());
    }
    let raised = Raised { own: Own::DeliveryFailed, subject: id.0.to_string(), detail: reason.to_owned() };
    troubles::raise(tx, &WorkspaceId(workspace), &raised, now)?;
    Ok(())
}

/// Ends what nobody took in time; one trouble for each destination says how many there are.
pub(super) fn expire(tx: &Transaction<'_>, now: Timestamp) -> Result<Vec<(String, i64)>, StoreError> {
    unsent(tx, now)?;
    let mut update = tx.prepare_cached(
        "UPDATE deliveries SET state = 'dead', reason = ?2, updated_at = ?1
         WHERE state IN ('held', 'waiting') AND expires_at <= ?1
         RETURNING workspace, destination, (SELECT kind LIKE 'deskd.%' FROM notices WHERE id = notice)",
    )?;
    let rows = update.query_map((now.0, EXPIRED), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let mut counts: std::collections::BTreeMap<(String, String), i64> = Default::default();
    for row in rows {
        let (workspace, destination, own): (String, String, bool) = row?;
        // What deskd says of itself is no reason to say more.
        if !own {
            *counts.entry((workspace, destination)).or_default() += 1;
        }
    }
    for (workspace, destination) in counts.keys() {
        let sql = "SELECT COUNT(*) FROM deliveries WHERE state = 'dead' AND reason = ? AND destination = ?
                   AND updated_at > ? AND workspace = ?";
        let day = now.0 - 24 * 60 * 60 * 1000;
        let count: i64 =
            tx.prepare_cached(sql)?.query_row((EXPIRED, destination, day, workspace), |row| row.get(0))?;
        // An e-mail address is nobody's business in an alarm.
        let subject = destination.split(':').next().unwrap_or_default();
        let subject = if subject == "mail" { subject.to_owned() } else { destination.clone() };
        let raised = Raised { own: Own::NoticesExpired, subject, detail: count.to_string() };
        troubles::raise(tx, &WorkspaceId(workspace.clone()), &raised, now)?;
    }
    Ok(counts.into_iter().map(|((_, destination), count)| (destination, count)).collect())
}

/// What is in the outbox and certainly not in Slack is over in the same way: it waits here again, for its end.
fn unsent(tx: &Transaction<'_>, now: Timestamp) -> Result<(), StoreError> {
    let mut remove = tx.prepare_cached(
        "DELETE FROM sends WHERE state = 'waiting' AND state IN ('waiting', 'sending') AND look_up = 0
           AND expires_at <= ? AND delivery IS NOT NULL RETURNING delivery",
    )?;
    let rows = remove.query_map([now.0], |row| row.get(0))?;
    for delivery in rows.collect::<Result<Vec<i64>, _>>()? {
        tx.prepare_cached("DELETE FROM cards WHERE delivery = ? AND ts = ''")?.execute([delivery])?;
        let sql = "UPDATE deliveries SET state = 'waiting', send = NULL WHERE id = ? AND state = 'sending'";
        tx.prepare_cached(sql)?.execute([delivery])?;
    }
    Ok(())
}
