//! How long envelopes wait for their acknowledgement, as a histogram. Slack's patience is 3 s.

use std::time::Duration;

use prometheus_client::metrics::histogram::Histogram;

/// Upper bounds in seconds: a commit takes a few milliseconds, a slow disk some tens.
const BOUNDS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0];

/// The histogram. Clones share it.
#[derive(Clone, Debug)]
pub struct Latency(Histogram);

impl Default for Latency {
    fn default() -> Latency {
        Latency(Histogram::new(BOUNDS))
    }
}

impl Latency {
    /// Counts a batch of envelopes that were acknowledged together.
    pub fn observe(&self, waited: Duration, envelopes: usize) {
        for _ in 0..envelopes {
            self.0.observe(waited.as_secs_f64());
        }
    }

    /// The histogram for a registry.
    pub fn histogram(&self) -> Histogram {
        self.0.clone()
    }
}
