//! Chat completions: the question as a system and a user message, the answer forced into a JSON schema.
//!
//! No temperature is set: newer models take none. The limit of the answer has two names. OpenAI's newer models refuse the older
//! one, and most others know only that.

use reqwest::header::{AUTHORIZATION, HeaderMap};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Said, Unusable, secret};
use crate::config::Secret;
use crate::domain::advice::answer::Refusal;
use crate::domain::advice::budget::{ANSWER_TOKENS, Usage};
use crate::domain::advice::question::Question;

/// Hosts whose newer models take `max_completion_tokens` alone.
const NEWER: [&str; 2] = ["openai.com", "azure.com"];

/// What the schema is called in requests.
const SCHEMA: &str = "advice";

/// The whole address below a base such as `https://api.openai.com/v1`.
pub fn path(base: &str) -> String {
    match base.ends_with("/chat/completions") {
        true => base.to_owned(),
        false => format!("{base}/chat/completions"),
    }
}

/// The key, where there is one.
pub fn headers(key: Option<&Secret>) -> Result<HeaderMap, Unusable> {
    key.map_or(Ok(HeaderMap::new()), |key| secret(AUTHORIZATION, &format!("Bearer {}", key.expose())))
}

/// The body of a request.
pub fn request(question: &Question, model: &str, host: &str) -> Value {
    let is_newer = NEWER.iter().any(|domain| host == *domain || host.ends_with(&format!(".{domain}")));
    let limit = if is_newer { "max_completion_tokens" } else { "max_tokens" };
    json!({
        "model": model,
        "messages": [
            { "role": "system", "content": question.instructions },
            { "role": "user", "content": question.data },
        ],
        "response_format": {
            "type": "json_schema",
            "json_schema": { "name": SCHEMA, "strict": true, "schema": question.schema },
        },
        limit: ANSWER_TOKENS,
        "stream": false,
    })
}

#[derive(Deserialize)]
struct Completion {
    choices: Vec<Choice>,
    usage: Option<Tokens>,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    content: Option<String>,
    refusal: Option<String>,
}

#[derive(Deserialize)]
struct Tokens {
    #[serde(default)]
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
}

/// Reads the body of an answer.
pub fn read(body: &[u8]) -> Said {
    let Ok(completion) = serde_json::from_slice::<Completion>(body) else {
        return Said { answer: Err(Refusal::Protocol), usage: None };
    };
    let usage = completion.usage;
    let usage =
        usage.map(|usage| Usage { tokens_in: usage.prompt_tokens, tokens_out: usage.completion_tokens });
    let answer = match completion.choices.into_iter().next() {
        None => Err(Refusal::Protocol),
        Some(choice) => answer(choice),
    };
    Said { answer, usage }
}

fn answer(choice: Choice) -> Result<String, Refusal> {
    let Choice { message, finish_reason } = choice;
    match finish_reason.as_deref() {
        Some("length") => return Err(Refusal::Unfinished),
        Some("content_filter") => return Err(Refusal::Declined),
        Some(_) | None => {}
    }
    if message.refusal.is_some_and(|refusal| !refusal.is_empty()) {
        return Err(Refusal::Declined);
    }
    message.content.filter(|content| !content.is_empty()).ok_or(Refusal::Protocol)
}
