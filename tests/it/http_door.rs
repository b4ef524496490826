//! The door for Slack's requests, row by row: what is let in, what is refused and how, and what is answered at once.

use deskd::config::Secret;
use deskd::config::apps::Signing;
use deskd::domain::time::Timestamp;
use deskd::slack::signature::{Unsigned, verify};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::errors::shaped;
use crate::http_mode::{Hooks, SECRET, sign};

const CHALLENGE: &str = r#"{"token":"x","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P","type":"url_verification"}"#;

/// Slack's published vector.
const BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
const SIGNATURE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";

fn vector(body: &[u8], signature: &str) -> Result<(), Unsigned> {
    let at = Timestamp(1_531_420_618_000);
    verify(&[Secret::new(SECRET)], "1531420618", signature, body, at)
}

#[test]
fn sec_03_the_base_string_is_version_timestamp_and_raw_body() {
    assert_eq!(vector(BODY.as_bytes(), SIGNATURE), Ok(()));
    // The same fields, written again by somebody else.
    let fields: Vec<(String, String)> = form_urlencoded::parse(BODY.as_bytes()).into_owned().collect();
    let mut again = form_urlencoded::Serializer::new(String::new());
    again.extend_pairs(fields.iter().rev());
    assert_eq!(vector(again.finish().as_bytes(), SIGNATURE), Err(Unsigned::Mismatch));
    assert_eq!(sign(SECRET, "1531420618", BODY.as_bytes()), SIGNATURE);
}

#[test]
fn sec_04_the_signature_is_v0_and_64_lower_case_digits() {
    for (signature, outcome) in [
        (SIGNATURE.to_owned(), Ok(())),
        (SIGNATURE.replace("v0=", "v1="), Err(Unsigned::Malformed)),
        (SIGNATURE.replace("v0=", ""), Err(Unsigned::Malformed)),
        (SIGNATURE.replace('a', "A"), Err(Unsigned::Malformed)),
        (format!("{SIGNATURE}0"), Err(Unsigned::Malformed)),
        (SIGNATURE.replace("a2114d57", "a2114d56"), Err(Unsigned::Mismatch)),
    ] {
        assert_eq!(vector(BODY.as_bytes(), &signature), outcome, "{signature}");
    }
}

/// What is compared in constant time is compared by the library made for it.
#[test]
fn sec_06_signatures_are_compared_in_constant_time() {
    let source = include_str!("../../src/slack/signature.rs");
    let code = source.split("#[cfg(test)]").next().unwrap();
    assert_eq!(code.matches("verify_slice(&given)").count(), 1);
    assert!(!code.contains("given ==") && !code.contains("== given") && !code.contains("finalize"));
}

#[tokio::test(start_paused = true)]
async fn sec_01_ing_03_only_a_good_signature_lets_an_event_in() {
    let hooks = Hooks::open().await;
    let body = hooks.message("hello", "1700000001.000100");
    let before = hooks.recorded().await;
    let now = hooks.now_s().to_string();
    let bad = sign("another secret", &now, body.as_bytes());
    assert_eq!(hooks.send("/slack/events", &body, &[], &now, &bad).await.status, 401);
    assert_eq!(hooks.recorded().await, before);
    assert_eq!(hooks.signed("/slack/events", &body, 0, 0).await.status, 200);
    assert_eq!(hooks.recorded().await, before + 1);
    hooks.world.pass(40).await;
    hooks.finish().await;
}

#[tokio::test(start_paused = true)]
async fn sec_02_a_bad_signature_writes_nothing_and_only_counts() {
    let hooks = Hooks::open().await;
    hooks.world.pass(2).await;
    let path = hooks.world.database();
    let written = || {
        let connection = rusqlite::Connection::open(&path).unwrap();
        let version: i64 = connection.query_row("PRAGMA data_version", [], |row| row.get(0)).unwrap();
        let rows: i64 = connection.query_row("SELECT COUNT(*) FROM events", [], |row| row.get(0)).unwrap();
        (version, rows)
    };
    let watcher = rusqlite::Connection::open(&path).unwrap();
    let changes = || watcher.query_row("PRAGMA data_version", [], |row| row.get::<_, i64>(0)).unwrap();
    let (before, seen) = (written().1, changes());
    let tally = hooks.world.desk().front().tally;
    for at in 0..50 {
        let body = hooks.message(&format!("bad {at}"), &format!("17000000{at:02}.000100"));
        for path in ["/slack/events", "/slack/interactive", "/slack/commands", "/slack/options"] {
            let now = hooks.now_s().to_string();
            let bad = sign("another secret", &now, body.as_bytes());
            assert_eq!(hooks.send(path, &body, &[], &now, &bad).await.status, 401);
        }
    }
    assert_eq!((written().1, changes()), (before, seen), "nobody wrote to the database");
    assert_eq!(tally.refused().get("mismatch"), Some(&200));
    hooks.finish().await;
}

/// Nothing says no without counting: a way in that is misused can be seen, whatever is wrong with it.
#[tokio::test(start_paused = true)]
async fn sec_02_every_refusal_is_counted_by_its_word() {
    let hooks = Hooks::open().await;
    let tally = hooks.world.desk().front().tally;
    let now = hooks.now_s().to_string();
    let large = "x".repeat((1 << 20) + 1);
    for (path, body, timestamp, word) in [
        ("/slack/nowhere", "{}", now.as_str(), "no_such_route"),
        ("/slack/events", large.as_str(), now.as_str(), "too_large"),
        ("/slack/events", "{}", "", "unsigned"),
        ("/slack/events", "{}", "1531420618", "stale"),
        ("/slack/events", "{}", now.as_str(), "mismatch"),
    ] {
        let answer = hooks.send(path, body, &[], timestamp, &format!("v0={}", "0".repeat(64))).await;
        shaped(answer.status, &answer.body);
        assert_eq!(tally.refused().get(word), Some(&1), "{word}: {:?}", tally.refused());
    }
    let asked = reqwest::get(format!("http://{}/slack/events", hooks.address)).await.unwrap();
    shaped(405, &asked.text().await.unwrap());
    assert_eq!(tally.refused().get("bad_method"), Some(&1));
    hooks.finish().await;
}

/// A signature covers no address. Within a signed event somebody may have written what another address would take for a
/// click or a command of somebody else.
#[tokio::test(start_paused = true)]
async fn sec_14_a_signed_body_means_nothing_at_another_address() {
    let hooks = Hooks::open().await;
    let click = form_urlencoded::byte_serialize(
        br#"{"type":"block_actions","trigger_id":"1.2.b","team":{"id":"T0ACME00001"},"user":{"id":"UBOSS"},"actions":[{}]}"#,
    );
    let text = format!(
        "x&payload={}&command=%2Fdesk&user_id=UBOSS&team_id=T0ACME00001&trigger_id=1.2.c&ssl_check=1",
        click.collect::<String>()
    );
    let event = hooks.message(&text, "1700000001.000100");
    for path in ["/slack/interactive", "/slack/options", "/slack/commands", "/slack/events"] {
        let answer = hooks.signed(path, &event, 0, 0).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{path}");
    }
    let command = "command=%2Fdesk&text=&user_id=UBOSS&team_id=T0ACME00001&trigger_id=1.2.d&payload=%7B%7D";
    for path in ["/slack/interactive", "/slack/events"] {
        let answer = hooks.signed(path, command, 0, 0).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{path}");
    }
    hooks.world.pass(40).await;
    let reasons = hooks.world.reasons().await;
    assert!(!reasons.contains("command") && !reasons.contains("interaction"), "{reasons}");
    let tasks = hooks.world.tasks().await;
    assert_eq!(tasks.matches("x&payload").count(), 1, "what ada wrote is there, and nothing else: {tasks}");
    hooks.finish().await;
}

/// deskd shows no menu that asks for options, and whoever opens one of another origin waits for nothing.
#[tokio::test(start_paused = true)]
async fn ing_13_a_menu_that_asks_for_options_hears_that_there_are_none() {
    let hooks = Hooks::open().await;
    let asked = json!({ "type": "block_suggestion", "team": { "id": "T0ACME00001" }, "user": { "id": "U1" },
        "action_id": "pick", "value": "a" });
    let mut form = form_urlencoded::Serializer::new(String::new());
    let form = form.append_pair("payload", &asked.to_string()).finish();
    let answer = hooks.signed("/slack/options", &form, 0, 0).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"options":[]}"#));
    hooks.world.pass(1).await;
    assert!(hooks.world.reasons().await.contains("interaction 1"));
    hooks.finish().await;
}

#[tokio::test(start_paused = true)]
async fn sec_05_a_timestamp_may_be_299_seconds_off_and_not_301_either_way() {
    let hooks = Hooks::open().await;
    for (late, status) in [(301, 401), (-301, 401), (299, 200), (-299, 200)] {
        let body = hooks.message("when", &format!("{}.000100", 1_700_000_000 + late));
        assert_eq!(hooks.signed("/slack/events", &body, late, 0).await.status, status, "{late} s");
    }
    hooks.world.pass(40).await;
    hooks.finish().await;
}

#[tokio::test(start_paused = true)]
async fn sec_07_a_bad_signature_is_answered_with_2004_and_nothing_else() {
    let hooks = Hooks::open().await;
    let answer = hooks.send("/slack/events", "{}", &[], "1", "v0=0").await;
    let document = shaped(401, &answer.body);
    assert_eq!((answer.status, &document["code"]), (401, &json!(2004)));
    assert_eq!(document["retryable"], json!(false));
    hooks.finish().await;
}

#[tokio::test(start_paused = true)]
async fn sec_08_without_a_secret_the_answer_is_3003_and_a_new_address_can_still_be_tried() {
    let hooks = Hooks::with(|world| world.signing = Signing::of(Vec::new())).await;
    let body = hooks.message("hello", "1700000001.000100");
    for secret in [SECRET, ""] {
        let now = hooks.now_s().to_string();
        let answer =
            hooks.send("/slack/events", &body, &[], &now, &sign(secret, &now, body.as_bytes())).await;
        let document = shaped(500, &answer.body);
        assert_eq!((answer.status, &document["code"]), (500, &json!(3003)));
        assert_eq!(document["retryable"], json!(false));
        assert!(document["message"].as_str().unwrap().starts_with("PROVIDER_NOT_CONFIGURED"));
    }
    assert_eq!(hooks.send("/slack/events", CHALLENGE, &[], "", "").await.status, 200);
    hooks.finish().await;
}

#[tokio::test(start_paused = true)]
async fn sec_09_every_refusal_has_the_shape_whoever_makes_it() {
    let hooks = Hooks::open().await;
    let good = "POST /slack/events HTTP/1.1\r\nHost: x\r\n";
    let long = "x".repeat(70_000);
    for (request, status) in [
        (format!("{good}Content-Length: 2\r\n\r\n{{}}"), 401),
        (format!("{good}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}"), 400),
        (format!("{good}Content-Length: x\r\n\r\n"), 400),
        (format!("{good}Transfer-Encoding: chunked\r\n\r\nzz\r\n"), 400),
        (format!("{good}Transfer-Encoding: gzip\r\n\r\n{{}}"), 400),
        (format!("{good}Content-Length: 9000000\r\n\r\n"), 408),
        (format!("{good}Content-Length: 10\r\n\r\n{{}}"), 408),
        ("GET /slack/events HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), 405),
        ("POST /slack/other HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".to_owned(), 404),
        ("POST /%00 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".to_owned(), 404),
        (format!("POST /{long} HTTP/1.1\r\nHost: x\r\n\r\n"), 431),
        (format!("{good}X: {long}\r\n\r\n"), 431),
        ("what is this\r\n\r\n".to_owned(), 400),
        ("POST /slack/events HTTP/3.0\r\n\r\n".to_owned(), 400),
        (format!("{good}Bad Header: x\r\n\r\n"), 400),
    ] {
        let told: String = request.chars().take(90).collect();
        let (found, body) = raw(&hooks, request.as_bytes()).await;
        assert_eq!(found, status, "{told}: {body}");
        shaped(status, &body);
    }
    hooks.finish().await;
}

/// Sends these bytes and reads one answer.
async fn raw(hooks: &Hooks, request: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(hooks.address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let count = stream.read(&mut piece).await.unwrap_or(0);
        answer.extend_from_slice(&piece[..count]);
        let text = String::from_utf8_lossy(&answer).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            assert!(count > 0, "no answer: {text:?}");
            continue;
        };
        let length =
            head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if count == 0 || length.is_some_and(|length: usize| body.len() >= length) {
            return (head[9..12].parse().unwrap(), body.to_owned());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn sec_10_nothing_of_a_request_or_of_what_went_wrong_is_repeated() {
    let mut hooks = Hooks::open().await;
    let body = hooks.message("zzz-secret", "1700000001.000100");
    let now = hooks.now_s().to_string();
    let mut answers = vec![
        hooks.send("/slack/zzz-secret", &body, &[], &now, "v0=zzz-secret").await,
        hooks.send("/slack/events?zzz-secret", &body, &[("x-zzz", "zzz-secret")], &now, "v0=zzz").await,
    ];
    hooks.world.close().await;
    answers.push(hooks.signed("/slack/events", &body, 0, 0).await);
    for answer in answers {
        shaped(answer.status, &answer.body);
        assert!(!answer.body.contains("zzz"), "{}", answer.body);
    }
    hooks.stop.cancel();
}

#[tokio::test(start_paused = true)]
async fn sec_12_a_retry_is_answered_at_once_and_makes_no_second_task() {
    let hooks = Hooks::open().await;
    let body = hooks.message("the printer is on fire", "1700000001.000100");
    let begun = hooks.world.clock.now();
    for retry in [0, 1, 2, 3] {
        assert_eq!(hooks.signed("/slack/events", &body, 0, retry).await.status, 200);
    }
    assert!(hooks.world.clock.now().since(begun).as_secs() < 1, "answered at once");
    hooks.world.pass(40).await;
    assert_eq!(hooks.world.tasks().await.matches("printer").count(), 1);
    let repeated = hooks.world.desk().front().tally.repeated();
    assert_eq!(repeated, 3, "deduplicated, not dropped unseen");
    hooks.finish().await;
}

#[tokio::test(start_paused = true)]
async fn sec_13_sec_14_an_event_has_one_effect_however_often_and_late_it_is_replayed() {
    let hooks = Hooks::open().await;
    let body = hooks.message("only once", "1700000001.000100");
    let before = hooks.recorded().await;
    for _ in 0..11 {
        assert_eq!(hooks.signed("/slack/events", &body, 0, 1).await.status, 200);
        hooks.world.pass(60).await;
    }
    // The same post under another event id, as Slack sometimes delivers it.
    let twin = body.replace("Ev1700000001.000100", "Ev0TWIN");
    assert_eq!(hooks.signed("/slack/events", &twin, 0, 0).await.status, 200);
    assert_eq!(hooks.recorded().await, before + 2);
    hooks.world.pass(40).await;
    assert_eq!(hooks.world.tasks().await.matches("only once").count(), 1);
    hooks.finish().await;
}

#[tokio::test(start_paused = true)]
async fn ing_04_the_challenge_is_echoed_byte_for_byte() {
    let hooks = Hooks::open().await;
    let body = r#"{"type":"url_verification","challenge":"abc"}"#;
    let answer = hooks.signed("/slack/events", body, 0, 0).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "abc"));
    hooks.finish().await;
}

#[tokio::test(start_paused = true)]
async fn ing_05_only_a_challenge_is_answered_unsigned_and_not_without_end() {
    let hooks = Hooks::open().await;
    let before = hooks.recorded().await;
    let event = hooks.message("hello", "1700000001.000100");
    assert_eq!(hooks.send("/slack/events", &event, &[], "", "").await.status, 401);
    let mut statuses = Vec::new();
    for _ in 0..12 {
        let answer = hooks.send("/slack/events", CHALLENGE, &[], "", "").await;
        if answer.status != 200 {
            shaped(429, &answer.body);
        }
        statuses.push(answer.status);
    }
    assert_eq!(statuses[..10], [200; 10]);
    assert_eq!(statuses[11], 429, "{statuses:?}");
    assert_eq!(hooks.signed("/slack/events", CHALLENGE, 0, 0).await.status, 200, "Slack signs its own");
    hooks.world.pass(10).await;
    assert_eq!(hooks.send("/slack/events", CHALLENGE, &[], "", "").await.status, 200);
    assert_eq!(hooks.recorded().await, before);
    hooks.finish().await;
}

/// The same payload over both transports ends with the same words.
#[tokio::test(start_paused = true)]
async fn ing_13_ing_14_clicks_and_commands_end_alike_over_http_and_over_a_socket() {
    let command = json!({
        "command": "/desk", "text": "help", "user_id": "U1", "channel_id": "C1", "team_id": "T0ACME00001",
        "trigger_id": "1.2.a",
    });
    let click = json!({ "type": "block_actions", "trigger_id": "1.2.b", "team": { "id": "T0ACME00001" },
        "user": { "id": "U1" }, "actions": [{ "action_id": "take", "type": "button" }] });
    let hooks = Hooks::open().await;
    let form = |pairs: &Value| {
        let mut form = form_urlencoded::Serializer::new(String::new());
        for (name, value) in pairs.as_object().unwrap() {
            form.append_pair(name, value.as_str().unwrap());
        }
        form.finish()
    };
    let answer = hooks.signed("/slack/commands", &form(&command), 0, 0).await;
    let whispered: Value = serde_json::from_str(&answer.body).unwrap();
    let payload = form(&json!({ "payload": click.to_string() }));
    assert_eq!(hooks.signed("/slack/interactive", &payload, 0, 0).await.status, 200);
    hooks.world.pass(1).await;
    let over_http = hooks.world.reasons().await;
    hooks.finish().await;

    let world = crate::world::World::start().await;
    let sent = world.slack.deliver("slash_commands", command);
    assert_eq!(world.slack.answer(sent).await.payload, Some(whispered));
    world.slack.deliver("interactive", click);
    world.pass(1).await;
    let over_socket = world.reasons().await;
    for word in ["command 1", "interaction 1"] {
        assert!(over_http.contains(word) && over_socket.contains(word), "{over_http} / {over_socket}");
    }
    world.finish().await;
}

/// Slack kept events back: what was said in that minute is read from the history, and people see that it happened.
#[tokio::test(start_paused = true)]
async fn events_that_slack_kept_back_are_read_from_the_history() {
    let hooks = Hooks::open().await;
    hooks.world.pass(120).await;
    let minute = hooks.now_s() / 60 * 60;
    // Over HTTP alone nobody delivers this one: it stands in the history.
    hooks.world.slack.say("ada", "support", "nobody told you about this invoice").unwrap();
    let body = json!({
        "token": "x", "team_id": hooks.world.workspace.0, "type": "app_rate_limited",
        "minute_rate_limited": minute, "api_app_id": "A0DESKAPP01",
    });
    let body = body.to_string();
    let answer = hooks.signed("/slack/events", &body, 0, 0).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    hooks.world.pass(30).await;
    assert_eq!(hooks.world.tasks().await, "", "its minute may not be over");
    hooks.world.pass(180).await;
    let tasks = hooks.world.tasks().await;
    assert_eq!(tasks.matches("nobody told you").count(), 1, "{tasks}");
    let reasons = hooks.world.reasons().await;
    assert!(reasons.contains("withheld 1"), "{reasons}");
    let status = deskd::web::recover::document(&hooks.world.desk().front()).await.unwrap();
    assert_eq!(status.minutes_withheld, 1);
    // The simulated workspace gives up what it found no socket for.
    hooks.world.pass(300).await;
    hooks.finish().await;
}
