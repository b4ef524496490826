//! The control API over HTTP.

use serde_json::json;

use super::{Client, http, start};

#[tokio::test(start_paused = true)]
async fn people_and_scripts_can_do_and_see_everything_over_http() {
    let sim = start();
    let mut client = Client::connect(&sim).await;
    let post = async |verb: &str, body: serde_json::Value| {
        let reply = http(&sim, &format!("POST /sim/{verb}"), "", &body.to_string()).await.unwrap();
        (reply.status, reply.body)
    };
    let said = post("say", json!({"person": "ada", "channel": "support", "text": "hi"})).await.1;
    let ts = said["ts"].as_str().unwrap();
    assert_eq!(client.next().await["payload"]["event"]["ts"], json!(ts));
    post("edit", json!({"channel": "support", "ts": ts, "text": "hello"})).await;
    let seen = http(&sim, "GET /sim/history?channel=support", "", "").await.unwrap().body;
    assert_eq!(seen["messages"][0]["text"], "hello");
    assert_eq!(post("fault", json!({"method": "auth.test", "fault": "status", "status": 503})).await.0, 200);
    assert_eq!(super::call(&sim, "auth.test", &[]).await.status, 503);
    assert_eq!(post("socket", json!({"do": "disconnect", "reason": "link_disabled"})).await.1["sockets"], 1);
    let state = http(&sim, "GET /sim/state", "", "").await.unwrap().body;
    assert_eq!(state["unacked"], 2);
}

#[tokio::test(start_paused = true)]
async fn mistakes_get_a_sentence() {
    let sim = start();
    for (verb, body, sentence) in [
        (
            "say",
            json!({"person": "nobody", "channel": "support", "text": "x"}),
            "there is nobody called nobody",
        ),
        ("say", json!({"person": "ada", "channel": "attic", "text": "x"}), "there is no channel attic"),
        ("say", json!({"person": "ada"}), "\"channel\" is missing"),
        ("say", json!([]), "the body is not a JSON object"),
        ("dance", json!({}), "there is no POST /sim/dance; GET /sim/ lists what there is"),
    ] {
        let reply = http(&sim, &format!("POST /sim/{verb}"), "", &body.to_string()).await.unwrap();
        assert_eq!(reply.body["error"], sentence);
        assert!(reply.status == 400 || reply.status == 404);
    }
}
