//! The checked configuration: what every part of deskd takes its settings from. Plain values, no parsing, no secrets.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::alarm::Alarm;
use super::apps::App;
use super::callers::Doors;
use super::endpoint::Endpoint;
use super::keys::SecretsKey;
use super::mail::Mail;
use super::mentions::{MentionNamed, Mentions};
use super::model::Model;
use super::oauth::OAuth;
use super::places::Places;
use super::problem::{Problem, Spot};
use super::report::Time;
use crate::domain::advice::Wish;
use crate::domain::classify::Policy;
use crate::domain::destination::Fallbacks;
use crate::domain::notice::Kinds;
use crate::domain::report::Report;
use crate::domain::route::Rules as Routing;
use crate::domain::rules::Rules;

/// Everything `config.toml` says, checked and completed with defaults.
#[derive(Clone, Debug)]
pub struct Config {
    /// `[slack]`: how deskd reaches Slack.
    pub slack: Slack,
    /// `[oauth]`: how people install the app through Slack's own pages.
    pub oauth: OAuth,
    /// `[http]`: where deliveries over HTTP are taken.
    pub http: Http,
    /// `[inbox]`: what becomes of messages.
    pub inbox: Inbox,
    /// `[triage]`: how far what was learned may go.
    pub triage: Policy,
    /// `[store]`: where the database is and how long it keeps things.
    pub store: Store,
    /// `[api]`: how the command line and others reach deskd.
    pub api: Api,
    /// `[outbox]`: how long a send is retried.
    pub outbox: Outbox,
    /// `[canary]`: whether deskd checks that its own messages come back.
    pub canary: Canary,
    /// `[alarm]`: whom deskd tells of its own trouble.
    pub alarm: Alarm,
    /// `[mail]`: how it sends mail.
    pub mail: Mail,
    /// `[[endpoint]]`: systems that are sent notices.
    pub endpoints: Vec<Endpoint>,
    /// `[model]`: the language model that may be asked.
    pub model: Model,
    /// `[triage]`: what it is asked for.
    pub wish: Wish,
    /// `[secrets]`: where the key of the secrets in the database is.
    pub secrets: SecretsKey,
    /// `[time]`: the zone of days and times of day.
    pub time: Time,
    /// `[recap]` and `[[report]]`: which numbers are told where and when.
    pub reports: Vec<Report>,
    /// `[mentions]`: whom notices call.
    pub mentions: Mentions,
    /// `[log]`: how deskd writes its log.
    pub log: Log,
    /// `[[category]]` and `[priority]` over the built-in rules, with `inbox.fallback`.
    pub rules: Rules,
    /// `[[route]]`: which notices go where.
    pub routing: Routing,
    /// The kinds of notices.
    pub kinds: Kinds,
    /// `[[caller]]`, `[[heartbeat]]` and `[ping]`: who hands notices in, and whose silence is told.
    pub doors: Doors,
    /// What is odd about it and no mistake.
    pub remarks: Vec<Problem>,
    /// Every channel that the file names, and where, for `unknown_channels`.
    pub channels_named: Vec<ChannelNamed>,
    /// Every person and group that the file names as a mention, and where.
    pub mentions_named: Vec<MentionNamed>,
}

/// `[slack]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slack {
    /// Base of the Web API, with a slash at its end: a method's name is simply appended.
    pub api_url: String,
    /// How events come in.
    pub mode: Mode,
    /// How many Socket Mode connections are held, 1 to 10 (Slack's limit per app).
    pub sockets: u8,
    /// File with the app-level token (`xapp-`).
    pub app_token_file: Option<PathBuf>,
    /// File with the bot token (`xoxb-`).
    pub bot_token_file: Option<PathBuf>,
    /// File with the signing secret, for deliveries over HTTP.
    pub signing_secret_file: Option<PathBuf>,
    /// File with the signing secret before that one, which is good, too, while it is replaced.
    pub previous_signing_secret_file: Option<PathBuf>,
    /// `[[slack.app]]`: further apps.
    pub apps: Vec<App>,
}

impl Slack {
    /// How many sockets are held for the app of `[slack]`.
    pub fn held(&self) -> usize {
        if self.mode.has_sockets() { usize::from(self.sockets) } else { 0 }
    }
}

/// How events come in from Slack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Over Socket Mode: no public address is needed.
    Socket,
    /// As signed HTTP requests to an address of the user's own.
    Http,
    /// Both.
    Both,
}

/// `[http]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http {
    /// Where Slack's requests are taken, behind the user's own TLS proxy.
    pub listen: SocketAddr,
}

/// `[inbox]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inbox {
    /// Silence after which a bundle closes.
    pub quiet: Duration,
    /// Age at which a bundle closes even without silence; never below `quiet`.
    pub max_wait: Duration,
    /// App ids (`A…`) and bot ids (`B…`) whose messages count like a person's.
    pub trusted_bots: Vec<String>,
    /// Which channels are the desk's.
    pub monitor: Monitor,
    /// Whether a notice is raised when a contact adds to a task.
    pub notify_replies: bool,
}

/// Which channels deskd takes messages from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Monitor {
    /// Only channels chosen with `deskd channels monitor`.
    Picked,
    /// Every channel the bot is a member of, except those put aside with `deskd channels ignore`.
    Joined,
}

/// `[store]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// The database file.
    pub path: PathBuf,
    /// How long raw events are kept.
    pub keep_events: Duration,
    /// How long closed tasks are kept.
    pub keep_tasks: Duration,
    /// How long the ledger of deliveries is kept.
    pub keep_deliveries: Duration,
}

/// `[api]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Api {
    /// The unix socket. Under socket activation systemd has opened it already.
    pub socket: PathBuf,
    /// A loopback address to listen on as well; callers there need the bearer token.
    pub listen: Option<SocketAddr>,
    /// File with that bearer token.
    pub token_file: Option<PathBuf>,
}

/// `[outbox]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outbox {
    /// Age at which an undelivered send is dead-lettered.
    pub give_up: Duration,
    /// Where the team is told when a channel takes no messages; those of `[[destination]]` included.
    pub fallbacks: Fallbacks,
}

/// `[canary]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canary {
    /// Where a message is posted now and then: `#name` or an id. Nothing is posted without it.
    pub channel: Option<String>,
    /// How often.
    pub every: Duration,
}

/// `[log]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// Lines for people or for machines.
    pub format: LogFormat,
    /// The least important level that is written.
    pub level: LogLevel,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// A sentence with fields behind it.
    Text,
    /// One JSON object per line.
    Json,
}

/// How much is logged; each level includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// A person should look.
    Error,
    /// deskd recovered by itself.
    Warn,
    /// Something happened.
    Info,
    /// Why it happened.
    Debug,
    /// Everything.
    Trace,
}

/// A channel named in the file: `#name` or an id.
#[derive(Clone, Debug)]
pub struct ChannelNamed {
    /// As written.
    pub channel: String,
    /// The key it stands under, for instance `category[2].channels[1]`.
    pub key: String,
    /// Where that is.
    pub spot: Spot,
}

/// A day, in which retention is counted.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Config {
    /// What holds when nothing is configured; the database and the socket lie where `places` says.
    pub fn defaults(places: &Places) -> Config {
        Config {
            slack: Slack {
                api_url: "https://slack.com/api/".to_owned(),
                mode: Mode::Socket,
                sockets: 2,
                app_token_file: None,
                bot_token_file: None,
                signing_secret_file: None,
                previous_signing_secret_file: None,
                apps: Vec::new(),
            },
            oauth: OAuth::default(),
            http: Http { listen: SocketAddr::from(([127, 0, 0, 1], 8766)) },
            inbox: Inbox {
                quiet: Duration::from_secs(30),
                max_wait: Duration::from_secs(5 * 60),
                trusted_bots: Vec::new(),
                monitor: Monitor::Picked,
                notify_replies: false,
            },
            triage: Policy::default(),
            store: Store {
                path: places.database.clone(),
                keep_events: 90 * DAY,
                keep_tasks: 365 * DAY,
                keep_deliveries: 30 * DAY,
            },
            api: Api { socket: places.socket.clone(), listen: None, token_file: None },
            canary: Canary { channel: None, every: Duration::from_secs(5 * 60) },
            outbox: Outbox { give_up: DAY, fallbacks: Fallbacks::default() },
            alarm: Alarm::default(),
            mail: Mail::default(),
            endpoints: Vec::new(),
            model: Model::default(),
            wish: Wish::default(),
            secrets: SecretsKey::default(),
            time: Time { zone: jiff::tz::TimeZone::system() },
            reports: Vec::new(),
            mentions: Mentions::default(),
            log: Log { format: LogFormat::Text, level: LogLevel::Info },
            rules: Rules::builtin(),
            routing: Routing::default(),
            kinds: Kinds::builtin(),
            doors: Doors::default(),
            remarks: Vec::new(),
            channels_named: Vec::new(),
            mentions_named: Vec::new(),
        }
    }
}

impl Config {
    /// Whether any app's events come in over HTTP.
    pub fn has_http(&self) -> bool {
        let apps = self.slack.apps.iter().any(|app| app.mode.has_http());
        apps || self.slack.mode.has_http() || self.oauth.client_id.is_some()
    }

    /// Whether sockets are held for any app.
    pub fn has_sockets(&self) -> bool {
        self.slack.mode.has_sockets() || self.slack.apps.iter().any(|app| app.mode.has_sockets())
    }

    /// Whether any person or group is named to be mentioned: then the directory is needed from the start.
    pub fn names_people(&self) -> bool {
        !self.mentions_named.is_empty()
    }
}

impl Mode {
    /// The words of `slack.mode`.
    pub const WORDS: &[(&str, Mode)] =
        &[("socket", Mode::Socket), ("http", Mode::Http), ("both", Mode::Both)];

    /// Whether sockets are held.
    pub fn has_sockets(self) -> bool {
        matches!(self, Mode::Socket | Mode::Both)
    }

    /// Whether requests over HTTP are taken.
    pub fn has_http(self) -> bool {
        matches!(self, Mode::Http | Mode::Both)
    }
}

impl Monitor {
    /// The words of `inbox.monitor`.
    pub const WORDS: &[(&str, Monitor)] = &[("picked", Monitor::Picked), ("joined", Monitor::Joined)];
}

impl LogFormat {
    /// The words of `log.format`.
    pub const WORDS: &[(&str, LogFormat)] = &[("text", LogFormat::Text), ("json", LogFormat::Json)];
}

impl LogLevel {
    /// The words of `log.level`.
    pub const WORDS: &[(&str, LogLevel)] = &[
        ("error", LogLevel::Error),
        ("warn", LogLevel::Warn),
        ("info", LogLevel::Info),
        ("debug", LogLevel::Debug),
        ("trace", LogLevel::Trace),
    ];
}
