//! Numbers modulo the prime of P-256 (FIPS 186-5, [SP 800-186 section 3.2.1.3](https://doi.org/10.6028/NIST.SP.800-186)), for
//! machines whose largest product has 64 bits, as WebAssembly. All of it is public.
//!
//! A number is written as nine limbs of 29 bits, the least first, and stands for itself times 2²⁶¹ (P. L. Montgomery, "Modular
//! multiplication without trial division", 1985).
//!
//! INVARIANT: the last limb may have a sign and is less than 2²⁶ either way; the others lie between 0 and 2²⁹. So a column of
//! nine products is less than 2⁶², with all that is added to it later, and a number less than twice the prime either way: that
//! of a product lies between -1/8 and 9/8 of the prime, and that of a sum between 0 and the prime, give or take a millionth.

use core::num::Wrapping;

/// What a limb is calculated in.
type Wide = Wrapping<i64>;

/// The bits of a limb.
const BITS: usize = 29;
const MASK: Wide = Wrapping((1 << BITS) - 1);
/// How many limbs there are.
pub(super) const LIMBS: usize = 9;

/// The prime: 2²⁵⁶ - 2²²⁴ + 2¹⁹² + 2⁹⁶ - 1.
const PRIME: [u32; LIMBS] =
    [0x1fff_ffff, 0x1fff_ffff, 0x1fff_ffff, 0x1ff, 0, 0, 0x4_0000, 0x1fe0_0000, 0xff_ffff];
/// 2⁵²², which turns a number into what stands for it.
const RADIX_SQUARED: Element = Element::from_limbs([
    0xc00,
    0,
    0x1fff_0000,
    0x1fdf_ffff,
    0x1fbf_ffff,
    0x1fff_ffff,
    0x1fff_ffff,
    0x1fff_fffe,
    0x13,
]);

/// A number modulo the prime.
#[derive(Debug, Clone, Copy)]
pub(super) struct Element([Wide; LIMBS]);

impl Element {
    /// One.
    pub(super) const ONE: Self =
        Self::from_limbs([0x20, 0, 0, 0x1fff_c000, 0x1fff_ffff, 0x1fff_ffff, 0x1f7f_ffff, 0x3ff_ffff, 0]);

    /// The number of these limbs, which are less than 2²⁹, and the last of them less than 2²⁵.
    pub(super) const fn from_limbs(limbs: [u32; LIMBS]) -> Self {
        let [a, b, c, d, e, f, g, h, i] = limbs;
        Self([wide(a), wide(b), wide(c), wide(d), wide(e), wide(f), wide(g), wide(h), wide(i)])
    }

    /// What a big-endian number stands for.
    pub(super) fn from_bytes(bytes: &[u8; 32]) -> Self {
        let mut bytes = bytes.iter().rev();
        let (mut held, mut bits) = (0_u64, 0_usize);
        let limbs = [(); LIMBS].map(|()| {
            while bits < BITS {
                held |= bytes.next().copied().map(u64::from).unwrap_or_default() << bits;
                bits = bits.saturating_add(8);
            }
            let limb = held & ((1 << BITS) - 1);
            (held, bits) = (held >> BITS, bits.saturating_sub(BITS));
            u32::try_from(limb).unwrap_or_default()
        });
        Self::from_limbs(limbs).times(&RADIX_SQUARED)
    }

    /// The limbs of a number that comes from [`Self::from_bytes`], none of which has a sign.
    pub(super) fn limbs(&self) -> [u32; LIMBS] {
        self.0.map(|Wrapping(limb)| u32::try_from(limb).unwrap_or_default())
    }

    pub(super) fn is_zero(&self) -> bool {
        // Times 1 / 2²⁶¹ it lies between 0 and the prime.
        let [first, rest @ ..] = Self::from_limbs([1, 0, 0, 0, 0, 0, 0, 0, 0]).times(self).0;
        let is = |prime: [u32; LIMBS]| {
            let [least, others @ ..] = prime;
            first == wide(least) && rest.iter().zip(others).all(|(limb, of_prime)| *limb == wide(of_prime))
        };
        is([0; LIMBS]) || is(PRIME)
    }

    /// The sum of these numbers, each times a small one.
    #[inline(always)]
    pub(super) fn sum<const TERMS: usize>(terms: [(i64, &Self); TERMS]) -> Self {
        let mut sums = [Wrapping(0); LIMBS];
        for (factor, Self(limbs)) in terms {
            for (sum, limb) in sums.iter_mut().zip(limbs) {
                *sum += limb * Wrapping(factor);
            }
        }
        // As many times the prime as there is of 2²⁵⁶.
        let [s0, s1, s2, s3, s4, s5, s6, s7, s8] = sums;
        let over = s8 >> 24;
        let s0 = s0 + over;
        let s3 = s3 - (over << 9);
        let s6 = s6 - (over << 18);
        let s7 = s7 + (over << 21);
        Self::carried([s0, s1, s2, s3, s4, s5, s6, s7, s8 - (over << 24)])
    }

    // A call costs less than all its products in each place that asks for them.
    #[inline(never)]
    pub(super) fn times(&self, Self(other): &Self) -> Self {
        let [a0, a1, a2, a3, a4, a5, a6, a7, a8] = self.0;
        let [b0, b1, b2, b3, b4, b5, b6, b7, b8] = *other;
        Self::reduced([
            a0 * b0,
            a0 * b1 + a1 * b0,
            a0 * b2 + a1 * b1 + a2 * b0,
            a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0,
            a0 * b4 + a1 * b3 + a2 * b2 + a3 * b1 + a4 * b0,
            a0 * b5 + a1 * b4 + a2 * b3 + a3 * b2 + a4 * b1 + a5 * b0,
            a0 * b6 + a1 * b5 + a2 * b4 + a3 * b3 + a4 * b2 + a5 * b1 + a6 * b0,
            a0 * b7 + a1 * b6 + a2 * b5 + a3 * b4 + a4 * b3 + a5 * b2 + a6 * b1 + a7 * b0,
            a0 * b8 + a1 * b7 + a2 * b6 + a3 * b5 + a4 * b4 + a5 * b3 + a6 * b2 + a7 * b1 + a8 * b0,
            a1 * b8 + a2 * b7 + a3 * b6 + a4 * b5 + a5 * b4 + a6 * b3 + a7 * b2 + a8 * b1,
            a2 * b8 + a3 * b7 + a4 * b6 + a5 * b5 + a6 * b4 + a7 * b3 + a8 * b2,
            a3 * b8 + a4 * b7 + a5 * b6 + a6 * b5 + a7 * b4 + a8 * b3,
            a4 * b8 + a5 * b7 + a6 * b6 + a7 * b5 + a8 * b4,
            a5 * b8 + a6 * b7 + a7 * b6 + a8 * b5,
            a6 * b8 + a7 * b7 + a8 * b6,
            a7 * b8 + a8 * b7,
            a8 * b8,
        ])
    }

    #[inline(never)]
    pub(super) fn square(&self) -> Self {
        let [a0, a1, a2, a3, a4, a5, a6, a7, a8] = self.0;
        let [d0, d1, d2, d3, d4, d5, d6, d7, _] = self.0.map(|limb| limb << 1);
        Self::reduced([
            a0 * a0,
            d0 * a1,
            d0 * a2 + a1 * a1,
            d0 * a3 + d1 * a2,
            d0 * a4 + d1 * a3 + a2 * a2,
            d0 * a5 + d1 * a4 + d2 * a3,
            d0 * a6 + d1 * a5 + d2 * a4 + a3 * a3,
            d0 * a7 + d1 * a6 + d2 * a5 + d3 * a4,
            d0 * a8 + d1 * a7 + d2 * a6 + d3 * a5 + a4 * a4,
            d1 * a8 + d2 * a7 + d3 * a6 + d4 * a5,
            d2 * a8 + d3 * a7 + d4 * a6 + a5 * a5,
            d3 * a8 + d4 * a7 + d5 * a6,
            d4 * a8 + d5 * a7 + a6 * a6,
            d5 * a8 + d6 * a7,
            d6 * a8 + a7 * a7,
            d7 * a8,
            a8 * a8,
        ])
    }

    /// The number of these columns, divided by 2²⁶¹.
    #[inline(always)]
    fn reduced(columns: [Wide; 17]) -> Self {
        let [c0, c1, c2, mut c3, mut c4, mut c5, mut c6, mut c7, mut c8, rest @ ..] = columns;
        let [mut c9, mut c10, mut c11, mut c12, mut c13, mut c14, mut c15, mut c16] = rest;
        let mut carry = Wrapping(0);
        // -1 divided by the prime is 1, modulo 2²⁹: so many times the prime as the lowest limb says make that limb 0, with what
        // they add to those limbs in which the prime is not 0.
        macro_rules! clear {
            ($($at:ident, $at3:ident, $at6:ident, $at7:ident, $at8:ident;)*) => {$(
                let limb = $at + carry;
                carry = limb >> BITS;
                let times = limb & MASK;
                $at3 += times << 9;
                $at6 += times << 18;
                $at7 -= times << 21;
                $at8 += times << 24;
            )*};
        }
        clear! {
            c0, c3, c6, c7, c8;
            c1, c4, c7, c8, c9;
            c2, c5, c8, c9, c10;
            c3, c6, c9, c10, c11;
            c4, c7, c10, c11, c12;
            c5, c8, c11, c12, c13;
            c6, c9, c12, c13, c14;
            c7, c10, c13, c14, c15;
            c8, c11, c14, c15, c16;
        }
        Self::carried([c9 + carry, c10, c11, c12, c13, c14, c15, c16, Wrapping(0)])
    }

    /// The same number, with what is too much for a limb in the next one.
    #[inline(always)]
    fn carried(columns: [Wide; LIMBS]) -> Self {
        let [c0, c1, c2, c3, c4, c5, c6, c7, c8] = columns;
        let c1 = c1 + (c0 >> BITS);
        let c2 = c2 + (c1 >> BITS);
        let c3 = c3 + (c2 >> BITS);
        let c4 = c4 + (c3 >> BITS);
        let c5 = c5 + (c4 >> BITS);
        let c6 = c6 + (c5 >> BITS);
        let c7 = c7 + (c6 >> BITS);
        let c8 = c8 + (c7 >> BITS);
        Self([c0 & MASK, c1 & MASK, c2 & MASK, c3 & MASK, c4 & MASK, c5 & MASK, c6 & MASK, c7 & MASK, c8])
    }
}

#[allow(clippy::as_conversions, reason = "a constant cannot convert otherwise; there is room")]
const fn wide(limb: u32) -> Wide {
    Wrapping(limb as i64)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "the numbers are small")]
mod tests {
    use alloc::vec::Vec;
    use core::num::Wrapping;

    use ::p256::elliptic_curve::bigint::{NonZero, U256};
    use proptest::prelude::*;

    use super::{BITS, Element, LIMBS};

    const PRIME: NonZero<U256> =
        NonZero::<U256>::from_be_hex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
    /// The largest limbs that the invariant allows.
    const MOST: i64 = (1 << BITS) - 1;
    const MOST_OF_LAST: i64 = (1 << 26) - 1;

    /// The number that is written in these limbs, modulo the prime.
    fn written(Element(limbs): &Element) -> U256 {
        limbs.iter().rev().fold(U256::ZERO, |number, Wrapping(limb)| {
            let above = number.mul_mod(&U256::from(1_u32 << BITS), &PRIME);
            let size = U256::from(limb.unsigned_abs());
            if *limb < 0 { above.sub_mod(&size, &PRIME) } else { above.add_mod(&size, &PRIME) }
        })
    }

    /// The number that an element stands for.
    fn meant(element: &Element) -> U256 {
        let radix = written(&Element::ONE);
        // By Fermat's little theorem: to the power of the prime less two.
        let exponent = PRIME.get().wrapping_sub(&U256::from(2_u32));
        let inverse = (0..256).rev().fold(U256::ONE, |power, bit| {
            let square = power.mul_mod(&power, &PRIME);
            if exponent.bit_vartime(bit) { square.mul_mod(&radix, &PRIME) } else { square }
        });
        written(element).mul_mod(&inverse, &PRIME)
    }

    fn is_within_bounds(Element(limbs): &Element) -> bool {
        let (last, others) = limbs.split_last().unwrap();
        others.iter().all(|Wrapping(limb)| (0..=MOST).contains(limb)) && last.0.abs() <= MOST_OF_LAST
    }

    /// Compares what is made of two elements with what a library makes of the numbers.
    fn check(one: &Element, other: &Element) {
        let radix = written(&Element::ONE);
        let (number, second) = (written(one), written(other));
        for (result, expected) in [
            (one.times(other), number.mul_mod(&second, &PRIME)),
            (one.square(), number.square_mod(&PRIME)),
            (other.square(), second.square_mod(&PRIME)),
        ] {
            assert!(is_within_bounds(&result), "{one:?} {other:?}");
            assert_eq!(written(&result).mul_mod(&radix, &PRIME), expected, "{one:?} {other:?}");
        }
        for factors in [(1, -1), (1, 1), (4, -1), (1, -8), (-8, -4)] {
            let sum = Element::sum([(factors.0, one), (factors.1, other)]);
            assert!(is_within_bounds(&sum), "{one:?} {other:?}");
            let times = |number: &U256, factor: i64| {
                let product = number.mul_mod(&U256::from(factor.unsigned_abs()), &PRIME);
                if factor < 0 { product.neg_mod(&PRIME) } else { product }
            };
            let expected = times(&number, factors.0).add_mod(&times(&second, factors.1), &PRIME);
            assert_eq!(written(&sum), expected, "{one:?} {other:?} {factors:?}");
        }
        assert_eq!(one.is_zero(), number == U256::ZERO);
        assert!(Element::sum([(1, one), (-1, one)]).is_zero());
    }

    /// The limbs as they are, within the bounds.
    fn element(limbs: [i64; LIMBS]) -> Element {
        Element(limbs.map(Wrapping))
    }

    #[test]
    fn there_is_room_for_the_largest_limbs() {
        let mut extremes: Vec<Element> = [0, 1, MOST]
            .iter()
            .flat_map(|limb| {
                [-MOST_OF_LAST, -1, 0, 1, MOST_OF_LAST].map(|last| {
                    let mut limbs = [*limb; LIMBS];
                    limbs[LIMBS - 1] = last;
                    element(limbs)
                })
            })
            .collect();
        // The prime, and its neighbours.
        for least in [-1, 0, 1] {
            let mut limbs = super::PRIME.map(i64::from);
            limbs[0] += least;
            extremes.push(element(limbs));
        }
        for one in &extremes {
            extremes.iter().for_each(|other| check(one, other));
        }
    }

    #[test]
    fn zero_is_known_in_every_form() {
        for times in -3..=3 {
            let multiple = super::PRIME.map(|limb| Wrapping(i64::from(limb) * times));
            let zero = Element::carried(multiple);
            assert!(zero.is_zero(), "{times}");
            let mut limbs = multiple;
            limbs[0] += 1;
            assert!(!Element::carried(limbs).is_zero(), "{times}");
        }
    }

    #[test]
    fn numbers_are_read_from_bytes() {
        for number in [U256::ZERO, U256::ONE, PRIME.get().wrapping_sub(&U256::ONE), U256::MAX] {
            let element = Element::from_bytes(&number.to_be_bytes().into());
            assert_eq!(meant(&element), number.rem_vartime(&PRIME));
            assert_eq!(written(&Element::from_limbs(element.limbs())), written(&element));
        }
        assert_eq!(meant(&Element::ONE), U256::ONE);
    }

    fn any_element() -> impl Strategy<Value = Element> {
        let limb = prop_oneof![0..=MOST, Just(MOST), Just(0)];
        let last = prop_oneof![-MOST_OF_LAST..=MOST_OF_LAST, Just(0)];
        (proptest::array::uniform8(limb), last).prop_map(|(limbs, last)| {
            let mut all = [last; LIMBS];
            all[..LIMBS - 1].copy_from_slice(&limbs);
            element(all)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn it_calculates_as_the_library_does(one in any_element(), other in any_element()) {
            check(&one, &other);
        }

        #[test]
        fn bytes_are_the_number(bytes in proptest::array::uniform32(any::<u8>())) {
            let element = Element::from_bytes(&bytes);
            prop_assert!(is_within_bounds(&element));
            prop_assert_eq!(meant(&element), U256::from_be_slice(&bytes).rem_vartime(&PRIME));
        }
    }
}
