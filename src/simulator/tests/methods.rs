//! What the Web API's methods answer.

use serde_json::{Value, json};

use super::{call, error, http, ok, start};

#[tokio::test(start_paused = true)]
async fn lists_come_in_pages_and_the_cursor_must_be_taken_as_it_is() {
    let sim = start();
    let mut names = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = ok(&sim, "conversations.list", &[("limit", "3"), ("cursor", &cursor)]).await;
        names.extend(
            page["channels"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()),
        );
        cursor = page["response_metadata"]["next_cursor"].as_str().unwrap().to_owned();
        if cursor.is_empty() {
            break;
        }
        assert!(cursor.ends_with('='));
    }
    assert_eq!(names, ["general", "support", "sales", "random"]);
    assert_eq!(error(&sim, "conversations.list", &[("cursor", "nonsense")]).await, "invalid_cursor");
    let mine = ok(&sim, "users.conversations", &[]).await;
    assert_eq!(mine["channels"].as_array().unwrap().len(), 3, "the bot is not in #random");
}

#[tokio::test(start_paused = true)]
async fn history_is_newest_first_in_a_window_and_shows_parents_only() {
    let sim = start();
    let support = sim.channel_id("support").unwrap();
    let ts: Vec<String> = (0..5).map(|n| sim.say("ada", "support", &format!("{n}")).unwrap()).collect();
    sim.say_in_thread("grace", "support", &ts[1], "a reply").unwrap();
    sim.broadcast("grace", "support", &ts[1], "for all").unwrap();
    sim.delete("support", &ts[4]).unwrap();
    let texts = async |fields: &[(&str, &str)]| {
        let fields: Vec<(&str, &str)> =
            [("channel", support.as_str())].iter().chain(fields).copied().collect();
        let page = ok(&sim, "conversations.history", &fields).await;
        let texts =
            page["messages"].as_array().unwrap().iter().map(|one| one["text"].as_str().unwrap().to_owned());
        (texts.collect::<Vec<String>>(), page)
    };
    assert_eq!(texts(&[]).await.0, ["for all", "3", "2", "1", "0"]);
    assert_eq!(texts(&[("oldest", &ts[1]), ("latest", &ts[3])]).await.0, ["2"]);
    assert_eq!(
        texts(&[("oldest", &ts[1]), ("latest", &ts[3]), ("inclusive", "true")]).await.0,
        ["3", "2", "1"]
    );
    let (first, page) = texts(&[("limit", "2")]).await;
    assert_eq!((first, &page["has_more"]), (vec!["for all".to_owned(), "3".to_owned()], &json!(true)));
    sim.say("ada", "support", "new in between").unwrap();
    let cursor = page["response_metadata"]["next_cursor"].as_str().unwrap();
    assert_eq!(texts(&[("limit", "2"), ("cursor", cursor)]).await.0, ["2", "1"]);
    let parent =
        texts(&[("oldest", &ts[1]), ("latest", &ts[1]), ("inclusive", "1")]).await.1["messages"][0].clone();
    assert_eq!((&parent["reply_count"], &parent["thread_ts"]), (&json!(2), &json!(ts[1])));
    assert_eq!(
        error(&sim, "conversations.history", &[("channel", &support), ("oldest", "x")]).await,
        "invalid_ts_oldest"
    );
}

#[tokio::test(start_paused = true)]
async fn every_page_of_a_thread_begins_with_the_parent() {
    let sim = start();
    let support = sim.channel_id("support").unwrap();
    let parent = sim.say("ada", "support", "parent").unwrap();
    let replies: Vec<String> =
        (0..3).map(|n| sim.say_in_thread("grace", "support", &parent, &format!("{n}")).unwrap()).collect();
    let mut cursor = String::new();
    let mut pages: Vec<Vec<Value>> = Vec::new();
    loop {
        // Any message of the thread may be named.
        let fields = [
            ("channel", support.as_str()),
            ("ts", replies[1].as_str()),
            ("limit", "3"),
            ("cursor", cursor.as_str()),
        ];
        let page = ok(&sim, "conversations.replies", &fields).await;
        pages.push(page["messages"].as_array().unwrap().iter().map(|one| one["text"].clone()).collect());
        match page["response_metadata"]["next_cursor"].as_str() {
            Some(next) if !next.is_empty() => cursor = next.to_owned(),
            _ => break,
        }
    }
    assert_eq!(pages, [vec![json!("parent"), json!("0"), json!("1")], vec![json!("parent"), json!("2")]]);
    assert_eq!(
        error(&sim, "conversations.replies", &[("channel", &support), ("ts", "1.000000")]).await,
        "thread_not_found"
    );
    sim.delete("support", &parent).unwrap();
    let left = ok(&sim, "conversations.replies", &[("channel", &support), ("ts", &parent)]).await;
    assert_eq!(left["messages"][0]["subtype"], "tombstone");
}

#[tokio::test(start_paused = true)]
async fn metadata_is_kept_and_shown_in_full_only_on_request() {
    let sim = start();
    let support = sim.channel_id("support").unwrap();
    let metadata = r#"{"event_type":"desk_send","event_payload":{"key":"k1"}}"#;
    ok(&sim, "chat.postMessage", &[("channel", &support), ("text", "x"), ("metadata", metadata)]).await;
    let plain = ok(&sim, "conversations.history", &[("channel", &support)]).await;
    assert_eq!(plain["messages"][0]["metadata"], json!({"event_type": "desk_send"}));
    let fields = [("channel", support.as_str()), ("include_all_metadata", "true")];
    let full = ok(&sim, "conversations.history", &fields).await;
    assert_eq!(full["messages"][0]["metadata"]["event_payload"]["key"], "k1");
    let dotted = r#"{"event_type":"desk.send","event_payload":{}}"#;
    let fields = [("channel", support.as_str()), ("text", "x"), ("metadata", dotted)];
    assert_eq!(error(&sim, "chat.postMessage", &fields).await, "invalid_metadata_format");
}

#[tokio::test(start_paused = true)]
async fn a_json_body_is_read_where_slack_reads_it_and_ignored_elsewhere() {
    let sim = start();
    let (support, ada) = (sim.channel_id("support").unwrap(), sim.user_id("ada").unwrap());
    let headers = format!(
        "authorization: Bearer {}\r\ncontent-type: application/json; charset=utf-8\r\n",
        sim.bot_token()
    );
    let body =
        json!({"channel": support, "blocks": [{"type": "divider"}], "team_id": "T0ACME00001"}).to_string();
    let posted = http(&sim, "POST /api/chat.postMessage", &headers, &body).await.unwrap().body;
    assert_eq!(posted["message"]["blocks"][0]["type"], "divider");
    assert!(posted["message"]["blocks"][0]["block_id"].is_string(), "missing ids are filled in");
    let ignored =
        http(&sim, "POST /api/users.info", &headers, &json!({"user": ada}).to_string()).await.unwrap();
    assert_eq!(ignored.body["error"], "user_not_found");
}

#[tokio::test(start_paused = true)]
async fn posting_updating_and_deleting_tell_where_and_what() {
    let sim = start();
    let support = sim.channel_id("support").unwrap();
    let parent = sim.say("ada", "support", "question").unwrap();
    let fields = [("channel", support.as_str()), ("text", "answer"), ("thread_ts", parent.as_str())];
    let posted = ok(&sim, "chat.postMessage", &fields).await;
    assert_eq!((&posted["channel"], &posted["message"]["thread_ts"]), (&json!(support), &json!(parent)));
    assert_eq!(posted["message"]["parent_user_id"], json!(sim.user_id("ada").unwrap()));
    let ts = posted["ts"].as_str().unwrap();
    let link = ok(&sim, "chat.getPermalink", &[("channel", &support), ("message_ts", ts)]).await;
    let expected = format!(
        "https://acme.slack.com/archives/{support}/p{}?thread_ts={parent}&cid={support}",
        ts.replace('.', "")
    );
    assert_eq!(link["permalink"], json!(expected));
    ok(&sim, "chat.update", &[("channel", &support), ("ts", ts), ("text", "better")]).await;
    let kept = sim.thread("support", &parent).unwrap();
    assert!(kept[1].text == "better" && kept[1].edited.is_some());
    ok(&sim, "chat.delete", &[("channel", &support), ("ts", ts)]).await;
    assert_eq!(error(&sim, "chat.delete", &[("channel", &support), ("ts", ts)]).await, "message_not_found");
    let orphan = [("channel", support.as_str()), ("text", "x"), ("thread_ts", "1.000000")];
    assert_eq!(error(&sim, "chat.postMessage", &orphan).await, "thread_not_found");
    let ada = sim.user_id("ada").unwrap();
    let direct = ok(&sim, "chat.postMessage", &[("channel", &ada), ("text", "hi")]).await;
    assert!(direct["channel"].as_str().unwrap().starts_with('D'));
    ok(&sim, "chat.postEphemeral", &[("channel", &support), ("user", &ada), ("text", "psst")]).await;
    assert_eq!(sim.ephemerals()[0].text, "psst");
}

#[tokio::test(start_paused = true)]
async fn small_methods_answer() {
    let sim = start();
    let support = sim.channel_id("support").unwrap();
    let ts = sim.say("ada", "support", "x").unwrap();
    let item = [("channel", support.as_str()), ("timestamp", ts.as_str()), ("name", "eyes")];
    ok(&sim, "reactions.add", &item).await;
    assert_eq!(error(&sim, "reactions.add", &item).await, "already_reacted");
    let read = ok(&sim, "reactions.get", &item[..2]).await;
    assert_eq!(read["message"]["reactions"][0]["count"], 1);
    assert_eq!(ok(&sim, "bots.info", &[("bot", "B0DESKBOT01")]).await["bot"]["user_id"], "U0DESKBOT01");
    assert_eq!(ok(&sim, "team.info", &[]).await["team"]["domain"], "acme");
    let groups = ok(&sim, "usergroups.list", &[("include_users", "true")]).await;
    assert_eq!(groups["usergroups"][0]["handle"], "support-team");
    let group = groups["usergroups"][0]["id"].as_str().unwrap().to_owned();
    let staff = ok(&sim, "usergroups.users.list", &[("usergroup", &group)]).await;
    assert_eq!(
        (&staff["users"], staff["users"].as_array().unwrap().len()),
        (&groups["usergroups"][0]["users"], 2)
    );
    assert_eq!(error(&sim, "usergroups.users.list", &[("usergroup", "S0")]).await, "no_such_subteam");
    sim.disable_group("support-team").unwrap();
    assert_eq!(ok(&sim, "usergroups.list", &[]).await["usergroups"], json!([]));
    assert_eq!(error(&sim, "conversations.join", &[("channel", &support)]).await, "missing_scope");
    sim.change_setup(|setup| setup.app.scopes.push("channels:join".to_owned()));
    let random = sim.channel_id("random").unwrap();
    let joined = call(&sim, "conversations.join", &[("channel", &random)]).await.body;
    assert_eq!((&joined["ok"], &joined["channel"]["is_member"]), (&json!(true), &json!(true)));
    let again = call(&sim, "conversations.join", &[("channel", &random)]).await.body;
    assert_eq!(again["warning"], "already_in_channel");
    let members = ok(&sim, "conversations.members", &[("channel", &random), ("limit", "2")]).await;
    assert_eq!(members["members"].as_array().unwrap().len(), 2);
    let users = format!("{},{}", sim.user_id("ada").unwrap(), sim.user_id("omar").unwrap());
    assert_eq!(error(&sim, "conversations.open", &[("users", &users)]).await, "missing_scope");
    assert_eq!(error(&sim, "conversations.open", &[("users", "U0NOBODY")]).await, "user_not_found");
}
