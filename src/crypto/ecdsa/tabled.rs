//! A key whose signatures are verified by tables once it has earned one of its own.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::ops::{Add, Mul};

use ::ecdsa::elliptic_curve::ops::{Invert, Reduce};
use ::ecdsa::elliptic_curve::point::AffineCoordinates;
use ::ecdsa::elliptic_curve::{
    BatchNormalize, CurveArithmetic, CurveGroup, FieldBytes, Group, PrimeField, Scalar,
};
use ::ecdsa::signature::Verifier;
use ::ecdsa::{DigestAlgorithm, EcdsaCurve, Signature, VerifyingKey};
use ::p256::NistP256;
use ::p384::NistP384;
use once_cell::race::OnceBox;
use sha2::Digest;

use crate::crypto::comb::{Comb, Point};
use crate::crypto::earned::Earned;
use crate::crypto::error::InvalidSignature;
use crate::crypto::tables::Tables;

type Multiples<C> = Comb<<C as CurveArithmetic>::ProjectivePoint>;

/// A curve whose scalars, field elements and hashes are of one length.
pub(super) trait Curve:
    EcdsaCurve + DigestAlgorithm + CurveArithmetic<ProjectivePoint: Point>
{
    /// Of a scalar.
    const BYTES: usize;

    /// The multiples of the generator.
    fn generator() -> &'static OnceBox<Multiples<Self>>;
}

impl Curve for NistP256 {
    const BYTES: usize = 32;

    fn generator() -> &'static OnceBox<Multiples<Self>> {
        static GENERATOR: OnceBox<Multiples<NistP256>> = OnceBox::new();
        &GENERATOR
    }
}

impl Curve for NistP384 {
    const BYTES: usize = 48;

    fn generator() -> &'static OnceBox<Multiples<Self>> {
        static GENERATOR: OnceBox<Multiples<NistP384>> = OnceBox::new();
        &GENERATOR
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
    VerifyingKey<C>: Verifier<Signature<C>>,
{
    /// Of the key that is this point.
    pub(super) fn new(key: VerifyingKey<C>, point: C::AffinePoint) -> Self {
        Self { key, point, table: Earned::new() }
    }

    pub(super) fn verify(
        &self,
        message: &[u8],
        signature: &[u8],
        tables: Tables,
    ) -> Result<(), InvalidSignature> {
        let signature = Signature::<C>::from_slice(signature).map_err(|_| InvalidSignature)?;
        if let (Tables::Earned, Some(table)) = (tables, self.table.get()) {
            return verify_by(table, message, &signature);
        }
        self.key.verify(message, &signature).map_err(|_| InvalidSignature)?;
        if tables == Tables::Earned {
            self.table.count(|| Comb::new(&self.point.into(), C::BYTES));
        }
        Ok(())
    }
}

/// FIPS 186-5 section 6.4.2, from where the range of `r` and `s` has been checked.
fn verify_by<C: Curve>(
    table: &Multiples<C>,
    message: &[u8],
    signature: &Signature<C>,
) -> Result<(), InvalidSignature>
where
    Scalar<C>: Reduce<FieldBytes<C>>,
{
    let hash = C::Digest::digest(message);
    let hash = FieldBytes::<C>::try_from(hash.as_slice()).map_err(|_| InvalidSignature)?;
    let (r, s) = signature.split_scalars();
    let inverse = s.invert_vartime();
    let u = Mul::mul(Scalar::<C>::reduce(&hash), &*inverse);
    let v = Mul::mul(*r, &*inverse);
    let generator =
        C::generator().get_or_init(|| Box::new(Comb::new(&C::ProjectivePoint::generator(), C::BYTES)));
    let point = Comb::sum(&[(generator, &bytes::<C>(&u)), (table, &bytes::<C>(&v))]);
    // Of infinity it is zero, which `r` is not.
    let x = Scalar::<C>::reduce(&point.to_affine().x());
    if x == *r { Ok(()) } else { Err(InvalidSignature) }
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
            type Entry = ::$curve::AffinePoint;

            fn identity() -> Self {
                Self::IDENTITY
            }

            fn double(&self) -> Self {
                Group::double(self)
            }

            fn add(&self, other: &Self) -> Self {
                Add::add(self, other)
            }

            fn add_entry(&self, entry: &Self::Entry) -> Self {
                Add::add(self, entry)
            }

            fn entries(points: &[Self]) -> Vec<Self::Entry> {
                <Self as BatchNormalize<[Self]>>::batch_normalize(points)
            }
        }
    };
}

point!(p256);
point!(p384);
