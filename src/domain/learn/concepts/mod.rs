//! Words that mean nearly the same, so that what is learned from one of them holds for the others.
//!
//! A small thesaurus of what people say to a desk, written from general knowledge and not from anybody's messages. A
//! concept is no category: which category "malfunction" or "wish" speaks for is learned like everything else. One
//! string per concept, parted by semicolons; `crash*` stands for all words that begin so, `_` for any one word.

mod doing;
mod money;
mod people;
mod talk;

use std::collections::HashMap;
use std::sync::LazyLock;

use super::tokens::{Kind, Token};

/// Shortest beginning of a word that an entry may have, in letters.
const SHORTEST_STEM: usize = 3;
/// Longest beginning of a word that an entry may have, in letters.
const LONGEST_STEM: usize = 12;

/// What follows an entry's first word, and the concept.
type Entry = (Vec<&'static str>, &'static str);

/// All entries by their first word, whole words and beginnings of words apart.
struct Known {
    words: HashMap<&'static str, Vec<Entry>>,
    stems: HashMap<&'static str, Vec<Entry>>,
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let mut known = Known { words: HashMap::new(), stems: HashMap::new() };
    for (concept, list) in
        [doing::CONCEPTS, money::CONCEPTS, people::CONCEPTS, talk::CONCEPTS].into_iter().flatten()
    {
        for entry in list.split(';').map(str::trim).filter(|entry| !entry.is_empty()) {
            let mut parts = entry.split(' ');
            let Some(head) = parts.next() else { continue };
            let entry = (parts.collect(), *concept);
            match head.strip_suffix('*') {
                Some(stem) => known.stems.entry(stem).or_default().push(entry),
                None => known.words.entry(head).or_default().push(entry),
            }
        }
    }
    known
});

/// Tells `found` each concept of a message, once for each place it stands at.
pub fn find(message: &[Token], found: &mut dyn FnMut(&'static str)) {
    let known = &*KNOWN;
    for (at, token) in message.iter().enumerate() {
        let rest = &message[at + 1..];
        let mut take = |entries: Option<&Vec<Entry>>| {
            for (tail, concept) in entries.into_iter().flatten() {
                if tail.len() <= rest.len() && tail.iter().zip(rest).all(|(part, token)| fits(part, token)) {
                    found(concept);
                }
            }
        };
        take(known.words.get(token.text.as_str()));
        if token.kind == Kind::Word {
            for (end, _) in token.text.char_indices().skip(SHORTEST_STEM).take(LONGEST_STEM) {
                take(known.stems.get(&token.text[..end]));
            }
            take(known.stems.get(token.text.as_str()));
        }
    }
}

fn fits(part: &str, token: &Token) -> bool {
    match part.strip_suffix('*') {
        Some(stem) => token.text.starts_with(stem),
        None => part == "_" || part == token.text,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tokens::read;
    use super::{KNOWN, find};

    fn found(text: &str) -> Vec<&'static str> {
        let mut all = Vec::new();
        find(&read(text), &mut |concept| all.push(concept));
        all
    }

    #[test]
    fn words_and_phrases_have_their_concepts() {
        let table = [
            ("it crashed", "malfunction"),
            ("my password", "password"),
            ("Kündigung", "cancel"),
            ("we don't need it", "cancel"),
            ("how do i", "how"),
            ("$5", "payment"),
        ];
        for (text, concept) in table {
            assert!(found(text).contains(&concept), "{text}: {:?}", found(text));
        }
        assert_eq!(found("zebra"), [""; 0]);
    }

    #[test]
    fn every_entry_can_be_found() {
        let mut lost = Vec::new();
        for (head, entries) in KNOWN.words.iter().chain(&KNOWN.stems) {
            for (tail, concept) in entries {
                for part in std::iter::once(head).chain(tail).filter(|part| **part != "_") {
                    let bare = part.trim_end_matches('*');
                    let is_emoji = bare.contains(['_', '+']);
                    let written = if is_emoji { format!(":{bare}:") } else { bare.to_owned() };
                    let read: Vec<String> = read(&written).into_iter().map(|token| token.text).collect();
                    if read != [bare] {
                        lost.push(format!("{concept}: {head} {tail:?}"));
                    }
                }
            }
        }
        assert!(lost.is_empty(), "{lost:#?}");
    }

    #[test]
    fn beginnings_of_words_are_short_enough_to_be_looked_up() {
        for stem in KNOWN.stems.keys() {
            let letters = stem.chars().count();
            assert!(
                (super::SHORTEST_STEM..super::SHORTEST_STEM + super::LONGEST_STEM).contains(&letters),
                "{stem}"
            );
        }
    }

    #[test]
    fn no_entry_stands_twice_in_a_concept() {
        let lists =
            [super::doing::CONCEPTS, super::money::CONCEPTS, super::people::CONCEPTS, super::talk::CONCEPTS];
        let mut twice = Vec::new();
        for (concept, list) in lists.into_iter().flatten() {
            let mut seen = std::collections::BTreeSet::new();
            twice.extend(
                list.split(';')
                    .map(str::trim)
                    .filter(|entry| !seen.insert(*entry))
                    .map(|entry| (*concept, entry)),
            );
        }
        assert!(twice.is_empty(), "{twice:?}");
    }
}
