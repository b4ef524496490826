//! Messages that another tool wrote for Slack and handed to us: taken apart at the door, kept as JSON, and put together again
//! within Slack's limits. What could do something on a click goes; links stay. What Slack refuses nevertheless is sent by its
//! text alone.

use serde_json::{Map, Value, json};

use super::blocks::{Message, OPEN};
use crate::domain::caller::PASSED;
use crate::domain::notice::Content;

/// Most blocks of a message [slack-facts 5.2].
const BLOCKS: usize = 50;

/// Most attachments: Slack takes 100 and advises 20.
const ATTACHMENTS: usize = 20;

/// Longest text anywhere in a block, in characters: 3,000 less some.
const TEXT: usize = 2_900;

/// Longest text of a header: 150.
const HEADER: usize = 150;

/// Longest text of the message: Slack advises 4,000 and cuts at 40,000.
const FALLBACK: usize = 3_500;

/// Most that is kept of a message as JSON, in characters.
pub const KEPT: usize = 40_000;

/// How deep a message may be: what is deeper is left out.
const DEPTH: usize = 24;

/// Blocks that show something and do nothing.
const SHOWING: [&str; 11] = [
    "section",
    "header",
    "divider",
    "image",
    "context",
    "actions",
    "rich_text",
    "markdown",
    "table",
    "video",
    "alert",
];

/// What of an attachment is shown.
const SHOWN: [&str; 19] = [
    "fallback",
    "color",
    "pretext",
    "author_name",
    "author_link",
    "author_icon",
    "title",
    "title_link",
    "text",
    "fields",
    "footer",
    "footer_icon",
    "image_url",
    "thumb_url",
    "ts",
    "mrkdwn_in",
    "blocks",
    "service_name",
    "from_url",
];

/// Elements that do something on a click.
const ACTING: [&str; 3] = ["_select", "checkboxes", "radio_buttons"];

/// Why a message of another tool is not taken, in Slack's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It is no object, or a part of it is of another form.
    InvalidPayload,
    /// Blocks are no list of objects, or more than 50.
    InvalidBlocks,
    /// There is nothing in it.
    NoText,
    /// More than 100 attachments.
    TooManyAttachments,
}

impl Unfit {
    /// Slack's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Unfit::InvalidPayload => "invalid_payload",
            Unfit::InvalidBlocks => "invalid_blocks",
            Unfit::NoText => "no_text",
            Unfit::TooManyAttachments => "too_many_attachments",
        }
    }
}

/// A message of another tool, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// What it says, in one line.
    pub title: String,
    /// Text, blocks and attachments as JSON, for the field that keeps them.
    pub kept: String,
}

/// Reads the body of an incoming webhook.
pub fn read(payload: &Value) -> Result<Passed, Unfit> {
    let object = payload.as_object().ok_or(Unfit::InvalidPayload)?;
    let text = match object.get("text") {
        None | Some(Value::Null) => "",
        Some(Value::String(text)) => text.as_str(),
        Some(_) => return Err(Unfit::InvalidPayload),
    };
    let blocks = list(object, "blocks", BLOCKS, Unfit::InvalidBlocks)?;
    let attachments = list(object, "attachments", 100, Unfit::TooManyAttachments)?;
    let title = first_line(text)
        .or_else(|| blocks.iter().find_map(spoken))
        .or_else(|| attachments.iter().find_map(spoken))
        .ok_or(Unfit::NoText)?;
    let mut kept = json!({ "text": text });
    if !blocks.is_empty() {
        kept["blocks"] = json!(blocks);
    }
    if !attachments.is_empty() {
        kept["attachments"] = json!(attachments.iter().take(ATTACHMENTS).collect::<Vec<_>>());
    }
    if kept.to_string().chars().count() > KEPT {
        // What is too large for us would be too large for a reader, too: the text says what there is to say.
        let short: String =
            if text.is_empty() { title.clone() } else { text.chars().take(FALLBACK).collect() };
        kept = json!({ "text": format!("{short}…") });
    }
    Ok(Passed { title, kept: kept.to_string() })
}

fn list(object: &Map<String, Value>, key: &str, most: usize, unfit: Unfit) -> Result<Vec<Value>, Unfit> {
    let items = match object.get(key) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(items)) => items.clone(),
        // Some tools send the list as a text within the form.
        Some(Value::String(text)) => serde_json::from_str(text).map_err(|_| unfit)?,
        Some(_) => return Err(unfit),
    };
    let fit = items.len() <= most && items.iter().all(Value::is_object);
    if fit { Ok(items) } else { Err(unfit) }
}

/// The first words that are found in a block or an attachment.
fn spoken(value: &Value) -> Option<String> {
    match value {
        Value::Object(object) => ["fallback", "pretext", "title", "text", "alt_text"]
            .iter()
            .filter_map(|key| object.get(*key))
            .find_map(|found| found.as_str().and_then(first_line).or_else(|| spoken(found)))
            .or_else(|| {
                ["fields", "elements", "blocks"].iter().filter_map(|key| object.get(*key)).find_map(spoken)
            }),
        Value::Array(items) => items.iter().find_map(spoken),
        _ => None,
    }
}

fn first_line(text: &str) -> Option<String> {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.chars().take(280).collect())
}

/// The same message without calls to everybody in a channel. What cannot be read is nothing.
pub fn without_broad(kept: &str) -> String {
    let Ok(mut value) = serde_json::from_str::<Value>(kept) else { return String::new() };
    quiet(&mut value);
    value.to_string()
}

/// Writes `@channel` in place of `<!channel>`, in texts and in rich text.
fn quiet(value: &mut Value) {
    match value {
        Value::String(text) => *text = quieted(text),
        Value::Array(items) => items.iter_mut().for_each(quiet),
        Value::Object(object) => {
            if object.get("type").is_some_and(|kind| kind == "broadcast") {
                let range = object.get("range").and_then(Value::as_str).unwrap_or("channel").to_owned();
                *value = json!({ "type": "text", "text": format!("@{}", quieted(&range)) });
                return;
            }
            object.values_mut().for_each(quiet);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn quieted(text: &str) -> String {
    let mut told = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("<!") {
        let (before, call) = rest.split_at(at);
        told.push_str(before);
        let word = ["channel", "here", "everyone", "group"].into_iter().find(|word| {
            let after = call[2..].trim_start().strip_prefix(word);
            after.is_some_and(|after| after.trim_start().starts_with(['>', '|']))
        });
        match (word, call.find('>')) {
            (Some(word), Some(end)) => {
                told.push_str(&format!("@{word}"));
                rest = &call[end + 1..];
            }
            _ => {
                told.push_str("<!");
                rest = &call[2..];
            }
        }
    }
    told + rest
}

/// The message of a notice that carries one, `mention` before it; `None` for a notice that shall be drawn as a card.
pub fn message(content: &Content, mention: &str) -> Option<Message> {
    let kept: Value = serde_json::from_str(content.fields.get(PASSED)?).ok()?;
    let object = kept.as_object()?;
    let own = object.get("text").and_then(Value::as_str).unwrap_or_default();
    let shown =
        if own.trim().is_empty() { crate::domain::mrkdwn::escape(&content.title) } else { own.to_owned() };
    let mention = if mention.is_empty() { String::new() } else { format!("{mention} ") };
    let mut parts = json!({});
    let mut blocks: Vec<Value> =
        items(object, "blocks").take(BLOCKS).filter_map(|block| fit(block, 0)).collect();
    let attachments: Vec<Value> =
        items(object, "attachments").take(ATTACHMENTS).filter_map(attachment).collect();
    if !blocks.is_empty() {
        if !mention.is_empty() && blocks.len() < BLOCKS {
            blocks.insert(
                0,
                json!({ "type": "section", "text": { "type": "mrkdwn", "text": mention.trim() } }),
            );
        }
        parts["blocks"] = json!(blocks);
    }
    if !attachments.is_empty() {
        parts["attachments"] = json!(attachments);
    }
    Some(Message { text: format!("{mention}{}", cut(&shown, FALLBACK)), parts })
}

fn items<'a>(object: &'a Map<String, Value>, key: &str) -> impl Iterator<Item = &'a Value> {
    object.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn attachment(given: &Value) -> Option<Value> {
    let object = given.as_object()?;
    let mut shown: Map<String, Value> = object
        .iter()
        .filter(|(key, _)| SHOWN.contains(&key.as_str()) && *key != "blocks")
        .filter_map(|(key, value)| Some((key.clone(), fit(value, 0)?)))
        .collect();
    let blocks: Vec<Value> = items(object, "blocks").take(BLOCKS).filter_map(|block| fit(block, 0)).collect();
    if !blocks.is_empty() {
        shown.insert("blocks".to_owned(), json!(blocks));
    }
    (!shown.is_empty()).then_some(Value::Object(shown))
}

/// A part of a message within Slack's limits; `None` for what is not to be passed on.
fn fit(value: &Value, depth: usize) -> Option<Value> {
    if depth > DEPTH {
        return None;
    }
    match value {
        Value::String(text) => Some(Value::String(cut(text, TEXT))),
        Value::Array(items) => {
            Some(Value::Array(items.iter().filter_map(|item| fit(item, depth + 1)).collect()))
        }
        Value::Object(object) => fit_object(object, depth),
        Value::Null | Value::Bool(_) | Value::Number(_) => Some(value.clone()),
    }
}

fn fit_object(object: &Map<String, Value>, depth: usize) -> Option<Value> {
    let kind = object.get("type").and_then(Value::as_str).unwrap_or_default();
    if depth == 0 && !kind.is_empty() && !SHOWING.contains(&kind) {
        return None;
    }
    let acts = ACTING.iter().any(|end| kind.ends_with(end))
        || ["overflow", "datepicker", "timepicker"].contains(&kind);
    // A button that opens an address is a link; another one would be a click that nobody answers.
    if acts || kind == "button" && !object.get("url").is_some_and(Value::is_string) {
        return None;
    }
    let mut fitted = Map::new();
    for (key, value) in object {
        match key.as_str() {
            "action_id" | "block_id" | "confirm" | "value" if kind == "button" || key == "block_id" => {}
            _ => fitted.extend(fit(value, depth + 1).map(|value| (key.clone(), value))),
        }
    }
    if kind == "header"
        && let Some(Value::String(text)) = fitted.get_mut("text").and_then(|text| text.get_mut("text"))
    {
        *text = cut(text, HEADER);
    }
    if let Some(Value::Array(elements)) = fitted.get_mut("elements") {
        for (at, element) in elements.iter_mut().enumerate() {
            name(element, at);
        }
        if elements.is_empty() {
            return None;
        }
    }
    if let Some(accessory) = fitted.get_mut("accessory") {
        name(accessory, 0);
    }
    Some(Value::Object(fitted))
}

/// Links are told apart within a block by their action; a click on one is acknowledged and nothing more.
fn name(element: &mut Value, at: usize) {
    if element["type"] == "button" {
        element["action_id"] = json!(if at == 0 { OPEN.to_owned() } else { format!("{OPEN}_{at}") });
    }
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most - 1).collect();
    // Neither an escape nor a link may be cut in two.
    let near = |at: &usize| kept.len() - at < 3_000 && !kept[*at..].contains(['>', ';']);
    let end = kept.rfind(['&', '<']).filter(near).unwrap_or(kept.len());
    format!("{}…", &kept[..end])
}

#[cfg(test)]
mod tests {
    use super::{Unfit, cut, message, read, without_broad};
    use crate::domain::caller::PASSED;
    use crate::domain::notice::{Draft, Kinds, draft};
    use crate::domain::time::Timestamp;
    use serde_json::{Value, json};

    fn drawn(payload: &Value, mention: &str) -> (String, Value) {
        let passed = read(payload).expect("it is taken");
        let fields = [(PASSED.to_owned(), passed.kept)].into();
        let draft = Draft { kind: "message".to_owned(), title: passed.title, fields, ..Draft::default() };
        let checked = draft::check(&draft, "shop", &Kinds::builtin(), Timestamp(0)).expect("it is right");
        let message = message(&checked.content, mention).expect("it carries one");
        (message.text, message.parts)
    }

    #[test]
    fn a_message_is_passed_on_as_it_was_written() {
        let blocks = json!([{ "type": "section", "text": { "type": "mrkdwn", "text": "*Build* <https://ci.example/7|7>" } }]);
        let payload = json!({ "text": "Build 7", "blocks": blocks, "channel": "#other", "username": "ci" });
        assert_eq!(drawn(&payload, ""), ("Build 7".to_owned(), json!({ "blocks": blocks })));
        let (text, parts) = drawn(&payload, "<!here>");
        assert_eq!(
            (text.as_str(), &parts["blocks"][0]["text"]["text"]),
            ("<!here> Build 7", &json!("<!here>"))
        );
        let payload = json!({ "attachments": [{ "color": "danger", "fallback": "Disk is full", "actions": [{}], "callback_id": "x" }] });
        let expected = json!({ "attachments": [{ "color": "danger", "fallback": "Disk is full" }] });
        assert_eq!(drawn(&payload, ""), ("Disk is full".to_owned(), expected));
    }

    #[test]
    fn what_acts_on_a_click_goes_and_links_stay() {
        let payload = json!({ "text": "x", "blocks": [
            { "type": "actions", "block_id": "b", "elements": [
                { "type": "button", "action_id": "notice_handled", "value": "1", "text": { "type": "plain_text", "text": "no" } },
                { "type": "button", "action_id": "mine", "url": "https://x.example", "text": { "type": "plain_text", "text": "go" } },
                { "type": "users_select", "action_id": "u" } ] },
            { "type": "actions", "elements": [{ "type": "datepicker" }] },
            { "type": "input", "element": {} },
        ] });
        let (_, parts) = drawn(&payload, "");
        let link = json!({ "type": "button", "action_id": "notice_open", "url": "https://x.example", "text": { "type": "plain_text", "text": "go" } });
        assert_eq!(parts, json!({ "blocks": [{ "type": "actions", "elements": [link] }] }));
    }

    #[test]
    fn what_is_no_message_is_refused_in_slacks_words() {
        let table = [
            (json!([]), Unfit::InvalidPayload),
            (json!({ "text": 7 }), Unfit::InvalidPayload),
            (json!({}), Unfit::NoText),
            (json!({ "text": " \n" }), Unfit::NoText),
            (json!({ "blocks": "x" }), Unfit::InvalidBlocks),
            (json!({ "blocks": [7] }), Unfit::InvalidBlocks),
            (json!({ "attachments": vec![json!({ "text": "a" }); 101] }), Unfit::TooManyAttachments),
        ];
        for (payload, unfit) in table {
            assert_eq!(read(&payload), Err(unfit), "{payload}");
        }
    }

    #[test]
    fn nobody_is_called_by_the_way() {
        let loud = json!({ "text": "<!channel> <!here|here> <! everyone > <!subteam^S1> <!date^1^x|y> a < b", "blocks": [
            { "type": "rich_text", "elements": [{ "type": "broadcast", "range": "channel" }] } ] });
        let quiet: Value = serde_json::from_str(&without_broad(&loud.to_string())).expect("JSON");
        assert_eq!(quiet["text"], "@channel @here @everyone <!subteam^S1> <!date^1^x|y> a < b");
        assert_eq!(quiet["blocks"][0]["elements"][0], json!({ "type": "text", "text": "@channel" }));
        assert_eq!(without_broad("no JSON <!channel>"), "");
    }

    #[test]
    fn what_is_too_long_is_cut_with_a_mark() {
        let (text, parts) = drawn(
            &json!({ "text": "x".repeat(10_000), "blocks": [
            { "type": "header", "text": { "type": "plain_text", "text": "y".repeat(500) } } ] }),
            "",
        );
        assert_eq!(text.chars().count(), 3_500);
        assert_eq!(parts["blocks"][0]["text"]["text"].as_str().expect("a text").chars().count(), 150);
        assert_eq!(cut("abc <https://x.example/long|link>", 20), "abc …");
        let (text, parts) =
            drawn(&json!({ "text": "long", "attachments": [{ "text": "z".repeat(50_000) }] }), "");
        assert_eq!((text.as_str(), parts), ("long…", json!({})));
    }
}
