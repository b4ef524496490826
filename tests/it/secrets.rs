//! No secret anywhere: the program in earnest, at its lowest log level, through everything that goes wrong around a
//! token, and then whatever it wrote is searched. `tests/leaks/run` does the same with all other scenes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use deskd::simulator::{AppSetup, Fault, Handshake, PersonSetup, Setup, Times, Which};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::process::{Machine, PATIENCE};

const BOT: &str = "xoxb-f39-bot-token";
const APP: &str = "xapp-1-f39-app-token";
const API: &str = "f39-api-token";
/// A token that Slack puts into a payload.
const WORKFLOW: &str = "xwfp-f39-workflow-token";
const ADDRESS: &str = "ada.f39@secret.example";
/// In every text, file name and reply of the scene.
const TEXT: &str = "f39said";
/// Of a `response_url`: whoever has it may post.
const HOOK: &str = "https://hooks.slack.com/actions/T1/f39-hook";

/// What is nobody's business but Slack's and ours: it stands in no file at all.
const TOKENS: [&str; 6] = [BOT, APP, API, WORKFLOW, "ticket=", "ws://127.0.0.1"];

/// What stands in the database and in answers to those who ask for it, and nowhere else.
const CONTENT: [&str; 3] = [ADDRESS, TEXT, "hooks.slack.com/"];

fn setup() -> Setup {
    let app = AppSetup { bot_token: BOT.to_owned(), app_token: APP.to_owned(), ..AppSetup::default() };
    let mut setup = Setup { app, ..Setup::default() };
    setup.people.retain(|person| person.handle != "ada");
    setup.people.push(PersonSetup::new("ada", "Ada").email(ADDRESS));
    setup
}

fn found<'n>(place: &str, bytes: &[u8], needles: &[&'n str]) -> Vec<(String, &'n str)> {
    let text = String::from_utf8_lossy(bytes);
    let there = needles.iter().filter(|needle| text.contains(**needle));
    there.map(|needle| (place.to_owned(), *needle)).collect()
}

/// Everything around a message, a command and a reply, with everything that goes wrong around a token.
async fn live(machine: &mut Machine) {
    let slack = machine.slack.clone();
    machine.start().await;
    machine.deskd(&["channels", "monitor", "#support"]).await;
    slack.fault("users.info", Fault::Status(500), Times::Count(1));
    let ts = slack.say("ada", "support", &format!("{TEXT} hello <mailto:{ADDRESS}|me>")).unwrap();
    slack.say("ada", "general", TEXT).unwrap();
    slack.share_file("ada", "support", &format!("{TEXT}.png"), "").unwrap();
    slack.edit("support", &ts, &format!("{TEXT} hello again")).unwrap();
    slack.run_command("ada", "support", "/desk", TEXT).unwrap();
    slack.deliver("interactive", json!({"type": "block_actions", "response_url": HOOK, "trigger_id": "1.2"}));
    slack.deliver_event(json!({"type": "function_executed", "bot_access_token": WORKFLOW, "text": TEXT}));
    slack.deliver_event(json!({"type": "message", "text": TEXT, "user": {"profile": {"email": ADDRESS}}}));
    slack.deliver_raw(Which::Oldest, &format!("{TEXT} {BOT}"));
    slack.deliver_raw(Which::Oldest, &format!(r#"{{"type":"{TEXT}","payload":"{ADDRESS}"}}"#));
    timeout(PATIENCE, slack.until(|slack| slack.unacked() == 0)).await.unwrap();
    slack.next_handshakes([Handshake::Refuse(404), Handshake::NoHello]);
    slack.fault("apps.connections.open", Fault::Error("invalid_auth".to_owned()), Times::Count(1));
    slack.cut_sockets(Which::Oldest);
    machine.until(&["task", "list"], |tasks| tasks.as_array().is_some_and(|tasks| !tasks.is_empty())).await;
    slack.fault("chat.postMessage", Fault::AcceptThenCut, Times::Count(1));
    slack.fault("chat.postMessage", Fault::Error("invalid_blocks".to_owned()), Times::Count(1));
    for _ in 0..3 {
        machine.deskd(&["reply", "1", &format!("{TEXT} <mailto:{ADDRESS}>")]).await;
    }
    machine.until(&["status"], |_| !slack.posts("support").unwrap().is_empty()).await;
}

/// What callers are told: the refusals, the metrics, and the screens that show no conversation.
async fn heard(machine: &Machine) -> Vec<(String, Vec<u8>)> {
    crate::world::crypto();
    let socket = machine.folder.path().join("deskd.sock");
    let door = reqwest::Client::builder().unix_socket(socket).no_proxy().build().unwrap();
    let mut heard = Vec::new();
    for path in
        ["/metrics", "/healthz", "/readyz", "/v1/status", "/v1/queue", "/v1/tasks/999", "/v1/why?ref=Ev0"]
    {
        let answer = door.get(format!("http://deskd{path}")).send().await.unwrap();
        heard.push((path.to_owned(), answer.bytes().await.unwrap().to_vec()));
    }
    for (path, body) in [
        ("/v1/tasks/999/reply", json!({"text": TEXT})),
        ("/v1/tasks/1/reply", json!({"text": [TEXT, ADDRESS, BOT]})),
        ("/v1/tasks/1/reply", json!({"text": 7, "more": TEXT})),
        ("/v1/contacts/999/link", json!({"person": "U1"})),
        ("/v1/contacts/import", Value::from(ADDRESS)),
        (
            "/v1/contacts/import",
            json!({"contacts": [{"name": TEXT, "email": format!("{ADDRESS} and more")}]}),
        ),
        ("/v1/team/add", json!({"person": format!("nobody-{ADDRESS}")})),
        ("/v1/tasks/1/assign", json!({"to": format!("nobody-{ADDRESS}")})),
    ] {
        let answer = door.post(format!("http://deskd{path}")).json(&body).send().await.unwrap();
        assert!(!answer.status().is_success(), "{path} was meant to be refused");
        heard.push((format!("{path} {}", answer.status()), answer.bytes().await.unwrap().to_vec()));
    }
    for words in [
        &["status"][..],
        &["queue", "list"],
        &["check"],
        &["doctor"],
        &["why", "task 1"],
        &["reply", "999", TEXT],
    ] {
        let output = machine.deskd(words).await;
        heard.push((words.join(" "), [output.stdout, output.stderr].concat()));
    }
    heard
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let all = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    all.filter(|path| path.is_file())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(path).unwrap()))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f39_no_token_ticket_text_or_address_is_written_anywhere_but_where_it_belongs() {
    let listen = "listen = \"127.0.0.1:0\"\ntoken_file = \"secrets/api_token\"\n[log]\nlevel = \"trace\"\nformat = \"json\"\n";
    let mut machine =
        Machine::configured(Setup { epoch_ms: Machine::setup().epoch_ms, ..setup() }, "", listen);
    let secrets = machine.folder.path().join("secrets");
    fs::create_dir(&secrets).unwrap();
    fs::write(secrets.join("api_token"), API).unwrap();
    fs::set_permissions(secrets.join("api_token"), fs::Permissions::from_mode(0o600)).unwrap();
    live(&mut machine).await;
    let mut seen = Vec::new();
    for (place, bytes) in heard(&machine).await {
        seen.extend(found(&place, &bytes, &TOKENS));
        seen.extend(found(&place, &bytes, &CONTENT));
    }
    let daemon = machine.daemon.as_ref().unwrap().id();
    seen.extend(found("its command line", &fs::read(format!("/proc/{daemon}/cmdline")).unwrap(), &TOKENS));
    let backup = machine.folder.path().join("backup.db");
    assert!(machine.deskd(&["backup", backup.to_str().unwrap()]).await.status.success());
    // The database as the daemon leaves it behind when it is killed, with its log.
    machine.kill().await;
    for (name, bytes) in files(machine.folder.path()) {
        seen.extend(found(&name, &bytes, &TOKENS));
        if name == "log" {
            assert!(bytes.len() > 1_000, "the log was not written");
            seen.extend(found(&name, &bytes, &CONTENT));
        } else if name == "backup.db" {
            assert_eq!(found(&name, &bytes, &[TEXT, ADDRESS, HOOK]).len(), 3, "the search does not work");
        }
    }
    assert!(seen.is_empty(), "{seen:#?}");
}
