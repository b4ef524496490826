//! Signed webhooks: what arrives at a system of the user's, and whether it can be believed.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use deskd::config::Secret;
use deskd::config::endpoint::Endpoint;
use deskd::dispatch::hook::Endpoints;
use deskd::dispatch::sign::signature;
use deskd::domain::carry::{Failed, Why};
use deskd::domain::time::Timestamp;
use deskd::runtime::clock::Clock;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::sink::{Sink, header};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn endpoint(url: &str, allow_private: bool) -> Endpoint {
    let (name, timeout) = ("ledger".to_owned(), Duration::from_secs(5));
    Endpoint { name, url: url.to_owned(), secret_file: None, allow_private, timeout }
}

/// Calls `url` once.
async fn call(url: &str, allow_private: bool, secret: Option<&str>, now: Timestamp) -> Result<(), Failed> {
    crate::world::crypto();
    let secrets: BTreeMap<String, Secret> =
        secret.into_iter().map(|secret| ("ledger".to_owned(), Secret::new(secret))).collect();
    let endpoints = Endpoints::new(&[endpoint(url, allow_private)], &secrets).unwrap();
    endpoints.call("ledger", "T1-7-99", "{\"id\":7}".to_owned(), now).await
}

#[tokio::test]
async fn web_14_a_call_carries_its_signature_and_the_id_of_its_delivery() {
    let sink = Sink::answering("204 X").await;
    let url = format!("http://{}/hooks/deskd", sink.address);
    call(&url, true, Some(SECRET), Timestamp(1_700_000_000_000)).await.unwrap();
    let heard = sink.heard();
    let (head, body) = heard[0].split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /hooks/deskd HTTP/1.1"), "{head}");
    assert_eq!(body, "{\"id\":7}");
    assert_eq!(header(head, "content-type").as_deref(), Some("application/json"));
    assert_eq!(header(head, "x-deskd-delivery").as_deref(), Some("T1-7-99"));
    let signed = header(head, "x-deskd-signature").unwrap();
    let parts: Vec<&str> = signed.split(',').collect();
    assert_eq!(parts[..2], ["v1", "1700000000"]);
    assert!(parts[2].len() == 64 && parts[2].chars().all(|c| c.is_ascii_hexdigit() && !c.is_uppercase()));
}

#[tokio::test]
async fn web_16_without_a_secret_nothing_is_signed() {
    let sink = Sink::answering("200 OK").await;
    call(&format!("http://{}/", sink.address), true, None, Timestamp(0)).await.unwrap();
    let heard = sink.heard();
    assert_eq!(header(&heard[0], "x-deskd-signature"), None);
    assert!(header(&heard[0], "x-deskd-delivery").is_some());
}

#[tokio::test]
async fn web_15_the_programs_of_the_page_believe_what_we_sign_and_nothing_else() {
    let sink = Sink::answering("204 X").await;
    let now = Clock::Wall.now();
    call(&format!("http://{}/", sink.address), true, Some(SECRET), now).await.unwrap();
    let heard = sink.heard();
    let (head, body) = heard[0].split_once("\r\n\r\n").unwrap();
    let signed = header(head, "x-deskd-signature").unwrap();
    let old = signature(&Secret::new(SECRET), body, now.minus(Duration::from_secs(301))).unwrap();
    let ahead = signature(&Secret::new(SECRET), body, now.plus(Duration::from_secs(400))).unwrap();
    let later = signed.replacen("v1,1", "v1,2", 1);
    let mut changed = body.as_bytes().to_vec();
    changed[2] ^= 1;
    for (language, interpreter) in [("python", "python3"), ("js", "node"), ("sh", "sh")] {
        let needed = if language == "sh" { "openssl" } else { interpreter };
        if !is_here(needed) {
            println!("skipped: {needed} is not here, so the program in {language} was not run");
            continue;
        }
        let sample = Sample::of_page(language, interpreter);
        for (what, secret, header, body, expected) in [
            ("what we signed", SECRET, signed.as_str(), body.as_bytes(), 0),
            ("one byte is another", SECRET, &signed, &changed, 1),
            ("one byte more", SECRET, &signed, &[body.as_bytes(), b" "].concat(), 1),
            ("nothing", SECRET, &signed, b"", 1),
            ("another secret", "another-secret-of-16", &signed, body.as_bytes(), 1),
            ("another second", SECRET, &later, body.as_bytes(), 1),
            ("signed too long ago", SECRET, &old, body.as_bytes(), 1),
            ("signed in the future", SECRET, &ahead, body.as_bytes(), 1),
            ("no header", SECRET, "", body.as_bytes(), 1),
            ("half a header", SECRET, "v1,1", body.as_bytes(), 1),
            ("another version", SECRET, &signed.replacen("v1", "v2", 1), body.as_bytes(), 1),
        ] {
            assert_eq!(sample.run(secret, header, body), expected, "{language}: {what}");
        }
    }
}

#[tokio::test]
async fn private_addresses_are_called_only_when_the_endpoint_says_so() {
    let sink = Sink::answering("204 X").await;
    let port = sink.address.rsplit_once(':').unwrap().1;
    for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "127.1"] {
        let ended = call(&format!("https://{host}:{port}/"), false, None, Timestamp(0)).await;
        assert_eq!(ended.unwrap_err().why, Why::NotAllowed, "{host}");
    }
    assert_eq!(sink.heard(), [] as [&str; 0], "nobody was called");
    let inside = call(&format!("http://localhost:{port}/"), true, None, Timestamp(0)).await;
    assert_eq!(inside, Ok(()), "allowed, and by a name");
    let outside = call("http://1.1.1.1/", true, None, Timestamp(0)).await;
    assert_eq!(outside.unwrap_err().why, Why::NotAllowed, "unencrypted to the internet");
    let unencrypted = call(&format!("http://localhost:{port}/"), false, None, Timestamp(0)).await;
    assert_eq!(unencrypted.unwrap_err().why, Why::NotConfigured);
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_each_failure_has_its_word() {
    let stranger = Sink::answering("204 X").await;
    let moved: &'static str = Box::leak(format!("307 X\r\nlocation: http://{}/", stranger.address).into());
    for (line, word) in [(moved, "http_307"), ("500 X", "http_500"), ("410 X", "http_410")] {
        let sink = Sink::answering(line).await;
        let ended = call(&format!("http://{}/", sink.address), true, None, Timestamp(0)).await;
        assert_eq!(ended.unwrap_err().why.to_string(), word);
    }
    assert_eq!(stranger.heard(), [] as [&str; 0]);
    let busy = Sink::answering("429 X\r\nretry-after: 120").await;
    let ended = call(&format!("http://{}/", busy.address), true, None, Timestamp(0)).await;
    assert_eq!(ended.unwrap_err().retry_after, Some(Duration::from_secs(120)));
    let rude = Sink::open(|mut stream| async move {
        let mut hello = [0; 4096];
        if stream.read(&mut hello).await.ok()? > 0 {
            stream.write_all(b"what?\r\n").await.ok()?;
        }
        while stream.read(&mut hello).await.is_ok_and(|read| read > 0) {}
        None
    });
    let plain = call(&format!("https://{}/", rude.await.address), true, None, Timestamp(0)).await;
    assert_eq!(plain.unwrap_err().why, Why::NoTls, "it speaks no TLS");
    let silent = Sink::open(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
        None
    });
    let silent = silent.await;
    let mut slow = endpoint(&format!("http://{}/", silent.address), true);
    slow.timeout = Duration::from_millis(200);
    let endpoints = Endpoints::new(&[slow], &BTreeMap::new()).unwrap();
    let ended = endpoints.call("ledger", "1", String::new(), Timestamp(0)).await;
    assert_eq!(ended.unwrap_err().why, Why::Timeout);
    let nobody = call("http://127.0.0.1:1/", true, None, Timestamp(0)).await;
    assert_eq!(nobody.unwrap_err().why, Why::Unreachable);
    let nowhere = call("https://nowhere.invalid/", false, None, Timestamp(0)).await;
    assert_eq!(nowhere.unwrap_err().why, Why::NoAddress);
    let unknown = Endpoints::default().call("ledger", "1", String::new(), Timestamp(0)).await;
    assert_eq!(unknown.unwrap_err().why, Why::NotConfigured);
}

/// A program of docs/signed-webhooks.md, as it stands there.
struct Sample {
    file: tempfile::NamedTempFile,
    interpreter: &'static str,
}

impl Sample {
    fn of_page(language: &str, interpreter: &'static str) -> Sample {
        let page = include_str!("../../docs/signed-webhooks.md");
        let (_, rest) = page.split_once(&format!("\n```{language}\n")).unwrap();
        let (program, _) = rest.split_once("\n```\n").unwrap();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "{program}").unwrap();
        Sample { file, interpreter }
    }

    /// How it ended.
    fn run(&self, secret: &str, header: &str, body: &[u8]) -> i32 {
        let mut program = Command::new(self.interpreter)
            .arg(self.file.path())
            .arg(header)
            .env("DESKD_SECRET", secret)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        // It may have ended without reading all of it.
        let _ = program.stdin.take().unwrap().write_all(body);
        program.wait().unwrap().code().unwrap()
    }
}

fn is_here(program: &str) -> bool {
    let version = if program == "openssl" { "version" } else { "--version" };
    let tried = Command::new(program).arg(version).stdout(Stdio::null()).stderr(Stdio::null()).status();
    tried.is_ok_and(|status| status.success())
}
