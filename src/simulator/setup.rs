//! What the simulated workspace looks like at the start: team, app, channels, people, habits.
//!
//! It is plain data with a sensible default, "Acme"; nothing here happens.

/// Everything that is fixed when the simulator starts.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The simulator's wall clock at start, in Unix milliseconds.
    pub epoch_ms: i64,
    /// Team id (`T…`).
    pub team_id: String,
    /// Team name as people see it.
    pub team_name: String,
    /// First label of the team's host name.
    pub team_domain: String,
    /// The one installed app.
    pub app: AppSetup,
    /// Further apps, whose bots are where everybody is: their tokens are good for what the first one's is good for. What
    /// happens is delivered to the first one alone.
    pub others: Vec<AppSetup>,
    /// Where everything for the app is delivered over HTTP; over sockets when there is nothing.
    pub http: Option<HttpSetup>,
    /// Channels at start.
    pub channels: Vec<ChannelSetup>,
    /// People at start; the app's bot user and Slackbot are added by themselves.
    pub people: Vec<PersonSetup>,
    /// User groups at start.
    pub groups: Vec<GroupSetup>,
    /// Whether posting is limited to about one message per second and channel.
    pub post_limit: bool,
    /// Whether the tiers of the Web API methods (20, 50, 100 calls a minute) are enforced.
    pub method_limits: bool,
    /// How generous `conversations.history` and `conversations.replies` are.
    pub history: HistoryProfile,
    /// In which order a post that mentions the bot arrives.
    pub mention_order: MentionOrder,
    /// What becomes of events raised while no socket is open.
    pub offline_events: OfflineEvents,
    /// The address that clients reach it by when that is not where it listens, for instance behind something that speaks
    /// TLS: `https://localhost:1234`.
    pub public_url: Option<String>,
    /// Until when after it was raised such an event goes out on connecting, and when it is tried for the last time;
    /// Slack: 1 and 5 minutes.
    pub offline_retry_ms: [i64; 2],
    /// Planned life of a socket in seconds; Slack's hellos say 18060.
    pub connection_life_s: u32,
}

/// The app's addresses.
#[derive(Clone)]
pub struct HttpSetup {
    /// What stands before `/events`, `/interactive`, `/options` and `/commands`.
    pub base: String,
    /// What requests are signed with.
    pub signing_secret: String,
    /// The certificates (PEM) that the address's may be signed by; those of the system when there are none.
    pub ca_pem: Option<String>,
}

impl std::fmt::Debug for HttpSetup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HttpSetup({})", self.base)
    }
}

/// The installed app and what it may do.
#[derive(Clone, Debug)]
pub struct AppSetup {
    /// App id (`A…`).
    pub id: String,
    /// App name.
    pub name: String,
    /// Handle of the bot user.
    pub bot_handle: String,
    /// User id of the bot (`U…`).
    pub bot_user_id: String,
    /// Bot id (`B…`).
    pub bot_id: String,
    /// App-level token (`xapp-…`).
    pub app_token: String,
    /// Bot token (`xoxb-…`).
    pub bot_token: String,
    /// Scopes of the bot token.
    pub scopes: Vec<String>,
    /// Client id, for installing it.
    pub client_id: String,
    /// Client secret.
    pub client_secret: String,
    /// Whether granted bot tokens live for 12 hours only.
    pub token_rotation: bool,
    /// Bot events the app subscribes to, by their names in a manifest (`message.channels`).
    pub events: Vec<String>,
}

/// One channel at start.
#[derive(Clone, Debug)]
pub struct ChannelSetup {
    /// Name without the number sign.
    pub name: String,
    /// Private or public.
    pub is_private: bool,
    /// Handles of the members; `None` puts everybody in.
    pub members: Option<Vec<String>>,
    /// Whether our bot is a member.
    pub has_bot: bool,
}

/// One person (or another app's bot) at start.
#[derive(Clone, Debug)]
pub struct PersonSetup {
    /// Handle, the `name` of a user object; the verbs take it.
    pub handle: String,
    /// Real name.
    pub real_name: String,
    /// Display name; may be empty, as many are.
    pub display_name: String,
    /// E-mail address, when the profile has one.
    pub email: Option<String>,
    /// Team of a foreign person (Slack Connect); `None` for our own.
    pub foreign_team: Option<String>,
    /// Foreign and sharing no channel with us.
    pub is_stranger: bool,
    /// Another app's bot user.
    pub is_bot: bool,
}

/// One user group.
#[derive(Clone, Debug)]
pub struct GroupSetup {
    /// Handle without `@`.
    pub handle: String,
    /// What people call it.
    pub name: String,
    /// Handles of its members.
    pub members: Vec<String>,
}

/// Limits of the two history methods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistoryProfile {
    /// Internal apps: tier 3 and up to 999 or 1000 messages.
    Internal,
    /// Commercially distributed apps since 2025: one call a minute, 15 messages.
    Distributed,
}

/// Order of the `message` and `app_mention` twins of one post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MentionOrder {
    /// `message` comes first.
    MessageFirst,
    /// `app_mention` comes first.
    MentionFirst,
    /// Either, by chance.
    Either,
}

/// Fate of events raised while no socket is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfflineEvents {
    /// Retried like failed HTTP deliveries: on connecting within a minute, at 1 min, at 5 min.
    Retried,
    /// Lost at once, which Slack's documentation reserves the right to.
    Lost,
}

impl ChannelSetup {
    /// A public channel with everybody and our bot in it.
    pub fn public(name: &str) -> Self {
        Self { name: name.to_owned(), is_private: false, members: None, has_bot: true }
    }

    /// A private channel with these members (handles) and our bot in it.
    pub fn private(name: &str, members: &[&str]) -> Self {
        let members = members.iter().map(|&handle| handle.to_owned()).collect();
        Self { name: name.to_owned(), is_private: true, members: Some(members), has_bot: true }
    }

    /// The same channel without our bot.
    #[must_use]
    pub fn without_bot(mut self) -> Self {
        self.has_bot = false;
        self
    }
}

impl GroupSetup {
    /// A group of these people (handles), called as its handle.
    pub fn new(handle: &str, members: &[&str]) -> Self {
        let members = members.iter().map(|&member| member.to_owned()).collect();
        Self { handle: handle.to_owned(), name: handle.to_owned(), members }
    }
}

impl PersonSetup {
    /// A member of our team without an e-mail address.
    pub fn new(handle: &str, real_name: &str) -> Self {
        Self {
            handle: handle.to_owned(),
            real_name: real_name.to_owned(),
            display_name: handle.to_owned(),
            email: None,
            foreign_team: None,
            is_stranger: false,
            is_bot: false,
        }
    }

    /// With an e-mail address.
    #[must_use]
    pub fn email(mut self, email: &str) -> Self {
        self.email = Some(email.to_owned());
        self
    }

    /// Shown under this display name, which may be empty.
    #[must_use]
    pub fn display_name(mut self, name: &str) -> Self {
        self.display_name = name.to_owned();
        self
    }

    /// From another organisation, through Slack Connect.
    #[must_use]
    pub fn foreign(mut self, team_id: &str) -> Self {
        self.foreign_team = Some(team_id.to_owned());
        self
    }

    /// A foreign person with whom we share no channel: only a thin profile is visible.
    #[must_use]
    pub fn stranger(mut self, team_id: &str) -> Self {
        self.is_stranger = true;
        self.foreign(team_id)
    }

    /// Another app's bot user.
    #[must_use]
    pub fn bot(mut self) -> Self {
        self.is_bot = true;
        self
    }
}

/// Scopes an inbox app asks for in its manifest.
const SCOPES: [&str; 20] = [
    "app_mentions:read",
    "channels:history",
    "channels:read",
    "chat:write",
    "commands",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "im:history",
    "im:read",
    "im:write",
    "mpim:history",
    "mpim:read",
    "reactions:read",
    "reactions:write",
    "team:read",
    "usergroups:read",
    "users:read",
    "users:read.email",
];

/// Events an inbox app subscribes to in its manifest.
const EVENTS: [&str; 25] = [
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "channel_archive",
    "channel_id_changed",
    "channel_rename",
    "channel_unarchive",
    "group_archive",
    "group_rename",
    "group_unarchive",
    "member_joined_channel",
    "member_left_channel",
    "message.channels",
    "message.groups",
    "message.im",
    "message.mpim",
    "reaction_added",
    "reaction_removed",
    "subteam_created",
    "subteam_members_changed",
    "subteam_updated",
    "team_join",
    "tokens_revoked",
    "user_change",
    "user_profile_changed",
];

impl Default for AppSetup {
    fn default() -> Self {
        Self {
            id: "A0DESKAPP01".to_owned(),
            name: "Desk".to_owned(),
            bot_handle: "desk".to_owned(),
            bot_user_id: "U0DESKBOT01".to_owned(),
            bot_id: "B0DESKBOT01".to_owned(),
            app_token: "xapp-1-A0DESKAPP01-1000000000001-simulated".to_owned(),
            bot_token: "xoxb-1000000000001-1000000000002-simulated".to_owned(),
            client_id: "1000000000001.1000000000003".to_owned(),
            client_secret: "simulated-client-secret".to_owned(),
            token_rotation: false,
            scopes: SCOPES.map(str::to_owned).to_vec(),
            events: EVENTS.map(str::to_owned).to_vec(),
        }
    }
}

impl Default for Setup {
    /// The workspace "Acme": four channels, four customers, two teammates in a group, a stranger and a bot.
    fn default() -> Self {
        Self {
            // 2026-01-05 09:00:00 UTC, a Monday morning.
            epoch_ms: 1_767_603_600_000,
            team_id: "T0ACME00001".to_owned(),
            team_name: "Acme".to_owned(),
            team_domain: "acme".to_owned(),
            app: AppSetup::default(),
            others: Vec::new(),
            http: None,
            channels: vec![
                ChannelSetup::public("general"),
                ChannelSetup::public("support"),
                ChannelSetup::public("sales"),
                ChannelSetup::public("random").without_bot(),
            ],
            people: vec![
                PersonSetup::new("ada", "Ada Lovelace").email("ada@globex.example"),
                PersonSetup::new("grace", "Grace Hopper").email("grace@initech.example"),
                PersonSetup::new("linus", "Linus Pauling").email("linus@umbrella.example").display_name(""),
                PersonSetup::new("noor", "Noor Haddad").display_name("Noor H."),
                PersonSetup::new("tess", "Tess Marsh").email("tess@acme.example"),
                PersonSetup::new("omar", "Omar Diaz").email("omar@acme.example"),
                PersonSetup::new("sven", "Sven Berg").stranger("T0FOREIGN01"),
                PersonSetup::new("pagerbot", "Pager Bot").bot(),
            ],
            groups: vec![GroupSetup::new("support-team", &["tess", "omar"])],
            post_limit: true,
            method_limits: true,
            history: HistoryProfile::Internal,
            mention_order: MentionOrder::MessageFirst,
            offline_events: OfflineEvents::Retried,
            public_url: None,
            offline_retry_ms: [60_000, 300_000],
            connection_life_s: 18_060,
        }
    }
}
