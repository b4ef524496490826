//! What a model may answer. Everything else is refused, with a word that says why, and changes nothing.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Wanted;
use crate::domain::classify::Priority;

/// Longest title that is taken, in characters: a line of a list.
const TITLE_CHARS: usize = 120;

/// Longest summary that is taken, in characters: a sentence, even a long one.
const SUMMARY_CHARS: usize = 400;

/// What a model said of a task.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// One of the categories that were offered.
    pub category: String,
    /// How soon somebody should look.
    pub priority: Priority,
    /// How sure it says it is of the category, from 0 to 1.
    pub confidence: f64,
    /// A title, when one was wanted; placeholders stand for names.
    pub title: Option<String>,
    /// A summary, when one was wanted; placeholders stand for names.
    pub summary: Option<String>,
}

/// Why an answer is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// It is not one JSON object.
    NotJson,
    /// Fields are missing, too many, or of another type.
    Shape,
    /// The category is none of those that were offered.
    Category,
    /// The priority is none.
    Priority,
    /// The confidence is no number from 0 to 1.
    Confidence,
    /// Title or summary are empty, too long, or hold what no summary needs: a link, a mention, a second line.
    Summary,
    /// The model did not finish: it was cut at its limit.
    Unfinished,
    /// The model said that it will not answer.
    Declined,
    /// What came was no answer of the protocol.
    Protocol,
}

impl Refusal {
    /// All of them.
    pub const ALL: [Refusal; 9] = [
        Refusal::NotJson,
        Refusal::Shape,
        Refusal::Category,
        Refusal::Priority,
        Refusal::Confidence,
        Refusal::Summary,
        Refusal::Unfinished,
        Refusal::Declined,
        Refusal::Protocol,
    ];

    /// The word that is stored and counted.
    pub fn as_str(self) -> &'static str {
        match self {
            Refusal::NotJson => "not_json",
            Refusal::Shape => "shape",
            Refusal::Category => "category",
            Refusal::Priority => "priority",
            Refusal::Confidence => "confidence",
            Refusal::Summary => "summary",
            Refusal::Unfinished => "unfinished",
            Refusal::Declined => "declined",
            Refusal::Protocol => "protocol",
        }
    }

    /// The same in plain words, without a full stop.
    pub fn sentence(self) -> &'static str {
        match self {
            Refusal::NotJson => "it was not JSON",
            Refusal::Shape => "its fields were not those that were asked for",
            Refusal::Category => "it named a category that there is not",
            Refusal::Priority => "it named a priority that there is not",
            Refusal::Confidence => "its confidence was no number from 0 to 1",
            Refusal::Summary => "its title or summary held what no summary needs",
            Refusal::Unfinished => "it ended before it was complete",
            Refusal::Declined => "the model declined to answer",
            Refusal::Protocol => "it was no answer of the protocol",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Reads an answer: a JSON object with exactly the fields that were asked for.
pub fn read(text: &str, wanted: Wanted, offered: &[String]) -> Result<Answer, Refusal> {
    let fields: Map<String, Value> = match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => fields,
        Ok(_) | Err(_) => return Err(Refusal::NotJson),
    };
    let mut names = vec!["category", "priority", "confidence"];
    if wanted.summary {
        names.extend(["title", "summary"]);
    }
    if fields.len() != names.len() || !names.iter().all(|name| fields.contains_key(*name)) {
        return Err(Refusal::Shape);
    }
    let text = |name: &str| fields.get(name).and_then(Value::as_str).ok_or(Refusal::Shape);
    let category = text("category")?;
    if !offered.iter().any(|known| known == category) {
        return Err(Refusal::Category);
    }
    let priority = Priority::ALL.into_iter().find(|known| Ok(known.as_str()) == text("priority"));
    let confidence = fields.get("confidence").and_then(Value::as_f64).ok_or(Refusal::Confidence)?;
    if !(0.0..=1.0).contains(&confidence) {
        return Err(Refusal::Confidence);
    }
    let (title, summary) = match wanted.summary {
        true => (Some(line(text("title")?, TITLE_CHARS)?), Some(line(text("summary")?, SUMMARY_CHARS)?)),
        false => (None, None),
    };
    let priority = match text("priority") {
        Ok(_) => priority.ok_or(Refusal::Priority)?,
        Err(shape) => return Err(shape),
    };
    Ok(Answer { category: category.to_owned(), priority, confidence, title, summary })
}

/// One line of plain words. People will click on links and be called by mentions that stand in it, so there are none.
fn line(text: &str, most: usize) -> Result<String, Refusal> {
    let text = text.trim();
    let odd = text.chars().any(|c| {
        c.is_control() || matches!(c, '<' | '>' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    });
    let small = text.to_lowercase();
    let points = ["http:", "https:", "www.", "://", "@here", "@channel", "@everyone"]
        .iter()
        .any(|link| small.contains(link));
    match text.is_empty() || text.chars().count() > most || odd || points {
        true => Err(Refusal::Summary),
        false => Ok(text.to_owned()),
    }
}
