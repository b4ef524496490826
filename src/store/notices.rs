//! Notices: stored when they are handed in, routed when their time has come. Success of `submit_notices` is the caller's
//! success: from then on each goes where it has to or ends with a reason.

use rusqlite::{OptionalExtension, Row, Transaction};
use sha2::{Digest, Sha256};

use super::derived;
use super::error::StoreError;
use super::plot::{Owner, Plot};
use super::space::Space;
use super::sqlite::Store;
use crate::domain::ids::{NoticeId, ProblemId, ProjectName, WorkspaceId};
use crate::domain::notice::problem::{Effect, Known, effect};
use crate::domain::notice::{Checked, Content, Money, Notice, Severity, Status};
use crate::domain::route::Destination;
use crate::domain::time::Timestamp;

/// A notice that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Its row; that of the first one when it is a repeat.
    pub id: NoticeId,
    /// Its problem.
    pub problem: ProblemId,
    /// What it is to its problem.
    pub effect: Effect,
}

/// A notice that is to be routed now.
#[derive(Clone, Debug)]
pub struct Unrouted {
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// The project it belongs to; `None` for the workspace as a whole.
    pub project: Option<ProjectName>,
    /// It.
    pub notice: Notice,
    /// Its problem.
    pub problem: ProblemId,
    /// What it is to its problem.
    pub effect: Effect,
    /// Whether anybody was told of the problem, or will be.
    pub told: bool,
}

/// What there is to route.
pub struct Unroutable {
    /// These, the most urgent first.
    pub now: Vec<Unrouted>,
    /// When the next one's time comes, if there is none now.
    pub next: Option<Timestamp>,
}

impl Space {
    /// Stores notices, in order, in one transaction.
    pub async fn submit_notices(
        &self,
        checked: Vec<Checked>,
        now: Timestamp,
    ) -> Result<Vec<Accepted>, StoreError> {
        self.write(move |tx, workspace| {
            let owner = Owner::whole(workspace);
            checked.iter().map(|notice| submit(tx, owner, notice, now)).collect()
        })
        .await
    }

    /// Cancels the notices of a source that wait for their time under a key; says how many there were.
    pub async fn cancel_notices(&self, source: String, key: String) -> Result<usize, StoreError> {
        self.write(move |tx, workspace| cancel(tx, Owner::whole(workspace), &source, &key)).await
    }
}

impl Plot {
    /// Stores notices of the project, in order, in one transaction.
    pub async fn submit_notices(
        &self,
        checked: Vec<Checked>,
        now: Timestamp,
    ) -> Result<Vec<Accepted>, StoreError> {
        self.write(move |tx, owner| checked.iter().map(|notice| submit(tx, owner, notice, now)).collect())
            .await
    }

    /// Cancels the project's notices of a source that wait for their time under a key; says how many there were.
    pub async fn cancel_notices(&self, source: String, key: String) -> Result<usize, StoreError> {
        self.write(move |tx, owner| cancel(tx, owner, &source, &key)).await
    }
}

impl Store {
    /// The notices whose time to be routed has come, at most `most`.
    pub async fn unrouted(&self, most: usize, now: Timestamp) -> Result<Unroutable, StoreError> {
        self.read(move |tx| {
            let sql = format!(
                "SELECT {COLUMNS}, workspace, project, problem, effect, effect = 'ends' AND EXISTS (
                     SELECT 1 FROM notices n JOIN deliveries d ON d.notice = n.id
                     WHERE n.problem = notices.problem AND d.state NOT IN ('dropped', 'failed', 'dead')) AS told
                 FROM notices WHERE state = 'waiting' AND due_at <= ? ORDER BY lane, due_at, id LIMIT ?"
            );
            let mut query = tx.prepare_cached(&sql)?;
            let mut rows = query.query((now.0, i64::try_from(most).unwrap_or(i64::MAX)))?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push(Unrouted {
                    workspace: WorkspaceId(row.get("workspace")?),
                    project: project(row)?,
                    notice: notice(row)?,
                    problem: ProblemId(row.get("problem")?),
                    effect: effect_of(row.get("effect")?)?,
                    told: row.get("told")?,
                });
            }
            let mut next: Option<i64> = None;
            if found.is_empty() {
                let sql = "SELECT MIN(due_at) FROM notices WHERE state = 'waiting'";
                next = tx.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
            }
            Ok(Unroutable { now: found, next: next.map(Timestamp) })
        })
        .await
    }
}

/// Cancels what waits for its time under a key, within a transaction that knows why.
pub(super) fn cancel(
    tx: &Transaction<'_>,
    owner: Owner<'_>,
    source: &str,
    key: &str,
) -> Result<usize, StoreError> {
    let mut update = tx.prepare_cached(
        "UPDATE notices SET state = 'cancelled', reason = 'cancelled'
         WHERE workspace = ? AND project = ? AND source = ? AND key = ? AND key <> '' AND state = 'waiting'",
    )?;
    Ok(update.execute((&owner.workspace.0, owner.project, source, key))?)
}

/// Takes one notice within a transaction that may do more, with what follows from it by itself.
pub(super) fn submit(
    tx: &Transaction<'_>,
    owner: Owner<'_>,
    checked: &Checked,
    now: Timestamp,
) -> Result<Accepted, StoreError> {
    if let Some(repeated) = derived::repeated(tx, owner, &checked.content)? {
        return Ok(repeated);
    }
    let accepted = store(tx, owner, &derived::in_time(checked), now)?;
    if accepted.effect != Effect::Repeats {
        derived::follow(tx, owner, checked, now)?;
    }
    Ok(accepted)
}

/// Stores one notice.
pub(super) fn store(
    tx: &Transaction<'_>,
    owner: Owner<'_>,
    checked: &Checked,
    now: Timestamp,
) -> Result<Accepted, StoreError> {
    let content = &checked.content;
    let fields = serde_json::to_string(&content.fields).unwrap_or_default();
    let digest = digest(checked, &fields, now);
    let known = newest(tx, owner, &checked.fingerprint)?;
    let what = known.as_ref().map(|known| Known { status: known.status, last: &known.digest });
    let effect = effect(content.status, &digest, !checked.key.is_empty(), what);
    let problem = match (effect, known) {
        (Effect::Repeats, Some(known)) => {
            let sql = "SELECT id FROM notices WHERE problem = ? ORDER BY id DESC LIMIT 1";
            let id = tx.prepare_cached(sql)?.query_row([known.id.0], |row| row.get(0))?;
            return Ok(Accepted { id: NoticeId(id), problem: known.id, effect });
        }
        (Effect::Adds | Effect::Ends, Some(known)) => add(tx, known.id, checked, (effect, &digest), now)?,
        (Effect::Begins | Effect::Repeats | Effect::EndsNothing | Effect::Adds | Effect::Ends, _) => {
            begin(tx, owner, checked, &digest, now)?
        }
    };
    let destinations: Vec<String> = content.to.iter().map(ToString::to_string).collect();
    let (amount, currency) = match &content.amount {
        Some(money) => (money.amount.to_string(), money.currency.as_str()),
        None => (String::new(), ""),
    };
    let mut insert = tx.prepare_cached(
        "INSERT INTO notices (workspace, project, problem, kind, severity, status, title, text, link, fields, amount, currency,
             at, key, source, destinations, effect, lane, state, reason, tried, due_at, expires_at, received_at)
         VALUES (:workspace, :project, :problem, :kind, :severity, :status, :title, :text, :link, :fields, :amount, :currency,
             :at, :key, :source, :destinations, :effect, :lane, 'waiting', '', '', :due, :expires, :now)",
    )?;
    insert.execute(rusqlite::named_params! {
        ":workspace": owner.workspace.0,
        ":project": owner.project,
        ":problem": problem.0,
        ":kind": content.kind,
        ":severity": content.severity.as_str(),
        ":status": content.status.as_str(),
        ":title": content.title,
        ":text": content.text,
        ":link": content.link.as_deref().unwrap_or_default(),
        ":fields": fields,
        ":amount": amount,
        ":currency": currency,
        ":at": content.at.0,
        ":key": checked.key,
        ":source": checked.source,
        ":destinations": serde_json::to_string(&destinations).unwrap_or_default(),
        ":effect": effect.as_str(),
        ":lane": content.severity.lane().number(),
        ":due": checked.due.0,
        ":expires": checked.expires.0,
        ":now": now.0,
    })?;
    Ok(Accepted { id: NoticeId(tx.last_insert_rowid()), problem, effect })
}

/// The newest problem with a fingerprint.
struct Newest {
    id: ProblemId,
    status: Status,
    digest: String,
}

fn newest(tx: &Transaction<'_>, owner: Owner<'_>, fingerprint: &str) -> Result<Option<Newest>, StoreError> {
    if fingerprint.is_empty() {
        return Ok(None);
    }
    let mut query = tx.prepare_cached(
        "SELECT id, status, digest FROM problems WHERE workspace = ? AND project = ? AND fingerprint = ? AND fingerprint <> ''
         ORDER BY id DESC LIMIT 1",
    )?;
    let found = query.query_row((&owner.workspace.0, owner.project, fingerprint), |row| {
        Ok((row.get(0)?, row.get::<_, String>(1)?, row.get(2)?))
    });
    let Some((id, status, digest)) = found.optional()? else { return Ok(None) };
    Ok(Some(Newest { id: ProblemId(id), status: status_of(status)?, digest }))
}

fn begin(
    tx: &Transaction<'_>,
    owner: Owner<'_>,
    checked: &Checked,
    digest: &str,
    now: Timestamp,
) -> Result<ProblemId, StoreError> {
    let content = &checked.content;
    let ended = (content.status == Status::Resolved).then_some(now.0);
    let mut insert = tx.prepare_cached(
        "INSERT INTO problems (workspace, fingerprint, kind, status, severity, title, count, first_at, last_at, ended_at,
             digest, handled_by, handled_at, project)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7, ?7, ?8, ?9, '', NULL, ?10)",
    )?;
    insert.execute((
        &owner.workspace.0,
        &checked.fingerprint,
        &content.kind,
        content.status.as_str(),
        content.severity.as_str(),
        &content.title,
        content.at.0,
        ended,
        digest,
        owner.project,
    ))?;
    Ok(ProblemId(tx.last_insert_rowid()))
}

fn add(
    tx: &Transaction<'_>,
    problem: ProblemId,
    checked: &Checked,
    (effect, digest): (Effect, &str),
    now: Timestamp,
) -> Result<ProblemId, StoreError> {
    let content = &checked.content;
    let ends = effect == Effect::Ends;
    let mut update = tx.prepare_cached(
        "UPDATE problems SET status = ?2, severity = CASE WHEN ?3 THEN severity ELSE ?4 END,
             count = count + CASE WHEN ?3 THEN 0 ELSE 1 END, last_at = MAX(last_at, ?5),
             ended_at = CASE WHEN ?3 THEN ?6 END, digest = ?7
         WHERE id = ?1",
    )?;
    update.execute((
        problem.0,
        content.status.as_str(),
        ends,
        content.severity.as_str(),
        content.at.0,
        now.0,
        digest,
    ))?;
    Ok(problem)
}

/// What a notice says, in few bytes: two of the same key with the same digest are one. An instant that the caller did not
/// give, and which is only the time of the call, is no part of it.
fn digest(checked: &Checked, fields: &str, now: Timestamp) -> String {
    let Content { kind, severity, status, title, text, link, amount: _, at, to, fields: _ } =
        &checked.content;
    let at = if *at == now { 0 } else { at.0 };
    let due = if checked.due == now { 0 } else { checked.due.0 };
    let to: Vec<String> = to.iter().map(ToString::to_string).collect();
    let link = link.as_deref().unwrap_or_default();
    let whole = serde_json::to_vec(&(
        kind,
        severity.as_str(),
        status.as_str(),
        (title, text, link, fields),
        (at, due),
        &checked.source,
        to,
    ));
    let hash = Sha256::digest(whole.unwrap_or_default());
    hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// The columns that `notice` reads.
pub(super) const COLUMNS: &str =
    "id, kind, severity, status, title, text, link, fields, amount, currency, at, key, source,
    destinations, received_at, expires_at";

/// A notice from a row with `COLUMNS`, read by name.
pub(super) fn notice(row: &Row<'_>) -> Result<Notice, StoreError> {
    let severity: String = row.get("severity")?;
    let link: String = row.get("link")?;
    let fields: String = row.get("fields")?;
    let to: Vec<String> = serde_json::from_str(&row.get::<_, String>("destinations")?).unwrap_or_default();
    let content = Content {
        kind: row.get("kind")?,
        severity: Severity::from_word(&severity)
            .ok_or(StoreError::Unreadable { what: "severity", word: severity })?,
        status: status_of(row.get("status")?)?,
        title: row.get("title")?,
        text: row.get("text")?,
        link: (!link.is_empty()).then_some(link),
        fields: serde_json::from_str(&fields).unwrap_or_default(),
        amount: Money::of(&row.get::<_, String>("amount")?, &row.get::<_, String>("currency")?),
        at: Timestamp(row.get("at")?),
        to: to.iter().filter_map(|to| Destination::parse(to)).collect(),
    };
    Ok(Notice {
        id: NoticeId(row.get("id")?),
        content,
        key: row.get("key")?,
        source: row.get("source")?,
        received_at: Timestamp(row.get("received_at")?),
        expires: Timestamp(row.get("expires_at")?),
    })
}

/// Whose the notice of a row is.
pub(super) fn project(row: &Row<'_>) -> Result<Option<ProjectName>, StoreError> {
    let name: String = row.get("project")?;
    Ok((!name.is_empty()).then_some(ProjectName(name)))
}

/// Reads a status back.
pub(super) fn status_of(word: String) -> Result<Status, StoreError> {
    Status::from_word(&word).ok_or(StoreError::Unreadable { what: "status", word })
}

/// Reads an effect back.
pub(super) fn effect_of(word: String) -> Result<Effect, StoreError> {
    Effect::from_word(&word).ok_or(StoreError::Unreadable { what: "effect", word })
}
