//! The journal full at the start, and how quickly sockets come back: `tests/soak/backlog [ROWS]`.
//!
//! The rows are recorded as the daemon records them, ten minutes of a busy day that nobody has gathered yet. Then the daemon
//! starts, Slack delivers at a steady rate meanwhile, and the line tells when the rows were taken up and how long acks took.
//! At the end nobody can connect for a moment, what is said then is lost to the sockets, and acks are timed again while the
//! desk reads it from the history.

use std::time::Duration;

use deskd::domain::time::Timestamp;
use deskd::runtime::clock::Clock;
use deskd::simulator::{
    AckTime, ChannelSetup, Fault, OfflineEvents, PersonSetup, Reason, Setup, Simulator, Times, Which,
};
use deskd::slack::wire::keys;
use deskd::store::{Incoming, Store};
use rusqlite::{Connection, OpenFlags};
use serde_json::json;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::connected;
use super::desk::Desk;
use super::figures::{Sampler, percentile};

const CHANNELS: usize = 200;
const PEOPLE: usize = 90;
/// The rows came in over this long before the start.
const SPAN_MS: i64 = 600_000;
/// How long acks are timed while the history is read; Slack allows 50 pages a minute.
const BESIDE: Duration = Duration::from_secs(20);
/// Rounds of each measurement of sockets.
const ROUNDS: usize = 5;

// The bars.
const TAKEN_UP: Duration = Duration::from_secs(15);
const ACK_MS: i64 = 50;
const BACK_MS: i64 = 1_000;
const MEMORY_MIB: u64 = 80;

/// Runs it and prints the line; whether all bars hold.
pub async fn run(rows: usize, rate: f64, seed: u64) -> Result<bool, String> {
    let slack = workspace()?;
    let mut desk = Desk::new(&slack, "30s", "5m")?;
    desk.disk = None;
    std::fs::create_dir_all(desk.database().with_file_name("")).map_err(|error| error.to_string())?;
    fill(&slack, &desk, rows).await?;
    let rate = rate.max(100.0);
    let stop = CancellationToken::new();
    let sampler = Sampler::new(&desk);
    let began = Clock::Wall.now();
    desk.start()?;
    connected(&slack).await?;
    let greeted = Clock::Wall.now().since(began);
    let traffic = tokio::spawn(traffic(slack.clone(), rate, seed, stop.clone()));
    let taken_up = until_taken_up(&desk, rows, began).await?;
    let times = slack.ack_times();
    let triaged = until_triaged(&desk, began).await?;
    let back = reconnects(&slack).await?;
    let refreshes = refreshes(&slack).await?;
    let (read, beside) = recovering(&slack, &desk).await?;
    stop.cancel();
    traffic.await.map_err(|error| error.to_string())?;
    sampler.look_at_memory();
    desk.stop().await?;
    println!(
        "backlog: rows {rows} rate {rate}/s connected_ms {} taken_up_s {:.1} meanwhile acks {} p50 {} p99 {} max {} ms; tasks_made_s {:.1}; \
         reconnect_ms max {back}; refresh ack_ms max {refreshes}; while {read} messages were recovered acks {} p50 {} p99 {} ms; \
         rss_max_mib {}",
        greeted.as_millis(),
        taken_up.as_secs_f64(),
        times.len(),
        percentile(&times, 50),
        percentile(&times, 99),
        longest(&times),
        triaged.as_secs_f64(),
        beside.len(),
        percentile(&beside, 50),
        percentile(&beside, 99),
        sampler.peak_mib(),
    );
    let quick = |times: &[AckTime]| percentile(times, 99) < ACK_MS && !times.is_empty();
    let acks = quick(&times) && quick(&beside) && read > 0;
    Ok(taken_up < TAKEN_UP
        && acks
        && back < BACK_MS
        && refreshes < BACK_MS
        && sampler.peak_mib() < MEMORY_MIB)
}

fn workspace() -> Result<Simulator, String> {
    let setup = Setup {
        epoch_ms: Clock::Wall.now().0,
        channels: (0..CHANNELS).map(|number| ChannelSetup::public(&format!("room-{number}"))).collect(),
        people: (0..PEOPLE).map(|number| PersonSetup::new(&format!("person{number}"), "A Person")).collect(),
        offline_events: OfflineEvents::Lost,
        ..Setup::default()
    };
    Simulator::start(([127, 0, 0, 1], 0).into(), setup).map_err(|error| error.to_string())
}

/// Records the rows through the program's own store, then closes it.
async fn fill(slack: &Simulator, desk: &Desk, rows: usize) -> Result<(), String> {
    let now = Clock::Wall.now();
    let store = Store::open(&desk.database(), now).await.map_err(|error| error.to_string())?;
    let channels: Vec<String> = slack.channels().into_iter().map(|channel| channel.id).collect();
    let people: Vec<String> = slack
        .people()
        .into_iter()
        .filter(|one| one.bot.is_none() && one.handle.starts_with("person"))
        .map(|one| one.id)
        .collect();
    for first in (0..rows).step_by(256) {
        let at = Timestamp(now.0 - SPAN_MS + SPAN_MS * first as i64 / rows as i64);
        let batch = first..rows.min(first + 256);
        let batch = batch.map(|number| {
            incoming(number, at, &channels[number * 7 % channels.len()], &people[number * 13 % people.len()])
        });
        store.record_events(batch.collect(), at).await.map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn incoming(number: usize, at: Timestamp, channel: &str, person: &str) -> Incoming {
    let text = "the export of last month fails again and the customer asked twice today ".repeat(3);
    let ts = format!("{}.{number:06}", at.0 / 1000);
    let payload = json!({
        "token": "none", "team_id": "T0ACME00001", "context_team_id": "T0ACME00001", "api_app_id": "A0DESKAPP01",
        "event": {
            "type": "message", "user": person, "ts": ts, "client_msg_id": format!("{number:032x}"), "text": text,
            "team": "T0ACME00001", "channel": channel, "event_ts": ts, "channel_type": "channel",
            "blocks": [{"type": "rich_text", "block_id": "b", "elements":
                [{"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}]}]},
        "type": "event_callback", "event_id": format!("EvBacklog{number:09}"), "event_time": at.0 / 1000,
    })
    .to_string();
    let keys = keys("events_api", &payload);
    Incoming {
        workspace: keys.workspace.unwrap_or_default(),
        app: keys.app.unwrap_or_default(),
        kind: "events_api".to_owned(),
        inner: keys.kind.unwrap_or_default(),
        event_id: keys.event_id.unwrap_or_default(),
        retry: 0,
        payload,
    }
}

async fn traffic(slack: Simulator, rate: f64, seed: u64, stop: CancellationToken) {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut beat = tokio::time::interval(Duration::from_secs_f64(1.0 / rate));
    while !stop.is_cancelled() {
        beat.tick().await;
        let (person, room) = (rng.usize(..PEOPLE), rng.usize(..CHANNELS));
        let _ = slack.say(&format!("person{person}"), &format!("room-{room}"), "and one more question");
    }
}

async fn until_taken_up(desk: &Desk, rows: usize, began: Timestamp) -> Result<Duration, String> {
    until(desk, "SELECT COALESCE(MAX(event), 0) FROM outcomes", began, |last| last >= rows as i64).await
}

async fn until_triaged(desk: &Desk, began: Timestamp) -> Result<Duration, String> {
    let sql = format!(
        "SELECT COUNT(*) FROM bundles WHERE state = 'sealed' OR (state = 'open' AND due < {})",
        Clock::Wall.now().0
    );
    until(desk, &sql, began, |left| left == 0).await
}

async fn until(
    desk: &Desk,
    sql: &str,
    began: Timestamp,
    done: impl Fn(i64) -> bool,
) -> Result<Duration, String> {
    let path = desk.database();
    let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .map_err(|error| error.to_string())?;
    let looking = async {
        loop {
            let count = database.query_row(sql, [], |row| row.get(0)).map_err(|error| error.to_string())?;
            if done(count) {
                return Ok(Clock::Wall.now().since(began));
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(300), looking).await.map_err(|_| format!("never came true: {sql}"))?
}

/// The longest time from a broken connection to the next one, in milliseconds.
async fn reconnects(slack: &Simulator) -> Result<i64, String> {
    let mut longest = 0;
    for _ in 0..ROUNDS {
        // A life of ten seconds counts as healthy, and the loss of a healthy one is made good at once.
        sleep(Duration::from_secs(11)).await;
        let (cut, asked) = (slack.now_ms(), slack.calls("apps.connections.open"));
        slack.cut_sockets(Which::Oldest);
        let back = slack.until(|slack| slack.calls("apps.connections.open") > asked && slack.sockets() >= 2);
        timeout(Duration::from_secs(60), back).await.map_err(|_| "the cut socket stayed away".to_owned())?;
        longest = longest.max(slack.now_ms() - cut);
    }
    Ok(longest)
}

/// The longest time to an ack around a refresh of all sockets, in milliseconds.
async fn refreshes(slack: &Simulator) -> Result<i64, String> {
    let mut slowest = 0;
    for _ in 0..ROUNDS {
        sleep(Duration::from_secs(3)).await;
        let (asked, before) = (slack.now_ms(), slack.ack_times().len());
        slack.disconnect(Which::All, Reason::RefreshRequested);
        sleep(Duration::from_secs(4)).await;
        let times: Vec<AckTime> =
            slack.ack_times()[before..].iter().filter(|time| time.sent_ms >= asked).copied().collect();
        slowest = slowest.max(longest(&times)).max(if times.is_empty() { i64::MAX } else { 0 });
    }
    Ok(slowest)
}

/// How many messages were read from the history in the time after a gap, and how long acks took meanwhile.
async fn recovering(slack: &Simulator, desk: &Desk) -> Result<(i64, Vec<AckTime>), String> {
    slack.fault("apps.connections.open", Fault::Status(503), Times::UntilCleared);
    slack.cut_sockets(Which::All);
    sleep(Duration::from_secs(5)).await;
    slack.clear_faults();
    connected(slack).await?;
    let (before, since) = (slack.ack_times().len(), slack.now_ms());
    sleep(BESIDE).await;
    let database = Connection::open_with_flags(desk.database(), OpenFlags::SQLITE_OPEN_READ_ONLY)
        .map_err(|error| error.to_string())?;
    let read = database
        .query_row("SELECT COALESCE(SUM(messages), 0) FROM recoveries WHERE cause = 'gap'", [], |row| {
            row.get(0)
        })
        .map_err(|error| error.to_string())?;
    let times = slack.ack_times()[before..].iter().filter(|time| time.sent_ms >= since).copied().collect();
    Ok((read, times))
}

fn longest(times: &[AckTime]) -> i64 {
    times.iter().map(|time| time.took_ms).max().unwrap_or(0)
}
