//! Wiring: everything that runs is started in one straight line and stopped as its mirror.
//!
//! Start: database, workers, listener, sockets, local API. Stop: sockets with a close frame, workers after their step,
//! API, checkpoint. Nothing here decides anything.

mod apps;
mod bells;
pub mod daemon;
mod housekeeping;
pub mod log;
pub mod memory;
mod parts;
pub mod reload;
mod sockets;
mod speakers;
mod systemd;
mod wire;

pub use reload::Reloadable;
pub use wire::{Desk, Setup};
