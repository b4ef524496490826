//! What becomes of a message: ignored with a reason, joined to an open bundle, or the first of a new one.
//!
//! A bundle is what one person wrote in one place without a long pause. It closes when the person has been quiet for
//! the quiet period, and at the latest `max_wait` after its first message.

use std::collections::BTreeMap;
use std::time::Duration;

use super::ids::{BundleId, ChannelId, MessageTs, PersonId, TaskId, WorkspaceId};
use super::message::{Author, Edit, Message, Ourselves, Sibling};
use super::reason::EventReason;
use super::recovery::said_at;
use super::time::Timestamp;

/// Slack's own helper account. Its `is_bot` is false, so it has to be known by name [slack-facts 3.4].
const SLACKBOT: &str = "USLACKBOT";

/// Subtypes that are something a person said; every other subtype is ignored by name [slack-facts 3.2].
const SPOKEN: [&str; 4] = ["file_share", "thread_broadcast", "me_message", "bot_message"];

/// How long a bundle of recovered messages stays open although its time is long over: the next messages of the same person
/// may come with the next batch.
const HELD: Duration = Duration::from_secs(5);

/// How long a bundle stays open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    /// Silence after which it closes; every message starts it anew.
    pub quiet: Duration,
    /// Longest time from the first message to closing.
    pub max_wait: Duration,
}

impl Quiet {
    /// When a bundle opened at `opened` closes if nothing comes after `last`.
    pub fn due(&self, opened: Timestamp, last: Timestamp) -> Timestamp {
        last.plus(self.quiet).min(opened.plus(self.max_wait))
    }
}

/// Which channels are listened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Monitor {
    /// Those picked with `deskd channels monitor`.
    Picked,
    /// Every channel that events arrive from, but for those told to be ignored.
    Joined,
}

/// What holds for every message of a workspace.
#[derive(Clone, Debug)]
pub struct Desk {
    /// Who we are.
    pub ours: Ourselves,
    /// Our further apps.
    pub kin: Vec<Sibling>,
    /// App ids and bot ids whose posts count as a person's.
    pub trusted_bots: Vec<String>,
    /// Which channels are listened to.
    pub monitor: Monitor,
    /// How long bundles stay open.
    pub quiet: Quiet,
}

impl Desk {
    /// Whether this app or a further one of ours wrote it.
    pub fn is_ours(&self, author: &Author) -> bool {
        self.ours.wrote(author) || self.kin.iter().any(|app| app.wrote(author))
    }

    /// The id of a further app of ours; `None` for the app that we are in this workspace, and for one that we do not know.
    pub fn further<'a>(&self, app: &'a str) -> Option<&'a str> {
        let is_this = |known: &&Sibling| known.app == app;
        let is_us =
            self.kin.iter().filter(is_this).any(|known| known.person.as_ref() == Some(&self.ours.person));
        (!is_us && self.kin.iter().any(|known| known.app == app)).then_some(app)
    }
}

/// What holds for the messages of each workspace that they are of.
#[derive(Clone, Debug, Default)]
pub struct Desks(BTreeMap<WorkspaceId, Desk>);

impl Desks {
    /// What holds in a workspace; `None` where we are not.
    pub fn of(&self, workspace: &WorkspaceId) -> Option<&Desk> {
        self.0.get(workspace)
    }
}

impl From<Desk> for Desks {
    fn from(desk: Desk) -> Desks {
        [desk].into_iter().collect()
    }
}

impl FromIterator<Desk> for Desks {
    fn from_iter<I: IntoIterator<Item = Desk>>(desks: I) -> Desks {
        Desks(desks.into_iter().map(|desk| (desk.ours.workspace.clone(), desk)).collect())
    }
}

/// What was picked for a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// Nothing yet.
    None,
    /// Listen.
    Monitor,
    /// Do not listen.
    Ignore,
}

/// What the store knows around one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Whether its author is a teammate.
    pub teammate: bool,
    /// Whether a message with its channel and `ts` is stored already.
    pub seen: Option<Seen>,
    /// Where the parent of its thread belongs, when it is a reply to something we keep.
    pub root: Option<Root>,
    /// The open bundle of the same person in the same place.
    pub open: Option<OpenBundle>,
    /// The same of recovered messages, which are gathered beside what arrives meanwhile.
    pub past: Option<OpenBundle>,
}

/// When a message counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The instant that bundling counts with: the arrival, or, of a recovered message, when it was said.
    pub at: Timestamp,
    /// When it was recorded, if it was read from Slack's history and did not arrive by itself.
    pub recovered: Option<Timestamp>,
}

impl Heard {
    /// Of a message recorded at `recorded`. A recovered one counts with the time at which it was said, which is never later
    /// than it was recorded.
    pub fn of(ts: &MessageTs, recorded: Timestamp, recovered: bool) -> Heard {
        match recovered {
            false => Heard { at: recorded, recovered: None },
            true => {
                let said = said_at(ts).map_or(recorded, |said| said.min(recorded));
                Heard { at: said, recovered: Some(recorded) }
            }
        }
    }
}

/// A stored message with the same channel and `ts`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Whether its mention of us is noted.
    pub mentioned: bool,
}

/// Where a thread belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// To a task; the bundle is the one that made it.
    Task(TaskId, BundleId),
    /// To a bundle that is no task yet.
    Bundle(BundleId),
}

/// A bundle that may still take messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenBundle {
    /// Which one.
    pub id: BundleId,
    /// When its first message came.
    pub opened_at: Timestamp,
    /// When its last message came.
    pub last_at: Timestamp,
    /// When it closes.
    pub due: Timestamp,
    /// The last client message id in it, to tell a phantom double post.
    pub last_client_msg_id: String,
}

/// What to do with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing, for this reason.
    Ignore(EventReason),
    /// Note that the stored message mentions us.
    KeepMention,
    /// Add it to this bundle, which closes at `due` now.
    Join {
        /// The open bundle.
        bundle: BundleId,
        /// When it closes now.
        due: Timestamp,
    },
    /// Open a bundle with it, after closing `closes`, whose time was up.
    Open {
        /// When the new one closes.
        due: Timestamp,
        /// The bundle of the same person and place that is over.
        closes: Option<BundleId>,
    },
    /// A teammate's answer, to be kept with what it answers.
    Answer(Root),
}

/// Decides about one message that `screen` let pass.
pub fn decide(message: &Message, known: &Known, desk: &Desk, heard: Heard) -> Decision {
    if let Some(seen) = &known.seen {
        return match message.mentions_us && !seen.mentioned {
            true => Decision::KeepMention,
            false => Decision::Ignore(EventReason::Duplicate),
        };
    }
    if known.teammate {
        return known.root.map_or(Decision::Ignore(EventReason::Teammate), Decision::Answer);
    }
    gather(message, known, desk, heard)
}

/// Why a message is none of the desk's business, if it is not; `pick` is what was picked for its channel.
pub fn screen(message: &Message, pick: Pick, desk: &Desk) -> Option<EventReason> {
    let author = &message.author;
    if desk.is_ours(author) {
        return Some(EventReason::Ourselves);
    }
    if !listens(desk.monitor, pick) {
        return Some(EventReason::NotMonitored);
    }
    let slackbot = author.person.as_ref().is_some_and(|person| person.0 == SLACKBOT);
    if slackbot || (author.is_bot() && !trusted(message, desk)) {
        return Some(EventReason::Bot);
    }
    if let Some(subtype) = message.subtype.as_deref().filter(|subtype| !SPOKEN.contains(subtype)) {
        return Some(EventReason::Subtype(subtype.to_owned()));
    }
    if author.id().is_none() {
        return Some(EventReason::NoAuthor);
    }
    (message.text.trim().is_empty() && message.files.is_empty()).then_some(EventReason::Empty)
}

/// Whether a channel with this pick is listened to.
pub fn listens(monitor: Monitor, pick: Pick) -> bool {
    match (monitor, pick) {
        (_, Pick::Monitor) | (Monitor::Joined, Pick::None) => true,
        (_, Pick::Ignore) | (Monitor::Picked, Pick::None) => false,
    }
}

fn trusted(message: &Message, desk: &Desk) -> bool {
    let is_listed = |id: &Option<String>| id.as_ref().is_some_and(|id| desk.trusted_bots.contains(id));
    is_listed(&message.author.bot) || is_listed(&message.author.app)
}

fn gather(message: &Message, known: &Known, desk: &Desk, heard: Heard) -> Decision {
    let at = heard.at;
    let live = known.open.as_ref().filter(|open| match heard.recovered {
        // Two sockets may deliver out of order: what has arrived before the closing belongs to it.
        None => at < open.due,
        Some(_) => open.spans(at, desk.quiet),
    });
    let past = || known.past.as_ref().filter(|past| past.spans(at, desk.quiet));
    if let Some(open) = live.or_else(past) {
        let client_msg_id = message.client_msg_id.as_deref().unwrap_or_default();
        if !client_msg_id.is_empty() && client_msg_id == open.last_client_msg_id {
            return Decision::Ignore(EventReason::DoublePost);
        }
        // An older message never makes the bundle close earlier.
        let due = desk.quiet.due(open.opened_at, at).max(open.due);
        return Decision::Join { bundle: open.id, due };
    }
    let (due, over) = match heard.recovered {
        None => (desk.quiet.due(at, at), &known.open),
        Some(recorded) => (desk.quiet.due(at, at).max(recorded.plus(HELD)), &known.past),
    };
    Decision::Open { due, closes: over.as_ref().map(|over| over.id) }
}

impl OpenBundle {
    /// Whether a message said at `at` belongs to it, by what is in it and not by when it happens to close.
    fn spans(&self, at: Timestamp, quiet: Quiet) -> bool {
        at.plus(quiet.quiet) > self.opened_at && at < quiet.due(self.opened_at, self.last_at)
    }
}

/// A stored message as an edit finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its text.
    pub text: String,
    /// Whether it was taken back.
    pub deleted: bool,
    /// When the text that it has was written, if it was changed.
    pub edited_at: Option<Timestamp>,
}

/// Decides about an edit: `Ok` when the stored message takes the new text, `Err` with the reason when nothing changes.
pub fn decide_edit(edit: &Edit, stored: Option<&Stored>) -> Result<(), EventReason> {
    match stored {
        None => Err(EventReason::UnknownMessage),
        Some(stored) if stored.deleted || stored.text == edit.text => Err(EventReason::EditUnchanged),
        // Edits may arrive in the wrong order.
        Some(Stored { edited_at: Some(last), .. }) if edit.at.is_some_and(|at| at < *last) => {
            Err(EventReason::EditOvertaken)
        }
        Some(_) => Ok(()),
    }
}

/// Where and by whom a bundle is written: the key under which at most one is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The channel.
    pub channel: ChannelId,
    /// The thread, or none for the channel itself.
    pub thread: Option<MessageTs>,
    /// The person.
    pub person: PersonId,
}

#[cfg(test)]
mod tests {
    use super::{BundleId, Decision, Desk, Heard, Known, Message, Monitor, OpenBundle, Quiet, decide};
    use crate::domain::ids::{ChannelId, MessageTs, PersonId, WorkspaceId};
    use crate::domain::message::{Author, Ourselves};
    use crate::domain::time::Timestamp;
    use std::time::Duration;

    const RECORDED: i64 = 1_000_000;

    fn desk() -> Desk {
        let ours = Ourselves {
            workspace: WorkspaceId("T1".into()),
            workspace_name: String::new(),
            url: String::new(),
            person: PersonId("UBOT".into()),
            bot: "BBOT".into(),
            app: None,
        };
        let quiet = Quiet { quiet: Duration::from_secs(30), max_wait: Duration::from_secs(300) };
        Desk { ours, kin: Vec::new(), trusted_bots: Vec::new(), monitor: Monitor::Picked, quiet }
    }

    fn message() -> Message {
        Message {
            channel: ChannelId("C1".into()),
            ts: MessageTs("1.0".into()),
            thread: None,
            author: Author { person: Some(PersonId("U1".into())), ..Author::default() },
            text: "hello".into(),
            files: Vec::new(),
            mentions_us: false,
            subtype: None,
            client_msg_id: None,
            edited_at: None,
        }
    }

    fn bundle(id: i64, opened_s: i64, last_s: i64, due_s: i64) -> Option<OpenBundle> {
        let at = |seconds: i64| Timestamp(seconds * 1000);
        Some(OpenBundle {
            id: BundleId(id),
            opened_at: at(opened_s),
            last_at: at(last_s),
            due: at(due_s),
            last_client_msg_id: String::new(),
        })
    }

    /// What becomes of a recovered message said at this second: `join ID`, or `open` and what that closes.
    fn recovered(said_s: i64, open: Option<OpenBundle>, past: Option<OpenBundle>) -> String {
        let known = Known { teammate: false, seen: None, root: None, open, past };
        let heard = Heard { at: Timestamp(said_s * 1000), recovered: Some(Timestamp(RECORDED)) };
        match decide(&message(), &known, &desk(), heard) {
            Decision::Join { bundle, due } => format!("join {} due {}", bundle.0, due.0 / 1000),
            Decision::Open { due, closes } => {
                format!("open due {} closes {:?}", due.0 / 1000, closes.map(|id| id.0))
            }
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn recovered_messages_make_the_bundles_that_they_would_have_made() {
        let live = || bundle(1, 990, 995, 1025);
        let past = || bundle(2, 500, 520, 1005);
        for (said, open, kept, expected) in [
            (500, None, None, "open due 1005 closes None"),
            (540, None, past(), "join 2 due 1005"),
            (550, None, past(), "open due 1005 closes Some(2)"),
            (540, live(), past(), "join 2 due 1005"),
            (400, live(), None, "open due 1005 closes None"),
            (965, live(), None, "join 1 due 1025"),
            (960, live(), None, "open due 1005 closes None"),
            (1000, live(), past(), "join 1 due 1030"),
            (998, None, None, "open due 1028 closes None"),
        ] {
            assert_eq!(recovered(said, open, kept), expected, "said at {said} s");
        }
    }

    #[test]
    fn what_arrives_goes_on_with_a_recovered_bundle_that_is_fresh_enough() {
        for (past, joins) in [(bundle(2, 950, 980, 1005), true), (bundle(2, 900, 960, 1005), false)] {
            let known = Known { teammate: false, seen: None, root: None, open: None, past };
            let heard = Heard { at: Timestamp(RECORDED), recovered: None };
            let decision = decide(&message(), &known, &desk(), heard);
            assert_eq!(matches!(decision, Decision::Join { bundle: BundleId(2), .. }), joins, "{decision:?}");
        }
    }
}
