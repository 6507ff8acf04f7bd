//! For how long a proof holds, so that it can be looked at again after something was waited for.

use crate::error::{ApiKeyError, AskError, AuthError, ClaimsError, ClockError, TokenError, WaitError};
use crate::time::UnixTime;

/// The times of a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Validity {
    Token(TokenTimes),
    /// The end of the record.
    ApiKey(Option<UnixTime>),
    /// The end of an answer.
    Asked(UnixTime),
}

impl Validity {
    /// When the proof ends, leeway included.
    pub(crate) fn end(&self) -> Option<UnixTime> {
        match self {
            Self::Token(times) => Some(times.expires_at.plus(times.leeway_secs)),
            Self::ApiKey(end) => *end,
            Self::Asked(end) => Some(*end),
        }
    }

    /// Whether the proof holds at `now`.
    ///
    /// # Errors
    ///
    /// As when it was first looked at.
    pub(crate) fn check(&self, now: UnixTime) -> Result<(), AuthError> {
        if self.end().is_some() {
            ClockError::check(now)?;
        }
        match self {
            Self::Token(times) => times.check(now),
            Self::ApiKey(Some(expires_at)) if now >= *expires_at => {
                Err(ApiKeyError::Expired { now, expires_at: *expires_at }.into())
            }
            Self::ApiKey(_) => Ok(()),
            // A caller that is asked about again may be the same as before.
            Self::Asked(end) if now >= *end => Err(WaitError::Ask(AskError::NoAnswer).into()),
            Self::Asked(_) => Ok(()),
        }
    }
}

/// The times of a token ([RFC 7519 section 4.1](https://www.rfc-editor.org/rfc/rfc7519#section-4.1)), and what its issuer's
/// rules make of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TokenTimes {
    pub(crate) expires_at: UnixTime,
    pub(crate) not_before: Option<UnixTime>,
    pub(crate) issued_at: Option<UnixTime>,
    pub(crate) leeway_secs: u64,
    pub(crate) max_age_secs: Option<u64>,
    /// The instant from which the key that verified it is no longer accepted.
    pub(crate) key_end: Option<UnixTime>,
}

impl TokenTimes {
    fn check(&self, now: UnixTime) -> Result<(), AuthError> {
        if self.key_end.is_some_and(|end| now >= end) {
            return Err(TokenError::KeyRetired.into());
        }
        self.check_expiry(now)?;
        self.check_not_before(now)?;
        self.check_issued_at(now)?;
        Ok(self.check_age(now)?)
    }

    pub(crate) fn check_expiry(&self, now: UnixTime) -> Result<(), ClaimsError> {
        let expires_at = self.expires_at;
        if now >= expires_at.plus(self.leeway_secs) {
            return Err(ClaimsError::Expired { now, expires_at });
        }
        Ok(())
    }

    pub(crate) fn check_not_before(&self, now: UnixTime) -> Result<(), ClaimsError> {
        match self.not_before {
            Some(not_before) if now.plus(self.leeway_secs) < not_before => {
                Err(ClaimsError::NotYetValid { now, not_before })
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn check_issued_at(&self, now: UnixTime) -> Result<(), ClaimsError> {
        match self.issued_at {
            Some(issued_at) if now.plus(self.leeway_secs) < issued_at => {
                Err(ClaimsError::IssuedInFuture { now, issued_at })
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn check_age(&self, now: UnixTime) -> Result<(), ClaimsError> {
        match (self.max_age_secs, self.issued_at) {
            (Some(max_age_secs), Some(issued_at))
                if now.minus(self.leeway_secs) > issued_at.plus(max_age_secs) =>
            {
                Err(ClaimsError::TooOld { now, issued_at, max_age_secs })
            }
            _ => Ok(()),
        }
    }
}
