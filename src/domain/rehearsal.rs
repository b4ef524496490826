//! What would have become of recorded events under other rules: the same decisions as in earnest, over bundles in memory.
//! Nothing is stored and nothing is sent.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::bundle::{self, Decision, Desk, Heard, Known, OpenBundle, Pick, Root, Seen, Stored};
use super::classify::{Bundled, Compiled, Verdict, classify};
use super::ids::{BundleId, ChannelId, MessageTs, PersonId, TaskId};
use super::message::{Arrival, Edit, Message};
use super::reason::EventReason;
use super::time::Timestamp;

/// What is known beside the events and does not follow from the rules.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// What was picked for channels.
    pub picks: BTreeMap<ChannelId, Pick>,
    /// Names of channels.
    pub names: BTreeMap<ChannelId, String>,
    /// Who is on the team.
    pub teammates: BTreeSet<PersonId>,
    /// Addresses of people.
    pub emails: BTreeMap<PersonId, String>,
    /// Threads that belong to tasks already.
    pub threads: BTreeSet<(ChannelId, MessageTs)>,
}

/// A rehearsal under way.
pub struct Rehearsal {
    desk: Desk,
    facts: Facts,
    bundles: Vec<Draft>,
    /// The last bundle of a person in a place: the one that may still be open.
    last: HashMap<Place, usize>,
    /// Where each message went.
    kept: HashMap<(ChannelId, MessageTs), usize>,
}

/// Channel, thread, person, and whether the messages are recovered ones.
type Place = (ChannelId, Option<MessageTs>, PersonId, bool);

/// A bundle as it would be.
struct Draft {
    channel: ChannelId,
    person: PersonId,
    opened_at: Timestamp,
    last_at: Timestamp,
    due: Timestamp,
    last_client_msg_id: String,
    mentioned: bool,
    said: Vec<Said>,
    root: Joins,
}

impl Draft {
    fn as_open(&self, id: BundleId) -> OpenBundle {
        OpenBundle {
            id,
            opened_at: self.opened_at,
            last_at: self.last_at,
            due: self.due,
            last_client_msg_id: self.last_client_msg_id.clone(),
        }
    }
}

struct Said {
    ts: MessageTs,
    text: String,
    files: usize,
    mentioned: bool,
    deleted: bool,
    edited_at: Option<Timestamp>,
}

/// Which task a bundle would join.
enum Joins {
    None,
    Draft(usize),
    /// One from before the events that are rehearsed.
    Older,
}

/// A task as it would be.
#[derive(Clone, Debug, PartialEq)]
pub struct Outline {
    /// Where.
    pub channel: ChannelId,
    /// Its messages, bundle by bundle.
    pub bundles: Vec<Vec<MessageTs>>,
    /// What classification says of it; `None` when it continues a task whose beginning was not rehearsed.
    pub verdict: Option<Verdict>,
}

impl Rehearsal {
    /// A rehearsal of what `desk` would do, given the facts.
    pub fn new(desk: Desk, facts: Facts) -> Rehearsal {
        Rehearsal { desk, facts, bundles: Vec::new(), last: HashMap::new(), kept: HashMap::new() }
    }

    /// Takes the next event, recorded at `at`; the answer is what would become of it, `None` when the rules have no say in that.
    pub fn take(&mut self, arrival: &Arrival, at: Timestamp, recovered: bool) -> Option<EventReason> {
        match arrival {
            Arrival::Posted(message) => Some(self.posted(message, Heard::of(&message.ts, at, recovered))),
            Arrival::Edited(edit) => {
                self.edited(edit);
                None
            }
            Arrival::Deleted { channel, ts } => {
                if let Some(said) = self.said(channel, ts) {
                    said.deleted = true;
                }
                None
            }
            Arrival::Channel(_)
            | Arrival::Person(_)
            | Arrival::Group(_)
            | Arrival::Farewell(_)
            | Arrival::Command(_)
            | Arrival::Click(_)
            | Arrival::Interaction { .. }
            | Arrival::Withheld { .. }
            | Arrival::Other { .. } => None,
        }
    }

    fn posted(&mut self, message: &Message, heard: Heard) -> EventReason {
        let pick = self.facts.picks.get(&message.channel).copied().unwrap_or(Pick::None);
        if let Some(reason) = bundle::screen(message, pick, &self.desk) {
            return reason;
        }
        let Some(author) = message.author.id() else { return EventReason::NoAuthor };
        let known = self.around(message, &author);
        match bundle::decide(message, &known, &self.desk, heard) {
            Decision::Ignore(reason) => reason,
            Decision::KeepMention => {
                if let Some(said) = self.said(&message.channel, &message.ts) {
                    said.mentioned = true;
                }
                EventReason::MentionKept
            }
            Decision::Join { bundle, due } => {
                if let Some(at) = usize::try_from(bundle.0).ok().filter(|at| *at < self.bundles.len()) {
                    let draft = &mut self.bundles[at];
                    draft.due = due;
                    draft.last_at = draft.last_at.max(heard.at);
                    self.keep(at, message);
                }
                EventReason::JoinedBundle(bundle)
            }
            Decision::Open { due, closes: _ } => {
                let bundle = self.open(message, author, due, heard);
                EventReason::OpenedBundle(bundle)
            }
            Decision::Answer(Root::Task(task, _)) => EventReason::Answered(task),
            Decision::Answer(Root::Bundle(bundle)) => EventReason::AnsweredBundle(bundle),
        }
    }

    fn around(&self, message: &Message, author: &PersonId) -> Known {
        let key = (message.channel.clone(), message.ts.clone());
        let last = |recovered| {
            let place = (message.channel.clone(), message.thread.clone(), author.clone(), recovered);
            self.last.get(&place).map(|at| self.bundles[*at].as_open(id(*at)))
        };
        Known {
            teammate: self.facts.teammates.contains(author),
            seen: self.kept.get(&key).map(|at| Seen {
                mentioned: self.bundles[*at].said.iter().any(|said| said.ts == message.ts && said.mentioned),
            }),
            root: message.thread.as_ref().and_then(|thread| self.root(&message.channel, thread)),
            open: last(false),
            past: last(true),
        }
    }

    fn root(&self, channel: &ChannelId, thread: &MessageTs) -> Option<Root> {
        let key = (channel.clone(), thread.clone());
        match self.kept.get(&key) {
            Some(at) => Some(Root::Bundle(id(*at))),
            None => self.facts.threads.contains(&key).then_some(Root::Task(TaskId(0), BundleId(-1))),
        }
    }

    fn open(&mut self, message: &Message, person: PersonId, due: Timestamp, heard: Heard) -> BundleId {
        let root = match message.thread.as_ref().and_then(|thread| self.root(&message.channel, thread)) {
            Some(Root::Bundle(bundle)) => usize::try_from(bundle.0).map_or(Joins::None, Joins::Draft),
            Some(Root::Task(..)) => Joins::Older,
            None => Joins::None,
        };
        let number = self.bundles.len();
        let recovered = heard.recovered.is_some();
        self.last
            .insert((message.channel.clone(), message.thread.clone(), person.clone(), recovered), number);
        self.bundles.push(Draft {
            channel: message.channel.clone(),
            person,
            opened_at: heard.at,
            last_at: heard.at,
            due,
            last_client_msg_id: String::new(),
            mentioned: false,
            said: Vec::new(),
            root,
        });
        self.keep(number, message);
        id(number)
    }

    fn keep(&mut self, bundle: usize, message: &Message) {
        let draft = &mut self.bundles[bundle];
        draft.mentioned |= message.mentions_us;
        draft.last_client_msg_id = message.client_msg_id.clone().unwrap_or_default();
        draft.said.push(Said {
            ts: message.ts.clone(),
            text: message.text.clone(),
            files: message.files.len(),
            mentioned: message.mentions_us,
            deleted: false,
            edited_at: None,
        });
        self.kept.insert((message.channel.clone(), message.ts.clone()), bundle);
    }

    fn edited(&mut self, edit: &Edit) {
        let Some(said) = self.said(&edit.channel, &edit.ts) else { return };
        let stored = Stored { text: said.text.clone(), deleted: said.deleted, edited_at: said.edited_at };
        if bundle::decide_edit(edit, Some(&stored)).is_ok() {
            said.text = edit.text.clone();
            said.edited_at = edit.at;
        }
    }

    fn said(&mut self, channel: &ChannelId, ts: &MessageTs) -> Option<&mut Said> {
        let at = *self.kept.get(&(channel.clone(), ts.clone()))?;
        self.bundles[at].said.iter_mut().find(|said| said.ts == *ts)
    }

    /// The tasks that there would be, in the order of their first messages.
    pub fn finish(self, compiled: &Compiled) -> Vec<Outline> {
        let mut tasks: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut first: Vec<usize> = Vec::with_capacity(self.bundles.len());
        for (at, draft) in self.bundles.iter().enumerate() {
            // A root is an earlier bundle, whose own task is known by now.
            let task = match draft.root {
                Joins::Draft(root) => first.get(root).copied().unwrap_or(at),
                Joins::None | Joins::Older => at,
            };
            first.push(task);
            if draft.said.iter().any(|said| !said.deleted) {
                tasks.entry(task).or_default().push(at);
            }
        }
        tasks.into_values().filter_map(|bundles| self.outline(&bundles, compiled)).collect()
    }

    fn outline(&self, bundles: &[usize], compiled: &Compiled) -> Option<Outline> {
        let drafts: Vec<&Draft> = bundles.iter().map(|at| &self.bundles[*at]).collect();
        let lead = drafts.first()?;
        let said = || drafts.iter().flat_map(|draft| draft.said.iter()).filter(|said| !said.deleted);
        let texts: Vec<&str> = said().map(|said| said.text.as_str()).collect();
        let bundled = Bundled {
            texts: &texts,
            channel: &lead.channel.0,
            channel_name: self.facts.names.get(&lead.channel).map(String::as_str),
            email: self.facts.emails.get(&lead.person).map(String::as_str),
            continues: matches!(lead.root, Joins::Older),
            mentioned: drafts.iter().any(|draft| draft.mentioned),
            files: said().map(|said| said.files).sum(),
        };
        let is_older = matches!(lead.root, Joins::Older);
        Some(Outline {
            channel: lead.channel.clone(),
            bundles: drafts
                .iter()
                .map(|draft| draft.said.iter().map(|said| said.ts.clone()).collect())
                .collect(),
            verdict: (!is_older).then(|| classify(&bundled, compiled)),
        })
    }
}

fn id(at: usize) -> BundleId {
    BundleId(i64::try_from(at).unwrap_or(i64::MAX))
}
