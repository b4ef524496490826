//! The life of one open WebSocket: hello, frames in, acks out, pings, and a close frame at the end.
//!
//! This is the hot path. All frames that are already there are read in one go and all acks that are waiting are written
//! in one go; a frame is parsed no further than its head. Time is counted in ticks of a second in which this task ran,
//! so no clock is read per frame, and a process that was stalled does not take its own stall for Slack's silence.

use std::collections::VecDeque;
use std::mem;
use std::pin::pin;
use std::time::Duration;

use futures_util::SinkExt;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{MissedTickBehavior, interval};
use tokio_tungstenite::tungstenite::{Bytes, Message, Utf8Bytes};
use tracing::{debug, info};

use super::super::wire::Head;
use super::Shared;
use super::backoff::Life;
use super::dial::Ws;
use super::ending::Ending;
use super::envelope::{Envelope, Outbox};
use super::hear::{Heard, hear};
use super::parting;
use super::pump::{over, pump};
use super::status::{Counts, Wish};
use crate::domain::connection::Tally;
use crate::domain::time::Timestamp;

/// The heartbeat of an open socket.
const TICK: Duration = Duration::from_secs(1);
/// Ticks until hello; Slack greets within a fraction of a second.
const HELLO_TICKS: u32 = 10;
/// Ticks between our pings.
const PING_TICKS: u32 = 10;
/// Ticks without any frame, pongs included, after which a socket is dead: three pings unanswered.
const SILENCE_TICKS: u32 = 35;
/// Ticks without any frame after which a socket is suspect: the last ping is unanswered for 5 s. A healthy socket is never
/// quiet for longer than the pause between two pings.
const SUSPECT_TICKS: u32 = PING_TICKS + 5;
/// Ticks that a socket lives on after Slack announced its end; Slack closes it after about 10 s.
const LEAVING_TICKS: u32 = 30;
/// A jump of the wall clock between two ticks that means the machine slept.
const SLEPT: Duration = Duration::from_secs(60);
/// Frames in a row that are not Socket Mode before the socket is given up.
const MOST_GARBAGE: u32 = 20;
/// Messages taken from the queue of acks at once; each may hold a whole batch.
const ACK_BATCH: usize = 64;

/// What a socket tells its link, once: it ended, or Slack announced that it will.
pub struct News {
    /// Why.
    pub ending: Ending,
    /// What its life was like until then.
    pub life: Life,
}

/// One open WebSocket.
pub struct OpenSocket {
    shared: Shared,
    /// The link it belongs to.
    number: usize,
    ws: Ws,
    news: Option<UnboundedSender<News>>,
    /// Given to every envelope, for its ack.
    outbox: Outbox,
    queue: UnboundedReceiver<Vec<Utf8Bytes>>,
    /// Acks taken from the queue.
    acks: Vec<Vec<Utf8Bytes>>,
    /// Whether something is written but not flushed.
    dirty: bool,
    /// Frames read but not looked at.
    inbox: Vec<Message>,
    /// Envelopes that found the way out full. While there are some, nothing is read.
    parked: VecDeque<Envelope>,
    pulse: Pulse,
    garbage_in_row: u32,
}

/// What the ticks count.
struct Pulse {
    age: u32,
    greeted_at: Option<u32>,
    heard: bool,
    quiet: u32,
    /// Whether others were told that it does not answer.
    suspect: bool,
    /// Ticks left, once Slack has announced the end.
    leaving: Option<u32>,
    ticked_at: Timestamp,
}

impl OpenSocket {
    /// One over a WebSocket that has just been opened.
    pub fn new(shared: Shared, number: usize, ws: Ws, news: UnboundedSender<News>) -> OpenSocket {
        let (outbox, queue) = unbounded_channel();
        let ticked_at = (shared.now)();
        let pulse = Pulse {
            age: 0,
            greeted_at: None,
            heard: false,
            quiet: 0,
            suspect: false,
            leaving: None,
            ticked_at,
        };
        OpenSocket {
            shared,
            number,
            ws,
            news: Some(news),
            outbox,
            queue,
            acks: Vec::new(),
            dirty: false,
            inbox: Vec::new(),
            parked: VecDeque::new(),
            pulse,
            garbage_in_row: 0,
        }
    }

    /// Lives until the socket is gone, close frame included.
    pub async fn live(mut self) {
        let ending = self.converse().await;
        if self.pulse.greeted_at.is_some() {
            self.shared.links.down(self.number, self.pulse.suspect, (self.shared.now)());
        }
        if matches!(ending, Ending::Silent | Ending::Slept) {
            self.shared.links.missed();
        }
        debug!(
            link = self.number,
            reason = ending.code(),
            "A socket of link {} ends: {}",
            self.number,
            ending.hint()
        );
        self.tell(ending.clone());
        // Without our own outbox, and without envelopes that nobody saw, the queue ends with the last ack to come.
        let OpenSocket { ws, queue, outbox, parked, .. } = self;
        drop((outbox, parked));
        parting::leave(ws, queue, &ending).await;
    }

    async fn converse(&mut self) -> Ending {
        let (stop, out) = (self.shared.stop.clone(), self.shared.out.clone());
        let mut stopped = pin!(stop.cancelled());
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        tick.tick().await;
        loop {
            let reading = self.parked.is_empty();
            let ending = tokio::select! {
                biased;
                () = &mut stopped => Some(Ending::Stopped),
                _ = tick.tick() => self.tick(),
                _ = self.queue.recv_many(&mut self.acks, ACK_BATCH), if !self.dirty => self.write_acks(),
                permit = out.reserve(), if !reading => {
                    match (permit, self.parked.pop_front()) {
                        (Ok(permit), Some(envelope)) => permit.send(envelope),
                        (Ok(_), None) => {}
                        (Err(_), _) => return Ending::Stopped,
                    }
                    self.unpark()
                }
                gone = pump(&mut self.ws, &mut self.inbox, &mut self.dirty, reading) => self.take(gone),
            };
            if let Some(ending) = ending {
                return ending;
            }
        }
    }

    /// Looks at everything that was read; `gone` is the end that was met behind it.
    fn take(&mut self, gone: Option<Ending>) -> Option<Ending> {
        let mut inbox = mem::take(&mut self.inbox);
        if inbox.is_empty() {
            return gone;
        }
        self.pulse.heard = true;
        let mut seen = Counts { frames: inbox.len() as u64, ..Counts::default() };
        let now = (self.shared.now)();
        let mut ending = None;
        for message in inbox.drain(..) {
            let end = match message {
                Message::Text(frame) => self.text(frame, &mut seen, now),
                Message::Binary(_) => self.garbage(&mut seen),
                Message::Close(frame) => Some(Ending::Closed { code: frame.map(|frame| frame.code.into()) }),
                Message::Ping(_) => {
                    // The pong is queued already, but goes out only with the next write.
                    self.dirty = true;
                    None
                }
                Message::Pong(_) | Message::Frame(_) => None,
            };
            ending = ending.or(end);
        }
        self.inbox = inbox;
        self.shared.links.count(seen, now);
        // Also when the socket is gone: what has been read is recorded, even if its ack goes nowhere.
        let full = self.unpark();
        ending.or(gone).or(full)
    }

    fn text(&mut self, frame: Utf8Bytes, seen: &mut Counts, now: Timestamp) -> Option<Ending> {
        let head = Head::read(&frame);
        let heard = hear(head.as_ref());
        if heard == Heard::Garbage {
            return self.garbage(seen);
        }
        self.garbage_in_row = 0;
        match heard {
            Heard::Envelope => {
                seen.envelopes += 1;
                self.parked.extend(
                    head.and_then(|head| Envelope::of(&head, &frame, (&self.shared.app, &self.outbox))),
                );
                None
            }
            Heard::Hello { num_connections } => {
                self.greeted(num_connections, now);
                None
            }
            Heard::Leave(ending @ (Ending::Refresh | Ending::Unexplained)) => {
                self.tell(ending);
                self.pulse.leaving = self.pulse.leaving.or(Some(LEAVING_TICKS));
                None
            }
            Heard::Leave(ending) => Some(ending),
            Heard::Unknown | Heard::Garbage => {
                seen.unknown_frames += 1;
                None
            }
        }
    }

    fn garbage(&mut self, seen: &mut Counts) -> Option<Ending> {
        seen.unknown_frames += 1;
        self.garbage_in_row += 1;
        (self.garbage_in_row >= MOST_GARBAGE).then_some(Ending::Garbage)
    }

    fn greeted(&mut self, num_connections: Option<u32>, now: Timestamp) {
        if self.pulse.greeted_at.replace(self.pulse.age).is_some() {
            return;
        }
        // Sockets that are being opened hold their permit already: a count of ours that is too high for a moment is
        // better than an alarm about ourselves.
        let ours = self.shared.sockets();
        let ours = u32::try_from(ours).unwrap_or(u32::MAX);
        let tally = num_connections.map(|seen| Tally { seen, ours, at: now });
        self.shared.links.up(self.number, tally, now);
        match num_connections {
            Some(seen) if seen > ours => info!(
                link = self.number,
                num_connections = seen,
                "Link {} is connected; Slack counts {seen} sockets of this app, we have {ours}",
                self.number
            ),
            _ => info!(link = self.number, "Link {} is connected", self.number),
        }
    }

    /// Hands over what is parked, in order and as far as there is room: all that was read at once goes at once, so that it
    /// shares a commit.
    fn unpark(&mut self) -> Option<Ending> {
        let mut waiting = mem::take(&mut self.parked);
        while let Some(envelope) = waiting.pop_front() {
            match self.shared.out.try_send(envelope) {
                Ok(()) => {}
                Err(TrySendError::Full(envelope)) => {
                    waiting.push_front(envelope);
                    break;
                }
                Err(TrySendError::Closed(_)) => return Some(Ending::Stopped),
            }
        }
        self.parked = waiting;
        None
    }

    fn write_acks(&mut self) -> Option<Ending> {
        for frame in self.acks.drain(..).flatten() {
            if let Err(error) = self.ws.start_send_unpin(Message::Text(frame)) {
                return Some(over(Some(&error)));
            }
        }
        self.dirty = true;
        None
    }

    fn tick(&mut self) -> Option<Ending> {
        let now = (self.shared.now)();
        // While nobody takes envelopes we do not listen, so silence says nothing.
        self.pulse.heard |= !self.parked.is_empty();
        let ending = self.pulse.tick(now).or_else(|| self.grant());
        self.suspect(now);
        if ending.is_none() && self.pulse.age.is_multiple_of(PING_TICKS) {
            if let Err(error) = self.ws.start_send_unpin(Message::Ping(Bytes::new())) {
                return Some(over(Some(&error)));
            }
            self.dirty = true;
        }
        ending
    }

    /// Does what was wished from outside. A socket that is being left has nothing to do with it any more.
    fn grant(&mut self) -> Option<Ending> {
        self.news.as_ref()?;
        match self.shared.links.wish(self.number)? {
            Wish::Recycle => Some(Ending::Recycled),
            Wish::Renew => {
                self.tell(Ending::Renewed);
                self.pulse.leaving = self.pulse.leaving.or(Some(LEAVING_TICKS));
                None
            }
        }
    }

    /// Tells others when the other side stops answering, and when it is heard again.
    fn suspect(&mut self, now: Timestamp) {
        let suspect = self.pulse.quiet >= SUSPECT_TICKS;
        if self.pulse.greeted_at.is_none() || suspect == self.pulse.suspect {
            return;
        }
        self.pulse.suspect = suspect;
        if suspect {
            let since = now.minus(TICK * self.pulse.quiet);
            self.shared.links.unanswered(self.number, since, now);
        } else {
            self.shared.links.answered(self.number, now);
        }
    }

    fn tell(&mut self, ending: Ending) {
        if let Some(news) = self.news.take() {
            // The link may have stopped listening because it is stopping.
            let _ = news.send(News { ending, life: self.pulse.life() });
        }
    }
}

impl Pulse {
    fn tick(&mut self, now: Timestamp) -> Option<Ending> {
        self.age += 1;
        self.quiet = if mem::take(&mut self.heard) { 0 } else { self.quiet + 1 };
        let slept = now.since(self.ticked_at) > SLEPT;
        self.ticked_at = now;
        if let Some(left) = &mut self.leaving {
            *left = left.saturating_sub(1);
        }
        if slept {
            Some(Ending::Slept)
        } else if self.leaving == Some(0) {
            Some(Ending::Overdue)
        } else if self.quiet >= SILENCE_TICKS {
            Some(Ending::Silent)
        } else if self.greeted_at.is_none() && self.leaving.is_none() && self.age >= HELLO_TICKS {
            Some(Ending::NoHello)
        } else {
            None
        }
    }

    fn life(&self) -> Life {
        let ticks = self.greeted_at.map_or(0, |at| self.age - at);
        Life { greeted: self.greeted_at.is_some(), lasted: TICK * ticks }
    }
}

#[cfg(test)]
mod tests {
    use super::{Ending, Pulse, Timestamp};

    /// The tick at which a socket ends, and why. `heard` says at which ticks a frame had arrived.
    fn end(
        mut pulse: Pulse,
        heard: impl Fn(u32) -> bool,
        clock: impl Fn(u32) -> i64,
    ) -> Option<(u32, Ending)> {
        (1..=100).find_map(|tick| {
            pulse.heard |= heard(tick);
            pulse.tick(Timestamp(clock(tick))).map(|ending| (tick, ending))
        })
    }

    fn pulse(greeted: bool, leaving: Option<u32>) -> Pulse {
        let greeted_at = greeted.then_some(0);
        Pulse { age: 0, greeted_at, heard: false, quiet: 0, suspect: false, leaving, ticked_at: Timestamp(0) }
    }

    fn steady(tick: u32) -> i64 {
        i64::from(tick) * 1_000
    }

    #[test]
    fn a_socket_ends_at_its_deadlines_and_not_before() {
        let never = |_| false;
        assert_eq!(end(pulse(true, None), never, steady), Some((35, Ending::Silent)));
        assert_eq!(end(pulse(true, None), |tick| tick == 20, steady), Some((55, Ending::Silent)));
        assert_eq!(end(pulse(true, None), |tick| tick % 30 == 0, steady), None);
        assert_eq!(end(pulse(false, None), |_| true, steady), Some((10, Ending::NoHello)));
        assert_eq!(end(pulse(true, Some(30)), |_| true, steady), Some((30, Ending::Overdue)));
        assert_eq!(end(pulse(false, Some(30)), |_| true, steady), Some((30, Ending::Overdue)));
    }

    #[test]
    fn a_wall_clock_that_jumps_ahead_by_more_than_a_minute_means_the_machine_slept() {
        let jump = |by: i64| move |tick: u32| steady(tick) + if tick >= 5 { by } else { 0 };
        assert_eq!(end(pulse(true, None), |_| true, jump(60_000)), Some((5, Ending::Slept)));
        assert_eq!(end(pulse(true, None), |_| true, jump(50_000)), None);
        assert_eq!(end(pulse(true, None), |_| true, jump(-3_600_000)), None);
    }
}
