//! Notices, from a caller to what people see in Slack: routed, drawn, one card for one problem, in order, once.

use std::path::PathBuf;
use std::time::Duration;

use deskd::config::check::{Layers, check};
use deskd::config::file::Source;
use deskd::config::{Config, Places};
use deskd::domain::ids::NoticeId;
use deskd::domain::notice::{Draft, Kind, Kinds};
use deskd::simulator::{Fault, Setup, Times};

use crate::world::World;

/// A desk with these routes (the text of a configuration).
pub async fn routed(toml: &str) -> World {
    with_kinds(toml, |_| {}).await
}

/// The same beginning at another instant than a Monday at nine.
pub async fn routed_from(instant: &str, toml: &str) -> World {
    let epoch_ms = instant.parse::<jiff::Timestamp>().unwrap().as_millisecond();
    with_setup(Setup { epoch_ms, ..Setup::default() }, toml, |_| {}).await
}

/// The same with other kinds.
async fn with_kinds(toml: &str, change: impl FnOnce(&mut Kinds)) -> World {
    with_setup(Setup::default(), toml, change).await
}

async fn with_setup(setup: Setup, toml: &str, change: impl FnOnce(&mut Kinds)) -> World {
    let mut read = read(toml);
    change(&mut read.kinds);
    let world = World::with(setup, |config| {
        config.routing = read.routing;
        config.kinds = read.kinds;
        config.inbox = read.inbox;
    });
    let world = world.await;
    world.pass(1).await;
    world
}

/// A configuration with this text.
pub fn read(toml: &str) -> Config {
    let source = Source { path: PathBuf::from("config.toml"), text: toml.to_owned() };
    let layers = Layers { source: Some(&source), env: &Default::default(), flags: &[] };
    check(&layers, &Places::system()).unwrap()
}

/// A notice of a kind with these fields.
pub fn draft(kind: &str, title: &str, fields: &[(&str, &str)]) -> Draft {
    let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Draft { kind: kind.to_owned(), title: title.to_owned(), fields, ..Draft::default() }
}

/// Hands a notice in.
pub async fn tell(world: &World, draft: Draft) -> NoticeId {
    let inlet = world.desk().front().inlet;
    let now = world.clock.now();
    inlet.submit(world.workspace.clone(), &[draft], "test", now).await.unwrap().unwrap()[0].id
}

/// What stands in a channel: text, and after a mark what is in threads.
pub fn texts(world: &World, channel: &str) -> Vec<String> {
    let posts = world.slack.posts(channel).unwrap();
    posts.into_iter().map(|post| post.text.lines().next().unwrap_or_default().to_owned()).collect()
}

const TO_SALES: &str = "
[[route]]
name = \"payments\"
kind = [\"payment.*\"]
to = [\"#sales\"]

[[route]]
name = \"rest\"
to = [\"#support\"]
";

#[tokio::test(start_paused = true)]
async fn not_01_a_notice_goes_where_its_route_says_and_nowhere_else() {
    let world = routed(TO_SALES).await;
    tell(&world, draft("payment.failed", "", &[("client", "Acme"), ("amount", "1250.00 EUR")])).await;
    tell(&world, draft("alert", "Disk is full", &[("system", "db-1")])).await;
    world.pass(3).await;
    assert_eq!(texts(&world, "sales"), ["Payment failed"]);
    assert_eq!(texts(&world, "support"), ["Disk is full"]);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn one_problem_is_one_card_that_counts_and_turns_green() {
    let world = routed(TO_SALES).await;
    for _ in 0..3 {
        tell(&world, draft("alert", "Disk is full", &[("system", "db-1")])).await;
        world.pass(10).await;
    }
    let mut end = draft("alert", "Disk is full", &[("system", "db-1")]);
    end.status = "resolved".to_owned();
    tell(&world, end).await;
    world.pass(10).await;
    let posts = world.slack.posts("support").unwrap();
    let cards: Vec<_> = posts.iter().filter(|post| post.thread_ts.is_none()).collect();
    assert_eq!(cards.len(), 1, "{posts:#?}");
    assert!(cards[0].text.starts_with("Resolved: Disk is full"), "{}", cards[0].text);
    assert!(cards[0].text.contains("3 times"), "{}", cards[0].text);
    assert_eq!(posts.len(), 4, "two more and the end stand in its thread");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_storm_of_one_problem_is_one_card_and_few_lines() {
    let world = routed(TO_SALES).await;
    for _ in 0..500 {
        tell(&world, draft("alert", "Disk is full", &[("system", "db-1")])).await;
    }
    world.pass(180).await;
    let posts = world.slack.posts("support").unwrap();
    assert!(posts.len() <= 5, "{posts:#?}");
    assert!(posts[0].text.contains("500 times"), "{}", posts[0].text);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn rlm_03_an_outage_of_an_hour_loses_nothing_and_critical_notices_go_first() {
    let world = routed(TO_SALES).await;
    world.slack.fault("chat.postMessage", Fault::RateLimited(30), Times::UntilCleared);
    for at in 0..20 {
        let mut notice = draft("alert", &format!("alert {at}"), &[("system", "db-1")]);
        notice.severity = if at == 15 { "critical" } else { "warning" }.to_owned();
        tell(&world, notice).await;
    }
    world.pass(3600).await;
    world.slack.clear_faults();
    world.pass(900).await;
    let shown = texts(&world, "support");
    assert_eq!(shown.len(), 20, "{shown:?}");
    let place = |title: &str| shown.iter().position(|text| text == title).unwrap();
    assert!(place("alert 15") <= 3, "{shown:?}");
    let usual: Vec<usize> = (0..20).filter(|at| *at != 15).map(|at| place(&format!("alert {at}"))).collect();
    assert!(usual.is_sorted(), "{shown:?}");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn what_ends_while_it_waits_is_told_once_as_ended() {
    let world = routed(TO_SALES).await;
    world.slack.fault("chat.postMessage", Fault::RateLimited(30), Times::UntilCleared);
    tell(&world, draft("alert", "Disk is full", &[("system", "db-1")])).await;
    world.pass(65).await;
    let mut end = draft("alert", "Disk is full", &[("system", "db-1")]);
    end.status = "resolved".to_owned();
    tell(&world, end).await;
    world.slack.clear_faults();
    world.pass(Duration::from_secs(600).as_secs()).await;
    let shown = texts(&world, "support");
    assert_eq!(shown, ["Resolved: Disk is full"]);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_key_makes_repeats_harmless() {
    let world = routed(TO_SALES).await;
    let mut paid = draft("payment.failed", "", &[("client", "Acme"), ("amount", "9 EUR")]);
    paid.key = "inv-1".to_owned();
    let first = tell(&world, paid.clone()).await;
    world.pass(5).await;
    assert_eq!(tell(&world, paid).await, first);
    world.pass(5).await;
    assert_eq!(texts(&world, "sales"), ["Payment failed"]);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn rlm_04_what_nobody_took_in_its_time_is_over_and_one_trouble_says_so() {
    let short = |kinds: &mut Kinds| {
        let alert = kinds.get("alert").unwrap().clone();
        kinds.add(Kind { ttl: Duration::from_secs(2 * 3600), ..alert });
    };
    let world = with_kinds(TO_SALES, short).await;
    world.slack.fault("chat.postMessage", Fault::RateLimited(900), Times::UntilCleared);
    for at in 0..10 {
        tell(&world, draft("alert", &format!("alert {at}"), &[])).await;
    }
    world.pass(2 * 3600 + 60).await;
    world.slack.clear_faults();
    world.pass(1000).await;
    assert_eq!(texts(&world, "support"), Vec::<String>::new());
    let open = world.space().open_troubles().await.unwrap();
    let expired = open.iter().filter(|trouble| trouble.raised.own.as_str() == "notices_expired").count();
    assert_eq!(expired, 1, "{open:?}");
}

#[tokio::test(start_paused = true)]
async fn rlm_06_a_channel_that_nobody_knows_is_waited_for_and_then_told() {
    let world = routed("[[route]]\nname = \"all\"\nto = [\"#sales\"]\n").await;
    let mut lost = draft("alert", "Disk is full", &[]);
    lost.to = vec!["#nowhere".to_owned()];
    let mut early = lost.clone();
    early.to = vec!["#warroom".to_owned()];
    tell(&world, lost).await;
    tell(&world, early).await;
    world.pass(30).await;
    world.slack.rename_channel("general", "warroom").unwrap();
    world.pass(150).await;
    assert_eq!(texts(&world, "warroom"), ["Disk is full"], "it was only not known yet");
    let open = world.space().open_troubles().await.unwrap();
    let told: Vec<_> = open
        .iter()
        .map(|trouble| format!("{} {}", trouble.raised.own.as_str(), trouble.raised.detail))
        .collect();
    assert_eq!(told, ["delivery_failed unknown_channel"]);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn rlm_07_what_slack_asked_to_wait_and_what_a_key_has_said_survive_a_restart() {
    let mut world = routed(TO_SALES).await;
    world.slack.fault("chat.postMessage", Fault::RateLimited(120), Times::Count(1));
    let mut failed = draft("payment.failed", "", &[("client", "Acme"), ("amount", "9 EUR")]);
    failed.key = "inv-7".to_owned();
    let first = tell(&world, failed.clone()).await;
    world.pass(5).await;
    world.close().await;
    world.open().await;
    assert_eq!(tell(&world, failed).await, first, "the key is remembered");
    world.pass(90).await;
    assert_eq!(world.slack.calls("chat.postMessage"), 1, "so is the wait that Slack asked for");
    world.pass(60).await;
    assert_eq!(texts(&world, "sales"), ["Payment failed"]);
    world.finish().await;
}
