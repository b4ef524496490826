//! The integration tests: one crate, so that they link once.

mod architecture;
mod crash;
mod inbound;
mod outbound;
mod payloads;
mod socket;
mod stage;
mod world;
