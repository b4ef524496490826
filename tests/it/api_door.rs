//! The door of a desk: its local API on a unix socket, called as programs call it and as people do.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::PathBuf;

use clap::Parser;
use deskd::cli::{self, Cli};
use deskd::web::{Front, serve_unix};
use regex::Regex;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::UnixListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// An open door.
pub struct Door {
    pub socket: PathBuf,
    http: reqwest::Client,
    stop: CancellationToken,
    served: JoinHandle<()>,
    folder: TempDir,
}

/// How a command ended.
pub struct Ended {
    pub code: u8,
    pub out: String,
    pub err: String,
}

impl Door {
    /// Serves `front` on a socket of its own.
    pub fn open(front: Front) -> Door {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("deskd.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let stop = CancellationToken::new();
        let served = tokio::spawn(serve_unix(listener, front, stop.clone()));
        let http = reqwest::Client::builder().unix_socket(socket.clone()).no_proxy().build().unwrap();
        Door { socket, http, stop, served, folder }
    }

    /// A file of this scene.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A document.
    pub async fn get(&self, path: &str) -> (u16, Value) {
        self.hear(self.http.get(format!("http://localhost{path}"))).await
    }

    /// Something done.
    pub async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.hear(self.http.post(format!("http://localhost{path}")).json(&body)).await
    }

    /// Something done in one workspace of several.
    pub async fn post_in(&self, path: &str, workspace: &str, body: Value) -> (u16, Value) {
        let request = self.http.post(format!("http://localhost{path}")).json(&body);
        self.hear(request.header("deskd-workspace", workspace)).await
    }

    /// A text.
    pub async fn text(&self, path: &str, accept: &str) -> (String, String) {
        let request = self.http.get(format!("http://localhost{path}")).header("accept", accept);
        let answer = request.send().await.unwrap();
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        (kind, answer.text().await.unwrap())
    }

    async fn hear(&self, request: reqwest::RequestBuilder) -> (u16, Value) {
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        assert!(answer.headers().contains_key("deskd-now"), "every answer tells the time");
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap())
    }

    /// What a person types, and what is to be seen then without colours.
    pub async fn deskd(&self, words: &[&str]) -> Ended {
        let socket = self.socket.display().to_string();
        let all = ["deskd", "--socket", &socket].into_iter().chain(words.iter().copied());
        deskd(all).await
    }

    /// The same when it must succeed.
    pub async fn ok(&self, words: &[&str]) -> String {
        let ended = self.deskd(words).await;
        assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{words:?}: {}", ended.out);
        ended.out
    }

    /// Asks it to close; requests under way end first.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Closes it.
    pub async fn close(self) {
        self.stop.cancel();
        self.served.await.unwrap();
    }
}

/// Runs a command line.
pub async fn deskd<'a>(words: impl IntoIterator<Item = &'a str>) -> Ended {
    crate::world::crypto();
    let cli = Cli::try_parse_from(words).unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = cli::execute(cli, &mut out, &mut err).await;
    let seen = |bytes: Vec<u8>| anstream::adapter::strip_str(&String::from_utf8(bytes).unwrap()).to_string();
    Ended { code: exit.code(), out: seen(out), err: seen(err) }
}

/// The text with every instant, message id and trace id replaced by a word.
pub fn timeless(text: &str) -> String {
    let words = [
        (r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME"),
        (r"\b\d{10}\.\d{6}\b", "TS"),
        (r"\bp\d{16}\b", "pTS"),
        (r"\b\d\d:\d\d:\d\d\b", "CLOCK"),
        (r"\b[0-9a-f]{32}\b", "TRACE"),
        (r#""connections_seen": \d"#, r#""connections_seen": COUNT"#),
        (r"user:[\w-]+", "user:NAME"),
        (r"\S+ \(desk\)", "NAME (desk)"),
    ];
    words.iter().fold(text.to_owned(), |text, (pattern, word)| {
        Regex::new(pattern).unwrap().replace_all(&text, *word).into_owned()
    })
}

/// A document as people compare it.
pub fn pretty(document: &Value) -> String {
    timeless(&format!("{document:#}"))
}
