//! Signed events over keep-alive connections: how many a second are on disk and answered, and how long each waits.
//!
//!     cargo bench --bench hooks              deskd, and Bolt's receiver for comparison where tests/peers/fetch has fetched it
//!
//! Both are processes of their own, loaded the same way by this one: 64 connections, each with one request under way.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use deskd::simulator::{Setup, Simulator};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const CONNECTIONS: usize = 64;
const WARM: Duration = Duration::from_secs(2);
const LOADED: Duration = Duration::from_secs(8);
/// The two take turns: a machine that others use too is not equally quick for both.
const ROUNDS: usize = 5;

/// A peer that ends with this value.
struct Peer(Child);

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a run came to.
struct Run {
    per_second: f64,
    p50: Duration,
    p99: Duration,
}

fn main() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let ours = runtime.block_on(deskd());
        tell("deskd, durable before 200", &ours);
        let Some(theirs) = runtime.block_on(bolt()) else {
            println!("skipped bolt-js: tests/peers/fetch fetches it");
            return;
        };
        tell("bolt-js's receiver, stores nothing", &theirs);
        ratios.push(ours.per_second / theirs.per_second);
        println!("ratio {:.1}", ratios[ratios.len() - 1]);
    }
    ratios.sort_by(f64::total_cmp);
    println!("ratio, median of {ROUNDS}: {:.1}", ratios[ROUNDS / 2]);
}

fn tell(name: &str, run: &Run) {
    let (p50, p99) = (run.p50.as_secs_f64() * 1e3, run.p99.as_secs_f64() * 1e3);
    println!("{name}: {:.0} events/s, p50 {p50:.1} ms, p99 {p99:.1} ms", run.per_second);
}

fn free() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address")
}

async fn deskd() -> Run {
    let slack = Simulator::start(([127, 0, 0, 1], 0).into(), Setup::default()).expect("a simulator");
    let folder = tempfile::tempdir().expect("a folder");
    let address = free();
    let config = format!(
        "[slack]\nmode = \"http\"\napi_url = \"{}\"\n[http]\nlisten = \"{address}\"\n[store]\npath = \"deskd.db\"\n[api]\nsocket = \"deskd.sock\"\n",
        slack.api_url()
    );
    let path = folder.path().join("config.toml");
    std::fs::write(&path, config).expect("written");
    let daemon = Command::new(env!("CARGO_BIN_EXE_deskd"))
        .arg("--config")
        .arg(&path)
        .arg("run")
        .env("SLACK_BOT_TOKEN", slack.bot_token())
        .env("SLACK_SIGNING_SECRET", SECRET)
        .stderr(Stdio::null())
        .spawn();
    let _daemon = Peer(daemon.expect("deskd starts"));
    let run = load(address).await;
    slack.stop();
    run
}

async fn bolt() -> Option<Run> {
    let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers/bolt_js");
    if !peers.join("node_modules/@slack/bolt").exists() {
        return None;
    }
    let script = peers.join("receiver.js");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/bolt_js/receiver.js");
    std::fs::copy(source, &script).ok()?;
    let address = free();
    let node = Command::new("node")
        .arg(script)
        .arg(address.port().to_string())
        .arg(SECRET)
        .env("NODE_ENV", "production")
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let mut node = Peer(node);
    let mut line = String::new();
    BufReader::new(node.0.stdout.take()?).read_line(&mut line).ok()?;
    Some(load(address).await)
}

/// Loads an address and measures, after a while of warming up.
async fn load(address: SocketAddr) -> Run {
    let up = async {
        while TcpStream::connect(address).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), up).await.expect("it listens");
    let begun = now() + WARM;
    let end = begun + LOADED;
    let clients: Vec<_> = (0..CONNECTIONS).map(|at| tokio::spawn(client(address, at, begun, end))).collect();
    let mut waits = Vec::new();
    for client in clients {
        waits.extend(client.await.expect("no panic"));
    }
    waits.sort_unstable();
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize];
    Run { per_second: waits.len() as f64 / LOADED.as_secs_f64(), p50: at(0.5), p99: at(0.99) }
}

#[expect(clippy::disallowed_methods, reason = "a bench measures real time")]
fn now() -> Instant {
    Instant::now()
}

/// One connection with one request under way; how long each waited between the two instants.
async fn client(address: SocketAddr, number: usize, begun: Instant, end: Instant) -> Vec<Duration> {
    let mut stream = TcpStream::connect(address).await.expect("connected");
    stream.set_nodelay(true).expect("set");
    let (mut waits, mut answer) = (Vec::new(), vec![0; 4096]);
    loop {
        let request = request(number, NEXT.fetch_add(1, Ordering::Relaxed));
        let sent = now();
        if sent >= end {
            break;
        }
        stream.write_all(&request).await.expect("written");
        let mut length = 0;
        while !is_whole(&answer[..length]) {
            let count = stream.read(&mut answer[length..]).await.expect("read");
            assert!(count > 0, "the connection is kept");
            length += count;
        }
        assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer[..length]));
        let done = now();
        if sent >= begun && done <= end {
            waits.push(done - sent);
        }
    }
    waits
}

/// Whether this is a whole answer, with a length or in chunks. Cheap, because it shares the cores with what is measured.
fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = find(answer, b"\r\n\r\n") else { return false };
    let (head, body) = (&answer[..end], &answer[end + 4..]);
    let value = |name: &str| {
        let line = head.split(|byte| *byte == b'\n').find(|line| {
            line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()))
        })?;
        std::str::from_utf8(&line[name.len()..]).ok().map(str::trim)
    };
    match value("content-length:").and_then(|length| length.parse::<usize>().ok()) {
        Some(length) => body.len() >= length,
        None => value("transfer-encoding:") != Some("chunked") || body.ends_with(b"0\r\n\r\n"),
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

/// The next event: their ids rise over all connections, as Slack's do.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// A message as Slack's Events API delivers it, about 1.2 KB, signed now.
fn request(number: usize, at: u64) -> Vec<u8> {
    let unix = deskd::runtime::clock::Clock::Wall.now().unix_seconds();
    static FILLER: LazyLock<String> =
        LazyLock::new(|| "a longer text that somebody wrote about an order ".repeat(14));
    let (filler, ts) = (FILLER.as_str(), at % 1_000_000);
    let body = format!(
        r#"{{"token":"x","team_id":"T0ACME00001","context_team_id":"T0ACME00001","api_app_id":"A0DESKAPP01","event":{{"type":"message","user":"U0BENCH{number}","text":"{filler}","ts":"{unix}.{ts:06}","client_msg_id":"{number}-{at}","team":"T0ACME00001","channel":"C0BENCH","event_ts":"{unix}.{ts:06}","channel_type":"channel"}},"type":"event_callback","event_id":"Ev08{at:09}","event_time":{unix},"authorizations":[{{"enterprise_id":null,"team_id":"T0ACME00001","user_id":"U0DESKBOT01","is_bot":true,"is_enterprise_install":false}}],"is_ext_shared_channel":false,"event_context":"4-bench"}}"#
    );
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any key is taken");
    mac.update(format!("v0:{unix}:").as_bytes());
    mac.update(body.as_bytes());
    let hex = |half: u8| char::from_digit(u32::from(half), 16).expect("half a byte");
    let digest = mac.finalize().into_bytes();
    let signature: String = digest.iter().flat_map(|byte| [hex(byte >> 4), hex(byte & 15)]).collect();
    format!(
        "POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\nX-Slack-Request-Timestamp: {unix}\r\nX-Slack-Signature: v0={signature}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
