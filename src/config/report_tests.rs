//! `[time]`, `[recap]` and `[[report]]` as an operator writes them, right and wrong.

use std::time::Duration;

use super::check::{Layers, check};
use super::file::Source;
use super::{Config, Environment, Places, Problems};

fn load(text: &str) -> Result<Config, Problems> {
    let source = Source { path: "/etc/deskd/config.toml".into(), text: text.to_owned() };
    check(&Layers { source: Some(&source), env: &Environment::new(), flags: &[] }, &Places::system())
}

fn problems(text: &str) -> String {
    load(text).expect_err("it has problems").to_string()
}

#[test]
fn sch_04_the_examples_of_the_file_are_right_as_they_stand() {
    let all = include_str!("../../config.toml.example");
    let (_, reports) = all.split_once("\n# [[report]]").expect("reports are shown");
    let (reports, _) = reports.split_once("\n[log]").expect("another section follows");
    let text = format!("[[report]]{}", reports.replace("\n# ", "\n").replace("\n#\n", "\n\n"));
    let config = load(&text).expect("the reports shown are right");
    let told: Vec<String> =
        config.reports.iter().map(|report| format!("{}: {}", report.title, report.schedule)).collect();
    let zone =
        config.time.zone.iana_name().map_or_else(|| "(zone of this machine)".to_owned(), str::to_owned);
    assert_eq!(
        told,
        [
            format!("Deployments: 0 18 * * MON-FRI {zone}"),
            format!("The team's week: 0 9 * * MON {zone}"),
            "Morning P&L: 30 7 * * MON-FRI America/New_York".to_owned(),
        ]
    );
    let profit = config.reports.last().expect("three");
    assert_eq!(profit.command.as_ref().expect("a program").patience, Duration::from_secs(60));
    assert_eq!((profit.days, config.reports[1].days), (1, 7));
}

#[test]
fn not_15_the_recap_is_a_report_at_nine_in_the_zone_of_the_desk() {
    let text = "[time]\nzone = \"Asia/Tokyo\"\n[recap]\nchannel = \"#daily\"\n";
    let config = load(text).expect("it is right");
    let recap = config.reports.first().expect("there is one");
    assert_eq!((recap.schedule.to_string().as_str(), recap.tells_held), ("0 9 * * * Asia/Tokyo", true));
    assert_eq!(config.channels_named.len(), 1, "the channel is looked up by \"deskd check\"");
    let other = load(&format!("{text}at = \"07:30\"\nzone = \"UTC\"\n")).expect("it is right");
    assert_eq!(other.reports[0].schedule.to_string(), "30 7 * * * UTC");
    assert!(load("[recap]\nat = \"07:30\"\n").expect("it is right").reports.is_empty());
    assert_ne!(config.hash(), other.hash());
}

/// Reports in which nearly everything is wrong.
const WRONG: &str = r##"
[time]
zone = "Europe/Berln"
[recap]
channel = "#daily"
at = "9 o'clock"
[[report]]
[[report]]
name = "my report"
cron = "every day"
channel = "Daily"
template = "teams"
days = 0
chart = "series.opend"
[[report]]
name = "team"
cron = "0 0 30 2 *"
at = "tomorrow"
channel = "#daily"
template = "team"
text = "x"
timeout = "1m"
[[report]]
name = "late"
at = "tomorrow"
channel = "#daily"
text = "{% if %}"
command = ["profit"]
timeout = "1h"
chart = "series.nosuch"
crom = "x"
[[report]]
name = "twice"
cron = "0 0 30 2 *"
channel = "#daily"
file = "/nonexistent/template"
chart = "data.days"
"##;

#[test]
fn whatever_is_wrong_with_a_report_is_told_at_once_with_its_place() {
    insta::assert_snapshot!(problems(WRONG), @r##"
    24 problems in the configuration
    /etc/deskd/config.toml:3:8: time.zone: "Europe/Berln" is not the name of a time zone
      hint: did you mean "Europe/Berlin"?
    /etc/deskd/config.toml:6:6: recap.at: "9 o'clock" is not a time of day
      hint: write for instance "09:00"
    /etc/deskd/config.toml:7:1: report[1]: a report needs a channel
      hint: write for instance channel = "#daily"
    /etc/deskd/config.toml:7:1: report[1]: a report needs a name
      hint: write for instance name = "profit"
    /etc/deskd/config.toml:7:1: report[1]: a report needs a time
      hint: write for instance cron = "0 9 * * *", or at = "2026-11-30T09:00:00Z" for once
    /etc/deskd/config.toml:7:1: report[1]: a report needs one template, and only one
      hint: write template = "recap" or "deployments" or "team", or text = "...", or file = "..."
    /etc/deskd/config.toml:9:8: report[2].name: "my report" cannot be the name of a report
      hint: use letters, digits, - and _, up to 40 of them
    /etc/deskd/config.toml:10:8: report[2].cron: "every day" is not a cron expression
      hint: write minute, hour, day, month, weekday: "0 9 * * MON-FRI" is 09:00 on working days
    /etc/deskd/config.toml:11:11: report[2].channel: "Daily" is neither a channel's name nor its id
      hint: write "#daily" (names are lower case) or "C0123456789"
    /etc/deskd/config.toml:12:12: report[2].template: there is no template "teams"
      hint: did you mean "team"? There are recap, deployments, team
    /etc/deskd/config.toml:13:8: report[2].days: not a whole number from 1 to 92
      hint: 1 is usual
    /etc/deskd/config.toml:14:9: report[2].chart: there is no series "series.opend"
      hint: did you mean "series.opened"?
    /etc/deskd/config.toml:15:1: report[3]: a report needs one template, and only one
      hint: write template = "recap" or "deployments" or "team", or text = "...", or file = "..."
    /etc/deskd/config.toml:18:6: report[3].at: a report has either cron or at
      hint: take one of them out
    /etc/deskd/config.toml:22:11: report[3].timeout: there is no command to wait for
      hint: take it out, or write a command
    /etc/deskd/config.toml:25:6: report[4].at: "tomorrow" is neither a Unix timestamp nor a time such as 2026-11-30T09:00:00Z
      hint: write "2026-11-30T09:00:00Z" or "1795251600"
    /etc/deskd/config.toml:27:8: report[4].text: not a template: unexpected end of block in line 1
      hint: see docs/reports.md for what a template may say
    /etc/deskd/config.toml:28:11: report[4].command: the program is not named by its path
      hint: write its whole path, for instance ["/usr/local/bin/profit", "--json"]; no shell is asked
    /etc/deskd/config.toml:29:11: report[4].timeout: 1h is too long
      hint: 5m is the most: other reports wait meanwhile
    /etc/deskd/config.toml:30:9: report[4].chart: there is no series "series.nosuch"
      hint: did you mean "series.contacts"?
    /etc/deskd/config.toml:31:1: report[4].crom: unknown key
      hint: did you mean "cron"?
    /etc/deskd/config.toml:34:8: report[5].cron: "0 0 30 2 *" never comes
      hint: write minute, hour, day, month, weekday: "0 9 * * MON-FRI" is 09:00 on working days
    /etc/deskd/config.toml:36:8: report[5].file: cannot read /nonexistent/template: No such file or directory (os error 2)
      hint: a template is a text file of at most 64 KiB
    /etc/deskd/config.toml:37:9: report[5].chart: there is no series "data.days"
      hint: only what a command prints stands under data: write a command
    "##);
    let twice = "[recap]\nchannel = \"#a\"\n[[report]]\nname = \"recap\"\ncron = \"@daily\"\nchannel = \"#a\"\ntemplate = \"recap\"\n";
    assert!(problems(twice).contains("report[1].name: \"recap\" is there twice"), "{}", problems(twice));
}

#[test]
fn a_template_may_stand_in_a_file_beside_the_configuration() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("config.toml");
    let text = "[[report]]\nname = \"a\"\ncron = \"@daily\"\nchannel = \"#a\"\nfile = \"a.txt\"\n";
    let load = || {
        let source = Source { path: path.clone(), text: text.to_owned() };
        check(&Layers { source: Some(&source), env: &Environment::new(), flags: &[] }, &Places::system())
    };
    std::fs::write(folder.path().join("a.txt"), "hello {{ span }}").expect("written");
    assert_eq!(load().expect("it is right").reports[0].template.source(), "hello {{ span }}");
    std::fs::write(folder.path().join("a.txt"), "x".repeat(70_000)).expect("written");
    assert!(load().expect_err("too long").to_string().contains("report[1].file: cannot read"));
}
