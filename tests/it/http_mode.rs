//! HTTP mode: signed requests become events as frames of a socket do, and nothing else does.

use std::net::SocketAddr;

use deskd::config::Secret;
use deskd::config::apps::Signing;
use deskd::config::settings::Mode;
use deskd::domain::ids::WorkspaceId;
use deskd::domain::time::Timestamp;
use deskd::simulator::{AppSetup, Setup};
use deskd::slack::signature::{Unsigned, verify};
use deskd::web::serve_slack;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::world::World;

pub const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";

/// A desk whose events come over HTTP alone, and somebody who calls it as Slack does.
pub struct Hooks {
    pub world: World,
    pub address: SocketAddr,
    http: reqwest::Client,
    pub stop: CancellationToken,
}

/// How a request was answered.
pub struct Answer {
    pub status: u16,
    pub body: String,
}

impl Hooks {
    pub async fn open() -> Hooks {
        Hooks::with(|world| world.signing = Signing::of(vec![Secret::new(SECRET)])).await
    }

    /// One with other apps or secrets.
    pub async fn with(change: impl FnOnce(&mut World)) -> Hooks {
        Hooks::beside(Vec::new(), change).await
    }

    /// The same where further apps are installed.
    pub async fn beside(others: Vec<AppSetup>, change: impl FnOnce(&mut World)) -> Hooks {
        let setup = Setup { others, ..Setup::default() };
        let mut world = World::without_desk(setup, |config| config.slack.mode = Mode::Http);
        change(&mut world);
        world.settle().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        tokio::spawn(serve_slack(listener, world.desk().doorway(), stop.clone()));
        Hooks { world, address, http: reqwest::Client::builder().no_proxy().build().unwrap(), stop }
    }

    /// Starts a desk that was stopped, with a door of its own.
    pub async fn reopen(&mut self) {
        self.stop.cancel();
        self.world.open().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        (self.address, self.stop) = (listener.local_addr().unwrap(), CancellationToken::new());
        tokio::spawn(serve_slack(listener, self.world.desk().doorway(), self.stop.clone()));
    }

    pub fn now_s(&self) -> i64 {
        self.world.clock.now().unix_seconds()
    }

    /// A request signed as Slack signs, `late` seconds ago.
    pub async fn signed(&self, path: &str, body: &str, late: i64, retry: u32) -> Answer {
        let timestamp = (self.now_s() - late).to_string();
        let signature = sign(SECRET, &timestamp, body.as_bytes());
        self.send(path, body, &[("x-slack-retry-num", &retry.to_string())], &timestamp, &signature).await
    }

    pub async fn send(
        &self,
        path: &str,
        body: &str,
        headers: &[(&str, &str)],
        timestamp: &str,
        signature: &str,
    ) -> Answer {
        let mut request = self.http.post(format!("http://{}{path}", self.address)).body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request =
            request.header("X-Slack-Request-Timestamp", timestamp).header("X-Slack-Signature", signature);
        let answer = request.send().await.unwrap();
        Answer { status: answer.status().as_u16(), body: answer.text().await.unwrap() }
    }

    /// The message that ada writes, as Slack's Events API wraps it.
    pub fn message(&self, text: &str, ts: &str) -> String {
        let slack = &self.world.slack;
        json!({
            "token": "x", "team_id": self.world.workspace.0, "api_app_id": "A1", "type": "event_callback",
            "event": {
                "type": "message", "channel": slack.channel_id("support").unwrap(),
                "user": slack.user_id("ada").unwrap(), "text": text, "ts": ts, "event_ts": ts,
                "channel_type": "channel",
            },
            "event_id": format!("Ev{ts}"), "event_time": 1_700_000_000,
        })
        .to_string()
    }

    pub async fn recorded(&self) -> i64 {
        self.world.store().standing().await.unwrap().recorded
    }

    pub async fn finish(self) {
        self.stop.cancel();
        self.world.finish().await;
    }
}

pub fn sign(secret: &str, timestamp: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("v0:{timestamp}:").as_bytes());
    mac.update(body);
    let digest = mac.finalize().into_bytes();
    digest.iter().fold(String::from("v0="), |hex, byte| format!("{hex}{byte:02x}"))
}

#[test]
fn f40_slacks_published_signatures_are_good_to_the_byte() {
    let Some(folder) = std::env::var_os("DESKD_PAYLOADS").map(std::path::PathBuf::from) else {
        println!("skipped: DESKD_PAYLOADS is not set");
        return;
    };
    let text = std::fs::read_to_string(folder.join("signature/vectors.json")).unwrap();
    let vectors: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert!(vectors.len() >= 2);
    for vector in vectors {
        let part = |name: &str| vector[name].as_str().unwrap();
        let at = Timestamp(part("timestamp").parse::<i64>().unwrap() * 1000);
        let check = |body: &[u8]| {
            verify(&[Secret::new(part("secret"))], part("timestamp"), part("signature"), body, at)
        };
        assert_eq!(check(part("body").as_bytes()), Ok(()), "{}", part("name"));
        let mut flipped = part("body").as_bytes().to_vec();
        flipped[0] ^= 1;
        assert_eq!(check(&flipped), Err(Unsigned::Mismatch), "{}", part("name"));
    }
}

#[tokio::test(start_paused = true)]
async fn f40_a_signed_request_is_on_disk_before_it_is_answered_and_becomes_a_task() {
    let hooks = Hooks::open().await;
    let body = hooks.message("the invoice is wrong \u{1f4a5}\u{2028} – 100 % \\u0041", "1700000001.000100");
    let before = hooks.recorded().await;
    let answer = hooks.signed("/slack/events", &body, 0, 0).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    assert_eq!(hooks.recorded().await, before + 1);
    // Slack repeats what it believes unanswered, and anybody may repeat a signed request while it is fresh.
    for retry in [1, 2, 0] {
        assert_eq!(hooks.signed("/slack/events", &body, 5, retry).await.status, 200);
    }
    assert_eq!(hooks.recorded().await, before + 1, "the same delivery is recorded once");
    hooks.world.pass(40).await;
    let tasks = hooks.world.tasks().await;
    assert_eq!(tasks.matches("the invoice is wrong").count(), 1, "{tasks}");
    hooks.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f40_a_retry_is_taken_even_when_the_first_delivery_never_arrived() {
    let hooks = Hooks::open().await;
    let body = hooks.message("is anybody there?", "1700000002.000100");
    assert_eq!(hooks.signed("/slack/events", &body, 0, 3).await.status, 200);
    hooks.world.pass(40).await;
    assert!(hooks.world.tasks().await.contains("is anybody there?"));
    hooks.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f40_what_is_not_signed_now_by_slack_is_refused_and_leaves_no_trace() {
    let hooks = Hooks::open().await;
    let body = hooks.message("let me in", "1700000003.000100");
    let before = hooks.recorded().await;
    let now = hooks.now_s().to_string();
    let good = sign(SECRET, &now, body.as_bytes());
    let reserialised = serde_json::from_str::<Value>(&body).unwrap().to_string().replace(":", ": ");
    for (body, timestamp, signature) in [
        (body.as_str(), now.as_str(), ""),
        (&body, "", &good),
        (&body, &now, &sign("another secret", &now, body.as_bytes())),
        (&reserialised, &now, &good),
        (&format!("{body} "), &now, &good),
    ] {
        let answer = hooks.send("/slack/events", body, &[], timestamp, signature).await;
        assert_eq!(answer.status, 401);
        let document: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(
            (&document["ok"], &document["code"], &document["retryable"]),
            (&json!(false), &json!(2004), &json!(false))
        );
        assert_eq!(document.as_object().unwrap().len(), 5, "{document}");
    }
    for late in [301, -301] {
        assert_eq!(hooks.signed("/slack/events", &body, late, 0).await.status, 401, "{late} s");
    }
    let huge = "x".repeat((1 << 20) + 1);
    assert_eq!(hooks.signed("/slack/events", &huge, 0, 0).await.status, 413);
    assert_eq!(hooks.signed("/slack/other", &body, 0, 0).await.status, 404);
    assert_eq!(hooks.recorded().await, before);
    for late in [299, -299] {
        assert_eq!(hooks.signed("/slack/events", &body, late, 0).await.status, 200, "{late} s");
    }
    hooks.world.pass(40).await;
    hooks.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f40_only_the_challenge_of_a_new_address_is_answered_unsigned_and_nothing_is_recorded() {
    let hooks = Hooks::open().await;
    let before = hooks.recorded().await;
    let body = r#"{"token":"x","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P","type":"url_verification"}"#;
    let answer = hooks.send("/slack/events", body, &[], "", "").await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (200, "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P")
    );
    assert_eq!(hooks.signed("/slack/events", body, 0, 0).await.status, 200);
    assert_eq!(
        hooks.send("/slack/commands", body, &[], "", "").await.status,
        401,
        "only where events come in"
    );
    assert_eq!(hooks.signed("/slack/commands", "ssl_check=1&token=x", 0, 0).await.status, 200);
    assert_eq!(hooks.recorded().await, before);
    hooks.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_slash_command_and_a_click_over_http_end_as_over_a_socket() {
    let hooks = Hooks::open().await;
    let team = &hooks.world.workspace;
    let command = format!("command=%2Fdesk&text=&user_id=U1&channel_id=C1&team_id={team}&trigger_id=1.2.a");
    let answer = hooks.signed("/slack/commands", &command, 0, 0).await;
    assert_eq!(answer.status, 200);
    let whisper: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(whisper["response_type"], "ephemeral");
    let click = "payload=%7B%22type%22%3A%22block_actions%22%2C%22trigger_id%22%3A%221.2.b%22%7D";
    assert_eq!(hooks.signed("/slack/interactive", click, 0, 0).await.status, 200);
    hooks.world.pass(1).await;
    let reasons = hooks.world.reasons().await;
    assert!(reasons.contains("command 1") && reasons.contains("interaction 1"), "{reasons}");
    hooks.finish().await;
}

#[tokio::test(start_paused = true)]
async fn over_http_alone_no_socket_is_opened_and_a_stopping_desk_asks_slack_to_come_again() {
    let mut hooks = Hooks::open().await;
    assert_eq!(hooks.world.slack.sockets(), 0);
    assert_eq!(hooks.world.workspace, WorkspaceId(Setup::default().team_id));
    let body = hooks.message("too late", "1700000004.000100");
    hooks.world.close().await;
    let answer = hooks.signed("/slack/events", &body, 0, 0).await;
    assert_eq!(answer.status, 503, "{}", answer.body);
    hooks.stop.cancel();
}

#[tokio::test(start_paused = true)]
async fn ing_03_with_both_ways_either_is_heard_and_what_comes_by_both_counts_once() {
    let hooks = Hooks::with(|world| {
        world.config.slack.mode = Mode::Both;
        world.signing = Signing::of(vec![Secret::new(SECRET)]);
    })
    .await;
    assert_eq!(hooks.world.slack.sockets(), 2);
    hooks.world.slack.say("ada", "support", "the printer is on fire").unwrap();
    let body = hooks.message("and now the curtains are, too", "1700000005.000100");
    assert_eq!(hooks.signed("/slack/events", &body, 0, 0).await.status, 200);
    hooks.world.slack.deliver("events_api", serde_json::from_str(&body).unwrap());
    hooks.world.pass(40).await;
    let tasks = hooks.world.tasks().await;
    for said in ["the printer is on fire", "and now the curtains are, too"] {
        assert_eq!(tasks.matches(said).count(), 1, "{tasks}");
    }
    hooks.finish().await;
}
