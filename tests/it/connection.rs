//! The whole desk under what networks and Slack do to its connection: what people see meanwhile, and how it ends. How one
//! socket lives and dies is in `socket.rs`. The names carry the ids of the failure stories that they retell.

use std::time::Duration;

use deskd::domain::own::Own;
use deskd::domain::time::Timestamp;
use deskd::simulator::{Fault, Handshake, Reason, Setup, Times, Which};
use deskd::slack::socket::LinkState;

use crate::api_door::Door;
use crate::stage::{Stage, heard, live, until};
use crate::world::World;

const MINUTE: u64 = 60;

impl World {
    /// How many links are connected.
    fn connected(&self) -> usize {
        let links = self.desk().front().links.states();
        links.iter().filter(|link| link.state == LinkState::Connected).count()
    }

    /// Why readiness is red, in one text; empty when it is green.
    async fn red(&self) -> String {
        let door = Door::open(self.desk().front());
        let (status, document) = door.get("/readyz").await;
        door.close().await;
        let reasons = document["reasons"].as_array().unwrap();
        assert_eq!(status == 200, reasons.is_empty(), "{document}");
        reasons.iter().map(|reason| reason.as_str().unwrap()).collect::<Vec<_>>().join("\n")
    }

    /// The open troubles: what they tell of, about what, and their detail.
    pub async fn troubles(&self) -> Vec<(Own, String, String)> {
        let open = self.space().open_troubles().await.unwrap();
        open.into_iter()
            .map(|notice| (notice.raised.own, notice.raised.subject, notice.raised.detail))
            .collect()
    }

    /// Lets seconds go by and returns the most sockets there were at any time.
    async fn most_sockets(&self, seconds: u64) -> usize {
        let mut most = 0;
        for _ in 0..seconds * 20 {
            self.pass_ms(50).await;
            most = most.max(self.slack.sockets());
        }
        most
    }
}

#[tokio::test(start_paused = true)]
async fn f01_half_open_sockets_turn_readiness_red_since_they_were_heard_last_and_are_replaced() {
    let world = World::start().await;
    world.pass(30).await;
    let heard_last = world.desk().front().links.last_frame_at().unwrap();
    world.slack.stall_sockets(Which::All);
    world.pass(10).await;
    assert_eq!(world.red().await, "", "one unanswered ping is no reason yet");
    world.pass(12).await;
    let red = world.red().await;
    let (_, since) = red.split_once("sockets: none is connected to Slack since ").expect(&red);
    let since = since.split(" (").next().unwrap();
    let since = Timestamp(since.parse::<jiff::Timestamp>().unwrap().as_millisecond());
    assert!(since.since(heard_last) < Duration::from_secs(12), "{red}");
    assert_eq!(world.connected(), 0);
    world.pass(20).await;
    assert_eq!((world.red().await.as_str(), world.connected()), ("", 2));
    world.pass(2 * MINUTE).await;
    assert_eq!(world.slack.sockets(), 2, "the ghosts are gone");
    world.slack.say("ada", "support", "are you there?").unwrap();
    world.pass(MINUTE).await;
    assert!(world.tasks().await.contains("are you there?"));
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f02_when_nothing_comes_in_any_more_the_deadline_counts_and_not_the_tcp_timeout() {
    let world = World::start().await;
    world.slack.mute_sockets(Which::All);
    world.pass(40).await;
    assert_eq!((world.connected(), world.desk().front().links.counts().reconnects), (2, 2));
    assert_eq!(world.slack.sockets(), 2, "both were left");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f03_half_an_hour_of_silence_costs_no_reconnect_and_asks_for_nothing() {
    let world = World::start().await;
    let calls = world.slack.calls("apps.connections.open");
    assert_eq!(world.most_sockets(30 * MINUTE).await, 2);
    let links = world.desk().front().links;
    assert_eq!((links.counts().reconnects, links.gaps()), (0, 1), "the time before the start, and no other");
    assert_eq!(world.slack.calls("apps.connections.open"), calls);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f04_after_ten_minutes_without_network_there_are_exactly_two_sockets_within_seconds() {
    let world = World::start().await;
    world.slack.cut_network(Duration::from_secs(10 * MINUTE));
    world.pass(10 * MINUTE).await;
    assert_eq!(world.connected(), 0);
    assert!(world.red().await.contains("sockets: none is connected"), "{}", world.red().await);
    world.pass(10).await;
    assert_eq!(world.connected(), 2);
    assert_eq!(world.most_sockets(5 * MINUTE).await, 2);
    let links = world.desk().front().links;
    assert_eq!((links.counts().reconnects, links.gaps() > 1), (2, true));
    world.slack.say("ada", "support", "back again").unwrap();
    world.pass(MINUTE).await;
    assert!(world.tasks().await.contains("back again"));
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f05_f10_fifty_refreshes_with_late_close_frames_never_need_more_than_one_socket_more() {
    let world = World::start().await;
    for round in 0..50 {
        let reason = if round % 2 == 0 { Reason::Warning } else { Reason::RefreshRequested };
        let grace = Duration::from_secs(1 + round % 25);
        assert_eq!(world.slack.leave_late(Which::Oldest, reason, grace), 1);
        world.pass_ms(100).await;
        world.slack.say("ada", "support", "right after a disconnect").unwrap();
        world.pass_ms(900).await;
        assert_eq!(world.slack.unacked(), 0, "round {round}: not handled within a second");
        assert_eq!(world.connected(), 2, "round {round}");
        assert!(world.most_sockets(32).await <= 3, "round {round}");
        assert_eq!(world.slack.sockets(), 2, "round {round}");
    }
    let links = world.desk().front().links;
    assert_eq!((links.counts().reconnects, links.gaps()), (50, 1), "a refresh is no gap");
    assert_eq!(world.troubles().await, []);
    world.pass(10 * MINUTE).await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f06_at_the_ten_connection_limit_the_desk_waits_longer_and_longer() {
    let world = World::start().await;
    let limit = || Handshake::Disconnect(Reason::TooManyWebsockets);
    world.slack.next_handshakes((0..6).map(|_| limit()));
    world.slack.disconnect(Which::All, Reason::TooManyWebsockets);
    world.pass(1).await;
    assert!(world.red().await.contains("10 connection limit"), "{}", world.red().await);
    let before = world.slack.calls("apps.connections.open");
    world.pass(15 * MINUTE).await;
    // Three refusals for each of two links, with waits of at least 30, 60, 120 and 240 s.
    assert!(world.slack.calls("apps.connections.open") - before <= 8);
    assert_eq!(world.connected(), 2);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f07_sockets_that_are_not_ours_raise_one_warning_that_ends_when_the_number_is_right_again() {
    let mut world = World::without_desk(Setup::default(), |_| {});
    world.slack.next_handshakes((0..4).map(|_| Handshake::Hello(7)));
    world.open().await;
    world.pass(50).await;
    assert_eq!(world.troubles().await, [], "it may be a moment's truth");
    assert!(world.most_sockets(20).await <= 3);
    let told = world.troubles().await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((told[0].0, told[0].2.as_str()), (Own::ForeignSockets, "Slack counts 7, we have 3"));
    let door = Door::open(world.desk().front());
    let (_, figures) = door.text("/metrics", "*/*").await;
    assert!(figures.contains("deskd_socket_connections_seen 7\n"), "{figures}");
    assert!(figures.contains("deskd_socket_connections_foreign 4\n"), "{figures}");
    door.close().await;
    world.pass(16 * MINUTE).await;
    assert_eq!(world.troubles().await.len(), 1, "asked once more, and told no second time");
    world.pass(16 * MINUTE).await;
    assert_eq!(world.troubles().await, []);
    assert_eq!(world.slack.sockets(), 2);
    assert_eq!(world.desk().front().links.gaps(), 1, "asking costs no gap");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f11_link_disabled_is_a_state_that_people_see_while_the_rest_of_the_desk_lives() {
    let world = World::start().await;
    world.slack.say("ada", "support", "help").unwrap();
    world.pass(MINUTE).await;
    world.slack.fault("apps.connections.open", Fault::Error("link_disabled".into()), Times::UntilCleared);
    world.slack.disconnect(Which::All, Reason::LinkDisabled);
    world.pass(10).await;
    let red = world.red().await;
    assert!(red.contains("(link_disabled) since ") && red.contains("turn it on"), "{red}");
    let told = [(Own::NotAllowed, "sockets".to_owned(), "link_disabled".to_owned())];
    assert_eq!(world.troubles().await, told);
    world.reply(1, "we look into it").await;
    world.pass(10).await;
    assert!(world.channel("support").contains("we look into it"), "the Web API works");
    let before = world.slack.calls("apps.connections.open");
    world.pass(60 * MINUTE).await;
    assert!(world.slack.calls("apps.connections.open") - before <= 24, "two links, each every five minutes");
    assert_eq!(world.troubles().await, told, "raised once, and not resolved by looking again");
    world.slack.clear_faults();
    world.pass(5 * MINUTE + 5).await;
    assert_eq!((world.red().await.as_str(), world.troubles().await), ("", vec![]));
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f12_a_call_that_hangs_and_a_name_that_does_not_resolve_are_tried_again() {
    let mut world = World::without_desk(Setup::default(), |config| config.slack.sockets = 1);
    let faults = [Fault::Stall, Fault::Drop, Fault::Status(502), Fault::Status(200), Fault::RateLimited(7)];
    for fault in faults {
        world.slack.fault("apps.connections.open", fault, Times::Count(1));
    }
    world.open().await;
    world.pass(2 * MINUTE).await;
    assert_eq!((world.connected(), world.slack.calls("apps.connections.open")), (1, 6));
    world.close().await;
    let good = std::mem::replace(&mut world.config.slack.api_url, "http://nowhere.invalid/api/".to_owned());
    world.open().await;
    world.pass(MINUTE).await;
    assert!(world.red().await.contains("sockets: none is connected"), "{}", world.red().await);
    assert!(world.red().await.contains("no connection"), "{}", world.red().await);
    world.close().await;
    world.config.slack.api_url = good;
    world.open().await;
    world.pass(5).await;
    assert_eq!(world.connected(), 1);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f13_dead_tokens_are_states_that_people_see_and_one_transient_refusal_is_none() {
    let world = World::start().await;
    // One refusal that passes: the links look again in five minutes and nothing has died.
    world.slack.fault("apps.connections.open", Fault::Error("invalid_auth".into()), Times::Count(2));
    world.slack.cut_sockets(Which::All);
    world.pass(5 * MINUTE + 10).await;
    assert_eq!((world.connected(), world.troubles().await), (2, vec![]));
    for error in ["account_inactive", "token_revoked", "not_allowed_token_type"] {
        world.slack.fault("*", Fault::Error(error.into()), Times::UntilCleared);
        world.slack.cut_sockets(Which::All);
        world.desk().front().refresh.as_ref()();
        world.pass(10).await;
        let red = world.red().await;
        assert!(red.contains(&format!("({error}) since ")), "{red}");
        assert!(red.contains(&format!("slack: {error} since ")), "{red}");
        let told = world.troubles().await;
        let expected = |subject: &str| (Own::NotAllowed, subject.to_owned(), error.to_owned());
        assert_eq!(told, [expected("sockets"), expected("bot")]);
        assert_eq!(world.store().standing().await.unwrap().pending, 0, "the rest of the desk lives");
        world.slack.clear_faults();
        world.pass(6 * MINUTE).await;
        assert_eq!((world.red().await.as_str(), world.troubles().await), ("", vec![]));
    }
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_tcp_reset_is_mended_in_under_a_second() {
    let world = World::start().await;
    world.pass(MINUTE).await;
    world.slack.reset_sockets(Which::All);
    world.pass_ms(999).await;
    assert_eq!((world.connected(), world.slack.sockets()), (2, 2));
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_slept_recycles_its_sockets_even_idle_ones_and_asks_for_what_it_missed() {
    let mut stage = Stage::open(1, 8, vec![]).await;
    let mut old = stage.greeted().await;
    let line = stage.links.line();
    let far = tokio::spawn(async move {
        // An idle socket: nothing but pings, for ten minutes and then through the sleep.
        heard(&mut old).await
    });
    assert!(stage.no_socket_for(Duration::from_secs(600)).await);
    assert_eq!(line.borrow().gaps, 1, "the time before the first hello, and no other");
    stage.sleep(Duration::from_secs(8 * 3600));
    let before = stage.elapsed();
    live(stage.greeted().await);
    assert!(stage.elapsed() - before <= Duration::from_secs(2), "{:?}", stage.elapsed() - before);
    assert_eq!(far.await.unwrap().as_deref(), Some("close 1001"));
    until(|| stage.links.any_connected()).await;
    assert!(line.borrow().gaps > 1, "what was said meanwhile is to be read");
}

#[tokio::test(start_paused = true)]
async fn f07_the_ghosts_of_our_own_past_life_are_nobody_elses_and_nobody_is_told() {
    let mut world = World::start().await;
    world.slack.stall_sockets(Which::All);
    world.close().await;
    assert_eq!(world.slack.sockets(), 2, "Slack has not noticed that they are gone");
    world.open().await;
    assert_eq!(world.desk().front().links.tally().map(|tally| tally.excess()), Some(2));
    world.pass(3 * MINUTE).await;
    assert_eq!(world.desk().front().links.tally().map(|tally| tally.excess()), Some(0));
    assert_eq!(world.troubles().await, []);
    world.finish().await;
}
