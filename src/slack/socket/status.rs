//! What others may see of the links: their states for people, their counters for metrics.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::ending::Ending;
use crate::domain::time::Timestamp;

/// Where a link stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// Opening a socket.
    Connecting,
    /// A socket is up: Slack said hello on it. Stays so while a socket is being replaced.
    Connected,
    /// Waiting before the next attempt.
    Waiting,
    /// Waiting for an operator; looks again every 5 minutes. Also after the stop.
    Stopped,
}

impl LinkState {
    /// The state in lower case, as in JSON and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            LinkState::Connecting => "connecting",
            LinkState::Connected => "connected",
            LinkState::Waiting => "waiting",
            LinkState::Stopped => "stopped",
        }
    }
}

/// One link as shown to people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkStatus {
    /// Where it stands.
    pub state: LinkState,
    /// Since when.
    pub since: Timestamp,
    /// Code of the last ending, as long as the link is not connected.
    pub reason: Option<String>,
    /// What that means and what to do.
    pub hint: Option<String>,
    /// How many sockets Slack counted for this app at the last hello; more than ours means another process, or ghosts.
    pub connections_seen: Option<u32>,
}

/// Totals since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames of any kind received.
    pub frames: u64,
    /// Envelopes among them.
    pub envelopes: u64,
    /// Frames that meant nothing: unknown types, garbage, binary.
    pub unknown_frames: u64,
    /// Sockets opened after the first of each link.
    pub reconnects: u64,
}

/// The links as seen from outside; cheap to clone.
#[derive(Clone)]
pub struct Links {
    inner: Arc<Inner>,
}

struct Inner {
    links: Mutex<Vec<Link>>,
    /// Since when no socket is up, in milliseconds since 1970; the minimum while one is.
    none_since: AtomicI64,
    frames: AtomicU64,
    envelopes: AtomicU64,
    unknown_frames: AtomicU64,
    reconnects: AtomicU64,
    /// Milliseconds since 1970; the minimum means never.
    last_frame_at: AtomicI64,
}

struct Link {
    status: LinkStatus,
    /// Sockets of this link that are up: two while one is replaced.
    up: u32,
    /// What to show once none is up.
    otherwise: LinkState,
    greeted_before: bool,
}

impl Links {
    pub(super) fn new(wanted: usize, now: Timestamp) -> Links {
        let link = || {
            let state = LinkState::Connecting;
            let status = LinkStatus { state, since: now, reason: None, hint: None, connections_seen: None };
            Link { status, up: 0, otherwise: state, greeted_before: false }
        };
        let inner = Inner {
            links: Mutex::new((0..wanted).map(|_| link()).collect()),
            none_since: AtomicI64::new(now.0),
            frames: AtomicU64::new(0),
            envelopes: AtomicU64::new(0),
            unknown_frames: AtomicU64::new(0),
            reconnects: AtomicU64::new(0),
            last_frame_at: AtomicI64::new(i64::MIN),
        };
        Links { inner: Arc::new(inner) }
    }

    /// Every link, in a fixed order.
    pub fn states(&self) -> Vec<LinkStatus> {
        self.links().iter().map(|link| link.status.clone()).collect()
    }

    /// Whether at least one socket is up: what readiness asks.
    pub fn any_connected(&self) -> bool {
        self.links().iter().any(|link| link.up > 0)
    }

    /// Since when no socket is up; `None` while one is.
    pub fn none_since(&self) -> Option<Timestamp> {
        let ms = self.inner.none_since.load(Ordering::Relaxed);
        (ms != i64::MIN).then_some(Timestamp(ms))
    }

    /// Totals since the start.
    pub fn counts(&self) -> Counts {
        Counts {
            frames: self.inner.frames.load(Ordering::Relaxed),
            envelopes: self.inner.envelopes.load(Ordering::Relaxed),
            unknown_frames: self.inner.unknown_frames.load(Ordering::Relaxed),
            reconnects: self.inner.reconnects.load(Ordering::Relaxed),
        }
    }

    /// When the last frame of any kind arrived on any socket, pongs included; `None` before the first.
    pub fn last_frame_at(&self) -> Option<Timestamp> {
        let ms = self.inner.last_frame_at.load(Ordering::Relaxed);
        (ms != i64::MIN).then_some(Timestamp(ms))
    }

    pub(super) fn count(&self, seen: Counts, now: Timestamp) {
        let Counts { frames, envelopes, unknown_frames, reconnects } = seen;
        self.inner.frames.fetch_add(frames, Ordering::Relaxed);
        self.inner.envelopes.fetch_add(envelopes, Ordering::Relaxed);
        self.inner.unknown_frames.fetch_add(unknown_frames, Ordering::Relaxed);
        self.inner.reconnects.fetch_add(reconnects, Ordering::Relaxed);
        self.inner.last_frame_at.fetch_max(now.0, Ordering::Relaxed);
    }

    /// The link is trying, or waiting after `ending`. Shown only while none of its sockets is up.
    pub(super) fn turn(&self, number: usize, state: LinkState, ending: Option<&Ending>, now: Timestamp) {
        self.change(number, |link| {
            link.otherwise = state;
            if let Some(ending) = ending {
                link.status.reason = Some(ending.code().to_owned());
                link.status.hint = Some(ending.hint());
            }
            link.show(now);
        });
    }

    /// A socket of the link is up.
    pub(super) fn up(&self, number: usize, connections_seen: Option<u32>, now: Timestamp) {
        self.change(number, |link| {
            link.up += 1;
            link.status.connections_seen = connections_seen.or(link.status.connections_seen);
            link.status.reason = None;
            link.status.hint = None;
            if link.greeted_before {
                self.inner.reconnects.fetch_add(1, Ordering::Relaxed);
            }
            link.greeted_before = true;
            link.show(now);
        });
        self.inner.none_since.store(i64::MIN, Ordering::Relaxed);
    }

    /// A socket of the link is no longer up.
    pub(super) fn down(&self, number: usize, now: Timestamp) {
        self.change(number, |link| {
            link.up = link.up.saturating_sub(1);
            link.show(now);
        });
        if !self.any_connected() {
            let _ =
                self.inner.none_since.compare_exchange(i64::MIN, now.0, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    fn change(&self, number: usize, change: impl FnOnce(&mut Link)) {
        if let Some(link) = self.links().get_mut(number) {
            change(link);
        }
    }

    /// Nothing panics while holding the lock, and a status is worth showing even then.
    fn links(&self) -> MutexGuard<'_, Vec<Link>> {
        self.inner.links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Link {
    fn show(&mut self, now: Timestamp) {
        let state = if self.up > 0 { LinkState::Connected } else { self.otherwise };
        if state != self.status.state {
            self.status.state = state;
            self.status.since = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ending::Ending;
    use super::{LinkState, Links, Timestamp};

    #[test]
    fn a_link_stays_connected_while_its_socket_is_replaced() {
        let links = Links::new(1, Timestamp(0));
        let state = |at: i64| (links.states()[0].state, links.states()[0].since.0 == at);
        assert_eq!(state(0), (LinkState::Connecting, true));
        links.up(0, Some(1), Timestamp(1));
        assert_eq!(state(1), (LinkState::Connected, true));
        links.turn(0, LinkState::Connecting, Some(&Ending::Refresh), Timestamp(2));
        assert_eq!(state(1), (LinkState::Connected, true));
        links.up(0, Some(2), Timestamp(3));
        links.down(0, Timestamp(4));
        assert_eq!(state(1), (LinkState::Connected, true));
        assert_eq!(links.counts().reconnects, 1);
        links.down(0, Timestamp(5));
        links.turn(0, LinkState::Stopped, Some(&Ending::Disabled), Timestamp(6));
        assert_eq!(state(6), (LinkState::Stopped, true));
        assert_eq!(links.states()[0].reason.as_deref(), Some("link_disabled"));
        assert!(!links.any_connected());
    }
}
