//! HTTP mode: Slack's deliveries as signed requests, behind the user's own TLS proxy. Each is verified, recorded by the
//! same listener as a frame of a socket, and then answered: the 200 is the acknowledgement.
//!
//! Nothing is parsed, written or logged for a request whose signature is not good; it counts, and that is all. Slack
//! allows 3 s for an answer: when the event cannot be recorded in time, the answer is 503 and Slack delivers it again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, HeaderName, X_CONTENT_TYPE_OPTIONS};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::Value;
use tokio::sync::mpsc::WeakSender;
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

use super::numbered::{Numbered, contain};
use super::oauth::{self, Install};
use super::registry::Code;
use super::room::{self, Room};
use crate::config::apps::{AppId, Signing};
use crate::domain::caller::{Allowance, Pace};
use crate::domain::time::{Now, Timestamp};
use crate::intake::listen::Tally;
use crate::slack::delivery::{self, Address};
use crate::slack::signature::verify;
use crate::slack::socket::Envelope;

/// Time for the body of a request to arrive.
const ARRIVAL: Duration = Duration::from_millis(2_000);
/// Time for a whole request, the reading of its body included: Slack gives up after 3 s.
const PATIENCE: Duration = Duration::from_millis(2_800);
/// How many unsigned challenges are echoed: a new address is tried a few times by hand.
const CHALLENGES: Pace = Pace { per_minute: 20, burst: 10 };
/// The headers of a signature.
const TIMESTAMP: &str = "x-slack-request-timestamp";
const SIGNATURE: &str = "x-slack-signature";

/// What the door to Slack works with. Clones share it.
#[derive(Clone)]
pub struct Doorway {
    /// The way to the listener; gone when the desk stops.
    pub deliver: WeakSender<Envelope>,
    /// The apps that have addresses here, and what each signs its requests with; secrets change with a reload.
    pub signing: watch::Receiver<Arc<Signing>>,
    /// Where refusals are counted.
    pub tally: Arc<Tally>,
    /// Where `now` comes from.
    pub now: Now,
    /// Room for bodies that nobody has verified yet.
    pub room: Room,
    /// How many unsigned challenges may still be echoed.
    pub challenges: Challenges,
    /// How people install the app, where they may.
    pub install: Install,
}

/// How many unsigned challenges may still be echoed. Clones share it.
#[derive(Clone)]
pub struct Challenges(Arc<Mutex<Allowance>>);

impl Challenges {
    /// All of them.
    pub fn new(now: Timestamp) -> Challenges {
        Challenges(Arc::new(Mutex::new(Allowance::new(CHALLENGES, now))))
    }

    fn take(&self, now: Timestamp) -> bool {
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        left.take(1, CHALLENGES, now).is_ok()
    }
}

/// One address of one app.
struct Hook {
    door: Arc<Doorway>,
    app: AppId,
    address: Address,
}

/// The addresses that are entered in the settings of the apps: the first app's stand alone, those of another have its
/// name before them.
pub fn hooks(doorway: Doorway) -> Router {
    let names: Vec<AppId> = doorway.signing.borrow().apps().cloned().collect();
    let door = Arc::new(doorway);
    let mut router = Router::new();
    for app in names {
        let under = app.name.as_deref().map_or(String::new(), |name| format!("/{name}"));
        for (path, address) in [
            ("events", Address::Events),
            ("interactive", Address::Interactive),
            ("options", Address::Interactive),
            ("commands", Address::Commands),
        ] {
            let hook = Arc::new(Hook { door: door.clone(), app: app.clone(), address });
            router = router.route(&format!("/slack{under}/{path}"), post(answer).with_state(hook));
        }
    }
    let refuse = |code: Code| {
        let tally = door.tally.clone();
        async move || {
            tally.refuse(code.row().word);
            Numbered(code)
        }
    };
    router.fallback(refuse(Code::NoSuchRoute)).method_not_allowed_fallback(refuse(Code::BadMethod))
}

/// The addresses with what holds around all of them.
pub fn door(doorway: Doorway) -> Router {
    let install = oauth::routes(doorway.install.clone());
    contained(hooks(doorway).merge(install))
}

/// Gives every refusal of `router` the shape, and keeps a panic to its request.
pub fn contained(router: Router) -> Router {
    router.layer(middleware::from_fn(contain))
}

/// Whatever is refused counts, by a word of the registry or, where the signature is no good, by what is wrong with it.
async fn answer(State(hook): State<Arc<Hook>>, request: Request) -> Result<Response, Numbered> {
    let answered = timeout(PATIENCE, answered(&hook, request)).await;
    answered.unwrap_or(Err(Code::NotRecorded.into())).map_err(|Refused { code, why }| {
        hook.door.tally.refuse(why);
        Numbered(code)
    })
}

/// A request that is refused.
struct Refused {
    code: Code,
    /// The word it is counted under.
    why: &'static str,
}

impl From<Code> for Refused {
    fn from(code: Code) -> Refused {
        Refused { code, why: code.row().word }
    }
}

async fn answered(hook: &Hook, request: Request) -> Result<Response, Refused> {
    let (Parts { headers, .. }, body) = request.into_parts();
    let arriving = room::collect(&headers, body, &hook.door.room);
    let (body, _taken) = timeout(ARRIVAL, arriving).await.map_err(|_| Code::TooLate)??;
    if let Err(refused) = verified(hook, &headers, &body) {
        return unsigned(hook, &body, refused);
    }
    if hook.address == Address::Events
        && let Some(challenge) = delivery::challenge(&body)
    {
        return Ok(echo(challenge));
    }
    if hook.address == Address::Commands && delivery::is_ssl_check(&body) {
        return Ok(StatusCode::OK.into_response());
    }
    let attempt = headers.get("x-slack-retry-num").and_then(|value| value.to_str().ok()?.parse().ok());
    let delivery = delivery::read(hook.address, &body, attempt.unwrap_or_default());
    record(&hook.door, Envelope::over_http(delivery, hook.app.id.clone())).await
}

/// Whether Slack signed this for this app.
fn verified(hook: &Hook, headers: &HeaderMap, body: &[u8]) -> Result<(), Refused> {
    let signing = hook.door.signing.borrow();
    let secrets = signing.secrets(&hook.app);
    if secrets.is_empty() {
        return Err(Code::NotConfigured.into());
    }
    let (timestamp, signature) = (only(headers, TIMESTAMP), only(headers, SIGNATURE));
    verify(secrets, timestamp, signature, body, (hook.door.now)())
        .map_err(|unsigned| Refused { code: Code::BadSignature, why: unsigned.code() })
}

/// A header that is there exactly once; a second one means that somebody in between has a say.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().unwrap_or_default(),
        _ => "",
    }
}

/// A new address is tried before its secret is known to work: the echo of its challenge has no effect on anything. All else
/// is refused.
fn unsigned(hook: &Hook, body: &Bytes, refused: Refused) -> Result<Response, Refused> {
    let asked = (hook.address == Address::Events).then(|| delivery::challenge(body)).flatten();
    let challenge = asked.ok_or(refused)?;
    match hook.door.challenges.take((hook.door.now)()) {
        true => Ok(echo(challenge)),
        false => Err(Code::RateLimited.into()),
    }
}

/// Hands the envelope to the listener and waits until it is on disk.
async fn record(
    door: &Doorway,
    (envelope, answered): (Envelope, oneshot::Receiver<Option<Value>>),
) -> Result<Response, Refused> {
    let deliver = door.deliver.upgrade().ok_or(Code::NotRecorded)?;
    deliver.send(envelope).await.map_err(|_| Code::NotRecorded)?;
    drop(deliver);
    match answered.await {
        Ok(Some(payload)) => Ok(Json(payload).into_response()),
        Ok(None) => Ok(StatusCode::OK.into_response()),
        Err(_) => Err(Code::NotRecorded.into()),
    }
}

fn echo(challenge: String) -> Response {
    let headers: [(HeaderName, &str); 2] =
        [(CONTENT_TYPE, "text/plain"), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
    (headers, challenge).into_response()
}
