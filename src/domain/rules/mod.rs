//! What classification looks for: categories with their words, and the words that raise or lower the priority.
//!
//! These are plain values, as config or the built-in tables give them. `classify::Compiled` prepares them for
//! matching; nothing here matches anything, and nothing here is learnt.

mod builtin;
mod money;
mod people;
mod priority;
mod product;

/// A category and everything that speaks for it.
///
/// All texts are matched without regard to case, as whole words, whatever punctuation stands between the words.
/// Texts in scripts without spaces (Chinese, Japanese, Korean, Thai ...) are found anywhere within a message.
#[derive(Clone, Debug)]
pub struct CategoryRule {
    /// What the category is called: unique, as people type it.
    pub name: String,
    /// What it was called before: what was taught under these names counts for it.
    pub formerly: Vec<String>,
    /// What belongs into it, in a sentence; for those who read, a language model among them.
    pub description: String,
    /// Single words that hint at the category.
    pub keywords: Vec<String>,
    /// Word sequences that say it clearly; they count twice as much as a keyword.
    pub phrases: Vec<String>,
    /// Regular expressions, tried on each message's plain text as they are (`(?i)` for any case).
    pub patterns: Vec<regex::Regex>,
    /// Channels whose messages lean towards the category: ids, or names with or without `#`.
    pub channels: Vec<String>,
    /// E-mail domains whose people lean towards the category, with or without `@`; subdomains count too.
    pub domains: Vec<String>,
    /// Factor on every point of this category; 1.0 is the usual, below zero counts as zero.
    pub weight: f64,
}

impl CategoryRule {
    /// A category for which nothing speaks yet.
    pub fn named(name: &str) -> CategoryRule {
        CategoryRule {
            name: name.to_owned(),
            formerly: Vec::new(),
            description: String::new(),
            keywords: Vec::new(),
            phrases: Vec::new(),
            patterns: Vec::new(),
            channels: Vec::new(),
            domains: Vec::new(),
            weight: 1.0,
        }
    }
}

/// The words that move the priority away from normal.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PriorityWords {
    /// Words and phrases that mean: now.
    pub urgent: Vec<String>,
    /// Words and phrases that mean: soon.
    pub high: Vec<String>,
    /// Words and phrases that mean: whenever; a longer one hides what it contains, as "not urgent" does "urgent".
    pub low: Vec<String>,
}

/// Everything that classification by rules goes by.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The categories; where two are equally likely, the earlier one wins.
    pub categories: Vec<CategoryRule>,
    /// The priority words.
    pub priority: PriorityWords,
    /// The category of whatever nothing speaks for; need not be one of `categories`.
    pub fallback: String,
}

impl Rules {
    /// The rules that work on day one, before anybody has configured anything.
    pub fn builtin() -> Rules {
        Rules { categories: builtin::categories(), priority: builtin::priority(), fallback: "other".into() }
    }
}

#[cfg(test)]
mod tests {
    use super::Rules;
    use std::collections::BTreeSet;

    #[test]
    fn the_built_in_categories_are_the_promised_seven() {
        let names: Vec<String> = Rules::builtin().categories.into_iter().map(|c| c.name).collect();
        let mut sorted = names.clone();
        sorted.sort();
        assert_eq!(
            sorted,
            ["billing", "bug", "feature", "other", "question", "sales", "support"],
            "{names:?}"
        );
    }

    #[test]
    fn no_built_in_word_is_listed_twice_within_a_category() {
        for category in Rules::builtin().categories {
            let mut seen = BTreeSet::new();
            for word in category.keywords.iter().chain(&category.phrases) {
                assert!(seen.insert(word.clone()), "{}: {word}", category.name);
                assert_eq!(*word, word.to_lowercase(), "{}: {word}", category.name);
            }
        }
    }

    #[test]
    fn built_in_keywords_are_single_words_and_phrases_are_not() {
        for category in Rules::builtin().categories {
            for word in &category.keywords {
                assert!(!word.contains(' '), "{}: {word}", category.name);
            }
            for phrase in &category.phrases {
                assert!(phrase.contains(' '), "{}: {phrase}", category.name);
            }
        }
    }
}
