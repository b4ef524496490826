//! Commands, clicks, modals and response URLs, with a raw client in the app's role.

use serde_json::{Value, json};
use tokio::time::{Duration, sleep};

use super::{Client, error, http, ok, start};
use crate::simulator::Simulator;

fn form(blocks: Value) -> String {
    json!({
        "type": "modal", "callback_id": "form", "title": {"type": "plain_text", "text": "Form"},
        "submit": {"type": "plain_text", "text": "Send"}, "blocks": blocks,
    })
    .to_string()
}

fn inputs() -> Value {
    json!([
        {"type": "input", "block_id": "subject", "label": {"type": "plain_text", "text": "Subject"},
         "element": {"type": "plain_text_input", "action_id": "v"}},
        {"type": "input", "block_id": "kind", "optional": true, "label": {"type": "plain_text", "text": "Kind"},
         "element": {"type": "static_select", "action_id": "v", "options": [
            {"text": {"type": "plain_text", "text": "Bug"}, "value": "bug"}]}},
    ])
}

/// Lets ada run a command and opens the form with its trigger.
async fn with_open_form(sim: &Simulator, client: &mut Client) -> Value {
    sim.run_command("ada", "support", "/desk", "new").unwrap();
    let envelope = client.next().await;
    client.ack(&envelope).await;
    let trigger = envelope["payload"]["trigger_id"].as_str().unwrap();
    ok(sim, "views.open", &[("trigger_id", trigger), ("view", &form(inputs()))]).await["view"].clone()
}

#[tokio::test(start_paused = true)]
async fn the_answer_to_a_command_is_shown_to_the_person_or_to_the_channel() {
    let sim = start();
    let mut client = Client::connect(&sim).await;
    let sent = sim.run_command("ada", "support", "/desk", "help me").unwrap();
    let envelope = client.next().await;
    let payload = &envelope["payload"];
    assert_eq!((&payload["command"], &payload["text"]), (&json!("/desk"), &json!("help me")));
    assert_eq!((&payload["user_name"], &payload["channel_name"]), (&json!("ada"), &json!("support")));
    client.ack_with(&envelope, Some(json!({"text": "only you"}))).await;
    let answer = sim.answer(sent).await;
    assert_eq!((answer.acked, answer.payload), (true, Some(json!({"text": "only you"}))));
    assert_eq!(sim.ephemerals()[0].text, "only you");
    let sent = sim.run_command("ada", "@ada", "/desk", "").unwrap();
    let envelope = client.next().await;
    assert_eq!(envelope["payload"]["channel_name"], "directmessage");
    client.ack_with(&envelope, Some(json!({"text": "all", "response_type": "in_channel"}))).await;
    assert!(sim.answer(sent).await.acked);
    assert_eq!(sim.posts("@ada").unwrap()[0].text, "all");
}

#[tokio::test(start_paused = true)]
async fn a_submission_can_be_refused_updated_pushed_on_and_closed() {
    let sim = start();
    let mut client = Client::connect(&sim).await;
    with_open_form(&sim, &mut client).await;
    let submit = |values| sim.submit("ada", "form", &values).unwrap();
    let sent = submit(json!({"subject": {"v": "hi"}, "kind": {"v": "bug"}}));
    let envelope = client.next().await;
    let values = &envelope["payload"]["view"]["state"]["values"];
    assert_eq!(values["subject"]["v"], json!({"type": "plain_text_input", "value": "hi"}));
    assert_eq!(values["kind"]["v"]["selected_option"]["value"], "bug");
    let errors = json!({"response_action": "errors", "errors": {"subject": "too short"}});
    client.ack_with(&envelope, Some(errors)).await;
    assert!(sim.answer(sent).await.acked);
    assert_eq!(sim.open_view("ada").unwrap().unwrap().errors, Some(json!({"subject": "too short"})));

    let push = json!({"response_action": "push", "view": serde_json::from_str::<Value>(&form(json!([{"type": "divider"}]))).unwrap()});
    let sent = submit(json!({}));
    let envelope = client.next().await;
    assert_eq!(envelope["payload"]["view"]["state"]["values"]["subject"]["v"]["value"], "hi", "input stays");
    client.ack_with(&envelope, Some(push)).await;
    sim.answer(sent).await;
    let top = sim.open_view("ada").unwrap().unwrap();
    assert!(top.previous.is_some());

    let sent = submit(json!({}));
    let envelope = client.next().await;
    client.ack_with(&envelope, Some(json!({}))).await;
    sim.answer(sent).await;
    assert!(sim.open_view("ada").unwrap().unwrap().previous.is_none(), "the one below shows");
    let sent = submit(json!({}));
    let envelope = client.next().await;
    client.ack_with(&envelope, Some(json!({"response_action": "clear"}))).await;
    sim.answer(sent).await;
    assert_eq!(sim.open_view("ada").unwrap(), None);
    assert_eq!(sim.complaints(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn trigger_ids_hashes_and_stacks_are_guarded() {
    let sim = start();
    let mut client = Client::connect(&sim).await;
    let view = with_open_form(&sim, &mut client).await;
    let id = view["id"].as_str().unwrap();
    let hash = view["hash"].as_str().unwrap();
    let plain = form(inputs());
    let update = [("view_id", id), ("hash", hash), ("view", plain.as_str())];
    ok(&sim, "views.update", &update).await;
    assert_eq!(error(&sim, "views.update", &update).await, "hash_conflict");
    assert_eq!(error(&sim, "views.update", &[("view_id", "V0"), ("view", &plain)]).await, "not_found");
    sim.shortcut("ada", "late").unwrap();
    let trigger = client.next().await["payload"]["trigger_id"].as_str().unwrap().to_owned();
    sleep(Duration::from_millis(3_001)).await;
    let late = [("trigger_id", trigger.as_str()), ("view", plain.as_str())];
    assert_eq!(error(&sim, "views.open", &late).await, "expired_trigger_id");
    let button = json!([{"type": "actions", "elements": [
        {"type": "button", "action_id": "more", "text": {"type": "plain_text", "text": "More"}}]}]);
    ok(&sim, "views.update", &[("view_id", id), ("view", &form(button.clone()))]).await;
    for outcome in [Value::Null, Value::Null, json!("push_limit_reached")] {
        sim.click_in_view("ada", "form", "more", None).unwrap();
        let envelope = client.next().await;
        client.ack(&envelope).await;
        let trigger = envelope["payload"]["trigger_id"].as_str().unwrap();
        let reply =
            super::call(&sim, "views.push", &[("trigger_id", trigger), ("view", &form(button.clone()))])
                .await;
        assert_eq!(reply.body["error"], outcome);
    }
    let no_submit =
        json!({"type": "modal", "title": {"type": "plain_text", "text": "x".repeat(25)}, "blocks": inputs()});
    let reply =
        super::call(&sim, "views.publish", &[("user_id", "U0DESKBOT01"), ("view", &no_submit.to_string())])
            .await;
    let messages = &reply.body["response_metadata"]["messages"];
    assert_eq!(reply.body["error"], "invalid_arguments");
    assert_eq!(messages[0], "[ERROR] must be less than 25 characters [json-pointer:/view/title/text]");
    assert_eq!(messages[1], "[ERROR] missing required field: submit [json-pointer:/view]");
}

#[tokio::test(start_paused = true)]
async fn a_click_carries_the_message_and_a_response_url_that_replaces_it() {
    let sim = start();
    let mut client = Client::connect(&sim).await;
    let support = sim.channel_id("support").unwrap();
    let blocks = json!([{"type": "actions", "block_id": "row", "elements": [
        {"type": "button", "action_id": "take", "text": {"type": "plain_text", "text": "Take"}, "value": "12"}]}]);
    let fields = [("channel", support.as_str()), ("text", "task 12"), ("blocks", &blocks.to_string())];
    let ts = ok(&sim, "chat.postMessage", &fields).await["ts"].as_str().unwrap().to_owned();
    let own = client.next().await;
    client.ack(&own).await;
    let sent = sim.click("tess", "support", &ts, "take").unwrap();
    let envelope = client.next().await;
    client.ack(&envelope).await;
    assert!(sim.answer(sent).await.acked);
    let payload = &envelope["payload"];
    assert_eq!(
        (&payload["type"], &payload["container"]["message_ts"]),
        (&json!("block_actions"), &json!(ts))
    );
    assert_eq!(
        (&payload["actions"][0]["value"], &payload["actions"][0]["block_id"]),
        (&json!("12"), &json!("row"))
    );
    assert_eq!(payload["message"]["text"], "task 12");
    let path = payload["response_url"].as_str().unwrap().split_once("/actions").unwrap().1.to_owned();
    for (use_number, status) in [(1, 200), (2, 200), (3, 200), (4, 200), (5, 200), (6, 404)] {
        let body = json!({"replace_original": true, "text": format!("taken {use_number}")}).to_string();
        let reply = http(&sim, &format!("POST /actions{path}"), "content-type: application/json\r\n", &body)
            .await
            .unwrap();
        assert_eq!(reply.status, status, "use {use_number}");
    }
    assert_eq!(sim.posts("support").unwrap()[0].text, "taken 5");
    assert!(sim.click("tess", "support", &ts, "take").is_err(), "the button is gone");
}

#[tokio::test(start_paused = true)]
async fn the_home_tab_is_published_and_reported_on_opening() {
    let sim = start();
    let mut client = Client::connect(&sim).await;
    let ada = sim.user_id("ada").unwrap();
    let home = json!({"type": "home", "blocks": [{"type": "divider"}]}).to_string();
    ok(&sim, "views.publish", &[("user_id", &ada), ("view", &home)]).await;
    sim.open_home("ada").unwrap();
    let event = client.next().await["payload"]["event"].clone();
    assert_eq!((&event["type"], &event["tab"]), (&json!("app_home_opened"), &json!("home")));
    assert_eq!(event["view"]["type"], "home");
}
