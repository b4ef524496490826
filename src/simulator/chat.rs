//! `chat.postMessage/update/delete/postEphemeral/getPermalink`.

use serde_json::{Value, json};

use super::call::{Call, Refusal, Reply};
use super::channels::Kind;
use super::content::{Content, UPDATE_MAX_CHARS};
use super::messages::Message;
use super::workspace::{Ephemeral, Workspace};

impl Workspace {
    /// A message by our app, still without content.
    pub fn message_by_bot(&self) -> Message {
        let app = self.app();
        let bot = self.people.iter().find(|person| person.id == app.bot_user_id);
        Message {
            user: Some(app.bot_user_id.clone()),
            bot_id: Some(app.bot_id.clone()),
            app_id: Some(app.id.clone()),
            team: Some(self.setup.team_id.clone()),
            bot_profile: bot.and_then(super::people::Person::as_bot),
            ..Message::default()
        }
    }

    /// Where a post goes: a conversation's id, a public channel's name, or a user's id (opens a DM).
    fn destination(&mut self, call: &Call) -> Result<usize, Refusal> {
        let place = call.need("channel").map_err(|_| Refusal::from("channel_not_found"))?;
        let at = match self.channel_by_id(&place) {
            Some(at) => at,
            None if self.people.iter().any(|person| person.id == place) => self.dm_with(&place),
            None => {
                let name = place.trim_start_matches('#');
                let found = self.channels.iter().position(|channel| channel.name == name && !name.is_empty());
                found.ok_or_else(|| Refusal::from("channel_not_found"))?
            }
        };
        let is_public = self.channels[at].kind == Kind::Public;
        if !self.bot_is_in(at) && !is_public {
            return Err("channel_not_found".into());
        }
        if self.channels[at].is_archived {
            return Err("is_archived".into());
        }
        if !self.bot_is_in(at) && !self.has_scope("chat:write.public") {
            return Err("not_in_channel".into());
        }
        Ok(at)
    }

    fn own_message(&mut self, call: &Call, denied: &str) -> Result<(usize, String), Refusal> {
        let id = call.need("channel").map_err(|_| Refusal::from("channel_not_found"))?;
        let at = self.channel_by_id(&id).ok_or_else(|| Refusal::from("channel_not_found"))?;
        let ts = call.need("ts").map_err(|_| Refusal::from("message_not_found"))?;
        let message = self.channels[at].messages.get(&ts).filter(|message| !message.deleted);
        let message = message.ok_or_else(|| Refusal::from("message_not_found"))?;
        if message.bot_id.as_ref() != Some(&self.app().bot_id) {
            return Err(denied.into());
        }
        Ok((at, ts))
    }

    fn post_reply(&self, at: usize, ts: &str) -> Value {
        let channel = &self.channels[at];
        let message = channel.messages.get(ts).map(|message| channel.show(message, true)).unwrap_or_default();
        json!({"channel": channel.id, "ts": ts, "message": message})
    }
}

/// `chat.postMessage`
pub fn post_message(workspace: &mut Workspace, call: &Call) -> Reply {
    let at = workspace.destination(call)?;
    if workspace.setup.post_limit {
        let now_ms = workspace.clock.now_ms();
        let id = workspace.channels[at].id.clone();
        workspace.limits.post(&id, now_ms).map_err(Refusal::wait)?;
    }
    let content = Content::read(workspace, call)?;
    if content.is_empty() {
        return Err("no_text".into());
    }
    let mut message = Message {
        text: content.shown_text(),
        blocks: content.blocks.clone(),
        attachments: content.attachments.clone(),
        metadata: content.metadata.clone().filter(|metadata| metadata != &json!({})),
        thread_ts: thread(workspace, at, call)?,
        ..workspace.message_by_bot()
    };
    if let Some(name) = call.text("username") {
        workspace.require(&["chat:write.customize"])?;
        message.username = Some(name);
        message.subtype = Some("bot_message".to_owned());
        message.user = None;
    }
    if message.thread_ts.is_some() && call.flag("reply_broadcast") {
        message.broadcast = true;
        message.subtype = Some("thread_broadcast".to_owned());
    }
    let ts = workspace.publish(at, message);
    let mut reply = workspace.post_reply(at, &ts);
    content.warn(&mut reply);
    Ok(reply)
}

/// The parent named by `thread_ts`. A reply's `ts` leads to its parent; an unknown one is refused.
fn thread(workspace: &Workspace, at: usize, call: &Call) -> Result<Option<String>, Refusal> {
    let Some(ts) = call.text("thread_ts") else { return Ok(None) };
    match workspace.channels[at].messages.get(&ts) {
        Some(message) if message.is_reply() => Ok(message.thread_ts.clone()),
        Some(_) => Ok(Some(ts)),
        None => Err("thread_not_found".into()),
    }
}

/// `chat.postEphemeral`: shown to one member, stored nowhere.
pub fn post_ephemeral(workspace: &mut Workspace, call: &Call) -> Reply {
    let at = workspace.destination(call)?;
    if !workspace.bot_is_in(at) {
        return Err("not_in_channel".into());
    }
    let user = call.need("user").map_err(|_| Refusal::from("user_not_in_channel"))?;
    if !workspace.channels[at].members.contains(&user) {
        return Err("user_not_in_channel".into());
    }
    let content = Content::read(workspace, call)?;
    if content.is_empty() {
        return Err("no_text".into());
    }
    let (channel, thread_ts) = (workspace.channels[at].id.clone(), call.text("thread_ts"));
    let text = content.shown_text();
    let app = workspace.app().id.clone();
    workspace.ephemerals.push(Ephemeral { channel, user, text, blocks: content.blocks, thread_ts, app });
    let now_us = workspace.clock.now_us();
    Ok(json!({"message_ts": workspace.ids.ts(now_us)}))
}

/// `chat.update`: text without blocks drops the blocks; metadata stays unless given.
pub fn update(workspace: &mut Workspace, call: &Call) -> Reply {
    let (at, ts) = workspace.own_message(call, "cant_update_message")?;
    if workspace.channels[at].is_archived {
        return Err("is_inactive".into());
    }
    let content = Content::read(workspace, call)?;
    if content.text.as_ref().is_some_and(|text| text.chars().count() > UPDATE_MAX_CHARS) {
        return Err("msg_too_long".into());
    }
    if content.is_empty() && content.attachments.is_none() {
        return Err("no_text".into());
    }
    let edit_ts = workspace.ids.ts(workspace.clock.now_us());
    let editor = workspace.app().bot_user_id.clone();
    workspace.change(at, &ts, |message| {
        if let Some(text) = content.text {
            if text != message.text {
                message.edited = Some((editor, edit_ts));
            }
            message.text = text;
            message.blocks = content.blocks;
        } else if content.blocks.is_some() {
            message.blocks = content.blocks;
        }
        if let Some(attachments) = content.attachments {
            message.attachments = Some(attachments).filter(|list| list != &json!([]));
        }
        if let Some(metadata) = content.metadata {
            message.metadata = Some(metadata).filter(|given| given != &json!({}));
        }
    });
    let mut reply = workspace.post_reply(at, &ts);
    reply["text"] = reply["message"]["text"].clone();
    Ok(reply)
}

/// `chat.delete`
pub fn delete(workspace: &mut Workspace, call: &Call) -> Reply {
    let (at, ts) = workspace.own_message(call, "cant_delete_message")?;
    workspace.remove(at, &ts);
    Ok(json!({"channel": workspace.channels[at].id, "ts": ts}))
}

/// `chat.getPermalink`
pub fn permalink(workspace: &mut Workspace, call: &Call) -> Reply {
    let id = call.need("channel").map_err(|_| Refusal::from("channel_not_found"))?;
    let at = workspace.channel_by_id(&id).ok_or_else(|| Refusal::from("channel_not_found"))?;
    let ts = call.need("message_ts").map_err(|_| Refusal::from("message_not_found"))?;
    let message = workspace.channels[at].messages.get(&ts).filter(|message| !message.deleted);
    let message = message.ok_or_else(|| Refusal::from("message_not_found"))?;
    let host = format!("https://{}.slack.com", workspace.setup.team_domain);
    let mut link = format!("{host}/archives/{id}/p{}", ts.replace('.', ""));
    if let Some(parent) = message.thread_ts.as_ref().filter(|_| message.is_reply()) {
        link = format!("{link}?thread_ts={parent}&cid={id}");
    }
    Ok(json!({"channel": id, "permalink": link}))
}
