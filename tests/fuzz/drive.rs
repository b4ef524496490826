//! What the coverage-guided targets do with an input, and what must hold whatever it is. The targets and
//! `tests/it/corpus.rs`, which runs the kept inputs again on every build, share this file.

use deskd::config::check::{Layers, check};
use deskd::config::file::Source;
use deskd::config::{Environment, Places, Spot};
use deskd::domain::bundle::{self, Desk, Heard, Known, Monitor, Pick, Quiet};
use deskd::domain::classify::{Bundled, Compiled, classify};
use deskd::domain::courtesy::is_courtesy;
use deskd::domain::ids::{PersonId, WorkspaceId};
use deskd::domain::message::{Arrival, Message, Ourselves};
use deskd::domain::reason::EventReason;
use deskd::domain::rules::Rules;
use deskd::domain::time::Timestamp;
use deskd::domain::words::WordKind;
use deskd::domain::{mrkdwn, reference, snooze, split, words};
use deskd::slack::decode::decode;
use deskd::slack::veil::veiled;
use deskd::slack::wire::{Head, keys};
use std::sync::OnceLock;
use std::time::Duration;

/// The longest problem that is told of a payload: a sentence with a place has no room for content.
const LONGEST_PROBLEM: usize = 100;

/// A Socket Mode frame: its head, its keys, what its payload means, and what becomes of that.
pub fn envelope(bytes: &[u8]) {
    let Ok(frame) = std::str::from_utf8(bytes) else { return };
    if let Some(head) = Head::read(frame) {
        let payload = head.payload.map_or("null", |payload| payload.get());
        assert!(frame.contains(payload) || payload == "null", "the payload is a piece of the frame");
        understand(head.kind(), payload);
    }
    // The frame as a payload of each kind, so that the way to the inner fields is short.
    for kind in ["events_api", "slash_commands", "interactive"] {
        understand(kind, frame);
    }
}

fn understand(kind: &str, payload: &str) {
    let desk = desk();
    let kept = veiled(payload);
    assert_eq!(veiled(&kept), kept, "what is kept holds no token any more");
    let whole = |text: &str| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    assert!(whole(&kept) || !whole(payload), "what came whole is kept whole");
    let found = keys(kind, payload);
    assert_eq!(found, keys(kind, payload), "keys are the same each time");
    match decode(kind, payload, Some(&desk.ours.person)) {
        Ok(Arrival::Posted(message)) => decide(&message, &desk),
        Ok(Arrival::Edited(edit)) => {
            let stored = bundle::Stored { text: edit.text.clone(), deleted: false, edited_at: None };
            assert_eq!(bundle::decide_edit(&edit, Some(&stored)), Err(EventReason::EditUnchanged));
        }
        Ok(_) => {}
        Err(broken) => {
            assert!(
                broken.problem.is_ascii() && broken.problem.len() < LONGEST_PROBLEM,
                "content in a problem"
            );
        }
    }
}

fn decide(message: &Message, desk: &Desk) {
    if bundle::screen(message, Pick::Monitor, desk).is_none() {
        assert!(message.author.id().is_some(), "what is gathered has an author");
        let known = Known { teammate: false, seen: None, root: None, open: None, past: None };
        let decision = bundle::decide(
            message,
            &known,
            desk,
            Heard::of(&message.ts, Timestamp(1_700_000_000_000), false),
        );
        assert!(matches!(decision, bundle::Decision::Open { .. }), "{decision:?}");
    }
    text(message.text.as_bytes());
}

fn desk() -> Desk {
    let ours = Ourselves {
        workspace: WorkspaceId("T1".into()),
        workspace_name: "Acme".into(),
        url: "https://acme.slack.com/".into(),
        person: PersonId("U0".into()),
        bot: "B0".into(),
        app: Some("A0".into()),
    };
    let quiet = Quiet { quiet: Duration::from_secs(30), max_wait: Duration::from_secs(300) };
    Desk { ours, kin: Vec::new(), trusted_bots: vec!["B1".into()], monitor: Monitor::Picked, quiet }
}

/// A text as Slack encodes it: made readable, cut, previewed, classified; and as what people type to the desk.
pub fn text(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    assert_eq!(mrkdwn::unescape(&mrkdwn::escape(text)), text, "escaping is undone by unescaping");
    let escaped = mrkdwn::escape(text);
    assert!(!escaped.contains(['<', '>']), "an escaped text names nobody");
    let readable = mrkdwn::plain(text, &|_| None);
    mrkdwn::plain(text, &|_| Some("Ada <&>".into()));
    mrkdwn::mentions(text, "U0");
    for most in [0, 1, 20] {
        assert!(mrkdwn::preview(&readable, most).chars().count() <= most, "a preview is at most {most} long");
    }
    for (whole, most) in [(text, 16), (&*escaped, 40), (text, split::MESSAGE_CHARS)] {
        pieces(whole, most);
    }
    for word in words::words(text) {
        let nameless = matches!(word.kind, WordKind::Mention | WordKind::Token);
        assert_eq!(word.text.is_empty(), nameless, "{:?} has {} bytes", word.kind, word.text.len());
    }
    let texts = [text, text];
    let bundle = Bundled {
        channel: "C1",
        channel_name: Some("support"),
        email: Some("ada@globex.example"),
        ..Bundled::of(&texts)
    };
    let verdict = classify(&bundle, compiled());
    assert!((0.0..=1.0).contains(&verdict.confidence), "{} is no confidence", verdict.confidence);
    is_courtesy(text);
    let _ = reference::parse(text);
    let now = Timestamp(1_767_603_600_000);
    if let Ok(until) = snooze::parse(text, now, "Europe/Berlin") {
        assert!(until > now, "a snooze ends later");
    }
}

fn pieces(whole: &str, most: usize) {
    let parts = split::split(whole, most);
    assert_eq!(parts.is_empty(), whole.trim().is_empty(), "only a blank text has no parts");
    for part in &parts {
        assert!(!part.is_empty() && part.chars().count() <= most, "a part is 1 to {most} long");
    }
    let letters =
        |text: &str| text.chars().filter(|letter| !letter.is_whitespace() && *letter != '`').count();
    let together: usize = parts.iter().map(|part| letters(part)).sum();
    assert_eq!(together, letters(whole), "every letter is in one part");
}

fn compiled() -> &'static Compiled {
    static COMPILED: OnceLock<Compiled> = OnceLock::new();
    COMPILED.get_or_init(|| Compiled::new(&Rules::builtin()))
}

/// A configuration file, after a line `#env` followed by variables, one a line.
pub fn config(bytes: &[u8]) {
    let Ok(all) = std::str::from_utf8(bytes) else { return };
    let (text, variables) = all.split_once("\n#env\n").unwrap_or((all, ""));
    let env: Environment = variables
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let source = Source { path: "config.toml".into(), text: text.to_owned() };
    match check(&Layers { source: Some(&source), env: &env, flags: &[] }, &Places::system()) {
        Ok(config) => {
            assert_eq!(config.hash(), config.clone().hash(), "the hash is of the contents");
            assert!(!config.lines().is_empty());
            Compiled::new(&config.rules);
        }
        Err(problems) => {
            assert!(!problems.0.is_empty(), "a refusal names a problem");
            for problem in &problems.0 {
                assert!(!problem.to_string().is_empty());
                if let Spot::Line { line, column, .. } = &problem.spot {
                    let lines = text.split('\n').count();
                    assert!((1..=lines).contains(line) && *column >= 1, "{problem} is not in the file");
                }
            }
        }
    }
}
