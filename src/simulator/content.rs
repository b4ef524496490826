//! What a message call wants to say: text, blocks, attachments, metadata, each checked.
//!
//! Where it goes is up to `chat.rs`.

use serde_json::{Value, json};

use super::blocks;
use super::call::{Call, Refusal};
use super::workspace::Workspace;

/// Over this `chat.postMessage` cuts the text (docs: truncating content).
const TEXT_MAX_CHARS: usize = 40_000;
/// Over this `chat.update` refuses (docs: `msg_too_long`).
pub const UPDATE_MAX_CHARS: usize = 4_000;
const MARKDOWN_MAX_CHARS: usize = 12_000;
const ATTACHMENTS_MAX: usize = 100;
/// Slack names no number for metadata; this is our assumption.
const METADATA_MAX_BYTES: usize = 8_000;

/// The checked content of a message call.
#[derive(Debug, Default)]
pub struct Content {
    /// Text, if any was given.
    pub text: Option<String>,
    /// Blocks with ids filled in.
    pub blocks: Option<Value>,
    /// Attachments; an empty list removes them in `chat.update`.
    pub attachments: Option<Value>,
    /// Metadata; an empty object removes it in `chat.update`.
    pub metadata: Option<Value>,
    /// Whether the text was cut.
    pub truncated: bool,
}

impl Content {
    /// Reads and checks the content of a call.
    pub fn read(workspace: &mut Workspace, call: &Call) -> Result<Self, Refusal> {
        let mut content = Self { text: call.text("text"), ..Self::default() };
        if let Some(markdown) = call.text("markdown_text") {
            if content.text.is_some() || call.args.contains_key("blocks") {
                return Err("markdown_text_conflict".into());
            }
            if markdown.chars().count() > MARKDOWN_MAX_CHARS {
                return Err("msg_too_long".into());
            }
            content.text = Some(markdown);
        }
        if let Some(text) = &mut content.text
            && text.chars().count() > TEXT_MAX_CHARS
            && call.method == "chat.postMessage"
        {
            *text = text.chars().take(TEXT_MAX_CHARS).collect();
            content.truncated = true;
        }
        if let Some(given) = call.nested("blocks", "invalid_blocks_format")? {
            if !given.is_array() {
                return Err("invalid_blocks_format".into());
            }
            let problems = blocks::check_message(&given);
            if !problems.is_empty() {
                return Err(Refusal::with_messages("invalid_blocks", &problems));
            }
            content.blocks = Some(blocks::fill_ids(given, &mut workspace.ids));
        }
        content.attachments = call.nested("attachments", "invalid_attachments")?;
        if let Some(list) = content.attachments.as_ref().and_then(Value::as_array)
            && list.len() > ATTACHMENTS_MAX
        {
            return Err("too_many_attachments".into());
        }
        for part in content.attachments.iter().flat_map(Value::as_array).flatten() {
            if let Some(inner) = part.get("blocks") {
                let problems = blocks::check_message(inner);
                if !problems.is_empty() {
                    return Err(Refusal::with_messages("invalid_attachments", &problems));
                }
            }
        }
        content.metadata = metadata(call)?;
        Ok(content)
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        let none = |value: &Option<Value>| value.as_ref().and_then(Value::as_array).is_none_or(Vec::is_empty);
        self.text.is_none() && none(&self.blocks) && none(&self.attachments)
    }

    /// The text to store: blocks without text get Slack's placeholder.
    pub fn shown_text(&self) -> String {
        match &self.text {
            Some(text) => text.clone(),
            None if self.blocks.is_some() => "This content can't be displayed.".to_owned(),
            None => String::new(),
        }
    }

    /// Adds the truncation warning to a reply, if there is one to give.
    pub fn warn(&self, reply: &mut Value) {
        if self.truncated {
            reply["warning"] = json!("message_truncated");
            let message = format!("[WARN] The text was truncated to {TEXT_MAX_CHARS} characters");
            reply["response_metadata"] = json!({"warnings": ["message_truncated"], "messages": [message]});
        }
    }
}

/// `{"event_type": "a_b", "event_payload": {…}}`; a dot in the type is refused (observed).
fn metadata(call: &Call) -> Result<Option<Value>, Refusal> {
    let Some(metadata) = call.nested("metadata", "invalid_metadata_format")? else { return Ok(None) };
    let Some(fields) = metadata.as_object() else { return Err("invalid_metadata_format".into()) };
    if fields.is_empty() {
        return Ok(Some(metadata));
    }
    let kind = metadata["event_type"].as_str().unwrap_or_default();
    if kind.is_empty() || kind.contains('.') || !metadata["event_payload"].is_object() {
        return Err("invalid_metadata_format".into());
    }
    if metadata.to_string().len() > METADATA_MAX_BYTES {
        return Err("metadata_too_large".into());
    }
    Ok(Some(metadata))
}
