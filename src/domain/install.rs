//! Installing the app through Slack's own pages: what a person who begins it carries along, and how it ends.
//!
//! Who begins gets a state, which Slack hands back, and a mark in the browser, which nobody else has. A state is good for ten
//! minutes, once, and together with its mark alone.

use std::collections::BTreeMap;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::time::Timestamp;

/// How long a person may take: as long as the code lives that Slack gives at the end.
pub const PATIENCE: Duration = Duration::from_secs(600);

/// Most ended installations that are remembered, 2 MB; more within ten minutes are somebody who plays with the door. The oldest
/// is forgotten then: whoever has both its state and its mark could bring them again, with a code that Slack takes once.
const MOST: usize = 10_000;

/// Length of what is signed in a state: the time and what is random, in hexadecimal digits.
const TEXT: usize = 16 + 2 * RANDOM_BYTES;

/// Length of what is random in a state, in bytes.
const RANDOM_BYTES: usize = 16;

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

/// What is random in a state.
pub type Nonce = [u8; RANDOM_BYTES];

/// The installations under way. What was begun is in the hands of whoever began it: the state says when, and is signed together
/// with the mark of the browser. Kept are those alone that have ended, so that nobody who merely knocks takes a place of anybody.
#[derive(Debug)]
pub struct Pending {
    key: Digest,
    /// States that were used, and when each was begun.
    used: BTreeMap<String, Timestamp>,
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
    /// Slack did not take the code or could not be asked, or what it gave is too little or could not be kept.
    ExchangeFailed,
    /// The workspace is none of those that this desk is for.
    NotAllowed,
    /// This desk is not set up for it.
    NotConfigured,
}

impl Pending {
    /// Nothing is under way; states are signed with this key, which is as random as it gets and known to nobody else.
    pub fn new(key: Digest) -> Pending {
        Pending { key, used: BTreeMap::new() }
    }

    /// Somebody begins, with something random and the mark of a browser: the state that Slack hands back.
    pub fn begin(&self, random: &Nonce, browser: &Digest, now: Timestamp) -> Option<String> {
        let text = format!("{:016x}{}", now.0, hex(random));
        let signature = self.signing(&text, browser)?.finalize().into_bytes();
        Some(format!("{text}{}", hex(&signature)))
    }

    /// Somebody comes back; whether that is who began, for the first time and in time.
    pub fn end(&mut self, state: &str, browser: &Digest, now: Timestamp) -> bool {
        let Some(begun) = self.begun(state, browser) else { return false };
        self.used.retain(|_, begun| now.since(*begun) < PATIENCE);
        if now.since(begun) >= PATIENCE || self.used.contains_key(state) {
            return false;
        }
        if self.used.len() >= MOST {
            let oldest = self.used.iter().min_by_key(|(_, begun)| **begun).map(|(state, _)| state.clone());
            oldest.and_then(|state| self.used.remove(&state));
        }
        self.used.insert(state.to_owned(), begun);
        true
    }

    /// When the installation of this state was begun; `None` where we have not signed that for this browser.
    fn begun(&self, state: &str, browser: &Digest) -> Option<Timestamp> {
        let (text, signature) = state.split_at_checked(TEXT)?;
        self.signing(text, browser)?.verify_slice(&bytes(signature)?).ok()?;
        i64::from_str_radix(text.get(..16)?, 16).ok().map(Timestamp)
    }

    fn signing(&self, text: &str, browser: &Digest) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        mac.update(text.as_bytes());
        mac.update(browser);
        Some(mac)
    }
}

/// Lower-case digits, so that there is one way to write a state.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    if !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
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
                "The installation did not end well, and nothing was kept of it.",
                "Begin again. If it happens once more, the operator finds the reason in the log of deskd.",
            ),
            Ending::NotAllowed => (
                "This desk does not work in the workspace that was picked, so nothing was kept.",
                "The operator names the workspaces it is for: allow under [oauth] in the configuration. Then begin again.",
            ),
            Ending::NotConfigured => (
                "This desk is not set up to be installed like this, and nothing was kept.",
                "The operator has to set [oauth] and a key for secrets: see docs/workspaces.md.",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Ending, MOST, PATIENCE, Pending, Timestamp, may_install};
    use std::time::Duration;

    const BROWSER: [u8; 32] = [2; 32];

    fn begun(pending: &Pending, random: [u8; 16], now: Timestamp) -> String {
        pending.begin(&random, &BROWSER, now).unwrap()
    }

    #[test]
    fn a_state_is_good_once_for_ten_minutes_in_the_browser_that_began() {
        let at = Timestamp(1_000);
        let last = at.plus(PATIENCE).minus(Duration::from_millis(1));
        for (what, key, browser, now, good) in [
            ("at once", [1; 32], BROWSER, at, true),
            ("in the last moment", [1; 32], BROWSER, last, true),
            ("too late", [1; 32], BROWSER, at.plus(PATIENCE), false),
            ("another browser", [1; 32], [3; 32], at, false),
            ("of another desk", [4; 32], BROWSER, at, false),
        ] {
            let state = begun(&Pending::new([1; 32]), [7; 16], at);
            let mut pending = Pending::new(key);
            assert_eq!(pending.end(&state, &browser, now), good, "{what}");
            assert!(!pending.end(&state, &browser, now), "{what}: a second time");
        }
    }

    #[test]
    fn a_state_that_was_changed_anywhere_is_none() {
        let mut pending = Pending::new([1; 32]);
        let state = begun(&pending, [7; 16], Timestamp(1_000));
        for at in 0..state.len() {
            let mut other = state.clone();
            other.replace_range(at..=at, if &state[at..=at] == "0" { "1" } else { "0" });
            assert!(!pending.end(&other, &BROWSER, Timestamp(1_000)), "{at}");
        }
        for other in ["", "0", "ä", &state[1..], &state.to_uppercase(), &format!("{state}00")] {
            assert!(!pending.end(other, &BROWSER, Timestamp(1_000)), "{other}");
        }
        assert!(pending.end(&state, &BROWSER, Timestamp(1_000)));
    }

    #[test]
    fn who_begins_takes_no_room_and_who_ends_no_more_than_there_is() {
        let mut pending = Pending::new([1; 32]);
        let ours = begun(&pending, [9; 16], Timestamp(0));
        for number in 0..=u32::try_from(MOST).unwrap() {
            let mut random = [0; 16];
            random[..4].copy_from_slice(&number.to_be_bytes());
            let state = begun(&pending, random, Timestamp(i64::from(number)));
            assert!(pending.end(&state, &BROWSER, Timestamp(i64::from(number))));
        }
        assert_eq!(pending.used.len(), MOST);
        assert!(pending.end(&ours, &BROWSER, Timestamp(20_000)), "nobody else's is void");
        let later = Timestamp(0).plus(2 * PATIENCE);
        assert!(!pending.end("", &BROWSER, later));
        let state = begun(&pending, [8; 16], later);
        assert!(pending.end(&state, &BROWSER, later));
        assert_eq!(pending.used.len(), 1, "what is too old is forgotten");
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
