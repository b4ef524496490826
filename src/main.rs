//! The binary: a thin start. For now it knows only the simulator.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;

#[tokio::main]
#[expect(clippy::disallowed_methods, reason = "a temporary start; the real one asks runtime/clock.rs")]
async fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1).filter(|arg| arg != "simulator" && arg != "--listen");
    let listen = args.next().context("usage: deskd simulator --listen ADDRESS")?.parse()?;
    let epoch = SystemTime::now().duration_since(UNIX_EPOCH)?;
    deskd::cli::simulator::serve(listen, i64::try_from(epoch.as_millis())?).await
}
