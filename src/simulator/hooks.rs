//! Deliveries over HTTP: signed requests to the app's addresses instead of frames of a socket.
//!
//! Timing follows Slack's documentation of the Events API: an answer within 3 s, else three retries: at once, after a
//! minute, after five. Commands and interactions are never sent again.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client};
use serde_json::Value;
use sha2::Sha256;
use tokio::sync::mpsc::UnboundedReceiver;

use super::Simulator;
use super::server::Shared;
use super::setup::HttpSetup;

/// How long Slack waits for an answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// How many redirects Slack follows.
const REDIRECTS: usize = 2;

/// One request to be made.
#[derive(Debug)]
pub struct Errand {
    /// The parcel's number.
    pub id: u64,
    /// The envelope's type.
    pub kind: String,
    /// Its payload.
    pub payload: Value,
    /// How often it was tried before.
    pub attempt: u32,
    /// What went wrong the last time, in Slack's words.
    pub reason: &'static str,
}

/// How a request ended.
#[derive(Debug)]
pub enum Outcome {
    /// With a 2xx, and perhaps an answer in it.
    Taken(Option<Value>),
    /// With anything else; Slack's word for it, and whether the app asks not to be tried again.
    Failed(&'static str, bool),
}

/// Makes the requests until the simulator stops.
pub async fn run(
    shared: Arc<Shared>,
    setup: HttpSetup,
    client: Client,
    mut errands: UnboundedReceiver<Errand>,
) {
    let setup = Arc::new(setup);
    while let Some(errand) = errands.recv().await {
        let (shared, setup, client) = (shared.clone(), setup.clone(), client.clone());
        shared.clone().spawn(async move {
            let now_s = shared.lock().clock.now_ms() / 1000;
            let outcome = deliver(&client, &setup, &errand, now_s).await;
            shared.act(|workspace, now_ms| workspace.on_outcome(errand.id, outcome, now_ms));
        });
    }
}

/// What makes the requests.
///
/// # Errors
/// When the certificate of `setup` is none.
pub fn client(setup: &HttpSetup) -> Result<Client, reqwest::Error> {
    let mut builder = Client::builder()
        .no_proxy()
        .user_agent("Slackbot 1.0 (+https://api.slack.com/robots)")
        .redirect(Policy::limited(REDIRECTS))
        .timeout(PATIENCE);
    if let Some(pem) = &setup.ca_pem {
        builder = builder.tls_certs_only(Certificate::from_pem_bundle(pem.as_bytes())?);
    }
    builder.build()
}

async fn deliver(client: &Client, setup: &HttpSetup, errand: &Errand, now_s: i64) -> Outcome {
    let (path, content_type, body) = written(errand);
    let mut headers = vec![("content-type", content_type.to_owned())];
    if errand.attempt > 0 {
        headers.push(("x-slack-retry-num", errand.attempt.to_string()));
        headers.push(("x-slack-retry-reason", errand.reason.to_owned()));
    }
    match post(client, setup, path, (headers, body), now_s).await {
        Ok(answer) if answer.status().is_success() => {
            let text = answer.text().await.unwrap_or_default();
            let said =
                (!text.trim().is_empty()).then(|| serde_json::from_str(&text).unwrap_or(Value::String(text)));
            Outcome::Taken(said)
        }
        Ok(answer) => {
            let enough = answer.headers().get("x-slack-no-retry").is_some_and(|value| value == "1");
            Outcome::Failed("http_error", enough)
        }
        Err(error) if error.is_timeout() => Outcome::Failed("http_timeout", false),
        Err(error) if error.is_redirect() => Outcome::Failed("too_many_redirects", false),
        Err(_) => Outcome::Failed("connection_failed", false),
    }
}

async fn post(
    client: &Client,
    setup: &HttpSetup,
    path: &str,
    (headers, body): (Vec<(&'static str, String)>, String),
    now_s: i64,
) -> Result<reqwest::Response, reqwest::Error> {
    let mut request = client.post(format!("{}/{path}", setup.base.trim_end_matches('/')));
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let signature = sign(&setup.signing_secret, now_s, &body);
    let request = request.header("x-slack-request-timestamp", now_s.to_string());
    request.header("x-slack-signature", signature).body(body).send().await
}

/// Where it goes, of what kind it is, and its bytes.
fn written(errand: &Errand) -> (&'static str, &'static str, String) {
    const FORM: &str = "application/x-www-form-urlencoded";
    let Errand { kind, payload, .. } = errand;
    let mut form = form_urlencoded::Serializer::new(String::new());
    match kind.as_str() {
        "slash_commands" => {
            for (name, value) in payload.as_object().into_iter().flatten() {
                form.append_pair(name, value.as_str().unwrap_or_default());
            }
            ("commands", FORM, form.finish())
        }
        "interactive" => {
            let path = if payload["type"] == "block_suggestion" { "options" } else { "interactive" };
            form.append_pair("payload", &payload.to_string());
            (path, FORM, form.finish())
        }
        _ => ("events", "application/json", payload.to_string()),
    }
}

/// The signature of a body at this moment.
fn sign(secret: &str, now_s: i64, body: &str) -> String {
    let mut text = String::from("v0=");
    // A key of any length is taken.
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) {
        mac.update(format!("v0:{now_s}:{body}").as_bytes());
        for byte in mac.finalize().into_bytes() {
            let _ = write!(text, "{byte:02x}");
        }
    }
    text
}

impl Simulator {
    /// Tries the address of events as Slack does when somebody enters it: whether it echoes a challenge. `None` when
    /// nothing is delivered over HTTP.
    pub async fn try_address(&self) -> Option<bool> {
        let (setup, now_s) = {
            let workspace = self.shared.lock();
            (workspace.setup.http.clone()?, workspace.clock.now_ms() / 1000)
        };
        let challenge = "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P";
        let body = format!(
            "{{\"token\":\"simulated-verification-token\",\"challenge\":\"{challenge}\",\"type\":\"url_verification\"}}"
        );
        let headers = vec![("content-type", "application/json".to_owned())];
        let client = client(&setup).ok()?;
        let answer = match post(&client, &setup, "events", (headers, body), now_s).await {
            Ok(answer) if answer.status() == 200 => answer.text().await.unwrap_or_default(),
            Ok(_) | Err(_) => return Some(false),
        };
        let as_json = serde_json::from_str::<Value>(&answer).is_ok_and(|told| told["challenge"] == challenge);
        Some(answer == challenge || as_json || answer == format!("challenge={challenge}"))
    }
}

#[cfg(test)]
mod tests {
    use super::{Errand, sign, written};
    use serde_json::json;

    #[test]
    fn each_kind_has_its_address_and_its_form() {
        let written = |kind: &str, payload| {
            let errand = Errand { id: 1, kind: kind.to_owned(), payload, attempt: 0, reason: "" };
            let (path, _, body) = written(&errand);
            format!("{path} {body}")
        };
        for (kind, payload, expected) in [
            ("events_api", json!({"a": "ü"}), "events {\"a\":\"ü\"}"),
            ("slash_commands", json!({"command": "/x", "text": "a b"}), "commands command=%2Fx&text=a+b"),
            (
                "interactive",
                json!({"type": "shortcut"}),
                "interactive payload=%7B%22type%22%3A%22shortcut%22%7D",
            ),
            (
                "interactive",
                json!({"type": "block_suggestion"}),
                "options payload=%7B%22type%22%3A%22block_suggestion%22%7D",
            ),
        ] {
            assert_eq!(written(kind, payload), expected);
        }
    }

    /// Computed with openssl: printf 'v0:1700000000:' | openssl dgst -sha256 -hmac s3cret
    #[test]
    fn requests_are_signed_as_slack_signs() {
        let expected = "v0=3dca9c196245317cb04ffa45810b5530cc4db2c5ae33b77da61ab2e6633b016f";
        assert_eq!(sign("s3cret", 1_700_000_000, ""), expected);
    }
}
