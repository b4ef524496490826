//! A second reading for payloads that are not quite JSON as serde reads it, but mean something all the same: half of an
//! emoji left by somebody who cut a text at a fixed length, a member written twice. Browsers read both, so Slack's own
//! clients never notice; a contact's message must not be lost over it.

use std::borrow::Cow;

use serde_json::Value;

/// What stands where half a character was.
const REPLACEMENT: &str = "\\ufffd";

/// Length of `\uXXXX`.
const ESCAPE: usize = 6;

/// The payload as every reader understands it: each lone surrogate replaced, of repeated members the last. `None` for
/// what is broken otherwise.
pub fn mended(payload: &str) -> Option<String> {
    let whole = without_lone_surrogates(payload);
    serde_json::from_str::<Value>(&whole).ok().map(|value| value.to_string())
}

fn without_lone_surrogates(payload: &str) -> Cow<'_, str> {
    let mut mended = String::new();
    let (mut kept, mut at) = (0, 0);
    while let Some(found) = payload[at..].find('\\') {
        at += found;
        let length = match (surrogate(&payload[at..]), payload.get(at + ESCAPE..).and_then(surrogate)) {
            (Some(Half::First), Some(Half::Second)) => 2 * ESCAPE,
            (Some(_), _) => {
                mended.push_str(&payload[kept..at]);
                mended.push_str(REPLACEMENT);
                kept = at + ESCAPE;
                ESCAPE
            }
            // The sign that is escaped may be a backslash itself.
            (None, _) => 1 + payload[at + 1..].chars().next().map_or(0, char::len_utf8),
        };
        at += length;
    }
    if kept == 0 {
        return Cow::Borrowed(payload);
    }
    mended.push_str(&payload[kept..]);
    Cow::Owned(mended)
}

/// Half of a character outside the first plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Half {
    First,
    Second,
}

/// Which half the escape at the beginning of `rest` is, if it is one.
fn surrogate(rest: &str) -> Option<Half> {
    let digits = rest.strip_prefix("\\u")?.get(..4)?;
    match u16::from_str_radix(digits, 16).ok()? {
        0xD800..=0xDBFF => Some(Half::First),
        0xDC00..=0xDFFF => Some(Half::Second),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::mended;

    #[test]
    fn what_every_browser_reads_is_mended_and_nothing_else() {
        for (payload, expected) in [
            (r#"{"t":"a\ud83d"}"#, Some("{\"t\":\"a\u{fffd}\"}")),
            (r#"{"t":"\ude00a\ud83d\ud83d\ude00"}"#, Some("{\"t\":\"\u{fffd}a\u{fffd}\u{1f600}\"}")),
            (r#"{"t":"\\ud83d é"}"#, Some(r#"{"t":"\\ud83d é"}"#)),
            (r#"{"t":1,"t":2}"#, Some(r#"{"t":2}"#)),
            (r#"{"t":"\u12"#, None),
            (r#"{"t":"\"#, None),
            ("{", None),
        ] {
            assert_eq!(mended(payload).as_deref(), expected, "{payload}");
        }
    }
}
