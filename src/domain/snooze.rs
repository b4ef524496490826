//! Until when: the words people type to put a task off.
//!
//! Day words mean the morning of that day where the team is. Nothing is remembered here; `now` and the zone come in.

use std::time::Duration;

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};

use super::time::Timestamp;

/// The hour that a day without a time of day means.
pub const MORNING_HOUR: i8 = 9;

/// Longest snooze: what is further away than two years is a typing error, not a plan.
const LONGEST: Duration = Duration::from_secs(2 * 366 * 86_400);

/// Why the text is no time to come back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnoozeError {
    /// Not one of the forms.
    #[error(
        "cannot read {0:?} as a time: expected \"30m\", \"2h\", \"3d\", \"1w\", \"tomorrow\", \"monday\", \"17:30\", \
         \"2026-11-30\", or a day with a time as in \"monday 14:00\" and \"2026-11-30 09:00\""
    )]
    Unreadable(String),
    /// Readable, but over already.
    #[error("{0:?} is in the past")]
    Past(String),
    /// Readable, but too far away.
    #[error("{0:?} is more than two years away")]
    TooFar(String),
    /// The zone is not in the time zone database.
    #[error("unknown time zone {0:?}; expected a name such as Europe/Berlin")]
    Zone(String),
}

/// The instant that `words` mean at `now` in the IANA `zone`. Days and weeks keep the time of day, also when clocks change;
/// a time of day that the clocks skip means the same span after the change, one they repeat means the first.
pub fn parse(words: &str, now: Timestamp, zone: &str) -> Result<Timestamp, SnoozeError> {
    let typed = words.trim().to_lowercase();
    let zone = TimeZone::get(zone).map_err(|_| SnoozeError::Zone(zone.to_owned()))?;
    let unreadable = || SnoozeError::Unreadable(words.trim().to_owned());
    let here = jiff::Timestamp::from_millisecond(now.0).map_err(|_| unreadable())?.to_zoned(zone.clone());
    let until = match span(&typed) {
        Some(span) => here.checked_add(span).map_err(|_| SnoozeError::TooFar(words.trim().to_owned()))?,
        None => {
            let then = moment(&typed, here.datetime()).ok_or_else(unreadable)?;
            then.to_zoned(zone).map_err(|_| unreadable())?
        }
    };
    let until = Timestamp(until.timestamp().as_millisecond());
    if until <= now {
        return Err(SnoozeError::Past(words.trim().to_owned()));
    }
    if until.since(now) > LONGEST {
        return Err(SnoozeError::TooFar(words.trim().to_owned()));
    }
    Ok(until)
}

/// `30m`, `2h`, `3d`, `1w`, also with a space and the whole word.
fn span(typed: &str) -> Option<Span> {
    let typed = typed.strip_prefix("in ").unwrap_or(typed).trim_start();
    let (digits, unit) = typed.split_at(typed.find(|c: char| !c.is_ascii_digit())?);
    let count: i64 = digits.parse().ok().filter(|count| (0..=100_000).contains(count))?;
    match unit.trim() {
        "m" | "min" | "mins" | "minute" | "minutes" => Some(count.minutes()),
        "h" | "hour" | "hours" => Some(count.hours()),
        "d" | "day" | "days" => Some(count.days()),
        "w" | "week" | "weeks" => Some(count.weeks()),
        _ => None,
    }
}

/// A day, a time of day, or both.
fn moment(typed: &str, here: DateTime) -> Option<DateTime> {
    let (day, time) = match typed.split_once([' ', 't']).filter(|(day, _)| day.len() == 10) {
        Some((day, time)) => (day, Some(time)),
        None => match typed.split_once(char::is_whitespace) {
            Some((day, time)) => (day, Some(time)),
            None => (typed, None),
        },
    };
    if let Some(time) = clock(typed) {
        let today = here.date().to_datetime(time);
        return if today > here { Some(today) } else { Some(here.date().tomorrow().ok()?.to_datetime(time)) };
    }
    let time = match time {
        Some(time) => clock(time.trim().trim_start_matches("at ").trim())?,
        None => Time::constant(MORNING_HOUR, 0, 0, 0),
    };
    Some(date(day, here.date())?.to_datetime(time))
}

fn date(day: &str, today: Date) -> Option<Date> {
    match day {
        "today" => return Some(today),
        "tomorrow" => return today.tomorrow().ok(),
        _ => {}
    }
    if let Some(weekday) = weekday(day) {
        return today.nth_weekday(1, weekday).ok();
    }
    let written = day.len() == 10 && day.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    if written { day.parse().ok() } else { None }
}

/// The next day of this name, in a week when it is today.
fn weekday(day: &str) -> Option<Weekday> {
    match day {
        "mon" | "monday" => Some(Weekday::Monday),
        "tue" | "tues" | "tuesday" => Some(Weekday::Tuesday),
        "wed" | "wednesday" => Some(Weekday::Wednesday),
        "thu" | "thurs" | "thursday" => Some(Weekday::Thursday),
        "fri" | "friday" => Some(Weekday::Friday),
        "sat" | "saturday" => Some(Weekday::Saturday),
        "sun" | "sunday" => Some(Weekday::Sunday),
        _ => None,
    }
}

/// `9:00` or `17:30`.
fn clock(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let plain = |part: &str, least: usize| {
        (least..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
    };
    if !plain(hour, 1) || !plain(minute, 2) {
        return None;
    }
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::{SnoozeError, parse};
    use crate::domain::time::Timestamp;
    use proptest::prelude::{ProptestConfig, proptest};

    const BERLIN: &str = "Europe/Berlin";

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn words_mean_what_people_mean() {
        // A Saturday, 10:30 in Berlin.
        let now = at("2026-11-21T09:30:00Z");
        let table = [
            ("30m", "2026-11-21T10:00:00Z"),
            ("2h", "2026-11-21T11:30:00Z"),
            ("in 2 hours", "2026-11-21T11:30:00Z"),
            ("3d", "2026-11-24T09:30:00Z"),
            ("1w", "2026-11-28T09:30:00Z"),
            ("tomorrow", "2026-11-22T08:00:00Z"),
            ("Tomorrow 14:00", "2026-11-22T13:00:00Z"),
            ("tomorrow at 9:05", "2026-11-22T08:05:00Z"),
            ("today 18:00", "2026-11-21T17:00:00Z"),
            ("monday", "2026-11-23T08:00:00Z"),
            ("Mon 07:15", "2026-11-23T06:15:00Z"),
            ("saturday", "2026-11-28T08:00:00Z"),
            ("17:30", "2026-11-21T16:30:00Z"),
            ("9:00", "2026-11-22T08:00:00Z"),
            ("2026-11-30", "2026-11-30T08:00:00Z"),
            ("2026-11-30 09:00", "2026-11-30T08:00:00Z"),
            ("2026-11-30T23:45", "2026-11-30T22:45:00Z"),
        ];
        for (words, expected) in table {
            assert_eq!(
                parse(words, now, BERLIN).map(|t| t.to_string()),
                Ok(at(expected).to_string()),
                "{words}"
            );
        }
    }

    #[test]
    fn days_keep_the_time_of_day_when_the_clocks_change() {
        // Clocks go back in Berlin on 2026-10-25 at 03:00, forward on 2027-03-28 at 02:00.
        let table = [
            ("2026-10-24T08:00:00Z", "1d", "2026-10-25T09:00:00Z"),
            ("2026-10-24T08:00:00Z", "24h", "2026-10-25T08:00:00Z"),
            ("2026-10-24T08:00:00Z", "tomorrow", "2026-10-25T08:00:00Z"),
            ("2026-10-24T08:00:00Z", "2026-10-25 02:30", "2026-10-25T00:30:00Z"),
            ("2027-03-27T08:00:00Z", "tomorrow", "2027-03-28T07:00:00Z"),
            ("2027-03-27T08:00:00Z", "2027-03-28 02:30", "2027-03-28T01:30:00Z"),
            ("2027-03-27T08:00:00Z", "1d", "2027-03-28T07:00:00Z"),
        ];
        for (now, words, expected) in table {
            let found = parse(words, at(now), BERLIN).map(|t| t.to_string());
            assert_eq!(found, Ok(at(expected).to_string()), "{words} at {now}");
        }
    }

    #[test]
    fn what_is_no_time_to_come_back_is_refused_with_a_reason() {
        let now = at("2026-11-21T09:30:00Z");
        for words in
            ["", "soon", "2", "h", "-2h", "25:00", "2026-13-01", "next year", "monday 9", "1.5h", "2x", "é"]
        {
            assert_eq!(parse(words, now, BERLIN), Err(SnoozeError::Unreadable(words.into())), "{words}");
        }
        for words in ["0m", "2026-11-20", "today", "today 10:00", "2026-11-21 10:30"] {
            assert_eq!(parse(words, now, BERLIN), Err(SnoozeError::Past(words.into())), "{words}");
        }
        for words in ["99999d", "100000w", "2031-01-01"] {
            assert_eq!(parse(words, now, BERLIN), Err(SnoozeError::TooFar(words.into())), "{words}");
        }
        assert_eq!(parse("2h", now, "Mars/Base"), Err(SnoozeError::Zone("Mars/Base".into())));
        let told = SnoozeError::Unreadable("soon".into()).to_string();
        for form in ["30m", "tomorrow", "monday", "2026-11-30 09:00"] {
            assert!(told.contains(form), "{told}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]
        #[test]
        fn no_words_make_it_panic(words in "(?s).{0,20}", near in "(2026|monday|in )?[0-9:t é-]{0,12}(h|d|w|m)?", now in proptest::num::i64::ANY) {
            let _ = parse(&words, Timestamp(now), BERLIN);
            let _ = parse(&near, Timestamp(now), "America/New_York");
        }
    }
}
