//! The program is stopped at every point of changing a rotating token, and goes on: no token is lost, or the installation says what
//! to do.

use std::time::Duration;

use deskd::config::Secret;
use deskd::domain::ids::WorkspaceId;
use deskd::domain::installation::{Source, TOKEN_ENDS};
use deskd::domain::message::Ourselves;
use deskd::domain::seal::Keyring;
use deskd::domain::task::Actor;
use deskd::intake::rotation::Rotator;
use deskd::runtime::worker::{Next, Worker};
use deskd::simulator::{Setup, Simulator};
use deskd::slack::api::Api;
use deskd::slack::apis::Apis;
use deskd::slack::oauth::Client;
use deskd::store::Store;
use deskd::store::installations::{NewInstallation, Tokens};

use crate::api_door::Door;
use crate::crash::stopped_after;
use crate::workspaces::{acme, connect, globex};
use crate::world::World;

pub const HOUR: u64 = 3600;

/// A desk that is not running, and a workspace whose token lives for another two hours.
pub struct Place {
    pub world: World,
    pub other: Simulator,
    apis: Apis,
    /// The first refresh token.
    refresh: String,
}

impl Place {
    pub async fn new(grace: Duration) -> Place {
        let mut setup = Setup::default();
        setup.app.token_rotation = true;
        setup.app.refresh_grace_ms = i64::try_from(grace.as_millis()).unwrap();
        let world = World::without_desk(setup, |_| {});
        let other = world.slack.add_workspace(globex());
        let (bot, app) = (Secret::new(&world.slack.bot_token()), Secret::new(&world.slack.app_token()));
        let apis = Apis::from(Api::new(&world.slack.api_url(), &bot, &app).unwrap());
        let (token, refresh) = other.granted_pair();
        let place = Place { world, other, apis, refresh };
        place.install(&token, &place.refresh).await;
        place.world.pass(10 * HOUR).await;
        place
    }

    pub async fn store(&self) -> Store {
        let store = Store::open(&self.world.database(), self.world.clock.now()).await.unwrap();
        store.with_keys(Keyring::parse(&"07".repeat(32)).unwrap())
    }

    pub async fn install(&self, token: &str, refresh: &str) {
        let now = self.world.clock.now();
        let (store, api) =
            (self.store().await, self.apis.configured().speaking(&Secret::new(token)).unwrap());
        let ours: Ourselves = api.auth_test().await.unwrap().ourselves;
        let (bot, refresh) = (Secret::new(token), Some(Secret::new(refresh)));
        let expires_at = Some(now.plus(Duration::from_secs(12 * HOUR)));
        let tokens = Tokens { bot, user: None, refresh, expires_at };
        let (enterprise, scopes, source) = (String::new(), Vec::new(), Source::OAuth);
        let by = Actor::Desk;
        let new =
            NewInstallation { ours: ours.clone(), enterprise, org_wide: false, source, scopes, tokens, by };
        store.install(new, now).await.unwrap();
        self.apis.enter(ours, api, false);
    }

    fn client(&self) -> Client {
        let app = self.world.slack.setup().app;
        Client { id: app.client_id, secret: Secret::new(&app.client_secret) }
    }

    /// One life of the worker, until there is nothing to be changed.
    pub async fn life(&self) {
        let mut rotator = Rotator::new(self.store().await, self.apis.clone(), self.client());
        while let Next::Again = rotator.step(self.world.clock.now()).await.unwrap() {}
    }

    /// Whether the token in the file is good at Slack now, and why it will end, as far as that is known.
    async fn standing(&self) -> (bool, String) {
        let store = self.store().await;
        let speakers = store.speakers().await.unwrap();
        let token = speakers[0].bot.as_ref().unwrap();
        let is_good = self.apis.configured().speaking(token).unwrap().auth_test().await.is_ok();
        (is_good, store.installations().await.unwrap()[0].reason.clone())
    }

    fn asked(&self) -> usize {
        self.world.slack.calls("oauth.v2.access")
    }

    /// What comes after a stop, ten minutes later and on: a good token in the end. Says whether a pair was lost on the way.
    async fn goes_on(&self, at: &str) -> bool {
        self.world.pass(600).await;
        self.life().await;
        let (is_good, reason) = self.standing().await;
        assert!(is_good, "{at}: whatever happened, the token in the file is good");
        let is_lost = !reason.is_empty();
        if is_lost {
            assert_eq!(reason, TOKEN_ENDS, "{at}");
            let asked = self.asked();
            self.life().await;
            assert_eq!(self.asked(), asked, "{at}: what is good for nothing is not tried for ever");
            let (token, refresh) = self.other.granted_pair();
            self.install(&token, &refresh).await;
        }
        self.world.pass(3 * HOUR).await;
        assert_eq!(self.standing().await, (true, String::new()), "{at}");
        is_lost
    }
}

#[tokio::test(start_paused = true)]
async fn stopped_at_any_point_of_a_change_no_token_is_lost_while_slack_takes_the_old_one_once_more() {
    for (wakes, linger) in (1..).flat_map(|wakes| [(wakes, 0), (wakes, 500)]) {
        let place = Place::new(Duration::from_secs(60)).await;
        let finished = stopped_after(wakes, Duration::from_millis(linger), place.life()).await.is_some();
        let at = format!("stopped after {wakes} wake-ups and {linger} ms");
        assert!(place.standing().await.0, "{at}: the token in the file is good");
        place.world.pass(5).await;
        place.life().await;
        place.world.pass(3 * HOUR).await;
        assert_eq!(
            place.standing().await,
            (true, String::new()),
            "{at}: there is another, and it outlives the first"
        );
        assert!(place.asked() <= 2, "{at}: asked {} times", place.asked());
        if finished {
            assert!(wakes > 5, "the worker was stopped at {wakes} points only");
            assert_eq!(place.asked(), 1, "asked once, kept once");
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_pair_that_was_lost_is_said_so_while_the_old_token_is_still_good_and_a_new_one_mends_it() {
    // The one point that matters: Slack has answered, and nothing of it is on disk.
    let place = Place::new(Duration::ZERO).await;
    let api = place.apis.configured();
    api.refresh(&place.client(), &Secret::new(&place.refresh)).await.unwrap();
    assert!(place.goes_on("stopped between Slack's answer and the commit").await, "the pair is lost");
    // And every point at which the worker waits for something.
    for (wakes, linger) in (1..).flat_map(|wakes| [(wakes, 0), (wakes, 500)]) {
        let place = Place::new(Duration::ZERO).await;
        let finished = stopped_after(wakes, Duration::from_millis(linger), place.life()).await.is_some();
        place.goes_on(&format!("stopped after {wakes} wake-ups and {linger} ms")).await;
        if finished {
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_list_of_workspaces_says_that_a_token_ends_and_what_to_do() {
    let (world, door) = acme(Setup::default()).await;
    let other = world.slack.add_workspace(globex());
    let globex: WorkspaceId = connect(&world, &door, &other).await;
    let database = rusqlite::Connection::open(world.database()).unwrap();
    let ends = "UPDATE installations SET reason = 'token_ends' WHERE workspace = ?";
    database.execute(ends, [&globex.0]).unwrap();
    let listed = door.ok(&["workspaces"]).await;
    assert!(
        listed.contains("active (token_ends)") && listed.contains("hint: install the app there again"),
        "{listed}"
    );
    hand_over_again(&door, &other).await;
    assert!(!door.ok(&["workspaces"]).await.contains("token_ends"));
    door.close().await;
    world.finish().await;
}

async fn hand_over_again(door: &Door, other: &Simulator) {
    let token = serde_json::json!({ "token": other.another_bot_token() });
    let (status, answer) = door.post("/v1/workspaces/connect", token).await;
    assert_eq!(status, 200, "{answer}");
}
