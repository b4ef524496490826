//! The list of Web API methods: token, scopes, tier, and whether a JSON body is read.
//!
//! Scopes that depend on the kind of conversation are checked by the methods themselves.

use super::call::{Call, Reply};
use super::limits::Tier;
use super::workspace::Workspace;
use super::{
    account, chat, conversations, files, groups, history, oauth, organisation, reactions, users, views,
};

/// Which token a method takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// The app-level token, in the header.
    App,
    /// The bot token.
    Bot,
    /// Either.
    Either,
}

/// One method.
#[derive(Debug)]
pub struct Method {
    /// Its name.
    pub name: &'static str,
    /// Its rate limit.
    pub tier: Tier,
    /// Which token it takes.
    pub token: Token,
    /// Scopes it needs in any case.
    pub scopes: &'static [&'static str],
    /// What it does.
    pub run: fn(&mut Workspace, &Call) -> Reply,
}

const fn bot(
    name: &'static str,
    tier: Tier,
    scopes: &'static [&'static str],
    run: fn(&mut Workspace, &Call) -> Reply,
) -> Method {
    Method { name, tier, token: Token::Bot, scopes, run }
}

/// Methods whose arguments are not read from a JSON body (specs: `json_input_supported` unset).
/// Such a body is ignored, not refused, which shows as a missing argument.
const FORM_ONLY: [&str; 15] = [
    "auth.teams.list",
    "bots.info",
    "chat.getPermalink",
    "conversations.info",
    "conversations.list",
    "conversations.members",
    "conversations.replies",
    "files.getUploadURLExternal",
    "reactions.get",
    "usergroups.list",
    "usergroups.users.list",
    "users.conversations",
    "users.info",
    "users.list",
    "users.lookupByEmail",
];

static METHODS: [Method; 34] = [
    Method {
        name: "auth.test",
        tier: Tier::Special,
        token: Token::Either,
        scopes: &[],
        run: account::auth_test,
    },
    Method {
        name: "apps.connections.open",
        tier: Tier::Three,
        token: Token::App,
        scopes: &[],
        run: account::connections_open,
    },
    Method { name: "api.test", tier: Tier::Four, token: Token::Either, scopes: &[], run: account::api_test },
    bot("auth.revoke", Tier::Three, &[], oauth::revoke),
    bot("auth.teams.list", Tier::Two, &[], organisation::teams),
    bot("bots.info", Tier::Three, &["users:read"], account::bots_info),
    bot("team.info", Tier::Three, &["team:read"], account::team_info),
    bot("usergroups.list", Tier::Two, &["usergroups:read"], groups::list),
    bot("usergroups.users.list", Tier::Two, &["usergroups:read"], groups::users),
    bot("users.info", Tier::Four, &["users:read"], users::info),
    bot("users.list", Tier::Two, &["users:read"], users::list),
    bot("users.lookupByEmail", Tier::Three, &["users:read.email"], users::lookup_by_email),
    bot("users.conversations", Tier::Three, &[], conversations::of_user),
    bot("conversations.list", Tier::Two, &[], conversations::list),
    bot("conversations.info", Tier::Three, &[], conversations::info),
    bot("conversations.members", Tier::Four, &[], conversations::members),
    bot("conversations.join", Tier::Three, &["channels:join"], conversations::join),
    bot("conversations.open", Tier::Three, &["im:write"], conversations::open),
    bot("conversations.history", Tier::Three, &[], history::history),
    bot("conversations.replies", Tier::Three, &[], history::replies),
    bot("chat.postMessage", Tier::Special, &["chat:write"], chat::post_message),
    bot("chat.postEphemeral", Tier::Four, &["chat:write"], chat::post_ephemeral),
    bot("chat.update", Tier::Three, &["chat:write"], chat::update),
    bot("chat.delete", Tier::Three, &["chat:write"], chat::delete),
    bot("chat.getPermalink", Tier::Special, &[], chat::permalink),
    bot("files.getUploadURLExternal", Tier::Four, &["files:write"], files::upload_url),
    bot("files.completeUploadExternal", Tier::Four, &["files:write"], files::complete),
    bot("reactions.add", Tier::Three, &["reactions:write"], reactions::add),
    bot("reactions.remove", Tier::Two, &["reactions:write"], reactions::remove),
    bot("reactions.get", Tier::Three, &["reactions:read"], reactions::read),
    bot("views.open", Tier::Four, &[], views::open),
    bot("views.push", Tier::Four, &[], views::push),
    bot("views.update", Tier::Four, &[], views::update),
    bot("views.publish", Tier::Four, &[], views::publish),
];

/// The method of that name.
pub fn find(name: &str) -> Option<&'static Method> {
    METHODS.iter().find(|method| method.name == name)
}

/// Whether the method reads arguments from a JSON body.
pub fn reads_json(name: &str) -> bool {
    !FORM_ONLY.contains(&name)
}
