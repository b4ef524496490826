//! TOML in, checked `Config` out, all problems at once. Secrets are read here and nowhere else.

pub mod secret;

pub use secret::Secret;
