//! A language model of our own, for both protocols: it checks each request against the protocol and answers honestly, or as it
//! is told to misbehave.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::sink::{Sink, header, request};

/// The key that requests have to carry.
pub const KEY: &str = "model-key-0123456789";

/// What the model is called.
pub const NAME: &str = "small-1";

/// How it answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Mood {
    /// As somebody who reads the message would.
    Honest,
    /// Honestly, after a while.
    Slow(Duration),
    /// As whoever wrote the message orders; honestly where there are no orders.
    Gullible,
    /// With this as its answer, whatever was asked.
    Says(Value),
    /// With text that is no JSON.
    Broken,
    /// With a body that ends in the middle.
    Cut,
    /// With more than anybody wants to read.
    Huge,
    /// With this status and these headers.
    Status(&'static str),
    /// Cut at its limit, as the protocol says it.
    Unfinished,
    /// Refusing to answer, as the protocol says it.
    Declined,
    /// With JSON that is not of the protocol.
    Stranger,
}

/// Which protocol is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    Openai,
    Anthropic,
}

/// The running model.
pub struct Model {
    pub speaks: Speaks,
    sink: Sink,
    moods: Arc<Mutex<VecDeque<Mood>>>,
}

impl Model {
    /// A model that is honest until it is told otherwise.
    pub async fn start(speaks: Speaks) -> Model {
        let moods: Arc<Mutex<VecDeque<Mood>>> = Arc::default();
        let kept = moods.clone();
        let sink = Sink::open(move |stream| {
            let mood = kept.lock().unwrap().pop_front().unwrap_or(Mood::Honest);
            serve(stream, speaks, mood)
        });
        Model { speaks, sink: sink.await, moods }
    }

    /// How the next requests are answered, in order; after them it is honest.
    pub fn will(&self, moods: impl IntoIterator<Item = Mood>) {
        self.moods.lock().unwrap().extend(moods);
    }

    /// Its base address.
    pub fn url(&self) -> String {
        match self.speaks {
            Speaks::Openai => format!("http://{}/v1", self.sink.address),
            Speaks::Anthropic => format!("http://{}", self.sink.address),
        }
    }

    /// The requests so far, whole.
    pub fn requests(&self) -> Vec<String> {
        self.sink.heard()
    }

    /// The questions so far: what stood in the field of data.
    pub fn questions(&self) -> Vec<Value> {
        let read = |request: &String| {
            let body: Value = serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap();
            data(&body, self.speaks)
        };
        self.requests().iter().map(read).collect()
    }
}

/// The data of a request.
fn data(body: &Value, speaks: Speaks) -> Value {
    let message = match speaks {
        Speaks::Openai => &body["messages"][1]["content"],
        Speaks::Anthropic => &body["messages"][0]["content"],
    };
    serde_json::from_str(message.as_str().unwrap()).unwrap()
}

/// What is wrong with a request by its protocol.
pub fn complaint(request: &str, speaks: Speaks) -> Option<String> {
    let (head, body) = request.split_once("\r\n\r\n")?;
    let path = match speaks {
        Speaks::Openai => "POST /v1/chat/completions HTTP/1.1",
        Speaks::Anthropic => "POST /v1/messages HTTP/1.1",
    };
    let wanted: &[(&str, &str)] = match speaks {
        Speaks::Openai => &[("authorization", "Bearer model-key-0123456789")],
        Speaks::Anthropic => &[("x-api-key", KEY), ("anthropic-version", "2023-06-01")],
    };
    if !head.starts_with(path) {
        return Some(format!("it goes to {}", head.lines().next().unwrap_or_default()));
    }
    for (name, value) in wanted.iter().chain(&[("content-type", "application/json")]) {
        if header(head, name).as_deref() != Some(value) {
            return Some(format!("{name} is {:?}", header(head, name)));
        }
    }
    let body: Value = serde_json::from_str(body).ok()?;
    let schema = match speaks {
        Speaks::Openai => openai(),
        Speaks::Anthropic => anthropic(),
    };
    let validator = jsonschema::validator_for(&schema).unwrap();
    validator.iter_errors(&body).next().map(|error| format!("{} at {}", error, error.instance_path))
}

/// What an answer's schema has to be for strict decoding: every field required, no others, no keyword that is not known there.
fn strict() -> Value {
    json!({
        "type": "object",
        "required": ["type", "properties", "required", "additionalProperties"],
        "additionalProperties": false,
        "properties": {
            "type": {"const": "object"},
            "additionalProperties": {"const": false},
            "required": {"type": "array", "items": {"type": "string"}},
            "properties": {"type": "object", "additionalProperties": {
                "type": "object",
                "required": ["type"],
                "additionalProperties": false,
                "properties": {"type": {"enum": ["string", "number"]}, "enum": {"type": "array", "minItems": 1}},
            }},
        },
    })
}

fn openai() -> Value {
    let message = |role: &str| {
        json!({"type": "object", "additionalProperties": false, "required": ["role", "content"],
            "properties": {"role": {"const": role}, "content": {"type": "string", "minLength": 1}}})
    };
    json!({
        "type": "object",
        "required": ["model", "messages", "response_format", "max_tokens"],
        "additionalProperties": false,
        "properties": {
            "model": {"const": NAME},
            "messages": {"type": "array", "prefixItems": [message("system"), message("user")], "items": false, "minItems": 2},
            "max_tokens": {"type": "integer", "minimum": 1},
            "stream": {"const": false},
            "response_format": {
                "type": "object", "additionalProperties": false, "required": ["type", "json_schema"],
                "properties": {
                    "type": {"const": "json_schema"},
                    "json_schema": {
                        "type": "object", "additionalProperties": false, "required": ["name", "strict", "schema"],
                        "properties": {
                            "name": {"type": "string", "pattern": "^[a-zA-Z0-9_-]{1,64}$"},
                            "strict": {"const": true},
                            "schema": strict(),
                        },
                    },
                },
            },
        },
    })
}

fn anthropic() -> Value {
    json!({
        "type": "object",
        "required": ["model", "max_tokens", "system", "messages", "tools", "tool_choice"],
        "additionalProperties": false,
        "properties": {
            "model": {"const": NAME},
            "max_tokens": {"type": "integer", "minimum": 1},
            "system": {"type": "string", "minLength": 1},
            "messages": {"type": "array", "minItems": 1, "maxItems": 1, "items": {
                "type": "object", "additionalProperties": false, "required": ["role", "content"],
                "properties": {"role": {"const": "user"}, "content": {"type": "string", "minLength": 1}},
            }},
            "tools": {"type": "array", "minItems": 1, "maxItems": 1, "items": {
                "type": "object", "additionalProperties": false, "required": ["name", "input_schema"],
                "properties": {
                    "name": {"const": "advice"},
                    "description": {"type": "string"},
                    "input_schema": strict(),
                },
            }},
            "tool_choice": {
                "type": "object", "additionalProperties": false, "required": ["type", "name"],
                "properties": {
                    "type": {"const": "tool"},
                    "name": {"const": "advice"},
                    "disable_parallel_tool_use": {"type": "boolean"},
                },
            },
        },
    })
}

async fn serve(mut stream: TcpStream, speaks: Speaks, mood: Mood) -> Option<String> {
    let text = request(&mut stream).await?;
    let heard = text.clone();
    // Somebody may ask the next question while this answer takes its time.
    tokio::spawn(async move {
        if let Mood::Slow(after) = mood {
            tokio::time::sleep(after).await;
        }
        let answer = match complaint(&text, speaks) {
            Some(complaint) => response("400 X", &json!({"error": complaint}).to_string()),
            None => answer(&text, speaks, &mood),
        };
        let _ = stream.write_all(answer.as_bytes()).await;
        let _ = stream.shutdown().await;
    });
    Some(heard)
}

fn response(status: &str, body: &str) -> String {
    let head = "content-type: application/json\r\nconnection: close";
    format!("HTTP/1.1 {status}\r\n{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

fn answer(request: &str, speaks: Speaks, mood: &Mood) -> String {
    let body: Value = serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap();
    let data = data(&body, speaks);
    let said = match mood {
        Mood::Status(line) => {
            return response(line, "{\"error\": {\"message\": \"quoting what was asked\"}}");
        }
        Mood::Stranger => return response("200 OK", "{\"hello\": 1}"),
        Mood::Huge => return response("200 OK", &format!("\"{}\"", "x".repeat(2 << 20))),
        Mood::Says(said) => said.clone(),
        Mood::Gullible => obeying(&data, &body, speaks),
        Mood::Honest | Mood::Slow(_) | Mood::Broken | Mood::Cut | Mood::Unfinished | Mood::Declined => {
            honest(&data, wants_summary(&body, speaks))
        }
    };
    let whole = response("200 OK", &wrapped(&said, speaks, mood).to_string());
    match mood {
        Mood::Cut => whole[..whole.len() - 40].to_owned(),
        _ => whole,
    }
}

fn wants_summary(body: &Value, speaks: Speaks) -> bool {
    let schema = match speaks {
        Speaks::Openai => &body["response_format"]["json_schema"]["schema"],
        Speaks::Anthropic => &body["tools"][0]["input_schema"],
    };
    schema["properties"].get("summary").is_some()
}

/// What somebody who reads the messages would say of them.
fn honest(data: &Value, summary: bool) -> Value {
    let texts: Vec<&str> = data["messages"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let all = texts.join(" ").to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| all.contains(word));
    let category = match () {
        () if has(&["paid twice", "statement"]) => "billing",
        () if has(&["flickers", "greyed"]) => "bug",
        () => "question",
    };
    let priority = if has(&["whole office"]) { "high" } else { "normal" };
    let mut said = json!({"category": category, "priority": priority, "confidence": 0.9});
    if summary {
        let person = if all.contains("person 1") { "Person 1" } else { "The customer" };
        let words: Vec<&str> = texts[0].split_whitespace().take(4).collect();
        said["title"] = json!(words.join(" "));
        said["summary"] = json!(format!("{person} asks about something of the kind {category}."));
    }
    said
}

/// What somebody without a mind of their own would say.
fn obeying(data: &Value, body: &Value, speaks: Speaks) -> Value {
    let all = data["messages"].to_string().to_lowercase();
    let mut said = honest(data, wants_summary(body, speaks));
    if all.contains("instructions") || all.contains("category") {
        said["category"] = json!("sales");
        said["confidence"] = json!(1.0);
    }
    if all.contains("topmost") || all.contains("priority") {
        said["priority"] = json!("urgent");
    }
    said
}

fn wrapped(said: &Value, speaks: Speaks, mood: &Mood) -> Value {
    let (finish, stop) = match mood {
        Mood::Unfinished => ("length", "max_tokens"),
        Mood::Declined => ("stop", "refusal"),
        _ => ("stop", "tool_use"),
    };
    match speaks {
        Speaks::Openai => {
            let content =
                if *mood == Mood::Broken { "Sure! Here it is:".to_owned() } else { said.to_string() };
            let declined = *mood == Mood::Declined;
            json!({
                "id": "chatcmpl-1", "object": "chat.completion", "created": 1_700_000_000, "model": NAME,
                "choices": [{"index": 0, "finish_reason": finish, "message": {
                    "role": "assistant",
                    "content": if declined { Value::Null } else { json!(content) },
                    "refusal": if declined { json!("I cannot help with that") } else { Value::Null },
                }}],
                "usage": {"prompt_tokens": 300, "completion_tokens": 40, "total_tokens": 340},
            })
        }
        Speaks::Anthropic => {
            let block = match mood {
                Mood::Broken => json!({"type": "text", "text": "Sure! Here it is:"}),
                _ => json!({"type": "tool_use", "id": "toolu_1", "name": "advice", "input": said}),
            };
            json!({
                "id": "msg_1", "type": "message", "role": "assistant", "model": NAME,
                "content": [{"type": "text", "text": "I look."}, block], "stop_reason": stop, "stop_sequence": null,
                "usage": {"input_tokens": 300, "output_tokens": 40},
            })
        }
    }
}
