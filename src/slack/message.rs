//! Messages: posted, edited, deleted. What they mean for us is decided in `domain`, not here; so joins, topics and
//! unknown subtypes come out as posted messages with their subtype, for the filter to name.

use super::decode::Undecodable;
use super::event::Event;
use super::loose;
use crate::domain::ids::{ChannelId, MessageTs, PersonId, WorkspaceId};
use crate::domain::message::{Arrival, Author, Edit, Message};
use crate::domain::time::Timestamp;

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
    let within = if event.text.is_none() { event.message.object()? } else { None };
    let inner = within.as_ref().unwrap_or(event);
    let Some(ts) = own_ts(event).or_else(|| own_ts(inner)) else {
        return without_ts(event);
    };
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
        edited_at: edited_at(inner),
    }))
}

/// When the text was changed last, as the message itself says it.
fn edited_at(event: &Event<'_>) -> Option<Timestamp> {
    let ts = event.edited.object().and_then(|edited| loose::filled(&edited.ts))?;
    instant(&MessageTs(ts))
}

/// What people write always has a `ts`; some announcements (`channel_join`) come without.
fn without_ts(event: &Event<'_>) -> Result<Arrival, Undecodable> {
    match loose::filled(&event.subtype) {
        Some(subtype) => Ok(Arrival::Other { kind: format!("message.{subtype}") }),
        None => Err(Undecodable::lacks("ts")),
    }
}

fn changed(event: &Event<'_>, channel: ChannelId) -> Result<Arrival, Undecodable> {
    let now = event.message.object()?.ok_or_else(|| Undecodable::lacks("message"))?;
    let before = event.previous_message.object()?;
    let ts = own_ts(&now).or_else(|| before.as_ref().and_then(own_ts));
    let ts = ts.ok_or_else(|| Undecodable::lacks("message.ts"))?;
    // A deleted thread parent is not deleted but changed into a tombstone, so that its replies keep a place.
    if loose::or_empty(&now.subtype) == "tombstone" {
        return Ok(Arrival::Deleted { channel, ts });
    }
    Ok(Arrival::Edited(Edit {
        channel,
        ts,
        text: text(&now),
        previous: before.as_ref().map(text),
        at: own_ts(event).and_then(|ts| instant(&ts)),
        author: author(&now),
    }))
}

fn deleted(event: &Event<'_>, channel: ChannelId) -> Result<Arrival, Undecodable> {
    let before = event.previous_message.object()?;
    let ts = loose::filled(&event.deleted_ts).map(MessageTs).or_else(|| before.as_ref().and_then(own_ts));
    Ok(Arrival::Deleted { channel, ts: ts.ok_or_else(|| Undecodable::lacks("deleted_ts"))? })
}

/// The instant that a `ts` stands for.
fn instant(ts: &MessageTs) -> Option<Timestamp> {
    let (seconds, micros) = ts.0.split_once('.')?;
    let millis: i64 = format!("{micros:0<3}").get(..3)?.parse().ok()?;
    seconds.parse::<i64>().ok()?.checked_mul(1000)?.checked_add(millis).map(Timestamp)
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

#[cfg(test)]
mod tests {
    use crate::domain::ids::PersonId;
    use crate::domain::message::{Arrival, ChannelChange, Message};
    use crate::slack::decode::decode;
    use serde_json::{Value, json};

    fn arrival(event: &Value) -> Arrival {
        let payload = json!({"type": "event_callback", "event_id": "Ev1", "event": event}).to_string();
        decode("events_api", &payload, Some(&PersonId("UBOT".into()))).expect("the event decodes")
    }

    fn posted(event: &Value) -> Message {
        match arrival(event) {
            Arrival::Posted(message) => message,
            other => panic!("not a posted message: {other:?}"),
        }
    }

    #[test]
    fn a_mention_is_seen_in_the_text_and_in_the_type() {
        for (kind, text, mentioned) in [
            ("message", "hello <@UBOT> there", true),
            ("message", "hello <@UBOT|deskd>", true),
            ("message", "hello <@UBOTHER> and <@U1>", false),
            ("message", "<@U1> <@UBOT>", true),
            ("app_mention", "hello", true),
        ] {
            let event = json!({"type": kind, "channel": "C1", "user": "U1", "ts": "1.2", "text": text});
            assert_eq!(posted(&event).mentions_us, mentioned, "{kind} {text}");
        }
    }

    #[test]
    fn a_reply_has_a_thread_and_a_parent_has_none() {
        for (thread, expected) in [(json!("1.0"), Some("1.0")), (json!("1.2"), None), (Value::Null, None)] {
            let event =
                json!({"type": "message", "channel": "C1", "user": "U1", "ts": "1.2", "thread_ts": thread});
            assert_eq!(posted(&event).thread.map(|ts| ts.0).as_deref(), expected, "{thread}");
        }
    }

    #[test]
    fn a_bare_upload_and_a_bot_that_writes_attachments_are_read() {
        let upload = posted(
            &json!({"type": "message", "subtype": "file_share", "channel": "C1", "user": "U1", "ts": "1.2",
            "text": "", "files": [{"id": "F1", "name": null, "title": "plan"}, {"id": "F2"}, null]}),
        );
        assert_eq!((upload.text.as_str(), upload.files), ("", vec!["plan".to_owned(), "F2".to_owned()]));
        let alarm = posted(
            &json!({"type": "message", "subtype": "bot_message", "channel": "C1", "ts": "1.2", "text": null,
            "bot_id": "B1", "bot_profile": {"app_id": "A1"}, "attachments": [{"pretext": "Disk", "text": "full"},
            {"fallback": "see dashboard"}]}),
        );
        assert_eq!(alarm.text, "Disk\nfull\nsee dashboard");
        let by = alarm.author;
        assert_eq!((by.person, by.bot.as_deref(), by.app.as_deref()), (None, Some("B1"), Some("A1")));
    }

    #[test]
    fn f30_an_edit_names_the_inner_message_and_both_texts() {
        let edit = |subtype: &str| {
            json!({"type": "message", "subtype": "message_changed", "channel": "C1", "ts": "9.9",
                "message": {"ts": "1.2", "user": "U1", "text": "new", "subtype": subtype},
                "previous_message": {"ts": "1.2", "text": "old"}})
        };
        let Arrival::Edited(edited) = arrival(&edit("")) else { panic!("not an edit") };
        assert_eq!((edited.ts.0.as_str(), edited.text.as_str()), ("1.2", "new"));
        assert_eq!(edited.previous.as_deref(), Some("old"));
        assert!(matches!(arrival(&edit("tombstone")), Arrival::Deleted { ts, .. } if ts.0 == "1.2"));
    }

    #[test]
    fn channel_news_has_the_same_meaning_for_public_and_private_channels() {
        for (event, channel, change) in [
            (
                json!({"type": "group_rename", "channel": {"id": "G1", "name": "new"}}),
                "G1",
                ChannelChange::Renamed("new".into()),
            ),
            (json!({"type": "channel_archive", "channel": "C1"}), "C1", ChannelChange::Closed),
            (json!({"type": "group_deleted", "channel": "G1"}), "G1", ChannelChange::Closed),
            (json!({"type": "group_unarchive", "channel": "G1"}), "G1", ChannelChange::Reopened),
            (
                json!({"type": "member_left_channel", "channel": "C1", "user": "U1"}),
                "C1",
                ChannelChange::Left(PersonId("U1".into())),
            ),
        ] {
            let Arrival::Channel(news) = arrival(&event) else { panic!("no channel news: {event}") };
            assert_eq!((news.channel.0.as_str(), news.change), (channel, change));
        }
        assert_eq!(
            arrival(&json!({"type": "channel_rename", "channel": null})),
            Arrival::Other { kind: "channel_rename".into() }
        );
    }

    #[test]
    fn f27_outer_and_unknown_events_are_other_and_broken_ones_say_where() {
        for payload in
            [r#"{"type":"app_rate_limited","team_id":"T1"}"#, r#"{"event":{"type":"app_rate_limited"}}"#]
        {
            assert_eq!(
                decode("events_api", payload, None),
                Ok(Arrival::Other { kind: "app_rate_limited".into() })
            );
        }
        for (payload, problem) in [
            (r#"{"secret": tru"#, "the payload is cut off at line 1 column 14"),
            (r#"{"secret": x}"#, "the payload is not valid JSON at line 1 column 12"),
            (r#"["secret"]"#, "the payload has no object"),
            (r#"{"type":"event_callback","event":null}"#, "the payload has no event"),
            (r#"{"event":{"type":"message","text":"secret"}}"#, "the payload has no channel"),
        ] {
            assert_eq!(decode("events_api", payload, None).map_err(|u| u.problem), Err(problem.to_owned()));
        }
    }
}
