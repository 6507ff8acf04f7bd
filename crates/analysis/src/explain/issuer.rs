//! Issuers and their keys, by their places in the configuration.

use portcullis::Gate;
use portcullis::jose::VerificationKey;
use portcullis::parts::{ClaimRules, Issuer};

/// An issuer of tokens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IssuerAt<'g> {
    index: usize,
    issuer: &'g Issuer,
}

/// A key of an issuer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyAt<'g> {
    /// Counted from 0, those of `keys` before those of `jwks`.
    position: usize,
    /// How many keys the issuer has.
    of: usize,
    pub(crate) key: &'g VerificationKey,
}

impl<'g> IssuerAt<'g> {
    /// All issuers of `gate`.
    pub(crate) fn all(gate: &'g Gate) -> impl Iterator<Item = Self> {
        gate.parts().issuers.iter().enumerate().map(|(index, issuer)| Self { index, issuer })
    }

    /// Where it stands in the configuration, as a JSON pointer.
    pub(crate) fn pointer(&self) -> String {
        format!("/issuers/{}", self.index)
    }

    /// The rules of its tokens.
    pub(crate) fn rules(&self) -> &'g ClaimRules {
        &self.issuer.rules
    }

    /// The `iss` its tokens must have, if that is configured.
    pub(crate) fn name(&self) -> Option<&'g str> {
        self.issuer.rules.issuer.as_deref()
    }

    /// Its name and its place in the configuration.
    pub(crate) fn label(&self) -> String {
        match self.name() {
            Some(name) => format!("{name} ({})", self.pointer()),
            None => self.pointer(),
        }
    }

    /// The keys its tokens are verified with.
    pub(crate) fn keys(&self) -> impl Iterator<Item = KeyAt<'g>> + use<'g> {
        let keys = self.issuer.keys.known();
        let of = keys.len();
        keys.iter().enumerate().map(move |(position, key)| KeyAt { position, of, key })
    }

    /// The key at a position.
    pub(crate) fn key(&self, position: usize) -> Option<KeyAt<'g>> {
        self.keys().nth(position)
    }
}

impl KeyAt<'_> {
    /// The key by its `kid`, or by its place among the keys of its issuer.
    pub(crate) fn label(&self) -> String {
        let algorithm = self.key.algorithm();
        match self.key.id() {
            Some(id) => format!("`{id}` ({algorithm})"),
            None => {
                let position = self.position.saturating_add(1);
                format!("key {position} of {} ({algorithm}, without kid)", self.of)
            }
        }
    }
}
