//! Which permissions a pattern stands for, without comparing it with each of them.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::ops::{ControlFlow, Range};

use super::permission::{Names, Permission, PermissionPattern};

/// The permissions that routes ask for, by resource and by action.
#[derive(Debug)]
pub struct PermissionIndex<'p> {
    permissions: Vec<&'p Permission>,
    /// Where the permissions for each resource stand: side by side, ordered by action.
    resources: BTreeMap<&'p str, Range<usize>>,
    /// Where the permissions for each action stand.
    actions: BTreeMap<&'p str, Vec<usize>>,
}

impl<'p> PermissionIndex<'p> {
    /// Indexes permissions, which must be sorted and without repetitions.
    pub fn new(sorted: impl IntoIterator<Item = &'p Permission>) -> Self {
        let mut permission_index =
            Self { permissions: Vec::new(), resources: BTreeMap::new(), actions: BTreeMap::new() };
        for (position, permission) in sorted.into_iter().enumerate() {
            permission_index.permissions.push(permission);
            permission_index.resources.entry(permission.resource()).or_insert(position..position).end =
                position.saturating_add(1);
            permission_index.actions.entry(permission.action()).or_default().push(position);
        }
        permission_index
    }

    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.permissions.is_empty()
    }

    /// The permission at a position that [`PermissionIndex::each`] found.
    pub fn permission(&self, position: usize) -> Option<&'p Permission> {
        self.permissions.get(position).copied()
    }

    /// Whether `pattern` stands for anything.
    pub fn any(&self, pattern: &PermissionPattern) -> bool {
        self.each(pattern, |_| ControlFlow::Break(())).is_break()
    }

    /// Tells `found` the position of each permission that `pattern` stands for, until it breaks off. The cost is that of
    /// looking up the names in the pattern, and of what is found.
    pub fn each(
        &self,
        pattern: &PermissionPattern,
        mut found: impl FnMut(usize) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        match (&pattern.resource, &pattern.action) {
            (Names::Any, Names::Any) => (0..self.permissions.len()).try_for_each(found),
            (Names::OneOf(resources), Names::Any) => {
                resources.iter().flat_map(|resource| self.of_resource(resource)).try_for_each(found)
            }
            (Names::Any, Names::OneOf(actions)) => actions
                .iter()
                .filter_map(|action| self.actions.get(action.as_str()))
                .flatten()
                .copied()
                .try_for_each(found),
            (Names::OneOf(resources), Names::OneOf(actions)) => resources.iter().try_for_each(|resource| {
                let range = self.of_resource(resource);
                if range.len() < actions.len() {
                    let wanted = |permission: &Permission| pattern.action.contain(permission.action());
                    range
                        .filter(|position| self.permission(*position).is_some_and(wanted))
                        .try_for_each(&mut found)
                } else {
                    actions
                        .iter()
                        .filter_map(|action| self.of_action(range.clone(), action))
                        .try_for_each(&mut found)
                }
            }),
        }
    }

    fn of_resource(&self, resource: &str) -> Range<usize> {
        self.resources.get(resource).cloned().unwrap_or_default()
    }

    /// The position for `action` among those of one resource.
    fn of_action(&self, range: Range<usize>, action: &str) -> Option<usize> {
        let start = range.start;
        let among = self.permissions.get(range)?;
        let offset = among.binary_search_by(|permission| permission.action().cmp(action)).ok()?;
        start.checked_add(offset)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::PermissionIndex;
    use crate::policy::permission::{Permission, PermissionPattern};
    use alloc::format;
    use alloc::string::String;
    use alloc::vec::Vec;
    use core::ops::ControlFlow;
    use proptest::prelude::*;

    fn half() -> impl Strategy<Value = String> {
        let set = prop::collection::vec("[ab][-.a:]?", 1..5)
            .prop_map(|names| format!("{{{}}}", names.join(",").replace(':', "b")));
        prop_oneof![Just(String::from("*")), "[ab][-.a]?", set]
    }

    proptest! {
        /// The index finds exactly what comparing with each permission finds.
        #[test]
        fn nothing_else_is_found(
            asked in prop::collection::btree_set("[ab][-.a]?:[ab][-.a]?", 0..24),
            resource in half(),
            action in half(),
        ) {
            let mut permissions: Vec<Permission> =
                asked.iter().map(|text| Permission::parse(text).unwrap()).collect();
            permissions.sort_unstable();
            let permission_index = PermissionIndex::new(&permissions);
            let pattern = PermissionPattern::parse(&format!("{resource}:{action}")).unwrap();
            let mut found = Vec::new();
            let _ = permission_index.each(&pattern, |position| {
                found.push(position);
                ControlFlow::Continue(())
            });
            found.sort_unstable();
            let expected: Vec<usize> =
                (0..permissions.len()).filter(|position| pattern.matches(&permissions[*position])).collect();
            prop_assert_eq!(&found, &expected);
            prop_assert_eq!(permission_index.any(&pattern), !expected.is_empty());
        }
    }
}
