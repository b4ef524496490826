//! Installing the app through Slack's own pages: a person's browser goes from page to page, and what comes of it.

use std::net::SocketAddr;

use deskd::config::Secret;
use deskd::domain::bundle::Pick;
use deskd::domain::ids::{ChannelId, WorkspaceId};
use deskd::domain::seal::Keyring;
use deskd::domain::task::Actor;
use deskd::domain::time::Timestamp;
use deskd::simulator::{Fault, Setup, Simulator, Times};
use deskd::web::serve_slack;
use reqwest::redirect::Policy;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::workspaces::{another, count, globex, said};
use crate::world::World;

/// A desk whose pages are open, and a browser.
pub struct Pages {
    pub world: World,
    pub other: Simulator,
    address: SocketAddr,
    browser: reqwest::Client,
    stop: CancellationToken,
}

/// A page as a browser gets it.
pub struct Page {
    pub status: u16,
    pub location: String,
    pub cookie: String,
    pub text: String,
}

/// A key for secrets.
pub fn key() -> Keyring {
    Keyring::parse(&"07".repeat(32)).unwrap()
}

impl Pages {
    pub async fn open() -> Pages {
        Pages::with(Setup::default(), true).await
    }

    pub async fn with(setup: Setup, is_configured: bool) -> Pages {
        Pages::changed(setup, is_configured, |world| world.keys = Some(key())).await
    }

    /// The same with another configuration, or without a key.
    pub async fn changed(setup: Setup, is_configured: bool, change: impl FnOnce(&mut World)) -> Pages {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (id, secret) = (setup.app.client_id.clone(), setup.app.client_secret.clone());
        let mut world = World::without_desk(setup, |config| {
            config.oauth.client_id = Some(id);
            config.oauth.redirect_url = Some(format!("http://{address}/slack/oauth/callback"));
            config.oauth.allow = vec!["T0GLOBEX001".to_owned(), "E0GLOBAL001".to_owned()];
            config.oauth.user_scopes = vec!["search:read".to_owned()];
        });
        world.client_secret = is_configured.then(|| Secret::new(&secret));
        change(&mut world);
        world.open().await;
        let other = world.slack.add_workspace(globex());
        world.slack.install_into("T0GLOBEX001");
        let stop = CancellationToken::new();
        tokio::spawn(serve_slack(listener, world.desk().doorway(), stop.clone()));
        let browser = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        Pages { world, other, address, browser, stop }
    }

    pub async fn get(&self, address: &str, cookie: &str) -> Page {
        let address = match address.starts_with('/') {
            true => format!("http://{}{address}", self.address),
            false => address.to_owned(),
        };
        let answer = self.browser.get(address).header("cookie", cookie).send().await.unwrap();
        let header = |name: &str| {
            answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
        };
        let (status, location) = (answer.status().as_u16(), header("location"));
        let cookie = header("set-cookie").split(';').next().unwrap_or_default().to_owned();
        Page { status, location, cookie, text: answer.text().await.unwrap() }
    }

    /// Begins, and lets Slack ask: where Slack sends the browser back, and its cookie.
    pub async fn allowed(&self) -> (String, String) {
        let begun = self.get("/slack/install", "").await;
        assert_eq!(begun.status, 303);
        let asked = self.get(&begun.location, "").await;
        assert_eq!(asked.status, 302, "{}", asked.text);
        (asked.location, begun.cookie)
    }

    /// The slug that coming back with this ends in.
    pub async fn slug(&self, back: &str, cookie: &str) -> String {
        let page = self.get(back, cookie).await;
        assert_eq!(page.status, 303, "{}", page.text);
        let shown = self.get(&page.location, "").await;
        assert_eq!(shown.status, 200, "the page is there");
        let slug = page.location.strip_prefix("/settings?slack=").unwrap();
        slug.split('&').next().unwrap_or_default().to_owned()
    }

    pub async fn close(self) {
        self.stop.cancel();
        self.world.finish().await;
    }
}

#[tokio::test(start_paused = true)]
async fn oau_06_and_oau_09_who_begins_is_sent_to_slack_and_comes_back_connected() {
    let pages = Pages::open().await;
    let begun = pages.get("/slack/install", "").await;
    let asked = reqwest::Url::parse(&begun.location).unwrap();
    assert_eq!(asked.path(), "/oauth/v2/authorize");
    let names: Vec<String> = asked.query_pairs().map(|(name, _)| name.into_owned()).collect();
    assert_eq!(names, ["client_id", "scope", "user_scope", "redirect_uri", "state"]);
    let value = |name: &str| asked.query_pairs().find(|(other, _)| other == name).unwrap().1.into_owned();
    assert!(value("scope").contains("chat:write,") && value("scope").contains("users:read.email"));
    assert_eq!(value("state").len(), 112, "when, what is random, and a signature");
    let (back, cookie) = pages.allowed().await;
    assert_eq!(pages.slug(&back, &cookie).await, "connected");
    pages.world.pass(5).await;
    let globex = WorkspaceId("T0GLOBEX001".into());
    let support = ChannelId(pages.other.channel_id("support").unwrap());
    let now = pages.world.clock.now();
    pages.world.store().of(&globex).pick_channel(support, Pick::Monitor, Actor::Desk, now).await.unwrap();
    pages.other.say("hedy", "support", "installed with one click").unwrap();
    pages.world.pass(60).await;
    assert_eq!(said(&pages.world, &globex).await, ["1 installed with one click"]);
    let audit = pages.world.store().audit(Timestamp(0), 0, 99).await.unwrap();
    let row = audit.iter().find(|row| row.workspace == globex && row.what == "connected").unwrap();
    assert!(row.detail.ends_with("installed through Slack's pages"), "{row:?}");
    pages.close().await;
}

#[tokio::test(start_paused = true)]
async fn oau_07_the_code_becomes_a_bot_token_and_the_token_of_the_person_who_was_asked() {
    let pages = Pages::open().await;
    let (back, cookie) = pages.allowed().await;
    assert_eq!(pages.slug(&back, &cookie).await, "connected");
    let kinds = "SELECT COUNT(*) FROM tokens WHERE workspace = 'T0GLOBEX001' AND kind IN ('bot', 'user')";
    assert_eq!(count(&pages.world, kinds).await, 2);
    let sources = "SELECT COUNT(*) FROM installations WHERE source = 'oauth' AND expires_at IS NULL";
    assert_eq!(count(&pages.world, sources).await, 1);
    let bytes = std::fs::read(pages.world.database()).unwrap();
    assert!(!bytes.windows(5).any(|window| window == b"xoxb-" || window == b"xoxp-"), "sealed");
    pages.close().await;
}

#[tokio::test(start_paused = true)]
async fn oau_12_every_failure_ends_at_a_page_with_its_own_slug() {
    let pages = Pages::open().await;
    let callback = "/slack/oauth/callback";
    let (back, cookie) = pages.allowed().await;
    let state = back.split("state=").nth(1).unwrap().to_owned();
    assert_eq!(pages.slug(&format!("{callback}?state={state}"), &cookie).await, "no_code");
    pages.world.slack.refuse_install();
    let (back, cookie) = pages.allowed().await;
    assert_eq!(pages.slug(&back, &cookie).await, "slack_denied");
    // A state is good once, in the browser where it began, and for ten minutes.
    let (back, _) = pages.allowed().await;
    assert_eq!(pages.slug(&back, "deskd_install=somebody-elses").await, "bad_state");
    let (back, cookie) = pages.allowed().await;
    pages.world.pass(600).await;
    assert_eq!(pages.slug(&back, &cookie).await, "bad_state", "too late");
    assert_eq!(pages.slug(&format!("{callback}?code=x&state=y"), "").await, "bad_state");
    let (back, cookie) = pages.allowed().await;
    let forged = back.replace("code=", "code=0");
    assert_eq!(pages.slug(&forged, &cookie).await, "oauth_exchange_failed");
    let (back, cookie) = pages.allowed().await;
    pages.world.slack.fault("oauth.v2.access", Fault::Status(500), Times::Count(1));
    assert_eq!(pages.slug(&back, &cookie).await, "oauth_exchange_failed");
    assert_eq!(count(&pages.world, "SELECT COUNT(*) FROM tokens").await, 0);
    let page = pages.get("/settings?slack=bad_state", "").await;
    assert!(page.text.contains("Begin again, and allow cookies") && page.text.contains("/slack/install"));
    assert_eq!(pages.get("/settings?slack=%3Cscript%3E", "").await.status, 404);
    pages.close().await;
    let pages = Pages::with(Setup::default(), false).await;
    let begun = pages.get("/slack/install", "").await;
    assert_eq!(begun.location, "/settings?slack=not_configured");
    assert_eq!(pages.slug(&format!("{callback}?code=x&state=y"), "").await, "not_configured");
    pages.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_token_that_lives_for_twelve_hours_is_changed_before_its_end_and_nothing_is_missed() {
    let mut setup = Setup::default();
    setup.app.token_rotation = true;
    let pages = Pages::with(setup, true).await;
    let (back, cookie) = pages.allowed().await;
    assert_eq!(pages.slug(&back, &cookie).await, "connected");
    let before = pages.world.slack.calls("oauth.v2.access");
    let globex = WorkspaceId("T0GLOBEX001".into());
    let support = ChannelId(pages.other.channel_id("support").unwrap());
    let now = pages.world.clock.now();
    pages.world.store().of(&globex).pick_channel(support, Pick::Monitor, Actor::Desk, now).await.unwrap();
    pages.world.pass(9 * 3600).await;
    assert_eq!(pages.world.slack.calls("oauth.v2.access"), before, "not before it is time");
    // Slack is away at first.
    pages.world.slack.fault("oauth.v2.access", Fault::Status(503), Times::Count(2));
    pages.world.pass(4 * 3600).await;
    assert_eq!(
        pages.world.slack.calls("oauth.v2.access"),
        before + 4,
        "twice in vain, the bot's, the person's"
    );
    pages.other.say("hedy", "support", "thirteen hours later").unwrap();
    pages.world.pass(60).await;
    let outgoing = pages.world.desk().front().outgoing;
    let number = deskd::domain::ids::TaskNumber(1);
    outgoing.reply(globex.clone(), number, "still here", Actor::Desk, pages.world.clock.now()).await.unwrap();
    pages.world.pass(5).await;
    let texts: Vec<String> =
        pages.other.history("support").unwrap().iter().map(|message| message.text.clone()).collect();
    assert!(texts.iter().any(|text| text == "still here"), "{texts:?}");
    assert_eq!(count(&pages.world, "SELECT COUNT(*) FROM tokens WHERE kind = 'refresh'").await, 1);
    pages.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_workspace_that_this_desk_is_not_for_is_refused_and_its_token_given_back() {
    let pages = Pages::open().await;
    let stranger = pages.world.slack.add_workspace(another("T0STRANGER1", "Initech", "xoxb-3-initech"));
    pages.world.slack.install_into("T0STRANGER1");
    let (back, cookie) = pages.allowed().await;
    assert_eq!(pages.slug(&back, &cookie).await, "not_allowed");
    assert_eq!(stranger.calls("auth.revoke"), 2, "Slack is told that neither token is wanted");
    assert_eq!(stranger.calls("auth.test"), 0, "and nothing else is asked there");
    let kept = "SELECT COUNT(*) FROM installations WHERE workspace = 'T0STRANGER1'";
    assert_eq!(count(&pages.world, kept).await, 0);
    let page = pages.get("/settings?slack=not_allowed", "").await;
    assert!(page.text.contains("allow under [oauth]"), "{}", page.text);
    pages.close().await;
}
