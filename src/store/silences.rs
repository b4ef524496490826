//! Silences, and what else routing has to know beside its rules.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Row, Transaction};

use super::audit::note_in;
use super::error::StoreError;
use super::notices;
use super::plot::{Owner, Plot};
use super::space::Space;
use crate::domain::audit::{Act, Deed};
use crate::domain::ids::{ProblemId, ProjectName, WorkspaceId};
use crate::domain::route::Matcher;
use crate::domain::route::quiet::{Firing, Silence, State};
use crate::domain::seal::Keyring;
use crate::domain::task::Actor;
use crate::domain::time::Timestamp;

/// Most problems that are looked at for what they mute: more at once is an outage, and those are the newest of it.
const MOST_FIRING: i64 = 1_000;

/// A silence as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silenced {
    /// Its row.
    pub id: i64,
    /// The project whose notices alone it is about; `None` for all.
    pub project: Option<ProjectName>,
    /// Names and the values each may have.
    pub pairs: Vec<(String, Vec<String>)>,
    /// Why.
    pub reason: String,
    /// Who made it.
    pub made_by: String,
    /// When.
    pub made_at: Timestamp,
    /// When it ends.
    pub until: Timestamp,
    /// Who ended it before its time; empty for nobody.
    pub ended_by: String,
}

impl Space {
    /// Makes a silence.
    pub async fn add_silence(&self, silence: Silenced, by: Actor) -> Result<i64, StoreError> {
        let keys = self.keys();
        self.write(move |tx, workspace| add(tx, Owner::whole(workspace), (&silence, &by), keys.as_deref()))
            .await
    }

    /// What routing has to know of what no project owns beside its rules: the silences that hold, and the firing problems of
    /// these kinds, which are globs.
    pub async fn routing_state(&self, kinds: Vec<String>, now: Timestamp) -> Result<State, StoreError> {
        self.read(move |tx, workspace| state(tx, Owner::whole(workspace), &kinds, now)).await
    }

    /// The silences that hold; with `all` those that are over, too. The newest comes first.
    pub async fn silences(&self, all: bool, now: Timestamp) -> Result<Vec<Silenced>, StoreError> {
        let since = if all { i64::MIN } else { now.0 };
        self.read(move |tx, workspace| silences(tx, workspace, Scope::Everything, since)).await
    }

    /// Ends a silence now; `None` when there is none with this number, `false` when it was over already.
    pub async fn expire_silence(
        &self,
        id: i64,
        by: Actor,
        now: Timestamp,
    ) -> Result<Option<bool>, StoreError> {
        let keys = self.keys();
        self.write(move |tx, workspace| expire(tx, (workspace, None), (id, &by), keys.as_deref(), now)).await
    }
}

impl Plot {
    /// Makes a silence about the project's notices alone.
    pub async fn add_silence(&self, silence: Silenced, by: Actor) -> Result<i64, StoreError> {
        let keys = self.space.keys();
        self.write(move |tx, owner| add(tx, owner, (&silence, &by), keys.as_deref())).await
    }

    /// What routing has to know of the project beside its rules: silences and firing problems of its own and of the workspace,
    /// none of another project.
    pub async fn routing_state(&self, kinds: Vec<String>, now: Timestamp) -> Result<State, StoreError> {
        self.read(move |tx, owner| state(tx, owner, &kinds, now)).await
    }

    /// The project's silences, as [`Space::silences`] lists them.
    pub async fn silences(&self, all: bool, now: Timestamp) -> Result<Vec<Silenced>, StoreError> {
        let since = if all { i64::MIN } else { now.0 };
        self.read(move |tx, owner| silences(tx, owner.workspace, Scope::Own(owner.project), since)).await
    }

    /// Ends a silence of the project now; `None` when it has none with this number, `false` when it was over already.
    pub async fn expire_silence(
        &self,
        id: i64,
        by: Actor,
        now: Timestamp,
    ) -> Result<Option<bool>, StoreError> {
        let keys = self.space.keys();
        self.write(move |tx, owner| {
            expire(tx, (owner.workspace, Some(owner.project)), (id, &by), keys.as_deref(), now)
        })
        .await
    }
}

fn add(
    tx: &Transaction<'_>,
    owner: Owner<'_>,
    (silence, by): (&Silenced, &Actor),
    keys: Option<&Keyring>,
) -> Result<i64, StoreError> {
    let Silenced { id: _, project: _, pairs, reason, made_by, made_at, until, ended_by } = silence;
    let matcher: BTreeMap<_, _> = pairs.iter().cloned().collect();
    let mut insert = tx.prepare_cached(
        "INSERT INTO silences (workspace, project, matcher, reason, made_by, made_at, until_at, ended_by)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    let matcher = serde_json::to_string(&matcher).unwrap_or_default();
    let row = (&owner.workspace.0, owner.project, matcher, reason, made_by, made_at.0, until.0, ended_by);
    insert.execute(row)?;
    let id = tx.last_insert_rowid();
    let act = Act::new(by, Deed::SilenceAdded, id.to_string()).with(format!("until {until}"));
    note_in(tx, keys, owner.workspace, act, *made_at)?;
    Ok(id)
}

fn expire(
    tx: &Transaction<'_>,
    (workspace, project): (&WorkspaceId, Option<&str>),
    (id, by): (i64, &Actor),
    keys: Option<&Keyring>,
    now: Timestamp,
) -> Result<Option<bool>, StoreError> {
    let sql =
        "SELECT until_at FROM silences WHERE id = ? AND workspace = ? AND project = COALESCE(?, project)";
    let key = (id, &workspace.0, project);
    let until: Option<i64> = tx.prepare_cached(sql)?.query_row(key, |row| row.get(0)).optional()?;
    let Some(until) = until else { return Ok(None) };
    let sql = "UPDATE silences SET until_at = ?2, ended_by = ?3 WHERE id = ?1 AND until_at > ?2";
    tx.prepare_cached(sql)?.execute((id, now.0, by.word()))?;
    if until > now.0 {
        let act = Act::new(by, Deed::SilenceEnded, id.to_string());
        note_in(tx, keys, workspace, act, now)?;
    }
    Ok(Some(until > now.0))
}

/// What routing has to know of an owner's notices: what is the workspace's as a whole, and what is the owner's own.
fn state(
    tx: &Transaction<'_>,
    owner: Owner<'_>,
    kinds: &[String],
    now: Timestamp,
) -> Result<State, StoreError> {
    let mut state = State::default();
    for silence in silences(tx, owner.workspace, Scope::For(owner.project), now.0)? {
        // One that cannot be read mutes nothing; it was checked when it was made.
        let Ok(matcher) = Matcher::of(&silence.pairs) else { continue };
        state.silences.push(Silence { id: silence.id, matcher });
    }
    if !kinds.is_empty() {
        state.firing = firing(tx, owner, kinds)?;
    }
    Ok(state)
}

/// Which silences of a workspace.
#[derive(Clone, Copy, Debug)]
enum Scope<'a> {
    /// All of them.
    Everything,
    /// Those that hold for notices of this project (empty for those of none): its own, and those of the workspace.
    For(&'a str),
    /// Those of this project.
    Own(&'a str),
}

fn silences(
    tx: &Transaction<'_>,
    workspace: &WorkspaceId,
    scope: Scope<'_>,
    after: i64,
) -> Result<Vec<Silenced>, StoreError> {
    let (whose, project) = match scope {
        Scope::Everything => ("?3 = ''", ""),
        Scope::For(project) => ("project IN ('', ?3)", project),
        Scope::Own(project) => ("project = ?3 AND project <> ''", project),
    };
    let sql = format!(
        "SELECT id, matcher, reason, made_by, made_at, until_at, ended_by, project FROM silences
         WHERE workspace = ?1 AND until_at > ?2 AND {whose} ORDER BY id DESC"
    );
    let mut query = tx.prepare_cached(&sql)?;
    let rows = query.query_map((&workspace.0, after, project), silence)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn silence(row: &Row<'_>) -> rusqlite::Result<Silenced> {
    let matcher: String = row.get(1)?;
    let pairs: BTreeMap<String, Vec<String>> = serde_json::from_str(&matcher).unwrap_or_default();
    let project: String = row.get(7)?;
    Ok(Silenced {
        id: row.get(0)?,
        project: (!project.is_empty()).then_some(ProjectName(project)),
        pairs: pairs.into_iter().collect(),
        reason: row.get(2)?,
        made_by: row.get(3)?,
        made_at: Timestamp(row.get(4)?),
        until: Timestamp(row.get(5)?),
        ended_by: row.get(6)?,
    })
}

fn firing(tx: &Transaction<'_>, owner: Owner<'_>, kinds: &[String]) -> Result<Vec<Firing>, StoreError> {
    let sql = format!(
        "SELECT {}, problem FROM notices WHERE id IN (
             SELECT (SELECT MAX(n.id) FROM notices n WHERE n.problem = p.id) FROM problems p
             WHERE p.workspace = ?3 AND p.project IN ('', ?4) AND p.status = 'firing' AND EXISTS (SELECT 1 FROM json_each(?1) WHERE p.kind GLOB value)
             ORDER BY p.id DESC LIMIT ?2)",
        notices::COLUMNS
    );
    let mut query = tx.prepare_cached(&sql)?;
    let kinds = serde_json::to_string(kinds).unwrap_or_default();
    let mut rows = query.query((kinds, MOST_FIRING, &owner.workspace.0, owner.project))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let notice = notices::notice(row)?;
        let problem = ProblemId(row.get("problem")?);
        found.push(Firing { problem, content: notice.content, source: notice.source });
    }
    Ok(found)
}
