//! Leaving: a stop in every state of the connection, and sockets that close while much is in flight.

use std::time::Duration;

use deskd::slack::socket::{Acked, Envelope, LinkState, ack};
use futures_util::SinkExt;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;

use crate::stage::{Stage, Stored, event, heard, live, say, until};

const SOON: Duration = Duration::from_secs(2);

#[tokio::test(start_paused = true)]
async fn f16_a_stop_while_sockets_are_replaced_or_wait_for_room_leaves_nothing_behind() {
    // Two sockets that Slack asked to leave, a replacement that was greeted, and one that waits for room.
    let mut stage = Stage::open(2, 8, vec![]).await;
    let (mut first, mut second) = (stage.greeted().await, stage.greeted().await);
    for far in [&mut first, &mut second] {
        say(far, r#"{"type":"disconnect","reason":"refresh_requested"}"#).await;
    }
    let mut third = stage.greeted().await;
    assert!(stage.no_socket_for(Duration::from_secs(5)).await, "the other replacement waits for room");
    let calls = stage.calls();
    let far = tokio::spawn(async move {
        let mut said = Vec::new();
        for far in [&mut first, &mut second, &mut third] {
            said.push(heard(far).await);
        }
        said
    });
    let links = stage.links.clone();
    assert!(stage.close().await < SOON);
    for said in far.await.unwrap() {
        assert_eq!(said.as_deref(), Some("close 1001"));
    }
    assert!(links.states().iter().all(|link| link.state == LinkState::Stopped));
    assert_eq!(calls, 3, "nothing was opened for the stop");
}

/// A cheap stream of numbers that a seed repeats.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// How the far end leaves in the middle of it.
async fn leave(far: &mut crate::stage::Far, how: u64) {
    match how {
        0 => drop(far.close(None).await),
        1 => drop(far.send(Message::text(r#"{"type":"disconnect","reason":"link_disabled"}"#)).await),
        2 => drop(far.send(Message::text(r#"{"type":"disconnect","reason":"warning"}"#)).await),
        _ => {}
    }
}

/// Acknowledges what comes from the queue, one worker of several; says how many acks found their socket gone.
async fn work(mut queue: mpsc::Receiver<Envelope>, mut dice: Dice) -> usize {
    let mut gone = 0;
    while let Some(envelope) = queue.recv().await {
        for _ in 0..dice.roll(4) {
            tokio::task::yield_now().await;
        }
        gone += usize::from(ack(&envelope, &Stored, None) == Acked::SocketGone);
    }
    gone
}

/// A thousand envelopes on two sockets, four workers that acknowledge them, and an end at a random moment.
async fn close_in_the_middle(seed: u64) {
    let mut dice = Dice(seed);
    let mut stage = Stage::open(2, 64, vec![]).await;
    let stop = stage.stop.clone();
    let mut flood = Vec::new();
    for _ in 0..2 {
        let mut far = stage.greeted().await;
        let (cut_at, how) = (dice.roll(500), dice.roll(5));
        flood.push(tokio::spawn(async move {
            for number in 0..500 {
                let frame = format!(
                    r#"{{"type":"events_api","envelope_id":"e{number}","payload":{{"event_id":"Ev{number}"}}}}"#
                );
                if far.feed(Message::text(frame)).await.is_err() {
                    return;
                }
                if number == cut_at {
                    leave(&mut far, how).await;
                    if how == 3 {
                        return;
                    }
                }
            }
            let _ = far.flush().await;
            live(far);
        }));
    }
    let mut workers = Vec::new();
    let mut queues = Vec::new();
    for _ in 0..4 {
        let (queue, taken) = mpsc::channel(16);
        queues.push(queue);
        workers.push(tokio::spawn(work(taken, Dice(dice.roll(1 << 30)))));
    }
    let stop_at = dice.roll(1_000);
    let mut taken = 0;
    while let Ok(Some(envelope)) = tokio::time::timeout(Duration::from_secs(1), stage.envelopes.recv()).await
    {
        if taken == stop_at {
            stop.cancel();
        }
        let _ = queues[usize::try_from(taken % 4).unwrap()].send(envelope).await;
        taken += 1;
    }
    drop(queues);
    for worker in workers {
        worker.await.expect("no worker panicked");
    }
    assert!(stage.close().await < SOON, "seed {seed}");
}

#[tokio::test(start_paused = true)]
async fn f17_sockets_that_close_while_a_thousand_envelopes_are_in_flight_break_nothing() {
    for seed in 0..60 {
        close_in_the_middle(seed).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn f17_nor_do_they_with_real_threads() {
    for seed in 0..10 {
        close_in_the_middle(1_000 + seed).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_recycled_socket_says_goodbye_and_its_replacement_comes_at_once() {
    let mut stage = Stage::open(1, 8, vec![]).await;
    let mut far = stage.greeted().await;
    stage.links.recycle();
    let before = stage.elapsed();
    let old = tokio::spawn(async move { heard(&mut far).await });
    let mut new = stage.greeted().await;
    assert!(stage.elapsed() - before < SOON);
    assert_eq!(old.await.unwrap().as_deref(), Some("close 1001"));
    event(&mut new, "e1").await;
    assert_eq!(stage.envelopes.recv().await.expect("the event arrives").id, "e1");
    // What was wished of a link that is not up is not held against its next socket.
    drop(new);
    until(|| !stage.links.any_connected()).await;
    stage.links.recycle();
    live(stage.greeted().await);
    assert!(stage.no_socket_for(Duration::from_secs(30)).await);
}

#[tokio::test(start_paused = true)]
async fn a_renewed_socket_is_left_only_when_its_replacement_is_up() {
    let mut stage = Stage::open(1, 8, vec![]).await;
    let mut old = stage.greeted().await;
    stage.links.renew();
    let mut new = stage.socket().await;
    event(&mut old, "late").await;
    let envelope = stage.envelopes.recv().await.expect("the event arrives");
    assert_eq!(ack(&envelope, &Stored, None), Acked::Queued);
    drop(envelope);
    assert_eq!(heard(&mut old).await.as_deref(), Some(r#"{"envelope_id":"late"}"#));
    say(&mut new, r#"{"type":"hello","num_connections":2}"#).await;
    live(new);
    assert_eq!(heard(&mut old).await.as_deref(), Some("close 1001"));
    assert_eq!((stage.links.gaps(), stage.links.counts().reconnects), (1, 1));
}
