//! The desk as one thing that starts and stops: used by the daemon, the demo and the scenes.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::housekeeping::{Folder, Housekeeper};
use super::reload::Reloadable;
use crate::alarm::watch::Watched;
use crate::alarm::{Teller, Unwritable, Watcher, Ways};
use crate::config::{AlarmSecrets, Config, Secret, Sources};
use crate::dispatch::send::{SENDERS, Sender};
use crate::dispatch::submit::Outgoing;
use crate::domain::message::Ourselves;
use crate::domain::send::SETTLE;
use crate::domain::time::Timestamp;
use crate::domain::trouble::Thresholds;
use crate::intake::bundle::Gatherer;
use crate::intake::listen::{BATCH, Listener, Tally};
use crate::intake::people::Directory;
use crate::intake::triage::Triage;
use crate::intake::workspace::{Trouble, Workspace};
use crate::runtime::bell::Bell;
use crate::runtime::clock::Clock;
use crate::runtime::crew::Crew;
use crate::slack::api::Api;
use crate::slack::socket::{self, Links, SocketSettings};
use crate::store::retention::Retention;
use crate::store::{Occupied, Store, occupy};
use crate::web::Front;
use crate::web::desk::Health;

/// What a desk is started with.
pub struct Setup {
    /// The checked configuration.
    pub config: Config,
    /// The bot token.
    pub bot: Secret,
    /// The app-level token.
    pub app: Secret,
    /// What the ways out of deskd need.
    pub alarm: AlarmSecrets,
    /// Where `now` comes from.
    pub clock: Clock,
}

/// Rung when there may be work, one for each kind of worker.
#[derive(Clone, Default)]
struct Bells {
    workspace: Bell,
    gather: Bell,
    triage: Bell,
    send: Bell,
    tell: Bell,
}

/// A running desk.
pub struct Desk {
    store: Store,
    front: Front,
    crew: Crew,
    reloadable: Reloadable,
    sockets: Sockets,
    /// Held until everything has ended.
    _occupied: Occupied,
}

/// The way in from Slack: the sockets, and the listener that they feed.
struct Sockets {
    stop: CancellationToken,
    links: JoinHandle<()>,
    /// Told to give up when what it holds cannot be recorded although we are leaving.
    give_up: CancellationToken,
    listener: JoinHandle<()>,
}

impl Desk {
    /// Starts everything: database, workers, listener, sockets. Slack need not be reachable.
    pub async fn start(setup: Setup) -> Result<Desk> {
        let Setup { config, bot, app, alarm, clock } = setup;
        let now = clock.now();
        let (store, occupied) = open(&config, now).await?;
        let api = Api::new(&config.slack.api_url, &bot, &app).context("cannot prepare calls to Slack")?;
        let ways = Ways::new(config.alarm.clone(), config.mail.clone(), alarm)
            .context("cannot prepare the ways of [alarm]")?;
        let bells = Bells::default();
        let trouble = Trouble::default();
        let (tell_ours, ours) = watch::channel(store.ourselves().await?);
        let reloadable = Reloadable::new(&config);

        let mut crew = Crew::new(clock, CancellationToken::new());
        let workspace =
            Workspace::new(store.clone(), api.clone(), tell_ours, bells.gather.clone(), trouble.clone());
        crew.worker(workspace, &bells.workspace);
        let tally = Arc::new(Tally::default());
        let gatherer = Gatherer::new(
            store.clone(),
            reloadable.habits(),
            ours.clone(),
            bells.triage.clone(),
            tally.clone(),
        );
        let endings = gatherer.endings();
        crew.worker(gatherer, &bells.gather);
        let directory = Directory::new(store.clone(), api.clone());
        crew.worker(Triage::new(store.clone(), directory, reloadable.rules()), &bells.triage);
        crew.worker(Folder::new(store.clone()), &Bell::new());
        crew.worker(Housekeeper::new(store.clone(), retention(&config)), &Bell::new());
        for _ in 0..SENDERS {
            let give_up = config.outbox.give_up;
            let sender = Sender::new(store.clone(), api.clone(), clock, give_up, bells.send.clone());
            crew.worker(sender, &bells.send);
        }

        let listener =
            Listener { store: store.clone(), clock, bell: bells.gather.clone(), tally: tally.clone() };
        let wanted = usize::from(config.slack.sockets);
        let (links, sockets) =
            Sockets::open(listener, SocketSettings { wanted, api: api.clone(), now: clock.reader() });
        let watched = watched((&store, &links, &ours), &crew, &tally);
        let watcher = Watcher::new(watched, thresholds(&config), ways.clone(), bells.tell.clone());
        let unwritable = watcher.unwritable();
        crew.worker(watcher, &Bell::new());
        let teller = Teller::new(store.clone(), ways.clone(), ours.clone(), bells.send.clone());
        crew.worker(teller, &bells.tell);
        let front = Front {
            store: store.clone(),
            outgoing: Outgoing::new(store.clone(), bells.send.clone()),
            api,
            ours,
            links,
            trouble,
            tally,
            endings,
            refresh: {
                let bell = bells.workspace.clone();
                Arc::new(move || bell.ring())
            },
            habits: reloadable.habits(),
            gather: {
                let bell = bells.gather.clone();
                Arc::new(move || bell.ring())
            },
            health: health(&crew, unwritable),
            ways,
            now: clock.reader(),
            settings: reloadable.settings(),
            started_at: now,
        };
        Ok(Desk { store, front, crew, reloadable, sockets, _occupied: occupied })
    }

    /// What the local API works with.
    pub fn front(&self) -> Front {
        self.front.clone()
    }

    /// Reads the configuration again. When anything in it is wrong, everything stays as it was.
    pub fn reload(&self, sources: &Sources) -> Result<()> {
        self.reloadable.reload(sources)
    }

    /// The workers that are stuck at `now`.
    pub fn stuck(&self, now: Timestamp) -> Vec<&'static str> {
        (self.front.health)(now).stuck().into_keys().collect()
    }

    /// Waits until something panics.
    pub async fn panicked(&mut self) -> anyhow::Error {
        tokio::select! {
            problem = self.crew.panicked() => problem,
            ended = &mut self.sockets.links => anyhow::anyhow!("the sockets ended: {ended:?}"),
            ended = &mut self.sockets.listener => anyhow::anyhow!("the listener ended: {ended:?}"),
        }
    }

    /// Stops everything in the order of the start turned round: sockets with a close frame, workers after their step,
    /// and at last the write-ahead log is folded into the database.
    pub async fn stop(self, patience: Duration) {
        self.sockets.close().await;
        if !self.crew.stop(patience).await {
            warn!(
                "Some workers did not finish their step in time; their rows are taken up at the next start"
            );
        }
        if let Err(problem) = self.store.checkpoint().await {
            warn!("Cannot fold the write-ahead log into the database: {problem}");
        }
        info!("Stopped");
    }
}

async fn open(config: &Config, now: Timestamp) -> Result<(Store, Occupied)> {
    if let Some(folder) = config.store.path.parent() {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make folder {}; hint: set store.path", folder.display()))?;
    }
    let occupied = occupy(&config.store.path)?;
    let store = Store::open(&config.store.path, now).await?;
    store.take_over_sends(now.plus(SETTLE)).await?;
    Ok((store, occupied))
}

fn retention(config: &Config) -> Retention {
    let kept = &config.store;
    Retention { events: kept.keep_events, tasks: kept.keep_tasks, deliveries: kept.keep_deliveries }
}

fn watched(
    (store, links, ours): (&Store, &Links, &watch::Receiver<Option<Ourselves>>),
    crew: &Crew,
    tally: &Arc<Tally>,
) -> Watched {
    let tally = tally.clone();
    Watched {
        store: store.clone(),
        links: links.clone(),
        crew: crew.watch(),
        recording: Arc::new(move || tally.failing_since()),
        ours: ours.clone(),
    }
}

fn thresholds(config: &Config) -> Thresholds {
    let alarm = &config.alarm;
    Thresholds { no_socket: alarm.no_socket_after, backup: alarm.backup_older_than }
}

fn health(crew: &Crew, unwritable: Unwritable) -> Arc<dyn Fn(Timestamp) -> Health + Send + Sync> {
    let watch = crew.watch();
    Arc::new(move |now| Health { workers: watch.seen(now), unwritable_since: unwritable.since() })
}

impl Sockets {
    fn open(listener: Listener, settings: SocketSettings) -> (Links, Sockets) {
        let (stop, give_up) = (CancellationToken::new(), CancellationToken::new());
        let (deliver, delivered) = mpsc::channel(BATCH);
        let listener = tokio::spawn(listener.run(delivered, give_up.clone()));
        let (links, running) = socket::run(settings, deliver, stop.clone());
        (links, Sockets { stop, links: tokio::spawn(running), give_up, listener })
    }

    async fn close(self) {
        self.stop.cancel();
        let _ = self.links.await;
        // What has arrived is recorded if it can be; on a full disk Slack will have to send it again.
        if tokio::time::timeout(Duration::from_secs(1), self.listener).await.is_err() {
            self.give_up.cancel();
        }
    }
}
