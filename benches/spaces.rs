//! What a thousand workspaces in one file cost: time to ready, memory, and what the program does while nobody says anything.
//!
//!     cargo bench --bench spaces                 a thousand
//!     cargo bench --bench spaces -- 100 5        a hundred, watched for five minutes after the first one
//!
//! A database is made in which that many workspaces are connected: sealed tokens, four channels, two of them picked, ten people.
//! Then the real program is started on it, against a simulator that has the same workspaces. `DESKD_BIN` names another program.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use deskd::domain::bundle::Pick;
use deskd::domain::ids::{ChannelId, PersonId, WorkspaceId};
use deskd::domain::installation::Source;
use deskd::domain::message::{Ourselves, Profile};
use deskd::domain::seal::Keyring;
use deskd::domain::secret::Secret;
use deskd::domain::task::Actor;
use deskd::domain::time::Timestamp;
use deskd::runtime::clock::Clock;
use deskd::simulator::{AppSetup, ChannelSetup, Setup, Simulator};
use deskd::store::Store;
use deskd::store::channels::Channel;
use deskd::store::directory::Sheet;
use deskd::store::installations::{NewInstallation, Tokens};
use tokio::net::UnixDatagram;

const MINUTE: Duration = Duration::from_secs(60);
/// How long is waited for the program to say that it is ready.
const PATIENCE: Duration = Duration::from_secs(120);

/// The program, which ends with this value.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn main() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut numbers = std::env::args().filter_map(|word| word.parse().ok());
    let (count, minutes) = (numbers.next().unwrap_or(1000), numbers.next().unwrap_or(1));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(run(count, minutes));
}

async fn run(count: usize, minutes: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let key = "07".repeat(32);
    let slacks = workspaces(count);
    fill(&folder.path().join("deskd.db"), &key, &slacks).await;
    let size = std::fs::metadata(folder.path().join("deskd.db")).expect("a database").len();
    println!("{count} workspaces, a file of {} KiB", size / 1024);

    let config = format!(
        "[slack]\napi_url = \"{}\"\n[store]\npath = \"deskd.db\"\n[api]\nsocket = \"deskd.sock\"\n",
        slacks[0].api_url()
    );
    std::fs::write(folder.path().join("config.toml"), config).expect("written");
    let heard = UnixDatagram::bind(folder.path().join("notify.sock")).expect("a socket");
    let begun = now();
    let daemon = Daemon(start(folder.path(), &key, &slacks[0]));
    let pid = daemon.0.id();
    tokio::time::timeout(PATIENCE, ready(&heard)).await.expect("the program says that it is ready");
    println!("ready after {:.2} s", begun.elapsed().as_secs_f64());
    tokio::time::timeout(PATIENCE, slacks[0].until(|slack| slack.sockets() >= 2)).await.expect("sockets");
    println!("both sockets after {:.2} s, {}", begun.elapsed().as_secs_f64(), memory(pid));
    let (mut calls, mut cpu) = (0, 0.0);
    for minute in 0..=minutes {
        tokio::time::sleep(MINUTE).await;
        let (called, used) = (calls_of(&slacks), cpu_seconds(pid));
        let what = if minute == 0 { "first minute".to_owned() } else { format!("minute {}", minute + 1) };
        println!("{what}: {} calls, {:.2} s of CPU, {}", called - calls, used - cpu, memory(pid));
        (calls, cpu) = (called, used);
    }
    let complaints = slacks[0].complaints();
    assert!(complaints.is_empty(), "Slack complains: {complaints:?}");
    slacks[0].stop();
}

fn workspaces(count: usize) -> Vec<Simulator> {
    let epoch_ms = Clock::Wall.now().0;
    let home =
        Simulator::start(([127, 0, 0, 1], 0).into(), Setup { epoch_ms, ..setup(0) }).expect("a simulator");
    let others: Vec<Simulator> = (1..count).map(|number| home.add_workspace(setup(number))).collect();
    std::iter::once(home).chain(others).collect()
}

fn setup(number: usize) -> Setup {
    let app = AppSetup { bot_token: format!("xoxb-{number}-bench-simulated"), ..AppSetup::default() };
    let channels = ["support", "sales", "general", "random"].map(ChannelSetup::public).to_vec();
    let team_name = format!("Workspace {number}");
    Setup { team_id: format!("T0BENCH{number:04}"), team_name, app, channels, ..Setup::default() }
}

/// Makes the database of a program that has served these workspaces for a while.
async fn fill(path: &Path, key: &str, slacks: &[Simulator]) {
    let now = Clock::Wall.now();
    let store = Store::open(path, now).await.expect("an empty database");
    let store = store.with_keys(Keyring::parse(key).expect("a key"));
    for (number, slack) in slacks.iter().enumerate() {
        let workspace = WorkspaceId(slack.setup().team_id);
        if number == 0 {
            let introduced = store.introduce(ours(slack), scopes(slack), now).await;
            introduced.expect("introduced");
        } else {
            store.install(installation(slack), now).await.expect("installed");
        }
        people(&store, &workspace, slack, now).await;
    }
    store.checkpoint().await.expect("folded");
}

async fn people(store: &Store, workspace: &WorkspaceId, slack: &Simulator, now: Timestamp) {
    let space = store.of(workspace);
    let channel = |name: &str| ChannelId(slack.channel_id(name).expect("a channel"));
    let listed = slack.channels().into_iter().map(|channel| Channel {
        id: ChannelId(channel.id),
        name: channel.name,
        is_private: false,
        is_member: true,
        is_archived: false,
        pick: Pick::None,
    });
    space.sync_channels(listed.collect(), now).await.expect("channels");
    for name in ["support", "sales"] {
        space.pick_channel(channel(name), Pick::Monitor, Actor::Desk, now).await.expect("picked");
    }
    let people = slack.people().into_iter().map(|person| Profile {
        person: PersonId(person.id),
        team: Some(WorkspaceId(person.team_id)),
        handle: person.handle,
        name: person.real_name,
        email: person.email,
        is_bot: person.bot.is_some(),
        deleted: person.deleted,
    });
    space.begin_reading().await.expect("begun");
    space.list_people(Sheet { items: people.collect(), next: None }, now).await.expect("people");
    space.list_groups(Sheet { items: Vec::new(), next: None }, now).await.expect("groups");
}

fn installation(slack: &Simulator) -> NewInstallation {
    let bot = Secret::new(&slack.bot_token());
    NewInstallation {
        ours: ours(slack),
        enterprise: String::new(),
        org_wide: false,
        source: Source::Connected,
        scopes: scopes(slack),
        tokens: Tokens { bot, user: None, refresh: None, expires_at: None },
        by: Actor::Desk,
    }
}

fn scopes(slack: &Simulator) -> Vec<String> {
    slack.setup().app.scopes
}

fn ours(slack: &Simulator) -> Ourselves {
    let Setup { team_id, team_name, team_domain, app, .. } = slack.setup();
    Ourselves {
        workspace: WorkspaceId(team_id),
        workspace_name: team_name,
        url: format!("https://{team_domain}.slack.com/"),
        person: PersonId(app.bot_user_id),
        bot: app.bot_id,
        app: Some(app.id),
    }
}

fn start(folder: &Path, key: &str, slack: &Simulator) -> Child {
    let program = std::env::var_os("DESKD_BIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_deskd").into());
    let log = std::fs::File::create(folder.join("log")).expect("a log");
    let mut command = Command::new(program);
    command.arg("--config").arg(folder.join("config.toml")).arg("run");
    command.env("SLACK_APP_TOKEN", slack.app_token()).env("SLACK_BOT_TOKEN", slack.bot_token());
    command.env("DESKD_KEY", key).env("NOTIFY_SOCKET", folder.join("notify.sock"));
    command.stdin(Stdio::null()).stderr(log).spawn().expect("the program starts")
}

/// Waits until the program tells systemd that it serves.
async fn ready(heard: &UnixDatagram) {
    let mut said = [0; 256];
    loop {
        let length = heard.recv(&mut said).await.expect("heard");
        if said[..length].windows(7).any(|word| word == b"READY=1") {
            return;
        }
    }
}

fn calls_of(slacks: &[Simulator]) -> usize {
    let of =
        |slack: &Simulator| slack.called_methods().iter().map(|method| slack.calls(method)).sum::<usize>();
    slacks.iter().map(of).sum()
}

/// Resident now and at most so far, by the kernel's count.
fn memory(pid: u32) -> String {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let mib = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).unwrap_or_default() / 1024.0
    };
    format!("{:.0} MiB resident, {:.0} MiB at most", mib("VmRSS:"), mib("VmHWM:"))
}

/// User and system time of a process so far, from the kernel's own count of 1/100 s.
fn cpu_seconds(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or_default();
    (ticks(11) + ticks(12)) / 100.0
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn now() -> Instant {
    Instant::now()
}
