//! Sums of points of P-256 in Jacobian coordinates: a point (x, y) is (X, Y, Z) with x = X / Z² and y = Y / Z³.
//!
//! The formulas are those for "short Weierstrass curves with a = -3" of the Explicit-Formulas Database
//! (<https://hyperelliptic.org/EFD/g1p/auto-shortw-jacobian-3.html>, `madd` and `dbl-2001-b`). That for a sum does not hold for a
//! point and itself, or its opposite. SECURITY: then the new Z is 0, and every Z after it, because each has the last one as a
//! factor. A sum whose Z is 0 in the end says nothing; any other has been added up by formulas that held.

use alloc::vec::Vec;

use ::p256::elliptic_curve::point::AffineCoordinates;
use ::p256::{AffinePoint, FieldBytes};

use super::field::{Element, LIMBS};
use crate::crypto::comb::Sum;

/// The prime of the field less the order of the curve: below it, a number of the field has two that are equal to it modulo the
/// order.
const PRIME_LESS_ORDER: [u8; 32] = [
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, //
    0x43, 0x19, 0x05, 0x53, 0x58, 0xe8, 0x61, 0x7b, 0x0c, 0x46, 0x35, 0x3d, 0x03, 0x9c, 0xda, 0xae,
];
/// The order of the curve.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, //
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// A sum of points.
#[derive(Debug, Clone)]
pub(super) struct Jacobian(Option<Coordinates>);

/// None of them is of the point at infinity.
#[derive(Debug, Clone)]
struct Coordinates {
    x: Element,
    y: Element,
    z: Element,
}

/// A point that is not at infinity.
#[derive(Debug, Clone)]
pub(super) struct Affine {
    x: [u32; LIMBS],
    y: [u32; LIMBS],
}

impl Affine {
    /// These points, none of which is at infinity.
    pub(super) fn all(points: &[AffinePoint]) -> Vec<Self> {
        let limbs = |coordinate: FieldBytes| Element::from_bytes(&coordinate.into()).limbs();
        points.iter().map(|point| Self { x: limbs(point.x()), y: limbs(point.y()) }).collect()
    }
}

impl Sum for Jacobian {
    type Entry = Affine;

    fn nothing() -> Self {
        Self(None)
    }

    fn double(&self) -> Self {
        let Some(Coordinates { x, y, z }) = &self.0 else { return Self(None) };
        let delta = z.square();
        let gamma = y.square();
        let beta = x.times(&gamma);
        let less = Element::sum([(1, x), (-1, &delta)]);
        let more = Element::sum([(1, x), (1, &delta)]);
        let alpha = Element::sum([(3, &less.times(&more))]);
        let new_x = Element::sum([(1, &alpha.square()), (-8, &beta)]);
        let slope = alpha.times(&Element::sum([(4, &beta), (-1, &new_x)]));
        let new_y = Element::sum([(1, &slope), (-8, &gamma.square())]);
        Self(Some(Coordinates { x: new_x, y: new_y, z: Element::sum([(2, &y.times(z))]) }))
    }

    fn add_entry(&self, entry: &Affine) -> Self {
        let (entry_x, entry_y) = (Element::from_limbs(entry.x), Element::from_limbs(entry.y));
        let Some(Coordinates { x, y, z }) = &self.0 else {
            return Self(Some(Coordinates { x: entry_x, y: entry_y, z: Element::ONE }));
        };
        let square = z.square();
        let cube = square.times(z);
        let run = Element::sum([(1, &entry_x.times(&square)), (-1, x)]);
        let rise = Element::sum([(1, &entry_y.times(&cube)), (-1, y)]);
        let run_square = run.square();
        let run_cube = run_square.times(&run);
        let v = x.times(&run_square);
        let new_x = Element::sum([(1, &rise.square()), (-1, &run_cube), (-2, &v)]);
        let slope = rise.times(&Element::sum([(1, &v), (-1, &new_x)]));
        let new_y = Element::sum([(1, &slope), (-1, &y.times(&run_cube))]);
        Self(Some(Coordinates { x: new_x, y: new_y, z: z.times(&run) }))
    }
}

impl Jacobian {
    /// Whether the x-coordinate is this big-endian number, modulo the order of the curve; `None` if this sum cannot tell.
    pub(super) fn has_x(&self, number: &[u8; 32]) -> Option<bool> {
        let Coordinates { x, z, .. } = self.0.as_ref()?;
        if z.is_zero() {
            return None;
        }
        let square = z.square();
        let number_of_field = Element::from_bytes(number);
        let is_x = |other: &Element| Element::sum([(1, &other.times(&square)), (-1, x)]).is_zero();
        let next = || Element::sum([(1, &number_of_field), (1, &Element::from_bytes(&ORDER))]);
        Some(is_x(&number_of_field) || *number < PRIME_LESS_ORDER && is_x(&next()))
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "the numbers are small")]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use ::p256::elliptic_curve::Group;
    use ::p256::elliptic_curve::bigint::U256;
    use ::p256::elliptic_curve::ops::Reduce;
    use ::p256::elliptic_curve::point::AffineCoordinates;
    use ::p256::{ProjectivePoint, Scalar};
    use proptest::prelude::*;

    use super::{Affine, Element, Jacobian, ORDER, PRIME_LESS_ORDER};
    use crate::crypto::comb::{Comb, Sum};

    fn point(times: u64) -> ProjectivePoint {
        ProjectivePoint::GENERATOR * Scalar::from(times)
    }

    fn table(point: &ProjectivePoint) -> Comb<Affine> {
        Comb::new(point, 32, affine)
    }

    fn affine(points: &[ProjectivePoint]) -> Vec<Affine> {
        Affine::all(&points.iter().map(ProjectivePoint::to_affine).collect::<Vec<_>>())
    }

    fn x(point: &ProjectivePoint) -> [u8; 32] {
        point.to_affine().x().into()
    }

    fn little_endian(scalar: &Scalar) -> Vec<u8> {
        scalar.to_bytes().iter().rev().copied().collect()
    }

    /// Whether the sum of two multiples has the x-coordinate that the library says, and not another one.
    fn check(tables: &[(ProjectivePoint, Comb<Affine>); 2], scalars: [Scalar; 2]) {
        let [(one, table_of_one), (other, table_of_other)] = tables;
        let [u, v] = scalars;
        let sum: Jacobian =
            Comb::sum(&[(table_of_one, &little_endian(&u)), (table_of_other, &little_endian(&v))]);
        let expected = *one * u + *other * v;
        if bool::from(expected.is_identity()) {
            assert_eq!(sum.has_x(&[1; 32]), None);
            return;
        }
        let number = Scalar::reduce(&expected.to_affine().x()).to_bytes().into();
        assert_eq!(sum.has_x(&number), Some(true), "{scalars:?}");
        for byte in [0, 15, 31] {
            let mut changed = number;
            changed[byte] ^= 1;
            assert_eq!(sum.has_x(&changed), Some(false), "{scalars:?}");
        }
    }

    #[test]
    fn a_point_and_itself_or_its_opposite_have_no_sum() {
        let (two, three) = (point(2), point(3));
        for pair in [[three, three], [three, -three]] {
            let [first, second] = &affine(&pair)[..] else { panic!("two points") };
            let sum = Jacobian::nothing().add_entry(first).add_entry(second);
            assert_eq!(sum.has_x(&x(&point(6))), None);
            // Nor has whatever follows.
            let [next] = &affine(&[two])[..] else { panic!("one point") };
            for later in [sum.double(), sum.add_entry(next), sum.double().add_entry(next).double()] {
                assert_eq!(later.has_x(&x(&two)), None);
            }
        }
        assert_eq!(Jacobian::nothing().double().has_x(&x(&two)), None);
    }

    #[test]
    fn sums_and_doubles_are_those_of_small_multiples() {
        let [one, two] = &affine(&[point(1), point(2)])[..] else { panic!("two points") };
        let mut sum = Jacobian::nothing().add_entry(one).add_entry(two);
        for bits in 2..60 {
            let times = (1 << bits) - 1;
            assert_eq!(sum.has_x(&x(&point(times))), Some(true), "{times}");
            assert_eq!(sum.has_x(&x(&point(times + 1))), Some(false), "{times}");
            sum = sum.double().add_entry(one);
        }
    }

    #[test]
    fn the_coordinate_is_compared_modulo_the_order() {
        // Nobody knows a point whose coordinate lies between the order and the prime: what is compared is not whether this is one.
        let at = |x: &U256| {
            let limbs = |number: &U256| Element::from_bytes(&number.to_be_bytes().into()).limbs();
            Jacobian::nothing().add_entry(&Affine { x: limbs(x), y: limbs(&U256::ONE) })
        };
        let (order, gap) = (U256::from_be_slice(&ORDER), U256::from_be_slice(&PRIME_LESS_ORDER));
        let has = |x: &U256, number: &U256| at(x).has_x(&number.to_be_bytes().into());
        let five = U256::from(5_u32);
        assert_eq!(has(&five, &five), Some(true));
        assert_eq!(has(&order.wrapping_add(&five), &five), Some(true));
        let last = gap.wrapping_sub(&U256::ONE);
        assert_eq!(has(&order.wrapping_add(&last), &last), Some(true));
        // The order and this much more are the prime, which is 0 in the field; it is not 0 modulo the order.
        assert_eq!(has(&U256::ZERO, &gap), Some(false));
        assert_eq!(has(&five, &gap.wrapping_add(&five)), Some(false));
        assert_eq!(has(&gap, &gap), Some(true));
        assert_eq!(has(&order.wrapping_add(&five), &U256::from(6_u32)), Some(false));
    }

    #[test]
    fn sums_of_unusual_multiples_are_those_of_the_library() {
        let point = point(0x1234_5678_9abc_def1);
        let tables = [ProjectivePoint::GENERATOR, point].map(|point| (point, table(&point)));
        let mut scalars = vec![Scalar::ZERO];
        scalars.extend((0..256).step_by(17).map(|bit| Scalar::reduce(&U256::ONE.shl_vartime(bit))));
        scalars
            .extend([0x55, 0x80, 0xaa, 0xff].map(|byte| Scalar::reduce(&U256::from_be_slice(&[byte; 32]))));
        scalars.push(-Scalar::ONE);
        for u in &scalars {
            scalars.iter().for_each(|v| check(&tables, [*u, *v]));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(50))]

        #[test]
        fn sums_are_those_of_the_library(
            key in 1..u64::MAX,
            scalars in proptest::collection::vec(proptest::array::uniform32(any::<u8>()), 4),
        ) {
            let tables = [ProjectivePoint::GENERATOR, point(key)].map(|point| (point, table(&point)));
            let scalars: Vec<_> =
                scalars.iter().map(|scalar| Scalar::reduce(&U256::from_be_slice(scalar))).collect();
            for pair in scalars.windows(2) {
                check(&tables, [pair[0], pair[1]]);
            }
        }
    }
}
