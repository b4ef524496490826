//! The built-in words.

use super::{CategoryRule, PriorityWords};

pub fn categories() -> Vec<CategoryRule> {
    Vec::new()
}
pub fn priority() -> PriorityWords {
    PriorityWords::default()
}
