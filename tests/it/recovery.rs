//! Gaps: what is said while nobody listens is read from the history, becomes tasks exactly once, and costs live traffic
//! nothing.

use std::ops::RangeInclusive;
use std::time::Duration;

use deskd::domain::bundle::Pick;
use deskd::domain::ids::ChannelId;
use deskd::domain::own::Own;
use deskd::domain::recovery::{Cause, Wanted};
use deskd::simulator::{Fault, HistoryProfile, OfflineEvents, Setup, Times, Which};
use deskd::store::recovery::Progress;
use deskd::store::tasks::TaskFilter;

use insta::assert_snapshot;

use crate::api_door::Door;
use crate::world::World;

const HISTORY: &str = "conversations.history";
const REPLIES: &str = "conversations.replies";

/// A workspace that forgets what it could not deliver.
pub fn forgetful() -> Setup {
    Setup { offline_events: OfflineEvents::Lost, ..Setup::default() }
}

impl World {
    /// Nobody can connect any more.
    pub fn disconnect(&self) {
        self.slack.fault("apps.connections.open", Fault::Status(503), Times::UntilCleared);
        self.slack.cut_sockets(Which::All);
    }

    /// Connecting works again; waits until a socket is there.
    pub async fn reconnect(&self) {
        self.slack.clear_faults();
        tokio::time::timeout(Duration::from_secs(600), self.slack.until(|slack| slack.sockets() > 0))
            .await
            .unwrap();
    }

    /// How recovery stands.
    pub async fn progress(&self) -> Progress {
        self.store().recovery_progress().await.unwrap()
    }

    /// Waits until nothing is left to be read; says how many seconds that took.
    pub async fn recovered(&self) -> u64 {
        for second in 0..36_000 {
            self.pass(1).await;
            let backlog = self.store().backlog().await.unwrap();
            if self.progress().await.left == 0 && backlog == 0 {
                return second;
            }
        }
        panic!("recovery never ends: {:?}", self.progress().await);
    }

    /// Asks for a recovery as an operator does.
    pub async fn recover(&self, wanted: Wanted) -> usize {
        let recovery = self.desk().front().recovery;
        recovery.request(self.workspace.clone(), wanted, self.clock.now()).await.unwrap()
    }

    /// How often each of these texts stands in a task.
    pub async fn counts(&self, texts: &[String]) -> Vec<usize> {
        let tasks = self.tasks().await;
        texts
            .iter()
            .map(|text| tasks.lines().filter(|line| line.ends_with(&format!(": {text}"))).count())
            .collect()
    }
}

/// Ten minutes without a socket: twenty mentions, every third one in the thread of an open task, every fourth one by Grace.
async fn outage(world: &World, thread: &str) -> Vec<String> {
    world.disconnect();
    let mut texts = Vec::new();
    for number in 0..20 {
        let text = format!("<@U0DESKBOT01> number {number} is broken");
        let person = if number % 4 == 3 { "grace" } else { "ada" };
        match number % 3 {
            2 => world.slack.say_in_thread(person, "support", thread, &text).unwrap(),
            _ => world.slack.say(person, "support", &text).unwrap(),
        };
        texts.push(text);
        world.pass(30).await;
    }
    texts
}

/// Plays the outage; `arrived` tasks are made of what came by itself.
async fn ten_minutes_down(setup: Setup, arrived: RangeInclusive<usize>) {
    let world = World::with(setup, |_| {}).await;
    let thread = world.slack.say("ada", "support", "the export fails").unwrap();
    world.pass(40).await;
    let texts = outage(&world, &thread).await;
    world.reconnect().await;
    world.recovered().await;
    world.pass(60).await;
    assert_eq!(world.counts(&texts).await, vec![1; 20], "{}", world.tasks().await);
    let thread = world.task(1).await.conversation;
    assert_eq!(thread.len(), 7, "the six of its thread are in the task");
    let tasks = world.space().tasks(TaskFilter::default()).await.unwrap();
    let marked: Vec<bool> = tasks.iter().map(|task| task.recovered).collect();
    let unmarked = marked.iter().filter(|marked| !**marked).count();
    assert!(arrived.contains(&unmarked), "the others are marked: {marked:?}");
    // Slack's late retries of what it could not deliver, and the same messages under new event ids.
    world.pass(600).await;
    for message in world.slack.history("support").unwrap() {
        let event = serde_json::json!({"type": "message", "channel": world.slack.channel_id("support").unwrap(),
            "user": message.user, "text": message.text, "ts": message.ts, "thread_ts": message.thread_ts});
        world.slack.deliver_event(event);
    }
    world.pass(60).await;
    assert_eq!(world.counts(&texts).await, vec![1; 20], "{}", world.tasks().await);
    assert_eq!(world.progress().await.failed, vec![]);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn f28_after_ten_minutes_down_each_of_twenty_mentions_is_in_one_task() {
    ten_minutes_down(forgetful(), 1..=1).await;
}

#[tokio::test(start_paused = true)]
async fn f28_retries_that_come_before_the_history_is_read_double_nothing() {
    let retried = Setup { offline_events: OfflineEvents::Retried, ..Setup::default() };
    // How many retries come before the history is read depends on the moment of the connection.
    ten_minutes_down(retried, 1..=3).await;
}

#[tokio::test(start_paused = true)]
async fn f38_with_one_call_a_minute_recovery_ends_and_live_traffic_is_not_starved() {
    let setup = Setup { history: HistoryProfile::Distributed, ..forgetful() };
    let world = World::with(setup, |_| {}).await;
    world.pass(70).await;
    let thread = world.slack.say("ada", "support", "the export fails").unwrap();
    world.pass(40).await;
    world.disconnect();
    let texts: Vec<String> = (0..60).map(|number| format!("question {number} of the outage")).collect();
    for (number, text) in texts.iter().enumerate() {
        match number % 10 {
            9 => world.slack.say_in_thread("grace", "support", &thread, text).unwrap(),
            _ => world.slack.say("ada", "support", text).unwrap(),
        };
        world.pass(10).await;
    }
    let (history, replies) = (world.slack.calls(HISTORY), world.slack.calls(REPLIES));
    world.reconnect().await;
    world.pass(90).await;
    assert!(world.progress().await.left > 0, "it is under way: {:?}", world.progress().await);
    let before = world.clock.now();
    world.slack.say("grace", "sales", "and this is said meanwhile").unwrap();
    world.slack.until(|slack| slack.unacked() == 0).await;
    let took = world.clock.now().since(before);
    assert!(took < Duration::from_millis(100), "acknowledged after {took:?}");
    world.pass(35).await;
    assert!(world.tasks().await.contains("said meanwhile"), "bundled at once");
    assert!(world.progress().await.left > 0, "and that under way still");
    let seconds = world.recovered().await;
    assert!(seconds < 15 * 60, "60 messages at 15 a minute in two channels: {seconds} s");
    world.pass(60).await;
    assert_eq!(world.counts(&texts).await, vec![1; 60], "{}", world.tasks().await);
    let calls = (world.slack.calls(HISTORY) - history, world.slack.calls(REPLIES) - replies);
    assert!(calls.0 <= 10 && calls.1 <= 4, "calls, refused ones included: {calls:?}");
    assert_eq!(world.progress().await.failed, vec![]);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_said_in_a_gap_makes_the_bundles_that_it_would_have_made() {
    let world = World::with(forgetful(), |_| {}).await;
    world.slack.say("ada", "support", "before the gap").unwrap();
    world.pass(5).await;
    world.disconnect();
    world.pass(5).await;
    for (person, text, pause) in [
        ("ada", "goes on in the gap", 10),
        ("grace", "one of Grace", 15),
        ("ada", "still the first", 40),
        ("ada", "a second one of Ada", 20),
        ("ada", "and its end", 60),
        ("ada", "the third one", 10),
    ] {
        world.slack.say(person, "support", text).unwrap();
        world.pass(pause).await;
    }
    world.reconnect().await;
    world.recovered().await;
    world.pass(60).await;
    assert_snapshot!(world.tasks().await, @"
    1 open other normal #support ada
      contact ada: before the gap
    2 open other normal #support ada
      contact ada: goes on in the gap
      contact ada: still the first
    3 open other normal #support ada
      contact ada: a second one of Ada
      contact ada: and its end
    4 open other normal #support grace
      contact grace: one of Grace
    5 open other normal #support ada
      contact ada: the third one
    ");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_gap_of_many_pages_is_bundled_over_their_borders() {
    let world = World::with(forgetful(), |_| {}).await;
    world.disconnect();
    let texts: Vec<String> = (0..450).map(|number| format!("line {number} of a long story")).collect();
    for text in &texts {
        world.slack.say("ada", "support", text).unwrap();
        world.pass_ms(1_000).await;
    }
    world.reconnect().await;
    world.recovered().await;
    world.pass(60).await;
    assert_eq!(world.counts(&texts).await, vec![1; 450]);
    let tasks = world.space().tasks(TaskFilter::default()).await.unwrap();
    assert_eq!(tasks.len(), 2, "450 s of talk, closed by max_wait after 300 s");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_in_the_middle_goes_on_at_the_page_and_reads_none_twice() {
    let setup = Setup { history: HistoryProfile::Distributed, ..forgetful() };
    let mut world = World::with(setup, |_| {}).await;
    world.pick("sales", Pick::Ignore).await;
    world.pass(120).await;
    world.disconnect();
    let texts: Vec<String> = (0..60).map(|number| format!("question {number}")).collect();
    for text in &texts {
        world.slack.say("ada", "support", text).unwrap();
        world.pass(40).await;
    }
    let calls = world.slack.call_records(HISTORY).len();
    world.reconnect().await;
    world.pass(130).await;
    let before = world.progress().await;
    assert!(before.left > 0 && before.messages >= 30, "two pages are read: {before:?}");
    world.close().await;
    world.open().await;
    world.recovered().await;
    world.pass(60).await;
    assert_eq!(world.counts(&texts).await, vec![1; 60]);
    let records = &world.slack.call_records(HISTORY)[calls..];
    let latest: Vec<String> = records
        .iter()
        .filter(|record| record.outcome == "ok")
        .map(|record| format!("{} {}", record.args["channel"], record.args["latest"]))
        .collect();
    let mut once = latest.clone();
    once.dedup();
    assert_eq!(once, latest, "no page is read twice");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_cannot_be_read_raises_a_notice_and_the_others_go_on() {
    let world = World::with(forgetful(), |_| {}).await;
    world.disconnect();
    world.slack.say("ada", "support", "a question in support").unwrap();
    world.slack.say("ada", "sales", "a question in sales").unwrap();
    world.pass(60).await;
    world.reconnect().await;
    let refusal = Fault::Error("not_in_channel".into());
    world.slack.fault_in(HISTORY, "support", refusal, Times::UntilCleared).unwrap();
    world.recovered().await;
    world.pass(60).await;
    assert!(world.tasks().await.contains("in sales") && !world.tasks().await.contains("in support"));
    let open = world.space().open_troubles().await.unwrap();
    let support = world.slack.channel_id("support").unwrap();
    let told = open.iter().map(|notice| &notice.raised);
    // The time without a socket is told of its own and ends a little later.
    let told: Vec<_> = told.filter(|raised| raised.own != Own::NoSocket).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(
        (told[0].own, &told[0].subject, told[0].detail.as_str()),
        (Own::RecoveryFailed, &support, "not_in_channel")
    );
    assert_eq!(world.progress().await.failed, [(ChannelId(support), "not_in_channel".to_owned())]);
    // Somebody invites the bot; within the hour the channel is tried again by itself, from where it was left.
    world.slack.clear_faults();
    world.pass(3700).await;
    assert!(world.tasks().await.contains("in support"), "{}", world.tasks().await);
    assert_eq!(world.space().open_troubles().await.unwrap(), vec![]);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn history_that_slack_cannot_give_at_the_moment_is_asked_for_again() {
    let world = World::with(forgetful(), |_| {}).await;
    world.disconnect();
    world.slack.say("ada", "support", "a question").unwrap();
    world.pass(60).await;
    world.reconnect().await;
    world.slack.fault(HISTORY, Fault::Status(500), Times::Count(3));
    world.slack.fault(HISTORY, Fault::RateLimited(20), Times::Count(1));
    world.slack.fault(HISTORY, Fault::Drop, Times::Count(2));
    world.recovered().await;
    world.pass(60).await;
    assert!(world.tasks().await.contains("a question"));
    assert_eq!(world.progress().await.failed, vec![]);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_is_newly_picked_begins_now_unless_somebody_asks_for_more() {
    let world = World::with(forgetful(), |_| {}).await;
    world.slack.say("ada", "general", "said long ago").unwrap();
    world.pass(3600).await;
    world.pick("general", Pick::Monitor).await;
    world.disconnect();
    world.pass(10).await;
    world.reconnect().await;
    world.recovered().await;
    world.pass(60).await;
    assert_eq!(world.tasks().await, "");
    let general = ChannelId(world.slack.channel_id("general").unwrap());
    let since = Some(world.clock.now().minus(Duration::from_secs(7200)));
    let wanted = Wanted { channels: vec![general], since, cause: Cause::Asked };
    assert_eq!(world.recover(wanted).await, 1);
    world.recovered().await;
    world.pass(60).await;
    assert!(world.tasks().await.contains("said long ago"));
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_gap_of_seconds_reads_that_gap_and_no_more() {
    let world = World::with(forgetful(), |_| {}).await;
    for number in 0..300 {
        world.slack.say("ada", "support", &format!("old {number}")).unwrap();
        world.pass(60).await;
    }
    let calls = (world.slack.calls(HISTORY), world.slack.calls(REPLIES));
    let recorded = world.store().standing().await.unwrap().recorded;
    world.disconnect();
    world.pass(3).await;
    world.slack.say("ada", "support", "in the blink of an eye").unwrap();
    world.reconnect().await;
    world.recovered().await;
    assert_eq!(world.slack.calls(HISTORY) - calls.0, 2, "a page for each channel");
    let standing = world.store().standing().await.unwrap();
    assert_eq!(standing.recorded - recorded, 1, "what we have is not recorded again");
    assert!(world.progress().await.messages < 40 + 300, "{:?}", world.progress().await);
    world.pass(60).await;
    assert!(world.tasks().await.contains("in the blink of an eye"));
    let calls = world.slack.calls(HISTORY);
    world.slack.cut_sockets(Which::Oldest);
    world.pass(60).await;
    assert_eq!(world.slack.calls(HISTORY), calls, "while another socket lived there was no gap");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn an_edit_in_a_gap_reaches_the_task() {
    let world = World::with(forgetful(), |_| {}).await;
    let ts = world.slack.say("ada", "support", "the ordr is late").unwrap();
    world.pass(40).await;
    world.disconnect();
    world.slack.edit("support", &ts, "the order is late").unwrap();
    world.pass(60).await;
    world.reconnect().await;
    world.recovered().await;
    world.pass(10).await;
    assert_snapshot!(world.tasks().await, @"
    1 open other normal #support ada
      contact ada: the order is late (edited)
    ");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_said_while_the_daemon_was_stopped_is_found_at_its_start() {
    let mut world = World::with(forgetful(), |_| {}).await;
    let thread = world.slack.say("ada", "support", "how do I reset my password?").unwrap();
    world.pass(40).await;
    world.handle(1, deskd::store::tasks::Handling::Close).await;
    world.close().await;
    world.pass(3600).await;
    world.slack.say("grace", "sales", "what does it cost?").unwrap();
    world.slack.say_in_thread("ada", "support", &thread, "that did not work").unwrap();
    world.slack.say_in_thread("tess", "support", &thread, "please try again").unwrap();
    world.pass(3600).await;
    world.open().await;
    world.recovered().await;
    world.pass(60).await;
    assert_snapshot!(world.tasks().await, @"
    1 waiting bug normal #support ada
      contact ada: how do I reset my password?
      contact ada: that did not work
      team U03ST7CGFLI: please try again
    2 open sales normal #sales grace
      contact grace: what does it cost?
    ");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn acks_are_not_slowed_while_recovery_runs() {
    let world = World::with(forgetful(), |_| {}).await;
    world.disconnect();
    world.pass(5).await;
    for number in 0..2_000 {
        world.slack.say("ada", "support", &format!("line {number}")).unwrap();
    }
    world.pass(60).await;
    world.reconnect().await;
    let mut slowest = Duration::ZERO;
    let mut busy = 0;
    for number in 0..200 {
        world.slack.say("grace", "sales", &format!("live {number}")).unwrap();
        let before = world.clock.now();
        world.slack.until(|slack| slack.unacked() == 0).await;
        slowest = slowest.max(world.clock.now().since(before));
        busy += usize::from(world.progress().await.left > 0);
        world.pass_ms(50).await;
    }
    assert!(busy > 50, "recovery ran beside {busy} of them");
    assert!(slowest < Duration::from_millis(50), "the slowest took {slowest:?}");
    world.recovered().await;
    world.pass(60).await;
    assert_eq!(world.tasks().await.matches(": line ").count(), 2_000);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn the_command_waits_and_the_status_shows_how_far_recovery_is() {
    let world = World::with(forgetful(), |_| {}).await;
    let door = Door::open(world.desk().front());
    let status = async || {
        let text = door.ok(&["status"]).await;
        let lines = text.lines().skip_while(|line| !line.contains("recovery"));
        lines.take_while(|line| !line.contains("backup")).collect::<Vec<_>>().join("\n")
    };
    world.disconnect();
    world.pass(5).await;
    world.slack.say("grace", "sales", "what does it cost?").unwrap();
    world.pass(60).await;
    assert_snapshot!(door.ok(&["recover"]).await, @"2 channels will be read; hint: deskd recover --wait, or deskd status");
    assert_snapshot!(status().await, @"  recovery   recovering: 0 of 2 channels, 0 messages read, 0 found");
    world.reconnect().await;
    world.slack.fault_in(HISTORY, "support", Fault::Error("not_in_channel".into()), Times::Count(1)).unwrap();
    world.slack.fault(HISTORY, Fault::Slow(2_000), Times::Count(1));
    world.pass(60).await;
    assert_snapshot!(status().await, @"
    recovery   done 58 s ago, 1 message read, 1 found
               cannot read #support: the bot is not in this channel: /invite it (not_in_channel)
    ");
    let asked = door.ok(&["recover", "#support", "--since", "2h", "--wait"]).await;
    assert_snapshot!(asked, @"
    recovering: 0 of 1 channels, 0 messages read, 0 found
    done: 0 messages read, nothing was missing
    ");
    assert_snapshot!(door.ok(&["task", "list"]).await, @"
    ID  STATUS  PRIORITY  CATEGORY  CHANNEL  CONTACT  MSGS  ASSIGNEE  UPDATED
    1   open    normal    sales     #sales   grace    1     -         53 s ago, recovered
    ");
    assert!(
        door.ok(&["task", "show", "1"]).await.contains("\nrecovered: it did not arrive when it was said")
    );
    for (words, expected) in [
        (vec!["recover", "#general"], (1, "is not monitored")),
        (vec!["recover", "--since", "soon"], (2, "cannot read \"soon\"")),
        (vec!["recover", "#nowhere"], (1, "there is no channel")),
    ] {
        let ended = door.deskd(&words).await;
        assert_eq!(ended.code, expected.0, "{words:?}: {}", ended.err);
        assert!(ended.err.contains(expected.1) && ended.err.contains("hint: "), "{}", ended.err);
    }
    let (_, metrics) = door.text("/metrics", "text/plain").await;
    let figures: Vec<&str> = metrics
        .lines()
        .filter(|line| line.starts_with("deskd_recovery_") && !line.contains("timestamp"))
        .collect();
    assert_snapshot!(figures.join("\n"), @"
    deskd_recovery_running 0
    deskd_recovery_channels_left 0
    deskd_recovery_channels_failed 0
    deskd_recovery_messages_read_total 1
    deskd_recovery_found_total 1
    deskd_recovery_failures_total 1
    ");
    let (status, document) = door.get("/v1/recover").await;
    assert_eq!(
        (status, document["running"].as_bool(), document["channels_left"].as_i64()),
        (200, Some(false), Some(0))
    );
    door.close().await;
    world.finish().await;
}
