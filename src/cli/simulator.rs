//! `deskd simulator`: serves the simulated Slack workspace alone, until Ctrl-C.
//!
//! What it can do is in `simulator/`; this only starts it and tells a person how to reach it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;

use super::call::Exit;
use crate::runtime::clock::Clock;
use crate::simulator::{HttpSetup, Kind, Setup, Simulator};

/// How often the address of events is tried again, and how long after the time before: proxy and deskd may be starting.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(500);

/// Serve a simulated Slack workspace, to try deskd without Slack.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The loopback address to serve on.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9700")]
    listen: SocketAddr,
    /// Another workspace in which the app is installed, by its name; may be given several times.
    #[arg(long, value_name = "NAME")]
    workspace: Vec<String>,
    /// Tokens of people who install the app live for twelve hours, as with token rotation.
    #[arg(long)]
    token_rotation: bool,
    /// Deliver over HTTP to the app's addresses below this one, for instance http://127.0.0.1:8766/slack.
    #[arg(long, value_name = "URL", requires = "signing_secret_file")]
    http: Option<String>,
    /// File with the secret that those requests are signed with.
    #[arg(long, value_name = "FILE", requires = "http")]
    signing_secret_file: Option<PathBuf>,
    /// File with the certificate (PEM) that stands behind the address, where it is one of your own making.
    #[arg(long, value_name = "FILE", requires = "http")]
    http_ca_file: Option<PathBuf>,
}

impl Args {
    /// Where to deliver over HTTP, if that was asked for.
    fn http_setup(&self) -> anyhow::Result<Option<HttpSetup>> {
        let (Some(base), Some(file)) = (&self.http, &self.signing_secret_file) else { return Ok(None) };
        let read = |file: &Path| {
            std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
        };
        let signing_secret = read(file)?.trim().to_owned();
        let ca_pem = self.http_ca_file.as_deref().map(read).transpose()?;
        Ok(Some(HttpSetup { base: base.clone(), signing_secret, ca_pem }))
    }
}

/// Serves until Ctrl-C or SIGTERM; the workspace's clock begins at the machine's.
pub async fn run(args: &Args, clock: Clock) -> anyhow::Result<Exit> {
    let mut setup = Setup { epoch_ms: clock.now().0, http: args.http_setup()?, ..Setup::default() };
    setup.app.token_rotation = args.token_rotation;
    serve(args.listen, setup, &args.workspace).await?;
    Ok(Exit::Done)
}

/// Serves the workspace of `setup` on `listen` (loopback only), and others beside it, until Ctrl-C or SIGTERM.
async fn serve(listen: SocketAddr, setup: Setup, others: &[String]) -> anyhow::Result<()> {
    let simulator = Simulator::start(listen, setup)
        .with_context(|| format!("cannot serve the simulated workspace on {listen}"))?;
    let others = others.iter().map(|name| simulator.open_workspace(name));
    let others: Vec<Simulator> =
        others.collect::<Result<_, _>>().context("cannot serve another workspace")?;
    anstream::println!("{}", introduction(&simulator, &others));
    let mut answered = simulator.try_address().await;
    for _ in 0..TRIES {
        if answered != Some(false) {
            break;
        }
        tokio::time::sleep(PAUSE).await;
        answered = simulator.try_address().await;
    }
    match answered {
        Some(true) => anstream::println!(
            "\nThe address of events answered the challenge: everything goes there, signed."
        ),
        Some(false) => anstream::println!(
            "\nThe address of events did not answer the challenge. Is deskd running, and the proxy before it?\n\
             Everything goes there all the same, and is tried again as Slack does."
        ),
        None => {}
    }
    wait_for_stop().await.context("cannot listen for signals")?;
    simulator.stop();
    Ok(())
}

async fn wait_for_stop() -> std::io::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result,
        _ = terminate.recv() => Ok(()),
    }
}

/// What a person needs to know to use it.
fn introduction(simulator: &Simulator, others: &[Simulator]) -> String {
    let setup = simulator.setup();
    let rooms = simulator.channels().into_iter().filter(|channel| !matches!(channel.kind, Kind::Im(_)));
    let rooms: Vec<String> = rooms
        .map(|channel| {
            let outside =
                if channel.members.contains(&setup.app.bot_user_id) { "" } else { " (without the bot)" };
            format!("#{} {}{outside}", channel.name, channel.id)
        })
        .collect();
    let people = simulator.people();
    let people: Vec<String> =
        people.iter().map(|person| format!("{} {}", person.handle, person.id)).collect();
    let base = simulator.address();
    let others: String = others
        .iter()
        .map(|other| {
            let setup = other.setup();
            format!("also       {} ({}), bot token {}\n", setup.team_name, setup.team_id, setup.app.bot_token)
        })
        .collect();
    format!(
        "A simulated Slack workspace, {team}. Everything is made up, nothing leaves this machine.\n\
         \n\
         Web API    {api}\n\
         app token  {app}\n\
         bot token  {bot}\n\
         client     {client}, with the secret {secret}\n\
         channels   {rooms}\n\
         people     {people}\n\
         {others}\
         \n\
         Let somebody say something:\n\
         \x20 curl -s http://{base}/sim/say -d '{{\"person\":\"ada\",\"channel\":\"support\",\"text\":\"my invoice is wrong\"}}'\n\
         Look at a channel:\n\
         \x20 curl -s 'http://{base}/sim/history?channel=support'\n\
         All there is to do: curl -s http://{base}/sim/     Stop with Ctrl-C.",
        team = setup.team_name,
        api = simulator.api_url(),
        app = simulator.app_token(),
        bot = simulator.bot_token(),
        client = setup.app.client_id,
        secret = setup.app.client_secret,
        rooms = rooms.join(", "),
        people = people.join(", "),
    )
}
