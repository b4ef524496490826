//! The proof that an acknowledgement needs.
//!
//! `slack` and `store` do not know each other, and yet an ack must not be possible before a commit. So the proof is a
//! trait here: the store's `Recorded` is its only implementation, and `slack::socket` asks for it in `ack`.

use super::ids::EventId;

/// Something that is on disk. Implemented by `store::Recorded` alone, which only a commit can make.
pub trait Durable {
    /// The journal row that holds it.
    fn event(&self) -> EventId;
}
