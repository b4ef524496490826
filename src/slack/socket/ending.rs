//! Why a socket ended or never came to be: a closed list, each with a code for machines and a hint for people.

use super::super::outcome::Failure;

/// How an attempt to be connected came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// `apps.connections.open` gave no address.
    NotOpened(Failure),
    /// The WebSocket could not be opened.
    NotDialled {
        /// What failed, in a few plain words; never the address.
        what: String,
    },
    /// The WebSocket opened, but Slack did not say hello in time.
    NoHello,
    /// Slack announced that it will close the socket; ordinary, every few hours.
    Refresh,
    /// Slack announced that it will close the socket, without a reason we know.
    Unexplained,
    /// Socket Mode is switched off in the app's settings.
    Disabled,
    /// The app has more than ten sockets.
    Crowded,
    /// The server sent a close frame.
    Closed {
        /// The close code, when there was one.
        code: Option<u16>,
    },
    /// The TCP connection broke.
    Dropped,
    /// Nothing was heard for too long, although we asked.
    Silent,
    /// The wall clock jumped: the machine slept, and so the connection is dead.
    Slept,
    /// Frame after frame was not Socket Mode.
    Garbage,
    /// A frame broke the protocol or was too large.
    Broken,
    /// The old socket was still open long after its replacement.
    Overdue,
    /// We were asked to end it because it seems deaf.
    Recycled,
    /// We were asked to replace it to learn how many sockets there are.
    Renewed,
    /// We were asked to stop, or nobody takes envelopes any more.
    Stopped,
}

impl Ending {
    /// A short stable name for machines.
    pub fn code(&self) -> &str {
        match self {
            Ending::NotOpened(failure) => failure.code(),
            Ending::NotDialled { .. } => "not_dialled",
            Ending::NoHello => "no_hello",
            Ending::Refresh => "refresh_requested",
            Ending::Unexplained => "disconnect",
            Ending::Disabled => "link_disabled",
            Ending::Crowded => "too_many_websockets",
            Ending::Closed { .. } => "closed",
            Ending::Dropped => "dropped",
            Ending::Silent => "silent",
            Ending::Slept => "slept",
            Ending::Garbage => "garbage",
            Ending::Broken => "protocol_error",
            Ending::Overdue => "overdue",
            Ending::Recycled => "recycled",
            Ending::Renewed => "renewed",
            Ending::Stopped => "stopped",
        }
    }

    /// What happened and what to do, for people.
    pub fn hint(&self) -> String {
        match self {
            Ending::NotOpened(failure) => format!("Slack gives no socket: {failure}"),
            Ending::NotDialled { what } => format!("the socket could not be opened: {what}"),
            Ending::NoHello => "the socket opened, but Slack did not say hello".to_owned(),
            Ending::Refresh => "Slack asked for a fresh connection, as it does every few hours".to_owned(),
            Ending::Unexplained => "Slack asked to disconnect without a known reason".to_owned(),
            Ending::Disabled => "Socket Mode is switched off: turn it on in the app's settings".to_owned(),
            Ending::Crowded => {
                "the app has reached Slack's 10 connection limit: is another process using the same app?"
                    .to_owned()
            }
            Ending::Closed { code: Some(code) } => format!("Slack closed the socket with code {code}"),
            Ending::Closed { code: None } => "Slack closed the socket".to_owned(),
            Ending::Dropped => "the connection broke".to_owned(),
            Ending::Silent => "nothing was heard from Slack for too long".to_owned(),
            Ending::Slept => "the machine slept or its clock was set".to_owned(),
            Ending::Garbage => "the other side does not speak Socket Mode".to_owned(),
            Ending::Broken => {
                "the other side broke the WebSocket protocol or sent too much at once".to_owned()
            }
            Ending::Overdue => "the replaced socket was still open".to_owned(),
            Ending::Recycled => "events did not come back on it, so it is opened afresh".to_owned(),
            Ending::Renewed => "it is replaced to learn how many sockets Slack counts".to_owned(),
            Ending::Stopped => "deskd is stopping".to_owned(),
        }
    }
}
