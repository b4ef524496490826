//! Names out of a text and back into it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::patterns::Patterns;
use crate::domain::mrkdwn::{Token, plain};

/// What a placeholder begins with.
const PLACEHOLDER: &str = "Person ";

/// Shortest part of a name that is looked for by itself: "Al" is in too many sentences.
const PART_LENGTH: usize = 3;

/// Somebody whose name may stand in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Slack's id of them.
    pub id: String,
    /// The name.
    pub name: String,
    /// Whether they are part of the conversation, so that their first name alone means them. Of others only the whole name is
    /// looked for.
    pub near: bool,
}

/// A name as it is looked for: its words in small letters.
#[derive(Debug)]
struct Form {
    words: Vec<String>,
    person: usize,
    /// Whether the word has to begin with a capital letter: a part of a name may be a word of the language.
    capital: bool,
}

/// Covers texts of one question and uncovers its answer.
#[derive(Debug)]
pub struct Veil<'a> {
    patterns: &'a Patterns,
    people: Vec<Known>,
    forms: BTreeMap<String, Vec<Form>>,
    /// Names without capital letters, such as those in Chinese: found anywhere, since nothing parts the words.
    caseless: Vec<(String, usize)>,
    /// Placeholder numbers by person, and the numbers that stood in the text before.
    given: RefCell<BTreeMap<usize, u32>>,
    taken: BTreeSet<u32>,
}

impl<'a> Veil<'a> {
    /// A veil over these people's names and everything that `patterns` recognises.
    pub fn new(patterns: &'a Patterns, people: Vec<Known>) -> Veil<'a> {
        let mut veil = Veil {
            patterns,
            people: Vec::new(),
            forms: BTreeMap::new(),
            caseless: Vec::new(),
            given: RefCell::default(),
            taken: BTreeSet::new(),
        };
        for person in people {
            veil.know(person);
        }
        for forms in veil.forms.values_mut() {
            forms.sort_by_key(|form| std::cmp::Reverse(form.words.len()));
        }
        veil.caseless.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        veil
    }

    fn know(&mut self, person: Known) {
        let at = self.people.len();
        let words: Vec<String> =
            spans(&person.name).map(|(from, to)| person.name[from..to].to_lowercase()).collect();
        let has_case = person.name.chars().any(|c| c.is_lowercase() || c.is_uppercase());
        if !has_case && person.name.chars().filter(|c| c.is_alphabetic()).count() >= 2 {
            self.caseless.push((person.name.clone(), at));
        } else if words.len() > 1 || (person.near && !words.is_empty()) {
            self.form(words.clone(), at, words.len() == 1);
            let parts = words.into_iter().filter(|word| person.near && word.chars().count() >= PART_LENGTH);
            for part in parts.collect::<Vec<_>>() {
                self.form(vec![part], at, true);
            }
        }
        self.people.push(person);
    }

    fn form(&mut self, words: Vec<String>, person: usize, capital: bool) {
        if let Some(first) = words.first().cloned() {
            self.forms.entry(first).or_default().push(Form { words, person, capital });
        }
    }

    /// Notes the placeholders that stand in a text by themselves, so that none is given twice. To be called with all texts
    /// before the first is covered.
    pub fn heed(&mut self, text: &str) {
        for (number, ..) in placeholders(text) {
            self.taken.insert(number);
        }
    }

    /// A message, as Slack encodes it, as it may leave.
    pub fn cover(&self, text: &str) -> String {
        let named = |token: Token<'_>| match token {
            Token::User(id) => Some(match self.people.iter().position(|known| known.id == id) {
                Some(person) => self.placeholder(person),
                None => "somebody".to_owned(),
            }),
            Token::Channel(_) => Some("channel".to_owned()),
            Token::Group(_) => Some("group".to_owned()),
        };
        let readable = plain(text, &named);
        let covered = self.patterns.cover(&readable);
        self.cover_names(&covered)
    }

    fn cover_names(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, person) in
            self.caseless.iter().filter(|(name, _)| text.contains(name.as_str())).collect::<Vec<_>>()
        {
            text = text.replace(name.as_str(), &self.placeholder(*person));
        }
        let words: Vec<(usize, usize)> = spans(&text).collect();
        let (mut covered, mut kept, mut at) = (String::with_capacity(text.len()), 0, 0);
        while at < words.len() {
            match self.name_at(&text, &words[at..]) {
                Some((count, person)) => {
                    covered.push_str(&text[kept..words[at].0]);
                    covered.push_str(&self.placeholder(person));
                    at += count;
                    kept = words[at - 1].1;
                }
                None => at += 1,
            }
        }
        covered.push_str(&text[kept..]);
        covered
    }

    /// The longest name that begins with the first of these words: how many words, and whose.
    fn name_at(&self, text: &str, words: &[(usize, usize)]) -> Option<(usize, usize)> {
        let word = |at: usize| words.get(at).map(|(from, to)| &text[*from..*to]);
        let first = word(0)?;
        let forms = self.forms.get(&first.to_lowercase())?;
        let matches = |form: &&Form| {
            let same = form
                .words
                .iter()
                .enumerate()
                .all(|(at, wanted)| word(at).is_some_and(|word| word.to_lowercase() == *wanted));
            same && (!form.capital || first.starts_with(char::is_uppercase))
        };
        forms.iter().find(matches).map(|form| (form.words.len(), form.person))
    }

    fn placeholder(&self, person: usize) -> String {
        let mut given = self.given.borrow_mut();
        let next = || {
            let used =
                |number: &u32| self.taken.contains(number) || given.values().any(|other| other == number);
            (1..).find(|number| !used(number)).unwrap_or(u32::MAX)
        };
        let number = match given.get(&person) {
            Some(number) => *number,
            None => next(),
        };
        given.insert(person, number);
        format!("{PLACEHOLDER}{number}")
    }

    /// An answer with the names where their placeholders stand.
    pub fn lift(&self, text: &str) -> String {
        let given = self.given.borrow();
        let (mut lifted, mut kept) = (String::with_capacity(text.len()), 0);
        for (number, from, to) in placeholders(text) {
            let person = given.iter().find(|(_, given)| **given == number).map(|(person, _)| *person);
            if let Some(known) = person.and_then(|person| self.people.get(person)) {
                lifted.push_str(&text[kept..from]);
                lifted.push_str(&known.name);
                kept = to;
            }
        }
        lifted.push_str(&text[kept..]);
        lifted
    }
}

/// Where placeholders stand: number, begin, end.
fn placeholders(text: &str) -> Vec<(u32, usize, usize)> {
    let mut found = Vec::new();
    for (from, _) in text.match_indices(PLACEHOLDER) {
        let begin = from + PLACEHOLDER.len();
        let length = text[begin..].bytes().take_while(u8::is_ascii_digit).count();
        if let Ok(number) = text[begin..begin + length].parse() {
            found.push((number, from, begin + length));
        }
    }
    found
}

/// Where words stand: letters and digits.
fn spans(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    let is_word = |c: char| c.is_alphanumeric();
    let mut rest = 0;
    std::iter::from_fn(move || {
        let from = rest + text[rest..].find(is_word)?;
        let to = text[from..].find(|c: char| !is_word(c)).map_or(text.len(), |length| from + length);
        rest = to;
        Some((from, to))
    })
}
