//! The fields of all the events we know, read in one pass over the JSON; which of them mean something depends on the
//! event's type. A message inside a `message_changed` has the same shape and is read
//! when it is asked for.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::loose::{self, Loose, Text};
use super::people::User;

/// An event, or the message inside one.
#[derive(Debug, Deserialize)]
pub struct Event<'a> {
    #[serde(rename = "type", borrow, default, deserialize_with = "loose::text")]
    pub kind: Text<'a>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    pub subtype: Text<'a>,
    /// Usually the id; in `channel_rename` an object with the new name.
    #[serde(borrow, default)]
    pub channel: Loose<'a, Channel<'a>>,
    /// Usually the id; in `user_change`, `user_profile_changed` and `team_join` the whole user.
    #[serde(borrow, default)]
    pub user: Loose<'a, User<'a>>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    pub ts: Text<'a>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    pub thread_ts: Text<'a>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    pub text: Text<'a>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    pub client_msg_id: Text<'a>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    pub bot_id: Text<'a>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    pub app_id: Text<'a>,
    #[serde(borrow, default)]
    pub bot_profile: Loose<'a, BotProfile<'a>>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    pub team: Text<'a>,
    /// The author's team, in shared channels.
    #[serde(borrow, default, deserialize_with = "loose::text")]
    pub user_team: Text<'a>,
    #[serde(borrow, default, deserialize_with = "loose::objects")]
    pub files: Vec<File<'a>>,
    #[serde(borrow, default, deserialize_with = "loose::objects")]
    pub attachments: Vec<Attachment<'a>>,
    /// The message now (`message_changed`); in some copies all of a message stands in here.
    #[serde(borrow, default)]
    pub message: Within<'a>,
    #[serde(borrow, default)]
    pub previous_message: Within<'a>,
    #[serde(borrow, default)]
    pub edited: Loose<'a, Edited<'a>>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    pub deleted_ts: Text<'a>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    pub old_channel_id: Text<'a>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    pub new_channel_id: Text<'a>,
}

/// A message inside an event. It is read when somebody asks for it, one level at a time: events nested a hundred deep must
/// not be read by a function that calls itself as often.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Within<'a>(#[serde(borrow)] Option<&'a RawValue>);

impl<'a> Within<'a> {
    /// The message, when there is one.
    pub fn object(&self) -> Result<Option<Event<'a>>, serde_json::Error> {
        let Some(raw) = self.0 else { return Ok(None) };
        match serde_json::from_str::<Loose<'a, Event<'a>>>(raw.get())? {
            Loose::Object(event) => Ok(Some(event)),
            Loose::Nothing | Loose::Text(_) | Loose::List(_) => Ok(None),
        }
    }
}

/// The last change of a message.
#[derive(Debug, Deserialize)]
pub struct Edited<'a> {
    #[serde(borrow, default, deserialize_with = "loose::text")]
    pub ts: Text<'a>,
}

/// A channel where Slack writes more than its id.
#[derive(Debug, Deserialize)]
pub struct Channel<'a> {
    #[serde(borrow, default, deserialize_with = "loose::text")]
    pub id: Text<'a>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    pub name: Text<'a>,
}

/// What Slack says of a bot beside its message.
#[derive(Debug, Deserialize)]
pub struct BotProfile<'a> {
    #[serde(borrow, default, deserialize_with = "loose::text")]
    pub app_id: Text<'a>,
}

/// An attached file; stubs of shared channels have an id only.
#[derive(Debug, Deserialize)]
pub struct File<'a> {
    #[serde(borrow, default, deserialize_with = "loose::text")]
    pub id: Text<'a>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    pub name: Text<'a>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    pub title: Text<'a>,
}

/// A legacy attachment: what many monitoring bots write instead of a text.
#[derive(Debug, Deserialize)]
pub struct Attachment<'a> {
    #[serde(borrow, default, deserialize_with = "loose::text")]
    pub pretext: Text<'a>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    pub text: Text<'a>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    pub fallback: Text<'a>,
}

impl Event<'_> {
    /// The channel's id, whether written alone or inside its object.
    pub fn channel_id(&self) -> Option<String> {
        let inside = || self.channel.object().and_then(|channel| loose::filled(&channel.id));
        self.channel.text().map(str::to_owned).or_else(inside)
    }

    /// The user's id, whether written alone or inside its object.
    pub fn user_id(&self) -> Option<String> {
        let inside = || self.user.object().and_then(|user| loose::filled(&user.id));
        self.user.text().map(str::to_owned).or_else(inside)
    }
}
