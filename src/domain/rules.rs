//! The rules classification works with. They come from the configuration; matching is done in `classify`.

use regex::Regex;

/// What makes a bundle belong to one category.
#[derive(Clone, Debug)]
pub struct CategoryRule {
    /// Name of the category, as tasks show it.
    pub name: String,
    /// Single words, without regard to case.
    pub keywords: Vec<String>,
    /// Several words in this order, without regard to case.
    pub phrases: Vec<String>,
    /// Regular expressions over the text.
    pub patterns: Vec<Regex>,
    /// Channels, as `#name` or id, whose messages lean to this category.
    pub channels: Vec<String>,
    /// E-mail domains of contacts whose messages lean to this category.
    pub domains: Vec<String>,
    /// How much a hit counts beside other categories; 1.0 is usual.
    pub weight: f64,
}

/// Words that raise or lower a task's priority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriorityWords {
    /// Words and phrases of urgent matters.
    pub urgent: Vec<String>,
    /// Words and phrases of important matters.
    pub high: Vec<String>,
    /// Words and phrases of matters that can wait.
    pub low: Vec<String>,
}

/// All rules of classification.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The categories, in the order in which a tie is decided.
    pub categories: Vec<CategoryRule>,
    /// The priority words.
    pub priority: PriorityWords,
    /// The category of what matches nothing.
    pub fallback: String,
}

/// Name, keywords, phrases of the built-in categories.
const BUILTIN: [(&str, &[&str], &[&str]); 7] = [
    ("support", &["help", "stuck", "login", "password", "access"], &["can't log in", "does not work"]),
    ("sales", &["pricing", "quote", "demo", "trial", "licence"], &["how much", "talk to sales"]),
    ("billing", &["invoice", "refund", "charge", "payment", "receipt"], &["charged twice"]),
    ("bug", &["bug", "crash", "error", "broken", "exception"], &["stack trace", "error message"]),
    ("feature", &["feature", "wish", "roadmap", "suggestion"], &["feature request", "would be great"]),
    ("question", &["how", "why", "where", "question"], &["how do i", "is it possible"]),
    ("other", &[], &[]),
];

impl Rules {
    /// The rules of a desk whose configuration names none.
    pub fn builtin() -> Rules {
        let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let categories = BUILTIN
            .iter()
            .map(|(name, keywords, phrases)| CategoryRule {
                name: (*name).to_owned(),
                keywords: words(keywords),
                phrases: words(phrases),
                patterns: Vec::new(),
                channels: Vec::new(),
                domains: Vec::new(),
                weight: 1.0,
            })
            .collect();
        Rules {
            categories,
            priority: PriorityWords {
                urgent: words(&["urgent", "outage", "down", "emergency", "asap"]),
                high: words(&["important", "blocked", "deadline"]),
                low: words(&["whenever", "no rush", "minor"]),
            },
            fallback: "other".to_owned(),
        }
    }
}
