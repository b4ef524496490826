//! One small world for the scenes: a simulated Slack workspace and a desk, in one runtime and in virtual time.
//!
//! Verbs say what people do; `tasks` and `channel` say what they see. `finish` fails on what a scene did not expect: acks
//! that are missing, sends that are stuck, frames that Slack would complain about.

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use deskd::app::{Desk, Setup as DeskSetup};
use deskd::config::apps::{AppTokens, Signing};
use deskd::config::keys::{self, KeyLook};
use deskd::config::{Config, Environment, Places, Secret, Spot, WaySecrets};
use deskd::domain::bundle::Pick;
use deskd::domain::ids::{ChannelId, PersonId, TaskNumber, WorkspaceId};
use deskd::domain::seal::Keyring;
use deskd::domain::task::Actor;
use deskd::domain::time::Timestamp;
use deskd::runtime::clock::Clock;
use deskd::simulator::{Setup, Simulator};
use deskd::slack::methods;
use deskd::store::tasks::{Doing, Handling, TaskDetail, TaskFilter};
use deskd::store::{Space, Store};
use tempfile::TempDir;

/// A Slack workspace and a desk that works in it.
pub struct World {
    pub slack: Simulator,
    pub config: Config,
    pub secrets: WaySecrets,
    pub signing: Signing,
    pub apps: Vec<AppTokens>,
    pub keys: Option<Keyring>,
    pub client_secret: Option<Secret>,
    pub clock: Clock,
    pub workspace: WorkspaceId,
    desk: Option<Desk>,
    _folder: TempDir,
}

impl World {
    /// Acme with a desk that listens in #support and #sales; tess and omar are teammates.
    pub async fn start() -> World {
        World::with(Setup::default(), |_| {}).await
    }

    /// Another workspace or another configuration.
    pub async fn with(setup: Setup, change: impl FnOnce(&mut Config)) -> World {
        let mut world = World::without_desk(setup, change);
        world.settle().await;
        world
    }

    /// Starts the desk and tells it what it is about.
    pub async fn settle(&mut self) {
        self.open().await;
        let world = self;
        for channel in ["support", "sales"] {
            world.pick(channel, Pick::Monitor).await;
        }
        for person in ["tess", "omar"] {
            world.hire(person).await;
        }
        world.pass(1).await;
    }

    /// The workspace alone.
    pub fn without_desk(setup: Setup, change: impl FnOnce(&mut Config)) -> World {
        crypto();
        crate::log::start();
        let folder = folder();
        let clock = Clock::starting_at(Timestamp(setup.epoch_ms));
        let workspace = WorkspaceId(setup.team_id.clone());
        let slack = Simulator::start(SocketAddr::from(([127, 0, 0, 1], 0)), setup).unwrap();
        let mut config = Config::defaults(&Places::system());
        config.slack.api_url = slack.api_url();
        config.store.path = folder.path().join("deskd.db");
        change(&mut config);
        World {
            slack,
            config,
            secrets: WaySecrets::default(),
            signing: Signing::default(),
            apps: Vec::new(),
            keys: None,
            client_secret: None,
            clock,
            workspace,
            desk: None,
            _folder: folder,
        }
    }

    /// Starts the desk.
    pub async fn open(&mut self) {
        self.desk = Some(self.try_open().await.unwrap());
        self.pass(1).await;
    }

    /// A started desk, or why it cannot be started.
    pub async fn try_open(&self) -> anyhow::Result<Desk> {
        let setup = DeskSetup {
            client_secret: self.client_secret.clone(),
            config: self.config.clone(),
            bot: Secret::new(&self.slack.bot_token()),
            app: Secret::new(&self.slack.app_token()),
            signing: self.signing.clone(),
            apps: self.apps.clone(),
            ways: self.secrets.clone(),
            keys: self.key_look(),
            clock: self.clock,
        };
        Desk::start(setup).await
    }

    /// The key of the secrets, as a daemon would have looked for it.
    fn key_look(&self) -> KeyLook {
        match self.keys.clone() {
            Some(ring) => KeyLook::Here { ring, spot: Spot::Nowhere },
            None => keys::look(&self.config, &Environment::new()),
        }
    }

    /// Stops the desk as SIGTERM does.
    pub async fn close(&mut self) {
        if let Some(desk) = self.desk.take() {
            desk.stop(Duration::from_secs(8)).await;
        }
    }

    /// The running desk.
    pub fn desk(&self) -> &Desk {
        self.desk.as_ref().unwrap()
    }

    /// The first workspace's part of the running desk's database.
    pub fn space(&self) -> Space {
        self.store().of(&self.workspace)
    }

    /// The running desk's database.
    pub fn store(&self) -> Store {
        self.desk().front().store
    }

    /// Lets seconds go by.
    pub async fn pass(&self, seconds: u64) {
        self.pass_ms(seconds * 1000).await;
    }

    /// Lets milliseconds go by.
    pub async fn pass_ms(&self, ms: u64) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }

    /// Where the database is.
    pub fn database(&self) -> PathBuf {
        self.config.store.path.clone()
    }

    /// Picks a channel by name.
    pub async fn pick(&self, channel: &str, pick: Pick) {
        let id = ChannelId(self.slack.channel_id(channel).unwrap());
        self.space().pick_channel(id, pick, alice(), self.clock.now()).await.unwrap();
    }

    /// Makes somebody a teammate.
    pub async fn hire(&self, person: &str) {
        let id = PersonId(self.slack.user_id(person).unwrap());
        self.space().add_teammate(id, alice(), self.clock.now()).await.unwrap();
    }

    /// Answers a task from the command line.
    pub async fn reply(&self, task: i64, text: &str) {
        let outgoing = self.desk().front().outgoing;
        let actor = Actor::Operator("alice".into());
        outgoing
            .reply(self.workspace.clone(), TaskNumber(task), text, actor, self.clock.now())
            .await
            .unwrap();
    }

    /// Does something to a task from the command line.
    pub async fn handle(&self, task: i64, handling: Handling) {
        let actor = Actor::Operator("alice".into());
        let store = self.store();
        let now = self.clock.now();
        let doing = Doing { handling, actor, teaches: true };
        assert!(store.of(&self.workspace).handle_task(TaskNumber(task), doing, now).await.unwrap());
    }

    /// One task.
    pub async fn task(&self, number: i64) -> TaskDetail {
        self.space().task(TaskNumber(number)).await.unwrap().unwrap()
    }

    /// All tasks with their conversations, as a person would read them.
    pub async fn tasks(&self) -> String {
        let mut text = String::new();
        for task in self.space().tasks(TaskFilter::default()).await.unwrap() {
            let detail = self.task(task.number.0).await;
            let (status, contact) = (task.status.as_str(), &task.contact);
            let channel = &task.channel.1;
            let (category, priority) = (&task.category, task.priority);
            writeln!(text, "{} {status} {category} {priority} #{channel} {}", task.number, contact.name)
                .unwrap();
            for said in detail.conversation {
                let marks = [(said.edited, " (edited)"), (said.deleted, " (deleted)")];
                let marks: String = marks.iter().filter(|(set, _)| *set).map(|(_, mark)| *mark).collect();
                writeln!(text, "  {} {}: {}{marks}", said.from, said.author, said.text).unwrap();
            }
        }
        text
    }

    /// What is to be seen in a channel: who wrote what, replies indented under their parent.
    pub fn channel(&self, channel: &str) -> String {
        let mut text = String::new();
        let all = self.slack.history(channel).unwrap();
        for message in
            all.iter().filter(|message| message.thread_ts.as_ref().is_none_or(|ts| *ts == message.ts))
        {
            writeln!(text, "{}", self.line(message)).unwrap();
            let reply = |other: &&deskd::simulator::Message| {
                other.ts != message.ts && other.thread_ts.as_ref() == Some(&message.ts)
            };
            for answer in all.iter().filter(reply) {
                writeln!(text, "  {}", self.line(answer)).unwrap();
            }
        }
        text
    }

    fn line(&self, message: &deskd::simulator::Message) -> String {
        let author = message.user.as_ref().and_then(|user| self.slack.person(user).ok());
        let author = author.map_or_else(|| "?".to_owned(), |person| person.handle);
        let deleted = if message.deleted { " (deleted)" } else { "" };
        format!("{author}: {}{deleted}", message.text)
    }

    /// Why things ended as they did: the reasons of all events, counted.
    pub async fn reasons(&self) -> String {
        let path = self.database();
        let read = move || -> rusqlite::Result<String> {
            let connection = rusqlite::Connection::open(path)?;
            let sql = "SELECT reason || ' ' || COUNT(*) FROM outcomes GROUP BY reason ORDER BY reason";
            let mut query = connection.prepare(sql)?;
            let rows: Vec<String> = query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
            Ok(rows.join(", "))
        };
        tokio::task::spawn_blocking(read).await.unwrap().unwrap()
    }

    /// Events whose effect the database refused: a mistake of ours, which the desk survives.
    pub async fn refused(&self) -> i64 {
        refused(self.database()).await
    }

    /// Ends a scene that leaves something undone on purpose.
    pub async fn close_quietly(mut self) {
        self.close().await;
    }

    /// Ends the scene: everything is acknowledged, nothing is stuck, and Slack has no complaints.
    pub async fn finish(mut self) {
        let standing = self.store().standing().await.unwrap();
        assert_eq!(standing.pending, 0, "events without an outcome");
        assert!(standing.outbox.is_empty(), "sends that are not sent: {:?}", standing.outbox);
        assert_eq!(standing.bundles_sealed, 0, "bundles that are not triaged");
        assert_eq!(self.refused().await, 0, "events whose effect the database refused");
        assert_eq!(self.slack.unacked(), 0, "envelopes that are not acknowledged");
        let complaints: Vec<String> = self.slack.complaints();
        assert!(complaints.is_empty(), "Slack complains: {complaints:?}");
        self.close().await;
        self.pass(2).await;
        assert_eq!(self.slack.sockets(), 0, "sockets left behind");
    }
}

/// However a scene ends, what it called at Slack is noted and looked at.
impl Drop for World {
    fn drop(&mut self) {
        calls_are_published(&self.slack);
    }
}

/// Somebody at the command line.
pub fn alice() -> Actor {
    Actor::Operator("alice".into())
}

/// Events in this database whose effect the database refused.
pub async fn refused(path: PathBuf) -> i64 {
    let read = move || -> rusqlite::Result<i64> {
        let sql =
            "SELECT COUNT(*) FROM outcomes WHERE reason = 'undecodable' AND detail LIKE 'the database%'";
        rusqlite::Connection::open(path)?.query_row(sql, [], |row| row.get(0))
    };
    tokio::task::spawn_blocking(read).await.unwrap().unwrap()
}

/// What the simulator calls addresses that Slack gives for one purpose: they are no methods of the Web API, and
/// docs/security.md tells of them in words.
const GIVEN: [&str; 3] = ["incoming_webhook", "response_url", "upload"];

/// Whether all methods that were called at the workspaces of an address are in the published list. They are noted, so that
/// `tests/leaks/run` can see that none is published and never called. A scene that fails anyhow says its own reason.
pub fn calls_are_published(slack: &Simulator) {
    if std::thread::panicking() {
        return;
    }
    let mut called = slack.called_methods();
    called.retain(|name| !GIVEN.contains(&name.as_str()));
    if let Some(keep) = std::env::var_os("DESKD_TEST_KEEP") {
        let path = PathBuf::from(keep).join("calls");
        let mut file = std::fs::File::options().append(true).create(true).open(path).unwrap();
        std::io::Write::write_all(&mut file, (called.join("\n") + "\n").as_bytes()).unwrap();
    }
    called.retain(|name| methods::find(name).is_none());
    assert!(called.is_empty(), "called, and not in the published list: {called:?}");
    let astray = slack.tokens_astray();
    assert!(astray.is_empty(), "a token stood outside the header (sec_28): {astray:?}");
}

/// What `main` does first: without a provider of cryptography nothing that speaks HTTP can be made.
pub fn crypto() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// A folder for one scene's files; kept below `DESKD_TEST_KEEP` when that is set, for `tests/leaks/run` to search.
pub fn folder() -> TempDir {
    match std::env::var_os("DESKD_TEST_KEEP") {
        Some(keep) => tempfile::Builder::new().disable_cleanup(true).tempdir_in(keep).unwrap(),
        None => tempfile::tempdir().unwrap(),
    }
}
