//! The control API under `/sim/`: what tests do through Rust, people and scripts do over HTTP.
//!
//! `POST /sim/VERB` with a JSON object makes something happen, `GET /sim/THING` looks at something.
//! It is described with examples in `docs/simulator.md`. It has no access control: the simulator
//! listens on loopback only and holds nothing real.

use std::sync::Arc;

use axum::body::Body;
use http::request::Parts;
use http::{Method, Response, StatusCode};
use serde_json::{Map, Value, json};

use super::call::decode_form;
use super::server::{self, Shared};
use super::workspace::Mistake;
use super::{Answer, Sent, Simulator};

mod acts;
mod faults;
mod looks;
mod places;

/// Arguments of a control call.
pub struct Args(Map<String, Value>);

/// Why a control call was not done.
#[derive(Debug)]
pub enum Wrong {
    /// An argument is missing or malformed; the sentence says which.
    Argument(String),
    /// The verb could not be done.
    Mistake(Mistake),
    /// There is no such verb or thing.
    Unknown,
}

impl From<Mistake> for Wrong {
    fn from(mistake: Mistake) -> Self {
        Self::Mistake(mistake)
    }
}

/// The fields of the answer beside `ok`.
pub type Outcome = Result<Value, Wrong>;

impl Args {
    /// A required text.
    fn text(&self, name: &str) -> Result<&str, Wrong> {
        self.maybe(name).ok_or_else(|| Wrong::Argument(format!("\"{name}\" is missing")))
    }

    /// A text that may be absent.
    fn maybe(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// A whole number that may be absent.
    fn number(&self, name: &str) -> Option<u64> {
        self.0.get(name).and_then(|value| value.as_u64().or_else(|| value.as_str()?.parse().ok()))
    }

    /// A boolean; absent is false.
    fn flag(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// Any JSON; absent is null.
    fn json(&self, name: &str) -> Value {
        self.0.get(name).cloned().unwrap_or(Value::Null)
    }
}

/// Answers a request below `/sim`.
pub async fn answer(shared: &Arc<Shared>, head: &Parts, path: &str, body: &[u8]) -> Response<Body> {
    let first = Simulator { shared: shared.clone() };
    let name = path.strip_prefix("sim").unwrap_or_default().trim_matches('/');
    let outcome = match head.method {
        Method::GET => {
            let args = Args(decode_form(head.uri.query().unwrap_or_default()));
            places::meant(shared, &args).and_then(|simulator| looks::look((&first, &simulator), name, &args))
        }
        Method::POST => match arguments(body) {
            Ok(args) => match places::meant(shared, &args) {
                Ok(simulator) => act((&first, &simulator), name, &args).await,
                Err(wrong) => Err(wrong),
            },
            Err(wrong) => Err(wrong),
        },
        _ => return server::plain(StatusCode::METHOD_NOT_ALLOWED, "GET to look, POST to act\n"),
    };
    let (status, value) = match outcome {
        Ok(mut fields) => {
            fields["ok"] = json!(true);
            (StatusCode::OK, fields)
        }
        Err(Wrong::Argument(sentence)) => (StatusCode::BAD_REQUEST, json!({"ok": false, "error": sentence})),
        Err(Wrong::Mistake(mistake)) => {
            (StatusCode::BAD_REQUEST, json!({"ok": false, "error": mistake.to_string()}))
        }
        Err(Wrong::Unknown) => {
            let error = format!("there is no {} /sim/{name}; GET /sim/ lists what there is", head.method);
            (StatusCode::NOT_FOUND, json!({"ok": false, "error": error}))
        }
    };
    let text = format!("{value:#}\n");
    server::respond(status, "application/json; charset=utf-8", text)
}

/// Tries the verbs of each file in turn.
async fn act((first, simulator): (&Simulator, &Simulator), name: &str, args: &Args) -> Outcome {
    match acts::act(simulator, name, args).await {
        Err(Wrong::Unknown) => match places::act((first, simulator), name, args) {
            Err(Wrong::Unknown) => faults::act(simulator, name, args),
            outcome => outcome,
        },
        outcome => outcome,
    }
}

fn arguments(body: &[u8]) -> Result<Args, Wrong> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Args(Map::new()));
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => Ok(Args(fields)),
        Ok(_) | Err(_) => Err(Wrong::Argument("the body is not a JSON object".to_owned())),
    }
}

/// Waits for the app's answer to something a person did.
async fn answered(simulator: &Simulator, sent: Sent) -> Value {
    let Answer { acked, payload, took_ms } = simulator.answer(sent).await;
    json!({"acked": acked, "payload": payload, "took_ms": took_ms})
}
