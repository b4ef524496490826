//! The Web API client against a server that answers as the scene wants, in virtual time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use deskd::domain::ids::{ChannelId, MessageTs, PersonId};
use deskd::domain::time::Timestamp;
use deskd::slack::api::{Api, Post};
use deskd::slack::outcome::Failure;
use deskd::slack::sent::LookUp;
use serde_json::json;

use crate::web::{Answer, Request, serve};

fn ok(body: &serde_json::Value) -> Answer {
    let mut body = body.clone();
    body["ok"] = json!(true);
    (200, "", body.to_string())
}

fn refused(error: &str) -> Answer {
    (200, "", json!({"ok": false, "error": error}).to_string())
}

/// An `Api` whose requests are kept.
async fn watched(
    answer: impl Fn(&Request) -> Answer + Send + Sync + 'static,
) -> (Api, Arc<Mutex<Vec<Request>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let api = serve(move |request| {
        log.lock().expect("no scene panicked").push(request.clone());
        answer(request)
    })
    .await;
    (api, seen)
}

fn calls(seen: &Mutex<Vec<Request>>) -> Vec<String> {
    let seen = seen.lock().expect("no scene panicked");
    seen.iter().map(|request| format!("{} {}", request.method, request.form.join(" "))).collect()
}

fn general() -> ChannelId {
    ChannelId("C1".into())
}

async fn post(answer: Answer) -> Result<String, Failure> {
    let api = serve(move |_| answer.clone()).await;
    let channel = general();
    let post = Post { channel: &channel, thread: None, text: "hi", blocks: None, key: "k1" };
    let posted = api.post_message(&post).await?;
    Ok(format!("{} {:?} {:?}", posted.channel, posted.ts.map(|ts| ts.0), posted.warning))
}

#[tokio::test(start_paused = true)]
async fn a_message_goes_out_as_a_form_with_its_key_and_without_pinging_anybody() {
    let (api, seen) = watched(|_| ok(&json!({"channel": "C1", "ts": "1.2"}))).await;
    let (channel, thread) = (general(), MessageTs("1.0".into()));
    let blocks = json!([{"type": "divider"}]);
    let post =
        Post { channel: &channel, thread: Some(&thread), text: "a & ü", blocks: Some(&blocks), key: "k1" };
    api.post_message(&post).await.expect("posted");
    let request = seen.lock().expect("no scene panicked").remove(0);
    assert_eq!(
        request.form,
        [
            "channel=C1",
            "text=a & ü",
            r#"metadata={"event_payload":{"key":"k1"},"event_type":"deskd_send"}"#,
            "unfurl_links=false",
            "unfurl_media=false",
            "link_names=false",
            "parse=none",
            "thread_ts=1.0",
            r#"blocks=[{"type":"divider"}]"#,
        ]
    );
    assert!(request.head.contains("authorization: Bearer xoxb-1"), "{}", request.head);
    assert!(
        request.head.contains(concat!("user-agent: deskd/", env!("CARGO_PKG_VERSION"))),
        "{}",
        request.head
    );
}

#[tokio::test(start_paused = true)]
async fn ok_true_is_success_however_odd_the_rest_is() {
    for (body, posted) in [
        (
            r#"{"ok":true,"channel":"D9","ts":"1.2","warning":"message_truncated"}"#,
            r#"D9 Some("1.2") Some("message_truncated")"#,
        ),
        (r#"{"ok":true,"ts":1.5,"message":{"metadata":{"n":1}}}"#, r#"C1 Some("1.5") None"#),
        (r#"{"ok":true,"message":{"ts":"3.4","text":"x"}}"#, r#"C1 Some("3.4") None"#),
        (r#"{"ok":true,"channel":{"id":"C9"}}"#, "C1 None None"),
    ] {
        assert_eq!(post((200, "", body.to_owned())).await, Ok(posted.to_owned()), "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn f35_only_what_surely_did_not_happen_is_called_unreachable() {
    for (answer, code) in [
        ((0, "", String::new()), "unknown_outcome"),
        ((1, "", String::new()), "unknown_outcome"),
        ((502, "", "<html>".to_owned()), "unknown_outcome"),
        ((302, "location: http://example.com/\r\n", String::new()), "http_302"),
        (refused("fatal_error"), "unknown_outcome"),
        (refused("request_timeout"), "unreachable"),
        ((429, "retry-after: 3\r\n", String::new()), "rate_limited"),
        (refused("is_archived"), "is_archived"),
    ] {
        let failure = post(answer.clone()).await.expect_err("no success");
        assert_eq!(failure.code(), code, "{answer:?}");
        let text = format!("{failure} {failure:?}");
        assert!(!text.contains("xoxb") && !text.contains("127.0.0.1"), "{text}");
    }
    let nobody =
        Api::new("http://127.0.0.1:1", &deskd::config::Secret::new("x"), &deskd::config::Secret::new("y"));
    let failure = nobody.expect("the address is good").auth_test().await.expect_err("nobody listens");
    assert_eq!(failure.code(), "unreachable");
}

#[tokio::test(start_paused = true)]
async fn who_we_are_includes_the_app_and_the_scopes() {
    let (api, seen) = watched(|request| match request.method.as_str() {
        "bots.info" => ok(&json!({"bot": {"id": "B1", "app_id": "A1"}})),
        _ => {
            let body = json!({"ok": true, "team": "Acme", "team_id": "T1", "user_id": "U1", "bot_id": "B1", "url": "https://a/"});
            (200, "x-oauth-scopes: chat:write, users:read\r\n", body.to_string())
        }
    })
    .await;
    let identity = api.auth_test().await.expect("known");
    assert_eq!(identity.scopes, ["chat:write", "users:read"]);
    assert_eq!(
        (identity.ourselves.app.as_deref(), identity.ourselves.workspace.0.as_str()),
        (Some("A1"), "T1")
    );
    assert_eq!(calls(&seen), ["auth.test ", "bots.info bot=B1"]);
}

#[tokio::test(start_paused = true)]
async fn a_list_is_read_to_its_end_past_an_empty_page_and_a_rate_limit() {
    let (api, seen) = watched({
        let limited = Mutex::new(true);
        move |request| {
            let cursor = request.form.iter().find_map(|field| field.strip_prefix("cursor="));
            match cursor {
                None => ok(&json!({"members": [{"id": "U1", "name": "ann"}], "response_metadata": {"next_cursor": "a="}})),
                Some("a=") if std::mem::take(&mut *limited.lock().expect("no scene panicked")) => {
                    (429, "retry-after: 20\r\n", String::new())
                }
                Some("a=") => ok(&json!({"members": [], "response_metadata": {"next_cursor": "b="}})),
                Some(_) => ok(&json!({"members": [{"id": "U2", "profile": {"display_name": "Bob"}}, {"name": "no id"}]})),
            }
        }
    })
    .await;
    let people = api.user_list().await.expect("listed");
    let names: Vec<_> =
        people.iter().map(|profile| (profile.person.0.as_str(), profile.name.as_str())).collect();
    assert_eq!(names, [("U1", "ann"), ("U2", "Bob")]);
    let cursors =
        ["", " cursor=a=", " cursor=a=", " cursor=b="].map(|cursor| format!("users.list limit=200{cursor}"));
    assert_eq!(calls(&seen), cursors);
}

#[tokio::test(start_paused = true)]
async fn without_the_scope_for_private_channels_the_public_ones_are_listed() {
    let (api, seen) = watched(|request| {
        if request.form.iter().any(|field| field.contains("private_channel")) {
            return refused("missing_scope");
        }
        ok(&json!({"channels": [{"id": "C1", "name": "general", "is_archived": true}]}))
    })
    .await;
    let joined = api.conversations_joined().await.expect("listed");
    assert!(joined[0].is_member && joined[0].is_archived && !joined[0].is_private);
    assert_eq!(calls(&seen).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_person_has_the_best_of_three_names_and_an_address_if_slack_gives_one() {
    let api = serve(|_| {
        ok(&json!({"user": {"id": "U1", "team_id": "T1", "name": "ann", "is_bot": false,
        "profile": {"display_name": "", "real_name": "Ann Lee", "email": "ann@example.com"}}}))
    })
    .await;
    let ann = api.user_info(&PersonId("U1".into())).await.expect("known");
    assert_eq!(
        (ann.name.as_str(), ann.handle.as_str(), ann.email.as_deref()),
        ("Ann Lee", "ann", Some("ann@example.com"))
    );
}

#[tokio::test(start_paused = true)]
async fn f35_a_sent_message_is_found_by_its_key_and_not_there_is_only_said_after_reading_everything() {
    let carrying = |key: &str| json!({"ts": "7.7", "metadata": {"event_type": "deskd_send", "event_payload": {"key": key}}});
    let other = json!({"ts": "7.6", "metadata": {"event_type": "theirs", "event_payload": {"key": "k1"}}});
    for (page, found) in [
        (json!({"messages": [{"ts": "8.8"}, other, carrying("k1")]}), Ok(Some("7.7"))),
        (json!({"messages": [carrying("k2")], "has_more": false}), Ok(None)),
        (json!({"messages": [carrying("k2")], "has_more": true}), Err("unknown_outcome")),
        (json!({"messages": "odd"}), Err("unknown_outcome")),
        (json!({}), Err("unknown_outcome")),
    ] {
        for thread in [None, Some(MessageTs("5.5".into()))] {
            let answer = page.clone();
            let (api, seen) = watched(move |_| ok(&answer)).await;
            let since = Timestamp(1_700_000_010_500);
            let outcome = api
                .find_sent(LookUp {
                    channel: &general(),
                    thread: thread.as_ref(),
                    key: "k1",
                    since,
                    from: "",
                })
                .await;
            let outcome =
                outcome.map(|ts| ts.map(|ts| ts.0)).map_err(|ended| ended.failure.code().to_owned());
            assert_eq!(outcome, found.map(|ts| ts.map(str::to_owned)).map_err(str::to_owned), "{page}");
            let call = calls(&seen).remove(0);
            assert!(call.contains("channel=C1") && call.contains("include_all_metadata=true"), "{call}");
            // A channel is read from a quarter of an hour before the send, a thread from its beginning.
            assert_eq!(call.contains("oldest=1699999110.000000"), thread.is_none(), "{call}");
            assert_eq!(call.starts_with("conversations.replies"), thread.is_some(), "{call}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_gives_up_after_ten_seconds_and_a_write_after_thirty() {
    let api = serve(|_| (0, "", String::new())).await;
    let channel = general();
    let post = Post { channel: &channel, thread: None, text: "hi", blocks: None, key: "k1" };
    let second = Duration::from_secs(1);
    let limit = |least: u32| (least * second - second / 2, least * second + second / 2);
    let (least, most) = limit(10);
    assert!(tokio::time::timeout(least, api.auth_test()).await.is_err());
    assert!(tokio::time::timeout(most, api.auth_test()).await.is_ok());
    let (least, most) = limit(30);
    assert!(tokio::time::timeout(least, api.post_message(&post)).await.is_err());
    assert!(tokio::time::timeout(most, api.post_message(&post)).await.is_ok());
}
