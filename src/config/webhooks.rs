//! Which incoming webhooks the configuration names. The webhooks themselves are in the database.

use std::collections::BTreeSet;

use super::Config;

/// The names of the webhooks that something in the configuration posts to. Such a webhook keeps its name.
pub fn names_in_use(config: &Config) -> BTreeSet<String> {
    let _ = config;
    BTreeSet::new()
}
