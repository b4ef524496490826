//! Ten thousand bad requests over real connections against the program as it is run: each is refused in the shape, none leaves
//! a row, none brings it down, and it stays small.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use fastrand::Rng;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::errors::shaped;
use crate::http_mode::sign;
use crate::process::{Machine, PATIENCE};

const SECRET: &str = "0123456789abcdef0123456789abcdef";
/// How many requests are made, and how many at once.
const REQUESTS: usize = 10_500;
const AT_ONCE: usize = 48;
/// The most memory that the process may ever have had.
const MOST_KIB: u64 = 60 << 10;

/// One bad request: what it is called in a failure, and its bytes. One that is cut off need not be answered.
struct Bad {
    kind: &'static str,
    bytes: Vec<u8>,
    cut: bool,
}

impl Bad {
    fn new(kind: &'static str, bytes: Vec<u8>) -> Bad {
        Bad { kind, bytes, cut: false }
    }
}

const PATHS: [&str; 4] = ["/slack/events", "/slack/interactive", "/slack/options", "/slack/commands"];

fn body(rng: &mut Rng, now_s: i64) -> Vec<u8> {
    let event = format!(
        r#"{{"token":"x","team_id":"T0ACME00001","api_app_id":"A1","type":"event_callback","event_id":"Ev{}","event_time":{now_s},"event":{{"type":"message","channel":"C1","user":"U1","text":"{}","ts":"{now_s}.000100"}}}}"#,
        rng.u64(..),
        "word ".repeat(rng.usize(0..200)),
    );
    match rng.u8(0..6) {
        0 => Vec::new(),
        1 => format!("payload={}", form_urlencoded::byte_serialize(event.as_bytes()).collect::<String>())
            .into(),
        2 => "command=%2Fdesk&text=help&user_id=U1&team_id=T0ACME00001&channel_id=C1".into(),
        3 => (0..rng.usize(1..2000)).map(|_| rng.u8(..)).collect(),
        _ => event.into(),
    }
}

fn head(path: &str, headers: &[(&str, String)]) -> Vec<u8> {
    let mut head =
        format!("POST {path} HTTP/1.1\r\nHost: desk.example.com\r\nConnection: close\r\n").into_bytes();
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    head.extend_from_slice(b"\r\n");
    head
}

fn request(path: &str, timestamp: &str, signature: &str, more: &[(&str, String)], body: &[u8]) -> Vec<u8> {
    let mut headers = vec![
        ("Content-Length", body.len().to_string()),
        ("X-Slack-Request-Timestamp", timestamp.to_owned()),
        ("X-Slack-Signature", signature.to_owned()),
    ];
    headers.extend(more.iter().cloned());
    [head(path, &headers), body.to_vec()].concat()
}

/// A request of one of the families, by `at` in turn.
fn bad(at: usize, rng: &mut Rng, now_s: i64) -> Bad {
    let path = PATHS[rng.usize(0..PATHS.len())];
    let now = now_s.to_string();
    let body = body(rng, now_s);
    let good = sign(SECRET, &now, &body);
    match at % 21 {
        0 => {
            let mut flipped = good.into_bytes();
            let digit = rng.usize(3..flipped.len());
            flipped[digit] = if flipped[digit] == b'0' { b'1' } else { b'0' };
            let flipped = String::from_utf8(flipped).unwrap();
            Bad::new("a digit off", request(path, &now, &flipped, &[], &body))
        }
        1 => Bad::new("another secret", request(path, &now, &sign("other", &now, &body), &[], &body)),
        2 => {
            let headers = vec![("Content-Length", body.len().to_string()), ("X-Slack-Signature", good)];
            Bad::new("no timestamp", [head(path, &headers), body].concat())
        }
        3 => {
            let headers =
                vec![("Content-Length", body.len().to_string()), ("X-Slack-Request-Timestamp", now)];
            Bad::new("no signature", [head(path, &headers), body].concat())
        }
        4 => {
            let twice = [("X-Slack-Signature", good.clone())];
            Bad::new("two signatures", request(path, &now, &good, &twice, &body))
        }
        5 => {
            let twice = [("x-slack-request-timestamp", now.clone())];
            Bad::new("two timestamps", request(path, &now, &good, &twice, &body))
        }
        6 => {
            let off = [-86_400, -305, 1_200, 86_400, i64::from(u32::MAX)][rng.usize(0..5)];
            let then = (now_s + off).to_string();
            Bad::new("another time", request(path, &then, &sign(SECRET, &then, &body), &[], &body))
        }
        7 => {
            let odd =
                ["-1", "+5", "1e9", "0x5f", "", "now", "99999999999999999999", "1.5", "١٢٣"][rng.usize(0..9)];
            Bad::new("no timestamp at all", request(path, odd, &sign(SECRET, odd, &body), &[], &body))
        }
        8 => {
            let again = [body.as_slice(), b" "].concat();
            Bad::new("another body", request(path, &now, &good, &[], &again))
        }
        9 => {
            let odd = [good.to_uppercase(), good.replace("v0=", "v1="), good[3..].to_owned(), good + "00"];
            Bad::new("an odd signature", request(path, &now, &odd[rng.usize(0..4)], &[], &body))
        }
        10 => {
            let encodings = ["gzip", "br", "deflate", "utf-16"];
            let more = [("Content-Encoding", encodings[rng.usize(0..4)].to_owned())];
            Bad::new("an encoding", request(path, &now, "v0=", &more, &body))
        }
        11 => {
            let types =
                ["text/html", "multipart/form-data; boundary=x", "application/json; charset=utf-7", ""];
            let more = [("Content-Type", types[rng.usize(0..4)].to_owned())];
            Bad::new("a content type", request(path, &now, "v0=0", &more, &body))
        }
        12 => {
            let headers = vec![("Transfer-Encoding", "chunked".to_owned()), ("X-Slack-Signature", good)];
            let mut bytes = head(path, &headers);
            for piece in body.chunks(rng.usize(1..97)) {
                write!(bytes, "{:x}\r\n", piece.len()).unwrap();
                bytes.extend_from_slice(piece);
                bytes.extend_from_slice(b"\r\n");
            }
            bytes.extend_from_slice(b"0\r\n\r\n");
            Bad::new("in chunks", bytes)
        }
        13 => {
            let mut bytes = head(path, &[("Transfer-Encoding", "chunked".to_owned())]);
            bytes.extend_from_slice(
                [&b"zz\r\nab\r\n"[..], b"-1\r\n", b"ffffffffffffffffff\r\n", b"2\r\nabc"][rng.usize(0..4)],
            );
            Bad { kind: "broken chunks", bytes, cut: true }
        }
        14 => {
            let mut bytes = request(path, &now, &good, &[], &body);
            bytes.truncate(rng.usize(1..bytes.len()));
            Bad { kind: "cut off", bytes, cut: true }
        }
        15 => {
            let more = [("Content-Length", (body.len() + 1).to_string())];
            Bad::new("two lengths", request(path, &now, &good, &more, &body))
        }
        16 => {
            let forms =
                ["payload=1&payload=2", "ssl_check=1&token=x", "payload=%ff%fe", "payload[]=1", "&&&=&==&%"];
            Bad::new("a form", request(path, &now, "v0=1", &[], forms[rng.usize(0..5)].as_bytes()))
        }
        17 => {
            let tricks = [
                r#"{"type":"url_verification"}"#,
                r#"{"type":"url_verification","challenge":"<script>"}"#,
                r#"{"type":["url_verification"],"challenge":"x"}"#,
                r#"[{"type":"url_verification","challenge":"x"}]"#,
                r#"{"type":"event_callback","challenge":"x"}"#,
            ];
            Bad::new(
                "a challenge that is none",
                request(path, "", "", &[], tricks[rng.usize(0..5)].as_bytes()),
            )
        }
        18 => {
            let methods = ["GET", "PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "BREW"];
            let line = format!(
                "{} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
                methods[rng.usize(0..7)]
            );
            Bad::new("a method", line.into_bytes())
        }
        19 => {
            let paths = [
                "/",
                "/slack",
                "/slack/",
                "/slack/events/",
                "/SLACK/events",
                "/slack/x/events",
                "/v1/tasks",
                "/slack/events%00",
                "//slack/events",
            ];
            let path = paths[rng.usize(0..9)];
            Bad::new("an address", request(path, &now, &good, &[], &body))
        }
        _ => {
            let mut garbage: Vec<u8> = (0..rng.usize(8..600)).map(|_| rng.u8(..)).collect();
            garbage.extend_from_slice(b"\r\n\r\n");
            let more = [
                garbage,
                format!("POST {path} HTTP/9.9\r\n\r\n").into_bytes(),
                format!("POST {path} HTTP/1.1\r\nBad Header: x\r\n\r\n").into_bytes(),
                format!("POST {path} HTTP/1.1\r\nA: b\r\n c\r\n\r\n").into_bytes(),
                format!("POST {path} HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(200)).into_bytes(),
                format!("POST {path} HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: gzip\r\n\r\nabcd")
                    .into_bytes(),
            ];
            let [garbage, rest @ ..] = more;
            let bytes = if rng.bool() { garbage } else { rest[rng.usize(0..5)].clone() };
            Bad { kind: "no HTTP", bytes, cut: true }
        }
    }
}

/// Sends the bytes and reads the answer; `None` when there is none.
async fn tell(address: SocketAddr, bytes: &[u8], hang_up: bool) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // Who is refused early may find the connection closed while writing.
    let _ = stream.write_all(bytes).await;
    if hang_up {
        let _ = stream.shutdown().await;
    }
    let mut answer = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the end comes");
    parsed(answer)
}

/// The status and the body of an answer.
fn parsed(answer: Vec<u8>) -> Option<(u16, String)> {
    let text = String::from_utf8(answer).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    Some((head.get(9..12)?.parse().ok()?, body.to_owned()))
}

/// The most memory that a process ever had, without the pages of its own file: an unoptimised program has several times as
/// many of them as the one that is installed.
fn most_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let of = |name: &str| -> u64 {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    };
    println!("{} KiB with its own file", of("VmHWM:"));
    of("VmHWM:") - of("RssFile:")
}

async fn served(machine: &mut Machine, address: SocketAddr) {
    machine.env = vec![("SLACK_SIGNING_SECRET", SECRET.into())];
    machine.launch();
    machine.answers().await;
    assert!(TcpStream::connect(address).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_02_sec_09_ten_thousand_bad_requests_are_refused_in_the_shape_and_leave_nothing() {
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let more = format!("[http]\nlisten = \"{address}\"\n");
    let mut machine = Machine::configured(Machine::setup(), "", &more);
    let path = machine.folder.path().join("config.toml");
    let config = std::fs::read_to_string(&path).unwrap().replace("[slack]\n", "[slack]\nmode = \"http\"\n");
    std::fs::write(&path, config).unwrap();
    served(&mut machine, address).await;
    let recorded = machine.json(&["status"]).await["journal"]["recorded"].clone();
    let now_s = wall_s();
    let mut all = tokio::task::JoinSet::new();
    let mut outcomes: BTreeMap<(&'static str, u16), usize> = BTreeMap::new();
    for at in 0..REQUESTS {
        while all.len() >= AT_ONCE {
            note(&mut outcomes, all.join_next().await.unwrap().unwrap());
        }
        all.spawn(async move {
            let bad = bad(at, &mut Rng::with_seed(at as u64), now_s);
            (bad.kind, bad.cut, tell(address, &bad.bytes, bad.cut).await)
        });
    }
    all.spawn(slow(address));
    for length in [2 << 20, 6 << 20] {
        all.spawn(async move {
            let headers = [("Content-Length", length.to_string())];
            let bytes = [head("/slack/events", &headers), vec![b'x'; length]].concat();
            ("huge", false, tell(address, &bytes, false).await)
        });
    }
    while let Some(done) = all.join_next().await {
        note(&mut outcomes, done.unwrap());
    }
    println!("{outcomes:?}");
    let answered: usize =
        outcomes.iter().filter(|((_, status), _)| *status != 0).map(|(_, count)| count).sum();
    assert!(answered > REQUESTS * 9 / 10, "{answered} answers: {outcomes:?}");
    assert_eq!(outcomes.get(&("huge", 413)), Some(&2), "{outcomes:?}");
    assert_eq!(outcomes.get(&("slow", 408)), Some(&1), "{outcomes:?}");
    let status = machine.json(&["status"]).await;
    assert_eq!(status["journal"]["recorded"], recorded, "nothing was written");
    let log = std::fs::read_to_string(machine.folder.path().join("log")).unwrap();
    assert!(!log.contains("anic") && !log.contains("word word"), "{log}");
    let pid = machine.daemon.as_ref().unwrap().id();
    let most = most_kib(pid);
    println!("{most} KiB at most");
    assert!(most < MOST_KIB, "{most} KiB");
    // After all that a good one is taken.
    let body = br#"{"type":"event_callback","event_id":"Ev1","team_id":"T0ACME00001","event":{"type":"x"}}"#;
    let now = wall_s().to_string();
    let good = request("/slack/events", &now, &sign(SECRET, &now, body), &[], body);
    assert_eq!(tell(address, &good, false).await, Some((200, String::new())));
}

/// Seconds since 1970 as the daemon's machine sees them.
fn wall_s() -> i64 {
    deskd::runtime::clock::Clock::Wall.now().unix_seconds()
}

fn note(
    outcomes: &mut BTreeMap<(&'static str, u16), usize>,
    (kind, cut, answer): (&'static str, bool, Option<(u16, String)>),
) {
    let status = match &answer {
        None => {
            assert!(cut, "{kind}: no answer");
            0
        }
        Some((status, body)) => {
            assert!(*status >= 400, "{kind}: {status} {body}");
            // A HEAD has no body, and there is none among these.
            let document: Value = shaped(*status, body);
            assert_eq!(document["ok"], false);
            *status
        }
    };
    *outcomes.entry((kind, status)).or_default() += 1;
}

/// One that sends its body a byte at a time, and listens meanwhile.
async fn slow(address: SocketAddr) -> (&'static str, bool, Option<(u16, String)>) {
    let (mut answers, mut asks) = TcpStream::connect(address).await.unwrap().into_split();
    let head = head("/slack/events", &[("Content-Length", "1000".to_owned())]);
    asks.write_all(&head).await.unwrap();
    let sending = async {
        let mut tick = tokio::time::interval(Duration::from_millis(200));
        // Once the answer is there nobody takes the rest.
        while asks.write_all(b"x").await.is_ok() {
            tick.tick().await;
        }
    };
    let mut answer = Vec::new();
    let end = async { tokio::join!(sending, answers.read_to_end(&mut answer)) };
    let _ = timeout(PATIENCE, end).await.expect("the end comes");
    ("slow", false, parsed(answer))
}
