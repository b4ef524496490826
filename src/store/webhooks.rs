//! Incoming webhooks of Slack: named places to post to. Their addresses are secrets and stand sealed in their rows.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rusqlite::{OpenFlags, OptionalExtension, Row, Transaction};
use thiserror::Error;

use super::audit::note_in;
use super::error::StoreError;
use super::migrate;
use super::sealed;
use super::space::Space;
use super::sqlite::{Store, blocking, connect};
use crate::domain::audit::{Act, Deed};
use crate::domain::ids::WorkspaceId;
use crate::domain::limit::{self, Admission, Gate};
use crate::domain::seal::Locked;
use crate::domain::secret::Secret;
use crate::domain::task::Actor;
use crate::domain::time::Timestamp;
use crate::domain::webhook::{self, Posted, WebhookName, WebhookState};

/// Where the address stands.
const TABLE: &str = "webhooks";
const COLUMN: &str = "url";

/// A webhook without its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// What routes call it.
    pub name: String,
    /// What somebody wrote of the channel it posts to; may be empty.
    pub label: String,
    /// The part of the address that may be shown: scheme and host.
    pub origin: String,
    /// How it stands.
    pub state: WebhookState,
    /// What the last attempt came to: `ok`, Slack's word, or empty before the first.
    pub result: String,
    /// When that was.
    pub result_at: Option<Timestamp>,
    /// Since when it is there.
    pub created_at: Timestamp,
    /// Since when it has this address.
    pub rotated_at: Timestamp,
}

/// A new address: the part that may be shown, and all of it.
#[derive(Clone, Debug)]
pub struct NewUrl {
    /// Scheme and host.
    pub origin: String,
    /// The whole address.
    pub url: Secret,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It is done.
    Done,
    /// There is no webhook of this name.
    NoSuch,
    /// There is another webhook of the new name.
    Taken,
}

/// Why there is no address to post to.
#[derive(Debug, Error)]
pub enum NoUrl {
    /// There is no webhook of this name.
    #[error("there is no webhook of this name; hint: deskd webhook list")]
    NoSuch,
    /// Slack has taken it away; the word is Slack's.
    #[error("the webhook is disabled ({0}); hint: deskd webhook list")]
    Disabled(String),
    /// The address cannot be read.
    #[error("the webhook's address cannot be read: {0}")]
    Locked(Locked),
    /// The database could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Space {
    /// The address to post to, for whoever delivers. One that Slack has taken away is not given out.
    pub async fn webhook_url(&self, name: String) -> Result<Secret, NoUrl> {
        match self.webhook(name.clone()).await? {
            Some(webhook) if webhook.state == WebhookState::Disabled => Err(NoUrl::Disabled(webhook.result)),
            Some(_) | None => self.webhook_url_to_test(name).await,
        }
    }

    /// The address to post a test to, be the webhook disabled or not: a test shows whether it works again.
    pub async fn webhook_url_to_test(&self, name: String) -> Result<Secret, NoUrl> {
        let keys = self.keys();
        let taken = self.read(move |tx, workspace| match id(tx, workspace, &name)? {
            Some(id) => sealed::take(tx, keys.as_deref(), (TABLE, COLUMN, id), workspace),
            None => Ok(None),
        });
        taken.await?.ok_or(NoUrl::NoSuch)?.map_err(NoUrl::Locked)
    }

    /// Asks to post to a webhook now; when that is admitted, its pace is noted. `None` when there is no such webhook.
    pub async fn webhook_turn(&self, name: String, now: Timestamp) -> Result<Option<Admission>, StoreError> {
        self.write(move |tx, workspace| {
            let Some(gate) = gate(tx, workspace, &name)? else { return Ok(None) };
            let admission = limit::admit(gate, &webhook::PACE, now);
            if let Admission::Now { next } = admission {
                set_gate(tx, workspace, &name, next)?;
            }
            Ok(Some(admission))
        })
        .await
    }

    /// Notes what an attempt to post came to; the answer is how the webhook stands then. `None` when it is gone.
    pub async fn note_webhook(
        &self,
        name: String,
        posted: Posted,
        now: Timestamp,
    ) -> Result<Option<WebhookState>, StoreError> {
        self.write(move |tx, workspace| {
            let Some(found) = find(tx, workspace, &name)? else { return Ok(None) };
            if let (Posted::Wait(span), Some(gate)) = (posted, gate(tx, workspace, &name)?) {
                let held = limit::hold(gate, &webhook::PACE, now.plus(span));
                set_gate(tx, workspace, &name, held)?;
            }
            let state = webhook::after(found.state, posted);
            // A disabled webhook goes on saying why, whatever else happens to it.
            let word = match (state, posted) {
                (WebhookState::Disabled, Posted::Wait(_) | Posted::Away | Posted::Unclear) => found.result,
                _ => posted.word(),
            };
            tx.execute(
                "UPDATE webhooks SET state = ?3, result = ?4, result_at = ?5 WHERE workspace = ?1 AND name = ?2",
                (&workspace.0, &name, state.as_str(), word, now.0),
            )?;
            Ok(Some(state))
        })
        .await
    }

    /// Adds a webhook.
    pub async fn add_webhook(
        &self,
        (name, label): (WebhookName, String),
        new: NewUrl,
        by: Actor,
        now: Timestamp,
    ) -> Result<Changed, StoreError> {
        let keys = self.keys().ok_or(StoreError::Sealed(Locked::NoKey))?;
        self.write(move |tx, workspace| {
            if id(tx, workspace, name.as_str())?.is_some() {
                return Ok(Changed::Taken);
            }
            tx.execute(
                "INSERT INTO webhooks
                     (workspace, name, label, origin, url, state, result, next_at, created_at, rotated_at)
                 VALUES (?1, ?2, ?3, ?4, x'', 'ok', '', ?5, ?5, ?5)",
                (&workspace.0, name.as_str(), label, &new.origin, now.0),
            )?;
            sealed::put(tx, &keys, (TABLE, COLUMN, tx.last_insert_rowid()), &new.url)?;
            let act = Act::new(&by, Deed::WebhookAdded, name.as_str());
            note_in(tx, Some(&keys), workspace, act, now)?;
            Ok(Changed::Done)
        })
        .await
    }

    /// Gives a webhook another address; the old one is overwritten, and whatever was wrong with it is forgotten.
    pub async fn rotate_webhook(
        &self,
        name: String,
        new: NewUrl,
        by: Actor,
        now: Timestamp,
    ) -> Result<Changed, StoreError> {
        let keys = self.keys().ok_or(StoreError::Sealed(Locked::NoKey))?;
        self.write(move |tx, workspace| {
            let Some(id) = id(tx, workspace, &name)? else { return Ok(Changed::NoSuch) };
            sealed::put(tx, &keys, (TABLE, COLUMN, id), &new.url)?;
            tx.execute(
                "UPDATE webhooks SET origin = ?2, state = 'ok', result = '', result_at = NULL, next_at = ?3,
                     rotated_at = ?3
                 WHERE id = ?1",
                (id, &new.origin, now.0),
            )?;
            let act = Act::new(&by, Deed::WebhookRotated, &name);
            note_in(tx, Some(&keys), workspace, act, now)?;
            Ok(Changed::Done)
        })
        .await
    }

    /// Gives a webhook another name.
    pub async fn rename_webhook(
        &self,
        name: String,
        to: WebhookName,
        by: Actor,
        now: Timestamp,
    ) -> Result<Changed, StoreError> {
        let keys = self.keys();
        self.write(move |tx, workspace| {
            let Some(found) = id(tx, workspace, &name)? else { return Ok(Changed::NoSuch) };
            match id(tx, workspace, to.as_str())? {
                Some(other) if other != found => Ok(Changed::Taken),
                Some(_) | None => {
                    tx.execute("UPDATE webhooks SET name = ?2 WHERE id = ?1", (found, to.as_str()))?;
                    let act = Act::new(&by, Deed::WebhookRenamed, &name).with(to.as_str());
                    note_in(tx, keys.as_deref(), workspace, act, now)?;
                    Ok(Changed::Done)
                }
            }
        })
        .await
    }

    /// Says something else of the channel that a webhook posts to.
    pub async fn label_webhook(
        &self,
        name: String,
        label: String,
        by: Actor,
        now: Timestamp,
    ) -> Result<Changed, StoreError> {
        let keys = self.keys();
        self.write(move |tx, workspace| {
            let sql = "UPDATE webhooks SET label = ?3 WHERE workspace = ?1 AND name = ?2";
            let changed = tx.execute(sql, (&workspace.0, &name, label))?;
            if changed == 0 {
                return Ok(Changed::NoSuch);
            }
            let act = Act::new(&by, Deed::WebhookLabelled, &name);
            note_in(tx, keys.as_deref(), workspace, act, now)?;
            Ok(Changed::Done)
        })
        .await
    }

    /// Deletes a webhook with its address.
    pub async fn delete_webhook(
        &self,
        name: String,
        by: Actor,
        now: Timestamp,
    ) -> Result<Changed, StoreError> {
        let keys = self.keys();
        self.write(move |tx, workspace| {
            let sql = "DELETE FROM webhooks WHERE workspace = ? AND name = ?";
            if tx.execute(sql, (&workspace.0, &name))? == 0 {
                return Ok(Changed::NoSuch);
            }
            let act = Act::new(&by, Deed::WebhookDeleted, &name);
            note_in(tx, keys.as_deref(), workspace, act, now)?;
            Ok(Changed::Done)
        })
        .await
    }

    /// One webhook.
    pub async fn webhook(&self, name: String) -> Result<Option<Webhook>, StoreError> {
        self.read(move |tx, workspace| find(tx, workspace, &name)).await
    }

    /// All webhooks, by name.
    pub async fn webhooks(&self) -> Result<Vec<Webhook>, StoreError> {
        self.read(move |tx, workspace| {
            let mut query = tx
                .prepare_cached(&format!("SELECT {SHOWN} FROM webhooks WHERE workspace = ? ORDER BY name"))?;
            let mut rows = query.query([&workspace.0])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push(webhook_of(row)?);
            }
            Ok(found)
        })
        .await
    }
}

impl Store {
    /// How many webhooks there are in each state.
    pub async fn webhook_states(&self) -> Result<BTreeMap<String, i64>, StoreError> {
        self.read(move |tx| {
            let mut query = tx.prepare_cached("SELECT state, COUNT(*) FROM webhooks GROUP BY state")?;
            let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }
}

/// The names of the webhooks in the database at `path`, without opening it for good; `None` when there is no database, or one
/// that a daemon of this version has not seen yet.
pub async fn peek(path: PathBuf) -> Result<Option<Vec<String>>, StoreError> {
    blocking(move || {
        if !path.exists() {
            return Ok(None);
        }
        let reader = connect(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        if migrate::expect_newest(&reader).is_err() {
            return Ok(None);
        }
        let mut query = reader.prepare("SELECT name FROM webhooks ORDER BY name")?;
        let rows = query.query_map([], |row| row.get(0))?;
        Ok(Some(rows.collect::<Result<_, _>>()?))
    })
    .await
}

const SHOWN: &str = "name, label, origin, state, result, result_at, created_at, rotated_at";

fn find(tx: &Transaction<'_>, workspace: &WorkspaceId, name: &str) -> Result<Option<Webhook>, StoreError> {
    let mut query =
        tx.prepare_cached(&format!("SELECT {SHOWN} FROM webhooks WHERE workspace = ? AND name = ?"))?;
    let mut rows = query.query((&workspace.0, name))?;
    rows.next()?.map(webhook_of).transpose()
}

fn webhook_of(row: &Row<'_>) -> Result<Webhook, StoreError> {
    let word: String = row.get(3)?;
    let state =
        WebhookState::from_word(&word).ok_or(StoreError::Unreadable { what: "webhook's state", word })?;
    Ok(Webhook {
        name: row.get(0)?,
        label: row.get(1)?,
        origin: row.get(2)?,
        state,
        result: row.get(4)?,
        result_at: row.get::<_, Option<i64>>(5)?.map(Timestamp),
        created_at: Timestamp(row.get(6)?),
        rotated_at: Timestamp(row.get(7)?),
    })
}

fn id(tx: &Transaction<'_>, workspace: &WorkspaceId, name: &str) -> Result<Option<i64>, StoreError> {
    let mut query = tx.prepare_cached("SELECT id FROM webhooks WHERE workspace = ? AND name = ?")?;
    Ok(query.query_row((&workspace.0, name), |row| row.get(0)).optional()?)
}

fn gate(tx: &Transaction<'_>, workspace: &WorkspaceId, name: &str) -> Result<Option<Gate>, StoreError> {
    let mut query = tx.prepare_cached("SELECT next_at FROM webhooks WHERE workspace = ? AND name = ?")?;
    let next = query.query_row((&workspace.0, name), |row| row.get(0).map(Timestamp)).optional()?;
    Ok(next.map(|next| Gate { method: Some(next), channel: None }))
}

fn set_gate(tx: &Transaction<'_>, workspace: &WorkspaceId, name: &str, gate: Gate) -> Result<(), StoreError> {
    if let Some(next) = gate.method {
        let sql = "UPDATE webhooks SET next_at = ?3 WHERE workspace = ?1 AND name = ?2";
        tx.execute(sql, (&workspace.0, name, next.0))?;
    }
    Ok(())
}
