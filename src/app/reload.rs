//! What may change while the desk runs: how messages are gathered, the rules, the reports, and what `status` says of them.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::sync::watch;
use tracing::warn;

use crate::config::apps::{App, Signing};
use crate::config::callers::Callers;
use crate::config::settings::{Monitor as Listened, Slack};
use crate::config::webhooks::names_in_use;
use crate::config::{Config, Sources};
use crate::domain::advice::Wish;
use crate::domain::audit::{Marks, marks};
use crate::domain::bundle::{Monitor, Quiet};
use crate::domain::classify::{Compiled, Policy};
use crate::domain::heartbeat::Promise;
use crate::domain::learn::Basis;
use crate::domain::message::Sibling;
use crate::domain::notice::Kinds;
use crate::domain::report::Report;
use crate::domain::route::Rules as Routing;
use crate::domain::rules::Rules;
use crate::domain::time::Timestamp;
use crate::intake::bundle::Habits;
use crate::intake::kin::Kin;
use crate::store::Store;
use crate::web::desk::Settings;
use crate::web::model::Asked;
use crate::web::source::Doors;

/// How long a caller of `reply --wait` is kept: Slack's rate limits and a short outage fit in.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// The parts that follow the configuration.
pub struct Reloadable {
    started_with: Config,
    habits: watch::Sender<Habits>,
    rules: watch::Sender<Arc<Compiled>>,
    basis: watch::Sender<Arc<Basis>>,
    policy: watch::Sender<Policy>,
    categories: watch::Sender<Arc<Rules>>,
    wish: watch::Sender<Wish>,
    routing: watch::Sender<Arc<Routing>>,
    kinds: watch::Sender<Arc<Kinds>>,
    settings: watch::Sender<Settings>,
    callers: watch::Sender<Arc<Callers>>,
    promises: watch::Sender<Arc<Vec<Promise>>>,
    reports: watch::Sender<Arc<Vec<Report>>>,
    named: watch::Sender<bool>,
    marks: watch::Sender<Marks>,
    signing: watch::Sender<Arc<Signing>>,
    kin: Kin,
}

impl Reloadable {
    /// What follows `config`; the tokens of its callers are read.
    pub fn new(config: &Config, signing: Signing, kin: Kin) -> Result<Reloadable> {
        let callers = Callers::load(&config.doors.callers).context("cannot let callers in")?;
        Ok(Reloadable {
            promises: watch::Sender::new(Arc::new(config.doors.heartbeats.clone())),
            started_with: config.clone(),
            habits: watch::Sender::new(Habits { kin: kin.clone(), ..habits(config) }),
            kin,
            rules: watch::Sender::new(Arc::new(Compiled::new(&config.rules))),
            basis: watch::Sender::new(Arc::new(Basis::of(&config.rules))),
            policy: watch::Sender::new(config.triage),
            categories: watch::Sender::new(Arc::new(config.rules.clone())),
            wish: watch::Sender::new(config.wish),
            routing: watch::Sender::new(Arc::new(config.routing.clone())),
            kinds: watch::Sender::new(Arc::new(config.kinds.clone())),
            settings: watch::Sender::new(settings(config, &signing)),
            reports: watch::Sender::new(Arc::new(config.reports.clone())),
            named: watch::Sender::new(config.names_people()),
            marks: watch::Sender::new(seen(config, &callers, &signing)),
            callers: watch::Sender::new(Arc::new(callers)),
            signing: watch::Sender::new(Arc::new(signing)),
        })
    }

    /// The doors that callers come in by.
    pub fn doors(&self) -> Doors {
        Doors::new(self.callers.subscribe(), self.promises.subscribe())
    }

    /// How messages are gathered.
    pub fn habits(&self) -> watch::Receiver<Habits> {
        self.habits.subscribe()
    }

    /// The rules of classification.
    pub fn rules(&self) -> watch::Receiver<Arc<Compiled>> {
        self.rules.subscribe()
    }

    /// What the learner begins with.
    pub fn basis(&self) -> watch::Receiver<Arc<Basis>> {
        self.basis.subscribe()
    }

    /// How far the learner may go.
    pub fn policy(&self) -> watch::Receiver<Policy> {
        self.policy.subscribe()
    }

    /// The categories as they are configured.
    pub fn categories(&self) -> watch::Receiver<Arc<Rules>> {
        self.categories.subscribe()
    }

    /// What a language model is wanted for.
    pub fn wish(&self) -> watch::Receiver<Wish> {
        self.wish.subscribe()
    }

    /// The reports.
    pub fn reports(&self) -> watch::Receiver<Arc<Vec<Report>>> {
        self.reports.subscribe()
    }

    /// The rules of routing.
    pub fn routing(&self) -> watch::Receiver<Arc<Routing>> {
        self.routing.subscribe()
    }

    /// The kinds of notices.
    pub fn kinds(&self) -> watch::Receiver<Arc<Kinds>> {
        self.kinds.subscribe()
    }

    /// What the configuration looks like from outside.
    pub fn settings(&self) -> watch::Receiver<Settings> {
        self.settings.subscribe()
    }

    /// Whether the configuration names people or groups.
    pub fn named(&self) -> watch::Receiver<bool> {
        self.named.subscribe()
    }

    /// Reads the configuration again, swaps everything at once or nothing, and notes in the audit which keys changed.
    pub async fn renew(&self, sources: &Sources, store: &Store, now: Timestamp) -> Result<()> {
        self.reload(sources)?;
        let (hash, marks) = self.told();
        store
            .note_reload(hash, marks, now)
            .await
            .context("the new configuration holds, but is not in the audit")
    }

    /// What the audit tells of the configuration: its hash, and a mark for each key and for the secrets that change with it.
    pub fn told(&self) -> (String, Marks) {
        (self.settings.borrow().config_hash.clone(), self.marks.borrow().clone())
    }

    /// What Slack signs its requests with, by app.
    pub fn signing(&self) -> watch::Receiver<Arc<Signing>> {
        self.signing.subscribe()
    }

    /// Reads the configuration again and swaps everything at once, or nothing.
    fn reload(&self, sources: &Sources) -> Result<()> {
        let config = sources.load().context("the new configuration is wrong")?.config;
        let compiled = Arc::new(Compiled::new(&config.rules));
        let callers = Callers::load(&config.doors.callers).context("the new callers are wrong")?;
        let served = Config { slack: as_served(&self.started_with.slack, &config.slack), ..config.clone() };
        let (signing, remarks) =
            Signing::load(&served, &sources.env).context("a new signing secret is wrong")?;
        remarks.iter().for_each(|remark| warn!("{remark}"));
        let mut behind = apps_behind(&self.started_with.slack.apps, &config.slack.apps);
        behind.iter().for_each(|what| warn!("{what}: that takes effect at the next start"));
        for (name, same) in [
            ("slack", apart_from_signing(&config) == apart_from_signing(&self.started_with)),
            ("http", config.http == self.started_with.http),
            ("oauth", config.oauth == self.started_with.oauth),
            ("store", config.store == self.started_with.store),
            ("api", config.api == self.started_with.api),
            ("outbox", config.outbox == self.started_with.outbox),
            ("canary", config.canary == self.started_with.canary),
            ("alarm", config.alarm == self.started_with.alarm),
            ("mail", config.mail == self.started_with.mail),
            ("ping", config.doors.ping == self.started_with.doors.ping),
            ("endpoint", config.endpoints == self.started_with.endpoints),
            ("model", config.model == self.started_with.model),
            ("secrets", config.secrets == self.started_with.secrets),
            ("time", config.time == self.started_with.time),
            ("log", config.log == self.started_with.log),
        ] {
            if !same {
                warn!(section = name, "[{name}] changed: that takes effect at the next start");
                behind.push(format!("[{name}] changed"));
            }
        }
        let kin = self.kin.clone();
        self.habits.send_replace(Habits { kin, ..habits(&config) });
        self.rules.send_replace(compiled);
        self.basis.send_replace(Arc::new(Basis::of(&config.rules)));
        self.policy.send_replace(config.triage);
        self.categories.send_replace(Arc::new(config.rules.clone()));
        self.wish.send_replace(config.wish);
        self.routing.send_replace(Arc::new(config.routing.clone()));
        self.kinds.send_replace(Arc::new(config.kinds.clone()));
        self.settings.send_replace(Settings { behind, ..settings(&config, &signing) });
        self.marks.send_replace(seen(&config, &callers, &signing));
        self.signing.send_replace(Arc::new(signing));
        self.callers.send_replace(Arc::new(callers));
        self.promises.send_replace(Arc::new(config.doors.heartbeats.clone()));
        self.named.send_replace(config.names_people());
        self.reports.send_replace(Arc::new(config.reports));
        Ok(())
    }
}

/// A mark for each key of the configuration, and for the secrets that are read again with it.
fn seen(config: &Config, callers: &Callers, signing: &Signing) -> Marks {
    let lines: Vec<_> = config.lines().into_iter().chain(callers.lines()).chain(signing.lines()).collect();
    marks(&lines)
}

/// `[slack]` without the signing secrets, which change at once.
fn apart_from_signing(config: &Config) -> Slack {
    let mut slack =
        Slack { signing_secret_file: None, previous_signing_secret_file: None, ..config.slack.clone() };
    for app in &mut slack.apps {
        (app.signing_secret_file, app.previous_signing_secret_file) = (None, None);
    }
    slack
}

/// The apps whose addresses are served until the next start, with the secrets that are configured now.
fn as_served(started_with: &Slack, now: &Slack) -> Slack {
    let app = |started: &App| match now.apps.iter().find(|app| app.name == started.name) {
        Some(app) => App { mode: started.mode, id: started.id.clone(), ..app.clone() },
        None => started.clone(),
    };
    Slack { mode: started_with.mode, apps: started_with.apps.iter().map(app).collect(), ..now.clone() }
}

/// What became of further apps since the start, as people read it: their addresses, sockets and tokens are those of the start.
fn apps_behind(started_with: &[App], now: &[App]) -> Vec<String> {
    let has = |apps: &[App], app: &App| apps.iter().any(|other| other.name == app.name);
    let new =
        now.iter().filter(|app| !has(started_with, app)).map(|app| format!("the app {} is new", app.name));
    let gone = started_with.iter().filter(|app| !has(now, app));
    new.chain(gone.map(|app| format!("the app {} was taken out", app.name))).collect()
}

/// How messages are gathered under a configuration.
pub fn habits(config: &Config) -> Habits {
    let inbox = &config.inbox;
    Habits {
        quiet: Quiet { quiet: inbox.quiet, max_wait: inbox.max_wait },
        trusted_bots: inbox.trusted_bots.clone(),
        notify_replies: inbox.notify_replies,
        kin: Kin::new(config.slack.apps.iter().map(sibling).collect()),
        monitor: match inbox.monitor {
            Listened::Picked => Monitor::Picked,
            Listened::Joined => Monitor::Joined,
        },
    }
}

/// What is known of a further app before Slack was asked.
fn sibling(app: &App) -> Sibling {
    Sibling { name: app.name.clone(), app: app.id.clone(), person: None, bot: None }
}

fn settings(config: &Config, signing: &Signing) -> Settings {
    Settings {
        config_hash: config.hash(),
        monitor_joined: config.inbox.monitor == Listened::Joined,
        categories: config.rules.categories.iter().map(|category| category.name.clone()).collect(),
        webhooks_in_use: names_in_use(config),
        model: asked(config),
        longest_wait: LONGEST_WAIT,
        signed: signing.apps().map(|app| (app.name.clone(), !signing.secrets(app).is_empty())).collect(),
        behind: Vec::new(),
    }
}

/// The language model as it is shown; it is the one of the start, and what it is asked is the newest.
fn asked(config: &Config) -> Option<Asked> {
    let (name, host) = config.model.name.clone().zip(config.model.host())?;
    let Wish { mode, summaries } = config.wish;
    Some(Asked { name, host, mode: mode.as_str(), summaries, budget: config.model.budget })
}
