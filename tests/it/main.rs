//! The integration tests: one crate, so that they link once.

mod api;
mod architecture;
mod crash;
mod demo;
mod inbound;
mod outbound;
mod payloads;
mod readme;
mod simulated;
mod socket;
mod stage;
mod store_contract;
mod web;
mod world;
