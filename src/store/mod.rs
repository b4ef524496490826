//! All SQL. One method is one transaction; domain types go in and out; no row, statement or connection leaves.
//!
//! One connection writes, a few read. The writer is durable at every commit (WAL, `synchronous=FULL`), because what
//! `record_events` commits is acknowledged to a machine that will not send it again.

pub mod advice;
pub mod apps;
pub mod audit;
pub mod backup;
pub mod carried;
pub mod channels;
pub mod charts;
pub mod contacts;
mod conversation;
pub mod copies;
mod departures;
mod derived;
pub mod destinations;
pub mod directory;
pub mod erasures;
mod error;
pub mod events;
pub mod export;
pub mod feed;
pub mod figures;
mod finish;
mod gather;
pub mod groups;
mod handled;
mod heads;
pub mod heartbeats;
pub mod held;
pub mod installations;
mod known;
pub mod life;
pub mod limits;
pub mod mentions;
mod migrate;
pub mod notices;
pub mod outbox;
pub mod people;
pub mod probe;
pub mod recovered;
pub mod recovery;
pub mod rehearse;
pub mod reports;
pub mod retention;
pub mod routing;
mod rows;
pub mod sealed;
pub mod silences;
mod space;
mod sqlite;
pub mod status;
pub mod tasks;
pub mod tellings;
mod traces;
mod trail;
pub mod triage;
pub mod troubles;
pub mod webhooks;
pub mod whispers;
pub mod why;

pub use departures::Departed;
pub use error::StoreError;
pub use events::{Decoded, Incoming, Recorded, StoredEvent, Whose};
pub use space::Space;
pub use sqlite::{Occupied, Store, occupy};
