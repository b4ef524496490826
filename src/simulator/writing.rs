//! How people's doings change the workspace: their messages, files, and new people and channels.
//!
//! The verbs that tests and the control API call are in `verbs.rs`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::channels::Kind;
use super::messages::{self, Message};
use super::people::Person;
use super::setup::{ChannelSetup, PersonSetup};
use super::workspace::{Mistake, Workspace};

type Outcome<T> = Result<T, Mistake>;

impl Workspace {
    /// A person writes, in a thread or not.
    pub fn say(
        &mut self,
        person: &str,
        channel: &str,
        thread_ts: Option<&str>,
        text: &str,
    ) -> Outcome<String> {
        let (at, mut message) = self.human_message(person, channel, text)?;
        if let Some(ts) = thread_ts {
            message.thread_ts = Some(self.thread_of(at, ts)?);
        }
        Ok(self.publish(at, message))
    }

    /// A message as a human's client sends it, not yet posted, and its channel.
    pub fn human_message(&mut self, person: &str, channel: &str, text: &str) -> Outcome<(usize, Message)> {
        let at = self.channel(channel)?;
        let author = self.person(person)?;
        let (user, team) = (author.id.clone(), author.team_id.clone());
        if !self.channels[at].members.contains(&user) {
            return Err(Mistake::NotAMember(person.to_owned()));
        }
        let blocks = messages::rich_text(text, &self.ids.hex(5));
        let message = Message {
            user: Some(user),
            team: Some(team),
            text: text.to_owned(),
            blocks: (!text.is_empty()).then_some(blocks),
            client_msg_id: Some(self.ids.uuid()),
            ..Message::default()
        };
        Ok((at, message))
    }

    /// The parent of the thread a message belongs to; the message itself if it has none.
    pub fn thread_of(&self, channel: usize, ts: &str) -> Outcome<String> {
        let message =
            self.channels[channel].messages.get(ts).ok_or_else(|| Mistake::NoMessage(ts.to_owned()))?;
        Ok(message.thread_ts.clone().unwrap_or_else(|| ts.to_owned()))
    }

    /// A file somebody uploads.
    pub fn file(&mut self, name: &str, user: &str) -> Value {
        let id = self.ids.next("F");
        let now_s = self.clock.now_ms() / 1000;
        let extension = name.rsplit_once('.').map_or("text", |(_, extension)| extension);
        let url = format!("{}/files-pri/{id}/{name}", self.base_url);
        json!({
            "id": id, "created": now_s, "timestamp": now_s, "name": name, "title": name,
            "mimetype": "application/octet-stream", "filetype": extension, "pretty_type": extension, "user": user,
            "user_team": self.setup.team_id, "editable": false, "size": 1024, "mode": "hosted", "is_external": false,
            "external_type": "", "is_public": true, "public_url_shared": false, "display_as_bot": false,
            "username": "", "url_private": url, "url_private_download": url, "permalink": url,
            "media_display_type": "unknown", "has_rich_preview": false, "file_access": "visible",
        })
    }

    /// Adds a channel with its members.
    pub fn add_from_setup(&mut self, channel: &ChannelSetup) -> String {
        let kind = if channel.is_private { Kind::Private } else { Kind::Public };
        let named = |handle: &String| self.person(handle).ok().map(|person| person.id.clone());
        let mut members: BTreeSet<String> = match &channel.members {
            Some(handles) => handles.iter().filter_map(named).collect(),
            None => {
                self.people.iter().skip(2).filter(|one| !one.is_stranger).map(|one| one.id.clone()).collect()
            }
        };
        if channel.has_bot {
            members.insert(self.setup.app.bot_user_id.clone());
        }
        let at = self.add_channel(&channel.name, kind, members);
        self.channels[at].id.clone()
    }

    /// Adds a person and raises `team_join`.
    pub fn add_person(&mut self, person: &PersonSetup) -> String {
        let now_s = self.clock.now_ms() / 1000;
        let person = Person::new(person, &self.setup.team_id, now_s);
        let id = person.id.clone();
        let user = person.as_user(self.has_scope("users:read.email"));
        self.people.push(person);
        self.raise_event("team_join", "users:read", json!({"type": "team_join", "user": user}));
        id
    }
}
