//! The ways in: by the API, with a token of a caller's own, by addresses that other tools know, and by heartbeats.

use std::time::Duration;

use deskd::domain::heartbeat::Promise;
use deskd::domain::notice::Severity;
use deskd::simulator::Setup;
use deskd::store::retention::{Class, Retention};
use serde_json::{Value, json};

use crate::api_door::Door;
use crate::notices::texts;
use crate::world::World;

pub const SHOP: &str = "shop-token-0123456789abcdef";
pub const MON: &str = "monitoring-token-0123456789abcdef";

use crate::port::Port;

/// What a person sees, without times and widths.
fn seen(text: &str) -> String {
    let text = crate::api_door::timeless(text);
    let text = regex::Regex::new(r"just now|\d+ (s|min) ago").unwrap().replace_all(&text, "AGO").into_owned();
    regex::Regex::new(r"(\S) {2,}").unwrap().replace_all(&text, "$1  ").into_owned()
}

fn payment(key: &str) -> Value {
    json!({ "kind": "payment.failed", "fields": { "client": "Acme", "amount": "12.50 EUR" }, "key": key })
}

#[tokio::test(start_paused = true)]
async fn every_refusal_names_its_code_and_field_and_stores_nothing() {
    let port = Port::open().await;
    let many: Vec<Value> = (0..1001).map(|_| payment("")).collect();
    let table = [
        ("no kind of that name", json!({ "kind": "alrt" }), 400, "unknown_kind", "kind"),
        (
            "a required field is missing",
            json!({ "kind": "payment.failed", "fields": { "amount": "1 EUR" } }),
            400,
            "invalid_notice",
            "fields.client",
        ),
        (
            "an amount that is no number",
            json!({ "kind": "payment.failed", "fields": { "client": "A", "amount": "lots" } }),
            400,
            "invalid_notice",
            "fields.amount",
        ),
        (
            "a past time",
            json!({ "kind": "alert", "at": "2001-01-01T00:00:00Z" }),
            400,
            "invalid_notice",
            "at",
        ),
        ("a key that is none", json!({ "kind": "alert", "titel": "x" }), 400, "invalid_notice", "titel"),
        (
            "one of several",
            json!([payment("a"), { "kind": "alert", "severity": "bad" }]),
            400,
            "invalid_notice",
            "severity",
        ),
        ("too many", json!(many), 400, "too_many", ""),
        ("2 MiB", json!({ "kind": "alert", "text": "x".repeat(2 << 20) }), 413, "too_large", ""),
    ];
    for (what, body, status, code, field) in table {
        let (seen, document) = port.json("/v1/notices", "api-token", &body).await;
        assert_eq!((seen, document["code"].as_str()), (status, Some(code)), "{what}: {document}");
        assert_eq!(
            document["problems"][0]["field"].as_str().unwrap_or_default(),
            field,
            "{what}: {document}"
        );
        let told =
            document["message"].as_str().unwrap().contains("hint:") && document["trace_id"].is_string();
        assert!(told && document["retryable"] == false, "{what}: {document}");
    }
    let (status, document) = port.json("/v1/notices", "wrong-token", &payment("a")).await;
    assert_eq!((status, document["code"].as_str()), (401, Some("unauthorised")));
    let stored = port.world.store().of(&port.world.workspace).notices(Default::default()).await.unwrap();
    assert!(stored.is_empty(), "{stored:?}");
    port.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_caller_has_its_own_token_its_kinds_and_its_pace() {
    let port = Port::open().await;
    let (status, document) = port.json("/v1/notices", SHOP, &payment("1")).await;
    assert_eq!((status, document["notices"][0]["effect"].as_str()), (200, Some("begins")), "{document}");
    let (status, document) = port.json("/v1/notices", SHOP, &json!({ "kind": "alert", "title": "x" })).await;
    assert_eq!((status, document["code"].as_str()), (403, Some("forbidden_kind")), "{document}");
    let (status, document) = port.json("/v1/alarm/test", SHOP, &json!({})).await;
    assert_eq!((status, document["code"].as_str()), (403, Some("forbidden_kind")), "{document}");
    for key in ["2", "3"] {
        assert_eq!(port.json("/v1/notices", SHOP, &payment(key)).await.0, 200);
    }
    let request = port.http.post(format!("{}/v1/notices", port.base)).bearer_auth(SHOP).json(&payment("4"));
    let (status, again, body) = port.send(request).await;
    assert_eq!((status, again.as_deref()), (429, Some("1")), "{body}");
    assert!(body.contains("rate_limited") && body.contains("\"retryable\":true"), "{body}");
    port.world.pass(1).await;
    assert_eq!(port.json("/v1/notices", SHOP, &payment("4")).await.0, 200);
    assert_eq!(port.json("/v1/notices", "api-token", &json!({ "kind": "alert", "title": "x" })).await.0, 200);
    port.world.pass(20).await;
    let stored = port.world.store().of(&port.world.workspace).notices(most(10)).await.unwrap();
    let sources: Vec<&str> = stored.iter().map(|life| life.notice.source.as_str()).collect();
    assert_eq!(sources, ["api", "shop", "shop", "shop", "shop"]);
    port.end().await;
}

fn most(most: u32) -> deskd::store::life::NoticeFilter {
    deskd::store::life::NoticeFilter { most, ..Default::default() }
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_writes_to_slack_writes_to_deskd_by_another_address() {
    let port = Port::open().await;
    let way = format!("/services/mon/{MON}");
    let blocks = r#"{"text":"Build 7 <!channel>","blocks":[{"type":"section","text":{"type":"mrkdwn","text":"*Build 7* is red"}}]}"#;
    for (kind, body) in [
        ("application/json", blocks),
        ("application/x-www-form-urlencoded", "payload=%7B%22text%22%3A%22by+form%22%7D"),
        (
            "application/json",
            r##"{"attachments":[{"fallback":"Disk","color":"#ff0000","text":"Disk is full"}]}"##,
        ),
    ] {
        let heard = port.plain(&way, kind, body).await;
        assert_eq!((heard.0, heard.2.as_str()), (200, "ok"), "{body}");
    }
    port.world.pass(10).await;
    assert_eq!(texts(&port.world, "support"), ["Build 7 @channel", "by form", "Disk"]);
    let posts = port.world.slack.posts("support").unwrap();
    assert_eq!(posts[0].blocks.as_ref().unwrap()[0]["text"]["text"], "*Build 7* is red");
    for (way, body, status, word) in [
        (way.as_str(), "{", 400, "invalid_payload"),
        (&way, "{}", 400, "no_text"),
        (&way, r#"{"text":"x","blocks":{}}"#, 400, "invalid_blocks"),
        ("/services/mon/wrong-token", r#"{"text":"x"}"#, 403, "invalid_token"),
        ("/services/nobody/wrong-token", r#"{"text":"x"}"#, 404, "no_service"),
        (&format!("/services/shop/{SHOP}"), r#"{"text":"x"}"#, 403, "action_prohibited"),
    ] {
        let heard = port.plain(way, "application/json", body).await;
        assert_eq!((heard.0, heard.2.as_str()), (status, word), "{body}");
    }
    let astray = port.plain(&format!("/services/mon/{MON}/more"), "application/json", "{}").await;
    assert!(astray.0 == 401 && !astray.2.contains(MON), "{astray:?}");
    port.end().await;
}

#[tokio::test(start_paused = true)]
async fn alr_08_monitoring_tells_of_a_degradation_and_of_its_end_on_one_card() {
    let port = Port::open().await;
    let way = format!("/in/alertmanager/mon/{MON}");
    let mut group: Value = serde_json::from_str(include_str!("../data/doors/alertmanager.json")).unwrap();
    for _ in 0..3 {
        let heard = port.plain(&way, "application/json", &group.to_string()).await;
        assert_eq!(heard.0, 200, "{heard:?}");
        port.world.pass(5).await;
    }
    group["alerts"][0]["status"] = json!("resolved");
    group["alerts"][0]["endsAt"] = json!("2026-11-21T15:47:18Z");
    group["status"] = json!("resolved");
    assert_eq!(port.plain(&way, "application/json", &group.to_string()).await.0, 200);
    port.world.pass(10).await;
    let cards: Vec<String> = port
        .world
        .slack
        .posts("support")
        .unwrap()
        .into_iter()
        .filter(|post| post.thread_ts.is_none())
        .map(|post| post.text.lines().next().unwrap().to_owned())
        .collect();
    assert_eq!(cards, ["Resolved: Disk is full on db-1", "Resolved: 1 more alert of DiskFull"]);
    let wrong = port.plain(&way, "application/json", r#"{"version":"3","alerts":[]}"#).await;
    assert!(wrong.0 == 400 && wrong.2.contains("invalid_notice"), "{wrong:?}");
    let stranger = port.plain("/in/grafana/mon/wrong-token", "application/json", "{}").await;
    assert!(stranger.0 == 401 && stranger.2.contains("unauthorised"), "{stranger:?}");
    let grafana = include_str!("../data/doors/grafana.json");
    assert_eq!(port.plain(&format!("/in/grafana/mon/{MON}"), "application/json", grafana).await.0, 200);
    port.world.pass(10).await;
    assert_eq!(texts(&port.world, "support").last().unwrap(), "Memory is short in zone us-1");
    port.end().await;
}

#[tokio::test(start_paused = true)]
async fn alr_08_a_trading_threshold_and_a_pipeline_reach_their_people() {
    let port = Port::open().await;
    let door = Door::open(port.world.desk().front());
    let metric = json!({ "kind": "alert", "severity": "critical", "title": "Exposure above its limit",
        "fields": { "system": "book-7", "value": 1_250_000, "threshold": 1_000_000 }, "key": "exposure-book-7", "to": ["#sales"] });
    assert_eq!(port.json("/v1/notices", MON, &metric).await.0, 200);
    let words = [
        "notify",
        "alert",
        "--title",
        "Build 7 is red",
        "--field",
        "system=main",
        "--severity",
        "error",
        "--link",
        "https://ci.example/7",
        "--wait",
    ];
    assert_eq!(door.ok(&words).await, "notice 2 delivered\n");
    assert_eq!(texts(&port.world, "sales"), ["Exposure above its limit"]);
    assert_eq!(texts(&port.world, "support"), ["Build 7 is red"]);
    port.world.pass(5).await;
    door.close().await;
    port.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_notice_from_the_command_line_is_shown_with_its_whole_life() {
    let port = Port::open().await;
    let door = Door::open(port.world.desk().front());
    assert_eq!(
        door.ok(&["notify", "alert", "--title", "Disk is full", "--field", "system=db-1", "--key", "k"])
            .await,
        "notice 1 stored\n"
    );
    let again = door
        .ok(&["notify", "alert", "--title", "Disk is full", "--field", "system=db-1", "--key", "k", "--wait"])
        .await;
    assert_eq!(again, "notice 1 delivered, says again what its key has said\n");
    let nowhere = door.deskd(&["notify", "alert", "--title", "x", "--to", "#nowhere", "--wait"]).await;
    assert_eq!(nowhere.code, 1, "{}", nowhere.out);
    assert!(nowhere.out.contains("not delivered (failed)"), "{}", nowhere.out);
    let wrong = door.deskd(&["notify", "alrt"]).await;
    assert_eq!(wrong.code, 2, "{}", wrong.err);
    assert!(wrong.err.contains("did you mean alert?"), "{}", wrong.err);
    insta::assert_snapshot!(seen(&door.ok(&["notices", "list"]).await), @"
    ID  WHEN  KIND  SEVERITY  TITLE  OUTCOME
    2  AGO  alert  warning firing  x  1 failed
    1  AGO  alert  warning firing  Disk is full  1 sent
    ");
    insta::assert_snapshot!(seen(&door.ok(&["notices", "show", "1"]).await), @"
    notice 1 · alert · warning firing
    Disk is full
      system: db-1
    handed in by local AGO, problem 1 (begins)
    routed
      route all: yes
      delivery 1 to channel:#support: delivered, 1 attempt, send 1
    ");
    insta::assert_snapshot!(seen(&door.ok(&["why", "notice", "1"]).await), @"
    notice 1
      CLOCK  handed in by local as alert; it begins problem 1
      CLOCK  route all takes it
      CLOCK  routed
    delivery 1
      CLOCK  to channel #support, by route all
      CLOCK  delivered, 1 attempt
    send 1
      CLOCK  sent as TS, attempt 1
    ");
    insta::assert_snapshot!(seen(&door.ok(&["why", "delivery", "2"]).await), @r#"
    notice 2
      CLOCK  handed in by local as alert; it begins problem 2
      CLOCK  routed
    delivery 2
      CLOCK  to channel #nowhere, as its caller said
      CLOCK  refused: no such channel is known here; see "deskd channels list"
    "#);
    assert_eq!(door.deskd(&["notices", "show", "99"]).await.code, 1);
    assert_eq!(door.deskd(&["notices", "list", "--state", "odd"]).await.code, 2);
    door.close().await;
    port.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_silence_longer_than_promised_is_told_once_and_the_next_beat_ends_it() {
    let promise = Promise {
        name: "backup".to_owned(),
        every: Duration::from_secs(3600),
        grace: Duration::from_secs(600),
        severity: Severity::Critical,
    };
    let mut port = Port::with(vec![promise]).await;
    let door = Door::open(port.world.desk().front());
    port.world.pass(3000).await;
    assert_eq!(door.ok(&["beat", "backup"]).await, "backup noted\n");
    port.world.pass(4100).await;
    assert_eq!(texts(&port.world, "support"), Vec::<String>::new(), "within its grace");
    port.world.pass(200).await;
    assert_eq!(texts(&port.world, "support"), ["Heartbeat backup is missed"]);
    assert!(door.ok(&["beat"]).await.contains("missed"));
    door.close().await;
    port.stop.cancel();
    port.world.close().await;
    port.world.open().await;
    port.world.pass(20_000).await;
    assert_eq!(texts(&port.world, "support"), ["Heartbeat backup is missed"], "told once, over a restart");
    let door = Door::open(port.world.desk().front());
    assert_eq!(door.ok(&["beat", "backup"]).await, "backup is back\n");
    port.world.pass(10).await;
    assert_eq!(texts(&port.world, "support")[0], "Resolved: Heartbeat backup");
    let unknown = door.deskd(&["beat", "bakup"]).await;
    assert!(unknown.code == 1 && unknown.err.contains("one of backup"), "{}", unknown.err);
    door.close().await;
    port.end().await;
}

#[tokio::test(start_paused = true)]
async fn not_28_a_notice_is_in_slack_within_thirty_seconds_without_its_caller_waiting() {
    let port = Port::open().await;
    let mut late = Vec::new();
    for at in 0..60 {
        let began = port.world.clock.now();
        let body = json!({ "kind": "alert", "title": format!("alert {at}"), "fields": { "system": format!("s{at}") } });
        assert_eq!(port.json("/v1/notices", MON, &body).await.0, 200);
        assert!(
            port.world.clock.now().since(began) < Duration::from_secs(1),
            "the caller does not wait for Slack"
        );
        while port.world.slack.posts("support").unwrap().len() <= at {
            port.world.pass_ms(100).await;
        }
        late.push(port.world.clock.now().since(began));
    }
    late.sort();
    assert!(late[56] < Duration::from_secs(30), "p95 is {:?}", late[56]);
    port.end().await;
}

#[tokio::test(start_paused = true)]
async fn rlm_05_a_storm_of_repetitions_of_one_call_is_one_message() {
    let port = Port::open().await;
    for _ in 0..50 {
        assert_eq!(port.json("/v1/notices", MON, &payment("invoice-7")).await.0, 200);
        port.world.pass_ms(200).await;
    }
    port.world.pass(10).await;
    assert_eq!(port.world.slack.posts("support").unwrap().len(), 1);
    port.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_outside_address_is_called_while_deskd_is_well_and_only_then() {
    let calls = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = calls.clone();
    let address = crate::web::serve_at(move |_| {
        counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        (200, "", String::new())
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ping_url");
    std::fs::write(&file, address.await.1).unwrap();
    let mut world = World::with(Setup::default(), |config| config.doors.ping.url_file = Some(file)).await;
    world.pass(300).await;
    let well = calls.load(std::sync::atomic::Ordering::Relaxed);
    assert!((4..=6).contains(&well), "{well} calls in five minutes");
    world.slack.fault(
        "apps.connections.open",
        deskd::simulator::Fault::RateLimited(30),
        deskd::simulator::Times::UntilCleared,
    );
    world.slack.close_sockets(deskd::simulator::Which::All, 1000);
    world.pass(600).await;
    assert!(calls.load(std::sync::atomic::Ordering::Relaxed) <= well + 1, "nobody says that all is well");
    world.slack.clear_faults();
    world.pass(300).await;
    assert!(calls.load(std::sync::atomic::Ordering::Relaxed) > well + 1, "and again when it is");
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn notices_are_forgotten_in_time_and_what_lasts_stays() {
    let port = Port::open().await;
    assert_eq!(port.json("/v1/notices", MON, &payment("old")).await.0, 200);
    for text in ["first", "second"] {
        let alert =
            json!({ "kind": "alert", "title": "Disk is full", "text": text, "fields": { "system": "db-1" } });
        assert_eq!(port.json("/v1/notices", MON, &alert).await.0, 200);
        port.world.pass(10).await;
    }
    let later = json!({ "kind": "alert", "title": "later", "at": (port.world.clock.now().unix_seconds() + 90 * 86_400) });
    assert_eq!(port.json("/v1/notices", MON, &later).await.0, 200);
    let day = Duration::from_secs(86_400);
    let kept = Retention { events: 90 * day, tasks: 365 * day, deliveries: 30 * day };
    let store = port.world.store();
    let left = async |days: u32| {
        let now = port.world.clock.now().plus(day * days);
        for class in [Class::Notices, Class::Problems] {
            while store.prune(class, kept, now).await.unwrap() > 0 {}
        }
        let left = store.of(&port.world.workspace).notices(most(10)).await.unwrap();
        left.into_iter().map(|life| life.notice.content.text + &life.notice.content.title).collect::<Vec<_>>()
    };
    assert_eq!(left(29).await.len(), 4);
    assert_eq!(left(31).await, ["later", "secondDisk is full"], "what lasts keeps its newest notice");
    port.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_carries_an_erased_contacts_address_loses_its_words() {
    let port = Port::open().await;
    port.world.slack.say("ada", "support", "hello").unwrap();
    port.world.pass(60).await;
    let mut notice = payment("ada");
    notice["fields"]["client"] = json!("Ada <ADA@globex.example>");
    assert_eq!(port.json("/v1/notices", MON, &notice).await.0, 200);
    assert_eq!(port.json("/v1/notices", MON, &payment("other")).await.0, 200);
    port.world.pass(20).await;
    let (workspace, now) = (port.world.workspace.clone(), port.world.clock.now());
    let store = port.world.store();
    store
        .of(&workspace)
        .erase_contact(deskd::domain::ids::ContactId(1), crate::world::alice(), now)
        .await
        .unwrap()
        .unwrap();
    let left = store.of(&workspace).notices(most(10)).await.unwrap();
    let told: Vec<(&str, usize)> = left
        .iter()
        .map(|life| (life.notice.content.title.as_str(), life.notice.content.fields.len()))
        .collect();
    assert_eq!(told, [("Payment failed", 2), ("erased", 0)]);
    let path = port.world.database();
    let sends = tokio::task::spawn_blocking(move || {
        let sql = "SELECT COUNT(*) FROM sends WHERE lower(text || blocks) LIKE '%globex%'";
        rusqlite::Connection::open(path).unwrap().query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap()
    });
    assert_eq!(sends.await.unwrap(), 0);
    port.end().await;
}
