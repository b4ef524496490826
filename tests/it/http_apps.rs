//! Several Slack apps side by side: each with its own addresses, secrets and sockets, and none that answers itself.

use deskd::config::Secret;
use deskd::config::apps::{AppId, Signing};

use crate::http_mode::{Hooks, SECRET, sign};

const OTHER: &str = "e6b19c573432dcc6b075501d51b51bb8";

/// The further app of these scenes.
fn notifications() -> AppId {
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
    async fn signed_with(&self, secret: &str, path: &str, body: &str) -> u16 {
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
