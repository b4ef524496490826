//! `conversations.list/info/members/join/open` and `users.conversations`.
//!
//! Reading messages is in `history.rs`.

use serde_json::{Value, json};

use super::call::{Call, Refusal, Reply};
use super::channels::{Channel, Kind};
use super::page;
use super::workspace::Workspace;

const TYPES: [&str; 4] = ["public_channel", "private_channel", "mpim", "im"];

impl Workspace {
    /// The conversation named by the `channel` argument, if the bot may know of it; checks the scope
    /// of its kind (`…:read`, `…:history`).
    pub fn visible_channel(&self, call: &Call, right: &str) -> Result<usize, Refusal> {
        let id = call.need("channel").map_err(|_| Refusal::from("channel_not_found"))?;
        let at = self.channel_by_id(&id).ok_or_else(|| Refusal::from("channel_not_found"))?;
        let kind = &self.channels[at].kind;
        self.require(&[&format!("{}:{right}", kind.scope_prefix())])?;
        if *kind != Kind::Public && !self.bot_is_in(at) {
            return Err("channel_not_found".into());
        }
        Ok(at)
    }

    fn conversation(&self, channel: &Channel) -> Value {
        channel.as_object(&self.setup.app.bot_user_id, &self.setup.team_id)
    }

    /// Conversations of the wanted types; one missing scope fails the whole call (docs).
    fn listed(&self, call: &Call, member: Option<&str>) -> Result<Vec<Value>, Refusal> {
        let types = call.text("types").unwrap_or_else(|| "public_channel".to_owned());
        let types: Vec<&str> = types.split(',').map(str::trim).collect();
        if types.iter().any(|wanted| !TYPES.contains(wanted)) {
            return Err("invalid_types".into());
        }
        for wanted in &types {
            let scope = match *wanted {
                "public_channel" => "channels:read",
                "private_channel" => "groups:read",
                "mpim" => "mpim:read",
                _ => "im:read",
            };
            self.require(&[scope])?;
        }
        let shown = self.channels.iter().filter(|channel| {
            types.contains(&channel.kind.list_type())
                && !(call.flag("exclude_archived") && channel.is_archived)
                && (channel.kind == Kind::Public || channel.members.contains(&self.setup.app.bot_user_id))
                && member.is_none_or(|user| channel.members.contains(user))
                && self.shows(call, |team| team.channels.contains(&channel.name))
        });
        Ok(shown.map(|channel| self.conversation(channel)).collect())
    }
}

/// `conversations.list`
pub fn list(workspace: &mut Workspace, call: &Call) -> Reply {
    paged(call, workspace.listed(call, None)?)
}

/// `users.conversations`: without `user`, where the bot itself is a member.
pub fn of_user(workspace: &mut Workspace, call: &Call) -> Reply {
    let user = call.text("user").unwrap_or_else(|| workspace.setup.app.bot_user_id.clone());
    if workspace.person(&user).is_err() {
        return Err("user_not_found".into());
    }
    paged(call, workspace.listed(call, Some(&user))?)
}

fn paged(call: &Call, all: Vec<Value>) -> Reply {
    let limit = page::limit(call, 100, 999)?;
    let (channels, metadata) = page::cut(call, all, limit)?;
    Ok(json!({"channels": channels, "response_metadata": metadata}))
}

/// `conversations.info`
pub fn info(workspace: &mut Workspace, call: &Call) -> Reply {
    let at = workspace.visible_channel(call, "read")?;
    let mut channel = workspace.conversation(&workspace.channels[at]);
    if !call.flag("include_num_members")
        && let Some(fields) = channel.as_object_mut()
    {
        fields.remove("num_members");
    }
    Ok(json!({"channel": channel}))
}

/// `conversations.members`
pub fn members(workspace: &mut Workspace, call: &Call) -> Reply {
    let at = workspace.visible_channel(call, "read")?;
    let all = workspace.channels[at].members.iter().map(|id| json!(id)).collect();
    let limit = page::limit(call, 100, 999)?;
    let (members, metadata) = page::cut(call, all, limit)?;
    Ok(json!({"members": members, "response_metadata": metadata}))
}

/// `conversations.join`: public channels only.
pub fn join(workspace: &mut Workspace, call: &Call) -> Reply {
    let id = call.need("channel").map_err(|_| Refusal::from("channel_not_found"))?;
    let at = workspace.channel_by_id(&id).ok_or_else(|| Refusal::from("channel_not_found"))?;
    match workspace.channels[at].kind {
        Kind::Public => {}
        Kind::Private => return Err("channel_not_found".into()),
        Kind::Im(_) | Kind::Mpim => return Err("method_not_supported_for_channel_type".into()),
    }
    if workspace.channels[at].is_archived {
        return Err("is_archived".into());
    }
    let me = workspace.setup.app.bot_user_id.clone();
    let joined = workspace.channels[at].members.insert(me.clone());
    let mut reply = json!({"channel": workspace.conversation(&workspace.channels[at])});
    if joined {
        workspace.raise_member_event(at, &me, true);
    } else {
        reply["warning"] = json!("already_in_channel");
        reply["response_metadata"] = json!({"warnings": ["already_in_channel"]});
    }
    Ok(reply)
}

/// `conversations.open`: a direct message with one person, or a group message.
pub fn open(workspace: &mut Workspace, call: &Call) -> Reply {
    if let Some(id) = call.text("channel") {
        let at = workspace.channel_by_id(&id).ok_or_else(|| Refusal::from("channel_not_found"))?;
        return Ok(
            json!({"no_op": true, "already_open": true, "channel": {"id": workspace.channels[at].id}}),
        );
    }
    let users = call.need("users").map_err(|_| Refusal::from("users_list_not_supplied"))?;
    let users: Vec<String> = users.split(',').map(|user| user.trim().to_owned()).collect();
    if users.len() > 8 {
        return Err("too_many_users".into());
    }
    for user in &users {
        match workspace.people.iter().find(|person| person.id == *user) {
            None => return Err("user_not_found".into()),
            Some(person) if person.deleted => return Err("user_disabled".into()),
            Some(person) if person.is_stranger => return Err("user_not_visible".into()),
            Some(_) => {}
        }
    }
    let before = workspace.channels.len();
    let at = if let [user] = users.as_slice() {
        workspace.dm_with(user)
    } else {
        workspace.require(&["mpim:write"])?;
        group_dm(workspace, users)
    };
    let existed = workspace.channels.len() == before;
    let channel = if call.flag("return_im") {
        workspace.conversation(&workspace.channels[at])
    } else {
        json!({"id": workspace.channels[at].id})
    };
    let mut reply = json!({"channel": channel});
    if existed {
        reply["no_op"] = json!(true);
        reply["already_open"] = json!(true);
    }
    Ok(reply)
}

fn group_dm(workspace: &mut Workspace, mut users: Vec<String>) -> usize {
    users.sort();
    let name = format!("mpdm-{}-1", users.join("--").to_lowercase());
    if let Some(at) = workspace.channels.iter().position(|channel| channel.name == name) {
        return at;
    }
    users.push(workspace.setup.app.bot_user_id.clone());
    workspace.add_channel(&name, Kind::Mpim, users.into_iter().collect())
}
