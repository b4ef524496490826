//! What Slack tells us, in our own words: the decoded form of a stored event.
//!
//! `slack/decode` makes these values; nothing here knows the shape of Slack's JSON.

use std::fmt;

use super::directory::GroupNews;
use super::ids::{ChannelId, MessageTs, PersonId, ProblemId, WorkspaceId};
use super::installation::Farewell;
use super::time::Timestamp;

/// What a stored event means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Somebody wrote something.
    Posted(Message),
    /// A message changed; also sent by Slack for unfurls, in which case the text is the same.
    Edited(Edit),
    /// A message was taken back.
    Deleted {
        /// Where it was.
        channel: ChannelId,
        /// Which one.
        ts: MessageTs,
    },
    /// A channel was renamed, archived or brought back, joined or left by us.
    Channel(ChannelNews),
    /// A person's profile changed or somebody joined the workspace.
    Person(Profile),
    /// A user group was made, changed, switched off, or staffed anew.
    Group(GroupNews),
    /// The app was uninstalled, or tokens of it were revoked.
    Farewell(Farewell),
    /// A slash command.
    Command(Command),
    /// A click on a button of a notice's card.
    Click(Click),
    /// Any other click, a shortcut or a modal: `kind` is Slack's `type`, for instance `block_actions`.
    Interaction {
        /// Slack's `type` of the interaction.
        kind: String,
    },
    /// Slack kept events back in the minute that begins here, because there were too many.
    Withheld {
        /// The beginning of that minute.
        minute: Timestamp,
    },
    /// A well-formed event that deskd has no use for: `kind` is Slack's event type.
    Other {
        /// Slack's event type, for instance `reaction_added`.
        kind: String,
    },
}

/// A click on a button of a notice's card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Click {
    /// Who clicked.
    pub person: PersonId,
    /// What the button is for.
    pub on: Clicked,
}

/// The buttons of a notice's card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clicked {
    /// It marks this problem as handled.
    Handled(ProblemId),
    /// It opens an address, which Slack has done already.
    Open,
}

/// One message as its author wrote it.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// Where it was written.
    pub channel: ChannelId,
    /// Its id within the channel.
    pub ts: MessageTs,
    /// The thread's parent, when this is a reply; `None` for a top-level message and for the parent itself.
    pub thread: Option<MessageTs>,
    /// Who wrote it.
    pub author: Author,
    /// The text as Slack encodes it (`&amp;`, `<@U…>`); empty for a bare file upload.
    pub text: String,
    /// Names of the attached files.
    pub files: Vec<String>,
    /// Whether it addresses us: an `app_mention`, or our user's id in the text.
    pub mentions_us: bool,
    /// Slack's subtype, when there is one.
    pub subtype: Option<String>,
    /// The UUID a Slack client gives what a human typed; the same on a double post by the client.
    pub client_msg_id: Option<String>,
    /// When this text was written, if it is not the first: a message read from the history says so.
    pub edited_at: Option<Timestamp>,
}

/// Who wrote a message. A modern app has both a person and a bot id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Author {
    /// The user id; absent for classic integrations.
    pub person: Option<PersonId>,
    /// The bot id (`B…`): present on everything an app posts.
    pub bot: Option<String>,
    /// The app id (`A…`) of the posting app.
    pub app: Option<String>,
    /// The author's own team, when Slack says it; differs from ours in shared channels.
    pub team: Option<WorkspaceId>,
}

/// A change of a message's text.
#[derive(Clone, PartialEq, Eq)]
pub struct Edit {
    /// Where the message is.
    pub channel: ChannelId,
    /// Which message.
    pub ts: MessageTs,
    /// Its text now.
    pub text: String,
    /// Its text before, when Slack says it.
    pub previous: Option<String>,
    /// When it was changed, by Slack's clock.
    pub at: Option<Timestamp>,
    /// Who wrote the message.
    pub author: Author,
}

/// What happened to a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelNews {
    /// Which channel.
    pub channel: ChannelId,
    /// What happened.
    pub change: ChannelChange,
}

/// The changes of a channel that matter to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelChange {
    /// It has a new name, without `#`.
    Renamed(String),
    /// It was archived or deleted.
    Closed,
    /// It was brought back from the archive.
    Reopened,
    /// Somebody joined; when it is our bot user we are now a member.
    Joined(PersonId),
    /// Somebody left.
    Left(PersonId),
    /// It has a new id; Slack changes it when a private channel becomes shared.
    Moved(ChannelId),
}

/// What Slack says of a person.
#[derive(Clone, PartialEq, Eq)]
pub struct Profile {
    /// The user id.
    pub person: PersonId,
    /// The person's home team, when known.
    pub team: Option<WorkspaceId>,
    /// The name without `@`, unique in a workspace.
    pub handle: String,
    /// What people see: display name, else real name, else handle.
    pub name: String,
    /// The e-mail address; absent without the scope, for guests, bots and foreign users.
    pub email: Option<String>,
    /// Whether Slack marks it as a bot.
    pub is_bot: bool,
    /// Whether the account is closed.
    pub deleted: bool,
}

/// A slash command as typed.
#[derive(Clone, PartialEq, Eq)]
pub struct Command {
    /// The command with its slash.
    pub name: String,
    /// Everything after it.
    pub text: String,
    /// Who typed it.
    pub person: PersonId,
    /// Where.
    pub channel: ChannelId,
}

/// Who we are in a workspace: learnt from `auth.test` and `bots.info`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ourselves {
    /// The workspace the bot token belongs to.
    pub workspace: WorkspaceId,
    /// The workspace's name.
    pub workspace_name: String,
    /// The workspace's address, for instance `https://acme.slack.com/`.
    pub url: String,
    /// Our bot user.
    pub person: PersonId,
    /// Our bot id.
    pub bot: String,
    /// Our app id; absent when Slack did not say.
    pub app: Option<String>,
}

/// A further app of ours: what it posts is ours, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sibling {
    /// What it is called here.
    pub name: String,
    /// Its app id.
    pub app: String,
    /// Its bot user, once Slack has said so.
    pub person: Option<PersonId>,
    /// Its bot id, once Slack has said so.
    pub bot: Option<String>,
}

impl Sibling {
    /// Whether it wrote it: by user id, bot id or app id, whichever are known.
    pub fn wrote(&self, author: &Author) -> bool {
        (author.person.is_some() && author.person == self.person)
            || (author.bot.is_some() && author.bot == self.bot)
            || author.app.as_ref() == Some(&self.app)
    }
}

impl Author {
    /// The id that stands for the author: the user, or the bot where there is no user.
    pub fn id(&self) -> Option<PersonId> {
        self.person.clone().or_else(|| self.bot.clone().map(PersonId))
    }

    /// Whether an app wrote it.
    pub fn is_bot(&self) -> bool {
        self.bot.is_some()
    }
}

impl Ourselves {
    /// Whether we wrote it ourselves: by user id, bot id or app id, whichever Slack gave.
    pub fn wrote(&self, author: &Author) -> bool {
        author.person.as_ref() == Some(&self.person)
            || author.bot.as_ref() == Some(&self.bot)
            || (author.app.is_some() && author.app == self.app)
    }
}

// Texts, names and addresses stay out of logs, so `Debug` is written by hand where they occur.

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Message({} {} by {:?}, {} bytes)",
            self.channel,
            self.ts,
            self.author.id(),
            self.text.len()
        )
    }
}

impl fmt::Debug for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Edit({} {}, {} bytes)", self.channel, self.ts, self.text.len())
    }
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Profile({})", self.person)
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Command({} by {} in {})", self.name, self.person, self.channel)
    }
}

#[cfg(test)]
mod tests {
    use super::{Author, Ourselves, PersonId, WorkspaceId};

    #[test]
    fn we_recognise_ourselves_by_any_of_three_ids() {
        let us = Ourselves {
            workspace: WorkspaceId("T1".into()),
            workspace_name: "Acme".into(),
            url: "https://acme.slack.com/".into(),
            person: PersonId("UBOT".into()),
            bot: "BBOT".into(),
            app: Some("A1".into()),
        };
        let by_person = Author { person: Some(PersonId("UBOT".into())), ..Author::default() };
        let by_bot = Author { bot: Some("BBOT".into()), ..Author::default() };
        let by_app = Author { app: Some("A1".into()), ..Author::default() };
        let other = Author { bot: Some("B2".into()), app: Some("A2".into()), ..Author::default() };
        for (author, ours) in [(by_person, true), (by_bot, true), (by_app, true), (other, false)] {
            assert_eq!(us.wrote(&author), ours, "{author:?}");
        }
        assert!(!Ourselves { app: None, ..us }.wrote(&Author::default()));
    }
}
