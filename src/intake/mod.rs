//! From Slack to a task: recorded and acknowledged, decoded and gathered, judged and made a task; and what did not arrive,
//! read from the history.

pub mod account;
pub mod advise;
pub mod backfill;
pub mod bundle;
pub mod canary;
pub mod directory;
mod doubts;
mod early;
mod install;
pub mod kin;
pub mod latency;
pub mod learn;
pub mod listen;
pub mod lookout;
pub mod people;
pub mod rotation;
pub mod triage;
pub mod workspace;
