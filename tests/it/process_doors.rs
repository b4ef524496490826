//! The ways in as programs use them: a command through a restart of the daemon, lines of standard input, and a real
//! Alertmanager, where there is one.

use std::io::Write;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::time::timeout;

use crate::peer;
use crate::process::{Machine, PATIENCE};

const ROUTE: &str = "[[route]]\nname = \"all\"\nto = [\"#support\"]\n";

/// Runs a command with this standard input.
async fn fed(machine: &Machine, words: &[&str], input: &'static str) -> Output {
    let mut command = machine.command();
    command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let run = move || {
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    timeout(PATIENCE, tokio::task::spawn_blocking(run)).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_waits_through_a_restart_of_the_daemon() {
    let mut machine = Machine::configured(Machine::setup(), "", ROUTE);
    machine.start().await;
    machine.end();
    let mut command = machine.command();
    command.args(["notify", "alert", "--title", "Disk is full", "--wait"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let caller = command.spawn().unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    machine.launch();
    let ended = timeout(PATIENCE, tokio::task::spawn_blocking(move || caller.wait_with_output()));
    let output = ended.await.unwrap().unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!((output.status.code(), said.as_str()), (Some(0), "notice 1 delivered\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_of_standard_input_are_answered_one_by_one_up_to_the_first_that_is_refused() {
    let mut machine = Machine::configured(Machine::setup(), "", ROUTE);
    machine.start().await;
    let good = "{\"kind\":\"alert\",\"title\":\"one\"}\n\n{\"kind\":\"alert\",\"title\":\"two\"}\n";
    let output = fed(&machine, &["notify", "--stdin"], good).await;
    let lines: Vec<Value> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!((lines.len(), &lines[0]["id"], &lines[1]["id"]), (2, &1.into(), &2.into()));
    let refused = "{\"kind\":\"alert\",\"title\":\"three\"}\n{\"kind\":\"alrt\"}\n{\"kind\":\"alert\",\"title\":\"five\"}\n";
    let broken = "{\"kind\":\"alert\",\"title\":\"four\"}\nhello\n";
    for (input, said) in [(refused, "stopped at line 2"), (broken, "line 2 is no JSON object")] {
        let output = fed(&machine, &["notify", "--stdin"], input).await;
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && told.contains(said), "{told}");
        assert_eq!(
            String::from_utf8_lossy(&output.stdout).lines().count(),
            1,
            "the line before it is answered"
        );
    }
    let titles: Vec<Value> = machine.json(&["notices", "list"]).await.as_array().unwrap().clone();
    let titles: Vec<&str> = titles.iter().rev().map(|notice| notice["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["one", "two", "three", "four"]);
}

/// Alertmanager as it comes from packages, ended with the test.
struct Alertmanager(Child);

impl Drop for Alertmanager {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_alertmanager_delivers_what_begins_and_what_ends() {
    let program = ["prometheus-alertmanager", "alertmanager"].into_iter().find_map(peer::program);
    let Some(program) = program else {
        println!("skipped: there is no Alertmanager here, and tests/peers/fetch has not brought it");
        return;
    };
    let (api, own) = (free_port(), free_port());
    let token = "alertmanager-0123456789abcdef0123";
    let more = format!(
        "listen = \"127.0.0.1:{api}\"\ntoken_file = \"api_token\"\n{ROUTE}\
         [[caller]]\nname = \"mon\"\ntoken_file = \"mon_token\"\nkinds = [\"alert\"]\n"
    );
    let mut machine = Machine::configured(Machine::setup(), "", &more);
    let folder = machine.folder.path().to_owned();
    std::fs::write(folder.join("api_token"), "api-0123456789abcdef").unwrap();
    std::fs::write(folder.join("mon_token"), token).unwrap();
    machine.start().await;
    let config = format!(
        "route:\n  receiver: desk\n  group_by: [alertname]\n  group_wait: 1s\n  group_interval: 1s\nreceivers:\n  - name: desk\n    \
         webhook_configs:\n      - url: http://127.0.0.1:{api}/in/alertmanager/mon/{token}\n"
    );
    std::fs::write(folder.join("alertmanager.yml"), config).unwrap();
    let child = Command::new(program)
        .arg(format!("--config.file={}", folder.join("alertmanager.yml").display()))
        .arg(format!("--storage.path={}", folder.join("alertmanager").display()))
        .arg(format!("--web.listen-address=127.0.0.1:{own}"))
        .arg("--cluster.listen-address=")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let _alertmanager = Alertmanager(child.unwrap());
    crate::world::crypto();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let alert = |ended: bool| {
        let mut alert = serde_json::json!({
            "labels": { "alertname": "DiskFull", "instance": "db-1:9100", "severity": "critical" },
            "annotations": { "summary": "Disk is full on db-1" },
        });
        if ended {
            alert["endsAt"] = "2020-01-01T00:00:00Z".into();
            alert["startsAt"] = "2019-01-01T00:00:00Z".into();
        }
        let request = http.post(format!("http://127.0.0.1:{own}/api/v2/alerts")).json(&vec![alert]);
        async move { request.send().await.is_ok_and(|answer| answer.status().is_success()) }
    };
    let told = async {
        while !alert(false).await {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    timeout(PATIENCE, told).await.unwrap();
    let first = |slack: &deskd::simulator::Simulator, begins: &str| {
        slack.posts("support").unwrap().first().is_some_and(|post| post.text.starts_with(begins))
    };
    timeout(PATIENCE, machine.slack.until(|slack| first(slack, "Disk is full on db-1"))).await.unwrap();
    assert!(alert(true).await);
    timeout(PATIENCE, machine.slack.until(|slack| first(slack, "Resolved: Disk is full on db-1")))
        .await
        .unwrap();
    let log = std::fs::read_to_string(folder.join("log")).unwrap();
    assert!(!log.contains(token), "the address is in the log");
}
