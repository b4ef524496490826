//! Several workspaces and the install pages with the simulator alone, by what a person can type: no line of Rust is needed.

use std::time::Duration;

use deskd::simulator::{Setup, Simulator};
use serde_json::{Value, json};

use crate::peer;

const PAGE: &str = include_str!("../../docs/simulator.md");

/// Longest time for what the page says to type; a loaded machine needs seconds, not this.
const PATIENCE: Duration = Duration::from_secs(120);

struct Slack {
    simulator: Simulator,
    http: reqwest::Client,
}

impl Slack {
    fn start() -> Slack {
        crate::world::crypto();
        let simulator = Simulator::start("127.0.0.1:0".parse().unwrap(), Setup::default()).unwrap();
        Slack { simulator, http: reqwest::Client::builder().no_proxy().build().unwrap() }
    }

    async fn act(&self, verb: &str, fields: Value) -> Value {
        let address = format!("http://{}/sim/{verb}", self.simulator.address());
        let answer = self.http.post(address).body(fields.to_string()).send().await.unwrap();
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
    }

    async fn look(&self, thing: &str) -> Value {
        let address = format!("http://{}/sim/{thing}", self.simulator.address());
        let answer = self.http.get(address).send().await.unwrap();
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
    }

    /// Whose a token is, as Slack says it.
    async fn whose(&self, token: &str) -> Value {
        let address = format!("{}auth.test", self.simulator.api_url());
        let answer = self.http.post(address).bearer_auth(token).send().await.unwrap();
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn another_workspace_is_added_written_in_and_left_by_what_a_person_types() {
    let slack = Slack::start();
    let added = slack.act("add_workspace", json!({"name": "Globex"})).await;
    assert_eq!((&added["ok"], &added["team"]), (&json!(true), &json!("T0GLOBEX001")), "{added}");
    let token = added["bot_token"].as_str().unwrap();
    assert_eq!(slack.whose(token).await["team"], "Globex");
    assert_eq!(slack.act("add_workspace", json!({"name": "Globex"})).await["ok"], false, "there is one");
    let there = json!({"workspace": "Globex", "person": "ada", "channel": "support", "text": "it burns"});
    assert_eq!(slack.act("say", there).await["ok"], true);
    let texts = |seen: Value| seen["messages"].to_string();
    assert!(texts(slack.look("history?channel=support&workspace=T0GLOBEX001").await).contains("it burns"));
    assert!(!texts(slack.look("history?channel=support").await).contains("it burns"));
    let listed = slack.look("workspaces").await;
    assert_eq!(listed["workspaces"][1]["name"], "Globex", "{listed}");
    assert_eq!(slack.act("say", json!({"workspace": "Umbrella"})).await["ok"], false);
    assert_eq!(slack.act("uninstall", json!({"workspace": "Globex"})).await["ok"], true);
    assert_eq!(slack.whose(token).await["error"], "account_inactive");
    let again = slack.act("token", json!({"workspace": "Globex"})).await;
    assert_eq!(slack.whose(again["bot_token"].as_str().unwrap()).await["team"], "Globex");
}

#[tokio::test(start_paused = true)]
async fn the_next_person_installs_the_app_where_they_are_told_or_refuses() {
    let slack = Slack::start();
    slack.act("add_workspace", json!({"name": "Globex"})).await;
    let app = slack.look("").await["app"].clone();
    let (id, secret) = (app["client_id"].as_str().unwrap(), app["client_secret"].as_str().unwrap());
    let consent = format!(
        "http://{}/oauth/v2/authorize?client_id={id}&scope=chat:write&redirect_uri=http://localhost/back&state=s",
        slack.simulator.address()
    );
    let browser = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    let browser = browser.build().unwrap();
    let sent_to = async || {
        let page = browser.get(&consent).send().await.unwrap();
        page.headers()["location"].to_str().unwrap().to_owned()
    };
    assert_eq!(slack.act("install_into", json!({"workspace": "Globex"})).await["ok"], true);
    let back = sent_to().await;
    let code = back.split_once("code=").unwrap().1.split('&').next().unwrap();
    let form = [
        ("client_id", id),
        ("client_secret", secret),
        ("code", code),
        ("redirect_uri", "http://localhost/back"),
    ];
    let form = form.map(|(name, value)| format!("{name}={value}")).join("&");
    let address = format!("{}oauth.v2.access", slack.simulator.api_url());
    let kind = "application/x-www-form-urlencoded";
    let granted = slack.http.post(address).header("content-type", kind).body(form).send().await.unwrap();
    let granted: Value = serde_json::from_slice(&granted.bytes().await.unwrap()).unwrap();
    assert_eq!(granted["team"]["name"], "Globex", "{granted}");
    slack.act("refuse_install", json!({})).await;
    assert!(sent_to().await.contains("error=access_denied"));
}

/// The fenced block after this mark.
fn block(mark: &str) -> &'static str {
    let (_, rest) = PAGE.split_once(&format!("<!-- {mark} -->\n```")).unwrap();
    rest.split_once('\n').unwrap().1.split_once("```").unwrap().0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_about_the_simulator_installs_the_app_through_its_pages() {
    if peer::program("curl").is_none() {
        println!("skipped: curl is not here");
        return;
    }
    let slack = Slack::start();
    slack.simulator.open_workspace("Globex").unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let app = slack.simulator.setup().app;
    let typed = |text: &str| {
        [
            ("127.0.0.1:9700", slack.simulator.address().to_string()),
            ("8766", port.to_string()),
            ("\"CLIENT\"", format!("{:?}", app.client_id)),
            ("=BOT", format!("={}", app.bot_token)),
            ("=APP", format!("={}", app.app_token)),
            ("=SECRET", format!("={}", app.client_secret)),
        ]
        .iter()
        .fold(text.to_owned(), |text, (shown, here)| text.replace(shown, here))
    };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.toml"), typed(block("config.toml"))).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_deskd"), folder.path().join("deskd")).unwrap();
    let script = format!("trap 'kill $!' EXIT\n{}", typed(block("sh")));
    let mut shell = tokio::process::Command::new("sh");
    shell.args(["-eu", "-c", &script]).current_dir(folder.path()).env("PATH", peer::path(folder.path()));
    let ended = tokio::time::timeout(PATIENCE, shell.output()).await.unwrap().unwrap();
    let seen = String::from_utf8_lossy(&ended.stdout).into_owned();
    let log = std::fs::read_to_string(folder.path().join("deskd.log")).unwrap_or_default();
    assert!(seen.contains("The workspace is connected.") && seen.contains("T0GLOBEX001"), "{seen}\n{log}");
}
