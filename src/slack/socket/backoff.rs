//! How long to wait after a socket ended: a pure decision over the ending, the life before it and what went before.
//!
//! A hello resets the wait, and nothing else does. A server that greets and then drops is still not called in a tight loop:
//! only the first loss after a life that lasted is made good at once. The ten-socket limit is not forgotten at a hello.

use std::time::Duration;

use super::super::outcome::Failure;
use super::ending::Ending;

/// The first wait; doubles with each failure in a row.
const FIRST: Duration = Duration::from_secs(1);
/// The longest wait between ordinary attempts: an outage of Slack ends within a minute for us, too.
const LONGEST: Duration = Duration::from_secs(60);
/// The longest wait while Slack cannot even be reached: such an attempt costs nobody anything, and a network that is back
/// shall be used within seconds.
const NEAR: Duration = Duration::from_secs(8);
/// The first wait at Slack's ten-socket limit; ghosts of broken sockets take about that long to vanish.
const CROWDED: Duration = Duration::from_secs(30);
/// How often the wait at the limit doubles at most, to 4 minutes.
const CROWDED_DOUBLINGS: u32 = 3;
/// The wait where only an operator can help: long enough to be no load, short enough to notice the repair.
const SLOW: Duration = Duration::from_secs(300);
/// A life after hello whose loss is made good at once.
const HEALTHY: Duration = Duration::from_secs(10);
/// A life after hello that makes up for having met the ten-socket limit.
const ROOMY: Duration = Duration::from_secs(60);

/// What a socket's life was like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Life {
    /// Whether Slack said hello.
    pub greeted: bool,
    /// How long it lived, in whole seconds of our own running time.
    pub lasted: Duration,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// Try again after this time, by ourselves.
    Wait(Duration),
    /// An operator has to act; look again after this time all the same.
    Stop(Duration),
}

/// The memory of one link's failures.
#[derive(Clone, Copy, Debug, Default)]
pub struct Backoff {
    failures: u32,
    crowds: u32,
    /// Sockets lost in a row since one that lived long.
    losses: u32,
}

impl Backoff {
    /// Decides after an ending. `random` is from 0 up to 1 and keeps many daemons from calling in step.
    pub fn after(&mut self, ending: &Ending, life: Life, random: f64) -> Pause {
        self.heal(life);
        match ending {
            Ending::Crowded => Pause::Wait(self.crowded(random)),
            Ending::Disabled | Ending::NotOpened(Failure::Token { .. } | Failure::Refused { .. }) => {
                Pause::Stop(SLOW)
            }
            Ending::NotOpened(Failure::RateLimited { retry_after }) => {
                Pause::Wait(*retry_after + Duration::from_secs(1).mul_f64(random))
            }
            Ending::Refresh
            | Ending::Renewed
            | Ending::Recycled
            | Ending::Closed { .. }
            | Ending::Dropped
            | Ending::Silent
            | Ending::Slept => Pause::Wait(self.at_once_or_step(life, random)),
            Ending::NotOpened(Failure::Unreachable { .. }) => Pause::Wait(self.step(random).min(NEAR)),
            Ending::NotOpened(Failure::Unknown { .. })
            | Ending::NotDialled { .. }
            | Ending::NoHello
            | Ending::Unexplained
            | Ending::Garbage
            | Ending::Broken => Pause::Wait(self.step(random)),
            Ending::Overdue | Ending::Stopped => Pause::Wait(Duration::ZERO),
        }
    }

    fn heal(&mut self, life: Life) {
        if life.greeted {
            self.failures = 0;
        }
        if life.greeted && life.lasted >= HEALTHY {
            self.losses = 0;
        }
        if life.greeted && life.lasted >= ROOMY {
            self.crowds = 0;
        }
    }

    /// The first loss of a socket that was up costs nothing; from the second in a row on there is a wait.
    fn at_once_or_step(&mut self, life: Life, random: f64) -> Duration {
        self.losses = self.losses.saturating_add(1);
        if life.greeted && self.losses == 1 {
            self.failures = 1;
            return Duration::ZERO;
        }
        self.step(random)
    }

    fn step(&mut self, random: f64) -> Duration {
        let wait = FIRST.saturating_mul(1 << self.failures.min(6)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        wait.mul_f64(0.5 + random / 2.0)
    }

    fn crowded(&mut self, random: f64) -> Duration {
        let wait = CROWDED.saturating_mul(1 << self.crowds.min(CROWDED_DOUBLINGS));
        self.crowds = self.crowds.saturating_add(1);
        wait.mul_f64(1.0 + random)
    }
}

#[cfg(test)]
mod tests {
    use super::{Backoff, Ending, Life, Pause};
    use crate::slack::outcome::Failure;
    use std::time::Duration;

    const UNBORN: Life = Life { greeted: false, lasted: Duration::ZERO };
    const SHORT: Life = Life { greeted: true, lasted: Duration::from_secs(2) };
    const LONG: Life = Life { greeted: true, lasted: Duration::from_secs(3_600) };

    /// The pauses in seconds after these endings in a row; stops are negative.
    fn pauses(endings: &[(Ending, Life)]) -> Vec<f64> {
        let mut backoff = Backoff::default();
        let seconds = |(ending, life): &(Ending, Life)| match backoff.after(ending, *life, 0.0) {
            Pause::Wait(wait) => wait.as_secs_f64(),
            Pause::Stop(wait) => -wait.as_secs_f64(),
        };
        endings.iter().map(seconds).collect()
    }

    fn refused(error: &str) -> Ending {
        Ending::NotOpened(Failure::Refused { error: error.into(), needed: None, messages: Vec::new() })
    }

    #[test]
    fn each_ending_has_its_wait() {
        let token = Ending::NotOpened(Failure::Token { error: "invalid_auth".into() });
        let limited = Ending::NotOpened(Failure::RateLimited { retry_after: Duration::from_secs(10) });
        for (ending, life, seconds) in [
            (Ending::Dropped, LONG, 0.0),
            (Ending::Dropped, SHORT, 0.0),
            (Ending::Dropped, UNBORN, 0.5),
            (Ending::Refresh, LONG, 0.0),
            (Ending::Refresh, UNBORN, 0.5),
            (Ending::Closed { code: Some(1006) }, LONG, 0.0),
            (Ending::Silent, LONG, 0.0),
            (Ending::Slept, LONG, 0.0),
            (Ending::Recycled, LONG, 0.0),
            (Ending::Renewed, LONG, 0.0),
            (Ending::Unexplained, LONG, 0.5),
            (Ending::Garbage, LONG, 0.5),
            (Ending::Broken, LONG, 0.5),
            (Ending::NoHello, UNBORN, 0.5),
            (Ending::NotDialled { what: "refused".into() }, UNBORN, 0.5),
            (Ending::NotOpened(Failure::Unknown { what: "HTTP 500".into() }), UNBORN, 0.5),
            (Ending::Crowded, SHORT, 30.0),
            (limited, UNBORN, 10.0),
            (Ending::Disabled, LONG, -300.0),
            (token, UNBORN, -300.0),
            (refused("brand_new_error"), UNBORN, -300.0),
        ] {
            assert_eq!(pauses(&[(ending.clone(), life)]), [seconds], "{ending:?} {life:?}");
        }
    }

    #[test]
    fn failures_in_a_row_double_the_wait_up_to_a_minute() {
        let row = vec![(Ending::NoHello, UNBORN); 9];
        assert_eq!(pauses(&row), [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]);
    }

    #[test]
    fn f04_a_network_that_is_gone_is_tried_every_few_seconds() {
        let gone = Ending::NotOpened(Failure::Unreachable { what: "no connection".into() });
        let row = vec![(gone, UNBORN); 7];
        assert_eq!(pauses(&row), [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]);
    }

    #[test]
    fn a_hello_resets_the_wait_and_a_server_that_greets_and_drops_is_called_once_a_second_at_most() {
        let dropped = |life| (Ending::Dropped, life);
        assert_eq!(
            pauses(&[dropped(SHORT), dropped(SHORT), dropped(SHORT), dropped(LONG)]),
            [0.0, 0.5, 0.5, 0.0]
        );
    }

    #[test]
    fn a_refresh_gets_one_try_at_once_and_then_backs_off() {
        let failed = (Ending::NotOpened(Failure::Unknown { what: "HTTP 500".into() }), UNBORN);
        assert_eq!(pauses(&[(Ending::Refresh, LONG), failed.clone(), failed]), [0.0, 1.0, 2.0]);
    }

    #[test]
    fn f06_the_ten_socket_limit_backs_off_longer_each_time_even_after_a_hello() {
        let crowded = (Ending::Crowded, SHORT);
        assert_eq!(
            pauses(&[crowded.clone(), crowded.clone(), (Ending::Dropped, SHORT), crowded.clone(), crowded]),
            [30.0, 60.0, 0.0, 120.0, 240.0]
        );
        let longest = Backoff::default().after(&Ending::Crowded, SHORT, 1.0);
        assert_eq!(longest, Pause::Wait(Duration::from_secs(60)));
    }
}
