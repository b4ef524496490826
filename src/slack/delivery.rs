//! What an HTTP request from Slack brings, as the same payload that a socket would carry [slack-facts 2.6].
//!
//! Reading comes after the signature was found good, with one exception that Slack asks for: the challenge of a new
//! address, which is only echoed.

use serde::Deserialize;
use serde_json::{Map, Value};
use xxhash_rust::xxh3::xxh3_128;

use super::loose::{self, Loose, Text};
use super::socket::Delivery;
use super::veil::veiled;

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

/// Turns a body into a delivery; `retry_attempt` is the header `X-Slack-Retry-Num`. Nothing is refused here: what cannot be
/// understood is recorded as it is.
///
/// A signature says nothing of the address. So that a signed body means nothing at another address than its own, each
/// address reads the one form that Slack writes for it: within an event somebody may have written what looks like a form. What
/// has another form is kept as a text without ids, so that it does not stand for the delivery that it is a copy of.
pub fn read(address: Address, body: &[u8], retry_attempt: u32) -> Delivery {
    let (kind, payload) = match address {
        Address::Events => ("events_api", text(body)),
        Address::Interactive if body.starts_with(b"payload=") => {
            ("interactive", field(body, b"payload").unwrap_or_default())
        }
        Address::Interactive => ("interactive", astray(body)),
        Address::Commands if is_json(body) => ("slash_commands", astray(body)),
        Address::Commands => ("slash_commands", form(body)),
    };
    Delivery { id: id(body), kind, payload, retry_attempt }
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
    !is_json(body) && field(body, b"ssl_check").is_some_and(|value| value == "1")
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

/// A body of another form than the address takes.
fn astray(body: &[u8]) -> String {
    Value::String(veiled(&text(body)).into_owned()).to_string()
}

/// No form begins like this.
fn is_json(body: &[u8]) -> bool {
    matches!(body.trim_ascii_start().first(), Some(b'{' | b'['))
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
    use super::{Address, challenge, is_ssl_check, read};

    #[test]
    fn each_address_has_its_form_and_all_become_what_a_socket_would_carry() {
        let payload = |address, body: &str| {
            let delivery = read(address, body.as_bytes(), 0);
            format!("{} {}", delivery.kind, delivery.payload)
        };
        for (address, body, expected) in [
            (Address::Events, "{ \"type\" : 1}", "events_api { \"type\" : 1}"),
            (Address::Interactive, "payload=%7B%22type%22%3A%22x%22%7D", "interactive {\"type\":\"x\"}"),
            (Address::Interactive, "{\"type\":1}", "interactive \"{\\\"type\\\":1}\""),
            (
                Address::Commands,
                "command=%2Fdesk&text=a+b%26c&command=%2Fother",
                "slash_commands {\"command\":\"/desk\",\"text\":\"a b&c\"}",
            ),
            (Address::Commands, "", "slash_commands {}"),
            // Signed for another address, and nothing here.
            (Address::Interactive, "text=x&payload=%7B%7D", r#"interactive "text=x&payload=%7B%7D""#),
            (
                Address::Commands,
                r#" {"a":"&command=%2Fdesk"}"#,
                r#"slash_commands " {\"a\":\"&command=%2Fdesk\"}""#,
            ),
            (Address::Commands, "payload=%7B%7D", "slash_commands {\"payload\":\"{}\"}"),
            (Address::Events, "payload=%7B%7D", "events_api payload=%7B%7D"),
        ] {
            assert_eq!(payload(address, body), expected);
        }
    }

    #[test]
    fn the_same_bytes_have_the_same_id_and_others_another() {
        let id = |body: &str| read(Address::Events, body.as_bytes(), 0).id;
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
        assert!(!is_ssl_check(b"{\"text\":\"x&ssl_check=1\"}"), "an event is no check");
    }
}
