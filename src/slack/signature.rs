//! The signature of an HTTP delivery: over the raw bytes, before anything is parsed [slack-facts 2.4].

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::config::Secret;
use crate::domain::time::Timestamp;

/// How far the request's time may lie from ours, both ways: five minutes, as Slack advises.
const WINDOW_S: u64 = 300;

/// Why a request is not from Slack, or not from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsigned {
    /// A header is missing, or is nothing that Slack writes.
    Malformed,
    /// Signed too long ago, or too far in the future.
    Stale,
    /// Signed with another secret, or over other bytes.
    Mismatch,
}

impl Unsigned {
    /// A stable word for metrics.
    pub fn code(self) -> &'static str {
        match self {
            Unsigned::Malformed => "unsigned",
            Unsigned::Stale => "stale",
            Unsigned::Mismatch => "mismatch",
        }
    }
}

/// Checks one request against every secret that is good now. `timestamp` and `signature` are the headers
/// `X-Slack-Request-Timestamp` and `X-Slack-Signature` as they came; an empty `body` is legal.
pub fn verify(
    secrets: &[Secret],
    timestamp: &str,
    signature: &str,
    body: &[u8],
    now: Timestamp,
) -> Result<(), Unsigned> {
    let signed_at = seconds(timestamp).ok_or(Unsigned::Malformed)?;
    let given = signature.strip_prefix("v0=").and_then(bytes).ok_or(Unsigned::Malformed)?;
    if signed_at.abs_diff(now.unix_seconds()) > WINDOW_S {
        return Err(Unsigned::Stale);
    }
    // All of them are tried, each compared in constant time: how long it takes tells nothing about any of them.
    let good = secrets.iter().filter(|secret| {
        let Some(mut mac) = keyed(secret) else { return false };
        mac.update(b"v0:");
        mac.update(timestamp.as_bytes());
        mac.update(b":");
        mac.update(body);
        mac.verify_slice(&given).is_ok()
    });
    if good.count() > 0 { Ok(()) } else { Err(Unsigned::Mismatch) }
}

/// An empty secret signs nothing.
fn keyed(secret: &Secret) -> Option<Hmac<Sha256>> {
    if secret.is_empty() {
        return None;
    }
    Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).ok()
}

/// Decimal seconds as Slack writes them, and nothing else: no sign, no blanks, no leading zero.
fn seconds(text: &str) -> Option<i64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() && !text.starts_with('0');
    plain.then(|| text.parse().ok()).flatten()
}

/// 64 lower-case hexadecimal digits.
fn bytes(hex: &str) -> Option<[u8; 32]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let digits: &[u8; 64] = hex.as_bytes().try_into().ok()?;
    let mut out = [0; 32];
    for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::{Unsigned, verify};
    use crate::config::Secret;
    use crate::domain::time::Timestamp;

    /// Computed with openssl: printf 'v0:1700000000:' | openssl dgst -sha256 -hmac s3cret
    const EMPTY: &str = "v0=3dca9c196245317cb04ffa45810b5530cc4db2c5ae33b77da61ab2e6633b016f";
    const AT: i64 = 1_700_000_000;

    fn check(timestamp: &str, signature: &str, body: &[u8], now_s: i64) -> Result<(), Unsigned> {
        verify(&[Secret::new("s3cret")], timestamp, signature, body, Timestamp(now_s * 1000))
    }

    #[test]
    fn the_window_is_five_minutes_both_ways() {
        for (now, outcome) in [
            (AT, Ok(())),
            (AT + 300, Ok(())),
            (AT - 300, Ok(())),
            (AT + 301, Err(Unsigned::Stale)),
            (AT - 301, Err(Unsigned::Stale)),
        ] {
            assert_eq!(check("1700000000", EMPTY, b"", now), outcome, "{}", now - AT);
        }
    }

    #[test]
    fn headers_are_taken_literally() {
        let upper = EMPTY.to_uppercase().replace("V0", "v0");
        for (timestamp, signature, outcome) in [
            ("", EMPTY, Unsigned::Malformed),
            ("+1700000000", EMPTY, Unsigned::Malformed),
            (" 1700000000", EMPTY, Unsigned::Malformed),
            ("1700000000.0", EMPTY, Unsigned::Malformed),
            ("99999999999999999999", EMPTY, Unsigned::Malformed),
            ("01700000000", EMPTY, Unsigned::Malformed),
            ("1700000000", "", Unsigned::Malformed),
            ("1700000000", &EMPTY[3..], Unsigned::Malformed),
            ("1700000000", &EMPTY[..66], Unsigned::Malformed),
            ("1700000000", upper.as_str(), Unsigned::Malformed),
            ("1700000001", EMPTY, Unsigned::Mismatch),
        ] {
            assert_eq!(check(timestamp, signature, b"", AT), Err(outcome), "{timestamp:?} {signature:?}");
        }
        assert_eq!(check("1700000000", EMPTY, b" ", AT), Err(Unsigned::Mismatch), "another body");
        let at = Timestamp(AT * 1000);
        let nothing = verify(&[Secret::new("")], "1700000000", EMPTY, b"", at);
        assert_eq!(nothing, Err(Unsigned::Mismatch), "an empty secret signs nothing");
        assert_eq!(verify(&[], "1700000000", EMPTY, b"", at), Err(Unsigned::Mismatch), "and none neither");
    }

    #[test]
    fn sec_11_two_secrets_are_good_at_once_while_one_is_replaced() {
        let (old, new) = (Secret::new("s3cret"), Secret::new("another one"));
        let check = |secrets: &[Secret]| verify(secrets, "1700000000", EMPTY, b"", Timestamp(AT * 1000));
        assert_eq!(check(&[new.clone(), old.clone()]), Ok(()));
        assert_eq!(check(&[old, new.clone()]), Ok(()));
        assert_eq!(check(&[new]), Err(Unsigned::Mismatch));
    }
}
