//! Multiples of a point that is used again and again, from a table: the comb of Lim and Lee ("More flexible exponentiation
//! with precomputation", CRYPTO 1994), with eight teeth in two blocks.
//!
//! Points are added and doubled by the libraries of the curves alone; nothing here knows how. Everything takes as long as it
//! takes: all of it is public, the key, the signature and the message.

use alloc::vec::Vec;
use core::iter;

/// A point, of whose multiples a table is made.
pub(super) trait Point: Clone {
    fn double(&self) -> Self;
    fn add(&self, other: &Self) -> Self;
}

/// A sum of what tables hold.
pub(super) trait Sum {
    /// What a table holds: points in the form that is quickest to add.
    type Entry;

    fn nothing() -> Self;
    fn double(&self) -> Self;
    fn add_entry(&self, entry: &Self::Entry) -> Self;
}

/// How many bits of a scalar are looked at together.
const TEETH: usize = 8;
/// How many tables stand beside each other.
const BLOCKS: usize = 2;

/// The multiples of one point.
#[derive(Debug, Clone)]
pub(super) struct Comb<E> {
    /// For each block and each choice of teeth but the empty one, the sum of the multiples that they stand for.
    blocks: Vec<Vec<E>>,
    /// How many bits there are between two teeth, over all blocks.
    spacing: usize,
}

impl<E> Comb<E> {
    /// The table of `point`, for scalars of so many bytes, whose entries are made by `entries`.
    pub(super) fn new<P: Point>(point: &P, scalar_bytes: usize, entries: impl Fn(&[P]) -> Vec<E>) -> Self {
        // As many bits as bytes, because there are eight of each.
        let spacing = scalar_bytes;
        let width = spacing.div_euclid(BLOCKS);
        let multiples: Vec<P> = iter::successors(Some(point.clone()), |point| Some(point.double()))
            .take(spacing.saturating_mul(TEETH))
            .step_by(width)
            .collect();
        let blocks = (0..BLOCKS).map(|block| {
            let teeth = multiples.iter().skip(block).step_by(BLOCKS);
            let sums = teeth.fold(Vec::new(), |mut sums: Vec<P>, tooth| {
                // All sums without this tooth, this tooth by itself, and the two together.
                let with: Vec<P> = sums.iter().map(|sum| sum.add(tooth)).collect();
                sums.push(tooth.clone());
                sums.extend(with);
                sums
            });
            entries(&sums)
        });
        Self { blocks: blocks.collect(), spacing }
    }

    /// The sum of the points of these tables, each times its scalar, least byte first. All are for scalars of one length.
    pub(super) fn sum<S: Sum<Entry = E>>(terms: &[(&Self, &[u8])]) -> S {
        let spacing = terms.first().map_or(0, |(comb, _)| comb.spacing);
        let width = spacing.div_euclid(BLOCKS);
        (0..width).rev().fold(S::nothing(), |sum, column| {
            terms.iter().fold(sum.double(), |sum, (comb, scalar)| {
                let blocks = comb.blocks.iter().zip((column..).step_by(width));
                blocks.fold(sum, |sum, (block, column)| {
                    let at = choice(scalar, column, spacing).checked_sub(1);
                    match at.and_then(|at| block.get(at)) {
                        Some(entry) => sum.add_entry(entry),
                        None => sum,
                    }
                })
            })
        })
    }
}

/// The bits of `scalar` at `column` and every `spacing` after it, the first of them the lowest.
fn choice(scalar: &[u8], column: usize, spacing: usize) -> usize {
    let columns = (column..).step_by(spacing).take(TEETH);
    columns.enumerate().fold(0, |choice, (tooth, bit)| {
        let byte = scalar.get(bit.div_euclid(8)).copied().unwrap_or_default();
        choice | (usize::from(byte >> bit.rem_euclid(8) & 1) << tooth)
    })
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "the numbers are small")]
mod tests {
    use super::{Comb, Point, Sum};
    use alloc::vec::Vec;

    /// The integers modulo a prime, whose multiples are plain to see.
    #[derive(Debug, Clone, PartialEq)]
    struct Number(u128);

    const PRIME: u128 = (1 << 61) - 1;

    impl Point for Number {
        fn double(&self) -> Self {
            Self(self.0 * 2 % PRIME)
        }
        fn add(&self, other: &Self) -> Self {
            Self((self.0 + other.0) % PRIME)
        }
    }

    impl Sum for Number {
        type Entry = Self;

        fn nothing() -> Self {
            Self(0)
        }
        fn double(&self) -> Self {
            Point::double(self)
        }
        fn add_entry(&self, entry: &Self) -> Self {
            self.add(entry)
        }
    }

    fn table(point: &Number, bytes: usize) -> Comb<Number> {
        Comb::new(point, bytes, <[Number]>::to_vec)
    }

    fn times(number: u128, scalar: &[u8]) -> u128 {
        scalar.iter().rev().fold(0, |sum, byte| (sum * 256 + number * u128::from(*byte)) % PRIME)
    }

    #[test]
    fn it_multiplies() {
        let (one, other) = (Number(0x1234_5678_9abc), Number(987_654_321));
        for bytes in [32, 48] {
            let (first, second) = (table(&one, bytes), table(&other, bytes));
            let mut scalars: Vec<Vec<u8>> = (0..8 * bytes)
                .map(|bit| (0..bytes).map(|byte| u8::from(byte == bit / 8) << (bit % 8)).collect())
                .collect();
            scalars.extend([0, 1, 0x55, 0x80, 0xaa, 0xff].map(|byte| [byte].repeat(bytes)));
            let mut random = 1_u64;
            scalars.extend((0..200).map(|_| {
                let mut byte = || {
                    random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    random.to_be_bytes()[0]
                };
                (0..bytes).map(|_| byte()).collect::<Vec<u8>>()
            }));
            for (scalar, next) in scalars.iter().zip(scalars.iter().skip(1)) {
                assert_eq!(Comb::sum::<Number>(&[(&first, scalar)]).0, times(one.0, scalar), "{scalar:?}");
                let expected = (times(one.0, scalar) + times(other.0, next)) % PRIME;
                assert_eq!(Comb::sum::<Number>(&[(&first, scalar), (&second, next)]).0, expected);
            }
        }
    }
}
