//! What others may see of the links: their states for people, their counters for metrics.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::ending::Ending;
use crate::domain::connection::Tally;
use crate::domain::time::Timestamp;

/// Where a link stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// Opening a socket.
    Connecting,
    /// A socket is up: Slack said hello on it. Stays so while a socket is being replaced.
    Connected,
    /// A socket is open, but our ping has not been answered: half-open, unless something is heard again soon.
    Silent,
    /// Waiting before the next attempt.
    Waiting,
    /// Waiting for an operator; looks again every 5 minutes. Also after the stop.
    Stopped,
}

impl LinkState {
    /// All of them.
    pub const ALL: [LinkState; 5] = [
        LinkState::Connecting,
        LinkState::Connected,
        LinkState::Silent,
        LinkState::Waiting,
        LinkState::Stopped,
    ];

    /// The state in lower case, as in JSON and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            LinkState::Connecting => "connecting",
            LinkState::Connected => "connected",
            LinkState::Silent => "silent",
            LinkState::Waiting => "waiting",
            LinkState::Stopped => "stopped",
        }
    }
}

/// One link as shown to people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkStatus {
    /// What the app is called here; none for the app of `[slack]`.
    pub app: Option<String>,
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

impl LinkStatus {
    /// Why only an operator can bring it back, when that is so.
    pub fn refused(&self) -> Option<&str> {
        let stopping = self.reason.as_deref() == Some(Ending::Stopped.code());
        self.reason.as_deref().filter(|_| self.state == LinkState::Stopped && !stopping)
    }
}

/// What somebody outside wishes of a link's socket. The socket sees it at its next tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// End it now and open another: it may be deaf.
    Recycle,
    /// Open another and leave it when that is up: nothing is wrong with it.
    Renew,
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

/// All links together, as whoever closes gaps wants to know them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Whether at least one socket of every app is up.
    pub connected: bool,
    /// How many gaps have ended: times in which an app had no socket, the one before the first included, and sockets that turned out
    /// to have been dead for a while. What was said in a gap has to be read from the history.
    pub gaps: u64,
}

/// The links as seen from outside; cheap to clone.
#[derive(Clone)]
pub struct Links {
    inner: Arc<Inner>,
}

struct Inner {
    held: Mutex<Held>,
    frames: AtomicU64,
    envelopes: AtomicU64,
    unknown_frames: AtomicU64,
    reconnects: AtomicU64,
    /// Milliseconds since 1970; the minimum means never.
    last_frame_at: AtomicI64,
    line: watch::Sender<Line>,
}

struct Held {
    links: Vec<Link>,
    /// Since when no socket is up that answers; `None` while one is.
    none_since: Option<Timestamp>,
    gaps: u64,
    tally: Option<Tally>,
}

struct Link {
    status: LinkStatus,
    /// Sockets of this link that are up: two while one is replaced.
    up: u32,
    /// Those of them that do not answer, and since when.
    silent: u32,
    silent_since: Timestamp,
    wish: Option<Wish>,
    /// What to show once none is up.
    otherwise: LinkState,
    greeted_before: bool,
}

impl Links {
    /// Links of several apps: each by its name, and how many are wanted. The first app has none.
    pub(super) fn new(apps: Vec<(Option<String>, usize)>, now: Timestamp) -> Links {
        let wanted: usize = apps.iter().map(|(_, wanted)| wanted).sum();
        let link = |app: &Option<String>| {
            let (app, state) = (app.clone(), LinkState::Connecting);
            let (reason, hint, connections_seen) = (None, None, None);
            let status = LinkStatus { app, state, since: now, reason, hint, connections_seen };
            let (up, silent, silent_since, wish) = (0, 0, now, None);
            Link { status, up, silent, silent_since, wish, otherwise: state, greeted_before: false }
        };
        let links = apps.iter().flat_map(|(app, wanted)| (0..*wanted).map(move |_| link(app))).collect();
        // Who holds none misses none.
        let none_since = (wanted > 0).then_some(now);
        // The time before the start is a gap; over HTTP alone it ends here, else with the first hello.
        let held = Held { links, none_since, gaps: u64::from(wanted == 0), tally: None };
        let line = watch::Sender::new(held.line());
        let inner = Inner {
            held: Mutex::new(held),
            frames: AtomicU64::new(0),
            envelopes: AtomicU64::new(0),
            unknown_frames: AtomicU64::new(0),
            reconnects: AtomicU64::new(0),
            last_frame_at: AtomicI64::new(i64::MIN),
            line,
        };
        Links { inner: Arc::new(inner) }
    }

    /// Every link, in a fixed order.
    pub fn states(&self) -> Vec<LinkStatus> {
        self.held().links.iter().map(|link| link.status.clone()).collect()
    }

    /// Whether at least one socket is up and answers: what readiness asks.
    pub fn any_connected(&self) -> bool {
        self.none_since().is_none()
    }

    /// Since when no socket is up that answers: the last frame of a half-open one counts. `None` while one is up, and always
    /// where none are wanted.
    pub fn none_since(&self) -> Option<Timestamp> {
        self.held().none_since
    }

    /// How often events may have been missed: times without any socket that are over, the one before the first included, and
    /// sockets that turned out to be dead although they looked open.
    pub fn gaps(&self) -> u64 {
        self.held().gaps
    }

    /// What the newest hello said about the number of sockets.
    pub fn tally(&self) -> Option<Tally> {
        self.held().tally
    }

    /// Ends all sockets, politely and at once, and opens fresh ones.
    pub fn recycle(&self) {
        self.held().links.iter_mut().for_each(|link| link.wish = Some(Wish::Recycle));
    }

    /// Has one socket replaced without a gap, as at a refresh by Slack: only a hello says how many sockets there are.
    pub fn renew(&self) {
        let mut held = self.held();
        let up = |link: &&mut Link| link.up > 0 && link.wish.is_none();
        if let Some(link) = held.links.iter_mut().find(up) {
            link.wish = Some(Wish::Renew);
        }
    }

    /// All links together, and whenever that changes.
    pub fn line(&self) -> watch::Receiver<Line> {
        self.inner.line.subscribe()
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
        self.change(number, now, |link| {
            link.otherwise = state;
            if let Some(ending) = ending {
                link.status.reason = Some(ending.code().to_owned());
                link.status.hint = Some(ending.hint());
            }
        });
    }

    /// A socket of the link is up. `tally` is what its hello said.
    pub(super) fn up(&self, number: usize, tally: Option<Tally>, now: Timestamp) {
        let mut reconnected = false;
        self.change(number, now, |link| {
            link.up += 1;
            link.wish = None;
            link.status.connections_seen = tally.map(|tally| tally.seen).or(link.status.connections_seen);
            link.status.reason = None;
            link.status.hint = None;
            reconnected = link.greeted_before;
            link.greeted_before = true;
        });
        let mut held = self.held();
        // Sockets of strangers are looked for at the first app alone.
        let first = held.links.get(number).is_some_and(|link| link.status.app.is_none());
        held.tally = tally.filter(|_| first).or(held.tally);
        self.inner.reconnects.fetch_add(u64::from(reconnected), Ordering::Relaxed);
    }

    /// A socket of the link is no longer up; `silent` when it did not answer any more.
    pub(super) fn down(&self, number: usize, silent: bool, now: Timestamp) {
        self.change(number, now, |link| {
            link.up = link.up.saturating_sub(1);
            link.silent = link.silent.saturating_sub(u32::from(silent));
        });
    }

    /// A socket of the link has not answered our ping; the last that was heard on it was at `since`.
    pub(super) fn unanswered(&self, number: usize, since: Timestamp, now: Timestamp) {
        self.change(number, now, |link| {
            link.silent += 1;
            link.silent_since = since;
        });
    }

    /// A socket that had not answered was heard again.
    pub(super) fn answered(&self, number: usize, now: Timestamp) {
        self.change(number, now, |link| link.silent = link.silent.saturating_sub(1));
    }

    /// A socket looked open and was dead: what Slack sent to it is lost.
    pub(super) fn missed(&self) {
        let mut held = self.held();
        held.gaps += 1;
        self.publish(&held);
    }

    fn publish(&self, held: &Held) {
        let now = held.line();
        self.inner.line.send_if_modified(|line| std::mem::replace(line, now) != now);
    }

    /// What is wished of the link's socket, once.
    pub(super) fn wish(&self, number: usize) -> Option<Wish> {
        self.held().links.get_mut(number).and_then(|link| link.wish.take())
    }

    fn change(&self, number: usize, now: Timestamp, change: impl FnOnce(&mut Link)) {
        let mut held = self.held();
        if let Some(link) = held.links.get_mut(number) {
            change(link);
            link.show(now);
        }
        held.note_gap(now);
        self.publish(&held);
    }

    /// Nothing panics while holding the lock, and a status is worth showing even then.
    fn held(&self) -> MutexGuard<'_, Held> {
        self.inner.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn line(&self) -> Line {
        Line { connected: self.none_since.is_none(), gaps: self.gaps }
    }

    fn note_gap(&mut self, now: Timestamp) {
        let up = self.links.iter().all(|link| {
            let mut its = self.links.iter().filter(|other| other.status.app == link.status.app);
            its.any(|link| link.up > link.silent)
        });
        match (up, self.none_since) {
            (true, Some(_)) => {
                self.none_since = None;
                self.gaps += 1;
            }
            (false, None) => {
                let silent = self.links.iter().filter(|link| link.silent > 0 && link.silent == link.up);
                self.none_since = Some(silent.map(|link| link.silent_since).max().unwrap_or(now));
            }
            (true, None) | (false, Some(_)) => {}
        }
    }
}

impl Link {
    fn show(&mut self, now: Timestamp) {
        let (state, since) = match (self.up, self.silent) {
            (0, _) => (self.otherwise, now),
            (up, silent) if up > silent => (LinkState::Connected, now),
            _ => (LinkState::Silent, self.silent_since),
        };
        if state != self.status.state {
            self.status.state = state;
            self.status.since = since;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ending::Ending;
    use super::{LinkState, Links, Timestamp};

    #[test]
    fn a_link_stays_connected_while_its_socket_is_replaced() {
        let links = Links::new(vec![(None, 1)], Timestamp(0));
        let state = |at: i64| (links.states()[0].state, links.states()[0].since.0 == at);
        assert_eq!(state(0), (LinkState::Connecting, true));
        links.up(0, None, Timestamp(1));
        assert_eq!(state(1), (LinkState::Connected, true));
        assert_eq!(links.line().borrow().gaps, 1, "the time before the first socket");
        links.turn(0, LinkState::Connecting, Some(&Ending::Refresh), Timestamp(2));
        assert_eq!(state(1), (LinkState::Connected, true));
        links.up(0, None, Timestamp(3));
        links.down(0, false, Timestamp(4));
        assert_eq!(state(1), (LinkState::Connected, true));
        assert_eq!(links.counts().reconnects, 1);
        links.down(0, false, Timestamp(5));
        assert_eq!(links.line().borrow().gaps, 1, "no gap while a socket is replaced");
        links.turn(0, LinkState::Stopped, Some(&Ending::Disabled), Timestamp(6));
        assert_eq!(state(6), (LinkState::Stopped, true));
        assert_eq!(links.states()[0].reason.as_deref(), Some("link_disabled"));
        assert!(!links.any_connected());
        links.up(0, None, Timestamp(7));
        assert_eq!(links.line().borrow().gaps, 2, "a time without any socket is a gap");
    }

    #[test]
    fn a_silent_socket_counts_as_none_since_it_was_heard_last_and_its_end_as_one_gap() {
        let links = Links::new(vec![(None, 2)], Timestamp(0));
        links.up(0, None, Timestamp(1));
        links.up(1, None, Timestamp(1));
        assert_eq!((links.none_since(), links.gaps()), (None, 1));
        links.unanswered(0, Timestamp(5), Timestamp(20));
        assert_eq!((links.states()[0].state, links.states()[0].since), (LinkState::Silent, Timestamp(5)));
        assert!(links.any_connected(), "the other one answers");
        links.unanswered(1, Timestamp(6), Timestamp(21));
        assert_eq!(links.none_since(), Some(Timestamp(6)));
        links.answered(1, Timestamp(22));
        assert_eq!((links.none_since(), links.gaps()), (None, 2));
        links.down(0, true, Timestamp(40));
        assert_eq!(links.states()[0].state, LinkState::Connecting);
        links.down(1, false, Timestamp(41));
        assert_eq!(links.none_since(), Some(Timestamp(41)));
        links.up(0, None, Timestamp(42));
        assert_eq!((links.none_since(), links.gaps()), (None, 3));
    }
    #[test]
    fn an_app_without_a_socket_is_a_gap_although_the_other_app_has_one() {
        let links = Links::new(vec![(None, 1), (Some("notify".to_owned()), 1)], Timestamp(0));
        links.up(0, None, Timestamp(1));
        assert_eq!((links.none_since(), links.gaps()), (Some(Timestamp(0)), 0));
        links.up(1, None, Timestamp(2));
        assert_eq!((links.none_since(), links.gaps()), (None, 1));
        links.down(1, false, Timestamp(3));
        assert_eq!(links.none_since(), Some(Timestamp(3)));
        assert_eq!(links.states()[1].app.as_deref(), Some("notify"));
        links.up(1, None, Timestamp(4));
        assert_eq!(links.gaps(), 2);
    }
}
