//! Installing the app through Slack's own pages: what a person who begins it carries along, and how it ends.
//!
//! Who begins gets a state, which Slack hands back, and a mark in the browser, which nobody else has. A state is good for ten
//! minutes, once, and together with its mark alone.

use std::collections::BTreeMap;
use std::time::Duration;

use super::time::Timestamp;

/// How long a person may take: as long as the code lives that Slack gives at the end.
pub const PATIENCE: Duration = Duration::from_secs(600);

/// Most installations that are under way at once; more are somebody who plays with the door, and the oldest give way.
const MOST: usize = 1000;

/// Stands for every workspace in the list of those that may install the app.
pub const EVERYBODY: &str = "*";

/// Whether this workspace, or its organisation, is one of those that may install the app. Without a list none is: the page is open to
/// whoever finds it, and an app that is distributed can be installed anywhere.
pub fn may_install(allowed: &[String], team: Option<&str>, enterprise: Option<&str>) -> bool {
    let is_named = |id: Option<&str>| id.is_some_and(|id| allowed.iter().any(|one| one == id));
    allowed.iter().any(|one| one == EVERYBODY) || is_named(team) || is_named(enterprise)
}

/// A digest of what a person carries along.
pub type Digest = [u8; 32];

/// The installations that were begun.
#[derive(Debug, Default)]
pub struct Pending(BTreeMap<Digest, Begun>);

#[derive(Debug)]
struct Begun {
    browser: Digest,
    at: Timestamp,
}

/// How an installation ended, as the address says it that the person is sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The workspace is connected.
    Connected,
    /// Slack sent no code.
    NoCode,
    /// The person, or an administrator, said no.
    SlackDenied,
    /// The state is unknown, used, too old, or of another browser.
    BadState,
    /// Slack did not take the code, or could not be asked.
    ExchangeFailed,
    /// The workspace is none of those that this desk is for.
    NotAllowed,
    /// This desk is not set up for it.
    NotConfigured,
}

impl Pending {
    /// Somebody begins.
    pub fn begin(&mut self, state: Digest, browser: Digest, now: Timestamp) {
        self.0.retain(|_, begun| now.since(begun.at) < PATIENCE);
        if self.0.len() >= MOST {
            let oldest = self.0.iter().min_by_key(|(_, begun)| begun.at).map(|(state, _)| *state);
            oldest.and_then(|state| self.0.remove(&state));
        }
        self.0.insert(state, Begun { browser, at: now });
    }

    /// Somebody comes back; whether that is who began. The state is used up, whoever brings it.
    pub fn end(&mut self, state: &Digest, browser: &Digest, now: Timestamp) -> bool {
        let begun = self.0.remove(state);
        begun.is_some_and(|begun| begun.browser == *browser && now.since(begun.at) < PATIENCE)
    }
}

impl Ending {
    /// All of them.
    pub const ALL: [Ending; 7] = [
        Ending::Connected,
        Ending::NoCode,
        Ending::SlackDenied,
        Ending::BadState,
        Ending::ExchangeFailed,
        Ending::NotAllowed,
        Ending::NotConfigured,
    ];

    /// The word in the address; it never changes.
    pub fn slug(self) -> &'static str {
        match self {
            Ending::Connected => "connected",
            Ending::NoCode => "no_code",
            Ending::SlackDenied => "slack_denied",
            Ending::BadState => "bad_state",
            Ending::ExchangeFailed => "oauth_exchange_failed",
            Ending::NotAllowed => "not_allowed",
            Ending::NotConfigured => "not_configured",
        }
    }

    /// The ending of a word.
    pub fn of_slug(slug: &str) -> Option<Ending> {
        Ending::ALL.into_iter().find(|ending| ending.slug() == slug)
    }

    /// What happened, and what to do next.
    pub fn told(self) -> (&'static str, &'static str) {
        match self {
            Ending::Connected => (
                "The workspace is connected.",
                "Invite the bot into a channel and have the operator pick it: deskd channels monitor \"#name\".",
            ),
            Ending::NoCode => (
                "Slack sent you back without a code, so nothing was installed.",
                "Begin again, and stay in the same window until you are back here.",
            ),
            Ending::SlackDenied => (
                "The installation was declined in Slack, so nothing was installed.",
                "If that was not you, an administrator of the workspace has to approve the app; then begin again.",
            ),
            Ending::BadState => (
                "This does not belong to an installation that was begun in this browser in the last ten minutes.",
                "Begin again, and allow cookies for this page.",
            ),
            Ending::ExchangeFailed => (
                "Slack did not give us a token, so nothing was installed.",
                "Begin again. If it happens once more, the operator finds the reason in the log of deskd.",
            ),
            Ending::NotAllowed => (
                "This desk does not work in the workspace that was picked, so nothing was kept, and Slack was told so.",
                "The operator names the workspaces it is for: allow under [oauth] in the configuration. Then begin again.",
            ),
            Ending::NotConfigured => (
                "This desk is not set up to be installed like this.",
                "The operator has to set [oauth] and a key for secrets: see docs/workspaces.md.",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Ending, MOST, PATIENCE, Pending, Timestamp, may_install};
    use std::time::Duration;

    #[test]
    fn a_state_is_good_once_for_ten_minutes_in_the_browser_that_began() {
        let begun = Timestamp(1_000);
        let last = begun.plus(PATIENCE).minus(Duration::from_millis(1));
        for (what, state, browser, at, good) in [
            ("at once", [1; 32], [2; 32], begun, true),
            ("in the last moment", [1; 32], [2; 32], last, true),
            ("too late", [1; 32], [2; 32], begun.plus(PATIENCE), false),
            ("another browser", [1; 32], [3; 32], begun, false),
            ("another state", [4; 32], [2; 32], begun, false),
        ] {
            let mut pending = Pending::default();
            pending.begin([1; 32], [2; 32], begun);
            assert_eq!(pending.end(&state, &browser, at), good, "{what}");
            assert!(!pending.end(&state, &browser, at), "{what}: a second time");
        }
    }

    #[test]
    fn who_plays_with_the_door_takes_no_more_room_than_there_is() {
        let mut pending = Pending::default();
        for number in 0..=u16::try_from(MOST).unwrap() {
            let mut state = [0; 32];
            state[..2].copy_from_slice(&number.to_be_bytes());
            pending.begin(state, [0; 32], Timestamp(i64::from(number)));
        }
        assert_eq!(pending.0.len(), MOST);
        assert!(!pending.end(&[0; 32], &[0; 32], Timestamp(0)), "the oldest gave way");
    }

    #[test]
    fn a_workspace_installs_the_app_when_it_or_its_organisation_is_named() {
        let list = |ids: &[&str]| -> Vec<String> { ids.iter().map(|&id| id.to_owned()).collect() };
        for (allowed, team, enterprise, may) in [
            (list(&[]), Some("T1"), None, false),
            (list(&["T1"]), Some("T1"), None, true),
            (list(&["T1"]), Some("T2"), None, false),
            (list(&["E1"]), Some("T2"), Some("E1"), true),
            (list(&["E1"]), None, Some("E1"), true),
            (list(&["T1"]), None, Some("E1"), false),
            (list(&["*"]), Some("T9"), None, true),
        ] {
            assert_eq!(may_install(&allowed, team, enterprise), may, "{allowed:?} {team:?} {enterprise:?}");
        }
    }

    #[test]
    fn every_ending_has_a_word_of_its_own_and_says_what_to_do() {
        for ending in Ending::ALL {
            assert_eq!(Ending::of_slug(ending.slug()), Some(ending));
            assert!(!ending.told().1.is_empty());
        }
        assert_eq!(Ending::of_slug("<script>"), None);
    }
}
