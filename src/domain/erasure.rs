//! Erased stays erased: whether something was said before its author was erased.

use super::ids::MessageTs;
use super::time::Timestamp;

/// Whether a message with this `ts` is forgotten, its author having been erased at `erased_at`. A `ts` that cannot be read
/// counts as old: what is kept by mistake cannot be explained to the person, what is dropped can be asked for again.
pub fn is_forgotten(ts: &MessageTs, erased_at: Timestamp) -> bool {
    said_at(ts).is_none_or(|said| said <= erased_at)
}

/// When a message was written: Slack's `ts` is seconds and microseconds.
fn said_at(ts: &MessageTs) -> Option<Timestamp> {
    let (seconds, micros) = ts.0.split_once('.').unwrap_or((&ts.0, "0"));
    let seconds: i64 = seconds.parse().ok()?;
    let micros: i64 = format!("{micros:0<6}").get(..6)?.parse().ok()?;
    Some(Timestamp(seconds.checked_mul(1000)?.checked_add(micros / 1000)?))
}

#[cfg(test)]
mod tests {
    use super::{MessageTs, Timestamp, is_forgotten};

    #[test]
    fn what_was_said_up_to_the_erasure_is_forgotten() {
        let erased_at = Timestamp(1_700_000_000_500);
        for (sentence, ts, forgotten) in [
            ("long before", "1600000000.000000", true),
            ("in the same millisecond", "1700000000.500900", true),
            ("a millisecond later", "1700000000.501000", false),
            ("a short fraction counts from the left", "1700000000.6", false),
            ("no fraction", "1700000001", false),
            ("not a ts", "yesterday", true),
            ("nothing", "", true),
            ("a number that is too large", "99999999999999999999.0", true),
        ] {
            assert_eq!(is_forgotten(&MessageTs(ts.into()), erased_at), forgotten, "{sentence}: {ts}");
        }
    }
}
