//! Getting a named secret from the host and refusing weak ones.

use alloc::borrow::ToOwned;
use alloc::format;

use portcullis::SecretBytes;
use portcullis::base64url;

use crate::context::Context;
use crate::diagnostics::Diagnostics;
use crate::document::{SecretDocument, SecretEncoding};
use crate::weak_secret;

/// The remedy for something that is no secret.
const NEW_SECRET: &str = "make one with `openssl rand -hex 32`, or give a public key as \"pem\" or \"jwk\" with an algorithm like RS256";

/// The bytes of a secret of at least `min_bytes`; `pointer` is the place of the object that names it.
pub(crate) fn resolve(
    secret: &SecretDocument,
    min_bytes: usize,
    pointer: &str,
    context: &Context<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<SecretBytes> {
    let place = format!("{pointer}/env");
    let (name, hint) = match &secret.env {
        env if is_variable(env) => (format!("\"{env}\""), context.secrets.hint(env)),
        // Somebody may have put the secret itself in the place of its name: it must not get into a log.
        _ => (
            "named here (the name is not shown: it has not the form NAME_OF_A_SECRET)".to_owned(),
            context.secrets.hint("NAME"),
        ),
    };
    let text = context.secrets.get(&secret.env).filter(|text| !text.is_empty());
    let Some(text) = text.map(|text| SecretBytes::new(text.into_bytes())) else {
        diagnostics.error(place, format!("secret {name} is not set; {hint}"));
        return None;
    };
    if context.published.contains(text.expose()) {
        diagnostics.error(place, format!(
                "secret {name} has a published example value, with which anybody can sign; replace it by one that `openssl rand -hex 32` makes: {hint}"
            ));
        return None;
    }
    // Before white space: such a document ends in a line break.
    if let Some(what) = weak_secret::public_form(text.expose()) {
        diagnostics.error(place, format!("secret {name} is {what}; {NEW_SECRET}: {hint}"));
        return None;
    }
    if text.expose() != text.expose().trim_ascii() {
        diagnostics
            .error(place, format!("secret {name} begins or ends with white space; set it again without"));
        return None;
    }
    let bytes = match secret.encoding {
        SecretEncoding::Text => Some(text.clone()),
        SecretEncoding::Hex => base16ct::mixed::decode_vec(text.expose()).ok().map(SecretBytes::new),
        SecretEncoding::Base64url => core::str::from_utf8(text.expose())
            .ok()
            .and_then(|text| base64url::decode(text).ok())
            .map(SecretBytes::new),
    };
    let Some(bytes) = bytes else {
        diagnostics.error(
            format!("{pointer}/encoding"),
            format!("secret {name} is not written in this encoding; fix the secret or the encoding"),
        );
        return None;
    };
    if bytes.expose().len() >= min_bytes
        && let Some(what) = weak_secret::fault(text.expose(), bytes.expose())
    {
        diagnostics.error(place, format!("secret {name} is {what}; {NEW_SECRET}: {hint}"));
        return None;
    }
    if bytes.expose().len() < min_bytes {
        diagnostics.error(
            place,
            format!(
                "secret {name} is shorter than {min_bytes} bytes, the output of its hash; make one with `openssl rand -hex {min_bytes}`"
            ),
        );
        return None;
    }
    Some(bytes)
}

/// Whether `name` looks like an environment variable: capitals, digits and underscores, at most 64 of them.
pub(crate) fn is_variable(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|first: char| first.is_ascii_uppercase() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}
