//! `deskd demo`: a simulated Slack workspace and a desk in one process, and a conversation played between them.
//!
//! What is shown is read from the workspace and from the desk's database; nothing on the screen is written beforehand.
//! Everything lies in a temporary folder that goes away with the demo.

mod folder;
mod lessons;
mod narrator;
mod stage;
mod stay;
mod story;
mod summary;
mod systems;

use std::io::Write;

use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};

use super::call::Exit;
use crate::config::settings::{Log, LogFormat, LogLevel};
use crate::runtime::clock::Clock;
use narrator::Narrator;
use stage::Stage;
use summary::Summary;

/// Play a conversation between a simulated Slack workspace and a desk; needs nothing, keeps nothing.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// End after the conversation: with exit code 0 when all went as told, with 1 otherwise.
    #[arg(long)]
    pub once: bool,
}

/// How the log should be started beside the demo: only what a person should know of, so that the screen stays readable.
pub const LOG: Log = Log { format: LogFormat::Text, level: LogLevel::Warn };

/// Plays the conversation and writes what happens to `out`, with colours as ANSI escapes. Without `--once` it goes on
/// until Ctrl-C or SIGTERM. `clock` gives the time of the desk and of the workspace.
pub async fn run(args: &Args, clock: Clock, out: &mut dyn Write) -> Result<Exit> {
    let stage = Stage::open(clock).await.context("cannot start the demo")?;
    let ended = tokio::select! {
        ended = play(args, &stage, out) => ended,
        stopped = stop() => stopped.map(|()| if args.once { Exit::Failed } else { Exit::Done }),
    };
    stage.close().await;
    ended
}

async fn play(args: &Args, stage: &Stage, out: &mut dyn Write) -> Result<Exit> {
    let mut narrator = Narrator::new(stage, out);
    narrator.introduce()?;
    let told = story::play(stage, &mut narrator).await;
    let summary = Summary::of(stage).await?;
    narrator.paragraph(&summary.to_string())?;
    let mut differences = summary.differences();
    differences.extend(told.err().map(|problem| format!("{problem:#}")));
    for found in [systems::play(stage, &mut narrator).await, lessons::play(stage, &mut narrator).await] {
        match found {
            Ok(found) => differences.extend(found),
            Err(problem) => differences.push(format!("{problem:#}")),
        }
    }
    for difference in &differences {
        narrator.wrong(difference)?;
    }
    if !args.once {
        stay::stay(stage, &mut narrator).await?;
    }
    Ok(if differences.is_empty() { Exit::Done } else { Exit::Failed })
}

/// Ends when somebody wants the demo to end.
async fn stop() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed.context("cannot listen for Ctrl-C"),
        _ = terminate.recv() => Ok(()),
    }
}
