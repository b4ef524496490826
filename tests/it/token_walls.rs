//! Tokens go in and never come out: by a pipe into a real process, sealed in the file, in no answer, and at Slack in the header
//! alone.

use std::process::Stdio;
use std::time::Duration;

use deskd::config::Secret;
use deskd::config::apps::Signing;
use deskd::domain::ids::WorkspaceId;
use deskd::domain::seal::Keyring;
use deskd::simulator::Setup;
use deskd::web::serve_slack;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::api_door::Door;
use crate::process::{Machine, PATIENCE};
use crate::security::routes;
use crate::workspaces::{acme, connect, globex, said};
use crate::world::World;

const KEY: &str = "0707070707070707070707070707070707070707070707070707070707070707";
const SIGNING: &str = "8f742231b10e8888abcd99yyyzzz85a5";

/// A machine with a key for secrets, which takes signed requests, too.
fn machine() -> Machine {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut machine = Machine::configured(Machine::setup(), "", &format!("[http]\nlisten = \"{address}\"\n"));
    let path = machine.folder.path().join("config.toml");
    let config = std::fs::read_to_string(&path).unwrap().replace("[slack]\n", "[slack]\nmode = \"both\"\n");
    std::fs::write(&path, config).unwrap();
    machine.env = vec![("DESKD_KEY", KEY.into()), ("SLACK_SIGNING_SECRET", SIGNING.into())];
    machine
}

/// `deskd connect` as a process of its own, with this at its standard input: whether it went well, and all that it said.
async fn piped(machine: &Machine, input: &str) -> (bool, String) {
    let mut command = tokio::process::Command::from(machine.command());
    command.args(["connect"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    let mut stdin = process.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).await.unwrap();
    drop(stdin);
    let ended = timeout(PATIENCE, process.wait_with_output()).await.unwrap().unwrap();
    let said =
        [ended.stdout, ended.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    (ended.status.success(), said)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oau_01_the_first_steps_lead_from_nothing_to_an_app_its_tokens_and_a_channel() {
    let machine = Machine::new();
    let path = machine.folder.path().join("fresh/config.toml");
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_deskd"));
    command.arg("--config").arg(&path).arg("init");
    let made = command.output().await.unwrap();
    let said = String::from_utf8_lossy(&made.stdout).into_owned();
    assert!(made.status.success(), "{said}");
    let steps = [
        "https://api.slack.com/apps?new_app=1&manifest_json=",
        "xapp-",
        "xoxb-",
        "deskd check",
        "deskd run",
        "/invite",
    ];
    let found: Vec<Option<usize>> = steps.iter().map(|step| said.find(step)).collect();
    assert!(found.iter().all(Option::is_some) && found.is_sorted(), "{said}");
    assert!(said.contains("deskd connect"), "and says how a second workspace is connected: {said}");
    assert!(path.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oau_04_a_pasted_token_is_taken_over_a_pipe_and_is_said_nowhere() {
    let mut machine = machine();
    machine.start().await;
    let other = machine.slack.add_workspace(globex());
    let token = other.bot_token();
    let (done, said) = piped(&machine, &format!("  {token}\r\n")).await;
    assert!(done && said.contains("connected to Globex (T0GLOBEX001)"), "{said}");
    assert!(!said.contains(&token), "{said}");
    let (done, said) = piped(&machine, "xoxp-a-persons").await;
    assert!(!done && said.contains("hint: copy the Bot User OAuth Token"), "{said}");
    let log = std::fs::read_to_string(machine.folder.path().join("log")).unwrap();
    assert!(log.contains("Connected workspace T0GLOBEX001") && !log.contains(&token), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_15_neither_token_nor_signing_secret_is_in_the_file_of_the_database() {
    let mut machine = machine();
    machine.start().await;
    let other = machine.slack.add_workspace(globex());
    assert!(piped(&machine, &other.bot_token()).await.0);
    assert!(
        machine.deskd(&["channels", "monitor", "#support", "--workspace", "Globex"]).await.status.success()
    );
    other.say("ada", "support", "the printer burns").unwrap();
    timeout(PATIENCE, machine.slack.until(|slack| slack.unacked() == 0)).await.unwrap();
    let secrets = [
        ("the bot token of Globex", other.bot_token()),
        ("the bot token", machine.slack.bot_token()),
        ("the app-level token", machine.slack.app_token()),
        ("the signing secret", SIGNING.to_owned()),
        ("the key", KEY.to_owned()),
    ];
    // As it lies there while the program runs, and after it was killed.
    for running in [true, false] {
        if !running {
            machine.kill().await;
        }
        let mut files = 0;
        for entry in std::fs::read_dir(machine.folder.path()).unwrap() {
            let path = entry.unwrap().path();
            let Ok(bytes) = std::fs::read(&path) else { continue };
            files += 1;
            for (what, secret) in &secrets {
                let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                assert!(!found, "{what} is in {}, running: {running}", path.display());
            }
        }
        assert!(files >= 3, "the database, its log, and what the program said");
    }
    let path = machine.folder.path().join("deskd.db");
    let sealed = rusqlite::Connection::open(path).unwrap();
    let tokens: i64 = sealed.query_row("SELECT COUNT(*) FROM tokens", [], |row| row.get(0)).unwrap();
    assert_eq!(tokens, 1, "it is there, sealed");
}

#[tokio::test(start_paused = true)]
async fn oau_13_a_workspace_is_connected_again_at_any_time_with_the_same_token_or_another() {
    let (world, door) = acme(Setup::default()).await;
    let other = world.slack.add_workspace(globex());
    let globex = connect(&world, &door, &other).await;
    let tokens = [other.bot_token(), other.another_bot_token(), other.bot_token()];
    for (round, token) in tokens.into_iter().enumerate() {
        // While it is connected, too: then it is another token for it, and nothing else changes.
        let (status, again) = door.post("/v1/workspaces/connect", json!({ "token": token })).await;
        assert_eq!((status, &again["team_name"]), (200, &json!("Globex")), "{again}");
        door.ok(&["disconnect", "--workspace", "Globex"]).await;
        world.pass(3600).await;
        let (status, again) = door.post("/v1/workspaces/connect", json!({ "token": token })).await;
        assert_eq!((status, &again["restored"]), (200, &json!(true)), "{again}");
        let text = format!("round {round}");
        other.say("ada", "support", &text).unwrap();
        world.pass(60).await;
        assert_eq!(
            said(&world, &globex).await,
            [format!("1 {text}")],
            "what was before has gone with the first"
        );
    }
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn sec_25_no_address_that_is_read_tells_a_token_that_was_handed_in() {
    let (world, door) = acme(Setup::default()).await;
    let other = world.slack.add_workspace(globex());
    connect(&world, &door, &other).await;
    let next = other.another_bot_token();
    let http = reqwest::Client::builder().unix_socket(door.socket.clone()).no_proxy().build().unwrap();
    let rotate = http.post("http://localhost/v1/workspaces/rotate").header("deskd-workspace", "Globex");
    assert_eq!(rotate.json(&json!({ "token": next })).send().await.unwrap().status(), 200);
    other.say("ada", "support", "the printer burns").unwrap();
    world.pass(60).await;
    let tokens = [other.bot_token(), next, world.slack.bot_token(), world.slack.app_token()];
    let routes = routes();
    let mut read = 0;
    for route in &routes {
        for workspace in ["Acme", "Globex"] {
            let asked = http.get(format!("http://localhost{route}")).header("deskd-workspace", workspace);
            let Ok(Ok(answer)) = timeout(Duration::from_secs(700), asked.send()).await else { continue };
            read += usize::from(answer.status().is_success());
            let head = format!("{:?}", answer.headers());
            let said = answer.text().await.unwrap_or_default();
            for token in &tokens {
                assert!(
                    !said.contains(token.as_str()) && !head.contains(token.as_str()),
                    "GET {route} tells a token"
                );
            }
            let tail = &tokens[1][tokens[1].len() - 8..];
            assert!(!said.contains(tail), "GET {route} tells a part of one");
        }
    }
    assert!(routes.len() > 50 && read > routes.len() / 2, "{read} of {} were read", routes.len());
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn sec_28_tokens_stand_in_the_header_and_never_in_an_address_or_a_body() {
    let mut setup = Setup::default();
    setup.app.token_rotation = true;
    let (id, secret) = (setup.app.client_id.clone(), setup.app.client_secret.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut world = World::without_desk(setup, |config| {
        config.oauth.client_id = Some(id);
        config.oauth.redirect_url = Some(format!("http://{address}/slack/oauth/callback"));
        config.oauth.allow = vec!["*".to_owned()];
    });
    world.keys = Some(Keyring::parse(KEY).unwrap());
    world.client_secret = Some(Secret::new(&secret));
    world.signing = Signing::default();
    world.settle().await;
    let door = Door::open(world.desk().front());
    let stop = CancellationToken::new();
    tokio::spawn(serve_slack(listener, world.desk().doorway(), stop.clone()));
    let (other, third) = (world.slack.add_workspace(globex()), installed(&world, address).await);
    // A whole run: connecting, listing, answering, looking up, reading what was missed, changing a token, revoking one.
    let globex = connect(&world, &door, &other).await;
    for slack in [&world.slack, &other] {
        slack.say("ada", "support", "the printer burns").unwrap();
    }
    world.pass(60).await;
    world.reply(1, "water is on its way").await;
    door.ok(&["people", "sync", "--workspace", "Globex"]).await;
    door.ok(&["channels", "list", "--refresh", "--workspace", "Globex"]).await;
    world.slack.cut_sockets(deskd::simulator::Which::All);
    world.pass(300).await;
    assert_eq!(said(&world, &globex).await.len(), 1);
    door.ok(&["disconnect", "--revoke", "--workspace", "Globex"]).await;
    for slack in [&world.slack, &other, &third] {
        for method in slack.called_methods() {
            for call in slack.call_records(&method) {
                assert!(!holds_a_token(&call.args), "{method} has a token among its arguments");
            }
        }
    }
    for method in [
        "auth.test",
        "auth.revoke",
        "conversations.list",
        "chat.postMessage",
        "users.list",
        "oauth.v2.access",
    ] {
        let called = [&world.slack, &other, &third].iter().any(|slack| slack.calls(method) > 0);
        assert!(called, "{method} was not called in this run");
    }
    assert_eq!(world.slack.tokens_astray(), Vec::<String>::new());
    stop.cancel();
    door.close().await;
    // What would be seen if one did stand elsewhere.
    let bare = deskd::simulator::Simulator::start(([127, 0, 0, 1], 0).into(), Setup::default()).unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let (token, url) = (bare.bot_token(), format!("{}api.test", bare.api_url()));
    http.post(&url).form(&[("token", &token)]).send().await.unwrap();
    http.post(format!("{url}?t={token}")).bearer_auth(&token).send().await.unwrap();
    assert_eq!(bare.tokens_astray(), ["api.test", "api.test"]);
    bare.stop();
    world.close_quietly().await;
}

/// A workspace that somebody has installed the app in through Slack's pages.
async fn installed(world: &World, address: std::net::SocketAddr) -> deskd::simulator::Simulator {
    let third = world.slack.add_workspace(crate::workspaces::another(
        "T0THIRD0001",
        "Third",
        "xoxb-3-third-simulated",
    ));
    world.slack.install_into("T0THIRD0001");
    let browser =
        reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let location = |answer: &reqwest::Response| answer.headers()["location"].to_str().unwrap().to_owned();
    let begun = browser.get(format!("http://{address}/slack/install")).send().await.unwrap();
    let cookie = begun.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let asked = browser.get(location(&begun)).send().await.unwrap();
    let back = browser.get(location(&asked)).header("cookie", cookie).send().await.unwrap();
    assert_eq!(location(&back), "/settings?slack=connected");
    assert!(
        world.store().of(&WorkspaceId("T0THIRD0001".into())).person_by_handle("nobody".into()).await.is_ok()
    );
    third
}

fn holds_a_token(args: &Value) -> bool {
    let text = args.to_string();
    ["xoxb-", "xoxp-", "xapp-", "xoxe"].iter().any(|prefix| text.contains(prefix))
}
