//! `docs/http-mode.md` is true: what it says to write and to type leads from nothing to a task, through nginx and through
//! Caddy, with a certificate of one's own making.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use deskd::config::{Environment, Sources};

use crate::peer;

const PAGE: &str = include_str!("../../docs/http-mode.md");
const BINARY: &str = env!("CARGO_BIN_EXE_deskd");

/// Longest time for everything on the page; a loaded machine needs seconds, not this.
const PATIENCE: Duration = Duration::from_secs(120);

/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Installing through Slack's pages.
const INSTALLING: &str = "\n[oauth]\nclient_id = \"1.2\"\n\
                          redirect_url = \"https://localhost:8443/slack/oauth/callback\"\n";

/// What a browser gets then.
const LOOK_AT_PAGES: &str = r#"
page() { curl -s -o /dev/null -w "$1 %{http_code}\n" --cacert cert.pem "https://localhost:8443$2"; }
page installing /slack/install
page settings '/settings?slack=bad_state'
page elsewhere /settings/more
"#;

/// The fenced blocks after this mark, in order.
fn blocks(mark: &str) -> Vec<&'static str> {
    let mark = format!("<!-- {mark} -->\n```");
    let rest = PAGE.split(mark.as_str()).skip(1);
    rest.map(|rest| rest.split_once('\n').unwrap().1.split_once("```").unwrap().0).collect()
}

/// Ends everything that the page has started.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-TERM", "--", &format!("-{}", self.0.id())]).status();
        let _ = self.0.wait();
    }
}

/// The page with ports that are free.
fn with_ports(text: &str, ports: &[(String, u16)]) -> String {
    ports.iter().fold(text.to_owned(), |text, (shown, free)| text.replace(shown, &free.to_string()))
}

fn follow(proxy: &str) {
    if let Some(missing) = ["openssl", "curl", proxy].into_iter().find(|name| peer::program(name).is_none()) {
        println!("skipped: {missing} is not here, and tests/peers/fetch has not brought it");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let free = |_: &str| {
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).unwrap().port()
    };
    let ports: Vec<(String, u16)> =
        ["8443", "9700", "8766"].iter().map(|shown| ((*shown).to_owned(), free(shown))).collect();
    for name in ["nginx.conf", "Caddyfile", "config.toml"] {
        std::fs::write(folder.path().join(name), with_ports(blocks(name)[0], &ports)).unwrap();
    }
    // Who lets people install the app adds this; the same proxy stands before it.
    let mut config = std::fs::File::options().append(true).open(folder.path().join("config.toml")).unwrap();
    config.write_all(with_ports(INSTALLING, &ports).as_bytes()).unwrap();
    std::os::unix::fs::symlink(BINARY, folder.path().join("deskd")).unwrap();
    let steps = blocks("sh");
    assert_eq!(steps.len(), 3, "make the certificate, start, look");
    let script = [steps[0], steps[1], blocks(&format!("proxy {proxy}"))[0], steps[2], LOOK_AT_PAGES].concat();
    let run = Command::new("sh")
        .args(["-eu", "-c", &with_ports(&script, &ports)])
        .current_dir(folder.path())
        .env("PATH", peer::path(folder.path()))
        .env("HOME", folder.path())
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(folder.path().join("seen")).unwrap())
        .stderr(std::fs::File::create(folder.path().join("errors")).unwrap())
        .process_group(0)
        .spawn()
        .unwrap();
    let mut run = Group(run);
    let ended = (0..PATIENCE.as_millis() / LOOK.as_millis()).find_map(|_| {
        std::thread::sleep(LOOK);
        run.0.try_wait().unwrap()
    });
    let status = ended.unwrap_or_else(|| panic!("the page is not done after {PATIENCE:?}"));
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap_or_default();
    let logs: String = ["errors", "simulator.log", "deskd.log", "proxy.log"]
        .map(|name| format!("{name}:\n{}\n", read(name)))
        .concat();
    assert!(status.success(), "{logs}");
    let seen = read("seen");
    assert!(seen.contains("billing") && seen.contains("ada"), "no task: {seen}\n{logs}");
    assert!(logs.contains("answered the challenge: everything goes there"), "{logs}");
    assert!(seen.contains("installing 303") && seen.contains("settings 200"), "the pages: {seen}\n{logs}");
    assert!(seen.contains("elsewhere 404"), "and nothing else: {seen}");
    let proxied = read("deskd.log");
    assert!(!proxied.contains("invoice"), "no text in the log: {proxied}");
}

#[test]
fn the_page_about_http_mode_leads_to_a_task_through_nginx() {
    follow("nginx");
}

#[test]
fn the_page_about_http_mode_leads_to_a_task_through_caddy() {
    follow("caddy");
}

#[test]
fn the_second_app_of_the_page_is_a_configuration_that_is_right() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    std::fs::write(&path, blocks("two apps")[0]).unwrap();
    let env: Environment = [("HOME".to_owned(), "/home/ada".to_owned())].into();
    let sources = Sources { config: Some(path), env, flags: Vec::new(), root: false };
    let config = sources.load().map_err(|problems| problems.to_string()).unwrap().config;
    assert_eq!(config.slack.apps[0].name, "notifications");
    assert!(config.has_http() && config.has_sockets());
}
