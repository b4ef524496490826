//! A Slack workspace in one process: Web API, Socket Mode, people, faults, on one loopback port.
//!
//! `deskd simulator` serves it alone, `deskd demo` and the tests run it inside themselves. It is a
//! second, independent reading of Slack's documentation: it shares no code with `slack/`, and its
//! clients are Slack's own SDKs too (`tests/peers/`). It keeps everything in memory, knows one app, and has
//! no TLS. More workspaces may share its address: whose a call is says its token.
//!
//! Reading order: `setup` (what it looks like), `workspace` (the state), `server` and `web` (HTTP),
//! the methods by noun, `events` and `post` and `socket` (Socket Mode), `interact` and `modals`
//! (clicks, commands, views), `hooks` (the same as signed requests), `oauth` and `tokens` (installing the app), `organisation` (several teams, one token), `response_url` and
//! `webhook` (addresses that take messages), `verbs`, `looks` and `control` (what tests and people do with it).

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

mod account;
mod blocks;
mod call;
mod channels;
mod chat;
mod clock;
mod content;
mod control;
mod conversations;
mod elements;
mod events;
mod faults;
mod files;
mod groups;
mod history;
mod hooks;
mod ids;
mod interact;
mod limits;
mod looks;
mod messages;
mod methods;
mod modals;
mod oauth;
mod odd;
mod organisation;
mod page;
mod parcel;
mod people;
mod post;
mod reactions;
mod response_url;
mod server;
mod setup;
mod socket;
mod tokens;
mod triggers;
mod users;
mod verbs;
mod views;
mod web;
mod webhook;
mod workspace;
mod writing;

#[cfg(test)]
mod tests;

pub use channels::{Channel, Kind};
pub use faults::{Fault, Handshake, Times};
pub use messages::Message;
pub use organisation::{Organisation, TeamSetup};
pub use parcel::Answer;
pub use people::{BotOf, Person};
pub use post::{AckTime, Which};
pub use setup::{
    AppSetup, ChannelSetup, GroupSetup, HistoryProfile, HttpSetup, MentionOrder, OfflineEvents, PersonSetup,
    Setup,
};
pub use socket::Reason;
pub use verbs::Sent;
pub use views::View;
pub use workspace::{CallRecord, Ephemeral, Mistake};

use tokio::sync::mpsc::unbounded_channel;

use server::Shared;
use workspace::Workspace;

/// A running simulated workspace. Clones are handles to the same one.
#[derive(Clone)]
pub struct Simulator {
    shared: Arc<Shared>,
}

impl fmt::Debug for Simulator {
    /// Only where it is: a test's failure message needs no tokens and no messages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Simulator({})", self.shared.address)
    }
}

impl Simulator {
    /// Starts the workspace of `setup` on a loopback address (port 0 picks one) as tasks of the
    /// current tokio runtime.
    ///
    /// # Errors
    /// When the address is not a loopback one or cannot be listened on.
    pub fn start(listen: SocketAddr, setup: Setup) -> io::Result<Self> {
        let listener = server::bind(listen)?;
        let address = listener.local_addr()?;
        let http = match setup.http.clone() {
            Some(http) => Some((hooks::client(&http).map_err(io::Error::other)?, http)),
            None => None,
        };
        let public = setup.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
        let shared = Shared::new(Workspace::new(setup, public), address);
        if let Some((client, http)) = http {
            let (errands, taken) = unbounded_channel();
            shared.lock().post.deliver_over_http(errands);
            shared.spawn(hooks::run(shared.clone(), http, client, taken));
        }
        shared.spawn(server::accept(shared.clone(), listener));
        shared.spawn(server::keep_time(shared.clone()));
        Ok(Self { shared })
    }

    /// Another workspace in which the same app is installed, at the same address. Its events come over the sockets of this
    /// one; commands and clicks in it are not answered. The token of `setup` is one of its own.
    pub fn add_workspace(&self, setup: Setup) -> Self {
        let (base_url, app, now_ms) = {
            let first = self.shared.lock();
            (first.base_url.clone(), first.setup.app.clone(), first.clock.now_ms())
        };
        let own = setup.app.clone();
        let app =
            AppSetup { bot_token: own.bot_token, scopes: own.scopes, bot_user_id: own.bot_user_id, ..app };
        let mut workspace = Workspace::new(Setup { epoch_ms: now_ms, app, ..setup }, base_url);
        let first = self.shared.clone();
        workspace.post.forward(move |kind, payload, purpose| {
            first.act(|workspace, _| workspace.raise(kind, payload, purpose));
        });
        let shared = Shared::new(workspace, self.shared.address);
        shared.spawn(server::keep_time(shared.clone()));
        self.shared.take_in(shared.clone());
        Self { shared }
    }

    /// Ends it: every connection breaks, and the port is free again.
    pub fn stop(&self) {
        self.shared.stop();
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// Base of the Web API, with a slash at the end: `http://127.0.0.1:PORT/api/`.
    pub fn api_url(&self) -> String {
        format!("http://{}/api/", self.shared.address)
    }

    /// The app-level token (`xapp-…`).
    pub fn app_token(&self) -> String {
        self.shared.lock().setup.app.app_token.clone()
    }

    /// The bot token (`xoxb-…`).
    pub fn bot_token(&self) -> String {
        self.shared.lock().setup.app.bot_token.clone()
    }

    /// What it was started with, as changed since.
    pub fn setup(&self) -> Setup {
        self.shared.lock().setup.clone()
    }

    fn act<T>(&self, change: impl FnOnce(&mut Workspace) -> T) -> T {
        self.shared.act(|workspace, _| change(workspace))
    }
}
