//! Tokens in memory: never printed, never serialised, wiped when dropped.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// A token or another secret. Its `Debug` shows only what kind of token it is.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes a secret over; surrounding white space (a file's last newline) is not part of it.
    pub fn new(text: &str) -> Secret {
        Secret(SecretString::from(text.trim()))
    }

    /// The secret itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether it starts with `prefix`, for instance `xoxb-`.
    pub fn has_prefix(&self, prefix: &str) -> bool {
        self.expose().starts_with(prefix)
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = ["xoxb-", "xapp-", "xoxp-", "xoxe"].into_iter().find(|prefix| self.has_prefix(prefix));
        write!(f, "Secret({}…)", kind.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn a_secret_shows_only_its_kind() {
        assert_eq!(format!("{:?}", Secret::new("xoxb-1234-abcd\n")), "Secret(xoxb-…)");
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret(…)");
    }
}
