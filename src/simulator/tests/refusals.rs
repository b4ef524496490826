//! What the Web API refuses: tokens, scopes, membership, limits, faults.

use serde_json::{Value, json};

use super::{call, call_as, error, http, ok, start, start_with};
use crate::simulator::{Fault, HistoryProfile, Times};

#[tokio::test(start_paused = true)]
async fn tokens_are_told_apart() {
    let sim = start();
    let (app, bot) = (sim.app_token(), sim.bot_token());
    for (token, method, error) in [
        ("xoxb-wrong", "auth.test", "invalid_auth"),
        (app.as_str(), "chat.postMessage", "not_allowed_token_type"),
        (bot.as_str(), "apps.connections.open", "not_allowed_token_type"),
        (bot.as_str(), "chat.explode", "unknown_method"),
    ] {
        let reply = call_as(&sim, token, method, &[]).await.unwrap();
        assert_eq!((reply.status, &reply.body["error"]), (200, &json!(error)), "{method}");
    }
    let reply = http(&sim, "POST /auth.test", "", "").await.unwrap();
    assert_eq!(reply.body["error"], "not_authed");
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    let reply = http(&sim, "POST /auth.test", form, &format!("token={bot}")).await.unwrap();
    assert_eq!(reply.body["user_id"], "U0DESKBOT01", "the token may stand in the form");
    let reply = http(&sim, "POST /api/apps.connections.open", form, &format!("token={app}")).await.unwrap();
    assert_eq!(reply.body["error"], "not_authed", "but not there");
    let reply =
        http(&sim, &format!("GET /api/users.info?token={bot}&user=U0DESKBOT01"), "", "").await.unwrap();
    assert_eq!(reply.body["ok"], true, "GET works too");
}

#[tokio::test(start_paused = true)]
async fn a_missing_scope_is_named_and_the_granted_ones_are_in_a_header() {
    let sim =
        start_with(|setup| setup.app.scopes = vec!["chat:write".to_owned(), "channels:read".to_owned()]);
    let support = sim.channel_id("support").unwrap();
    let reply = call(&sim, "conversations.history", &[("channel", &support)]).await;
    let expected = json!({"ok": false, "error": "missing_scope", "needed": "channels:history", "provided": "chat:write,channels:read"});
    assert_eq!(reply.body, expected);
    assert!(reply.head.contains("x-oauth-scopes: chat:write,channels:read"));
    assert_eq!(error(&sim, "users.info", &[("user", "U0DESKBOT01")]).await, "missing_scope");
    let types = [("types", "public_channel,im")];
    assert_eq!(error(&sim, "conversations.list", &types).await, "missing_scope", "one type spoils the call");
    ok(&sim, "conversations.list", &[]).await;
}

#[tokio::test(start_paused = true)]
async fn addresses_need_the_email_scope_and_strangers_show_none() {
    let sim = start();
    let ada = sim.user_id("ada").unwrap();
    let user = ok(&sim, "users.info", &[("user", &ada)]).await;
    assert_eq!(user["user"]["profile"]["email"], "ada@globex.example");
    let sven = ok(&sim, "users.info", &[("user", &sim.user_id("sven").unwrap())]).await;
    assert_eq!(
        (&sven["user"]["is_stranger"], &sven["user"]["profile"]["email"]),
        (&json!(true), &Value::Null)
    );
    sim.change_setup(|setup| setup.app.scopes.retain(|scope| scope != "users:read.email"));
    let user = ok(&sim, "users.info", &[("user", &ada)]).await;
    assert_eq!(user["user"]["profile"]["email"], Value::Null);
    assert_eq!(error(&sim, "users.lookupByEmail", &[("email", "ada@globex.example")]).await, "missing_scope");
}

#[tokio::test(start_paused = true)]
async fn places_the_bot_cannot_reach_are_refused_by_name() {
    let sim = start();
    sim.add_channel(&crate::simulator::ChannelSetup::private("vault", &["ada"]).without_bot());
    let [random, vault, support] = ["random", "vault", "support"].map(|name| sim.channel_id(name).unwrap());
    sim.archive_channel("sales").unwrap();
    let sales = sim.channel_id("sales").unwrap();
    for (channel, post, read) in [
        (random.as_str(), "not_in_channel", "not_in_channel"),
        (vault.as_str(), "channel_not_found", "channel_not_found"),
        ("C0NOWHERE", "channel_not_found", "channel_not_found"),
    ] {
        assert_eq!(error(&sim, "chat.postMessage", &[("channel", channel), ("text", "x")]).await, post);
        assert_eq!(error(&sim, "conversations.history", &[("channel", channel)]).await, read);
    }
    assert_eq!(error(&sim, "chat.postMessage", &[("channel", &sales), ("text", "x")]).await, "is_archived");
    assert_eq!(error(&sim, "chat.postMessage", &[("channel", &support)]).await, "no_text");
    let ts = sim.say("ada", "support", "mine").unwrap();
    let fields = [("channel", support.as_str()), ("ts", ts.as_str()), ("text", "yours")];
    assert_eq!(error(&sim, "chat.update", &fields).await, "cant_update_message");
    assert_eq!(error(&sim, "chat.delete", &fields).await, "cant_delete_message");
}

#[tokio::test(start_paused = true)]
async fn blocks_are_refused_in_slacks_words() {
    let sim = start();
    let support = sim.channel_id("support").unwrap();
    let long = json!([{"type": "section", "text": {"type": "mrkdwn", "text": "x".repeat(3001)}}]).to_string();
    let many = json!(vec![json!({"type": "divider"}); 51]).to_string();
    let odd = json!([{"type": "divider"}, {"type": "banana"}]).to_string();
    let empty = json!([{"type": "header", "text": {"type": "plain_text", "text": ""}}]).to_string();
    for (blocks, message) in [
        (long, "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]"),
        (many, "[ERROR] no more than 50 items allowed [json-pointer:/blocks]"),
        (odd, "[ERROR] unsupported type: banana [json-pointer:/blocks/1/type]"),
        (empty, "[ERROR] must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
    ] {
        let reply = call(&sim, "chat.postMessage", &[("channel", &support), ("blocks", &blocks)]).await.body;
        let expected =
            json!({"ok": false, "error": "invalid_blocks", "response_metadata": {"messages": [message]}});
        assert_eq!(reply, expected);
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    }
    let fields = [("channel", support.as_str()), ("blocks", "[{")];
    assert_eq!(error(&sim, "chat.postMessage", &fields).await, "invalid_blocks_format");
}

#[tokio::test(start_paused = true)]
async fn texts_are_cut_on_posting_and_refused_on_updating() {
    let sim = start();
    let support = sim.channel_id("support").unwrap();
    let reply = ok(&sim, "chat.postMessage", &[("channel", &support), ("text", &"é".repeat(40_001))]).await;
    assert_eq!(reply["warning"], "message_truncated");
    assert_eq!(reply["message"]["text"].as_str().unwrap().chars().count(), 40_000);
    let ts = reply["ts"].as_str().unwrap();
    let update = |text: String| {
        [("channel".to_owned(), support.clone()), ("ts".to_owned(), ts.to_owned()), ("text".to_owned(), text)]
    };
    for (length, outcome) in [(4_000, Value::Null), (4_001, json!("msg_too_long"))] {
        let fields = update("x".repeat(length));
        let fields: Vec<(&str, &str)> = fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(call(&sim, "chat.update", &fields).await.body["error"], outcome);
    }
}

#[tokio::test(start_paused = true)]
async fn a_channel_takes_about_one_message_a_second_and_others_do_not_wait() {
    let sim = start();
    let [support, sales] = ["support", "sales"].map(|name| sim.channel_id(name).unwrap());
    let post =
        async |channel: &str| call(&sim, "chat.postMessage", &[("channel", channel), ("text", "x")]).await;
    for _ in 0..4 {
        assert_eq!(post(&support).await.status, 200);
    }
    let refused = post(&support).await;
    assert_eq!((refused.status, &refused.body["error"]), (429, &json!("ratelimited")));
    assert!(refused.head.contains("retry-after: 1"), "{}", refused.head);
    assert_eq!(post(&sales).await.status, 200);
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert_eq!(post(&support).await.status, 200);
    sim.change_setup(|setup| setup.post_limit = false);
    for _ in 0..10 {
        assert_eq!(post(&support).await.status, 200);
    }
    assert_eq!(sim.posts("support").unwrap().len(), 15);
}

#[tokio::test(start_paused = true)]
async fn a_method_over_its_tier_waits_while_others_go_on() {
    let sim = start();
    for _ in 0..20 {
        ok(&sim, "users.list", &[]).await;
    }
    let refused = call(&sim, "users.list", &[]).await;
    assert_eq!(refused.status, 429);
    assert!(refused.head.contains("retry-after: 60"), "{}", refused.head);
    ok(&sim, "auth.test", &[]).await;
    assert_eq!(sim.calls("users.list"), 21);
    tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    ok(&sim, "users.list", &[]).await;
}

#[tokio::test(start_paused = true)]
async fn the_distributed_profile_gives_fifteen_messages_once_a_minute() {
    let sim = start_with(|setup| setup.history = HistoryProfile::Distributed);
    let support = sim.channel_id("support").unwrap();
    for n in 0..20 {
        sim.say("ada", "support", &format!("{n}")).unwrap();
    }
    let page = ok(&sim, "conversations.history", &[("channel", &support), ("limit", "200")]).await;
    assert_eq!((page["messages"].as_array().unwrap().len(), &page["has_more"]), (15, &json!(true)));
    let refused = call(&sim, "conversations.history", &[("channel", &support)]).await;
    assert!(refused.status == 429 && refused.head.contains("retry-after: 60"));
}

#[tokio::test(start_paused = true)]
async fn each_injected_fault_does_what_it_says() {
    let sim = start();
    let support = sim.channel_id("support").unwrap();
    let token = sim.bot_token();
    let fields = [("channel", support.as_str()), ("text", "x")];
    let once = |fault| sim.fault("chat.postMessage", fault, Times::Count(1));
    let post = async || call_as(&sim, &token, "chat.postMessage", &fields).await;
    let posted = || sim.posts("support").unwrap().len();

    once(Fault::Drop);
    assert!(post().await.is_none() && posted() == 0);
    once(Fault::AcceptThenCut);
    assert!(post().await.is_none());
    assert_eq!(posted(), 1, "the work was done");
    once(Fault::Status(502));
    let reply = post().await.unwrap();
    assert!(reply.status == 502 && reply.head.contains("text/html") && posted() == 1);
    once(Fault::RateLimited(30));
    assert!(post().await.unwrap().head.contains("retry-after: 30"));
    once(Fault::Error("fatal_error".to_owned()));
    assert_eq!(post().await.unwrap().body["error"], "fatal_error");
    once(Fault::Slow(5_000));
    let before = sim.now_ms();
    assert_eq!(post().await.unwrap().body["ok"], true);
    assert_eq!(sim.now_ms() - before, 5_000);
    for (fault, done) in [(Fault::Stall, 2), (Fault::AcceptThenStall, 3)] {
        once(fault);
        let wait = tokio::time::timeout(std::time::Duration::from_secs(600), post());
        assert!(wait.await.is_err() && posted() == done);
    }
    assert_eq!(post().await.unwrap().body["ok"], true, "then all is well again");
    let outcomes: Vec<String> =
        sim.call_records("chat.postMessage").into_iter().map(|one| one.outcome).collect();
    let expected = ["dropped", "ok", "http_error", "ratelimited", "fatal_error", "ok", "stalled", "ok", "ok"];
    assert_eq!(outcomes, expected);
}

#[tokio::test(start_paused = true)]
async fn a_fault_may_be_for_one_channel_and_last_until_cleared() {
    let sim = start();
    let [support, sales] = ["support", "sales"].map(|name| sim.channel_id(name).unwrap());
    sim.fault_in(
        "chat.postMessage",
        "support",
        Fault::Error("internal_error".to_owned()),
        Times::UntilCleared,
    )
    .unwrap();
    for _ in 0..3 {
        assert_eq!(
            error(&sim, "chat.postMessage", &[("channel", &support), ("text", "x")]).await,
            "internal_error"
        );
    }
    ok(&sim, "chat.postMessage", &[("channel", &sales), ("text", "x")]).await;
    sim.clear_faults();
    ok(&sim, "chat.postMessage", &[("channel", &support), ("text", "x")]).await;
}

#[tokio::test(start_paused = true)]
async fn other_machines_cannot_reach_it() {
    let refused =
        crate::simulator::Simulator::start("0.0.0.0:0".parse().unwrap(), crate::simulator::Setup::default());
    assert!(refused.unwrap_err().to_string().contains("loopback"));
}
