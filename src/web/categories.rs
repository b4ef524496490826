//! The categories there are.

use axum::Json;
use serde::{Deserialize, Serialize};

use super::Front;

/// The document of the list.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CategoriesDocument {
    /// Names, in the order in which equals are decided.
    pub categories: Vec<String>,
}

/// `GET /v1/categories`.
pub async fn list(front: Front) -> Json<CategoriesDocument> {
    Json(CategoriesDocument { categories: front.settings.borrow().categories.clone() })
}
