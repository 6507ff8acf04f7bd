//! Objects that a request names, and of which only the origin knows whether they are the caller's.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::refuse::{Broken, Refused};
use crate::call::{Call, CallTarget};
use crate::error::{AuthError, PolicyError};
use crate::handling::CredentialHandling;
use crate::limits::{ASK_SECS, OBJECTS_ASKED};
use crate::memory::{self, CredentialDigest};
use crate::policy::binding::{Binding, Occurrence, Reading, Values};
use crate::upstream::caller::Caller;
use crate::upstream::handover::Handover;
use crate::verdict::{Diagnostics, Forward};

/// What digests are made for.
const OBJECTS: u8 = 2;

/// An object that is asked for, and the binding it is asked for by.
#[derive(Debug, Clone)]
pub(super) struct Object {
    pub(super) target: String,
    binding: String,
}

/// A request that is allowed if the objects are the caller's.
#[derive(Debug)]
pub(super) struct AwaitedObjects {
    pub(super) caller: Caller,
    pub(super) handover: Handover,
    pub(super) known: Diagnostics,
    pub(super) asker: Asker,
    /// Those that are still to be asked for; the last one is next.
    pub(super) objects: Vec<Object>,
}

/// How the caller would ask.
#[derive(Debug, Clone)]
pub(super) struct Asker {
    /// The SHA-256 of its credential.
    credential: CredentialDigest,
    /// The header its credential stands in, where the origin gets that.
    header: Option<Header>,
}

/// A header that carries a credential.
#[derive(Clone)]
struct Header(String, String);

impl core::fmt::Debug for Header {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Header(..)")
    }
}

impl Asker {
    pub(super) fn new(credential: &str, header: Option<(String, String)>) -> Self {
        let header = header.map(|(name, value)| Header(name, value));
        Self { credential: memory::digest(OBJECTS, credential), header }
    }

    /// The call that asks for `target`, where `forward` is how the request itself goes on.
    pub(super) fn call(&self, target: &str, forward: &Forward) -> Call {
        let mut headers = Vec::from([(String::from("accept"), String::from("application/json"))]);
        headers.extend(forward.set_headers.iter().cloned());
        // The credential as it came, unless another takes its place.
        let own = self.header.iter().filter(|_| forward.credential == CredentialHandling::Forward);
        for Header(name, value) in own {
            if !headers.iter().any(|(set, _)| set == name) {
                headers.push((name.clone(), value.clone()));
            }
        }
        Call {
            method: "GET",
            target: CallTarget::Origin(target.into()),
            headers,
            body: String::new(),
            timeout_secs: ASK_SECS,
        }
    }

    pub(super) fn digest(&self, target: &str) -> CredentialDigest {
        memory::digest_of(&self.credential, target)
    }
}

/// The objects that `bindings` find with `read`.
pub(super) fn objects<'b>(
    bindings: impl Iterator<Item = &'b Binding>,
    read: impl Fn(&'b Binding) -> Reading<'b>,
) -> Result<Vec<Object>, Broken> {
    let mut objects = Vec::new();
    for binding in bindings {
        let Values::Object(template) = &binding.values else { continue };
        let broken = || Broken::by(binding);
        let reading = read(binding);
        match reading.occurrence {
            Occurrence::Absent if binding.optional => continue,
            Occurrence::Sole if !reading.found.is_empty() => {}
            Occurrence::Absent | Occurrence::Sole | Occurrence::Unclear => return Err(broken()),
        }
        for found in &reading.found {
            let target = template.target(found).ok_or_else(broken)?;
            objects.push(Object { target, binding: Broken::by(binding).text() });
        }
        if objects.len() > OBJECTS_ASKED {
            return Err(broken());
        }
    }
    objects.sort_unstable_by(|a, b| a.target.cmp(&b.target));
    objects.dedup_by(|a, b| a.target == b.target);
    Ok(objects)
}

impl AwaitedObjects {
    pub(super) fn refuse(self, error: impl Into<AuthError>) -> Refused {
        let known = Diagnostics { principal: Some(self.caller.principal), ..self.known };
        Refused { error: error.into(), known: Box::new(known) }
    }

    pub(super) fn refuse_object(self, object: Object) -> Refused {
        let mut refused = self.refuse(PolicyError::BindingMismatch);
        refused.known.binding = Some(object.binding);
        refused
    }
}
