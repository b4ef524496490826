//! Reports and the recap: each due time once, whatever happens in between, and never silently not at all.

use deskd::config::check::{Layers, check};
use deskd::config::file::Source;
use deskd::config::{Config, Environment, Places};
use deskd::dispatch::report::Listed;
use deskd::domain::notice::Draft;
use deskd::domain::report::ReportState;
use deskd::domain::time::Timestamp;
use deskd::domain::upload::ChartState;
use deskd::simulator::{Fault, Setup, Times};

use crate::notices::{draft, tell};
use crate::world::World;

/// Monday, 2026-01-05, 08:58 UTC.
const MONDAY: i64 = 1_767_603_480_000;
const HOUR: u64 = 3_600;

/// What a configuration says of reports.
fn configured(text: &str) -> Config {
    let source =
        Source { path: "/etc/deskd/config.toml".into(), text: format!("[time]\nzone = \"UTC\"\n{text}") };
    let env = Environment::new();
    let layers = Layers { source: Some(&source), env: &env, flags: &[] };
    check(&layers, &Places::system()).unwrap()
}

/// A desk with these reports, two minutes before nine on a Monday.
pub async fn desk(text: &str) -> World {
    let reports = configured(text).reports;
    World::with(Setup { epoch_ms: MONDAY, ..Setup::default() }, |config| config.reports = reports).await
}

fn daily(rest: &str) -> String {
    format!("[[report]]\nname = \"daily\"\ncron = \"0 9 * * *\"\nchannel = \"#general\"\n{rest}\n")
}

/// Lets time go by without a desk, and starts it again.
async fn without_desk(world: &mut World, seconds: u64) {
    world.close().await;
    world.pass(seconds).await;
    world.open().await;
}

/// Until this many seconds after the start of the scene.
async fn until(world: &World, seconds: u64) {
    let at = Timestamp(MONDAY + i64::try_from(seconds).unwrap() * 1000);
    world.pass(at.since(world.clock.now()).as_secs()).await;
}

async fn listed(world: &World) -> Listed {
    let reports = world.desk().front().reports;
    reports.list(&world.workspace, world.clock.now()).await.unwrap().remove(0)
}

/// The files that our messages in a channel carry.
fn pictures(world: &World) -> Vec<(String, String)> {
    let all = world.slack.posts("general").unwrap();
    let file = |message: &deskd::simulator::Message| {
        let file = message.files.first()?;
        Some((file["id"].as_str()?.to_owned(), message.text.clone()))
    };
    all.iter().filter_map(file).collect()
}

#[tokio::test(start_paused = true)]
async fn sch_01_a_daily_report_is_posted_once_a_day() {
    let mut world = desk(&daily("text = \"numbers of {{ span }}\"")).await;
    until(&world, 60).await;
    assert_eq!(world.channel("general"), "", "it is not nine yet");
    until(&world, 180).await;
    assert_eq!(world.channel("general"), "desk: numbers of Sunday, 4 January 2026\n");
    until(&world, HOUR).await;
    without_desk(&mut world, 22 * HOUR).await;
    until(&world, 24 * HOUR + 110).await;
    assert_eq!(world.slack.posts("general").unwrap().len(), 1, "once a day");
    until(&world, 24 * HOUR + 180).await;
    assert_eq!(
        world.channel("general"),
        "desk: numbers of Sunday, 4 January 2026\ndesk: numbers of Monday, 5 January 2026\n"
    );
    let Listed { standing, next, .. } = listed(&world).await;
    assert_eq!((standing.state, standing.reason.as_str()), (ReportState::Made, "on_time"));
    assert_eq!(next.unwrap().to_string(), "2026-01-07T09:00:00.000Z");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn sch_02_a_weekly_report_is_posted_once_a_week() {
    let text =
        "[[report]]\nname = \"week\"\ncron = \"0 9 * * MON\"\nchannel = \"#general\"\ntemplate = \"team\"\n";
    let mut world = desk(text).await;
    until(&world, 180).await;
    assert_eq!(world.slack.posts("general").unwrap().len(), 1);
    for day in 1..=7 {
        without_desk(&mut world, 24 * HOUR - 60).await;
        world.pass(60).await;
        let expected = if day < 7 { 1 } else { 2 };
        assert_eq!(world.slack.posts("general").unwrap().len(), expected, "day {day}");
    }
    let said = world.channel("general");
    assert!(said.contains("29 December 2025 to 4 January 2026"), "{said}");
    assert!(said.contains("5 to 11 January 2026"), "{said}");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn sch_03_a_report_is_posted_when_somebody_asks_and_its_times_stay() {
    let world = desk(&daily("text = \"asked at {{ report.due }}\"")).await;
    let reports = world.desk().front().reports;
    let report = reports.find("daily").unwrap();
    let now = world.clock.now();
    let (made, sends) = reports.run(&world.workspace, &report, now).await.unwrap().unwrap();
    assert_eq!((made.text.as_str(), sends.len()), ("asked at 2026-01-05 08:58", 1));
    until(&world, 60).await;
    assert_eq!(world.channel("general"), "desk: asked at 2026-01-05 08:58\n");
    until(&world, 180).await;
    assert_eq!(world.slack.posts("general").unwrap().len(), 2, "the one of nine comes all the same");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn sch_05_a_report_at_a_unix_timestamp_is_posted_once_and_is_over() {
    let due = MONDAY / 1000 + 90;
    let text =
        format!("[[report]]\nname = \"once\"\nat = \"{due}\"\nchannel = \"#general\"\ntext = \"now\"\n");
    let mut world = desk(&text).await;
    until(&world, 80).await;
    assert_eq!(world.channel("general"), "");
    until(&world, 130).await;
    assert_eq!(world.channel("general"), "desk: now\n");
    assert_eq!(listed(&world).await.next, None, "it is over");
    without_desk(&mut world, HOUR).await;
    world.pass(60).await;
    assert_eq!(world.channel("general"), "desk: now\n");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn sch_06_a_restart_over_the_due_time_runs_it_once() {
    let mut world = desk(&daily("text = \"numbers of {{ span }}\"")).await;
    without_desk(&mut world, 3 * HOUR).await;
    world.pass(60).await;
    assert_eq!(world.channel("general"), "desk: numbers of Sunday, 4 January 2026\n");
    assert_eq!(listed(&world).await.standing.reason, "late");
    without_desk(&mut world, 60).await;
    world.pass(60).await;
    assert_eq!(world.slack.posts("general").unwrap().len(), 1);
    // Three mornings away: the newest is told, once.
    without_desk(&mut world, 72 * HOUR).await;
    world.pass(60).await;
    let said = world.channel("general");
    assert!(said.ends_with("desk: numbers of Wednesday, 7 January 2026\n"), "{said}");
    assert_eq!(world.slack.posts("general").unwrap().len(), 2);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_stored_twice_is_posted_once() {
    let world = desk(&daily("text = \"hello\"")).await;
    until(&world, 180).await;
    let due = Timestamp(MONDAY + 120_000);
    // As after a crash that lost the commit's answer: the same due time is run again from the beginning.
    let run = || {
        let key = "report-T0ACME00001-daily-1767603600000-0".to_owned();
        let part = deskd::store::outbox::Part { key, text: "hello".into() };
        let channel = deskd::domain::ids::ChannelId(world.slack.channel_id("general").unwrap());
        let message =
            deskd::store::reports::Message { channel, parts: vec![part], chart: None, held: Vec::new() };
        let why = deskd::domain::report::Why::OnTime;
        deskd::store::reports::Run { name: "daily".into(), due: Some(due), why, message: Some(message) }
    };
    let (store, workspace, now) = (world.store(), world.workspace.clone(), world.clock.now());
    let first = store.of(&workspace).finish_report(run(), now).await.unwrap().unwrap();
    let second = store.of(&workspace).finish_report(run(), now).await.unwrap().unwrap();
    assert_eq!(first, second, "the row that is there already");
    world.pass(60).await;
    assert_eq!(world.channel("general"), "desk: hello\n");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_report_that_was_away_from_the_configuration_does_not_catch_up() {
    let reports = configured(&daily("text = \"hello\"")).reports;
    let mut world = desk("").await;
    without_desk(&mut world, 10).await;
    world.config.reports = reports.clone();
    without_desk(&mut world, 10).await;
    world.config.reports = Vec::new();
    without_desk(&mut world, 48 * HOUR).await;
    world.config.reports = reports;
    without_desk(&mut world, HOUR).await;
    world.pass(60).await;
    assert_eq!(world.channel("general"), "");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_made_is_said_in_the_channel_and_kept_with_its_reason() {
    for (rest, reason, told) in [
        ("text = \"{{ nothing }}\"", "template_failed", "its template failed: a value is missing in line 1."),
        (
            "text = \"{{ data }}\"\ncommand = [\"/bin/sh\", \"-c\", \"exit 3\"]",
            "program_failed",
            "its program ended with exit code 3.",
        ),
    ] {
        let world = desk(&daily(rest)).await;
        until(&world, 180).await;
        let said = world.channel("general");
        assert!(said.contains("The report *Daily* could not be made") && said.contains(told), "{said}");
        let standing = listed(&world).await.standing;
        assert_eq!((standing.state, standing.reason.as_str()), (ReportState::Failed, reason));
        until(&world, HOUR).await;
        assert_eq!(world.slack.posts("general").unwrap().len(), 1, "said once");
        world.finish().await;
    }
}

#[tokio::test(start_paused = true)]
async fn sch_04_a_programs_numbers_are_posted_with_a_chart_of_them() {
    let numbers =
        r#"{"total": "1250.5", "desks": [{"name": "FX <spot>", "profit": "1250.5"}], "days": [1, 2.5, -1]}"#;
    let rest = format!(
        "title = \"Morning P&L\"\ncommand = [\"/bin/echo\", '{numbers}']\nchart = \"data.days\"\ntext = \"\"\"*{{{{ report.title }}}}*\n\
         {{% for desk in data.desks %}}\n• {{{{ desk.name }}}}: {{{{ desk.profit|amount }}}}\n{{% endfor %}}\"\"\""
    );
    let world = desk(&daily(&rest)).await;
    until(&world, 180).await;
    assert_eq!(
        world.channel("general"),
        "desk: *Morning P&amp;L*\n• FX &lt;spot&gt;: 1,250.50\ndesk: Chart: Morning P&amp;L\n"
    );
    let (file, _) = pictures(&world).remove(0);
    let bytes = world.slack.shared_file(&file).unwrap();
    assert!(bytes.starts_with(b"\x89PNG"), "{} bytes", bytes.len());
    assert_eq!(listed(&world).await.standing.chart, Some((ChartState::Shared, String::new())));
    assert_eq!(world.tasks().await, "", "our own picture makes no task");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_chart_is_shared_once_whatever_its_calls_come_to() {
    let share = "files.completeUploadExternal";
    for (method, fault, shares) in [
        ("files.getUploadURLExternal", Fault::Drop, 1),
        ("upload", Fault::Drop, 1),
        ("upload", Fault::AcceptThenCut, 1),
        ("upload", Fault::Status(500), 1),
        (share, Fault::RateLimited(20), 2),
        (share, Fault::Drop, 2),
        (share, Fault::AcceptThenCut, 1),
        (share, Fault::AcceptThenStall, 1),
    ] {
        let world = desk(&daily("text = \"hello\"\nchart = \"series.opened\"")).await;
        world.slack.fault(method, fault.clone(), Times::Count(1));
        until(&world, 300).await;
        assert_eq!(pictures(&world).len(), 1, "{method} {fault:?}");
        assert_eq!(world.slack.calls(share), shares, "{method} {fault:?}");
        assert_eq!(listed(&world).await.standing.chart, Some((ChartState::Shared, String::new())));
        world.finish().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_restart_in_the_middle_of_sharing_looks_before_it_shares_again() {
    let mut world = desk(&daily("text = \"hello\"\nchart = \"series.opened\"")).await;
    world.slack.fault("files.completeUploadExternal", Fault::AcceptThenStall, Times::Count(1));
    until(&world, 135).await;
    assert_eq!(world.slack.calls("files.completeUploadExternal"), 1);
    without_desk(&mut world, 5).await;
    world.pass(60).await;
    assert_eq!(pictures(&world).len(), 1);
    assert_eq!(listed(&world).await.standing.chart, Some((ChartState::Shared, String::new())));
    assert_eq!(world.slack.calls("files.completeUploadExternal"), 1);
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn without_the_scope_for_files_the_text_comes_and_the_reason_is_kept() {
    let mut setup = Setup { epoch_ms: MONDAY, ..Setup::default() };
    setup.app.scopes.retain(|scope| scope != "files:write");
    let reports = configured(&daily("text = \"hello\"\nchart = \"series.opened\"")).reports;
    let world = World::with(setup, |config| config.reports = reports).await;
    until(&world, 300).await;
    assert_eq!(world.channel("general"), "desk: hello\n");
    let chart = listed(&world).await.standing.chart;
    assert_eq!(chart, Some((ChartState::Failed, "missing_scope".to_owned())));
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_report_for_an_unknown_channel_waits_until_it_is_known() {
    let text = daily("text = \"hello\"").replace("#general", "#nowhere");
    let world = desk(&text).await;
    until(&world, 180).await;
    let Listed { standing, next, .. } = listed(&world).await;
    assert_eq!((standing.state, standing.reason.as_str()), (ReportState::Failed, "no_such_channel"));
    assert!(next.unwrap() <= world.clock.now(), "it is still due");
    world.slack.rename_channel("general", "nowhere").unwrap();
    until(&world, 300).await;
    assert_eq!(world.channel("nowhere"), "desk: hello\n");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn not_15_the_recap_is_posted_once_at_nine_local_time() {
    // 09:00 in Berlin is 08:00 UTC in January.
    let text = "[recap]\nchannel = \"#general\"\nzone = \"Europe/Berlin\"\n";
    let reports = configured(text).reports;
    let setup = Setup { epoch_ms: MONDAY - 3_600_000, ..Setup::default() };
    let world = World::with(setup, |config| config.reports = reports).await;
    world.pass(90).await;
    assert_eq!(world.channel("general"), "");
    world.pass(90).await;
    let said = world.channel("general");
    assert!(said.starts_with("desk: :sunrise: *Daily recap*: Sunday, 4 January 2026\n"), "{said}");
    world.pass(2 * HOUR).await;
    assert_eq!(world.channel("general"), said, "once, and not at nine of another zone");
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn the_recap_counts_yesterdays_tasks_and_answers() {
    let mut world = desk("[recap]\nchannel = \"#general\"\n").await;
    until(&world, 180).await;
    world.slack.say("ada", "support", "the invoice is wrong").unwrap();
    world.slack.say("grace", "sales", "how much is it?").unwrap();
    world.pass(60).await;
    world.reply(1, "fixed").await;
    world.pass(60).await;
    world.handle(1, deskd::store::tasks::Handling::Close).await;
    without_desk(&mut world, 24 * HOUR).await;
    world.pass(60).await;
    let said = world.channel("general");
    let (_, tuesday) = said.split_once("Monday, 5 January 2026\n").unwrap();
    insta::assert_snapshot!(tuesday, @"
    • Tasks: *2* opened, *1* closed; 1 open and 0 waiting now
    • First answer after 30 s (nine of ten within 30 s)
    • New contacts: *2*
    ");
    world.finish().await;
}

/// The desk with the kinds that money comes and goes with.
async fn counting(text: &str) -> World {
    use deskd::domain::notice::kind::Form;
    use deskd::domain::notice::{Kind, Severity};
    let reports = configured(text).reports;
    let world = World::with(Setup { epoch_ms: MONDAY, ..Setup::default() }, |config| {
        config.reports = reports;
        for name in ["invoice.paid", "refund.issued", "build"] {
            let fields = [("amount", Form::Amount), ("currency", Form::Text)];
            config.kinds.add(Kind::new(name, "money", ":coin:", name, Severity::Info).with(&fields));
        }
    });
    world.await
}

fn paid(kind: &str, amount: &str, key: &str) -> Draft {
    let fields = if amount.is_empty() { Vec::new() } else { vec![("amount", amount), ("currency", "EUR")] };
    Draft { key: key.to_owned(), ..draft(kind, "", &fields) }
}

#[tokio::test(start_paused = true)]
async fn not_16_the_recap_equals_the_sums_of_what_came_in_the_day_before() {
    let mut world = counting("[recap]\nchannel = \"#general\"\n").await;
    until(&world, 180).await;
    for (kind, amount, key) in [
        ("invoice.paid", "1000.10", "i-1"),
        ("invoice.paid", "1000.20", "i-1"),
        ("invoice.paid", "1000.20", "i-1"),
        ("invoice.paid", "0.30", ""),
        ("refund.issued", "100", ""),
        ("build", "", ""),
        ("build", "", ""),
    ] {
        tell(&world, paid(kind, amount, key)).await;
    }
    world.pass(60).await;
    without_desk(&mut world, 15 * HOUR).await;
    tell(&world, paid("invoice.paid", "5", "")).await;
    without_desk(&mut world, 9 * HOUR).await;
    world.pass(60).await;
    let said = world.channel("general");
    let (_, tuesday) = said.split_once("Monday, 5 January 2026\n").unwrap();
    insta::assert_snapshot!(tuesday, @"
    • Revenue: *900.50 EUR* after 100 refunded
    • Tasks: *0* opened, *0* closed; 0 open and 0 waiting now
    • New contacts: *0*
    • `build`: *2*
    • `invoice.paid`: *2*, 1,000.50 EUR
    • `refund.issued`: *1*, 100 EUR
    ");
    world.finish().await;
}

/// What stands in a column of all deliveries, oldest first.
async fn deliveries(world: &World, column: &'static str) -> Vec<String> {
    let path = world.database();
    let read = move || -> rusqlite::Result<Vec<String>> {
        let connection = rusqlite::Connection::open(path)?;
        let mut query = connection.prepare(&format!("SELECT {column} FROM deliveries ORDER BY id"))?;
        query.query_map([], |row| row.get(0))?.collect()
    };
    tokio::task::spawn_blocking(read).await.unwrap().unwrap()
}

/// Holds what is on its way, as a route outside its active hours does.
async fn hold(world: &World, until: Timestamp) {
    let path = world.database();
    let write = move || {
        let connection = rusqlite::Connection::open(path).unwrap();
        let sql =
            "UPDATE deliveries SET state = 'held', reason = 'outside_hours', held_for = 'hours', send = NULL,
                       next_at = ?";
        connection.execute(sql, [until.0]).unwrap();
        connection.execute_batch("DELETE FROM cards; DELETE FROM sends;").unwrap();
    };
    tokio::task::spawn_blocking(write).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn not_27_what_was_held_for_the_morning_stands_in_the_recap_of_its_channel_and_nowhere_else() {
    for (count, away) in [(1, 0), (3, 0), (2, 3 * HOUR)] {
        let mut world = counting("[recap]\nchannel = \"#general\"\n").await;
        world.slack.fault("chat.postMessage", Fault::RateLimited(3), Times::UntilCleared);
        for at in 1..=count {
            let mut notice = draft("alert", &format!("alert <{at}>"), &[("system", &format!("db-{at}"))]);
            notice.to = vec!["#general".to_owned()];
            tell(&world, notice).await;
        }
        world.pass(2).await;
        world.close().await;
        world.slack.clear_faults();
        hold(&world, Timestamp(MONDAY + 120_000)).await;
        world.pass(away).await;
        world.open().await;
        until(&world, 115).await;
        assert!(away > 0 || world.channel("general").is_empty(), "held");
        until(&world, 200).await;
        world.pass(20).await;
        let posts = world.slack.posts("general").unwrap();
        assert_eq!(posts.len(), 1, "one message: {}", world.channel("general"));
        let text = &posts[0].text;
        assert!(text.contains(&format!("*Held until this morning* ({count})\n")), "{text}");
        assert!(text.contains("warning: alert &lt;1&gt;"), "{text}");
        let mut states = deliveries(&world, "state").await;
        assert_eq!(states.pop().as_deref(), Some("sent"));
        assert!(states.iter().all(|state| state == "merged"), "{states:?}");
        world.finish().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_held_for_another_channel_or_a_later_hour_is_none_of_the_recaps_business() {
    let mut world = counting("[recap]\nchannel = \"#general\"\n").await;
    world.slack.fault("chat.postMessage", Fault::RateLimited(3), Times::UntilCleared);
    let mut notice = draft("alert", "Disk is full", &[("system", "db")]);
    notice.to = vec!["#sales".to_owned()];
    tell(&world, notice).await;
    world.pass(2).await;
    world.close().await;
    world.slack.clear_faults();
    hold(&world, Timestamp(MONDAY + 120_000)).await;
    world.open().await;
    until(&world, 200).await;
    assert!(!world.channel("general").contains("Held until"), "{}", world.channel("general"));
    assert_eq!(world.slack.posts("sales").unwrap().len(), 1);
    world.finish().await;
}
