//! What Slack tells the app when something happens: messages and their changes, reactions, members.
//!
//! An event goes out only if the app subscribed to it, its token has the scope for it and, for
//! messages, the bot is in the conversation.

use serde_json::{Map, Value, json};

use super::channels::Kind;
use super::messages::Message;
use super::parcel::Purpose;
use super::setup::MentionOrder;
use super::workspace::Workspace;

impl Workspace {
    /// Adds a message to a conversation and raises its events. Returns its `ts`.
    pub fn publish(&mut self, channel: usize, mut message: Message) -> String {
        let ts = self.ids.ts(self.clock.now_us());
        message.ts.clone_from(&ts);
        let place = &mut self.channels[channel];
        if let Some(parent) = message.thread_ts.clone() {
            place.threads.entry(parent).or_default().push(ts.clone());
        }
        place.messages.insert(ts.clone(), message.clone());
        let mut event = self.channels[channel].show(&message, true);
        self.place_event(channel, &ts, &mut event);
        let mention = self.mention_of(channel, &message, &event);
        let event = Value::Object(event);
        let mention_first = match self.setup.mention_order {
            MentionOrder::MessageFirst => false,
            MentionOrder::MentionFirst => true,
            MentionOrder::Either => self.ids.pick(2) == 1,
        };
        match mention {
            Some(mention) if mention_first => {
                self.raise_event("app_mention", "app_mentions:read", mention);
                self.raise_message_event(channel, event);
            }
            Some(mention) => {
                self.raise_message_event(channel, event);
                self.raise_event("app_mention", "app_mentions:read", mention);
            }
            None => self.raise_message_event(channel, event),
        }
        ts
    }

    /// Changes a message and raises `message_changed`. The caller says what changes.
    pub fn change(&mut self, channel: usize, ts: &str, change: impl FnOnce(&mut Message)) {
        let place = &mut self.channels[channel];
        let Some(message) = place.messages.get_mut(ts) else { return };
        let before = message.clone();
        change(message);
        let after = message.clone();
        let previous = place.show(&before, true);
        let current = place.show(&after, true);
        self.raise_hidden(
            channel,
            "message_changed",
            json!({"message": current, "previous_message": previous}),
        );
    }

    /// Marks a message deleted and raises `message_deleted`.
    pub fn remove(&mut self, channel: usize, ts: &str) {
        let place = &mut self.channels[channel];
        let Some(message) = place.messages.get(ts).cloned() else { return };
        let previous = place.show(&message, true);
        if let Some(message) = place.messages.get_mut(ts) {
            message.deleted = true;
        }
        self.raise_hidden(
            channel,
            "message_deleted",
            json!({"deleted_ts": ts, "previous_message": previous}),
        );
    }

    /// Adds or takes away a reaction and raises its event. False if nothing changed.
    pub fn set_reaction(&mut self, at: (usize, &str), emoji: &str, user: &str, on: bool) -> bool {
        let (channel, ts) = at;
        let place = &mut self.channels[channel];
        let place_id = place.id.clone();
        let Some(message) = place.messages.get_mut(ts) else { return false };
        let author = message.user.clone();
        let position = message.reactions.iter().position(|(name, _)| name == emoji);
        let index = position.unwrap_or_else(|| {
            message.reactions.push((emoji.to_owned(), Vec::new()));
            message.reactions.len() - 1
        });
        let users = &mut message.reactions[index].1;
        let had = users.iter().any(|one| one == user);
        if on && !had {
            users.push(user.to_owned());
        } else if !on && had {
            users.retain(|one| one != user);
        }
        message.reactions.retain(|(_, users)| !users.is_empty());
        if had == on {
            return false;
        }
        let kind = if on { "reaction_added" } else { "reaction_removed" };
        let event_ts = self.ids.ts(self.clock.now_us());
        let event = json!({
            "type": kind, "user": user, "reaction": emoji, "item_user": author, "event_ts": event_ts,
            "item": {"type": "message", "channel": place_id, "ts": ts},
        });
        if self.bot_is_in(channel) {
            self.raise_event(kind, "reactions:read", event);
        }
        true
    }

    /// Raises `member_joined_channel` or `member_left_channel`.
    pub fn raise_member_event(&mut self, channel: usize, user: &str, joined: bool) {
        let kind = if joined { "member_joined_channel" } else { "member_left_channel" };
        let place = &self.channels[channel];
        let letter = if place.kind == Kind::Public { "C" } else { "G" };
        let scope = format!("{}:read", place.kind.scope_prefix());
        let event_ts = self.ids.ts(self.clock.now_us());
        let event = json!({
            "type": kind, "user": user, "channel": self.channels[channel].id, "channel_type": letter,
            "team": self.setup.team_id, "event_ts": event_ts,
        });
        if self.bot_is_in(channel) || user == self.setup.app.bot_user_id {
            self.raise_event(kind, &scope, event);
        }
    }

    /// Raises an event about a channel itself, such as `channel_rename`; private ones get `group_…`.
    pub fn raise_channel_event(&mut self, channel: usize, what: &str, content: Value) {
        let place = &self.channels[channel];
        let prefix = if place.kind == Kind::Public { "channel" } else { "group" };
        let scope = format!("{}:read", place.kind.scope_prefix());
        let kind = format!("{prefix}_{what}");
        let event_ts = self.ids.ts(self.clock.now_us());
        let event = json!({"type": kind, "channel": content, "event_ts": event_ts});
        self.raise_event(&kind, &scope, event);
    }

    /// Wraps an event and hands it to the post office, if the app is to get it.
    pub fn raise_event(&mut self, subscription: &str, scope: &str, event: Value) {
        let subscribed = self.setup.app.events.iter().any(|name| name == subscription);
        if subscribed && (scope.is_empty() || self.has_scope(scope)) {
            let payload = self.wrap(event);
            self.raise("events_api", payload, Purpose::Nothing);
        }
    }

    /// The `event_callback` around an event.
    pub fn wrap(&mut self, event: Value) -> Value {
        let channel = event["channel"].as_str().or(event["item"]["channel"].as_str()).unwrap_or_default();
        let team = self.team_of_channel(channel);
        let enterprise = self.setup.organisation.as_ref().map(|whole| &whole.id);
        let shared = self.channel_by_id(channel).is_some_and(|at| self.channels[at].is_ext_shared);
        let context = format!("4-{}-{channel}", event["type"].as_str().unwrap_or_default());
        json!({
            "token": "simulated-verification-token", "team_id": team, "context_team_id": team,
            "enterprise_id": enterprise, "context_enterprise_id": enterprise, "api_app_id": self.setup.app.id, "event": event,
            "type": "event_callback", "event_id": self.ids.next("Ev"), "event_time": self.clock.now_ms() / 1000,
            "authorizations": self.authorizations(),
            "is_ext_shared_channel": shared, "event_context": context,
        })
    }

    fn raise_message_event(&mut self, channel: usize, event: Value) {
        if !self.bot_is_in(channel) {
            return;
        }
        let kind = &self.channels[channel].kind;
        let (prefix, subscription) = match kind {
            Kind::Public => ("channels", "message.channels"),
            Kind::Private => ("groups", "message.groups"),
            Kind::Im(_) => ("im", "message.im"),
            Kind::Mpim => ("mpim", "message.mpim"),
        };
        self.raise_event(subscription, &format!("{prefix}:history"), event);
    }

    fn raise_hidden(&mut self, channel: usize, subtype: &str, content: Value) {
        let ts = self.ids.ts(self.clock.now_us());
        let mut event = content.as_object().cloned().unwrap_or_default();
        event.insert("type".to_owned(), json!("message"));
        event.insert("subtype".to_owned(), json!(subtype));
        event.insert("hidden".to_owned(), json!(true));
        event.insert("ts".to_owned(), json!(ts));
        self.place_event(channel, &ts, &mut event);
        self.raise_message_event(channel, Value::Object(event));
    }

    fn place_event(&self, channel: usize, ts: &str, event: &mut Map<String, Value>) {
        let place = &self.channels[channel];
        event.insert("channel".to_owned(), json!(place.id));
        event.insert("event_ts".to_owned(), json!(ts));
        event.insert("channel_type".to_owned(), json!(place.kind.channel_type()));
    }

    /// The `app_mention` twin of a post, if it has one: not in direct messages, not of our own posts.
    fn mention_of(&self, channel: usize, message: &Message, event: &Map<String, Value>) -> Option<Value> {
        let me = &self.setup.app.bot_user_id;
        let named = message.text.contains(&format!("<@{me}>")) || message.text.contains(&format!("<@{me}|"));
        let is_dm = matches!(self.channels[channel].kind, Kind::Im(_) | Kind::Mpim);
        if !named || is_dm || message.user.as_ref() == Some(me) || !self.bot_is_in(channel) {
            return None;
        }
        let mut twin = event.clone();
        twin.insert("type".to_owned(), json!("app_mention"));
        twin.remove("channel_type");
        Some(Value::Object(twin))
    }
}
