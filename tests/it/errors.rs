//! How everything over HTTP says no: one registry, one shape, and a panic that ends one request and no other.

use axum::Router;
use axum::routing::get;
use deskd::web::errors::Code;
use deskd::web::hooks::contained;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::api_door::Door;
use crate::world::World;

#[test]
fn the_page_of_errors_says_what_the_registry_says() {
    let page = include_str!("../../docs/errors.md");
    let (_, table) = page.split_once("<!-- errors -->\n").unwrap();
    let (table, _) = table.split_once("<!-- end -->").unwrap();
    let mut expected = "| number | word | status | retryable | meaning |\n|---|---|---|---|---|\n".to_owned();
    for row in Code::ALL.iter().map(|code| code.row()) {
        let retryable = if row.retryable { "yes" } else { "no" };
        let (number, word, status, meaning) = (row.number, row.word, row.status.as_u16(), row.meaning);
        expected.push_str(&format!("| {number} | `{word}` | {status} | {retryable} | {meaning} |\n"));
    }
    assert_eq!(table, expected, "write this into docs/errors.md:\n{expected}");
}

#[test]
fn waiting_helps_against_a_rate_and_a_slow_line_and_against_nothing_else_that_a_caller_did() {
    let client = |code: &Code| code.row().status.is_client_error();
    let waits = |code: &Code| code.row().retryable && !matches!(code, Code::RateLimited | Code::TooLate);
    assert!(!Code::ALL.iter().filter(|code| client(code)).any(waits));
}

/// Parses a refusal and checks that it has the five keys and nothing more.
pub fn shaped(status: u16, body: &str) -> Value {
    let document: Value =
        serde_json::from_str(body).unwrap_or_else(|_| panic!("{status}: {body:?} is no JSON"));
    let keys: Vec<&String> = document.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["code", "message", "ok", "retryable", "trace_id"], "{document}");
    assert_eq!(document["ok"], json!(false), "{document}");
    assert!(document["message"].is_string() && document["retryable"].is_boolean(), "{document}");
    assert!(document["trace_id"].as_str().is_some_and(|id| id.len() == 32), "{document}");
    let row = Code::ALL.iter().map(|code| code.row()).find(|row| json!(row.number) == document["code"]);
    let row = row.unwrap_or_else(|| panic!("{document} is not in the registry"));
    assert_eq!((row.status.as_u16(), &json!(row.meaning)), (status, &document["message"]), "{document}");
    document
}

#[tokio::test]
async fn sec_29_a_panicking_handler_ends_its_own_request_and_others_keep_working() {
    crate::world::crypto();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let broken = || async {
        let upstream = std::str::from_utf8(b"xoxb-upstream-text").unwrap();
        assert_eq!(upstream, "what the other side always says");
    };
    let app = contained(Router::new().route("/broken", get(broken)).route("/well", get(async || "well")));
    tokio::spawn(async move { axum::serve(listener, app).await });
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for _ in 0..3 {
        let broken = http.get(format!("http://{address}/broken")).send().await.unwrap();
        assert_eq!(broken.status(), 500);
        let body = broken.text().await.unwrap();
        assert_eq!(shaped(500, &body)["code"], 3011);
        assert!(!body.contains("xoxb") && !body.contains("other side"), "{body}");
        let well = http.get(format!("http://{address}/well")).send().await.unwrap();
        assert_eq!((well.status().as_u16(), well.text().await.unwrap().as_str()), (200, "well"));
    }
    let other = http.post(format!("http://{address}/well")).send().await.unwrap();
    let status = other.status().as_u16();
    assert_eq!(shaped(status, &other.text().await.unwrap())["code"], 2007, "axum's own refusals, too");
}

/// What programs of others read, and may show: a number and its meaning, never a word of what was asked or of what is here.
#[tokio::test(start_paused = true)]
async fn sec_09_sec_10_everything_under_api_slack_says_no_by_number() {
    let world = World::start().await;
    let door = Door::open(world.desk().front());
    for (path, body, code) in [
        ("/api/slack/nowhere", json!({}), 2006),
        ("/api/slack/zzz%20%3Cb%3E", json!({}), 2006),
        ("/api/slack/status", json!({}), 2007),
        ("/api/slack/disconnect", json!({ "zzz": 1 }), 1001),
        ("/api/slack/disconnect", json!("zzz"), 1001),
    ] {
        let (status, document) = door.post(path, body).await;
        assert_eq!(shaped(status, &document.to_string())["code"], code, "{path}");
        assert!(!document.to_string().contains("zzz"), "{document}");
    }
    let http = reqwest::Client::builder().unix_socket(door.socket.clone()).no_proxy().build().unwrap();
    let url = |path: &str| format!("http://localhost{path}");
    for (request, code) in [
        (http.get(url("/api/slack/status")).header("deskd-workspace", "zzz"), 1020),
        (http.post(url("/api/slack/disconnect")).header("deskd-workspace", "zzz").body("{}"), 1020),
        (http.post(url("/api/slack/disconnect")).body("{zzz"), 1001),
        (http.post(url("/api/slack/disconnect")).body("z".repeat(600 << 10)), 2005),
    ] {
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let body = answer.text().await.unwrap();
        assert_eq!(shaped(status, &body)["code"], code, "{body}");
        assert!(!body.contains("zzz") && !body.contains("Acme"), "{body}");
    }
    // Who calls /v1 is told in words.
    let (_, document) = door.post("/v1/workspaces/disconnect", json!({ "zzz": 1 })).await;
    assert!(document["code"] == "bad_request" && document["message"].as_str().unwrap().contains("zzz"));
    door.close().await;
    world.finish().await;
}
