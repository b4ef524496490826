//! `[[hours]]`: active hours by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Time;
use jiff::tz::TimeZone;

use super::reader::{Reader, Section};
use crate::domain::route::hours::{Holiday, Hours, time_of_day, weekdays};

/// When hours begin and end if nothing is said: those of an office.
const OFFICE: (i8, i8) = (9, 18);

/// Reads all of them.
pub fn read(reader: &mut Reader<'_>, zone: &TimeZone) -> BTreeMap<String, Arc<Hours>> {
    let mut all = BTreeMap::new();
    for (at, table) in reader.tables("hours").into_iter().enumerate() {
        let mut section = reader.element("hours", at + 1, &table);
        let Some(name) = section.text("name").filter(|name| !name.trim().is_empty()) else {
            section.refuse_table("hours need a name", "write name = \"office\"");
            continue;
        };
        let hours = hours(&mut section, &name, zone);
        if all.insert(name.clone(), Arc::new(hours)).is_some() {
            section.refuse("name", format!("there are two hours named \"{name}\""), "rename one");
        }
    }
    all
}

/// Hours with the keys `zone`, `days`, `from`, `to` and `holidays`.
pub fn hours(section: &mut Section<'_, '_>, name: &str, zone: &TimeZone) -> Hours {
    let days = section.some("days").map(|items| items.into_iter().map(|item| item.text).collect());
    let days = days.unwrap_or_else(|| vec!["mon-fri".to_owned()]);
    let days = weekdays(&days).unwrap_or_else(|word| {
        section.refuse("days", format!("\"{word}\" is no weekday"), "write [\"mon-fri\", \"sun\"]");
        Vec::new()
    });
    let holidays = section.list("holidays").unwrap_or_default();
    let holidays = holidays.iter().filter_map(|item| {
        let read = Holiday::parse(&item.text);
        if read.is_none() {
            let hint = "write \"2026-12-25\", or \"12-25\" for every year";
            section.refuse_item(item, format!("\"{}\" is no date", item.text), hint);
        }
        read
    });
    let holidays = holidays.collect();
    Hours {
        name: name.to_owned(),
        zone: own_zone(section, zone),
        days,
        from: time(section, "from", OFFICE.0),
        to: time(section, "to", OFFICE.1),
        holidays,
    }
}

fn own_zone(section: &mut Section<'_, '_>, zone: &TimeZone) -> TimeZone {
    let Some(name) = section.text("zone") else { return zone.clone() };
    TimeZone::get(&name).unwrap_or_else(|_| {
        let hint = "write for instance \"Europe/Berlin\" or \"UTC\"";
        section.refuse("zone", format!("there is no time zone \"{name}\""), hint);
        zone.clone()
    })
}

fn time(section: &mut Section<'_, '_>, key: &'static str, default: i8) -> Time {
    let default = jiff::civil::time(default, 0, 0, 0);
    let Some(text) = section.text(key) else { return default };
    time_of_day(&text).unwrap_or_else(|| {
        section.refuse(key, format!("\"{text}\" is no time of day"), "write \"09:00\"");
        default
    })
}
