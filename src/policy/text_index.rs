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
    /// The brief of each text, sorted.
    briefs: Vec<u64>,
    /// For each brief, the place of its text among the entries.
    places: Vec<usize>,
    /// Sorted by the texts.
    entries: Vec<(String, usize)>,
}

impl TextIndex {
    /// The number of `text`.
    pub fn get(&self, text: &str) -> Option<usize> {
        let wanted = brief(text);
        // Numbers alone are compared without a branch.
        let first = self.briefs.partition_point(|brief| *brief < wanted);
        let (briefs, places) = (self.briefs.get(first..)?, self.places.get(first..)?);
        let entry = |place: &usize| self.entries.get(*place);
        let found = match briefs {
            [brief, ..] if *brief != wanted => return None,
            // Their texts are in order.
            [_, next, ..] if *next == wanted => {
                let same = places.get(..briefs.partition_point(|brief| *brief == wanted))?;
                let own = |place: &usize| entry(place).map(|(own, _)| own.as_str());
                entry(same.get(same.binary_search_by(|place| own(place).cmp(&Some(text))).ok()?)?)
            }
            _ => entry(places.first()?),
        };
        found.filter(|(own, _)| own == text).map(|(_, number)| *number)
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
        let (briefs, places) = briefs.into_iter().unzip();
        Self { briefs, places, entries: numbers.into_iter().collect() }
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
