//! Texts that are long enough for a secret and are none: everybody has them, or can guess them.

use portcullis::base64url;
use portcullis::json::{self, Budget};

/// Fewest different bytes of a secret. Of 32 random bytes, or as many random digits, hardly any has so few.
const DISTINCT_BYTES: usize = 8;

/// Why a secret cannot be one; `text` is how it is written, and `bytes` what is written.
pub(crate) fn fault(text: &[u8], bytes: &[u8]) -> Option<&'static str> {
    if let Some(kind) = public_form(text) {
        return Some(kind);
    }
    if is_der(bytes) || from_base64(text).is_some_and(|bytes| is_der(&bytes)) {
        return Some("a key or a certificate in DER, not a secret");
    }
    (distinct(text) < DISTINCT_BYTES || distinct(bytes) < DISTINCT_BYTES)
        .then_some("made of fewer than 8 different bytes, which can be guessed")
}

/// SECURITY: a public key is no secret: whoever has it could sign as anybody (CVE-2022-29217). Servers that take either
/// kind of key keep both in the same variable.
pub(crate) fn public_form(text: &[u8]) -> Option<&'static str> {
    let text = core::str::from_utf8(text).ok()?.trim_start_matches('\u{feff}').trim();
    if text.contains("-----BEGIN ") || text.contains("---- BEGIN SSH2 ") {
        return Some("a key or a certificate (PEM), not a secret");
    }
    let ssh = ["ssh-rsa ", "ssh-dss ", "ssh-ed25519 ", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-sha2-"];
    if ssh.iter().any(|start| text.starts_with(start)) {
        return Some("a public key of SSH, not a secret");
    }
    if !text.starts_with('{') {
        return None;
    }
    let value = json::parse(text.as_bytes(), Budget::CONFIG).ok()?;
    let members = value.as_object()?;
    (members.contains_key("kty") || members.contains_key("keys"))
        .then_some("a JWK or a JWK Set, not a secret; of a shared key (kty oct), take the value of \"k\" and write \"encoding\": \"base64url\"")
}

fn distinct(bytes: &[u8]) -> usize {
    let mut seen = [false; 256];
    for byte in bytes {
        if let Some(seen) = seen.get_mut(usize::from(*byte)) {
            *seen = true;
        }
    }
    seen.iter().filter(|seen| **seen).count()
}

/// Whether `bytes` are one SEQUENCE of DER that begins with another or with a number: what every key and every certificate
/// is. Of random bytes, one text in ten million is.
fn is_der(bytes: &[u8]) -> bool {
    let (length, inside) = match bytes {
        [0x30, length @ 0..=0x7f, inside @ ..] => (usize::from(*length), inside),
        [0x30, 0x81, length, inside @ ..] => (usize::from(*length), inside),
        [0x30, 0x82, high, low, inside @ ..] => (usize::from(u16::from_be_bytes([*high, *low])), inside),
        _ => return false,
    };
    inside.len() == length && matches!(inside, [0x30 | 0x02, ..])
}

/// What `text` is in base64, with either alphabet, with or without padding.
fn from_base64(text: &[u8]) -> Option<alloc::vec::Vec<u8>> {
    let text = core::str::from_utf8(text).ok()?;
    let url: alloc::string::String = text
        .chars()
        .filter(|char| !char.is_ascii_whitespace() && *char != '=')
        .map(|char| match char {
            '+' => '-',
            '/' => '_',
            other => other,
        })
        .collect();
    base64url::decode(&url).ok()
}

#[cfg(test)]
mod tests {
    use super::{distinct, fault, public_form};
    use alloc::format;

    /// The Ed25519 key of RFC 8410, and what surrounds it.
    const SPKI: &str = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";

    #[test]
    fn public_keys_are_no_secrets() {
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{SPKI}\n-----END PUBLIC KEY-----\n");
        let url = SPKI.replace('+', "-").replace('/', "_").replace('=', "");
        for text in [
            pem.as_str(),
            &format!("\u{feff}{pem}"),
            &format!("  \n{pem}"),
            &pem.replace('\n', "\\n"),
            &pem.replace("PUBLIC KEY", "CERTIFICATE"),
            &pem.replace("PUBLIC KEY", "RSA PUBLIC KEY"),
            &format!("\"{pem}\""),
            "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC7 alice@example.com",
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE",
            "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY",
            "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
            "\u{feff} {\"keys\": []}",
            SPKI,
            &url,
        ] {
            assert!(fault(text.as_bytes(), text.as_bytes()).is_some(), "{text}");
        }
        let decoded = super::from_base64(SPKI.as_bytes()).unwrap();
        let hex: alloc::string::String = decoded.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(fault(hex.as_bytes(), &decoded).is_some(), "{hex}");
        assert_eq!(public_form(b"\xff\xfe"), None);
    }

    #[test]
    fn few_bytes_are_no_secret() {
        for (text, bytes) in [
            ("a".repeat(64), "a".repeat(64).into_bytes()),
            ("0".repeat(64), [0; 32].into()),
            ("abcdefg".repeat(9), "abcdefg".repeat(9).into_bytes()),
            ("0123456789abcdef".repeat(2), [1, 2, 3, 4, 5, 6, 7].repeat(5)),
        ] {
            assert!(fault(text.as_bytes(), &bytes).is_some(), "{text}");
        }
        for text in [
            "abcdefgh".repeat(8),
            "{not a key, but thirty-two bytes".into(),
            "0f1e2d3c4b5a69788796a5b4c3d2e1f0".into(),
        ] {
            assert_eq!(fault(text.as_bytes(), text.as_bytes()), None, "{text}");
        }
        assert_eq!(distinct(b"abca"), 3);
    }
}
