//! Channels: what Slack says of them, and which ones the desk listens to.

use axum::Json;
use axum::extract::ConnectInfo;
use serde::{Deserialize, Serialize};

use super::arguments::{Asked, Given};
use super::caller::Caller;
use super::errors::{Code, Refusal};
use super::{Front, ourselves};
use crate::config::problem::nearest;
use crate::domain::bundle::Pick;
use crate::domain::ids::{ChannelId, WorkspaceId};
use crate::domain::message::Ourselves;
use crate::domain::task::Actor;
use crate::slack::rooms::ChannelInfo;
use crate::store::channels::Channel;

/// A channel as other documents name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelName {
    /// Slack's id of it.
    pub id: String,
    /// The name without `#`; empty when unknown.
    pub name: String,
}

/// A channel as listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelRow {
    /// Slack's id of it.
    pub id: String,
    /// The name without `#`; empty when unknown.
    pub name: String,
    /// Whether the desk takes messages from it, once the bot is a member.
    pub monitored: bool,
    /// `monitor`, `ignore` or `none`: what somebody picked.
    pub pick: String,
    /// Whether the bot is in it; without that nothing arrives.
    pub is_member: bool,
    /// Whether only members see it.
    pub is_private: bool,
    /// Whether it is archived.
    pub is_archived: bool,
}

/// What became of a pick.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picked {
    /// Always true.
    pub ok: bool,
    /// The channel as it is now.
    pub channel: ChannelRow,
    /// What is still missing.
    pub remark: Option<String>,
}

/// Whether to ask Slack first.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    refresh: Option<String>,
}

/// The channel that somebody means.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    channel: String,
}

/// `GET /v1/channels`, by name; `refresh=1` asks Slack first.
pub async fn list(front: Front, Asked(which): Asked<Which>) -> Result<Json<Vec<ChannelRow>>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    if which.refresh.is_some_and(|word| !matches!(word.as_str(), "0" | "false")) {
        refresh(&front, &workspace).await?;
    }
    let joined = front.settings.borrow().monitor_joined;
    let channels = front.store.of(&workspace).channels().await?;
    Ok(Json(channels.into_iter().map(|channel| row(channel, joined)).collect()))
}

/// `POST /v1/channels/monitor`: listen to it.
pub async fn monitor(
    front: Front,
    ConnectInfo(caller): ConnectInfo<Caller>,
    Given(wanted): Given<Wanted>,
) -> Result<Json<Picked>, Refusal> {
    pick(&front, &wanted.channel, Pick::Monitor, caller.actor()).await.map(Json)
}

/// `POST /v1/channels/ignore`: do not listen to it.
pub async fn ignore(
    front: Front,
    ConnectInfo(caller): ConnectInfo<Caller>,
    Given(wanted): Given<Wanted>,
) -> Result<Json<Picked>, Refusal> {
    pick(&front, &wanted.channel, Pick::Ignore, caller.actor()).await.map(Json)
}

/// The channel among those we know; the refusal names the nearest.
pub async fn known(front: &Front, workspace: &WorkspaceId, wanted: &str) -> Result<Channel, Refusal> {
    let typed = typed(wanted)?;
    if let Some(channel) = front.store.of(workspace).find_channel(typed.to_owned()).await? {
        return Ok(channel);
    }
    let channels = front.store.of(workspace).channels().await?;
    let names = channels.iter().filter(|channel| !channel.is_archived).map(|channel| channel.name.as_str());
    let hint = match nearest(typed.trim_start_matches('#'), names) {
        Some(name) => format!("did you mean \"#{name}\"?"),
        None => {
            "see \"deskd channels list --refresh\"; the bot sees a private channel only once it is invited"
                .to_owned()
        }
    };
    Err(Refusal::new(Code::NoSuchChannel, format!("there is no channel {wanted:?}; hint: {hint}")))
}

/// `#name`, an id, or Slack's `<#C…|name>`.
fn typed(wanted: &str) -> Result<&str, Refusal> {
    let bare = wanted.trim().trim_start_matches("<#").trim_end_matches('>');
    match bare.split('|').next().unwrap_or(bare) {
        "" | "#" => {
            Err(Refusal::bad("a channel is missing; hint: give \"#name\" (in quotes) or its id (C...)"))
        }
        typed => Ok(typed),
    }
}

/// Finds a channel that may be new: asks Slack when the store does not have it.
async fn found(front: &Front, workspace: &WorkspaceId, wanted: &str) -> Result<Channel, Refusal> {
    match known(front, workspace, wanted).await {
        Ok(channel) => Ok(channel),
        Err(unknown) if unknown.code == Code::NoSuchChannel => {
            refresh(front, workspace).await.map_err(|problem| Refusal {
                message: format!("channel {wanted:?} is not known yet, and {}", problem.message),
                ..problem
            })?;
            known(front, workspace, wanted).await
        }
        Err(problem) => Err(problem),
    }
}

async fn refresh(front: &Front, workspace: &WorkspaceId) -> Result<(), Refusal> {
    let listed = front.apis.of(workspace)?.conversations_list().await?;
    let channels = listed.into_iter().filter(|channel| !channel.is_im).map(stored).collect();
    Ok(front.store.of(workspace).sync_channels(channels, (front.now)()).await?)
}

fn stored(info: ChannelInfo) -> Channel {
    let ChannelInfo { id, name, is_private, is_member, is_archived, is_im: _ } = info;
    Channel { id, name, is_private, is_member, is_archived, pick: Pick::None }
}

async fn pick(front: &Front, wanted: &str, pick: Pick, by: Actor) -> Result<Picked, Refusal> {
    let ours = ourselves(front).await?;
    let mut channel = found(front, &ours.workspace, wanted).await?;
    let ChannelId(id) = &channel.id;
    front.store.of(&ours.workspace).pick_channel(ChannelId(id.clone()), pick, by, (front.now)()).await?;
    channel.pick = pick;
    let remark = match pick {
        Pick::Monitor => missing(front, &ours, &channel).await?,
        Pick::Ignore | Pick::None => None,
    };
    let joined = front.settings.borrow().monitor_joined;
    Ok(Picked { ok: true, channel: row(channel, joined), remark })
}

/// What keeps messages of a monitored channel from arriving.
async fn missing(front: &Front, ours: &Ourselves, channel: &Channel) -> Result<Option<String>, Refusal> {
    if channel.is_archived {
        return Ok(Some("the channel is archived, so nobody can write in it".to_owned()));
    }
    if channel.is_member {
        return Ok(None);
    }
    let profile = front.store.of(&ours.workspace).person(ours.person.clone()).await?;
    let bot = match profile.map(|profile| profile.handle).filter(|handle| !handle.is_empty()) {
        Some(handle) => format!("@{handle}"),
        None => "@deskd (or what the app's bot is called)".to_owned(),
    };
    Ok(Some(format!("the bot is not in the channel yet, so nothing arrives; invite it there: /invite {bot}")))
}

fn row(channel: Channel, joined: bool) -> ChannelRow {
    let Channel { id, name, is_private, is_member, is_archived, pick } = channel;
    let (word, monitored) = match pick {
        Pick::Monitor => ("monitor", true),
        Pick::Ignore => ("ignore", false),
        Pick::None => ("none", joined && is_member),
    };
    ChannelRow { id: id.0, name, monitored, pick: word.to_owned(), is_member, is_private, is_archived }
}
