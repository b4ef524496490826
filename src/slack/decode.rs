//! A stored payload becomes an [`Arrival`]: the one door between Slack's JSON and our own words.
//!
//! It runs after the payload is on disk, so a mistake here loses nothing. It is tolerant on purpose: fields are looked
//! for, never demanded, and unknown types are [`Arrival::Other`]. Blocks are not read: `text` is their flattened form
//! and enough for reading. What cannot be read at all is [`Undecodable`], which names the place, never the content.

use serde::Deserialize;
use serde_json::error::Category;

use super::event::Event;
use super::loose::{self, Loose, Text};
use super::{blocks, channel, groups, mend, message, people};
use crate::domain::ids::{ChannelId, PersonId, ProblemId};
use crate::domain::installation::{Farewell, Parting};
use crate::domain::message::{Arrival, Click, Clicked, Command};
use crate::domain::time::Timestamp;

/// Why a payload could not be read. `problem` is a sentence with a position in the payload, without any content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct Undecodable {
    /// What is wrong, for instance `the payload is not valid JSON at line 1 column 2`.
    pub problem: String,
}

impl Undecodable {
    /// A payload that is valid JSON but lacks what would make it usable.
    pub fn lacks(what: &str) -> Undecodable {
        Undecodable { problem: format!("the payload has no {what}") }
    }
}

impl From<serde_json::Error> for Undecodable {
    /// Only the category and the place: serde_json's own sentence may quote a value.
    fn from(error: serde_json::Error) -> Undecodable {
        let what = match error.classify() {
            Category::Io => "unreadable",
            Category::Syntax => "not valid JSON",
            Category::Data => "of an unexpected shape",
            Category::Eof => "cut off",
        };
        let (line, column) = (error.line(), error.column());
        Undecodable { problem: format!("the payload is {what} at line {line} column {column}") }
    }
}

/// Reads a stored payload. `kind` is the envelope's type (`events_api`, `slash_commands`, `interactive`); `bot_user` is
/// our own user, without which only an `app_mention` counts as a mention.
pub fn decode(kind: &str, payload: &str, bot_user: Option<&PersonId>) -> Result<Arrival, Undecodable> {
    read(kind, payload, bot_user).or_else(|broken| match mend::mended(payload) {
        Some(mended) => read(kind, &mended, bot_user),
        None => Err(broken),
    })
}

fn read(kind: &str, payload: &str, bot_user: Option<&PersonId>) -> Result<Arrival, Undecodable> {
    match kind {
        "slash_commands" => Ok(command(&object(payload)?)),
        "interactive" => Ok(interaction(&object(payload)?)),
        _ => event(payload, bot_user),
    }
}

fn object<'a, T: Deserialize<'a>>(payload: &'a str) -> Result<T, Undecodable> {
    match serde_json::from_str::<Loose<'a, T>>(payload)? {
        Loose::Object(object) => Ok(object),
        Loose::Nothing | Loose::Text(_) | Loose::List(_) => Err(Undecodable::lacks("object")),
    }
}

/// The wrapper of the Events API: `event_callback`, or an outer event of its own such as `app_rate_limited`.
#[derive(Deserialize)]
struct Callback<'a> {
    #[serde(rename = "type", borrow, default, deserialize_with = "loose::text")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    event: Loose<'a, Event<'a>>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    minute_rate_limited: Text<'a>,
}

fn other(kind: &str) -> Arrival {
    Arrival::Other { kind: kind.to_owned() }
}

/// The minute that Slack names, in whole seconds since 1970.
fn withheld(callback: &Callback<'_>) -> Option<Arrival> {
    let seconds: i64 = loose::filled(&callback.minute_rate_limited)?.parse().ok()?;
    Some(Arrival::Withheld { minute: Timestamp(seconds.checked_mul(1000)?) })
}

fn event(payload: &str, bot_user: Option<&PersonId>) -> Result<Arrival, Undecodable> {
    let callback: Callback<'_> = object(payload)?;
    let outer = loose::or_empty(&callback.kind);
    let Some(event) = callback.event.object() else {
        return match outer {
            "" | "event_callback" => Err(Undecodable::lacks("event")),
            "app_rate_limited" => Ok(withheld(&callback).unwrap_or_else(|| other(outer))),
            _ => Ok(other(outer)),
        };
    };
    let kind = loose::or_empty(&event.kind);
    let arrival = match kind {
        "message" | "app_mention" => Some(message::arrival(event, bot_user)?),
        "user_change" | "user_profile_changed" | "team_join" => {
            event.user.object().and_then(people::profile).map(Arrival::Person)
        }
        "app_uninstalled" => Some(Arrival::Farewell(farewell(payload, Some(Parting::AppUninstalled)))),
        "tokens_revoked" => Some(Arrival::Farewell(farewell(payload, None))),
        _ if groups::is_theirs(kind) => groups::news(kind, payload).map(Arrival::Group),
        _ => channel::news(kind, event).map(Arrival::Channel),
    };
    Ok(arrival.unwrap_or_else(|| Arrival::Other { kind: kind.to_owned() }))
}

/// What ended and when. What stands among the tokens that were revoked are user ids, not tokens [slack-facts 8.5].
fn farewell(payload: &str, parting: Option<Parting>) -> Farewell {
    let payload = serde_json::from_str::<serde_json::Value>(payload).unwrap_or_default();
    let names = |kind: &str| payload["event"]["tokens"][kind].as_array().is_some_and(|ids| !ids.is_empty());
    let parting = parting.or_else(|| names("bot").then_some(Parting::TokensRevoked));
    let at = payload["event_time"].as_i64().and_then(|seconds| seconds.checked_mul(1000)).map(Timestamp);
    Farewell { parting, is_of_person: names("oauth"), at }
}

/// A slash command as an envelope carries it; over HTTP the same fields come as a form.
#[derive(Deserialize)]
struct Slash<'a> {
    #[serde(borrow, default, deserialize_with = "loose::text")]
    command: Text<'a>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    text: Text<'a>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    user_id: Text<'a>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    channel_id: Text<'a>,
}

fn command(slash: &Slash<'_>) -> Arrival {
    let ids =
        (loose::filled(&slash.command), loose::filled(&slash.user_id), loose::filled(&slash.channel_id));
    let (Some(name), Some(person), Some(channel)) = ids else {
        return Arrival::Other { kind: "slash_commands".to_owned() };
    };
    let text = loose::or_empty(&slash.text).to_owned();
    Arrival::Command(Command { name, text, person: PersonId(person), channel: ChannelId(channel) })
}

#[derive(Deserialize)]
struct Interaction<'a> {
    #[serde(rename = "type", borrow, default, deserialize_with = "loose::text")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    user: Loose<'a, Clicker<'a>>,
    #[serde(borrow, default)]
    actions: Loose<'a, Action<'a>>,
}

#[derive(Deserialize)]
struct Clicker<'a> {
    #[serde(borrow, default, deserialize_with = "loose::text")]
    id: Text<'a>,
}

/// One action of a click; Slack sends a list with one in it.
#[derive(Deserialize)]
struct Action<'a> {
    #[serde(borrow, default, deserialize_with = "loose::text")]
    action_id: Text<'a>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    value: Text<'a>,
}

fn interaction(interaction: &Interaction<'_>) -> Arrival {
    match loose::filled(&interaction.kind) {
        Some(kind) => click(interaction).map_or(Arrival::Interaction { kind }, Arrival::Click),
        None => Arrival::Other { kind: "interactive".to_owned() },
    }
}

/// A click on one of the buttons that our cards have.
fn click(interaction: &Interaction<'_>) -> Option<Click> {
    let Loose::List(actions) = &interaction.actions else { return None };
    let action = actions.first()?.object()?;
    let person = loose::filled(&interaction.user.object()?.id)?;
    let on = match loose::or_empty(&action.action_id) {
        blocks::HANDLED => Clicked::Handled(ProblemId(loose::or_empty(&action.value).parse().ok()?)),
        blocks::OPEN => Clicked::Open,
        _ => return None,
    };
    Some(Click { person: PersonId(person), on })
}
