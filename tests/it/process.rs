//! The program as it is started in earnest: the binary in a process of its own, killed without warning, in real time.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use deskd::simulator::{Setup, Simulator};
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::world::calls_are_published;

const BINARY: &str = env!("CARGO_BIN_EXE_deskd");

/// Longest wait for anything here; a loaded machine needs seconds, not this.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A simulated workspace, and a folder in which the daemon lives from one life to the next.
pub struct Machine {
    pub slack: Simulator,
    pub folder: TempDir,
    pub daemon: Option<Child>,
    /// What the process finds in its environment beside the tokens.
    pub env: Vec<(&'static str, OsString)>,
}

impl Machine {
    pub fn new() -> Machine {
        Machine::with(Machine::setup(), "")
    }

    /// The usual workspace.
    pub fn setup() -> Setup {
        Setup { epoch_ms: 1_767_603_600_000, ..Setup::default() }
    }

    /// Another workspace, at another address unless that is empty.
    pub fn with(setup: Setup, api_url: &str) -> Machine {
        Machine::configured(setup, api_url, "")
    }

    /// The same with more lines of configuration.
    pub fn configured(setup: Setup, api_url: &str, more: &str) -> Machine {
        let slack = Simulator::start(([127, 0, 0, 1], 0).into(), setup).unwrap();
        let api_url = if api_url.is_empty() { slack.api_url() } else { api_url.to_owned() };
        let folder = crate::world::folder();
        let config = format!(
            "[slack]\napi_url = \"{}\"\n[inbox]\nquiet = \"2s\"\n[store]\npath = \"deskd.db\"\n[api]\nsocket = \"deskd.sock\"\n{more}",
            api_url
        );
        std::fs::write(folder.path().join("config.toml"), config).unwrap();
        Machine { slack, folder, daemon: None, env: Vec::new() }
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("config.toml")
    }

    pub fn command(&self) -> Command {
        let mut command = Command::new(BINARY);
        command
            .arg("--config")
            .arg(self.config())
            .env("SLACK_APP_TOKEN", self.slack.app_token())
            .env("SLACK_BOT_TOKEN", self.slack.bot_token())
            .envs(self.env.iter().cloned())
            .stdin(Stdio::null());
        command
    }

    /// Starts the daemon and waits until both of its sockets are there.
    pub async fn start(&mut self) {
        self.launch();
        timeout(PATIENCE, self.slack.until(|slack| slack.sockets() >= 2)).await.unwrap();
    }

    /// Starts the daemon and waits for nothing.
    pub fn launch(&mut self) {
        let log =
            std::fs::File::options().append(true).create(true).open(self.folder.path().join("log")).unwrap();
        self.daemon = Some(self.command().arg("run").stderr(log).spawn().unwrap());
    }

    /// Waits until the daemon answers commands.
    pub async fn answers(&self) {
        let mut look = interval(Duration::from_millis(100));
        let asked = async {
            while !self.deskd(&["status"]).await.status.success() {
                look.tick().await;
            }
        };
        timeout(PATIENCE, asked).await.expect("the daemon answers");
    }

    /// Ends the daemon without a word and without waiting for Slack to notice.
    pub fn end(&mut self) {
        let mut daemon = self.daemon.take().unwrap();
        daemon.kill().unwrap();
        daemon.wait().unwrap();
    }

    /// Kills the daemon as the kernel would, without a word.
    pub async fn kill(&mut self) {
        let mut daemon = self.daemon.take().unwrap();
        daemon.kill().unwrap();
        daemon.wait().unwrap();
        timeout(PATIENCE, self.slack.until(|slack| slack.sockets() == 0)).await.unwrap();
    }

    pub async fn deskd(&self, words: &[&str]) -> Output {
        let mut command = tokio::process::Command::from(self.command());
        timeout(PATIENCE, command.args(words).output()).await.unwrap().unwrap()
    }

    pub async fn json(&self, words: &[&str]) -> Value {
        let output = self.deskd(&[words, &["--json"]].concat()).await;
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Waits until the daemon's answer is as wanted.
    pub async fn until(&self, words: &[&str], wanted: impl Fn(&Value) -> bool) -> Value {
        let mut look = interval(Duration::from_millis(100));
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let seen = async {
            loop {
                look.tick().await;
                let answer = self.json(words).await;
                if wanted(&answer) {
                    return answer;
                }
            }
        };
        timeout(PATIENCE, seen).await.unwrap_or_else(|_| panic!("{words:?} never answered as wanted"))
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
        calls_are_published(&self.slack);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_killed_again_and_again_makes_one_task_and_answers_once() {
    let mut machine = Machine::new();
    machine.start().await;
    let monitored = machine.deskd(&["channels", "monitor", "#support"]).await;
    assert!(monitored.status.success(), "{}", String::from_utf8_lossy(&monitored.stderr));
    let mut posted = Vec::new();
    for text in ["Hello", "our invoice 4711", "was charged twice", "in January", "please refund one"] {
        posted.push(machine.slack.say("ada", "support", text).unwrap());
        timeout(PATIENCE, machine.slack.until(|slack| slack.unacked() == 0)).await.unwrap();
        machine.kill().await;
        machine.start().await;
    }
    let tasks = machine.until(&["task", "list"], |tasks| tasks[0]["message_count"] == 5).await;
    assert_eq!(tasks.as_array().unwrap().len(), 1, "{tasks}");
    assert_eq!(tasks[0]["contact"]["email"], "ada@globex.example");
    assert_eq!(tasks[0]["category"], "billing");
    assert_eq!(tasks[0]["thread_ts"], *posted[0]);
    let replied = machine.deskd(&["reply", "1", "We refund it today."]).await;
    assert!(replied.status.success(), "{}", String::from_utf8_lossy(&replied.stderr));
    machine.kill().await;
    machine.start().await;
    machine.until(&["task", "show", "1"], |task| task["conversation"][5]["from"] == "desk").await;
    let thread = machine.slack.thread("support", &posted[0]).unwrap();
    assert_eq!(thread.len(), 2, "the reply is in the thread, once");
    assert_eq!(machine.json(&["task", "list", "--all"]).await.as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_to_a_stopped_daemon_says_so_and_may_be_tried_again() {
    let machine = Machine::new();
    for words in [&["task", "list"][..], &["status"], &["reply", "1", "hello"], &["why", "task 1"]] {
        let output = machine.deskd(words).await;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(75), "{words:?}: {said}");
        assert!(said.contains("deskd is not running") && said.contains("hint:"), "{words:?}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f13_swapped_tokens_are_refused_at_the_start_by_name() {
    let machine = Machine::new();
    let mut command = machine.command();
    command
        .env("SLACK_APP_TOKEN", machine.slack.bot_token())
        .env("SLACK_BOT_TOKEN", machine.slack.app_token());
    let output = tokio::process::Command::from(command).arg("run").output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    for name in ["SLACK_APP_TOKEN", "SLACK_BOT_TOKEN", "xoxb-", "xapp-"] {
        assert!(said.contains(name), "{name} is not named:\n{said}");
    }
    assert!(!said.contains("simulated"), "a token is shown:\n{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f16_sigterm_ends_the_daemon_quickly_and_politely() {
    let mut machine = Machine::new();
    machine.start().await;
    let daemon = machine.daemon.take().unwrap();
    let asked = Command::new("kill").arg(daemon.id().to_string()).status().unwrap();
    assert!(asked.success());
    let ended = tokio::task::spawn_blocking(move || daemon.wait_with_output());
    let ended = timeout(Duration::from_secs(10), ended).await.unwrap().unwrap().unwrap();
    assert_eq!(ended.status.code(), Some(0));
    let log = machine.folder.path().join("deskd.db-wal");
    assert!(!Path::new(&log).exists() || std::fs::metadata(&log).unwrap().len() == 0, "the log is folded");
    assert!(machine.slack.complaints().is_empty(), "{:?}", machine.slack.complaints());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn systemd_is_told_of_readiness_and_of_life_and_of_the_end() {
    let mut machine = Machine::new();
    let path = machine.folder.path().join("notify.sock");
    let heard = tokio::net::UnixDatagram::bind(&path).unwrap();
    machine.env = vec![("NOTIFY_SOCKET", path.into()), ("WATCHDOG_USEC", "2000000".into())];
    machine.launch();
    let mut told = String::new();
    let mut said = [0; 256];
    let mut hear = async |word: &str| {
        while !told.contains(word) {
            let length = timeout(PATIENCE, heard.recv(&mut said)).await.expect(word).unwrap();
            told.push_str(&String::from_utf8_lossy(&said[..length]));
        }
    };
    hear("READY=1").await;
    hear("WATCHDOG=1").await;
    let mut daemon = machine.daemon.take().unwrap();
    assert!(Command::new("kill").arg(daemon.id().to_string()).status().unwrap().success());
    hear("STOPPING=1").await;
    assert!(tokio::task::spawn_blocking(move || daemon.wait()).await.unwrap().unwrap().success());
}
