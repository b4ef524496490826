//! Listening: the unix socket, where the system says who calls, and loopback TCP, where a bearer token does.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::Method;
use axum::http::header::{AUTHORIZATION, HOST};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use sha2::{Digest, Sha256};
use tokio::net::{TcpListener, UnixListener};
use tokio_util::sync::CancellationToken;
use tracing::error;

use super::caller::Caller;
use super::desk::Front;
use super::doors::doors;
use super::errors::{Code, Refusal, by_number};
use super::hooks::{Doorway, door};
use super::source::{Doors, Source};
use super::{listening, router};
use crate::config::Secret;

/// How long requests under way may go on after the stop: with them the daemon still ends within its 10 s.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// Told to requests that wait for something, so that they end when the daemon does.
#[derive(Clone, Default)]
pub struct Stop(pub CancellationToken);

/// Serves callers on the unix socket until `stop`; then requests under way get 3 s to end.
pub async fn serve_unix(listener: UnixListener, front: Front, stop: CancellationToken) {
    let app = router(front).layer(Extension(Stop(stop.clone())));
    let service = app.into_make_service_with_connect_info::<Caller>();
    let served = axum::serve(listener, service).with_graceful_shutdown(stop.clone().cancelled_owned());
    finish(served.into_future(), stop).await;
}

/// Serves callers with the token on a loopback address until `stop`. Any other address is refused: the API is not made
/// for a network.
pub async fn serve_tcp(listener: TcpListener, front: Front, token: Secret, stop: CancellationToken) {
    if !listener.local_addr().is_ok_and(|address| address.ip().is_loopback()) {
        error!("The local API does not listen: [api] listen is not a loopback address");
        return;
    }
    let app = guarded(front, token).layer(Extension(Stop(stop.clone())));
    let service = app.into_make_service_with_connect_info::<Caller>();
    let served = axum::serve(listener, service).with_graceful_shutdown(stop.clone().cancelled_owned());
    finish(served.into_future(), stop).await;
}

/// Serves Slack's signed requests until `stop`.
pub async fn serve_slack(listener: TcpListener, doorway: Doorway, stop: CancellationToken) {
    listening::serve(listener, door(doorway), LAST_WORDS, stop).await;
}

/// The routes behind the checks that a TCP port needs: a web page in somebody's browser can reach it too. The addresses that
/// hold a token of their own are beside them: no page can guess those.
fn guarded(front: Front, token: Secret) -> Router {
    let gate = Arc::new(Gate { token, doors: front.doors.clone() });
    let api = router(front.clone()).layer(middleware::from_fn_with_state(gate, admit));
    doors(front).fallback_service(api.layer(middleware::from_fn(by_number)))
}

/// What the gate of the port goes by.
struct Gate {
    token: Secret,
    doors: Doors,
}

async fn finish(served: impl Future<Output = std::io::Result<()>>, stop: CancellationToken) {
    let patience = async {
        stop.cancelled().await;
        tokio::time::sleep(LAST_WORDS).await;
    };
    tokio::select! {
        served = served => if let Err(problem) = served {
            error!("The local API stopped: {problem}");
        },
        () = patience => {}
    }
}

async fn admit(State(gate): State<Arc<Gate>>, mut request: Request, next: Next) -> Response {
    match allow(&request, &gate) {
        Ok(source) => {
            request.extensions_mut().insert(source);
            next.run(request).await
        }
        Err(refusal) => {
            gate.doors.count.refuse(refusal.code);
            refusal.into_response()
        }
    }
}

fn allow(request: &Request, gate: &Gate) -> Result<Source, Refusal> {
    let headers = request.headers();
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    // A page of another site can be made to resolve to this machine; its name in `Host` gives it away.
    if !header(HOST).is_some_and(is_this_machine) {
        let what = "the Host header does not name this machine; hint: call 127.0.0.1 or localhost";
        return Err(Refusal::new(Code::WrongHost, what));
    }
    let given = header(AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    if same(given.trim(), gate.token.expose()) {
        return Ok(Source::Api);
    }
    let Some(caller) = gate.doors.callers.borrow().of_token(given.trim()) else {
        let what = "the bearer token is missing or wrong; hint: send the token of [api] token_file or of a \
                    [[caller]] as \"Authorization: Bearer ...\"";
        return Err(Refusal::new(Code::Unauthorised, what));
    };
    if !is_open(request.method(), request.uri().path(), caller.project.is_some()) {
        let what = match caller.project {
            None => "may hand in notices and beats, and nothing else",
            Some(_) => {
                "may hand in notices and look after those and the silences of its project, and nothing else"
            }
        };
        let what = format!("{} {what}; hint: use the token of [api]", caller.name);
        return Err(Refusal::new(Code::ForbiddenKind, what));
    }
    Ok(Source::Caller(caller))
}

/// What a caller may ask for. Heartbeats are the whole desk's; what is read belongs to a project.
fn is_open(method: &Method, path: &str, of_project: bool) -> bool {
    if method == Method::POST && path == "/v1/notices" {
        return true;
    }
    if !of_project {
        return method == Method::POST && path.starts_with("/v1/heartbeats/");
    }
    let silence = path.strip_prefix("/v1/silences/").and_then(|rest| rest.strip_suffix("/expire"));
    match *method {
        Method::GET => {
            ["/v1/notices", "/v1/silences", "/v1/projects"].contains(&path)
                || path.starts_with("/v1/notices/")
        }
        Method::POST => path == "/v1/silences" || silence.is_some(),
        _ => false,
    }
}

/// Whether a `Host` header names this machine, with or without a port.
fn is_this_machine(host: &str) -> bool {
    if let Ok(address) = host.parse::<SocketAddr>() {
        return address.ip().is_loopback();
    }
    let name =
        host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(host, |(name, _)| name);
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Compares in a time that does not depend on where the first difference is. An empty secret equals nothing.
fn same(given: &str, secret: &str) -> bool {
    let (given, wanted) = (Sha256::digest(given), Sha256::digest(secret));
    let difference = given.iter().zip(wanted.iter()).fold(0_u8, |all, (one, other)| all | (one ^ other));
    difference == 0 && !secret.is_empty()
}

#[cfg(test)]
mod tests {
    use super::{is_this_machine, same};

    #[test]
    fn only_names_of_this_machine_pass_as_host() {
        for (host, passes) in [
            ("127.0.0.1:8080", true),
            ("localhost", true),
            ("LOCALHOST:80", true),
            ("[::1]:8080", true),
            ("[::1]", true),
            ("127.1.2.3", true),
            ("evil.example", false),
            ("localhost.evil.example:80", false),
            ("10.0.0.1:80", false),
            ("", false),
        ] {
            assert_eq!(is_this_machine(host), passes, "{host}");
        }
    }

    #[test]
    fn only_the_whole_token_equals_it() {
        assert!(same("abc", "abc"));
        for given in ["", "ab", "abcd", "ABC"] {
            assert!(!same(given, "abc"), "{given}");
        }
        assert!(!same("", ""));
    }
}
