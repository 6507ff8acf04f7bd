//! What a gate is made of.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::Deserialize;

use super::cors::Cors;
use crate::api_key::ApiKeys;
use crate::ask::Identity;
use crate::authenticator::{Authenticator, Checked, Issuer};
use crate::bundle::{BundleContents, BundleError, BundleSource, Terms};
use crate::credential::CredentialLocations;
use crate::crypto::Arithmetic;
use crate::dialect::Dialect;
use crate::error::{AuthError, ClockError, PolicyError, TokenError, WaitError};
use crate::key::{HostSignatures, Means};
use crate::memory::MemorySize;
use crate::policy::authorize::Policy;
use crate::policy::permission::Permission;
use crate::policy_version::PolicyVersion;
use crate::principal::Principal;
use crate::rate_limit::RateLimit;
use crate::revocation::Revocations;
use crate::shared::SharedAnswers;
use crate::sources::{KeySource, Rules, Sources};
use crate::time::UnixTime;
use crate::trace::HypotheticalCaller;
use crate::upstream::rules::Upstream;

/// A compiled configuration: decides about requests.
///
/// Immutable, and free of interior state: the same head at the same time always gets the same verdict. A clone is the same
/// gate, and costs no more than counting it.
#[derive(Debug, Clone)]
pub struct Gate {
    parts: Arc<GateParts>,
    // Not among the parts: those of a gate that others have as well could only be changed in a copy.
    signatures: Option<Arc<HostSignatures>>,
}

/// Everything that decisions depend on, as a configuration compiles to it.
#[derive(Debug, Clone)]
pub struct GateParts {
    /// The form of error bodies.
    pub dialect: Dialect,
    /// The `realm` of challenges.
    pub realm: String,
    /// Where credentials may stand.
    pub locations: CredentialLocations,
    /// Who issues tokens.
    pub issuers: Vec<Issuer>,
    /// Keys that are fetched, as issuers name them.
    pub sources: Vec<KeySource>,
    /// The bundle, if there is to be one: without it nobody gets in who has to be known.
    pub bundle: Option<BundleSource>,
    /// The records of API keys, if they are accepted.
    pub api_keys: Option<ApiKeys>,
    /// Who is asked about callers.
    pub identity: Option<Identity>,
    /// What was taken back.
    pub revocations: Revocations,
    /// How many failed credentials of one client are looked at.
    pub failures: Option<RateLimit>,
    /// How much is remembered.
    pub memory: MemorySize,
    /// Under what keys answers are shared with other instances, if they are.
    pub shared: Option<SharedAnswers>,
    /// Routes and roles.
    pub policy: Policy,
    /// How requests are handed on.
    pub upstream: Upstream,
    /// Longest accepted token, in bytes.
    pub token_bytes: usize,
    /// How cross-origin requests are treated.
    pub cors: Cors,
    /// Whether refusals name their reason in a header.
    pub reason_header: bool,
    /// What becomes of refusals.
    pub mode: Mode,
    /// The name of the configuration, for logs.
    pub version: PolicyVersion,
}

impl GateParts {
    /// Everything that is fetched.
    pub(super) fn rules(&self) -> Rules<'_> {
        Rules { keys: &self.sources, bundle: self.bundle.as_ref().map(|source| (source, self.terms())) }
    }

    fn terms(&self) -> Terms<'_> {
        Terms { api_keys: self.api_keys.as_ref(), roles: &self.policy.roles }
    }

    /// What is in a bundle that would be used at `now`, if it were the first that comes: everything that a gate looks at. For
    /// tools.
    ///
    /// # Errors
    ///
    /// [`BundleError`] says why it would not.
    pub fn check_bundle(
        &self,
        source: &BundleSource,
        text: &[u8],
        now: UnixTime,
    ) -> Result<BundleContents, BundleError> {
        source.install(text, None, self.terms(), now)?;
        source.open(text, now)
    }

    /// The revocations of the bundle, if there is to be one.
    ///
    /// SECURITY: without it nobody knows what was taken back.
    fn bundled<'s>(&self, sources: &'s Sources, now: UnixTime) -> Result<Option<&'s Revocations>, AuthError> {
        match (&self.bundle, sources.bundle(now)) {
            (None, _) => Ok(None),
            (Some(_), Some(bundle)) => Ok(Some(&bundle.revocations)),
            (Some(_), None) => Err(sources.no_bundle(now)),
        }
    }

    /// Whether a credential itself was taken back.
    ///
    /// # Errors
    ///
    /// [`TokenError::Revoked`], or [`WaitError::Bundle`] if nobody can tell.
    pub(super) fn check_credential(
        &self,
        sources: &Sources,
        credential: &str,
        now: UnixTime,
    ) -> Result<(), AuthError> {
        let bundled = self.bundled(sources, now)?;
        let mut all = [Some(&self.revocations), bundled].into_iter().flatten();
        if all.any(|revocations| revocations.has_credential(credential)) {
            return Err(TokenError::Revoked.into());
        }
        Ok(())
    }

    /// Whether what proved `principal` was taken back.
    ///
    /// # Errors
    ///
    /// As [`Revocations::check`], or [`WaitError::Bundle`] if nobody can tell.
    pub(super) fn check_revoked(
        &self,
        sources: &Sources,
        principal: &Principal,
        now: UnixTime,
    ) -> Result<(), AuthError> {
        let bundled = self.bundled(sources, now)?;
        self.revocations.check(principal)?;
        bundled.map_or(Ok(()), |revocations| revocations.check(principal))
    }
}

/// What becomes of a refusal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The caller gets it.
    #[default]
    Enforce,
    /// It is only written down: the request goes on as it came, but for headers that claim an identity.
    Report,
}

impl Gate {
    /// A gate of these parts.
    pub fn new(parts: GateParts) -> Self {
        Self { parts: Arc::new(parts), signatures: None }
    }

    /// The same gate, which has signatures verified on its host.
    #[must_use]
    pub fn with_host_signatures(self, signatures: HostSignatures) -> Self {
        Self { signatures: Some(Arc::new(signatures)), ..self }
    }

    /// A gate of these parts, which verifies signatures as this one does.
    pub(super) fn with_parts(&self, parts: GateParts) -> Self {
        Self { parts: Arc::new(parts), signatures: self.signatures.clone() }
    }

    /// What it is made of, for tools that tell about it.
    pub fn parts(&self) -> &GateParts {
        &self.parts
    }

    /// The name of the configuration it was made from.
    pub fn version(&self) -> PolicyVersion {
        self.parts.version
    }

    /// The principal a bearer token proves at the time `now`: everything [`Gate::begin`] does to a token, and nothing
    /// about routes.
    ///
    /// # Errors
    ///
    /// [`AuthError`] from the step that refused it.
    pub fn verify(&self, token: &str, now: UnixTime) -> Result<Arc<Principal>, AuthError> {
        let sources = Sources::default();
        ClockError::check(now)?;
        self.parts.check_credential(&sources, token, now)?;
        let checked = self.authenticator(&sources).token(token, now, &mut ())?;
        self.vouch(&sources, checked, now)
    }

    /// Whom `checked` proves, if that was not taken back, and nobody has to be asked first.
    ///
    /// # Errors
    ///
    /// [`AuthError`] says why not.
    pub(super) fn vouch(
        &self,
        sources: &Sources,
        checked: Checked,
        now: UnixTime,
    ) -> Result<Arc<Principal>, AuthError> {
        let principal = match checked {
            Checked::Principal { principal, .. } => principal,
            Checked::NeedsRecord(_) | Checked::NeedsKeys { .. } => {
                return Err(WaitError::Keys { retry_secs: 1 }.into());
            }
        };
        self.parts.check_revoked(sources, &principal, now)?;
        // SECURITY: nobody is asked here, and what nobody was asked about may have been taken back.
        if self.parts.revocations.lookup {
            return Err(WaitError::Revocations.into());
        }
        Ok(principal)
    }

    /// Whether the policy gives `principal` the permission, for a caller that decides about something other than a route.
    ///
    /// # Errors
    ///
    /// [`PolicyError`] says which rule refused.
    pub fn authorize(&self, principal: &Principal, permission: &Permission) -> Result<(), PolicyError> {
        self.parts.policy.permits(principal, permission)
    }

    /// The same for somebody who is not there. A request without a credential has no permission.
    ///
    /// # Errors
    ///
    /// [`PolicyError`] says which rule refused.
    pub fn would_authorize(
        &self,
        caller: &HypotheticalCaller,
        permission: &Permission,
    ) -> Result<(), PolicyError> {
        let principal = caller.unbound().ok_or(PolicyError::PermissionMissing)?;
        self.parts.policy.permits(principal, permission)
    }

    /// Whether anything is counted by the client's address, so that a host has to find it out to decide.
    pub fn counts_clients(&self) -> bool {
        let parts = self.parts();
        parts.failures.is_some() || parts.policy.routes.iter().any(|route| route.limit.is_some())
    }

    pub(super) fn authenticator<'g>(&'g self, sources: &'g Sources) -> Authenticator<'g> {
        // A table remembers a key, as the rest of the memory remembers tokens; and what else is ours is turned off with it.
        let arithmetic = if self.parts.memory.entries > 0 { Arithmetic::Own } else { Arithmetic::Libraries };
        Authenticator {
            issuers: &self.parts.issuers,
            sources,
            api_keys: self.parts.api_keys.as_ref(),
            token_bytes: self.parts.token_bytes,
            means: Means { host: self.signatures.as_deref(), arithmetic },
        }
    }
}
