//! What is known about the credentials of a request that goes on.

use crate::credential::CredentialLocation;
use crate::handling::CredentialHandling;

/// What is known about the credentials of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nobody has verified any: none goes on.
    Unverified,
    /// They are the origin's own affair, and go on as they came. Nobody has verified any.
    OfOrigin,
    /// There is one, which was verified. It stands in this place, and this becomes of it.
    Verified(CredentialLocation, CredentialHandling),
}
