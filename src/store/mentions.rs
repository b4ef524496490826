//! Whom a notice calls, found in the directory, and how often a channel's broad mentions were used today.

use rusqlite::{OptionalExtension, Transaction};

use super::error::StoreError;
use super::space::Space;
use super::{groups, people};
use crate::domain::directory::{Directory, Group};
use crate::domain::ids::{ChannelId, PersonId, WorkspaceId};
use crate::domain::mention::{self, Budget, Mention, Rendered};
use crate::domain::time::Timestamp;

/// A list of mentions for one message.
#[derive(Clone, Debug)]
pub struct Calling {
    /// Where the message goes.
    pub channel: ChannelId,
    /// Whom it calls.
    pub mentions: Vec<Mention>,
    /// How often the channel may be called as a whole.
    pub budget: Budget,
}

impl Space {
    /// Resolves the mentions of a message that is about to be stored, and counts a broad one against its channel's day.
    pub async fn resolve_mentions(&self, calling: Calling, now: Timestamp) -> Result<Rendered, StoreError> {
        self.write(move |tx, workspace| resolve(tx, workspace, &calling, now)).await
    }

    /// What each mention would be, without counting anything.
    pub async fn look_up_mentions(&self, mentions: Vec<Mention>) -> Result<Vec<Rendered>, StoreError> {
        self.read(move |tx, workspace| {
            let one = |mention: Mention| {
                let mentions = [mention];
                Ok(mention::resolve(&mentions, &meant(tx, workspace, &mentions)?, true))
            };
            mentions.into_iter().map(one).collect()
        })
        .await
    }
}

/// Resolves the mentions of a message, inside the transaction that stores it.
pub(super) fn resolve(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    calling: &Calling,
    now: Timestamp,
) -> Result<Rendered, StoreError> {
    let Calling { channel, mentions, budget } = calling;
    let directory = meant(tx, workspace, mentions)?;
    if !mentions.iter().any(Mention::is_broad) {
        return Ok(mention::resolve(mentions, &directory, false));
    }
    let day = mention::day(now, &budget.zone);
    let mut query =
        tx.prepare_cached("SELECT used FROM broad_mentions WHERE workspace = ? AND channel = ? AND day = ?")?;
    let used: Option<u32> = query.query_row((&workspace.0, &channel.0, &day), |row| row.get(0)).optional()?;
    let used = used.unwrap_or_default();
    let rendered = mention::resolve(mentions, &directory, mention::within_budget(used, budget.per_day));
    if rendered.is_broad() {
        let mut count = tx.prepare_cached(
            "INSERT INTO broad_mentions (workspace, channel, day, used) VALUES (?, ?, ?, ?)
             ON CONFLICT (workspace, channel) DO UPDATE SET day = excluded.day, used = excluded.used",
        )?;
        count.execute((&workspace.0, &channel.0, &day, used.saturating_add(1)))?;
    }
    Ok(rendered)
}

/// The people and groups that the mentions could mean: a few rows, however large the workspace.
fn meant(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    mentions: &[Mention],
) -> Result<Directory, StoreError> {
    let mut found = Directory::default();
    for mention in mentions {
        match mention {
            Mention::None | Mention::Here | Mention::Channel => {}
            Mention::Person(person) => found.people.extend(people::profile(tx, workspace, person)?),
            Mention::Email(address) => {
                add_people(tx, workspace, ("email = ?2 AND email <> ''", address), &mut found)?;
            }
            Mention::Group(id) => add_groups(tx, workspace, ("user_group = ?2", &id.0), &mut found.groups)?,
            Mention::Named(name) => {
                for which in ["handle = ?2 COLLATE NOCASE", "name = ?2 COLLATE NOCASE"] {
                    add_people(tx, workspace, (which, name), &mut found)?;
                }
                add_groups(tx, workspace, ("handle = ?2 COLLATE NOCASE", name), &mut found.groups)?;
            }
        }
    }
    Ok(found)
}

/// People for whom `which` holds with `value`; nobody twice.
fn add_people(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    (which, value): (&str, &str),
    found: &mut Directory,
) -> Result<(), StoreError> {
    let sql = format!("SELECT person FROM people WHERE workspace = ?1 AND {which} ORDER BY person");
    let mut query = tx.prepare_cached(&sql)?;
    let ids: Vec<PersonId> =
        query.query_map((&workspace.0, value), |row| row.get(0).map(PersonId))?.collect::<Result<_, _>>()?;
    for id in ids {
        if !found.people.iter().any(|person| person.person == id) {
            found.people.extend(people::profile(tx, workspace, &id)?);
        }
    }
    Ok(())
}

fn add_groups(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    (which, value): (&str, &str),
    found: &mut Vec<Group>,
) -> Result<(), StoreError> {
    let sql = format!(
        "SELECT user_group, handle, name, changed_at FROM user_groups WHERE workspace = ?1 AND closed = 0 AND {which}
         ORDER BY user_group"
    );
    let mut query = tx.prepare_cached(&sql)?;
    for group in query.query_map((&workspace.0, value), groups::group)? {
        found.push(group?);
    }
    Ok(())
}
