//! The audit: who changed what at the desk, in rows that are only added to.
//!
//! Each row has a digest over itself and the digest before it, so that no row can be changed, taken out or moved without the
//! chain showing where. The head says which row is the last, or a cut tail would not show; it is sealed with a key that is derived
//! from the key of the secrets, or whoever can write the file could make a chain of their own. Without a key there is no
//! seal, and `Seal` says so. See `docs/decisions/0059-the-audit-is-a-sealed-chain.md`.

mod chain;
mod deed;
mod head;

pub use chain::{Anchor, Beside, Break, Entry, Examiner, Finding};
pub use deed::{Act, Deed, Marks, changed_keys, marks};
pub use head::{Head, Past, Seal, misgiving};

#[cfg(test)]
mod tests;
