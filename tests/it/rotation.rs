//! Tokens that live for twelve hours: whoever hands over another meanwhile is not overwritten, a person's is renewed as the bot's
//! is, and where nobody renews them that is said.

use std::time::Duration;

use deskd::config::oauth::OAuth;
use deskd::simulator::{Fault, Setup, Times};
use serde_json::{Value, json};

use crate::api_door::Door;
use crate::oauth::Pages;
use crate::rotation_crash::{HOUR, Place};
use crate::workspaces::{acme, connect, globex};

#[tokio::test(start_paused = true)]
async fn a_token_that_was_handed_over_while_slack_was_asked_for_the_next_one_stays() {
    let place = Place::new(Duration::from_secs(60)).await;
    place.world.slack.fault("oauth.v2.access", Fault::Slow(8_000), Times::Count(1));
    let (token, refresh) = place.other.granted_pair();
    let meanwhile = async {
        place.world.pass(3).await;
        place.install(&token, &refresh).await;
    };
    tokio::join!(place.life(), meanwhile);
    let store = place.store().await;
    let speaker = store.speakers().await.unwrap().remove(0);
    assert!(speaker.bot.unwrap().expose() == token, "the successor of the old pair has taken its place");
}

/// Pages of an app whose tokens rotate, with Globex connected.
async fn rotating() -> Pages {
    let mut setup = Setup::default();
    setup.app.token_rotation = true;
    let pages = Pages::with(setup, true).await;
    let (back, cookie) = pages.allowed().await;
    assert_eq!(pages.slug(&back, &cookie).await, "connected");
    pages
}

#[tokio::test(start_paused = true)]
async fn the_token_of_a_person_is_renewed_as_the_bots_is() {
    let pages = rotating().await;
    pages.world.pass(13 * HOUR).await;
    let door = Door::open(pages.world.desk().front());
    door.ok(&["disconnect", "--revoke", "--workspace", "Globex"]).await;
    let ends: Vec<String> =
        pages.other.call_records("auth.revoke").into_iter().map(|record| record.outcome).collect();
    assert_eq!(ends, ["ok", "ok"], "both were still good");
    door.close().await;
    pages.close().await;
}

#[tokio::test(start_paused = true)]
async fn tokens_that_nobody_renews_are_said_so_while_they_are_good() {
    let mut pages = rotating().await;
    pages.world.close().await;
    pages.world.config.oauth = OAuth::default();
    pages.world.client_secret = None;
    pages.world.open().await;
    pages.world.pass(10).await;
    let door = Door::open(pages.world.desk().front());
    let listed = door.ok(&["workspaces"]).await;
    assert!(listed.contains("token_not_renewed") && listed.contains("[oauth]"), "{listed}");
    let status: Value = serde_json::from_str(&door.ok(&["--json", "status"]).await).unwrap();
    let states: Vec<&Value> =
        status["workspaces"].as_array().unwrap().iter().map(|one| &one["state"]).collect();
    assert!(states.contains(&&json!("token_not_renewed")), "{states:?}");
    door.close().await;
    pages.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_token_that_would_end_within_hours_is_not_taken_and_it_is_said_why() {
    let mut setup = Setup::default();
    setup.app.token_rotation = true;
    let (world, door) = acme(setup).await;
    let token = world.slack.another_bot_token();
    assert!(token.starts_with("xoxe.xoxb-"));
    let (status, refusal) = door.post("/v1/workspaces/connect", json!({ "token": token })).await;
    assert_eq!((status, refusal["code"].as_str()), (400, Some("wrong_token")), "{refusal}");
    let message = refusal["message"].as_str().unwrap();
    assert!(message.contains("12 hours") && message.contains("hint: "), "{message}");
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_token_that_cannot_be_read_is_said_so_in_the_list_as_in_the_status() {
    let (mut world, door) = acme(Setup::default()).await;
    let other = world.slack.add_workspace(globex());
    connect(&world, &door, &other).await;
    door.close().await;
    world.close().await;
    world.keys = None;
    world.open().await;
    let door = Door::open(world.desk().front());
    let listed = door.ok(&["workspaces"]).await;
    assert!(listed.contains("active (token_locked)") && listed.contains("put the key"), "{listed}");
    let status: Value = serde_json::from_str(&door.ok(&["--json", "status"]).await).unwrap();
    assert_eq!(status["workspaces"][1]["state"], "token_locked", "{status}");
    door.close().await;
    world.close_quietly().await;
}
