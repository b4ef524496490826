//! Deliveries: events, acks, redelivery, mentions, being offline.

use serde_json::{Value, json};

use super::{Client, start, start_with};
use crate::simulator::{MentionOrder, OfflineEvents, Which};

#[tokio::test(start_paused = true)]
async fn a_post_becomes_an_event_and_the_ack_ends_it() {
    let sim = start();
    let mut client = Client::connect(&sim).await;
    let ts = sim.say("ada", "support", "hello").unwrap();
    let envelope = client.next().await;
    assert_eq!(envelope["type"], "events_api");
    assert_eq!(envelope["accepts_response_payload"], false);
    assert_eq!((&envelope["retry_attempt"], &envelope["retry_reason"]), (&json!(0), &json!("")));
    let payload = &envelope["payload"];
    assert_eq!(payload["type"], "event_callback");
    assert_eq!(payload["authorizations"][0]["user_id"], "U0DESKBOT01");
    let event = &payload["event"];
    assert_eq!(
        (&event["type"], &event["text"], &event["ts"]),
        (&json!("message"), &json!("hello"), &json!(ts))
    );
    assert_eq!(event["channel"], json!(sim.channel_id("support").unwrap()));
    assert_eq!(event["channel_type"], "channel");
    assert!(event["client_msg_id"].is_string() && event.get("bot_id").is_none());
    assert_eq!(sim.unacked(), 1);
    client.ack(&envelope).await;
    sim.until(|sim| sim.unacked() == 0).await;
    assert!(client.is_silent(600).await);
    assert_eq!(sim.complaints(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn an_unacked_event_comes_again_after_four_seconds_three_times_with_the_same_event_id() {
    let sim = start();
    let mut client = Client::connect(&sim).await;
    let started = sim.now_ms();
    sim.say("ada", "support", "hello").unwrap();
    let mut seen: Vec<(Value, Value, i64)> = Vec::new();
    let mut envelopes = Vec::new();
    for _ in 0..4 {
        let envelope = client.next().await;
        seen.push((
            envelope["retry_attempt"].clone(),
            envelope["retry_reason"].clone(),
            sim.now_ms() - started,
        ));
        envelopes.push(envelope);
    }
    let timeout = json!("timeout");
    let expected = [
        (json!(0), json!(""), 0),
        (json!(1), timeout.clone(), 4_000),
        (json!(2), timeout.clone(), 8_000),
        (json!(3), timeout, 12_000),
    ];
    assert_eq!(seen, expected);
    assert!(envelopes.iter().all(|one| one["payload"]["event_id"] == envelopes[0]["payload"]["event_id"]));
    assert_ne!(envelopes[0]["envelope_id"], envelopes[1]["envelope_id"]);
    assert!(client.is_silent(600).await);
    assert_eq!((sim.unacked(), sim.lost()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_late_ack_still_stops_the_retries() {
    let sim = start();
    let mut client = Client::connect(&sim).await;
    sim.say("ada", "support", "hello").unwrap();
    let first = client.next().await;
    assert_eq!(client.next().await["retry_attempt"], 1);
    client.ack(&first).await;
    assert!(client.is_silent(600).await);
    assert_eq!((sim.acks(), sim.lost()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn an_unacked_command_or_shortcut_never_comes_again() {
    let sim = start();
    let mut client = Client::connect(&sim).await;
    let command = sim.run_command("ada", "support", "/desk", "help").unwrap();
    assert_eq!(client.next().await["type"], "slash_commands");
    assert!(!sim.answer(command).await.acked);
    sim.shortcut("ada", "open_ticket").unwrap();
    assert_eq!(client.next().await["payload"]["type"], "shortcut");
    assert!(client.is_silent(600).await);
    assert_eq!(sim.lost(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_mention_arrives_twice_in_the_order_asked_for() {
    for (order, kinds) in [
        (MentionOrder::MessageFirst, ["message", "app_mention"]),
        (MentionOrder::MentionFirst, ["app_mention", "message"]),
    ] {
        let sim = start_with(|setup| setup.mention_order = order);
        let mut client = Client::connect(&sim).await;
        sim.say("ada", "support", "<@U0DESKBOT01> help").unwrap();
        let (first, second) = (client.next().await, client.next().await);
        let kind = |envelope: &Value| envelope["payload"]["event"]["type"].clone();
        assert_eq!([kind(&first), kind(&second)], kinds.map(|kind| json!(kind)));
        assert_eq!(first["payload"]["event"]["ts"], second["payload"]["event"]["ts"]);
        assert_ne!(first["payload"]["event_id"], second["payload"]["event_id"]);
    }
}

#[tokio::test(start_paused = true)]
async fn events_come_only_from_where_the_bot_is_and_what_it_may_read() {
    let sim = start_with(|setup| setup.app.scopes.retain(|scope| scope != "groups:history"));
    sim.add_channel(&crate::simulator::ChannelSetup::private("vault", &["ada"]));
    let mut client = Client::connect(&sim).await;
    sim.say("ada", "random", "the bot is not here, <@U0DESKBOT01>").unwrap();
    sim.say("ada", "vault", "the scope is missing").unwrap();
    sim.say("ada", "@ada", "a direct message").unwrap();
    let envelope = client.next().await;
    assert_eq!(envelope["payload"]["event"]["channel_type"], "im");
    assert!(client.is_silent(1).await);
}

#[tokio::test(start_paused = true)]
async fn edits_deletes_unfurls_files_and_reactions_have_slacks_shapes() {
    let sim = start();
    let mut client = Client::connect(&sim).await;
    let ts = sim.say("ada", "support", "one").unwrap();
    client.next().await;
    sim.edit("support", &ts, "two").unwrap();
    let event = client.next().await["payload"]["event"].clone();
    assert_eq!((&event["subtype"], &event["hidden"]), (&json!("message_changed"), &json!(true)));
    assert_eq!((&event["message"]["ts"], &event["message"]["text"]), (&json!(ts), &json!("two")));
    assert_eq!(event["previous_message"]["text"], "one");
    assert!(event["message"]["edited"].is_object() && event["ts"] != json!(ts));
    sim.unfurl("support", &ts).unwrap();
    let event = client.next().await["payload"]["event"].clone();
    assert_eq!(event["message"]["text"], event["previous_message"]["text"]);
    sim.share_file("ada", "support", "log.txt", "").unwrap();
    let event = client.next().await["payload"]["event"].clone();
    assert_eq!((&event["subtype"], &event["text"]), (&json!("file_share"), &json!("")));
    assert_eq!(event["files"][0]["name"], "log.txt");
    sim.react("grace", "support", &ts, "eyes").unwrap();
    let event = client.next().await["payload"]["event"].clone();
    assert_eq!((&event["type"], &event["item"]["ts"]), (&json!("reaction_added"), &json!(ts)));
    sim.delete("support", &ts).unwrap();
    let event = client.next().await["payload"]["event"].clone();
    assert_eq!((&event["subtype"], &event["deleted_ts"]), (&json!("message_deleted"), &json!(ts)));
}

#[tokio::test(start_paused = true)]
async fn an_event_raised_offline_comes_when_a_socket_connects_within_a_minute() {
    let sim = start();
    sim.say("ada", "support", "anybody there?").unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(30)).await;
    let mut client = Client::connect(&sim).await;
    let envelope = client.next().await;
    assert_eq!(envelope["retry_attempt"], 1, "the first sight is a retry");
    client.ack(&envelope).await;
    assert!(client.is_silent(600).await);
}

#[tokio::test(start_paused = true)]
async fn an_event_raised_offline_has_two_more_chances_and_then_is_lost() {
    let sim = start();
    let raised = sim.now_ms();
    sim.say("ada", "support", "anybody there?").unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(120)).await;
    let mut client = Client::connect(&sim).await;
    let envelope = client.next().await;
    assert_eq!((sim.now_ms() - raised, &envelope["retry_attempt"]), (300_000, &json!(3)));
    client.ack(&envelope).await;
    sim.until(|sim| sim.unacked() == 0).await;
    sim.cut_sockets(Which::All);
    sim.until(|sim| sim.sockets() == 0).await;
    sim.say("ada", "support", "gone").unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(600)).await;
    assert_eq!((sim.lost(), sim.unacked()), (1, 0));
    let mut client = Client::connect(&sim).await;
    assert!(client.is_silent(600).await);
    let sim = start_with(|setup| setup.offline_events = OfflineEvents::Lost);
    sim.say("ada", "support", "gone at once").unwrap();
    assert_eq!(sim.lost(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_bots_own_posts_raise_events_too() {
    let sim = start();
    let mut client = Client::connect(&sim).await;
    let support = sim.channel_id("support").unwrap();
    super::ok(&sim, "chat.postMessage", &[("channel", &support), ("text", "<@U0DESKBOT01> it is me")]).await;
    let event = client.next().await["payload"]["event"].clone();
    assert_eq!((&event["bot_id"], &event["app_id"]), (&json!("B0DESKBOT01"), &json!("A0DESKAPP01")));
    assert_eq!((&event["user"], event.get("subtype")), (&json!("U0DESKBOT01"), None));
    assert!(client.is_silent(1).await, "no app_mention of its own");
    sim.say_as_bot("pagerbot", "support", "disk full").unwrap();
    assert!(client.next().await["payload"]["event"]["bot_id"].is_string());
    sim.say_as_integration("jira", "support", "TICKET-1").unwrap();
    let event = client.next().await["payload"]["event"].clone();
    assert_eq!((&event["subtype"], event.get("user")), (&json!("bot_message"), None));
}
