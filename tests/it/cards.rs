//! Cards as people meet them in Slack: what they look like, and what their buttons do.

use deskd::slack::blocks::{HANDLED, OPEN};

use crate::notices::{draft, routed, tell, texts};

const TO_SUPPORT: &str = "
[[route]]
to = [\"#support\"]
";

#[tokio::test(start_paused = true)]
async fn not_18_a_problem_is_marked_as_handled_by_one_click_and_its_card_says_by_whom() {
    let world = routed(TO_SUPPORT).await;
    let mut alert = draft("alert", "Disk is full", &[("system", "db-1")]);
    alert.link = "https://grafana.example.com/d/7".to_owned();
    tell(&world, alert.clone()).await;
    world.pass(5).await;
    let card = world.slack.posts("support").unwrap()[0].ts.clone();
    let sent = world.slack.click("tess", "support", &card, HANDLED).unwrap();
    assert!(world.slack.answer(sent).await.acked);
    world.pass(5).await;
    let posts = world.slack.posts("support").unwrap();
    assert_eq!(posts.len(), 2, "the card and one line: {posts:#?}");
    // Nobody has asked Slack for her name: Slack shows it.
    let tess = format!("<@{}>", world.slack.user_id("tess").unwrap());
    assert!(posts[0].text.contains(&format!("handled by {tess}")), "{}", posts[0].text);
    assert_eq!(posts[1].text, format!(":ballot_box_with_check: Handled by {tess}"));
    assert_eq!(posts[1].thread_ts.as_ref(), Some(&card));
    // The button is gone, the other one is still there and harmless.
    assert!(world.slack.click("omar", "support", &card, HANDLED).is_err());
    world.slack.click("omar", "support", &card, OPEN).unwrap();
    world.pass(5).await;
    assert_eq!(world.reasons().await, "handled 1, opened 1, ourselves 3");
    // What comes later finds it handled.
    tell(&world, alert).await;
    world.pass(10).await;
    let posts = world.slack.posts("support").unwrap();
    assert!(posts[0].text.contains("2 times"), "{}", posts[0].text);
    assert!(posts[0].text.contains(&format!("handled by {tess}")), "{}", posts[0].text);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_second_click_is_harmless_and_every_place_that_shows_the_card_learns_of_the_first() {
    let world = routed("[[route]]\nto = [\"#support\", \"#sales\"]\n").await;
    tell(&world, draft("alert", "Disk is full", &[("system", "db-1")])).await;
    world.pass(5).await;
    let card = world.slack.posts("support").unwrap()[0].ts.clone();
    // Both see the button when they click.
    world.slack.click("tess", "support", &card, HANDLED).unwrap();
    world.slack.click("omar", "support", &card, HANDLED).unwrap();
    world.pass(10).await;
    assert_eq!(texts(&world, "support").len(), 2);
    assert_eq!(texts(&world, "sales").len(), 2, "the other place says so, too");
    let reasons = world.reasons().await;
    assert!(reasons.contains("handled 1") && reasons.contains("handled_already 1"), "{reasons}");
    world.finish().await;
}
