//! The state of the simulated workspace, and how things in it are found.
//!
//! One struct behind one lock; what may be done with it is in the files of each noun.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::call::decode_form;
use super::channels::{Channel, Kind};
use super::clock::Clock;
use super::faults::Faults;
use super::files::Uploads;
use super::groups::Group;
use super::hooks::Outcome;
use super::ids::{self, Ids};
use super::limits::Limits;
use super::oauth::Installing;
use super::parcel::Purpose;
use super::people::{BotOf, Person, SLACKBOT};
use super::post::Post;
use super::response_url::ResponseUrls;
use super::setup::{AppSetup, PersonSetup, Setup};
use super::tokens::Tokens;
use super::triggers::Triggers;
use super::views::View;
use super::webhook::Webhooks;

/// Why a verb of the simulator could not be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// No such person.
    #[error("there is nobody called {0}")]
    NoPerson(String),
    /// No such channel.
    #[error("there is no channel {0}")]
    NoChannel(String),
    /// No such message.
    #[error("there is no message {0} in that channel")]
    NoMessage(String),
    /// No such user group.
    #[error("there is no group {0}")]
    NoGroup(String),
    /// No such element, or view.
    #[error("there is no {0} to act on")]
    NoElement(String),
    /// There is such a workspace already, or its name cannot be one.
    #[error("there is a workspace {0} already, or this is no name for one")]
    NoPlace(String),
    /// The person is not where they would have to be.
    #[error("{0} is not a member of that channel")]
    NotAMember(String),
}

/// A message only one person sees: from `chat.postEphemeral`, a command's answer or a response URL.
#[derive(Clone, Debug, PartialEq)]
pub struct Ephemeral {
    /// Channel id.
    pub channel: String,
    /// User id of who sees it.
    pub user: String,
    /// Text.
    pub text: String,
    /// Blocks.
    pub blocks: Option<Value>,
    /// Thread it is shown in.
    pub thread_ts: Option<String>,
    /// Id of the app that shows it.
    pub app: String,
}

/// One call of a Web API method, as it ended.
#[derive(Clone, Debug, PartialEq)]
pub struct CallRecord {
    /// When it came in, Unix milliseconds.
    pub at_ms: i64,
    /// `ok`, an error's name, or the name of an injected fault.
    pub outcome: String,
    /// Arguments without the token.
    pub args: Value,
    /// Id of the app whose token it came with.
    pub app: String,
}

/// Tickets of `apps.connections.open`: each opens one socket.
#[derive(Debug, Default)]
pub struct Tickets(BTreeSet<String>);

impl Tickets {
    /// Gives out a ticket.
    pub fn issue(&mut self, ids: &mut Ids) -> String {
        let ticket = ids.uuid();
        self.0.insert(ticket.clone());
        ticket
    }

    /// Takes the ticket in a query string; false if it is unknown or used.
    pub fn redeem(&mut self, query: &str) -> bool {
        decode_form(query).get("ticket").and_then(Value::as_str).is_some_and(|ticket| self.0.remove(ticket))
    }
}

/// Everything.
pub struct Workspace {
    /// What was fixed at start.
    pub setup: Setup,
    /// The clock.
    pub clock: Clock,
    /// Source of ids.
    pub ids: Ids,
    /// `http://127.0.0.1:PORT`.
    pub base_url: String,
    /// All users.
    pub people: Vec<Person>,
    /// All user groups.
    pub groups: Vec<Group>,
    /// All conversations.
    pub channels: Vec<Channel>,
    /// Sockets and envelopes.
    pub post: Post,
    /// Rate limits.
    pub limits: Limits,
    /// Injected faults.
    pub faults: Faults,
    /// Calls by method.
    pub calls: BTreeMap<String, Vec<CallRecord>>,
    /// Methods that were called with a token outside the header.
    pub astray: Vec<String>,
    /// Modals and Home tabs, in the order they were opened.
    pub views: Vec<View>,
    /// Trigger ids.
    pub triggers: Triggers,
    /// Response URLs.
    pub response_urls: ResponseUrls,
    /// Incoming webhooks.
    pub webhooks: Webhooks,
    /// Files that apps upload, by their ids.
    pub uploads: Uploads,
    /// Ephemeral messages, oldest first.
    pub ephemerals: Vec<Ephemeral>,
    /// Tickets not used yet.
    pub tickets: Tickets,
    /// Tokens that were granted since the start.
    pub tokens: Tokens,
    /// People who install the app.
    pub installing: Installing,
    /// What the token of the call under way is allowed; `None` between calls.
    pub allowed: Option<Vec<String>>,
    /// The further app whose token the call under way came with; `None` for the first one's, and between calls.
    pub speaking: Option<AppSetup>,
    /// Position of each conversation by its id.
    places: HashMap<String, usize>,
}

impl Workspace {
    /// Builds the workspace of `setup`.
    pub fn new(setup: Setup, base_url: String) -> Self {
        let mut workspace = Self {
            clock: Clock::start(setup.epoch_ms),
            ids: Ids::new(setup.epoch_ms),
            base_url,
            people: Vec::new(),
            groups: Vec::new(),
            channels: Vec::new(),
            post: Post::new(&setup),
            limits: Limits::default(),
            faults: Faults::default(),
            calls: BTreeMap::new(),
            astray: Vec::new(),
            views: Vec::new(),
            triggers: Triggers::default(),
            response_urls: ResponseUrls::default(),
            webhooks: Webhooks::default(),
            uploads: Uploads::default(),
            ephemerals: Vec::new(),
            tickets: Tickets::default(),
            tokens: Tokens::default(),
            installing: Installing::default(),
            allowed: None,
            speaking: None,
            places: HashMap::new(),
            setup,
        };
        workspace.settle();
        workspace
    }

    fn settle(&mut self) {
        let now_s = self.setup.epoch_ms / 1000;
        let app = self.setup.app.clone();
        let mut bot = Person::new(&PersonSetup::new(&app.bot_handle, &app.name), &self.setup.team_id, now_s);
        bot.id.clone_from(&app.bot_user_id);
        bot.bot = Some(BotOf { bot_id: app.bot_id, app_id: app.id });
        // `is_bot` is false on Slackbot's user object (docs).
        let mut slackbot = Person::new(&PersonSetup::new("slackbot", "Slackbot"), &self.setup.team_id, now_s);
        SLACKBOT.clone_into(&mut slackbot.id);
        self.people.extend([slackbot, bot]);
        for other in self.setup.others.clone() {
            let named = PersonSetup::new(&other.bot_handle, &other.name);
            let mut bot = Person::new(&named, &self.setup.team_id, now_s);
            bot.id.clone_from(&other.bot_user_id);
            bot.bot = Some(BotOf { bot_id: other.bot_id, app_id: other.id });
            self.people.push(bot);
        }
        for person in self.setup.people.clone() {
            self.people.push(Person::new(&person, &self.setup.team_id, now_s));
        }
        for channel in self.setup.channels.clone() {
            self.add_from_setup(&channel);
        }
        for group in self.setup.groups.clone() {
            // A group of people who are not there is none.
            self.groups.extend(self.new_group(&group));
        }
    }

    /// The app of the call under way; between calls the first one.
    pub fn app(&self) -> &AppSetup {
        self.speaking.as_ref().unwrap_or(&self.setup.app)
    }

    /// Gives a conversation another id and returns the old one, which nothing answers to any more.
    pub fn change_channel_id(&mut self, at: usize, new: &str) -> String {
        let old = std::mem::replace(&mut self.channels[at].id, new.to_owned());
        self.places.remove(&old);
        self.places.insert(new.to_owned(), at);
        old
    }

    /// Adds a conversation and returns its position.
    pub fn add_channel(&mut self, name: &str, kind: Kind, members: BTreeSet<String>) -> usize {
        let id = match &kind {
            Kind::Public | Kind::Private => ids::stable("C", name),
            Kind::Im(user) => ids::stable("D", user),
            Kind::Mpim => ids::stable("G", name),
        };
        let channel = Channel {
            id: id.clone(),
            name: name.to_owned(),
            previous_names: Vec::new(),
            kind,
            members,
            is_archived: false,
            is_ext_shared: false,
            created: self.clock.now_ms() / 1000,
            messages: BTreeMap::new(),
            threads: BTreeMap::new(),
        };
        self.channels.push(channel);
        self.places.insert(id, self.channels.len() - 1);
        self.channels.len() - 1
    }

    /// A user by id, handle or `@handle`.
    pub fn person(&self, who: &str) -> Result<&Person, Mistake> {
        let name = who.trim_start_matches('@');
        let found = self.people.iter().find(|person| person.id == name || person.handle == name);
        found.ok_or_else(|| Mistake::NoPerson(who.to_owned()))
    }

    /// Position of a conversation by its id.
    pub fn channel_by_id(&self, id: &str) -> Option<usize> {
        self.places.get(id).copied()
    }

    /// Position of a conversation by id, name or `#name`; `@handle` is the person's direct message
    /// with our bot, which is opened if need be.
    pub fn channel(&mut self, place: &str) -> Result<usize, Mistake> {
        if let Some(handle) = place.strip_prefix('@') {
            let user = self.person(handle)?.id.clone();
            return Ok(self.dm_with(&user));
        }
        let name = place.trim_start_matches('#');
        let by_name = || self.channels.iter().position(|channel| channel.name == name && !name.is_empty());
        self.channel_by_id(name).or_else(by_name).ok_or_else(|| Mistake::NoChannel(place.to_owned()))
    }

    /// The direct message between our bot and this user id.
    pub fn dm_with(&mut self, user: &str) -> usize {
        let found = self.channels.iter().position(|channel| channel.kind == Kind::Im(user.to_owned()));
        found.unwrap_or_else(|| {
            let members = BTreeSet::from([user.to_owned(), self.setup.app.bot_user_id.clone()]);
            self.add_channel("", Kind::Im(user.to_owned()), members)
        })
    }

    /// Whether our bot is a member of the conversation.
    pub fn bot_is_in(&self, channel: usize) -> bool {
        self.channels[channel].members.contains(&self.app().bot_user_id)
    }

    /// Whether the token of the call under way, or else the bot token, has this scope.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.allowed.as_ref().unwrap_or(&self.setup.app.scopes).iter().any(|granted| granted == scope)
    }

    /// Raises an envelope; returns its number for [`Post::answer`].
    pub fn raise(&mut self, kind: &str, payload: Value, purpose: Purpose) -> u64 {
        let now_ms = self.clock.now_ms();
        self.post.raise(kind, payload, purpose, (&mut self.ids, now_ms))
    }

    /// Does what is due.
    pub fn tick(&mut self, now_ms: i64) {
        self.post.tick(&mut self.ids, now_ms);
    }

    /// A request over HTTP has ended.
    pub fn on_outcome(&mut self, id: u64, outcome: Outcome, now_ms: i64) {
        if let Some(acked) = self.post.on_outcome(id, outcome, now_ms) {
            self.take_answer(acked);
        }
    }

    /// Handles a text frame from a socket: an ack, and what its payload asks for.
    pub fn on_frame(&mut self, line: u64, text: &str, now_ms: i64) {
        if let Some(acked) = self.post.on_frame(line, text, now_ms) {
            self.take_answer(acked);
        }
    }
}
