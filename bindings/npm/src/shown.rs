//! What JavaScript has objects of.

use std::sync::{Arc, Weak};

use portcullis::limits::MEMORY_ENTRIES;

/// Of how many values the objects are kept: as many as there are remembered tokens, if nothing else is configured.
const PLACES: usize = MEMORY_ENTRIES;

/// The values that JavaScript was told of last, each at a place of its own, where the object made of it is kept.
#[derive(Debug)]
pub(crate) struct Shown<T> {
    // SECURITY: a weak reference keeps the room of what it points to, so that no other value ever has an address that is here.
    places: Vec<Weak<T>>,
    /// The address of each and its place, in order of addresses.
    by_address: Vec<(usize, usize)>,
    /// The place that is given away next.
    next: usize,
}

impl<T> Shown<T> {
    pub(crate) fn new() -> Self {
        Self { places: Vec::new(), by_address: Vec::new(), next: 0 }
    }

    /// The place of `value`, if JavaScript has been told of it.
    pub(crate) fn find(&self, value: &Arc<T>) -> Option<usize> {
        let at = self.look(Arc::as_ptr(value)).ok()?;
        self.by_address.get(at).map(|(_, place)| *place)
    }

    /// A place for `value`, which has none. When all are taken, it is that of the value which was shown longest ago.
    pub(crate) fn add(&mut self, value: &Arc<T>) -> usize {
        let (place, reference) = (self.next, Arc::downgrade(value));
        if let Some(oldest) = self.places.get(place)
            && let Ok(at) = self.look(oldest.as_ptr())
        {
            self.by_address.remove(at);
        }
        match self.places.get_mut(place) {
            Some(oldest) => *oldest = reference,
            None => self.places.push(reference),
        }
        if let Err(at) = self.look(Arc::as_ptr(value)) {
            self.by_address.insert(at, (Arc::as_ptr(value).addr(), place));
        }
        self.next = place.wrapping_add(1) % PLACES;
        place
    }

    /// Where a value stands by its address, or where it would.
    fn look(&self, value: *const T) -> Result<usize, usize> {
        self.by_address.binary_search_by_key(&value.addr(), |(address, _)| *address)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{PLACES, Shown};

    #[test]
    fn each_value_has_a_place_of_its_own() {
        let mut shown = Shown::new();
        // Equal, and not the same.
        let values: Vec<_> = (0..PLACES).map(|_| Arc::new(7)).collect();
        let places: Vec<_> = values.iter().map(|value| shown.add(value)).collect();
        assert_eq!(places, (0..PLACES).collect::<Vec<_>>());
        assert!(values.iter().zip(places).all(|(value, place)| shown.find(value) == Some(place)));
        assert_eq!(shown.find(&Arc::new(7)), None);
    }

    #[test]
    fn one_more_takes_the_place_of_the_oldest() {
        let mut shown = Shown::new();
        let values: Vec<_> = (0..PLACES + 2).map(Arc::new).collect();
        let last: Vec<_> = values.iter().map(|value| shown.add(value)).skip(PLACES).collect();
        assert_eq!(last, [0, 1]);
        assert_eq!(
            values.iter().take(3).map(|value| shown.find(value)).collect::<Vec<_>>(),
            [None, None, Some(2)]
        );
        assert_eq!(
            values.iter().skip(PLACES).map(|value| shown.find(value)).collect::<Vec<_>>(),
            [Some(0), Some(1)]
        );
        assert_eq!((shown.places.len(), shown.by_address.len()), (PLACES, PLACES));
    }

    #[test]
    fn what_is_no_more_is_never_taken_for_another() {
        let mut shown = Shown::new();
        for number in 0..10 * PLACES {
            let value = Arc::new(number);
            assert_eq!(shown.find(&value), None, "{number}");
            shown.add(&value);
        }
    }
}
