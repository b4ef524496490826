//! From us to Slack: what is submitted becomes rows of the outbox, and the rows become messages. `detour` sees to channels
//! that take none, `whisper` to answers that came too late for an acknowledgement. `report` makes the scheduled reports, with
//! the `program` that one may have, and `chart` uploads their pictures.

pub mod chart;
pub mod detour;
pub mod feed;
pub mod program;
pub mod report;
pub mod route;
pub mod send;
pub mod submit;
pub mod whisper;
