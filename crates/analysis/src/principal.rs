//! Principals in reports.

use std::sync::Arc;

use portcullis::{Principal, Proof};
use serde::{Serialize, Serializer};

/// A principal as reports write it.
#[derive(Debug, Serialize)]
pub struct PrincipalReport<'p> {
    subject: &'p str,
    roles: &'p [String],
    scopes: Option<&'p [String]>,
    tenant: Option<&'p str>,
    proof: ProofReport<'p>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum ProofReport<'p> {
    Token { issuer: Option<&'p str>, key_id: Option<&'p str> },
    ApiKey { key_id: &'p str },
    Asked { issuer: Option<&'p str> },
}

impl<'p> From<&'p Principal> for PrincipalReport<'p> {
    fn from(principal: &'p Principal) -> Self {
        Self {
            subject: principal.subject(),
            roles: principal.roles(),
            scopes: principal.scopes(),
            tenant: principal.tenant(),
            proof: match principal.proof() {
                Proof::Token { issuer, key_id } => {
                    ProofReport::Token { issuer: issuer.as_deref(), key_id: key_id.as_deref() }
                }
                Proof::ApiKey { key_id } => ProofReport::ApiKey { key_id },
                Proof::Asked { issuer } => ProofReport::Asked { issuer: issuer.as_deref() },
            },
        }
    }
}

/// Writes a principal, if there is one, as reports do.
pub(crate) fn serialize<S: Serializer>(
    principal: &Option<Arc<Principal>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    principal.as_deref().map(PrincipalReport::from).serialize(serializer)
}
