//! Slack's text encoding: what we receive made readable, what we send made harmless.
//!
//! Formatting marks (`*bold*`, fences) are left alone: they read well enough as they are.
//! Source: Slack docs, /messaging/formatting-message-text.

/// What a `<…>` token names, for looking its readable name up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token<'a> {
    /// `<@U…>`: a person by user id.
    User(&'a str),
    /// `<#C…>`: a channel by id.
    Channel(&'a str),
    /// `<!subteam^S…>`: a user group by id.
    Group(&'a str),
}

/// `text` so that Slack shows it as it is: `&`, `<` and `>` escaped, nothing else. Without it a contact's words could
/// ping a whole channel when quoted.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            _ => escaped.push(letter),
        }
    }
    escaped
}

/// The reverse of `escape`, in one pass: `&amp;lt;` becomes `&lt;`. Other entities stay, Slack has none.
pub fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let known = [("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")];
        let (taken, sign) = known.into_iter().find(|(e, _)| rest.starts_with(e)).unwrap_or(("&", "&"));
        plain.push_str(sign);
        rest = &rest[taken.len()..];
    }
    plain.push_str(rest);
    plain
}

/// Slack's text as people read it. `names` knows the names of people (without `@`), channels (without `#`) and groups;
/// where it does not, the token's own label or a stand-in is shown. The result is not escaped: escape it to send it.
pub fn plain(text: &str, names: &dyn Fn(Token<'_>) -> Option<String>) -> String {
    let mut readable = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        readable.push_str(&unescape(&rest[..open]));
        rest = &rest[open..];
        match rest[1..].find(['<', '>']).map(|end| end + 1) {
            Some(end) if rest.as_bytes()[end] == b'>' => {
                readable.push_str(&shown(&rest[1..end], names));
                rest = &rest[end + 1..];
            }
            Some(_) | None => {
                readable.push('<');
                rest = &rest[1..];
            }
        }
    }
    readable.push_str(&unescape(rest));
    readable
}

/// Whether `text` addresses the person with this user id. Ask before making it plain.
pub fn mentions(text: &str, user_id: &str) -> bool {
    let mut tokens = text.split("<@").skip(1);
    tokens.any(|rest| rest.strip_prefix(user_id).is_some_and(|rest| rest.starts_with(['>', '|'])))
}

/// `text` on one line of at most `max_chars` characters, the last being `…` when something was cut off.
pub fn preview(text: &str, max_chars: usize) -> String {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > max_chars.saturating_mul(4) {
            break;
        }
    }
    if line.chars().count() <= max_chars {
        return line;
    }
    let kept: String = line.chars().take(max_chars.saturating_sub(1)).collect();
    let ellipsis = if max_chars == 0 { "" } else { "…" };
    format!("{}{ellipsis}", kept.trim_end())
}

/// What stands for the token with this inside.
fn shown(inner: &str, names: &dyn Fn(Token<'_>) -> Option<String>) -> String {
    let (target, label) = match inner.split_once('|') {
        Some((target, label)) => (target, Some(label).filter(|label| !label.is_empty()).map(unescape)),
        None => (inner, None),
    };
    match (target.get(..1), target.get(1..)) {
        (Some("@"), Some(id)) => {
            let name = names(Token::User(id)).or(label).unwrap_or_else(|| id.to_owned());
            format!("@{}", name.trim_start_matches('@'))
        }
        (Some("#"), Some(id)) => {
            let name =
                label.or_else(|| names(Token::Channel(id))).unwrap_or_else(|| "private channel".into());
            format!("#{}", name.trim_start_matches('#'))
        }
        (Some("!"), Some(command)) => special(command, label, names),
        _ => link(target, label),
    }
}

fn special(command: &str, label: Option<String>, names: &dyn Fn(Token<'_>) -> Option<String>) -> String {
    if let Some(group) = command.strip_prefix("subteam^") {
        let name = label.or_else(|| names(Token::Group(group))).unwrap_or_else(|| "group".into());
        return format!("@{}", name.trim_start_matches('@'));
    }
    match command {
        "here" | "channel" | "everyone" => format!("@{command}"),
        _ => label.unwrap_or_else(|| format!("<{}>", command.split('^').next().unwrap_or(command))),
    }
}

fn link(target: &str, label: Option<String>) -> String {
    let url = unescape(target);
    if let Some(address) = url.strip_prefix("mailto:") {
        return address.to_owned();
    }
    if let Some(number) = url.strip_prefix("tel:") {
        return label.unwrap_or_else(|| number.to_owned());
    }
    match label {
        None => url,
        Some(label) if label == url || is_bare(&label, &url) => label,
        Some(label) => format!("{label} ({url})"),
    }
}

/// Whether the label is the address as typed, to which Slack only added the scheme.
fn is_bare(label: &str, url: &str) -> bool {
    url.split_once("://").is_some_and(|(_, bare)| bare.trim_end_matches('/') == label.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::{Token, escape, mentions, plain, preview, unescape};
    use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};

    fn names(token: Token<'_>) -> Option<String> {
        match token {
            Token::User("U1") => Some("Anna & Co".into()),
            Token::Channel("C1") => Some("help".into()),
            Token::Group("S1") => Some("@oncall".into()),
            Token::User(_) | Token::Channel(_) | Token::Group(_) => None,
        }
    }

    #[test]
    fn slack_text_becomes_readable() {
        let table = [
            ("hi <@U1>", "hi @Anna & Co"),
            ("<@U2|bob>", "@bob"),
            ("<@W9>", "@W9"),
            ("<#C1>, <#C2|sales>, <#C3>, <#C4|>", "#help, #sales, #private channel, #private channel"),
            ("<!subteam^S1> <!subteam^S2|@ops> <!subteam^S3>", "@oncall @ops @group"),
            ("<!here> <!channel|channel> <!everyone>", "@here @channel @everyone"),
            ("<!date^1700000000^{date_short}|14 Nov 2023>", "14 Nov 2023"),
            ("<!foo^1>", "<foo>"),
            ("<!foo|label>", "label"),
            ("<https://x.test/a?b=1&amp;c=2>", "https://x.test/a?b=1&c=2"),
            ("<https://x.test|our page>", "our page (https://x.test)"),
            ("<http://x.test/|x.test>", "x.test"),
            ("<mailto:a@b.test|a@b.test>", "a@b.test"),
            ("<tel:+4930|030>", "030"),
            ("1 &lt; 2 &amp;&amp; 3 &gt; 2", "1 < 2 && 3 > 2"),
            ("&amp;lt;!channel&amp;gt;", "&lt;!channel&gt;"),
            ("a <b", "a <b"),
            ("<>", ""),
        ];
        for (text, expected) in table {
            assert_eq!(plain(text, &names), expected, "{text}");
        }
    }

    #[test]
    fn a_quoted_ping_is_no_ping_when_sent_again() {
        assert_eq!(escape(&plain("&lt;!channel&gt;", &names)), "&lt;!channel&gt;");
        assert_eq!(escape("<!channel> & <@U1>"), "&lt;!channel&gt; &amp; &lt;@U1&gt;");
    }

    #[test]
    fn a_mention_is_the_whole_id() {
        assert!(mentions("hey <@U1> there", "U1"));
        assert!(mentions("<@U1|desk>", "U1"));
        assert!(!mentions("<@U12>", "U1"));
        assert!(!mentions("@U1 U1", "U1"));
        assert!(mentions("<@U12> and <@U1>", "U1"));
    }

    #[test]
    fn a_preview_is_one_line_and_ends_in_an_ellipsis_when_cut() {
        assert_eq!(preview("one\n two\t three ", 20), "one two three");
        assert_eq!(preview("one two three", 5), "one…");
        assert_eq!(preview("héllo wörld", 6), "héllo…");
        assert_eq!(preview("abc", 3), "abc");
        assert_eq!(preview("abcd", 1), "…");
        assert_eq!(preview("abcd", 0), "");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn unescaping_undoes_escaping(text in "(?s).{0,60}", marked in "[&<>;a-zl]{0,40}") {
            prop_assert_eq!(unescape(&escape(&text)), text);
            prop_assert_eq!(unescape(&escape(&marked)), marked);
        }

        #[test]
        fn escaped_text_reads_as_it_was_and_holds_no_token(text in "[&<>!@#|a-z ;\n]{0,60}") {
            prop_assert!(!escape(&text).contains(['<', '>']));
            prop_assert_eq!(plain(&escape(&text), &|_| None), text);
        }

        #[test]
        fn any_text_is_made_plain_and_previewed_without_panic(text in "[&<>!@#|^:é👍a-c \n]{0,60}", max in 0..40usize) {
            plain(&text, &|_| None);
            prop_assert!(preview(&text, max).chars().count() <= max);
        }
    }
}
