//! Messages: the question as system text and a user message, the answer forced into the input of one tool.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Said, Unusable, secret};
use crate::config::Secret;
use crate::domain::advice::answer::Refusal;
use crate::domain::advice::budget::{ANSWER_TOKENS, Usage};
use crate::domain::advice::question::Question;

/// The version of the protocol that these shapes are of.
const VERSION: &str = "2023-06-01";

/// What the tool is called.
const TOOL: &str = "advice";

/// The whole address below a base such as `https://api.anthropic.com`, with or without `/v1`.
pub fn path(base: &str) -> String {
    if base.ends_with("/messages") {
        return base.to_owned();
    }
    match base.ends_with("/v1") {
        true => format!("{base}/messages"),
        false => format!("{base}/v1/messages"),
    }
}

/// The version, and the key where there is one.
pub fn headers(key: Option<&Secret>) -> Result<HeaderMap, Unusable> {
    let named = HeaderName::from_static("x-api-key");
    let mut headers = key.map_or(Ok(HeaderMap::new()), |key| secret(named, key.expose()))?;
    headers.insert("anthropic-version", HeaderValue::from_static(VERSION));
    Ok(headers)
}

/// The body of a request.
pub fn request(question: &Question, model: &str) -> Value {
    json!({
        "model": model,
        "max_tokens": ANSWER_TOKENS,
        "system": question.instructions,
        "messages": [{ "role": "user", "content": question.data }],
        "tools": [{
            "name": TOOL,
            "description": "Takes what you have found out about the customer's messages.",
            "input_schema": question.schema,
        }],
        "tool_choice": { "type": "tool", "name": TOOL, "disable_parallel_tool_use": true },
    })
}

#[derive(Deserialize)]
struct Message {
    content: Vec<Block>,
    stop_reason: Option<String>,
    usage: Option<Tokens>,
}

#[derive(Deserialize)]
struct Block {
    r#type: String,
    name: Option<String>,
    input: Option<Value>,
}

#[derive(Deserialize)]
struct Tokens {
    #[serde(default)]
    input_tokens: u64,
    #[serde(default)]
    output_tokens: u64,
}

/// Reads the body of an answer.
pub fn read(body: &[u8]) -> Said {
    let Ok(message) = serde_json::from_slice::<Message>(body) else {
        return Said { answer: Err(Refusal::Protocol), usage: None };
    };
    let usage = message.usage.as_ref();
    let usage = usage.map(|usage| Usage { tokens_in: usage.input_tokens, tokens_out: usage.output_tokens });
    Said { answer: answer(message), usage }
}

fn answer(message: Message) -> Result<String, Refusal> {
    match message.stop_reason.as_deref() {
        Some("max_tokens" | "model_context_window_exceeded") => return Err(Refusal::Unfinished),
        Some("refusal") => return Err(Refusal::Declined),
        Some(_) | None => {}
    }
    let ours = |block: &Block| block.r#type == "tool_use" && block.name.as_deref() == Some(TOOL);
    let block = message.content.into_iter().find(ours).ok_or(Refusal::Protocol)?;
    block.input.map(|input| input.to_string()).ok_or(Refusal::Protocol)
}
