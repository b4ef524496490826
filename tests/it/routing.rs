//! Routing as people live with it: changed while it runs, held over night, gathered in a burst, silenced, explained.

use std::path::Path;

use deskd::config::Sources;
use deskd::domain::notice::Draft;
use deskd::simulator::{Fault, Times};
use insta::assert_snapshot;
use serde_json::json;

use crate::api_door::{Door, deskd, timeless};
use crate::notices::{draft, routed, routed_from, tell, texts};
use crate::world::World;

fn paid(client: &str, amount: &str) -> Draft {
    draft("payment.failed", "", &[("client", client), ("amount", amount)])
}

fn alert(title: &str, system: &str) -> Draft {
    draft("alert", title, &[("system", system)])
}

fn at(severity: &str, draft: Draft) -> Draft {
    Draft { severity: severity.to_owned(), ..draft }
}

fn over(draft: Draft) -> Draft {
    Draft { status: "resolved".to_owned(), ..draft }
}

/// Why notices ended, in order.
async fn reasons(world: &World) -> Vec<String> {
    let path = world.database();
    let read = move || -> rusqlite::Result<Vec<String>> {
        let connection = rusqlite::Connection::open(path)?;
        let mut query = connection.prepare("SELECT state || ' ' || reason FROM notices ORDER BY id")?;
        query.query_map([], |row| row.get(0))?.collect()
    };
    tokio::task::spawn_blocking(read).await.unwrap().unwrap()
}

fn sources(file: &Path, toml: &str) -> Sources {
    std::fs::write(file, toml).unwrap();
    let env = [("HOME".to_owned(), "/home/ada".to_owned())];
    Sources { config: Some(file.to_owned()), env: env.into(), flags: Vec::new(), root: true }
}

#[tokio::test(start_paused = true)]
async fn not_04_a_reload_changes_where_notices_go_without_a_restart() {
    let world = routed("[[route]]\nto = [\"#sales\"]\n").await;
    tell(&world, paid("Acme", "5 EUR")).await;
    world.pass(3).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    world.desk().reload(&sources(&file, "[[route]]\nto = [\"#support\"]\n")).await.unwrap();
    tell(&world, paid("Zeta", "6 EUR")).await;
    world.pass(3).await;
    assert_eq!((texts(&world, "sales").len(), texts(&world, "support").len()), (1, 1));
    let wrong = world.desk().reload(&sources(&file, "[[route]]\nto = [\"somewhere\"]\n")).await;
    assert!(wrong.is_err(), "a wrong file changes nothing");
    tell(&world, paid("Acme", "7 EUR")).await;
    world.pass(3).await;
    assert_eq!(texts(&world, "support").len(), 2);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn not_20_a_critical_payment_that_failed_calls_whoever_is_there() {
    let world = routed(
        "[mentions.category]\npayments = [\"@here\"]\n[[route]]\nkind = \"payment.*\"\nto = [\"#sales\"]\n\
         [[route]]\nto = [\"#support\"]\nmention = [\"@channel\"]\n",
    )
    .await;
    tell(&world, at("critical", paid("Acme", "5 EUR"))).await;
    tell(&world, paid("Acme", "6 EUR")).await;
    tell(&world, alert("Disk is full", "db-1")).await;
    world.pass(5).await;
    assert_eq!(texts(&world, "sales"), ["<!here> Payment failed", "Payment failed"]);
    assert_eq!(texts(&world, "support"), ["<!channel> Disk is full"]);
    world.finish().await;
}

const OFFICE: &str = "
[[hours]]
name = \"office\"
zone = \"UTC\"
from = \"09:00\"
to = \"19:00\"
[[route]]
to = [\"#support\"]
hours = \"office\"
";

#[tokio::test(start_paused = true)]
async fn not_27_what_comes_at_night_is_one_recap_in_the_morning() {
    let world = routed_from("2026-01-05T22:00:00Z", OFFICE).await;
    for client in ["Acme", "Zeta"] {
        tell(&world, paid(client, "5 EUR")).await;
    }
    for _ in 0..3 {
        tell(&world, alert("Disk is full", "db-1")).await;
    }
    tell(&world, alert("Fan is loud", "db-2")).await;
    tell(&world, over(alert("Fan is loud", "db-2"))).await;
    world.pass(3600).await;
    assert_eq!(texts(&world, "support"), Vec::<String>::new(), "22:00 is not told");
    tell(&world, at("critical", alert("Rack is on fire", "dc-1"))).await;
    world.pass(60).await;
    assert_eq!(texts(&world, "support"), ["Rack is on fire"], "critical breaks through");
    tell(&world, over(alert("Rack is on fire", "dc-1"))).await;
    world.pass(60).await;
    assert_eq!(texts(&world, "support")[0], "Resolved: Rack is on fire", "a card turns green at any hour");
    world.pass(10 * 3600).await;
    let posts = world.slack.posts("support").unwrap();
    assert_snapshot!(posts.last().unwrap().text, @"
    While you were away: 7 notices
    :large_orange_circle: error: Payment failed · Acme · 5 EUR
    :large_orange_circle: error: Payment failed · Zeta · 5 EUR
    :large_yellow_circle: warning: Disk is full
    :white_check_mark: Resolved: Fan is loud
    ");
    assert_eq!(posts.len(), 3, "one card, its end in the thread, one recap: {posts:#?}");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_held_for_longer_than_it_is_worth_reading_is_told_all_the_same() {
    let world = routed_from("2026-01-05T08:00:00Z", &format!("{OFFICE}ttl = \"10m\"\n")).await;
    tell(&world, paid("Acme", "5 EUR")).await;
    world.pass(3590).await;
    assert_eq!(texts(&world, "support"), Vec::<String>::new());
    world.pass(30).await;
    assert_eq!(texts(&world, "support"), ["Payment failed"], "one alone is a card of its own");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_digest_goes_when_its_window_ends_or_when_it_is_full_and_critical_goes_at_once() {
    let world =
        routed("[[route]]\nto = [\"#sales\"]\ndigest = { window = \"10m\", by = [\"client\"], most = 5 }\n")
            .await;
    for _ in 0..3 {
        tell(&world, paid("Acme", "5 EUR")).await;
    }
    for _ in 0..5 {
        tell(&world, paid("Zeta", "5 EUR")).await;
    }
    tell(&world, at("critical", paid("Acme", "9 EUR"))).await;
    world.pass(30).await;
    let mut shown = texts(&world, "sales");
    shown.sort();
    assert_eq!(shown, ["5 notices", "Payment failed"], "full, and critical");
    world.pass(600).await;
    let shown = texts(&world, "sales");
    assert_eq!((shown.len(), shown[2].as_str()), (3, "3 notices"));
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_a_thousand_becomes_digests_where_the_route_says_so() {
    let world = routed("[[route]]\nto = [\"#sales\"]\ngather_over = 20\n").await;
    let drafts: Vec<Draft> = (0..1000).map(|number| paid("Acme", &format!("{number} EUR"))).collect();
    let inlet = world.desk().front().inlet;
    inlet.submit(world.workspace.clone(), &drafts, "test", world.clock.now()).await.unwrap().unwrap();
    world.pass(60).await;
    let shown = texts(&world, "sales");
    let told: i64 = shown
        .iter()
        .map(|text| text.strip_suffix(" notices").map_or(1, |count| count.parse().unwrap()))
        .sum();
    assert_eq!(told, 1000, "{shown:?}");
    assert!(shown.len() < 12, "{shown:?}");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn rlm_01_rlm_02_a_hundred_notices_keep_their_order_and_the_pace_of_a_channel() {
    let world = routed("[[route]]\nto = [\"#sales\"]\n").await;
    for number in 0..100 {
        tell(
            &world,
            draft("payment.failed", &format!("n {number}"), &[("client", "A"), ("amount", "1 EUR")]),
        )
        .await;
    }
    world.pass(130).await;
    let wanted: Vec<String> = (0..100).map(|number| format!("n {number}")).collect();
    assert_eq!(texts(&world, "sales"), wanted);
    let records = world.slack.call_records("chat.postMessage");
    assert!(records.iter().all(|record| record.outcome == "ok"), "no 429");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn rlm_06_a_delivery_that_fails_is_a_figure_and_a_trouble() {
    let world = routed("[[route]]\nto = [\"#nowhere\"]\n").await;
    tell(&world, paid("Acme", "5 EUR")).await;
    world.pass(150).await;
    let open = world.space().open_troubles().await.unwrap();
    let kinds: Vec<&str> = open.iter().map(|trouble| trouble.raised.own.as_str()).collect();
    assert_eq!(kinds, ["delivery_failed"]);
    let door = Door::open(world.desk().front());
    let (_, text) = door.text("/metrics", "text/plain").await;
    let figure = text.lines().find(|line| line.contains("delivery_failed")).unwrap_or_default();
    assert!(figure.ends_with(" 1"), "{text}");
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_silence_mutes_from_the_command_line_and_its_end_is_told_to_nobody() {
    let world = routed("[[route]]\nto = [\"#support\"]\n").await;
    let door = Door::open(world.desk().front());
    let add =
        ["silence", "add", "--match", "kind=alert,system=db-1", "--until", "2h", "--reason", "new disks"];
    assert!(door.ok(&add).await.starts_with("silence 1 holds until"));
    tell(&world, alert("Disk is full", "db-1")).await;
    tell(&world, alert("Disk is full", "db-2")).await;
    world.pass(5).await;
    tell(&world, over(alert("Disk is full", "db-1"))).await;
    world.pass(5).await;
    assert_eq!(texts(&world, "support"), ["Disk is full"]);
    assert_eq!(reasons(&world).await, ["dropped silenced:1", "routed ", "dropped nobody_was_told"]);
    let list = door.ok(&["silence", "list"]).await;
    assert!(list.contains("kind=alert system=db-1") && list.contains("new disks"), "{list}");
    let explained = door.ok(&["route", "explain", "alert", "--field", "system=db-1"]).await;
    assert!(explained.contains("silenced by 1"), "{explained}");
    assert_eq!(door.ok(&["silence", "expire", "1"]).await, "silence 1 is over\n");
    tell(&world, alert("Disk is full", "db-1")).await;
    world.pass(5).await;
    assert_eq!(texts(&world, "support").len(), 2);
    let (status, refused) = door.post("/v1/silences", json!({ "match": {}, "until": "2h" })).await;
    assert_eq!((status, refused["code"].as_str()), (400, Some("bad_request")));
    let (status, _) = door.post("/v1/silences/9/expire", json!({})).await;
    assert_eq!(status, 404);
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_silence_ends_by_itself_and_what_began_before_it_is_told_to_its_end() {
    let world = routed("[[route]]\nto = [\"#support\"]\n").await;
    tell(&world, alert("Disk is full", "db-1")).await;
    world.pass(5).await;
    let door = Door::open(world.desk().front());
    let wanted = json!({ "match": { "kind": ["alert"] }, "until": "10m", "reason": "quiet" });
    assert_eq!(door.post("/v1/silences", wanted).await.0, 200);
    tell(&world, over(alert("Disk is full", "db-1"))).await;
    tell(&world, alert("Fan is loud", "db-1")).await;
    world.pass(60).await;
    assert_eq!(texts(&world, "support")[0], "Resolved: Disk is full");
    assert!(!texts(&world, "support").contains(&"Fan is loud".to_owned()));
    world.pass(600).await;
    tell(&world, alert("Fan is loud", "db-1")).await;
    world.pass(5).await;
    assert!(texts(&world, "support").contains(&"Fan is loud".to_owned()));
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_firing_problem_mutes_others_until_it_is_over() {
    let world = routed(
        "[[inhibit]]\nsource = { kind = \"alert\", severity = \"critical\" }\ntarget = { kind = \"payment.*\" }\n\
         equal = [\"system\"]\n[[route]]\nto = [\"#support\"]\n",
    )
    .await;
    let failed =
        || draft("payment.failed", "", &[("client", "Acme"), ("amount", "5 EUR"), ("system", "db-1")]);
    tell(&world, at("critical", alert("Database is down", "db-1"))).await;
    tell(&world, failed()).await;
    world.pass(5).await;
    assert_eq!(texts(&world, "support"), ["Database is down"]);
    assert_eq!(reasons(&world).await[1], "dropped inhibited:1");
    tell(&world, over(alert("Database is down", "db-1"))).await;
    world.pass(10).await;
    tell(&world, failed()).await;
    world.pass(10).await;
    assert!(texts(&world, "support").contains(&"Payment failed".to_owned()));
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn not_05_a_test_message_goes_to_every_destination_and_each_result_is_told() {
    let toml = "[[route]]\nname = \"a\"\nkind = \"alert\"\nto = [\"#support\", \"U03IHKWABMF\"]\n\
                [[route]]\nname = \"b\"\nto = [\"#sales\", \"#nowhere\"]\n";
    let world = routed(toml).await;
    world
        .slack
        .fault_in("chat.postMessage", "sales", Fault::Error("not_in_channel".into()), Times::UntilCleared)
        .unwrap();
    let door = Door::open(world.desk().front());
    assert_eq!(
        door.ok(&["test", "--route", "a"]).await,
        "channel:#support  sent\nperson:U03IHKWABMF  sent\n"
    );
    let ended = door.deskd(&["test"]).await;
    assert_eq!(ended.code, 1, "{}", ended.out);
    assert!(ended.out.contains("channel:#nowhere  waiting: unknown_channel"), "{}", ended.out);
    assert!(
        ended.out.contains("channel:#support  sent") && !ended.out.contains("channel:#sales  sent"),
        "{}",
        ended.out
    );
    assert_eq!(texts(&world, "support"), ["Test: deskd can write here", "Test: deskd can write here"]);
    let (status, _) = door.post("/v1/test", json!({ "route": "zzz" })).await;
    assert_eq!(status, 404);
    door.close().await;
    world.close_quietly().await;
}

const BESIDE: &str = r##"
[[hours]]
name = "office"
zone = "Europe/Berlin"
from = "09:00"
to = "19:00"
[[route]]
name = "large"
kind = "payment.*"
where = { amount = ">= 1000 EUR" }
to = ["#sales"]
hours = "office"
mention = ["@here"]
[[route]]
name = "alerts"
kind = "alert"
to = ["#support"]
[[route]]
name = "rest"
to = []
"##;

#[tokio::test(start_paused = true)]
async fn explain_prints_each_route_and_why_without_a_daemon() {
    let folder = tempfile::tempdir().unwrap();
    let (config, socket) = (folder.path().join("config.toml"), folder.path().join("none.sock"));
    std::fs::write(&config, BESIDE).unwrap();
    let (config, socket) = (config.display().to_string(), socket.display().to_string());
    let explain = async |words: &[&str]| {
        let before = ["deskd", "--config", &config, "--socket", &socket, "route", "explain"];
        deskd(before.into_iter().chain(words.iter().copied())).await
    };
    let small = ["payment.failed", "--field", "client=Acme", "--field", "amount=5 EUR"];
    assert_snapshot!(explain(&small).await.out, @r"
    payment.failed, error: Payment failed
      large   amount is beyond the limit
      alerts  the kind is another
      rest    takes it
    goes nowhere: its route has no destination
    (the daemon does not run: silences are not known)
    ");
    let (amount, night) = ("amount=5000 EUR", "2026-11-20T22:00:00+01:00");
    let large = ["payment.failed", "--field", "client=Acme", "--field", amount, "--at", night];
    assert_snapshot!(explain(&large).await.out, @r"
    payment.failed, error: Payment failed
      large  takes it
    goes to channel:#sales by large: held (outside_hours) until 2026-11-23T08:00:00.000Z, calls @here
    (the daemon does not run: silences are not known)
    ");
    let wrong = explain(&["payment.fialed"]).await;
    assert_eq!(wrong.code, 1);
    assert!(wrong.err.contains("did you mean payment.failed?"), "{}", wrong.err);
}

#[tokio::test(start_paused = true)]
async fn expectations_beside_the_configuration_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let (config, cases) = (folder.path().join("config.toml"), folder.path().join("cases.toml"));
    std::fs::write(&config, BESIDE).unwrap();
    let text = r##"
[[case]]
name = "a large payment at night waits"
at = "2026-11-20T22:00:00+01:00"
notice = { kind = "payment.failed", fields = { client = "Acme", amount = "5000 EUR" } }
expect = { to = ["#sales"], held = "outside_hours", mention = ["@here"] }
[[case]]
name = "a small one is dropped"
notice = { kind = "payment.failed", fields = { client = "Acme", amount = "5 EUR" } }
expect = { dropped = "dropped_by_route" }
"##;
    std::fs::write(&cases, text).unwrap();
    let (config, file) = (config.display().to_string(), cases.display().to_string());
    let ended = deskd(["deskd", "--config", &config, "route", "test", &file]).await;
    assert_eq!(ended.code, 0, "{}{}", ended.out, ended.err);
    std::fs::write(&cases, text.replace("\"#sales\"", "\"#support\"")).unwrap();
    let ended = deskd(["deskd", "--config", &config, "route", "test", &file]).await;
    assert_eq!(ended.code, 1);
    assert_snapshot!(ended.out, @r"
    failed  a large payment at night waits
          to: expected channel:#support, found channel:#sales
    ok  a small one is dropped
    1 of 2 cases hold
    ");
    std::fs::write(&cases, "[[case]]\nname = 3\n").unwrap();
    let ended = deskd(["deskd", "--config", &config, "route", "test", &file]).await;
    assert_eq!(ended.code, 2, "{}", timeless(&ended.out));
}
