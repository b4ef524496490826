//! How the desk stands, on one screen.

use std::collections::BTreeMap;

use axum::Json;
use serde::{Deserialize, Serialize};

use super::Front;
use super::account::concern;
use super::desk::Health;
use super::errors::Refusal;
use super::further::{self, AppDocument};
use super::model::{self, ModelDocument};
use super::recover::{RecoveryDocument, document};
use super::secrets::SecretsDocument;
use super::tasks::time;
use crate::domain::classify::Learn;
use crate::domain::ids::WorkspaceId;
use crate::domain::installation::State;
use crate::domain::own::{Own, Raised, Severity};
use crate::domain::telling::{advice, sentence};
use crate::domain::time::Timestamp;
use crate::intake::canary::Fares;
use crate::store::destinations::Destination;
use crate::store::installations::Installation;
use crate::store::status::Standing;
use crate::store::troubles::Trouble;

/// The document of `deskd status`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StatusDocument {
    /// The daemon's version.
    pub version: String,
    /// Short hash of the effective configuration.
    pub config_hash: String,
    /// When this was true, RFC 3339.
    pub now: String,
    /// Seconds since the daemon started.
    pub uptime_s: u64,
    /// The workspace, once we know it.
    pub workspace: Option<WorkspaceDocument>,
    /// All workspaces that we are in, with their states; those that we have left are not among them.
    #[serde(default)]
    pub workspaces: Vec<WorkspaceState>,
    /// What keeps us from knowing the workspace.
    pub trouble: Option<TroubleDocument>,
    /// The Socket Mode links.
    pub sockets: Vec<SocketDocument>,
    /// Our further apps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apps: Vec<AppDocument>,
    /// The canary, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<CanaryDocument>,
    /// What came in.
    pub journal: JournalDocument,
    /// Bundles that still take messages.
    pub bundles_open: i64,
    /// Bundles waiting to become tasks.
    pub bundles_sealed: i64,
    /// Tasks by status.
    pub tasks: BTreeMap<String, i64>,
    /// What goes out.
    pub outbox: OutboxDocument,
    /// Notices in numbers.
    pub notices: NoticesDocument,
    /// What is read from the history after a gap.
    #[serde(default)]
    pub recovery: RecoveryDocument,
    /// Channels that take no messages.
    #[serde(default)]
    pub destinations_broken: Vec<DestinationDocument>,
    /// When the newest event was recorded, RFC 3339.
    pub last_event_at: Option<String>,
    /// Workers that are stuck.
    pub stuck: Vec<String>,
    /// Workers whose last step failed.
    pub failing: Vec<String>,
    /// How many workers there are.
    pub workers: usize,
    /// When the database was last copied and the copy found sound, RFC 3339.
    pub last_backup_at: Option<String>,
    /// The database on the disk.
    pub database: DatabaseDocument,
    /// What was taught.
    #[serde(default)]
    pub learner: LearnerDocument,
    /// The language model, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelDocument>,
    /// The secrets in the database.
    #[serde(default)]
    pub secrets: SecretsDocument,
    /// Everything that is wrong, the worst first; empty when all is well.
    pub wrong: Vec<WrongDocument>,
}

/// What was taught, and whether it is learned.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct LearnerDocument {
    /// `on`, `shadow` or `off`.
    pub learn: String,
    /// Examples that count, by source.
    pub examples: BTreeMap<String, i64>,
    /// Whether what they come to is worked out; until then the rules decide.
    pub ready: bool,
    /// Examples that cannot be read and were left out.
    pub corrupt: u64,
}

/// The database on the disk.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct DatabaseDocument {
    /// Size of the file in bytes.
    pub bytes: u64,
    /// Size of its write-ahead log in bytes.
    pub log_bytes: u64,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrongDocument {
    /// What, as people read it.
    pub what: String,
    /// Since when, RFC 3339; null where that is not known.
    pub since: Option<String>,
    /// What to do about it.
    pub hint: String,
    /// `critical` or `warning`.
    pub severity: String,
}

/// The workspace we work in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WorkspaceDocument {
    /// Slack's id of it.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// A workspace that we are in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WorkspaceState {
    /// Slack's id of it.
    pub id: String,
    /// Its name; empty before Slack has said it.
    pub name: String,
    /// `active`, `leaving`, or why somebody should look: `token_ends`, `token_locked`, `token_not_renewed`.
    pub state: String,
}

/// What Slack does not let us do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TroubleDocument {
    /// Slack's name of the error.
    pub reason: String,
    /// What it means and what to do.
    pub hint: String,
}

/// One link.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SocketDocument {
    /// `connecting`, `connected`, `waiting` or `stopped`.
    pub state: String,
    /// Since when, RFC 3339.
    pub since: String,
    /// Why it is not connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What that means and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// How many sockets of the app Slack counted at this link's last hello.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connections_seen: Option<u32>,
}

/// How the canary fares.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CanaryDocument {
    /// How long the last one that came back took, in milliseconds.
    pub round_trip_ms: Option<u64>,
    /// When that was, RFC 3339.
    pub back_at: Option<String>,
    /// How many came back since the start.
    pub back: u64,
    /// How many did not.
    pub missed: u64,
    /// Since when they do not come back, RFC 3339.
    pub missing_since: Option<String>,
    /// Why none can be posted.
    pub grounded: Option<String>,
}

/// The journal in numbers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JournalDocument {
    /// Events recorded since the database was made.
    pub recorded: i64,
    /// Events without an outcome.
    pub pending: i64,
    /// Age of the oldest of them, in seconds.
    pub oldest_pending_s: Option<u64>,
}

/// The outbox in numbers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OutboxDocument {
    /// To be sent when their time comes.
    pub waiting: i64,
    /// Being sent.
    pub sending: i64,
    /// Refused by Slack for good.
    pub failed: i64,
    /// Given up after a long outage.
    pub dead: i64,
    /// Nobody can tell whether Slack has them.
    pub unknown: i64,
    /// Age of the oldest that still has to go out, in seconds.
    pub oldest_s: Option<u64>,
}

/// Notices in numbers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NoticesDocument {
    /// On their way.
    pub waiting: i64,
    /// Deliveries kept for later: digests, recaps.
    pub held: i64,
    /// Deliveries that did not arrive.
    pub failed: i64,
}

/// A channel that takes no messages.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DestinationDocument {
    /// Its id.
    pub channel: String,
    /// `#name`, or the id where there is no name.
    pub destination: String,
    /// Slack's error name.
    pub reason: String,
    /// The same as people read it.
    pub sentence: String,
    /// Since when, RFC 3339.
    pub since: String,
    /// When it is looked at again, RFC 3339.
    pub next_look_at: String,
    /// How many sends wait for it.
    pub waiting: i64,
}

/// `GET /v1/status`.
pub async fn show(front: Front) -> Result<Json<StatusDocument>, Refusal> {
    let now = (front.now)();
    let standing = front.store.standing().await?;
    let recovery = document(&front).await?;
    let broken = front.store.broken_destinations().await?;
    let health = (front.health)(now);
    let (bytes, log_bytes) = front.store.sizes().await?;
    let known = front.ours.borrow().clone();
    let ours = match known {
        Some(ours) => Some(ours),
        None => front.store.ourselves().await?,
    };
    let troubles = match &ours {
        Some(ours) => front.store.of(&ours.workspace).open_troubles().await?,
        None => Vec::new(),
    };
    let secrets = super::secrets::standing(&front).await?;
    let webhooks = match &ours {
        Some(ours) => front.store.of(&ours.workspace).webhooks().await?,
        None => Vec::new(),
    };
    let learner = learner(&front, ours.as_ref().map(|ours| &ours.workspace)).await?;
    let workspaces = workspaces(&front).await?;
    let mut wrong = wrong(&front, &health, &standing, &troubles);
    let model = model::document(&front, ours.as_ref().map(|ours| &ours.workspace)).await?;
    wrong.extend(model.as_ref().and_then(model::wrong));
    wrong.extend(secrets.wrong());
    wrong.extend(learner.wrong());
    wrong.extend(super::webhooks::wrong(&webhooks));
    let apps = further::documents(&front);
    wrong.extend(further::wrong(&front, &apps));
    Ok(Json(StatusDocument {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        config_hash: front.settings.borrow().config_hash.clone(),
        now: now.to_string(),
        uptime_s: now.since(front.started_at).as_secs(),
        workspace: ours.map(|ours| WorkspaceDocument { id: ours.workspace.0, name: ours.workspace_name }),
        workspaces,
        trouble: front.trouble.now().map(|(reason, hint)| TroubleDocument { reason, hint }),
        sockets: sockets(&front),
        apps,
        canary: front.canary.as_ref().map(|figures| canary(figures.now())),
        journal: JournalDocument {
            recorded: standing.recorded,
            pending: standing.pending,
            oldest_pending_s: age(standing.oldest_pending, now),
        },
        bundles_open: standing.bundles_open,
        bundles_sealed: standing.bundles_sealed,
        outbox: outbox(&standing, now),
        notices: notices(&standing),
        recovery,
        tasks: standing.tasks,
        destinations_broken: broken.into_iter().map(destination).collect(),
        last_event_at: time(standing.last_event),
        stuck: health.stuck().into_keys().map(str::to_owned).collect(),
        failing: health.failing().into_iter().map(str::to_owned).collect(),
        workers: health.workers.len(),
        last_backup_at: time(standing.last_backup),
        database: DatabaseDocument { bytes, log_bytes },
        learner,
        model,
        secrets,
        wrong,
    }))
}

/// The workspaces that we are in.
async fn workspaces(front: &Front) -> Result<Vec<WorkspaceState>, Refusal> {
    let installations = front.store.installations().await?;
    let there = installations.into_iter().filter(|one| one.state != State::Gone);
    let state = |one: &Installation| concern(front, one).unwrap_or(one.state.as_str()).to_owned();
    Ok(there.map(|one| WorkspaceState { state: state(&one), id: one.workspace.0, name: one.name }).collect())
}

async fn learner(front: &Front, workspace: Option<&WorkspaceId>) -> Result<LearnerDocument, Refusal> {
    let policy = *front.learned.policy.borrow();
    let word = Learn::WORDS.iter().find(|(_, learn)| *learn == policy.learn);
    let examples = match workspace {
        Some(workspace) => front.store.of(workspace).example_counts().await?,
        None => BTreeMap::new(),
    };
    Ok(LearnerDocument {
        learn: word.map(|(word, _)| (*word).to_owned()).unwrap_or_default(),
        examples,
        ready: workspace.is_some_and(|workspace| front.learned.mind.of(workspace).is_some()),
        corrupt: front.learned.mind.counts().corrupt,
    })
}

impl LearnerDocument {
    /// What a person should look at.
    fn wrong(&self) -> Option<WrongDocument> {
        let what = match self.corrupt {
            0 => return None,
            1 => "1 example cannot be read and was left out".to_owned(),
            corrupt => format!("{corrupt} examples cannot be read and were left out"),
        };
        let hint =
            "the others are learned; was the database changed by hand? deskd restore brings a backup back";
        Some(WrongDocument { what, since: None, hint: hint.to_owned(), severity: "warning".to_owned() })
    }
}

/// What is wrong now, be it long enough for a trouble or not.
fn wrong(front: &Front, health: &Health, standing: &Standing, troubles: &[Trouble]) -> Vec<WrongDocument> {
    let mut found: Vec<(Raised, Option<Timestamp>, Option<String>)> = Vec::new();
    let mut add = |own: Own, subject: &str, since: Option<Timestamp>, hint: Option<String>| {
        let raised = Raised { own, subject: subject.to_owned(), detail: String::new() };
        found.push((raised, since, hint));
    };
    if let Some(since) = health.unwritable_since {
        add(Own::NotWritable, "", Some(since), None);
    }
    if let Some(since) = front.links.none_since() {
        let hint = front.links.states().into_iter().find_map(|link| link.hint);
        add(Own::NoSocket, "", Some(since), hint);
    }
    for (worker, since) in health.stuck() {
        add(Own::WorkerStuck, worker, Some(since), None);
    }
    let told = |raised: &Raised, found: &[(Raised, Option<Timestamp>, Option<String>)]| {
        found.iter().any(|(known, ..)| (known.own, &known.subject) == (raised.own, &raised.subject))
    };
    for trouble in troubles {
        // Its trouble stays open a little longer, so that a link that comes and goes is one trouble; what is seen now counts here.
        let back = trouble.raised.own == Own::NoSocket && front.links.any_connected();
        if !back && !told(&trouble.raised, &found) {
            found.push((trouble.raised.clone(), Some(trouble.raised_at), None));
        }
    }
    found.sort_by_key(|(raised, ..)| std::cmp::Reverse(raised.own.severity()));
    let document = |(raised, since, hint): (Raised, Option<Timestamp>, Option<String>)| WrongDocument {
        what: sentence(&raised),
        since: time(since),
        hint: hint.unwrap_or_else(|| advice(raised.own).to_owned()),
        severity: raised.own.severity().as_str().to_owned(),
    };
    let mut wrong: Vec<WrongDocument> = found.into_iter().map(document).collect();
    let warning = |what: String, since: Option<Timestamp>, hint: &str| WrongDocument {
        what,
        since: time(since),
        hint: hint.to_owned(),
        severity: Severity::Warning.as_str().to_owned(),
    };
    let failing = health.failing();
    if !failing.is_empty() {
        let names: Vec<&str> = failing.into_iter().collect();
        let what = format!("a step fails again and again: {}", names.join(", "));
        wrong.push(warning(what, health.failing_since(), "look at the log: journalctl -u deskd"));
    }
    let stopped: i64 =
        ["failed", "dead", "unknown"].iter().filter_map(|state| standing.outbox.get(*state)).sum();
    let noticed = troubles.iter().any(|trouble| trouble.raised.own == Own::DeadLetter);
    if stopped > 0 && !noticed {
        let what = format!("messages that did not go out: {stopped}");
        wrong.push(warning(what, standing.oldest_stopped, "deskd queue list"));
    }
    wrong
}

/// How old something that may be missing is, in whole seconds.
pub fn age(at: Option<Timestamp>, now: Timestamp) -> Option<u64> {
    at.map(|at| now.since(at).as_secs())
}

fn sockets(front: &Front) -> Vec<SocketDocument> {
    let links = front.links.states();
    links
        .into_iter()
        .map(|link| SocketDocument {
            state: link.state.as_str().to_owned(),
            since: link.since.to_string(),
            reason: link.reason,
            hint: link.hint,
            connections_seen: link.connections_seen,
        })
        .collect()
}

fn destination(broken: Destination) -> DestinationDocument {
    let destination = match broken.name.as_str() {
        "" => broken.channel.0.clone(),
        name => format!("#{name}"),
    };
    DestinationDocument {
        channel: broken.channel.0,
        destination,
        reason: broken.broken.as_str().to_owned(),
        sentence: broken.broken.sentence().to_owned(),
        since: broken.since.to_string(),
        next_look_at: broken.next_look.to_string(),
        waiting: broken.waiting,
    }
}

fn canary(fares: Fares) -> CanaryDocument {
    let Fares { round_trip, back_at, back, missed, missing_since, grounded } = fares;
    CanaryDocument {
        round_trip_ms: round_trip.map(|taken| u64::try_from(taken.as_millis()).unwrap_or(u64::MAX)),
        back_at: time(back_at),
        back,
        missed,
        missing_since: time(missing_since),
        grounded,
    }
}

fn notices(standing: &Standing) -> NoticesDocument {
    let count = |states: &[&str]| {
        let of = standing.deliveries.iter().filter(|((_, state), _)| states.contains(&state.as_str()));
        of.map(|(_, count)| count).sum()
    };
    NoticesDocument {
        waiting: standing.waiting_notices.values().sum(),
        held: count(&["held"]),
        failed: count(&["failed", "dead", "unknown"]),
    }
}

fn outbox(standing: &Standing, now: Timestamp) -> OutboxDocument {
    let count = |state: &str| standing.outbox.get(state).copied().unwrap_or_default();
    OutboxDocument {
        waiting: count("waiting"),
        sending: count("sending"),
        failed: count("failed"),
        dead: count("dead"),
        unknown: count("unknown"),
        oldest_s: age(standing.oldest_send, now),
    }
}
