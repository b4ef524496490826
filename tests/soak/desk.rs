//! The daemon as a process: its folder, its start, its ends.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use deskd::simulator::Simulator;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::time::sleep;

use super::disk::Disk;

/// Longest time from SIGTERM to the end.
const STOP: Duration = Duration::from_secs(12);

/// The program under test, with everything it owns.
pub struct Desk {
    folder: Option<TempDir>,
    root: PathBuf,
    tokens: [(&'static str, String); 2],
    /// The file system of the database, where mounting is allowed.
    pub disk: Option<Disk>,
    child: Option<Child>,
    pid: Arc<AtomicU32>,
}

impl Desk {
    /// A folder with a configuration for this workspace; nothing runs yet.
    pub fn new(slack: &Simulator, quiet: &str, max_wait: &str) -> Result<Desk, String> {
        let folder =
            tempfile::Builder::new().prefix("deskd-soak-").tempdir().map_err(|error| error.to_string())?;
        let root = folder.path().to_owned();
        let disk = Disk::mount(&root.join("data"));
        if disk.is_none() {
            eprintln!("soak: mounting a small file system is not allowed here, so no disk will be full");
            std::fs::create_dir_all(root.join("data")).map_err(|error| error.to_string())?;
        }
        let config = format!(
            "[slack]\napi_url = \"{}\"\n[inbox]\nquiet = \"{quiet}\"\nmax_wait = \"{max_wait}\"\nmonitor = \"joined\"\n\
             [store]\npath = \"data/deskd.db\"\n[api]\nsocket = \"deskd.sock\"\n",
            slack.api_url()
        );
        std::fs::write(root.join("config.toml"), config).map_err(|error| error.to_string())?;
        let tokens = [("SLACK_APP_TOKEN", slack.app_token()), ("SLACK_BOT_TOKEN", slack.bot_token())];
        Ok(Desk { folder: Some(folder), root, tokens, disk, child: None, pid: Arc::default() })
    }

    /// The database file.
    pub fn database(&self) -> PathBuf {
        self.root.join("data/deskd.db")
    }

    /// The socket of the local API.
    pub fn socket(&self) -> PathBuf {
        self.root.join("deskd.sock")
    }

    /// The process id, 0 while there is none; goes along with restarts.
    pub fn pid(&self) -> Arc<AtomicU32> {
        self.pid.clone()
    }

    /// A command line of the program with this desk's configuration.
    pub fn command(&self) -> Command {
        let binary = std::env::var_os("DESKD").unwrap_or_else(|| env!("CARGO_BIN_EXE_deskd").into());
        let mut command = Command::new(binary);
        command
            .arg("--config")
            .arg(self.root.join("config.toml"))
            .envs(self.tokens.clone())
            .stdin(Stdio::null());
        command
    }

    /// Starts the daemon.
    pub fn start(&mut self) -> Result<(), String> {
        let log = std::fs::File::options().append(true).create(true).open(self.root.join("log"));
        let log = log.map_err(|error| error.to_string())?;
        let child = self.command().arg("run").stdout(Stdio::null()).stderr(log).spawn();
        let child = child.map_err(|error| format!("cannot start the program: {error}"))?;
        self.pid.store(child.id(), Ordering::Relaxed);
        self.child = Some(child);
        Ok(())
    }

    /// Whether the process is there; it may have ended by itself.
    pub fn runs(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.pid.store(0, Ordering::Relaxed);
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// SIGTERM, and the end within its time.
    pub async fn stop(&mut self) -> Result<(), String> {
        self.signal(Signal::TERM);
        let Some(mut child) = self.child.take() else { return Ok(()) };
        for _ in 0..STOP.as_millis() / 20 {
            if let Ok(Some(status)) = child.try_wait() {
                self.pid.store(0, Ordering::Relaxed);
                return match status.success() {
                    true => Ok(()),
                    false => Err(format!("after SIGTERM the daemon ended with {status}")),
                };
            }
            sleep(Duration::from_millis(20)).await;
        }
        let _ = child.kill();
        let _ = child.wait();
        Err(format!("SIGTERM did not end the daemon within {} s", STOP.as_secs()))
    }

    /// SIGSTOP or SIGCONT.
    pub fn freeze(&self, on: bool) {
        self.signal(if on { Signal::STOP } else { Signal::CONT });
    }

    fn signal(&self, signal: Signal) {
        let pid = self.child.as_ref().and_then(|child| Pid::from_raw(i32::try_from(child.id()).ok()?));
        if let Some(pid) = pid {
            let _ = kill_process(pid, signal);
        }
    }

    /// Keeps the folder after the end, for a person to look at.
    pub fn keep(&mut self) -> &Path {
        if let Some(folder) = self.folder.take() {
            let _ = folder.keep();
        }
        if let Some(disk) = self.disk.take() {
            let _ = std::process::Command::new("cp")
                .arg("-r")
                .arg(self.root.join("data"))
                .arg(self.root.join("kept"))
                .status();
            drop(disk);
        }
        &self.root
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.kill();
        self.disk = None;
    }
}
