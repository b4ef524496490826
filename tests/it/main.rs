//! The integration tests: one crate, so that they link once.

#![allow(clippy::unwrap_used, reason = "a scene that cannot go on shall stop where it stands")]

mod api;
mod api_desk;
mod api_door;
mod api_health;
mod architecture;
mod backups;
mod cli_desk;
mod cli_doctor;
mod connection;
mod connection_canary;
mod connection_stop;
mod crash;
mod demo;
mod disk;
mod erasure;
mod http_mode;
mod inbound;
mod migrations;
mod outbound;
mod payloads;
mod process;
mod process_connection;
mod readme;
mod recovery;
mod recovery_crash;
mod rehearsal;
mod reorder;
mod retention;
mod sending;
mod simulated;
mod slow_disk;
mod socket;
mod stage;
mod store_contract;
mod web;
mod whispers;
mod workspace;
mod world;
