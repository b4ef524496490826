//! The program on a slow disk, and killed in the middle of a flood: real processes, real time.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use deskd::simulator::{Fault, Times};
use tokio::time::{Instant, timeout};

use crate::process::{Machine, PATIENCE};

/// Makes every sync of a file take longer. Loaded in front of the system's library.
const SLOW: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

static int slow(const char *name, int file)
{
    int (*sync)(int) = (int (*)(int)) dlsym(RTLD_NEXT, name);
    usleep((useconds_t) atoi(getenv("SYNC_TAKES_US")));
    return sync(file);
}

int fsync(int file) { return slow("fsync", file); }
int fdatasync(int file) { return slow("fdatasync", file); }
"#;

/// The library that slows syncs down; `None` where there is no C compiler.
fn slow_syncs(folder: &Path) -> Option<PathBuf> {
    let (source, library) = (folder.join("slow.c"), folder.join("slow.so"));
    std::fs::write(&source, SLOW).unwrap();
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).arg("-ldl");
    cc.status().is_ok_and(|status| status.success()).then_some(library)
}

/// Says so many messages at once; the answer is how long each waited for its acknowledgement, shortest first. They are
/// acknowledged in about the order in which they were said, so the n-th ack is taken for that of the n-th message.
async fn flood(machine: &Machine, messages: u64) -> Vec<Duration> {
    let before = machine.slack.acks();
    #[allow(clippy::disallowed_methods, reason = "the scene is in real time")]
    let begun = Instant::now();
    let mut said = Vec::new();
    for number in 0..messages {
        said.push(begun.elapsed());
        machine.slack.say("ada", "support", &format!("message {number}")).unwrap();
    }
    let mut waits = Vec::new();
    let all = async {
        while waits.len() < said.len() {
            let have = waits.len() as u64;
            machine.slack.until(|slack| slack.acks() - before > have).await;
            let acked = usize::try_from(machine.slack.acks() - before).unwrap();
            let now = begun.elapsed();
            waits.extend(said[waits.len()..acked].iter().map(|said| now - *said));
        }
    };
    timeout(PATIENCE, all).await.unwrap();
    waits.sort();
    waits
}

/// How long the slowest hundredth of a thousand envelopes waits; `None` where the disk cannot be slowed down.
async fn f24(takes: &str) -> Option<Duration> {
    let mut machine = Machine::new();
    let Some(library) = slow_syncs(machine.folder.path()) else {
        println!("skipped: there is no C compiler to slow the disk down with");
        return None;
    };
    machine.env = vec![("LD_PRELOAD", library.clone().into()), ("SYNC_TAKES_US", takes.into())];
    machine.start().await;
    let monitored = machine.deskd(&["channels", "monitor", "#support"]).await;
    assert!(monitored.status.success(), "{}", String::from_utf8_lossy(&monitored.stderr));
    // Who wrote is asked after the acknowledgement, however long that takes.
    machine.slack.fault("users.info", Fault::Slow(60_000), Times::UntilCleared);
    let waits = flood(&machine, 1_000).await;
    let p99 = waits[waits.len() * 99 / 100];
    println!("a sync takes {takes} us: p99 {p99:?}, last {:?}", waits[waits.len() - 1]);
    assert!(machine.slack.complaints().is_empty(), "{:?}", machine.slack.complaints());
    Some(p99)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f24_a_slow_disk_delays_a_thousand_acks_at_once_by_less_than_a_second() {
    // What this machine, with everything else that runs on it, needs for them anyhow.
    let Some(quick) = f24("0").await else { return };
    for takes in ["1000", "20000"] {
        let slow = f24(takes).await.unwrap_or_default();
        assert!(slow < quick + Duration::from_secs(1), "{slow:?} instead of {quick:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f23_whatever_was_acked_before_kill_9_is_in_the_journal_after_it() {
    let mut machine = Machine::new();
    let mut said = 0_u64;
    for wait in [0, 3, 10, 25, 60] {
        machine.start().await;
        for _ in 0..300 {
            machine.slack.say("ada", "support", &format!("message {said}")).unwrap();
            said += 1;
        }
        tokio::time::sleep(Duration::from_millis(wait)).await;
        machine.daemon.as_mut().unwrap().kill().unwrap();
        let acked = machine.slack.acks();
        machine.kill().await;
        let journal = rusqlite::Connection::open(machine.folder.path().join("deskd.db")).unwrap();
        let count = |sql: &str| journal.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        let recorded = count("SELECT COUNT(DISTINCT event_id) FROM events");
        assert!(
            recorded >= i64::try_from(acked).unwrap(),
            "after {wait} ms: {acked} acked, {recorded} recorded"
        );
        assert_eq!(count("SELECT COUNT(*) FROM events"), recorded, "none twice");
    }
    machine.start().await;
    timeout(PATIENCE, machine.slack.until(|slack| slack.unacked() == 0)).await.unwrap();
    let journal = rusqlite::Connection::open(machine.folder.path().join("deskd.db")).unwrap();
    let sql = "SELECT COUNT(DISTINCT event_id) FROM events";
    let recorded: i64 = journal.query_row(sql, [], |row| row.get(0)).unwrap();
    let lost = machine.slack.lost();
    assert_eq!(recorded.unsigned_abs() + lost, said, "{lost} were given up by Slack itself");
}
