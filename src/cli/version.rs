//! `deskd version`: of this program and of the daemon, which may differ after an upgrade.

use anyhow::Result;
use serde_json::json;

use super::call::{Call, Exit};
use super::client::Client;
use crate::web::status::StatusDocument;

/// Print the version of this program and of the running daemon.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {}

/// Prints both; a daemon that is not there is no error.
pub async fn run(_args: &Args, call: &mut Call<'_>) -> Result<Exit> {
    let own = env!("CARGO_PKG_VERSION");
    let daemon = daemon(call).await.ok();
    if call.json {
        call.print_json(&json!({ "version": own, "daemon": daemon }))?;
    } else {
        writeln!(call.out, "deskd {own}")?;
        if let Some(daemon) = daemon.filter(|daemon| daemon != own) {
            writeln!(call.out, "the running daemon is {daemon}; hint: systemctl restart deskd")?;
        }
    }
    Ok(Exit::Done)
}

async fn daemon(call: &Call<'_>) -> Result<String> {
    let answer = Client::new(&call.sources)?.get("/v1/status", &[]).await?;
    Ok(answer.read::<StatusDocument>()?.version)
}
