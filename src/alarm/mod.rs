//! Seeing and saying that deskd itself is in trouble: `watch` measures and raises troubles, `tell` gets them out of the house,
//! `ways` are the doors. What is a trouble and which door is taken is decided in `domain`.

pub mod command;
pub mod tell;
pub mod watch;
pub mod ways;

pub use tell::Teller;
pub use watch::{Unwritable, Watcher};
pub use ways::Ways;
