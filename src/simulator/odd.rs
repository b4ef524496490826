//! Deliveries as Slack makes them when something went wrong on its side or before: what only a test asks for.

use serde_json::Value;

use super::Simulator;
use super::parcel::Purpose;
use super::verbs::Sent;

impl Simulator {
    /// Sends an event's payload as the retry number `attempt`, whether or not there was an attempt before.
    pub fn deliver_retry(&self, payload: Value, attempt: u32) -> Sent {
        self.act(|workspace| {
            let now_ms = workspace.clock.now_ms();
            let at = (&mut workspace.ids, now_ms);
            Sent(workspace.post.raise_retry(attempt, payload, Purpose::Nothing, at))
        })
    }
}
