//! Gap recovery: asking for it, and how it stands.

use axum::Json;
use serde::{Deserialize, Serialize};

use super::arguments::Given;
use super::channels::{ChannelName, known};
use super::errors::{Code, Refusal};
use super::tasks::time;
use super::{Front, ourselves};
use crate::config::span;
use crate::domain::bundle::listens;
use crate::domain::ids::WorkspaceId;
use crate::domain::recovery::{Cause, Wanted};
use crate::domain::time::Timestamp;
use crate::slack::outcome::Failure;
use crate::store::recovery::Progress;

/// How recovery stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryDocument {
    /// Whether anything is being read, or waits for its turn.
    pub running: bool,
    /// Channels of this round, or of the last one.
    pub channels: i64,
    /// Channels of it that are not read to their end.
    pub channels_left: i64,
    /// Messages read in it.
    pub messages_read: i64,
    /// Messages among them that had not arrived by themselves.
    pub found: i64,
    /// When the last channel or thread was read to its end, RFC 3339.
    pub finished_at: Option<String>,
    /// Minutes since the start in which Slack kept events back because there were too many; they are read again.
    #[serde(default)]
    pub minutes_withheld: u64,
    /// Channels that cannot be read.
    pub failed: Vec<FailedChannel>,
}

/// A channel that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedChannel {
    /// Which one.
    pub channel: ChannelName,
    /// A stable word or Slack's error name.
    pub reason: String,
    /// What it means and what to do.
    pub hint: String,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requested {
    /// Always true.
    pub ok: bool,
    /// How many channels will be read.
    pub channels: usize,
}

/// What shall be read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// `#name` or id; every monitored channel when there is none.
    #[serde(default)]
    channels: Vec<String>,
    /// How far back, as in `2d`, or an instant in RFC 3339, if further than what is known to be missing.
    since: Option<String>,
}

/// `POST /v1/recover`.
pub async fn request(front: Front, Given(asked): Given<Asked>) -> Result<Json<Requested>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    let now = (front.now)();
    let since = asked.since.as_deref().map(|since| start(since, now)).transpose()?;
    let monitor = front.habits.borrow().monitor;
    let mut channels = Vec::with_capacity(asked.channels.len());
    for wanted in &asked.channels {
        let channel = known(&front, &workspace, wanted).await?;
        if !listens(monitor, channel.pick) {
            let what =
                format!("channel {wanted:?} is not monitored; hint: deskd channels monitor {wanted:?}");
            return Err(Refusal::new(Code::WrongState, what));
        }
        channels.push(channel.id);
    }
    let wanted = Wanted { channels, since, cause: Cause::Asked };
    let channels = front.recovery.request(workspace, wanted, now).await?;
    Ok(Json(Requested { ok: true, channels }))
}

/// `GET /v1/recover`.
pub async fn show(front: Front) -> Result<Json<RecoveryDocument>, Refusal> {
    Ok(Json(document(&front).await?))
}

/// How recovery stands, for this route and for `status`.
pub async fn document(front: &Front) -> Result<RecoveryDocument, Refusal> {
    let Progress { channels, left, messages, found, finished_at, failed } =
        front.store.recovery_progress().await?;
    let mut named = Vec::with_capacity(failed.len());
    for (id, reason) in failed {
        let workspace = front.store.ourselves().await?.map(|ours| ours.workspace);
        let name = name(front, workspace, &id.0).await?;
        named.push(FailedChannel { channel: ChannelName { id: id.0, name }, hint: hint(&reason), reason });
    }
    Ok(RecoveryDocument {
        running: left > 0,
        channels,
        channels_left: left,
        messages_read: messages,
        found,
        finished_at: time(finished_at),
        minutes_withheld: front.endings.counts().get("withheld").copied().unwrap_or_default(),
        failed: named,
    })
}

async fn name(front: &Front, workspace: Option<WorkspaceId>, id: &str) -> Result<String, Refusal> {
    let Some(workspace) = workspace else { return Ok(String::new()) };
    let channel = front.store.of(&workspace).find_channel(id.to_owned()).await?;
    Ok(channel.map(|channel| channel.name).unwrap_or_default())
}

fn hint(reason: &str) -> String {
    match reason {
        "history_without_end" => "Slack's pages lead nowhere; it is tried again by itself".to_owned(),
        "too_many_messages" => "only the newest messages were read".to_owned(),
        _ => Failure::Refused { error: reason.to_owned(), needed: None, messages: Vec::new() }.sentence(),
    }
}

fn start(since: &str, now: Timestamp) -> Result<Timestamp, Refusal> {
    if let Ok(at) = since.parse::<jiff::Timestamp>() {
        return Ok(Timestamp(at.as_millisecond()));
    }
    let span = span::parse(since).ok_or_else(|| {
        Refusal::bad(format!(
            "cannot read {since:?} as a span or an instant; hint: 2d, 12h, or 2026-11-21T09:00:00Z"
        ))
    })?;
    Ok(now.minus(span))
}
