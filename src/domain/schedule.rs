//! When something is due: a cron expression in a time zone, or one instant.
//!
//! Clocks that change are the hard part. A time of day that the clocks skip means the first moment after the gap, one that
//! they repeat means the first of the two; an expression that says "every hour" or "every half hour" counts real hours.
//! What is due at `now` is decided from the last instant that was looked at, so a restart neither forgets nor repeats.

use std::fmt;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::Zoned;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::time::Timestamp;

/// The most single times of day that one expression is taken apart into: every quarter of an hour of a day.
const MOST_TIMES: usize = 96;

/// Why a text is no schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// Not a cron expression.
    #[error("\"{0}\" is not a cron expression")]
    Cron(String),
    /// A cron expression that matches no day, such as the 30th of February.
    #[error("\"{0}\" never comes")]
    Never(String),
    /// Not an instant.
    #[error("\"{0}\" is neither a Unix timestamp nor a time such as 2026-11-30T09:00:00Z")]
    Instant(String),
    /// Not a time of day.
    #[error("\"{0}\" is not a time of day")]
    TimeOfDay(String),
}

/// When something is due.
#[derive(Clone, Debug)]
pub struct Schedule {
    when: When,
    zone: TimeZone,
    text: String,
}

#[derive(Clone, Debug)]
enum When {
    /// Whichever of these comes next.
    Cron(Vec<Cron>),
    /// Once.
    At(Timestamp),
}

/// What there is to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// This due time has come and was not run: run once, whatever else was missed before it.
    Run(Timestamp),
    /// Nothing before this instant.
    Wait(Timestamp),
    /// Nothing any more.
    Over,
}

impl Schedule {
    /// Reads a cron expression of five fields (minute, hour, day of the month, month, day of the week), or a word such as
    /// `@daily`. A list of plain times (`0,30 8,20 * * *`) is taken as so many single times of day.
    pub fn cron(text: &str, zone: TimeZone) -> Result<Schedule, ScheduleError> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let parsed = single_times(&text).iter().map(|text| parser.parse(text)).collect::<Result<Vec<_>, _>>();
        let crons = parsed.map_err(|_| ScheduleError::Cron(text.clone()))?;
        let schedule = Schedule { when: When::Cron(crons), zone, text: text.clone() };
        match schedule.next(Timestamp(0)) {
            Some(_) => Ok(schedule),
            None => Err(ScheduleError::Never(text)),
        }
    }

    /// Reads one instant: a Unix timestamp in seconds, or RFC 3339.
    pub fn at(text: &str) -> Result<Schedule, ScheduleError> {
        let text = text.trim();
        let bad = || ScheduleError::Instant(text.to_owned());
        let instant = match text.parse::<i64>() {
            Ok(seconds) => jiff::Timestamp::from_second(seconds).map_err(|_| bad())?,
            Err(_) => text.parse::<jiff::Timestamp>().map_err(|_| bad())?,
        };
        let at = Timestamp(instant.as_millisecond());
        Ok(Schedule { when: When::At(at), zone: TimeZone::UTC, text: at.to_string() })
    }

    /// Every day at a time of day such as `09:00`.
    pub fn daily(text: &str, zone: TimeZone) -> Result<Schedule, ScheduleError> {
        let read = || {
            let (hour, minute) = text.trim().split_once(':')?;
            let (hour, minute): (u8, u8) = (hour.parse().ok()?, minute.parse().ok()?);
            (hour < 24 && minute < 60).then_some((hour, minute))
        };
        let (hour, minute) = read().ok_or_else(|| ScheduleError::TimeOfDay(text.to_owned()))?;
        Schedule::cron(&format!("{minute} {hour} * * *"), zone)
    }

    /// The same in another zone, for what is shown of a single instant.
    pub fn shown_in(self, zone: TimeZone) -> Schedule {
        Schedule { zone, ..self }
    }

    /// The zone that days and times of day are meant in.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The first due time after `after`.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        match &self.when {
            When::At(at) => Some(*at).filter(|at| *at > after),
            When::Cron(crons) => {
                let from = self.local(after)?;
                let next = |cron: &Cron| cron.find_next_occurrence(&from, false).ok();
                crons.iter().filter_map(next).map(instant).filter(|at| *at > after).min()
            }
        }
    }

    /// The last due time at or before `until`.
    pub fn latest(&self, until: Timestamp) -> Option<Timestamp> {
        match &self.when {
            When::At(at) => Some(*at).filter(|at| *at <= until),
            When::Cron(crons) => {
                let from = self.local(until)?;
                let latest = |cron: &Cron| cron.find_previous_occurrence(&from, true).ok();
                crons.iter().filter_map(latest).map(instant).filter(|at| *at <= until).max()
            }
        }
    }

    /// What there is to do at `now`, when everything up to `seen` is dealt with. Of several missed times only the newest
    /// counts: a report about yesterday is not wanted five times.
    pub fn due(&self, seen: Timestamp, now: Timestamp) -> Due {
        match self.latest(now).filter(|at| *at > seen) {
            Some(at) => Due::Run(at),
            None => self.next(seen.max(now)).map_or(Due::Over, Due::Wait),
        }
    }

    /// Whole local days before the day of `due`: from the first midnight to the last.
    pub fn days_before(&self, due: Timestamp, days: u8) -> Option<DaySpan> {
        let last = self.local(due)?.date();
        let first = last.checked_sub(jiff::Span::new().days(i64::from(days))).ok()?;
        DaySpan::new(first, last, &self.zone)
    }

    /// An instant as people of the zone read it.
    pub fn local(&self, at: Timestamp) -> Option<Zoned> {
        Some(jiff::Timestamp::from_millisecond(at.0).ok()?.to_zoned(self.zone.clone()))
    }
}

impl fmt::Display for Schedule {
    /// `0 9 * * * Europe/Berlin`, or the instant. Equal texts mean equal due times.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.when, self.zone.iana_name()) {
            (When::Cron(_), Some(zone)) => write!(f, "{} {zone}", self.text),
            (When::Cron(_), None) => write!(f, "{} (zone of this machine)", self.text),
            (When::At(_), _) => write!(f, "once at {}", self.text),
        }
    }
}

/// Whole days of a zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DaySpan {
    /// The first day.
    pub first: Date,
    /// The last day, which is within the span.
    pub last: Date,
    /// Where each day begins, and at the end where the last one ends.
    pub midnights: Vec<Timestamp>,
}

impl DaySpan {
    fn new(first: Date, end: Date, zone: &TimeZone) -> Option<DaySpan> {
        let mut midnights = Vec::new();
        let mut day = first;
        loop {
            midnights.push(instant(day.to_zoned(zone.clone()).ok()?.start_of_day().ok()?));
            if day >= end {
                break;
            }
            day = day.tomorrow().ok()?;
        }
        Some(DaySpan { first, last: end.yesterday().ok()?, midnights })
    }

    /// Where it begins.
    pub fn from(&self) -> Timestamp {
        self.midnights.first().copied().unwrap_or(Timestamp(0))
    }

    /// Where it ends; this instant is outside.
    pub fn to(&self) -> Timestamp {
        self.midnights.last().copied().unwrap_or(Timestamp(0))
    }

    /// Each day with its beginning and end.
    pub fn days(&self) -> impl Iterator<Item = (Date, Timestamp, Timestamp)> + '_ {
        let dates = self.first.series(jiff::Span::new().days(1));
        dates.zip(self.midnights.windows(2)).map(|(date, edges)| (date, edges[0], edges[1]))
    }
}

fn instant(at: Zoned) -> Timestamp {
    Timestamp(at.timestamp().as_millisecond())
}

/// An expression whose minutes and hours are plain numbers, as single times of day: each of them then counts as a time that
/// comes once a day, also on the days when clocks change. Everything else stays as it is.
fn single_times(text: &str) -> Vec<String> {
    let plain = |field: &str| -> Option<Vec<u8>> { field.split(',').map(|part| part.parse().ok()).collect() };
    let split = || {
        let mut fields = text.splitn(3, ' ');
        let (minutes, hours, rest) = (plain(fields.next()?)?, plain(fields.next()?)?, fields.next()?);
        let times = hours.iter().flat_map(|hour| minutes.iter().map(move |minute| (*minute, *hour)));
        Some(times.map(|(minute, hour)| format!("{minute} {hour} {rest}")).collect::<Vec<_>>())
    };
    split().filter(|times| times.len() <= MOST_TIMES).unwrap_or_else(|| vec![text.to_owned()])
}

#[cfg(test)]
mod tests {
    use super::{Due, Schedule, ScheduleError};
    use crate::domain::time::Timestamp;
    use jiff::tz::TimeZone;

    fn berlin() -> TimeZone {
        TimeZone::get("Europe/Berlin").unwrap()
    }

    fn at(text: &str) -> Timestamp {
        let read = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_millisecond();
        Timestamp(read(text))
    }

    /// All due times within two instants, walked forwards and then backwards.
    fn walk(schedule: &Schedule, from: &str, to: &str) -> Vec<String> {
        let (mut forwards, mut backwards) = (Vec::new(), Vec::new());
        let mut now = at(from);
        while let Some(next) = schedule.next(now).filter(|next| *next < at(to)) {
            forwards.push(schedule.local(next).unwrap().strftime("%m-%d %H:%M%:z").to_string());
            now = next;
        }
        let mut now = Timestamp(at(to).0 - 1);
        while let Some(last) = schedule.latest(now).filter(|last| *last > at(from)) {
            backwards.insert(0, schedule.local(last).unwrap().strftime("%m-%d %H:%M%:z").to_string());
            now = Timestamp(last.0 - 1);
        }
        assert_eq!(forwards, backwards, "both ways are the same way");
        forwards
    }

    #[test]
    fn a_time_of_day_that_the_clocks_skip_or_repeat_comes_exactly_once() {
        for text in ["30 2 * * *", "30 2,14 * * *"] {
            let schedule = Schedule::cron(text, berlin()).unwrap();
            let nights = |days: Vec<String>| -> Vec<String> {
                days.into_iter().filter(|time| !time.contains(" 14:")).collect()
            };
            let spring = walk(&schedule, "2026-03-27T22:00:00Z", "2026-03-30T22:00:00Z");
            assert_eq!(nights(spring), ["03-28 02:30+01:00", "03-29 03:00+02:00", "03-30 02:30+02:00"]);
            let autumn = walk(&schedule, "2026-10-23T22:00:00Z", "2026-10-26T22:00:00Z");
            assert_eq!(nights(autumn), ["10-24 02:30+02:00", "10-25 02:30+02:00", "10-26 02:30+01:00"]);
        }
    }

    #[test]
    fn started_between_the_two_half_past_twos_the_second_does_not_count() {
        let schedule = Schedule::cron("30 2 * * *", berlin()).unwrap();
        // 02:45 summer time; 02:30 comes again an hour later.
        let seen = at("2026-10-25T00:30:00Z");
        let between = at("2026-10-25T00:45:00Z");
        assert_eq!(schedule.due(seen, between), Due::Wait(at("2026-10-26T01:30:00Z")));
        assert_eq!(schedule.due(seen, at("2026-10-25T01:31:00Z")), Due::Wait(at("2026-10-26T01:30:00Z")));
    }

    #[test]
    fn every_half_hour_counts_real_half_hours_when_clocks_change() {
        let schedule = Schedule::cron("*/30 * * * *", berlin()).unwrap();
        assert_eq!(walk(&schedule, "2026-10-24T23:59:00Z", "2026-10-25T02:00:00Z").len(), 4);
        assert_eq!(walk(&schedule, "2026-03-28T23:59:00Z", "2026-03-29T02:00:00Z").len(), 4);
    }

    #[test]
    fn what_was_missed_runs_once_and_the_newest_counts() {
        let daily = Schedule::daily("09:00", TimeZone::UTC).unwrap();
        for (seen, now, due) in [
            ("2026-11-20T09:00:00Z", "2026-11-21T08:59:59Z", Due::Wait(at("2026-11-21T09:00:00Z"))),
            ("2026-11-20T09:00:00Z", "2026-11-21T09:00:00Z", Due::Run(at("2026-11-21T09:00:00Z"))),
            ("2026-11-15T09:00:00Z", "2026-11-21T12:00:00Z", Due::Run(at("2026-11-21T09:00:00Z"))),
            ("2026-11-21T09:00:00Z", "2026-11-21T12:00:00Z", Due::Wait(at("2026-11-22T09:00:00Z"))),
            // A clock that was set back repeats nothing.
            ("2026-11-21T09:00:00Z", "2026-11-20T12:00:00Z", Due::Wait(at("2026-11-22T09:00:00Z"))),
        ] {
            assert_eq!(daily.due(at(seen), at(now)), due, "seen {seen}, now {now}");
        }
    }

    #[test]
    fn sch_05_one_instant_comes_once_whichever_way_it_is_written() {
        for text in ["1795251600", "2026-11-21T09:00:00Z", "2026-11-21T10:00:00+01:00"] {
            let once = Schedule::at(text).unwrap();
            let due = at("2026-11-21T09:00:00Z");
            assert_eq!(once.due(Timestamp(0), Timestamp(due.0 - 1)), Due::Wait(due), "{text}");
            assert_eq!(once.due(Timestamp(0), Timestamp(due.0 + 5)), Due::Run(due), "{text}");
            assert_eq!(once.due(due, Timestamp(due.0 + 5)), Due::Over, "{text}");
        }
        assert!(matches!(Schedule::at("tomorrow"), Err(ScheduleError::Instant(_))));
        assert!(matches!(Schedule::at("2026-11-21 09:00"), Err(ScheduleError::Instant(_))));
    }

    #[test]
    fn a_text_that_is_no_schedule_says_so() {
        let read = |text| Schedule::cron(text, TimeZone::UTC).map(|_| ()).unwrap_err();
        for text in ["", "9 o'clock", "61 9 * * *", "0 9 * *", "0 0 9 * * *", "0 25,9 * * *"] {
            assert_eq!(read(text), ScheduleError::Cron(text.to_owned()));
        }
        assert_eq!(read("0 9 30 2 *"), ScheduleError::Never("0 9 30 2 *".to_owned()));
        for text in ["24:00", "9", "09:60", "nine"] {
            let refused = Schedule::daily(text, TimeZone::UTC).unwrap_err();
            assert_eq!(refused, ScheduleError::TimeOfDay(text.to_owned()));
        }
    }

    #[test]
    fn the_days_before_are_whole_local_days_also_when_clocks_change() {
        let schedule = Schedule::daily("09:00", berlin()).unwrap();
        let span = schedule.days_before(at("2026-10-26T08:00:00Z"), 1).unwrap();
        assert_eq!((span.from(), span.to()), (at("2026-10-24T22:00:00Z"), at("2026-10-25T23:00:00Z")));
        assert_eq!(span.first, span.last);
        let week = schedule.days_before(at("2026-10-26T08:00:00Z"), 7).unwrap();
        assert_eq!(week.days().count(), 7);
        assert_eq!(
            (week.first.to_string(), week.last.to_string()),
            ("2026-10-19".into(), "2026-10-25".into())
        );
    }
}
