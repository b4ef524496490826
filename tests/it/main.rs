//! The integration tests: one crate, so that they link once.

mod architecture;
mod payloads;
mod socket;
mod stage;
