//! Response URLs: five uses in thirty minutes, no token.
//!
//! They live under `/commands/` and `/actions/` of the simulator's own port.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use http::{Response, StatusCode};
use serde_json::Value;

use super::blocks;
use super::faults::Fault;
use super::ids::Ids;
use super::messages::Message;
use super::server::{self, Cut, Shared};
use super::workspace::{CallRecord, Ephemeral, Workspace};

const LIFE_MS: i64 = 30 * 60 * 1000;
const USES: u32 = 5;

/// Where answers through one URL go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Channel id.
    pub channel: String,
    /// Who caused it and sees ephemeral answers.
    pub user: String,
    /// The message a click came from.
    pub message_ts: Option<String>,
}

#[derive(Clone, Debug)]
struct Link {
    target: Target,
    made_ms: i64,
    uses: u32,
}

/// All response URLs handed out, by path.
#[derive(Debug, Default)]
pub struct ResponseUrls(BTreeMap<String, Link>);

impl ResponseUrls {
    /// Makes the path of a new URL; `kind` is `commands` or `actions`.
    pub fn make(&mut self, kind: &str, ids: &mut Ids, now_ms: i64, target: Target) -> String {
        let path = format!("{kind}/T0SIM/{}/{}", 1000 + self.0.len(), ids.hex(24));
        self.0.insert(path.clone(), Link { target, made_ms: now_ms, uses: 0 });
        path
    }

    fn take(&mut self, path: &str, now_ms: i64) -> Result<Target, &'static str> {
        let link = self.0.get_mut(path).ok_or("no_such_url")?;
        if now_ms - link.made_ms > LIFE_MS {
            return Err("expired_url");
        }
        if link.uses >= USES {
            return Err("used_url");
        }
        link.uses += 1;
        Ok(link.target.clone())
    }
}

/// What faults and call records name these addresses by.
const METHOD: &str = "response_url";

/// Answers a POST to a response URL.
pub async fn answer(shared: &Arc<Shared>, path: &str, body: &[u8]) -> Result<Response<Body>, Cut> {
    let fault = shared.act(|workspace, now_ms| {
        let app = workspace.setup.app.id.clone();
        let record = CallRecord { at_ms: now_ms, outcome: "received".to_owned(), args: Value::Null, app };
        workspace.calls.entry(METHOD.to_owned()).or_default().push(record);
        workspace.faults.next(METHOD, None)
    });
    match fault {
        Some(Fault::Drop) => return Err(Cut),
        Some(Fault::Stall) => match server::never().await {},
        Some(Fault::Status(status)) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            return Ok(server::plain(status, "<html>no</html>"));
        }
        Some(Fault::Error(error)) => return Ok(server::plain(StatusCode::NOT_FOUND, error)),
        Some(Fault::RateLimited(_)) => {
            return Ok(server::plain(StatusCode::TOO_MANY_REQUESTS, "rate_limited"));
        }
        Some(Fault::Slow(ms)) => tokio::time::sleep(std::time::Duration::from_millis(ms)).await,
        Some(Fault::AcceptThenCut) => {
            take(shared, path, body);
            return Err(Cut);
        }
        Some(Fault::AcceptThenStall) => {
            take(shared, path, body);
            match server::never().await {}
        }
        None => {}
    }
    Ok(take(shared, path, body))
}

fn take(shared: &Arc<Shared>, path: &str, body: &[u8]) -> Response<Body> {
    let result = shared.act(|workspace, now_ms| {
        let target =
            workspace.response_urls.take(path, now_ms).map_err(|error| (StatusCode::NOT_FOUND, error))?;
        let content: Value =
            serde_json::from_slice(body).map_err(|_| (StatusCode::BAD_REQUEST, "invalid_payload"))?;
        workspace.respond(&target, &content).map_err(|error| (StatusCode::BAD_REQUEST, error))
    });
    match result {
        Ok(()) => server::plain(StatusCode::OK, "ok"),
        Err((status, error)) => server::plain(status, error),
    }
}

impl Workspace {
    /// Does what a response (by URL or in a command's ack) asks for.
    pub fn respond(&mut self, target: &Target, content: &Value) -> Result<(), &'static str> {
        let Some(channel) = self.channel_by_id(&target.channel) else { return Err("no_such_channel") };
        let original = target.message_ts.clone();
        if content["delete_original"] == true {
            let ts = original.ok_or("no_original")?;
            self.remove(channel, &ts);
            return Ok(());
        }
        if let Some(given) = content.get("blocks")
            && !blocks::check_message(given).is_empty()
        {
            return Err("invalid_blocks");
        }
        let text = content["text"].as_str().unwrap_or_default().to_owned();
        let blocks = content.get("blocks").cloned().map(|given| blocks::fill_ids(given, &mut self.ids));
        if text.is_empty() && blocks.is_none() {
            return Err("no_text");
        }
        if content["replace_original"] == true {
            let ts = original.ok_or("no_original")?;
            self.change(channel, &ts, |message| {
                message.text = text;
                message.blocks = blocks;
            });
            return Ok(());
        }
        let thread_ts = content["thread_ts"].as_str().map(str::to_owned);
        if content["response_type"] == "in_channel" {
            let message = Message { text, blocks, thread_ts, ..self.message_by_bot() };
            self.publish(channel, message);
        } else {
            let (channel, user) = (target.channel.clone(), target.user.clone());
            let app = self.setup.app.id.clone();
            self.ephemerals.push(Ephemeral { channel, user, text, blocks, thread_ts, app });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{ResponseUrls, Target};
    use crate::simulator::ids::Ids;

    #[test]
    fn a_response_url_takes_five_uses_within_thirty_minutes() {
        let (mut urls, mut ids) = (ResponseUrls::default(), Ids::new(1));
        let target = Target { channel: "C1".to_owned(), user: "U1".to_owned(), message_ts: None };
        let path = urls.make("commands", &mut ids, 0, target.clone());
        for _ in 0..5 {
            assert_eq!(urls.take(&path, 1), Ok(target.clone()));
        }
        assert_eq!(urls.take(&path, 1), Err("used_url"));
        let late = urls.make("actions", &mut ids, 0, target);
        assert_eq!(urls.take(&late, 30 * 60 * 1000 + 1), Err("expired_url"));
    }
}
