//! From us to Slack: what is submitted becomes rows of the outbox, and the rows become messages.

pub mod send;
pub mod detour;
pub mod submit;
