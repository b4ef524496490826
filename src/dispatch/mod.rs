//! From us to the outside: what is submitted becomes rows of the outbox, and the rows become messages. `detour` sees to
//! channels that take none, `whisper` to answers that came too late for an acknowledgement. What does not go through Slack's
//! Web API is the business of `carry`: `hook` calls systems of the user's, signed by `sign`, and `mail` writes letters.
//! `report` makes the scheduled reports, with the `program` that one may have, and `chart` uploads their pictures.

pub mod bindings;
pub mod carry;
pub mod chart;
pub mod detour;
pub mod feed;
pub mod heartbeat;
pub mod hook;
pub mod mail;
pub mod own;
pub mod program;
pub mod report;
pub mod route;
pub mod send;
pub mod sign;
pub mod submit;
pub mod whisper;
