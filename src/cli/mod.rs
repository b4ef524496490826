//! The command line: one file per subcommand, each with its `Args` and its `run`.
//!
//! `call` is what every command gets: its sources, its form of output, where it writes, and how it may end. Commands
//! that concern a running desk are a request to its local API and a rendering of the answer (`client`, `screen`).

pub mod alarm;
pub mod audit;
pub mod backup;
pub mod beat;
pub mod call;
pub mod channels;
pub mod check;
pub mod client;
pub mod connect;
pub mod contact;
pub mod demo;
pub mod doctor;
pub mod init;
pub mod kinds;
pub mod manifest;
pub mod notices;
pub mod notify;
mod online;
pub mod people;
pub mod privacy;
mod private;
pub mod probe;
mod progress;
pub mod project;
mod prompt;
pub mod queue;
pub mod recover;
pub mod rehearse;
mod replay;
pub mod reply;
pub mod report;
pub mod restore;
pub mod route;
pub mod run;
pub mod screen;
pub mod secret;
pub mod silence;
pub mod simulator;
pub mod status;
pub mod task;
pub mod team;
pub mod triage;
pub mod troubles;
pub mod version;
pub mod webhook;
pub mod why;

use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use anyhow::Result;
use serde_json::json;

use crate::app::log;
use crate::config::{Flag, Problems, Sources};
use crate::runtime::clock::Clock;
use crate::slack;
use call::{Call, Exit};
use client::NoAnswer;

/// A self-hosted desk for Slack: what people write in monitored channels becomes triaged tasks, and answers go back to
/// the right thread.
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "deskd", version, max_term_width = 100)]
pub struct Cli {
    /// The configuration file, instead of the usual place.
    #[arg(long, global = true, value_name = "PATH")]
    pub config: Option<PathBuf>,
    /// Print JSON, for programs.
    #[arg(long, global = true)]
    pub json: bool,
    /// The daemon's unix socket, instead of the configured one.
    #[arg(long, global = true, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// The workspace it is about, by name or id, where deskd works in several.
    #[arg(long, global = true, value_name = "NAME")]
    pub workspace: Option<String>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Everything deskd can do.
#[derive(Clone, Debug, clap::Subcommand)]
#[expect(missing_docs, reason = "what stands with each command's Args is its help")]
pub enum Command {
    Run(run::Args),
    Demo(demo::Args),
    Simulator(simulator::Args),
    Init(init::Args),
    Check(check::Args),
    Manifest(manifest::Args),
    Doctor(doctor::Args),
    Status(status::Args),
    Channels(channels::Args),
    Task(task::Args),
    Reply(reply::Args),
    Contact(contact::Args),
    Team(team::Args),
    Kinds(kinds::Args),
    People(people::Args),
    Groups(people::GroupArgs),
    Queue(queue::Args),
    Report(report::Args),
    Troubles(troubles::Args),
    Webhook(webhook::Args),
    Connect(connect::ConnectArgs),
    Disconnect(connect::DisconnectArgs),
    Token(connect::TokenArgs),
    Workspaces(connect::WorkspacesArgs),
    Secret(secret::Args),
    Audit(audit::Args),
    Alarm(alarm::Args),
    Notify(notify::Args),
    Beat(beat::Args),
    Notices(notices::Args),
    Project(project::Args),
    Route(route::Args),
    Silence(silence::Args),
    Test(probe::Args),
    Why(why::Args),
    Replay(replay::Args),
    Recover(recover::Args),
    Triage(triage::Args),
    Backup(backup::Args),
    Restore(restore::Args),
    Privacy(privacy::Args),
    Version(version::Args),
}

/// Runs a command: results to `out`, errors to `err`; the answer is how the process ends.
pub async fn execute(cli: Cli, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    let json = cli.json;
    let sources = sources(&cli);
    let done = dispatch(&cli.command, &mut Call { sources, json, out }).await;
    let problem = match done {
        Ok(exit) => return exit,
        Err(problem) => problem,
    };
    // Whoever read our output has seen enough: `deskd task list | head -1`.
    if problem.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == ErrorKind::BrokenPipe) {
        return Exit::Done;
    }
    // Where even the error cannot be written there is nobody left to tell.
    let _ = tell(&problem, json, out, err);
    exit_of(&problem)
}

async fn dispatch(command: &Command, call: &mut Call<'_>) -> Result<Exit> {
    let make = manifest::Make { manifest: slack::manifest::manifest, link: slack::manifest::install_link };
    match command {
        Command::Run(args) => run::run(args, call).await,
        Command::Demo(args) => {
            log::start(&demo::LOG);
            demo::run(args, Clock::Wall, call.out).await
        }
        Command::Simulator(args) => simulator::run(args, Clock::Wall).await,
        Command::Init(args) => init::run(args, call, make),
        Command::Check(args) => {
            let known = channels::known(&call.sources).await;
            let unknown = if args.online { online::look(&call.sources).await? } else { Vec::new() };
            let webhooks = webhook::known(&call.sources).await;
            check::run(args, call, check::Known { channels: known, webhooks }, unknown)
        }
        Command::Manifest(args) => manifest::run(args, call, make).await,
        Command::Doctor(args) => doctor::run(args, call).await,
        Command::Status(args) => status::run(args, call).await,
        Command::Channels(args) => channels::run(args, call).await,
        Command::Task(args) => task::run(args, call).await,
        Command::Reply(args) => reply::run(args, call).await,
        Command::Contact(args) => contact::run(args, call).await,
        Command::Team(args) => team::run(args, call).await,
        Command::Kinds(args) => kinds::run(args, call),
        Command::People(args) => people::run(args, call).await,
        Command::Groups(args) => people::run_groups(args, call).await,
        Command::Queue(args) => queue::run(args, call).await,
        Command::Report(args) => report::run(args, call).await,
        Command::Troubles(args) => troubles::run(args, call).await,
        Command::Webhook(args) => webhook::run(args, call).await,
        Command::Connect(args) => connect::connect(args, call).await,
        Command::Disconnect(args) => connect::disconnect(args, call).await,
        Command::Token(args) => connect::token(args, call).await,
        Command::Workspaces(args) => connect::workspaces(args, call).await,
        Command::Secret(args) => secret::run(args, call).await,
        Command::Audit(args) => audit::run(args, call).await,
        Command::Alarm(args) => alarm::run(args, call).await,
        Command::Notify(args) => notify::run(args, call).await,
        Command::Beat(args) => beat::run(args, call).await,
        Command::Notices(args) => notices::run(args, call).await,
        Command::Project(args) => project::run(args, call).await,
        Command::Route(args) => route::run(args, call).await,
        Command::Silence(args) => silence::run(args, call).await,
        Command::Test(args) => probe::run(args, call).await,
        Command::Why(args) => why::run(args, call).await,
        Command::Replay(args) => replay::run(args, call).await,
        Command::Recover(args) => recover::run(args, call).await,
        Command::Triage(args) => triage::run(args, call).await,
        Command::Backup(args) => backup::run(args, call).await,
        Command::Restore(args) => restore::run(args, call).await,
        Command::Privacy(args) => privacy::run(args, call),
        Command::Version(args) => version::run(args, call).await,
    }
}

fn sources(cli: &Cli) -> Sources {
    let socket = cli.socket.as_ref().map(|path| Flag {
        name: "--socket",
        section: "api",
        key: "socket",
        value: path.display().to_string(),
    });
    let mut sources = Sources::of_process(cli.config.clone(), socket.into_iter().collect());
    if let Some(workspace) = &cli.workspace {
        sources.env.insert(client::WORKSPACE.to_owned(), workspace.clone());
    }
    sources
}

fn tell(
    problem: &anyhow::Error,
    json: bool,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> std::io::Result<()> {
    if json {
        let document = match problem.downcast_ref::<NoAnswer>() {
            Some(NoAnswer::Refused(refusal, _)) => json!(refusal),
            _ => json!({
                "ok": false,
                "code": code_of(problem),
                "message": format!("{problem:#}"),
                "retryable": exit_of(problem) == Exit::TryAgain,
            }),
        };
        return writeln!(out, "{document:#}");
    }
    let told = format!("{problem:#}");
    let red = screen::bad();
    match told.split_once("; hint: ") {
        Some((what, hint)) => writeln!(err, "{}: {what}\n  hint: {hint}", screen::styled(red, "error")),
        None => writeln!(err, "{}: {told}", screen::styled(red, "error")),
    }
}

fn exit_of(problem: &anyhow::Error) -> Exit {
    match (problem.downcast_ref::<NoAnswer>(), problem.downcast_ref::<Problems>()) {
        (Some(no_answer), _) => no_answer.exit(),
        (None, Some(_)) => Exit::Usage,
        (None, None) => Exit::Failed,
    }
}

fn code_of(problem: &anyhow::Error) -> &'static str {
    match (problem.downcast_ref::<NoAnswer>(), problem.downcast_ref::<Problems>()) {
        (Some(NoAnswer::Stopped(_)), _) => "not_running",
        (Some(NoAnswer::Forbidden(..)), _) => "forbidden",
        (Some(NoAnswer::Broken(_) | NoAnswer::Refused(..)), _) => "broken_answer",
        (None, Some(_)) => "bad_config",
        (None, None) => "failed",
    }
}
