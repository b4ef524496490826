//! The integration tests: one crate, so that they link once.

mod api;
mod payloads;
mod simulated;
mod socket;
mod stage;
mod web;
