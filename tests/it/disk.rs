//! Disks that are full, databases that somebody else holds: nothing is acknowledged meanwhile, nothing is lost, and the desk
//! goes on by itself.

use std::path::PathBuf;
use std::process::Command;

use deskd::simulator::Setup;

use crate::world::World;

/// How many messages are said while a disk is full: more than what fits into a write-ahead log that is there already.
pub const SAID: usize = 300;

/// A small file system of its own, gone with the value.
pub struct SmallDisk(pub tempfile::TempDir);

impl SmallDisk {
    /// `None` where mounting is not allowed.
    pub fn mount() -> Option<SmallDisk> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=16m", "tmpfs"])
            .arg(folder.path())
            .stderr(std::process::Stdio::null())
            .status();
        mounted.is_ok_and(|status| status.success()).then_some(SmallDisk(folder))
    }

    pub fn ballast(&self) -> PathBuf {
        self.0.path().join("ballast")
    }

    /// Takes all the room that is left.
    pub fn fill(&self) {
        use std::io::Write;
        let mut ballast = std::fs::File::create(self.ballast()).unwrap();
        while ballast.write_all(&[0; 4096]).is_ok() {}
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_means_no_acks_and_no_loss_and_ends_by_itself() {
    let Some(disk) = SmallDisk::mount() else {
        println!("skipped: mounting a small file system is not allowed here");
        return;
    };
    let database = disk.0.path().join("deskd.db");
    let world = World::with(Setup::default(), |config| config.store.path = database).await;
    disk.fill();
    // More than fits into what the write-ahead log has already.
    for number in 0..SAID {
        world.slack.say("ada", "support", &format!("message {number} {}", "words ".repeat(400))).unwrap();
    }
    world.pass(3).await;
    assert!(world.slack.unacked() > 0, "something could not be stored, so it is not acknowledged");
    std::fs::remove_file(disk.ballast()).unwrap();
    world.pass(60).await;
    assert_eq!(world.slack.unacked(), 0, "there is room again");
    let said = world.task(1).await.conversation.len();
    assert_eq!(said, SAID, "every message arrived, once");
    world.finish().await;
}

/// A file that nobody can write, as after a file system has gone read-only under an open file.
struct Frozen(PathBuf);

impl Frozen {
    /// `None` where the file system, or whoever runs this, cannot do that.
    fn freeze(path: PathBuf) -> Option<Frozen> {
        chattr("+i", &path).then_some(Frozen(path))
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        chattr("-i", &self.0);
    }
}

fn chattr(flag: &str, path: &std::path::Path) -> bool {
    let done = Command::new("chattr").arg(flag).arg(path).stderr(std::process::Stdio::null()).status();
    done.is_ok_and(|status| status.success())
}

#[tokio::test(start_paused = true)]
async fn files_that_go_read_only_under_a_running_desk_mean_no_acks_and_no_loss() {
    let world = World::start().await;
    let log = world.database().with_extension("db-wal");
    world.slack.say("ada", "support", "before").unwrap();
    world.pass(60).await;
    let Some(frozen) = Frozen::freeze(log) else {
        println!("skipped: making a file immutable is not allowed here");
        return;
    };
    let acks = world.slack.acks();
    world.slack.say("ada", "support", "while nothing can be written").unwrap();
    world.pass(30).await;
    assert_eq!(world.slack.acks(), acks, "not stored, so not acknowledged");
    let health = world.desk().front().health;
    let seen = health(world.clock.now());
    assert!(seen.unwritable_since.is_some(), "the desk knows that it cannot write");
    drop(frozen);
    world.pass(90).await;
    assert!(health(world.clock.now()).unwritable_since.is_none(), "and that it can again");
    let tasks = world.tasks().await;
    let found = tasks.matches("while nothing can be written").count();
    assert_eq!(found, 1, "what the desk held is recorded, without a restart: {tasks}");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_database_that_somebody_else_holds_delays_the_ack_and_nothing_more() {
    let world = World::start().await;
    let other = rusqlite::Connection::open(world.database()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    world.slack.say("ada", "support", "can you hear me?").unwrap();
    // The writer waits for the other one in real time, five seconds, while virtual time stands still.
    world.pass_ms(200).await;
    assert_eq!(world.slack.unacked(), 1, "not stored, so not acknowledged");
    other.execute_batch("ROLLBACK").unwrap();
    world.pass(60).await;
    assert!(world.tasks().await.contains("can you hear me?"));
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_envelopes_against_a_held_database_wait_outside_and_all_arrive() {
    const ALL: usize = 10_000;
    let world = World::start().await;
    let links = world.desk().front().links;
    let taken = |before: u64| usize::try_from(links.counts().envelopes - before).unwrap();
    let (before, acks) = (links.counts().envelopes, world.slack.acks());
    let recorded = world.store().standing().await.unwrap().recorded;
    let other = rusqlite::Connection::open(world.database()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    for number in 0..ALL {
        world.slack.say("ada", "general", &format!("number {number}")).unwrap();
    }
    // The writer tries for five seconds; the clock of the scene stands still meanwhile.
    world.pass_ms(100).await;
    assert_eq!(world.slack.acks(), acks, "nothing is stored, so nothing is acknowledged");
    // A batch in the listener's hand, a full queue, and what the two sockets had read before they stopped reading.
    assert!(taken(before) < 1_024, "{} envelopes are held in memory", taken(before));
    other.execute_batch("ROLLBACK").unwrap();
    world.pass(60).await;
    let now = world.store().standing().await.unwrap().recorded;
    assert_eq!(now - recorded, ALL as i64, "each of them is recorded, once");
    assert_eq!(world.slack.lost(), 0);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_desk_that_cannot_write_says_so_at_the_start_and_names_the_file() {
    let mut world = World::without_desk(Setup::default(), |_| {});
    world.config.store.path = PathBuf::from("/proc/deskd.db");
    let problem = world.try_open().await.err().map(|problem| format!("{problem:#}")).unwrap_or_default();
    assert!(problem.contains("/proc/deskd.db") && !problem.is_empty(), "{problem:?}");
}

#[tokio::test(start_paused = true)]
async fn a_read_only_disk_is_told_with_the_next_step() {
    let Some(disk) = SmallDisk::mount() else {
        println!("skipped: mounting a small file system is not allowed here");
        return;
    };
    let remounted = Command::new("mount").args(["-o", "remount,ro"]).arg(disk.0.path()).status().unwrap();
    assert!(remounted.success());
    let mut world = World::without_desk(Setup::default(), |_| {});
    world.config.store.path = disk.0.path().join("deskd.db");
    let problem = world.try_open().await.err().map(|problem| format!("{problem:#}")).unwrap_or_default();
    assert!(problem.contains("the database is read-only; hint: check the owner and mode"), "{problem:?}");
}
