//! Forgetting somebody for good: what is there goes, and what they wrote before never comes back.
//!
//! The journal is swept first, in small transactions beside the recording; then one transaction takes everything else and
//! the rest of the journal, and notes the erasure. Stopped in between, nothing is promised and the same call goes on.

use std::time::Duration;

use rusqlite::{OptionalExtension, Transaction};

use super::advice;
use super::audit::note_in;
use super::conversation::move_to;
use super::error::StoreError;
use super::examples;
use super::space::Space;
use super::sqlite::Store;
use super::traces::{Concern, ERASED, Traces, named};
use crate::domain::audit::{Act, Deed};
use crate::domain::erasure::is_forgotten;
use crate::domain::ids::{ContactId, EventId, MessageTs, PersonId, TaskId, WorkspaceId};
use crate::domain::task::{Actor, Status};
use crate::domain::time::Timestamp;

/// Events looked at in one go: some megabytes in memory, and a write of milliseconds.
pub(super) const BATCH: u32 = 1000;

/// How often and how long after one another the write-ahead log is asked to begin anew: somebody may be reading.
const FOLDS: u32 = 20;
const FOLD_PAUSE: Duration = Duration::from_millis(100);

/// What an erasure came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erased {
    /// Raw events that were blanked.
    pub events: usize,
    /// Whether the write-ahead log was folded, so that nothing is left there either. If not, that is tried again until it is.
    pub folded: bool,
}

impl Space {
    /// Removes what we know of a contact: name, addresses, the texts of its messages and of our answers, and the raw events
    /// that carried them. Its tasks stay as numbers, and are closed. `None` when there is no such contact.
    pub async fn erase_contact(
        &self,
        id: ContactId,
        by: Actor,
        now: Timestamp,
    ) -> Result<Option<Erased>, StoreError> {
        let keys = self.keys();
        let found = self.read(move |tx, workspace| traces(tx, workspace, id)).await?;
        let Some(traces) = found else { return Ok(None) };
        let (mut events, mut swept) = (0, EventId(0));
        loop {
            let (traces, after) = (traces.clone(), swept);
            let found = self
                .read(move |tx, workspace| concerned(tx, workspace, &traces, (after, Some(BATCH))))
                .await?;
            events += self.store.write(move |tx| blank_all(tx, &found.events)).await?;
            match found.last {
                Some(last) => swept = last,
                None => break,
            }
        }
        let done = self.write(move |tx, workspace| {
            let done = erase(tx, workspace, id, swept, now)?;
            if done.is_some() {
                let act = Act::new(&by, Deed::ContactErased, id.to_string());
                note_in(tx, keys.as_deref(), workspace, act, now)?;
            }
            Ok(done)
        });
        let done = done.await?;
        let Some(more) = done else { return Ok(None) };
        Ok(Some(Erased { events: events + more, folded: self.store.begin_log_anew().await? }))
    }
}

impl Store {
    /// Asks the write-ahead log to begin anew until nobody reads it; says whether it did. If not, `fold` goes on asking.
    pub(super) async fn begin_log_anew(&self) -> Result<bool, StoreError> {
        self.owe_fold();
        for _ in 0..FOLDS {
            if self.truncate_log().await? {
                return Ok(true);
            }
            tokio::time::sleep(FOLD_PAUSE).await;
        }
        Ok(false)
    }
}

/// Whether what this person wrote at `ts` is to be forgotten.
pub(super) fn erased(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    person: &PersonId,
    ts: &MessageTs,
) -> Result<bool, StoreError> {
    let mut query = tx.prepare_cached("SELECT erased_at FROM erasures WHERE workspace = ? AND person = ?")?;
    let at: Option<i64> = query.query_row((&workspace.0, &person.0), |row| row.get(0)).optional()?;
    Ok(at.is_some_and(|at| is_forgotten(ts, Timestamp(at))))
}

/// Whether anybody was ever erased here: nearly always not, and then nothing has to be looked at.
pub(super) fn any(tx: &Transaction<'_>, workspace: &WorkspaceId) -> Result<bool, StoreError> {
    Ok(tx.prepare_cached("SELECT 1 FROM erasures WHERE workspace = ?")?.exists([&workspace.0])?)
}

/// Whether a person was erased and is nobody to us since: no contact, no teammate, nothing written that becomes a task.
pub(super) fn gone(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    person: &PersonId,
) -> Result<bool, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT 1 FROM erasures WHERE workspace = ?1 AND person = ?2
         AND NOT EXISTS (SELECT 1 FROM contact_people WHERE workspace = ?1 AND person = ?2)
         AND NOT EXISTS (SELECT 1 FROM teammates WHERE workspace = ?1 AND person = ?2)
         AND NOT EXISTS (SELECT 1 FROM bundles WHERE state = 'open' AND workspace = ?1 AND person = ?2)
         AND NOT EXISTS (SELECT 1 FROM bundles WHERE state = 'sealed' AND workspace = ?1 AND person = ?2)",
    )?;
    Ok(query.exists((&workspace.0, &person.0))?)
}

/// Whether the payload of an event still carries what an erased person wrote before.
pub(super) fn carries_forgotten(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    event: EventId,
) -> Result<bool, StoreError> {
    let payload: String = tx
        .prepare_cached("SELECT payload FROM events WHERE id = ?")?
        .query_row([event.0], |row| row.get(0))?;
    let Some(named) = named(&payload) else {
        // What is no JSON cannot say when it was written.
        let sql = "SELECT 1 FROM erasures WHERE workspace = ? AND instr(?, person) > 0";
        return Ok(tx.prepare_cached(sql)?.exists((&workspace.0, &payload))?);
    };
    for named in named {
        if let Some(ts) = named.ts
            && erased(tx, workspace, &PersonId(named.person), &MessageTs(ts))?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Takes the content out of an event; its row stays, so that a repeated delivery is known.
pub(super) fn blank(tx: &Transaction<'_>, event: EventId) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE events SET payload = ? WHERE id = ?")?.execute((ERASED, event.0))?;
    Ok(())
}

/// Whether an event has been blanked.
pub(super) fn is_blank(tx: &Transaction<'_>, event: EventId) -> Result<bool, StoreError> {
    Ok(tx.prepare_cached("SELECT 1 FROM events WHERE id = ? AND payload = ?")?.exists((event.0, ERASED))?)
}

fn blank_all(tx: &Transaction<'_>, events: &[EventId]) -> Result<usize, StoreError> {
    events.iter().try_for_each(|event| blank(tx, *event))?;
    Ok(events.len())
}

/// Where a contact has left traces; `None` when there is no such contact.
pub(super) fn traces(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    id: ContactId,
) -> Result<Option<Traces>, StoreError> {
    let mut known = tx.prepare_cached("SELECT 1 FROM contacts WHERE workspace = ? AND id = ?")?;
    if !known.exists((&workspace.0, id.0))? {
        return Ok(None);
    }
    let mut traces = Traces::default();
    let mut people = tx.prepare_cached("SELECT person FROM contact_people WHERE contact = ?")?;
    for person in people.query_map([id.0], |row| row.get(0))? {
        traces.people.insert(person?);
    }
    let mut places = tx.prepare_cached(
        "SELECT channel, thread FROM tasks WHERE contact = ?1
         UNION SELECT m.channel, m.ts FROM tasks t JOIN bundles b ON b.task = t.id JOIN messages m ON m.bundle = b.id
         WHERE t.contact = ?1
         UNION SELECT c.channel, c.ts FROM tasks t JOIN bundles b ON b.task = t.id
            JOIN notices n ON n.workspace = t.workspace AND n.source = 'deskd' AND n.key = 'reply.received ' || b.id
            JOIN cards c ON c.problem = n.problem
         WHERE t.contact = ?1 AND n.key <> '' AND c.ts <> ''",
    )?;
    let mut found = places.query([id.0])?;
    while let Some(row) = found.next()? {
        let places: &mut std::collections::BTreeSet<String> = traces.places.entry(row.get(0)?).or_default();
        places.insert(row.get(1)?);
    }
    Ok(Some(traces))
}

/// A part of the journal, looked through.
pub(super) struct Concerned {
    /// The events that concern the contact.
    pub events: Vec<EventId>,
    /// The last event that was looked at; `None` at the end.
    pub last: Option<EventId>,
}

/// The events of a workspace behind `after` that concern a contact: in an organisation a person has the same id in several
/// workspaces. What is not known to be anybody's could be of any, unless it names another that is served. What others said around
/// it, and is not decoded yet, is left out.
pub(super) fn concerned(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    traces: &Traces,
    (after, limit): (EventId, Option<u32>),
) -> Result<Concerned, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT e.id, e.payload, o.event IS NOT NULL FROM events e LEFT JOIN outcomes o ON o.event = e.id
         WHERE e.id > ?1 AND (o.workspace = ?3 OR (COALESCE(o.workspace, '') = '' AND (e.workspace = ?3 OR NOT EXISTS
             (SELECT 1 FROM installations i WHERE i.state = 'active' AND i.workspace <> ?3
                  AND instr(e.payload, i.workspace) > 0))))
         ORDER BY e.id LIMIT ?2",
    )?;
    let mut rows = query.query((after.0, limit.map_or(-1, i64::from), &workspace.0))?;
    let mut found = Concerned { events: Vec::new(), last: None };
    while let Some(row) = rows.next()? {
        let (id, is_settled) = (EventId(row.get(0)?), row.get(2)?);
        match traces.concern(row.get_ref(1)?.as_str().unwrap_or_default()) {
            Concern::Theirs => found.events.push(id),
            Concern::Around if is_settled => found.events.push(id),
            Concern::Around | Concern::None => {}
        }
        found.last = Some(id);
    }
    Ok(found)
}

/// Everything but the journal up to `swept`, which has been dealt with.
fn erase(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    id: ContactId,
    swept: EventId,
    now: Timestamp,
) -> Result<Option<usize>, StoreError> {
    let Some(traces) = traces(tx, workspace, id)? else { return Ok(None) };
    let rest = concerned(tx, workspace, &traces, (swept, None))?;
    blank_all(tx, &rest.events)?;
    let addresses = addresses(tx, id)?;
    erase_notices(tx, workspace, &addresses, now)?;
    examples::erase(tx, id, &addresses)?;
    for person in &traces.people {
        erase_person(tx, workspace, person, now)?;
    }
    erase_tasks(tx, id, now)?;
    tx.execute("DELETE FROM contact_people WHERE contact = ?", [id.0])?;
    tx.execute(
        "UPDATE contacts SET name = 'erased', email = '', company = '', updated_at = ?2,
             erased_at = COALESCE(erased_at, ?2) WHERE id = ?1",
        (id.0, now.0),
    )?;
    Ok(Some(rest.events.len()))
}

fn erase_person(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    person: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let key = (&workspace.0, person, now.0);
    tx.execute(
        "INSERT INTO erasures (workspace, person, erased_at) VALUES (?, ?, ?)
         ON CONFLICT (workspace, person) DO UPDATE SET erased_at = excluded.erased_at",
        key,
    )?;
    tx.execute(
        "UPDATE messages SET text = '', files = '', person = 'erased', deleted_at = COALESCE(deleted_at, ?3)
         WHERE workspace = ?1 AND person = ?2",
        key,
    )?;
    erase_replies(tx, (&workspace.0, person), now)?;
    tx.execute(
        "UPDATE bundles SET person = 'erased', last_client_msg_id = '',
             state = CASE WHEN state IN ('open', 'sealed') THEN 'dropped' ELSE state END
         WHERE workspace = ?1 AND person = ?2",
        (&workspace.0, person),
    )?;
    for table in ["people", "group_members", "recovered", "whispers"] {
        let sql = format!("DELETE FROM {table} WHERE workspace = ? AND person = ?");
        tx.execute(&sql, (&workspace.0, person))?;
    }
    Ok(())
}

/// Notices about what they wrote, which quote it.
fn erase_replies(tx: &Transaction<'_>, key: (&str, &str), now: Timestamp) -> Result<(), StoreError> {
    let quoting = "SELECT id FROM notices WHERE source = 'deskd' AND kind = 'reply.received' AND key IN
                       (SELECT 'reply.received ' || id FROM bundles WHERE workspace = ?1 AND person = ?2)";
    let sql = format!(
        "UPDATE sends SET text = '', blocks = '',
             reason = CASE WHEN state IN ('waiting', 'sending') THEN 'erased' ELSE reason END,
             state = CASE WHEN state IN ('waiting', 'sending') THEN 'dropped' ELSE state END, updated_at = ?3
         WHERE delivery IN (SELECT id FROM deliveries WHERE notice IN ({quoting}))"
    );
    tx.execute(&sql, (key.0, key.1, now.0))?;
    let sql =
        format!("DELETE FROM problems WHERE id IN (SELECT problem FROM notices WHERE id IN ({quoting}))");
    tx.execute(&sql, key)?;
    Ok(())
}

/// The e-mail addresses that a contact is known by.
fn addresses(tx: &Transaction<'_>, id: ContactId) -> Result<Vec<String>, StoreError> {
    let mut query = tx.prepare(
        "SELECT email FROM contacts WHERE id = ?1 AND email <> ''
         UNION SELECT p.email FROM contact_people c JOIN people p ON p.workspace = c.workspace AND p.person = c.person
         WHERE c.contact = ?1 AND p.email <> ''",
    )?;
    Ok(query.query_map([id.0], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// Notices that carry an address of theirs keep their numbers and lose their words, and so do the messages made of them.
fn erase_notices(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    addresses: &[String],
    now: Timestamp,
) -> Result<(), StoreError> {
    for address in addresses {
        let mut query = tx.prepare_cached(
            "UPDATE notices SET title = 'erased', text = '', link = '', fields = '{}', key = '', destinations = '[]',
                 reason = CASE WHEN state = 'waiting' THEN 'erased' ELSE reason END,
                 state = CASE WHEN state = 'waiting' THEN 'dropped' ELSE state END
             WHERE workspace = ?1 AND (instr(lower(title || ' ' || text || ' ' || link || ' ' || fields), lower(?2)) > 0
                 OR instr(lower(destinations), lower(?2)) > 0)
             RETURNING id, problem",
        )?;
        let rows = query.query_map((&workspace.0, address), |row| Ok((row.get(0)?, row.get(1)?)))?;
        for (notice, problem) in rows.collect::<Result<Vec<(i64, i64)>, _>>()? {
            let sql = "UPDATE problems SET title = 'erased', fingerprint = '' WHERE id = ?";
            tx.prepare_cached(sql)?.execute([problem])?;
            tx.prepare_cached(
                "UPDATE sends SET text = '', blocks = '',
                     reason = CASE WHEN state IN ('waiting', 'sending') THEN 'erased' ELSE reason END,
                     state = CASE WHEN state IN ('waiting', 'sending') THEN 'dropped' ELSE state END, updated_at = ?2
                 WHERE delivery IN (SELECT COALESCE(merged_into, id) FROM deliveries WHERE notice = ?1)",
            )?
            .execute((notice, now.0))?;
            tx.prepare_cached(
                "UPDATE deliveries SET state = 'dropped', reason = 'erased', updated_at = ?2
                 WHERE notice = ?1 AND state IN ('held', 'waiting', 'sending')",
            )?
            .execute((notice, now.0))?;
        }
        // A mailbox of theirs is an address, too.
        let sql = "UPDATE deliveries SET destination = 'mail:erased@invalid',
                       reason = CASE WHEN state IN ('held', 'waiting') THEN 'erased' ELSE reason END,
                       state = CASE WHEN state IN ('held', 'waiting') THEN 'dropped' ELSE state END
                   WHERE workspace = ?1 AND lower(destination) = lower('mail:' || ?2)";
        tx.prepare_cached(sql)?.execute((&workspace.0, address))?;
    }
    Ok(())
}

/// What was said to them goes, too; what waits to be said is not sent any more.
fn erase_tasks(tx: &Transaction<'_>, id: ContactId, now: Timestamp) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE messages SET text = '', files = '', deleted_at = COALESCE(deleted_at, ?2)
         WHERE role IN ('team', 'desk') AND bundle IN
             (SELECT b.id FROM bundles b JOIN tasks t ON t.id = b.task WHERE t.contact = ?1)",
        (id.0, now.0),
    )?;
    tx.execute(
        "UPDATE sends SET text = '', blocks = '',
             reason = CASE WHEN state IN ('waiting', 'sending') THEN 'erased' ELSE reason END,
             state = CASE WHEN state IN ('waiting', 'sending') THEN 'dropped' ELSE state END, updated_at = ?2
         WHERE task IN (SELECT id FROM tasks WHERE contact = ?1)",
        (id.0, now.0),
    )?;
    advice::erase(tx, id.0)?;
    // The reasons name words that somebody wrote and the domain of an address.
    tx.execute(
        "UPDATE tasks SET verdict = json_set(verdict, '$.reasons', json('[]'), '$.runners_up', json('[]'))
         WHERE contact = ?",
        [id.0],
    )?;
    let mut query = tx.prepare("SELECT id FROM tasks WHERE contact = ? AND status <> 'done' ORDER BY id")?;
    let open: Vec<i64> = query.query_map([id.0], |row| row.get(0))?.collect::<Result<_, _>>()?;
    open.into_iter().try_for_each(|task| move_to(tx, TaskId(task), &Actor::Desk, Status::Done, now))
}
