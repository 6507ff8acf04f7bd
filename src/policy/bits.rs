//! Sets of small numbers, a bit each.

use alloc::vec::Vec;

/// Some of the numbers below a capacity. What lies above it is never in the set.
#[derive(Debug, Clone, Default)]
pub struct BitSet {
    words: Vec<u64>,
}

impl BitSet {
    /// An empty set that can hold the numbers below `capacity`.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { words: alloc::vec![0; capacity.div_ceil(64)] }
    }

    /// Adds `number`, if it is below the capacity.
    pub fn insert(&mut self, number: usize) {
        if let Some(word) = self.words.get_mut(number / 64) {
            *word |= Self::bit(number);
        }
    }

    /// Whether `number` is in the set.
    pub fn contains(&self, number: usize) -> bool {
        self.words.get(number / 64).is_some_and(|word| word & Self::bit(number) != 0)
    }

    /// Adds what `other` has.
    pub fn merge(&mut self, other: &Self) {
        for (word, more) in self.words.iter_mut().zip(&other.words) {
            *word |= more;
        }
    }

    /// Adds what `other` has and `except` has not.
    pub fn merge_without(&mut self, other: &Self, except: &Self) {
        for ((word, more), less) in self.words.iter_mut().zip(&other.words).zip(&except.words) {
            *word |= more & !less;
        }
    }

    fn bit(number: usize) -> u64 {
        u32::try_from(number % 64).ok().and_then(|shift| 1_u64.checked_shl(shift)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::BitSet;
    use alloc::vec::Vec;

    fn set(numbers: &[usize]) -> BitSet {
        let mut set = BitSet::with_capacity(130);
        numbers.iter().for_each(|number| set.insert(*number));
        set
    }

    fn numbers(set: &BitSet) -> Vec<usize> {
        (0..300).filter(|number| set.contains(*number)).collect()
    }

    #[test]
    fn sets_are_joined_and_taken_apart() {
        let mut all = set(&[0, 63, 64]);
        all.merge(&set(&[1, 129]));
        assert_eq!(numbers(&all), [0, 1, 63, 64, 129]);
        let mut some = set(&[2]);
        some.merge_without(&all, &set(&[0, 2, 64]));
        assert_eq!(numbers(&some), [1, 2, 63, 129]);
        // There is no room for it.
        all.insert(200);
        assert!(!all.contains(200));
    }
}
