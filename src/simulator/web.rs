//! The Web API's door: token, scopes, rate limits, injected faults, and the shape of every answer.
//!
//! What a method does is in the file of its noun; which methods exist is in `methods.rs`.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::request::Parts;
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use super::call::{Call, Refusal, Reply};
use super::faults::Fault;
use super::methods::{self, Method, Token};
use super::oauth;
use super::server::{self, Cut, Shared};
use super::tokens::Kind;
use super::workspace::{CallRecord, Workspace};

/// Answers one call of `name`, or cuts the connection if a fault says so.
pub async fn answer(
    shared: &Arc<Shared>,
    head: &Parts,
    name: &str,
    body: &[u8],
) -> Result<Response<Body>, Cut> {
    let query = head.uri.query().unwrap_or_default();
    let call = match Call::decode(name, query, &head.headers, body) {
        Ok(call) => call,
        Err(refusal) => {
            shared.act(|workspace, now_ms| workspace.record(name, now_ms, &refusal.error, Value::Null));
            return Ok(shared.lock().render(None, Err(refusal)));
        }
    };
    if call.token_astray {
        shared.act(|workspace, _| workspace.astray.push(name.to_owned()));
    }
    // One door for all workspaces: whose a call is says its token.
    let shared = &shared.of_token(call.token.as_deref());
    let channel = call.text("channel");
    let fault = shared.lock().faults.next(name, channel.as_deref());
    if let Some(word) = fault.as_ref().and_then(unworked) {
        let args = Value::Object(call.args.clone());
        shared.act(|workspace, now_ms| workspace.record(name, now_ms, word, args));
    }
    match fault {
        None => Ok(work(shared, head, &call)),
        Some(Fault::Drop) => Err(Cut),
        Some(Fault::Stall) => match server::never().await {},
        Some(Fault::Status(status)) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let page = format!("<!DOCTYPE html><html><body><h1>{status}</h1></body></html>");
            Ok(server::respond(status, "text/html; charset=utf-8", page))
        }
        Some(Fault::RateLimited(seconds)) => Ok(shared.lock().render(None, Err(Refusal::wait(seconds)))),
        Some(Fault::Error(error)) => Ok(shared.lock().render(None, Err(error.as_str().into()))),
        Some(Fault::Slow(ms)) => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            Ok(work(shared, head, &call))
        }
        Some(Fault::AcceptThenCut) => {
            drop(work(shared, head, &call));
            Err(Cut)
        }
        Some(Fault::AcceptThenStall) => {
            drop(work(shared, head, &call));
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
        Fault::RateLimited(_) => Some("ratelimited"),
        Fault::Error(error) => Some(error),
        Fault::Slow(_) | Fault::AcceptThenCut | Fault::AcceptThenStall => None,
    }
}

fn work(shared: &Arc<Shared>, head: &Parts, call: &Call) -> Response<Body> {
    if call.method == "oauth.v2.access" {
        let reply = oauth::access(shared, head, call);
        let outcome = reply.as_ref().map_or_else(|refusal| refusal.error.clone(), |_| "ok".to_owned());
        shared.act(|workspace, now_ms| workspace.record(&call.method, now_ms, &outcome, Value::Null));
        return shared.lock().render(None, reply);
    }
    shared.act(|workspace, now_ms| {
        let method = methods::find(&call.method);
        let reply = match method {
            None => Err(Refusal::from("unknown_method")),
            Some(method) => {
                workspace.admit(method, call, now_ms).and_then(|()| (method.run)(workspace, call))
            }
        };
        let outcome = reply.as_ref().map_or_else(|refusal| refusal.error.clone(), |_| "ok".to_owned());
        workspace.record(&call.method, now_ms, &outcome, Value::Object(call.args.clone()));
        workspace.render(method, reply)
    })
}

impl Workspace {
    /// Checks token, rate limit and scopes.
    fn admit(&mut self, method: &Method, call: &Call, now_ms: i64) -> Result<(), Refusal> {
        let Some(token) = &call.token else { return Err("not_authed".into()) };
        let kind = self.token(token, now_ms).unwrap_or_else(|| Err("invalid_auth".into()))?;
        self.allowed = Some(self.scopes_of(token));
        self.speaking = self.setup.others.iter().find(|other| other.bot_token == *token).cloned();
        let is_app = kind == Kind::App;
        match method.token {
            Token::App if !is_app => return Err("not_allowed_token_type".into()),
            // docs: apps.connections.open takes its token in the header only.
            Token::App if !call.token_in_header => return Err("not_authed".into()),
            Token::Bot if is_app => return Err("not_allowed_token_type".into()),
            Token::App | Token::Bot | Token::Either => {}
        }
        if self.setup.method_limits {
            self.limits.call(method.name, method.tier, now_ms).map_err(Refusal::wait)?;
        }
        self.check_team(call)?;
        self.require(method.scopes)
    }

    /// Refuses with `missing_scope` unless the token has all of these.
    pub fn require(&self, scopes: &[&str]) -> Result<(), Refusal> {
        let missing: Vec<&str> = scopes.iter().copied().filter(|scope| !self.has_scope(scope)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let mut refusal = Refusal::from("missing_scope");
        refusal.extra.insert("needed".to_owned(), json!(missing.join(",")));
        refusal.extra.insert(
            "provided".to_owned(),
            json!(self.allowed.as_ref().unwrap_or(&self.setup.app.scopes).join(",")),
        );
        Err(refusal)
    }

    /// Notes a call and how it ended.
    fn record(&mut self, method: &str, at_ms: i64, outcome: &str, args: Value) {
        let app = self.app().id.clone();
        let record = CallRecord { at_ms, outcome: outcome.to_owned(), args, app };
        self.calls.entry(method.to_owned()).or_default().push(record);
    }

    /// Turns a reply into HTTP.
    fn render(&mut self, method: Option<&Method>, reply: Reply) -> Response<Body> {
        let mut wait = None;
        let body = match reply {
            Ok(mut fields) => {
                fields["ok"] = json!(true);
                fields
            }
            Err(refusal) => {
                wait = refusal.retry_after_s;
                let mut fields = Value::Object(refusal.extra);
                fields["ok"] = json!(false);
                fields["error"] = json!(refusal.error);
                fields
            }
        };
        let status = if wait.is_some() { StatusCode::TOO_MANY_REQUESTS } else { StatusCode::OK };
        let mut response = server::json(status, &body);
        let headers = response.headers_mut();
        if let Some(seconds) = wait {
            headers.insert("retry-after", HeaderValue::from(seconds));
        }
        self.speaking = None;
        let for_app = method.is_some_and(|method| method.token == Token::App);
        let allowed = self.allowed.take().unwrap_or_else(|| self.setup.app.scopes.clone());
        let granted = if for_app { "connections:write".to_owned() } else { allowed.join(",") };
        let accepted = method.map(|method| method.scopes.join(",")).unwrap_or_default();
        let request_id = self.ids.hex(32);
        for (name, value) in [
            ("x-oauth-scopes", granted),
            ("x-accepted-oauth-scopes", accepted),
            ("x-slack-req-id", request_id),
        ] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
        response
    }
}
