//! Decoded events become messages and bundles: the facts are looked up, `domain::bundle` decides, the outcome is
//! written, all in one transaction.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Transaction, params};

use super::conversation;
use super::departures::disown;
use super::error::StoreError;
use super::events::{Decoded, Whose, settle};
use super::known::{Lookups, place, thread_key};
use super::sqlite::Store;
use super::{channels, erasures, examples, farewells, groups, handled, installations, people, recovery};
use crate::domain::bundle::{self, Decision, Desk, Desks, Heard, Root, Stored};
use crate::domain::ids::{BundleId, ChannelId, EventId, MessageTs, PersonId, TaskId, WorkspaceId};
use crate::domain::message::{Arrival, Edit, Message};
use crate::domain::reason::EventReason;
use crate::domain::task::{Actor, Change};
use crate::domain::time::Timestamp;

/// One decoded event and what it needs to be written.
struct Scene<'a> {
    tx: &'a Transaction<'a>,
    desk: &'a Desk,
    event: EventId,
    workspace: &'a WorkspaceId,
    /// The further app that it came through; `None` for the desk's own.
    through: Option<&'a str>,
    /// When the event came.
    at: Timestamp,
    /// Whether it was read from Slack's history.
    recovered: bool,
    now: Timestamp,
}

impl Store {
    /// Takes decoded events in order and stores what became of each; the answer has one reason per event. One whose effect
    /// the database refuses has no effect, and that is its reason: it must not hold up all that come after it.
    pub async fn gather(
        &self,
        batch: Vec<Decoded>,
        desks: impl Into<Desks>,
        now: Timestamp,
    ) -> Result<Vec<EventReason>, StoreError> {
        let desks = desks.into();
        self.write(move |tx| {
            tx.execute_batch("SAVEPOINT batch")?;
            match apply(tx, &batch, &desks, now) {
                Err(problem) if problem.is_of_the_rows() => {
                    tx.execute_batch("ROLLBACK TO batch")?;
                    batch.iter().map(|decoded| apply_alone(tx, decoded, &desks, now)).collect()
                }
                done => done,
            }
        })
        .await
    }

    /// Closes every open bundle whose time is up; says how many.
    pub async fn seal_due(&self, now: Timestamp) -> Result<usize, StoreError> {
        self.write(move |tx| {
            let mut seal =
                tx.prepare_cached("UPDATE bundles SET state = 'sealed' WHERE state = 'open' AND due <= ?")?;
            Ok(seal.execute([now.0])?)
        })
        .await
    }

    /// When the next open bundle closes.
    pub async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(|tx| {
            let mut query = tx.prepare_cached("SELECT MIN(due) FROM bundles WHERE state = 'open'")?;
            let due: Option<i64> = query.query_row([], |row| row.get(0))?;
            Ok(due.map(Timestamp))
        })
        .await
    }
}

fn apply(
    tx: &Transaction<'_>,
    batch: &[Decoded],
    desks: &Desks,
    now: Timestamp,
) -> Result<Vec<EventReason>, StoreError> {
    let mut lookups: BTreeMap<&WorkspaceId, Lookups> = BTreeMap::new();
    let mut reasons = Vec::with_capacity(batch.len());
    for decoded in batch {
        let (whose, reason) = match whose(tx, decoded, desks)? {
            Ok(desk) => {
                let workspace = &desk.ours.workspace;
                let (at, recovered) = (decoded.received_at, decoded.recovered);
                let (event, through) = (decoded.id, desk.further(&decoded.app));
                let scene = Scene { tx, desk, event, workspace, through, at, recovered, now };
                let reason = scene.settle(lookups.entry(workspace).or_default(), &decoded.arrival)?;
                (Some(workspace), reason)
            }
            Err(reason) => (None, reason),
        };
        settle(tx, (decoded.id, whose), &reason, now)?;
        reasons.push(reason);
    }
    Ok(reasons)
}

/// What holds for an event; for one that is not ours the reason why nothing comes of it, and then nothing is kept of it. The
/// app may have left the workspace since the event was decoded.
fn whose<'a>(
    tx: &Transaction<'_>,
    decoded: &Decoded,
    desks: &'a Desks,
) -> Result<Result<&'a Desk, EventReason>, StoreError> {
    let desk = match &decoded.whose {
        Whose::Ours(workspace) if installations::is_served(tx, workspace)? => desks.of(workspace),
        Whose::Awaited => return Ok(Err(EventReason::WorkspaceUnknown)),
        Whose::Ours(_) | Whose::Nobodys => None,
        Whose::Unsaid => match &decoded.arrival {
            Err(problem) => return Ok(Err(EventReason::Undecodable(problem.clone()))),
            Ok(_) => None,
        },
    };
    match desk {
        Some(desk) => Ok(Ok(desk)),
        None => {
            disown(tx, decoded.id)?;
            Ok(Err(EventReason::NotInstalled))
        }
    }
}

/// One event of a batch in which something was refused.
fn apply_alone(
    tx: &Transaction<'_>,
    decoded: &Decoded,
    desks: &Desks,
    now: Timestamp,
) -> Result<EventReason, StoreError> {
    tx.execute_batch("SAVEPOINT event")?;
    let reason = match apply(tx, std::slice::from_ref(decoded), desks, now) {
        Ok(mut reasons) => reasons.remove(0),
        Err(problem) if problem.is_of_the_rows() => {
            tx.execute_batch("ROLLBACK TO event")?;
            let reason = EventReason::Undecodable(problem.to_string());
            settle(tx, (decoded.id, decoded.whose.ours()), &reason, now)?;
            reason
        }
        Err(problem) => return Err(problem),
    };
    tx.execute_batch("RELEASE event")?;
    Ok(reason)
}

impl Scene<'_> {
    /// What became of an event. Nothing that an erased person wrote before is taken, nor left in the journal.
    fn settle(
        &self,
        lookups: &mut Lookups,
        arrival: &Result<Arrival, String>,
    ) -> Result<EventReason, StoreError> {
        if !lookups.erasures(self.tx, self.workspace)? {
            return self.take(lookups, arrival);
        }
        let is_forgotten = self.is_forgotten(arrival)?;
        if is_forgotten || erasures::carries_forgotten(self.tx, self.workspace, self.event)? {
            erasures::blank(self.tx, self.event)?;
        }
        if is_forgotten { Ok(EventReason::Erased) } else { self.take(lookups, arrival) }
    }

    /// Whether an event as a whole is by or about somebody who was erased.
    fn is_forgotten(&self, arrival: &Result<Arrival, String>) -> Result<bool, StoreError> {
        let (author, ts) = match arrival {
            Ok(Arrival::Posted(message)) => (message.author.id(), &message.ts),
            Ok(Arrival::Edited(edit)) => (edit.author.id(), &edit.ts),
            Ok(Arrival::Person(profile)) => {
                return erasures::gone(self.tx, self.workspace, &profile.person);
            }
            Ok(
                Arrival::Deleted { .. }
                | Arrival::Channel(_)
                | Arrival::Group(_)
                | Arrival::Farewell(_)
                | Arrival::Command(_)
                | Arrival::Click(_)
                | Arrival::Interaction { .. }
                | Arrival::Withheld { .. }
                | Arrival::Other { .. },
            ) => return Ok(false),
            // It may have been blanked before it was decoded.
            Err(_) => return erasures::is_blank(self.tx, self.event),
        };
        match author {
            Some(author) => erasures::erased(self.tx, self.workspace, &author, ts),
            None => Ok(false),
        }
    }

    fn take(
        &self,
        lookups: &mut Lookups,
        arrival: &Result<Arrival, String>,
    ) -> Result<EventReason, StoreError> {
        let arrival = match arrival {
            Ok(arrival) => arrival,
            Err(problem) => return Ok(EventReason::Undecodable(problem.clone())),
        };
        match arrival {
            Arrival::Posted(message) => self.posted(lookups, message),
            Arrival::Edited(edit) => self.edited(edit),
            Arrival::Deleted { channel, ts } => self.deleted(channel, ts),
            Arrival::Channel(news) => {
                channels::note(self.tx, &self.desk.ours, news, self.now)?;
                // A channel that moved takes along what was picked for it.
                *lookups = Lookups::default();
                Ok(EventReason::ChannelNoted)
            }
            Arrival::Person(profile) => {
                people::note(self.tx, self.workspace, profile, self.now)?;
                Ok(EventReason::PersonNoted)
            }
            Arrival::Group(news) => {
                groups::note(self.tx, self.workspace, news)?;
                Ok(EventReason::GroupNoted)
            }
            // That a further app has left ends nothing for the one that works here.
            Arrival::Farewell(farewell) if self.through.is_some() => {
                Ok(EventReason::Unused(farewell.word().to_owned()))
            }
            Arrival::Farewell(farewell) => farewells::hear(self.tx, self.workspace, farewell, self.at),
            Arrival::Command(command) => Ok(EventReason::Command(command.name.clone())),
            Arrival::Click(click) => handled::click(self.tx, self.workspace, click, self.now),
            Arrival::Interaction { kind } => Ok(EventReason::Interaction(kind.clone())),
            Arrival::Withheld { minute } => {
                recovery::withheld(self.tx, self.workspace, self.desk.monitor, *minute, self.now)?;
                Ok(EventReason::Withheld)
            }
            Arrival::Other { kind } => Ok(EventReason::Unused(kind.clone())),
        }
    }

    fn posted(&self, lookups: &mut Lookups, message: &Message) -> Result<EventReason, StoreError> {
        let pick = lookups.pick(self.tx, self.workspace, &message.channel)?;
        if let Some(reason) = bundle::screen(message, pick, self.desk) {
            return Ok(reason);
        }
        let Some(author) = message.author.id() else { return Ok(EventReason::NoAuthor) };
        let known = lookups.around(self.tx, self.workspace, message, &author)?;
        let heard = Heard::of(&message.ts, self.at, self.recovered);
        if known.seen.is_some() && self.through.is_none() && !self.desk.kin.is_empty() {
            self.speak_ourselves(message)?;
        }
        match bundle::decide(message, &known, self.desk, heard) {
            Decision::Ignore(reason) => Ok(reason),
            Decision::KeepMention => self.keep_mention(message),
            Decision::Join { bundle, due } => {
                self.join(bundle, message, due, heard.at)?;
                self.keep(message, &author, "contact", bundle)?;
                Ok(EventReason::JoinedBundle(bundle))
            }
            Decision::Open { due, closes } => {
                if let Some(over) = closes {
                    self.tx
                        .prepare_cached("UPDATE bundles SET state = 'sealed' WHERE id = ?")?
                        .execute([over.0])?;
                }
                let bundle = self.open(message, &author, due)?;
                self.keep(message, &author, "contact", bundle)?;
                Ok(EventReason::OpenedBundle(bundle))
            }
            Decision::Answer(root) => self.answer(message, &author, root),
        }
    }

    /// A further app was faster with a message that the desk's own gets, too: the desk answers as itself all the same.
    fn speak_ourselves(&self, message: &Message) -> Result<(), StoreError> {
        let sql = "UPDATE bundles SET app = '' WHERE app <> '' AND id =
                       (SELECT bundle FROM messages WHERE channel = ? AND ts = ? AND workspace = ?)";
        let key = (&message.channel.0, &message.ts.0, &self.workspace.0);
        self.tx.prepare_cached(sql)?.execute(key)?;
        Ok(())
    }

    fn keep_mention(&self, message: &Message) -> Result<EventReason, StoreError> {
        let key = (&message.channel.0, &message.ts.0, &self.workspace.0);
        let mut mark = self.tx.prepare_cached(
            "UPDATE messages SET mentioned = 1 WHERE channel = ? AND ts = ? AND workspace = ? RETURNING bundle",
        )?;
        let bundle: i64 = mark.query_row(key, |row| row.get(0))?;
        // What was passed over is a request after all.
        let sql = "UPDATE bundles SET mentioned = 1, passed_over = '', passed_detail = '',
                       state = CASE WHEN passed_over <> '' THEN 'sealed' ELSE state END WHERE id = ?";
        self.tx.prepare_cached(sql)?.execute([bundle])?;
        Ok(EventReason::MentionKept)
    }

    fn open(&self, message: &Message, author: &PersonId, due: Timestamp) -> Result<BundleId, StoreError> {
        let place = place(message, author);
        let mut insert = self.tx.prepare_cached(
            "INSERT INTO bundles (workspace, channel, thread, person, state, mentioned, last_client_msg_id,
                 opened_at, last_at, due, recovered, app)
             VALUES (?, ?, ?, ?, 'open', ?, ?, ?, ?, ?, ?, ?)",
        )?;
        let at = Heard::of(&message.ts, self.at, self.recovered).at;
        insert.execute((
            &self.workspace.0,
            &place.channel.0,
            thread_key(place.thread.as_ref()),
            &place.person.0,
            message.mentions_us,
            message.client_msg_id.as_deref().unwrap_or_default(),
            at.0,
            at.0,
            due.0,
            self.recovered,
            self.through.unwrap_or_default(),
        ))?;
        Ok(BundleId(self.tx.last_insert_rowid()))
    }

    fn join(
        &self,
        bundle: BundleId,
        message: &Message,
        due: Timestamp,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut update = self.tx.prepare_cached(
            "UPDATE bundles SET last_at = MAX(last_at, ?), due = ?, mentioned = mentioned | ?, last_client_msg_id = ?
             WHERE id = ?",
        )?;
        let client_msg_id = message.client_msg_id.as_deref().unwrap_or_default();
        update.execute((at.0, due.0, message.mentions_us, client_msg_id, bundle.0))?;
        Ok(())
    }

    fn keep(
        &self,
        message: &Message,
        author: &PersonId,
        role: &str,
        bundle: BundleId,
    ) -> Result<(), StoreError> {
        let files = match message.files.is_empty() {
            true => String::new(),
            false => serde_json::to_string(&message.files).unwrap_or_default(),
        };
        let mut insert = self.tx.prepare_cached(
            "INSERT INTO messages (workspace, channel, ts, role, person, text, files, mentioned, bundle, event, at,
                 edited_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?;
        insert.execute(params![
            self.workspace.0,
            message.channel.0,
            message.ts.0,
            role,
            author.0,
            message.text,
            files,
            message.mentions_us,
            bundle.0,
            self.event.0,
            Heard::of(&message.ts, self.at, self.recovered).at.0,
            // Older edits may still come: they must not take the place of newer words.
            message.edited_at.map(|at| at.0),
        ])?;
        Ok(())
    }

    fn answer(&self, message: &Message, author: &PersonId, root: Root) -> Result<EventReason, StoreError> {
        match root {
            Root::Bundle(bundle) => {
                self.keep(message, author, "team", bundle)?;
                Ok(EventReason::AnsweredBundle(bundle))
            }
            Root::Task(task, bundle) => {
                self.keep(message, author, "team", bundle)?;
                let change = Change::Answered { ts: message.ts.clone() };
                let actor = Actor::Teammate(author.0.clone());
                conversation::answered(
                    self.tx,
                    task,
                    &actor,
                    &change,
                    Heard::of(&message.ts, self.at, self.recovered).at,
                )?;
                Ok(EventReason::Answered(task))
            }
        }
    }

    fn edited(&self, edit: &Edit) -> Result<EventReason, StoreError> {
        // Slack rewrites what we post (links, for instance) and tells us so: nobody changed anything.
        if self.desk.is_ours(&edit.author) {
            return Ok(EventReason::Ourselves);
        }
        let mut query = self.tx.prepare_cached(
            "SELECT text, deleted_at IS NOT NULL, edited_at FROM messages WHERE channel = ? AND ts = ? AND workspace = ?",
        )?;
        let key = (&edit.channel.0, &edit.ts.0, &self.workspace.0);
        let stored = query
            .query_row(key, |row| {
                let edited_at = row.get::<_, Option<i64>>(2)?.map(Timestamp);
                Ok(Stored { text: row.get(0)?, deleted: row.get(1)?, edited_at })
            })
            .optional()?;
        if let Err(reason) = bundle::decide_edit(edit, stored.as_ref()) {
            return Ok(reason);
        }
        let mut update = self.tx.prepare_cached(
            "UPDATE messages SET text = ?4, edited_at = ?5 WHERE channel = ?1 AND ts = ?2 AND workspace = ?3",
        )?;
        update.execute((
            &edit.channel.0,
            &edit.ts.0,
            &self.workspace.0,
            &edit.text,
            edit.at.unwrap_or(self.at).0,
        ))?;
        self.changed(&edit.channel, &edit.ts, Change::MessageEdited { ts: edit.ts.clone() })?;
        Ok(EventReason::Edited)
    }

    fn deleted(&self, channel: &ChannelId, ts: &MessageTs) -> Result<EventReason, StoreError> {
        let mut update = self.tx.prepare_cached(
            "UPDATE messages SET text = '', files = '', deleted_at = ?4
             WHERE channel = ?1 AND ts = ?2 AND workspace = ?3 AND deleted_at IS NULL RETURNING bundle",
        )?;
        let bundle: Option<i64> = update
            .query_row((&channel.0, &ts.0, &self.workspace.0, self.at.0), |row| row.get(0))
            .optional()?;
        let Some(bundle) = bundle else { return Ok(EventReason::UnknownMessage) };
        self.changed(channel, ts, Change::MessageDeleted { ts: ts.clone() })?;
        let mut empty = self.tx.prepare_cached(
            "UPDATE bundles SET state = 'dropped' WHERE id = ?1 AND state IN ('open', 'sealed')
             AND NOT EXISTS (SELECT 1 FROM messages
                             WHERE bundle = ?1 AND role = 'contact' AND deleted_at IS NULL)",
        )?;
        match empty.execute([bundle])? {
            0 => Ok(EventReason::Deleted),
            _ => {
                self.release_answers(bundle)?;
                Ok(EventReason::DroppedBundle(BundleId(bundle)))
            }
        }
    }

    /// Teammates' answers do not go with a dropped bundle: their thread may belong to something else that we keep, or will.
    fn release_answers(&self, bundle: i64) -> Result<(), StoreError> {
        let mut answers = self.tx.prepare_cached(
            "DELETE FROM messages WHERE bundle = ? AND role = 'team' AND event IS NOT NULL RETURNING event",
        )?;
        let events: Vec<i64> = answers.query_map([bundle], |row| row.get(0))?.collect::<Result<_, _>>()?;
        events
            .into_iter()
            .map(|event| (EventId(event), Some(self.workspace)))
            .try_for_each(|event| settle(self.tx, event, &EventReason::Teammate, self.now))
    }

    /// Notes a change of a message in the history of the task it belongs to, if it belongs to one.
    fn changed(&self, channel: &ChannelId, ts: &MessageTs, change: Change) -> Result<(), StoreError> {
        let mut query = self.tx.prepare_cached(
            "SELECT b.task, m.role, m.person FROM messages m JOIN bundles b ON b.id = m.bundle
             WHERE m.channel = ? AND m.ts = ? AND m.workspace = ? AND b.task IS NOT NULL",
        )?;
        let found: Option<(i64, String, String)> = query
            .query_row((&channel.0, &ts.0, &self.workspace.0), |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        let Some((task, role, person)) = found else { return Ok(()) };
        let actor = match role.as_str() {
            "team" => Actor::Teammate(person),
            "desk" => Actor::Desk,
            _ => Actor::Contact,
        };
        conversation::note(self.tx, TaskId(task), &actor, &change, self.at)?;
        examples::retell(self.tx, TaskId(task))
    }
}
