//! How many examples there are.

use super::error::StoreError;
use super::space::Space;
use crate::domain::learn::report::Taught;

impl Space {
    /// How many examples of categories count: of each category, and from each source. What is no request is of
    /// no category.
    pub async fn taught(&self) -> Result<Taught, StoreError> {
        self.read(move |tx, workspace| {
            let mut query = tx.prepare_cached(
                "SELECT category, source, COUNT(*) FROM examples
                 WHERE workspace = ? AND about = 'category' AND replaced_by IS NULL
                 GROUP BY category, source ORDER BY category, source",
            )?;
            let mut found = query.query([&workspace.0])?;
            let mut taught = Taught::default();
            while let Some(row) = found.next()? {
                let (category, source, count): (String, String, i64) =
                    (row.get(0)?, row.get(1)?, row.get(2)?);
                let count = usize::try_from(count).unwrap_or_default();
                *taught.sources.entry(source).or_default() += count;
                if !category.is_empty() {
                    *taught.categories.entry(category).or_default() += count;
                }
            }
            Ok(taught)
        })
        .await
    }
}
