//! Reports from the command line and over the local API.

use deskd::simulator::{Fault, Times};
use insta::assert_snapshot;

use crate::api_door::{Door, timeless};
use crate::reports::desk;

const REPORTS: &str = r##"
[recap]
channel = "#general"
[[report]]
name = "team"
title = "The team's week"
cron = "0 9 * * MON"
channel = "#general"
template = "team"
chart = "series.opened"
[[report]]
name = "broken"
cron = "0 12 * * *"
channel = "#nowhere"
text = "{{ nothing }}"
"##;

#[tokio::test(start_paused = true)]
async fn sch_03_a_report_is_looked_at_run_and_listed_from_the_command_line() {
    let world = desk(REPORTS).await;
    let door = Door::open(world.desk().front());
    assert_snapshot!(door.ok(&["report", "list"]).await, @"");
    assert_snapshot!(door.ok(&["report", "run", "team", "--dry-run"]).await, @"");
    assert_eq!(world.channel("general"), "", "nothing was posted");
    world.slack.fault(
        "files.getUploadURLExternal",
        Fault::Error("storage_limit_reached".into()),
        Times::Count(1),
    );
    assert_snapshot!(door.ok(&["report", "run", "team"]).await, @"");
    world.pass(10).await;
    assert_snapshot!(world.channel("general"), @"");
    assert_snapshot!(timeless(&door.ok(&["report", "list"]).await), @"");
    let json = door.ok(&["report", "list", "--json"]).await;
    assert!(json.contains("\"chart_reason\": \"storage_limit_reached\""), "{json}");
    door.close().await;
    world.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_report_that_cannot_be_run_says_why_and_what_to_do() {
    let world = desk(REPORTS).await;
    let door = Door::open(world.desk().front());
    for (name, told) in [
        ("taem", "there is no report \"taem\""),
        ("taem", "hint: there are recap, team, broken"),
        ("broken", "the channel #nowhere of this report is not known"),
    ] {
        let ended = door.deskd(&["report", "run", name]).await;
        assert!(ended.code == 1 && ended.err.contains(told), "{}: {}", ended.code, ended.err);
    }
    let ended = door.deskd(&["report", "run", "broken", "--dry-run"]).await;
    assert_eq!(ended.code, 1);
    assert!(ended.out.contains("a value is missing in line 1"), "{}", ended.out);
    let (status, refusal) = door.post("/v1/reports/taem/run", serde_json::json!({})).await;
    assert_eq!((status, refusal["code"].as_str()), (404, Some("no_such_report")));
    door.close().await;
    world.finish().await;
}
