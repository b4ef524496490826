//! Channels that take no messages: how that is noticed, what is done meanwhile, and when they are tried again.
//!
//! A channel is broken by what Slack says of the channel itself, never by what it says of one message or of the token.

use std::collections::BTreeMap;
use std::time::Duration;

use super::ids::{ChannelId, TaskNumber};
use super::mrkdwn::escape;

/// Wait before the first look at a broken channel: an administrator who undoes a mistake does so within minutes.
const FIRST: Duration = Duration::from_secs(60);

/// Longest wait between two looks: after a channel works again, what waits for it goes out within the hour even if no
/// event says so.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// Why a channel takes no messages: Slack's error names that speak of the channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Broken {
    /// It was archived.
    Archived,
    /// It was deleted, or it is private and the bot was removed.
    NotFound,
    /// The bot was removed.
    NotMember,
    /// The workspace does not let the bot post there.
    Restricted,
    /// Only some people may post there.
    ReadOnly,
    /// The app takes no direct messages.
    NoDirectMessages,
    /// The other organisation's administrators block it.
    Blocked,
}

/// Whether looking at the channel can tell that it works again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visible {
    /// `conversations.info` shows it.
    InChannel,
    /// Only a post shows it.
    ByPosting,
}

impl Broken {
    /// All of them.
    pub const ALL: [Broken; 7] = [
        Broken::Archived,
        Broken::NotFound,
        Broken::NotMember,
        Broken::Restricted,
        Broken::ReadOnly,
        Broken::NoDirectMessages,
        Broken::Blocked,
    ];

    /// The word that is stored and shown: Slack's error name, where there is one alone.
    pub fn as_str(self) -> &'static str {
        match self {
            Broken::Archived => "is_archived",
            Broken::NotFound => "channel_not_found",
            Broken::NotMember => "not_in_channel",
            Broken::Restricted => "restricted_action",
            Broken::ReadOnly => "restricted_action_read_only_channel",
            Broken::NoDirectMessages => "messages_tab_disabled",
            Broken::Blocked => "slack_connect_blocked",
        }
    }

    /// Reads the word back.
    pub fn from_word(word: &str) -> Option<Broken> {
        Broken::ALL.into_iter().find(|broken| broken.as_str() == word)
    }

    /// What an error name of Slack says of the channel; `None` when it speaks of the message, the thread or the token.
    pub fn from_error(error: &str) -> Option<Broken> {
        // There are several, one for each policy of the other side.
        if error.starts_with("slack_connect_") && error.ends_with("_blocked") {
            return Some(Broken::Blocked);
        }
        Broken::from_word(error)
    }

    /// What is wrong, as a part of a sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Broken::Archived => "the channel is archived",
            Broken::NotFound => "the channel is gone, or it is private and the bot is not in it",
            Broken::NotMember => "the bot is not in the channel",
            Broken::Restricted => "the workspace does not let the bot post there",
            Broken::ReadOnly => "the channel is read-only",
            Broken::NoDirectMessages => "the app's messages tab is off",
            Broken::Blocked => "the other organisation blocks it",
        }
    }

    /// How its end can be seen.
    pub fn visible(self) -> Visible {
        match self {
            Broken::Archived | Broken::NotFound | Broken::NotMember => Visible::InChannel,
            Broken::Restricted | Broken::ReadOnly | Broken::NoDirectMessages | Broken::Blocked => {
                Visible::ByPosting
            }
        }
    }
}

/// What a look at a broken channel showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// The bot is in it and it is not archived.
    Open,
    /// It takes no messages.
    Closed(Broken),
    /// It may not be looked at.
    Hidden,
    /// Nobody could tell for now.
    Unclear,
}

/// What follows from a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It works again.
    Works,
    /// One send may try.
    Try,
    /// It stays broken, for this reason.
    Stays(Broken),
}

/// Judges a look at a channel that was broken for `reason`.
pub fn judge(reason: Broken, look: Look) -> Verdict {
    match (look, reason.visible()) {
        (Look::Open, Visible::InChannel) => Verdict::Works,
        // What forbids the bot to post is not shown with the channel; nor is anything where looking is not allowed.
        (Look::Open, Visible::ByPosting) | (Look::Hidden, _) => Verdict::Try,
        (Look::Closed(now), _) => Verdict::Stays(now),
        (Look::Unclear, _) => Verdict::Stays(reason),
    }
}

/// The wait before a channel is looked at again, after so many looks: a minute, doubling up to an hour.
pub fn pause(looks: u32) -> Duration {
    (FIRST * (1 << looks.min(10))).min(LONGEST)
}

/// Where the team is told when a channel takes no messages, as configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fallbacks {
    /// For every channel that has none of its own.
    pub general: Option<ChannelId>,
    /// By channel.
    pub own: BTreeMap<ChannelId, ChannelId>,
}

impl Fallbacks {
    /// The fallback of a channel; a channel is none for itself.
    pub fn of(&self, channel: &ChannelId) -> Option<&ChannelId> {
        self.own.get(channel).or(self.general.as_ref()).filter(|fallback| *fallback != channel)
    }
}

/// An answer that cannot be delivered for now.
#[derive(Clone, Copy)]
pub struct Held<'a> {
    /// The task it answers.
    pub task: TaskNumber,
    /// Whom it is for; empty when unknown.
    pub contact: &'a str,
    /// The channel it is for: a name without `#`, or an id.
    pub channel: &'a str,
    /// Why it cannot be delivered.
    pub broken: Broken,
    /// Its text, as Slack encodes it.
    pub text: &'a str,
}

/// What the team reads in the fallback channel, as Slack encodes it.
pub fn detour(held: &Held<'_>) -> String {
    let Held { task, contact, channel, broken, text } = held;
    let who = if contact.is_empty() { "the contact".to_owned() } else { escape(contact) };
    format!(
        "Held back: the answer to {who} (task {task}) in {}, because {}. It is posted there as soon as the channel takes \
         messages again.\n\n{text}",
        escape(channel),
        broken.sentence(),
    )
}

#[cfg(test)]
mod tests {
    use super::{Broken, Fallbacks, Held, Look, Verdict, detour, judge, pause};
    use crate::domain::ids::{ChannelId, TaskNumber};

    #[test]
    fn only_what_slack_says_of_the_channel_breaks_it() {
        for (error, broken) in [
            ("is_archived", Some(Broken::Archived)),
            ("channel_not_found", Some(Broken::NotFound)),
            ("not_in_channel", Some(Broken::NotMember)),
            ("restricted_action", Some(Broken::Restricted)),
            ("slack_connect_file_upload_sharing_blocked", Some(Broken::Blocked)),
            // About the thread, the message, the token, the workspace:
            ("restricted_action_thread_locked", None),
            ("restricted_action_thread_only_channel", None),
            ("thread_not_found", None),
            ("cannot_reply_to_message", None),
            ("msg_too_long", None),
            ("invalid_auth", None),
            ("message_limit_exceeded", None),
        ] {
            assert_eq!(Broken::from_error(error), broken, "{error}");
        }
        for broken in Broken::ALL {
            assert_eq!(Broken::from_word(broken.as_str()), Some(broken));
        }
    }

    #[test]
    fn a_look_says_what_it_can_and_a_post_the_rest() {
        for (reason, look, verdict) in [
            (Broken::Archived, Look::Open, Verdict::Works),
            (Broken::NotMember, Look::Closed(Broken::Archived), Verdict::Stays(Broken::Archived)),
            (Broken::Archived, Look::Unclear, Verdict::Stays(Broken::Archived)),
            (Broken::Restricted, Look::Open, Verdict::Try),
            (Broken::NotMember, Look::Hidden, Verdict::Try),
        ] {
            assert_eq!(judge(reason, look), verdict, "{reason:?} {look:?}");
        }
    }

    #[test]
    fn looks_become_rarer_up_to_one_an_hour() {
        let minutes: Vec<u64> = (0..8).map(|looks| pause(looks).as_secs() / 60).collect();
        assert_eq!(minutes, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(pause(u32::MAX).as_secs(), 3600);
    }

    #[test]
    fn a_channel_has_its_own_fallback_or_the_general_one_and_never_itself() {
        let id = |id: &str| ChannelId(id.to_owned());
        let fallbacks = Fallbacks { general: Some(id("C0")), own: [(id("C1"), id("C2"))].into() };
        assert_eq!(fallbacks.of(&id("C1")), Some(&id("C2")));
        assert_eq!(fallbacks.of(&id("C9")), Some(&id("C0")));
        assert_eq!(fallbacks.of(&id("C0")), None);
    }

    #[test]
    fn the_team_reads_for_whom_and_which_task_and_nobody_is_notified() {
        let held = Held {
            task: TaskNumber(12),
            contact: "Ada <!channel>",
            channel: "support",
            broken: Broken::Archived,
            text: "Settings &gt; Export",
        };
        let text = detour(&held);
        assert!(
            text.starts_with("Held back: the answer to Ada &lt;!channel&gt; (task 12) in support, because")
        );
        assert!(text.ends_with("\n\nSettings &gt; Export"), "{text}");
    }
}
