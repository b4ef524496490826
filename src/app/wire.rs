//! The desk as one thing that starts and stops: used by the daemon, the demo and the scenes.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::apps::{Family, family, further};
use super::bells::{Bells, ring_for_recovery, ringing};
use super::housekeeping::{Folder, Housekeeper};
use super::parts::{health, model, open, retention, tell_start, thresholds, watched};
use super::reload::Reloadable;
use super::sockets::Sockets;
use crate::alarm::{Pinger, Teller, Unwritable, Watcher, Ways};
use crate::config::apps::{AppTokens, Signing};
use crate::config::callers::ping_url;
use crate::config::keys::KeyLook;
use crate::config::{Config, Problems, Secret, Sources, WaySecrets};
use crate::dispatch::bindings::Bindings;
use crate::dispatch::carry::{CARRIERS, Carrier, Doors};
use crate::dispatch::chart::Uploader;
use crate::dispatch::detour::Detour;
use crate::dispatch::feed::Feeder;
use crate::dispatch::heartbeat::{self, Beats};
use crate::dispatch::hook::Endpoints;
use crate::dispatch::mail::Mailer;
use crate::dispatch::own::OwnNotices;
use crate::dispatch::report::{Reporter, Reports};
use crate::dispatch::route::Router;
use crate::dispatch::send::{SENDERS, Sender};
use crate::dispatch::submit::{Inlet, Outgoing};
use crate::dispatch::whisper::Whisperer;
use crate::domain::message::Ourselves;
use crate::domain::report::Report;
use crate::domain::time::Timestamp;
use crate::intake::account::Accounts;
use crate::intake::advise::{Advice, Adviser, Manner};
use crate::intake::backfill::{Recoverer, Recovery};
use crate::intake::bundle::Gatherer;
use crate::intake::canary::{Canary, Echo, Figures, Perch};
use crate::intake::directory::Census;
use crate::intake::kin::{Asked, Kin, Kinship};
use crate::intake::learn::Learner;
use crate::intake::listen::{Listener, Tally};
use crate::intake::lookout::Lookout;
use crate::intake::people::Directory;
use crate::intake::rotation::Rotator;
use crate::intake::triage::Triage;
use crate::intake::workspace::{Trouble, Workspace};
use crate::llm::Model;
use crate::runtime::bell::Bell;
use crate::runtime::clock::Clock;
use crate::runtime::crew::Crew;
use crate::slack::api::Api;
use crate::slack::apis::Apis;
use crate::slack::oauth::Client;
use crate::slack::socket::{Links, SocketSettings};
use crate::store::retention::Forgotten;
use crate::store::{Occupied, Store};
use crate::web::Front;
use crate::web::desk::{Learned, Reds};
use crate::web::hooks::{Challenges, Doorway};
use crate::web::oauth::{self, Install};
use crate::web::room::Room;
use crate::web::source;

/// What a desk is started with.
pub struct Setup {
    /// The checked configuration.
    pub config: Config,
    /// The bot token.
    pub bot: Secret,
    /// The app-level token; empty where no sockets are held.
    pub app: Secret,
    /// What Slack signs its requests with, by app.
    pub signing: Signing,
    /// The tokens of further apps.
    pub apps: Vec<AppTokens>,
    /// The client secret, where people install the app through Slack's pages.
    pub client_secret: Option<Secret>,
    /// What the ways out of deskd need.
    pub ways: WaySecrets,
    /// The key of the secrets in the database, or why there is none.
    pub keys: KeyLook,
    /// Where `now` comes from.
    pub clock: Clock,
}

/// A running desk.
pub struct Desk {
    store: Store,
    front: Front,
    crew: Crew,
    reloadable: Reloadable,
    sockets: Sockets,
    install: Install,
    /// Rung when projects may have changed.
    bind: Bell,
    /// Held until everything has ended.
    _occupied: Occupied,
}

impl Desk {
    /// Starts everything: database, workers, listener, sockets. Slack need not be reachable.
    pub async fn start(setup: Setup) -> Result<Desk> {
        let Setup { config, bot, app, signing, apps, client_secret, ways: secrets, keys, clock } = setup;
        let now = clock.now();
        let (store, occupied) = open(&config, keys.ring(), now).await?;
        let api = Api::new(&config.slack.api_url, &bot, &app).context("cannot prepare calls to Slack")?;
        let model = model(&config, secrets.model_key.as_ref()).await?;
        let (ways, endpoints, mailer) = outside(&config, secrets)?;
        let (bells, trouble) = (Bells::default(), Trouble::default());
        let (tell, ours) = watch::channel(store.ourselves().await?);
        let Family { apis, kin, asked } = family(&store, &api, (&config.slack.api_url, &apps)).await?;
        let reloadable = Reloadable::new(&config, signing, kin.clone())?;
        tell_start(&store, (&keys, &reloadable), now).await?;
        let mut crew = Crew::new(clock, CancellationToken::new());
        let (gather, held) = (bells.gather.clone(), trouble.clone());
        crew.worker(Workspace::new(store.clone(), apis.clone(), tell, gather, held), &bells.workspace);
        let tally = Arc::new(Tally::default());
        let (habits, triage) = (reloadable.habits(), bells.triage.clone());
        let gatherer = Gatherer::new(store.clone(), habits, apis.spaces(), triage, tally.clone());
        let echo = Echo::new(bells.canary.clone());
        let gatherer = gatherer.echoing(echo.clone()).waking(&bells.feed, &bells.workspace);
        let endings = gatherer.endings();
        crew.worker(gatherer, &bells.gather);
        let base = Base { config: &config, store: &store, apis: &apis, clock, bells: &bells, ours: &ours };
        let install = base.install(&mut crew, client_secret)?;
        let learned = base.triage(&mut crew, &reloadable);
        let advice = base.advise(&mut crew, &reloadable, model);
        let forgotten = base.keep_house(&mut crew);
        base.send(&mut crew);
        let reports = base.report(&mut crew, reloadable.reports());
        base.directory(&mut crew, reloadable.named());
        let inlet = base.notices(&mut crew, &reloadable);
        let (doors, beats) = base.doors(&mut crew, &reloadable, now);
        base.carry(&mut crew, Doors { api: api.clone(), endpoints, mailer, kinds: reloadable.kinds() });

        base.kinship(&mut crew, asked, kin);
        let (wanted, further) = (config.slack.held(), further(&config.slack.api_url, &apps)?);
        let settings = SocketSettings { wanted, api: api.clone(), further, now: clock.reader() };
        let (links, sockets) = Sockets::open(base.listener(&tally), settings);
        crew.worker(Lookout::new(store.clone(), links.clone(), ours.clone(), trouble.clone()), &Bell::new());
        let recovery = Recovery::new(store.clone(), reloadable.habits(), bells.recover.clone());
        base.recover(&mut crew, &recovery, (&links, &trouble));
        let figures = base.canary(&mut crew, (echo, &recovery), &links);
        let unwritable = base.alarm(&mut crew, (&links, &tally), &ways)?;
        let front = Front {
            store: store.clone(),
            outgoing: Outgoing::new(store.clone(), bells.send.clone()),
            inlet,
            doors,
            beats,
            api,
            accounts: install.accounts.clone(),
            renews: install.client.is_some(),
            apis: apis.clone(),
            wanted: None,
            ours,
            links,
            trouble,
            canary: figures,
            reds: Reds::default(),
            tally,
            advice,
            endings,
            forgotten,
            recovery,
            reports,
            refresh: ringing(&bells.workspace),
            read_directory: ringing(&bells.directory),
            habits: reloadable.habits(),
            gather: ringing(&bells.gather),
            learned,
            health: health(&crew, unwritable),
            ways,
            keys: Arc::new(keys),
            now: clock.reader(),
            settings: reloadable.settings(),
            routing: reloadable.routing(),
            started_at: now,
        };
        Ok(Desk { store, front, crew, reloadable, sockets, install, bind: bells.bind, _occupied: occupied })
    }

    /// What the local API works with.
    pub fn front(&self) -> Front {
        self.front.clone()
    }

    /// The way in for Slack's requests over HTTP.
    pub fn doorway(&self) -> Doorway {
        let (deliver, tally) = (self.sockets.deliver.clone(), self.front.tally.clone());
        let now = self.front.now.clone();
        let challenges = Challenges::new(now());
        let signing = self.reloadable.signing();
        let install = self.install.clone();
        Doorway { deliver, signing, tally, now, room: Room::default(), challenges, install }
    }

    /// Reads the configuration again. When anything in it is wrong, everything stays as it was.
    pub async fn reload(&self, sources: &Sources) -> Result<()> {
        self.reloadable.renew(sources, &self.store, (self.front.now)()).await?;
        (self.front.learned.learn)();
        self.bind.ring();
        Ok(())
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
        self.front.api.hang_up();
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

/// The ways that do not lead through Slack: deskd's own alarm, the user's systems, the mail server.
fn outside(config: &Config, secrets: WaySecrets) -> Result<(Ways, Endpoints, Arc<Mailer>)> {
    let endpoints = Endpoints::new(&config.endpoints, &secrets.endpoints);
    let endpoints = endpoints.context("cannot prepare calls to endpoints")?;
    let mailer = Mailer::new(&config.mail, secrets.mail_password.as_ref(), secrets.mail_ca.as_deref());
    let mailer = Arc::new(mailer);
    let ways = Ways::new(config.alarm.clone(), mailer.clone(), secrets);
    Ok((ways.context("cannot prepare the ways of [alarm]")?, endpoints, mailer))
}

/// What every worker is made of.
struct Base<'a> {
    config: &'a Config,
    store: &'a Store,
    apis: &'a Apis,
    clock: Clock,
    bells: &'a Bells,
    ours: &'a watch::Receiver<Option<Ourselves>>,
}

impl Base<'_> {
    /// The way to connect workspaces and to leave them.
    fn accounts(&self) -> Accounts {
        let (look, directory) = (self.bells.workspace.clone(), self.bells.directory.clone());
        Accounts::new(self.store.clone(), self.apis.clone(), look, directory)
    }

    /// What takes everything that comes from Slack.
    fn listener(&self, tally: &Arc<Tally>) -> Listener {
        let (bell, late) = (self.bells.gather.clone(), self.bells.late.clone());
        Listener { store: self.store.clone(), clock: self.clock, bell, late, tally: tally.clone() }
    }

    /// How people install the app through Slack's pages, and who changes the tokens that come of it in time.
    fn install(&self, crew: &mut Crew, secret: Option<Secret>) -> Result<Install> {
        let id = self.config.oauth.client_id.clone();
        let client = id.zip(secret).map(|(id, secret)| Client { id, secret });
        if let Some(client) = client.clone() {
            crew.worker(Rotator::new(self.store.clone(), self.apis.clone(), client), &Bell::new());
        }
        Ok(Install {
            oauth: self.config.oauth.clone(),
            client,
            api_url: self.config.slack.api_url.clone(),
            accounts: self.accounts(),
            now: self.clock.reader(),
            pending: oauth::pending().context("this machine gives nothing random")?,
        })
    }

    /// What makes tasks of bundles, and what learns from them.
    fn triage(&self, crew: &mut Crew, reloadable: &Reloadable) -> Learned {
        let learner = Learner::new(self.store.clone(), reloadable.basis(), reloadable.policy());
        let mind = learner.mind();
        crew.worker(learner, &self.bells.learn);
        let directory = Directory::new(self.store.clone(), self.apis.clone());
        let triage = Triage::new(self.store.clone(), directory, reloadable.rules());
        let triage = triage.learning(mind.clone(), reloadable.policy());
        let triage = triage.notifying(reloadable.habits(), self.bells.route.clone());
        let triage = triage.advised(reloadable.wish(), self.bells.advise.clone());
        crew.worker(triage, &self.bells.triage);
        Learned {
            mind,
            learn: ringing(&self.bells.learn),
            triage: ringing(&self.bells.triage),
            rules: reloadable.rules(),
            policy: reloadable.policy(),
        }
    }

    /// What asks a language model about tasks.
    fn advise(&self, crew: &mut Crew, reloadable: &Reloadable, model: Option<Model>) -> Advice {
        let asked = &self.config.model;
        let manner = Manner::new(model, asked.attempts, asked.budget, &asked.redact);
        let newest = (reloadable.wish(), reloadable.categories());
        let adviser = Adviser::new(self.store.clone(), manner, newest, self.clock);
        let advice = adviser.advice();
        crew.worker(adviser, &self.bells.advise);
        advice
    }

    /// The way out: senders, what they leave undelivered, and answers that come too late for an acknowledgement.
    fn send(&self, crew: &mut Crew) {
        let (store, apis, send) = (self.store, self.apis, &self.bells.send);
        let give_up = self.config.outbox.give_up;
        let fallbacks = self.config.outbox.fallbacks.clone();
        let detour = Detour::new(store.clone(), apis.clone(), fallbacks, give_up, send.clone());
        crew.worker(detour, &Bell::new());
        crew.worker(Whisperer::new(store.clone(), apis.clone(), self.clock), &self.bells.late);
        for _ in 0..SENDERS {
            let bells = (send.clone(), self.bells.feed.clone());
            let sender = Sender::new(store.clone(), apis.clone(), self.clock, give_up, bells);
            crew.worker(sender, send);
        }
    }

    /// What keeps the database small; says what has been forgotten.
    fn keep_house(&self, crew: &mut Crew) -> Forgotten {
        crew.worker(Folder::new(self.store.clone()), &Bell::new());
        let zone = self.config.time.zone.clone();
        let housekeeper = Housekeeper::new(self.store.clone(), retention(self.config), zone);
        let forgotten = housekeeper.forgotten();
        crew.worker(housekeeper, &Bell::new());
        forgotten
    }

    /// What asks our further apps who their bots are.
    fn kinship(&self, crew: &mut Crew, asked: Vec<Asked>, kin: Kin) {
        if !asked.is_empty() {
            let (apis, gather) = (self.apis.clone(), self.bells.gather.clone());
            crew.worker(Kinship::new(self.store.clone(), asked, kin, apis, gather), &Bell::new());
        }
    }

    /// Reports and their charts.
    fn report(&self, crew: &mut Crew, configured: watch::Receiver<Arc<Vec<Report>>>) -> Reports {
        let (send, upload) = (self.bells.send.clone(), self.bells.upload.clone());
        let reports = Reports::new(self.store.clone(), configured, send, upload);
        crew.worker(Reporter::new(reports.clone(), self.ours.clone()), &Bell::new());
        let give_up = self.config.outbox.give_up;
        let uploader = Uploader::new(self.store.clone(), self.apis.clone(), self.clock, give_up);
        crew.worker(uploader, &self.bells.upload);
        reports
    }

    /// What reads who there is.
    fn directory(&self, crew: &mut Crew, named: watch::Receiver<bool>) {
        let (store, apis) = (self.store.clone(), self.apis.clone());
        let census = Census::new(store, apis, (named, self.config.time.zone.clone()));
        crew.worker(census, &self.bells.directory);
    }

    /// The way of notices: in, routed, and a few of each destination at a time into the outbox.
    fn notices(&self, crew: &mut Crew, reloadable: &Reloadable) -> Inlet {
        let Bells { route, feed, send, carry, .. } = self.bells;
        let router = Router::new(self.store.clone(), reloadable.routing(), feed.clone());
        let router = router.serving(self.apis.spaces()).waking(carry.clone());
        crew.worker(router, route);
        let bindings = Bindings::new(self.store.clone(), reloadable.routing(), self.apis.spaces());
        crew.worker(bindings, &self.bells.bind);
        let (kinds, rules) = (reloadable.kinds(), reloadable.routing());
        let feeder = Feeder::new(self.store.clone(), kinds, rules, send.clone());
        crew.worker(feeder.waking(carry.clone()).leaving(reloadable.reports()), feed);
        let own = OwnNotices::new(self.store.clone(), reloadable.routing(), route.clone());
        crew.worker(own, &Bell::new());
        Inlet::new(self.store.clone(), reloadable.kinds(), route.clone())
    }

    /// Who may hand notices in, and who listens for those who promised to beat.
    fn doors(&self, crew: &mut Crew, reloadable: &Reloadable, now: Timestamp) -> (source::Doors, Beats) {
        let doors = reloadable.doors();
        let beats = Beats::new(self.store.clone(), reloadable.kinds(), self.bells.route.clone());
        let listener =
            heartbeat::Listener::new(beats.clone(), doors.promises.clone(), self.ours.clone(), now);
        crew.worker(listener, &Bell::new());
        (doors, beats)
    }

    /// Those who see and say that deskd itself is in trouble.
    fn alarm(&self, crew: &mut Crew, seen: (&Links, &Arc<Tally>), ways: &Ways) -> Result<Unwritable> {
        let (links, tally) = seen;
        let watched = watched((self.store, links, self.ours), crew, tally);
        let tell = &self.bells.tell;
        let watcher = Watcher::new(watched, thresholds(self.config), ways.clone(), tell.clone());
        let unwritable = watcher.unwritable();
        self.ping(crew, links, unwritable.clone())?;
        crew.worker(watcher, &Bell::new());
        let send = self.bells.send.clone();
        crew.worker(Teller::new(self.store.clone(), ways.clone(), self.ours.clone(), send), tell);
        Ok(unwritable)
    }

    /// Tells somebody outside that all is well: nothing is stuck, the database can be written, Slack is heard.
    fn ping(&self, crew: &mut Crew, links: &Links, unwritable: Unwritable) -> Result<()> {
        let ping = &self.config.doors.ping;
        let Some(address) = ping_url(ping).map_err(|problem| Problems(vec![problem]))? else { return Ok(()) };
        let (links, watch) = (links.clone(), crew.watch());
        let has_sockets = self.config.has_sockets();
        let well = move |now| {
            let seen = watch.seen(now);
            let works = seen.iter().all(|worker| worker.stuck_since.is_none());
            works && unwritable.since().is_none() && (!has_sockets || links.none_since().is_none())
        };
        crew.worker(Pinger::new(address, ping.every, Arc::new(well))?, &Bell::new());
        Ok(())
    }

    /// The ways of notices that do not lead through the outbox.
    fn carry(&self, crew: &mut Crew, doors: Doors) {
        let carry = &self.bells.carry;
        for _ in 0..CARRIERS {
            crew.worker(Carrier::new(self.store.clone(), doors.clone(), self.clock, carry.clone()), carry);
        }
    }

    /// What reads from the history what did not arrive.
    fn recover(&self, crew: &mut Crew, recovery: &Recovery, (links, trouble): (&Links, &Trouble)) {
        let heard = (self.bells, trouble);
        crew.task(ring_for_recovery(links, self.apis.spaces(), heard, crew.stopping()));
        let recoverer = Recoverer::new(
            recovery.clone(),
            self.apis.clone(),
            links.line(),
            self.bells.gather.clone(),
            crew.stopping(),
        );
        crew.worker(recoverer, &self.bells.recover);
    }

    /// The canary, where there is to be one.
    fn canary(&self, crew: &mut Crew, (echo, recovery): (Echo, &Recovery), links: &Links) -> Option<Figures> {
        let perch = Perch { channel: self.config.canary.channel.clone()?, every: self.config.canary.every };
        let canary =
            Canary::new(perch, self.store.clone(), self.apis.clone(), links.clone(), self.ours.clone());
        let (recovery, figures) = (recovery.clone(), Figures::default());
        let recover = Arc::new(move || recovery.canary_missed());
        crew.worker(canary.wired(echo, recover, figures.clone()), &self.bells.canary);
        Some(figures)
    }
}
