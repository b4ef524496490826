//! What the learner reads: the tokens of a bundle, with courtesy taken off.
//!
//! Unlike `words`, which is made for comparing with configured words, this keeps what tells categories apart beside the
//! words: that there is a link, an amount, code, a question mark. Each of these is a class, so that an example with one
//! link speaks for all links. What people write never leaves as it is where it may name somebody.

use std::borrow::Cow;

use crate::domain::courtesy::without_courtesy;
use crate::domain::words::{Word, WordKind, is_combining, is_english_tail, is_unspaced, shortcode};

/// Most tokens of a bundle that are looked at; what a request is about stands in its first pages.
const MOST_TOKENS: usize = 1_200;
/// Longest text of one message that is read, in bytes.
const MOST_BYTES: usize = 24_000;
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

/// The classes that may be written in keywords as they are.
const CLASSES: [&str; 7] = ["<usr>", "<url>", "<mail>", "<money>", "<num>", "<code>", "<chan>"];

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

/// The tokens of one text as Slack encodes it.
pub fn read(text: &str) -> Vec<Token> {
    let end = (0..=MOST_BYTES.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    let mut reader = Reader { rest: &text[..end], found: Vec::with_capacity(end / 5 + 1), in_code: false };
    while let Some(first) = reader.rest.chars().next() {
        let length = reader.next(first).max(first.len_utf8());
        reader.rest = reader.rest.get(length..).unwrap_or("");
        if reader.found.len() >= MOST_TOKENS {
            break;
        }
    }
    if let Some(last) = reader.found.last_mut() {
        last.stop = true;
    }
    reader.found
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

/// Where reading stands.
struct Reader<'a> {
    rest: &'a str,
    found: Vec<Token>,
    in_code: bool,
}

impl Reader<'_> {
    /// Reads what the rest begins with and says how many bytes it took.
    fn next(&mut self, first: char) -> usize {
        match first {
            '<' => self.bracket(),
            '&' => self.entity(),
            '`' => self.code(),
            ':' => match shortcode(self.rest).map(str::to_owned) {
                Some(name) => {
                    let length = name.len() + 2;
                    if !name.starts_with("skin-tone-") {
                        self.add(name, Kind::Sign);
                    }
                    length
                }
                None => self.pause(first),
            },
            '?' | '!' | '？' | '！' | '؟' => self.mark(first),
            '$' | '€' | '£' | '¥' | '₹' => self.money(first),
            _ if is_unspaced(first) => self.run(),
            _ if first.is_alphanumeric() => self.wordlike(),
            _ if first >= '\u{2190}' && !is_joiner(first) => {
                self.add(first.to_string(), Kind::Sign);
                first.len_utf8()
            }
            _ => self.pause(first),
        }
    }

    fn add(&mut self, text: impl Into<String>, kind: Kind) {
        self.found.push(Token { text: text.into(), kind, capital: false, stop: false });
    }

    fn pause(&mut self, mark: char) -> usize {
        if matches!(mark, '.' | ',' | ';' | ':' | '\n' | '(' | ')' | '。' | '、' | '，')
            && let Some(last) = self.found.last_mut()
        {
            last.stop = true;
        }
        mark.len_utf8()
    }

    fn mark(&mut self, first: char) -> usize {
        self.pause('.');
        let end = self.rest.find(|c| !matches!(c, '?' | '!' | '？' | '！' | '؟')).unwrap_or(self.rest.len());
        let asks = !matches!(first, '!' | '！');
        self.add(if asks { "?" } else { "!" }, Kind::Mark);
        end
    }

    fn entity(&mut self) -> usize {
        let sign = ["&amp;", "&lt;", "&gt;"].into_iter().find(|sign| self.rest.starts_with(sign));
        sign.map_or(1, str::len)
    }

    fn code(&mut self) -> usize {
        let end = self.rest.find(|c| c != '`').unwrap_or(self.rest.len());
        if !self.in_code {
            self.add("<code>", Kind::Class);
        }
        self.in_code = !self.in_code;
        end
    }

    /// `<@U1>`, `<#C1|name>`, `<!here>`, `<https://x|label>`; a class as it is written in keywords.
    fn bracket(&mut self) -> usize {
        let Some(end) =
            self.rest[1..].find(['<', '>', '\n']).filter(|end| self.rest.as_bytes()[end + 1] == b'>')
        else {
            return self.pause('<');
        };
        let inner = &self.rest[1..=end];
        let (target, label) = inner.split_once('|').unwrap_or((inner, ""));
        let written = &self.rest[..end + 2];
        if let Some(class) = CLASSES.into_iter().find(|class| *class == written) {
            let kind = if class == "<usr>" { Kind::Mention } else { Kind::Class };
            self.add(class, kind);
        } else if target.starts_with(['@', '!']) {
            self.add("<usr>", Kind::Mention);
        } else if target.starts_with('#') {
            self.add("<chan>", Kind::Class);
        } else if target.starts_with("mailto:") {
            self.add("<mail>", Kind::Class);
        } else if target.starts_with("http") {
            let label = read(label);
            self.add("<url>", Kind::Class);
            self.found.extend(label);
        } else {
            return self.pause('<');
        }
        end + 2
    }

    /// An amount, when a number follows the sign of a currency.
    fn money(&mut self, sign: char) -> usize {
        let after = &self.rest[sign.len_utf8()..];
        let gap = after.len() - after.trim_start_matches(' ').len();
        let length = number(&after[gap..]);
        if length == 0 {
            if let Some(last) = self.found.last_mut().filter(|last| is_number(last)) {
                *last = Token { text: "<money>".into(), kind: Kind::Class, ..last.clone() };
            }
            return self.pause(sign);
        }
        let suffix = after[gap + length..].chars().next().filter(|c| matches!(c, 'k' | 'K' | 'm' | 'M'));
        self.add("<money>", Kind::Class);
        sign.len_utf8() + gap + length + suffix.map_or(0, char::len_utf8)
    }

    fn run(&mut self) -> usize {
        let end = self.rest.find(|c| !is_unspaced(c)).unwrap_or(self.rest.len());
        self.add(&self.rest[..end], Kind::Run);
        end
    }

    /// A link, an address, a number or a word.
    fn wordlike(&mut self) -> usize {
        let chunk = self.rest.find(|c: char| c.is_whitespace() || "<>()[]{}\"|,;".contains(c));
        let chunk = &self.rest[..chunk.unwrap_or(self.rest.len())];
        if ["http://", "https://", "www."].iter().any(|start| chunk.starts_with(start)) {
            self.add("<url>", Kind::Class);
            return chunk.len();
        }
        let at = chunk.find('@').filter(|&at| chunk[at + 1..].find('.').is_some_and(|dot| dot > 0));
        if at.is_some() {
            self.add("<mail>", Kind::Class);
            return chunk.len();
        }
        let digits = number(self.rest);
        let glued =
            self.rest[digits..].chars().next().is_some_and(|c| c.is_alphanumeric() && !is_unspaced(c));
        if digits > 0 && !glued {
            let text = &self.rest[..digits];
            let plain = digits == 3 && text.bytes().all(|b| b.is_ascii_digit());
            let (text, kind) = if plain { (text, Kind::Number) } else { ("<num>", Kind::Class) };
            self.add(text, kind);
            return digits;
        }
        self.word()
    }

    fn word(&mut self) -> usize {
        let (mut end, mut upper) = (0, 0);
        let mut text = String::new();
        for (at, letter) in self.rest.char_indices() {
            let inner = matches!(letter, '\'' | '’') && is_english_tail(&self.rest[at + letter.len_utf8()..]);
            let belongs = (letter.is_alphanumeric() && !is_unspaced(letter)) || is_combining(letter);
            if !belongs && !inner {
                break;
            }
            upper += usize::from(letter.is_uppercase());
            end = at + letter.len_utf8();
            if belongs {
                text.extend(letter.to_lowercase());
            }
        }
        let capital = upper == 1 && self.rest.chars().next().is_some_and(char::is_uppercase);
        self.found.push(Token { text, kind: Kind::Word, capital, stop: false });
        end
    }
}

/// How many bytes of a number `rest` begins with: digits, parted by single dots, commas or colons.
fn number(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut end = 0;
    while is_digit(end)
        || (end > 0 && matches!(bytes.get(end), Some(b'.' | b',' | b':')) && is_digit(end + 1))
    {
        end += 1;
    }
    end
}

fn is_number(token: &Token) -> bool {
    token.kind == Kind::Number || token.text == "<num>"
}

/// What follows an emoji without being one: joiners, variation selectors and skin tones.
fn is_joiner(mark: char) -> bool {
    matches!(mark, '\u{200D}' | '\u{FE0E}' | '\u{FE0F}' | '\u{1F3FB}'..='\u{1F3FF}')
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
