//! What was learned, and why something is judged as it is: explained, undone, forgotten.

use axum::Json;
use axum::extract::ConnectInfo;
use serde::{Deserialize, Serialize};

use super::arguments::Given;
use super::caller::Caller;
use super::errors::{Code, Refusal};
use super::tasks::no_task;
use super::{Front, ourselves, people};
use crate::domain::classify::{Bundled, Decision, Reasoned, decide, hints};
use crate::domain::ids::{TaskNumber, WorkspaceId};
use crate::domain::learn::Explanation;
use crate::domain::task::Actor;
use crate::intake::triage::asked;
use crate::store::examples::Untaught;

/// What is to be explained: a text, or a task.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    text: Option<String>,
    task: Option<i64>,
}

/// Why something is judged as it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExplanationDocument {
    /// The category it would get now.
    pub category: String,
    /// From 0 to 1.
    pub confidence: f64,
    /// Who decides: `rules` or `learned`.
    pub by: String,
    /// Whether nobody is sure enough, so that the category is the fallback or only a guess.
    pub abstained: bool,
    /// The priority it would get now.
    pub priority: String,
    /// What the learner says of it, whether that counts or not; nothing while there is no model.
    pub learned: Option<LearnedDocument>,
    /// The words that decided, strongest first, three at most.
    pub words: Vec<WordDocument>,
    /// The configured words and phrases that were found.
    pub phrases: Vec<PhraseDocument>,
    /// The next categories with their likelihood.
    pub runners_up: Vec<(String, f64)>,
    /// Why, as people read it.
    pub reasons: Vec<String>,
    /// Why no task would be made of it; nothing when one would.
    pub passed_over: Option<String>,
}

/// What the learner says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LearnedDocument {
    /// The category.
    pub category: String,
    /// From 0 to 1.
    pub confidence: f64,
    /// From how many examples.
    pub examples: usize,
}

/// A word that decided.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WordDocument {
    /// The word in lower case; a class in angle brackets.
    pub word: String,
    /// How much smaller the lead would be without it.
    pub weight: f64,
}

/// A configured word or phrase.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PhraseDocument {
    /// What it speaks for.
    pub category: String,
    /// As configured.
    pub phrase: String,
}

/// Whose lesson is taken back: the last one, or that of a task.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Which {
    task: Option<i64>,
}

/// Whose lessons are forgotten.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Whose {
    /// `@handle`, Slack id or address of a teammate; `user:alice` for somebody at the command line.
    person: String,
}

/// What was taken back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UntaughtDocument {
    /// Always true.
    pub ok: bool,
    /// The examples.
    pub untaught: Vec<UntaughtRow>,
}

/// One example that was taken back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UntaughtRow {
    /// The task it was made of, when it is still there.
    pub task: Option<i64>,
    /// Its category; empty for no request.
    pub category: String,
    /// Who had taught it.
    pub by: String,
}

/// `POST /v1/triage/explain`. A text is in the body, where no log sees it.
pub async fn explain(
    front: Front,
    Given(Question { text, task }): Given<Question>,
) -> Result<Json<ExplanationDocument>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    match (text, task) {
        (Some(text), None) => {
            let texts = [text.as_str()];
            Ok(Json(explained(&front, &workspace, &Bundled::of(&texts))))
        }
        (None, Some(number)) => {
            let number = TaskNumber(number);
            let found = front.store.of(&workspace).judged(number).await?;
            let bundle = found.ok_or_else(|| no_task(number))?;
            Ok(Json(asked(&bundle, |bundled| explained(&front, &workspace, bundled))))
        }
        (Some(_), Some(_)) | (None, None) => {
            Err(Refusal::bad("either a text or a task can be explained; hint: deskd triage explain \"text\""))
        }
    }
}

/// `POST /v1/triage/undo`.
pub async fn undo(
    front: Front,
    ConnectInfo(caller): ConnectInfo<Caller>,
    Given(Which { task }): Given<Which>,
) -> Result<Json<UntaughtDocument>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    let number = task.map(TaskNumber);
    if let Some(number) = number
        && front.store.of(&workspace).task(number).await?.is_none()
    {
        return Err(no_task(number));
    }
    let gone = front.store.of(&workspace).untaught(number, caller.actor(), (front.now)()).await?;
    let Some(gone) = gone else {
        let what = match number {
            Some(number) => format!("nothing was learned from task {number}; hint: deskd task show {number}"),
            None => "nobody has taught anything yet; hint: deskd task label NUMBER CATEGORY".to_owned(),
        };
        return Err(Refusal::new(Code::NothingKnown, what));
    };
    (front.learned.learn)();
    Ok(Json(document(vec![gone])))
}

/// `POST /v1/triage/forget`.
pub async fn forget(
    front: Front,
    ConnectInfo(caller): ConnectInfo<Caller>,
    Given(Whose { person }): Given<Whose>,
) -> Result<Json<UntaughtDocument>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    let teacher = match person.trim().strip_prefix("user:") {
        Some(name) => Actor::Operator(name.to_owned()),
        None => Actor::Teammate(people::find(&front, &workspace, &person).await?.0),
    };
    let gone =
        front.store.of(&workspace).forget_teacher(teacher.word(), caller.actor(), (front.now)()).await?;
    (front.learned.learn)();
    Ok(Json(document(gone)))
}

fn document(gone: Vec<Untaught>) -> UntaughtDocument {
    let row = |Untaught { task, category, actor }| UntaughtRow {
        task: task.map(|number: TaskNumber| number.0),
        category,
        by: actor,
    };
    UntaughtDocument { ok: true, untaught: gone.into_iter().map(row).collect() }
}

fn explained(front: &Front, workspace: &WorkspaceId, bundled: &Bundled<'_>) -> ExplanationDocument {
    let (compiled, policy) = (front.learned.rules.borrow().clone(), *front.learned.policy.borrow());
    let known = front.learned.mind.of(workspace);
    let decision = decide(bundled, &compiled, known.as_deref(), &policy);
    let told = known.as_ref().map(|known| known.explain(bundled.texts, &hints(bundled, &compiled)));
    let examples = known.map_or(0, |known| known.examples());
    let Decision { verdict, opinion, passed_over } = decision;
    let (words, phrases) = told.map(words).unwrap_or_default();
    ExplanationDocument {
        category: verdict.category,
        confidence: verdict.confidence,
        by: verdict.by.as_str().to_owned(),
        abstained: verdict.abstained,
        priority: verdict.priority.as_str().to_owned(),
        learned: opinion.map(|opinion| LearnedDocument {
            category: opinion.category,
            confidence: opinion.confidence,
            examples,
        }),
        words,
        phrases,
        runners_up: verdict.runners_up,
        reasons: verdict.reasons.iter().map(Reasoned::sentence).collect(),
        passed_over: passed_over.map(|why| why.sentence()),
    }
}

fn words(told: Explanation) -> (Vec<WordDocument>, Vec<PhraseDocument>) {
    let rounded = |weight: f32| (f64::from(weight) * 1000.0).round() / 1000.0;
    let words = told.words.into_iter();
    let words = words.map(|word| WordDocument { word: word.word, weight: rounded(word.weight) }).collect();
    let mut phrases: Vec<PhraseDocument> = Vec::new();
    for phrase in told.phrases {
        let found = PhraseDocument { category: phrase.category, phrase: phrase.text };
        let same = |other: &PhraseDocument| other.category == found.category && other.phrase == found.phrase;
        if !phrases.iter().any(same) {
            phrases.push(found);
        }
    }
    (words, phrases)
}
