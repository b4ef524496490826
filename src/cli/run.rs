//! `deskd run`: the daemon. Everything it needs is checked before anything starts.

use anyhow::Result;
use tracing::warn;

use super::call::{Call, Exit};
use crate::app::{daemon, log, memory};
use crate::config::{Loaded, Secrets};
use crate::store::installations;

/// Run the desk until SIGTERM; SIGHUP reads the configuration again.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {}

/// Runs the daemon. A wrong configuration or a missing token ends it at once, with all problems.
pub async fn run(_args: &Args, call: &mut Call<'_>) -> Result<Exit> {
    // Done by the start already; here it is known whether it works.
    let alone = memory::keep_to_itself();
    let Loaded { config, file } = call.sources.load()?;
    let is_connected = installations::has_tokens(config.store.path.clone()).await;
    let load = if is_connected { Secrets::load_connected } else { Secrets::load };
    let found = load(&config, &call.sources.env)?;
    log::start(&config.log);
    if let Err(problem) = alone {
        warn!("Others on this machine may read this process's memory: {problem}");
    }
    for remark in found.remarks {
        warn!("{remark}");
    }
    daemon::serve(call.sources.clone(), Loaded { config, file }, found.secrets).await?;
    Ok(Exit::Done)
}
