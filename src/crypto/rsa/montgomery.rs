//! Multiplication by the method of P. L. Montgomery ("Modular multiplication without trial division", 1985) for WebAssembly, which
//! has no product of 128 bits: `crypto-bigint`, which needs one, takes more than twice as long there. All of it is public.
//!
//! Numbers are limbs of 27 bits, the least first. Products of limbs are added up in 64 bits, where there is room for as many as
//! there are, so that nothing is carried in between; and nothing is made smaller than twice the modulus in between (C. D. Walter,
//! "Montgomery exponentiation needs no final subtractions", 1999).

use alloc::vec;
use alloc::vec::Vec;

use crypto_bigint::{BoxedUint, NonZero};

/// The bits of a limb.
///
/// INVARIANT: the longest modulus ([`RSA_BITS_MAX`](crate::limits::RSA_BITS_MAX)) has 304 limbs. Two products for each of them, and
/// a carry, are less than 2 · 304 · 2⁵⁴ + 2³⁷, which is less than 2⁶⁴.
const BITS: u32 = 27;
const MASK: u64 = (1 << BITS) - 1;

/// An odd modulus, and what is known of it beforehand.
#[derive(Debug)]
pub(super) struct Modulus {
    limbs: Vec<u32>,
    /// -1 divided by the modulus, modulo the numbers of one limb.
    inverse: u64,
    /// The radix is 2 to the power of all bits of the limbs: its square, modulo the modulus.
    radix_squared: Vec<u32>,
}

impl Modulus {
    /// Of an odd number.
    pub(super) fn new(modulus: &NonZero<BoxedUint>) -> Self {
        // The radix is more than four times the modulus, and its square fills whole bytes.
        let length = modulus.bits().saturating_add(2).div_ceil(BITS).next_multiple_of(4);
        let bytes = length.saturating_mul(BITS).saturating_mul(2) / u8::BITS;
        let mut squared = vec![0; usize::try_from(bytes).unwrap_or_default()];
        squared.insert(0, 1);
        let squared = BoxedUint::from_be_slice_vartime(&squared).rem_vartime(modulus);
        let length = usize::try_from(length).unwrap_or_default();
        let own = limbs(&modulus.to_be_bytes(), length).unwrap_or_default();
        let least = own.first().copied().map(u64::from).unwrap_or_default();
        // Newton's method: three bits of an odd number are right to begin with, and each step doubles them.
        let inverse = (0..4)
            .fold(least, |inverse, _| inverse.wrapping_mul(2_u64.wrapping_sub(least.wrapping_mul(inverse))));
        Self {
            limbs: own,
            inverse: inverse.wrapping_neg() & MASK,
            radix_squared: limbs(&squared.to_be_bytes(), length).unwrap_or_default(),
        }
    }

    /// Whether `number` to the power of `exponent` is `expected`, modulo the modulus. Both numbers are big-endian and below the
    /// modulus; what is expected is not 0, and neither is the exponent.
    pub(super) fn has_power(&self, number: &[u8], exponent: u64, expected: &[u8]) -> bool {
        let limbs = |number| limbs(number, self.limbs.len());
        let (Some(number), Some(expected), Some(one)) = (limbs(number), limbs(expected), limbs(&[1])) else {
            return false;
        };
        // Times the radix, as everything until the end.
        let number = self.product(&number, &self.radix_squared);
        let highest = exponent.checked_ilog2().unwrap_or_default();
        let power = (0..highest).rev().fold(number.clone(), |power, bit| {
            let square = self.product(&power, &power);
            if exponent >> bit & 1 == 1 { self.product(&square, &number) } else { square }
        });
        // Times 1 it is less than the modulus again.
        self.product(&power, &one) == expected
    }

    /// The product of two numbers, divided by the radix, modulo the modulus. It is less than twice the modulus if both numbers
    /// are, and no more than the modulus if one of them is 1.
    fn product(&self, one: &[u32], other: &[u32]) -> Vec<u32> {
        let mut sums = vec![0_u64; self.limbs.len().saturating_mul(2)];
        let mut rest = sums.as_mut_slice();
        let lowest = other.first().copied().map(u64::from).unwrap_or_default();
        for factor in one.iter().copied().map(u64::from) {
            let [sum, ..] = rest else { break };
            // As much of the modulus as makes the lowest limb of the sum 0.
            let of_modulus = lowest.wrapping_mul(factor).wrapping_add(*sum).wrapping_mul(self.inverse) & MASK;
            for ((sum, limb), modulus) in rest.iter_mut().zip(other).zip(&self.limbs) {
                *sum = sum
                    .wrapping_add(u64::from(*limb).wrapping_mul(factor))
                    .wrapping_add(u64::from(*modulus).wrapping_mul(of_modulus));
            }
            let [sum, behind @ ..] = rest else { break };
            if let [next, ..] = behind {
                *next = next.wrapping_add(*sum >> BITS);
            }
            rest = behind;
        }
        let mut carry = 0;
        let carried = rest.iter().map(|sum| {
            let sum = sum.wrapping_add(carry);
            carry = sum >> BITS;
            limb(sum)
        });
        carried.collect()
    }
}

/// So many limbs of a big-endian number, unless it has more.
fn limbs(number: &[u8], length: usize) -> Option<Vec<u32>> {
    let mut limbs = Vec::with_capacity(length);
    let (mut bits, mut held) = (0_u64, 0);
    for byte in number.iter().rev() {
        bits |= u64::from(*byte) << held;
        held = u32::wrapping_add(held, u8::BITS);
        if held >= BITS {
            limbs.push(limb(bits));
            bits >>= BITS;
            held = held.wrapping_sub(BITS);
        }
    }
    limbs.push(limb(bits));
    let fits = limbs.iter().skip(length).all(|limb| *limb == 0);
    limbs.resize(length, 0);
    fits.then_some(limbs)
}

/// The lowest limb of a number.
fn limb(number: u64) -> u32 {
    u32::try_from(number & MASK).unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "the numbers are small")]
mod tests {
    extern crate std;

    use alloc::vec;
    use alloc::vec::Vec;

    use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
    use crypto_bigint::{BoxedUint, Odd};
    use proptest::prelude::*;

    use super::Modulus;
    use crate::limits::RSA_BITS_MAX;

    /// Compares with `crypto-bigint`, and that nothing else is said to be the power.
    fn check(modulus: &[u8], number: &[u8], exponent: u64) {
        let precision = u32::try_from(modulus.len() * 8).unwrap();
        let odd = Odd::new(BoxedUint::from_be_slice(modulus, precision).unwrap()).unwrap();
        let number = BoxedUint::from_be_slice(number, precision).unwrap().rem_vartime(odd.as_nz_ref());
        let form = BoxedMontyForm::new(number.clone(), &BoxedMontyParams::new_vartime(odd.clone()));
        let power = form.pow(&BoxedUint::from(exponent)).retrieve().to_be_bytes();
        let (own, number) = (Modulus::new(odd.as_nz_ref()), number.to_be_bytes());
        if power.iter().any(|byte| *byte != 0) {
            assert!(own.has_power(&number, exponent, &power), "{modulus:x?} {number:x?} {exponent}");
        }
        for place in [0, power.len() / 2, power.len() - 1] {
            let mut other = power.to_vec();
            other[place] ^= 1;
            assert!(!own.has_power(&number, exponent, &other), "{modulus:x?} {number:x?} {exponent}");
        }
    }

    #[test]
    fn there_is_room_for_the_longest_numbers() {
        for bits in [64, 2048, 2056, 3072, 4096, RSA_BITS_MAX] {
            let largest = vec![0xff; bits / 8];
            let mut smallest = vec![0; bits / 8];
            (smallest[0], smallest[bits / 8 - 1]) = (0x80, 1);
            for modulus in [&largest, &smallest] {
                let mut below = modulus.clone();
                below[bits / 8 - 1] = 0xfe & modulus[bits / 8 - 1];
                let ones: Vec<u8> = below.iter().map(|byte| byte >> 1).collect();
                for number in [&below, &ones, &vec![1], &vec![2]] {
                    for exponent in [3, 65_537, (1 << 33) - 1] {
                        check(modulus, number, exponent);
                    }
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn powers_are_those_of_the_library(
            mut modulus in proptest::collection::vec(any::<u8>(), 9..300),
            number in proptest::collection::vec(any::<u8>(), 1..9),
            exponent in 1..u64::MAX >> 20,
        ) {
            let last = modulus.len() - 1;
            modulus[0] |= 1;
            modulus[last] |= 1;
            check(&modulus, &number, exponent);
        }
    }
}
