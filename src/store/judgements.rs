//! What was said of each bundle before anything was learned from it: what reports on the learner are made of.

use rusqlite::Transaction;

use super::error::StoreError;
use super::space::Space;
use crate::domain::classify::{Classifier, Opinion, Verdict};
use crate::domain::ids::{BundleId, TaskId, TaskNumber};
use crate::domain::time::Timestamp;

/// A judgement as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The task that it made or changed.
    pub task: TaskNumber,
    /// When.
    pub at: Timestamp,
    /// The verdict's category.
    pub category: String,
    /// How sure the verdict was.
    pub confidence: f64,
    /// Who decided: `rules`, `learned` or `model`.
    pub by: String,
    /// Whether nobody was sure enough.
    pub abstained: bool,
    /// What the learner said, whether it counted or not; empty when there was none.
    pub learned: String,
    /// How sure the learner was.
    pub learned_confidence: f64,
    /// The right category, as far as it is known; the empty one is no request.
    pub truth: Option<String>,
    /// Who says that it is right: `person`, or `accepted` for closing without a change; empty while nobody does.
    pub truth_by: String,
}

impl Space {
    /// The judgements since `from`, oldest first.
    pub async fn judgements(&self, from: Timestamp) -> Result<Vec<Judged>, StoreError> {
        self.read(move |tx, workspace| {
            let mut query = tx.prepare_cached(
                "SELECT t.number, j.at, j.category, j.confidence, j.decided_by, j.abstained, j.learned,
                     j.learned_confidence, j.truth, j.truth_by
                 FROM judgements j JOIN tasks t ON t.id = j.task WHERE j.workspace = ? AND j.at >= ? ORDER BY j.id",
            )?;
            let rows = query.query_map((&workspace.0, from.0), |row| {
                let truth_by: String = row.get(9)?;
                let truth: String = row.get(8)?;
                Ok(Judged {
                    task: TaskNumber(row.get(0)?),
                    at: Timestamp(row.get(1)?),
                    category: row.get(2)?,
                    confidence: row.get(3)?,
                    by: row.get(4)?,
                    abstained: row.get(5)?,
                    learned: row.get(6)?,
                    learned_confidence: row.get(7)?,
                    truth: (!truth_by.is_empty()).then_some(truth),
                    truth_by,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }
}

/// Notes what was said of a bundle.
pub(super) fn note(
    tx: &Transaction<'_>,
    task: TaskId,
    bundle: BundleId,
    (verdict, opinion): (&Verdict, Option<&Opinion>),
    now: Timestamp,
) -> Result<(), StoreError> {
    let figures = opinion.map(|opinion| opinion.figures.to_json()).unwrap_or_default();
    let decided_by = match verdict.by {
        Classifier::Rules => "rules",
        Classifier::Learned => "learned",
        Classifier::Model => "model",
    };
    tx.prepare_cached(
        "INSERT INTO judgements (workspace, task, bundle, category, confidence, decided_by, abstained, learned,
             learned_confidence, lead, figures, truth, truth_by, at)
         SELECT workspace, id, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, '', '', ?11 FROM tasks WHERE id = ?1",
    )?
    .execute((
        task.0,
        bundle.0,
        &verdict.category,
        verdict.confidence,
        decided_by,
        verdict.abstained,
        opinion.map_or("", |opinion| opinion.category.as_str()),
        opinion.map_or(0.0, |opinion| opinion.confidence),
        opinion.map_or(0.0, |opinion| opinion.lead),
        figures,
        now.0,
    ))?;
    Ok(())
}
