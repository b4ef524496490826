//! Contacts: found, made, linked and imported. How they are erased is in `erasures`.

use rusqlite::{OptionalExtension, Row, Transaction};

use super::audit::note_in;
use super::error::StoreError;
use super::space::Space;
use crate::domain::audit::{Act, Deed};
use crate::domain::contact::{self, Candidates, Match, normal_email};
use crate::domain::ids::{ContactId, PersonId, WorkspaceId};
use crate::domain::message::Profile;
use crate::domain::task::Actor;
use crate::domain::time::Timestamp;

/// A contact as stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Contact {
    /// Its row.
    pub id: ContactId,
    /// The name; the Slack id when nothing better is known.
    pub name: String,
    /// The e-mail address in lower case; empty when unknown.
    pub email: String,
    /// The company; empty when unknown.
    pub company: String,
    /// The Slack users it is.
    pub people: Vec<PersonId>,
    /// Tasks it has, of any status.
    pub tasks: i64,
    /// Whether it was erased: then only the number of its tasks is left.
    pub erased: bool,
}

/// One line of an import.
#[derive(Clone, PartialEq, Eq)]
pub struct ContactLine {
    /// The name.
    pub name: String,
    /// The e-mail address.
    pub email: String,
    /// The company; may be empty.
    pub company: String,
}

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// New contacts.
    pub created: usize,
    /// Contacts with that address whose name or company changed.
    pub updated: usize,
    /// Contacts that were like that already.
    pub unchanged: usize,
}

impl Space {
    /// Creates or updates contacts by e-mail address, all in one transaction.
    pub async fn import_contacts(
        &self,
        lines: Vec<ContactLine>,
        by: Actor,
        now: Timestamp,
    ) -> Result<Imported, StoreError> {
        let keys = self.keys();
        self.write(move |tx, workspace| {
            let mut done = Imported::default();
            for line in &lines {
                match import(tx, workspace, line, now)? {
                    Import::Created => done.created += 1,
                    Import::Updated => done.updated += 1,
                    Import::Unchanged => done.unchanged += 1,
                }
            }
            if done.created + done.updated > 0 {
                let counts = format!("{} created, {} updated", done.created, done.updated);
                let act = Act::new(&by, Deed::ContactsImported, "").with(counts);
                note_in(tx, keys.as_deref(), workspace, act, now)?;
            }
            Ok(done)
        })
        .await
    }

    /// All contacts, by name.
    pub async fn contacts(&self) -> Result<Vec<Contact>, StoreError> {
        self.read(move |tx, workspace| {
            let sql = format!("{CONTACT} WHERE c.workspace = ? ORDER BY c.name COLLATE NOCASE, c.id");
            let mut query = tx.prepare_cached(&sql)?;
            let rows = query.query_map([&workspace.0], contact)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// One contact.
    pub async fn contact(&self, id: ContactId) -> Result<Option<Contact>, StoreError> {
        self.read(move |tx, workspace| {
            let mut query = tx.prepare_cached(&format!("{CONTACT} WHERE c.workspace = ? AND c.id = ?"))?;
            Ok(query.query_row((&workspace.0, id.0), contact).optional()?)
        })
        .await
    }

    /// Says that a Slack user is this contact. The user's tasks move to it; a contact that was made only for the user
    /// and has nothing left is removed. `false` when there is no such contact.
    pub async fn link_contact(
        &self,
        id: ContactId,
        person: PersonId,
        by: Actor,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let keys = self.keys();
        self.write(move |tx, workspace| {
            let is_there = relink(tx, workspace, id, &person, now)?;
            if is_there {
                // Without the person: a contact that is erased later would live on in here.
                let act = Act::new(&by, Deed::ContactLinked, id.to_string());
                note_in(tx, keys.as_deref(), workspace, act, now)?;
            }
            Ok(is_there)
        })
        .await
    }
}

const CONTACT: &str = "SELECT c.id, c.name, c.email, c.company, c.erased_at IS NOT NULL,
    (SELECT COUNT(*) FROM tasks t WHERE t.contact = c.id),
    (SELECT COALESCE(GROUP_CONCAT(person, ' '), '') FROM contact_people p WHERE p.contact = c.id)
    FROM contacts c";

fn contact(row: &Row<'_>) -> rusqlite::Result<Contact> {
    let people: String = row.get(6)?;
    Ok(Contact {
        id: ContactId(row.get(0)?),
        name: row.get(1)?,
        email: row.get(2)?,
        company: row.get(3)?,
        erased: row.get(4)?,
        tasks: row.get(5)?,
        people: people.split_whitespace().map(|person| PersonId(person.to_owned())).collect(),
    })
}

/// The contact of a person: found by Slack id, else by e-mail address and linked, else made.
pub(super) fn of_person(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    person: &PersonId,
    profile: Option<&Profile>,
    now: Timestamp,
) -> Result<ContactId, StoreError> {
    let email = profile.and_then(|profile| profile.email.as_deref()).map(normal_email).unwrap_or_default();
    let found =
        Candidates { linked: linked(tx, workspace, person)?, by_email: by_email(tx, workspace, &email)? };
    let contact = match contact::decide(found) {
        Match::Linked(contact) => {
            refresh(tx, contact, profile, person, now)?;
            return Ok(contact);
        }
        Match::ByEmail(contact) => contact,
        Match::New => {
            let name = contact::name_of(profile, &person.0);
            let line = ContactLine { name, email, company: String::new() };
            create(tx, workspace, &line, "slack", now)?
        }
    };
    link(tx, workspace, contact, person)?;
    Ok(contact)
}

fn linked(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    person: &PersonId,
) -> Result<Option<ContactId>, StoreError> {
    let mut query =
        tx.prepare_cached("SELECT contact FROM contact_people WHERE workspace = ? AND person = ?")?;
    Ok(query.query_row((&workspace.0, &person.0), |row| row.get(0).map(ContactId)).optional()?)
}

fn by_email(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    email: &str,
) -> Result<Option<ContactId>, StoreError> {
    if email.is_empty() {
        return Ok(None);
    }
    let mut query =
        tx.prepare_cached("SELECT id FROM contacts WHERE workspace = ? AND email = ? AND email <> ''")?;
    Ok(query.query_row((&workspace.0, email), |row| row.get(0).map(ContactId)).optional()?)
}

/// A contact that was made while Slack could not be asked gets its name and address as soon as they are known.
fn refresh(
    tx: &Transaction<'_>,
    contact: ContactId,
    profile: Option<&Profile>,
    person: &PersonId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(profile) = profile else { return Ok(()) };
    let email = profile.email.as_deref().map(normal_email).unwrap_or_default();
    let mut update = tx.prepare_cached(
        "UPDATE OR IGNORE contacts SET name = CASE WHEN name = ?2 THEN ?3 ELSE name END,
             email = CASE WHEN email = '' THEN ?4 ELSE email END, updated_at = ?5
         WHERE id = ?1 AND erased_at IS NULL AND (name = ?2 OR (email = '' AND ?4 <> ''))",
    )?;
    update.execute((contact.0, &person.0, contact::name_of(Some(profile), &person.0), email, now.0))?;
    Ok(())
}

fn create(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    line: &ContactLine,
    source: &str,
    now: Timestamp,
) -> Result<ContactId, StoreError> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO contacts (workspace, name, email, company, source, created_at, updated_at)
         VALUES (?, ?, ?, ?, ?, ?6, ?6)",
    )?;
    insert.execute((&workspace.0, &line.name, normal_email(&line.email), &line.company, source, now.0))?;
    Ok(ContactId(tx.last_insert_rowid()))
}

fn link(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    contact: ContactId,
    person: &PersonId,
) -> Result<(), StoreError> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO contact_people (workspace, person, contact) VALUES (?, ?, ?)
         ON CONFLICT (workspace, person) DO UPDATE SET contact = excluded.contact",
    )?;
    insert.execute((&workspace.0, &person.0, contact.0))?;
    Ok(())
}

enum Import {
    Created,
    Updated,
    Unchanged,
}

fn import(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    line: &ContactLine,
    now: Timestamp,
) -> Result<Import, StoreError> {
    let Some(known) = by_email(tx, workspace, &normal_email(&line.email))? else {
        create(tx, workspace, line, "import", now)?;
        return Ok(Import::Created);
    };
    let mut update = tx.prepare_cached(
        "UPDATE contacts SET name = ?2, company = CASE WHEN ?3 = '' THEN company ELSE ?3 END, updated_at = ?4
         WHERE id = ?1 AND (name <> ?2 OR (?3 <> '' AND company <> ?3))",
    )?;
    match update.execute((known.0, &line.name, &line.company, now.0))? {
        0 => Ok(Import::Unchanged),
        _ => Ok(Import::Updated),
    }
}

fn relink(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    id: ContactId,
    person: &PersonId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let known = tx.execute(
        "UPDATE contacts SET updated_at = ?3 WHERE id = ?1 AND workspace = ?2 AND erased_at IS NULL",
        (id.0, &workspace.0, now.0),
    )?;
    if known == 0 {
        return Ok(false);
    }
    let before = linked(tx, workspace, person)?;
    link(tx, workspace, id, person)?;
    if let Some(before) = before.filter(|before| *before != id) {
        tx.execute(
            "UPDATE tasks SET contact = ?1 WHERE contact = ?2 AND EXISTS
                (SELECT 1 FROM bundles b WHERE b.task = tasks.id AND b.person = ?3)",
            (id.0, before.0, &person.0),
        )?;
        tx.execute(
            "DELETE FROM contacts WHERE id = ?1 AND source = 'slack'
             AND NOT EXISTS (SELECT 1 FROM contact_people WHERE contact = ?1)
             AND NOT EXISTS (SELECT 1 FROM tasks WHERE contact = ?1)",
            [before.0],
        )?;
    }
    Ok(true)
}
