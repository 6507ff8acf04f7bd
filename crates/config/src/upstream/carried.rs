//! Claims of the caller that a token minted for the origin repeats.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use portcullis::json::{Pointer, pointer_to};
use portcullis::limits::{CARRIED_CLAIMS, CLAIM_NAME_BYTES};

use crate::context::Context;
use crate::diagnostics::Diagnostics;
use crate::document::{CarriedClaims, MintDocument};
use crate::system::TokenProfile;

/// Claims with a registered meaning ([RFC 7519 section 4.1](https://www.rfc-editor.org/rfc/rfc7519#section-4.1)): those of
/// the minted token are its own.
pub(crate) const REGISTERED: &[&str] = &["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

/// Claims in which the gate says what the caller may do, whatever the origin.
pub(crate) const OF_THE_GATE: &[&str] = &["roles", "role", "scopes", "scope", "scp", "tenant"];

const PLACE: &str = "/upstream/token/claims";

/// The claims that are repeated: the name each gets, and the place it is taken from.
pub(super) fn compile(
    token: &MintDocument,
    context: &Context<'_>,
    diagnostics: &mut Diagnostics,
) -> Vec<(String, Pointer)> {
    let own_place = |name: &String| {
        let place = Pointer::parse(&pointer_to(&[name]));
        place.map(|place| (name.clone(), place))
    };
    let claims: Vec<(String, Pointer)> = match &token.claims {
        None => context.system.carried_claims.iter().filter_map(own_place).collect(),
        Some(CarriedClaims::Named(names)) => {
            let mut seen = BTreeSet::new();
            for (index, name) in names.iter().enumerate() {
                let place = format!("{PLACE}/{index}");
                if name.starts_with('/') {
                    diagnostics.error(
                        place,
                        "the name of a claim is expected here; to take one from elsewhere, write an object like {\"email\": \"/profile/email\"}",
                    );
                } else if !seen.insert(name) {
                    diagnostics.error(place, "an earlier element names this claim; leave one of them out");
                } else {
                    check_name(name, place, context, diagnostics);
                }
            }
            names.iter().filter_map(own_place).collect()
        }
        Some(CarriedClaims::Placed(places)) => {
            for (name, from) in places {
                let place = [PLACE, &pointer_to(&[name])].concat();
                check_name(name, place.clone(), context, diagnostics);
                check_place(from, &place, diagnostics);
            }
            places.iter().map(|(name, place)| (name.clone(), place.clone())).collect()
        }
    };
    if claims.len() > CARRIED_CLAIMS {
        diagnostics.error(
            PLACE,
            format!("more than {CARRIED_CLAIMS} claims; a token is sent with every request: name those the origin reads"),
        );
    }
    claims
}

/// SECURITY: what the gate says about a caller must not come from anywhere else.
fn check_name(name: &str, place: String, context: &Context<'_>, diagnostics: &mut Diagnostics) {
    if name.is_empty() || name.len() > CLAIM_NAME_BYTES || name.chars().any(char::is_control) {
        diagnostics.error(
            place,
            format!("not the name of a claim; write one of 1 to {CLAIM_NAME_BYTES} bytes, like \"email\""),
        );
    } else if REGISTERED.contains(&name) {
        diagnostics.error(
            place,
            format!("the token made for the origin has its own \"{name}\" or none; leave it out"),
        );
    } else if is_said_by_the_gate(name, context) {
        diagnostics.error(
            place,
            format!(
                "in \"{name}\" the gate tells {} who the caller is or what it may do, which no credential says by itself; leave it out",
                context.system.name
            ),
        );
    }
}

/// Whether the gate writes the claim `name`, or the origin reads in it what the gate writes elsewhere.
fn is_said_by_the_gate(name: &str, context: &Context<'_>) -> bool {
    let system = context.system;
    let read = TokenProfile::read(system.token_profile, "").map(|kind| kind.claims);
    let places = read.map(|claims| {
        let subject = [claims.subject].into_iter().chain(system.subject.clone());
        subject.chain(claims.roles).chain(claims.scopes).chain(claims.tenant).collect::<Vec<_>>()
    });
    let begins = |place: &Pointer| place.tokens().next().is_some_and(|first| first == name);
    OF_THE_GATE.contains(&name)
        || system.minted_claims.contains_key(name)
        || places.unwrap_or_default().iter().any(begins)
}

/// A whole set of claims is none.
pub(super) fn check_place(from: &Pointer, place: &str, diagnostics: &mut Diagnostics) {
    if from.tokens().next().is_none() {
        diagnostics.error(place.to_owned(), "names no claim; write a pointer like \"/email\"");
    }
}
