//! The Web API methods that deskd calls, in our own words. Answers are read into the few fields we use, and what is
//! not there is left out: an answer with `ok: true` is never an error for being unusual.
//!
//! No retries, no pacing and no caching here: the outbox and the intake decide those. Lists are in `rooms`, looking for
//! a message of our own in `sent`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use super::forms;
use super::http::{Caller, Done, Form, Patience, Said, Token};
use super::loose::{self, Loose, Text};
use super::outcome::Failure;
use super::people::{self, User};
use super::response_url::ResponseUrl;
use super::teams::Whole;
use crate::config::Secret;
use crate::domain::ids::{ChannelId, MessageTs, PersonId, WorkspaceId};
use crate::domain::message::{Ourselves, Profile};
use crate::domain::time::Timestamp;

pub use super::http::Unusable;
pub use super::rooms::ChannelInfo;

/// The `event_type` of the metadata on everything we post. No dots: Slack refuses them.
pub const SENT_BY_US: &str = "deskd_send";

/// Slack's Web API with our tokens; cheap to clone.
#[derive(Clone, Debug)]
pub struct Api {
    caller: Arc<Caller>,
    /// What is known of the organisation that the token is of; `None` for the token of a workspace.
    whole: Option<Arc<Whole>>,
}

/// Who the bot token belongs to and what it may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The workspace and our three ids in it.
    pub ourselves: Ourselves,
    /// The token's scopes; empty when Slack did not send the header.
    pub scopes: Vec<String>,
    /// What Slack's clock showed; `None` when Slack did not send the header.
    pub said_at: Option<Timestamp>,
}

/// The address of a WebSocket, ticket included: good for one connection, and as secret as a token.
pub struct SocketUrl(String);

/// A message to post.
pub struct Post<'a> {
    /// Where to.
    pub channel: &'a ChannelId,
    /// The thread's parent, for a reply.
    pub thread: Option<&'a MessageTs>,
    /// The text, already escaped; with blocks it is what notifications show.
    pub text: &'a str,
    /// Block Kit blocks, an array; or an object of `blocks` and `attachments`.
    pub blocks: Option<&'a serde_json::Value>,
    /// The send key: goes into the message's metadata, for [`Api::find_sent`].
    pub key: &'a str,
}

/// A message that Slack has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// The channel it went to; Slack's answer, which counts more than what was asked for.
    pub channel: ChannelId,
    /// The message's id; `None` if Slack said `ok` without saying it, then [`Api::find_sent`] finds it by its key.
    pub ts: Option<MessageTs>,
    /// Slack's remark, for instance `message_truncated`.
    pub warning: Option<String>,
}

impl Api {
    /// Prepares to call `base_url` (`https://slack.com`, with or without `/api` and a last slash). Nothing is sent yet.
    /// The caller must have installed rustls's ring provider as the process's default.
    pub fn new(base_url: &str, bot: &Secret, app: &Secret) -> Result<Api, Unusable> {
        Ok(Api { caller: Arc::new(Caller::new(base_url, bot, app)?), whole: None })
    }

    /// The same, speaking with another bot token: in another workspace, or after a change of the token.
    pub fn speaking(&self, bot: &Secret) -> Result<Api, Unusable> {
        Ok(Api { caller: Arc::new(self.caller.with_bot(bot)?), whole: None })
    }

    /// The same, where it is known whose the token is: that of an organisation says which team it means.
    pub fn within(&self, workspace: &WorkspaceId) -> Api {
        let whole = workspace.is_organisation().then(Arc::default);
        Api { caller: self.caller.clone(), whole }
    }

    /// The organisation that the token is of.
    pub(super) fn whole(&self) -> Option<&Whole> {
        self.whole.as_deref()
    }

    /// Whether this is the other one, or a clone of it.
    pub fn is_same(&self, other: &Api) -> bool {
        Arc::ptr_eq(&self.caller, &other.caller)
    }

    /// Whether there is a bot token to speak with.
    pub fn has_bot(&self) -> bool {
        self.caller.has_bot()
    }

    /// Gives up all reads, for the stop: they change nothing. A write under way is waited for.
    pub fn hang_up(&self) {
        self.caller.hang_up();
    }

    /// Whether the Web API is one of this machine: a simulator's.
    pub fn is_local(&self) -> bool {
        self.caller.local().is_some()
    }

    /// Posts JSON to an incoming webhook.
    pub(super) async fn post_webhook(&self, url: &str, body: &serde_json::Value) -> Result<Said, Failure> {
        self.caller.post_webhook(url, body).await
    }

    /// Counts a call that is not one of the Web API.
    pub(super) fn tally(&self, method: &str, outcome: &'static str) {
        self.caller.calls.tally(method, outcome);
    }

    /// Calls since the start, by method and by what came of them.
    pub fn calls(&self) -> BTreeMap<(String, &'static str), u64> {
        self.caller.calls.counts()
    }

    /// `auth.test`, and `bots.info` for the app id where `auth.test` does not say it.
    pub async fn auth_test(&self) -> Result<Identity, Failure> {
        let done = self.read("auth.test", &[]).await?;
        let answer: Whoami<'_> = lenient(&done.body);
        // With the token of an organisation `team_id` is that of the organisation, or not [slack-facts 4.7].
        let enterprise = loose::filled(&answer.enterprise_id).filter(|_| answer.is_enterprise_install);
        let team = || loose::or_empty(&answer.team_id).to_owned();
        let mut ourselves = Ourselves {
            workspace: WorkspaceId(enterprise.unwrap_or_else(team)),
            workspace_name: loose::or_empty(&answer.team).to_owned(),
            url: loose::or_empty(&answer.url).to_owned(),
            person: PersonId(loose::or_empty(&answer.user_id).to_owned()),
            bot: loose::or_empty(&answer.bot_id).to_owned(),
            app: loose::filled(&answer.app_id),
        };
        if ourselves.app.is_none() && !ourselves.bot.is_empty() {
            ourselves.app = self.within(&ourselves.workspace).app_of_bot(&ourselves.bot).await;
        }
        Ok(Identity { ourselves, scopes: done.scopes, said_at: done.said_at })
    }

    /// The app behind a bot id; `None` when Slack does not say or the call fails, since two other ids remain.
    async fn app_of_bot(&self, bot: &str) -> Option<String> {
        let place = self.place("").await.ok().filter(|place| !place.is_over())?;
        let done = self.read("bots.info", &place.form(&[("bot", bot)])).await.ok()?;
        let answer: BotAnswer<'_> = lenient(&done.body);
        answer.bot.object().and_then(|bot| loose::filled(&bot.app_id))
    }

    /// `apps.connections.open`: a fresh address for one WebSocket, to be dialled at once.
    pub async fn connections_open(&self) -> Result<SocketUrl, Failure> {
        let done = self.caller.call(Token::App, Patience::Read, "apps.connections.open", &[]).await?;
        let answer: UrlAnswer<'_> = lenient(&done.body);
        let url = loose::filled(&answer.url).ok_or_else(|| missing("address for the socket"))?;
        // The ticket in it is a secret: over TLS it came, over TLS it goes.
        if self.caller.is_encrypted() && !url.starts_with("wss://") {
            return Err(Failure::Unknown { what: "the socket's address is not encrypted".to_owned() });
        }
        Ok(SocketUrl(url))
    }

    /// `auth.revoke`: the token is worth nothing from then on.
    pub async fn revoke(&self) -> Result<(), Failure> {
        self.write("auth.revoke", &[]).await.map(|_| ())
    }

    /// `users.info`.
    pub async fn user_info(&self, person: &PersonId) -> Result<Profile, Failure> {
        let done = self.read("users.info", &[("user", &person.0)]).await?;
        profile(&done)
    }

    /// `users.lookupByEmail`; nobody is `users_not_found`, also for deactivated people and bots.
    pub async fn lookup_by_email(&self, email: &str) -> Result<Profile, Failure> {
        let done = self.read("users.lookupByEmail", &[("email", email)]).await?;
        profile(&done)
    }

    /// `chat.postMessage`: once, with our key in its metadata, without unfurling and without waking up anybody by name.
    pub async fn post_message(&self, post: &Post<'_>) -> Result<Posted, Failure> {
        let metadata = json!({ "event_type": SENT_BY_US, "event_payload": { "key": post.key } }).to_string();
        let parts = parts(post.blocks);
        let mut form = vec![
            ("channel", post.channel.0.as_str()),
            ("text", post.text),
            ("metadata", &metadata),
            ("unfurl_links", "false"),
            ("unfurl_media", "false"),
            ("link_names", "false"),
            ("parse", "none"),
        ];
        form.extend(post.thread.map(|thread| ("thread_ts", thread.0.as_str())));
        form.extend(parts.iter().map(|(name, part)| (*name, part.as_str())));
        let done = self.caller.call(Token::Bot, Patience::Write, "chat.postMessage", &form).await?;
        let answer: PostAnswer<'_> = lenient(&done.body);
        let inside = || answer.message.object().and_then(|message| loose::filled(&message.ts));
        Ok(Posted {
            channel: loose::filled(&answer.channel).map_or_else(|| post.channel.clone(), ChannelId),
            ts: loose::filled(&answer.ts).or_else(inside).map(MessageTs),
            warning: loose::filled(&answer.warning),
        })
    }

    /// `chat.update`: what a message of ours says from now on. Blocks and attachments that are not given are taken away
    /// [slack-facts 4.5].
    pub async fn update_message(&self, post: &Post<'_>, ts: &MessageTs) -> Result<(), Failure> {
        let mut parts = parts(post.blocks);
        for name in ["blocks", "attachments"] {
            if !parts.iter().any(|(given, _)| *given == name) {
                parts.push((name, "[]".to_owned()));
            }
        }
        let mut form = vec![
            ("channel", post.channel.0.as_str()),
            ("ts", &ts.0),
            ("text", post.text),
            ("link_names", "false"),
            ("parse", "none"),
        ];
        form.extend(parts.iter().map(|(name, part)| (*name, part.as_str())));
        self.caller.call(Token::Bot, Patience::Write, "chat.update", &form).await.map(|_| ())
    }

    /// `chat.postEphemeral`: a message that only this person sees.
    pub async fn post_ephemeral(
        &self,
        channel: &ChannelId,
        person: &PersonId,
        text: &str,
    ) -> Result<(), Failure> {
        let form = [("channel", channel.0.as_str()), ("user", &person.0), ("text", text)];
        self.caller.call(Token::Bot, Patience::Write, "chat.postEphemeral", &form).await.map(|_| ())
    }

    /// Answers a command at the address that stands in its stored payload, so that only the person who typed it reads it.
    /// A payload without a usable address is refused as `no_url`.
    pub async fn respond(&self, payload: &str, text: &str) -> Result<(), Failure> {
        match ResponseUrl::of(payload, self.caller.local()) {
            Some(url) => self.caller.answer(&url, &forms::whisper(text)).await,
            None => {
                let error = "no_url".to_owned();
                Err(Failure::Refused { error, needed: None, messages: Vec::new() })
            }
        }
    }

    /// `chat.getPermalink`.
    pub async fn permalink(&self, channel: &ChannelId, ts: &MessageTs) -> Result<String, Failure> {
        let done = self.read("chat.getPermalink", &[("channel", &channel.0), ("message_ts", &ts.0)]).await?;
        let answer: LinkAnswer<'_> = lenient(&done.body);
        loose::filled(&answer.permalink).ok_or_else(|| missing("permalink"))
    }

    /// Any method with the bot token, for the doctor; the whole answer.
    pub async fn call(&self, method: &str, form: &Form<'_>) -> Result<serde_json::Value, Failure> {
        let done = self.read(method, form).await?;
        serde_json::from_slice(&done.body).map_err(|_| missing("readable content"))
    }

    /// One write with the bot token.
    pub(super) async fn write(&self, method: &str, form: &Form<'_>) -> Result<Done, Failure> {
        self.caller.call(Token::Bot, Patience::Write, method, form).await
    }

    /// An address for bytes, if it is one that they may go to.
    pub(super) fn upload_address(&self, url: &str) -> Option<reqwest::Url> {
        super::upload::address(url, self.caller.local())
    }

    /// Brings bytes to an address that Slack gave us.
    pub(super) async fn bring(&self, url: reqwest::Url, bytes: Vec<u8>) -> Result<(), Failure> {
        self.caller.bring(url, bytes).await
    }

    /// One write with the app's own credentials.
    pub(super) async fn write_as(
        &self,
        credentials: (&str, &Secret),
        method: &str,
        form: &Form<'_>,
    ) -> Result<Done, Failure> {
        self.caller.call_as(credentials, method, form).await
    }

    /// One read with the bot token.
    pub(super) async fn read(&self, method: &str, form: &Form<'_>) -> Result<Done, Failure> {
        self.caller.call(Token::Bot, Patience::Read, method, form).await
    }
}

impl SocketUrl {
    /// The address itself, for the one place that dials it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for SocketUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SocketUrl(…)")
    }
}

/// Blocks and attachments as the arguments of a call.
fn parts(blocks: Option<&serde_json::Value>) -> Vec<(&'static str, String)> {
    match blocks {
        Some(serde_json::Value::Object(both)) => ["blocks", "attachments"]
            .into_iter()
            .filter_map(|name| both.get(name).map(|part| (name, part.to_string())))
            .collect(),
        Some(blocks) => vec![("blocks", blocks.to_string())],
        None => Vec::new(),
    }
}

/// Reads an answer that is known to be `ok: true`; what does not fit counts as absent.
pub(super) fn lenient<'a, T: Deserialize<'a> + Default>(body: &'a [u8]) -> T {
    serde_json::from_slice::<T>(body).unwrap_or_default()
}

/// An answer that says `ok` but lacks what we asked for. Only for reads: nothing was changed.
pub(super) fn missing(what: &str) -> Failure {
    Failure::Unknown { what: format!("Slack's answer has no {what}") }
}

fn profile(done: &Done) -> Result<Profile, Failure> {
    let answer: UserAnswer<'_> = lenient(&done.body);
    answer.user.object().and_then(people::profile).ok_or_else(|| missing("user"))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Whoami<'a> {
    #[serde(borrow, deserialize_with = "loose::text")]
    url: Text<'a>,
    #[serde(borrow, deserialize_with = "loose::text")]
    team: Text<'a>,
    #[serde(borrow, deserialize_with = "loose::text")]
    team_id: Text<'a>,
    #[serde(borrow, deserialize_with = "loose::text")]
    user_id: Text<'a>,
    #[serde(borrow, deserialize_with = "loose::text")]
    bot_id: Text<'a>,
    #[serde(borrow, deserialize_with = "loose::text")]
    app_id: Text<'a>,
    #[serde(borrow, deserialize_with = "loose::text")]
    enterprise_id: Text<'a>,
    #[serde(deserialize_with = "loose::flag")]
    is_enterprise_install: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct BotAnswer<'a> {
    #[serde(borrow)]
    bot: Loose<'a, Bot<'a>>,
}

#[derive(Deserialize)]
struct Bot<'a> {
    #[serde(borrow, default, deserialize_with = "loose::text")]
    app_id: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct UrlAnswer<'a> {
    #[serde(borrow, deserialize_with = "loose::text")]
    url: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LinkAnswer<'a> {
    #[serde(borrow, deserialize_with = "loose::text")]
    permalink: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct UserAnswer<'a> {
    #[serde(borrow)]
    user: Loose<'a, User<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PostAnswer<'a> {
    #[serde(borrow, deserialize_with = "loose::text")]
    channel: Text<'a>,
    #[serde(borrow, deserialize_with = "loose::text")]
    ts: Text<'a>,
    #[serde(borrow, deserialize_with = "loose::text")]
    warning: Text<'a>,
    #[serde(borrow)]
    message: Loose<'a, PostedMessage<'a>>,
}

#[derive(Deserialize)]
struct PostedMessage<'a> {
    #[serde(borrow, default, deserialize_with = "loose::text")]
    ts: Text<'a>,
}
