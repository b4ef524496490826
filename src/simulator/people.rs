//! People of the workspace and how the Web API shows them.
//!
//! A person never changes channels here; membership belongs to the channel.

use serde_json::{Value, json};

use super::ids;
use super::setup::PersonSetup;

/// Id of Slack's own helper user.
pub const SLACKBOT: &str = "USLACKBOT";

/// A user object: a person, our bot, another app's bot, or Slackbot.
#[derive(Clone, Debug)]
pub struct Person {
    /// User id.
    pub id: String,
    /// Handle.
    pub handle: String,
    /// Real name.
    pub real_name: String,
    /// Display name, may be empty.
    pub display_name: String,
    /// E-mail address, if the profile has one.
    pub email: Option<String>,
    /// Home team.
    pub team_id: String,
    /// Whether the home team is another one.
    pub is_foreign: bool,
    /// Foreign and sharing nothing with us.
    pub is_stranger: bool,
    /// Bot id and app id of a bot user.
    pub bot: Option<BotOf>,
    /// Deactivated account.
    pub deleted: bool,
    /// Unix seconds of the last profile change.
    pub updated: i64,
}

/// The app behind a bot user.
#[derive(Clone, Debug)]
pub struct BotOf {
    /// Bot id (`B…`).
    pub bot_id: String,
    /// App id (`A…`).
    pub app_id: String,
}

impl Person {
    /// A person from the setup; ids follow from the handle.
    pub fn new(setup: &PersonSetup, home_team: &str, now_s: i64) -> Self {
        let handle = setup.handle.as_str();
        let bot = setup
            .is_bot
            .then(|| BotOf { bot_id: ids::stable("B", handle), app_id: ids::stable("A", handle) });
        Self {
            id: ids::stable("U", handle),
            handle: handle.to_owned(),
            real_name: setup.real_name.clone(),
            display_name: setup.display_name.clone(),
            email: setup.email.clone(),
            team_id: setup.foreign_team.clone().unwrap_or_else(|| home_team.to_owned()),
            is_foreign: setup.foreign_team.is_some(),
            is_stranger: setup.is_stranger,
            bot,
            deleted: false,
            updated: now_s,
        }
    }

    /// The user object of the Web API; the address only with the e-mail scope.
    pub fn as_user(&self, with_email: bool) -> Value {
        let mut profile = json!({
            "real_name": self.real_name,
            "real_name_normalized": self.real_name,
            "display_name": self.display_name,
            "display_name_normalized": self.display_name,
            "first_name": self.real_name.split(' ').next().unwrap_or_default(),
            "last_name": self.real_name.split(' ').nth(1).unwrap_or_default(),
            "title": "", "phone": "", "skype": "", "status_text": "", "status_emoji": "",
            "avatar_hash": "g0000000000",
            "image_72": "https://avatars.simulated.example/72.png",
            "team": self.team_id,
        });
        if let (true, Some(email)) = (with_email, &self.email) {
            profile["email"] = json!(email);
        }
        if let Some(bot) = &self.bot {
            profile["bot_id"] = json!(bot.bot_id);
            profile["api_app_id"] = json!(bot.app_id);
        }
        let mut user = json!({
            "id": self.id, "team_id": self.team_id, "name": self.handle, "real_name": self.real_name,
            "deleted": self.deleted, "color": "9f69e7", "profile": profile, "is_bot": self.bot.is_some(),
            "is_app_user": false, "updated": self.updated,
        });
        if self.is_foreign {
            user["is_stranger"] = json!(self.is_stranger);
        } else {
            for flag in ["is_admin", "is_owner", "is_primary_owner", "is_restricted", "is_ultra_restricted"] {
                user[flag] = json!(false);
            }
            user["tz"] = json!("Europe/London");
            user["tz_label"] = json!("Greenwich Mean Time");
            user["tz_offset"] = json!(0);
            user["is_email_confirmed"] = json!(true);
            user["who_can_share_contact_card"] = json!("EVERYONE");
        }
        user
    }

    /// The bot object of `bots.info` and of `bot_profile` in messages, for a bot user.
    pub fn as_bot(&self) -> Option<Value> {
        let bot = self.bot.as_ref()?;
        let icon = "https://avatars.simulated.example/bot.png";
        Some(json!({
            "id": bot.bot_id, "deleted": self.deleted, "name": self.real_name, "updated": self.updated,
            "app_id": bot.app_id, "user_id": self.id, "team_id": self.team_id,
            "icons": {"image_36": icon, "image_48": icon, "image_72": icon},
        }))
    }
}
