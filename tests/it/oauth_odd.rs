//! Installing through Slack's pages when something is odd: too few scopes, no key, a database that refuses, many who only knock.

use deskd::simulator::{Fault, Setup, Times};
use deskd::slack::methods::Profile;

use crate::api_door::Door;
use crate::oauth::{Pages, key};
use crate::workspaces::count;

const TOKENS: &str = "SELECT COUNT(*) FROM tokens";

/// Pages that ask for these scopes.
async fn asking(scopes: &[&str]) -> Pages {
    let scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
    Pages::changed(Setup::default(), true, |world| {
        world.keys = Some(key());
        world.config.oauth.scopes = scopes;
    })
    .await
}

/// How the calls of a method in the other workspace ended.
fn ends(pages: &Pages, method: &str) -> Vec<String> {
    pages.other.call_records(method).into_iter().map(|record| record.outcome).collect()
}

#[tokio::test(start_paused = true)]
async fn oau_14_a_grant_below_the_smallest_profile_is_given_back_and_what_is_missing_is_named() {
    let pages = asking(&["chat:write"]).await;
    let (back, cookie) = pages.allowed().await;
    let ended = pages.get(&back, &cookie).await;
    assert!(ended.location.starts_with("/settings?slack=oauth_exchange_failed"), "{}", ended.location);
    let page = pages.get(&ended.location, "").await;
    assert!(
        page.text.contains("channels:history") && page.text.contains("users:read.email"),
        "{}",
        page.text
    );
    assert!(!page.text.contains("usergroups:read"), "nothing that the smallest profile does not take");
    assert_eq!(ends(&pages, "auth.revoke"), ["ok", "ok"], "the bot's token and the person's");
    assert_eq!(count(&pages.world, TOKENS).await, 0);
    pages.close().await;
}

#[tokio::test(start_paused = true)]
async fn oau_14_who_grants_a_smaller_profile_is_connected_and_reads_what_will_not_work() {
    let pages = asking(&Profile::Inbox.scopes()).await;
    let (back, cookie) = pages.allowed().await;
    let ended = pages.get(&back, &cookie).await;
    assert!(ended.location.starts_with("/settings?slack=connected&"), "{}", ended.location);
    let page = pages.get(&ended.location, "").await;
    let told = "usergroups:read, to know the user groups that a notice may mention";
    assert!(page.text.contains(told), "{}", page.text);
    let forged = pages.get("/settings?slack=connected&missing=usergroups:read,%3Cb%3E,admin", "").await;
    assert!(!forged.text.contains("admin") && !forged.text.contains("<b>"), "{}", forged.text);
    pages.close().await;
}

#[tokio::test(start_paused = true)]
async fn oau_12_without_a_key_nobody_is_sent_to_slack() {
    let pages = Pages::changed(Setup::default(), true, |_| {}).await;
    let begun = pages.get("/slack/install", "").await;
    assert_eq!(begun.location, "/settings?slack=not_configured");
    assert_eq!(pages.slug("/slack/oauth/callback?code=x&state=y", "").await, "not_configured");
    assert_eq!(pages.world.slack.calls("oauth.v2.access"), 0);
    pages.close().await;
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_kept_is_revoked_and_the_page_says_nothing_that_is_not_so() {
    let pages = Pages::open().await;
    let database = rusqlite::Connection::open(pages.world.database()).unwrap();
    let refuses =
        "CREATE TRIGGER refuses BEFORE INSERT ON tokens BEGIN SELECT RAISE(ABORT, 'not today'); END";
    database.execute_batch(refuses).unwrap();
    let (back, cookie) = pages.allowed().await;
    let ended = pages.get(&back, &cookie).await;
    assert_eq!(ended.location, "/settings?slack=oauth_exchange_failed");
    assert_eq!(ends(&pages, "auth.revoke"), ["ok", "ok"]);
    let page = pages.get(&ended.location, "").await;
    assert!(!page.text.contains("did not give us a token"), "it did: {}", page.text);
    assert!(page.text.contains("nothing was kept"), "{}", page.text);
    database.execute_batch("DROP TRIGGER refuses").unwrap();
    pages.close().await;
}

#[tokio::test(start_paused = true)]
async fn the_first_pair_is_on_disk_before_anything_is_asked_with_it() {
    let pages = Pages::open().await;
    let (back, cookie) = pages.allowed().await;
    pages.other.fault("auth.test", Fault::Slow(8_000), Times::Count(1));
    let meanwhile = async {
        pages.world.pass(3).await;
        (ends(&pages, "auth.test").len(), count(&pages.world, TOKENS).await)
    };
    let (slug, seen) = tokio::join!(pages.slug(&back, &cookie), meanwhile);
    assert_eq!((slug.as_str(), seen), ("connected", (0, 2)), "asked, not answered, and both are there");
    pages.close().await;
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_waiting_for_the_page_has_installed_the_app_all_the_same() {
    let pages = Pages::open().await;
    let (back, cookie) = pages.allowed().await;
    pages.world.slack.fault("oauth.v2.access", Fault::Slow(8_000), Times::Count(1));
    let left = tokio::time::timeout(std::time::Duration::from_secs(2), pages.get(&back, &cookie)).await;
    assert!(left.is_err(), "the browser went away");
    pages.world.pass(20).await;
    assert_eq!(count(&pages.world, TOKENS).await, 2);
    pages.close().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_knocks_a_thousand_times_voids_nobodys_installation() {
    let pages = Pages::open().await;
    let (back, cookie) = pages.allowed().await;
    pages.world.pass(1).await;
    for _ in 0..1_100 {
        assert_eq!(pages.get("/slack/install", "").await.status, 303);
    }
    assert_eq!(pages.slug(&back, &cookie).await, "connected");
    assert_eq!(pages.slug(&back, &cookie).await, "bad_state", "once");
    pages.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_browser_with_two_marks_is_not_the_one_that_began() {
    let pages = Pages::open().await;
    let (back, cookie) = pages.allowed().await;
    let two = format!("{cookie}; {cookie}");
    assert_eq!(pages.slug(&back, &two).await, "bad_state");
    pages.close().await;
    let pages = Pages::changed(Setup::default(), true, |world| {
        world.keys = Some(key());
        world.config.oauth.redirect_url = Some("https://desk.example/slack/oauth/callback".to_owned());
    })
    .await;
    let begun = pages.get("/slack/install", "").await;
    assert!(begun.cookie.starts_with("__Host-deskd_install="), "{}", begun.cookie);
    pages.close().await;
}

#[tokio::test(start_paused = true)]
async fn sec_20_revoking_ends_the_token_of_the_person_who_installed_the_app_too() {
    let pages = Pages::open().await;
    let (back, cookie) = pages.allowed().await;
    assert_eq!(pages.slug(&back, &cookie).await, "connected");
    let door = Door::open(pages.world.desk().front());
    let left = door.ok(&["disconnect", "--revoke", "--workspace", "Globex"]).await;
    assert!(left.contains("Slack revoked"), "{left}");
    assert_eq!(ends(&pages, "auth.revoke"), ["ok", "ok"]);
    door.close().await;
    pages.close().await;
}
