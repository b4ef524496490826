//! Faults that tests and people inject: into Web API methods and into coming handshakes.
//!
//! It only decides which fault is next; carrying it out is up to the server and the sockets.

use std::collections::VecDeque;

use super::socket::Reason;

/// What goes wrong with a Web API call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection is closed without an answer; nothing was done.
    Drop,
    /// The call is never answered; nothing is done.
    Stall,
    /// An HTML page with this HTTP status; nothing was done.
    Status(u16),
    /// HTTP 429 with `Retry-After` in seconds; nothing was done.
    RateLimited(u64),
    /// The call is worked on after this many milliseconds.
    Slow(u64),
    /// The work is done, then the connection is closed without an answer.
    AcceptThenCut,
    /// The work is done, the answer never comes.
    AcceptThenStall,
    /// `ok: false` with this error; nothing was done.
    Error(String),
}

/// How often a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// This many calls.
    Count(u32),
    /// Until the faults are cleared.
    UntilCleared,
}

/// What happens to the next WebSocket handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handshake {
    /// Hello, as it should be.
    Normal,
    /// Hello with this number of connections, whatever it really is: ghosts, or another consumer.
    Hello(u32),
    /// Refused with this HTTP status (404 and 408 have been seen).
    Refuse(u16),
    /// Opened, but no hello is ever sent.
    NoHello,
    /// Opened, and a disconnect frame comes instead of hello.
    Disconnect(Reason),
}

#[derive(Clone, Debug)]
struct Rule {
    method: String,
    channel: Option<String>,
    fault: Fault,
    times: Times,
}

/// Faults waiting for their calls.
#[derive(Debug, Default)]
pub struct Faults {
    rules: Vec<Rule>,
    handshakes: VecDeque<Handshake>,
}

impl Faults {
    /// Adds a fault for a method (`*` for all) and, if given, only one channel id.
    pub fn add(&mut self, method: &str, channel: Option<String>, fault: Fault, times: Times) {
        self.rules.push(Rule { method: method.to_owned(), channel, fault, times });
    }

    /// Forgets all faults.
    pub fn clear(&mut self) {
        self.rules.clear();
        self.handshakes.clear();
    }

    /// Queues what happens to the coming handshakes, one entry each.
    pub fn add_handshake(&mut self, handshake: Handshake) {
        self.handshakes.push_back(handshake);
    }

    /// What happens to this handshake.
    pub fn next_handshake(&mut self) -> Handshake {
        self.handshakes.pop_front().unwrap_or(Handshake::Normal)
    }

    /// The fault for this call, if any; faults of one method strike in the order they were added.
    pub fn next(&mut self, method: &str, channel: Option<&str>) -> Option<Fault> {
        let matches = |rule: &Rule| {
            (rule.method == "*" || rule.method == method)
                && rule.channel.as_deref().is_none_or(|wanted| Some(wanted) == channel)
        };
        let position = self.rules.iter().position(matches)?;
        let fault = self.rules[position].fault.clone();
        match &mut self.rules[position].times {
            Times::Count(0 | 1) => {
                self.rules.remove(position);
            }
            Times::Count(left) => *left -= 1,
            Times::UntilCleared => {}
        }
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, Faults, Times};

    #[test]
    fn a_fault_strikes_as_often_as_asked_and_only_where_asked() {
        let mut faults = Faults::default();
        faults.add("chat.postMessage", Some("C1".to_owned()), Fault::Drop, Times::Count(2));
        assert_eq!(faults.next("chat.postMessage", Some("C2")), None);
        assert_eq!(faults.next("chat.update", Some("C1")), None);
        assert_eq!(faults.next("chat.postMessage", Some("C1")), Some(Fault::Drop));
        assert_eq!(faults.next("chat.postMessage", Some("C1")), Some(Fault::Drop));
        assert_eq!(faults.next("chat.postMessage", Some("C1")), None);
    }
}
