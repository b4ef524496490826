//! Reading one text: what stands where becomes a word, a sign or a class.

use super::{Kind, MOST_TOKENS, Token};
use crate::domain::words::{is_combining, is_english_tail, is_unspaced, shortcode};

/// Longest text of one message that is read, in bytes.
const MOST_BYTES: usize = 24_000;

/// The classes that may be written in keywords as they are.
const CLASSES: [&str; 7] = ["<usr>", "<url>", "<mail>", "<money>", "<num>", "<code>", "<chan>"];

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
