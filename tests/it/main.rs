//! The integration tests: one crate, so that they link once.

#![allow(clippy::unwrap_used, reason = "a scene that cannot go on shall stop where it stands")]

mod api;
mod api_desk;
mod api_door;
mod api_health;
mod architecture;
mod cli_desk;
mod cli_doctor;
mod corpus;
mod crash;
mod demo;
mod disk;
mod duplicates;
mod hostile;
mod inbound;
mod log;
mod loops;
mod mutate;
mod outbound;
mod payloads;
mod process;
mod readme;
mod secrets;
mod simulated;
mod socket;
mod stage;
mod store_contract;
mod web;
mod world;
