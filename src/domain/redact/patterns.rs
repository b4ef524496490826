//! What is recognised by its form: e-mail addresses, tokens, card, account and phone numbers, and the user's own patterns.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// What stands where an e-mail address stood.
const EMAIL: &str = "[e-mail]";
/// What stands where a token, a key or a password stood.
const TOKEN: &str = "[token]";
/// What stands where the number of a card stood.
const CARD: &str = "[card]";
/// What stands where the number of a bank account stood.
const ACCOUNT: &str = "[account]";
/// What stands where a phone number stood.
const PHONE: &str = "[phone]";
/// What stands where one of the user's own patterns matched.
const OWN: &str = "[redacted]";

/// Fewest digits of a phone number that does not begin with a plus: a date has eight.
const PHONE_DIGITS: usize = 9;
/// Fewest digits of one that does.
const PLUS_DIGITS: usize = 7;
/// Shortest run of letters and digits that is taken for a token by its look alone; an order number is shorter.
const TOKEN_LENGTH: usize = 20;

static EMAILS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:mailto:)?[\p{L}\p{N}._%+'-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+")
        .expect("a constant pattern that a test compiles")
});

/// What follows the address of a page: it names accounts, sessions and people.
static QUERIES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(https?://)(?:[^\s/@<>]*@)?([^\s?#<>|]*)[?#][^\s<>|]*")
        .expect("a constant pattern that a test compiles")
});

/// What says of itself that it is secret: well-known beginnings, and whatever follows "password:" or "token =".
static SECRETS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?ix)
        \b(?: xox[a-z]-[\w.-]+ | xapp-[\w.-]+ | sk-[\w-]{8,} | [rsp]k_(?:live|test)_\w+ | gh[pousr]_\w+ | github_pat_\w+
            | glpat-[\w-]+ | AKIA[0-9A-Z]{12,} | AIza[\w-]{20,} | eyJ[\w-]+\.[\w.-]+ )
        | \b(?: bearer | basic ) \s+ [\w.~+/=-]{12,}
        | \b( (?: pass(?:word|wort|phrase)? | pwd | secret | token | api[\s_-]?key | access[\s_-]?key | contraseña | mot\sde\spasse )
            \s* (?: is \s+ | ist \s+ | [:=] \s* ) ) ["'`]? [^\s"'`]{4,}
        "#,
    )
    .expect("a constant pattern that a test compiles")
});

static CARDS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b\d(?:[ -]?\d){12,18}\b").expect("a constant pattern that a test compiles")
});

static ACCOUNTS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
        .expect("a constant pattern that a test compiles")
});

static PHONES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:\+|\(|\b)\d(?:[\s().\u{2011}/-]{0,3}\d){6,16}\b")
        .expect("a constant pattern that a test compiles")
});

static RUNS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[A-Za-z0-9_+/=-]{20,}").expect("a constant pattern that a test compiles"));

/// The forms that are looked for.
#[derive(Clone, Debug, Default)]
pub struct Patterns {
    own: Vec<Regex>,
}

impl Patterns {
    /// The built-in forms and these.
    pub fn new(own: Vec<Regex>) -> Patterns {
        Patterns { own }
    }

    /// The text with a stand-in for everything that was recognised.
    pub fn cover(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for own in &self.own {
            text = own.replace_all(&text, OWN).into_owned();
        }
        text = EMAILS.replace_all(&text, EMAIL).into_owned();
        text = QUERIES.replace_all(&text, "${1}${2}").into_owned();
        text = SECRETS
            .replace_all(&text, |found: &Captures<'_>| {
                let said = found.get(1).map_or("", |said| said.as_str());
                format!("{said}{TOKEN}")
            })
            .into_owned();
        text = ACCOUNTS
            .replace_all(&text, |found: &Captures<'_>| {
                let account = is_account(&found[0]);
                if account { ACCOUNT.to_owned() } else { found[0].to_owned() }
            })
            .into_owned();
        text = CARDS
            .replace_all(
                &text,
                |found: &Captures<'_>| {
                    if is_card(&found[0]) { CARD.to_owned() } else { found[0].to_owned() }
                },
            )
            .into_owned();
        text =
            RUNS.replace_all(&text, |found: &Captures<'_>| {
                if looks_random(&found[0]) { TOKEN.to_owned() } else { found[0].to_owned() }
            })
            .into_owned();
        PHONES
            .replace_all(
                &text,
                |found: &Captures<'_>| {
                    if is_phone(&found[0]) { PHONE.to_owned() } else { found[0].to_owned() }
                },
            )
            .into_owned()
    }
}

fn digits(text: &str) -> impl DoubleEndedIterator<Item = u32> {
    text.chars().filter_map(|c| c.to_digit(10))
}

/// Luhn's check: every second digit from the right is doubled, and the sum ends in 0.
fn is_card(text: &str) -> bool {
    let sum: u32 = digits(text)
        .rev()
        .enumerate()
        .map(|(at, digit)| match (at % 2, digit) {
            (0, digit) => digit,
            (_, digit) => digit * 2 - if digit > 4 { 9 } else { 0 },
        })
        .sum();
    sum > 0 && sum.is_multiple_of(10)
}

/// The check of an IBAN: its first four characters moved to the end, letters as numbers from 10, the remainder by 97 is 1.
fn is_account(text: &str) -> bool {
    let plain: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    let moved = plain.iter().skip(4).chain(plain.iter().take(4));
    let rest = moved.filter_map(|c| c.to_digit(36)).fold(0_u32, |rest, value| {
        let step = if value > 9 { 100 } else { 10 };
        (rest * step + value) % 97
    });
    plain.len() >= 15 && rest == 1
}

fn is_phone(text: &str) -> bool {
    let wanted = if text.starts_with('+') { PLUS_DIGITS } else { PHONE_DIGITS };
    let count = digits(text).count();
    // What has no more than dots between its digits and begins with no zero is an amount or an address of the network.
    let dotted = text.contains('.') && !text.starts_with(['+', '0', '(']);
    count >= wanted && !dotted
}

/// Letters of both kinds or digits among letters, as no word has them; a path or a word with dashes is none.
fn looks_random(text: &str) -> bool {
    let longest = text.split(['-', '/', '_']).map(str::len).max().unwrap_or(0);
    let has = |kind: fn(char) -> bool| text.chars().any(kind);
    let digits = digits(text).count();
    longest >= TOKEN_LENGTH && has(|c| c.is_ascii_alphabetic()) && (digits >= 3 || mixes_cases(text))
}

/// Whether small and capital letters change often.
fn mixes_cases(text: &str) -> bool {
    let letters: Vec<char> = text.chars().filter(char::is_ascii_alphabetic).collect();
    let changes = letters.windows(2).filter(|two| two[0].is_ascii_lowercase() && two[1].is_ascii_uppercase());
    changes.count() >= 4
}
