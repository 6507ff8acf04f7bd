//! A key whose signatures are verified by tables once it has earned one of its own.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::ops::{Add, Mul};

use ::ecdsa::elliptic_curve::ops::{Invert, Reduce};
use ::ecdsa::elliptic_curve::point::AffineCoordinates;
use ::ecdsa::elliptic_curve::{BatchNormalize, CurveArithmetic, FieldBytes, Group, PrimeField, Scalar};
use ::ecdsa::signature::hazmat::PrehashVerifier;
use ::ecdsa::{DigestAlgorithm, EcdsaCurve, Signature, VerifyingKey};
use ::p256::NistP256;
use ::p384::NistP384;
use once_cell::race::OnceBox;
use sha2::Digest;

use super::jacobian::{Affine, Jacobian};
use crate::crypto::arithmetic::Arithmetic;
use crate::crypto::comb::{Comb, Point, Sum};
use crate::crypto::earned::{Earned, VerifiedBy};
use crate::crypto::error::InvalidSignature;

type Multiples<C> = Comb<<<C as Curve>::Sum as Sum>::Entry>;

/// A curve whose scalars, field elements and hashes are of one length.
pub(super) trait Curve:
    EcdsaCurve + DigestAlgorithm + CurveArithmetic<ProjectivePoint: Point>
{
    /// Of a scalar.
    const BYTES: usize;

    /// How the points of tables are added.
    type Sum: Sum;

    /// What stands for these points in a table. None of them is at infinity: the order of the curve is prime, and the multiples
    /// are less than it.
    fn entries(points: &[Self::ProjectivePoint]) -> Vec<<Self::Sum as Sum>::Entry>;

    /// The multiples of the generator.
    fn generator() -> &'static OnceBox<Multiples<Self>>;

    /// Whether the x-coordinate of `sum` is `r` modulo the order; `None` if this sum cannot tell.
    fn has_x(sum: &Self::Sum, r: &Scalar<Self>) -> Option<bool>;
}

impl Curve for NistP256 {
    const BYTES: usize = 32;

    type Sum = Jacobian;

    fn entries(points: &[::p256::ProjectivePoint]) -> Vec<Affine> {
        Affine::all(&<::p256::ProjectivePoint as BatchNormalize<[_]>>::batch_normalize(points))
    }

    fn generator() -> &'static OnceBox<Multiples<Self>> {
        static GENERATOR: OnceBox<Multiples<NistP256>> = OnceBox::new();
        &GENERATOR
    }

    fn has_x(sum: &Jacobian, r: &Scalar<Self>) -> Option<bool> {
        sum.has_x(&r.to_repr().into())
    }
}

impl Curve for NistP384 {
    const BYTES: usize = 48;

    type Sum = ::p384::ProjectivePoint;

    fn entries(points: &[::p384::ProjectivePoint]) -> Vec<::p384::AffinePoint> {
        <::p384::ProjectivePoint as BatchNormalize<[_]>>::batch_normalize(points)
    }

    fn generator() -> &'static OnceBox<Multiples<Self>> {
        static GENERATOR: OnceBox<Multiples<NistP384>> = OnceBox::new();
        &GENERATOR
    }

    fn has_x(sum: &::p384::ProjectivePoint, r: &Scalar<Self>) -> Option<bool> {
        // Of infinity it is zero, which `r` is not.
        Some(Scalar::<Self>::reduce(&sum.to_affine().x()) == *r)
    }
}

/// A public key with its table.
pub(super) struct Tabled<C: Curve> {
    key: VerifyingKey<C>,
    point: C::AffinePoint,
    table: Earned<Multiples<C>>,
}

impl<C: Curve> Tabled<C>
where
    Scalar<C>: Reduce<FieldBytes<C>>,
    VerifyingKey<C>: PrehashVerifier<Signature<C>>,
{
    /// Of the key that is this point.
    pub(super) fn new(key: VerifyingKey<C>, point: C::AffinePoint) -> Self {
        Self { key, point, table: Earned::new() }
    }

    pub(super) fn verify(
        &self,
        message: &[u8],
        signature: &[u8],
        arithmetic: Arithmetic,
    ) -> Result<(), InvalidSignature> {
        let signature = Signature::from_slice(signature).map_err(|_| InvalidSignature)?;
        let hash = C::Digest::digest(message);
        let hash = FieldBytes::<C>::try_from(hash.as_slice()).map_err(|_| InvalidSignature)?;
        self.verify_hash(&hash, &signature, arithmetic)
    }

    pub(super) fn has_table(&self) -> bool {
        self.table.get().is_some()
    }

    /// Counts a valid signature.
    pub(super) fn count(&self, by: VerifiedBy) {
        self.table.count(by, || multiples::<C>(&self.point.into()));
    }

    fn verify_hash(
        &self,
        hash: &FieldBytes<C>,
        signature: &Signature<C>,
        arithmetic: Arithmetic,
    ) -> Result<(), InvalidSignature> {
        let told = match arithmetic {
            Arithmetic::Own => self.table.get().and_then(|table| is_valid_by(table, hash, signature)),
            Arithmetic::Libraries => None,
        };
        if let Some(is_valid) = told {
            debug_assert_eq!(is_valid, self.key.verify_prehash(hash, signature).is_ok());
            return if is_valid { Ok(()) } else { Err(InvalidSignature) };
        }
        self.key.verify_prehash(hash, signature).map_err(|_| InvalidSignature)?;
        if arithmetic == Arithmetic::Own {
            self.count(VerifiedBy::Library);
        }
        Ok(())
    }
}

/// FIPS 186-5 section 6.4.2, from where the range of `r` and `s` has been checked; `None` if the table cannot tell.
fn is_valid_by<C: Curve>(table: &Multiples<C>, hash: &FieldBytes<C>, signature: &Signature<C>) -> Option<bool>
where
    Scalar<C>: Reduce<FieldBytes<C>>,
{
    let (r, s) = signature.split_scalars();
    let inverse = s.invert_vartime();
    let u = Mul::mul(Scalar::<C>::reduce(hash), &*inverse);
    let v = Mul::mul(*r, &*inverse);
    let generator = C::generator().get_or_init(|| Box::new(multiples::<C>(&C::ProjectivePoint::generator())));
    let sum: C::Sum = Comb::sum(&[(generator, &bytes::<C>(&u)), (table, &bytes::<C>(&v))]);
    C::has_x(&sum, &r)
}

fn multiples<C: Curve>(point: &C::ProjectivePoint) -> Multiples<C> {
    Comb::new(point, C::BYTES, C::entries)
}

/// Least byte first.
fn bytes<C: Curve>(scalar: &Scalar<C>) -> Vec<u8> {
    scalar.to_repr().iter().rev().copied().collect()
}

impl<C: Curve> Clone for Tabled<C> {
    fn clone(&self) -> Self {
        Self { key: self.key, point: self.point, table: self.table.clone() }
    }
}

impl<C: Curve> fmt::Debug for Tabled<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tabled").field(&self.key).field(&self.table).finish()
    }
}

macro_rules! point {
    ($curve:ident) => {
        impl Point for ::$curve::ProjectivePoint {
            fn double(&self) -> Self {
                Group::double(self)
            }

            fn add(&self, other: &Self) -> Self {
                Add::add(self, other)
            }
        }
    };
}

point!(p256);
point!(p384);

impl Sum for ::p384::ProjectivePoint {
    type Entry = ::p384::AffinePoint;

    fn nothing() -> Self {
        Self::IDENTITY
    }

    fn double(&self) -> Self {
        Group::double(self)
    }

    fn add_entry(&self, entry: &Self::Entry) -> Self {
        Add::add(self, entry)
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "the numbers are those of a group")]
mod tests {
    use ::ecdsa::elliptic_curve::ops::Reduce;
    use ::ecdsa::elliptic_curve::point::AffineCoordinates;
    use ::p256::ecdsa::{Signature, VerifyingKey};
    use ::p256::{FieldBytes, NistP256, ProjectivePoint, Scalar};

    use super::{Tabled, is_valid_by};
    use crate::crypto::arithmetic::Arithmetic;
    use crate::crypto::earned::VerifiedBy;

    /// The key of this secret, a hash, and a signature for which the generator is taken `u` times and the key `v` times.
    fn signed(secret: Scalar, u: Scalar, v: Scalar) -> (Tabled<NistP256>, FieldBytes, Signature) {
        let point = (ProjectivePoint::GENERATOR * secret).to_affine();
        let sum = (ProjectivePoint::GENERATOR * (u + secret * v)).to_affine();
        let r: Scalar = Reduce::reduce(&sum.x());
        let s = r * v.invert().unwrap();
        let signature = Signature::from_scalars(r.to_bytes(), s.to_bytes()).unwrap();
        (Tabled::new(VerifyingKey::from_affine(point).unwrap(), point), (u * s).to_bytes(), signature)
    }

    #[test]
    fn where_the_table_cannot_tell_the_library_does() {
        let small = |number: u32| Scalar::from(number);
        for (secret, u, v, is_told) in [
            // The generator and itself.
            (small(1), small(1), small(1), false),
            (small(1), small(2), small(2), false),
            (small(3), small(3), small(1), false),
            // The generator and its opposite, and more behind them.
            (-small(1), small(3), small(2), false),
            // The key and itself.
            (-small(1), small(1), small(3), false),
            (-small(1), small(3), small(1), true),
            (small(1), small(2), small(1), true),
            (small(5), small(3), small(7), true),
        ] {
            let (key, hash, signature) = signed(secret, u, v);
            for _ in 0..VerifiedBy::Library.uses() {
                assert!(key.verify_hash(&hash, &signature, Arithmetic::Own).is_ok());
            }
            let told = is_valid_by(key.table.get().unwrap(), &hash, &signature);
            assert_eq!(told, is_told.then_some(true), "{secret:?} {u:?} {v:?}");
            for arithmetic in [Arithmetic::Own, Arithmetic::Libraries] {
                assert!(key.verify_hash(&hash, &signature, arithmetic).is_ok(), "{secret:?} {u:?} {v:?}");
                let mut other = hash;
                other[0] ^= 1;
                assert!(key.verify_hash(&other, &signature, arithmetic).is_err(), "{secret:?} {u:?} {v:?}");
            }
        }
    }
}
