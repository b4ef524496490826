//! How often a Web API method may be called: Slack's rate tiers, from the method pages of docs.slack.dev.
//!
//! Slack tolerates short bursts above these figures; staying below them means never seeing a 429 in ordinary work.
//! What a limiter does with the figures is decided in `domain`.

/// Tier 1.
const RARE: u32 = 1;
/// Tier 2.
const SOME: u32 = 20;
/// Tier 3, and what Slack gives to methods we do not list.
const MANY: u32 = 50;
/// Tier 4.
const LOTS: u32 = 100;
/// "Special": hundreds a minute.
const HUNDREDS: u32 = 300;
/// Messages: about one a second, counted per channel.
const PER_CHANNEL: u32 = 60;

/// Calls a minute for a method in a workspace; for `chat.postMessage` in a channel.
pub fn per_minute(method: &str) -> u32 {
    match method {
        "chat.postMessage" => PER_CHANNEL,
        "apps.uninstall" => RARE,
        "chat.startStream"
        | "chat.stopStream"
        | "auth.teams.list"
        | "conversations.list"
        | "users.list"
        | "usergroups.list"
        | "usergroups.users.list"
        | "canvases.create"
        | "conversations.canvases.create" => SOME,
        "chat.postEphemeral"
        | "chat.appendStream"
        | "conversations.members"
        | "users.info"
        | "views.open"
        | "views.update"
        | "views.push"
        | "views.publish"
        | "files.info"
        | "files.getUploadURLExternal"
        | "files.completeUploadExternal"
        | "assistant.threads.setSuggestedPrompts"
        | "assistant.threads.setTitle" => LOTS,
        "auth.test"
        | "chat.getPermalink"
        | "apps.event.authorizations.list"
        | "assistant.threads.setStatus" => HUNDREDS,
        _ => MANY,
    }
}

/// Whether Slack counts this method per channel and not per workspace.
pub fn is_per_channel(method: &str) -> bool {
    method == "chat.postMessage"
}

#[cfg(test)]
mod tests {
    use super::per_minute;

    #[test]
    fn each_tier_has_its_figure_and_the_unlisted_get_tier_three() {
        for (method, expected) in [
            ("chat.postMessage", 60),
            ("users.list", 20),
            ("users.info", 100),
            ("conversations.info", 50),
            ("x.y", 50),
        ] {
            assert_eq!(per_minute(method), expected, "{method}");
        }
    }
}
