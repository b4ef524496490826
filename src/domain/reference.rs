//! What people type to point at something: `deskd why REF`, and copied links.
//!
//! Only reads the text. Whether the thing exists is the store's to say.

use super::ids::{
    BundleId, ChannelId, DeliveryId, EventId, MessageTs, NoticeId, SendId, TaskNumber, TroubleId,
};

/// Something that was pointed at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// A message by its link, as Slack's "Copy link" gives it.
    Permalink {
        /// Where the message is.
        channel: ChannelId,
        /// The message.
        ts: MessageTs,
        /// Its thread's parent, when the link is of a reply.
        thread: Option<MessageTs>,
    },
    /// A message as `CHANNEL/TS`.
    Message {
        /// Where the message is.
        channel: ChannelId,
        /// The message.
        ts: MessageTs,
    },
    /// Slack's id of an event (`Ev…`), or the envelope's id (a UUID) of what has no event id.
    Event(String),
    /// A row of the journal.
    Journal(EventId),
    /// A bundle.
    Bundle(BundleId),
    /// A task by its number.
    Task(TaskNumber),
    /// A row of the outbox.
    Send(SendId),
    /// A trouble of deskd.
    Trouble(TroubleId),
    /// A notice.
    Notice(NoticeId),
    /// A delivery of one.
    Delivery(DeliveryId),
}

/// The text points at nothing we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a reference: expected a message link (https://….slack.com/archives/…), CHANNEL/TS (C123/1700000000.000100), \
     an event id (Ev…), a task number (12 or #12), or one of \"task 12\", \"bundle 3\", \"event 991\", \"send 7\", \"trouble 2\", \
     \"notice 7\", \"delivery 9\""
)]
pub struct NoReference;

/// Reads a reference; surrounding white space and Slack's `<…>` around a link do not matter.
pub fn parse(text: &str) -> Result<Reference, NoReference> {
    let text = text.trim();
    let text = text.strip_prefix('<').and_then(|inner| inner.strip_suffix('>')).unwrap_or(text);
    let text = text.split('|').next().unwrap_or(text);
    if let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) {
        return permalink(rest).ok_or(NoReference);
    }
    let found = numbered(text).or_else(|| message(text)).or_else(|| event(text));
    found.ok_or(NoReference)
}

/// `host/archives/CHANNEL/pDIGITS?thread_ts=…&cid=…`.
fn permalink(rest: &str) -> Option<Reference> {
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (_, path) = path.split_once("/archives/")?;
    let mut parts = path.trim_end_matches('/').split('/');
    let channel = slack_id(parts.next()?)?;
    let digits = parts.next()?.strip_prefix('p')?;
    if parts.next().is_some() || digits.len() < 7 || !is_digits(digits) {
        return None;
    }
    let (seconds, fraction) = digits.split_at(digits.len() - 6);
    let query = query.split('#').next().unwrap_or("").replace("&amp;", "&");
    let ts = MessageTs(format!("{seconds}.{fraction}"));
    let thread = query.split('&').find_map(|pair| pair.strip_prefix("thread_ts=")).and_then(timestamp);
    let thread = thread.filter(|thread| *thread != ts);
    Some(Reference::Permalink { channel: ChannelId(channel.to_owned()), ts, thread })
}

/// `CHANNEL/TS`.
fn message(text: &str) -> Option<Reference> {
    let (channel, ts) = text.split_once('/')?;
    let channel = ChannelId(slack_id(channel.trim())?.to_owned());
    Some(Reference::Message { channel, ts: timestamp(ts.trim())? })
}

/// `12`, `#12`, `task 12`, `bundle 3`, `event 991`, `send 7`, `trouble 2`, `notice 7`, `delivery 9`.
fn numbered(text: &str) -> Option<Reference> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let (noun, digits) = text.split_at(start);
    let number: i64 = Some(digits).filter(|digits| is_digits(digits))?.parse().ok().filter(|n| *n > 0)?;
    let noun = noun.trim_end().trim_end_matches(['#', ':']).trim_end().to_ascii_lowercase();
    match noun.as_str() {
        "" | "task" => Some(Reference::Task(TaskNumber(number))),
        "bundle" => Some(Reference::Bundle(BundleId(number))),
        "event" => Some(Reference::Journal(EventId(number))),
        "send" => Some(Reference::Send(SendId(number))),
        "trouble" => Some(Reference::Trouble(TroubleId(number))),
        "notice" => Some(Reference::Notice(NoticeId(number))),
        "delivery" => Some(Reference::Delivery(DeliveryId(number))),
        _ => None,
    }
}

fn event(text: &str) -> Option<Reference> {
    let id = text.strip_prefix("event ").unwrap_or(text).trim();
    let slack = id.strip_prefix("Ev").is_some_and(|rest| slack_id(rest).is_some());
    let uuid = id.len() == 36
        && id.bytes().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        });
    (slack || uuid).then(|| Reference::Event(id.to_owned()))
}

/// Slack's ids are upper-case letters and digits.
fn slack_id(text: &str) -> Option<&str> {
    let fits = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    (!text.is_empty() && text.len() <= 64 && text.bytes().all(fits)).then_some(text)
}

fn timestamp(text: &str) -> Option<MessageTs> {
    let (seconds, fraction) = text.split_once('.')?;
    (is_digits(seconds) && is_digits(fraction) && fraction.len() == 6).then(|| MessageTs(text.to_owned()))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.len() <= 20 && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{Reference, parse};
    use crate::domain::ids::{
        BundleId, ChannelId, DeliveryId, EventId, MessageTs, NoticeId, SendId, TaskNumber, TroubleId,
    };
    use proptest::prelude::{ProptestConfig, proptest};

    fn link(ts: &str, thread: Option<&str>) -> Reference {
        Reference::Permalink {
            channel: ChannelId("C123".into()),
            ts: MessageTs(ts.into()),
            thread: thread.map(|ts| MessageTs(ts.into())),
        }
    }

    #[test]
    fn every_form_that_the_help_names_is_understood() {
        let ts = "1700000000.000100";
        let message = Reference::Message { channel: ChannelId("C123".into()), ts: MessageTs(ts.into()) };
        let uuid = "0d6a3f5e-0000-4000-8000-0123456789ab";
        let table = [
            ("https://acme.slack.com/archives/C123/p1700000000000100", link(ts, None)),
            ("<https://acme.slack.com/archives/C123/p1700000000000100>", link(ts, None)),
            ("<https://acme.slack.com/archives/C123/p1700000000000100|link>", link(ts, None)),
            ("http://127.0.0.1:9000/archives/C123/p1700000000000100/", link(ts, None)),
            (
                "https://acme.slack.com/archives/C123/p1700000005000200?thread_ts=1700000000.000100&cid=C123",
                link("1700000005.000200", Some(ts)),
            ),
            (
                "https://acme.slack.com/archives/C123/p1700000000000100?cid=C123&amp;thread_ts=1700000000.000100",
                link(ts, None),
            ),
            (" C123/1700000000.000100 ", message),
            ("Ev0ABC", Reference::Event("Ev0ABC".into())),
            ("event Ev0ABC", Reference::Event("Ev0ABC".into())),
            (uuid, Reference::Event(uuid.into())),
            ("12", Reference::Task(TaskNumber(12))),
            ("#12", Reference::Task(TaskNumber(12))),
            ("task 12", Reference::Task(TaskNumber(12))),
            ("Task #12", Reference::Task(TaskNumber(12))),
            ("task:12", Reference::Task(TaskNumber(12))),
            ("send 7", Reference::Send(SendId(7))),
            ("trouble 2", Reference::Trouble(TroubleId(2))),
            ("notice 7", Reference::Notice(NoticeId(7))),
            ("delivery #9", Reference::Delivery(DeliveryId(9))),
            ("bundle 3", Reference::Bundle(BundleId(3))),
            ("event 991", Reference::Journal(EventId(991))),
        ];
        for (text, expected) in table {
            assert_eq!(parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_the_forms() {
        let table = [
            "",
            "task",
            "0",
            "-3",
            "12a",
            "12 13",
            "ticket 3",
            "C123",
            "C123/17",
            "C123/1700000000.1",
            "c123/1700000000.000100",
            "https://acme.slack.com/archives/C123",
            "https://x.test/p1700000000000100",
            "Ev",
            "evabc",
            "99999999999999999999999",
            "https://acme.slack.com/archives/C123/p12x4567890123456",
            "<>",
        ];
        for text in table {
            assert!(parse(text).is_err(), "{text}");
        }
        let told = parse("x").unwrap_err().to_string();
        for form in ["/archives/", "C123/", "Ev…", "#12", "bundle 3", "event 991", "send 7"] {
            assert!(told.contains(form), "{told}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]
        #[test]
        fn no_text_makes_it_panic(text in "(?s).{0,40}", near in "(https://x/archives/|<|C1/|Ev|task |é)[pC0-9./?&|é>]{0,30}") {
            let _ = parse(&text);
            let _ = parse(&near);
        }
    }
}
