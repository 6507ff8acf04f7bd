//! Ed25519: [RFC 8037](https://www.rfc-editor.org/rfc/rfc8037), [RFC 8032](https://www.rfc-editor.org/rfc/rfc8032).

use alloc::boxed::Box;
use core::ops::{Add, Neg};

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::traits::Identity;
use curve25519_dalek::{EdwardsPoint, Scalar};
use ed25519_dalek::{Signature, VerifyingKey};
use once_cell::race::OnceBox;
use sha2::{Digest, Sha512};

use super::arithmetic::Arithmetic;
use super::comb::{Comb, Point, Sum};
use super::earned::{Earned, VerifiedBy};
use super::error::InvalidSignature;

/// A point of the curve that is not of small order.
#[derive(Debug, Clone)]
pub(crate) struct Ed25519Key {
    key: Box<VerifyingKey>,
    /// Of the point's opposite.
    table: Earned<Comb<EdwardsPoint>>,
}

const SCALAR_BYTES: usize = 32;

static BASE: OnceBox<Comb<EdwardsPoint>> = OnceBox::new();

impl Ed25519Key {
    /// The key with this encoding, or `None` if it is no point, another spelling of one (RFC 8032 section 5.1.3 wants
    /// the canonical), or one of the eight under which a signature of anything can be made without a secret.
    pub(crate) fn new(encoding: &[u8]) -> Option<Self> {
        let key = VerifyingKey::from_bytes(encoding.try_into().ok()?).ok()?;
        let canonical = key.to_edwards().compress().to_bytes() == encoding;
        (canonical && !key.is_weak()).then(|| Self { key: Box::new(key), table: Earned::new() })
    }

    /// Checks `signature` by the strict rule: canonical encodings, no point of small order, no cofactor.
    pub(crate) fn verify(
        &self,
        message: &[u8],
        signature: &[u8],
        arithmetic: Arithmetic,
    ) -> Result<(), InvalidSignature> {
        let signature = Signature::from_slice(signature).map_err(|_| InvalidSignature)?;
        if arithmetic == Arithmetic::Libraries {
            return self.key.verify_strict(message, &signature).map_err(|_| InvalidSignature);
        }
        if let Some(table) = self.table.get() {
            return self.verify_by(table, message, &signature);
        }
        self.key.verify_strict(message, &signature).map_err(|_| InvalidSignature)?;
        self.table.count(VerifiedBy::Library, || multiples(&Neg::neg(self.key.to_edwards())));
        Ok(())
    }

    /// The same rule. RFC 8032 section 5.1.7 without the cofactor: `R` has to be the encoding of `s·B − k·A`.
    fn verify_by(
        &self,
        table: &Comb<EdwardsPoint>,
        message: &[u8],
        signature: &Signature,
    ) -> Result<(), InvalidSignature> {
        let s = Option::<Scalar>::from(Scalar::from_canonical_bytes(*signature.s_bytes()));
        let s = s.ok_or(InvalidSignature)?;
        let hash = Sha512::new()
            .chain_update(signature.r_bytes())
            .chain_update(self.key.as_bytes())
            .chain_update(message)
            .finalize();
        let k = Scalar::from_bytes_mod_order_wide(&hash.into());
        let base = BASE.get_or_init(|| Box::new(multiples(&ED25519_BASEPOINT_POINT)));
        let r: EdwardsPoint = Comb::sum(&[(base, s.as_bytes()), (table, k.as_bytes())]);
        // What is compared is the one canonical encoding of a point, so that `R` is of small order if this point is. The key
        // is not: it was looked at when it was made.
        let is_valid = r.compress().as_bytes() == signature.r_bytes() && !r.is_small_order();
        if is_valid { Ok(()) } else { Err(InvalidSignature) }
    }
}

impl Point for EdwardsPoint {
    // The formulas are complete: a point may be added to itself.
    fn double(&self) -> Self {
        Add::add(self, self)
    }

    fn add(&self, other: &Self) -> Self {
        Add::add(self, other)
    }
}

impl Sum for EdwardsPoint {
    type Entry = Self;

    fn nothing() -> Self {
        Identity::identity()
    }

    fn double(&self) -> Self {
        Point::double(self)
    }

    fn add_entry(&self, entry: &Self) -> Self {
        Add::add(self, entry)
    }
}

/// Of this point.
fn multiples(point: &EdwardsPoint) -> Comb<EdwardsPoint> {
    Comb::new(point, SCALAR_BYTES, <[EdwardsPoint]>::to_vec)
}
