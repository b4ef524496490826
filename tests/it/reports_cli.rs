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
    assert_snapshot!(timeless(&door.ok(&["report", "list"]).await), @"
    NAME    TO        SCHEDULE         NEXT      LAST RUN  CHART  HOW IT ENDED
    recap   #general  0 9 * * * UTC    CLOCK  -         -      has not run yet
    team    #general  0 9 * * MON UTC  CLOCK  -         -      has not run yet
    broken  #nowhere  0 12 * * * UTC   CLOCK  -         -      has not run yet
    ");
    assert_snapshot!(door.ok(&["report", "run", "team", "--dry-run"]).await, @"
    :bar_chart: *The team's week*: 29 December 2025 to 4 January 2026
    • Tasks: *0* opened, *0* closed; 0 open and 0 waiting now

    nothing was posted; it would go to #general with a chart of 2603 bytes
    ");
    assert_eq!(world.channel("general"), "", "nothing was posted");
    world.slack.fault(
        "files.getUploadURLExternal",
        Fault::Error("storage_limit_reached".into()),
        Times::Count(1),
    );
    assert_snapshot!(door.ok(&["report", "run", "team"]).await, @"stored, and on its way to #general with a chart of 2603 bytes (send 1); hint: deskd queue list");
    world.pass(10).await;
    assert_snapshot!(world.channel("general"), @"
    desk: :bar_chart: *The team's week*: 29 December 2025 to 4 January 2026
    • Tasks: *0* opened, *0* closed; 0 open and 0 waiting now
    ");
    assert_snapshot!(timeless(&door.ok(&["report", "list"]).await), @"
    NAME    TO        SCHEDULE         NEXT      LAST RUN  CHART                          HOW IT ENDED
    recap   #general  0 9 * * * UTC    CLOCK  -         -                              has not run yet
    team    #general  0 9 * * MON UTC  CLOCK  10 s ago  failed: storage_limit_reached  made because somebody asked for it
    broken  #nowhere  0 12 * * * UTC   CLOCK  -         -                              has not run yet
    ");
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
