//! The address that comes with a command or a click: whoever knows it may answer there, so it is a secret. It is taken
//! out of the stored payload when it is used, goes to Slack's own hosts only, and is never shown.

use std::fmt;

use serde::Deserialize;

use super::loose::{self, Text};

/// Where Slack takes such answers [slack-facts 5.7, 8].
const HOSTS: [&str; 3] = ["hooks.slack.com", "hooks.slack-gov.com", "hooks.slack.gov"];

/// The address for one answer.
pub struct ResponseUrl(reqwest::Url);

impl ResponseUrl {
    /// The address in a stored payload, if it is one of Slack's, or of `local`, a simulator's base on this machine.
    pub fn of(payload: &str, local: Option<&str>) -> Option<ResponseUrl> {
        let found: Found<'_> = serde_json::from_str(payload).ok()?;
        let url = reqwest::Url::parse(&loose::filled(&found.response_url)?).ok()?;
        let slacks = url.scheme() == "https" && url.host_str().is_some_and(|host| HOSTS.contains(&host));
        let simulated = local.and_then(|base| reqwest::Url::parse(base).ok());
        let simulated = simulated.is_some_and(|base| base.origin() == url.origin());
        (slacks || simulated).then_some(ResponseUrl(url))
    }

    /// The address itself, for the one place that calls it.
    pub(super) fn expose(&self) -> reqwest::Url {
        self.0.clone()
    }
}

impl fmt::Debug for ResponseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseUrl(…)")
    }
}

#[derive(Deserialize)]
struct Found<'a> {
    #[serde(borrow, default, deserialize_with = "loose::text")]
    response_url: Text<'a>,
}

#[cfg(test)]
mod tests {
    use super::ResponseUrl;

    #[test]
    fn f37_only_slacks_own_hosts_are_answered_and_the_address_is_never_shown() {
        let found = |url: &str, local| ResponseUrl::of(&format!(r#"{{"response_url":"{url}"}}"#), local);
        let url = found("https://hooks.slack.com/commands/T1/2/secret", None).expect("Slack's own");
        assert_eq!(format!("{url:?}"), "ResponseUrl(…)");
        for stranger in [
            "http://hooks.slack.com/commands/x",
            "https://hooks.slack.com.example/x",
            "https://slack.com@evil.example/x",
            "http://127.0.0.1:9/x",
        ] {
            assert!(found(stranger, None).is_none(), "{stranger}");
        }
        assert!(found("http://127.0.0.1:9/commands/x", Some("http://127.0.0.1:9/api")).is_some());
        assert!(ResponseUrl::of("{}", None).is_none() && ResponseUrl::of("nonsense", None).is_none());
    }
}
