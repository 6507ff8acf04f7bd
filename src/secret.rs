//! Secrets: where they come from and which ones are refused.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

/// How a host hands secrets to the gate while it loads.
///
/// A configuration only ever names a secret (`{ "env": "JWT_SECRET_KEY" }`); the host knows the value.
pub trait Secrets {
    /// The value of the secret `name`, or `None` if this host has none by that name.
    fn get(&self, name: &str) -> Option<String>;

    /// One sentence that tells how to set the secret `name` on this host.
    fn remedy(&self, name: &str) -> String;
}

/// Octets that must not be shown: `Debug` prints their length, and they are wiped when dropped.
#[derive(Clone)]
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    /// Takes over `octets`.
    pub fn new(octets: Vec<u8>) -> Self {
        Self(Zeroizing::new(octets))
    }

    /// The octets. Keep them out of errors and logs.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretBytes({} bytes)", self.0.len())
    }
}

/// Whether `secret` is one of the values printed in the documentation or the defaults of a system this gate
/// fronts. Whoever reads those pages can sign with it.
pub(crate) fn is_placeholder(secret: &[u8]) -> bool {
    let Ok(text) = core::str::from_utf8(secret) else { return false };
    let text = text.trim();
    PLACEHOLDERS.iter().any(|placeholder| text.eq_ignore_ascii_case(placeholder))
}

/// Published example secrets. Those shorter than a hash are refused for their length already; they are listed so that
/// the error says what is really wrong with them.
const PLACEHOLDERS: &[&str] = &[
    // AgentFlow: guides and reference pages on authentication and deployment.
    "replace-with-long-random-secret",
    "your-super-secret-key-at-least-32-characters-long-like-this",
    "your-long-random-secret-key-at-least-32-chars",
    "your-secret",
    "your-secret-here",
    "your-secret-key",
    // RAGFlow: the password of its deployment files, for want of an example of its signing secret.
    "infini_rag_flow",
    // R2R: the constant built into py/core/providers/crypto.
    "wNFbczH3QhUVcPALwtWZCPi0lrDlGV3P1DPRVEQCPbM",
    // RAG Modulo: defaults, example environment files and installation guides.
    "default_secret",
    "dev-jwt-secret-change-in-production",
    "dev-jwt-secret-key-for-local-development-only",
    "dev-secret-key-change-in-production-f8a7b2c1",
    "e2e-test-secret-key",
    "generate_random_256_bit_key",
    "generate_with_openssl_rand_hex_32",
    "mock_jwt_secret_key_for_ci_testing",
    "secure-random-string-min-32-chars",
    "test-secret-key",
    "test-secret-key-for-ci",
    "your-jwt-secret-key-min-32-chars",
    "your-secret-key-256-bits",
    "your-secret-key-here",
    "your-secure-jwt-secret-key",
    "your-secure-jwt-secret-min-32-chars",
    "your-secure-jwt-secret-min-32-chars-random-string",
    "your-secure-production-secret-key-256-bits",
    "your-secure-random-secret-key-256-bits",
    "your-secure-secret-key",
    "your_secret_key",
    // The example of jwt.io, pasted more often than any other.
    "a-string-secret-at-least-256-bits-long",
    "your-256-bit-secret",
];

#[cfg(test)]
mod tests {
    use super::{SecretBytes, is_placeholder};
    use alloc::format;

    #[test]
    fn debug_shows_a_length_only() {
        assert_eq!(format!("{:?}", SecretBytes::new(b"hunter2".to_vec())), "SecretBytes(7 bytes)");
    }

    #[test]
    fn published_secrets_are_known() {
        assert!(is_placeholder(b"wNFbczH3QhUVcPALwtWZCPi0lrDlGV3P1DPRVEQCPbM"));
        assert!(is_placeholder(b" Replace-With-Long-Random-Secret\n"));
        assert!(!is_placeholder(b"2b1c9d5f3f0e4c7a8f6d5e4c3b2a19080706050403020100"));
        assert!(!is_placeholder(b"\xff\xfe"));
    }
}
