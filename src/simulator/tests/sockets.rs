//! The life of sockets: hello, several of them, limits, faults, the end.

use futures_util::SinkExt;
use serde_json::{Value, json};
use tokio::time::{Duration, sleep};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::{Client, start, start_with, ticket};
use crate::simulator::{Handshake, Reason, Which};

#[tokio::test(start_paused = true)]
async fn hello_says_how_many_sockets_are_open() {
    let sim = start();
    let _first = Client::connect(&sim).await;
    let mut second = Client::dial(&sim).await;
    let hello = second.next().await;
    assert_eq!(
        (&hello["num_connections"], &hello["connection_info"]["app_id"]),
        (&json!(2), &json!("A0DESKAPP01"))
    );
    assert_eq!(hello["debug_info"]["approximate_connection_time"], 18_060);
    assert_eq!(sim.sockets(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_eleventh_socket_is_told_so_and_broken_off() {
    let sim = start();
    let mut open = Vec::new();
    for _ in 0..10 {
        open.push(Client::connect(&sim).await);
    }
    let mut eleventh = Client::dial(&sim).await;
    let frame = eleventh.next().await;
    assert_eq!((&frame["type"], &frame["reason"]), (&json!("disconnect"), &json!("too_many_websockets")));
    assert_eq!(eleventh.next().await, Value::Null, "no close frame");
    assert_eq!(sim.sockets(), 10);
}

#[tokio::test(start_paused = true)]
async fn envelopes_are_spread_over_the_sockets_and_acks_count_only_where_they_were_delivered() {
    let sim = start();
    let mut clients = [Client::connect(&sim).await, Client::connect(&sim).await];
    for n in 0..20 {
        sim.say("ada", "support", &format!("message {n}")).unwrap();
    }
    let (mut taken, mut other) = ([0, 0], None);
    for (index, client) in clients.iter_mut().enumerate() {
        while let Ok(envelope) = tokio::time::timeout(Duration::from_secs(1), client.next()).await {
            taken[index] += 1;
            other.get_or_insert(envelope);
        }
    }
    assert_eq!(taken[0] + taken[1], 20);
    assert!(taken[0] > 0 && taken[1] > 0, "both get some: {taken:?}");
    clients[1].ack(&other.unwrap()).await;
    sleep(Duration::from_millis(10)).await;
    assert_eq!(sim.acks(), 0);
    assert_eq!(sim.complaints(), ["an ack on another socket than the one that delivered"]);
}

#[tokio::test(start_paused = true)]
async fn an_ack_over_20480_bytes_closes_the_socket_with_1009_and_does_not_count() {
    let sim = start();
    let mut client = Client::connect(&sim).await;
    sim.run_command("ada", "support", "/desk", "").unwrap();
    let envelope = client.next().await;
    client.ack_with(&envelope, Some(json!({"text": "x".repeat(20_480)}))).await;
    assert_eq!(client.next().await, json!(1009));
    assert_eq!(sim.acks(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_ticket_opens_one_socket() {
    let sim = start();
    let url = ticket(&sim).await;
    let _open = connect_async(url.as_str()).await.unwrap();
    assert!(connect_async(url.as_str()).await.is_err());
    assert!(connect_async(url.replace("ticket=", "ticket=x")).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn compression_is_declined() {
    let sim = start();
    let mut request = ticket(&sim).await.into_client_request().unwrap();
    let offer = "permessage-deflate; client_max_window_bits".parse().unwrap();
    request.headers_mut().insert("sec-websocket-extensions", offer);
    let (_stream, response) = connect_async(request).await.unwrap();
    assert_eq!(response.headers().get("sec-websocket-extensions"), None);
}

#[tokio::test(start_paused = true)]
async fn the_planned_life_ends_with_warning_refresh_and_close() {
    let sim = start_with(|setup| setup.connection_life_s = 60);
    let mut client = Client::connect(&sim).await;
    let started = sim.now_ms();
    assert_eq!(client.next().await["reason"], "warning");
    assert_eq!(sim.now_ms() - started, 50_000);
    assert_eq!(client.next().await["reason"], "refresh_requested");
    assert_eq!(sim.now_ms() - started, 60_000);
    assert_eq!(client.next().await, json!(1000));
    sim.until(|sim| sim.sockets() == 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_warned_socket_still_delivers_until_it_closes() {
    let sim = start();
    let mut client = Client::connect(&sim).await;
    sim.disconnect(Which::All, Reason::Warning);
    assert_eq!(client.next().await["reason"], "warning");
    sim.say("ada", "support", "in between").unwrap();
    assert_eq!(client.next().await["payload"]["event"]["text"], "in between");
    assert!(client.next().await["payload"].is_object(), "redelivered after 4 s");
    assert!(client.next().await["payload"].is_object(), "and after 8 s");
    assert_eq!(client.next().await, json!(1000));
}

#[tokio::test(start_paused = true)]
async fn handshakes_can_be_refused_stay_silent_or_begin_with_disconnect() {
    let sim = start();
    let disconnect = Handshake::Disconnect(Reason::Other("odd".to_owned()));
    sim.next_handshakes([Handshake::Refuse(408), Handshake::NoHello, disconnect]);
    assert!(connect_async(ticket(&sim).await).await.is_err());
    let mut silent = Client::dial(&sim).await;
    assert!(silent.is_silent(60).await);
    let mut broken = Client::dial(&sim).await;
    assert_eq!(broken.next().await["reason"], "odd");
    let _normal = Client::connect(&sim).await;
}

#[tokio::test(start_paused = true)]
async fn a_stalled_socket_swallows_its_share_and_is_forgotten_after_a_minute() {
    let sim = start();
    let mut ghost = Client::connect(&sim).await;
    sim.stall_sockets(Which::All);
    sleep(Duration::from_millis(10)).await;
    sim.say("ada", "support", "swallowed").unwrap();
    assert!(ghost.is_silent(30).await);
    let mut fresh = Client::dial(&sim).await;
    assert_eq!(fresh.next().await["num_connections"], 2);
    sleep(Duration::from_secs(40)).await;
    assert_eq!(sim.sockets(), 1);
}

#[tokio::test(start_paused = true)]
async fn garbage_and_duplicates_go_out_as_they_are() {
    let sim = start();
    let (mut one, mut two) = (Client::connect(&sim).await, Client::connect(&sim).await);
    assert_eq!(sim.deliver_raw(Which::Oldest, "UNAUTHENTICATED: cache_error"), 1);
    assert_eq!(one.next().await, json!("UNAUTHENTICATED: cache_error"));
    sim.say("ada", "support", "twice").unwrap();
    assert_eq!(sim.duplicate_last(), 1);
    let (first, second) = (one.next().await, two.next().await);
    assert_eq!(first, second, "byte for byte, attempt 0 on both");
    one.ack(&first).await;
    two.ack(&second).await;
    sim.until(|sim| sim.unacked() == 0).await;
    assert_eq!(sim.complaints(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn what_a_client_does_wrong_is_noted() {
    let sim = start();
    let mut client = Client::connect(&sim).await;
    sim.say("ada", "support", "hello").unwrap();
    let envelope = client.next().await;
    client.ack_with(&envelope, Some(json!({"text": "not here"}))).await;
    client.ack(&json!({"envelope_id": "made-up"})).await;
    client.stream.send(Frame::text("hello?")).await.unwrap();
    sim.until(|sim| sim.complaints().len() == 3).await;
}

#[tokio::test(start_paused = true)]
async fn a_close_frame_is_answered_and_the_socket_forgotten_at_once() {
    let sim = start();
    let mut client = Client::connect(&sim).await;
    client.stream.close(None).await.unwrap();
    sim.until(|sim| sim.sockets() == 0).await;
    assert_eq!(client.next().await, Value::Null);
}
