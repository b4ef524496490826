//! From us to Slack: what is submitted becomes rows of the outbox, and the rows become messages. `detour` sees to channels
//! that take none, `whisper` to answers that came too late for an acknowledgement.

pub mod detour;
pub mod feed;
pub mod heartbeat;
pub mod route;
pub mod send;
pub mod submit;
pub mod whisper;
