//! Slack's own verifiers over the same requests: Bolt for JavaScript's receiver and slack_sdk for Python agree with ours, apart
//! from timestamps far in the future, which Bolt lets in and we do not, and from times that are written as Slack does not
//! write them, which slack_sdk lets in and neither Bolt nor we do. `tests/peers/fetch` brings both into
//! `target/peers`; without them this says so and passes.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use deskd::config::Secret;
use deskd::domain::time::Timestamp;
use deskd::slack::signature::verify;
use serde_json::{Value, json};

use crate::http_mode::{SECRET, sign};

const NOW_S: i64 = 1_700_000_000;

struct Case {
    timestamp: String,
    signature: String,
    body: String,
}

impl Case {
    fn ours(&self) -> bool {
        let at = Timestamp(NOW_S * 1000);
        verify(&[Secret::new(SECRET)], &self.timestamp, &self.signature, self.body.as_bytes(), at).is_ok()
    }

    /// Signed well, over a time that Python takes for a number and nobody else does.
    fn is_oddly_written(&self) -> bool {
        let odd = self.timestamp.starts_with(['0', '+']) || self.timestamp.contains('_');
        odd && self.signature == sign(SECRET, &self.timestamp, self.body.as_bytes())
    }

    /// Signed well, for a time that is too far ahead.
    fn is_far_ahead(&self) -> bool {
        let signed_at = self.timestamp.parse::<i64>().unwrap_or_default();
        signed_at > NOW_S + 300
            && !self.is_oddly_written()
            && self.signature == sign(SECRET, &self.timestamp, self.body.as_bytes())
    }

    fn line(&self) -> String {
        let body = data(self.body.as_bytes());
        json!({ "secret": SECRET, "now": NOW_S, "timestamp": self.timestamp, "signature": self.signature, "body": body })
            .to_string()
    }
}

/// Base64, so that a body of any kind is one line.
fn data(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits =
            three.iter().chain([0, 0].iter()).take(3).fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place) & 63) as usize] as char;
            text.push(if place <= three.len() { digit } else { '=' });
        }
    }
    text
}

/// Good requests and every way of being a little off, over bodies of all kinds.
fn corpus() -> Vec<Case> {
    let mut cases = Vec::new();
    let bodies = [
        String::new(),
        "{}".to_owned(),
        "payload=%7B%22type%22%3A%22block_actions%22%7D".to_owned(),
        "{\"text\":\"ü \u{1f4a5} \u{2028}\\u0000\"}".to_owned(),
        "x".repeat(20_000),
        "\r\n\r\n v0:1700000000: ".to_owned(),
    ];
    for body in bodies {
        for off in [0, 1, -1, 299, -299, 300, -300, 301, -301, 302, 3_600, -3_600, 86_400_000] {
            let timestamp = (NOW_S + off).to_string();
            let good = sign(SECRET, &timestamp, body.as_bytes());
            let case = |timestamp: &str, signature: &str, body: &str| Case {
                timestamp: timestamp.to_owned(),
                signature: signature.to_owned(),
                body: body.to_owned(),
            };
            cases.push(case(&timestamp, &good, &body));
            for at in 3..67 {
                let mut flipped = good.clone().into_bytes();
                flipped[at] = if flipped[at] == b'0' { b'1' } else { b'0' };
                cases.push(case(&timestamp, &String::from_utf8(flipped).unwrap(), &body));
            }
            for odd in
                [&good[3..], "v0=", "v0", "", &good.to_uppercase(), &good.replace("v0", "v1"), &good[..66]]
            {
                cases.push(case(&timestamp, odd, &body));
            }
            cases.push(case(&timestamp, &format!("{good}0"), &body));
            cases.push(case(&timestamp, &good, &format!("{body} ")));
            cases.push(case(&timestamp, &sign("other", &timestamp, body.as_bytes()), &body));
            for odd in ["", "0", "now", &format!("{timestamp}.5"), &format!("-{timestamp}")] {
                cases.push(case(odd, &good, &body));
            }
        }
    }
    for odd in [format!("0{NOW_S}"), format!("+{NOW_S}"), "1_700_000_000".to_owned()] {
        let signature = sign(SECRET, &odd, b"{}");
        cases.push(Case { timestamp: odd, signature, body: "{}".to_owned() });
    }
    cases
}

#[test]
fn sec_01_slacks_own_verifiers_agree_with_ours() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let peers = root.join("target/peers");
    let python = peers.join("venv/bin/python");
    let cases = corpus();
    assert!(cases.len() > 5_000 && cases.iter().filter(|case| case.ours()).count() == 42);
    if succeeds(Command::new(&python).args(["-c", "import slack_sdk"])) {
        let script = root.join("tests/peers/signatures.py");
        compare("slack_sdk", Command::new(python).arg(script), &cases, |case| {
            case.ours() || case.is_oddly_written()
        });
    } else {
        println!("skipped slack_sdk: tests/peers/fetch brings it");
    }
    let bolt = peers.join("bolt_js/node_modules/@slack/bolt");
    if bolt.exists() && succeeds(Command::new("node").arg("--version")) {
        let script: PathBuf = peers.join("bolt_js/signatures.js");
        std::fs::copy(root.join("tests/peers/bolt_js/signatures.js"), &script).unwrap();
        compare("bolt-js", Command::new("node").arg(script), &cases, |case| {
            case.ours() || case.is_far_ahead()
        });
    } else {
        println!("skipped bolt-js: tests/peers/fetch brings it");
    }
}

/// Whether a program is there and does what it is told.
fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

fn compare(name: &str, command: &mut Command, cases: &[Case], expected: impl Fn(&Case) -> bool) {
    let mut peer = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut told = peer.stdin.take().unwrap();
    let lines: String = cases.iter().map(|case| case.line() + "\n").collect();
    let writer = std::thread::spawn(move || told.write_all(lines.as_bytes()));
    let output = peer.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let verdicts: Vec<Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(verdicts.len(), cases.len(), "{name} answers every line");
    for (case, verdict) in cases.iter().zip(verdicts) {
        let told: String = case.body.chars().take(40).collect();
        assert_eq!(verdict, json!(expected(case)), "{name}: {} {} {told:?}", case.timestamp, case.signature);
    }
    println!("{name} agrees over {} requests", cases.len());
}
