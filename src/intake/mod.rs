//! From Slack to a task: recorded and acknowledged, decoded and gathered, judged and made a task.

pub mod bundle;
pub mod latency;
pub mod listen;
pub mod people;
pub mod triage;
pub mod workspace;
