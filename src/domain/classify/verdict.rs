//! What classification says: a category, a priority, how sure it is, and why.
//!
//! A verdict is stored as JSON with the task, so its names are a format: add, do not rename. No message text is ever
//! in it, only words that somebody configured.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::advice::answer::Refusal;

/// What classification says of a bundle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The category's name.
    pub category: String,
    /// How soon somebody should look.
    pub priority: Priority,
    /// How sure the classifier is of the category, from 0 to 1; see `classify` for how the rules arrive at it.
    pub confidence: f64,
    /// The other categories something spoke for, with their confidence, most likely first.
    pub runners_up: Vec<(String, f64)>,
    /// What spoke for category and priority, in the order of the rules.
    pub reasons: Vec<Reasoned>,
    /// Who decided.
    pub by: Classifier,
    /// Whether nobody was sure enough, so that the category is the fallback or only a guess.
    #[serde(default)]
    pub abstained: bool,
}

/// How soon somebody should look; ordered, urgent is greatest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// Whenever there is time.
    Low,
    /// The usual.
    #[default]
    Normal,
    /// Today.
    High,
    /// Now.
    Urgent,
}

/// Who came to a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Classifier {
    /// The configured words, patterns, channels and domains.
    Rules,
    /// What was learned from the team's corrections, with the configured words as its first opinion.
    Learned,
    /// A language model.
    Model,
}

/// One thing that spoke for the verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Reasoned {
    /// A keyword was found.
    Keyword {
        /// The category it speaks for.
        category: String,
        /// The word as configured.
        word: String,
    },
    /// A phrase was found.
    Phrase {
        /// The category it speaks for.
        category: String,
        /// The phrase as configured.
        phrase: String,
    },
    /// A regular expression matched.
    Pattern {
        /// The category it speaks for.
        category: String,
        /// The expression as configured, not what it matched.
        pattern: String,
    },
    /// It was written in a channel of the category.
    Channel {
        /// The category the channel speaks for.
        category: String,
        /// The channel as configured.
        channel: String,
    },
    /// The contact's address is of a domain of the category.
    Domain {
        /// The category the domain speaks for.
        category: String,
        /// The domain as configured.
        domain: String,
    },
    /// A priority word was found.
    PriorityWord {
        /// What it asks for.
        priority: Priority,
        /// The word as configured.
        word: String,
    },
    /// We were mentioned, so that what sounded low is normal: whoever calls the desk by name waits for an answer.
    Mentioned,
    /// Nothing spoke for any category.
    NothingMatched {
        /// The category taken instead.
        fallback: String,
    },
    /// There were greetings and thanks only.
    OnlyCourtesy {
        /// The category taken instead.
        fallback: String,
    },
    /// There was no text, only files.
    OnlyFiles {
        /// How many.
        files: usize,
        /// The category taken instead.
        fallback: String,
    },
    /// It is like what was taught as this category.
    Learned {
        /// The category.
        category: String,
        /// How many examples there are of it.
        examples: usize,
        /// How sure that makes, in percent.
        percent: u8,
    },
    /// It is like what was taught as of this priority.
    LearnedPriority {
        /// The priority.
        priority: Priority,
        /// What the rules had asked for.
        asked: Priority,
        /// How many examples there are of it.
        examples: usize,
        /// How sure that makes, in percent.
        percent: u8,
    },
    /// What was learned leans to a category, and is not sure enough.
    Unsure {
        /// The category it leans to.
        category: String,
        /// How sure it is, in percent.
        percent: u8,
        /// The category taken instead.
        fallback: String,
    },
    /// A language model chose the category.
    ModelChose {
        /// The category.
        category: String,
        /// How sure it says it is.
        percent: u8,
    },
    /// A language model came to the same category.
    ModelAgreed {
        /// How sure it says it is.
        percent: u8,
    },
    /// A language model came to another category, and was not sure enough to count.
    ModelUnsure {
        /// The category.
        category: String,
        /// How sure it says it is.
        percent: u8,
    },
    /// A language model moved the priority, by one step at most.
    ModelPriority {
        /// From here.
        from: Priority,
        /// To there.
        to: Priority,
    },
    /// What a language model answered was not used.
    ModelRefused {
        /// Why.
        why: Refusal,
    },
}

impl Verdict {
    /// The verdict as stored.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads what `to_json` wrote; an error means that the stored text is not a verdict this version knows.
    pub fn from_json(text: &str) -> Result<Verdict, serde_json::Error> {
        serde_json::from_str(text)
    }
}

impl Priority {
    /// All of them, from low to urgent.
    pub const ALL: [Priority; 4] = [Priority::Low, Priority::Normal, Priority::High, Priority::Urgent];

    /// The name as stored and typed.
    pub fn as_str(self) -> &'static str {
        match self {
            Priority::Low => "low",
            Priority::Normal => "normal",
            Priority::High => "high",
            Priority::Urgent => "urgent",
        }
    }
}

/// The text is no priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a priority is one of low, normal, high, urgent")]
pub struct NoPriority;

impl FromStr for Priority {
    type Err = NoPriority;

    fn from_str(text: &str) -> Result<Priority, NoPriority> {
        let known = Priority::ALL.into_iter().find(|p| p.as_str().eq_ignore_ascii_case(text.trim()));
        known.ok_or(NoPriority)
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Classifier {
    /// The name as stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Classifier::Rules => "rules",
            Classifier::Learned => "learned",
            Classifier::Model => "model",
        }
    }
}

impl fmt::Display for Classifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Reasoned {
    /// The reason in plain words, without a full stop.
    pub fn sentence(&self) -> String {
        match self {
            Reasoned::Keyword { category, word } => format!("the word \"{word}\" speaks for {category}"),
            Reasoned::Phrase { category, phrase } => format!("the phrase \"{phrase}\" speaks for {category}"),
            Reasoned::Pattern { category, pattern } => {
                format!("the pattern /{pattern}/ speaks for {category}")
            }
            Reasoned::Channel { category, channel } => format!("the channel {channel} speaks for {category}"),
            Reasoned::Domain { category, domain } => {
                format!("the e-mail domain {domain} speaks for {category}")
            }
            Reasoned::PriorityWord { priority, word } => format!("\"{word}\" asks for priority {priority}"),
            Reasoned::Mentioned => "the desk was mentioned, so the priority is not low".into(),
            Reasoned::NothingMatched { fallback } => format!("no rule matched, so it is {fallback}"),
            Reasoned::OnlyCourtesy { fallback } => format!("only greetings or thanks, so it is {fallback}"),
            Reasoned::OnlyFiles { files: 1, fallback } => format!("a file without text, so it is {fallback}"),
            Reasoned::OnlyFiles { files, fallback } => {
                format!("{files} files without text, so it is {fallback}")
            }
            Reasoned::Learned { category, examples, percent } => match examples {
                0 => format!("the words together speak for {category}, {percent} % sure"),
                1 => format!("learned from 1 example of {category}, {percent} % sure"),
                _ => format!("learned from {examples} examples of {category}, {percent} % sure"),
            },
            Reasoned::LearnedPriority { priority, asked, examples, percent } => {
                let examples =
                    if *examples == 1 { "1 example".to_owned() } else { format!("{examples} examples") };
                format!(
                    "learned from {examples} of priority {priority}, {percent} % sure, so it is not {asked}"
                )
            }
            Reasoned::Unsure { category, percent, fallback } => {
                format!("only {percent} % sure that it is {category}, so it is {fallback}")
            }
            Reasoned::ModelChose { category, percent } => {
                format!("the language model says {category} ({percent} % sure)")
            }
            Reasoned::ModelAgreed { percent } => {
                format!("the language model agrees ({percent} % sure)")
            }
            Reasoned::ModelUnsure { category, percent } => {
                format!("the language model says {category}, which does not count ({percent} % sure)")
            }
            Reasoned::ModelPriority { from, to } => {
                format!("the language model moved the priority from {from} to {to}")
            }
            Reasoned::ModelRefused { why } => {
                format!("the language model's answer is not used: {}", why.sentence())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Classifier, Priority, Reasoned, Verdict};

    #[test]
    fn a_verdict_survives_its_json() {
        let verdict = Verdict {
            category: "billing".into(),
            priority: Priority::High,
            confidence: 0.75,
            runners_up: vec![("sales".into(), 0.125)],
            reasons: vec![
                Reasoned::Keyword { category: "billing".into(), word: "refund".into() },
                Reasoned::OnlyFiles { files: 2, fallback: "other".into() },
                Reasoned::Mentioned,
            ],
            by: Classifier::Rules,
            abstained: false,
        };
        assert_eq!(Verdict::from_json(&verdict.to_json()).unwrap(), verdict);
        assert!(verdict.to_json().contains(r#""priority":"high""#), "{}", verdict.to_json());
        assert!(verdict.to_json().contains(r#""kind":"only_files""#), "{}", verdict.to_json());
    }

    #[test]
    fn priorities_are_read_in_any_case_and_ordered() {
        for priority in Priority::ALL {
            assert_eq!(priority.as_str().to_uppercase().parse(), Ok(priority));
        }
        assert!("soon".parse::<Priority>().is_err());
        assert!(Priority::Urgent > Priority::High && Priority::High > Priority::Normal);
        assert!(Priority::Normal > Priority::Low);
    }

    #[test]
    fn every_reason_reads_as_a_sentence() {
        let fallback = "other".to_owned();
        let one = Reasoned::OnlyFiles { files: 1, fallback: fallback.clone() };
        assert_eq!(one.sentence(), "a file without text, so it is other");
        let word = Reasoned::PriorityWord { priority: Priority::Urgent, word: "asap".into() };
        assert_eq!(word.sentence(), "\"asap\" asks for priority urgent");
        assert_eq!(Reasoned::NothingMatched { fallback }.sentence(), "no rule matched, so it is other");
    }
}
