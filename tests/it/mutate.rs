//! Payloads made worse: what a buggy, newer or hostile sender might write in the place of a known payload.

use std::fs;
use std::path::Path;

use proptest::prelude::{Just, Strategy, any, prop, prop_oneof};
use serde_json::{Map, Value, json};

use crate::payloads::{Sample, samples};

/// Stands for text that no JSON writer would produce; see `written`.
const RAW: &str = "\u{1}raw:";

/// One step from a payload to a worse one; the numbers choose a place in it.
#[derive(Clone, Debug)]
pub enum Mutation {
    /// Takes a value away.
    Drop(usize),
    /// Puts another value in its place.
    Retype(usize, usize),
    /// Wraps it in so many arrays or objects.
    Nest(usize, usize, bool),
    /// Exchanges two values.
    Swap(usize, usize),
    /// Writes a member a second time, with another value.
    Repeat(usize, usize),
    /// Puts odd letters into a text.
    Spoil(usize, String),
    /// Cuts the text off behind so many thousandths.
    Truncate(usize),
}

/// A payload and what is done to it.
#[derive(Clone, Debug)]
pub struct Case {
    sample: usize,
    mutations: Vec<Mutation>,
    /// With this, ids and times are drawn from a few, so that payloads come to speak of the same messages.
    mingled: Option<u64>,
}

/// Any case.
pub fn case() -> impl Strategy<Value = Case> {
    (any::<usize>(), prop::collection::vec(mutation(), 0..4), prop::option::of(any::<u64>()))
        .prop_map(|(sample, mutations, mingled)| Case { sample, mutations, mingled })
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let place = any::<usize>;
    prop_oneof![
        3 => place().prop_map(Mutation::Drop),
        4 => (place(), place()).prop_map(|(at, what)| Mutation::Retype(at, what)),
        1 => (place(), prop_oneof![1usize..4, Just(127), Just(5_000)], any::<bool>())
            .prop_map(|(at, depth, list)| Mutation::Nest(at, depth, list)),
        3 => (place(), place()).prop_map(|(one, other)| Mutation::Swap(one, other)),
        1 => (place(), place()).prop_map(|(at, what)| Mutation::Repeat(at, what)),
        2 => (place(), "(?s).{1,12}").prop_map(|(at, letters)| Mutation::Spoil(at, letters)),
        1 => (0usize..1_000).prop_map(Mutation::Truncate),
    ]
}

/// What cases are made of.
pub struct Samples {
    /// The small ones of the repository.
    own: Vec<Sample>,
    /// Those of `DESKD_PAYLOADS`, when they are there.
    others: Vec<Sample>,
}

impl Samples {
    /// Reads them all.
    pub fn read() -> Samples {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/hostile");
        let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
        files.sort();
        let own = files.iter().map(|path| {
            let file = path.file_name().unwrap().to_string_lossy().into_owned();
            let envelope = file.split('-').next().unwrap().to_owned();
            Sample { file, envelope, payload: fs::read_to_string(path).unwrap() }
        });
        Samples { own: own.collect(), others: samples() }
    }

    /// Our own half of the time: they are few, and their events have to do with each other.
    fn choose(&self, choice: usize) -> &Sample {
        let from = if choice.is_multiple_of(2) || self.others.is_empty() { &self.own } else { &self.others };
        &from[choice / 2 % from.len()]
    }
}

impl Case {
    /// The envelope's type and the payload that the case stands for.
    pub fn payload(&self, samples: &Samples) -> (String, String) {
        let sample = samples.choose(self.sample);
        let mut value: Value = serde_json::from_str(&sample.payload).unwrap_or_default();
        if let Some(mut seed) = self.mingled {
            mingle(&mut value, &mut seed);
        }
        for mutation in &self.mutations {
            value = mutation.applied(value);
        }
        let mut text = written(&value);
        for mutation in &self.mutations {
            if let Mutation::Truncate(thousandths) = mutation {
                text.truncate(text.floor_char_boundary(text.len() * thousandths / 1_000));
            }
        }
        (sample.envelope.clone(), text)
    }
}

impl Mutation {
    fn applied(&self, mut value: Value) -> Value {
        match self {
            Mutation::Drop(at) => drop_at(&mut value, *at),
            Mutation::Retype(at, what) => *node(&mut value, *at) = odd(*what),
            Mutation::Nest(at, depth, list) => {
                let place = node(&mut value, *at);
                let inner = written(place);
                let (open, close) = if *list { ("[", "]") } else { ("{\"event\":", "}") };
                *place =
                    Value::String(format!("{RAW}{}{inner}{}", open.repeat(*depth), close.repeat(*depth)));
            }
            Mutation::Swap(one, other) => {
                let first = std::mem::take(node(&mut value, *one));
                let second = std::mem::replace(node(&mut value, *other), first);
                *node(&mut value, *one) = second;
            }
            Mutation::Repeat(at, what) => {
                if let Some(members) = node(&mut value, *at).as_object_mut()
                    && let Some(name) = members.keys().nth(what % members.len().max(1)).cloned()
                {
                    members.insert(format!("{RAW}{name}"), odd(*what));
                }
            }
            Mutation::Spoil(at, letters) => {
                let text = node(&mut value, *at);
                if let Some(old) = text.as_str() {
                    let middle = old.floor_char_boundary(old.len() / 2);
                    *text = Value::String(format!("{}{letters}{}", &old[..middle], &old[middle..]));
                }
            }
            Mutation::Truncate(_) => {}
        }
        value
    }
}

/// Draws ids and times from a few.
fn mingle(value: &mut Value, seed: &mut u64) {
    if let Value::Array(items) = value {
        items.iter_mut().for_each(|item| mingle(item, seed));
    }
    let Value::Object(members) = value else { return };
    for (name, value) in members {
        let few: &[&str] = match name.as_str() {
            "channel" | "old_channel_id" | "new_channel_id" | "channel_id" => &["C1", "C1", "C2"],
            "user" => &["U1", "U1", "U2", "U0"],
            "ts" | "thread_ts" | "deleted_ts" => {
                &["1700000000.000100", "1700000001.000200", "1700000002.000300", "1700000003.000400"]
            }
            _ => &[],
        };
        if value.is_string() && !few.is_empty() {
            // A step of Knuth's generator; its high bits are the good ones.
            *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *value = json!(few[(*seed >> 33) as usize % few.len()]);
        } else {
            mingle(value, seed);
        }
    }
}

/// Values that do not belong where they are put; ids among them, so that payloads come to speak of each other.
fn odd(choice: usize) -> Value {
    let values = [
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(1.5e300),
        Value::String(format!("{RAW}1e400")),
        Value::String(format!("{RAW}123456789012345678901234567890.5")),
        Value::String(format!("{RAW}\"half \\ud83d an emoji\"")),
        json!(""),
        json!("\u{0}"),
        json!("\u{202e}e\u{301}\u{200d}\u{feff}\u{10ffff}"),
        json!("a".repeat(70_000)),
        json!("message_changed"),
        json!("message_deleted"),
        json!("channel_id_changed"),
        json!("app_mention"),
        json!("tombstone"),
        json!("1700000000.000100"),
        json!("C1"),
        json!("C2"),
        json!("U1"),
        json!("U0"),
        json!({}),
        json!([]),
        json!({"id": {"id": 7}, "ts": [], "text": {}}),
        json!([null, [], {"text": 1}, "x"]),
        json!({"type": "message", "channel": "C1", "user": "U1", "text": "x", "ts": "1700000000.000100"}),
    ];
    values[choice % values.len()].clone()
}

/// The value as text, with what stands behind `RAW` as it is.
fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.strip_prefix(RAW).map_or_else(|| value.to_string(), str::to_owned),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(written).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| {
                format!("{}:{}", Value::from(name.strip_prefix(RAW).unwrap_or(name)), written(value))
            };
            format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

fn children(value: &mut Value) -> Vec<&mut Value> {
    match value {
        Value::Array(items) => items.iter_mut().collect(),
        Value::Object(members) => members.values_mut().collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

fn size(value: &mut Value) -> usize {
    1 + children(value).into_iter().map(size).sum::<usize>()
}

/// The node that a number chooses; all are as likely.
fn node(value: &mut Value, choice: usize) -> &mut Value {
    let mut left = choice % size(value);
    let mut place = value;
    while left > 0 {
        left -= 1;
        let mut inner = children(place).into_iter();
        place = loop {
            let child = inner.next().expect("the nodes were counted");
            let inside = size(child);
            if left < inside {
                break child;
            }
            left -= inside;
        };
    }
    place
}

/// Takes a member or an item away from the object or array that the number chooses.
fn drop_at(value: &mut Value, choice: usize) {
    match node(value, choice) {
        Value::Array(items) if !items.is_empty() => {
            items.remove(choice % items.len());
        }
        Value::Object(members) if !members.is_empty() => {
            let name = members.keys().nth(choice % members.len()).cloned();
            members.remove(&name.unwrap_or_default());
        }
        other => *other = Value::Object(Map::new()),
    }
}
