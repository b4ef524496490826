//! How fast events are recorded, and how fast a backlog is decoded and gathered: `cargo bench --bench backlog`.
//!
//! Full-size message events of 500 people in 200 channels go through the store as they do in the daemon: recorded in
//! batches of 256 with a durable commit each, then decoded, decided and bundled. CPU is that of the whole process.

use std::time::Duration;

use deskd::domain::bundle::{Desk, Monitor, Quiet};
use deskd::domain::ids::{PersonId, WorkspaceId};
use deskd::domain::message::Ourselves;
use deskd::domain::spaces::Spaces;
use deskd::domain::time::Timestamp;
use deskd::intake::bundle::understand;
use deskd::intake::kin::Kin;
use deskd::slack::wire::keys;
use deskd::store::{Incoming, Store};

const EVENTS: u64 = 100_000;
const BATCH: usize = 256;
const GATHER: u32 = 512;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime starts").block_on(run());
}

async fn run() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = Store::open(&folder.path().join("deskd.db"), Timestamp(0)).await.expect("an empty database");
    let payloads: Vec<String> = (0..EVENTS).map(payload).collect();
    let meter = Meter::start();
    for batch in payloads.chunks(BATCH) {
        let incoming = batch.iter().map(|payload| incoming(payload)).collect();
        store.record_events(incoming, Timestamp(1)).await.expect("recorded");
    }
    meter.report("recorded (keys read, committed durably)");
    let desk = desk();
    let spaces = Spaces::only(desk.ours.clone());
    let meter = Meter::start();
    loop {
        let events = store.next_events(GATHER).await.expect("events");
        if events.is_empty() {
            break;
        }
        let decoded = events.into_iter().map(|event| understand(event, &spaces, &Kin::default())).collect();
        store.gather(decoded, desk.clone(), Timestamp(2)).await.expect("gathered");
    }
    meter.report("gathered (read, decoded, decided, bundled)");
}

fn payload(number: u64) -> String {
    let mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(17);
    let text = "the export of last month fails again and the customer asked twice today ".repeat(3);
    let (channel, user) = (mixed % 200, (mixed >> 20) % 500);
    serde_json::json!({
        "token": "z26uFbvR1xHJEdHE1OQiO6t8", "team_id": "T1", "context_team_id": "T1", "api_app_id": "A1",
        "event": {
            "type": "message", "user": format!("U{user:09}"), "ts": format!("{}.{:06}", 1_764_000_000 + number / 1000, number % 1000),
            "client_msg_id": format!("{mixed:032x}"), "text": text, "team": "T1",
            "blocks": [{"type": "rich_text", "block_id": "b", "elements":
                [{"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}]}],
            "channel": format!("C{channel:09}"), "event_ts": "1764000000.000000", "channel_type": "channel"},
        "type": "event_callback", "event_id": format!("Ev{number:09}"), "event_time": 1_764_000_000 + number / 1000,
        "authorizations": [{"enterprise_id": null, "team_id": "T1", "user_id": "UBOT", "is_bot": true}],
        "is_ext_shared_channel": false, "event_context": "4-eyJldCI6Im1lc3NhZ2UiLCJ0aWQiOiJUMSJ9"
    })
    .to_string()
}

fn incoming(payload: &str) -> Incoming {
    let keys = keys("events_api", payload);
    Incoming {
        workspace: keys.workspace.unwrap_or_default(),
        app: keys.app.unwrap_or_default(),
        kind: "events_api".into(),
        inner: keys.kind.unwrap_or_default(),
        event_id: keys.event_id.unwrap_or_default(),
        retry: 0,
        payload: payload.to_owned(),
    }
}

fn desk() -> Desk {
    Desk {
        ours: Ourselves {
            workspace: WorkspaceId("T1".into()),
            workspace_name: "Bench".into(),
            url: "https://bench.slack.com/".into(),
            person: PersonId("UBOT".into()),
            bot: "BBOT".into(),
            app: Some("A1".into()),
        },
        kin: Vec::new(),
        trusted_bots: Vec::new(),
        monitor: Monitor::Joined,
        quiet: Quiet { quiet: Duration::from_secs(30), max_wait: Duration::from_secs(300) },
    }
}

/// Wall and CPU time of one stretch.
struct Meter {
    started: std::time::Instant,
    cpu_s: f64,
}

impl Meter {
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
    fn start() -> Meter {
        Meter { started: std::time::Instant::now(), cpu_s: cpu_seconds() }
    }

    fn report(self, what: &str) {
        let (wall, cpu) = (self.started.elapsed().as_secs_f64(), cpu_seconds() - self.cpu_s);
        let per_second = EVENTS as f64 / wall;
        println!(
            "{what}: {per_second:.0} events/s, {:.2} s CPU per 100,000 events",
            cpu * 1e5 / EVENTS as f64
        );
    }
}

/// User and system time of this process so far, from the kernel's own count of 1/100 s.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or_default();
    (ticks(11) + ticks(12)) / 100.0
}
