//! What a test or a person can make happen: people write, edit, react, click, run commands.
//!
//! People are named by handle (`ada`), channels by name (`support`); `@ada` as a channel is ada's
//! direct message with the bot. Looking at what came of it is in `looks.rs`.

use serde_json::{Value, json};

use super::Simulator;
use super::messages::{self, Message};
use super::parcel::{Answer, Purpose};
use super::post::Which;
use super::setup::{ChannelSetup, PersonSetup};
use super::workspace::{Mistake, Workspace};

/// A command, click or submission on its way; [`Simulator::answer`] tells what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent(pub u64);

type Verb<T> = Result<T, Mistake>;

impl Simulator {
    /// A person writes in a channel (the text in Slack's encoding). Returns the `ts`.
    pub fn say(&self, person: &str, channel: &str, text: &str) -> Verb<String> {
        self.act(|workspace| workspace.say(person, channel, None, text))
    }

    /// A person answers in the thread of the message `thread_ts`. Returns the `ts`.
    pub fn say_in_thread(&self, person: &str, channel: &str, thread_ts: &str, text: &str) -> Verb<String> {
        self.act(|workspace| workspace.say(person, channel, Some(thread_ts), text))
    }

    /// Like [`Simulator::say_in_thread`], and the reply is shown in the channel too (`thread_broadcast`).
    pub fn broadcast(&self, person: &str, channel: &str, thread_ts: &str, text: &str) -> Verb<String> {
        self.act(|workspace| {
            let (at, mut message) = workspace.human_message(person, channel, text)?;
            message.thread_ts = Some(workspace.thread_of(at, thread_ts)?);
            message.broadcast = true;
            message.subtype = Some("thread_broadcast".to_owned());
            Ok(workspace.publish(at, message))
        })
    }

    /// The author edits a message.
    pub fn edit(&self, channel: &str, ts: &str, new_text: &str) -> Verb<()> {
        self.on_message(channel, ts, |workspace, at| {
            let edit_ts = workspace.ids.ts(workspace.clock.now_us());
            let blocks = messages::rich_text(new_text, &workspace.ids.hex(5));
            workspace.change(at, ts, |message| {
                message.text = new_text.to_owned();
                message.blocks = Some(blocks);
                message.edited = Some((message.user.clone().unwrap_or_default(), edit_ts));
            });
        })
    }

    /// The author deletes a message.
    pub fn delete(&self, channel: &str, ts: &str) -> Verb<()> {
        self.on_message(channel, ts, |workspace, at| workspace.remove(at, ts))
    }

    /// Slack unfurls a link: `message_changed` with an equal text and a new attachment.
    pub fn unfurl(&self, channel: &str, ts: &str) -> Verb<()> {
        self.on_message(channel, ts, |workspace, at| {
            let card = json!([{"id": 1, "title": "Unfurled", "from_url": "https://unfurled.example/", "service_name": "example"}]);
            workspace.change(at, ts, |message| message.attachments = Some(card));
        })
    }

    /// A person shares a file, with or without words (`file_share`). Returns the `ts`.
    pub fn share_file(&self, person: &str, channel: &str, name: &str, text: &str) -> Verb<String> {
        self.act(|workspace| {
            let (at, mut message) = workspace.human_message(person, channel, text)?;
            let user = message.user.clone().unwrap_or_default();
            let file = workspace.file(name, &user);
            message.files.push(file);
            message.subtype = Some("file_share".to_owned());
            Ok(workspace.publish(at, message))
        })
    }

    /// A person reacts to a message.
    pub fn react(&self, person: &str, channel: &str, ts: &str, emoji: &str) -> Verb<()> {
        self.reaction(person, (channel, ts), emoji, true)
    }

    /// A person takes a reaction back.
    pub fn unreact(&self, person: &str, channel: &str, ts: &str, emoji: &str) -> Verb<()> {
        self.reaction(person, (channel, ts), emoji, false)
    }

    /// Another app's bot writes. Returns the `ts`.
    pub fn say_as_bot(&self, bot: &str, channel: &str, text: &str) -> Verb<String> {
        self.act(|workspace| {
            let at = workspace.channel(channel)?;
            let owner = workspace.person(bot)?;
            let app = owner.bot.clone().ok_or_else(|| Mistake::NoPerson(format!("{bot} (as a bot)")))?;
            let message = Message {
                user: Some(owner.id.clone()),
                bot_id: Some(app.bot_id),
                app_id: Some(app.app_id),
                team: Some(owner.team_id.clone()),
                text: text.to_owned(),
                bot_profile: owner.as_bot(),
                ..Message::default()
            };
            Ok(workspace.publish(at, message))
        })
    }

    /// A classic integration writes: `bot_message` with a name and no user. Returns the `ts`.
    pub fn say_as_integration(&self, name: &str, channel: &str, text: &str) -> Verb<String> {
        self.act(|workspace| {
            let at = workspace.channel(channel)?;
            let message = Message {
                bot_id: Some(super::ids::stable("B", name)),
                username: Some(name.to_owned()),
                subtype: Some("bot_message".to_owned()),
                text: text.to_owned(),
                ..Message::default()
            };
            Ok(workspace.publish(at, message))
        })
    }

    /// A person clicks a button of a message.
    pub fn click(&self, person: &str, channel: &str, ts: &str, action_id: &str) -> Verb<Sent> {
        self.act(|workspace| {
            let at = workspace.channel(channel)?;
            workspace.click(person, (at, ts), action_id, None).map(Sent)
        })
    }

    /// A person chooses `value` in a menu of the message `(channel, ts)`.
    pub fn choose(&self, person: &str, at: (&str, &str), action_id: &str, value: &Value) -> Verb<Sent> {
        self.act(|workspace| {
            let place = workspace.channel(at.0)?;
            workspace.click(person, (place, at.1), action_id, Some(value)).map(Sent)
        })
    }

    /// A person clicks or chooses in an open view, named by id or callback id.
    pub fn click_in_view(
        &self,
        person: &str,
        view: &str,
        action_id: &str,
        value: Option<&Value>,
    ) -> Verb<Sent> {
        self.act(|workspace| workspace.click_in_view(person, view, action_id, value).map(Sent))
    }

    /// A person submits an open modal, named by id or callback id, with values in the form
    /// `{block_id: {action_id: value}}`; a value is text, an option's value, an id, a list of them,
    /// or the full object of `state.values`.
    pub fn submit(&self, person: &str, view: &str, values: &Value) -> Verb<Sent> {
        self.act(|workspace| workspace.submit(person, view, values).map(Sent))
    }

    /// A person closes a modal by its cross; `None` if the app did not ask to hear of it.
    pub fn close_view(&self, person: &str, view: &str) -> Verb<Option<Sent>> {
        self.act(|workspace| workspace.close_view(person, view).map(|sent| sent.map(Sent)))
    }

    /// A person types into an external menu of an open view.
    pub fn ask_options(&self, person: &str, view: &str, action_id: &str, typed: &str) -> Verb<Sent> {
        self.act(|workspace| workspace.ask_options(person, view, action_id, typed).map(Sent))
    }

    /// A person runs a slash command (`/desk`) in a channel.
    pub fn run_command(&self, person: &str, channel: &str, command: &str, text: &str) -> Verb<Sent> {
        self.act(|workspace| {
            let at = workspace.channel(channel)?;
            workspace.run_command(person, at, command, text).map(Sent)
        })
    }

    /// A person uses a global shortcut.
    pub fn shortcut(&self, person: &str, callback_id: &str) -> Verb<Sent> {
        self.act(|workspace| workspace.shortcut(person, callback_id).map(Sent))
    }

    /// A person uses a shortcut on a message.
    pub fn message_shortcut(&self, person: &str, channel: &str, ts: &str, callback_id: &str) -> Verb<Sent> {
        self.act(|workspace| {
            let at = workspace.channel(channel)?;
            workspace.message_shortcut(person, (at, ts), callback_id).map(Sent)
        })
    }

    /// A person opens the app's Home tab.
    pub fn open_home(&self, person: &str) -> Verb<()> {
        self.act(|workspace| workspace.open_home(person))
    }

    /// What became of a command, click or submission; waits until it is acked or its time is over.
    pub async fn answer(&self, sent: Sent) -> Answer {
        loop {
            let changed = self.shared.changed.notified();
            tokio::pin!(changed);
            // Registered before looking, so that a change in between is not missed.
            changed.as_mut().enable();
            if let Some(answer) = self.shared.lock().post.answer(sent.0) {
                return answer;
            }
            changed.await;
        }
    }

    /// A person (or, by its handle, our bot) joins a channel.
    pub fn join(&self, person: &str, channel: &str) -> Verb<()> {
        self.membership(person, channel, true)
    }

    /// A person (or our bot) leaves a channel.
    pub fn leave(&self, person: &str, channel: &str) -> Verb<()> {
        self.membership(person, channel, false)
    }

    /// Renames a channel.
    pub fn rename_channel(&self, channel: &str, name: &str) -> Verb<()> {
        self.act(|workspace| {
            let at = workspace.channel(channel)?;
            let place = &mut workspace.channels[at];
            place.previous_names.push(std::mem::replace(&mut place.name, name.to_owned()));
            let content = json!({"id": place.id, "name": name, "created": place.created});
            workspace.raise_channel_event(at, "rename", content);
            Ok(())
        })
    }

    /// Archives a channel.
    pub fn archive_channel(&self, channel: &str) -> Verb<()> {
        self.set_archived(channel, true)
    }

    /// Brings an archived channel back.
    pub fn unarchive_channel(&self, channel: &str) -> Verb<()> {
        self.set_archived(channel, false)
    }

    /// Gives a channel a new id, as Slack does when a private channel becomes shared. Returns the new id.
    pub fn change_channel_id(&self, channel: &str) -> Verb<String> {
        self.act(|workspace| {
            let at = workspace.channel(channel)?;
            let new = format!("{}S", workspace.channels[at].id);
            let old = workspace.change_channel_id(at, &new);
            let event = json!({"type": "channel_id_changed", "old_channel_id": old, "new_channel_id": new,
                "event_ts": workspace.ids.ts(workspace.clock.now_us())});
            let payload = workspace.wrap(event);
            workspace.raise("events_api", payload, Purpose::Nothing);
            Ok(new)
        })
    }

    /// Adds a channel. Returns its id.
    pub fn add_channel(&self, channel: &ChannelSetup) -> String {
        self.act(|workspace| workspace.add_from_setup(channel))
    }

    /// Adds a person, who joins no channel yet. Returns the user id.
    pub fn add_person(&self, person: &PersonSetup) -> String {
        self.act(|workspace| workspace.add_person(person))
    }

    /// Sends an envelope of any kind with any payload.
    pub fn deliver(&self, kind: &str, payload: Value) -> Sent {
        self.act(|workspace| Sent(workspace.raise(kind, payload, Purpose::Nothing)))
    }

    /// Wraps an event as `event_callback` and sends it, whatever the app subscribed to.
    pub fn deliver_event(&self, event: Value) -> Sent {
        self.act(|workspace| {
            let payload = workspace.wrap(event);
            Sent(workspace.raise("events_api", payload, Purpose::Nothing))
        })
    }

    /// Sends a text frame as it is over the chosen sockets. Returns how many got it.
    pub fn deliver_raw(&self, which: Which, text: &str) -> usize {
        let order = super::socket::Order::Text(text.to_owned());
        self.act(|workspace| workspace.post.order(which, &order))
    }

    /// Sends the last envelope of every socket once more over all other sockets, byte for byte.
    /// Returns how many frames that were.
    pub fn duplicate_last(&self) -> usize {
        self.act(|workspace| workspace.post.duplicate_last())
    }

    fn reaction(&self, person: &str, at: (&str, &str), emoji: &str, on: bool) -> Verb<()> {
        self.on_message(at.0, at.1, |workspace, place| {
            let user = workspace.person(person)?.id.clone();
            workspace.set_reaction((place, at.1), emoji, &user, on);
            Ok(())
        })?
    }

    fn on_message<T>(
        &self,
        channel: &str,
        ts: &str,
        act: impl FnOnce(&mut Workspace, usize) -> T,
    ) -> Verb<T> {
        self.act(|workspace| {
            let at = workspace.channel(channel)?;
            match workspace.channels[at].messages.get(ts) {
                Some(message) if !message.deleted => Ok(act(workspace, at)),
                Some(_) | None => Err(Mistake::NoMessage(ts.to_owned())),
            }
        })
    }

    fn membership(&self, person: &str, channel: &str, joins: bool) -> Verb<()> {
        self.act(|workspace| {
            let at = workspace.channel(channel)?;
            let user = workspace.person(person)?.id.clone();
            if joins {
                workspace.channels[at].members.insert(user.clone());
                workspace.raise_member_event(at, &user, true);
            } else {
                // The leaver is still told, if it is the bot.
                workspace.raise_member_event(at, &user, false);
                workspace.channels[at].members.remove(&user);
            }
            Ok(())
        })
    }

    fn set_archived(&self, channel: &str, archived: bool) -> Verb<()> {
        self.act(|workspace| {
            let at = workspace.channel(channel)?;
            workspace.channels[at].is_archived = archived;
            let id = json!(workspace.channels[at].id);
            workspace.raise_channel_event(at, if archived { "archive" } else { "unarchive" }, id);
            Ok(())
        })
    }
}
