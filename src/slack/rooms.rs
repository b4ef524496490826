//! Lists: people and channels, page after page. A list of a large workspace runs into Slack's rate limit by itself: paging
//! waits out a 429 and goes on with the same cursor, or leaves the waiting to its caller (`Listing`).

use serde::Deserialize;

use super::api::{Api, lenient, missing};
use super::loose::{self, Loose, Text};
use super::outcome::Failure;
use super::people::{self, User};
use crate::domain::ids::ChannelId;
use crate::domain::message::Profile;

/// Items a page, as Slack advises; `users.list` fails on large teams with more.
const PAGE: &str = "200";
/// The most pages of one list: 100,000 items. More means that a cursor runs in a circle.
const MOST_PAGES: usize = 500;
/// The most waits for the rate limit within one list.
const MOST_WAITS: usize = 50;

/// What Slack says of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelInfo {
    /// Its id.
    pub id: ChannelId,
    /// Its name without `#`; empty for direct messages.
    pub name: String,
    /// Whether only members see it.
    pub is_private: bool,
    /// Whether the bot is in it.
    pub is_member: bool,
    /// Whether it is archived.
    pub is_archived: bool,
    /// Whether it is a direct message.
    pub is_im: bool,
}

/// A list of channels on its way.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// What was found so far.
    pub found: Vec<ChannelInfo>,
    cursor: String,
    pages: usize,
    /// Whether the token may not see private channels: one missing scope fails the whole call.
    public_only: bool,
}

impl Api {
    /// `users.list`, all pages: everybody of the workspace, bots and closed accounts included, strangers not.
    pub async fn user_list(&self) -> Result<Vec<Profile>, Failure> {
        let mut everybody = Vec::new();
        let take = |page: &Page<'_>| everybody.extend(page.members.iter().filter_map(people::profile));
        self.pages("users.list", None, take).await?;
        Ok(everybody)
    }

    /// `users.conversations`, all pages: the channels that the bot is in. The cheap way to learn them.
    pub async fn conversations_joined(&self) -> Result<Vec<ChannelInfo>, Failure> {
        let mut joined = self.channels("users.conversations").await?;
        // Slack leaves `is_member` out of this list, because it goes without saying.
        joined.iter_mut().for_each(|channel| channel.is_member = true);
        Ok(joined)
    }

    /// `conversations.list`, all pages: the channels that the bot may see, archived ones included.
    pub async fn conversations_list(&self) -> Result<Vec<ChannelInfo>, Failure> {
        self.channels("conversations.list").await
    }

    /// The next page of `conversations.list`, for whoever cannot wait out a rate limit: after a failure the same listing goes
    /// on where it was. True when it is complete.
    pub async fn list_on(&self, listing: &mut Listing) -> Result<bool, Failure> {
        let types = if listing.public_only { "public_channel" } else { "public_channel,private_channel" };
        let place = self.place(&listing.cursor).await?;
        if place.is_over() {
            return Ok(true);
        }
        let form = place.form(&[("limit", PAGE), ("types", types)]);
        let done = match self.read("conversations.list", &form).await {
            Err(Failure::Refused { error, .. }) if error == "missing_scope" && !listing.public_only => {
                *listing = Listing { public_only: true, ..Listing::default() };
                return Ok(false);
            }
            done => done?,
        };
        let page: Page<'_> = serde_json::from_slice(&done.body).map_err(|_| missing("readable page"))?;
        collect(&mut listing.found, &page);
        listing.pages += 1;
        if listing.pages > MOST_PAGES {
            return Err(Failure::Unknown { what: "the list does not end".to_owned() });
        }
        let next = page.response_metadata.object().and_then(|more| loose::filled(&more.next_cursor));
        match place.after(next) {
            Some(next) => listing.cursor = next,
            None => return Ok(true),
        }
        Ok(false)
    }

    /// `conversations.info`.
    pub async fn conversation_info(&self, channel: &ChannelId) -> Result<ChannelInfo, Failure> {
        let done = self.read("conversations.info", &[("channel", &channel.0)]).await?;
        let answer: RoomAnswer<'_> = lenient(&done.body);
        answer.channel.object().and_then(info).ok_or_else(|| missing("channel"))
    }

    /// Public and private channels; only public ones when the token lacks the scope for private ones, because one
    /// missing scope fails the whole call.
    async fn channels(&self, method: &str) -> Result<Vec<ChannelInfo>, Failure> {
        let mut found = Vec::new();
        let outcome = self
            .pages(method, Some("public_channel,private_channel"), |page| collect(&mut found, page))
            .await;
        match outcome {
            Err(Failure::Refused { error, .. }) if error == "missing_scope" => {
                found.clear();
                self.pages(method, Some("public_channel"), |page| collect(&mut found, page)).await?;
            }
            other => other?,
        }
        Ok(found)
    }

    async fn pages(
        &self,
        method: &str,
        types: Option<&str>,
        mut take: impl FnMut(&Page<'_>),
    ) -> Result<(), Failure> {
        let mut cursor = String::new();
        let mut waits = 0;
        for _ in 0..MOST_PAGES + MOST_WAITS {
            let place = self.place(&cursor).await?;
            if place.is_over() {
                return Ok(());
            }
            let mut form = vec![("limit", PAGE)];
            form.extend(types.map(|types| ("types", types)));
            let done = match self.read(method, &place.form(&form)).await {
                Err(Failure::RateLimited { retry_after }) if waits < MOST_WAITS => {
                    waits += 1;
                    tokio::time::sleep(retry_after).await;
                    continue;
                }
                done => done?,
            };
            let page: Page<'_> = serde_json::from_slice(&done.body).map_err(|_| missing("readable page"))?;
            take(&page);
            // An empty page with a cursor is not the end; a page without a cursor is.
            let next = page.response_metadata.object().and_then(|more| loose::filled(&more.next_cursor));
            match place.after(next) {
                Some(next) => cursor = next,
                None => return Ok(()),
            }
        }
        Err(Failure::Unknown { what: "the list does not end".to_owned() })
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Page<'a> {
    #[serde(borrow, deserialize_with = "loose::objects")]
    members: Vec<User<'a>>,
    #[serde(borrow, deserialize_with = "loose::objects")]
    channels: Vec<Room<'a>>,
    #[serde(borrow)]
    response_metadata: Loose<'a, More<'a>>,
}

/// Where the next page begins.
#[derive(Deserialize)]
pub(super) struct More<'a> {
    #[serde(borrow, default, deserialize_with = "loose::text")]
    pub next_cursor: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RoomAnswer<'a> {
    #[serde(borrow)]
    channel: Loose<'a, Room<'a>>,
}

#[derive(Deserialize)]
struct Room<'a> {
    #[serde(borrow, default, deserialize_with = "loose::text")]
    id: Text<'a>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    name: Text<'a>,
    #[serde(default, deserialize_with = "loose::flag")]
    is_private: bool,
    #[serde(default, deserialize_with = "loose::flag")]
    is_member: bool,
    #[serde(default, deserialize_with = "loose::flag")]
    is_archived: bool,
    #[serde(default, deserialize_with = "loose::flag")]
    is_im: bool,
}

fn collect(found: &mut Vec<ChannelInfo>, page: &Page<'_>) {
    found.extend(page.channels.iter().filter_map(info));
}

fn info(room: &Room<'_>) -> Option<ChannelInfo> {
    Some(ChannelInfo {
        id: ChannelId(loose::filled(&room.id)?),
        name: loose::or_empty(&room.name).to_owned(),
        is_private: room.is_private,
        is_member: room.is_member,
        is_archived: room.is_archived,
        is_im: room.is_im,
    })
}
