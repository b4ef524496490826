//! Active hours: the times of the week at which a route tells, in a zone and without its holidays. Calendars are jiff's, so
//! that a day with 23 or 25 hours is what the people there live through.

use std::collections::BTreeSet;

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{ToSpan, Zoned};

use crate::domain::time::Timestamp;

/// Hours of a week.
#[derive(Clone, Debug)]
pub struct Hours {
    /// Their name.
    pub name: String,
    /// Where they hold.
    pub zone: TimeZone,
    /// The weekdays they begin on.
    pub days: Vec<Weekday>,
    /// When they begin.
    pub from: Time,
    /// When they end; not after `from` for the next day.
    pub to: Time,
    /// Days off.
    pub holidays: BTreeSet<Holiday>,
}

/// A day off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holiday {
    /// This date.
    Once(Date),
    /// Every year on this month and day.
    Yearly(i8, i8),
}

impl Holiday {
    /// Reads `2026-12-25`, or `12-25` for every year.
    pub fn parse(text: &str) -> Option<Holiday> {
        let text = text.trim();
        if let Ok(date) = text.parse::<Date>() {
            return Some(Holiday::Once(date));
        }
        let (month, day) = text.split_once('-')?;
        let (month, day) = (month.parse().ok()?, day.parse().ok()?);
        // A leap year, so that the 29th of February is a day.
        Date::new(2024, month, day).ok().map(|_| Holiday::Yearly(month, day))
    }
}

/// Reads a list of weekdays, for instance `mon-fri` and `sun`. The error is the word that is none.
pub fn weekdays(words: &[String]) -> Result<Vec<Weekday>, String> {
    let mut days = BTreeSet::new();
    for word in words {
        let (first, last) = word.split_once('-').unwrap_or((word, word));
        let (Some(first), Some(last)) = (weekday(first), weekday(last)) else { return Err(word.clone()) };
        let mut day = first;
        days.insert(day.to_monday_zero_offset());
        while day != last {
            day = day.next();
            days.insert(day.to_monday_zero_offset());
        }
    }
    Ok(days.into_iter().filter_map(|day| Weekday::from_monday_zero_offset(day).ok()).collect())
}

fn weekday(word: &str) -> Option<Weekday> {
    let start: String = word.trim().to_lowercase().chars().take(3).collect();
    Some(match start.as_str() {
        "mon" => Weekday::Monday,
        "tue" => Weekday::Tuesday,
        "wed" => Weekday::Wednesday,
        "thu" => Weekday::Thursday,
        "fri" => Weekday::Friday,
        "sat" => Weekday::Saturday,
        "sun" => Weekday::Sunday,
        _ => return None,
    })
}

/// Reads a time of day, `09:00`; `24:00` is the end of the day.
pub fn time_of_day(text: &str) -> Option<Time> {
    match text.trim() {
        "24:00" => Some(Time::midnight()),
        text if text.len() == 5 => text.parse().ok(),
        _ => None,
    }
}

impl Hours {
    /// When they begin again; `None` while they last.
    pub fn closed_until(&self, now: Timestamp) -> Option<Timestamp> {
        let instant = jiff::Timestamp::from_millisecond(now.0).unwrap_or_default();
        let now = instant.to_zoned(self.zone.clone());
        let today = now.date();
        let days = [today.checked_sub(1.day()).unwrap_or(today), today];
        let lasts = |day: &Date| {
            self.span(*day).is_some_and(|(from, to)| from.timestamp() <= instant && instant < to.timestamp())
        };
        if days.iter().any(lasts) {
            return None;
        }
        // Every holiday can put it off by a week at most.
        let longest = 7 * (self.holidays.len() + 2);
        let mut day = today;
        for _ in 0..longest.min(MOST_DAYS) {
            if let Some((from, _)) = self.span(day).filter(|(from, _)| from.timestamp() > instant) {
                return Some(Timestamp(from.timestamp().as_millisecond()));
            }
            day = day.checked_add(1.day()).ok()?;
        }
        None
    }

    /// Whether they last at this instant.
    pub fn last_at(&self, now: Timestamp) -> bool {
        self.closed_until(now).is_none()
    }

    /// Beginning and end of the hours that begin on a day.
    fn span(&self, day: Date) -> Option<(Zoned, Zoned)> {
        let off = self.holidays.contains(&Holiday::Once(day))
            || self.holidays.contains(&Holiday::Yearly(day.month(), day.day()));
        if off || !self.days.contains(&day.weekday()) {
            return None;
        }
        let end = if self.to > self.from { day } else { day.checked_add(1.day()).ok()? };
        let at = |day: Date, time: Time| day.to_datetime(time).to_zoned(self.zone.clone()).ok();
        Some((at(day, self.from)?, at(end, self.to)?))
    }
}

/// Furthest look ahead, in days: a year off is no office any more.
const MOST_DAYS: usize = 400;

#[cfg(test)]
mod tests {
    use super::{Holiday, Hours, time_of_day, weekdays};
    use crate::domain::time::Timestamp;
    use jiff::tz::TimeZone;

    fn office(zone: &str, (from, to): (&str, &str), days: &str) -> Hours {
        Hours {
            name: "office".to_owned(),
            zone: TimeZone::get(zone).unwrap(),
            days: weekdays(&[days.to_owned()]).unwrap(),
            from: time_of_day(from).unwrap(),
            to: time_of_day(to).unwrap(),
            holidays: ["2026-12-25", "01-01"].iter().filter_map(|day| Holiday::parse(day)).collect(),
        }
    }

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn not_26_hours_are_those_of_the_zone_and_the_next_opening_is_found() {
        let berlin = office("Europe/Berlin", ("09:00", "19:00"), "mon-fri");
        let night = office("Europe/Berlin", ("22:00", "06:00"), "mon-sun");
        let gap = office("Europe/Berlin", ("02:30", "04:00"), "sun");
        let table = [
            ("on a Friday at noon", &berlin, "2026-11-20T12:00:00+01:00", None),
            ("the first instant", &berlin, "2026-11-20T09:00:00+01:00", None),
            ("the end is outside", &berlin, "2026-11-19T19:00:00+01:00", Some("2026-11-20T09:00:00+01:00")),
            ("over the weekend", &berlin, "2026-11-20T22:00:00+01:00", Some("2026-11-23T09:00:00+01:00")),
            ("before the opening", &berlin, "2026-11-20T03:00:00+01:00", Some("2026-11-20T09:00:00+01:00")),
            (
                "a holiday on a Friday",
                &berlin,
                "2026-12-24T20:00:00+01:00",
                Some("2026-12-28T09:00:00+01:00"),
            ),
            ("a day of every year", &berlin, "2027-01-01T10:00:00+01:00", Some("2027-01-04T09:00:00+01:00")),
            ("into summer time", &berlin, "2026-03-27T20:00:00+01:00", Some("2026-03-30T09:00:00+02:00")),
            ("out of summer time", &berlin, "2026-10-23T20:00:00+02:00", Some("2026-10-26T09:00:00+01:00")),
            ("a night shift, after midnight", &night, "2026-11-20T03:00:00+01:00", None),
            ("a night shift, by day", &night, "2026-11-20T07:00:00+01:00", Some("2026-11-20T22:00:00+01:00")),
            (
                "an opening that the clock skips",
                &gap,
                "2026-03-29T00:00:00+01:00",
                Some("2026-03-29T03:30:00+02:00"),
            ),
            ("open within the hour told twice", &gap, "2026-10-25T03:30:00+01:00", None),
        ];
        for (what, hours, now, until) in table {
            assert_eq!(hours.closed_until(at(now)), until.map(at), "{what}");
        }
    }

    #[test]
    fn weekdays_may_go_round_the_end_of_the_week() {
        assert_eq!(weekdays(&["fri-mon".to_owned()]).unwrap().len(), 4);
        assert_eq!(weekdays(&["Monday".to_owned(), "mon-tue".to_owned()]).unwrap().len(), 2);
        assert_eq!(weekdays(&["someday".to_owned()]), Err("someday".to_owned()));
        assert_eq!(time_of_day("9 o'clock"), None);
    }
}
