//! The integration tests: one crate, so that they link once.

#![allow(clippy::unwrap_used, reason = "a scene that cannot go on shall stop where it stands")]

mod alarm;
mod api;
mod api_desk;
mod api_door;
mod api_health;
mod architecture;
mod backups;
mod cli_desk;
mod cli_doctor;
mod crash;
mod demo;
mod disk;
mod erasure;
mod inbound;
mod monitoring;
mod outbound;
mod payloads;
mod process;
mod readme;
mod simulated;
mod socket;
mod stage;
mod store_contract;
mod web;
mod world;
