//! A bell: "there may be work in your table". It carries no data, and losing a ring costs a poll, not a message.

use std::sync::Arc;

use tokio::sync::Notify;

/// Rings for one worker. Several rings before it listens are one ring.
#[derive(Clone, Debug, Default)]
pub struct Bell(Arc<Notify>);

impl Bell {
    /// A bell nobody has rung yet.
    pub fn new() -> Bell {
        Bell::default()
    }

    /// Rings it. Never waits.
    pub fn ring(&self) {
        self.0.notify_one();
    }

    /// Waits until it rings; returns at once when it rang since the last time.
    pub async fn heard(&self) {
        self.0.notified().await;
    }
}
