//! Incoming webhooks: an address, a POST, and an answer in plain words [slack-facts 6]. No token goes along, so the address
//! is the secret: it is checked here, called here, and never shown.
//!
//! No retries and no pacing: whoever delivers decides those. What a message must leave out is in `plain`.

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use super::api::Api;
use super::http::Said;
use super::outcome;
use crate::config::Secret;
use crate::config::check::is_this_machine;
use crate::domain::webhook::{Posted, Refused};

/// Where Slack takes them [slack-facts 6.1, and the ruling on the third].
const HOSTS: [&str; 3] = ["hooks.slack.com", "hooks.slack-gov.com", "hooks.slack.gov"];

/// What follows the host.
const PATH: &str = "/services/";

/// How long to wait when Slack says "too many" without saying for how long.
const RETRY_AFTER_UNSAID: Duration = Duration::from_secs(30);

/// Longest time that is believed: a header from somewhere else must not silence a webhook for days.
const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);

/// An address that may be called.
#[derive(Clone)]
pub struct WebhookUrl {
    origin: String,
    url: Secret,
}

/// Why an address is not taken. It is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadUrl {
    /// There is none.
    #[error("the address is missing; hint: copy it from the app's page in Slack, Incoming Webhooks")]
    Missing,
    /// It is not `https`.
    #[error("a webhook's address begins with https://; hint: copy it again from the app's page in Slack")]
    NotHttps,
    /// Its host is none of Slack's, or it has a port or a user's name in it.
    #[error(
        "this is not Slack's host; hint: hooks.slack.com, hooks.slack-gov.com or hooks.slack.gov, without a port. Your \
         own systems are an [[endpoint]]"
    )]
    OtherHost,
    /// The path is not a webhook's, or not all of it.
    #[error(
        "the address is not complete; hint: it ends with /services/T.../B.../... and nothing behind that"
    )]
    OtherPath,
}

/// Why Slack did not take a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Too many for this webhook; certainly not done.
    #[error("Slack asks to leave this webhook alone for {} s", .after.as_secs())]
    RetryAfter {
        /// For how long.
        after: Duration,
    },
    /// Certainly not done, and it may work later.
    #[error("Slack could not be reached: {what}")]
    Retry {
        /// What failed, in a few plain words.
        what: String,
    },
    /// Slack said no, and will again.
    #[error("{}", .0.advice())]
    Refused(Refused),
    /// It may have been done: trying again may show it twice.
    #[error("Slack may or may not have taken it: {what}")]
    Unclear {
        /// What happened, in a few plain words.
        what: String,
    },
}

impl Failure {
    /// What the webhook's row keeps of it.
    pub fn posted(&self) -> Posted {
        match self {
            Failure::RetryAfter { after } => Posted::Wait(*after),
            Failure::Retry { .. } => Posted::Away,
            Failure::Refused(refused) => Posted::Refused(*refused),
            Failure::Unclear { .. } => Posted::Unclear,
        }
    }
}

impl WebhookUrl {
    /// Checks an address as text, so that no two parsers can disagree about it: a host of Slack's, `https`, no port, no user,
    /// nothing behind the path. With `simulated`, while the Web API itself is one of this machine, plain `http` to this
    /// machine is taken, too.
    pub fn parse(text: &Secret, simulated: bool) -> Result<WebhookUrl, BadUrl> {
        if text.is_empty() {
            return Err(BadUrl::Missing);
        }
        let (scheme, rest) = text.expose().split_once("://").ok_or(BadUrl::NotHttps)?;
        let (host, _) = rest.split_once('/').ok_or(BadUrl::OtherPath)?;
        match scheme {
            "https" if HOSTS.contains(&host) => {}
            "https" => return Err(BadUrl::OtherHost),
            "http" if simulated && is_local(host) => {}
            _ => return Err(BadUrl::NotHttps),
        }
        let path = rest[host.len()..].strip_prefix(PATH).ok_or(BadUrl::OtherPath)?;
        let parts: Vec<&str> = path.split('/').collect();
        let whole = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if parts.len() != 3 || !parts.iter().all(whole) {
            return Err(BadUrl::OtherPath);
        }
        Ok(WebhookUrl { origin: format!("{scheme}://{host}"), url: text.clone() })
    }

    /// Scheme and host: what may be shown.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The whole address, to be sealed.
    pub fn secret(&self) -> &Secret {
        &self.url
    }
}

impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebhookUrl({})", shown(&self.origin))
    }
}

/// An address as it may be shown.
pub fn shown(origin: &str) -> String {
    format!("{origin}{PATH}…")
}

/// Whether a host, perhaps with a port, is this machine.
fn is_local(host: &str) -> bool {
    let bare = match host.rsplit_once(':') {
        Some((bare, port)) if port.parse::<u16>().is_ok() => bare,
        Some(_) | None => host,
    };
    is_this_machine(bare)
}

/// Posts a message: `text` is what notifications show, and the message where there are no blocks. Blocks should have gone
/// through [`super::plain::plain_for_webhook`].
pub async fn post(api: &Api, url: &Secret, text: &str, blocks: Option<&Value>) -> Result<(), Failure> {
    let simulated = api.is_local();
    let checked = WebhookUrl::parse(url, simulated).map_err(|_| Failure::Refused(Refused::NotAnAddress))?;
    let mut body = json!({ "text": text, "unfurl_links": false, "unfurl_media": false });
    if let Some(blocks) = blocks {
        body["blocks"] = blocks.clone();
    }
    let done = match api.post_webhook(checked.secret().expose(), &body).await {
        Ok(said) => judge(&said),
        Err(failure) => Err(cut(failure)),
    };
    api.tally("incoming_webhook", word(&done));
    done
}

/// What an answer means. The body counts before the status: not all statuses are documented.
fn judge(said: &Said) -> Result<(), Failure> {
    let text = std::str::from_utf8(&said.body).unwrap_or_default().trim();
    if let Some(refused) = Refused::from_word(text) {
        return Err(Failure::Refused(refused));
    }
    match (text, said.status) {
        ("ok", 200..=299) => Ok(()),
        ("rate_limited" | "ratelimited", _) | (_, 429) => {
            let after = said.retry_after.unwrap_or(RETRY_AFTER_UNSAID).min(LONGEST_WAIT);
            Err(Failure::RetryAfter { after })
        }
        ("rollup_error", _) => Err(Failure::Retry { what: "rollup_error".to_owned() }),
        (_, 408) => Err(Failure::Retry { what: "HTTP 408".to_owned() }),
        (_, 200..=299) => Err(Failure::Unclear { what: "the answer is not Slack's".to_owned() }),
        (_, status @ 500..) => Err(Failure::Unclear { what: format!("HTTP {status}") }),
        (_, status) => Err(Failure::Refused(Refused::Undocumented(status))),
    }
}

fn cut(failure: outcome::Failure) -> Failure {
    match failure {
        outcome::Failure::Unreachable { what } => Failure::Retry { what },
        outcome::Failure::Unknown { what } => Failure::Unclear { what },
        other @ (outcome::Failure::RateLimited { .. }
        | outcome::Failure::Token { .. }
        | outcome::Failure::Refused { .. }) => Failure::Unclear { what: other.code().to_owned() },
    }
}

/// The outcome as the metrics count it, in the words of the Web API's calls.
fn word(done: &Result<(), Failure>) -> &'static str {
    match done {
        Ok(()) => "ok",
        Err(Failure::RetryAfter { .. }) => "rate_limited",
        Err(Failure::Retry { .. }) => "unreachable",
        Err(Failure::Refused(_)) => "refused",
        Err(Failure::Unclear { .. }) => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::{BadUrl, Failure, WebhookUrl, judge};
    use crate::config::Secret;
    use crate::domain::webhook::Refused;
    use crate::slack::http::Said;
    use std::time::Duration;

    fn parse(url: &str, simulated: bool) -> Result<String, BadUrl> {
        WebhookUrl::parse(&Secret::new(url), simulated).map(|url| format!("{url:?}"))
    }

    #[test]
    fn web_01_slacks_three_hosts_are_taken_and_no_other() {
        for host in ["hooks.slack.com", "hooks.slack-gov.com", "hooks.slack.gov"] {
            let shown = parse(&format!(" https://{host}/services/T01/B02/xYz9\n"), false);
            assert_eq!(shown, Ok(format!("WebhookUrl(https://{host}/services/…)")));
        }
        for (url, expected) in [
            ("http://hooks.slack.com/services/T/B/X", BadUrl::NotHttps),
            ("hooks.slack.com/services/T/B/X", BadUrl::NotHttps),
            ("ftp://hooks.slack.com/services/T/B/X", BadUrl::NotHttps),
            ("HTTPS://hooks.slack.com/services/T/B/X", BadUrl::NotHttps),
            ("https://hooks.slack.com.evil.example/services/T/B/X", BadUrl::OtherHost),
            ("https://evil.example/services/T/B/X", BadUrl::OtherHost),
            ("https://hooks.slack.com:443/services/T/B/X", BadUrl::OtherHost),
            ("https://hooks.slack.com@evil.example/services/T/B/X", BadUrl::OtherHost),
            ("https://a:b@hooks.slack.com/services/T/B/X", BadUrl::OtherHost),
            ("https://hooks.slack.com\\.evil.example/services/T/B/X", BadUrl::OtherHost),
            ("https://127.0.0.1/services/T/B/X", BadUrl::OtherHost),
            ("https://hooks.slack.com", BadUrl::OtherPath),
            ("https://hooks.slack.com/services/", BadUrl::OtherPath),
            ("https://hooks.slack.com/services/T/B", BadUrl::OtherPath),
            ("https://hooks.slack.com/services/T/B/X/Y", BadUrl::OtherPath),
            ("https://hooks.slack.com/services/T/B/X?a=b", BadUrl::OtherPath),
            ("https://hooks.slack.com/services/T/B/X#a", BadUrl::OtherPath),
            ("https://hooks.slack.com/services/../B/X", BadUrl::OtherPath),
            ("https://hooks.slack.com/services/T/B/X y", BadUrl::OtherPath),
            ("https://hooks.slack.com/workflows/T/B/X", BadUrl::OtherPath),
            ("http://127.0.0.1:9/services/T/B/X", BadUrl::NotHttps),
        ] {
            assert_eq!(parse(url, false), Err(expected), "{url}");
        }
    }

    #[test]
    fn web_04_a_webhook_needs_an_address() {
        for nothing in ["", "  ", "\n"] {
            assert_eq!(parse(nothing, false), Err(BadUrl::Missing));
        }
    }

    #[test]
    fn plain_http_is_for_a_simulator_on_this_machine_only() {
        for local in ["127.0.0.1:9", "localhost:9", "127.0.0.1", "[::1]:9"] {
            let url = format!("http://{local}/services/T/B/X");
            assert!(parse(&url, true).is_ok(), "{local}");
            assert_eq!(parse(&url, false), Err(BadUrl::NotHttps), "{local}");
        }
        for stranger in ["10.0.0.1:9", "localhost.evil.example", "127.0.0.1@evil.example", "hooks.slack.com"]
        {
            assert_eq!(parse(&format!("http://{stranger}/services/T/B/X"), true), Err(BadUrl::NotHttps));
        }
        assert_eq!(parse("https://127.0.0.1/services/T/B/X", true), Err(BadUrl::OtherHost));
    }

    #[test]
    fn an_answer_is_understood_by_its_body_before_its_status() {
        use Failure::{Refused as No, Retry, RetryAfter, Unclear};
        let wait = |seconds| RetryAfter { after: Duration::from_secs(seconds) };
        let retry = |what: &str| Retry { what: what.to_owned() };
        let unclear = |what: &str| Unclear { what: what.to_owned() };
        for (status, header, body, expected) in [
            (200, None, "ok", Ok(())),
            (200, None, "ok\n", Ok(())),
            (404, None, "no_service", Err(No(Refused::NoService))),
            (403, None, "no_service", Err(No(Refused::NoService))),
            (200, None, "no_service", Err(No(Refused::NoService))),
            (410, None, "channel_is_archived", Err(No(Refused::ChannelArchived))),
            (400, None, "invalid_payload\n", Err(No(Refused::InvalidPayload))),
            (500, None, "invalid_token", Err(No(Refused::InvalidToken))),
            (429, Some(7), "", Err(wait(7))),
            (429, None, "<html>", Err(wait(30))),
            (429, Some(999_999), "", Err(wait(3600))),
            (200, None, "rate_limited", Err(wait(30))),
            (500, None, "rollup_error", Err(retry("rollup_error"))),
            (408, None, "", Err(retry("HTTP 408"))),
            (503, None, "<html>", Err(unclear("HTTP 503"))),
            (200, None, "<html>log in to this network</html>", Err(unclear("the answer is not Slack's"))),
            (404, None, "<html>", Err(No(Refused::Undocumented(404)))),
            (302, None, "", Err(No(Refused::Undocumented(302)))),
        ] {
            let retry_after = header.map(Duration::from_secs);
            let said = Said { status, retry_after, body: body.as_bytes().to_vec() };
            assert_eq!(judge(&said), expected, "{status} {body}");
        }
    }
}
