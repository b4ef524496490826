//! Messages: posted, edited, deleted. What they mean for us is decided in `domain`, not here; so joins, topics and
//! unknown subtypes come out as posted messages with their subtype, for the filter to name.

use super::decode::Undecodable;
use super::event::Event;
use super::loose;
use crate::domain::ids::{ChannelId, MessageTs, PersonId, WorkspaceId};
use crate::domain::message::{Arrival, Author, Edit, Message};

/// Reads a `message` or `app_mention` event.
pub fn arrival(event: &Event<'_>, bot_user: Option<&PersonId>) -> Result<Arrival, Undecodable> {
    let channel = ChannelId(event.channel_id().ok_or_else(|| Undecodable::lacks("channel"))?);
    match loose::or_empty(&event.subtype) {
        "message_deleted" => deleted(event, channel),
        "message_changed" => changed(event, channel),
        _ => posted(event, channel, bot_user),
    }
}

fn posted(
    event: &Event<'_>,
    channel: ChannelId,
    bot_user: Option<&PersonId>,
) -> Result<Arrival, Undecodable> {
    // Some copies carry the message one level down; the outer fields win where both are there.
    let inner = event.message.object().map(Box::as_ref).filter(|_| event.text.is_none()).unwrap_or(event);
    let ts = own_ts(event).or_else(|| own_ts(inner)).ok_or_else(|| Undecodable::lacks("ts"))?;
    let text = text(inner);
    let mention = loose::or_empty(&event.kind) == "app_mention";
    Ok(Arrival::Posted(Message {
        thread: thread(inner, &ts),
        channel,
        ts,
        author: author(inner),
        files: inner.files.iter().filter_map(file_name).collect(),
        mentions_us: mention || bot_user.is_some_and(|us| mentions(&text, us)),
        text,
        subtype: loose::filled(&event.subtype),
        client_msg_id: loose::filled(&inner.client_msg_id),
    }))
}

fn changed(event: &Event<'_>, channel: ChannelId) -> Result<Arrival, Undecodable> {
    let now = event.message.object().ok_or_else(|| Undecodable::lacks("message"))?;
    let before = event.previous_message.object();
    let ts = own_ts(now).or_else(|| before.and_then(|before| own_ts(before)));
    let ts = ts.ok_or_else(|| Undecodable::lacks("message.ts"))?;
    // A deleted thread parent is not deleted but changed into a tombstone, so that its replies keep a place.
    if loose::or_empty(&now.subtype) == "tombstone" {
        return Ok(Arrival::Deleted { channel, ts });
    }
    Ok(Arrival::Edited(Edit {
        channel,
        ts,
        text: text(now),
        previous: before.map(|before| text(before)),
        author: author(now),
    }))
}

fn deleted(event: &Event<'_>, channel: ChannelId) -> Result<Arrival, Undecodable> {
    let before = || event.previous_message.object().and_then(|before| own_ts(before));
    let ts = loose::filled(&event.deleted_ts).map(MessageTs).or_else(before);
    Ok(Arrival::Deleted { channel, ts: ts.ok_or_else(|| Undecodable::lacks("deleted_ts"))? })
}

fn own_ts(event: &Event<'_>) -> Option<MessageTs> {
    loose::filled(&event.ts).map(MessageTs)
}

fn thread(event: &Event<'_>, ts: &MessageTs) -> Option<MessageTs> {
    loose::filled(&event.thread_ts).map(MessageTs).filter(|thread| thread != ts)
}

fn author(event: &Event<'_>) -> Author {
    let app_of_bot = || event.bot_profile.object().and_then(|bot| loose::filled(&bot.app_id));
    let team = loose::filled(&event.user_team).or_else(|| loose::filled(&event.team));
    Author {
        person: event.user_id().map(PersonId),
        bot: loose::filled(&event.bot_id),
        app: loose::filled(&event.app_id).or_else(app_of_bot),
        team: team.map(WorkspaceId),
    }
}

/// The text; of a message without one, the text of its attachments, which is all that many bots write.
fn text(event: &Event<'_>) -> String {
    if let Some(text) = loose::filled(&event.text) {
        return text;
    }
    let lines = event.attachments.iter().flat_map(|attachment| {
        let said = [loose::filled(&attachment.pretext), loose::filled(&attachment.text)];
        let silent = said.iter().all(Option::is_none);
        said.into_iter().flatten().chain(loose::filled(&attachment.fallback).filter(|_| silent))
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn file_name(file: &super::event::File<'_>) -> Option<String> {
    loose::filled(&file.name).or_else(|| loose::filled(&file.title)).or_else(|| loose::filled(&file.id))
}

/// Whether the text holds `<@U…>` or the older `<@U…|label>` with this person.
fn mentions(text: &str, us: &PersonId) -> bool {
    text.match_indices("<@").any(|(at, open)| {
        let rest = text[at + open.len()..].strip_prefix(us.0.as_str());
        rest.is_some_and(|rest| rest.starts_with(['>', '|']))
    })
}
