//! Incoming webhooks: `POST /services/T…/B…/X…`, no token, answers in plain words.
//!
//! They live under `/services/` of the simulator's own port. Each posts to one channel and can do nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::request::Parts;
use http::{HeaderValue, Response, StatusCode};
use serde_json::Value;

use super::Simulator;
use super::blocks;
use super::call::decode_form;
use super::faults::Fault;
use super::ids::stable;
use super::messages::Message;
use super::server::{self, Cut, Shared};
use super::workspace::{CallRecord, Mistake, Workspace};

/// What faults and call records name these addresses by.
const METHOD: &str = "incoming_webhook";

/// Over this many attachments Slack refuses.
const ATTACHMENTS_MAX: usize = 100;

/// The words of refusals by status [docs: sending messages using incoming webhooks, and field reports].
const WORDS: [(u16, &[&str]); 5] = [
    (403, &["action_prohibited", "posting_to_general_channel_denied", "invalid_token"]),
    (
        404,
        &["channel_not_found", "no_service", "no_service_id", "no_active_hooks", "no_team", "team_disabled"],
    ),
    (410, &["channel_is_archived"]),
    (429, &["rate_limited"]),
    (500, &["rollup_error"]),
];

/// All webhooks, by path: the id of the channel each posts to.
#[derive(Debug, Default)]
pub struct Webhooks(BTreeMap<String, String>);

/// A refusal, or the seconds to wait.
enum No {
    Word(&'static str),
    Wait(u64),
}

impl Simulator {
    /// Makes a webhook for a channel and returns its address: whoever knows it may post there.
    pub fn add_webhook(&self, channel: &str) -> Result<String, Mistake> {
        self.act(|workspace| {
            let at = workspace.channel(channel)?;
            let channel = workspace.channels[at].id.clone();
            let count = workspace.webhooks.0.len();
            let service = stable("B", &format!("webhook {count}"));
            let path = format!("services/{}/{service}/{}", workspace.setup.team_id, workspace.ids.hex(24));
            workspace.webhooks.0.insert(path.clone(), channel);
            Ok(format!("{}/{path}", workspace.base_url))
        })
    }

    /// Takes a webhook away, as somebody does in the app's settings; says whether there was one.
    pub fn remove_webhook(&self, url: &str) -> bool {
        self.act(|workspace| {
            let path = url.strip_prefix(&workspace.base_url).unwrap_or(url).trim_matches('/').to_owned();
            workspace.webhooks.0.remove(&path).is_some()
        })
    }
}

/// Answers a POST to a webhook, or cuts the connection if a fault says so.
pub async fn answer(
    shared: &Arc<Shared>,
    head: &Parts,
    path: &str,
    body: &[u8],
) -> Result<Response<Body>, Cut> {
    let fault = shared.act(|workspace, _| {
        let channel = workspace.webhooks.0.get(path).cloned();
        workspace.faults.next(METHOD, channel.as_deref())
    });
    let Some(fault) = fault else { return Ok(take(shared, head, path, body)) };
    if let Some(outcome) = unworked(&fault) {
        shared.act(|workspace, now_ms| workspace.record_webhook(now_ms, outcome, Value::Null));
    }
    match fault {
        Fault::Drop => Err(Cut),
        Fault::Stall => match server::never().await {},
        Fault::Status(status) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            Ok(server::plain(status, format!("<html>{status}</html>")))
        }
        Fault::RateLimited(seconds) => Ok(refusal(&No::Wait(seconds))),
        Fault::Error(word) => Ok(server::plain(status_of(&word), word)),
        Fault::Slow(ms) => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            Ok(take(shared, head, path, body))
        }
        Fault::AcceptThenCut => {
            drop(take(shared, head, path, body));
            Err(Cut)
        }
        Fault::AcceptThenStall => {
            drop(take(shared, head, path, body));
            match server::never().await {}
        }
    }
}

/// How a call that is not worked on is recorded; `None` for those that are.
fn unworked(fault: &Fault) -> Option<&str> {
    match fault {
        Fault::Drop => Some("dropped"),
        Fault::Stall => Some("stalled"),
        Fault::Status(_) => Some("http_error"),
        Fault::RateLimited(_) => Some("rate_limited"),
        Fault::Error(word) => Some(word),
        Fault::Slow(_) | Fault::AcceptThenCut | Fault::AcceptThenStall => None,
    }
}

fn take(shared: &Arc<Shared>, head: &Parts, path: &str, body: &[u8]) -> Response<Body> {
    let content = content(head, body);
    shared.act(|workspace, now_ms| {
        let done = workspace.take_webhook(head, path, content.as_ref(), now_ms);
        let outcome = match &done {
            Ok(()) => "ok",
            Err(No::Word(word)) => word,
            Err(No::Wait(_)) => "rate_limited",
        };
        workspace.record_webhook(now_ms, outcome, content.unwrap_or_default());
        match done {
            Ok(()) => server::plain(StatusCode::OK, "ok"),
            Err(no) => refusal(&no),
        }
    })
}

/// JSON, or a form with JSON in its field `payload`.
fn content(head: &Parts, body: &[u8]) -> Option<Value> {
    let kind = head.headers.get(http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")) {
        let form = decode_form(std::str::from_utf8(body).ok()?);
        return serde_json::from_str(form.get("payload")?.as_str()?).ok();
    }
    serde_json::from_slice(body).ok().filter(Value::is_object)
}

impl Workspace {
    fn take_webhook(
        &mut self,
        head: &Parts,
        path: &str,
        content: Option<&Value>,
        now_ms: i64,
    ) -> Result<(), No> {
        if head.method != http::Method::POST {
            return Err(No::Word("invalid_payload"));
        }
        let team = path.split('/').nth(1).unwrap_or_default();
        if team != self.setup.team_id {
            return Err(No::Word("no_team"));
        }
        let channel = self.webhooks.0.get(path).cloned().ok_or(No::Word("no_service"))?;
        let at = self.channel_by_id(&channel).ok_or(No::Word("channel_not_found"))?;
        if self.channels[at].is_archived {
            return Err(No::Word("channel_is_archived"));
        }
        if self.setup.post_limit {
            self.limits.post(&format!("webhook {path}"), now_ms).map_err(No::Wait)?;
        }
        let content = content.ok_or(No::Word("invalid_payload"))?;
        let message = self.webhook_message(path, content).map_err(No::Word)?;
        self.publish(at, message);
        Ok(())
    }

    fn webhook_message(&mut self, path: &str, content: &Value) -> Result<Message, &'static str> {
        let text = match &content["text"] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            _ => return Err("invalid_payload"),
        };
        let filled = |value: &Value| value.as_array().is_some_and(|items| !items.is_empty());
        let (given, attachments) = (&content["blocks"], &content["attachments"]);
        if !given.is_null() && (!given.is_array() || !blocks::check_message(given).is_empty()) {
            return Err("invalid_blocks");
        }
        if !attachments.is_null() && !attachments.is_array() {
            return Err("invalid_attachments");
        }
        if attachments.as_array().is_some_and(|items| items.len() > ATTACHMENTS_MAX) {
            return Err("too_many_attachments");
        }
        if text.trim().is_empty() && !filled(given) && !filled(attachments) {
            return Err("no_text");
        }
        let blocks = filled(given).then(|| blocks::fill_ids(given.clone(), &mut self.ids));
        Ok(Message {
            text,
            blocks,
            attachments: filled(attachments).then(|| attachments.clone()),
            subtype: Some("bot_message".to_owned()),
            bot_id: Some(stable("B", path)),
            app_id: Some(self.setup.app.id.clone()),
            thread_ts: content["thread_ts"].as_str().map(str::to_owned),
            ..Message::default()
        })
    }

    fn record_webhook(&mut self, at_ms: i64, outcome: &str, args: Value) {
        let app = self.setup.app.id.clone();
        let record = CallRecord { at_ms, outcome: outcome.to_owned(), args, app };
        self.calls.entry(METHOD.to_owned()).or_default().push(record);
    }
}

fn refusal(no: &No) -> Response<Body> {
    match no {
        No::Word(word) => server::plain(status_of(word), *word),
        No::Wait(seconds) => {
            let mut response = server::plain(StatusCode::TOO_MANY_REQUESTS, "rate_limited");
            response.headers_mut().insert("retry-after", HeaderValue::from(*seconds));
            response
        }
    }
}

/// The status that goes with a word; what is not in the table is the message's fault.
fn status_of(word: &str) -> StatusCode {
    let row = WORDS.iter().find(|(_, words)| words.contains(&word));
    row.and_then(|(status, _)| StatusCode::from_u16(*status).ok()).unwrap_or(StatusCode::BAD_REQUEST)
}
