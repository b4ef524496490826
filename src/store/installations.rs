//! Where the app is installed, and its tokens: sealed on the way in, opened on the way out, gone at once when the app leaves.
//!
//! What else goes with a workspace is in `departures`.

use std::path::PathBuf;

use rusqlite::{OpenFlags, OptionalExtension, Row, Transaction};

use super::audit::note_in;
use super::error::StoreError;
use super::people;
use super::sealed;
use super::space::Space;
use super::sqlite::{Store, blocking, connect};
use crate::domain::audit::{Act, Deed};
use crate::domain::ids::WorkspaceId;
use crate::domain::installation::{Pair, Source, State};
use crate::domain::message::Ourselves;
use crate::domain::seal::{Keyring, Locked};
use crate::domain::secret::Secret;
use crate::domain::task::Actor;
use crate::domain::time::Timestamp;

pub(super) const TABLE: &str = "tokens";
pub(super) const COLUMN: &str = "token";

/// What Slack gave us for one installation.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// The bot token.
    pub bot: Secret,
    /// The token of the person who installed the app, where that was asked for.
    pub user: Option<Pair>,
    /// What the next pair is asked for with, where tokens rotate.
    pub refresh: Option<Secret>,
    /// Until when the bot token is good; `None` for good.
    pub expires_at: Option<Timestamp>,
}

/// An installation to be stored.
#[derive(Clone, Debug)]
pub struct NewInstallation {
    /// Who we are there.
    pub ours: Ourselves,
    /// The organisation; empty for none.
    pub enterprise: String,
    /// Whether the organisation installed the app as a whole.
    pub org_wide: bool,
    /// How it came to be.
    pub source: Source,
    /// What the bot token may do.
    pub scopes: Vec<String>,
    /// Its tokens.
    pub tokens: Tokens,
    /// Who brings them.
    pub by: Actor,
}

/// An installation as listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    /// The workspace, or the organisation.
    pub workspace: WorkspaceId,
    /// Its name; empty when it is forgotten.
    pub name: String,
    /// Our bot user there; empty when it is forgotten.
    pub bot_user: String,
    /// How it came to be.
    pub source: Source,
    /// Whether it is there.
    pub state: State,
    /// Why it is not, or why it will end by itself, as a stable word; empty while nothing is wrong.
    pub reason: String,
    /// Whether the token that speaks there is in the database.
    pub has_token: bool,
    /// Until when that is good, unless it is changed; `None` for good.
    pub expires_at: Option<Timestamp>,
    /// When it was installed, or connected again.
    pub installed_at: Timestamp,
    /// When it was left.
    pub gone_at: Option<Timestamp>,
}

/// A workspace and the token that speaks there.
pub struct Speaker {
    /// Who we are there.
    pub ours: Ourselves,
    /// Whether the configured token was of this workspace before this one took its place.
    pub is_home: bool,
    /// The bot token, or why it cannot be read.
    pub bot: Result<Secret, Locked>,
}

impl Store {
    /// Stores an installation with its tokens, or new tokens for one that is there; says whether settings of before came
    /// back with it.
    pub async fn install(&self, new: NewInstallation, now: Timestamp) -> Result<bool, StoreError> {
        let keys = self.keys().ok_or(StoreError::Sealed(Locked::NoKey))?;
        self.write(move |tx| install(tx, &keys, &new, now)).await
    }

    /// Remembers who we are in the workspace of the configured token; says whether we serve it: not when somebody has
    /// disconnected it.
    pub async fn introduce(
        &self,
        ours: Ourselves,
        scopes: Vec<String>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let keys = self.keys();
        self.write(move |tx| introduce(tx, keys.as_deref(), Source::Configured, (&ours, &scopes), now)).await
    }

    /// All installations, in the order in which they came to be.
    pub async fn installations(&self) -> Result<Vec<Installation>, StoreError> {
        self.read(|tx| {
            let mut query = tx.prepare_cached(
                "SELECT i.workspace, COALESCE(w.name, ''), COALESCE(w.person, ''), i.source, i.state, i.reason,
                     EXISTS (SELECT 1 FROM tokens t WHERE t.installation = i.id AND t.kind = 'bot'),
                     i.installed_at, i.gone_at, i.expires_at
                 FROM installations i LEFT JOIN workspaces w ON w.workspace = i.workspace ORDER BY i.id",
            )?;
            let rows = query.query_map([], |row| Ok(installation(row)))?;
            rows.map(|row| row?).collect()
        })
        .await
    }

    /// Who we are where a token of the database speaks, with that token.
    pub async fn speakers(&self) -> Result<Vec<Speaker>, StoreError> {
        let keys = self.keys();
        self.read(move |tx| {
            let mut query = tx.prepare_cached(
                "SELECT w.workspace, w.name, w.url, w.person, w.bot, w.app, t.id, i.source = 'configured'
                 FROM installations i JOIN workspaces w ON w.workspace = i.workspace
                 JOIN tokens t ON t.installation = i.id AND t.kind = 'bot'
                 WHERE i.state = 'active' ORDER BY i.id",
            )?;
            let rows = query.query_map([], |row| {
                Ok((people::ourselves(row)?, row.get::<_, i64>(6)?, row.get::<_, bool>(7)?))
            })?;
            let found: Vec<_> = rows.collect::<Result<_, _>>()?;
            let mut speakers = Vec::with_capacity(found.len());
            for (ours, token, is_home) in found {
                let place = (TABLE, COLUMN, token);
                if let Some(bot) = sealed::take(tx, keys.as_deref(), place, &ours.workspace)? {
                    speakers.push(Speaker { ours, is_home, bot });
                }
            }
            Ok(speakers)
        })
        .await
    }
}

impl Space {
    /// The tokens that speak in the workspace, the bot's last: without it nothing is left of the app there.
    pub async fn speaking_tokens(&self) -> Result<Vec<Result<Secret, Locked>>, StoreError> {
        let keys = self.keys();
        self.read(move |tx, workspace| {
            let mut query = tx.prepare_cached(
                "SELECT id, kind FROM tokens WHERE workspace = ? AND kind IN ('bot', 'user') ORDER BY kind DESC",
            )?;
            let rows = query.query_map([&workspace.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let found: Vec<(i64, String)> = rows.collect::<Result<_, _>>()?;
            let mut tokens = Vec::with_capacity(found.len());
            for (id, kind) in found {
                let Some(sealed) = sealed::take(tx, keys.as_deref(), (TABLE, COLUMN, id), workspace)? else {
                    continue;
                };
                let is_persons = kind == "user";
                tokens.push(sealed.map(|sealed| if is_persons { Pair::opened(&sealed).token } else { sealed }));
            }
            Ok(tokens)
        })
        .await
    }
}

/// Whether the database at `path` has the token of a connected workspace, without opening it for good. One that cannot be read yet
/// has none that anybody could use.
pub async fn has_tokens(path: PathBuf) -> bool {
    let looked = blocking(move || {
        let reader = connect(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut query = reader.prepare("SELECT 1 FROM tokens WHERE kind = 'bot'")?;
        Ok(query.exists([])?)
    });
    looked.await.unwrap_or(false)
}

/// Whether we serve a workspace: unless somebody or something ended that.
pub(super) fn is_served(tx: &Transaction<'_>, workspace: &WorkspaceId) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM installations WHERE workspace = ? AND state <> 'active'";
    Ok(!tx.prepare_cached(sql)?.exists([&workspace.0])?)
}

/// Remembers who we are in a workspace, and that the app is installed there, if that was not known; says whether we serve it: not
/// when somebody has disconnected it.
pub(super) fn introduce(
    tx: &Transaction<'_>,
    keys: Option<&Keyring>,
    source: Source,
    (ours, scopes): (&Ourselves, &[String]),
    now: Timestamp,
) -> Result<bool, StoreError> {
    tx.prepare_cached(
        "INSERT INTO installations (workspace, enterprise, org_wide, source, state, reason, installed_at)
         VALUES (?, '', 0, ?, 'active', '', ?) ON CONFLICT (workspace) DO NOTHING",
    )?
    .execute((&ours.workspace.0, source.as_str(), now.0))?;
    if !is_served(tx, &ours.workspace)? {
        return Ok(false);
    }
    people::set_ourselves(tx, keys, (ours, scopes), now)?;
    Ok(true)
}

fn install(
    tx: &Transaction<'_>,
    keys: &Keyring,
    new: &NewInstallation,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let workspace = &new.ours.workspace;
    super::departures::forget_expired(tx, Some(keys), now)?;
    let sql = "SELECT state = 'active' FROM installations WHERE workspace = ?";
    let known: Option<bool> = tx.query_row(sql, [&workspace.0], |row| row.get(0)).optional()?;
    let (is_there, comes_back) = (known == Some(true), known == Some(false));
    // The workspace of the configured token stays that, whoever brings another token for it.
    let id = tx.query_row(
        "INSERT INTO installations
             (workspace, enterprise, org_wide, source, state, reason, expires_at, installed_at)
         VALUES (?1, ?2, ?3, ?4, 'active', '', ?5, ?6)
         ON CONFLICT (workspace) DO UPDATE SET enterprise = excluded.enterprise, org_wide = excluded.org_wide,
             source = CASE source WHEN 'configured' THEN source ELSE excluded.source END, state = 'active',
             reason = '', expires_at = excluded.expires_at, gone_at = NULL,
             installed_at = CASE state WHEN 'active' THEN installed_at ELSE excluded.installed_at END
         RETURNING id",
        (
            &workspace.0,
            &new.enterprise,
            new.org_wide,
            new.source.as_str(),
            new.tokens.expires_at.map(|at| at.0),
            now.0,
        ),
        |row| row.get(0),
    )?;
    people::remember(tx, &known_better(tx, &new.ours)?, &new.scopes, now)?;
    let deed = if is_there { Deed::TokenChanged } else { Deed::Connected };
    let bot = Some(new.ours.bot.as_str()).filter(|bot| !bot.is_empty()).unwrap_or(&new.ours.person.0);
    let how = match new.source {
        Source::OAuth => format!("{bot}, installed through Slack's pages"),
        Source::Configured | Source::Connected => bot.to_owned(),
    };
    let act = Act::new(&new.by, deed, &workspace.0).with(how);
    note_in(tx, Some(keys), workspace, act, now)?;
    put_all(tx, keys, (id, workspace), &new.tokens, now)?;
    let sql = "SELECT 1 FROM channels WHERE workspace = ?1 AND pick <> 'none'
               UNION SELECT 1 FROM teammates WHERE workspace = ?1";
    Ok(comes_back && tx.prepare_cached(sql)?.exists([&workspace.0])?)
}

/// Who we are as Slack says it when the app is installed, with what it said before where it leaves that out.
fn known_better(tx: &Transaction<'_>, ours: &Ourselves) -> Result<Ourselves, StoreError> {
    let known = people::ours_in(tx, &ours.workspace)?.filter(|_| ours.bot.is_empty());
    Ok(match known {
        Some(known) => Ourselves { bot: known.bot, url: known.url, ..ours.clone() },
        None => ours.clone(),
    })
}

pub(super) fn put_all(
    tx: &Transaction<'_>,
    keys: &Keyring,
    (installation, workspace): (i64, &WorkspaceId),
    tokens: &Tokens,
    now: Timestamp,
) -> Result<(), StoreError> {
    let user = tokens.user.as_ref().map(Pair::sealed);
    let given = [("bot", Some(&tokens.bot)), ("user", user.as_ref()), ("refresh", tokens.refresh.as_ref())];
    for (kind, token) in given {
        let Some(token) = token else { continue };
        let row = tx.query_row(
            "INSERT INTO tokens (workspace, installation, kind, token, made_at) VALUES (?1, ?2, ?3, x'', ?4)
             ON CONFLICT (installation, kind) DO UPDATE SET made_at = excluded.made_at RETURNING id",
            (&workspace.0, installation, kind, now.0),
            |row| row.get(0),
        )?;
        sealed::put(tx, keys, (TABLE, COLUMN, row), token)?;
    }
    // A token that is good for ever needs nothing to be changed with.
    if tokens.expires_at.is_none() && tokens.refresh.is_none() {
        tx.execute("DELETE FROM tokens WHERE installation = ? AND kind = 'refresh'", [installation])?;
    }
    Ok(())
}

fn installation(row: &Row<'_>) -> Result<Installation, StoreError> {
    let (source, state): (String, String) = (row.get(3)?, row.get(4)?);
    Ok(Installation {
        workspace: WorkspaceId(row.get(0)?),
        name: row.get(1)?,
        bot_user: row.get(2)?,
        source: Source::from_word(&source)
            .ok_or(StoreError::Unreadable { what: "source of an installation", word: source })?,
        state: State::from_word(&state)
            .ok_or(StoreError::Unreadable { what: "state of an installation", word: state })?,
        reason: row.get(5)?,
        has_token: row.get(6)?,
        installed_at: Timestamp(row.get(7)?),
        gone_at: row.get::<_, Option<i64>>(8)?.map(Timestamp),
        expires_at: row.get::<_, Option<i64>>(9)?.map(Timestamp),
    })
}
