//! ECDSA on the NIST curves: [RFC 7518 section 3.4](https://www.rfc-editor.org/rfc/rfc7518#section-3.4).
//!
//! A signature is `r` and `s`, each as long as the field; DER is not accepted. Both halves of a pair `(r, s)` and
//! `(r, n - s)` verify, as the standard has it: whoever remembers tokens must not do it by their text alone.

use alloc::boxed::Box;
use alloc::vec::Vec;

use ::p256::ecdsa::signature::Verifier as _;

use super::error::InvalidSignature;
use crate::alg::Curve;

/// A point on one of the curves, other than infinity.
#[derive(Debug, Clone)]
pub(crate) struct EcdsaKey(Point);

// Boxed: the larger points would otherwise make every key as large as the largest.
#[derive(Debug, Clone)]
enum Point {
    P256(Box<::p256::ecdsa::VerifyingKey>),
    P384(Box<::p384::ecdsa::VerifyingKey>),
    P521(Box<::p521::ecdsa::VerifyingKey>),
}

impl EcdsaKey {
    /// The key with these affine coordinates, or `None` if they are no point of `curve`.
    pub(crate) fn new(curve: Curve, x: &[u8], y: &[u8]) -> Option<Self> {
        if x.len() != curve.coordinate_bytes() || y.len() != curve.coordinate_bytes() {
            return None;
        }
        // SEC 1 section 2.3.4: 4 stands for "both coordinates follow". Decoding checks the curve equation.
        let point: Vec<u8> = [&[4], x, y].concat();
        Some(Self(match curve {
            Curve::P256 => Point::P256(Box::new(::p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).ok()?)),
            Curve::P384 => Point::P384(Box::new(::p384::ecdsa::VerifyingKey::from_sec1_bytes(&point).ok()?)),
            Curve::P521 => Point::P521(Box::new(::p521::ecdsa::VerifyingKey::from_sec1_bytes(&point).ok()?)),
            Curve::Ed25519 => return None,
        }))
    }

    /// Checks `signature`; `r` and `s` must lie between 1 and the order of the curve less 1.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let checked = match &self.0 {
            Point::P256(key) => ::p256::ecdsa::Signature::from_slice(signature)
                .and_then(|signature| key.verify(message, &signature)),
            Point::P384(key) => ::p384::ecdsa::Signature::from_slice(signature)
                .and_then(|signature| key.verify(message, &signature)),
            Point::P521(key) => ::p521::ecdsa::Signature::from_slice(signature)
                .and_then(|signature| key.verify(message, &signature)),
        };
        checked.map_err(|_| InvalidSignature)
    }
}
