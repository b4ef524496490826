//! What an HTTP request from Slack brings, as the same payload that a socket would carry [slack-facts 2.6].
//!
//! Reading comes after the signature was found good, with one exception that Slack asks for: the challenge of a new
//! address, which is only echoed.

use serde::Deserialize;
use serde_json::{Map, Value};
use xxhash_rust::xxh3::xxh3_128;

use super::loose::{self, Loose, Text};
use super::socket::Delivery;

/// Longest challenge that is echoed, in bytes; Slack's has about 60.
const LONGEST_CHALLENGE: usize = 256;
/// Longest body that can be a `url_verification`, in bytes: what is longer, as nearly every event, need not be read for it.
const LONGEST_VERIFICATION: usize = 1_024;

/// Which address the request came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    /// `/slack/events`: JSON.
    Events,
    /// `/slack/interactive` and `/slack/options`: a form whose field `payload` is JSON.
    Interactive,
    /// `/slack/commands`: a plain form.
    Commands,
}

/// The headers of a repeated delivery.
#[derive(Clone, Debug, Default)]
pub struct Retry {
    /// `X-Slack-Retry-Num`.
    pub attempt: u32,
    /// `X-Slack-Retry-Reason`.
    pub reason: String,
}

/// Turns a body into a delivery. Nothing is refused here: what cannot be understood is recorded as it is.
pub fn read(address: Address, body: &[u8], retry: Retry) -> Delivery {
    let (kind, payload) = match address {
        Address::Events => ("events_api", text(body)),
        Address::Interactive => ("interactive", field(body, b"payload").unwrap_or_else(|| text(body))),
        Address::Commands => ("slash_commands", form(body)),
    };
    Delivery { id: id(body), kind, payload, retry_attempt: retry.attempt, retry_reason: retry.reason }
}

/// The challenge of a `url_verification`; `None` for any other body, and for a challenge that Slack would not write.
pub fn challenge(body: &[u8]) -> Option<String> {
    if body.len() > LONGEST_VERIFICATION {
        return None;
    }
    let Ok(Loose::Object(asked)) = serde_json::from_slice::<Loose<'_, Challenge<'_>>>(body) else {
        return None;
    };
    let challenge = loose::filled(&asked.challenge)?;
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~+/=".contains(&byte);
    let plain = challenge.len() <= LONGEST_CHALLENGE && challenge.bytes().all(letter);
    (loose::or_empty(&asked.kind) == "url_verification" && plain).then_some(challenge)
}

/// Whether Slack only looks at our certificate: answered with an empty 200, nothing to record.
pub fn is_ssl_check(body: &[u8]) -> bool {
    field(body, b"ssl_check").is_some_and(|value| value == "1")
}

#[derive(Deserialize)]
struct Challenge<'a> {
    #[serde(rename = "type", borrow, default, deserialize_with = "loose::text")]
    kind: Text<'a>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    challenge: Text<'a>,
}

fn text(body: &[u8]) -> String {
    // Looking for the broken places costs more than finding that there are none.
    std::str::from_utf8(body).map_or_else(|_| String::from_utf8_lossy(body).into_owned(), str::to_owned)
}

fn field(body: &[u8], name: &[u8]) -> Option<String> {
    let mut fields = form_urlencoded::parse(body);
    fields.find(|(key, _)| key.as_bytes() == name).map(|(_, value)| value.into_owned())
}

/// A form as the object that a socket carries for the same command. A field that comes twice counts once: the first.
fn form(body: &[u8]) -> String {
    let mut object = Map::new();
    for (key, value) in form_urlencoded::parse(body) {
        object.entry(key.into_owned()).or_insert_with(|| Value::String(value.into_owned()));
    }
    Value::Object(object).to_string()
}

/// The same bytes are the same delivery: a signed request that is sent again changes nothing.
fn id(body: &[u8]) -> String {
    format!("http-{:032x}", xxh3_128(body))
}

#[cfg(test)]
mod tests {
    use super::{Address, Retry, challenge, is_ssl_check, read};

    #[test]
    fn each_address_has_its_form_and_all_become_what_a_socket_would_carry() {
        let payload = |address, body: &str| {
            let delivery = read(address, body.as_bytes(), Retry::default());
            format!("{} {}", delivery.kind, delivery.payload)
        };
        for (address, body, expected) in [
            (Address::Events, "{ \"type\" : 1}", "events_api { \"type\" : 1}"),
            (Address::Interactive, "payload=%7B%22type%22%3A%22x%22%7D", "interactive {\"type\":\"x\"}"),
            (Address::Interactive, "{\"type\":\"x\"}", "interactive {\"type\":\"x\"}"),
            (
                Address::Commands,
                "command=%2Fdesk&text=a+b%26c&command=%2Fother",
                "slash_commands {\"command\":\"/desk\",\"text\":\"a b&c\"}",
            ),
            (Address::Commands, "", "slash_commands {}"),
        ] {
            assert_eq!(payload(address, body), expected);
        }
    }

    #[test]
    fn the_same_bytes_have_the_same_id_and_others_another() {
        let id = |body: &str| read(Address::Events, body.as_bytes(), Retry::default()).id;
        assert_eq!(id("{}"), id("{}"));
        assert_ne!(id("{}"), id("{ }"));
    }

    #[test]
    fn only_a_plain_challenge_is_echoed() {
        for (body, echoed) in [
            (r#"{"type":"url_verification","challenge":"3eZbrw1aB"}"#.to_owned(), Some("3eZbrw1aB")),
            (r#"{"type":"event_callback","challenge":"3eZbrw1aB"}"#.to_owned(), None),
            (r#"{"type":"url_verification","challenge":"<b>x"}"#.to_owned(), None),
            (r#"{"type":"url_verification","challenge":5}"#.to_owned(), Some("5")),
            (format!(r#"{{"type":"url_verification","challenge":"{}"}}"#, "x".repeat(300)), None),
            (r#"{"type":"url_verification"}"#.to_owned(), None),
            ("challenge".to_owned(), None),
        ] {
            assert_eq!(challenge(body.as_bytes()).as_deref(), echoed, "{body}");
        }
        assert!(is_ssl_check(b"ssl_check=1&token=x") && !is_ssl_check(b"command=%2Fdesk"));
    }
}
