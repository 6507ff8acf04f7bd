//! ECDSA on the NIST curves: [RFC 7518 section 3.4](https://www.rfc-editor.org/rfc/rfc7518#section-3.4).
//!
//! A signature is `r` and `s`, each as long as the field; DER is not accepted. Both halves of a pair `(r, s)` and
//! `(r, n - s)` verify, as the standard has it: whoever remembers tokens must not do it by their text alone.

mod field;
mod jacobian;
mod tabled;

use alloc::boxed::Box;
use alloc::vec::Vec;

use ::p256::NistP256;
use ::p256::ecdsa::signature::Verifier as _;
use ::p384::NistP384;

use self::tabled::Tabled;
use super::arithmetic::Arithmetic;
use super::earned::VerifiedBy;
use super::error::InvalidSignature;
use crate::alg::Curve;

/// A point on one of the curves, other than infinity.
#[derive(Debug, Clone)]
pub(crate) struct EcdsaKey(Point);

// Boxed: the larger points would otherwise make every key as large as the largest.
#[derive(Debug, Clone)]
enum Point {
    P256(Box<Tabled<NistP256>>),
    P384(Box<Tabled<NistP384>>),
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
            Curve::P256 => {
                let key = ::p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).ok()?;
                Point::P256(Box::new(Tabled::new(key, *key.as_affine())))
            }
            Curve::P384 => {
                let key = ::p384::ecdsa::VerifyingKey::from_sec1_bytes(&point).ok()?;
                Point::P384(Box::new(Tabled::new(key, *key.as_affine())))
            }
            Curve::P521 => Point::P521(Box::new(::p521::ecdsa::VerifyingKey::from_sec1_bytes(&point).ok()?)),
            Curve::Ed25519 => return None,
        }))
    }

    /// Checks `signature`; `r` and `s` must lie between 1 and the order of the curve less 1.
    pub(crate) fn verify(
        &self,
        message: &[u8],
        signature: &[u8],
        arithmetic: Arithmetic,
    ) -> Result<(), InvalidSignature> {
        match &self.0 {
            Point::P256(key) => key.verify(message, signature, arithmetic),
            Point::P384(key) => key.verify(message, signature, arithmetic),
            // Hardly anybody signs with it.
            Point::P521(key) => ::p521::ecdsa::Signature::from_slice(signature)
                .and_then(|signature| key.verify(message, &signature))
                .map_err(|_| InvalidSignature),
        }
    }

    /// Whether the key has a table by which it verifies signatures in less time than the machine code of hosts does.
    pub(crate) fn is_quicker_than_hosts(&self) -> bool {
        match &self.0 {
            Point::P256(key) => key.has_table(),
            Point::P384(_) | Point::P521(_) => false,
        }
    }

    /// Counts a valid signature that a host has verified.
    pub(crate) fn count_verified_by_host(&self) {
        if let Point::P256(key) = &self.0 {
            key.count(VerifiedBy::Host);
        }
    }
}
