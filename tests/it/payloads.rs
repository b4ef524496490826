//! Every payload that somebody else recorded or wrote down is understood, and no broken one brings anything down.
//!
//! The payloads are not part of the repository: `DESKD_PAYLOADS` names their folder, which has an `index.tsv`.

use std::fs;
use std::path::PathBuf;

use deskd::domain::ids::PersonId;
use deskd::simulator::Which;
use deskd::slack::decode::decode;
use deskd::slack::wire::{Head, keys};
use serde_json::Value;

use crate::world::World;

/// A payload with the envelope type it would come in.
pub struct Sample {
    pub file: String,
    pub envelope: String,
    pub payload: String,
}

const KINDS: [(&str, &str); 6] = [
    ("event_callback", "events_api"),
    ("event_wrapped", "events_api"),
    ("events_outer", "events_api"),
    ("interactive", "interactive"),
    ("slash_command", "slash_commands"),
    ("socket_envelope", ""),
];

pub fn samples() -> Vec<Sample> {
    let Some(folder) = std::env::var_os("DESKD_PAYLOADS").map(PathBuf::from) else {
        println!("skipped: DESKD_PAYLOADS is not set");
        return Vec::new();
    };
    let index = fs::read_to_string(folder.join("index.tsv")).expect("the folder has an index.tsv");
    let rows = index.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>());
    let wanted = rows.filter(|row| row.len() > 3 && row[3] != "malformed");
    wanted
        .filter_map(|row| {
            let (_, envelope) = KINDS.iter().find(|(kind, _)| *kind == row[1])?;
            let text = fs::read_to_string(folder.join(row[0])).expect("an indexed file can be read");
            Some(sample(row[0], envelope, text))
        })
        .collect()
}

fn sample(file: &str, envelope: &str, text: String) -> Sample {
    if !envelope.is_empty() {
        return Sample { file: file.to_owned(), envelope: envelope.to_owned(), payload: text };
    }
    let head = Head::read(&text).expect("a frame is an object");
    let payload = head.payload.expect("an envelope has a payload").get().to_owned();
    Sample { file: file.to_owned(), envelope: head.kind().to_owned(), payload }
}

#[test]
fn f27_every_known_payload_decodes() {
    let problems: Vec<String> = samples()
        .iter()
        .filter_map(|sample| {
            let failed = decode(&sample.envelope, &sample.payload, None).err()?;
            Some(format!("{}: {failed}", sample.file))
        })
        .collect();
    assert_eq!(problems, Vec::<String>::new());
}

#[test]
fn the_type_and_the_workspace_are_found_wherever_a_payload_names_them() {
    for sample in samples() {
        let found = keys(&sample.envelope, &sample.payload);
        // Some examples are stubs that name neither.
        let says = |word: &str| sample.payload.contains(word);
        assert!(found.workspace.is_some() || !says("\"team_id\""), "{}: no workspace", sample.file);
        assert!(
            found.kind.is_some() || !(says("\"type\"") || says("\"command\"")),
            "{}: no type",
            sample.file
        );
        assert!(
            found.event_id.is_some() || !(says("\"event_id\"") || says("\"trigger_id\"")),
            "{}: no id",
            sample.file
        );
    }
}

#[test]
fn f26_no_mutated_payload_panics_or_takes_a_field_for_another() {
    let us = PersonId("U00000BOT".into());
    for sample in samples() {
        let Ok(whole) = serde_json::from_str::<Value>(&sample.payload) else { continue };
        for changed in mutations(&whole) {
            let text = changed.to_string();
            let _ = decode(&sample.envelope, &text, Some(&us));
            let _ = keys(&sample.envelope, &text);
        }
        let text = sample.payload.trim_end();
        for cut in (0..text.len()).step_by(37).filter(|cut| text.is_char_boundary(*cut)) {
            assert!(
                decode(&sample.envelope, &text[..cut], Some(&us)).is_err(),
                "{} cut at {cut}",
                sample.file
            );
            keys(&sample.envelope, &text[..cut]);
        }
    }
}

/// The value with each of its members in turn dropped, set to null, and given another type.
fn mutations(value: &Value) -> Vec<Value> {
    let others = [Value::Null, Value::from(7), Value::from(true), Value::from("text"), Value::from(vec![1])];
    let mut found = Vec::new();
    let Value::Object(members) = value else {
        return others.to_vec();
    };
    for (name, member) in members {
        let mut without = members.clone();
        without.remove(name);
        found.push(Value::Object(without));
        for other in others.iter().cloned().chain([Value::Object(members.clone())]) {
            let mut with = members.clone();
            with.insert(name.clone(), other);
            found.push(Value::Object(with));
        }
        if matches!(name.as_str(), "event" | "message" | "previous_message" | "user" | "profile" | "channel")
        {
            found.extend(mutations(member).into_iter().map(|inner| {
                let mut with = members.clone();
                with.insert(name.clone(), inner);
                Value::Object(with)
            }));
        }
    }
    found
}

#[tokio::test(start_paused = true)]
async fn f26_every_known_payload_is_acknowledged_and_stored_and_the_desk_goes_on() {
    let world = World::start().await;
    let before = world.store().standing().await.unwrap().recorded;
    let mut distinct = std::collections::BTreeSet::new();
    for sample in samples() {
        let payload: Value = serde_json::from_str(&sample.payload).unwrap();
        distinct.insert(payload.to_string());
        world.slack.deliver(&sample.envelope, payload);
        world.pass_ms(20).await;
    }
    for odd in [
        r#"{"type":"events_api","envelope_id":"odd-1"}"#,
        r#"{"type":"nova","envelope_id":"odd-2","payload":7}"#,
    ] {
        world.slack.deliver_raw(Which::Oldest, odd);
    }
    world.pass(5).await;
    assert_eq!(world.slack.unacked(), 0, "an envelope is not acknowledged");
    let recorded = world.store().standing().await.unwrap().recorded - before;
    assert_eq!(recorded, i64::try_from(distinct.len()).unwrap() + 2, "a payload is not stored");
    world.slack.say("ada", "support", "is anybody still there?").unwrap();
    world.pass(40).await;
    assert!(world.tasks().await.contains("is anybody still there?"));
    world.close_quietly().await;
}
