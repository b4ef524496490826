//! Cutting long text into messages that Slack shows whole.
//!
//! Works on text as it is sent (already escaped): an `&amp;` or a `<…>` token is never cut unless it alone is longer
//! than a message. Numbering the parts and pacing them is not done here.

/// Most characters of one message we send. Slack advises at most 4,000 for `text` (docs, chat.postMessage; over it a
/// message may be split by Slack, and `chat.update` refuses it) without saying whether it counts characters, UTF-16
/// units or bytes: a tenth is left for emoji and escaped signs.
pub const MESSAGE_CHARS: usize = 3_600;

/// Smaller limits than this leave no room for a fence and are raised to it.
const LEAST_CHARS: usize = 16;

const FENCE: &str = "```";
const REOPEN: &str = "```\n";
const CLOSE: &str = "\n```";

/// How much a cut before a byte would hurt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Harm {
    None,
    /// Leaves an empty code block behind.
    EmptyFence,
    /// Breaks a `<…>` token.
    Token,
    /// Breaks an entity or a fence's marks.
    Mark,
    /// Not a character boundary.
    Letter,
}

/// The text with what a cut at each byte would do.
struct Sheet<'a> {
    text: &'a str,
    harm: Vec<Harm>,
    fences: Vec<(usize, usize)>,
}

/// Parts of `text`, none empty and none over `max_chars` characters, cut at a paragraph's end where there is one in
/// reach, else at a line's, a sentence's or a word's end, else anywhere between characters. White space at a cut is
/// dropped. A code block (between two fences) that is cut is closed in one part and opened again in the next.
/// Blank text has no parts.
pub fn split(text: &str, max_chars: usize) -> Vec<String> {
    let max = max_chars.max(LEAST_CHARS);
    let sheet = Sheet::new(text.trim_end());
    let text = sheet.text;
    let mut parts = Vec::new();
    let mut start = text.len() - text.trim_start().len();
    while start < text.len() {
        let prefix = if sheet.in_fence(start) { REOPEN } else { "" };
        let room = max - prefix.len();
        let Some(limit) = after_chars(text, start, room) else {
            parts.push(format!("{prefix}{}", &text[start..]));
            break;
        };
        let reach = if sheet.fences.is_empty() {
            limit
        } else {
            after_chars(text, start, room - CLOSE.len()).unwrap_or(limit)
        };
        let cut = sheet.cut(start, reach);
        let fenced = sheet.in_fence(cut);
        let body = if fenced { &text[start..cut] } else { text[start..cut].trim_end() };
        parts.push(format!("{prefix}{body}{}", if fenced { CLOSE } else { "" }));
        let rest = &text[cut..];
        let kept = if fenced { rest.strip_prefix('\n').unwrap_or(rest) } else { rest.trim_start() };
        start = text.len() - kept.len();
    }
    parts
}

/// The byte `chars` characters after `start`; `None` when the text ends before or there.
fn after_chars(text: &str, start: usize, chars: usize) -> Option<usize> {
    text[start..].char_indices().nth(chars).map(|(at, _)| start + at)
}

impl<'a> Sheet<'a> {
    fn new(text: &'a str) -> Sheet<'a> {
        let mut harm = vec![Harm::None; text.len() + 1];
        for (at, harm) in harm.iter_mut().enumerate() {
            if !text.is_char_boundary(at) {
                *harm = Harm::Letter;
            }
        }
        let mut sheet = Sheet { text, harm, fences: Vec::new() };
        sheet.find_fences();
        sheet.find_tokens();
        for entity in ["&amp;", "&lt;", "&gt;"] {
            for (at, _) in text.match_indices(entity) {
                sheet.spare(at, at + entity.len(), Harm::Mark);
            }
        }
        sheet
    }

    /// Marks the code blocks. A last fence without a partner is ordinary text, as Slack shows it.
    fn find_fences(&mut self) {
        let text = self.text;
        let marks: Vec<usize> = text.match_indices(FENCE).map(|(at, _)| at).collect();
        for pair in marks.chunks_exact(2) {
            let (open, close) = (pair[0], pair[1]);
            let code = &text[open + FENCE.len()..close];
            let begin = close - code.trim_start().len();
            let first = text[begin..close].chars().next().map_or(0, char::len_utf8);
            let end = open + FENCE.len() + code.trim_end().len();
            self.spare(open, begin + first, Harm::EmptyFence);
            self.spare(end - 1, close + FENCE.len(), Harm::EmptyFence);
            self.fences.push((open, close + FENCE.len()));
        }
        for at in marks {
            self.spare(at, at + FENCE.len(), Harm::Mark);
        }
    }

    fn find_tokens(&mut self) {
        let text = self.text;
        for (open, _) in text.match_indices('<') {
            let end = text[open + 1..].find(['<', '>']).map(|end| open + 1 + end);
            if let Some(end) = end.filter(|&end| text.as_bytes()[end] == b'>') {
                self.spare(open, end + 1, Harm::Token);
            }
        }
    }

    /// Cuts strictly inside `from..to` do this harm.
    fn spare(&mut self, from: usize, to: usize, harm: Harm) {
        for at in self.harm.iter_mut().take(to).skip(from + 1) {
            *at = (*at).max(harm);
        }
    }

    fn in_fence(&self, at: usize) -> bool {
        self.fences.iter().any(|&(open, close)| open < at && at < close)
    }

    /// Where to cut the text from `start`, at `reach` at the latest.
    fn cut(&self, start: usize, reach: usize) -> usize {
        // A nicer end in the first third of a part would make many short messages.
        let early = start + (reach - start) / 3;
        let nice = |kind: &dyn Fn(usize) -> bool| {
            (early.max(start + 1)..=reach).rev().find(|&at| self.harm[at] == Harm::None && kind(at))
        };
        let bytes = self.text.as_bytes();
        let space = |at: usize| bytes[at].is_ascii_whitespace();
        nice(&|at| bytes[at..].starts_with(b"\n\n") && !self.in_fence(at))
            .or_else(|| nice(&|at| bytes[at] == b'\n'))
            .or_else(|| nice(&|at| self.ends_sentence(at)))
            .or_else(|| nice(&|at| space(at)))
            .unwrap_or_else(|| self.anywhere(start, reach))
    }

    /// Whether a sentence ends before `at`: with a mark and a space, or with a full-width mark, which has no space.
    fn ends_sentence(&self, at: usize) -> bool {
        let spaced = self.text.as_bytes()[at] == b' ';
        match self.text[..at].chars().next_back() {
            Some('.' | '!' | '?') => spaced,
            Some('。' | '！' | '？') => true,
            Some(_) | None => false,
        }
    }

    /// The last cut that does the least harm; always at least one character after `start`.
    fn anywhere(&self, start: usize, reach: usize) -> usize {
        let harms = [Harm::None, Harm::EmptyFence, Harm::Token, Harm::Mark];
        let at_most = |most: Harm| (start + 1..=reach).rev().find(|&at| self.harm[at] <= most);
        harms.into_iter().find_map(at_most).unwrap_or(reach)
    }
}

#[cfg(test)]
mod tests {
    use super::split;
    use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};

    #[test]
    fn long_text_is_cut_where_a_reader_would_cut_it() {
        let table: &[(&str, usize, &[&str])] = &[
            ("short", 20, &["short"]),
            ("", 20, &[]),
            (" \n ", 20, &[]),
            ("first paragraph\n\nsecond one", 20, &["first paragraph", "second one"]),
            ("line number one\nline number two", 20, &["line number one", "line number two"]),
            ("One is here. Two is here now", 20, &["One is here.", "Two is here now"]),
            ("several words without an end", 16, &["several words", "without an end"]),
            ("aaaaaaaaaaaaaaaaaaaaaaaa", 16, &["aaaaaaaaaaaaaaaa", "aaaaaaaa"]),
            ("aaaaaaaaaaaaaa&amp;bbb", 16, &["aaaaaaaaaaaaaa", "&amp;bbb"]),
            ("aaaaaaaaaaaa<@U123>bbb", 16, &["aaaaaaaaaaaa", "<@U123>bbb"]),
            ("ééééééééééééééééé", 16, &["éééééééééééééééé", "é"]),
            ("aaaaaaaaaaaaaaaa\nbbb", 16, &["aaaaaaaaaaaaaaaa", "bbb"]),
        ];
        for (text, max, parts) in table {
            assert_eq!(split(text, *max), *parts, "{text:?}");
        }
    }

    #[test]
    fn a_code_block_is_closed_and_opened_again() {
        let text = "```\nline one\n  line two\n  line three\n```\nend of it";
        let parts = split(text, 28);
        assert_eq!(parts, ["```\nline one\n  line two\n```", "```\n  line three\n```", "end of it"]);
    }

    #[test]
    fn a_fence_without_a_partner_is_ordinary_text() {
        assert_eq!(split("one ``` two three four five", 16), ["one ``` two", "three four five"]);
    }

    fn bare(text: &str) -> String {
        text.chars().filter(|c| !c.is_whitespace() && *c != '`').collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1024))]

        #[test]
        fn nothing_is_lost_and_no_part_is_empty_or_too_long(
            pieces in proptest::collection::vec("[a-c]{1,6}|[ \n]{1,3}|```|`|&amp;|<@U1>|<https://x\\|y z>|é👍|。|<", 0..60),
            max in 0..60usize,
        ) {
            let text = pieces.concat();
            let parts = split(&text, max);
            for part in &parts {
                prop_assert!(part.chars().count() <= max.max(16), "{part:?}");
                prop_assert!(!part.trim().is_empty());
            }
            prop_assert_eq!(bare(&parts.concat()), bare(&text));
            if text.matches("```").count() % 2 == 0 {
                for part in &parts {
                    prop_assert_eq!(part.matches("```").count() % 2, 0, "{:?} of {:?}", part, parts);
                }
            }
        }

        #[test]
        fn text_without_fences_comes_back_but_for_white_space(text in "[a-d é。.!\n]{0,200}", max in 16..50usize) {
            let together: String = split(&text, max).concat();
            prop_assert_eq!(bare(&together), bare(&text));
        }

        #[test]
        fn entities_and_tokens_stay_whole(
            pieces in proptest::collection::vec("[a-c ]{1,9}|&amp;|&lt;|<@U1>|<!here>", 0..40),
            max in 16..40usize,
        ) {
            let text = pieces.concat();
            let parts = split(&text, max);
            for mark in ["&amp;", "&lt;", "<@U1>", "<!here>"] {
                let kept: usize = parts.iter().map(|part| part.matches(mark).count()).sum();
                prop_assert_eq!(kept, text.matches(mark).count(), "{}", mark);
            }
        }
    }
}
