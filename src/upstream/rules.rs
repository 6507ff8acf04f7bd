//! How a deployment hands requests on.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::identity::IdentityHeaders;
use super::mint::Mint;
use super::origin_key::{AssignedKey, OriginKeys};
use super::owned::{CREDENTIALS_AMONG_OWNED, is_owned};
use crate::error::PolicyError;
use crate::handling::CredentialHandling;
use crate::json::Pointer;
use crate::principal::Principal;
use crate::request::{Header, fold};

/// How requests are handed on.
#[derive(Debug, Clone)]
pub struct Upstream {
    /// What becomes of the caller's credential.
    pub credential: CredentialHandling,
    /// Present when the credential is replaced.
    pub replacement: Option<Replacement>,
    /// The headers in which the origin is told who the caller is.
    pub identity_headers: IdentityHeaders,
    /// Headers removed besides those the gate owns, in lower case and with hyphens for other signs.
    pub remove_headers: Vec<String>,
    /// Headers with which a request is refused, in the same form. They are among those that are removed, where it goes on all
    /// the same.
    pub refuse_headers: Vec<String>,
    /// Headers that the gate owns and that pass all the same, in lower case and in no other spelling: something in front of
    /// the gate writes them.
    pub keep_headers: Vec<String>,
}

impl Upstream {
    /// Whether `header` must not reach the origin, whoever the caller is.
    pub fn removes(&self, header: &Header<'_>) -> bool {
        self.owns(header) || is_among(header, &self.remove_headers)
    }

    /// The same where credentials are the origin's own affair.
    pub(crate) fn removes_beside_credentials(&self, header: &Header<'_>) -> bool {
        let is_credential = CREDENTIALS_AMONG_OWNED.contains(&header.name());
        self.identity_headers.has(header)
            || (self.owns(header) && !is_credential)
            || is_among(header, &self.remove_headers)
    }

    fn owns(&self, header: &Header<'_>) -> bool {
        let is_kept = || self.keep_headers.iter().any(|kept| kept == header.name());
        self.identity_headers.has(header) || (is_owned(header) && !is_kept())
    }

    /// The key of the origin's own that takes the place of this caller's credential, where keys do. `roles` are those that
    /// the policy knows.
    ///
    /// # Errors
    ///
    /// [`PolicyError::OriginKeyMissing`] if none is for this caller.
    pub(crate) fn key_for(
        &self,
        handling: CredentialHandling,
        principal: &Principal,
        roles: &[String],
    ) -> Result<Option<&AssignedKey>, PolicyError> {
        let (CredentialHandling::Replace, Some(Replacement::Key(keys))) = (handling, &self.replacement)
        else {
            return Ok(None);
        };
        let key = keys.for_caller(principal.subject(), principal.tenant(), roles);
        key.map(Some).ok_or(PolicyError::OriginKeyMissing)
    }

    /// The places in a caller's claims that the origin is told of as they are, each once.
    pub fn carried_places(&self) -> Vec<Pointer> {
        let minted = match &self.replacement {
            Some(Replacement::Token(mint)) => mint.carried.as_slice(),
            Some(Replacement::Key(_)) | None => &[],
        };
        let mut places: Vec<Pointer> = Vec::new();
        for (_, place) in minted.iter().chain(&self.identity_headers.claims) {
            if !places.contains(place) {
                places.push(place.clone());
            }
        }
        places
    }

    /// Whether a request with `header` is refused.
    pub(super) fn refuses(&self, header: &Header<'_>) -> bool {
        is_among(header, &self.refuse_headers)
    }

    /// Whether `name` (lower case) is among the headers to remove.
    pub(super) fn lists(&self, name: &str) -> bool {
        let name = fold(name);
        self.remove_headers.iter().any(|listed| *listed == *name)
    }
}

/// Whether `header` is among those that are `listed`, in lower case and with hyphens for other signs.
fn is_among(header: &Header<'_>, listed: &[String]) -> bool {
    let name = header.folded();
    listed.iter().any(|listed| *listed == *name)
}

/// What takes the place of the caller's credential.
#[derive(Debug, Clone)]
pub enum Replacement {
    /// A token of the caller's own.
    Token(Box<Mint>),
    /// A key that the origin knows the caller by, or several callers.
    Key(OriginKeys),
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;
    use alloc::vec::Vec;

    use super::Upstream;
    use crate::handling::CredentialHandling;
    use crate::request::{HeaderPair, Request, RequestHead};
    use crate::upstream::identity::IdentityHeaders;

    #[test]
    fn listed_headers_are_found_in_every_spelling_and_no_others_are() {
        let upstream = Upstream {
            credential: CredentialHandling::Strip,
            replacement: None,
            identity_headers: IdentityHeaders::default(),
            remove_headers: ["x-secret-key".to_string(), "debug".to_string()].into(),
            refuse_headers: ["x-debug".to_string()].into(),
            keep_headers: Vec::new(),
        };
        for (name, removed, refused) in [
            ("x-secret-key", true, false),
            ("X_Secret.KEY", true, false),
            ("Debug", true, false),
            ("x-debug", false, true),
            ("X_DEBUG", false, true),
            ("x-secret", false, false),
            ("x-secret-keys", false, false),
            ("secret-key", false, false),
        ] {
            let pairs = [HeaderPair::new(name, "1")];
            let request = Request::parse(&RequestHead::new("GET", "/", &pairs)).unwrap();
            let header = request.headers().iter().next().unwrap();
            assert_eq!((upstream.removes(header), upstream.refuses(header)), (removed, refused), "{name}");
            assert_eq!(upstream.removes_beside_credentials(header), removed, "{name}");
            assert_eq!(upstream.lists(&name.to_ascii_lowercase()), removed, "{name}");
        }
    }
}
