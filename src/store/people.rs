//! People of the workspace as Slack describes them, who of them is a teammate, and who we are.

use rusqlite::{OptionalExtension, Row, Transaction};

use super::audit::note_in;
use super::error::StoreError;
use super::space::Space;
use super::sqlite::Store;
use super::{erasures, installations};
use crate::domain::audit::{Act, Deed};
use crate::domain::contact::normal_email;
use crate::domain::ids::{PersonId, WorkspaceId};
use crate::domain::message::{Ourselves, Profile};
use crate::domain::seal::Keyring;
use crate::domain::task::Actor;
use crate::domain::time::Timestamp;

/// A teammate as listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Teammate {
    /// The Slack user.
    pub person: PersonId,
    /// The handle without `@`; empty when unknown.
    pub handle: String,
    /// The name; empty when unknown.
    pub name: String,
    /// When the person was added.
    pub added_at: Timestamp,
}

impl Space {
    /// Stores what Slack says of a person.
    pub async fn set_person(&self, profile: Profile, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |tx, workspace| match erasures::gone(tx, workspace, &profile.person)? {
            // Asked about them before they were erased, told after it.
            true => Ok(()),
            false => note(tx, workspace, &profile, now),
        })
        .await
    }

    /// What is stored of a person.
    pub async fn person(&self, person: PersonId) -> Result<Option<Profile>, StoreError> {
        self.read(move |tx, workspace| profile(tx, workspace, &person)).await
    }

    /// The stored person with this handle, with or without `@`.
    pub async fn person_by_handle(&self, handle: String) -> Result<Option<PersonId>, StoreError> {
        self.read(move |tx, workspace| {
            let sql = "SELECT person FROM people WHERE workspace = ? AND handle = ? COLLATE NOCASE
                       ORDER BY deleted, person LIMIT 1";
            let key = (&workspace.0, handle.trim_start_matches('@'));
            Ok(tx.query_row(sql, key, |row| row.get(0).map(PersonId)).optional()?)
        })
        .await
    }

    /// Makes somebody a teammate; says whether that is news.
    pub async fn add_teammate(
        &self,
        person: PersonId,
        by: Actor,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let keys = self.keys();
        self.write(move |tx, workspace| {
            let sql = "INSERT INTO teammates (workspace, person, added_by, added_at) VALUES (?, ?, ?, ?)
                       ON CONFLICT DO NOTHING";
            let is_new = tx.execute(sql, (&workspace.0, &person.0, by.word(), now.0))? == 1;
            if is_new {
                let act = Act::new(&by, Deed::TeammateAdded, &person.0);
                note_in(tx, keys.as_deref(), workspace, act, now)?;
            }
            Ok(is_new)
        })
        .await
    }

    /// Makes a teammate an ordinary person again; says whether it was one.
    pub async fn remove_teammate(
        &self,
        person: PersonId,
        by: Actor,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let keys = self.keys();
        self.write(move |tx, workspace| {
            let sql = "DELETE FROM teammates WHERE workspace = ? AND person = ?";
            let was_one = tx.execute(sql, (&workspace.0, &person.0))? == 1;
            if was_one {
                let act = Act::new(&by, Deed::TeammateRemoved, &person.0);
                note_in(tx, keys.as_deref(), workspace, act, now)?;
            }
            Ok(was_one)
        })
        .await
    }

    /// All teammates, by name.
    pub async fn teammates(&self) -> Result<Vec<Teammate>, StoreError> {
        self.read(move |tx, workspace| {
            let mut query = tx.prepare_cached(
                "SELECT t.person, COALESCE(p.handle, ''), COALESCE(p.name, ''), t.added_at
                 FROM teammates t LEFT JOIN people p ON p.workspace = t.workspace AND p.person = t.person
                 WHERE t.workspace = ? ORDER BY 3, 1",
            )?;
            let rows = query.query_map([&workspace.0], |row| {
                Ok(Teammate {
                    person: PersonId(row.get(0)?),
                    handle: row.get(1)?,
                    name: row.get(2)?,
                    added_at: Timestamp(row.get(3)?),
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }
}

impl Store {
    /// Remembers who we are in a workspace, and the scopes the token has; says whether we serve it: nothing is remembered of one
    /// that was left.
    pub async fn set_ourselves(
        &self,
        ours: Ourselves,
        scopes: Vec<String>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let keys = self.keys();
        self.write(move |tx| {
            let is_served = installations::is_served(tx, &ours.workspace)?;
            if is_served {
                set_ourselves(tx, keys.as_deref(), (&ours, &scopes), now)?;
            }
            Ok(is_served)
        })
        .await
    }

    /// Who we were at home when we last knew: where the configured token is from, else where we were connected first. `None`
    /// before the first contact with Slack, and when every workspace was left.
    pub async fn ourselves(&self) -> Result<Option<Ourselves>, StoreError> {
        self.read(|tx| {
            let sql = "SELECT w.workspace, w.name, w.url, w.person, w.bot, w.app
                       FROM workspaces w LEFT JOIN installations i ON i.workspace = w.workspace
                       WHERE COALESCE(i.state, 'active') = 'active'
                       ORDER BY COALESCE(i.source, 'configured') <> 'configured',
                           CASE WHEN COALESCE(i.source, 'configured') = 'configured' THEN -w.updated_at ELSE i.id END,
                           w.workspace
                       LIMIT 1";
            Ok(tx.query_row(sql, [], ourselves).optional()?)
        })
        .await
    }
}

/// Remembers who we are in a workspace.
pub(super) fn set_ourselves(
    tx: &Transaction<'_>,
    keys: Option<&Keyring>,
    (ours, scopes): (&Ourselves, &[String]),
    now: Timestamp,
) -> Result<(), StoreError> {
    let known = ours_in(tx, &ours.workspace)?;
    // What Slack says of an installation does not name the bot; that it does later is no news.
    let is_same =
        |known: &Ourselves| (known.bot == ours.bot || known.bot.is_empty()) && known.app == ours.app;
    if !known.as_ref().is_some_and(is_same) {
        let act = Act::new(&Actor::Desk, Deed::Connected, &ours.workspace.0).with(ours.bot.as_str());
        note_in(tx, keys, &ours.workspace, act, now)?;
    }
    remember(tx, ours, scopes, now)
}

/// The same without a word in the audit.
pub(super) fn remember(
    tx: &Transaction<'_>,
    ours: &Ourselves,
    scopes: &[String],
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO workspaces (workspace, name, url, person, bot, app, scopes, updated_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (workspace) DO UPDATE SET name = excluded.name, url = excluded.url,
             person = excluded.person, bot = excluded.bot, app = excluded.app, scopes = excluded.scopes,
             updated_at = excluded.updated_at",
        (
            &ours.workspace.0,
            &ours.workspace_name,
            &ours.url,
            &ours.person.0,
            &ours.bot,
            ours.app.as_deref().unwrap_or_default(),
            scopes.join(","),
            now.0,
        ),
    )?;
    Ok(())
}

/// Who we were in a workspace.
pub(super) fn ours_in(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
) -> Result<Option<Ourselves>, StoreError> {
    let sql = "SELECT workspace, name, url, person, bot, app FROM workspaces WHERE workspace = ?";
    Ok(tx.query_row(sql, [&workspace.0], ourselves).optional()?)
}

/// Who we are, as the first six columns say.
pub(super) fn ourselves(row: &Row<'_>) -> rusqlite::Result<Ourselves> {
    let app: String = row.get(5)?;
    Ok(Ourselves {
        workspace: WorkspaceId(row.get(0)?),
        workspace_name: row.get(1)?,
        url: row.get(2)?,
        person: PersonId(row.get(3)?),
        bot: row.get(4)?,
        app: (!app.is_empty()).then_some(app),
    })
}

/// Stores what Slack says of a person.
pub(super) fn note(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    profile: &Profile,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO people (workspace, person, handle, name, email, team, is_bot, deleted, fetched_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (workspace, person) DO UPDATE SET handle = excluded.handle, name = excluded.name,
             email = excluded.email, team = excluded.team, is_bot = excluded.is_bot, deleted = excluded.deleted,
             fetched_at = excluded.fetched_at",
    )?;
    insert.execute((
        &workspace.0,
        &profile.person.0,
        &profile.handle,
        &profile.name,
        profile.email.as_deref().map(normal_email).unwrap_or_default(),
        profile.team.as_ref().map_or("", |team| &team.0),
        profile.is_bot,
        profile.deleted,
        now.0,
    ))?;
    Ok(())
}

/// What is stored of a person.
pub(super) fn profile(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    person: &PersonId,
) -> Result<Option<Profile>, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT handle, name, email, team, is_bot, deleted FROM people WHERE workspace = ? AND person = ?",
    )?;
    let found = query.query_row((&workspace.0, &person.0), |row| {
        let (email, team): (String, String) = (row.get(2)?, row.get(3)?);
        Ok(Profile {
            person: person.clone(),
            handle: row.get(0)?,
            name: row.get(1)?,
            email: (!email.is_empty()).then_some(email),
            team: (!team.is_empty()).then_some(WorkspaceId(team)),
            is_bot: row.get(4)?,
            deleted: row.get(5)?,
        })
    });
    Ok(found.optional()?)
}
