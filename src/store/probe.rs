//! How notices that went to one place each ended: for `deskd test`.

use rusqlite::OptionalExtension;

use super::error::StoreError;
use super::space::Space;
use crate::domain::ids::NoticeId;

/// How one ended, or where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The state of its delivery; of the notice where there is none.
    pub state: String,
    /// Why; empty for no reason.
    pub reason: String,
}

impl Space {
    /// How each of these notices ended, in their order.
    pub async fn outcomes_of(&self, ids: Vec<NoticeId>) -> Result<Vec<Outcome>, StoreError> {
        self.read(move |tx, workspace| {
            let mut query = tx.prepare_cached(
                "SELECT COALESCE(d.state, n.state), COALESCE(d.reason, n.reason) FROM notices n
                 LEFT JOIN deliveries d ON d.notice = n.id WHERE n.id = ? AND n.workspace = ? ORDER BY d.id LIMIT 1",
            )?;
            let mut outcomes = Vec::with_capacity(ids.len());
            for id in ids {
                let found =
                    query.query_row((id.0, &workspace.0), |row| Ok(Outcome { state: row.get(0)?, reason: row.get(1)? }));
                let gone = || Outcome { state: "dropped".to_owned(), reason: "erased".to_owned() };
                outcomes.push(found.optional()?.unwrap_or_else(gone));
            }
            Ok(outcomes)
        })
        .await
    }
}
