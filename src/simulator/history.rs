//! `conversations.history` and `conversations.replies`.

use serde_json::{Value, json};

use super::call::{Call, Refusal, Reply};
use super::page;
use super::setup::HistoryProfile;
use super::workspace::Workspace;

/// Messages a call gives at most to apps under the limits of 2025.
const DISTRIBUTED_MAX: usize = 15;

/// The time window of a call.
struct Window {
    oldest: String,
    latest: String,
    inclusive: bool,
}

impl Window {
    fn of(call: &Call) -> Result<Self, Refusal> {
        let oldest = call.text("oldest").map_or(Ok(String::new()), |ts| padded(&ts, "invalid_ts_oldest"))?;
        let latest = call.text("latest").map_or(Ok("9".repeat(17)), |ts| padded(&ts, "invalid_ts_latest"))?;
        Ok(Self { oldest, latest, inclusive: call.flag("inclusive") })
    }

    fn holds(&self, ts: &str) -> bool {
        let inside = *ts > *self.oldest && *ts < *self.latest;
        inside || self.inclusive && (*ts == *self.oldest || *ts == *self.latest)
    }
}

/// A `ts` given by a client, in the form that compares as text: ten digits, a dot, six digits.
fn padded(ts: &str, error: &str) -> Result<String, Refusal> {
    let (seconds, micros) = ts.split_once('.').unwrap_or((ts, ""));
    let digits = |part: &str| part.chars().all(|c| c.is_ascii_digit());
    if seconds.is_empty() || !digits(seconds) || !digits(micros) || micros.len() > 6 {
        return Err(error.into());
    }
    Ok(format!("{seconds:0>10}.{micros:0<6}"))
}

impl Workspace {
    fn readable(&mut self, call: &Call) -> Result<(usize, usize), Refusal> {
        let at = self.visible_channel(call, "history")?;
        if !self.bot_is_in(at) {
            return Err("not_in_channel".into());
        }
        let internal_max = if call.method == "conversations.replies" { 1000 } else { 999 };
        match self.setup.history {
            HistoryProfile::Internal => Ok((at, internal_max)),
            HistoryProfile::Distributed => {
                let now_ms = self.clock.now_ms();
                self.limits.once_a_minute(&call.method, now_ms).map_err(Refusal::wait)?;
                Ok((at, DISTRIBUTED_MAX))
            }
        }
    }
}

/// `conversations.history`: newest first, without thread replies.
pub fn history(workspace: &mut Workspace, call: &Call) -> Reply {
    let (at, max) = workspace.readable(call)?;
    let window = Window::of(call)?;
    let limit = page::limit(call, 100.min(max), max)?;
    let metadata = call.flag("include_all_metadata");
    let channel = &workspace.channels[at];
    // A cursor counts from the oldest message: new ones between two pages must not shift it.
    let all: Vec<&super::messages::Message> =
        channel.top_level().filter(|message| window.holds(&message.ts)).collect();
    let end = match call.text("cursor") {
        None => all.len(),
        Some(cursor) => page::decode(&cursor)
            .filter(|&end| end <= all.len())
            .ok_or_else(|| Refusal::from("invalid_cursor"))?,
    };
    let start = end.saturating_sub(limit);
    let messages: Vec<Value> =
        all[start..end].iter().rev().map(|message| Value::Object(channel.show(message, metadata))).collect();
    let mut reply = json!({
        "messages": messages, "has_more": start > 0, "pin_count": 0, "channel_actions_ts": null,
        "channel_actions_count": 0,
    });
    if start > 0 {
        reply["response_metadata"] = json!({"next_cursor": page::encode(start)});
    }
    Ok(reply)
}

/// `conversations.replies`: oldest first; the parent leads every page.
pub fn replies(workspace: &mut Workspace, call: &Call) -> Reply {
    let (at, max) = workspace.readable(call)?;
    let window = Window::of(call)?;
    let limit = page::limit(call, max, max)?;
    let wanted = call.need("ts").map_err(|_| Refusal::from("thread_not_found"))?;
    let metadata = call.flag("include_all_metadata");
    let channel = &workspace.channels[at];
    let message = channel.messages.get(&wanted).filter(|message| channel.is_shown(message));
    let message = message.ok_or_else(|| Refusal::from("thread_not_found"))?;
    let parent = message.thread_ts.clone().unwrap_or_else(|| wanted.clone());
    let thread = channel.thread(&parent);
    let show = |message: &super::messages::Message| Value::Object(channel.show(message, metadata));
    let (first, rest) = thread.split_first().ok_or_else(|| Refusal::from("thread_not_found"))?;
    let replies: Vec<Value> =
        rest.iter().filter(|reply| window.holds(&reply.ts)).map(|reply| show(reply)).collect();
    let (page, response_metadata) = page::cut(call, replies, limit.saturating_sub(1).max(1))?;
    let messages: Vec<Value> = std::iter::once(show(first)).chain(page).collect();
    let has_more = response_metadata["next_cursor"] != "";
    let mut reply = json!({"messages": messages, "has_more": has_more});
    if has_more {
        reply["response_metadata"] = response_metadata;
    }
    Ok(reply)
}
