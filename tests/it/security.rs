//! What has to be shown to be trusted: what is called at Slack, who else gets data, and that no answer holds a secret.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use deskd::config::{Config, Places};
use deskd::domain::installation::KEEP_SETTINGS;
use deskd::domain::privacy::Receiver;
use deskd::domain::seal::Keyring;
use deskd::simulator::Setup;
use deskd::slack::manifest::purpose;
use deskd::slack::methods::{Does, EVENTS, METHODS, Profile};
use regex::Regex;
use serde_json::json;

use crate::api_door::Door;
use crate::process::Machine;
use crate::world::World;

const PAGE: &str = include_str!("../../docs/security.md");

/// A table of the page, between its marks.
fn table(name: &str) -> &'static str {
    let (_, rest) = PAGE.split_once(&format!("<!-- {name} -->\n")).expect("the page has the mark");
    rest.split_once("<!-- end -->").expect("and its end").0
}

fn by(profiles: &[Profile]) -> String {
    match profiles.len() {
        4 => "all".to_owned(),
        _ => profiles.iter().map(|profile| profile.as_str()).collect::<Vec<_>>().join(", "),
    }
}

#[test]
fn sec_30_the_page_lists_what_the_code_may_call_split_into_reads_and_writes() {
    for (name, does) in [("reads", Does::Read), ("writes", Does::Write)] {
        let mut expected = "| method | scopes | what for | profiles |\n|---|---|---|---|\n".to_owned();
        for method in METHODS.iter().filter(|method| method.does == does) {
            let scopes: Vec<String> = method.scopes.iter().map(|scope| format!("`{scope}`")).collect();
            expected.push_str(&format!(
                "| `{}` | {} | {} | {} |\n",
                method.name,
                scopes.join(", "),
                method.what_for,
                by(method.by)
            ));
        }
        assert_eq!(table(name), expected, "write this into docs/security.md:\n{expected}");
    }
}

#[test]
fn sec_30_the_page_lists_the_events_and_the_scopes() {
    let mut expected = "| event | scope | profiles |\n|---|---|---|\n".to_owned();
    for event in EVENTS {
        expected.push_str(&format!("| `{}` | `{}` | {} |\n", event.name, event.scope, by(event.by)));
    }
    assert_eq!(table("events"), expected, "write this into docs/security.md:\n{expected}");
    let mut expected = "| scope | what for | profiles |\n|---|---|---|\n".to_owned();
    for scope in Profile::Full.scopes() {
        let those: Vec<Profile> =
            Profile::ALL.into_iter().filter(|profile| profile.scopes().contains(&scope)).collect();
        expected.push_str(&format!("| `{scope}` | {} | {} |\n", purpose(scope), by(&those)));
    }
    assert_eq!(table("scopes"), expected, "write this into docs/security.md:\n{expected}");
}

/// Every text of `src/slack` that looks like a method, apart from the lists themselves.
fn methods_in_the_code() -> BTreeSet<String> {
    let families = "admin|api|apps|assistant|auth|bookmarks|bots|calls|canvases|chat|conversations|dialog|dnd|emoji|files|lists|\
                    migration|oauth|openid|pins|reactions|reminders|rtm|search|slackLists|stars|team|tooling|usergroups|users|\
                    views|workflows";
    let literal = Regex::new(&format!(r#""((?:{families})(?:\.[a-zA-Z0-9]+)+)""#)).unwrap();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/slack")];
    let mut found = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if matches!(name.as_str(), "methods.rs" | "tiers.rs" | "manifest.rs") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("mod tests {").next().unwrap_or_default();
            found.extend(literal.captures_iter(code).map(|caught| caught[1].to_owned()));
        }
    }
    found
}

#[test]
fn sec_30_nothing_is_called_that_is_not_listed_and_nothing_is_listed_that_is_not_called() {
    let listed: BTreeSet<String> = METHODS.iter().map(|method| method.name.to_owned()).collect();
    assert_eq!(methods_in_the_code(), listed);
}

/// The words for what leaves the machine, each as the page has to name it.
#[test]
fn sec_31_the_page_names_everybody_who_gets_data() {
    let (_, part) = PAGE.split_once("## Who else gets data").unwrap();
    let part = part.split("\n## ").next().unwrap();
    for receiver in Receiver::ALL {
        let section = match receiver {
            Receiver::Slack => "[slack]",
            Receiver::Webhook => "deskd webhook add",
            Receiver::Model => "[model]",
            Receiver::Endpoint => "[[endpoint]]",
            Receiver::Mail => "[mail]",
            Receiver::Alarm => "[alarm]",
            Receiver::Ping => "[ping]",
            Receiver::Program => "[[report]]",
        };
        assert!(part.contains(section), "{section} sends something out, and is not on the page");
    }
    for chapter in
        ["## What it defends against", "## What it does not defend against", "## How long it is kept"]
    {
        assert!(PAGE.contains(chapter), "{chapter}");
    }
}

#[test]
fn sec_31_the_page_says_how_long_things_are_kept_as_they_are_kept() {
    let (_, part) = PAGE.split_once("## How long it is kept").unwrap();
    let store = Config::defaults(&Places::system()).store;
    for (key, kept) in [
        ("keep_events", store.keep_events),
        ("keep_tasks", store.keep_tasks),
        ("keep_deliveries", store.keep_deliveries),
    ] {
        let row = part.lines().find(|line| line.contains(key)).unwrap();
        let days = format!("{} days unless you say otherwise", kept.as_secs() / 86_400);
        assert!(row.contains(&days), "{row:?} says nothing of {days}");
    }
    let settings = format!("{} days", KEEP_SETTINGS.as_secs() / 86_400);
    assert!(part.lines().any(|line| line.contains("a workspace that was left") && line.contains(&settings)));
}

/// Every route of the local API, from the source, with something in the place of its names and numbers.
pub fn routes() -> Vec<String> {
    let source = ["mod.rs", "doors.rs"].map(|file| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web").join(file);
        std::fs::read_to_string(path).unwrap()
    });
    let route = Regex::new(r#"\.route\(\s*"([^"]+)""#).unwrap();
    let found = source.iter().flat_map(|text| route.captures_iter(text).map(|caught| caught[1].to_owned()));
    let filled = |path: String| {
        let path = path.replace("{number}", "1").replace("{name}", "ops");
        Regex::new(r"\{[^}]*\}").unwrap().replace_all(&path, "x").into_owned()
    };
    found.map(filled).collect()
}

#[tokio::test(start_paused = true)]
async fn sec_16_sec_17_no_answer_and_no_file_holds_a_token() {
    let mut world = World::without_desk(Setup::default(), |_| {});
    let key = "5e".repeat(32);
    world.keys = Some(Keyring::parse(&key).unwrap());
    world.open().await;
    let door = Door::open(world.desk().front());
    let url = world.slack.add_webhook("support").unwrap();
    world.pick("support", deskd::domain::bundle::Pick::Monitor).await;
    world.hire("tess").await;
    let (status, _) = door.post("/v1/webhooks", json!({"name": "ops", "channel": "", "url": url})).await;
    assert_eq!(status, 200);
    world.slack.say("ada", "support", "the invoice is wrong").unwrap();
    world.pass(40).await;
    let secrets = [
        ("the bot token", world.slack.bot_token()),
        ("the app token", world.slack.app_token()),
        ("the webhook's address", url.rsplit("/services/").next().unwrap().to_owned()),
        ("the key", key),
    ];
    let routes = routes();
    assert!(routes.len() > 50 && routes.iter().any(|route| route == "/v1/audit"), "{routes:?}");
    let http = reqwest::Client::builder().unix_socket(door.socket.clone()).no_proxy().build().unwrap();
    let mut answers = 0;
    for route in &routes {
        // What deletes comes last by itself: each route is asked with nothing, with junk, and with what it may want.
        for (method, body) in [
            (reqwest::Method::GET, ""),
            (reqwest::Method::POST, ""),
            (reqwest::Method::POST, "{\"x\":1}"),
            (
                reqwest::Method::POST,
                "{\"url\":\"https://evil.example/x\",\"person\":\"@tess\",\"channel\":\"#support\"}",
            ),
            (reqwest::Method::DELETE, ""),
        ] {
            let asked = http.request(method.clone(), format!("http://localhost{route}")).body(body);
            let Ok(Ok(answer)) = tokio::time::timeout(Duration::from_secs(700), asked.send()).await else {
                continue;
            };
            let head = format!("{:?}", answer.headers());
            let said = answer.text().await.unwrap_or_default();
            answers += 1;
            for (what, secret) in &secrets {
                let leaks = said.contains(secret.as_str()) || head.contains(secret.as_str());
                assert!(!leaks, "{method} {route} answers with {what}");
            }
        }
    }
    assert!(answers > 4 * routes.len(), "only {answers} answers");
    let database = world.database();
    door.close().await;
    world.close().await;
    for entry in std::fs::read_dir(database.parent().unwrap()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        for (what, secret) in &secrets {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{} holds {what}", path.display());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_list_of_processes_shows_no_secret_and_no_core_is_left() {
    let mut machine = Machine::new();
    machine.start().await;
    let process = Path::new("/proc").join(machine.daemon.as_ref().unwrap().id().to_string());
    let read = |name: &str| std::fs::read(process.join(name)).unwrap();
    let line = String::from_utf8_lossy(&read("cmdline")).replace('\0', " ");
    assert!(line.contains("--config") && line.trim_end().ends_with("run"), "{line}");
    for secret in [machine.slack.bot_token(), machine.slack.app_token()] {
        assert!(!line.contains(&secret), "a token stands in the list of processes");
    }
    let limits = String::from_utf8_lossy(&read("limits")).into_owned();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    let figures: Vec<&str> = core.split_whitespace().skip(4).take(2).collect();
    assert_eq!(figures, ["0", "0"], "{core}");
    // Not dumpable: the kernel gives its files in /proc to root, whoever runs it.
    let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(process.join("environ")).unwrap());
    assert_eq!(owner, 0);
    machine.kill().await;
    let unit = include_str!("../../systemd/deskd.service");
    assert!(unit.lines().any(|line| line == "LimitCORE=0"), "nor does systemd keep one");
    assert!(!unit.contains("Environment=SLACK"), "tokens come as credentials");
}
