//! What the demo plays on: the workspace "Acme", a desk that works in it, and the place where both keep their things.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::folder::Folder;
use super::systems;
use crate::app::{Desk, Setup as DeskSetup};
use crate::config::apps::Signing;
use crate::config::{Config, Environment, Places, Secret, WaySecrets, keys};
use crate::domain::ids::WorkspaceId;
use crate::domain::time::Timestamp;
use crate::runtime::clock::Clock;
use crate::simulator::{Setup, Simulator};
use crate::web::Front;

/// How long a person is quiet before a bundle closes. Ten times shorter than usual, because somebody is watching.
pub const QUIET: Duration = Duration::from_secs(3);

/// How long the desk may take to connect.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often we look whether something has happened.
pub const GLANCE: Duration = Duration::from_millis(50);

/// How long the workers may take for their last step.
const LAST_STEP: Duration = Duration::from_secs(8);

/// A running workspace and a running desk.
pub struct Stage {
    /// The workspace.
    pub slack: Simulator,
    /// What the desk shows of itself.
    pub front: Front,
    /// The workspace's id.
    pub workspace: WorkspaceId,
    /// The time of both.
    pub clock: Clock,
    desk: Desk,
    socket: PathBuf,
    /// The last to go.
    _folder: Folder,
}

impl Stage {
    /// Starts both and waits until they are connected.
    pub async fn open(clock: Clock) -> Result<Stage> {
        let folder = Folder::make()?;
        let setup = Setup { epoch_ms: clock.now().0, ..Setup::default() };
        let workspace = WorkspaceId(setup.team_id.clone());
        let slack = Simulator::start(SocketAddr::from(([127, 0, 0, 1], 0)), setup)
            .context("cannot serve the simulated workspace on this machine")?;
        let mut config = config(&folder, &slack);
        config.routing = systems::rules(clock.now());
        let socket = config.api.socket.clone();
        let (bot, app) = (Secret::new(&slack.bot_token()), Secret::new(&slack.app_token()));
        let (ways, keys) = (WaySecrets::default(), keys::look(&config, &Environment::new()));
        let (signing, apps) = (Signing::default(), Vec::new());
        let client_secret = None;
        let setup = DeskSetup { config, bot, app, signing, apps, client_secret, ways, keys, clock };
        let desk = Desk::start(setup).await?;
        let front = desk.front();
        let stage = Stage { slack, front, workspace, clock, desk, socket, _folder: folder };
        match tokio::time::timeout(PATIENCE, stage.connected()).await {
            Ok(connected) => connected.map(|()| stage),
            Err(_) => bail!("the desk did not connect to the simulated workspace within {PATIENCE:?}"),
        }
    }

    /// The time of both.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Where the local API may listen.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Stops both as SIGTERM does.
    pub async fn close(self) {
        self.desk.stop(LAST_STEP).await;
        self.slack.stop();
    }

    /// Waits until every socket is up and the channels are known.
    async fn connected(&self) -> Result<()> {
        let wanted = self.front.links.states().len();
        loop {
            let channels = self.front.store.of(&self.workspace).channels().await?;
            if self.slack.sockets() >= wanted && self.front.ours.borrow().is_some() && !channels.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(GLANCE).await;
        }
    }
}

fn config(folder: &Folder, slack: &Simulator) -> Config {
    let within = |name: &str| folder.path().join(name);
    let places =
        Places { config: within("config.toml"), database: within("deskd.db"), socket: within("deskd.sock") };
    let mut config = Config::defaults(&places);
    config.slack.api_url = slack.api_url();
    config.inbox.quiet = QUIET;
    config
}
