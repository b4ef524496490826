//! The directory of a workspace: read at Slack's pace, kept up to date, and what mentions become with it.

use std::time::Duration;

use deskd::config::{Config, MentionNamed, Spot};
use deskd::domain::ids::ChannelId;
use deskd::domain::mention::{Budget, Mention, MentionReason, Rendered, parse};
use deskd::domain::time::Timestamp;
use deskd::intake::directory::Census;
use deskd::runtime::worker::{Next, Worker};
use deskd::simulator::{Fault, GroupSetup, PersonSetup, Setup, Times};
use deskd::store::mentions::Calling;
use insta::assert_snapshot;
use jiff::tz::TimeZone;
use serde_json::json;
use tokio::sync::watch;

use crate::api_door::Door;
use crate::world::World;

async fn with_door(setup: Setup) -> (World, Door) {
    let world = World::with(setup, |_| {}).await;
    let door = Door::open(world.desk().front());
    (world, door)
}

async fn desk() -> (World, Door) {
    with_door(Setup::default()).await
}

async fn finish(world: World, door: Door) {
    door.close().await;
    world.finish().await;
}

/// What words of the configuration become in front of a message to #support.
async fn called(world: &World, words: &[&str], per_day: u32) -> Rendered {
    called_at(world, words, per_day, world.clock.now()).await
}

async fn called_at(world: &World, words: &[&str], per_day: u32, now: Timestamp) -> Rendered {
    let mentions: Vec<Mention> = words.iter().map(|word| parse(word).unwrap()).collect();
    let channel = ChannelId(world.slack.channel_id("support").unwrap());
    let calling = Calling { channel, mentions, budget: Budget { per_day, zone: TimeZone::UTC } };
    world.space().resolve_mentions(calling, now).await.unwrap()
}

fn token(world: &World, person: &str) -> String {
    format!("<@{}>", world.slack.user_id(person).unwrap())
}

/// Handles in a list of the API.
async fn handles(door: &Door, path: &str) -> Vec<String> {
    let (status, list) = door.get(path).await;
    assert_eq!(status, 200);
    let rows = list.as_array().unwrap().iter();
    rows.map(|row| row["handle"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn not_37_a_sync_counts_people_and_groups_and_who_was_removed_disappears() {
    let (world, door) = desk().await;
    assert_snapshot!(door.ok(&["people", "list"]).await, @"nobody is known yet; hint: deskd people sync");
    assert_snapshot!(door.ok(&["people", "sync"]).await, @"9 people (9 new, 0 gone) and 1 user group");
    assert_snapshot!(door.ok(&["people", "list"]).await, @"
    HANDLE     NAME           SLACK        E-MAIL  KIND
    @ada       ada            U03IHKWABMF  known   member
    @desk      desk           U0DESKBOT01  -       bot
    @grace     grace          U0RQMNPOUH9  known   member
    @linus     Linus Pauling  U01EQI4RTQL  known   member
    @noor      Noor H.        U0WVTR0VR13  -       member
    @omar      omar           U0JGG6NYENH  known   member
    @pagerbot  pagerbot       U011V6P2V86  -       bot
    @slackbot  slackbot       USLACKBOT    -       member
    @tess      tess           U03ST7CGFLI  known   member
    ");
    assert_snapshot!(door.ok(&["groups", "list"]).await, @"
    HANDLE         NAME          SLACK        MEMBERS
    @support-team  support-team  S02XU2EHBCF  2
    ");
    world.slack.lose_person("grace").unwrap();
    world.slack.lose_group("support-team").unwrap();
    world.slack.add_person(&PersonSetup::new("zoe", "Zoe Young"));
    world.pass(60).await;
    assert_snapshot!(door.ok(&["people", "sync"]).await, @"9 people (1 new, 1 gone) and 0 user groups");
    let people = handles(&door, "/v1/people").await;
    assert!(people.contains(&"zoe".to_owned()) && !people.contains(&"grace".to_owned()), "{people:?}");
    assert_eq!(handles(&door, "/v1/groups").await, Vec::<String>::new());
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn not_37_events_keep_the_directory_up_to_date_without_a_sync() {
    let (world, door) = desk().await;
    door.ok(&["people", "sync"]).await;
    let calls = || world.slack.calls("users.list") + world.slack.calls("usergroups.list");
    let before = calls();
    world.slack.close_account("grace").unwrap();
    world.slack.rename_person("omar", "omar.d").unwrap();
    world.slack.add_group(&GroupSetup::new("team-db", &["tess"])).unwrap();
    world.slack.staff_group("support-team", &["tess", "ada", "noor"]).unwrap();
    world.slack.add_group(&GroupSetup::new("old", &["tess"])).unwrap();
    world.slack.disable_group("old").unwrap();
    world.pass(30).await;
    let people = handles(&door, "/v1/people").await;
    assert!(people.contains(&"omar.d".to_owned()) && !people.contains(&"omar".to_owned()), "{people:?}");
    assert!(!people.contains(&"grace".to_owned()), "a closed account is nobody: {people:?}");
    assert_snapshot!(door.ok(&["groups", "list"]).await, @"
    HANDLE         NAME          SLACK        MEMBERS
    @support-team  support-team  S02XU2EHBCF  3
    @team-db       team-db       S0107YD69V0  1
    ");
    assert_eq!(calls(), before, "nothing was asked for");
    let tokens = [token(&world, "tess"), token(&world, "omar.d")];
    assert_eq!(called(&world, &["@tess", "@omar.d", "@grace"], 5).await.prefix, tokens.join(" ") + " @grace");
    finish(world, door).await;
}

/// Steps a reader of the directory at `now` until it rests; the answer is until when.
async fn read_at(census: &mut Census, now: Timestamp) -> Timestamp {
    let mut at = now;
    loop {
        match census.step(at).await.unwrap() {
            Next::Again => {}
            Next::NotBefore(later) => at = later,
            Next::At(rested) => return rested,
            Next::Bell => panic!("it knows who we are"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn not_37_the_directory_is_read_every_night_and_at_once_when_somebody_is_named() {
    let world = World::start().await;
    let front = world.desk().front();
    let (name, named) = watch::channel(false);
    let mut census = Census::new(front.store, front.apis, (named, TimeZone::UTC));
    let (now, day) = (world.clock.now(), Duration::from_secs(24 * 60 * 60));
    let night = read_at(&mut census, now).await;
    assert_eq!(world.slack.calls("users.list"), 0, "nobody is named, so nothing is hurried");
    assert_eq!(night.to_string(), "2026-01-06T03:00:00.000Z");
    let next = read_at(&mut census, night).await;
    assert_eq!((world.slack.calls("users.list"), next), (1, night.plus(day)));
    world.slack.lose_person("grace").unwrap();
    name.send_replace(true);
    assert_eq!(read_at(&mut census, night.plus(day / 2)).await, next, "known already");
    read_at(&mut census, next).await;
    assert_eq!(world.slack.calls("users.list"), 2);
    let people = world.space().people().await.unwrap();
    assert!(people.iter().all(|person| person.handle != "grace"));
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn not_37_a_desk_that_is_to_call_somebody_knows_them_from_the_start() {
    let named = MentionNamed { text: "@tess".into(), key: "mentions.default[1]".into(), spot: Spot::Nowhere };
    let world = World::with(Setup::default(), |config| config.mentions_named.push(named)).await;
    world.pass(10).await;
    assert_eq!(called(&world, &["@tess"], 5).await.prefix, token(&world, "tess"));
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn not_37_a_long_list_keeps_the_pace_waits_out_a_rate_limit_and_goes_on_after_a_restart() {
    let mut setup = Setup::default();
    setup.people.extend((0..900).map(|number| PersonSetup::new(&format!("p{number}"), "Somebody")));
    let mut world = World::with(setup, |_| {}).await;
    world.space().want_directory().await.unwrap();
    (world.desk().front().read_directory)();
    world.pass(1).await;
    let read = world.slack.calls("users.list");
    assert!((1..=3).contains(&read), "the burst of the pace: {read}");
    world.close().await;
    world.slack.fault("users.list", Fault::RateLimited(90), Times::Count(1));
    world.open().await;
    world.pass(80).await;
    let standing = world.space().directory().await.unwrap();
    assert!(standing.running, "the rate limit holds");
    world.pass(60).await;
    let standing = world.space().directory().await.unwrap();
    assert_eq!((standing.running, standing.gone, standing.groups), (false, 0, 1));
    assert_eq!(standing.people, 909, "eight people but the stranger, Slackbot, the desk, and all the others");
    assert_eq!(
        world.slack.calls("users.list"),
        6,
        "five pages, one of them asked for twice, none from the start"
    );
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn not_37_a_cursor_that_has_died_begins_the_list_anew_and_loses_nobody() {
    let mut setup = Setup::default();
    setup.people.extend((0..300).map(|number| PersonSetup::new(&format!("p{number}"), "Somebody")));
    let (world, door) = with_door(setup).await;
    door.ok(&["people", "sync"]).await;
    let before = world.space().directory().await.unwrap();
    world.pass(60).await;
    world.slack.fault("users.list", Fault::Error("invalid_cursor".into()), Times::Count(1));
    door.ok(&["people", "sync"]).await;
    let after = world.space().directory().await.unwrap();
    assert_eq!((after.people, after.joined, after.gone), (before.people, 0, 0));
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn not_37_without_the_scope_for_groups_there_are_people_and_a_remark() {
    let mut setup = Setup::default();
    setup.app.scopes.retain(|scope| !matches!(scope.as_str(), "usergroups:read" | "users:read.email"));
    let (world, door) = with_door(setup).await;
    let ended = door.deskd(&["people", "sync"]).await;
    assert_eq!(ended.code, 1);
    assert_snapshot!(ended.out, @r#"
    9 people (9 new, 0 gone) and 0 user groups
    remark: the app may not read all of it: reinstall it with the scopes of "deskd manifest" (usergroups:read) (missing_scope)
    "#);
    let (_, people) = door.get("/v1/people").await;
    assert!(people.as_array().unwrap().iter().all(|person| person["has_email"] == false), "{people}");
    assert_eq!(
        called(&world, &["@support-team", "@tess"], 5).await.prefix,
        format!("@support-team {}", token(&world, "tess"))
    );
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn not_37_a_news_of_an_unknown_group_reads_the_directory() {
    let (world, door) = desk().await;
    assert_eq!(world.slack.calls("usergroups.list"), 0);
    world.slack.staff_group("support-team", &["tess"]).unwrap();
    world.pass(60).await;
    assert_eq!(world.slack.calls("usergroups.list"), 1);
    let (_, groups) = door.get("/v1/groups").await;
    assert_eq!(groups[0]["members"], json!([world.slack.user_id("tess").unwrap()]));
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn not_37_somebody_who_was_erased_is_not_read_in_again() {
    let (world, door) = desk().await;
    world.slack.say("ada", "support", "hello there").unwrap();
    world.pass(40).await;
    door.ok(&["people", "sync"]).await;
    assert!(handles(&door, "/v1/people").await.contains(&"ada".to_owned()));
    let (status, _) = door.post("/v1/contacts/1/erase", json!({})).await;
    assert_eq!(status, 200);
    world.pass(60).await;
    door.ok(&["people", "sync"]).await;
    assert!(!handles(&door, "/v1/people").await.contains(&"ada".to_owned()));
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn not_36_a_group_and_people_of_the_directory_are_called_by_their_tokens() {
    let (world, door) = desk().await;
    door.ok(&["people", "sync"]).await;
    let group = world.slack.add_group(&GroupSetup::new("team-db", &["tess"])).unwrap();
    world.pass(10).await;
    let rendered = called(&world, &["@team-db", "tess@acme.example", "@nobody"], 5).await;
    assert_eq!(rendered.prefix, format!("<!subteam^{group}> {} @nobody", token(&world, "tess")));
    let reasons: Vec<String> = rendered.reasons.iter().map(MentionReason::sentence).collect();
    assert_eq!(reasons[2], "@nobody is plain text: the workspace has no such person and no such group");
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn not_20_here_and_channel_call_as_often_a_day_as_the_budget_allows() {
    let world = World::start().await;
    for _ in 0..2 {
        assert_eq!(called(&world, &["@here"], 2).await.prefix, "<!here>");
    }
    let over = called(&world, &["@channel"], 2).await;
    assert_eq!(
        (over.prefix.as_str(), &over.reasons[0]),
        ("@channel", &MentionReason::OverBudget("@channel".into()))
    );
    assert_eq!(called(&world, &["@here"], 3).await.prefix, "<!here>", "what stayed plain text did not count");
    let tomorrow = world.clock.now().plus(Duration::from_secs(15 * 60 * 60));
    assert_eq!(called_at(&world, &["@channel"], 2, tomorrow).await.prefix, "<!channel>", "another day");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn not_21_each_list_calls_for_itself() {
    let world = World::start().await;
    let (payments, quotes) = (["@here"], ["none"]);
    assert_eq!(called(&world, &payments, 5).await.prefix, "<!here>");
    assert_eq!(called(&world, &quotes, 5).await, Rendered::default());
    world.finish().await;
}

#[test]
fn not_22_by_default_nobody_is_called() {
    let Config { mentions, mentions_named, .. } = Config::defaults(&deskd::config::Places::system());
    assert!(mentions.default.is_empty() && mentions_named.is_empty());
    assert_eq!(mentions.budget, 5);
}

#[tokio::test(start_paused = true)]
async fn not_36_check_online_names_who_is_not_there_and_who_was_meant() {
    let (world, door) = desk().await;
    let file = door.file("config.toml");
    let text =
        "[mentions]\ndefault = [\"@here\", \"@support-taem\", \"tess@acme.example\", \"eve@acme.example\"]\n";
    std::fs::write(&file, text).unwrap();
    let path = file.display().to_string();
    let ended = door.deskd(&["--config", &path, "check", "--online"]).await;
    assert_eq!((ended.code, ended.err.as_str()), (2, ""));
    assert!(!ended.out.contains("eve@"), "no address is repeated");
    assert_snapshot!(ended.out.replace(&path, "FILE"), @r#"
    2 problems in the configuration
    FILE:2:21: mentions.default[2]: the workspace has no such person and no such group
      hint: did you mean "@support-team"?
    FILE:2:59: mentions.default[4]: the workspace has no such person and no such group
      hint: see "deskd people list" and "deskd groups list"; "deskd people sync" reads them anew
    "#);
    let offline = door.deskd(&["--config", &path, "check"]).await;
    assert_eq!(offline.code, 0, "{}", offline.out);
    std::fs::write(&file, "[mentions]\ndefault = [\"@support-team\", \"tess@acme.example\"]\n").unwrap();
    let ended = door.deskd(&["--config", &path, "check", "--online"]).await;
    assert_eq!(ended.code, 0, "{}{}", ended.out, ended.err);
    assert!(ended.out.contains("notices call @support-team, (an e-mail address)"), "{}", ended.out);
    finish(world, door).await;
}
