//! Tiny machinery that knows nothing of the product: a clock, a bell, the worker loop and the crew that runs them.

pub mod bell;
pub mod clock;
pub mod crew;
pub mod worker;
