//! The signature of our webhooks: over the second it was made and the body, byte by byte. See docs/signed-webhooks.md.

use std::fmt::Write;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::config::Secret;
use crate::domain::time::Timestamp;

/// The header with the signature.
pub const SIGNATURE: &str = "x-deskd-signature";

/// The header with the id that stands over all attempts.
pub const DELIVERY: &str = "x-deskd-delivery";

/// `v1,<seconds>,<hex>`; `None` for a secret that nothing can be signed with.
pub fn signature(secret: &Secret, body: &str, now: Timestamp) -> Option<String> {
    let seconds = now.unix_seconds();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).ok()?;
    mac.update(format!("{seconds}.").as_bytes());
    mac.update(body.as_bytes());
    let mut signed = format!("v1,{seconds},");
    for byte in mac.finalize().into_bytes() {
        write!(signed, "{byte:02x}").ok()?;
    }
    Some(signed)
}

#[cfg(test)]
mod tests {
    use super::signature;
    use crate::config::Secret;
    use crate::domain::time::Timestamp;

    #[test]
    fn web_15_the_signature_is_that_of_openssl() {
        // printf '1700000000.{"id":1}' | openssl dgst -sha256 -hmac 0123456789abcdef
        let signed =
            signature(&Secret::new("0123456789abcdef\n"), r#"{"id":1}"#, Timestamp(1_700_000_000_999));
        let expected = "v1,1700000000,4bcaced68dfea90a68df035b89cb7fb26692d899d32a1ccb1b0616cf48e4d1ed";
        assert_eq!(signed.as_deref(), Some(expected));
    }
}
