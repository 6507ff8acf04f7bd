//! Getting a named secret from the host and refusing weak ones.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

use portcullis::SecretBytes;
use portcullis::base64url;
use portcullis::limits::{API_KEY_BYTES, ORIGIN_KEY_CHARS_MIN};
use portcullis::parts::OriginKey;

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
    let Read { name, hint, text, bytes } = read(secret, NEW_SECRET, pointer, context, diagnostics)?;
    let fault = if bytes.expose().len() < min_bytes {
        format!(
            "shorter than {min_bytes} bytes, the output of its hash; make one with `openssl rand -hex {min_bytes}`"
        )
    } else if let Some(what) = weak_secret::fault(text.expose(), bytes.expose()) {
        format!("{what}; {NEW_SECRET}: {hint}")
    } else {
        return Some(bytes);
    };
    diagnostics.error(format!("{pointer}/env"), format!("secret {name} is {fault}"));
    None
}

/// An API key that the origin issued; `pointer` is the place of the object that names it.
pub(crate) fn resolve_origin_key(
    secret: &SecretDocument,
    pointer: &str,
    context: &Context<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<OriginKey> {
    let system = &context.system.name;
    let remedy = format!("set it to an API key that {system} issued");
    let Read { name, hint, text, bytes } = read(secret, &remedy, pointer, context, diagnostics)?;
    let fault = weak_secret::fault(text.expose(), bytes.expose());
    let Some(key) = OriginKey::new(bytes) else {
        let fault = format!(
            "no API key: it has other than {ORIGIN_KEY_CHARS_MIN} to {API_KEY_BYTES} visible ASCII characters"
        );
        diagnostics.error(format!("{pointer}/env"), format!("secret {name} is {fault}; {remedy}: {hint}"));
        return None;
    };
    if let Some(what) = fault {
        diagnostics.error(format!("{pointer}/env"), format!("secret {name} is {what}; {remedy}: {hint}"));
        return None;
    }
    Some(key)
}

/// A secret as it was found.
struct Read {
    /// Its name, for messages.
    name: String,
    /// How it is set on this host.
    hint: String,
    /// How it is written.
    text: SecretBytes,
    /// What is written.
    bytes: SecretBytes,
}

/// The secret, if it is set, nobody has published it, and it is no public key. `remedy` is what to do about one that is.
fn read(
    secret: &SecretDocument,
    remedy: &str,
    pointer: &str,
    context: &Context<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Read> {
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
        diagnostics.error(place, format!("secret {name} is {what}; {remedy}: {hint}"));
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
    Some(Read { name, hint, text, bytes })
}

/// Whether `name` looks like an environment variable: capitals, digits and underscores, at most 64 of them.
pub(crate) fn is_variable(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|first: char| first.is_ascii_uppercase() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}
