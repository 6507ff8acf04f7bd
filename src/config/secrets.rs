//! Getting a named secret from the host and refusing weak ones.

use alloc::borrow::ToOwned;
use alloc::format;

use super::Findings;
use super::document::{SecretDocument, SecretEncoding};
use crate::base64url;
use crate::path::hex_value;
use crate::secret::{SecretBytes, is_placeholder};

/// The octets of a secret of at least `min_bytes`; `pointer` is the place of the object that names it.
pub(super) fn resolve(
    secret: &SecretDocument,
    min_bytes: usize,
    pointer: &str,
    findings: &mut Findings<'_>,
) -> Option<SecretBytes> {
    let place = format!("{pointer}/env");
    let secrets = findings.secrets;
    let (name, remedy) = match &secret.env {
        env if is_variable(env) => (format!("\"{env}\""), secrets.remedy(env)),
        // Somebody may have put the secret itself in the place of its name: it must not get into a log.
        _ => (
            "named here (the name is not shown: it has not the form NAME_OF_A_SECRET)".to_owned(),
            secrets.remedy("NAME"),
        ),
    };
    let text = secrets.get(&secret.env).filter(|text| !text.is_empty());
    let Some(text) = text.map(|text| SecretBytes::new(text.into_bytes())) else {
        findings.error(place, format!("secret {name} is not set; {}", remedy));
        return None;
    };
    if is_placeholder(text.expose()) {
        findings.error(place, format!("secret {name} is a published example value; {}", remedy));
        return None;
    }
    if text.expose() != text.expose().trim_ascii() {
        findings.error(place, format!("secret {name} begins or ends with white space; set it again without"));
        return None;
    }
    let octets = match secret.encoding {
        SecretEncoding::Text => Some(text),
        SecretEncoding::Hex => decode_hex(text.expose()),
        SecretEncoding::Base64url => core::str::from_utf8(text.expose())
            .ok()
            .and_then(|text| base64url::decode(text).ok())
            .map(SecretBytes::new),
    };
    let Some(octets) = octets else {
        findings.error(
            format!("{pointer}/encoding"),
            format!("secret {name} is not written in this encoding; mend the secret or the encoding"),
        );
        return None;
    };
    if octets.expose().len() < min_bytes {
        findings.error(
            place,
            format!(
                "secret {name} is shorter than {min_bytes} bytes, the output of its hash; make one with `openssl rand -hex {min_bytes}`"
            ),
        );
        return None;
    }
    Some(octets)
}

/// Whether `name` looks like an environment variable: capitals, digits and underscores, at most 64 of them.
pub(super) fn is_variable(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|first: char| first.is_ascii_uppercase() || first == '_')
        && name.bytes().all(|octet| octet.is_ascii_uppercase() || octet.is_ascii_digit() || octet == b'_')
}

fn decode_hex(text: &[u8]) -> Option<SecretBytes> {
    let pairs = text.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    pairs
        .map(|pair| match pair {
            [high, low] => Some((hex_value(*high)? << 4) | hex_value(*low)?),
            _ => None,
        })
        .collect::<Option<_>>()
        .map(SecretBytes::new)
}
