//! TOML in, checked `Config` out, all problems at once. Secrets are read here and nowhere else.
//!
//! `places` says where files lie; `settings` is the result; `problem` is what is wrong with it; `secret` is a token.

pub mod places;
pub mod problem;
pub mod secret;
pub mod settings;

use std::collections::BTreeMap;

pub use places::Places;
pub use problem::{Problem, Problems, Spot};
pub use secret::Secret;
pub use settings::Config;

/// The environment variables, handed in so that a test has its own.
pub type Environment = BTreeMap<String, String>;
