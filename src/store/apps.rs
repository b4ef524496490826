//! Who the bots of our further apps are.

use rusqlite::{OptionalExtension, Transaction};

use super::error::StoreError;
use super::space::Space;
use super::sqlite::Store;
use super::{installations, people};
use crate::domain::ids::{PersonId, WorkspaceId};
use crate::domain::installation::Source;
use crate::domain::message::{Ourselves, Sibling};
use crate::domain::time::Timestamp;

impl Space {
    /// Remembers who the bot of a further app is in this workspace; does nothing where that was left.
    pub async fn note_app(&self, app: Sibling, now: Timestamp) -> Result<(), StoreError> {
        self.write_anyway(move |tx, workspace| {
            if !installations::is_served(tx, workspace)? {
                return Ok(());
            }
            let Sibling { name, app, person, bot } = app;
            tx.execute(
                "INSERT INTO apps (workspace, app, name, person, bot, updated_at) VALUES (?, ?, ?, ?, ?, ?)
                 ON CONFLICT (workspace, app) DO UPDATE SET name = excluded.name, person = excluded.person,
                     bot = excluded.bot, updated_at = excluded.updated_at",
                (
                    &workspace.0,
                    app,
                    name,
                    person.map(|person| person.0).unwrap_or_default(),
                    bot.unwrap_or_default(),
                    now.0,
                ),
            )?;
            Ok(())
        })
        .await
    }
}

impl Space {
    /// Remembers who we are where one of our further apps is all that is installed; says whether we serve that workspace: not
    /// when somebody has disconnected it.
    pub async fn serve_through(
        &self,
        ours: Ourselves,
        scopes: Vec<String>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let keys = self.keys();
        self.write_anyway(move |tx, workspace| {
            let ours = Ourselves { workspace: workspace.clone(), ..ours };
            installations::introduce(tx, keys.as_deref(), Source::Connected, (&ours, &scopes), now)
        })
        .await
    }

    /// Who we were in this workspace when we last knew; `None` where nobody knows, and where we left.
    pub async fn ourselves(&self) -> Result<Option<Ourselves>, StoreError> {
        self.read(|tx, workspace| match installations::is_served(tx, workspace)? {
            true => people::ours_in(tx, workspace),
            false => Ok(None),
        })
        .await
    }
}

impl Store {
    /// The further apps that are known, each with the workspace that its bot is in.
    pub async fn apps(&self) -> Result<Vec<(WorkspaceId, Sibling)>, StoreError> {
        self.read(|tx| {
            let sql = "SELECT name, app, person, bot, workspace FROM apps ORDER BY workspace, app";
            let mut query = tx.prepare(sql)?;
            let filled = |text: String| Some(text).filter(|text| !text.is_empty());
            let rows = query.query_map([], |row| {
                let person = filled(row.get(2)?).map(PersonId);
                let app = Sibling { name: row.get(0)?, app: row.get(1)?, person, bot: filled(row.get(3)?) };
                Ok((WorkspaceId(row.get(4)?), app))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }
}

/// What a further app is called here; `None` for the desk's own and for one that is not known.
pub(super) fn name(tx: &Transaction<'_>, app: &str) -> Result<Option<String>, StoreError> {
    let mut query = tx.prepare_cached("SELECT name FROM apps WHERE app = ? AND app <> '' LIMIT 1")?;
    Ok(query.query_row([app], |row| row.get(0)).optional()?)
}
