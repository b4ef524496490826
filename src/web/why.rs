//! What became of something, and why: the stored reasons in the order they came about.

use axum::Json;
use serde::{Deserialize, Serialize};

use super::arguments::Asked;
use super::errors::{Code, Refusal};
use super::{Front, ourselves};
use crate::domain::reference::{self, Reference};
use crate::store::why::{Step, Subject};

/// The document of `deskd why`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WhyDocument {
    /// What was asked about.
    pub about: String,
    /// What happened, oldest first.
    pub steps: Vec<StepDocument>,
}

/// One step.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StepDocument {
    /// When, RFC 3339.
    pub at: String,
    /// What it concerns: `event 12`, `bundle 3`, `task 5`, `send 7`.
    pub what: String,
    /// The stored reason, a stable word.
    pub reason: String,
    /// The same as people read it.
    pub sentence: String,
}

/// What is asked about.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    r#ref: String,
}

/// `GET /v1/why?ref=…`.
pub async fn show(
    front: Front,
    Asked(About { r#ref: about }): Asked<About>,
) -> Result<Json<WhyDocument>, Refusal> {
    let workspace = ourselves(&front).await?.workspace;
    let found = reference::parse(&about);
    let found = found.map_err(|problem| Refusal::bad(format!("{problem}; hint: deskd why \"task 12\"")))?;
    let steps = front.store.of(&workspace).trail(subject(found)).await?;
    if steps.is_empty() {
        let what = format!(
            "nothing is stored about {about:?}; hint: was the bot in the channel at that time? \
                            Raw events are kept as long as [store] keep_events says"
        );
        return Err(Refusal::new(Code::NothingKnown, what));
    }
    let document =
        |Step { at, what, reason, sentence }| StepDocument { at: at.to_string(), what, reason, sentence };
    Ok(Json(WhyDocument { about, steps: steps.into_iter().map(document).collect() }))
}

fn subject(found: Reference) -> Subject {
    match found {
        Reference::Permalink { channel, ts, thread: _ } | Reference::Message { channel, ts } => {
            Subject::Message(channel, ts)
        }
        Reference::Event(id) => Subject::SlackEvent(id),
        Reference::Journal(id) => Subject::Event(id),
        Reference::Bundle(id) => Subject::Bundle(id),
        Reference::Task(number) => Subject::Task(number),
        Reference::Send(id) => Subject::Send(id),
        Reference::Trouble(id) => Subject::Trouble(id),
        Reference::Notice(id) => Subject::Notice(id),
        Reference::Delivery(id) => Subject::Delivery(id),
    }
}
