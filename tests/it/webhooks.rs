//! Incoming webhooks: kept, listed, tried, and posted to, in virtual time.

use std::collections::BTreeSet;
use std::time::Duration;

use deskd::config::Secret;
use deskd::domain::bundle::Pick;
use deskd::domain::limit::Admission;
use deskd::domain::seal::Keyring;
use deskd::domain::webhook::{Posted, Refused, WebhookState};
use deskd::simulator::{Fault, Setup, Simulator, Times};
use deskd::slack::incoming::{Failure, post};
use deskd::slack::plain::plain_for_webhook;
use deskd::store::webhooks::NoUrl;
use deskd::web::desk::Settings;
use insta::assert_snapshot;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::api_door::{Door, pretty};
use crate::web::serve_at;
use crate::world::World;

/// A key of one byte, again and again.
pub fn ring(byte: u8) -> Keyring {
    Keyring::parse(&format!("{byte:02x}").repeat(32)).unwrap()
}

/// A desk that has a key, and its door.
pub async fn desk() -> (World, Door) {
    let mut world = World::without_desk(Setup::default(), |_| {});
    world.keys = Some(ring(1));
    world.open().await;
    let door = Door::open(world.desk().front());
    (world, door)
}

pub async fn finish(world: World, door: Door) {
    door.close().await;
    world.pass(2).await;
    world.finish().await;
}

pub async fn add(door: &Door, name: &str, channel: &str, url: &str) {
    let (status, answer) =
        door.post("/v1/webhooks", json!({"name": name, "channel": channel, "url": url})).await;
    assert_eq!(status, 200, "{answer}");
}

pub async fn test(door: &Door, name: &str) -> Value {
    let (status, answer) = door.post(&format!("/v1/webhooks/{name}/test"), json!({})).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

/// The texts that webhooks have put into a channel.
pub fn hooked(slack: &Simulator, channel: &str) -> Vec<String> {
    let all = slack.history(channel).unwrap();
    all.into_iter()
        .filter(|message| message.subtype.as_deref() == Some("bot_message"))
        .map(|message| message.text)
        .collect()
}

/// The last part of an address, which is the secret.
pub fn tail(url: &str) -> &str {
    url.rsplit('/').next().unwrap()
}

pub const TESTED: &str = ":test_tube: deskd: this is a test of the webhook";

#[tokio::test(start_paused = true)]
async fn web_01_web_02_web_03_web_04_what_is_not_a_webhook_is_refused_without_being_repeated() {
    let (world, door) = desk().await;
    let good = "https://hooks.slack-gov.com/services/T1/B1/0123456789abcdef";
    for (body, told) in [
        (json!({"url": good}), "a webhook needs a name"),
        (json!({"name": "  ", "url": good}), "a webhook needs a name"),
        (json!({"name": good, "url": good}), "this is an address"),
        (json!({"name": "ops alerts", "url": good}), "letters, digits, - and _"),
        (json!({"name": "ops", "channel": good, "url": good}), "this is an address"),
        (json!({"name": "ops"}), "the address is missing"),
        (json!({"name": "ops", "url": " "}), "the address is missing"),
        (json!({"name": "ops", "url": "https://evil.example/services/T1/B1/abcdef"}), "not Slack's host"),
        (json!({"name": "ops", "url": "http://hooks.slack.com/services/T1/B1/abcdef"}), "begins with https"),
        (json!({"name": "ops", "url": "https://hooks.slack.com/services/T1/B1"}), "not complete"),
        (json!({"name": "ops", "url": [good]}), "does not fit"),
        (json!({"name": "ops", "url": good, "token": "x"}), "unknown field"),
    ] {
        let (status, answer) = door.post("/v1/webhooks", body.clone()).await;
        let said = answer["message"].as_str().unwrap();
        assert_eq!((status, answer["code"].as_str()), (400, Some("bad_request")), "{body}");
        assert!(said.contains(told) && said.contains("hint: "), "{body}: {said}");
        assert!(!said.contains("abcdef") && !said.contains("evil"), "{said}");
    }
    assert_eq!(door.get("/v1/webhooks").await, (200, json!([])), "nothing was stored");
    for (name, host) in
        [("one", "hooks.slack.com"), ("two", "hooks.slack-gov.com"), ("three", "hooks.slack.gov")]
    {
        add(&door, name, "", &format!("https://{host}/services/T1/B1/0123456789abcdef")).await;
    }
    let (status, answer) = door.post("/v1/webhooks", json!({"name": "one", "url": good})).await;
    assert_eq!((status, answer["code"].as_str()), (409, Some("wrong_state")), "{answer}");
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn web_05_web_07_a_list_shows_name_channel_and_result_and_no_answer_shows_an_address() {
    let (world, door) = desk().await;
    assert_snapshot!(door.ok(&["webhook", "list"]).await, @"there is no webhook yet; hint: deskd webhook add NAME");
    let url = world.slack.add_webhook("support").unwrap();
    add(&door, "ops-alerts", "#support", &url).await;
    add(&door, "partner", "", "https://hooks.slack-gov.com/services/T1/B1/0123456789abcdef").await;
    test(&door, "ops-alerts").await;
    world.slack.fault("incoming_webhook", Fault::Error("channel_is_archived".into()), Times::Count(1));
    let second = world.slack.add_webhook("sales").unwrap();
    add(&door, "sales", "#sales", &second).await;
    test(&door, "sales").await;
    world.pass(60).await;
    let listed = door.ok(&["webhook", "list"]).await.replace(&world.slack.address().to_string(), "HERE");
    assert_snapshot!(listed, @"
    NAME        CHANNEL   ADDRESS                                 STATE     LAST MESSAGE                    USED
    ops-alerts  #support  http://HERE/services/…       ok        ok, 1 min ago                   no
    partner     -         https://hooks.slack-gov.com/services/…  ok        -                               no
    sales       #sales    http://HERE/services/…       disabled  channel_is_archived, 1 min ago  no
    sales: the channel is archived; unarchive it, then deskd webhook test, or rotate to a webhook of another channel
    ");
    let (_, all) = door.get("/v1/webhooks").await;
    assert_snapshot!(pretty(&all[0]).replace(&world.slack.address().to_string(), "HERE"), @r##"
    {
      "channel": "#support",
      "created_at": "TIME",
      "hint": null,
      "name": "ops-alerts",
      "result": "ok",
      "result_at": "TIME",
      "rotated_at": "TIME",
      "state": "ok",
      "url": "http://HERE/services/…",
      "used": false
    }
    "##);
    let mut seen = listed + &all.to_string();
    for path in ["/v1/status", "/readyz", "/v1/webhooks", "/v1/queue", "/metrics"] {
        let (_, text) = door.text(path, "*/*").await;
        seen.push_str(&text);
    }
    for changed in [
        door.post("/v1/webhooks/sales/label", json!({"channel": "#money"})).await,
        door.post("/v1/webhooks/sales/rename", json!({"name": "money"})).await,
        door.post("/v1/webhooks/money/rotate", json!({"url": second})).await,
    ] {
        assert_eq!(changed.0, 200, "{}", changed.1);
        seen.push_str(&changed.1.to_string());
    }
    assert!(seen.contains("ops-alerts") && seen.contains("#money"));
    for secret in [tail(&url), tail(&second), "0123456789abcdef"] {
        assert!(!seen.contains(secret), "an address is shown");
    }
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn web_06_web_12_after_a_rotation_nothing_goes_to_the_old_address() {
    let (world, door) = desk().await;
    let (old, new) =
        (world.slack.add_webhook("support").unwrap(), world.slack.add_webhook("random").unwrap());
    add(&door, "ops", "", &old).await;
    assert_eq!(test(&door, "ops").await["ok"], true);
    assert_eq!(hooked(&world.slack, "support"), [format!("{TESTED} ops; nothing is wrong.")]);
    let (status, changed) = door.post("/v1/webhooks/ops/rotate", json!({"url": new})).await;
    assert_eq!((status, &changed["webhook"]["result"]), (200, &json!("")), "what was is forgotten");
    assert_eq!(test(&door, "ops").await["ok"], true);
    assert_eq!(
        (hooked(&world.slack, "support").len(), hooked(&world.slack, "random").len()),
        (1, 1),
        "the second went to the new address"
    );
    let (status, answer) = door.post("/v1/webhooks/opps/rotate", json!({"url": new})).await;
    assert_eq!((status, answer["code"].as_str()), (404, Some("no_such_webhook")));
    assert!(answer["message"].as_str().unwrap().contains("did you mean ops?"), "{answer}");
    let given = world.space().webhook_url("ops".into()).await.unwrap();
    assert_eq!(given.expose(), new);
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn web_08_a_webhook_goes_with_its_address_unless_the_configuration_needs_it() {
    let (world, door) = desk().await;
    let url = world.slack.add_webhook("support").unwrap();
    add(&door, "ops", "", &url).await;
    let mut front = world.desk().front();
    let webhooks_in_use = BTreeSet::from(["ops".to_owned()]);
    let (_used, settings) = watch::channel(Settings { webhooks_in_use, ..Settings::default() });
    front.settings = settings;
    let strict = Door::open(front);
    for (deed, body) in [("delete", json!({})), ("rename", json!({"name": "other"}))] {
        let (status, answer) = strict.post(&format!("/v1/webhooks/ops/{deed}"), body).await;
        assert_eq!((status, answer["code"].as_str()), (409, Some("wrong_state")), "{deed}");
        assert!(answer["message"].as_str().unwrap().contains("take it out of config.toml"), "{answer}");
    }
    assert_eq!(strict.get("/v1/webhooks").await.1[0]["used"], true);
    strict.close().await;
    assert_eq!(
        door.post("/v1/webhooks/ops/delete", json!({})).await,
        (200, json!({"ok": true, "webhook": null}))
    );
    let gone = world.space().webhook_url("ops".into()).await;
    assert!(matches!(gone, Err(NoUrl::NoSuch)), "{gone:?}");
    assert_eq!(door.post("/v1/webhooks/ops/delete", json!({})).await.0, 404);
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn web_09_each_webhook_posts_to_its_own_channel_also_in_another_workspace() {
    let (world, door) = desk().await;
    let partner = Setup { team_id: "T0PARTNER".into(), ..Setup::default() };
    let partner = Simulator::start(([127, 0, 0, 1], 0).into(), partner).unwrap();
    add(&door, "ops", "#support", &world.slack.add_webhook("support").unwrap()).await;
    add(&door, "sales", "#sales", &world.slack.add_webhook("sales").unwrap()).await;
    add(&door, "partner", "#general there", &partner.add_webhook("general").unwrap()).await;
    for name in ["ops", "sales", "partner"] {
        assert_eq!(test(&door, name).await["ok"], true, "{name}");
    }
    for (slack, channel, name) in
        [(&world.slack, "support", "ops"), (&world.slack, "sales", "sales"), (&partner, "general", "partner")]
    {
        assert_eq!(hooked(slack, channel), [format!("{TESTED} {name}; nothing is wrong.")]);
    }
    assert!(hooked(&world.slack, "general").is_empty());
    partner.stop();
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn web_10_a_message_is_json_with_text_and_blocks_and_carries_no_token() {
    let requests = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let log = requests.clone();
    let (api, address) = serve_at(move |request| {
        log.lock().unwrap().push(request.clone());
        (200, "", "ok".to_owned())
    })
    .await;
    let (world, door) = desk().await;
    let url = Secret::new(&world.slack.add_webhook("support").unwrap());
    let blocks = json!([{"type": "divider"}, {"type": "section", "text": {"type": "mrkdwn", "text": "*Globex* paid"}}]);
    post(&world.desk().front().api, &url, "Globex paid", Some(&blocks)).await.unwrap();
    post(&world.desk().front().api, &url, "only text", None).await.unwrap();
    let seen = world.slack.call_records("incoming_webhook");
    assert_eq!(
        seen.iter().map(|record| record.args.clone()).collect::<Vec<_>>(),
        [
            json!({"text": "Globex paid", "blocks": blocks, "unfurl_links": false, "unfurl_media": false}),
            json!({"text": "only text", "unfurl_links": false, "unfurl_media": false}),
        ]
    );
    // The same against a server that keeps the head.
    let refused = post(&api, &Secret::new("http://127.0.0.1:1/services/T/B/X"), "x", None).await;
    assert!(matches!(refused, Err(Failure::Retry { .. })), "nobody listens there: {refused:?}");
    let elsewhere = post(&api, &Secret::new("https://evil.example/services/T/B/X"), "x", None).await;
    assert_eq!(elsewhere, Err(Failure::Refused(Refused::NotAnAddress)), "never called");
    post(&api, &Secret::new(&format!("{address}/services/T/B/X")), "x", None).await.unwrap();
    let heads: Vec<String> =
        requests.lock().unwrap().iter().map(|request| request.head.to_lowercase()).collect();
    assert_eq!(heads.len(), 1);
    assert!(heads[0].starts_with("post /services/t/b/x http/1.1"), "{}", heads[0]);
    assert!(heads[0].contains("content-type: application/json"), "{}", heads[0]);
    assert!(!heads[0].contains("authorization") && !heads[0].contains("xoxb"), "{}", heads[0]);
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn every_refusal_of_slack_becomes_a_state_with_advice() {
    let (world, door) = desk().await;
    add(&door, "ops", "", &world.slack.add_webhook("support").unwrap()).await;
    let mut told = String::new();
    for word in [
        "invalid_payload",
        "invalid_blocks",
        "invalid_attachments",
        "no_text",
        "missing_text_or_fallback_or_attachments",
        "too_many_attachments",
        "user_not_found",
        "action_prohibited",
        "posting_to_general_channel_denied",
        "channel_not_found",
        "invalid_token",
        "no_service",
        "no_service_id",
        "no_active_hooks",
        "no_team",
        "team_disabled",
        "channel_is_archived",
        "brand_new_word",
    ] {
        world.slack.fault("incoming_webhook", Fault::Error(word.into()), Times::Count(1));
        world.pass(2).await;
        let refused = test(&door, "ops").await;
        let field = |name: &str| refused[name].as_str().unwrap_or_default().to_owned();
        let state = refused["webhook"]["state"].as_str().unwrap();
        assert_eq!(refused["ok"], false);
        told += &format!("{} {state}: {}; hint: {}\n", field("result"), field("sentence"), field("hint"));
        world.pass(2).await;
        assert_eq!(test(&door, "ops").await["webhook"]["state"], "ok", "a test that succeeds heals");
    }
    assert_snapshot!(told, @"
    invalid_payload ok: Slack does not understand the message; hint: please report it
    invalid_blocks ok: Slack does not accept the message's blocks; hint: look at the template of this kind
    invalid_attachments ok: Slack does not accept the attachments; hint: look at whoever sent them
    no_text ok: there is nothing to show in the message; hint: look at the template of this kind
    missing_text_or_fallback_or_attachments ok: there is nothing to show in the message; hint: look at the template of this kind
    too_many_attachments ok: the message has more than 100 attachments; hint: send fewer
    user_not_found broken: the person it posts to is gone; hint: make a webhook for somebody else in Slack, then deskd webhook rotate
    action_prohibited broken: an administrator of the workspace does not allow it; hint: ask there
    posting_to_general_channel_denied broken: only some may post to this channel; hint: ask an administrator, or make a webhook for another channel
    channel_not_found broken: the channel is gone or has become private; hint: make a webhook for another channel, then deskd webhook rotate
    invalid_token disabled: the address is wrong or was revoked; hint: copy it again, or make a new one in Slack, then deskd webhook rotate
    no_service disabled: the webhook was removed or switched off; hint: make a new one in Slack, then deskd webhook rotate
    no_service_id disabled: the webhook was removed or switched off; hint: make a new one in Slack, then deskd webhook rotate
    no_active_hooks disabled: the app has no webhook that is switched on; hint: switch it on in Slack, then deskd webhook test
    no_team disabled: the workspace is gone; hint: make a webhook in another one, then deskd webhook rotate
    team_disabled disabled: the workspace is disabled; hint: when it is back: deskd webhook test
    channel_is_archived disabled: the channel is archived; hint: unarchive it, then deskd webhook test, or rotate to a webhook of another channel
    http_400 broken: Slack answered something that it does not document; hint: try deskd webhook test, and make a new webhook in Slack if it stays so
    ");
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn a_webhook_that_slack_took_away_is_not_posted_to_until_it_works_again() {
    let (world, door) = desk().await;
    let url = world.slack.add_webhook("support").unwrap();
    add(&door, "ops", "", &url).await;
    assert!(world.slack.remove_webhook(&url));
    let ended = door.deskd(&["webhook", "test", "ops"]).await;
    assert_eq!(ended.code, 1);
    assert_snapshot!(ended.out, @"
    no_service  the webhook was removed or switched off
      hint: make a new one in Slack, then deskd webhook rotate
    ");
    let (store, workspace) = (world.store(), world.workspace.clone());
    let refused = store.of(&workspace).webhook_url("ops".into()).await;
    assert!(matches!(&refused, Err(NoUrl::Disabled(why)) if why == "no_service"), "{refused:?}");
    let wrong = door.get("/v1/status").await.1["wrong"].clone();
    assert_snapshot!(pretty(&wrong), @r#"
    [
      {
        "hint": "the webhook was removed or switched off; make a new one in Slack, then deskd webhook rotate",
        "severity": "warning",
        "since": "TIME",
        "what": "the webhook ops is disabled (no_service)"
      }
    ]
    "#);
    assert_eq!(door.get("/readyz").await.0, 200, "the desk works all the same");
    // An outage meanwhile does not hide why.
    let state = store.of(&workspace).note_webhook("ops".into(), Posted::Away, world.clock.now()).await;
    assert_eq!(state.unwrap(), Some(WebhookState::Disabled));
    let kept = store.of(&workspace).webhook("ops".into()).await.unwrap().unwrap();
    assert_eq!(kept.result, "no_service");
    let again = world.slack.add_webhook("support").unwrap();
    assert_eq!(door.post("/v1/webhooks/ops/rotate", json!({"url": again})).await.0, 200);
    assert_eq!(store.of(&workspace).webhook_url("ops".into()).await.unwrap().expose(), again);
    assert_eq!(door.get("/v1/status").await.1["wrong"], json!([]));
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn what_may_have_been_done_is_told_from_what_was_not() {
    let (world, door) = desk().await;
    let api = world.desk().front().api;
    let url = Secret::new(&world.slack.add_webhook("support").unwrap());
    let unclear = |what: &str| Err(Failure::Unclear { what: what.into() });
    let wait = |seconds| Err(Failure::RetryAfter { after: Duration::from_secs(seconds) });
    for (fault, expected, done) in [
        (Fault::RateLimited(7), wait(7), 0),
        (Fault::Status(503), unclear("HTTP 503"), 0),
        (Fault::Status(404), Err(Failure::Refused(Refused::Undocumented(404))), 0),
        (Fault::Error("rollup_error".into()), Err(Failure::Retry { what: "rollup_error".into() }), 0),
        (Fault::Drop, unclear("the connection was cut"), 0),
        (Fault::AcceptThenCut, unclear("the connection was cut"), 1),
        (Fault::Stall, unclear("no answer in time"), 0),
        (Fault::AcceptThenStall, unclear("no answer in time"), 1),
        (Fault::Slow(5_000), Ok(()), 1),
    ] {
        let before = hooked(&world.slack, "support").len();
        world.slack.fault("incoming_webhook", fault.clone(), Times::Count(1));
        assert_eq!(post(&api, &url, "hello", None).await, expected, "{fault:?}");
        assert_eq!(hooked(&world.slack, "support").len() - before, done, "{fault:?}");
        world.pass(2).await;
    }
    let calls = api.calls();
    let counted = |outcome| calls.get(&("incoming_webhook".to_owned(), outcome)).copied().unwrap_or_default();
    assert_eq!(
        ["ok", "rate_limited", "unreachable", "refused", "unknown"].map(counted),
        [1, 1, 1, 1, 5],
        "every attempt is counted"
    );
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn a_webhook_takes_about_a_message_a_second_and_is_left_alone_when_slack_says_so() {
    let (world, door) = desk().await;
    add(&door, "ops", "", &world.slack.add_webhook("support").unwrap()).await;
    add(&door, "sales", "", &world.slack.add_webhook("sales").unwrap()).await;
    for _ in 0..8 {
        assert_eq!(test(&door, "ops").await["ok"], true);
    }
    let at = world.slack.calls_at("incoming_webhook");
    let apart: Vec<i64> = at.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(apart.iter().all(|ms| (990..1_100).contains(ms)), "{apart:?}");
    world.slack.fault("incoming_webhook", Fault::RateLimited(60), Times::Count(1));
    world.pass(2).await;
    let held = test(&door, "ops").await;
    assert_eq!((&held["result"], &held["webhook"]["state"]), (&json!("rate_limited"), &json!("ok")));
    let (store, workspace) = (world.store(), world.workspace.clone());
    let turn = store.of(&workspace).webhook_turn("ops".into(), world.clock.now()).await.unwrap();
    let Some(Admission::At(at)) = turn else { panic!("it is to be left alone: {turn:?}") };
    assert!(at.since(world.clock.now()) > Duration::from_secs(55));
    let (status, answer) = door.post("/v1/webhooks/ops/test", json!({})).await;
    assert_eq!((status, answer["retryable"].as_bool()), (503, Some(true)), "{answer}");
    assert_eq!(test(&door, "sales").await["ok"], true, "others are not held up");
    world.pass(60).await;
    assert_eq!(test(&door, "ops").await["ok"], true);
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn web_13_a_card_with_buttons_arrives_without_them_and_makes_no_task() {
    let (world, door) = desk().await;
    world.pick("support", Pick::Monitor).await;
    let url = Secret::new(&world.slack.add_webhook("support").unwrap());
    let button = |text: &str, url: Value| json!({"type": "button", "action_id": text, "url": url, "text": {"type": "plain_text", "text": text}});
    let card = json!([
        {"type": "section", "text": {"type": "mrkdwn", "text": "the invoice is wrong"},
         "accessory": button("Open", json!("https://crm.example/7"))},
        {"type": "actions", "elements": [button("Handled", Value::Null)]},
    ]);
    let plain = plain_for_webhook(&card);
    assert_eq!(plain.left_out, 1);
    post(&world.desk().front().api, &url, "the invoice is wrong", Some(&plain.blocks)).await.unwrap();
    world.pass(60).await;
    let shown = world.slack.history("support").unwrap().pop().unwrap();
    let blocks = shown.blocks.unwrap();
    assert_eq!(blocks[0]["text"]["text"], "the invoice is wrong\n<https://crm.example/7|Open>");
    assert_eq!(blocks.as_array().unwrap().len(), 1);
    assert_eq!(world.tasks().await, "", "our own message is no request");
    finish(world, door).await;
}
