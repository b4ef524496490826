//! When the house is cleaned: at night, where the machine is.

use jiff::ToSpan;
use jiff::civil::time;
use jiff::tz::TimeZone;

use super::time::Timestamp;

/// The hour at which the least is written and backups of most houses are over.
const HOUR: i8 = 3;

/// The next 3 o'clock after `now` in `zone`. Where the clocks skip that hour it is the moment they skip to; where they repeat
/// it, the first of the two. Beyond the calendar it is never.
pub fn next(now: Timestamp, zone: &TimeZone) -> Timestamp {
    let never = Timestamp(i64::MAX);
    let Ok(instant) = jiff::Timestamp::from_millisecond(now.0) else { return never };
    let today = instant.to_zoned(zone.clone()).date();
    let nights = [Some(today), today.checked_add(1.day()).ok(), today.checked_add(2.days()).ok()];
    nights
        .into_iter()
        .flatten()
        .filter_map(|date| date.to_datetime(time(HOUR, 0, 0, 0)).to_zoned(zone.clone()).ok())
        .map(|night| Timestamp(night.timestamp().as_millisecond()))
        .find(|night| *night > now)
        .unwrap_or(never)
}

#[cfg(test)]
mod tests {
    use super::{TimeZone, Timestamp, next};

    #[test]
    fn the_next_night_is_three_o_clock_where_the_machine_is() {
        let at = |text: &str| Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond());
        for (sentence, zone, now, night) in [
            ("later today", "UTC", "2026-11-21T01:00:00Z", "2026-11-21T03:00:00Z"),
            ("exactly then is over", "UTC", "2026-11-21T03:00:00Z", "2026-11-22T03:00:00Z"),
            ("tomorrow", "Europe/Berlin", "2026-11-21T12:00:00Z", "2026-11-22T02:00:00Z"),
            ("over the new year", "UTC", "2026-12-31T23:00:00Z", "2027-01-01T03:00:00Z"),
            ("the night without it", "Europe/Tallinn", "2026-03-28T20:00:00Z", "2026-03-29T01:00:00Z"),
            ("the night with two", "Europe/Tallinn", "2026-10-24T20:00:00Z", "2026-10-25T00:00:00Z"),
        ] {
            let zone = TimeZone::get(zone).unwrap();
            assert_eq!(next(at(now), &zone), at(night), "{sentence}");
        }
    }
}
