//! A map of bounded size that forgets what was not asked for lately.

use alloc::collections::BTreeMap;

/// At most `capacity` values by key. Where one more would come, the one that was used longest ago goes.
#[derive(Debug, Clone)]
pub(super) struct Cache<K, V> {
    capacity: usize,
    values: BTreeMap<K, (u64, V)>,
    /// The keys by when they were last used.
    order: BTreeMap<u64, K>,
    clock: u64,
    evictions: u64,
}

impl<K: Ord + Copy, V> Cache<K, V> {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, values: BTreeMap::new(), order: BTreeMap::new(), clock: 0, evictions: 0 }
    }

    pub(super) fn get(&mut self, key: &K) -> Option<&mut V> {
        let (used, value) = self.values.get_mut(key)?;
        // Moving what was used a moment ago would cost more than it is worth.
        let is_old = self.clock.saturating_sub(*used) > u64::try_from(self.capacity / 4).unwrap_or(u64::MAX);
        if is_old {
            self.order.remove(used);
            self.clock = self.clock.saturating_add(1);
            *used = self.clock;
            self.order.insert(self.clock, *key);
        }
        Some(value)
    }

    pub(super) fn insert(&mut self, key: K, value: V) {
        if self.capacity == 0 {
            return;
        }
        self.clock = self.clock.saturating_add(1);
        if let Some((used, _)) = self.values.insert(key, (self.clock, value)) {
            self.order.remove(&used);
        }
        self.order.insert(self.clock, key);
        if self.values.len() > self.capacity
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.values.remove(&oldest);
            self.evictions = self.evictions.saturating_add(1);
        }
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        let (used, value) = self.values.remove(key)?;
        self.order.remove(&used);
        Some(value)
    }

    /// Forgets everything. None of it is an eviction: it was not for want of room.
    pub(super) fn clear(&mut self) {
        self.values.clear();
        self.order.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    pub(super) fn evictions(&self) -> u64 {
        self.evictions
    }
}

#[cfg(test)]
mod tests {
    use super::Cache;

    #[test]
    fn what_was_not_used_lately_goes() {
        let mut cache = Cache::new(4);
        for key in 0..4_u32 {
            cache.insert(key, key);
        }
        cache.insert(4, 4);
        assert_eq!(cache.get(&0), None);
        assert_eq!((cache.len(), cache.evictions()), (4, 1));
        assert_eq!(cache.get(&1).copied(), Some(1));
        cache.insert(5, 5);
        // 1 was used, so 2 is the oldest.
        assert_eq!(cache.get(&2), None);
        assert!(cache.get(&1).is_some());
    }

    #[test]
    fn what_was_used_a_moment_ago_keeps_its_place() {
        let mut cache = Cache::new(8);
        for key in 0..8_u32 {
            cache.insert(key, key);
        }
        // The last quarter, and the one before it.
        assert!(cache.get(&5).is_some() && cache.get(&4).is_some());
        for key in 8..14 {
            cache.insert(key, key);
        }
        assert_eq!(cache.get(&5), None);
        assert_eq!(cache.get(&4).copied(), Some(4));
        assert_eq!(cache.evictions(), 6);
    }

    #[test]
    fn it_stays_consistent_whatever_is_done() {
        let mut cache = Cache::new(16);
        let mut random = 1_u64;
        for _ in 0..20_000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let key = (random >> 40) % 40;
            match (random >> 33) % 3 {
                0 => cache.insert(key, key),
                1 => assert!(cache.get(&key).is_none_or(|value| *value == key)),
                _ => assert!(cache.remove(&key).is_none_or(|value| value == key)),
            }
            assert!(cache.len() <= 16);
            assert_eq!(cache.values.len(), cache.order.len());
        }
    }

    #[test]
    fn nothing_is_kept_without_room() {
        let mut cache = Cache::new(0);
        cache.insert(1, 1);
        assert_eq!(cache.get(&1), None);
        assert_eq!(cache.len(), 0);
    }
}
