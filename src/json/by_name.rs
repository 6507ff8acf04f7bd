//! Values by their names.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::slice;

use serde::ser::{Serialize, Serializer};

use crate::brief::brief;

/// Up to how many are looked through one after the other.
const FEW: usize = 16;

/// How many there is room for at first: few tokens have more claims.
const MOST_HAVE: usize = 12;

/// Values by their names, which are unique: the members of an object.
///
/// Claims are few, and most of them are looked for: one after the other, side by side, they are found sooner than in a tree.
#[derive(Debug, Clone, PartialEq)]
pub struct ByName<'t, V> {
    /// Sorted by the names.
    sorted: Vec<Member<'t, V>>,
}

#[derive(Debug, Clone, PartialEq)]
struct Member<'t, V> {
    /// Of the name.
    brief: u64,
    name: Cow<'t, str>,
    value: V,
}

impl<'t, V> Member<'t, V> {
    fn new(name: Cow<'t, str>, value: V) -> Self {
        Self { brief: brief(&name), name, value }
    }
}

/// Where the member `name` is, if it is one of a few.
fn find<V>(few: &[Member<'_, V>], name: &str) -> Option<usize> {
    let wanted = brief(name);
    few.iter().position(|member| member.brief == wanted && member.name == name)
}

impl<'t, V> ByName<'t, V> {
    /// The value of the member `name`.
    pub fn get(&self, name: &str) -> Option<&V> {
        let place = match self.sorted.len() {
            0..=FEW => find(&self.sorted, name),
            _ => self.sorted.binary_search_by(|member| member.name.as_ref().cmp(name)).ok(),
        };
        self.sorted.get(place?).map(|member| &member.value)
    }

    /// Whether there is a member `name`.
    pub fn contains_key(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The members, sorted by their names.
    pub fn iter(&self) -> Iter<'_, 't, V> {
        Iter(self.sorted.iter())
    }

    /// The names, sorted.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|(name, _)| name)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// The same, with no name borrowed, and whatever `value` makes of the values.
    pub(super) fn into_owned<O>(self, value: impl Fn(V) -> O) -> ByName<'static, O> {
        let owned = |member: Member<'t, V>| Member {
            brief: member.brief,
            name: Cow::Owned(member.name.into_owned()),
            value: value(member.value),
        };
        ByName { sorted: self.sorted.into_iter().map(owned).collect() }
    }
}

/// Iterates over members, sorted by their names.
#[derive(Debug, Clone)]
pub struct Iter<'a, 't, V>(slice::Iter<'a, Member<'t, V>>);

impl<'a, V> Iterator for Iter<'a, '_, V> {
    type Item = (&'a str, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|member| (member.name.as_ref(), &member.value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<'a, 't, V> IntoIterator for &'a ByName<'t, V> {
    type Item = (&'a str, &'a V);
    type IntoIter = Iter<'a, 't, V>;

    fn into_iter(self) -> Iter<'a, 't, V> {
        self.iter()
    }
}

impl<V> From<BTreeMap<String, V>> for ByName<'_, V> {
    fn from(members: BTreeMap<String, V>) -> Self {
        Self {
            sorted: members.into_iter().map(|(name, value)| Member::new(Cow::Owned(name), value)).collect(),
        }
    }
}

/// Of two members with one name, the later counts.
impl<V> FromIterator<(String, V)> for ByName<'_, V> {
    fn from_iter<I: IntoIterator<Item = (String, V)>>(members: I) -> Self {
        BTreeMap::from_iter(members).into()
    }
}

impl<V: Serialize> Serialize for ByName<'_, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self)
    }
}

/// The members of an object that is being read.
pub(super) struct Growing<'t, V> {
    few: Vec<Member<'t, V>>,
    /// All, once they are not few.
    many: BTreeMap<Cow<'t, str>, V>,
}

impl<'t, V> Growing<'t, V> {
    pub(super) fn new() -> Self {
        Self { few: Vec::new(), many: BTreeMap::new() }
    }

    /// Whether there is a member `name` already.
    pub(super) fn has(&self, name: &str) -> bool {
        find(&self.few, name).is_some() || self.many.contains_key(name)
    }

    /// Adds a member, which is not there yet.
    pub(super) fn add(&mut self, name: Cow<'t, str>, value: V) {
        if self.many.is_empty() && self.few.len() < FEW {
            if self.few.is_empty() {
                self.few.reserve_exact(MOST_HAVE);
            }
            self.few.push(Member::new(name, value));
        } else {
            self.many.extend(self.few.drain(..).map(|member| (member.name, member.value)));
            self.many.insert(name, value);
        }
    }

    /// All of them.
    pub(super) fn finish(mut self) -> ByName<'t, V> {
        if !self.many.is_empty() {
            let sorted = self.many.into_iter().map(|(name, value)| Member::new(name, value));
            return ByName { sorted: sorted.collect() };
        }
        self.few.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        ByName { sorted: self.few }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use alloc::collections::BTreeMap;
    use proptest::prelude::*;

    use super::{ByName, FEW, Growing};

    proptest! {
        /// However many there are, and in whichever order they came.
        #[test]
        fn they_are_as_a_map_has_them(
            names in proptest::collection::vec("[a-c]{0,4}", 0..3 * FEW),
            others in proptest::collection::vec("[a-c]{0,4}", 0..10),
        ) {
            let (mut growing, mut map) = (Growing::new(), BTreeMap::new());
            for (number, name) in names.iter().enumerate() {
                prop_assert_eq!(growing.has(name), map.contains_key(name));
                if !growing.has(name) {
                    growing.add(name.as_str().into(), number);
                    map.insert(name.clone(), number);
                }
            }
            let members = growing.finish();
            for name in names.iter().chain(&others) {
                prop_assert_eq!(members.get(name), map.get(name));
            }
            prop_assert_eq!(members.len(), map.len());
            prop_assert!(members.iter().eq(map.iter().map(|(name, number)| (name.as_str(), number))));
            prop_assert_eq!(&members, &ByName::from(map.clone()));
        }
    }
}
