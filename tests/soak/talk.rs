//! Talking to the daemon as people and programs do: the command line and the local API.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::desk::Desk;

/// Longest wait for an answer; a frozen daemon gives none for a while.
const PATIENCE: Duration = Duration::from_secs(45);

/// How to reach one desk.
#[derive(Clone)]
pub struct Talk {
    socket: PathBuf,
    command: Arc<dyn Fn() -> std::process::Command + Send + Sync>,
}

impl Talk {
    /// Reaches this desk, now and after each restart.
    pub fn new(desk: &Desk) -> Talk {
        let model = desk.command();
        let program = model.get_program().to_owned();
        let words: Vec<_> = model.get_args().map(ToOwned::to_owned).collect();
        let pairs = model.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
        let pairs: Vec<_> = pairs.collect();
        let command = move || {
            let mut command = std::process::Command::new(&program);
            command.args(&words).envs(pairs.clone()).stdin(std::process::Stdio::null());
            command
        };
        Talk { socket: desk.socket(), command: Arc::new(command) }
    }

    /// Runs a command; what it said when it did not end with 0.
    pub async fn run(&self, words: &[&str]) -> Result<String, String> {
        let mut command = tokio::process::Command::from((self.command)());
        command.args(words).kill_on_drop(true);
        match timeout(PATIENCE, command.output()).await {
            Ok(Ok(output)) if output.status.success() => {
                Ok(String::from_utf8_lossy(&output.stdout).into_owned())
            }
            Ok(Ok(output)) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("no answer in time".to_owned()),
        }
    }

    /// GET of a JSON document.
    pub async fn get(&self, path: &str) -> Result<Value, String> {
        let (status, body) = self.ask("GET", path, "").await?;
        match status {
            200 => serde_json::from_str(&body).map_err(|error| error.to_string()),
            _ => Err(format!("{path}: HTTP {status}")),
        }
    }

    /// GET of a text.
    pub async fn text(&self, path: &str) -> Result<String, String> {
        self.ask("GET", path, "").await.map(|(_, body)| body)
    }

    /// POST of a JSON document; whether it was taken.
    pub async fn post(&self, path: &str, document: &Value) -> Result<(), String> {
        match self.ask("POST", path, &document.to_string()).await? {
            (200, _) => Ok(()),
            (status, _) => Err(format!("{path}: HTTP {status}")),
        }
    }

    async fn ask(&self, verb: &str, path: &str, body: &str) -> Result<(u16, String), String> {
        let asked = async {
            let mut stream = UnixStream::connect(&self.socket).await?;
            let request = format!(
                "{verb} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
                 Content-Length: {}\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(request.as_bytes()).await?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await?;
            Ok::<String, std::io::Error>(answer)
        };
        let answer = timeout(PATIENCE, asked).await.map_err(|_| "no answer in time".to_owned())?;
        let answer = answer.map_err(|error| error.to_string())?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or("the answer was cut")?;
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).ok_or("not HTTP")?;
        Ok((status, body.to_owned()))
    }
}
