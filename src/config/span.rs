//! Spans of time as people write them: `30s`, `5m`, `24h`, `90d`.

use std::time::Duration;

use jiff::{Span, SpanRelativeTo};

/// Spans by their letter, longest first.
const UNITS: [(u128, &str); 4] = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];

/// Reads a span above zero; a day has 24 hours, and months and years are refused because they have no length.
pub fn parse(text: &str) -> Option<Duration> {
    let span: Span = text.trim().parse().ok()?;
    let exact = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    Duration::try_from(exact).ok().filter(|span| !span.is_zero())
}

/// Writes a span in the largest unit that keeps it whole: 90 s as `90s`, 120 s as `2m`.
pub fn show(span: Duration) -> String {
    let millis = span.as_millis();
    match UNITS.iter().find(|(unit, _)| millis > 0 && millis.is_multiple_of(*unit)) {
        Some((unit, letter)) => format!("{}{letter}", millis / unit),
        None => format!("{millis}ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::{parse, show};
    use std::time::Duration;

    #[test]
    fn spans_are_read_as_people_write_them_and_written_back_shortly() {
        for (text, millis, shown) in [
            ("30s", 30_000, "30s"),
            ("5m", 300_000, "5m"),
            ("1m 30s", 90_000, "90s"),
            ("24h", 86_400_000, "1d"),
            ("90d", 7_776_000_000, "90d"),
            ("250ms", 250, "250ms"),
            ("2 hours", 7_200_000, "2h"),
        ] {
            assert_eq!(parse(text), Some(Duration::from_millis(millis)), "{text}");
            assert_eq!(show(Duration::from_millis(millis)), shown, "{text}");
        }
    }

    #[test]
    fn what_is_no_span_above_zero_is_refused() {
        for text in ["", "30", "0s", "-5m", "5m ago", "1 month", "soon", "30x"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
