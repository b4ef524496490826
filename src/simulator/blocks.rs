//! Checks blocks and views against Slack's limits, in Slack's wording, and fills in missing ids.
//!
//! The elements inside blocks are in `elements.rs`. Kinds of block that few apps use are let
//! through unchecked, since their limits are not known well enough to refuse anything.

use serde_json::Value;

use super::elements;
use super::ids::Ids;

/// Problems found so far, each with the JSON pointer of its place.
#[derive(Debug, Default)]
pub struct Findings(Vec<String>);

impl Findings {
    /// Notes a problem.
    pub fn add(&mut self, at: &str, problem: impl AsRef<str>) {
        self.0.push(format!("[ERROR] {} [json-pointer:{at}]", problem.as_ref()));
    }

    /// A text of 1 to `max` characters that must be there.
    pub fn need_text(&mut self, at: &str, value: &Value, key: &str, max: usize) {
        if value.get(key).is_none() {
            self.add(at, format!("missing required field: {key}"));
        } else {
            self.text(at, value, key, max);
        }
    }

    /// A plain string or text object of 1 to `max` characters, if it is there.
    pub fn text(&mut self, at: &str, value: &Value, key: &str, max: usize) {
        let Some(given) = value.get(key).filter(|given| !given.is_null()) else { return };
        let pointer = format!("{at}/{key}");
        match given {
            Value::String(text) => self.length(&pointer, text, 0, max),
            Value::Object(_) => self.text_object(&pointer, given, max),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
                self.add(&pointer, "must be a valid text object");
            }
        }
    }

    /// A text object.
    pub fn text_object(&mut self, at: &str, value: &Value, max: usize) {
        match value["type"].as_str() {
            Some("plain_text" | "mrkdwn") => {}
            Some(other) => return self.add(&format!("{at}/type"), format!("unsupported type: {other}")),
            None => return self.add(at, "missing required field: type"),
        }
        if value["type"] == "mrkdwn" && value.get("emoji").is_some() {
            self.add(at, "invalid additional property: emoji");
        }
        match value["text"].as_str() {
            Some(text) => self.length(&format!("{at}/text"), text, 1, max),
            None => self.add(at, "missing required field: text"),
        }
    }

    /// A `plain_text` object where mrkdwn is not allowed.
    pub fn plain(&mut self, at: &str, value: &Value, key: &str, max: usize) {
        if value.get(key).is_some_and(|given| given["type"] == "mrkdwn") {
            self.add(&format!("{at}/{key}/type"), "must be \"plain_text\"");
        } else {
            self.text(at, value, key, max);
        }
    }

    /// A list of `min` to `max` items; returns its items.
    pub fn list<'a>(&mut self, at: &str, value: &'a Value, key: &str, size: (usize, usize)) -> &'a [Value] {
        let Some(items) = value.get(key).and_then(Value::as_array) else {
            self.add(at, format!("missing required field: {key}"));
            return &[];
        };
        self.count(&format!("{at}/{key}"), items.len(), size);
        items
    }

    fn count(&mut self, at: &str, count: usize, (min, max): (usize, usize)) {
        if count > max {
            self.add(at, format!("no more than {max} items allowed"));
        } else if count < min {
            self.add(at, format!("no fewer than {min} items allowed"));
        }
    }

    fn length(&mut self, at: &str, text: &str, min: usize, max: usize) {
        let count = text.chars().count();
        if count > max {
            self.add(at, format!("must be less than {} characters", max + 1));
        } else if count < min {
            self.add(at, format!("must be more than {} characters", min - 1));
        }
    }
}

/// What is wrong with the blocks of a message; empty if nothing.
pub fn check_message(blocks: &Value) -> Vec<String> {
    check(blocks, 50)
}

/// What is wrong with a modal or Home tab; empty if nothing.
pub fn check_view(view: &Value) -> Vec<String> {
    let mut findings = Findings::default();
    let is_modal = view["type"] == "modal";
    match view["type"].as_str() {
        Some("modal" | "home") => {}
        Some(other) => findings.add("/view/type", format!("unsupported type: {other}")),
        None => findings.add("/view", "missing required field: type"),
    }
    if is_modal && view.get("title").is_none() {
        findings.add("/view", "missing required field: title");
    }
    for key in ["title", "submit", "close"] {
        findings.plain("/view", view, key, 24);
    }
    findings.text("/view", view, "private_metadata", 3000);
    findings.text("/view", view, "callback_id", 255);
    findings.text("/view", view, "external_id", 255);
    let Some(blocks) = view.get("blocks") else {
        findings.add("/view", "missing required field: blocks");
        return findings.0;
    };
    let has_input = blocks.as_array().is_some_and(|list| list.iter().any(|block| block["type"] == "input"));
    if is_modal && has_input && view["submit"].is_null() {
        findings.add("/view", "missing required field: submit");
    }
    findings.0.extend(check(blocks, 100));
    findings.0
}

fn check(blocks: &Value, max: usize) -> Vec<String> {
    let mut findings = Findings::default();
    let Some(list) = blocks.as_array() else {
        findings.add("/blocks", "must be an array");
        return findings.0;
    };
    findings.count("/blocks", list.len(), (0, max));
    let mut seen = Vec::new();
    for (index, block) in list.iter().enumerate() {
        let at = format!("/blocks/{index}");
        if let Some(id) = block["block_id"].as_str().filter(|id| !id.is_empty()) {
            if seen.contains(&id) {
                findings.add(&format!("{at}/block_id"), format!("`block_id` must be unique: {id}"));
            }
            seen.push(id);
        }
        check_block(&mut findings, &at, block);
    }
    findings.0
}

fn check_block(findings: &mut Findings, at: &str, block: &Value) {
    findings.text(at, block, "block_id", 255);
    match block["type"].as_str() {
        None => findings.add(at, "missing required field: type"),
        Some("section") => check_section(findings, at, block),
        Some("header") => {
            findings.need_text(at, block, "text", 150);
            if block["text"]["type"] == "mrkdwn" {
                findings.plain(at, block, "text", 150);
            }
        }
        Some("context") => {
            for (index, element) in findings.list(at, block, "elements", (1, 10)).iter().enumerate() {
                let at = format!("{at}/elements/{index}");
                match element["type"].as_str() {
                    Some("image") => elements::check_image(findings, &at, element),
                    Some("plain_text" | "mrkdwn") => findings.text_object(&at, element, 3000),
                    Some(_) | None => findings.add(&at, "failed to match all allowed schemas"),
                }
            }
        }
        Some("actions") => {
            let list = findings.list(at, block, "elements", (1, 25));
            elements::check_actions(findings, at, list);
        }
        Some("image") => {
            elements::check_image(findings, at, block);
            findings.plain(at, block, "title", 2000);
        }
        Some("input") => {
            findings.need_text(at, block, "label", 2000);
            findings.plain(at, block, "hint", 2000);
            match block.get("element") {
                Some(element) => elements::check(findings, &format!("{at}/element"), element),
                None => findings.add(at, "missing required field: element"),
            }
        }
        Some("markdown") => findings.need_text(at, block, "text", 12_000),
        Some("rich_text") => {
            findings.list(at, block, "elements", (0, 1000));
        }
        Some("table") => {
            for (index, row) in findings.list(at, block, "rows", (1, 100)).iter().enumerate() {
                findings.count(&format!("{at}/rows/{index}"), row.as_array().map_or(0, Vec::len), (1, 20));
            }
        }
        Some(
            "divider" | "video" | "file" | "call" | "context_actions" | "card" | "carousel" | "alert"
            | "container" | "data_table" | "data_visualization" | "task_card" | "plan" | "share_shortcut",
        ) => {}
        Some(other) => findings.add(&format!("{at}/type"), format!("unsupported type: {other}")),
    }
}

fn check_section(findings: &mut Findings, at: &str, block: &Value) {
    if block["text"].is_null() && block["fields"].is_null() {
        findings.add(at, "missing required field: text");
    }
    if let Some(Value::String(_)) = block.get("text") {
        findings.add(&format!("{at}/text"), "must be a valid text object");
    } else {
        findings.text(at, block, "text", 3000);
    }
    if !block["fields"].is_null() {
        for (index, field) in findings.list(at, block, "fields", (1, 10)).iter().enumerate() {
            findings.text_object(&format!("{at}/fields/{index}"), field, 2000);
        }
    }
    if let Some(accessory) = block.get("accessory").filter(|given| !given.is_null()) {
        elements::check(findings, &format!("{at}/accessory"), accessory);
    }
}

/// Gives every block a `block_id` and every element an `action_id` it lacks, as Slack does.
pub fn fill_ids(mut blocks: Value, ids: &mut Ids) -> Value {
    for block in blocks.as_array_mut().into_iter().flatten() {
        let Some(fields) = block.as_object_mut() else { continue };
        if fields.get("block_id").and_then(Value::as_str).is_none_or(str::is_empty) {
            fields.insert("block_id".to_owned(), Value::String(ids.hex(5)));
        }
        for key in ["accessory", "element"] {
            if let Some(element) = fields.get_mut(key) {
                elements::fill_id(element, ids);
            }
        }
        if fields.get("type").is_some_and(|kind| kind == "actions") {
            for element in fields.get_mut("elements").and_then(Value::as_array_mut).into_iter().flatten() {
                elements::fill_id(element, ids);
            }
        }
    }
    blocks
}
