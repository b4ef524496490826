//! Notices on ways that do not lead through Slack's Web API: to systems of the user's and to mailboxes, in order, and at least
//! once with the same id.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use deskd::config::check::{Layers, check};
use deskd::config::file::Source;
use deskd::config::mail::{Mail, MailTls};
use deskd::config::{Config, Places, Secret};
use deskd::dispatch::sign::signature;
use deskd::domain::seal::Keyring;
use deskd::domain::time::Timestamp;
use deskd::simulator::{Fault, Setup, Times};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::api_door::Door;
use crate::notices::{draft, tell, texts};
use crate::sink::{Sink, header, silence, smtp, webhook, without_boundary};
use crate::world::World;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// A desk whose configuration is this text, with a secret for the endpoint `ledger`.
async fn desk(toml: &str, change: impl FnOnce(&mut Config)) -> World {
    let source = Source { path: PathBuf::from("config.toml"), text: toml.to_owned() };
    let layers = Layers { source: Some(&source), env: &BTreeMap::new(), flags: &[] };
    let read = check(&layers, &Places::system()).unwrap();
    let mut world = World::without_desk(Setup::default(), |config| {
        config.routing = read.routing;
        config.endpoints = read.endpoints;
        change(config);
    });
    world.keys = Some(Keyring::parse(&"07".repeat(32)).unwrap());
    world.secrets.endpoints.insert("ledger".to_owned(), Secret::new(SECRET));
    world.open().await;
    world.pass(1).await;
    world
}

/// The text of an endpoint and of the route that takes everything there.
fn to_ledger(sink: &Sink, more: &str) -> String {
    format!(
        "[[endpoint]]\nname = \"ledger\"\nurl = \"http://{}/hooks\"\nallow_private = true\n{more}
         [[route]]\nname = \"all\"\nto = [\"#sales\", \"endpoint:ledger\"]\n",
        sink.address
    )
}

/// A web server that answers with the status it is told, also while the scene goes on; with none for 0.
async fn moody(status: u16) -> (Sink, Arc<AtomicU16>) {
    let mood = Arc::new(AtomicU16::new(status));
    let kept = mood.clone();
    let sink = Sink::open(move |stream| {
        let mood = kept.load(Ordering::Relaxed);
        async move {
            match mood {
                200 => webhook(stream, "200 OK").await,
                422 => webhook(stream, "422 X").await,
                503 => webhook(stream, "503 X").await,
                _ => silence(stream).await,
            }
        }
    });
    (sink.await, mood)
}

/// Title and delivery id of each request.
fn heard(sink: &Sink) -> Vec<(String, String)> {
    let read = |request: &String| {
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let document: Value = serde_json::from_str(body).unwrap();
        (document["title"].as_str().unwrap().to_owned(), header(head, "x-deskd-delivery").unwrap())
    };
    sink.heard().iter().map(read).collect()
}

/// Where the deliveries of a kind of destination stand: `state reason`, by number.
async fn stand(world: &World, like: &str) -> Vec<String> {
    let (path, like) = (world.database(), like.to_owned());
    let read = move || -> rusqlite::Result<Vec<String>> {
        let connection = rusqlite::Connection::open(path)?;
        let sql = "SELECT rtrim(state || ' ' || reason) FROM deliveries WHERE destination LIKE ? ORDER BY id";
        connection.prepare(sql)?.query_map([like], |row| row.get(0))?.collect()
    };
    tokio::task::spawn_blocking(read).await.unwrap().unwrap()
}

/// Lets time go by in small steps until the sink has heard enough: real sockets and virtual time may miss each other, and
/// then there is another attempt.
async fn until(world: &World, sink: &Sink, requests: usize) {
    for _ in 0..200 {
        if sink.heard().len() >= requests {
            break;
        }
        world.pass(5).await;
    }
    world.pass(1).await;
}

/// The same in very small steps: a conversation of many lines through a real socket must not see minutes go by.
async fn soon(world: &World, sink: &Sink, requests: usize) {
    for _ in 0..2000 {
        if sink.heard().len() >= requests {
            break;
        }
        world.pass_ms(1).await;
    }
}

/// Lets time go by in very small steps, so that what travels through real sockets arrives before a timeout does.
async fn settled(world: &World, like: &str) -> Vec<String> {
    for _ in 0..2000 {
        let stands = stand(world, like).await;
        if !stands.iter().any(|stand| stand.starts_with("sending")) {
            return stands;
        }
        world.pass_ms(5).await;
    }
    stand(world, like).await
}

#[tokio::test(start_paused = true)]
async fn not_34_both_is_two_deliveries_one_to_slack_and_one_signed() {
    let sink = Sink::answering("204 X").await;
    let mut world = desk(&to_ledger(&sink, ""), |_| {}).await;
    let fields = [("client", "Acme"), ("amount", "1040.00 EUR")];
    tell(&world, draft("payment.failed", "", &fields)).await;
    until(&world, &sink, 1).await;
    world.pass(5).await;
    assert_eq!(texts(&world, "sales"), ["Payment failed"]);
    assert_eq!(stand(&world, "channel:%").await, ["sent"]);
    assert_eq!(settled(&world, "endpoint:%").await, ["sent"]);
    let requests = sink.heard();
    assert_eq!(requests.len(), 1);
    let (head, body) = requests[0].split_once("\r\n\r\n").unwrap();
    let signed = header(head, "x-deskd-signature").unwrap();
    let at: i64 = signed.split(',').nth(1).unwrap().parse().unwrap();
    assert_eq!(Some(signed), signature(&Secret::new(SECRET), body, Timestamp(at * 1000)));
    let mut document: Value = serde_json::from_str(body).unwrap();
    let id = document["delivery"].take();
    assert_eq!(id.as_str().map(str::to_owned), header(head, "x-deskd-delivery"));
    document["at"] = "TIME".into();
    assert_snapshot!(format!("{document:#}"), @r#"
    {
      "amount": "1040.00",
      "at": "TIME",
      "count": 1,
      "currency": "EUR",
      "delivery": null,
      "fields": {
        "amount": "1040.00 EUR",
        "client": "Acme"
      },
      "id": 1,
      "key": null,
      "kind": "payment.failed",
      "link": null,
      "severity": "error",
      "state": "event",
      "text": "",
      "title": "Payment failed"
    }
    "#);
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_system_that_is_down_for_an_hour_gets_everything_after_in_order_and_slack_does_not_wait() {
    let (sink, mood) = moody(503).await;
    let mut world = desk(&to_ledger(&sink, ""), |_| {}).await;
    for number in 0..5 {
        tell(
            &world,
            draft("payment.failed", &format!("no {number}"), &[("client", "A"), ("amount", "1 EUR")]),
        )
        .await;
    }
    world.pass(60).await;
    assert_eq!(texts(&world, "sales").len(), 5, "Slack has them");
    world.pass(3600).await;
    let before = heard(&sink);
    assert!(before.iter().all(|(title, _)| title == "no 0"), "the first holds the others: {before:?}");
    assert!((8..25).contains(&before.len()), "and the pauses grow: {}", before.len());
    let doors = world.space().doors().await.unwrap();
    assert_eq!((doors[0].door.as_str(), doors[0].reason.as_str()), ("endpoint:ledger", "http_503"));
    mood.store(200, Ordering::Relaxed);
    until(&world, &sink, before.len() + 5).await;
    let after: Vec<String> = heard(&sink)[before.len()..].iter().map(|(title, _)| title.clone()).collect();
    assert_eq!(after, ["no 0", "no 1", "no 2", "no 3", "no 4"]);
    let ids: std::collections::BTreeSet<String> = heard(&sink).into_iter().map(|(_, id)| id).collect();
    assert_eq!(ids.len(), 5, "each has one id over all attempts");
    assert_eq!(stand(&world, "endpoint:%").await, ["sent"; 5]);
    assert_eq!(world.space().doors().await.unwrap(), []);
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_document_that_is_refused_holds_up_no_other() {
    let (sink, mood) = moody(422).await;
    let mut world = desk(&to_ledger(&sink, ""), |_| {}).await;
    tell(&world, draft("payment.failed", "bad", &[("client", "A"), ("amount", "1 EUR")])).await;
    until(&world, &sink, 1).await;
    mood.store(200, Ordering::Relaxed);
    tell(&world, draft("payment.failed", "good", &[("client", "A"), ("amount", "1 EUR")])).await;
    until(&world, &sink, heard(&sink).len() + 2).await;
    let titles: Vec<String> = heard(&sink).into_iter().map(|(title, _)| title).collect();
    assert_eq!(titles.last().map(String::as_str), Some("bad"), "{titles:?}");
    assert_eq!(stand(&world, "endpoint:%").await, ["sent", "sent"]);
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn what_nobody_took_in_its_time_ends_with_its_reason_and_is_told() {
    let (sink, _mood) = moody(503).await;
    let ttl = Some(std::time::Duration::from_secs(1800));
    let mut world = desk(&to_ledger(&sink, ""), |config| config.routing.routes[0].ttl = ttl).await;
    tell(&world, draft("payment.failed", "late", &[("client", "A"), ("amount", "1 EUR")])).await;
    world.pass(2000).await;
    let stands = stand(&world, "endpoint:%").await;
    assert!(stands[0] == "dead expired http_503" || stands[0] == "dead expired", "{stands:?}");
    let troubles = world.space().troubles(false).await.unwrap();
    assert!(!troubles.is_empty(), "somebody is told");
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_a_crash_cut_off_is_made_again_with_the_same_id() {
    let (sink, mood) = moody(0).await;
    let mut world = desk(&to_ledger(&sink, "timeout = \"30s\""), |_| {}).await;
    tell(&world, draft("payment.failed", "cut", &[("client", "A"), ("amount", "1 EUR")])).await;
    until(&world, &sink, 1).await;
    assert_eq!(stand(&world, "endpoint:%").await, ["sending under_way"]);
    // The call takes longer than a stop waits, so it is cut off.
    world.close().await;
    assert_eq!(stand(&world, "endpoint:%").await, ["sending under_way"]);
    mood.store(200, Ordering::Relaxed);
    world.open().await;
    until(&world, &sink, 2).await;
    let heard = heard(&sink);
    assert_eq!(heard.len(), 2, "{heard:?}");
    assert_eq!(heard[0], heard[1], "the other side can tell");
    assert_eq!(stand(&world, "endpoint:%").await, ["sent"]);
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn not_38_an_operator_gets_a_mail_with_the_preview_of_a_reply_beside_slack() {
    let server = Sink::open(smtp).await;
    let toml = "[[route]]\nname = \"all\"\nto = [\"#sales\", \"mail:ops@acme.example\"]\n";
    let mut world = desk(toml, |config| {
        config.mail = Mail {
            server: Some(server.address.clone()),
            tls: MailTls::None,
            from: Some("deskd@acme.example".into()),
            ..Mail::default()
        };
    })
    .await;
    let mut reply = draft("alert", "Ada answered task 12", &[("system", "desk")]);
    reply.text = "Thanks, it works again.\nOne more thing <b>".to_owned();
    reply.link = "https://acme.slack.com/archives/C1/p2".to_owned();
    tell(&world, reply).await;
    soon(&world, &server, 1).await;
    assert_eq!(settled(&world, "mail:%").await, ["sent"]);
    assert_eq!(texts(&world, "sales"), ["Ada answered task 12"]);
    let mails = server.heard();
    assert_eq!(mails.len(), 1, "one mail for a notice: {mails:#?}");
    let shown = without_boundary(&mails[0]);
    let changing = ["Date: ", "Message-ID: ", "Notice 1", "<p><small>"];
    let lines: Vec<&str> =
        shown.lines().filter(|line| !changing.iter().any(|begin| line.starts_with(begin))).collect();
    assert_snapshot!(lines.join("\n"), @r#"
    From: deskd@acme.example
    To: ops@acme.example
    Subject: warning: Ada answered task 12
    Auto-Submitted: auto-generated
    MIME-Version: 1.0
    Content-Type: multipart/alternative;
     boundary="BOUNDARY"

    --BOUNDARY
    Content-Type: text/plain; charset=utf-8
    Content-Transfer-Encoding: 7bit

    warning: Ada answered task 12

    Thanks, it works again.
    One more thing <b>

    system: desk

    https://acme.slack.com/archives/C1/p2


    --BOUNDARY
    Content-Type: text/html; charset=utf-8
    Content-Transfer-Encoding: quoted-printable

    <!doctype html>
    <html><body>
    <h2>warning: Ada answered task 12</h2>
    <p>Thanks, it works again.<br>
    One more thing &lt;b&gt;</p>
    <table>
    <tr><th align=3D"left">system</th><td>desk</td></tr>
    </table>
    <p><a href=3D"https://acme.slack.com/archives/C1/p2">https://acme.slack.com=
    /archives/C1/p2</a></p>
    </body></html>

    --BOUNDARY--
    "#);
    assert!(shown.contains("Message-ID: <deskd-"), "{shown}");
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_destination_that_is_not_configured_waits_and_says_so() {
    // A route to it would be refused by the check; a caller may name anything.
    let mut world = desk("", |_| {}).await;
    let mut lost = draft("payment.failed", "lost", &[("client", "A"), ("amount", "1 EUR")]);
    lost.to = vec!["endpoint:nobody".to_owned()];
    tell(&world, lost).await;
    world.pass(10).await;
    assert_eq!(stand(&world, "endpoint:%").await, ["waiting not_configured"]);
    world.close().await;
}

/// Adds an incoming webhook of the channel under the name `ops`.
async fn hook(world: &World) {
    let url = world.slack.add_webhook("support").unwrap();
    let door = Door::open(world.desk().front());
    let (status, answer) = door.post("/v1/webhooks", json!({ "name": "ops", "url": url })).await;
    assert_eq!(status, 200, "{answer}");
    door.close().await;
}

/// The first lines of what webhooks have put into #support.
fn hooked(world: &World) -> Vec<String> {
    let all = world.slack.history("support").unwrap().into_iter();
    let ours = all.filter(|message| message.subtype.as_deref() == Some("bot_message"));
    ours.map(|message| message.text.lines().next().unwrap_or_default().to_owned()).collect()
}

const TO_OPS: &str = "[[route]]\nname = \"all\"\nto = [\"webhook:ops\"]\n";

async fn payment(world: &World, title: &str) {
    tell(world, draft("payment.failed", title, &[("client", "A"), ("amount", "1 EUR")])).await;
}

#[tokio::test(start_paused = true)]
async fn an_incoming_webhook_takes_cards_at_its_pace_and_waits_while_it_is_closed() {
    let mut world = desk(TO_OPS, |_| {}).await;
    hook(&world).await;
    world.slack.fault("incoming_webhook", Fault::Error("channel_is_archived".into()), Times::Count(1));
    for title in ["one", "two", "three"] {
        payment(&world, title).await;
    }
    world.pass(3).await;
    assert_eq!(hooked(&world), [] as [&str; 0]);
    let stands = stand(&world, "webhook:%").await;
    assert_eq!(stands, ["waiting channel_is_archived", "waiting", "waiting"]);
    // Somebody mends it in Slack and says so with a test.
    let door = Door::open(world.desk().front());
    let (status, answer) = door.post("/v1/webhooks/ops/test", json!({})).await;
    assert_eq!(status, 200, "{answer}");
    door.close().await;
    world.pass(60).await;
    assert_eq!(hooked(&world)[1..], ["one", "two", "three"]);
    assert_eq!(stand(&world, "webhook:%").await, ["sent"; 3]);
    world.close().await;
}

#[tokio::test(start_paused = true)]
async fn what_may_have_arrived_by_a_webhook_is_marked_and_in_doubt_twice_it_is_left_to_a_person() {
    let mut world = desk(TO_OPS, |_| {}).await;
    hook(&world).await;
    world.slack.fault("incoming_webhook", Fault::Status(503), Times::Count(1));
    payment(&world, "one").await;
    world.pass(30).await;
    assert_eq!(hooked(&world), ["(may be a repeat) one"]);
    world.slack.fault("incoming_webhook", Fault::Status(503), Times::Count(2));
    payment(&world, "two").await;
    payment(&world, "three").await;
    world.pass(60).await;
    assert_eq!(stand(&world, "webhook:%").await, ["sent", "unknown unclear", "sent"]);
    assert_eq!(hooked(&world)[1..], ["three"], "and it holds up nothing behind it");
    world.close().await;
}
