//! Numbers by text, for what every request looks up.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::brief::brief;

/// Texts, and a number for each.
///
/// A text is found by its brief, side by side with those of the others, and looked at itself where these are the same.
#[derive(Debug, Clone, Default)]
pub struct TextIndex {
    /// The brief of each text, and its place among the entries; sorted by the briefs, and then by the texts.
    briefs: Vec<(u64, usize)>,
    /// Sorted by the texts.
    entries: Vec<(String, usize)>,
}

impl TextIndex {
    /// The number of `text`.
    pub fn get(&self, text: &str) -> Option<usize> {
        let wanted = brief(text);
        let own = |place: usize| self.entries.get(place).map(|(own, _)| own.as_str());
        let order =
            |(brief, place): &(u64, usize)| brief.cmp(&wanted).then_with(|| own(*place).cmp(&Some(text)));
        let found = self.briefs.binary_search_by(order).ok()?;
        let (_, place) = self.briefs.get(found)?;
        self.entries.get(*place).map(|(_, number)| *number)
    }

    /// All of them, sorted by the texts.
    pub fn iter(&self) -> impl Iterator<Item = (&str, usize)> + Clone {
        self.entries.iter().map(|(text, number)| (text.as_str(), *number))
    }
}

impl From<BTreeMap<String, usize>> for TextIndex {
    fn from(numbers: BTreeMap<String, usize>) -> Self {
        let mut briefs: Vec<_> = numbers.keys().map(|text| brief(text)).zip(0..).collect();
        briefs.sort_unstable();
        Self { briefs, entries: numbers.into_iter().collect() }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use alloc::collections::BTreeMap;
    use alloc::string::String;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    use super::TextIndex;

    proptest! {
        /// It is the map that it was made of, also where texts begin alike, and differ in zeros alone.
        #[test]
        fn it_has_what_the_map_has(
            texts in proptest::collection::btree_set("(aaaaaaa)?[ab\0é]{0,3}(zzzzzzzz)?", 0..40),
            others in proptest::collection::vec("(aaaaaaa)?[ab\0é]{0,3}(zzzzzzzz)?", 0..40),
        ) {
            let map: BTreeMap<String, usize> = texts.into_iter().zip(7..).collect();
            let index = TextIndex::from(map.clone());
            for text in map.keys().chain(&others) {
                prop_assert_eq!(index.get(text), map.get(text).copied(), "{:?}", text);
            }
            let all: Vec<_> = map.iter().map(|(text, number)| (text.as_str(), *number)).collect();
            prop_assert_eq!(index.iter().collect::<Vec<_>>(), all);
        }
    }
}
