//! Instants as UTC milliseconds. Reading a clock is not done here: `now` comes in as an argument.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The reading of a clock, handed to the few long-lived loops that cannot take `now` as an argument.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// An instant: whole milliseconds since 1970-01-01 UTC, as stored in every time column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The instant `span` later; saturates at the end of time.
    pub fn plus(self, span: Duration) -> Timestamp {
        Timestamp(self.0.saturating_add(millis(span)))
    }

    /// The instant `span` earlier; saturates at the beginning of time.
    pub fn minus(self, span: Duration) -> Timestamp {
        Timestamp(self.0.saturating_sub(millis(span)))
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Whole Unix seconds, as Slack's `oldest` and `event_time` count.
    pub fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with milliseconds: `2026-11-21T09:00:00.000Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(instant) => write!(f, "{instant:.3}"),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::Timestamp;
    use std::time::Duration;

    #[test]
    fn an_instant_prints_as_rfc_3339_with_milliseconds() {
        assert_eq!(Timestamp(1_700_000_000_120).to_string(), "2023-11-14T22:13:20.120Z");
    }

    #[test]
    fn time_since_a_later_instant_is_zero() {
        assert_eq!(Timestamp(1_000).since(Timestamp(2_000)), Duration::ZERO);
        assert_eq!(Timestamp(2_000).since(Timestamp(500)), Duration::from_millis(1_500));
    }
}
