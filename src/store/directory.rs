//! Reading the directory, page by page: who is listed stays, who is not listed any more is gone.
//!
//! A reading has a number, its round. Everything it sees carries that number, so that its end knows what it did not see;
//! and how far it is stands in a row, so that a restart goes on in the middle.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Row, Transaction};

use super::error::StoreError;
use super::space::Space;
use super::sqlite::Store;
use super::{erasures, groups, people};
use crate::domain::directory::{Group, Rest};
use crate::domain::ids::{GroupId, PersonId, WorkspaceId};
use crate::domain::message::Profile;
use crate::domain::time::Timestamp;

/// What is to be read next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Nothing, until it is time.
    Resting(Rest),
    /// The next page of people; the first one where the cursor is empty.
    People(String),
    /// The next page of groups.
    Groups(String),
    /// Who is in this group.
    Members(GroupId),
}

/// How the directory stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Whether it is being read, or will be in a moment.
    pub running: bool,
    /// People whose accounts are open, bots included.
    pub people: i64,
    /// Groups in use.
    pub groups: i64,
    /// People of the last complete reading that the one before it had not listed.
    pub joined: i64,
    /// People that it did not list any more.
    pub gone: i64,
    /// Slack's name of what kept a part from being read; empty when nothing did.
    pub problem: String,
    /// When the last complete reading ended.
    pub complete_at: Option<Timestamp>,
}

/// One page of a list: what stands on it, and where the next one begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet<T> {
    /// What stands on it.
    pub items: Vec<T>,
    /// The cursor of the next one; `None` on the last.
    pub next: Option<String>,
}

impl Store {
    /// The directories that were read or are being read, each with how it rests; `None` while it is being read.
    pub async fn readings(&self) -> Result<BTreeMap<WorkspaceId, Option<Rest>>, StoreError> {
        self.read(|tx| {
            let sql = "SELECT state, page, wanted, ended_at, workspace FROM directory ORDER BY workspace";
            let mut query = tx.prepare_cached(sql)?;
            let rows = query.query_map([], |found| Ok((WorkspaceId(found.get(4)?), row(found)?)))?;
            rows.map(|found| {
                let (workspace, (state, _, rest)) = found?;
                Ok((workspace, (state == "resting").then_some(rest)))
            })
            .collect()
        })
        .await
    }
}

impl Space {
    /// How the directory stands.
    pub async fn directory(&self) -> Result<Standing, StoreError> {
        self.read(standing).await
    }

    /// Everybody with an open account, by handle.
    pub async fn people(&self) -> Result<Vec<Profile>, StoreError> {
        self.read(move |tx, workspace| {
            let mut query = tx.prepare_cached(
                "SELECT person FROM people WHERE workspace = ? AND deleted = 0 AND handle <> ''
                 ORDER BY handle COLLATE NOCASE, person",
            )?;
            let ids: Vec<PersonId> =
                query.query_map([&workspace.0], |row| row.get(0).map(PersonId))?.collect::<Result<_, _>>()?;
            let profiles = ids.iter().map(|person| people::profile(tx, workspace, person));
            profiles.filter_map(Result::transpose).collect()
        })
        .await
    }

    /// Asks for the directory to be read now.
    pub async fn want_directory(&self) -> Result<(), StoreError> {
        self.write(want).await
    }

    /// What is to be read next.
    pub async fn reading(&self) -> Result<Reading, StoreError> {
        self.read(move |tx, workspace| {
            let sql = "SELECT state, page, wanted, ended_at FROM directory WHERE workspace = ?";
            let found = tx.prepare_cached(sql)?.query_row([&workspace.0], row).optional()?;
            let Some((state, page, rest)) = found else {
                return Ok(Reading::Resting(Rest { wanted: false, ended_at: None }));
            };
            match state.as_str() {
                "resting" => Ok(Reading::Resting(rest)),
                "people" => Ok(Reading::People(page)),
                "groups" => Ok(Reading::Groups(page)),
                // A state that ends by itself: the last group's members take the reading to its end.
                "members" => Ok(unstaffed(tx, workspace)?.map_or(Reading::Groups(page), Reading::Members)),
                _ => Err(StoreError::Unreadable { what: "state of the directory", word: state }),
            }
        })
        .await
    }

    /// Begins a reading, or the one under way once more from its first page.
    pub async fn begin_reading(&self) -> Result<(), StoreError> {
        self.write(move |tx, workspace| {
            tx.execute(
                "INSERT INTO directory (workspace, state, round, page, wanted, joined, gone, problem)
                 VALUES (?, 'people', 1, '', 0, 0, 0, '')
                 ON CONFLICT (workspace) DO UPDATE SET state = 'people', page = '', wanted = 0,
                     joined = CASE WHEN state = 'resting' THEN 0 ELSE joined END,
                     round = CASE WHEN state = 'resting' THEN round + 1 ELSE round END",
                [&workspace.0],
            )?;
            Ok(())
        })
        .await
    }

    /// Takes in a page of people that Slack was asked for at `asked_at`; what an event has said since goes before it.
    pub async fn list_people(&self, sheet: Sheet<Profile>, asked_at: Timestamp) -> Result<(), StoreError> {
        self.write(move |tx, workspace| {
            let round = round(tx, workspace)?;
            let mut joined = 0;
            for profile in &sheet.items {
                joined += i64::from(list_person(tx, workspace, profile, (round, asked_at))?);
            }
            let sql = "UPDATE directory SET joined = joined + ? WHERE workspace = ?";
            tx.execute(sql, (joined, &workspace.0))?;
            turn(tx, workspace, "people", sheet.next, "groups")
        })
        .await
    }

    /// Takes in a page of groups; after the last page those that were not listed are gone.
    pub async fn list_groups(&self, sheet: Sheet<Group>, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |tx, workspace| {
            let round = round(tx, workspace)?;
            sheet.items.iter().try_for_each(|group| groups::upsert(tx, workspace, group, round))?;
            let is_last = sheet.next.is_none();
            turn(tx, workspace, "groups", sheet.next, "members")?;
            if is_last {
                let sql = "DELETE FROM user_groups WHERE workspace = ? AND round < ?";
                tx.execute(sql, (&workspace.0, round))?;
                finish_if_done(tx, workspace, now)?;
            }
            Ok(())
        })
        .await
    }

    /// Takes in who is in a group; `None` when Slack does not know the group any more. The last group ends the reading.
    pub async fn list_members(
        &self,
        group: GroupId,
        members: Option<Vec<PersonId>>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |tx, workspace| {
            match members {
                Some(members) => {
                    let round = round(tx, workspace)?;
                    groups::staff(tx, workspace, &group, &members, round)?;
                }
                None => {
                    let sql = "DELETE FROM user_groups WHERE workspace = ? AND user_group = ?";
                    tx.execute(sql, (&workspace.0, &group.0))?;
                }
            }
            finish_if_done(tx, workspace, now)
        })
        .await
    }

    /// Slack does not let us read the groups: there are none for us, and the reading ends with its people.
    pub async fn without_groups(&self, problem: String, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |tx, workspace| {
            tx.execute("DELETE FROM user_groups WHERE workspace = ?", [&workspace.0])?;
            finish(tx, workspace, &problem, now)
        })
        .await
    }

    /// Slack does not let us read the people: everything stays as it was until the next reading.
    pub async fn give_up_reading(&self, problem: String, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |tx, workspace| {
            tx.execute(
                "UPDATE directory SET state = 'resting', page = '', problem = ?, ended_at = ? WHERE workspace = ?",
                (&problem, now.0, &workspace.0),
            )?;
            Ok(())
        })
        .await
    }
}

/// Asks for a reading; one that is under way is followed by another.
pub(super) fn want(tx: &Transaction<'_>, workspace: &WorkspaceId) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO directory (workspace, state, round, page, wanted, joined, gone, problem)
         VALUES (?, 'resting', 0, '', 1, 0, 0, '')
         ON CONFLICT (workspace) DO UPDATE SET wanted = 1",
        [&workspace.0],
    )?;
    Ok(())
}

/// The number of the last reading, or of the one under way; 0 before the first.
pub(super) fn round(tx: &Transaction<'_>, workspace: &WorkspaceId) -> Result<i64, StoreError> {
    let mut query = tx.prepare_cached("SELECT round FROM directory WHERE workspace = ?")?;
    Ok(query.query_row([&workspace.0], |row| row.get(0)).optional()?.unwrap_or_default())
}

fn row(row: &Row<'_>) -> rusqlite::Result<(String, String, Rest)> {
    let ended_at: Option<i64> = row.get(3)?;
    Ok((row.get(0)?, row.get(1)?, Rest { wanted: row.get(2)?, ended_at: ended_at.map(Timestamp) }))
}

/// Stores a listed person; says whether the reading before did not list them.
fn list_person(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    profile: &Profile,
    (round, asked_at): (i64, Timestamp),
) -> Result<bool, StoreError> {
    if erasures::gone(tx, workspace, &profile.person)? {
        return Ok(false);
    }
    let key = (&workspace.0, &profile.person.0);
    let sql = "SELECT round, COALESCE(fetched_at, 0) FROM people WHERE workspace = ? AND person = ?";
    let known: Option<(i64, i64)> =
        tx.prepare_cached(sql)?.query_row(key, |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    if known.is_none_or(|(_, fetched_at)| fetched_at <= asked_at.0) {
        people::note(tx, workspace, profile, asked_at)?;
    }
    if profile.deleted {
        return Ok(false);
    }
    let mut update =
        tx.prepare_cached("UPDATE people SET round = ? WHERE workspace = ? AND person = ? AND deleted = 0")?;
    let is_listed = update.execute((round, &workspace.0, &profile.person.0))? == 1;
    Ok(is_listed && known.is_none_or(|(round, _)| round == 0))
}

/// Goes on to the next page, or to what comes after the last one.
fn turn(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    state: &str,
    next: Option<String>,
    after: &str,
) -> Result<(), StoreError> {
    let state = if next.is_some() { state } else { after };
    let sql = "UPDATE directory SET state = ?, page = ? WHERE workspace = ?";
    tx.execute(sql, (state, next.unwrap_or_default(), &workspace.0))?;
    Ok(())
}

/// The next group whose members this reading has not read.
fn unstaffed(tx: &Transaction<'_>, workspace: &WorkspaceId) -> Result<Option<GroupId>, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT user_group FROM user_groups WHERE workspace = ? AND closed = 0 AND staffed < ? ORDER BY user_group LIMIT 1",
    )?;
    let round = round(tx, workspace)?;
    Ok(query.query_row((&workspace.0, round), |row| row.get(0).map(GroupId)).optional()?)
}

fn finish_if_done(tx: &Transaction<'_>, workspace: &WorkspaceId, now: Timestamp) -> Result<(), StoreError> {
    match unstaffed(tx, workspace)? {
        Some(_) => Ok(()),
        None => finish(tx, workspace, "", now),
    }
}

/// Ends a reading: who had been listed before and was not now is gone.
fn finish(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    problem: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let round = round(tx, workspace)?;
    let sql = "UPDATE people SET deleted = 1, round = 0 WHERE workspace = ? AND round > 0 AND round < ?";
    let gone = tx.execute(sql, (&workspace.0, round))?;
    let gone = i64::try_from(gone).unwrap_or(i64::MAX);
    tx.execute(
        "UPDATE directory SET state = 'resting', page = '', gone = ?2, problem = ?3, ended_at = ?4, complete_at = ?4
         WHERE workspace = ?1",
        (&workspace.0, gone, problem, now.0),
    )?;
    Ok(())
}

fn standing(tx: &Transaction<'_>, workspace: &WorkspaceId) -> Result<Standing, StoreError> {
    let sql = "SELECT state <> 'resting' OR wanted OR ended_at IS NULL,
         (SELECT COUNT(*) FROM people WHERE workspace = ?1 AND deleted = 0 AND handle <> ''),
         (SELECT COUNT(*) FROM user_groups WHERE workspace = ?1 AND closed = 0), joined, gone, problem, complete_at
         FROM directory WHERE workspace = ?1";
    let found = tx.prepare_cached(sql)?.query_row([&workspace.0], |row| {
        let complete_at: Option<i64> = row.get(6)?;
        Ok(Standing {
            running: row.get(0)?,
            people: row.get(1)?,
            groups: row.get(2)?,
            joined: row.get(3)?,
            gone: row.get(4)?,
            problem: row.get(5)?,
            complete_at: complete_at.map(Timestamp),
        })
    });
    Ok(found.optional()?.unwrap_or_default())
}
