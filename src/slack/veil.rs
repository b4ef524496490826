//! Tokens that Slack puts into a payload are not kept: whoever reads the database or a backup must not be able to act
//! with them. Nothing else of a payload is touched. See `docs/decisions/0029-no-token-of-a-payload-is-kept.md`.

use std::borrow::Cow;

/// How the names of such members end: `bot_access_token` of a workflow step, `access_token` and `refresh_token`.
const NAMES: [&str; 2] = ["access_token\"", "refresh_token\""];
/// What both end in. Looked for alone, so that a payload is read once however many of one and none of the other it has.
const END: &str = "_token\"";

/// What stands in the place of a token.
const VEIL: &str = "removed";

/// The payload without tokens. Within a JSON text the quotes of a name that somebody wrote are escaped, so only members
/// are found.
pub fn veiled(payload: &str) -> Cow<'_, str> {
    let mut veiled = String::new();
    let (mut kept, mut at) = (0, 0);
    while let Some(end) = next(&payload[at..]) {
        at += end;
        if let Some((start, length)) = text_of_member(&payload[at..]) {
            veiled.push_str(&payload[kept..at + start]);
            veiled.push_str(VEIL);
            at += start + length;
            kept = at;
        }
    }
    if kept == 0 {
        return Cow::Borrowed(payload);
    }
    veiled.push_str(&payload[kept..]);
    Cow::Owned(veiled)
}

/// Where the next of the names ends.
fn next(rest: &str) -> Option<usize> {
    let mut ends = rest.match_indices(END).map(|(at, end)| at + end.len());
    ends.find(|end| NAMES.iter().any(|name| rest[..*end].ends_with(name)))
}

/// Where the text behind a member's name begins, and its length.
fn text_of_member(rest: &str) -> Option<(usize, usize)> {
    let value = rest.trim_ascii_start().strip_prefix(':')?.trim_ascii_start().strip_prefix('"')?;
    let mut escaped = false;
    let length = value.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })?;
    Some((rest.len() - value.len(), length))
}

#[cfg(test)]
mod tests {
    use super::veiled;

    /// With a search of the whole rest for each name at each place this takes minutes.
    #[test]
    fn a_payload_that_is_full_of_one_name_is_read_once() {
        let payload = format!("[{}]", r#""access_token","#.repeat(200_000));
        assert_eq!(veiled(&payload).len(), payload.len());
        let payload = format!("[{}]", r#"{"access_token":"x"},"#.repeat(100_000));
        assert!(!veiled(&payload).contains("\"x\""));
    }

    #[test]
    fn a_token_is_removed_and_nothing_else() {
        for (payload, expected) in [
            (
                r#"{"event":{"bot_access_token":"xwfp-1","a":1}}"#,
                r#"{"event":{"bot_access_token":"removed","a":1}}"#,
            ),
            (
                r#"{"access_token" : "x\"y","refresh_token":"r","b":"z"}"#,
                r#"{"access_token" : "removed","refresh_token":"removed","b":"z"}"#,
            ),
            (r#"{"text":"\"access_token\":\"mine\"","access_token":null}"#, ""),
            (r#"{"text":"my access_token is x"}"#, ""),
            (r#"{"access_token":"cut"#, ""),
            (r#"{"other_token":"x","access_token":"y"}"#, r#"{"other_token":"x","access_token":"removed"}"#),
        ] {
            let expected = if expected.is_empty() { payload } else { expected };
            assert_eq!(veiled(payload), expected);
        }
    }
}
