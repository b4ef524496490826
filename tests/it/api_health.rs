//! The local API as machines see it: readiness, figures, and the door on loopback.

use std::sync::Arc;
use std::time::Duration;

use deskd::config::Secret;
use deskd::domain::time::Timestamp;
use deskd::runtime::bell::Bell;
use deskd::runtime::crew::Crew;
use deskd::runtime::worker::{Next, Worker};
use deskd::web::desk::Health;
use deskd::web::serve_tcp;
use insta::assert_snapshot;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::api_desk::{finish, with_a_task};
use crate::api_door::{Door, pretty};
use crate::world::World;

/// A worker that never comes back from its first step.
struct Hung;

impl Worker for Hung {
    fn name(&self) -> &'static str {
        "hung"
    }

    async fn step(&mut self, _now: Timestamp) -> anyhow::Result<Next> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn ready_is_green_with_a_socket_and_red_without_or_with_a_stuck_worker() {
    let (mut world, door) = with_a_task().await;
    assert_eq!(door.get("/readyz").await, (200, json!({ "ok": true, "reasons": [] })));
    let mut front = world.desk().front();
    let mut crew = Crew::new(world.clock, CancellationToken::new());
    crew.worker(Hung, &Bell::new());
    let watch = crew.watch();
    front.health = Arc::new(move |now| Health { workers: watch.seen(now), ..Health::default() });
    let stuck = Door::open(front);
    world.pass(100).await;
    assert_eq!(stuck.get("/readyz").await.0, 200, "an honest step may take a while");
    world.pass(21).await;
    world.close().await;
    world.pass(5).await;
    let (status, red) = stuck.get("/readyz").await;
    assert_eq!(status, 503);
    assert_snapshot!(pretty(&red), @r#"
    {
      "ok": false,
      "reasons": [
        "sockets: none is connected to Slack (stopped) since TIME (5 s); hint: deskd is stopping",
        "stuck: hung since TIME (2 min); hint: look at the log, then restart deskd"
      ]
    }
    "#);
    assert_eq!(stuck.get("/healthz").await.0, 200, "the process lives");
    let (_, status) = stuck.get("/v1/status").await;
    assert_snapshot!(pretty(&status["stuck"]), @r#"
    [
      "hung"
    ]
    "#);
    stuck.close().await;
    door.close().await;
}

#[tokio::test(start_paused = true)]
async fn figures_come_in_both_forms_with_help_and_units() {
    let (world, door) = with_a_task().await;
    let (kind, text) = door.text("/metrics", "application/openmetrics-text").await;
    assert!(kind.starts_with("application/openmetrics-text") && text.ends_with("# EOF\n"), "{kind}");
    let (kind, text) = door.text("/metrics", "*/*").await;
    assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    for line in [
        "deskd_sockets{state=\"connected\"} 2",
        "deskd_tasks{state=\"open\"} 1",
        "deskd_outbox{state=\"dead\"} 0",
        "deskd_journal_pending 0",
        "deskd_journal_oldest_pending_seconds 0.0",
        "deskd_record_failures_total 0",
        "# TYPE deskd_events_recorded_total counter",
        "deskd_workers_stuck 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is missing in\n{text}");
    }
    for name in
        text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split(['{', ' ']).next())
    {
        // A histogram has one help for its three series.
        let name =
            ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        assert!(text.contains(&format!("# HELP {name} ")), "{name} has no help");
        assert!(text.contains(&format!("# TYPE {name} ")), "{name} has no type");
    }
    assert!(!text.contains("ada") && !text.contains("support"), "no names in labels");
    finish(world, door).await;
}

#[tokio::test]
async fn over_tcp_only_whoever_has_the_token_and_names_this_machine_is_heard() {
    let mut world = World::without_desk(deskd::simulator::Setup::default(), |_| {});
    world.open().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let token = Secret::new("a-token-of-our-own");
    let served = tokio::spawn(serve_tcp(listener, world.desk().front(), token, stop.clone()));
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let own = address.to_string();
    for (host, bearer, status, code) in [
        (own.as_str(), "a-token-of-our-own", 200, None),
        (own.as_str(), "another", 401, Some("unauthorised")),
        (own.as_str(), "", 401, Some("unauthorised")),
        ("evil.example", "a-token-of-our-own", 403, Some("wrong_host")),
    ] {
        let request = http.get(format!("http://{own}/v1/status")).header("host", host).bearer_auth(bearer);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{host} {bearer:?}");
        let document: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        assert_eq!(document["code"].as_str(), code);
    }
    drop(http);
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(5), served).await.unwrap().unwrap();
    world.close_quietly().await;
}
