//! `reactions.add`, `reactions.remove`, `reactions.get`.

use serde_json::{Value, json};

use super::call::{Call, Refusal, Reply};
use super::workspace::Workspace;

/// Distinct emoji a message takes.
const MAX_EMOJI: usize = 23;

impl Workspace {
    fn item(&self, call: &Call) -> Result<(usize, String), Refusal> {
        let id = call.need("channel").map_err(|_| Refusal::from("no_item_specified"))?;
        let ts = call.need("timestamp").map_err(|_| Refusal::from("no_item_specified"))?;
        let at = self.channel_by_id(&id).ok_or_else(|| Refusal::from("channel_not_found"))?;
        if !self.bot_is_in(at) {
            return Err(if self.channels[at].kind == super::channels::Kind::Public {
                "not_in_channel".into()
            } else {
                "channel_not_found".into()
            });
        }
        if ts.split_once('.').is_none_or(|(_, micros)| micros.len() != 6) {
            return Err("bad_timestamp".into());
        }
        match self.channels[at].messages.get(&ts) {
            Some(message) if !message.deleted => Ok((at, ts)),
            Some(_) | None => Err("message_not_found".into()),
        }
    }
}

/// `reactions.add`
pub fn add(workspace: &mut Workspace, call: &Call) -> Reply {
    let name = emoji(call)?;
    let (at, ts) = workspace.item(call)?;
    if workspace.channels[at].is_archived {
        return Err("is_archived".into());
    }
    let reactions = &workspace.channels[at].messages[&ts].reactions;
    if reactions.len() >= MAX_EMOJI && !reactions.iter().any(|(one, _)| *one == name) {
        return Err("too_many_emoji".into());
    }
    let me = workspace.setup.app.bot_user_id.clone();
    if workspace.set_reaction((at, &ts), &name, &me, true) {
        Ok(json!({}))
    } else {
        Err("already_reacted".into())
    }
}

/// `reactions.remove`
pub fn remove(workspace: &mut Workspace, call: &Call) -> Reply {
    let name = emoji(call)?;
    let (at, ts) = workspace.item(call)?;
    let me = workspace.setup.app.bot_user_id.clone();
    if workspace.set_reaction((at, &ts), &name, &me, false) {
        Ok(json!({}))
    } else {
        Err("no_reaction".into())
    }
}

/// `reactions.get`
pub fn read(workspace: &mut Workspace, call: &Call) -> Reply {
    let (at, ts) = workspace.item(call)?;
    let channel = &workspace.channels[at];
    let message = Value::Object(channel.show(&channel.messages[&ts], false));
    Ok(json!({"type": "message", "channel": channel.id, "message": message}))
}

/// The emoji's name: without colons, in Slack's alphabet.
fn emoji(call: &Call) -> Result<String, Refusal> {
    let name = call.need("name").map_err(|_| Refusal::from("invalid_name"))?;
    let allowed = |c: char| c.is_lowercase() || c.is_ascii_digit() || "_-+':".contains(c);
    let framed = name.starts_with(':') || name.ends_with(':');
    if name.chars().all(allowed) && !framed { Ok(name) } else { Err("invalid_name".into()) }
}
