//! `[time]`, `[recap]` and `[[report]]`: when deskd tells which numbers where.

use std::time::Duration;

use jiff::tz::TimeZone;

use super::categories::is_channel;
use super::problem::nearest;
use super::reader::{Reader, Section};
use super::settings::ChannelNamed;
use super::span;
use crate::domain::report::{BUILT_IN, Program, Report};
use crate::domain::schedule::{Schedule, ScheduleError};
use crate::domain::template::{LONGEST_TEMPLATE, Template};

/// `[time]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Time {
    /// The zone that days and times of day are meant in.
    pub zone: TimeZone,
}

/// The name of the report that `[recap]` makes.
pub const RECAP: &str = "recap";

/// How long a program may take unless the report says otherwise.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long it may take at most: other reports wait meanwhile.
const LONGEST_PATIENCE: Duration = Duration::from_secs(300);
/// Longest name of a report, in characters: it stands in a table's column.
const NAME_LENGTH: usize = 40;
/// Longest title of a report, in characters: it stands in a line.
const TITLE_LENGTH: usize = 100;
/// The most days that a report is about.
const MOST_DAYS: u8 = 92;
/// The series that every desk has.
const SERIES: [&str; 4] = ["series.opened", "series.closed", "series.contacts", "series.first_response"];

/// Reads all three. The recap comes first.
pub fn read(reader: &mut Reader<'_>, default: Time, named: &mut Vec<ChannelNamed>) -> (Time, Vec<Report>) {
    let time = Time { zone: zone(&mut reader.section("time")).unwrap_or(default.zone) };
    let mut reports: Vec<Report> = recap(&mut reader.section("recap"), &time, named).into_iter().collect();
    for (at, table) in reader.tables("report").into_iter().enumerate() {
        let mut section = reader.element("report", at + 1, &table);
        let Some(report) = report(&mut section, &time, named) else { continue };
        if reports.iter().any(|other| other.name == report.name) {
            let what = format!("\"{}\" is there twice", report.name);
            let hint = if report.name == RECAP { "[recap] makes one of this name" } else { "rename one" };
            section.refuse("name", what, hint);
        }
        reports.push(report);
    }
    (time, reports)
}

fn recap(section: &mut Section<'_, '_>, time: &Time, named: &mut Vec<ChannelNamed>) -> Option<Report> {
    let zone = zone(section).unwrap_or_else(|| time.zone.clone());
    let at = section.text("at").unwrap_or_else(|| "09:00".to_owned());
    let schedule = Schedule::daily(&at, zone);
    if let Err(problem) = &schedule {
        section.refuse("at", problem.to_string(), "write for instance \"09:00\"");
    }
    let channel = section.text("channel").filter(|text| !text.is_empty())?;
    let channel = channel_named(section, channel, named)?;
    Some(Report {
        name: RECAP.to_owned(),
        title: "Daily recap".to_owned(),
        schedule: schedule.ok()?,
        channel,
        template: built_in(RECAP)?,
        days: 1,
        command: None,
        chart: None,
        tells_held: true,
    })
}

fn report(section: &mut Section<'_, '_>, time: &Time, named: &mut Vec<ChannelNamed>) -> Option<Report> {
    // Everything is read before anything is given up, so that all problems are told at once.
    let (name, title) = (name(section), title(section));
    let schedule = schedule(section, time);
    let channel = match section.text("channel").filter(|text| !text.is_empty()) {
        Some(channel) => channel_named(section, channel, named),
        None => {
            section.refuse_table("a report needs a channel", "write for instance channel = \"#daily\"");
            None
        }
    };
    let template = template(section);
    let command = command(section);
    let weekly = section.text("template").is_some_and(|name| name == "team");
    let days = section.integer("days", 1..=MOST_DAYS, if weekly { 7 } else { 1 });
    let chart = chart(section, command.is_some());
    let name = name?;
    Some(Report {
        title: title.unwrap_or_else(|| titled(&name)),
        name,
        schedule: schedule?,
        channel: channel?,
        template: template?,
        days,
        command,
        chart,
        tells_held: false,
    })
}

fn name(section: &mut Section<'_, '_>) -> Option<String> {
    let Some(name) = section.text("name") else {
        section.refuse_table("a report needs a name", "write for instance name = \"profit\"");
        return None;
    };
    let plain = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || name.chars().count() > NAME_LENGTH || !name.chars().all(plain) {
        let hint = format!("use letters, digits, - and _, up to {NAME_LENGTH} of them");
        section.refuse("name", format!("\"{name}\" cannot be the name of a report"), hint);
        return None;
    }
    Some(name)
}

fn title(section: &mut Section<'_, '_>) -> Option<String> {
    let title = section.text("title").map(|title| title.trim().to_owned())?;
    if title.is_empty() || title.chars().count() > TITLE_LENGTH || title.contains('\n') {
        let hint = format!("write one line of at most {TITLE_LENGTH} characters, or leave the key out");
        section.refuse("title", "this cannot stand above a report", hint);
        return None;
    }
    Some(title)
}

/// `weekly_profit` as a title: `Weekly profit`.
fn titled(name: &str) -> String {
    let words = name.replace(['_', '-'], " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn schedule(section: &mut Section<'_, '_>, time: &Time) -> Option<Schedule> {
    let zone = zone(section).unwrap_or_else(|| time.zone.clone());
    match (section.text("cron"), section.text("at")) {
        (Some(cron), None) => scheduled(section, "cron", Schedule::cron(&cron, zone)),
        (None, Some(at)) => {
            scheduled(section, "at", Schedule::at(&at)).map(|schedule| schedule.shown_in(zone))
        }
        (Some(_), Some(_)) => {
            section.refuse("at", "a report has either cron or at", "take one of them out");
            None
        }
        (None, None) => {
            let hint = "write for instance cron = \"0 9 * * *\", or at = \"2026-11-30T09:00:00Z\" for once";
            section.refuse_table("a report needs a time", hint);
            None
        }
    }
}

fn scheduled(
    section: &mut Section<'_, '_>,
    key: &'static str,
    read: Result<Schedule, ScheduleError>,
) -> Option<Schedule> {
    match read {
        Ok(schedule) => Some(schedule),
        Err(problem) => {
            let hint = match problem {
                ScheduleError::Instant(_) => "write \"2026-11-30T09:00:00Z\" or \"1795251600\"",
                ScheduleError::Cron(_) | ScheduleError::Never(_) | ScheduleError::TimeOfDay(_) => {
                    "write minute, hour, day, month, weekday: \"0 9 * * MON-FRI\" is 09:00 on working days"
                }
            };
            section.refuse(key, problem.to_string(), hint);
            None
        }
    }
}

fn zone(section: &mut Section<'_, '_>) -> Option<TimeZone> {
    let text = section.text("zone").filter(|text| !text.is_empty())?;
    match TimeZone::get(&text) {
        Ok(zone) => Some(zone),
        Err(_) => {
            let hint = match nearest_zone(&text) {
                Some(zone) => format!("did you mean \"{zone}\"?"),
                None => "write a name such as \"Europe/Berlin\" or \"UTC\"".to_owned(),
            };
            section.refuse("zone", format!("\"{text}\" is not the name of a time zone"), hint);
            None
        }
    }
}

/// Compares without upper and lower case, which people mix up in names of zones.
fn nearest_zone(text: &str) -> Option<String> {
    let known: Vec<String> = jiff::tz::db().available().map(|name| name.as_str().to_owned()).collect();
    let lower: Vec<String> = known.iter().map(|name| name.to_lowercase()).collect();
    let meant = nearest(text, lower.iter().map(String::as_str))?;
    let at = lower.iter().position(|name| name == meant)?;
    known.get(at).cloned()
}

fn channel_named(
    section: &mut Section<'_, '_>,
    channel: String,
    named: &mut Vec<ChannelNamed>,
) -> Option<String> {
    if !is_channel(&channel) {
        let what = format!("\"{channel}\" is neither a channel's name nor its id");
        section.refuse("channel", what, "write \"#daily\" (names are lower case) or \"C0123456789\"");
        return None;
    }
    let (key, spot) = section.place("channel");
    named.push(ChannelNamed { channel: channel.clone(), key, spot });
    Some(channel)
}

/// One of `template` (a built-in one by name), `text` (written here) and `file`.
fn template(section: &mut Section<'_, '_>) -> Option<Template> {
    let (named, text, file) = (section.text("template"), section.text("text"), section.path("file"));
    let given = usize::from(named.is_some()) + usize::from(text.is_some()) + usize::from(file.is_some());
    if given != 1 {
        let names: Vec<String> = BUILT_IN.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        let hint = format!("write template = {}, or text = \"...\", or file = \"...\"", names.join(" or "));
        section.refuse_table("a report needs one template, and only one", hint);
        return None;
    }
    let (key, source) = match (named, text, file) {
        (Some(name), ..) => return built_in(&name).or_else(|| no_template(section, &name)),
        (_, Some(text), _) => ("text", text),
        (.., file) => ("file", read_file(section, &file?)?),
    };
    match Template::new(&source) {
        Ok(template) => Some(template),
        Err(flaw) => {
            section.refuse(key, flaw.to_string(), "see docs/reports.md for what a template may say");
            None
        }
    }
}

fn read_file(section: &mut Section<'_, '_>, path: &std::path::Path) -> Option<String> {
    let text = std::fs::metadata(path).and_then(|found| match found.len() {
        ..=0x1_0000 => std::fs::read_to_string(path),
        _ => Err(std::io::ErrorKind::FileTooLarge.into()),
    });
    match text {
        Ok(text) => Some(text),
        Err(problem) => {
            let hint = format!("a template is a text file of at most {} KiB", LONGEST_TEMPLATE >> 10);
            section.refuse("file", format!("cannot read {}: {problem}", path.display()), hint);
            None
        }
    }
}

fn built_in(name: &str) -> Option<Template> {
    let (_, source) = BUILT_IN.iter().find(|(built_in, _)| *built_in == name)?;
    Template::new(source).ok()
}

fn no_template(section: &mut Section<'_, '_>, name: &str) -> Option<Template> {
    let names = || BUILT_IN.iter().map(|(name, _)| *name);
    let all = names().collect::<Vec<_>>().join(", ");
    let hint = match nearest(name, names()) {
        Some(meant) => format!("did you mean \"{meant}\"? There are {all}"),
        None => format!("there are {all}; one of your own is written as text or file"),
    };
    section.refuse("template", format!("there is no template \"{name}\""), hint);
    None
}

fn command(section: &mut Section<'_, '_>) -> Option<Program> {
    let command = section.texts("command");
    let patience = section.duration("timeout", PATIENCE);
    if section.is_set("timeout") && command.is_none() {
        section.refuse("timeout", "there is no command to wait for", "take it out, or write a command");
    }
    if patience > LONGEST_PATIENCE {
        let what = format!("{} is too long", span::show(patience));
        section.refuse("timeout", what, "5m is the most: other reports wait meanwhile");
    }
    let command = command?;
    if command.first().is_none_or(|program| !program.starts_with('/')) {
        let hint =
            "write its whole path, for instance [\"/usr/local/bin/profit\", \"--json\"]; no shell is asked";
        section.refuse("command", "the program is not named by its path", hint);
    }
    Some(Program { command, patience })
}

/// A series of the desk by its name, of a kind of notice, or of what the program prints.
fn chart(section: &mut Section<'_, '_>, has_command: bool) -> Option<String> {
    let path = section.text("chart").filter(|text| !text.is_empty())?;
    let of_kind = path.starts_with("series.count ") || path.starts_with("series.sum ");
    let of_program = path.starts_with("data.");
    if SERIES.contains(&path.as_str()) || of_kind || (of_program && has_command) {
        return Some(path);
    }
    let hint = match (of_program, nearest(&path, SERIES)) {
        (true, _) => "only what a command prints stands under data: write a command".to_owned(),
        (false, Some(meant)) => format!("did you mean \"{meant}\"?"),
        (false, None) => format!(
            "there are {}, \"series.count KIND\", \"series.sum KIND CURRENCY\" and, with a command, \"data....\"",
            SERIES.join(", ")
        ),
    };
    section.refuse("chart", format!("there is no series \"{path}\""), hint);
    None
}

/// The sections as lines.
pub fn show(time: &Time, reports: &[Report], add: &mut impl FnMut(&str, String)) {
    let Time { zone } = time;
    add("time.zone", zone.iana_name().unwrap_or("(of this machine)").to_owned());
    for report in reports {
        let Report { name, title, schedule, channel, template, days, command, chart, tells_held: _ } = report;
        let mut part = |key: &str, value: String| add(&format!("report.{name}.{key}"), value);
        part("title", title.clone());
        part("schedule", schedule.to_string());
        part("channel", channel.clone());
        part("template", shown(template));
        part("days", days.to_string());
        let (program, patience) = match command {
            Some(Program { command, patience }) => (command.join(" "), span::show(*patience)),
            None => (String::new(), String::new()),
        };
        part("command", program);
        part("timeout", patience);
        part("chart", chart.clone().unwrap_or_default());
    }
}

/// A built-in template by its name, another by its length and hash: it has many lines.
fn shown(template: &Template) -> String {
    let source = template.source();
    match BUILT_IN.iter().find(|(_, built_in)| *built_in == source) {
        Some((name, _)) => (*name).to_owned(),
        None => format!("own, {} bytes, {}", source.len(), super::show::short_hash(source)),
    }
}
