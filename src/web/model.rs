//! The language model in the documents and the metrics: what it is asked, what that costs, and how it fares.

use std::collections::BTreeMap;

use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};
use serde::{Deserialize, Serialize};

use super::Front;
use super::errors::Refusal;
use super::metrics::{Labels, words};
use super::status::WrongDocument;
use super::tasks::time;
use crate::domain::advice::answer::Refusal as Refused;
use crate::domain::advice::budget::{Budget, Spent};
use crate::domain::advice::pace::Failure;
use crate::domain::ids::WorkspaceId;
use crate::domain::own::Severity;
use crate::store::advice::Advised;

/// The states of a question, as labels.
const STATES: [&str; 6] = ["waiting", "asking", "done", "refused", "failed", "skipped"];

/// The reasons of questions that are not asked, as labels.
const SKIPPED: [&str; 3] = ["budget", "nothing_said", "off"];

/// What is known of the model from the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// What it is called.
    pub name: String,
    /// Where it is.
    pub host: String,
    /// When it is asked for a category: `never`, `abstain` or `always`.
    pub mode: &'static str,
    /// Whether it writes titles and summaries.
    pub summaries: bool,
    /// What it may cost.
    pub budget: Budget,
}

/// The model in `deskd status`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ModelDocument {
    /// What it is called.
    pub name: String,
    /// Where it is.
    pub host: String,
    /// When it is asked for a category: `never`, `abstain` or `always`.
    pub mode: String,
    /// Whether it writes titles and summaries.
    pub summaries: bool,
    /// Questions by state.
    pub questions: BTreeMap<String, i64>,
    /// Calls of this month.
    pub calls: u64,
    /// Tokens of this month.
    pub tokens: u64,
    /// Most tokens in a month.
    pub tokens_limit: Option<u64>,
    /// Money of this month, in millionths of the currency of the prices.
    pub cost_millionths: u64,
    /// Most money in a month, in millionths.
    pub cost_limit_millionths: Option<u64>,
    /// How long the last call took, in milliseconds.
    pub last_took_ms: Option<u64>,
    /// Why it cannot be asked, when it could not the last time: a stable word.
    pub failing: Option<String>,
    /// Since when, RFC 3339.
    pub failing_at: Option<String>,
}

/// How the model stands; `None` where there is none.
pub async fn document(
    front: &Front,
    workspace: Option<&WorkspaceId>,
) -> Result<Option<ModelDocument>, Refusal> {
    let Some(asked) = front.settings.borrow().model.clone() else { return Ok(None) };
    let (spent, advised) = standing(front, workspace).await?;
    let took = front.advice.counts().last_took;
    let (failing, failing_at) = advised.failing.unzip();
    Ok(Some(ModelDocument {
        name: asked.name,
        host: asked.host,
        mode: asked.mode.to_owned(),
        summaries: asked.summaries,
        questions: advised.states,
        calls: spent.calls,
        tokens: spent.usage.tokens_in + spent.usage.tokens_out,
        tokens_limit: asked.budget.tokens,
        cost_millionths: spent.cost,
        cost_limit_millionths: asked.budget.cost,
        last_took_ms: took.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
        failing,
        failing_at: time(failing_at),
    }))
}

async fn standing(front: &Front, workspace: Option<&WorkspaceId>) -> Result<(Spent, Advised), Refusal> {
    let Some(workspace) = workspace else { return Ok(Default::default()) };
    let space = front.store.of(workspace);
    Ok((space.model_spending((front.now)()).await?, space.advised().await?))
}

/// What is wrong with the model. Tasks are made all the same, so nothing of it is critical.
pub fn wrong(model: &ModelDocument) -> Option<WrongDocument> {
    let reason = model.failing.as_ref()?;
    let hint = match reason.as_str() {
        "http_401" | "http_403" => {
            "is the key right? DESKD_MODEL_KEY, model.key_file or the credential model_key"
        }
        "http_404" => "are model.url and model.name right?",
        "not_allowed" => "the address leads outside of what model.egress and model.private allow",
        "budget" => "raise model.monthly_tokens or model.monthly_cost, or wait for the next month",
        _ => "tasks are made all the same; see docs/language-models.md",
    };
    Some(WrongDocument {
        what: format!("the language model cannot be asked: {reason}"),
        since: model.failing_at.clone(),
        hint: hint.to_owned(),
        severity: Severity::Warning.as_str().to_owned(),
    })
}

/// The figures of calls and costs.
pub async fn figures(registry: &mut Registry, front: &Front) -> Result<(), Refusal> {
    let ours = front.ours.borrow().clone();
    let (spent, advised) = standing(front, ours.as_ref().map(|ours| &ours.workspace)).await?;
    let counts = front.advice.counts();
    let calls = Family::<Labels, Counter>::default();
    let refused = Refused::ALL.iter().map(|why| format!("refused_{why}"));
    let failed = Failure::CLASSES.iter().map(|why| format!("failed_{why}"));
    for outcome in refused.chain(failed).chain(["answered".to_owned()]) {
        let count = counts.calls.get(&outcome).copied().unwrap_or_default();
        calls.get_or_create(&vec![("outcome", outcome)]).inc_by(count);
    }
    registry.register("model_calls", "Calls of the language model by what came of them", calls);
    let skipped = Family::<Labels, Counter>::default();
    for why in SKIPPED {
        let count = counts.skipped.get(why).copied().unwrap_or_default();
        skipped.get_or_create(&vec![("why", why.to_owned())]).inc_by(count);
    }
    registry.register("model_skipped", "Questions that the language model was not asked, by reason", skipped);
    let tokens = Family::<Labels, Counter>::default();
    for (direction, count) in [("in", counts.usage.tokens_in), ("out", counts.usage.tokens_out)] {
        tokens.get_or_create(&vec![("direction", direction.to_owned())]).inc_by(count);
    }
    registry.register("model_tokens", "Tokens of questions and answers", tokens);
    let cost = ConstCounter::new(units(counts.cost));
    registry.register("model_cost", "What calls cost, in the currency of the configured prices", cost);
    let help = "What the calls of this month cost, in the currency of the configured prices";
    registry.register("model_month_cost", help, ConstGauge::new(units(spent.cost)));
    let month = spent.usage.tokens_in + spent.usage.tokens_out;
    let month = ConstGauge::new(i64::try_from(month).unwrap_or(i64::MAX));
    registry.register("model_month_tokens", "Tokens of the calls of this month", month);
    let family = words(STATES, &advised.states);
    registry.register(
        "model_questions",
        "Questions for the language model that are stored, by state",
        family,
    );
    let help = "How long calls of the language model took";
    registry.register_with_unit("model_call", help, Unit::Seconds, front.advice.histogram());
    Ok(())
}

fn units(millionths: u64) -> f64 {
    millionths as f64 / 1_000_000.0
}
