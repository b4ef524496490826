//! What people do beside writing: commands, clicks, shortcuts, modals. Each becomes one envelope.
//!
//! Interactive envelopes are never sent again; without an open socket they are lost at once.

use serde_json::{Value, json};

use super::modals;
use super::parcel::Purpose;
use super::response_url::Target;
use super::workspace::{Mistake, Workspace};

impl Workspace {
    /// A slash command typed in a channel.
    pub fn run_command(
        &mut self,
        who: &str,
        channel: usize,
        command: &str,
        text: &str,
    ) -> Result<u64, Mistake> {
        let (user, handle) = self.named(who)?;
        let place = &self.channels[channel];
        let (id, name) = (place.id.clone(), command_place(place));
        let target = Target { channel: id.clone(), user: user.clone(), message_ts: None };
        let response_url = self.response_url("commands", target);
        let trigger_id = self.trigger(&user, None);
        let payload = json!({
            "token": "simulated-verification-token", "team_id": self.setup.team_id,
            "team_domain": self.setup.team_domain, "channel_id": id, "channel_name": name, "user_id": user,
            "user_name": handle, "command": command, "text": text, "api_app_id": self.setup.app.id,
            "is_enterprise_install": "false", "response_url": response_url, "trigger_id": trigger_id,
        });
        Ok(self.raise("slash_commands", payload, Purpose::Command { user, channel: id }))
    }

    /// A click on (or choice in) an element of a message.
    pub fn click(
        &mut self,
        who: &str,
        at: (usize, &str),
        action_id: &str,
        value: Option<&Value>,
    ) -> Result<u64, Mistake> {
        let (channel, ts) = at;
        let place = &self.channels[channel];
        let message = place.messages.get(ts).filter(|message| !message.deleted);
        let message = message.ok_or_else(|| Mistake::NoMessage(ts.to_owned()))?;
        let blocks = shown_blocks(message);
        let shown = Value::Object(place.show(message, true));
        let thread_ts = message.thread_ts.clone();
        let (id, name) = (place.id.clone(), command_place(place));
        let action = self.action(&blocks, action_id, value)?;
        let mut payload = self.interaction("block_actions", who, None)?;
        let user = payload["user"]["id"].as_str().unwrap_or_default().to_owned();
        let target = Target { channel: id.clone(), user, message_ts: Some(ts.to_owned()) };
        payload["container"] =
            json!({"type": "message", "message_ts": ts, "channel_id": id, "is_ephemeral": false});
        if let Some(thread_ts) = thread_ts {
            payload["container"]["thread_ts"] = json!(thread_ts);
        }
        payload["channel"] = json!({"id": id, "name": name});
        payload["message"] = shown;
        payload["state"] = json!({"values": modals::initial_values(&json!({"blocks": blocks}))});
        payload["response_url"] = json!(self.response_url("actions", target));
        payload["actions"] = json!([action]);
        Ok(self.raise("interactive", payload, Purpose::Nothing))
    }

    /// A click on (or choice in) an element of an open view.
    pub fn click_in_view(
        &mut self,
        who: &str,
        view: &str,
        action_id: &str,
        value: Option<&Value>,
    ) -> Result<u64, Mistake> {
        let at = self.open_view(who, view)?;
        let view_id = self.views[at].id.clone();
        let action = self.action(&self.views[at].content["blocks"].clone(), action_id, value)?;
        let chosen = action.clone();
        if let Some(block_id) = chosen["block_id"].as_str()
            && !self.views[at].values[block_id][action_id].is_null()
        {
            let element = find_element(&self.views[at].content["blocks"], action_id);
            if let (Some((_, element)), Some(value)) = (element, value) {
                let value = modals::put_in(element, value);
                self.views[at].values[block_id][action_id] = value;
            }
        }
        let mut payload = self.interaction("block_actions", who, Some(&view_id))?;
        payload["container"] = json!({"type": "view", "view_id": view_id});
        payload["view"] = self.show_view(&self.views[at]);
        payload["actions"] = json!([action]);
        Ok(self.raise("interactive", payload, Purpose::Nothing))
    }

    /// Submits an open modal with these values: `{block_id: {action_id: value}}`.
    pub fn submit(&mut self, who: &str, view: &str, values: &Value) -> Result<u64, Mistake> {
        let at = self.open_view(who, view)?;
        let blocks = self.views[at].content["blocks"].clone();
        for (block_id, actions) in values.as_object().into_iter().flatten() {
            for (action_id, given) in actions.as_object().into_iter().flatten() {
                let element = input_of(&blocks, block_id, action_id);
                let element =
                    element.ok_or_else(|| Mistake::NoElement(format!("input {block_id}/{action_id}")))?;
                self.views[at].values[block_id][action_id] = modals::put_in(element, given);
            }
        }
        let view_id = self.views[at].id.clone();
        let mut payload = self.interaction("view_submission", who, Some(&view_id))?;
        payload["view"] = self.show_view(&self.views[at]);
        payload["response_urls"] = json!([]);
        Ok(self.raise("interactive", payload, Purpose::Submission { view: view_id }))
    }

    /// Closes a modal by its cross. The app hears of it only if it asked to (`notify_on_close`).
    pub fn close_view(&mut self, who: &str, view: &str) -> Result<Option<u64>, Mistake> {
        let at = self.open_view(who, view)?;
        let notify = self.views[at].content["notify_on_close"] == true;
        let mut payload = self.interaction("view_closed", who, None)?;
        if let Some(fields) = payload.as_object_mut() {
            fields.remove("trigger_id");
        }
        payload["view"] = self.show_view(&self.views[at]);
        payload["is_cleared"] = json!(self.views[at].previous.is_none());
        self.views[at].is_open = false;
        Ok(notify.then(|| self.raise("interactive", payload, Purpose::Nothing)))
    }

    /// A global shortcut.
    pub fn shortcut(&mut self, who: &str, callback_id: &str) -> Result<u64, Mistake> {
        let mut payload = self.interaction("shortcut", who, None)?;
        payload["callback_id"] = json!(callback_id);
        payload["action_ts"] = json!(self.ids.ts(self.clock.now_us()));
        Ok(self.raise("interactive", payload, Purpose::Nothing))
    }

    /// A shortcut on a message.
    pub fn message_shortcut(
        &mut self,
        who: &str,
        at: (usize, &str),
        callback_id: &str,
    ) -> Result<u64, Mistake> {
        let (channel, ts) = at;
        let place = &self.channels[channel];
        let message = place.messages.get(ts).ok_or_else(|| Mistake::NoMessage(ts.to_owned()))?;
        let shown = Value::Object(place.show(message, true));
        let (id, name) = (place.id.clone(), command_place(place));
        let mut payload = self.interaction("message_action", who, None)?;
        let user = payload["user"]["id"].as_str().unwrap_or_default().to_owned();
        let target = Target { channel: id.clone(), user, message_ts: Some(ts.to_owned()) };
        payload["callback_id"] = json!(callback_id);
        payload["message"] = shown;
        payload["message_ts"] = json!(ts);
        payload["channel"] = json!({"id": id, "name": name});
        payload["response_url"] = json!(self.response_url("actions", target));
        payload["action_ts"] = json!(self.ids.ts(self.clock.now_us()));
        Ok(self.raise("interactive", payload, Purpose::Nothing))
    }

    /// Somebody types into an external menu of an open view; the ack carries the options.
    pub fn ask_options(
        &mut self,
        who: &str,
        view: &str,
        action_id: &str,
        typed: &str,
    ) -> Result<u64, Mistake> {
        let at = self.open_view(who, view)?;
        let found = find_element(&self.views[at].content["blocks"], action_id).map(|(block, _)| block);
        let block_id = found.ok_or_else(|| Mistake::NoElement(format!("element {action_id}")))?;
        let view_id = self.views[at].id.clone();
        let mut payload = self.interaction("block_suggestion", who, None)?;
        payload["container"] = json!({"type": "view", "view_id": view_id});
        payload["view"] = self.show_view(&self.views[at]);
        payload["action_id"] = json!(action_id);
        payload["block_id"] = json!(block_id);
        payload["value"] = json!(typed);
        Ok(self.raise("interactive", payload, Purpose::Nothing))
    }

    /// Somebody opens the app's Home tab.
    pub fn open_home(&mut self, who: &str) -> Result<(), Mistake> {
        let (user, _) = self.named(who)?;
        let dm = self.dm_with(&user);
        let mut event = json!({
            "type": "app_home_opened", "user": user, "channel": self.channels[dm].id, "tab": "home",
            "event_ts": self.ids.ts(self.clock.now_us()),
        });
        let home = self.views.iter().find(|view| view.user == user && view.content["type"] == "home");
        if let Some(home) = home {
            event["view"] = self.show_view(home);
        }
        self.raise_event("app_home_opened", "", event);
        Ok(())
    }

    /// Position of a person's open view, by view id or callback id; the one on top wins.
    pub fn open_view(&self, who: &str, view: &str) -> Result<usize, Mistake> {
        let user = &self.person(who)?.id;
        let found = self.views.iter().rposition(|one| {
            one.is_open && one.user == *user && (one.id == view || one.callback_id() == view)
        });
        found.ok_or_else(|| Mistake::NoElement(format!("open view {view}")))
    }

    fn named(&self, who: &str) -> Result<(String, String), Mistake> {
        self.person(who).map(|person| (person.id.clone(), person.handle.clone()))
    }

    fn trigger(&mut self, user: &str, view: Option<&str>) -> String {
        let now_ms = self.clock.now_ms();
        self.triggers.make(&mut self.ids, now_ms, user, view)
    }

    fn response_url(&mut self, kind: &str, target: Target) -> String {
        let now_ms = self.clock.now_ms();
        let path = self.response_urls.make(kind, &mut self.ids, now_ms, target);
        format!("{}/{path}", self.base_url)
    }

    /// What all interaction payloads have.
    fn interaction(&mut self, kind: &str, who: &str, view: Option<&str>) -> Result<Value, Mistake> {
        let person = self.person(who)?;
        let (user, handle, team) = (person.id.clone(), person.handle.clone(), person.team_id.clone());
        let trigger_id = self.trigger(&user, view);
        Ok(json!({
            "type": kind, "token": "simulated-verification-token", "api_app_id": self.setup.app.id,
            "team": {"id": self.setup.team_id, "domain": self.setup.team_domain},
            "user": {"id": user, "username": handle, "name": handle, "team_id": team},
            "enterprise": null, "is_enterprise_install": false, "trigger_id": trigger_id,
        }))
    }

    /// The `actions[]` entry for an element.
    fn action(&mut self, blocks: &Value, action_id: &str, value: Option<&Value>) -> Result<Value, Mistake> {
        let found = find_element(blocks, action_id);
        let (block_id, element) = found.ok_or_else(|| Mistake::NoElement(format!("element {action_id}")))?;
        let mut action = match value {
            Some(value) => modals::put_in(element, value),
            None => json!({"type": element["type"]}),
        };
        if element["type"] == "button" {
            action["text"] = element["text"].clone();
            if let Some(value) = element.get("value") {
                action["value"] = value.clone();
            }
        }
        if element["type"] == "overflow"
            && let Some(value) = value
        {
            action = json!({"type": "overflow", "selected_option": modals::option_with(element, value)});
        }
        action["action_id"] = json!(action_id);
        action["block_id"] = json!(block_id);
        action["action_ts"] = json!(self.ids.ts(self.clock.now_us()));
        Ok(action)
    }
}

/// All blocks of a message: its own, and those that hang at its attachments.
fn shown_blocks(message: &super::messages::Message) -> Value {
    let lists = message.attachments.iter().flat_map(Value::as_array).flatten().map(|part| &part["blocks"]);
    let all = message.blocks.iter().chain(lists).flat_map(Value::as_array).flatten();
    Value::Array(all.cloned().collect())
}

/// The element with this action id, and its block's id.
fn find_element<'a>(blocks: &'a Value, action_id: &str) -> Option<(String, &'a Value)> {
    blocks.as_array()?.iter().find_map(|block| {
        let element = modals::elements_of(block).find(|element| element["action_id"] == action_id)?;
        Some((block["block_id"].as_str().unwrap_or_default().to_owned(), element))
    })
}

/// The element with this action id in this block; action ids are unique only within a block.
fn input_of<'a>(blocks: &'a Value, block_id: &str, action_id: &str) -> Option<&'a Value> {
    let block = blocks.as_array()?.iter().find(|block| block["block_id"] == block_id)?;
    modals::elements_of(block).find(|element| element["action_id"] == action_id)
}

/// How commands and clicks name a channel: private ones and direct messages keep theirs secret.
fn command_place(channel: &super::channels::Channel) -> String {
    match channel.kind {
        super::channels::Kind::Public => channel.name.clone(),
        super::channels::Kind::Private | super::channels::Kind::Mpim => "privategroup".to_owned(),
        super::channels::Kind::Im(_) => "directmessage".to_owned(),
    }
}
