//! The tokens of a workspace's installation: the one it has from the start, those that were granted since, and what became of
//! each.

use std::collections::BTreeMap;

use super::call::Refusal;
use super::workspace::Workspace;

/// How long a rotating token lives (docs: 12 hours).
pub const LIFE_S: i64 = 43_200;

/// Whose a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The app's own, for sockets.
    App,
    /// The bot's.
    Bot,
    /// A person's.
    User,
}

/// What is known of a token.
#[derive(Clone, Debug)]
struct Granted {
    kind: Kind,
    scopes: Vec<String>,
    expires_ms: Option<i64>,
    /// Slack's name of why it is good for nothing any more.
    dead: Option<&'static str>,
}

/// A refresh token.
#[derive(Clone, Debug)]
struct Refresh {
    kind: Kind,
    scopes: Vec<String>,
    /// Until when it is taken although it was used.
    grace_ms: Option<i64>,
}

/// The tokens that were granted since the start.
#[derive(Debug, Default)]
pub struct Tokens {
    granted: BTreeMap<String, Granted>,
    /// Refresh tokens, and the scopes of what they give.
    refresh: BTreeMap<String, Refresh>,
    /// Why the token of the start is good for nothing any more.
    first_dead: Option<&'static str>,
    count: u64,
}

impl Workspace {
    /// What a token is here; `None` when it is not of this workspace.
    pub fn token(&self, token: &str, now_ms: i64) -> Option<Result<Kind, Refusal>> {
        let others = &self.setup.others;
        if token == self.setup.app.app_token || others.iter().any(|other| token == other.app_token) {
            return Some(Ok(Kind::App));
        }
        if others.iter().any(|other| token == other.bot_token) {
            return Some(Ok(Kind::Bot));
        }
        if token == self.setup.app.bot_token {
            return Some(self.tokens.first_dead.map_or(Ok(Kind::Bot), |error| Err(error.into())));
        }
        let granted = self.tokens.granted.get(token)?;
        Some(match granted {
            Granted { dead: Some(error), .. } => Err((*error).into()),
            Granted { expires_ms: Some(end), .. } if *end <= now_ms => Err("token_expired".into()),
            Granted { kind, .. } => Ok(*kind),
        })
    }

    /// What a token is allowed.
    pub fn scopes_of(&self, token: &str) -> Vec<String> {
        let granted = self.tokens.granted.get(token).map(|granted| granted.scopes.clone());
        let other = self.setup.others.iter().find(|other| other.bot_token == token);
        granted.unwrap_or_else(|| other.unwrap_or(&self.setup.app).scopes.clone())
    }

    /// Makes a token of this kind; it rotates where the app's tokens do.
    pub fn grant(&mut self, kind: Kind, scopes: Vec<String>) -> String {
        self.tokens.count += 1;
        let rotates = self.setup.app.token_rotation;
        let prefix = match (kind, rotates) {
            (Kind::User, true) => "xoxe.xoxp-1-",
            (Kind::User, false) => "xoxp-",
            (_, true) => "xoxe.xoxb-1-",
            (_, false) => "xoxb-",
        };
        let token = format!("{prefix}{}-{}-{}", self.setup.team_id, self.tokens.count, self.ids.hex(12));
        let expires_ms = rotates.then(|| self.clock.now_ms() + LIFE_S * 1000);
        self.tokens.granted.insert(token.clone(), Granted { kind, scopes, expires_ms, dead: None });
        token
    }

    /// Makes a refresh token.
    pub fn grant_refresh(&mut self, kind: Kind, scopes: Vec<String>) -> String {
        self.tokens.count += 1;
        let token = format!("xoxe-1-{}-{}-{}", self.setup.team_id, self.tokens.count, self.ids.hex(12));
        self.tokens.refresh.insert(token.clone(), Refresh { kind, scopes, grace_ms: None });
        token
    }

    /// Uses a refresh token up; whose it is and its scopes, if it was good. It is taken again for a moment (docs: a short grace).
    pub fn take_refresh(&mut self, token: &str) -> Option<(Kind, Vec<String>)> {
        let now_ms = self.clock.now_ms();
        let found = self.tokens.refresh.get_mut(token)?;
        match found.grace_ms {
            Some(until) if until <= now_ms => return None,
            Some(_) => {}
            None => found.grace_ms = Some(now_ms + self.setup.app.refresh_grace_ms),
        }
        Some((found.kind, found.scopes.clone()))
    }

    /// From now on this token is good for nothing.
    pub fn kill_token(&mut self, token: &str, error: &'static str) {
        match self.tokens.granted.get_mut(token) {
            Some(granted) => granted.dead = Some(error),
            None if token == self.setup.app.bot_token => self.tokens.first_dead = Some(error),
            None => {}
        }
    }

    /// From now on no token of this workspace is good for anything, but the app's own.
    pub fn kill_tokens(&mut self, error: &'static str) {
        self.tokens.first_dead = Some(error);
        self.tokens.granted.values_mut().for_each(|granted| granted.dead = Some(error));
        self.tokens.refresh.clear();
    }
}
