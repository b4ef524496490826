//! Calls an outside address every so often while deskd is well, so that somebody outside hears it when even the alarm is dead.
//! The address is a secret: whoever knows it can pretend that deskd is well.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tracing::{info, warn};

use crate::config::Secret;
use crate::domain::time::Timestamp;
use crate::runtime::worker::{Next, Worker};

/// How long one call may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// Calls the address.
pub struct Pinger {
    http: reqwest::Client,
    address: Secret,
    every: Duration,
    /// Whether deskd is well.
    well: Arc<dyn Fn(Timestamp) -> bool + Send + Sync>,
    /// Whether the last call was heard; said once when it changes.
    heard: bool,
}

impl Pinger {
    /// One that calls `address` every so often while `well` says so.
    pub fn new(
        address: Secret,
        every: Duration,
        well: Arc<dyn Fn(Timestamp) -> bool + Send + Sync>,
    ) -> reqwest::Result<Pinger> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("deskd/", env!("CARGO_PKG_VERSION")))
            // Somewhere else is not where the secret belongs.
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .pool_max_idle_per_host(0);
        let http = if address.has_prefix("http:") { http.no_proxy() } else { http };
        Ok(Pinger { http: http.build()?, address, every, well, heard: true })
    }
}

impl Worker for Pinger {
    fn name(&self) -> &'static str {
        "ping"
    }

    async fn step(&mut self, now: Timestamp) -> Result<Next> {
        if (self.well)(now) {
            // What reqwest says of a failure repeats the address.
            let heard = match self.http.get(self.address.expose()).send().await {
                Ok(answer) => answer.status().is_success(),
                Err(_) => false,
            };
            match (self.heard, heard) {
                (true, false) => warn!("The address of [ping] did not answer; it is called again every time"),
                (false, true) => info!("The address of [ping] answers again"),
                _ => {}
            }
            self.heard = heard;
        }
        Ok(Next::NotBefore(now.plus(self.every)))
    }
}
