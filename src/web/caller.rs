//! Who calls: the user at the other end of the unix socket, or whoever holds the bearer token.

use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use tokio::net::{TcpListener, UnixListener};

use crate::domain::task::Actor;

/// Where the system keeps the names of its users. A name that is not in there is shown as its number.
const USERS: &str = "/etc/passwd";

/// Whoever calls, as history and log name them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller(String);

impl Caller {
    /// Whoever runs this process, for what is done without a daemon.
    pub fn of_this_process() -> Caller {
        Caller::of_user(rustix::process::getuid().as_raw())
    }

    fn of_user(uid: u32) -> Caller {
        let users = std::fs::read_to_string(USERS).unwrap_or_default();
        Caller(user_name(&users, uid).unwrap_or_else(|| format!("uid:{uid}")))
    }

    /// The one who acts.
    pub fn actor(&self) -> Actor {
        Actor::Operator(self.0.clone())
    }
}

impl Connected<IncomingStream<'_, UnixListener>> for Caller {
    fn connect_info(stream: IncomingStream<'_, UnixListener>) -> Caller {
        match stream.io().peer_cred() {
            Ok(peer) => Caller::of_user(peer.uid()),
            Err(_) => Caller("unknown".to_owned()),
        }
    }
}

impl Connected<IncomingStream<'_, TcpListener>> for Caller {
    fn connect_info(_stream: IncomingStream<'_, TcpListener>) -> Caller {
        Caller("api-token".to_owned())
    }
}

/// The name of a user in the text of `/etc/passwd`.
fn user_name(users: &str, uid: u32) -> Option<String> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let number: u32 = fields.nth(1)?.parse().ok()?;
        (number == uid && !name.is_empty()).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::user_name;

    #[test]
    fn a_user_number_becomes_the_name_it_has_in_the_systems_list() {
        let users = "root:x:0:0:root:/root:/bin/sh\n# broken\nada:x:1000:1000::/home/ada:/bin/sh\n";
        assert_eq!(user_name(users, 1000).as_deref(), Some("ada"));
        assert_eq!(user_name(users, 0).as_deref(), Some("root"));
        assert_eq!(user_name(users, 7), None);
    }
}
