//! What the learner reads: the tokens of a bundle, with courtesy taken off.
//!
//! Unlike `words`, which is made for comparing with configured words, this keeps what tells categories apart beside the
//! words: that there is a link, an amount, code, a question mark. Each of these is a class, so that an example with one
//! link speaks for all links. What people write never leaves as it is where it may name somebody.

mod reader;

use std::borrow::Cow;

use crate::domain::courtesy::without_courtesy;
use crate::domain::words::{Word, WordKind};
pub use reader::read;

/// Most tokens of a bundle that are looked at; what a request is about stands in its first pages.
const MOST_TOKENS: usize = 1_200;
/// With fewer tokens left, courtesy is all there is, and is read as it stands.
const FEWEST_TOKENS: usize = 2;

/// One token of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Lower case, without apostrophes; the name in angle brackets for a class (`<url>`).
    pub text: String,
    /// What it is.
    pub kind: Kind,
    capital: bool,
    stop: bool,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Letters and digits.
    Word,
    /// A run of letters of a script that puts no spaces between words.
    Run,
    /// A number of three digits, which may be a code that means something (404); longer and shorter ones are `<num>`.
    Number,
    /// An emoji, by name or character, or another sign.
    Sign,
    /// A run of `?` or `!`.
    Mark,
    /// A mention.
    Mention,
    /// Another class: a link, an address, an amount, a number, code.
    Class,
}

/// The tokens of each message of a bundle, without greetings and thanks around what is wanted, and without messages
/// of nothing else; with them where nearly nothing would be left.
pub fn tokens(texts: &[&str]) -> Vec<Vec<Token>> {
    let mut left = MOST_TOKENS;
    let mut all: Vec<Vec<Token>> = Vec::with_capacity(texts.len());
    for text in texts {
        let mut found = read(text);
        found.truncate(left);
        left -= found.len();
        all.push(found);
    }
    let stripped: Vec<Vec<Token>> =
        all.iter().map(|message| strip(message)).filter(|message| !message.is_empty()).collect();
    if stripped.iter().map(Vec::len).sum::<usize>() < FEWEST_TOKENS {
        all.retain(|message| !message.is_empty());
        return all;
    }
    stripped
}

/// Whether a message says nothing but hello, thanks, fine or bye.
pub fn is_courtesy(message: &[Token]) -> bool {
    message.iter().all(|token| token.text != "?") && strip(message).is_empty()
}

/// The message without courtesy at its ends.
fn strip(message: &[Token]) -> Vec<Token> {
    let spoken: Vec<usize> = (0..message.len()).filter(|&at| message[at].kind != Kind::Mark).collect();
    let words: Vec<Word<'_>> = spoken.iter().map(|&at| message[at].word()).collect();
    let kept = without_courtesy(&words);
    if kept.is_empty() {
        return Vec::new();
    }
    let from = if kept.start == 0 { 0 } else { spoken[kept.start] };
    let to = spoken.get(kept.end).copied().unwrap_or(message.len());
    message[from..to].to_vec()
}

impl Token {
    /// The token as the test for courtesy sees it.
    fn word(&self) -> Word<'_> {
        let kind = match self.kind {
            Kind::Word => WordKind::Word,
            Kind::Run => WordKind::Run,
            Kind::Sign => WordKind::Emoji,
            Kind::Mention => WordKind::Mention,
            Kind::Number | Kind::Mark | Kind::Class => WordKind::Token,
        };
        Word { text: Cow::Borrowed(&self.text), kind, capital: self.capital, stop: self.stop }
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, MOST_TOKENS, read, tokens};
    use proptest::prelude::{ProptestConfig, proptest};

    fn texts(text: &str) -> Vec<String> {
        read(text).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn what_is_written_becomes_words_and_classes() {
        let table: &[(&str, &[&str])] = &[
            ("Can't log-in!!", &["cant", "log", "in", "!"]),
            ("<@U1> see <#C1|general>, <!here>", &["<usr>", "see", "<chan>", "<usr>"]),
            ("<https://x.test/a|the Invoice>", &["<url>", "the", "invoice"]),
            ("at https://x.test/a?b=1 or www.x.test", &["at", "<url>", "or", "<url>"]),
            (
                "write <mailto:a@x.test|a@x.test> or b.c@x.test, now",
                &["write", "<mail>", "or", "<mail>", "now"],
            ),
            ("$240 or 1.99€ or € 5k", &["<money>", "or", "<money>", "or", "<money>"]),
            ("error 404 in 12 of 1,000", &["error", "404", "in", "<num>", "of", "<num>"]),
            ("2fa for 10k", &["2fa", "for", "10k"]),
            ("why?! really??", &["why", "?", "really", "?"]),
            ("run `npm ci` now", &["run", "<code>", "npm", "ci", "now"]),
            (":tada: 🎉👍🏽 → x", &["tada", "🎉", "👍", "→", "x"]),
            ("返金 please", &["返金", "please"]),
            ("R&amp;D &lt;b&gt; a < b", &["r", "d", "b", "a", "b"]),
            ("<money> <nonsense>", &["<money>", "nonsense"]),
            ("", &[]),
        ];
        for (text, expected) in table {
            assert_eq!(texts(text), *expected, "{text}");
        }
        assert_eq!(read("404")[0].kind, Kind::Number);
    }

    #[test]
    fn courtesy_is_stripped_unless_nothing_else_is_there() {
        let left = |texts: &[&str]| -> Vec<String> {
            tokens(texts).into_iter().flatten().map(|token| token.text).collect()
        };
        assert_eq!(left(&["Hi team!", "the export fails?", "thanks!"]), ["the", "export", "fails", "?"]);
        assert_eq!(left(&["Hello Anna, where is my invoice"]), ["where", "is", "my", "invoice"]);
        assert_eq!(left(&["thanks!"]), ["thanks", "!"]);
        assert_eq!(left(&["hi", "refund"]), ["hi", "refund"]);
        assert_eq!(left(&["", " "]), [""; 0]);
    }

    #[test]
    fn a_long_text_has_an_end() {
        assert_eq!(read(&"a ".repeat(40_000)).len(), MOST_TOKENS);
        let long = "word ".repeat(2_000);
        assert_eq!(tokens(&[&long, &long]).iter().map(Vec::len).sum::<usize>(), MOST_TOKENS);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]
        #[test]
        fn any_text_is_read_without_panic(text in "(?s).{0,80}", marked in "[<>&:@#|!?$€`.,0-9a'’👍返 \n]{0,40}") {
            tokens(&[&text, &marked]);
        }
    }
}
