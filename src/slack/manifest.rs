//! The definition of the Slack app, as Slack's settings take it: scopes, events, Socket Mode.
//!
//! Each event needs its scope and each scope makes the operator's administrator think twice, so there is nothing in here
//! that deskd does not use. The app-level token cannot be made from a manifest; `init` says where to click.

use serde_json::{Value, json};

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

/// Scopes without which a workspace cannot be connected: reading and answering in public channels, knowing people by their
/// names and addresses, and the groups that notices mention.
pub const CONNECT_SCOPES: &[&str] =
    &["chat:write", "channels:read", "channels:history", "users:read", "users:read.email", "usergroups:read"];

/// The scope of the app-level token.
pub const APP_TOKEN_SCOPE: &str = "connections:write";

/// The events the bot subscribes to; the scopes above cover them all (docs.slack.dev, event reference).
const BOT_EVENTS: &[&str] = &[
    "app_mention",
    "app_uninstalled",
    "channel_archive",
    "channel_deleted",
    "channel_id_changed",
    "channel_rename",
    "channel_unarchive",
    "group_archive",
    "group_deleted",
    "group_rename",
    "group_unarchive",
    "member_joined_channel",
    "member_left_channel",
    "message.channels",
    "message.groups",
    "subteam_created",
    "subteam_members_changed",
    "subteam_updated",
    "team_join",
    "tokens_revoked",
    "user_change",
];

/// The manifest for an app with this name; a name longer than Slack's 35 characters is cut.
pub fn manifest(name: &str) -> Value {
    let name: String = name.trim().chars().take(LONGEST_NAME).collect();
    let name = if name.is_empty() { "deskd".to_owned() } else { name };
    let scopes: Vec<&str> = NEEDED_SCOPES.iter().chain(WANTED_SCOPES).map(|(scope, _)| *scope).collect();
    json!({
        "_metadata": { "major_version": 2 },
        "display_information": {
            "name": name,
            "description": "Turns what people write in monitored channels into tasks and carries answers back.",
        },
        "features": { "bot_user": { "display_name": name, "always_online": true } },
        "oauth_config": { "scopes": { "bot": scopes } },
        "settings": {
            "event_subscriptions": { "bot_events": BOT_EVENTS },
            "interactivity": { "is_enabled": true },
            "org_deploy_enabled": false,
            "socket_mode_enabled": true,
            "token_rotation_enabled": false,
        },
    })
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
    use super::{LONGEST_NAME, install_link, manifest};
    use serde_json::json;

    #[test]
    fn the_manifest_passes_slacks_schema() {
        let Some(folder) = std::env::var_os("DESKD_SCHEMAS") else {
            println!("skipped: DESKD_SCHEMAS is not set");
            return;
        };
        let path = std::path::Path::new(&folder).join("manifest.schema.2.0.0.json");
        let text = std::fs::read_to_string(path).expect("the schema can be read");
        let schema = serde_json::from_str(&text).expect("the schema is JSON");
        let validator = jsonschema::validator_for(&schema).expect("the schema is a schema");
        for name in ["deskd", "", &"x".repeat(80)] {
            let problems: Vec<String> =
                validator.iter_errors(&manifest(name)).map(|e| e.to_string()).collect();
            assert_eq!(problems, Vec::<String>::new(), "{name}");
        }
        let mut wrong = manifest("deskd");
        wrong["settings"]["socket_mode_enabled"] = json!("yes");
        assert!(!validator.is_valid(&wrong), "the schema refuses what is wrong");
    }

    #[test]
    fn a_long_name_is_cut_and_an_empty_one_replaced() {
        assert_eq!(manifest(&"ü".repeat(50))["display_information"]["name"], json!("ü".repeat(LONGEST_NAME)));
        assert_eq!(manifest("  ")["display_information"]["name"], json!("deskd"));
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
