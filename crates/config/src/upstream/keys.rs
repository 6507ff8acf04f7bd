//! Keys of the origin's own, and whom each is for.

use alloc::format;
use alloc::vec::Vec;

use portcullis::limits::{CLAIM_BYTES, ORIGIN_KEYS};
use portcullis::parts::{AssignedKey, KeyHolder, OriginKeys, Policy};

use crate::context::Context;
use crate::diagnostics::Diagnostics;
use crate::document::{AssignedKeyDocument, OriginKeyDocument, SecretDocument};
use crate::resolve::resolve_origin_key;
use crate::roles::no_such_role;

/// The member.
const PLACE: &str = "/upstream/origin_key";

pub(super) fn compile(
    written: &OriginKeyDocument,
    context: &Context<'_>,
    policy: Option<&Policy>,
    diagnostics: &mut Diagnostics,
) -> Option<OriginKeys> {
    let assigned = match written {
        OriginKeyDocument::One(secret) => {
            let key = assigned(KeyHolder::default(), secret, PLACE, context, diagnostics)?;
            return Some(OriginKeys::new(Vec::from([key])));
        }
        OriginKeyDocument::Assigned(assigned) => assigned,
    };
    if assigned.is_empty() {
        diagnostics.error(
            PLACE,
            "names no key, so that nobody has one; write [{\"role\": \"admin\", \"key\": {\"env\": \"NAME\"}}], or {\"env\": \"NAME\"} for all callers",
        );
        return None;
    }
    if assigned.len() > ORIGIN_KEYS {
        diagnostics.error(PLACE, format!("has {} keys; at most {ORIGIN_KEYS}", assigned.len()));
        return None;
    }
    let before = diagnostics.error_count();
    let mut keys: Vec<AssignedKey> = Vec::new();
    let mut holders: Vec<KeyHolder> = Vec::new();
    for (index, written) in assigned.iter().enumerate() {
        let place = format!("{PLACE}/{index}");
        let holder = holder(written, &place, policy, diagnostics);
        if let Some(earlier) = holders.iter().position(|earlier| earlier.covers(&holder)) {
            diagnostics.error(
                place.as_str(),
                format!(
                    "counts for nobody: whoever it is for gets the key of {PLACE}/{earlier}, which comes first; put it before that one, or remove it"
                ),
            );
        }
        let secret =
            self::assigned(holder.clone(), &written.key, &format!("{place}/key"), context, diagnostics);
        keys.extend(secret);
        holders.push(holder);
    }
    (diagnostics.error_count() == before).then(|| OriginKeys::new(keys))
}

/// Whom a key is for.
fn holder(
    written: &AssignedKeyDocument,
    place: &str,
    policy: Option<&Policy>,
    diagnostics: &mut Diagnostics,
) -> KeyHolder {
    let AssignedKeyDocument { subject, tenant, role, .. } = written;
    for (member, text) in [("subject", subject), ("tenant", tenant)] {
        if text.as_ref().is_some_and(|text| !is_possible(text)) {
            diagnostics.error(
                format!("{place}/{member}"),
                format!(
                    "no caller has this {member}: one has 1 to {CLAIM_BYTES} bytes and no control characters; write it as the credential has it, or leave it out"
                ),
            );
        }
    }
    if let (Some(role), Some(policy)) = (role, policy)
        && policy.roles.get(role).is_none()
    {
        diagnostics.error(format!("{place}/role"), no_such_role(role, policy.roles.names()));
    }
    KeyHolder { subject: subject.clone(), tenant: tenant.clone(), role: role.clone() }
}

fn is_possible(text: &str) -> bool {
    (1..=CLAIM_BYTES).contains(&text.len()) && !text.chars().any(char::is_control)
}

fn assigned(
    holder: KeyHolder,
    secret: &SecretDocument,
    place: &str,
    context: &Context<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<AssignedKey> {
    let key = resolve_origin_key(secret, place, context, diagnostics)?;
    Some(AssignedKey { holder, name: secret.env.clone(), key })
}
