//! What is fetched, from where.

use alloc::string::String;
use alloc::vec::Vec;

use crate::alg::Algorithm;
use crate::bundle::{BundleSource, Terms};

/// Everything that is fetched.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules<'a> {
    /// The keys of issuers.
    pub(crate) keys: &'a [KeySource],
    /// The bundle, and what it is used with.
    pub(crate) bundle: Option<(&'a BundleSource, Terms<'a>)>,
}

/// The keys of an issuer that are fetched while the gate runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySource {
    /// Where they are.
    pub place: SourcePlace,
    /// The algorithms that its tokens may be signed with; if empty, those of the keys.
    pub algorithms: Vec<Algorithm>,
    /// For how long keys are used that could not be fetched again, in seconds after they were fresh.
    pub stale_secs: u64,
}

/// Where keys are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourcePlace {
    /// A JWK Set at this URL.
    Set(String),
    /// Where the metadata of this issuer says:
    /// [OpenID Connect Discovery section 4](https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig), or
    /// [RFC 8414 section 3](https://www.rfc-editor.org/rfc/rfc8414#section-3).
    Metadata(String),
}

impl SourcePlace {
    /// The URL that is known from the configuration: that of the set, or the name of the issuer.
    pub fn url(&self) -> &str {
        match self {
            Self::Set(url) | Self::Metadata(url) => url,
        }
    }
}
