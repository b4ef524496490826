//! What deskd calls at Slack and what it is told by Slack: one list, from which the scopes of the app, its events and the page
//! `docs/security.md` follow. A method that is not in it is not called (`slack::http`).

/// What an app is for; it asks for no more than that takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Profile {
    /// Messages of public channels become tasks, and are answered.
    Inbox,
    /// Systems hand notices in, and nothing that people write is read.
    Notify,
    /// The inbox, in private channels too, for a bot that is called by its name.
    Agent,
    /// Everything.
    Full,
}

impl Profile {
    /// All of them, the smallest first.
    pub const ALL: [Profile; 4] = [Profile::Inbox, Profile::Notify, Profile::Agent, Profile::Full];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Profile::Inbox => "inbox",
            Profile::Notify => "notify",
            Profile::Agent => "agent",
            Profile::Full => "full",
        }
    }

    /// Whether it is at home in private channels, which have scopes of their own.
    fn is_private_too(self) -> bool {
        self != Profile::Inbox
    }

    /// The scopes of the bot token that it takes, each once, by name.
    pub fn scopes(self) -> Vec<&'static str> {
        let methods = METHODS.iter().filter(|method| method.by.contains(&self));
        let mut scopes: Vec<&str> = methods.flat_map(|method| method.scopes.iter().copied()).collect();
        scopes.extend(self.events().map(|event| event.scope));
        if !self.is_private_too() {
            scopes.retain(|scope| !scope.starts_with("groups:"));
        }
        scopes.retain(|scope| !scope.is_empty());
        scopes.sort_unstable();
        scopes.dedup();
        scopes
    }

    /// The events that it subscribes to.
    pub fn events(self) -> impl Iterator<Item = &'static Event> {
        EVENTS.iter().filter(move |event| {
            event.by.contains(&self) && (self.is_private_too() || !event.scope.starts_with("groups:"))
        })
    }
}

/// Whether a call changes something at Slack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Does {
    /// It asks.
    Read,
    /// It posts, changes or takes back something of our own.
    Write,
}

/// A method of the Web API.
#[derive(Clone, Copy, Debug)]
pub struct Method {
    /// Its name.
    pub name: &'static str,
    /// Whether it changes something.
    pub does: Does,
    /// The scopes of the bot token that it takes; those of private channels where there are any.
    pub scopes: &'static [&'static str],
    /// What for.
    pub what_for: &'static str,
    /// The profiles that do that.
    pub by: &'static [Profile],
}

/// An event of the Events API.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    /// Its name, as the manifest has it.
    pub name: &'static str,
    /// The scope it takes; empty when it takes none.
    pub scope: &'static str,
    /// The profiles that need it.
    pub by: &'static [Profile],
}

const EVERY: &[Profile] = &Profile::ALL;
/// Those that read what people write.
const READING: &[Profile] = &[Profile::Inbox, Profile::Agent, Profile::Full];
/// Those that call people and groups, and post charts.
const TELLING: &[Profile] = &[Profile::Notify, Profile::Full];
const ALL: &[Profile] = &[Profile::Full];

const fn read(
    name: &'static str,
    scopes: &'static [&'static str],
    by: &'static [Profile],
    what_for: &'static str,
) -> Method {
    Method { name, does: Does::Read, scopes, what_for, by }
}

const fn write(
    name: &'static str,
    scopes: &'static [&'static str],
    by: &'static [Profile],
    what_for: &'static str,
) -> Method {
    Method { name, does: Does::Write, scopes, what_for, by }
}

const ROOMS: &[&str] = &["channels:read", "groups:read"];
const HISTORY: &[&str] = &["channels:history", "groups:history"];

/// Every method that deskd calls, by name (scopes: the method pages of docs.slack.dev).
pub const METHODS: &[Method] = &[
    read("apps.connections.open", &[], EVERY, "addresses for Socket Mode, with the app-level token"),
    write("auth.revoke", &[], EVERY, "ends a token, when a workspace is disconnected for good"),
    read("auth.teams.list", &[], EVERY, "the teams of an organisation that has the app as a whole"),
    read("auth.test", &[], EVERY, "whose the bot token is, and what it may do"),
    read("bots.info", &["users:read"], EVERY, "the app behind our own bot"),
    write("chat.delete", &["chat:write"], ALL, "takes back the message of the canary"),
    read("chat.getPermalink", &[], EVERY, "the link to a message"),
    write("chat.postEphemeral", &["chat:write"], READING, "answers a command that only its caller sees"),
    write("chat.postMessage", &["chat:write"], EVERY, "replies, notices, reports, deskd's own troubles"),
    write("chat.update", &["chat:write"], EVERY, "changes a card of ours that changed its state"),
    read("conversations.history", HISTORY, READING, "what was said while nobody listened; a message of ours"),
    read("conversations.info", ROOMS, EVERY, "whether a channel takes messages again"),
    read("conversations.list", ROOMS, EVERY, "names and kinds of the channels"),
    read("conversations.replies", HISTORY, READING, "the same in threads"),
    write("files.completeUploadExternal", &["files:write"], TELLING, "posts the chart of a report"),
    write("files.getUploadURLExternal", &["files:write"], TELLING, "an address for the chart of a report"),
    write(
        "oauth.v2.access",
        &[],
        EVERY,
        "a token for a workspace that has allowed the app, and the next one in time",
    ),
    read("usergroups.list", &["usergroups:read"], TELLING, "the groups that a notice may call"),
    read("usergroups.users.list", &["usergroups:read"], TELLING, "who is in them"),
    read("users.conversations", ROOMS, EVERY, "the channels that the bot is in"),
    read("users.info", &["users:read"], EVERY, "the name of somebody who wrote, or is called"),
    read("users.list", &["users:read"], EVERY, "people that a teammate or a notice names"),
    read("users.lookupByEmail", &["users:read.email"], EVERY, "a person by the address that somebody gave"),
];

const fn event(name: &'static str, scope: &'static str, by: &'static [Profile]) -> Event {
    Event { name, scope, by }
}

/// Every event that deskd is told of, by name (event reference of docs.slack.dev).
pub const EVENTS: &[Event] = &[
    event("app_mention", "app_mentions:read", &[Profile::Agent, Profile::Full]),
    event("app_uninstalled", "", EVERY),
    event("channel_archive", "channels:read", EVERY),
    event("channel_deleted", "channels:read", EVERY),
    event("channel_id_changed", "channels:read", EVERY),
    event("channel_rename", "channels:read", EVERY),
    event("channel_unarchive", "channels:read", EVERY),
    event("group_archive", "groups:read", EVERY),
    event("group_deleted", "groups:read", EVERY),
    event("group_rename", "groups:read", EVERY),
    event("group_unarchive", "groups:read", EVERY),
    event("member_joined_channel", "channels:read", EVERY),
    event("member_left_channel", "channels:read", EVERY),
    event("message.channels", "channels:history", READING),
    event("message.groups", "groups:history", READING),
    event("subteam_created", "usergroups:read", TELLING),
    event("subteam_members_changed", "usergroups:read", TELLING),
    event("subteam_updated", "usergroups:read", TELLING),
    event("team_join", "users:read", EVERY),
    event("tokens_revoked", "", EVERY),
    event("user_change", "users:read", EVERY),
];

/// The method of this name, if deskd calls it.
pub fn find(name: &str) -> Option<&'static Method> {
    METHODS.binary_search_by(|method| method.name.cmp(name)).ok().map(|at| &METHODS[at])
}

#[cfg(test)]
mod tests {
    use super::{EVENTS, METHODS, Profile, find};
    use crate::slack::manifest::{NEEDED_SCOPES, WANTED_SCOPES};

    #[test]
    fn the_lists_are_in_order_and_each_method_is_found() {
        assert!(METHODS.is_sorted_by(|one, other| one.name < other.name));
        assert!(EVENTS.is_sorted_by(|one, other| one.name < other.name));
        assert!(
            METHODS.iter().all(|method| find(method.name).is_some_and(|found| found.name == method.name))
        );
        assert!(find("chat.scheduleMessage").is_none() && find("").is_none());
        assert!(METHODS.iter().all(|method| method.by.contains(&Profile::Full)));
    }

    #[test]
    fn the_full_profile_takes_the_scopes_that_have_a_purpose_and_no_others() {
        let mut described: Vec<&str> =
            NEEDED_SCOPES.iter().chain(WANTED_SCOPES).map(|(scope, _)| *scope).collect();
        described.sort_unstable();
        assert_eq!(Profile::Full.scopes(), described);
    }

    #[test]
    fn oau_03_the_inbox_takes_the_smallest_set_and_every_profile_less_than_all() {
        let inbox = Profile::Inbox.scopes();
        assert_eq!(
            inbox,
            ["channels:history", "channels:read", "chat:write", "users:read", "users:read.email"]
        );
        let notify = Profile::Notify.scopes();
        assert!(!notify.iter().any(|scope| scope.ends_with(":history")), "it reads nothing: {notify:?}");
        for scope in ["users:read", "users:read.email", "usergroups:read"] {
            assert!(notify.contains(&scope), "oau_14: what a mention takes");
        }
        let agent = Profile::Agent.scopes();
        assert!(agent.contains(&"app_mentions:read") && agent.contains(&"groups:history"));
        for profile in [Profile::Inbox, Profile::Notify, Profile::Agent] {
            assert!(profile.scopes().len() < Profile::Full.scopes().len());
            let taken = |scope: &str| scope.is_empty() || profile.scopes().contains(&scope);
            assert!(profile.events().all(|event| taken(event.scope)), "{profile:?}");
        }
    }
}
