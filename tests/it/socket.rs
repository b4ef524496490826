//! The Socket Mode links in virtual time: how connections live, end and come back. The names carry the ids of the
//! failure stories that they retell.

use std::time::Duration;

use deskd::slack::socket::{Acked, LinkState, ack};
use futures_util::SinkExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};

use crate::stage::{Far, Stage, Stored, event, heard, live, say, until};
use crate::web::Answer;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

fn error(name: &str) -> Answer {
    (200, "", format!(r#"{{"ok":false,"error":"{name}"}}"#))
}

async fn leave(far: &mut Far, reason: &str) {
    say(far, &format!(r#"{{"type":"disconnect","reason":"{reason}"}}"#)).await;
}

/// Takes the next envelope, which must have this id, and acknowledges it.
async fn take(stage: &mut Stage, id: &str) -> Acked {
    let envelope = stage.envelopes.recv().await.expect("the event arrives");
    assert_eq!(envelope.id, id);
    ack(&envelope, &Stored, None)
}

fn reason(stage: &Stage) -> (LinkState, String) {
    let link = stage.links.states().remove(0);
    (link.state, link.reason.unwrap_or_default())
}

#[tokio::test(start_paused = true)]
async fn an_event_arrives_and_its_ack_goes_back() {
    let mut stage = Stage::open(1, 8, vec![]).await;
    let mut far = stage.greeted().await;
    event(&mut far, "e1").await;
    let envelope = stage.envelopes.recv().await.expect("the event arrives");
    assert_eq!((envelope.id.as_str(), &*envelope.payload), ("e1", r#"{"event_id":"Eve1"}"#));
    assert_eq!(ack(&envelope, &Stored, None), Acked::Queued);
    assert_eq!(heard(&mut far).await.as_deref(), Some(r#"{"envelope_id":"e1"}"#));
    assert_eq!(stage.links.counts().envelopes, 1);
}

#[tokio::test(start_paused = true)]
async fn f01_a_socket_that_says_nothing_is_dead_after_35_seconds() {
    let mut stage = Stage::open(1, 8, vec![]).await;
    // The far end is not polled from here on: it neither answers pings nor closes.
    let mut far = stage.greeted().await;
    let before = stage.elapsed();
    let mut replacement = stage.socket().await;
    let silent_for = stage.elapsed() - before;
    assert!(silent_for >= 34 * SECOND && silent_for <= 37 * SECOND, "{silent_for:?}");
    assert_eq!(reason(&stage), (LinkState::Connecting, "silent".to_owned()));
    say(&mut replacement, r#"{"type":"hello"}"#).await;
    until(|| stage.links.any_connected()).await;
    assert_eq!(heard(&mut far).await.as_deref(), Some("close 1001"));
}

#[tokio::test(start_paused = true)]
async fn f03_half_an_hour_without_events_is_no_reason_to_reconnect() {
    let mut stage = Stage::open(1, 8, vec![]).await;
    live(stage.greeted().await);
    assert!(stage.no_socket_for(30 * MINUTE).await);
    assert_eq!((stage.calls(), stage.links.counts().reconnects), (1, 0));
    assert!(stage.links.any_connected());
}

#[tokio::test(start_paused = true)]
async fn an_abrupt_end_of_a_healthy_socket_is_mended_in_under_a_second() {
    let mut stage = Stage::open(1, 8, vec![]).await;
    let far = stage.greeted().await;
    tokio::time::sleep(20 * SECOND).await;
    drop(far);
    let before = stage.elapsed();
    stage.greeted().await;
    assert!(stage.elapsed() - before < SECOND);
    assert_eq!(stage.links.counts().reconnects, 1);
}

#[tokio::test(start_paused = true)]
async fn f06_too_many_websockets_waits_longer_each_time_although_slack_says_hello() {
    let mut stage = Stage::open(1, 8, vec![]).await;
    let mut far = stage.greeted().await;
    for (least, most) in [(30, 61), (60, 121), (120, 241)] {
        leave(&mut far, "too_many_websockets").await;
        until(|| !stage.links.any_connected()).await;
        assert_eq!(reason(&stage), (LinkState::Waiting, "too_many_websockets".to_owned()));
        assert!(
            stage.links.states()[0].hint.as_deref().is_some_and(|hint| hint.contains("10 connection limit"))
        );
        let before = stage.elapsed();
        far = stage.greeted().await;
        let waited = stage.elapsed() - before;
        assert!(waited >= least * SECOND - SECOND && waited <= most * SECOND, "{waited:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn f08_a_disconnect_before_hello_twice_in_a_row_is_survived() {
    let mut stage = Stage::open(1, 8, vec![]).await;
    for _ in 0..2 {
        let mut far = stage.socket().await;
        leave(&mut far, "refresh_requested").await;
        drop(far);
    }
    let mut far = stage.greeted().await;
    event(&mut far, "e1").await;
    assert_eq!(take(&mut stage, "e1").await, Acked::Queued);
    assert!(stage.elapsed() < 5 * SECOND, "{:?}", stage.elapsed());
}

#[tokio::test(start_paused = true)]
async fn f09_the_replacement_is_open_before_the_old_socket_is_left_and_no_event_is_lost() {
    let mut stage = Stage::open(1, 8, vec![]).await;
    let mut old = stage.greeted().await;
    leave(&mut old, "warning").await;
    let mut new = stage.socket().await;
    assert!(stage.links.any_connected());
    event(&mut old, "late").await;
    assert_eq!(take(&mut stage, "late").await, Acked::Queued);
    assert_eq!(heard(&mut old).await.as_deref(), Some(r#"{"envelope_id":"late"}"#));
    say(&mut new, r#"{"type":"hello","num_connections":2}"#).await;
    leave(&mut old, "refresh_requested").await;
    event(&mut new, "fresh").await;
    assert_eq!(take(&mut stage, "fresh").await, Acked::Queued);
    assert_eq!(heard(&mut new).await.as_deref(), Some(r#"{"envelope_id":"fresh"}"#));
    // The server never closes the old one: deskd does, after 30 s, and opens no third.
    live(new);
    assert_eq!(heard(&mut old).await.as_deref(), Some("close 1001"));
    assert!(stage.no_socket_for(MINUTE).await);
    assert_eq!(stage.links.counts().reconnects, 1);
}

#[tokio::test(start_paused = true)]
async fn f10_an_event_right_after_a_refresh_arrives_within_a_second() {
    let mut stage = Stage::open(1, 8, vec![]).await;
    let mut old = stage.greeted().await;
    leave(&mut old, "refresh_requested").await;
    // The server closes at once and has the next event 100 ms later: it can only go to the replacement.
    let before = stage.elapsed();
    drop(old);
    tokio::time::sleep(SECOND / 10).await;
    let mut new = stage.greeted().await;
    event(&mut new, "e1").await;
    assert_eq!(take(&mut stage, "e1").await, Acked::Queued);
    assert!(stage.elapsed() - before < SECOND);
}

#[tokio::test(start_paused = true)]
async fn f05_two_links_that_refresh_at_once_never_have_more_than_three_sockets() {
    let mut stage = Stage::open(2, 8, vec![]).await;
    let (mut first, mut second) = (stage.greeted().await, stage.greeted().await);
    leave(&mut first, "refresh_requested").await;
    leave(&mut second, "refresh_requested").await;
    let mut third = stage.socket().await;
    say(&mut third, r#"{"type":"hello"}"#).await;
    live(third);
    assert!(stage.no_socket_for(5 * SECOND).await, "the second replacement waits for room");
    drop(first);
    live(stage.socket().await);
    assert!(stage.no_socket_for(5 * SECOND).await);
}

#[tokio::test(start_paused = true)]
async fn f11_link_disabled_stops_the_link_which_looks_again_every_five_minutes() {
    let mut stage = Stage::open(1, 8, vec![]).await;
    let mut far = stage.greeted().await;
    leave(&mut far, "link_disabled").await;
    live(far);
    until(|| !stage.links.any_connected()).await;
    assert_eq!(reason(&stage), (LinkState::Stopped, "link_disabled".to_owned()));
    assert!(stage.no_socket_for(299 * SECOND).await);
    stage.greeted().await;
    assert_eq!(stage.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn f12_every_way_in_which_opening_fails_is_tried_again() {
    let answers = vec![
        (500, "", "<html>oops</html>".to_owned()),
        (200, "", "<html>proxy</html>".to_owned()),
        (0, "", String::new()),
        (200, "", r#"{"ok":true}"#.to_owned()),
        (200, "", r#"{"ok":true,"url":"ws://127.0.0.1:1/"}"#.to_owned()),
        (200, "", r#"{"ok":true,"url":"not an address"}"#.to_owned()),
        (429, "retry-after: 10\r\n", "slow down".to_owned()),
        error("internal_error"),
    ];
    let tries = answers.len() + 1;
    let mut stage = Stage::open(1, 8, answers).await;
    stage.greeted().await;
    assert_eq!(stage.calls(), tries);
    assert!(stage.elapsed() < 5 * MINUTE, "{:?}", stage.elapsed());
}

/// A server that accepts connections and then says nothing; returns its port.
async fn mute() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("a listener has an address").port();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            held.push(stream);
        }
    });
    port
}

#[tokio::test(start_paused = true)]
async fn f16_a_handshake_that_never_comes_costs_ten_seconds_and_does_not_hold_up_a_stop() {
    let port = mute().await;
    for scheme in ["ws", "wss"] {
        let answer =
            (200, "", format!(r#"{{"ok":true,"url":"{scheme}://127.0.0.1:{port}/?ticket=secret"}}"#));
        let mut stage = Stage::open(1, 8, vec![answer.clone()]).await;
        let far = stage.greeted().await;
        assert!(stage.elapsed() >= 10 * SECOND && stage.elapsed() <= 12 * SECOND, "{:?}", stage.elapsed());
        drop(far);
        let stage = Stage::open(1, 8, vec![answer]).await;
        until(|| stage.calls() > 0 && stage.elapsed() > SECOND).await;
        assert!(!format!("{:?}", stage.links.states()).contains("secret"));
        assert!(stage.close().await < SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn a_socket_without_hello_is_given_up_after_ten_seconds() {
    let mut stage = Stage::open(1, 8, vec![]).await;
    let far = stage.socket().await;
    live(far);
    live(stage.socket().await);
    assert!(stage.elapsed() >= 10 * SECOND && stage.elapsed() <= 13 * SECOND, "{:?}", stage.elapsed());
    assert_eq!(reason(&stage), (LinkState::Connecting, "no_hello".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_close_frame_of_the_server_is_answered_and_followed_by_a_new_socket() {
    let mut stage = Stage::open(1, 8, vec![]).await;
    let mut far = stage.greeted().await;
    let farewell = CloseFrame { code: CloseCode::Restart, reason: "restart".into() };
    far.close(Some(farewell)).await.expect("the socket is open");
    assert_eq!(heard(&mut far).await.as_deref(), Some("close 1012"));
    stage.greeted().await;
    assert!(stage.elapsed() < SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_on_opening_is_obeyed_to_the_second() {
    let mut stage = Stage::open(1, 8, vec![(429, "retry-after: 10\r\n", String::new())]).await;
    stage.socket().await;
    assert!(stage.elapsed() >= 10 * SECOND && stage.elapsed() < 12 * SECOND, "{:?}", stage.elapsed());
}

#[tokio::test(start_paused = true)]
async fn f13_a_bad_token_stops_the_link_with_a_clear_reason_and_a_slow_retry() {
    for name in
        ["invalid_auth", "account_inactive", "token_revoked", "not_allowed_token_type", "brand_new_error"]
    {
        let mut stage = Stage::open(1, 8, vec![error(name)]).await;
        until(|| stage.links.states()[0].state == LinkState::Stopped).await;
        assert_eq!(reason(&stage).1, name);
        assert!(stage.links.states()[0].hint.is_some());
        assert!(stage.no_socket_for(299 * SECOND).await, "{name}");
        stage.greeted().await;
        assert_eq!(stage.calls(), 2, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn f14_garbage_is_counted_and_only_its_repetition_ends_the_socket() {
    let mut stage = Stage::open(1, 8, vec![]).await;
    let mut far = stage.greeted().await;
    say(&mut far, "UNAUTHENTICATED: cache_error").await;
    say(&mut far, "").await;
    say(&mut far, r#"{"type":"brand_new"}"#).await;
    far.send(Message::binary(vec![1, 2, 3])).await.expect("the socket is open");
    event(&mut far, "e1").await;
    assert_eq!(take(&mut stage, "e1").await, Acked::Queued);
    assert_eq!(stage.links.counts().unknown_frames, 4);
    for _ in 0..20 {
        say(&mut far, "garbage").await;
    }
    assert_eq!(heard(&mut far).await.as_deref(), Some(r#"{"envelope_id":"e1"}"#));
    assert_eq!(heard(&mut far).await.as_deref(), Some("close 1001"));
    stage.greeted().await;
}

#[tokio::test(start_paused = true)]
async fn f15_a_large_event_in_pieces_with_pings_between_arrives_whole() {
    let mut stage = Stage::open(1, 8, vec![]).await;
    let mut far = stage.greeted().await;
    let text = "ä".repeat(35_000);
    let frame = format!(r#"{{"type":"interactive","envelope_id":"e1","payload":{{"text":"{text}"}}}}"#);
    let mut pieces = frame.as_bytes().chunks(999).peekable();
    let mut code = OpCode::Data(Data::Text);
    while let Some(piece) = pieces.next() {
        let part = Frame::message(piece.to_vec(), code, pieces.peek().is_none());
        far.send(Message::Frame(part)).await.expect("the socket is open");
        far.send(Message::Ping("p".into())).await.expect("the socket is open");
        code = OpCode::Data(Data::Continue);
    }
    let envelope = stage.envelopes.recv().await.expect("the event arrives");
    assert_eq!(*envelope.payload, *format!(r#"{{"text":"{text}"}}"#));
    // The same as one frame, byte by byte: a header of 127 and eight bytes of length.
    let mut bytes = vec![0x81, 127];
    bytes.extend((frame.len() as u64).to_be_bytes());
    bytes.extend(frame.as_bytes());
    for byte in bytes {
        far.get_mut().write_all(&[byte]).await.expect("the socket is open");
        tokio::task::yield_now().await;
    }
    assert_eq!(take(&mut stage, "e1").await, Acked::Queued);
}

#[tokio::test(start_paused = true)]
async fn f16_a_stop_in_any_state_is_quick_and_sends_the_close_frame() {
    let soon = 2 * SECOND;
    // While asking for an address, while waiting to ask again, and while stopped for an operator.
    for answer in [(0, "", String::new()), (500, "", String::new()), error("invalid_auth")] {
        let stage = Stage::open(1, 8, vec![answer]).await;
        until(|| stage.calls() > 0).await;
        assert!(stage.close().await < soon);
    }
    // Before hello and after it, with an event that nobody acknowledged.
    for hello in [false, true] {
        let mut stage = Stage::open(1, 8, vec![]).await;
        let mut far = if hello { stage.greeted().await } else { stage.socket().await };
        event(&mut far, "e1").await;
        let envelope = stage.envelopes.recv().await.expect("the event arrives");
        let far = tokio::spawn(async move { heard(&mut far).await });
        assert!(stage.close().await < soon);
        assert_eq!(far.await.expect("the far end did not panic").as_deref(), Some("close 1001"));
        assert_eq!(ack(&envelope, &Stored, None), Acked::SocketGone);
    }
}

#[tokio::test(start_paused = true)]
async fn an_ack_that_comes_during_the_stop_still_goes_out_before_the_close_frame() {
    let mut stage = Stage::open(1, 8, vec![]).await;
    let mut far = stage.greeted().await;
    event(&mut far, "e1").await;
    let envelope = stage.envelopes.recv().await.expect("the event arrives");
    stage.stop.cancel();
    tokio::time::sleep(SECOND / 5).await;
    assert_eq!(ack(&envelope, &Stored, None), Acked::Queued);
    drop(envelope);
    assert_eq!(heard(&mut far).await.as_deref(), Some(r#"{"envelope_id":"e1"}"#));
    assert_eq!(heard(&mut far).await.as_deref(), Some("close 1001"));
}

#[tokio::test(start_paused = true)]
async fn f25_an_ack_after_the_socket_went_away_is_not_sent_on_another() {
    let mut stage = Stage::open(1, 8, vec![]).await;
    let mut old = stage.greeted().await;
    event(&mut old, "e1").await;
    let first = stage.envelopes.recv().await.expect("the event arrives");
    drop(old);
    let mut new = stage.greeted().await;
    assert_eq!(ack(&first, &Stored, None), Acked::SocketGone);
    event(&mut new, "e1").await;
    assert_eq!(take(&mut stage, "e1").await, Acked::Queued);
    event(&mut new, "e2").await;
    assert_eq!(take(&mut stage, "e2").await, Acked::Queued);
    assert_eq!(heard(&mut new).await.as_deref(), Some(r#"{"envelope_id":"e1"}"#));
    assert_eq!(heard(&mut new).await.as_deref(), Some(r#"{"envelope_id":"e2"}"#));
}

#[tokio::test(start_paused = true)]
async fn while_nobody_takes_envelopes_the_socket_waits_but_acks_and_pings_go_on() {
    let mut stage = Stage::open(1, 2, vec![]).await;
    let mut far = stage.greeted().await;
    let ids: Vec<String> = (0..300).map(|number| format!("e{number}")).collect();
    event(&mut far, &ids[0]).await;
    let first = stage.envelopes.recv().await.expect("the event arrives");
    for id in &ids[1..] {
        event(&mut far, id).await;
    }
    // Longer than the silence after which a socket is dead.
    assert!(stage.no_socket_for(2 * MINUTE).await);
    assert_eq!(ack(&first, &Stored, None), Acked::Queued);
    assert_eq!(heard(&mut far).await.as_deref(), Some(r#"{"envelope_id":"e0"}"#));
    for id in &ids[1..] {
        assert_eq!(take(&mut stage, id).await, Acked::Queued);
        assert_eq!(heard(&mut far).await, Some(format!(r#"{{"envelope_id":"{id}"}}"#)));
    }
}
