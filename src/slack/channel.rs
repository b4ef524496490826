//! News of channels: renamed, closed, reopened, moved, joined, left. Private channels (`group_…`) are channels.

use super::event::Event;
use super::loose;
use crate::domain::ids::{ChannelId, PersonId};
use crate::domain::message::{ChannelChange, ChannelNews};

/// Reads an event about a channel; `None` for every other event and for one without a channel.
pub fn news(kind: &str, event: &Event<'_>) -> Option<ChannelNews> {
    let change = match kind {
        "channel_rename" | "group_rename" => ChannelChange::Renamed(new_name(event)?),
        "channel_archive" | "group_archive" | "channel_deleted" | "group_deleted" => ChannelChange::Closed,
        "channel_unarchive" | "group_unarchive" => ChannelChange::Reopened,
        "member_joined_channel" => ChannelChange::Joined(PersonId(event.user_id()?)),
        "member_left_channel" => ChannelChange::Left(PersonId(event.user_id()?)),
        "channel_id_changed" => return moved(event),
        _ => return None,
    };
    Some(ChannelNews { channel: ChannelId(event.channel_id()?), change })
}

fn new_name(event: &Event<'_>) -> Option<String> {
    event.channel.object().and_then(|channel| loose::filled(&channel.name))
}

fn moved(event: &Event<'_>) -> Option<ChannelNews> {
    let channel = ChannelId(loose::filled(&event.old_channel_id)?);
    let change = ChannelChange::Moved(ChannelId(loose::filled(&event.new_channel_id)?));
    Some(ChannelNews { channel, change })
}
