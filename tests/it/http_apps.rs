//! Several Slack apps side by side: each with its own addresses, secrets and sockets, and none that answers itself.

use deskd::config::apps::{AppId, AppTokens, Signing};
use deskd::config::{Secret, Sources};
use deskd::simulator::{AppSetup, Setup};
use serde_json::json;

use crate::world::World;

use crate::http_mode::{Hooks, SECRET, sign};

pub const OTHER: &str = "e6b19c573432dcc6b075501d51b51bb8";

/// The further app of these scenes.
pub fn notifications() -> AppId {
    AppId { name: Some("notifications".to_owned()), id: Some("A0NOTIFY".to_owned()) }
}

/// A desk with two apps, both over HTTP.
async fn with_two() -> Hooks {
    Hooks::with(|world| {
        let first = Signing::of(vec![Secret::new(SECRET)]);
        world.signing = first.and(notifications(), vec![Secret::new(OTHER)]);
    })
    .await
}

impl Hooks {
    pub async fn signed_with(&self, secret: &str, path: &str, body: &str) -> u16 {
        let now = self.now_s().to_string();
        self.send(path, body, &[], &now, &sign(secret, &now, body.as_bytes())).await.status
    }

    /// The apps under which events are kept, each with its number of events.
    async fn kept(&self) -> Vec<(String, i64)> {
        let path = self.world.database();
        let read = move || -> rusqlite::Result<Vec<(String, i64)>> {
            let connection = rusqlite::Connection::open(path)?;
            let sql = "SELECT app, COUNT(*) FROM events WHERE app <> '' GROUP BY app ORDER BY app";
            let mut query = connection.prepare(sql)?;
            query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        };
        tokio::task::spawn_blocking(read).await.unwrap().unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn sec_11_each_address_takes_the_secret_of_its_own_app() {
    let hooks = with_two().await;
    let body = hooks.message("hello", "1700000001.000100");
    for (secret, path, status) in [
        (SECRET, "/slack/events", 200),
        (OTHER, "/slack/events", 401),
        (OTHER, "/slack/notifications/events", 200),
        (SECRET, "/slack/notifications/events", 401),
        (OTHER, "/slack/notifications/options", 200),
        (SECRET, "/slack/elsewhere/events", 404),
    ] {
        assert_eq!(hooks.signed_with(secret, path, &body).await, status, "{path}");
    }
    hooks.world.pass(40).await;
    hooks.finish().await;
}

#[tokio::test(start_paused = true)]
async fn sec_11_both_secrets_are_good_while_one_is_replaced() {
    let hooks = Hooks::with(|world| {
        world.signing = Signing::of(vec![Secret::new(OTHER), Secret::new(SECRET)]);
    })
    .await;
    let body = hooks.message("hello", "1700000001.000100");
    for (secret, status) in [(SECRET, 200), (OTHER, 200), ("a third", 401)] {
        assert_eq!(hooks.signed_with(secret, "/slack/events", &body).await, status, "{secret}");
    }
    hooks.world.pass(40).await;
    hooks.finish().await;
}

#[tokio::test(start_paused = true)]
async fn ing_15_each_event_lands_under_its_app_and_one_post_seen_by_both_is_one_task() {
    let hooks = with_two().await;
    let seen = hooks.message("seen by both", "1700000001.000100");
    let also = seen.replace("Ev1700000001.000100", "Ev0OTHER").replace("\"A1\"", "\"A0NOTIFY\"");
    assert_eq!(hooks.signed_with(SECRET, "/slack/events", &seen).await, 200);
    assert_eq!(hooks.signed_with(OTHER, "/slack/notifications/events", &also).await, 200);
    assert_eq!(hooks.kept().await, [("A0NOTIFY".to_owned(), 1), ("A1".to_owned(), 1)]);
    hooks.world.pass(40).await;
    assert_eq!(hooks.world.tasks().await.matches("seen by both").count(), 1);
    hooks.finish().await;
}

#[tokio::test(start_paused = true)]
async fn ing_15_why_names_the_app_that_an_event_came_for() {
    let hooks = with_sibling().await;
    let body = hooks.message("seen by the other", "1700000001.000100");
    assert_eq!(hooks.signed_with(OTHER, "/slack/notifications/events", &body).await, 200);
    hooks.world.pass(40).await;
    let told = why(&hooks, "Ev1700000001.000100").await;
    assert!(told.contains("(message) for the app notifications"), "{told}");
    hooks.finish().await;
}

/// The bot of the other app is known by any of its three ids: what it posts is no contact's message.
#[tokio::test(start_paused = true)]
async fn ing_15_no_app_of_ours_answers_another_one() {
    let mut hooks = with_sibling().await;
    let channel = hooks.world.slack.channel_id("support").unwrap();
    for (at, author) in [
        json!({ "user": "U0NOTIFYBOT" }),
        json!({ "bot_id": "B0NOTIFYBOT", "subtype": "bot_message" }),
        json!({ "bot_id": "B0ELSE", "app_id": "A0NOTIFY", "subtype": "bot_message" }),
        json!({ "user": "U0NOTIFYBOT", "bot_id": "B0NOTIFYBOT", "app_id": "A0NOTIFY" }),
    ]
    .into_iter()
    .enumerate()
    {
        let ts = format!("17000000{at:02}.000100");
        let mut event = json!({
            "type": "message", "channel": channel, "text": "invoice 12 is paid", "ts": ts, "event_ts": ts,
            "channel_type": "channel",
        });
        event.as_object_mut().unwrap().extend(author.as_object().unwrap().clone());
        let body = json!({
            "team_id": hooks.world.workspace.0, "api_app_id": "A0DESKAPP01", "type": "event_callback",
            "event_id": format!("Ev{at}"), "event": event,
        });
        assert_eq!(hooks.signed_with(SECRET, "/slack/events", &body.to_string()).await, 200);
    }
    hooks.world.pass(40).await;
    assert_eq!(hooks.world.tasks().await, "", "nothing of it is a task");
    let reasons = hooks.world.reasons().await;
    assert!(reasons.contains("ourselves 4"), "{reasons}");
    hooks.world.close().await;
    // After a start the bot is known before Slack is asked again.
    let known = rusqlite::Connection::open(hooks.world.database()).unwrap();
    let row: String = known
        .query_row("SELECT name || ' ' || person || ' ' || bot FROM apps", [], |row| row.get(0))
        .unwrap();
    assert_eq!(row, "notifications U0NOTIFYBOT B0NOTIFYBOT");
    hooks.stop.cancel();
}

/// A desk whose further app has a bot in the workspace.
pub async fn with_sibling() -> Hooks {
    let hooks = Hooks::beside(vec![other()], |world| {
        let first = Signing::of(vec![Secret::new(SECRET)]);
        world.signing = first.and(notifications(), vec![Secret::new(OTHER)]);
        let bot_token = Some(Secret::new(&other().bot_token));
        world.apps = vec![AppTokens { app: notifications(), sockets: 0, app_token: None, bot_token }];
    })
    .await;
    hooks.world.pass(2).await;
    hooks
}

/// The further app as Slack knows it.
pub fn other() -> AppSetup {
    AppSetup {
        id: "A0NOTIFY".to_owned(),
        name: "Notify".to_owned(),
        bot_handle: "notify".to_owned(),
        bot_user_id: "U0NOTIFYBOT".to_owned(),
        bot_id: "B0NOTIFYBOT".to_owned(),
        app_token: "xapp-1-A0NOTIFY-1000000000001-simulated".to_owned(),
        bot_token: "xoxb-1000000000001-1000000000009-simulated".to_owned(),
        ..AppSetup::default()
    }
}

/// Each app opens its sockets with its own token; none of them silent means no gap for any.
#[tokio::test(start_paused = true)]
async fn ing_15_each_app_holds_sockets_of_its_own() {
    let mut world = World::without_desk(Setup::default(), |_| {});
    world.slack.change_setup(|setup| setup.others = vec![other()]);
    let app_token = Some(Secret::new(&other().app_token));
    world.apps = vec![AppTokens { app: notifications(), sockets: 1, app_token, bot_token: None }];
    world.settle().await;
    world.pass(5).await;
    assert_eq!(world.slack.sockets(), 3);
    let links = world.desk().front().links.states();
    let names: Vec<_> = links.iter().map(|link| link.app.as_deref().unwrap_or("-")).collect();
    assert_eq!(names, ["-", "-", "notifications"]);
    assert_eq!(world.desk().front().links.none_since(), None);
    world.finish().await;
}

async fn why(hooks: &Hooks, event: &str) -> String {
    let store = hooks.world.store();
    let subject = deskd::store::why::Subject::SlackEvent(event.to_owned());
    let steps = store.of(&hooks.world.workspace).trail(subject).await.unwrap();
    steps.into_iter().map(|step| step.sentence + "\n").collect()
}

/// A reload takes the new secret in and lets the old one go when it is taken away; nothing has to be started again.
#[tokio::test(start_paused = true)]
async fn sec_11_a_reload_reads_the_signing_secrets_again() {
    let hooks = Hooks::with(|world| world.signing = Signing::of(vec![Secret::new(SECRET)])).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let api_url = hooks.world.slack.api_url();
    std::fs::write(&path, format!("[slack]\nmode = \"http\"\napi_url = \"{api_url}\"\n")).unwrap();
    let reload = async |env: &[(&str, &str)]| {
        let pairs = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let env = pairs.chain([("HOME".to_owned(), "/home/ada".to_owned())]).collect();
        let sources = Sources { config: Some(path.clone()), env, flags: Vec::new(), root: false };
        hooks.world.desk().reload(&sources).await
    };
    let body = hooks.message("hello", "1700000001.000100");
    for (env, old, new) in [
        (&[][..], 500, 500),
        (&[("SLACK_SIGNING_SECRET", OTHER), ("SLACK_PREVIOUS_SIGNING_SECRET", SECRET)], 200, 200),
        (&[("SLACK_SIGNING_SECRET", OTHER)], 401, 200),
    ] {
        reload(env).await.unwrap();
        assert_eq!(hooks.signed_with(SECRET, "/slack/events", &body).await, old, "{env:?}");
        assert_eq!(hooks.signed_with(OTHER, "/slack/events", &body).await, new, "{env:?}");
    }
    assert!(reload(&[("SLACK_SIGNING_SECRET", "xoxb-1-zzz")]).await.is_err(), "a token is no secret");
    assert_eq!(hooks.signed_with(OTHER, "/slack/events", &body).await, 200, "all stays as it was");
    hooks.world.pass(40).await;
    hooks.finish().await;
}
