//! The words of a Slack message, ready for comparing: what classification and the courtesy test look at.
//!
//! Lower-cased, without markup, mentions, links and punctuation. No stemming and no folding of accents: what somebody
//! configures is what is found.

use std::borrow::Cow;

/// One word of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word<'a> {
    /// Lower case, without apostrophes (`can't` and `cant` are one word); an emoji's name or character.
    pub text: Cow<'a, str>,
    /// What it is.
    pub kind: WordKind,
    /// Written as a name is: first letter upper case, the others not.
    pub capital: bool,
    /// Punctuation, a line end or the end of the text follows.
    pub stop: bool,
}

/// What stands where a word may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WordKind {
    /// Letters and digits.
    Word,
    /// A run of letters of a script that puts no spaces between words.
    Run,
    /// `:name:` or a pictograph.
    Emoji,
    /// A mention of a person or group, or a special one.
    Mention,
    /// Any other of Slack's `<…>` tokens: a channel, a link without a label, an address.
    Token,
}

/// The words of `text`, which is as Slack encodes it.
pub fn words(text: &str) -> Vec<Word<'_>> {
    let mut found = Vec::with_capacity(text.len() / 6 + 1);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = next(rest, first, &mut found);
        rest = rest.get(length.max(first.len_utf8())..).unwrap_or("");
    }
    if let Some(last) = found.last_mut() {
        last.stop = true;
    }
    found
}

/// Whether words of this script are not parted by spaces, or carry particles, so that only a search within the run
/// can find them: Chinese, Japanese, Korean, Thai, Lao, Khmer, Burmese.
pub fn is_unspaced(letter: char) -> bool {
    matches!(letter,
        '\u{0E00}'..='\u{0EFF}' | '\u{1000}'..='\u{109F}' | '\u{1100}'..='\u{11FF}' | '\u{1780}'..='\u{17FF}'
        | '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7AF}' | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{3FFFF}')
}

/// Reads what `rest` begins with, adds it to `found` where it is a word, and says how many bytes it took.
fn next<'a>(rest: &'a str, first: char, found: &mut Vec<Word<'a>>) -> usize {
    match first {
        '<' => token(rest, found),
        '&' => entity(rest, found),
        ':' => match shortcode(rest) {
            Some(name) => {
                if !name.starts_with("skin-tone-") {
                    found.push(Word::new(Cow::Borrowed(name), WordKind::Emoji));
                }
                name.len() + 2
            }
            None => pause(first, found),
        },
        _ if is_unspaced(first) => run(rest, found),
        _ if first.is_alphanumeric() => word(rest, found),
        _ if is_pictograph(first) => {
            found.push(Word::new(Cow::Borrowed(&rest[..first.len_utf8()]), WordKind::Emoji));
            first.len_utf8()
        }
        _ => pause(first, found),
    }
}

fn pause(mark: char, found: &mut [Word<'_>]) -> usize {
    let silent =
        matches!(mark, ' ' | '\t' | '*' | '_' | '~' | '`' | '-' | '\'' | '’' | '"' | '/' | '@' | '#');
    if !silent
        && !is_joiner(mark)
        && let Some(last) = found.last_mut()
    {
        last.stop = true;
    }
    mark.len_utf8()
}

/// `&amp;` and its like are signs, not words.
fn entity(rest: &str, found: &mut [Word<'_>]) -> usize {
    let sign = ["&amp;", "&lt;", "&gt;"].into_iter().find(|sign| rest.starts_with(sign));
    pause('&', found);
    sign.map_or(1, str::len)
}

fn token<'a>(rest: &'a str, found: &mut Vec<Word<'a>>) -> usize {
    let Some(end) = rest[1..].find(['<', '>']).filter(|end| rest.as_bytes()[end + 1] == b'>') else {
        return pause('<', found);
    };
    let inner = &rest[1..=end];
    let mention = inner.starts_with('@') || inner.starts_with('!');
    match inner.split_once('|') {
        Some((target, label)) if !mention && is_link(target) => found.extend(words(label)),
        _ => {
            let kind = if mention { WordKind::Mention } else { WordKind::Token };
            found.push(Word::new(Cow::Borrowed(""), kind));
        }
    }
    end + 2
}

fn is_link(target: &str) -> bool {
    target.starts_with("http://") || target.starts_with("https://")
}

/// The name in a leading `:name:`.
pub fn shortcode(rest: &str) -> Option<&str> {
    let name = &rest[1..1 + rest[1..].find(':')?];
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-' | b'+');
    let told = name.bytes().any(|b| b.is_ascii_lowercase()) || matches!(name, "+1" | "-1" | "100");
    (told && name.len() <= 64 && name.bytes().all(plain)).then_some(name)
}

fn run<'a>(rest: &'a str, found: &mut Vec<Word<'a>>) -> usize {
    let end = rest.find(|c| !is_unspaced(c)).unwrap_or(rest.len());
    found.push(Word::new(Cow::Borrowed(&rest[..end]), WordKind::Run));
    end
}

fn word<'a>(rest: &'a str, found: &mut Vec<Word<'a>>) -> usize {
    let mut end = 0;
    let (mut upper, mut changed) = (0, false);
    for (at, letter) in rest.char_indices() {
        let inner =
            matches!(letter, '\'' | '’') && at > 0 && is_english_tail(&rest[at + letter.len_utf8()..]);
        let belongs = (letter.is_alphanumeric() && !is_unspaced(letter)) || is_combining(letter);
        if !belongs && !inner {
            break;
        }
        upper += usize::from(letter.is_uppercase());
        changed |= letter.is_uppercase() || inner;
        end = at + letter.len_utf8();
    }
    let written = &rest[..end];
    let text = if changed {
        let bare: String = written.chars().filter(|c| !matches!(c, '\'' | '’')).collect();
        Cow::Owned(bare.to_lowercase())
    } else {
        Cow::Borrowed(written)
    };
    let capital = upper == 1 && written.chars().next().is_some_and(char::is_uppercase);
    found.push(Word { capital, ..Word::new(text, WordKind::Word) });
    end
}

/// Whether an apostrophe before `rest` is inside an English word (`can't`, `we're`) and not an elision (`l'accès`).
pub fn is_english_tail(rest: &str) -> bool {
    let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
    ["t", "s", "re", "ve", "ll", "d", "m"].iter().any(|tail| rest[..end].eq_ignore_ascii_case(tail))
}

/// Whether the letter is an accent of the one before it.
pub fn is_combining(letter: char) -> bool {
    matches!(letter, '\u{0300}'..='\u{036F}')
}

/// What follows an emoji without being one: joiners, variation selectors and skin tones.
fn is_joiner(mark: char) -> bool {
    matches!(mark, '\u{200D}' | '\u{FE0E}' | '\u{FE0F}' | '\u{1F3FB}'..='\u{1F3FF}')
}

fn is_pictograph(sign: char) -> bool {
    matches!(sign, '\u{2600}'..='\u{27BF}' | '\u{2B00}'..='\u{2BFF}' | '\u{1F000}'..='\u{1FAFF}')
        && !is_joiner(sign)
}

impl<'a> Word<'a> {
    fn new(text: Cow<'a, str>, kind: WordKind) -> Word<'a> {
        Word { text, kind, capital: false, stop: false }
    }
}

#[cfg(test)]
mod tests {
    use super::{WordKind, words};
    use proptest::prelude::{ProptestConfig, proptest};

    fn texts(text: &str) -> Vec<String> {
        words(text).into_iter().map(|w| w.text.into_owned()).collect()
    }

    #[test]
    fn words_are_read_from_slack_text() {
        let table: &[(&str, &[&str])] = &[
            ("Can't log-in!", &["cant", "log", "in"]),
            ("CAN’T", &["cant"]),
            ("l'accès est refusé", &["l", "accès", "est", "refusé"]),
            ("_really_ *BROKEN*", &["really", "broken"]),
            ("R&amp;D &lt;b&gt;", &["r", "d", "b"]),
            ("see <https://x.test/invoice|the Invoice>", &["see", "the", "invoice"]),
            ("<https://x.test/invoice> ok", &["", "ok"]),
            ("<@U1> hi", &["", "hi"]),
            ("thanks:pray::skin-tone-2:", &["thanks", "pray"]),
            ("at 10:30:45", &["at", "10", "30", "45"]),
            (":+1: 👍🏽", &["+1", "👍"]),
            ("返金 please", &["返金", "please"]),
            ("a < b", &["a", "b"]),
            ("", &[]),
        ];
        for (text, expected) in table {
            assert_eq!(texts(text), *expected, "{text}");
        }
    }

    #[test]
    fn a_word_knows_whether_it_is_a_name_and_whether_a_pause_follows() {
        let found = words("Thanks Anna, IBM ok");
        let marks: Vec<(bool, bool)> = found.iter().map(|w| (w.capital, w.stop)).collect();
        assert_eq!(marks, [(true, false), (true, true), (false, false), (false, true)]);
        assert_eq!(words("<!here>")[0].kind, WordKind::Mention);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]
        #[test]
        fn any_text_has_words_without_panic(text in "(?s).{0,80}", marked in "[<>&:@#|!a'’👍 ]{0,40}") {
            words(&text);
            words(&marked);
        }
    }
}
