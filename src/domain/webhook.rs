//! Slack's incoming webhooks as places to post to: how one is called, what Slack's refusals mean, how fast one takes
//! messages. The address itself is a secret and is not known here.

use std::fmt;
use std::time::Duration;

use super::limit::{Limits, Pace};

/// Longest name, in characters.
const NAME_CHARS: usize = 60;
/// Longest label, in characters: as long as the name of a channel, and its #.
const LABEL_CHARS: usize = 81;

/// About one message a second in a webhook [slack-facts 6.3].
pub const PACE: Limits = Limits { method: Pace { every: Duration::from_secs(1), burst: 1 }, channel: None };

/// What a webhook is called; routes name it so.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WebhookName(String);

/// Why a name or a label cannot be taken. What was given is not repeated: it may be the address, put in the wrong place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// There is none.
    #[error("a webhook needs a name; hint: deskd webhook add ops-alerts")]
    Missing,
    /// It is an address.
    #[error(
        "this is an address, and it is asked for by itself; hint: whoever reads this machine's history of commands can \
         post with it now: make a new one in Slack, then deskd webhook add NAME"
    )]
    Address,
    /// It has other characters, or too many.
    #[error("a webhook's name has letters, digits, - and _, 60 at most; hint: deskd webhook add ops-alerts")]
    Letters,
    /// A label that is too long or not one line.
    #[error(
        "the label is longer than a channel's name; hint: write for instance \"#alerts\", or leave it out"
    )]
    Label,
}

impl WebhookName {
    /// A name as somebody wrote it.
    pub fn parse(text: &str) -> Result<WebhookName, BadName> {
        let text = text.trim();
        match text {
            "" => Err(BadName::Missing),
            _ if is_address(text) => Err(BadName::Address),
            _ if text.chars().count() > NAME_CHARS => Err(BadName::Letters),
            _ if !text.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_') => Err(BadName::Letters),
            _ => Ok(WebhookName(text.to_owned())),
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WebhookName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is said beside a webhook of the channel it posts to: nothing checks it, since Slack does not tell. It may be empty.
pub fn label(text: &str) -> Result<String, BadName> {
    let text = text.trim();
    match text {
        _ if is_address(text) => Err(BadName::Address),
        _ if text.chars().count() > LABEL_CHARS || text.chars().any(char::is_control) => Err(BadName::Label),
        _ => Ok(text.to_owned()),
    }
}

fn is_address(text: &str) -> bool {
    text.contains("://") || text.contains("hooks.slack") || text.contains("/services")
}

/// How a webhook stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookState {
    /// It takes messages, as far as we know.
    Ok,
    /// The last message was refused for a reason that somebody can mend in Slack; the next one is tried.
    Broken,
    /// Slack has taken it away: nothing is posted until it gets a new address, or a test succeeds.
    Disabled,
}

impl WebhookState {
    /// All of them.
    pub const ALL: [WebhookState; 3] = [WebhookState::Ok, WebhookState::Broken, WebhookState::Disabled];

    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            WebhookState::Ok => "ok",
            WebhookState::Broken => "broken",
            WebhookState::Disabled => "disabled",
        }
    }

    /// The state of a stored word.
    pub fn from_word(word: &str) -> Option<WebhookState> {
        WebhookState::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// Why a webhook took a message for good or will never take it. The words are Slack's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// `invalid_payload`
    InvalidPayload,
    /// `invalid_blocks`
    InvalidBlocks,
    /// `invalid_attachments`
    InvalidAttachments,
    /// `no_text`
    NoText,
    /// `missing_text_or_fallback_or_attachments`
    NothingToShow,
    /// `too_many_attachments`
    TooManyAttachments,
    /// `user_not_found`
    UserNotFound,
    /// `action_prohibited`
    ActionProhibited,
    /// `posting_to_general_channel_denied`
    GeneralDenied,
    /// `channel_not_found`
    ChannelNotFound,
    /// `invalid_token`
    InvalidToken,
    /// `no_service`
    NoService,
    /// `no_service_id`
    NoServiceId,
    /// `no_active_hooks`
    NoActiveHooks,
    /// `no_team`
    NoTeam,
    /// `team_disabled`
    TeamDisabled,
    /// `channel_is_archived`
    ChannelArchived,
    /// What is stored is not an address that may be called.
    NotAnAddress,
    /// An answer that Slack does not document, with its HTTP status.
    Undocumented(u16),
}

/// Whose fault a refusal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// This message's: others may be taken.
    Message,
    /// Something that can be mended in Slack.
    Setting,
    /// The webhook is gone.
    Webhook,
}

/// Name, blame and advice of everything that Slack documents [slack-facts 6.3].
const REFUSALS: [(Refused, &str, Blame, &str); 18] = [
    (
        Refused::InvalidPayload,
        "invalid_payload",
        Blame::Message,
        "Slack does not understand the message; please report it",
    ),
    (
        Refused::InvalidBlocks,
        "invalid_blocks",
        Blame::Message,
        "Slack does not accept the message's blocks; look at the template of this kind",
    ),
    (
        Refused::InvalidAttachments,
        "invalid_attachments",
        Blame::Message,
        "Slack does not accept the attachments; look at whoever sent them",
    ),
    (
        Refused::NoText,
        "no_text",
        Blame::Message,
        "there is nothing to show in the message; look at the template of this kind",
    ),
    (
        Refused::NothingToShow,
        "missing_text_or_fallback_or_attachments",
        Blame::Message,
        "there is nothing to show in the message; look at the template of this kind",
    ),
    (
        Refused::TooManyAttachments,
        "too_many_attachments",
        Blame::Message,
        "the message has more than 100 attachments; send fewer",
    ),
    (
        Refused::UserNotFound,
        "user_not_found",
        Blame::Setting,
        "the person it posts to is gone; make a webhook for somebody else in Slack, then deskd webhook rotate",
    ),
    (
        Refused::ActionProhibited,
        "action_prohibited",
        Blame::Setting,
        "an administrator of the workspace does not allow it; ask there",
    ),
    (
        Refused::GeneralDenied,
        "posting_to_general_channel_denied",
        Blame::Setting,
        "only some may post to this channel; ask an administrator, or make a webhook for another channel",
    ),
    (
        Refused::ChannelNotFound,
        "channel_not_found",
        Blame::Setting,
        "the channel is gone or has become private; make a webhook for another channel, then deskd webhook rotate",
    ),
    (
        Refused::InvalidToken,
        "invalid_token",
        Blame::Webhook,
        "the address is wrong or was revoked; copy it again, or make a new one in Slack, then deskd webhook rotate",
    ),
    (
        Refused::NoService,
        "no_service",
        Blame::Webhook,
        "the webhook was removed or switched off; make a new one in Slack, then deskd webhook rotate",
    ),
    (
        Refused::NoServiceId,
        "no_service_id",
        Blame::Webhook,
        "the webhook was removed or switched off; make a new one in Slack, then deskd webhook rotate",
    ),
    (
        Refused::NoActiveHooks,
        "no_active_hooks",
        Blame::Webhook,
        "the app has no webhook that is switched on; switch it on in Slack, then deskd webhook test",
    ),
    (
        Refused::NoTeam,
        "no_team",
        Blame::Webhook,
        "the workspace is gone; make a webhook in another one, then deskd webhook rotate",
    ),
    (
        Refused::TeamDisabled,
        "team_disabled",
        Blame::Webhook,
        "the workspace is disabled; when it is back: deskd webhook test",
    ),
    (
        Refused::ChannelArchived,
        "channel_is_archived",
        Blame::Webhook,
        "the channel is archived; unarchive it, then deskd webhook test, or rotate to a webhook of another channel",
    ),
    (
        Refused::NotAnAddress,
        "not_an_address",
        Blame::Webhook,
        "what is stored is not an address of Slack; deskd webhook rotate",
    ),
];

impl Refused {
    /// The refusal that Slack calls so.
    pub fn from_word(word: &str) -> Option<Refused> {
        REFUSALS.iter().find(|(_, known, ..)| *known == word).map(|(refused, ..)| *refused)
    }

    /// A stable word: Slack's, or `http_N`.
    pub fn word(self) -> String {
        match self {
            Refused::Undocumented(status) => format!("http_{status}"),
            documented => row(documented).map(|(_, word, ..)| (*word).to_owned()).unwrap_or_default(),
        }
    }

    /// Whose fault it is.
    pub fn blame(self) -> Blame {
        row(self).map_or(Blame::Setting, |(_, _, blame, _)| *blame)
    }

    /// What it means, and what to do about it behind a semicolon.
    pub fn advice(self) -> &'static str {
        row(self).map_or(
            "Slack answered something that it does not document; try deskd webhook test, and make a new webhook in \
             Slack if it stays so",
            |(.., advice)| *advice,
        )
    }
}

impl Refused {
    /// What it means.
    pub fn sentence(self) -> &'static str {
        self.advice().split_once("; ").map_or("", |(sentence, _)| sentence)
    }

    /// What to do about it.
    pub fn hint(self) -> &'static str {
        self.advice().split_once("; ").map_or("", |(_, hint)| hint)
    }
}

fn row(refused: Refused) -> Option<&'static (Refused, &'static str, Blame, &'static str)> {
    REFUSALS.iter().find(|(known, ..)| *known == refused)
}

/// What the last attempt to post came to, as a webhook's row keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Posted {
    /// Slack took the message.
    Delivered,
    /// Slack refused it for good.
    Refused(Refused),
    /// Slack asks to leave this webhook alone for so long.
    Wait(Duration),
    /// It was not done; trying again may help.
    Away,
    /// It may have been done or not.
    Unclear,
}

impl Posted {
    /// A stable word: `ok`, Slack's word for a refusal, `rate_limited`, `unreachable` or `unknown_outcome`.
    pub fn word(self) -> String {
        match self {
            Posted::Delivered => "ok".to_owned(),
            Posted::Refused(refused) => refused.word(),
            Posted::Wait(_) => "rate_limited".to_owned(),
            Posted::Away => "unreachable".to_owned(),
            Posted::Unclear => "unknown_outcome".to_owned(),
        }
    }
}

/// How a webhook stands after an attempt. What passes by itself, and what was one message's fault, changes nothing.
pub fn after(state: WebhookState, posted: Posted) -> WebhookState {
    match posted {
        Posted::Delivered => WebhookState::Ok,
        Posted::Refused(refused) => match refused.blame() {
            Blame::Message => state,
            Blame::Setting => WebhookState::Broken,
            Blame::Webhook => WebhookState::Disabled,
        },
        Posted::Wait(_) | Posted::Away | Posted::Unclear => state,
    }
}

#[cfg(test)]
mod tests {
    use super::{BadName, Blame, Posted, REFUSALS, Refused, WebhookName, WebhookState, after, label};
    use std::time::Duration;

    #[test]
    fn web_02_a_webhook_needs_a_name_and_an_address_is_none() {
        for (text, expected) in [
            ("ops-alerts", Ok("ops-alerts")),
            (" große_Runde2 ", Ok("große_Runde2")),
            ("", Err(BadName::Missing)),
            ("  \n", Err(BadName::Missing)),
            ("ops alerts", Err(BadName::Letters)),
            ("a;b", Err(BadName::Letters)),
            (&"x".repeat(61), Err(BadName::Letters)),
            ("https://hooks.slack.com/services/T/B/X", Err(BadName::Address)),
            ("hooks.slack.com/services/T/B/X", Err(BadName::Address)),
        ] {
            let parsed = WebhookName::parse(text);
            assert_eq!(parsed.as_ref().map(WebhookName::as_str).map_err(|bad| *bad), expected, "{text}");
        }
    }

    #[test]
    fn web_03_the_channel_is_a_label_that_may_be_left_out() {
        assert_eq!(label(""), Ok(String::new()));
        assert_eq!(label(" #alerts "), Ok("#alerts".to_owned()));
        assert_eq!(label(&"x".repeat(82)), Err(BadName::Label));
        assert_eq!(label("a\nb"), Err(BadName::Label));
        assert_eq!(label("https://hooks.slack.com/services/T/B/X"), Err(BadName::Address));
    }

    #[test]
    fn every_refusal_has_its_word_and_says_what_to_do() {
        for (refused, word, ..) in REFUSALS {
            assert_eq!(Refused::from_word(word), Some(refused));
            assert_eq!(refused.word(), word);
            assert!(refused.advice().contains("; "), "{word}: what to do about it?");
        }
        assert_eq!(Refused::from_word("brand_new"), None);
        assert_eq!(Refused::Undocumented(418).word(), "http_418");
    }

    #[test]
    fn a_refusal_disables_breaks_or_leaves_a_webhook_by_whose_fault_it_is() {
        use WebhookState::{Broken, Disabled, Ok};
        for (state, posted, expected) in [
            (Ok, Posted::Refused(Refused::NoService), Disabled),
            (Ok, Posted::Refused(Refused::ChannelArchived), Disabled),
            (Ok, Posted::Refused(Refused::ActionProhibited), Broken),
            (Ok, Posted::Refused(Refused::InvalidBlocks), Ok),
            (Ok, Posted::Refused(Refused::Undocumented(400)), Broken),
            (Broken, Posted::Refused(Refused::NoText), Broken),
            (Broken, Posted::Delivered, Ok),
            (Disabled, Posted::Delivered, Ok),
            (Disabled, Posted::Away, Disabled),
            (Ok, Posted::Wait(Duration::from_secs(30)), Ok),
            (Ok, Posted::Unclear, Ok),
        ] {
            assert_eq!(after(state, posted), expected, "{state:?} {posted:?}");
        }
        assert_eq!(Refused::InvalidPayload.blame(), Blame::Message);
    }
}
