//! What a document is compiled with.

use core::fmt;

use portcullis::CredentialHandling;

use crate::document::{
    AboutDocument, ApiKeyRecordDocument, CredentialFormDocument, Document, EndpointKind, IdentityDocument,
    RecordCredential, RouteCredentialDocument, RouteDocument,
};
use crate::published::Published;
use crate::secrets::Secrets;
use crate::system::System;

/// A document, and what it builds on.
pub(crate) struct Context<'c> {
    pub(crate) document: &'c Document,
    pub(crate) system: &'c System,
    pub(crate) secrets: &'c dyn Secrets,
    pub(crate) published: &'c Published,
}

impl Context<'_> {
    /// Whether any credential is handled so: in general, on a route, or by its record.
    pub(crate) fn uses(&self, handling: CredentialHandling) -> bool {
        let route = |route: &RouteDocument| {
            matches!(
                (route.credential, handling),
                (Some(RouteCredentialDocument::Forward), CredentialHandling::Forward)
                    | (Some(RouteCredentialDocument::Swap), CredentialHandling::Replace)
                    | (Some(RouteCredentialDocument::Strip), CredentialHandling::Strip)
            )
        };
        let record = |record: &ApiKeyRecordDocument| {
            matches!(
                (record.credential, handling),
                (Some(RecordCredential::Forward), CredentialHandling::Forward)
                    | (Some(RecordCredential::Swap), CredentialHandling::Replace)
            )
        };
        let records = self.document.api_keys.iter().flat_map(|api_keys| &api_keys.records);
        self.credential() == handling
            || self.document.policy.routes.values().any(route)
            || records.into_iter().any(record)
    }

    /// Whether a route hands every credential on.
    pub(crate) fn has_forwarding_route(&self) -> bool {
        let mut routes = self.document.policy.routes.values();
        routes.any(|route| route.credential == Some(RouteCredentialDocument::Forward))
    }

    /// Whether the origin is asked, with the caller's own header, about credentials that nothing here verifies.
    pub(crate) fn asks_origin(&self) -> bool {
        let members = match &self.document.identity {
            None => None,
            Some(IdentityDocument::Origin) => self.system.identity.as_ref(),
            Some(IdentityDocument::Asked(members)) => Some(&**members),
        };
        members.is_some_and(|members| {
            let as_sent = match &members.credential {
                Some(form) => *form == CredentialFormDocument::AsSent,
                None => members.kind == EndpointKind::WhoAmI,
            };
            let about = members.about.as_deref();
            let is_asked = about.is_none_or(|about| about.contains(&AboutDocument::Opaque));
            as_sent && is_asked && members.ask.starts_with('/')
        })
    }

    /// The header of API keys, as it is written.
    pub(crate) fn api_key_header(&self) -> Option<&str> {
        let own = self.document.credentials.api_key_header.as_deref();
        own.or(self.system.credentials.api_key_header.as_deref()).filter(|name| !name.is_empty())
    }

    /// The header of API keys that the system has and the document has switched off.
    pub(crate) fn unused_api_key_header(&self) -> Option<&str> {
        let known = self.system.credentials.api_key_header.as_deref();
        known.filter(|_| self.document.credentials.api_key_header.as_deref() == Some(""))
    }

    /// What becomes of the caller's credential: the document's choice, or the system's.
    pub(crate) fn credential(&self) -> CredentialHandling {
        let own = self.document.upstream.credential;
        own.or(self.system.upstream.credential).unwrap_or(CredentialHandling::Forward)
    }
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("system", &self.system.name).finish_non_exhaustive()
    }
}
