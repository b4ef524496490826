//! One Web API call: a form out, Slack's JSON in. Form encoding everywhere, because about half of Slack's read methods
//! ignore JSON bodies without saying so.
//!
//! No retries here, and no redirects: Slack has none, so one would carry the token to a stranger.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use tokio_util::sync::CancellationToken;

use super::calls::Calls;
use super::methods;
use super::outcome::{self, Answer, Failure};
use super::response_url::ResponseUrl;
use crate::config::Secret;
use crate::domain::time::Timestamp;

/// Time to reach Slack: DNS, TCP and TLS. A healthy connect takes well under a second.
const CONNECT: Duration = Duration::from_secs(5);
/// Time for a whole read: Slack answers in under 2 s, a page of 200 people included.
const READ: Duration = Duration::from_secs(10);
/// Time for a whole write. Longer, since giving up on a write leaves its outcome unknown.
const WRITE: Duration = Duration::from_secs(30);
/// Idle connections kept: the outbox sends one after another, and reads are rare.
const IDLE_CONNECTIONS: usize = 2;
/// How long an idle connection is kept; Slack closes them after about a minute.
const IDLE_FOR: Duration = Duration::from_secs(50);
/// The largest answer that is read, in bytes. A page of 200 messages has about 1 MiB.
const LARGEST_ANSWER: usize = 16 << 20;

/// Which of the two tokens a method wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// `xoxb-…`
    Bot,
    /// `xapp-…`, only for `apps.*`.
    App,
}

/// How long a call may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// It changes nothing and may be repeated.
    Read,
    /// It changes something.
    Write,
}

/// The arguments of a call; objects go in as JSON text.
pub type Form<'a> = [(&'a str, &'a str)];

/// An answer with `ok: true`.
pub struct Done {
    /// The body, valid JSON as far as `ok` was found in it.
    pub body: Vec<u8>,
    /// The scopes of the token, from the header `X-OAuth-Scopes`.
    pub scopes: Vec<String>,
    /// What Slack's clock showed, from the header `Date`; whole seconds.
    pub said_at: Option<Timestamp>,
}

/// What was said at an address that is not a method of the Web API.
pub struct Said {
    /// The HTTP status.
    pub status: u16,
    /// The `Retry-After` header.
    pub retry_after: Option<Duration>,
    /// The body; empty with a 429, which is complete with its header.
    pub body: Vec<u8>,
}

/// Whoever calls Slack: one HTTP client, the address and the two tokens. Clones share everything.
#[derive(Clone)]
pub struct Caller {
    client: reqwest::Client,
    base: String,
    bot: HeaderValue,
    app: HeaderValue,
    hung_up: CancellationToken,
    /// What became of all calls so far.
    pub calls: Arc<Calls>,
}

/// Why no client could be made.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// The address is not `http://…` or `https://…`.
    #[error("[slack] api_url is not a web address")]
    Address,
    /// A token holds characters that cannot stand in a header.
    #[error("a token holds characters that no token has: copy it again")]
    Token,
    /// The TLS machinery did not start, for instance because no certificates are installed.
    #[error(
        "cannot start the HTTP client: are the system's certificates installed (package ca-certificates)?"
    )]
    Client,
}

impl Caller {
    /// Makes the client. `base` may end with a slash, with `/api`, or with neither.
    pub fn new(base: &str, bot: &Secret, app: &Secret) -> Result<Caller, Unusable> {
        let address = reqwest::Url::parse(base.trim()).map_err(|_| Unusable::Address)?;
        if !matches!(address.scheme(), "http" | "https") || address.host_str().is_none() {
            return Err(Unusable::Address);
        }
        let builder = reqwest::Client::builder()
            .user_agent(concat!("deskd/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .connect_timeout(CONNECT)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .pool_idle_timeout(IDLE_FOR)
            .tcp_nodelay(true);
        // A proxy from the environment is meant for Slack, not for a simulator on this machine.
        let builder = if is_local(&address) { builder.no_proxy() } else { builder };
        let client = builder.build().map_err(|_| Unusable::Client)?;
        let hung_up = CancellationToken::new();
        let (base, calls) = (with_api(base), Arc::default());
        Ok(Caller { client, base, bot: bearer(bot)?, app: bearer(app)?, hung_up, calls })
    }

    /// The same with another bot token: connections, counts and the end are shared.
    pub fn with_bot(&self, bot: &Secret) -> Result<Caller, Unusable> {
        Ok(Caller { bot: bearer(bot)?, ..self.clone() })
    }

    /// Whether there is a bot token at all.
    pub fn has_bot(&self) -> bool {
        self.bot.as_bytes().iter().filter(|byte| !byte.is_ascii_whitespace()).count() > "Bearer".len()
    }

    /// Whether calls are encrypted, so that nothing less will do for a socket.
    pub fn is_encrypted(&self) -> bool {
        self.base.starts_with("https:")
    }

    /// Gives up all reads, those under way and those to come: they change nothing, and whoever waits for one wants to stop.
    /// A write under way is waited for all the same, because its outcome would be unknown.
    pub fn hang_up(&self) {
        self.hung_up.cancel();
    }

    /// Calls `method`, counts that, and returns the answer only if it says `ok: true`.
    pub async fn call(
        &self,
        token: Token,
        patience: Patience,
        method: &str,
        form: &Form<'_>,
    ) -> Result<Done, Failure> {
        // What is not in the list is not known to the operator, and is not called.
        if methods::find(method).is_none() {
            return Err(Failure::Unreachable { what: format!("deskd does not call {method}") });
        }
        let done = match patience {
            Patience::Write => self.send(token, WRITE, method, form).await,
            Patience::Read => tokio::select! {
                biased;
                () = self.hung_up.cancelled() => {
                    Err(Failure::Unreachable { what: "deskd is stopping".to_owned() })
                }
                done = self.send(token, READ, method, form) => done,
            },
        };
        self.calls.count(method, done.as_ref().err());
        done
    }

    async fn send(
        &self,
        token: Token,
        limit: Duration,
        method: &str,
        form: &Form<'_>,
    ) -> Result<Done, Failure> {
        let token = match token {
            Token::Bot => &self.bot,
            Token::App => &self.app,
        };
        let request = self.client.post(format!("{}/{method}", self.base)).timeout(limit);
        hear(request.header(AUTHORIZATION, token.clone()).form(form)).await
    }

    /// One write with the app's own credentials in place of a token.
    pub async fn call_as(
        &self,
        (id, secret): (&str, &Secret),
        method: &str,
        form: &Form<'_>,
    ) -> Result<Done, Failure> {
        if methods::find(method).is_none() {
            return Err(Failure::Unreachable { what: format!("deskd does not call {method}") });
        }
        let request = self.client.post(format!("{}/{method}", self.base)).timeout(WRITE);
        let done = hear(request.basic_auth(id, Some(secret.expose())).form(form)).await;
        self.calls.count(method, done.as_ref().err());
        done
    }
}

impl Caller {
    /// Posts JSON to an address that Slack gave us with a command. No token goes along: the address is the permission.
    pub async fn answer(&self, url: &ResponseUrl, body: &serde_json::Value) -> Result<(), Failure> {
        let Said { status, retry_after, body } = self.call_address((url.expose(), READ), body).await?;
        outcome::judge_response(Answer { status, retry_after, body: &body })
    }

    /// Posts JSON to an address that is a secret, without a token, and returns what was said there.
    pub async fn call_address(
        &self,
        (url, limit): (reqwest::Url, Duration),
        body: &serde_json::Value,
    ) -> Result<Said, Failure> {
        let request = self.client.post(url).timeout(limit).header(CONTENT_TYPE, "application/json");
        let mut response = request.body(body.to_string()).send().await.map_err(|error| cut(&error))?;
        let status = response.status().as_u16();
        let retry_after = header(response.headers(), "retry-after").and_then(|text| text.trim().parse().ok());
        let body = if status == 429 { Vec::new() } else { read(&mut response).await? };
        Ok(Said { status, retry_after: retry_after.map(Duration::from_secs), body })
    }

    /// Posts JSON to an incoming webhook.
    pub async fn post_webhook(&self, url: &str, body: &serde_json::Value) -> Result<Said, Failure> {
        let url = reqwest::Url::parse(url)
            .map_err(|_| Failure::Unreachable { what: "the request could not be built".to_owned() })?;
        self.call_address((url, WRITE), body).await
    }

    /// Brings bytes to an address that Slack gave us for them. No token goes along: the address is the permission.
    pub async fn bring(&self, url: reqwest::Url, bytes: Vec<u8>) -> Result<(), Failure> {
        let request = self.client.post(url).timeout(WRITE).header(CONTENT_TYPE, "application/octet-stream");
        let response = request.body(bytes).send().await.map_err(|error| cut(&error));
        let done = response.and_then(|response| match response.status().as_u16() {
            200 => Ok(()),
            status => Err(Failure::Unknown { what: format!("HTTP {status} for the bytes of a file") }),
        });
        self.calls.count("upload", done.as_ref().err());
        done
    }

    /// The base address, when it is one of this machine: a simulator's.
    pub fn local(&self) -> Option<&str> {
        let address = reqwest::Url::parse(&self.base).ok()?;
        is_local(&address).then_some(self.base.as_str())
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Caller({})", self.base)
    }
}

/// Sends a call and returns its answer if it says `ok: true`.
async fn hear(request: reqwest::RequestBuilder) -> Result<Done, Failure> {
    let mut response = request.send().await.map_err(|error| cut(&error))?;
    let status = response.status().as_u16();
    let retry_after = header(response.headers(), "retry-after").and_then(|text| text.trim().parse().ok());
    let scopes = scopes(response.headers());
    let said_at = header(response.headers(), "date").and_then(date);
    // A 429 is complete with its header; its body may be anything.
    let body = if status == 429 { Vec::new() } else { read(&mut response).await? };
    outcome::judge(Answer { status, retry_after: retry_after.map(Duration::from_secs), body: &body })?;
    Ok(Done { body, scopes, said_at })
}

fn bearer(token: &Secret) -> Result<HeaderValue, Unusable> {
    let mut value =
        HeaderValue::from_str(&format!("Bearer {}", token.expose())).map_err(|_| Unusable::Token)?;
    value.set_sensitive(true);
    Ok(value)
}

fn with_api(base: &str) -> String {
    let base = base.trim().trim_end_matches('/');
    if base.ends_with("/api") { base.to_owned() } else { format!("{base}/api") }
}

fn is_local(address: &reqwest::Url) -> bool {
    matches!(address.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn date(text: &str) -> Option<Timestamp> {
    let at = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(Timestamp(at.timestamp().as_millisecond()))
}

fn scopes(headers: &HeaderMap) -> Vec<String> {
    let list = header(headers, "x-oauth-scopes").unwrap_or_default();
    list.split(',').map(str::trim).filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
}

async fn read(response: &mut reqwest::Response) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| cut(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > LARGEST_ANSWER {
            return Err(Failure::Unknown { what: "the answer is too large".to_owned() });
        }
    }
    Ok(body)
}

/// A call that broke off: only when the connection never stood is it certain that nothing was done.
fn cut(error: &reqwest::Error) -> Failure {
    let what = if error.is_timeout() { "no answer in time" } else { "the connection was cut" };
    if error.is_builder() {
        Failure::Unreachable { what: "the request could not be built".to_owned() }
    } else if error.is_connect() {
        Failure::Unreachable {
            what: if error.is_timeout() { "no connection in time" } else { "no connection" }.to_owned(),
        }
    } else {
        Failure::Unknown { what: what.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::{date, with_api};

    #[test]
    fn slacks_clock_is_read_from_the_date_header() {
        assert_eq!(date("Tue, 14 Nov 2023 22:13:20 GMT").map(|at| at.0), Some(1_700_000_000_000));
        assert_eq!(date("yesterday"), None);
    }

    #[test]
    fn the_address_may_end_as_people_write_it() {
        for base in
            ["https://slack.com", "https://slack.com/", "https://slack.com/api", " https://slack.com/api/\n"]
        {
            assert_eq!(with_api(base), "https://slack.com/api");
        }
    }
}
