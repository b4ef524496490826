//! What came of a Web API call, sorted by what a caller may do next: wait, try again, look before trying again, or
//! give up. Slack's error names stay codes; texts, tokens and response bodies are never kept.

use std::time::Duration;

use serde::Deserialize;

use super::loose::{self, Loose, Text};

/// How long to wait when Slack says "too many" without saying for how long.
const RETRY_AFTER_UNSAID: Duration = Duration::from_secs(30);

/// A call that did not end with `ok: true`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.sentence())]
pub enum Failure {
    /// Slack refuses this method for now (HTTP 429, `ratelimited`); certainly not done.
    RateLimited {
        /// How long Slack wants us to wait.
        retry_after: Duration,
    },
    /// Certainly not done: DNS, connect, TLS, or an error name that says so. Safe to repeat.
    Unreachable {
        /// What failed, in a few plain words.
        what: String,
    },
    /// May have been done: a timeout after sending, a cut while waiting, 5xx, an unreadable body, `fatal_error`.
    Unknown {
        /// What happened, in a few plain words.
        what: String,
    },
    /// The token is wrong, revoked or not allowed here; repeating cannot help.
    Token {
        /// Slack's error name, for instance `invalid_auth`.
        error: String,
    },
    /// Slack understood and said no; repeating the same call cannot help.
    Refused {
        /// Slack's error name, for instance `channel_not_found`.
        error: String,
        /// The missing scope, when that is the reason.
        needed: Option<String>,
        /// Slack's remarks on the arguments, with JSON pointers; they name places, not contents.
        messages: Vec<String>,
    },
}

impl Failure {
    /// A short stable name: Slack's error name, or `rate_limited`, `unreachable`, `unknown_outcome`.
    pub fn code(&self) -> &str {
        match self {
            Failure::RateLimited { .. } => "rate_limited",
            Failure::Unreachable { .. } => "unreachable",
            Failure::Unknown { .. } => "unknown_outcome",
            Failure::Token { error } | Failure::Refused { error, .. } => error,
        }
    }

    /// What happened and what to do about it, in one plain sentence without a full stop.
    pub fn sentence(&self) -> String {
        match self {
            Failure::RateLimited { retry_after } => {
                format!("Slack asks to wait {} s before the next call", retry_after.as_secs())
            }
            Failure::Unreachable { what } => format!("Slack could not be reached: {what}"),
            Failure::Unknown { what } => format!("Slack may or may not have done it: {what}"),
            Failure::Token { error } => known(error),
            Failure::Refused { error, needed: Some(scope), .. } => {
                format!(
                    "the app lacks the scope {scope} ({error}): add it in the app's settings and reinstall the app"
                )
            }
            Failure::Refused { error, needed: None, messages } => match messages.first() {
                Some(first) => format!("{}: {first}", known(error)),
                None => known(error),
            },
        }
    }
}

/// Slack's answer before anybody looked at it.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The `Retry-After` header.
    pub retry_after: Option<Duration>,
    /// The body, JSON or not.
    pub body: &'a [u8],
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(default, deserialize_with = "loose::flag")]
    ok: bool,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    error: Text<'a>,
    #[serde(borrow, default, deserialize_with = "loose::text")]
    needed: Text<'a>,
    #[serde(borrow, default)]
    response_metadata: Loose<'a, Remarks>,
}

#[derive(Deserialize)]
struct Remarks {
    #[serde(default, deserialize_with = "loose::texts")]
    messages: Vec<String>,
}

/// Sorts an answer: `Ok` only for `ok: true`, whatever else the body holds.
pub fn judge(answer: Answer<'_>) -> Result<(), Failure> {
    let wait = || Failure::RateLimited { retry_after: answer.retry_after.unwrap_or(RETRY_AFTER_UNSAID) };
    match answer.status {
        429 => return Err(wait()),
        500.. => return Err(Failure::Unknown { what: format!("HTTP {}", answer.status) }),
        _ => {}
    }
    let Ok(Loose::Object(envelope)) = serde_json::from_slice::<Loose<'_, Envelope<'_>>>(answer.body) else {
        return Err(match answer.status {
            200 => Failure::Unknown { what: "the answer is not Slack's JSON".to_owned() },
            status => refused(&format!("http_{status}"), None, Vec::new()),
        });
    };
    let error = loose::or_empty(&envelope.error);
    match error {
        _ if envelope.ok => Ok(()),
        "ratelimited" | "rate_limited" => Err(wait()),
        "" => Err(Failure::Unknown { what: "the answer says neither ok nor error".to_owned() }),
        _ => {
            let messages = envelope.response_metadata.object().map(|remarks| remarks.messages.clone());
            Err(named(error, loose::filled(&envelope.needed), messages.unwrap_or_default()))
        }
    }
}

/// Sorts what came back from the address of a command: its answers are short words, rarely JSON.
pub fn judge_response(answer: Answer<'_>) -> Result<(), Failure> {
    match answer.status {
        200..=299 => Ok(()),
        429 | 500.. => judge(answer),
        status => {
            let text = std::str::from_utf8(answer.body).unwrap_or_default().trim();
            let is_name = !text.is_empty()
                && text.len() <= 40
                && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
            match judge(Answer { status: 200, ..answer }) {
                _ if is_name => Err(refused(text, None, Vec::new())),
                Err(Failure::Refused { error, .. }) => Err(refused(&error, None, Vec::new())),
                Ok(()) | Err(_) => Err(refused(&format!("http_{status}"), None, Vec::new())),
            }
        }
    }
}

/// Sorts an error name as section 4.2 of Slack's documentation of responses does.
fn named(error: &str, needed: Option<String>, messages: Vec<String>) -> Failure {
    match error {
        // These mean "nothing was done": the request was cut, or the workspace is being moved.
        "request_timeout" | "team_added_to_org" | "org_login_required" => {
            Failure::Unreachable { what: error.to_owned() }
        }
        "internal_error" | "fatal_error" | "service_unavailable" => {
            Failure::Unknown { what: error.to_owned() }
        }
        "invalid_auth"
        | "not_authed"
        | "account_inactive"
        | "user_removed_from_team"
        | "team_disabled"
        | "token_revoked"
        | "token_expired"
        | "no_permission"
        | "not_allowed_token_type"
        | "access_denied"
        | "ekm_access_denied"
        | "two_factor_setup_required"
        | "accesslimited"
        | "enterprise_is_restricted"
        | "team_access_not_granted"
        | "forbidden_team" => Failure::Token { error: error.to_owned() },
        // Slack names an old click by its place in the arguments, too.
        "invalid_arguments" if messages.iter().any(|message| message.contains("/trigger_id")) => {
            refused("expired_trigger_id", needed, messages)
        }
        _ => refused(error, needed, messages),
    }
}

fn refused(error: &str, needed: Option<String>, messages: Vec<String>) -> Failure {
    Failure::Refused { error: error.to_owned(), needed, messages }
}

/// The sentence for an error name; a name we do not know is shown as it is.
fn known(error: &str) -> String {
    match SENTENCES.iter().find(|(name, _)| *name == error) {
        Some((_, sentence)) => (*sentence).to_owned(),
        None => format!("Slack refused with {error}"),
    }
}

/// What is said where the app is not installed any more; no word of Slack's.
pub const NOT_CONFIGURED: &str = "not_configured";

/// The error names people meet, from the method pages of docs.slack.dev, and what to do about each.
const SENTENCES: &[(&str, &str)] = &[
    (
        NOT_CONFIGURED,
        "the app is not installed in this workspace any more: connect it with \"deskd connect\"",
    ),
    ("invalid_auth", "Slack does not accept the token: copy it again from the app's settings"),
    ("not_authed", "no token was sent: set SLACK_BOT_TOKEN and SLACK_APP_TOKEN"),
    ("account_inactive", "the token belongs to an app or workspace that is gone: install the app again"),
    ("user_removed_from_team", "the app was removed from the workspace: install it again"),
    ("team_disabled", "the workspace is disabled"),
    ("token_revoked", "the token was revoked: create a new one in the app's settings"),
    ("token_expired", "the token has expired: create a new one in the app's settings"),
    (
        "not_allowed_token_type",
        "this is the wrong kind of token: the app token starts with xapp-, the bot's with xoxb-",
    ),
    ("no_permission", "the app may not do this: reinstall it with the scopes of the manifest"),
    ("access_denied", "the workspace denies access to the app: ask its administrators"),
    ("ekm_access_denied", "the workspace's administrators have suspended access to this channel"),
    ("two_factor_setup_required", "the workspace requires two-factor authentication to be set up first"),
    ("accesslimited", "the workspace does not allow this network"),
    ("enterprise_is_restricted", "the organisation does not allow this call"),
    ("team_access_not_granted", "the app has no access to this workspace: install it there"),
    ("forbidden_team", "the app may not work in this workspace"),
    ("missing_scope", "the app lacks a scope: add it in the app's settings and reinstall the app"),
    ("channel_not_found", "there is no such channel, or it is private and the bot is not in it: /invite it"),
    ("not_in_channel", "the bot is not in this channel: /invite it"),
    ("is_archived", "the channel is archived"),
    ("thread_not_found", "there is no such thread"),
    ("message_not_found", "there is no such message"),
    ("cannot_reply_to_message", "this message cannot have replies"),
    ("restricted_action", "the workspace does not let the bot post here"),
    ("restricted_action_read_only_channel", "the channel is read-only"),
    ("restricted_action_thread_only_channel", "only replies in threads are allowed in this channel"),
    ("restricted_action_non_threadable_channel", "this channel has no threads"),
    ("restricted_action_thread_locked", "the thread is locked"),
    ("messages_tab_disabled", "the app's messages tab is off: turn it on under App Home"),
    ("msg_too_long", "the message is too long"),
    ("msg_blocks_too_long", "the message's blocks are too long"),
    ("no_text", "there is nothing to show in the message"),
    ("invalid_blocks", "Slack does not accept the message's blocks"),
    ("invalid_blocks_format", "Slack does not accept the message's blocks"),
    ("invalid_arguments", "Slack does not accept the arguments"),
    ("too_many_attachments", "the message has too many attachments"),
    ("message_limit_exceeded", "the workspace's plan allows no more messages"),
    ("metadata_too_large", "the message's metadata is too large"),
    ("user_not_found", "there is no such person"),
    ("users_not_found", "there is nobody with this address"),
    ("user_not_visible", "the app may not see this person"),
    ("user_not_in_channel", "this person is not in the channel"),
    ("team_not_found", "a channel name was used where an id is needed"),
    ("invalid_cursor", "the list changed while it was read: start again"),
    ("limit_required", "the list is too long to be read at once"),
    ("expired_trigger_id", "the click is too old for a modal: Slack allows three seconds"),
    ("exchanged_trigger_id", "the click has opened a modal already"),
    ("invalid_trigger_id", "Slack does not know this click"),
    ("expired_url", "the address for the answer has expired: Slack keeps it for thirty minutes"),
    ("used_url", "the address for the answer is used up: Slack takes five answers"),
    ("http_404", "there is no Slack at this address: check [slack] api_url"),
    ("unknown_method", "this address does not know the method: check [slack] api_url"),
];

#[cfg(test)]
mod tests {
    use super::{Answer, Failure, judge, judge_response};
    use std::time::Duration;

    fn outcome(status: u16, body: &str) -> String {
        let retry_after = (status == 429).then(|| Duration::from_secs(7));
        match judge(Answer { status, retry_after, body: body.as_bytes() }) {
            Ok(()) => "done".to_owned(),
            Err(Failure::RateLimited { retry_after }) => format!("wait {}", retry_after.as_secs()),
            Err(Failure::Unreachable { what }) => format!("not done: {what}"),
            Err(Failure::Unknown { what }) => format!("unknown: {what}"),
            Err(Failure::Token { error }) => format!("token: {error}"),
            Err(Failure::Refused { error, needed, messages }) => {
                format!("refused: {error} {needed:?} {messages:?}")
            }
        }
    }

    #[test]
    fn every_kind_of_answer_says_what_may_be_done_next() {
        for (status, body, expected) in [
            (200, r#"{"ok":true,"ts":{"odd":1}}"#, "done"),
            (200, r#"{"ok":false,"error":"not_in_channel"}"#, "refused: not_in_channel None []"),
            (200, r#"{"ok":false,"error":"ratelimited"}"#, "wait 30"),
            (429, "<html>slow down</html>", "wait 7"),
            (200, r#"{"ok":false,"error":"token_revoked"}"#, "token: token_revoked"),
            (200, r#"{"ok":false,"error":"fatal_error"}"#, "unknown: fatal_error"),
            (200, r#"{"ok":false,"error":"request_timeout"}"#, "not done: request_timeout"),
            (503, r#"{"ok":true}"#, "unknown: HTTP 503"),
            (200, "<html>", "unknown: the answer is not Slack's JSON"),
            (200, r#"{"ok":tr"#, "unknown: the answer is not Slack's JSON"),
            (200, "[]", "unknown: the answer is not Slack's JSON"),
            (200, "{}", "unknown: the answer says neither ok nor error"),
            (404, "<html>", "refused: http_404 None []"),
            (302, "", "refused: http_302 None []"),
            (
                200,
                r#"{"ok":false,"error":"invalid_arguments","response_metadata":{"messages":["[json-pointer:/trigger_id]"]}}"#,
                r#"refused: expired_trigger_id None ["[json-pointer:/trigger_id]"]"#,
            ),
            (
                200,
                r#"{"ok":false,"error":"missing_scope","needed":"chat:write","provided":"a"}"#,
                r#"refused: missing_scope Some("chat:write") []"#,
            ),
            (
                200,
                r#"{"ok":false,"error":"invalid_blocks","response_metadata":{"messages":["[ERROR] /blocks/0"]}}"#,
                r#"refused: invalid_blocks None ["[ERROR] /blocks/0"]"#,
            ),
        ] {
            assert_eq!(outcome(status, body), expected, "{status} {body}");
        }
    }

    #[test]
    fn f37_the_address_of_a_command_answers_in_words() {
        for (status, body, expected) in [
            (200, "ok", Ok(())),
            (404, "used_url", Err("used_url")),
            (404, "expired_url\n", Err("expired_url")),
            (404, r#"{"ok":false,"error":"expired_url"}"#, Err("expired_url")),
            (404, "<html>gone</html>", Err("http_404")),
            (503, "", Err("unknown_outcome")),
            (429, "", Err("rate_limited")),
        ] {
            let answer = Answer { status, retry_after: None, body: body.as_bytes() };
            let judged = judge_response(answer).map_err(|failure| failure.code().to_owned());
            assert_eq!(judged, expected.map_err(str::to_owned), "{status} {body}");
        }
    }

    #[test]
    fn a_refusal_explains_itself() {
        let refused = |error: &str, needed: Option<&str>| Failure::Refused {
            error: error.to_owned(),
            needed: needed.map(str::to_owned),
            messages: Vec::new(),
        };
        for (failure, sentence) in [
            (refused("not_in_channel", None), "the bot is not in this channel: /invite it"),
            (refused("brand_new_error", None), "Slack refused with brand_new_error"),
            (
                refused("missing_scope", Some("users:read")),
                "the app lacks the scope users:read (missing_scope): add it in the app's settings and reinstall the app",
            ),
        ] {
            assert_eq!(failure.sentence(), sentence);
            assert_eq!(failure.to_string(), sentence);
        }
    }
}
