//! Signatures that the host verifies, where its machine code is faster than wasm.
//!
//! The host is asked about the signature alone. Which algorithm, which key and which bytes, is settled before.

use alloc::vec::Vec;
use core::fmt;

use spki::der::Encode as _;
use spki::der::asn1::UintRef;

use crate::alg::Algorithm;

/// A signature to verify.
#[derive(Debug, Clone, Copy)]
pub struct SignatureCheck<'a> {
    /// The algorithm that the key is fixed to.
    pub algorithm: Algorithm,
    /// The key, which has been checked, as the DER encoding of a `SubjectPublicKeyInfo`
    /// ([RFC 5280 section 4.1](https://www.rfc-editor.org/rfc/rfc5280#section-4.1)), with nothing behind it.
    pub key: &'a [u8],
    /// What was signed.
    pub message: &'a [u8],
    /// The signature as it is in a token: of the length that algorithm and key ask for, and for ECDSA `r` and `s`, one
    /// after the other ([RFC 7518 section 3.4](https://www.rfc-editor.org/rfc/rfc7518#section-3.4)).
    pub signature: &'a [u8],
}

impl SignatureCheck<'_> {
    /// The two halves of an ECDSA signature as a DER `ECDSA-Sig-Value`
    /// ([RFC 3279 section 2.2.3](https://www.rfc-editor.org/rfc/rfc3279#section-2.2.3)), for hosts that take no other form.
    pub fn ecdsa_sig_value(&self) -> Option<Vec<u8>> {
        let (r, s) = self.signature.split_at_checked(self.signature.len() / 2)?;
        [UintRef::new(r).ok()?, UintRef::new(s).ok()?].to_der().ok()
    }
}

/// Code outside of the core that verifies signatures.
pub trait SignatureVerifier: Sync {
    /// Whether the signature is valid; `None` if this verifier cannot tell, for which the core then does it.
    fn verify(&self, check: &SignatureCheck<'_>) -> Option<bool>;
}

/// A verifier of the host, and the algorithms for which it is asked.
#[derive(Clone)]
pub struct HostSignatures {
    verifier: &'static dyn SignatureVerifier,
    // INVARIANT: it has passed the test of each.
    algorithms: Vec<Algorithm>,
}

impl fmt::Debug for HostSignatures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HostSignatures").field(&self.algorithms).finish()
    }
}

impl HostSignatures {
    /// For `self_test` alone.
    pub(super) fn new(verifier: &'static dyn SignatureVerifier, algorithms: Vec<Algorithm>) -> Self {
        Self { verifier, algorithms }
    }

    /// The algorithms for which the host is asked.
    pub fn algorithms(&self) -> &[Algorithm] {
        &self.algorithms
    }

    /// What the host says; `None` if it is not asked, or cannot tell.
    pub(super) fn verify(&self, check: &SignatureCheck<'_>) -> Option<bool> {
        if self.algorithms.contains(&check.algorithm) { self.verifier.verify(check) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::SignatureCheck;
    use crate::alg::Algorithm;

    #[test]
    fn the_halves_of_a_signature_are_two_integers() {
        for (signature, expected) in [
            (&[1_u8, 2][..], Some(&[0x30_u8, 6, 2, 1, 1, 2, 1, 2][..])),
            // No zeros in front, but for one that says that the number is positive.
            (&[0, 0x80, 0, 1], Some(&[0x30, 7, 2, 2, 0, 0x80, 2, 1, 1])),
            (&[0, 0], Some(&[0x30, 6, 2, 1, 0, 2, 1, 0])),
        ] {
            let check = SignatureCheck { algorithm: Algorithm::ES256, key: &[], message: &[], signature };
            assert_eq!(check.ecdsa_sig_value().as_deref(), expected, "{signature:?}");
        }
    }
}
