//! Sessions that an origin signs for itself with `itsdangerous`: `payload.time.mac`, where the MAC is HMAC-SHA1.
//!
//! The signature proves that the origin issued a session, and when; whose it is, and whether it was ended since, is for the
//! origin to say. What is known of collisions of SHA-1 does not touch HMAC
//! ([RFC 6194](https://www.rfc-editor.org/rfc/rfc6194)).

use core::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha1::{Digest, Sha1};

use crate::base64url;
use crate::error::{AuthError, ClaimsError, TokenError};
use crate::limits::SESSION_LEEWAY_SECS;
use crate::time::UnixTime;

/// Longest time of a session, in bytes: what fits an integer of 64 bits.
const TIME_BYTES: usize = 8;

/// By what sessions of an origin are checked. `Debug` shows no key.
#[derive(Clone)]
pub struct SessionRules {
    token: Hmac<Sha1>,
    cookie: Hmac<Sha1>,
    max_age_secs: u64,
}

/// What carries a session. Each is signed under a key of its own, so that neither passes for the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SessionCarrier {
    /// `URLSafeTimedSerializer(secret)` with its defaults: salt `itsdangerous`, key derivation `django-concat`.
    Token,
    /// The cookie of Flask and Quart: salt `cookie-session`, key derivation `hmac`.
    Cookie,
}

impl SessionRules {
    /// Rules for sessions signed with `secret`, of at most `max_age_secs`.
    pub fn new(secret: &[u8], max_age_secs: u64) -> Option<Self> {
        let token =
            Sha1::new_with_prefix(b"itsdangerous").chain_update(b"signer").chain_update(secret).finalize();
        let cookie = Hmac::<Sha1>::new_from_slice(secret).ok()?.chain_update(b"cookie-session").finalize();
        Some(Self {
            token: Hmac::new_from_slice(&token).ok()?,
            cookie: Hmac::new_from_slice(&cookie.into_bytes()).ok()?,
            max_age_secs,
        })
    }

    /// Checks the signature of `text`, which is at `carrier`, and its age at `now`.
    ///
    /// SECURITY: the MAC has one accepted spelling, although `itsdangerous` disregards padding and spare bits: whatever was
    /// revoked by its text cannot come back in another.
    ///
    /// # Errors
    ///
    /// [`TokenError`] if the origin has not signed it, and [`ClaimsError`] if it did so too long ago, or in the future.
    pub(crate) fn check(&self, carrier: SessionCarrier, text: &str, now: UnixTime) -> Result<(), AuthError> {
        let (signed, mac) = text.rsplit_once('.').ok_or(TokenError::NotThreeSegments)?;
        let (payload, time) = signed.rsplit_once('.').ok_or(TokenError::NotThreeSegments)?;
        // A dot before it says that it is compressed.
        let payload = payload.strip_prefix('.').unwrap_or(payload);
        if payload.is_empty() || payload.contains('.') {
            return Err(TokenError::NotThreeSegments.into());
        }
        let mac = base64url::decode(mac).map_err(|_| TokenError::NotBase64Url)?;
        let key = match carrier {
            SessionCarrier::Token => &self.token,
            SessionCarrier::Cookie => &self.cookie,
        };
        let verified = key.clone().chain_update(signed).verify_slice(&mac);
        verified.map_err(|_| TokenError::SignatureInvalid)?;
        self.check_age(issued_at(time)?, now)
    }

    fn check_age(&self, issued_at: UnixTime, now: UnixTime) -> Result<(), AuthError> {
        if issued_at > now.plus(SESSION_LEEWAY_SECS) {
            return Err(ClaimsError::IssuedInFuture { now, issued_at }.into());
        }
        let max_age_secs = self.max_age_secs;
        if now > issued_at.plus(max_age_secs) {
            return Err(ClaimsError::TooOld { now, issued_at, max_age_secs }.into());
        }
        Ok(())
    }
}

/// Seconds since the epoch, in as few bytes as they take, the greatest first.
fn issued_at(time: &str) -> Result<UnixTime, TokenError> {
    let bytes = base64url::decode(time).map_err(|_| TokenError::NotBase64Url)?;
    if bytes.len() > TIME_BYTES {
        return Err(TokenError::NotBase64Url);
    }
    Ok(UnixTime::from_secs(bytes.iter().fold(0, |secs, byte| (secs << 8) | u64::from(*byte))))
}

impl fmt::Debug for SessionRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionRules").field("max_age_secs", &self.max_age_secs).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{SessionCarrier, SessionRules, TIME_BYTES, issued_at};
    use crate::base64url;
    use crate::error::{AuthError, ClaimsError, TokenError};
    use crate::time::UnixTime;
    use alloc::format;
    use alloc::string::String;
    use alloc::vec;

    /// A session of a running RAGFlow 0.27.0, and when it was signed.
    const TOKEN: &str = "ImI0OTQ0ZTA0ZTkzMjExZjFhZTMyMDJmYzAwMDAwMDAxIg.aweBNQ.T0lbEyIIwnCPRyARUQyJR-QuIkg";
    const ISSUED_AT: u64 = 0x6b07_8135;
    const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn check(text: &str, age_secs: i64) -> Result<(), AuthError> {
        let now = UnixTime::from_secs(ISSUED_AT.saturating_add_signed(age_secs));
        SessionRules::new(SECRET, 3600).unwrap().check(SessionCarrier::Token, text, now)
    }

    #[test]
    fn a_time_is_a_number_of_at_most_eight_bytes() {
        let read = |bytes: &[u8]| issued_at(&base64url::encode(bytes));
        assert_eq!(read(&[1, 2]), Ok(UnixTime::from_secs(0x102)));
        assert_eq!(read(&[0xff; TIME_BYTES]), Ok(UnixTime::from_secs(u64::MAX)));
        for bytes in [TIME_BYTES + 1, TIME_BYTES + 2] {
            assert_eq!(read(&vec![0; bytes]), Err(TokenError::NotBase64Url));
        }
    }

    #[test]
    fn its_age_is_bounded_on_both_sides() {
        let issued_at = UnixTime::from_secs(ISSUED_AT);
        for age_secs in [-60, 0, 3600] {
            assert_eq!(check(TOKEN, age_secs), Ok(()), "{age_secs}");
        }
        let now = issued_at.plus(3601);
        let too_old = ClaimsError::TooOld { now, issued_at, max_age_secs: 3600 };
        assert_eq!(check(TOKEN, 3601), Err(too_old.into()));
        let ahead = ClaimsError::IssuedInFuture { now: issued_at.minus(61), issued_at };
        assert_eq!(check(TOKEN, -61), Err(ahead.into()));
    }

    #[test]
    fn every_change_of_a_character_is_noticed() {
        for (index, character) in TOKEN.char_indices() {
            let other = if character == 'A' { 'B' } else { 'A' };
            let changed: String =
                TOKEN.char_indices().map(|(at, own)| if at == index { other } else { own }).collect();
            assert!(check(&changed, 0).is_err(), "{changed}");
            assert!(check(TOKEN.get(..index).unwrap(), 0).is_err());
        }
    }

    #[test]
    fn another_form_is_none() {
        let (rest, mac) = TOKEN.rsplit_once('.').unwrap();
        for (text, error) in [
            ("", TokenError::NotThreeSegments),
            ("a.b", TokenError::NotThreeSegments),
            ("..a.b", TokenError::NotThreeSegments),
            (".a.b", TokenError::NotThreeSegments),
            (&format!("a.b.{TOKEN}"), TokenError::NotThreeSegments),
            (&format!("{TOKEN}="), TokenError::NotBase64Url),
            (&format!("{TOKEN} "), TokenError::NotBase64Url),
            (&format!("{rest}."), TokenError::SignatureInvalid),
            (&format!("{rest}.{mac}AAAA"), TokenError::SignatureInvalid),
            (&format!(".{TOKEN}"), TokenError::SignatureInvalid),
        ] {
            assert_eq!(check(text, 0), Err(error.into()), "{text}");
        }
    }

    #[test]
    fn its_key_is_not_shown() {
        let shown = format!("{:?}", SessionRules::new(SECRET, 3600).unwrap());
        assert_eq!(shown, "SessionRules { max_age_secs: 3600, .. }");
    }
}
