//! Words that examples speak for: what somebody might add to the configured ones, so that rules alone get right what
//! they get wrong today.
//!
//! Counted in whole examples. A word is proposed when it stands in several examples of its category that the rules get
//! wrong, and is rare in all others; what it adds to the words proposed before it decides which comes next.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::domain::classify::{Bundled, Compiled, classify};
use crate::domain::courtesy::without_courtesy;
use crate::domain::rules::{CategoryRule, Rules};
use crate::domain::words::{Word, WordKind, words};

/// Examples of its category that a word has to stand in: fewer may be chance, and may name somebody.
const FEWEST: usize = 3;
/// How much more common a word has to be in its category than in the others together.
const TELLING: f64 = 5.0;
/// Examples that a word has to add to those that the words before it stand in.
const FEWEST_NEW: usize = 2;
/// So many examples that the rules get wrong weigh as much as one of another category that a word stands in.
const DEAR: i64 = 2;
/// Most words proposed for a category.
const MOST: usize = 8;
/// Words of a message that are looked at; what is wanted is said early.
const MOST_WORDS: usize = 120;
/// Most examples that are looked at, newest first.
pub const MOST_EXAMPLES: usize = 5_000;
/// Longest phrase, in words.
const LONGEST: usize = 3;
/// Longest text of a script without spaces, in letters.
const LONGEST_RUN: usize = 4;
/// Columns of a list in TOML.
const COLUMNS: usize = 100;

/// What a category could be given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suggestion {
    /// The category.
    pub category: String,
    /// How many examples of it there are.
    pub examples: usize,
    /// How many of them the rules get wrong.
    pub missed: usize,
    /// How many of these one of the proposed words stands in.
    pub found: usize,
    /// The words, most useful first.
    pub words: Vec<Proposed>,
}

/// A word or phrase that is proposed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposed {
    /// The word, or several.
    pub text: String,
    /// Examples of the category that it stands in.
    pub right: usize,
    /// Examples of other categories that it stands in.
    pub wrong: usize,
}

/// An example as it is looked at here.
#[derive(Clone, Copy, Debug)]
pub struct Looked<'a> {
    /// Its messages.
    pub texts: &'a [String],
    /// Its category.
    pub category: &'a str,
}

/// Where a word stands.
type Places = BTreeMap<String, Vec<usize>>;

/// Words for each category that has examples which the rules get wrong; those for which none is found are left out.
pub fn suggest(examples: &[Looked<'_>], compiled: &Compiled) -> Vec<Suggestion> {
    let examples = &examples[examples.len().saturating_sub(MOST_EXAMPLES)..];
    let missed: Vec<bool> =
        examples.iter().map(|example| said(example, compiled) != example.category).collect();
    let mut places = places(examples);
    places.retain(|text, _| !is_configured(text, compiled.rules()));
    let names: BTreeSet<&str> = examples.iter().map(|example| example.category).collect();
    let all = names.into_iter().map(|name| propose(name, examples, &missed, &places));
    all.filter(|suggestion| !suggestion.words.is_empty()).collect()
}

/// What the rules say of an example.
fn said(example: &Looked<'_>, compiled: &Compiled) -> String {
    let texts: Vec<&str> = example.texts.iter().map(String::as_str).collect();
    classify(&Bundled::of(&texts), compiled).category
}

fn propose(name: &str, examples: &[Looked<'_>], missed: &[bool], places: &Places) -> Suggestion {
    let is_ours = |at: &usize| examples[*at].category == name;
    let ours = (0..examples.len()).filter(is_ours).count();
    let mut open: BTreeSet<usize> = (0..examples.len()).filter(|at| is_ours(at) && missed[*at]).collect();
    let all_missed = open.len();
    let mut candidates: Vec<(Proposed, Vec<usize>)> = Vec::new();
    for (text, standing) in places {
        let right: Vec<usize> = standing.iter().copied().filter(is_ours).collect();
        let wrong = standing.len() - right.len();
        if right.len() >= FEWEST && is_telling((right.len(), ours), (wrong, examples.len() - ours)) {
            candidates.push((Proposed { text: text.clone(), right: right.len(), wrong }, right));
        }
    }
    let mut words = Vec::new();
    while words.len() < MOST {
        let worth = |(proposed, right): &(Proposed, Vec<usize>)| {
            let new = right.iter().filter(|at| open.contains(at)).count();
            (new >= FEWEST_NEW).then(|| new as i64 - DEAR * proposed.wrong as i64)
        };
        // Between equals the one that stands in more examples, then the shorter, then the first by name.
        let rank = |(proposed, _): &(Proposed, Vec<usize>)| {
            (proposed.right, std::cmp::Reverse(proposed.text.chars().count()))
        };
        let best = (0..candidates.len())
            .filter_map(|at| worth(&candidates[at]).filter(|worth| *worth > 0).map(|worth| (worth, at)))
            .max_by(|a, b| {
                (a.0, rank(&candidates[a.1])).cmp(&(b.0, rank(&candidates[b.1]))).then(b.1.cmp(&a.1))
            });
        let Some((_, at)) = best else { break };
        let (proposed, right) = candidates.swap_remove(at);
        right.iter().for_each(|at| {
            open.remove(at);
        });
        words.push(proposed);
    }
    let found = all_missed - open.len();
    Suggestion { category: name.to_owned(), examples: ours, missed: all_missed, found, words }
}

/// Whether a word is much more common here than elsewhere. Half an example is added to both sides, so that where there
/// are few examples of others, not standing in them says little.
fn is_telling((right, ours): (usize, usize), (wrong, others): (usize, usize)) -> bool {
    let rate = |count: usize, of: usize| (count as f64 + 0.5) / (of as f64 + 1.0);
    rate(right, ours) >= TELLING * rate(wrong, others)
}

/// In which examples each word and phrase stands that stands in enough of them. A phrase is made of such words only.
fn places(examples: &[Looked<'_>]) -> Places {
    let said: Vec<Vec<Vec<Word<'_>>>> = examples.iter().map(spoken).collect();
    let mut places = Places::new();
    for (at, messages) in said.iter().enumerate() {
        for text in distinct(messages.iter().flatten().flat_map(singles)) {
            places.entry(text).or_default().push(at);
        }
    }
    places.retain(|_, standing| standing.len() >= FEWEST);
    let mut phrases = Places::new();
    for (at, messages) in said.iter().enumerate() {
        let found = messages.iter().flat_map(|message| joined(message, &places));
        for text in distinct(found) {
            phrases.entry(text).or_default().push(at);
        }
    }
    phrases.retain(|_, standing| standing.len() >= FEWEST);
    places.extend(phrases);
    places
}

/// The words of each message without courtesy, as the rules see them.
fn spoken<'a>(example: &Looked<'a>) -> Vec<Vec<Word<'a>>> {
    let message = |text: &'a String| {
        let mut all = words(text);
        all.truncate(MOST_WORDS);
        let kept = without_courtesy(&all);
        all.drain(kept).collect()
    };
    example.texts.iter().map(message).collect()
}

fn distinct(texts: impl Iterator<Item = String>) -> BTreeSet<String> {
    texts.collect()
}

/// What a word can be configured as: itself, or the parts of a run without spaces.
fn singles(word: &Word<'_>) -> Vec<String> {
    match word.kind {
        WordKind::Word if word.text.chars().count() > 1 && word.text.chars().any(char::is_alphabetic) => {
            vec![word.text.to_string()]
        }
        WordKind::Run => {
            let letters: Vec<char> = word.text.chars().collect();
            let parts = (2..=LONGEST_RUN).flat_map(|length| letters.windows(length));
            parts.map(|part| part.iter().collect()).collect()
        }
        WordKind::Word | WordKind::Emoji | WordKind::Mention | WordKind::Token => Vec::new(),
    }
}

/// Phrases of words that follow each other without a pause.
fn joined(message: &[Word<'_>], known: &Places) -> Vec<String> {
    let mut found = Vec::new();
    for from in 0..message.len() {
        let mut phrase = String::new();
        for word in message[from..].iter().take(LONGEST) {
            if word.kind != WordKind::Word || !known.contains_key(word.text.as_ref()) {
                break;
            }
            if phrase.is_empty() {
                phrase.push_str(&word.text);
            } else {
                phrase = format!("{phrase} {}", word.text);
                found.push(phrase.clone());
            }
            if word.stop {
                break;
            }
        }
    }
    found
}

fn is_configured(text: &str, rules: &Rules) -> bool {
    let mut all = rules.categories.iter().flat_map(|rule| rule.keywords.iter().chain(&rule.phrases));
    all.any(|known| known.eq_ignore_ascii_case(text))
}

/// The suggestions as TOML. A list that is given takes the place of the one before, so the words so far are in it.
pub fn toml(suggestions: &[Suggestion], rules: &Rules) -> String {
    let mut text = String::from(
        "# In place of the lists that these categories have now; the words so far are in them.\n",
    );
    for suggestion in suggestions {
        let rule = rules.categories.iter().find(|rule| rule.name == suggestion.category);
        let Suggestion { category, examples, missed, found, words } = suggestion;
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "\n# {examples} examples, of which the rules get {missed} wrong; these words stand in {found} of those\n\
             [[category]]\nname = {}\n",
            quoted(category)
        );
        let (phrases, keywords): (Vec<&Proposed>, Vec<&Proposed>) =
            words.iter().partition(|proposed| proposed.text.contains(' '));
        let known =
            |list: fn(&CategoryRule) -> &Vec<String>| rule.map_or(&[][..], |rule| list(rule).as_slice());
        lines(&mut text, "keywords", known(|rule| &rule.keywords), &keywords);
        lines(&mut text, "phrases", known(|rule| &rule.phrases), &phrases);
    }
    text
}

fn lines(text: &mut String, key: &str, known: &[String], proposed: &[&Proposed]) {
    if proposed.is_empty() {
        return;
    }
    let _ = writeln!(text, "{key} = [");
    let mut line = String::new();
    for word in known {
        let word = format!(" {},", quoted(word));
        if !line.is_empty() && line.chars().count() + word.chars().count() + 3 > COLUMNS {
            let _ = writeln!(text, "   {line}");
            line.clear();
        }
        line.push_str(&word);
    }
    if !line.is_empty() {
        let _ = writeln!(text, "   {line}");
    }
    for Proposed { text: word, right, wrong } in proposed {
        let _ = writeln!(text, "    {},  # in {right} examples of it, in {wrong} of others", quoted(word));
    }
    let _ = writeln!(text, "]");
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::{Looked, Suggestion, suggest, toml};
    use crate::domain::classify::Compiled;
    use crate::domain::rules::{CategoryRule, PriorityWords, Rules};

    fn rules() -> Rules {
        let rule = |name: &str, words: &[&str]| CategoryRule {
            keywords: words.iter().map(|word| (*word).to_owned()).collect(),
            ..CategoryRule::named(name)
        };
        let categories = vec![rule("billing", &["invoice"]), rule("travel", &["flight"])];
        Rules { categories, priority: PriorityWords::default(), fallback: "other".to_owned() }
    }

    fn suggested(lines: &[(&str, String)]) -> Vec<Suggestion> {
        let kept: Vec<(&str, Vec<String>)> =
            lines.iter().map(|(category, text)| (*category, vec![text.clone()])).collect();
        let looked: Vec<Looked<'_>> =
            kept.iter().map(|(category, texts)| Looked { texts, category }).collect();
        suggest(&looked, &Compiled::new(&rules()))
    }

    /// `count` lines of a category, with another name in each.
    fn lines<'a>(category: &'a str, count: usize, text: &str) -> Vec<(&'a str, String)> {
        (0..count)
            .map(|at| (category, format!("{text} {}", ["mo", "ann", "kim", "lee", "bo", "sam"][at % 6])))
            .collect()
    }

    #[test]
    fn a_word_that_the_rules_lack_is_proposed_with_how_often_it_is_right_and_wrong() {
        let mut all = lines("travel", 6, "the hotel room is too small for");
        all.extend(lines("billing", 12, "the invoice is too high for"));
        all.extend(lines("billing", 1, "the invoice of the hotel for"));
        let found = suggested(&all);
        assert_eq!(found.len(), 1, "the rules get billing right: {found:?}");
        let first = &found[0].words[0];
        assert_eq!((found[0].category.as_str(), found[0].missed, found[0].found), ("travel", 6, 6));
        assert_eq!((first.text.as_str(), first.right, first.wrong), ("room", 6, 0), "{found:?}");
    }

    #[test]
    fn one_word_is_enough_where_others_stand_beside_it() {
        let mut all = lines("travel", 6, "hotel room booking for");
        all.extend(lines("billing", 12, "invoice for"));
        assert_eq!(suggested(&all)[0].words.len(), 1);
    }

    #[test]
    fn what_says_little_is_not_proposed() {
        let few = lines("travel", 2, "hotel for");
        let alone = lines("travel", 20, "hotel for");
        let everywhere =
            [lines("travel", 6, "hotel for"), lines("billing", 6, "invoice of the hotel for")].concat();
        for (why, all) in [("too few", few), ("nothing to compare with", alone), ("everywhere", everywhere)] {
            assert_eq!(suggested(&all), [], "{why}");
        }
    }

    #[test]
    fn a_phrase_is_proposed_where_its_words_alone_say_little() {
        let mut all = lines("travel", 6, "we want to check in.");
        all.extend(lines("billing", 12, "we want to check the invoice in detail."));
        assert_eq!(suggested(&all)[0].words[0].text, "check in");
    }

    #[test]
    fn a_script_without_spaces_is_proposed_in_parts() {
        let mut all: Vec<(&str, String)> =
            ["ホテルを予約", "ホテルの部屋", "このホテル"].map(|text| ("travel", text.to_owned())).into();
        all.extend(lines("billing", 12, "invoice for"));
        let found = suggested(&all);
        assert!(["ホテ", "テル", "ホテル"].contains(&found[0].words[0].text.as_str()), "{found:?}");
    }

    #[test]
    fn the_proposal_is_toml_with_the_words_so_far() {
        let mut all = lines("travel", 6, "we want to check in.");
        all.extend(lines("travel", 6, "our hotel is closed for"));
        all.extend(lines("billing", 12, "we want to check the invoice in detail."));
        let text = toml(&suggested(&all), &rules());
        let read: toml::Table = text.parse().unwrap();
        let category = &read["category"][0];
        assert_eq!(category["name"].as_str(), Some("travel"));
        let first = category["keywords"].as_array().unwrap()[0].as_str();
        assert_eq!((first, category["phrases"][0].as_str()), (Some("flight"), Some("check in")), "{text}");
        assert!(text.contains("# in 6 examples of it, in 0 of others"), "{text}");
    }
}
