//! An installation of the app in a workspace: how it came to be, whether it is there, what a token has to look like and what
//! it has to be allowed, and when it is changed.

use std::time::Duration;

use super::secret::Secret;
use super::time::Timestamp;

/// How long settings are kept after the app has left: somebody may connect it again.
pub const KEEP_SETTINGS: Duration = Duration::from_secs(30 * 24 * 3600);

/// How long before its end a rotating token is changed: it lives 12 h, and Slack may be away for some of them.
pub const AHEAD: Duration = Duration::from_secs(2 * 3600);

/// Why an installation that is there will end by itself: Slack takes its refresh token no more, and only a new token helps. It is
/// so when deskd was ended between Slack's answer and the commit, and began again after Slack's grace for the old one.
pub const TOKEN_ENDS: &str = "token_ends";

/// Whether what Slack says to a refresh token means that it is good for nothing, however often it is tried.
pub fn is_used_up(error: &str) -> bool {
    error == "invalid_refresh_token"
}

/// Whether what Slack says to a token that shall be revoked means that it is good for nothing already.
pub fn is_dead(error: &str) -> bool {
    ["token_revoked", "token_expired", "account_inactive"].contains(&error)
}

/// Whose a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whose {
    /// The bot's.
    Bot,
    /// That of the person who installed the app.
    Person,
}

/// A token with what renews it, where tokens rotate.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The token.
    pub token: Secret,
    /// What the next pair is asked for with.
    pub refresh: Option<Secret>,
    /// Until when the token is good; `None` for good.
    pub expires_at: Option<Timestamp>,
}

impl Pair {
    /// Both as the one secret that is stored of a person's: a token, or a token, what renews it and when it ends. No token holds
    /// a blank.
    pub fn sealed(&self) -> Secret {
        match (&self.refresh, self.expires_at) {
            (Some(refresh), Some(at)) => {
                Secret::new(&format!("{} {} {}", self.token.expose(), refresh.expose(), at.0))
            }
            (_, None) | (None, Some(_)) => self.token.clone(),
        }
    }

    /// Reads it back.
    pub fn opened(sealed: &Secret) -> Pair {
        let mut words = sealed.expose().split(' ');
        let token = Secret::new(words.next().unwrap_or_default());
        let expires_at = |word: &str| word.parse().ok().map(Timestamp);
        Pair { token, refresh: words.next().map(Secret::new), expires_at: words.next().and_then(expires_at) }
    }
}

/// How an installation came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// By the configured bot token.
    Configured,
    /// Somebody handed a token to `deskd connect`.
    Connected,
    /// Somebody allowed it in Slack, and Slack sent them back to us.
    OAuth,
}

/// Whether an installation is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is.
    Active,
    /// It has ended; what it left behind is about to go.
    Leaving,
    /// It has ended, and only settings are left for a while.
    Gone,
}

/// Why an installation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parting {
    /// Somebody disconnected it here.
    Disconnected,
    /// Slack says that the token was revoked.
    TokensRevoked,
    /// Slack says that the app was uninstalled.
    AppUninstalled,
}

/// What Slack says of an end: of the whole installation, or of what it had from persons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Farewell {
    /// How the installation ended; `None` where it did not.
    pub parting: Option<Parting>,
    /// Whether a person's token was revoked.
    pub is_of_person: bool,
    /// When, in whole seconds; `None` where Slack does not say.
    pub at: Option<Timestamp>,
}

impl Farewell {
    /// Slack's word for it.
    pub fn word(&self) -> &'static str {
        self.parting.unwrap_or(Parting::TokensRevoked).as_str()
    }
}

/// Whether what ended at `ended_at` was there before the token that was put in its place at `changed_at`. Slack counts whole
/// seconds: within the same one either may have been first.
pub fn is_outdated(ended_at: Timestamp, changed_at: Timestamp) -> bool {
    ended_at.plus(Duration::from_secs(1)) <= changed_at
}

/// Why a token is not taken, before anybody is asked about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongToken {
    /// There is nothing in it.
    #[error("there is no token in it; hint: copy the Bot User OAuth Token, which begins with xoxb-")]
    Empty,
    /// It speaks for a person.
    #[error(
        "this is a user token (xoxp-), which speaks for a person; hint: copy the Bot User OAuth Token, which begins with xoxb-"
    )]
    User,
    /// It opens sockets.
    #[error(
        "this is the app-level token (xapp-), which opens sockets; hint: copy the Bot User OAuth Token, which begins with xoxb-"
    )]
    App,
    /// It ends within hours, and what renews it is not with it.
    #[error(
        "this token ends within 12 hours (xoxe.xoxb-), and what renews it is not with it; hint: install the app through Slack's pages, see [oauth] in docs/workspaces.md, or use an app without token rotation"
    )]
    Rotating,
    /// It is nothing of the kind.
    #[error("this is not a bot token; hint: copy the Bot User OAuth Token, which begins with xoxb-")]
    Other,
    /// It holds what no token has.
    #[error("the token holds spaces or line breaks; hint: copy it again, and nothing else with it")]
    Damaged,
}

impl Source {
    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Source::Configured => "configured",
            Source::Connected => "connected",
            Source::OAuth => "oauth",
        }
    }

    /// Reads it back.
    pub fn from_word(word: &str) -> Option<Source> {
        [Source::Configured, Source::Connected, Source::OAuth].into_iter().find(|one| one.as_str() == word)
    }
}

impl State {
    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Active => "active",
            State::Leaving => "leaving",
            State::Gone => "gone",
        }
    }

    /// Reads it back.
    pub fn from_word(word: &str) -> Option<State> {
        [State::Active, State::Leaving, State::Gone].into_iter().find(|one| one.as_str() == word)
    }
}

impl Parting {
    /// A stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Parting::Disconnected => "disconnected",
            Parting::TokensRevoked => "tokens_revoked",
            Parting::AppUninstalled => "app_uninstalled",
        }
    }

    /// Reads it back.
    pub fn from_word(word: &str) -> Option<Parting> {
        [Parting::Disconnected, Parting::TokensRevoked, Parting::AppUninstalled]
            .into_iter()
            .find(|one| one.as_str() == word)
    }
}

/// Whether a text can be a bot token that lasts.
pub fn check_token(token: &str) -> Result<(), WrongToken> {
    let token = token.trim();
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| token.starts_with(prefix));
    match token {
        "" => Err(WrongToken::Empty),
        _ if !token.chars().all(|c| c.is_ascii_graphic()) => Err(WrongToken::Damaged),
        _ if begins(&["xoxb-"]) => Ok(()),
        _ if begins(&["xoxe.xoxb-"]) => Err(WrongToken::Rotating),
        _ if begins(&["xoxp-", "xoxe.xoxp-"]) => Err(WrongToken::User),
        _ if begins(&["xapp-"]) => Err(WrongToken::App),
        _ => Err(WrongToken::Other),
    }
}

/// When a token that is good until `expires_at` is to be changed.
pub fn change_at(expires_at: Timestamp) -> Timestamp {
    expires_at.minus(AHEAD)
}

#[cfg(test)]
mod tests {
    use super::{Pair, Secret, Timestamp, WrongToken, check_token, is_outdated};

    #[test]
    fn news_of_an_end_is_outdated_once_another_token_came_in_a_later_second() {
        for (ended, changed, outdated) in
            [(10_000, 10_900, false), (10_000, 11_000, true), (10_000, 9_000, false), (10_000, 99_000, true)]
        {
            assert_eq!(is_outdated(Timestamp(ended), Timestamp(changed)), outdated, "{ended} {changed}");
        }
    }

    #[test]
    fn sec_26_a_bot_token_begins_with_xoxb_and_a_persons_is_refused_with_a_hint() {
        for (token, verdict) in [
            ("xoxb-1-2-abc", Ok(())),
            (" xoxb-1-2-abc\n", Ok(())),
            ("xoxe.xoxb-1-abc", Err(WrongToken::Rotating)),
            ("xoxp-1-2-abc", Err(WrongToken::User)),
            ("xoxe.xoxp-1-abc", Err(WrongToken::User)),
            ("xapp-1-A1-abc", Err(WrongToken::App)),
            ("", Err(WrongToken::Empty)),
            ("hunter2", Err(WrongToken::Other)),
            ("xoxb-1 2", Err(WrongToken::Damaged)),
        ] {
            assert_eq!(check_token(token), verdict, "{token}");
        }
        assert!(WrongToken::User.to_string().contains("hint: copy the Bot User OAuth Token"));
    }

    #[test]
    fn what_renews_a_persons_token_is_stored_with_it_and_read_back() {
        let pair = |refresh: Option<&str>, at: Option<i64>| Pair {
            token: Secret::new("xoxe.xoxp-1"),
            refresh: refresh.map(Secret::new),
            expires_at: at.map(Timestamp),
        };
        for (given, stored) in [
            (pair(Some("xoxe-1-2"), Some(7)), "xoxe.xoxp-1 xoxe-1-2 7"),
            (pair(None, None), "xoxe.xoxp-1"),
            (pair(None, Some(7)), "xoxe.xoxp-1"),
        ] {
            let sealed = given.sealed();
            assert_eq!(sealed.expose(), stored);
            let opened = Pair::opened(&sealed);
            assert_eq!(opened.token.expose(), "xoxe.xoxp-1");
            assert_eq!(opened.refresh.is_some(), given.refresh.is_some());
            assert_eq!(opened.expires_at, given.refresh.and(given.expires_at));
        }
    }
}
