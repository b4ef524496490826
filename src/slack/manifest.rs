//! The definition of the Slack app, as Slack's settings take it: scopes, events, Socket Mode.
//!
//! Each event needs its scope and each scope makes the operator's administrator think twice, so there is nothing in here
//! that deskd does not use. The app-level token cannot be made from a manifest; `init` says where to click.

use serde_json::{Value, json};

use super::methods::Profile;

/// Where Slack takes a manifest in a link: "create an app from a manifest".
const NEW_APP: &str = "https://api.slack.com/apps?new_app=1&manifest_json=";
/// Slack's limit for an app's name, in characters.
const LONGEST_NAME: usize = 35;

/// The bot's scopes, and what each is for.
pub const NEEDED_SCOPES: &[(&str, &str)] = &[
    ("app_mentions:read", "to be told when somebody mentions the bot"),
    ("channels:history", "to read what is written in public channels it is in"),
    ("channels:read", "to know the names and members of public channels"),
    ("chat:write", "to answer"),
    ("groups:history", "to read what is written in private channels it is in"),
    ("groups:read", "to know the names and members of private channels it is in"),
    ("usergroups:read", "to know the user groups that a notice may mention"),
    ("users:read", "to know people's names"),
    ("users:read.email", "to recognise contacts by their e-mail address"),
];

/// Scopes that an app made from the manifest has, too, but that only some desks need.
pub const WANTED_SCOPES: &[(&str, &str)] = &[("files:write", "to upload the charts of reports")];

/// The scope of the app-level token.
pub const APP_TOKEN_SCOPE: &str = "connections:write";

/// What a manifest is to be for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The app's name; one that is longer than Slack's 35 characters is cut.
    pub name: &'a str,
    /// What the app is for.
    pub profile: Profile,
    /// Where Slack is to send its requests: scheme and host; without it deskd holds sockets.
    pub http: Option<&'a str>,
    /// Where Slack sends back people who install the app through its pages; nowhere unless that is configured.
    pub redirect: Option<&'a str>,
    /// Whether an organisation (Enterprise Grid) shall be able to install it as a whole.
    pub org: bool,
}

/// The manifest for an app.
pub fn manifest(wanted: Wanted<'_>) -> Value {
    let Wanted { name, profile, http, redirect, org } = wanted;
    let name: String = name.trim().chars().take(LONGEST_NAME).collect();
    let name = if name.is_empty() { "deskd".to_owned() } else { name };
    let events: Vec<&str> = profile.events().map(|event| event.name).collect();
    let mut manifest = json!({
        "_metadata": { "major_version": 2 },
        "display_information": {
            "name": name,
            "description": "Turns what people write in monitored channels into tasks and carries answers back.",
        },
        "features": { "bot_user": { "display_name": name, "always_online": true } },
        "oauth_config": { "scopes": { "bot": profile.scopes() } },
        "settings": {
            "event_subscriptions": { "bot_events": events },
            "interactivity": { "is_enabled": true },
            "org_deploy_enabled": org,
            "socket_mode_enabled": http.is_none(),
            "token_rotation_enabled": false,
        },
    });
    if let Some(address) = http.map(|address| address.trim().trim_end_matches('/')) {
        let settings = &mut manifest["settings"];
        settings["event_subscriptions"]["request_url"] = json!(format!("{address}/slack/events"));
        settings["interactivity"]["request_url"] = json!(format!("{address}/slack/interactive"));
        settings["interactivity"]["message_menu_options_url"] = json!(format!("{address}/slack/options"));
    }
    if let Some(redirect) = redirect {
        manifest["oauth_config"]["redirect_urls"] = json!([redirect]);
    }
    manifest
}

/// What a scope is for; empty for one that deskd does not ask for.
pub fn purpose(scope: &str) -> &'static str {
    let found = NEEDED_SCOPES.iter().chain(WANTED_SCOPES).find(|(known, _)| *known == scope);
    found.map_or("", |(_, what_for)| what_for)
}

/// How the scopes that a token has differ from those that a profile takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drift {
    /// The app has to ask for these.
    pub missing: Vec<&'static str>,
    /// The app asks for these, and the profile needs none of them.
    pub needless: Vec<String>,
}

/// Compares what was granted with what a profile takes.
pub fn drift(granted: &[String], profile: Profile) -> Drift {
    let wanted = profile.scopes();
    let missing = wanted.iter().copied().filter(|scope| !granted.iter().any(|has| has == scope)).collect();
    let mut needless: Vec<String> =
        granted.iter().filter(|scope| !wanted.contains(&scope.as_str())).cloned().collect();
    needless.sort_unstable();
    Drift { missing, needless }
}

/// The scopes that a token lacks for the profile that it is nearest to; none when Slack did not say what was granted.
pub fn lacking(granted: &[String]) -> Vec<String> {
    if granted.is_empty() {
        return Vec::new();
    }
    let missing = Profile::ALL.into_iter().map(|profile| drift(granted, profile).missing);
    let nearest = missing.min_by_key(Vec::len).unwrap_or_default();
    nearest.into_iter().map(str::to_owned).collect()
}

/// The scopes that were not granted of all that deskd uses: with each of them something does not work. None when Slack did not
/// say what was granted.
pub fn without(granted: &[String]) -> Vec<String> {
    if granted.is_empty() {
        return Vec::new();
    }
    drift(granted, Profile::Full).missing.into_iter().map(str::to_owned).collect()
}

/// The link that opens Slack's "create an app" dialogue with the manifest filled in.
pub fn install_link(manifest: &Value) -> String {
    let json = manifest.to_string();
    let mut link = String::with_capacity(NEW_APP.len() + json.len() * 2);
    link.push_str(NEW_APP);
    for byte in json.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            link.push(char::from(byte));
        } else {
            link.push_str(&format!("%{byte:02X}"));
        }
    }
    link
}

#[cfg(test)]
mod tests {
    use super::{Drift, LONGEST_NAME, Wanted, drift, install_link, lacking, manifest};
    use crate::slack::methods::Profile;
    use serde_json::{Value, json};

    fn named(name: &str) -> Value {
        manifest(Wanted { name, profile: Profile::Full, http: None, redirect: None, org: false })
    }

    #[test]
    fn ing_15_a_token_lacks_what_the_nearest_profile_takes_besides() {
        let granted = |profile: Profile| -> Vec<String> {
            profile.scopes().iter().map(|scope| (*scope).to_owned()).collect()
        };
        for profile in Profile::ALL {
            assert_eq!(lacking(&granted(profile)), [] as [&str; 0]);
        }
        let smallest = Profile::ALL.into_iter().min_by_key(|profile| profile.scopes().len()).expect("one");
        let mut short = granted(smallest);
        let taken = short.remove(0);
        assert_eq!(lacking(&short), [taken]);
        assert_eq!(lacking(&[]), [] as [&str; 0], "Slack did not say");
    }

    #[test]
    fn oau_02_the_manifest_of_every_profile_passes_slacks_schema() {
        let Some(folder) = std::env::var_os("DESKD_SCHEMAS") else {
            println!("skipped: DESKD_SCHEMAS is not set");
            return;
        };
        let path = std::path::Path::new(&folder).join("manifest.schema.2.0.0.json");
        let text = std::fs::read_to_string(path).expect("the schema can be read");
        let schema = serde_json::from_str(&text).expect("the schema is JSON");
        let validator = jsonschema::validator_for(&schema).expect("the schema is a schema");
        for name in ["deskd", "", &"x".repeat(80)] {
            for profile in Profile::ALL {
                for http in [None, Some("https://desk.example.com"), Some("https://desk.example.com/")] {
                    let redirect = http.map(|_| "https://desk.example.com/slack/oauth/callback");
                    for org in [false, true] {
                        let made = manifest(Wanted { name, profile, http, redirect, org });
                        let problems: Vec<String> =
                            validator.iter_errors(&made).map(|e| e.to_string()).collect();
                        assert_eq!(problems, Vec::<String>::new(), "{name} {profile:?} {http:?} {org}");
                    }
                }
            }
        }
        let mut wrong = named("deskd");
        wrong["settings"]["socket_mode_enabled"] = json!("yes");
        assert!(!validator.is_valid(&wrong), "the schema refuses what is wrong");
    }

    #[test]
    fn a_long_name_is_cut_and_an_empty_one_replaced() {
        assert_eq!(named(&"ü".repeat(50))["display_information"]["name"], json!("ü".repeat(LONGEST_NAME)));
        assert_eq!(named("  ")["display_information"]["name"], json!("deskd"));
    }

    #[test]
    fn with_an_address_slack_sends_requests_and_there_are_no_sockets() {
        let http = Some("https://desk.example.com/");
        let settings = &manifest(Wanted {
            name: "d",
            profile: Profile::Inbox,
            http,
            redirect: None,
            org: false,
        })["settings"];
        assert_eq!(settings["socket_mode_enabled"], json!(false));
        let base = "https://desk.example.com/slack";
        assert_eq!(settings["event_subscriptions"]["request_url"], json!(format!("{base}/events")));
        assert_eq!(settings["interactivity"]["request_url"], json!(format!("{base}/interactive")));
        assert_eq!(named("d")["settings"]["socket_mode_enabled"], json!(true));
    }

    #[test]
    fn who_lets_people_install_the_app_names_where_they_are_sent_back() {
        assert_eq!(named("d")["oauth_config"].get("redirect_urls"), None);
        let redirect = Some("https://desk.example.com/slack/oauth/callback");
        let made = manifest(Wanted { name: "d", profile: Profile::Inbox, http: None, redirect, org: true });
        assert_eq!(made["settings"]["org_deploy_enabled"], json!(true));
        assert_eq!(made["oauth_config"]["redirect_urls"], json!([redirect]));
    }

    #[test]
    fn oau_14_oau_15_what_was_granted_is_compared_by_name() {
        let granted = |scopes: &[&str]| -> Vec<String> { scopes.iter().map(|s| (*s).to_owned()).collect() };
        let all = granted(&Profile::Notify.scopes());
        assert_eq!(drift(&all, Profile::Notify), Drift::default());
        let fewer: Vec<String> = all.into_iter().filter(|scope| scope != "usergroups:read").collect();
        assert_eq!(drift(&fewer, Profile::Notify).missing, ["usergroups:read"]);
        let more = granted(&[
            "channels:history",
            "channels:read",
            "chat:write",
            "im:write",
            "users:read",
            "users:read.email",
        ]);
        let found = drift(&more, Profile::Inbox);
        assert_eq!((found.missing.len(), found.needless), (0, vec!["im:write".to_owned()]));
    }

    #[test]
    fn the_link_holds_the_manifest_percent_encoded() {
        let link = install_link(&json!({"name": "ü &"}));
        assert_eq!(
            link,
            "https://api.slack.com/apps?new_app=1&manifest_json=%7B%22name%22%3A%22%C3%BC%20%26%22%7D"
        );
    }
}
