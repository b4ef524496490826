//! Before anybody is believed a connection is bounded: how many there are at once, how long a head may take to arrive, and how
//! long one may be kept without a request.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::http_mode::{Hooks, SECRET, sign};

/// As many as are served at once (docs/http-mode.md).
const MOST: usize = 256;

async fn connect(hooks: &Hooks) -> TcpStream {
    TcpStream::connect(hooks.address).await.unwrap()
}

/// Connections that say nothing.
async fn idle(hooks: &Hooks, count: usize) -> Vec<TcpStream> {
    let mut open = Vec::new();
    for _ in 0..count {
        open.push(connect(hooks).await);
    }
    hooks.world.pass_ms(10).await;
    open
}

/// Sends a signed event; the connection stays open.
async fn ask(hooks: &Hooks, stream: &mut TcpStream, ts: &str) {
    let (body, now) = (hooks.message("is anybody there?", ts), hooks.now_s().to_string());
    let signature = sign(SECRET, &now, body.as_bytes());
    let request = format!(
        "POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-Slack-Request-Timestamp: {now}\r\n\
         X-Slack-Signature: {signature}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
}

/// The status of the next answer, which has no body when all is well; `None` when the connection was closed instead.
async fn answer(stream: &mut TcpStream) -> Option<u16> {
    let (mut seen, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let count = stream.read(&mut piece).await.unwrap_or(0);
        if count == 0 {
            return None;
        }
        seen.extend_from_slice(&piece[..count]);
        let text = String::from_utf8_lossy(&seen);
        if text.contains("\r\n\r\n") {
            return text[9..12].parse().ok();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn ing_03_a_connection_beyond_the_last_place_waits_and_is_served_when_another_ends() {
    let hooks = Hooks::open().await;
    let mut open = idle(&hooks, MOST).await;
    let mut late = connect(&hooks).await;
    ask(&hooks, &mut late, "1700000001.000100").await;
    let waited = timeout(Duration::from_secs(15), answer(&mut late)).await;
    assert!(waited.is_err(), "nobody is refused, and nobody is served: {waited:?}");
    open.pop();
    let (clock, begun) = (hooks.world.clock, hooks.world.clock.now());
    assert_eq!(answer(&mut late).await, Some(200));
    assert!(clock.now().since(begun) < Duration::from_secs(1), "{:?}", clock.now().since(begun));
    drop(open);
    hooks.world.pass(40).await;
    hooks.finish().await;
}

/// Each sends a byte of its head a second and never ends it: all places are taken, and all are free again in time.
#[tokio::test(start_paused = true)]
async fn ing_03_after_slow_heads_on_every_connection_the_door_takes_a_good_request() {
    let hooks = Hooks::open().await;
    let (clock, begun) = (hooks.world.clock, hooks.world.clock.now());
    for mut stream in idle(&hooks, MOST).await {
        tokio::spawn(async move {
            let _ = stream.write_all(b"POST /slack/events HTTP/1.1\r\nX-Slow: ").await;
            while stream.write_all(b"x").await.is_ok() && clock.now().since(begun) < Duration::from_secs(60) {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
    }
    let mut good = connect(&hooks).await;
    ask(&hooks, &mut good, "1700000001.000100").await;
    assert_eq!(answer(&mut good).await, Some(200));
    let waited = clock.now().since(begun).as_secs();
    assert!((19..=22).contains(&waited), "a head has 20 s: {waited} s");
    hooks.world.pass(60).await;
    hooks.finish().await;
}

/// Asks and asks and never reads an answer: the place is free again soon after nothing more fits between the two.
#[tokio::test(start_paused = true)]
async fn ing_03_who_never_reads_an_answer_loses_the_connection() {
    let hooks = Hooks::open().await;
    let mut stream = connect(&hooks).await;
    let asked = b"POST /slack/nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".repeat(1_000);
    let (clock, begun) = (hooks.world.clock, hooks.world.clock.now());
    let broken = async { while stream.write_all(&asked).await.is_ok() {} };
    timeout(Duration::from_secs(19), broken).await.expect("the connection is broken");
    let waited = clock.now().since(begun).as_secs();
    assert!((4..=7).contains(&waited), "an answer has 5 s to be read: {waited} s");
    hooks.finish().await;
}

#[tokio::test(start_paused = true)]
async fn ing_03_a_connection_is_kept_for_the_next_request_and_closed_when_none_comes() {
    let hooks = Hooks::open().await;
    let mut stream = connect(&hooks).await;
    for at in 1..=3 {
        ask(&hooks, &mut stream, &format!("170000000{at}.000100")).await;
        assert_eq!(answer(&mut stream).await, Some(200), "request {at} of one connection");
        hooks.world.pass(18).await;
    }
    let (clock, begun) = (hooks.world.clock, hooks.world.clock.now());
    assert_eq!(answer(&mut stream).await, None);
    let kept = 18 + clock.now().since(begun).as_secs();
    assert!((19..=22).contains(&kept), "an idle connection has 20 s: {kept} s");
    hooks.world.pass(40).await;
    hooks.finish().await;
}
