//! The local API: the documents that programs rely on, and every way in which it says no.

use deskd::simulator::{Fault, Times};
use deskd::web::errors::Code;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::api_door::{Door, pretty};
use crate::world::World;

/// A desk with one task of ada's, and its door.
pub async fn with_a_task() -> (World, Door) {
    let world = World::start().await;
    world.slack.say("ada", "support", "how do I export my data? <#C0000000|x>").unwrap();
    world.pass(40).await;
    let door = Door::open(world.desk().front());
    (world, door)
}

pub async fn finish(world: World, door: Door) {
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn the_document_of_a_task_holds_what_programs_rely_on() {
    let (world, door) = with_a_task().await;
    let (status, list) = door.get("/v1/tasks").await;
    assert_eq!(status, 200);
    assert_snapshot!(pretty(&list), @r#"
    [
      {
        "assignee": null,
        "assignee_name": null,
        "category": "question",
        "category_by": "rules",
        "channel": {
          "id": "C09OPJ3RUJD",
          "name": "support"
        },
        "confidence": 0.5,
        "contact": {
          "email": "ada@globex.example",
          "id": 1,
          "name": "ada",
          "slack_user_id": "U03IHKWABMF"
        },
        "created_at": "TIME",
        "id": 1,
        "message_count": 1,
        "not_a_request": false,
        "priority": "normal",
        "recovered": false,
        "snoozed_until": null,
        "status": "open",
        "thread_ts": "TS",
        "updated_at": "TIME"
      }
    ]
    "#);
    let (_, page) = door.get("/v1/tasks/1").await;
    assert_snapshot!(pretty(&page["conversation"]), @r#"
    [
      {
        "author": "ada",
        "deleted": false,
        "edited": false,
        "files": [],
        "from": "contact",
        "plain": "how do I export my data? #x",
        "text": "how do I export my data? <#C0000000|x>",
        "ts": "TS"
      }
    ]
    "#);
    assert_snapshot!(pretty(&page["verdict"]), @r#"
    {
      "abstained": false,
      "by": "rules",
      "category": "question",
      "confidence": 0.5,
      "evidence": [
        {
          "category": "question",
          "kind": "phrase",
          "phrase": "how do i"
        }
      ],
      "priority": "normal",
      "reasons": [
        "the phrase \"how do i\" speaks for question"
      ],
      "runners_up": []
    }
    "#);
    assert_snapshot!(pretty(&page["history"]), @r#"
    [
      {
        "at": "TIME",
        "sentence": "opened from bundle 1",
        "what": "opened",
        "who": "deskd"
      }
    ]
    "#);
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn the_document_of_the_status_holds_what_programs_rely_on() {
    let (world, door) = with_a_task().await;
    let (_, mut status) = door.get("/v1/status").await;
    for (key, word) in [("config_hash", "HASH"), ("version", "VERSION")] {
        assert!(status[key].as_str().is_some_and(|text| !text.is_empty()));
        status[key] = json!(word);
    }
    status["uptime_s"] = json!(0);
    for key in ["bytes", "log_bytes"] {
        assert!(status["database"][key].as_u64().is_some_and(|bytes| bytes > 0));
        status["database"][key] = json!(0);
    }
    assert_snapshot!(pretty(&status), @r#"
    {
      "bundles_open": 0,
      "bundles_sealed": 0,
      "config_hash": "HASH",
      "database": {
        "bytes": 0,
        "log_bytes": 0
      },
      "destinations_broken": [],
      "failing": [],
      "journal": {
        "oldest_pending_s": null,
        "pending": 0,
        "recorded": 1
      },
      "last_backup_at": null,
      "last_event_at": "TIME",
      "learner": {
        "corrupt": 0,
        "examples": {},
        "learn": "on",
        "ready": true
      },
      "notices": {
        "failed": 0,
        "held": 0,
        "waiting": 0
      },
      "now": "TIME",
      "outbox": {
        "dead": 0,
        "failed": 0,
        "oldest_s": null,
        "sending": 0,
        "unknown": 0,
        "waiting": 0
      },
      "recovery": {
        "channels": 0,
        "channels_left": 0,
        "failed": [],
        "finished_at": null,
        "found": 0,
        "messages_read": 0,
        "minutes_withheld": 0,
        "running": false
      },
      "secrets": {
        "locked": 0,
        "sealed": 0,
        "state": "none"
      },
      "sockets": [
        {
          "connections_seen": COUNT,
          "since": "TIME",
          "state": "connected"
        },
        {
          "connections_seen": COUNT,
          "since": "TIME",
          "state": "connected"
        }
      ],
      "stuck": [],
      "tasks": {
        "open": 1
      },
      "trouble": null,
      "uptime_s": 0,
      "version": "VERSION",
      "workers": 33,
      "workspace": {
        "id": "T0ACME00001",
        "name": "Acme"
      },
      "workspaces": [
        {
          "id": "T0ACME00001",
          "name": "Acme",
          "state": "active"
        }
      ],
      "wrong": []
    }
    "#);
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_is_waited_for_comes_back_with_its_link() {
    let (world, door) = with_a_task().await;
    let (status, replied) =
        door.post("/v1/tasks/1/reply", json!({ "text": "Under Settings", "wait": true })).await;
    assert_eq!(status, 200);
    assert_snapshot!(pretty(&replied), @r#"
    {
      "channel": "C09OPJ3RUJD",
      "ok": true,
      "permalink": "https://acme.slack.com/archives/C09OPJ3RUJD/pTS?thread_ts=TS&cid=C09OPJ3RUJD",
      "reason": null,
      "retryable": false,
      "sends": [
        {
          "id": 1,
          "state": "sent",
          "ts": "TS"
        }
      ],
      "sentence": null,
      "state": "sent",
      "task": 1,
      "thread_ts": "TS"
    }
    "#);
    let (_, queue) = door.get("/v1/queue").await;
    assert_eq!(queue, json!([]), "what is sent is not in the way");
    let (_, queue) = door.get("/v1/queue?state=all").await;
    assert_snapshot!(pretty(&queue), @r##"
    [
      {
        "attempts": 1,
        "channel": {
          "id": "C09OPJ3RUJD",
          "name": "support"
        },
        "created_at": "TIME",
        "destination": "#support",
        "id": 1,
        "kind": "reply",
        "next_at": null,
        "reason": null,
        "sentence": null,
        "state": "sent",
        "task": 1,
        "thread_ts": "TS",
        "ts": "TS"
      }
    ]
    "##);
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_slack_refuses_comes_back_with_the_reason_and_can_be_rescued() {
    let (world, door) = with_a_task().await;
    world.slack.fault("chat.postMessage", Fault::Error("thread_not_found".into()), Times::Count(1));
    let (status, replied) = door.post("/v1/tasks/1/reply", json!({ "text": "Hello", "wait": true })).await;
    assert_eq!((status, &replied["ok"], &replied["state"]), (200, &json!(false), &json!("failed")));
    assert_eq!(replied["reason"], "thread_not_found");
    assert_eq!(replied["sentence"], "there is no such thread");
    let (status, rescued) = door.post("/v1/queue/1/retry", json!({})).await;
    assert_eq!((status, &rescued["state"]), (200, &json!("waiting")));
    world.pass(5).await;
    let (status, refusal) = door.post("/v1/queue/1/drop", json!({})).await;
    assert_eq!((status, &refusal["code"]), (409, &json!("wrong_state")));
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn somebody_who_waits_is_let_go_when_the_daemon_stops() {
    let (world, door) = with_a_task().await;
    world.slack.fault("chat.postMessage", Fault::Error("fatal_error".into()), Times::UntilCleared);
    let asking = door.post("/v1/tasks/1/reply", json!({ "text": "Hello", "wait": true }));
    let stopping = async {
        world.pass(3).await;
        door.stop();
    };
    let ((status, replied), ()) = tokio::join!(asking, stopping);
    assert_eq!((status, &replied["ok"], &replied["state"]), (200, &json!(true), &json!("waiting")));
    world.slack.clear_faults();
    world.pass(60).await;
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn tasks_are_handled_and_every_answer_is_the_task_as_it_is_then() {
    let (world, door) = with_a_task().await;
    let tess = world.slack.user_id("tess").unwrap();
    for (verb, body, key, value) in [
        ("assign", json!({ "to": "@tess" }), "assignee", json!(tess)),
        ("assign", json!({ "to": "none" }), "assignee", Value::Null),
        ("label", json!({ "category": "BUG" }), "category", json!("bug")),
        ("priority", json!({ "priority": "urgent" }), "priority", json!("urgent")),
        ("snooze", json!({ "until": "2h", "zone": "Europe/Berlin" }), "status", json!("snoozed")),
        ("close", json!({}), "status", json!("done")),
        ("reopen", json!({}), "status", json!("open")),
    ] {
        let (status, task) = door.post(&format!("/v1/tasks/1/{verb}"), body).await;
        assert_eq!((status, &task[key], &task["remark"]), (200, &value, &Value::Null), "{verb}: {task}");
    }
    let (_, page) = door.get("/v1/tasks/1").await;
    let who: Vec<&Value> =
        page["history"].as_array().unwrap().iter().skip(1).map(|entry| &entry["who"]).collect();
    assert!(who.iter().all(|who| who.as_str().is_some_and(|who| who.starts_with("user:"))), "{who:?}");
    let (_, task) = door.post("/v1/tasks/1/assign", json!({ "to": "@grace" })).await;
    assert!(task["remark"].as_str().is_some_and(|remark| remark.contains("not on the team")), "{task}");
    for (query, found) in
        [("status=done", 0), ("status=open,waiting", 1), ("category=bug", 1), ("channel=%23sales", 0)]
    {
        let (_, list) = door.get(&format!("/v1/tasks?{query}")).await;
        assert_eq!(list.as_array().unwrap().len(), found, "{query}");
    }
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn every_refusal_has_its_code_and_ends_with_a_next_step() {
    let (world, door) = with_a_task().await;
    let posts = [
        ("/v1/tasks/9/close", json!({}), "no_such_task"),
        ("/v1/tasks/9/reply", json!({ "text": "x" }), "no_such_task"),
        ("/v1/tasks/1/reply", json!({ "text": "  " }), "bad_request"),
        ("/v1/tasks/1/reply", json!({ "text": "word ".repeat(40_000) }), "bad_request"),
        ("/v1/tasks/1/reply", json!({ "text": "x".repeat(600_000) }), "too_large"),
        ("/v1/tasks/1/reply", json!({ "txt": "x" }), "bad_request"),
        ("/v1/tasks/1/label", json!({ "category": "biling" }), "no_such_category"),
        ("/v1/tasks/1/priority", json!({ "priority": "soon" }), "bad_request"),
        ("/v1/tasks/1/snooze", json!({ "until": "whenever" }), "bad_request"),
        ("/v1/tasks/1/assign", json!({ "to": "@nobody.at.all" }), "no_such_person"),
        ("/v1/tasks/one/close", json!({}), "bad_request"),
        ("/v1/team/add", json!({ "person": "U0NOBODY" }), "no_such_person"),
        ("/v1/team/add", json!({ "person": "nobody@acme.example" }), "no_such_person"),
        ("/v1/channels/monitor", json!({ "channel": "#suport" }), "no_such_channel"),
        ("/v1/channels/monitor", json!({ "channel": "" }), "bad_request"),
        ("/v1/contacts/99/erase", json!({}), "no_such_contact"),
        ("/v1/contacts/import", json!({ "lines": [{ "name": "x", "email": "x" }] }), "bad_request"),
        ("/v1/queue/7/retry", json!({}), "no_such_send"),
        ("/v1/replay", json!({ "reasons": ["opened_bundle"] }), "bad_request"),
        ("/v1/replay", json!({ "since": "soon" }), "bad_request"),
        ("/v1/status", json!({}), "bad_method"),
    ];
    let mut refusals = Vec::new();
    for (path, body, code) in posts {
        refusals.push((path.to_owned(), code, door.post(path, body).await));
    }
    for (path, code) in [
        ("/v1/tasks/9", "no_such_task"),
        ("/v1/tasks?status=late", "bad_request"),
        ("/v1/tasks?sort=name", "bad_request"),
        ("/v1/tasks?channel=sales2", "no_such_channel"),
        ("/v1/queue?state=lost", "bad_request"),
        ("/v1/why?ref=nonsense", "bad_request"),
        ("/v1/why?ref=task%2099", "nothing_known"),
        ("/v1/contacts/99", "no_such_contact"),
        ("/v2/tasks", "no_such_route"),
    ] {
        refusals.push((path.to_owned(), code, door.get(path).await));
    }
    for (path, code, (status, refusal)) in refusals {
        assert_eq!(refusal["code"], code, "{path}: {refusal}");
        let row = Code::ALL.iter().map(|code| code.row()).find(|row| row.word == code).unwrap();
        assert_eq!((status, &refusal["retryable"]), (row.status.as_u16(), &json!(row.retryable)), "{path}");
        assert_eq!(refusal["ok"], false);
        assert!(
            refusal["message"].as_str().is_some_and(|told| told.contains("; hint: ")),
            "{path}: {refusal}"
        );
        assert!(refusal["trace_id"].as_str().is_some_and(|id| id.len() == 32));
    }
    let (_, refusal) = door.post("/v1/channels/monitor", json!({ "channel": "#suport" })).await;
    assert!(refusal["message"].as_str().unwrap().ends_with("did you mean \"#support\"?"), "{refusal}");
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn monitoring_a_channel_without_the_bot_says_to_invite_it() {
    let (world, door) = with_a_task().await;
    let channels = door.get("/v1/channels?refresh=1").await.1;
    let outside = channels.as_array().unwrap().iter().find(|channel| channel["is_member"] == false);
    let outside = outside.expect("the simulated workspace has a channel without the bot")["name"].clone();
    let (status, picked) = door.post("/v1/channels/monitor", json!({ "channel": outside })).await;
    assert_eq!((status, &picked["ok"], &picked["channel"]["monitored"]), (200, &json!(true), &json!(true)));
    assert!(picked["remark"].as_str().is_some_and(|remark| remark.contains("/invite @")), "{picked}");
    let (_, picked) = door.post("/v1/channels/ignore", json!({ "channel": outside })).await;
    assert_eq!((&picked["channel"]["pick"], &picked["remark"]), (&json!("ignore"), &Value::Null));
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn people_are_found_by_handle_id_and_address_and_asked_of_slack_once() {
    let (world, door) = with_a_task().await;
    let grace = world.slack.person("grace").unwrap();
    let who = [format!("@{}", grace.handle), grace.id.clone(), grace.email.clone().unwrap()];
    for (at, typed) in who.iter().enumerate() {
        let (status, change) = door.post("/v1/team/add", json!({ "person": typed })).await;
        assert_eq!(
            (status, &change["id"], &change["changed"]),
            (200, &json!(grace.id), &json!(at == 0)),
            "{typed}"
        );
    }
    assert_eq!(world.slack.calls("users.list"), 1);
    let (_, removed) = door.post("/v1/team/remove", json!({ "person": who[0] })).await;
    assert_eq!(removed["changed"], true);
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn a_replay_decides_again_what_was_not_monitored() {
    let (world, door) = with_a_task().await;
    world.slack.say("ada", "general", "the login is broken").unwrap();
    world.pass(40).await;
    let monitor = json!({ "channel": "#general" });
    assert_eq!(door.post("/v1/channels/monitor", monitor).await.0, 200);
    let wanted = json!({ "since": "1h", "reasons": ["not_monitored"] });
    let (status, done) = door.post("/v1/replay", wanted.clone()).await;
    assert_eq!(status, 200);
    assert_snapshot!(done.to_string(), @r#"
    {"after":{"opened_bundle":1},"before":{"not_monitored":1},"events":1,"ok":true}
    "#);
    world.pass(5).await;
    assert_eq!(door.get("/v1/tasks").await.1.as_array().unwrap().len(), 2);
    let (_, again) = door.post("/v1/replay", wanted).await;
    assert_eq!(again["events"], 0, "what became a message is not decided twice");
    finish(world, door).await;
}

#[tokio::test(start_paused = true)]
async fn contacts_are_imported_linked_and_erased() {
    let (world, door) = with_a_task().await;
    let lines = json!([{ "name": "Acme Support", "email": "Help@Acme.Example", "company": "Acme" }]);
    let (_, done) = door.post("/v1/contacts/import", json!({ "lines": lines })).await;
    assert_eq!((&done["created"], &done["updated"]), (&json!(1), &json!(0)));
    let (_, linked) = door.post("/v1/contacts/2/link", json!({ "person": "@ada" })).await;
    assert_eq!((&linked["email"], &linked["tasks"]), (&json!("help@acme.example"), &json!(1)), "{linked}");
    let (_, erased) = door.post("/v1/contacts/2/erase", json!({})).await;
    assert_eq!(
        (&erased["erased"], &erased["email"], &erased["tasks"]),
        (&json!(true), &Value::Null, &json!(1))
    );
    let (_, page) = door.get("/v1/tasks/1").await;
    assert_eq!(page["conversation"][0]["text"], "");
    finish(world, door).await;
}
