//! Every policy of a few roles, resources and actions.
//!
//! What a policy says of one permission depends on nothing but which roles give it, which deny it, and which inherit from
//! which. So each way in which three roles can inherit, times each way in which each can give and deny, is every policy
//! as far as one permission goes; each is written in all the spellings that stand for more permissions than one.

use std::collections::BTreeMap;

use crate::roles::Role;

/// The roles.
pub const ROLES: [&str; 3] = ["one", "two", "three"];
/// The resources that can be asked about.
pub const RESOURCES: [&str; 3] = ["a", "b", "c"];
/// What can be asked to do with each.
pub const ACTIONS: [&str; 3] = ["x", "y", "z"];

/// What stands for the permission `b:y`, alone or with others.
const SPELLINGS: [&str; 6] = ["b:y", "b:*", "*:y", "*", "{a,b}:{x,y}", "b:{y,z}"];
/// How many policies there are.
pub const POLICIES: usize = 25 * 8 * 8 * SPELLINGS.len() * SPELLINGS.len();

/// One in `share` of the policies.
pub fn policies(share: usize) -> impl Iterator<Item = BTreeMap<String, Role>> {
    let graphs = inheritance();
    (0..POLICIES).step_by(share).map(move |number| policy(&graphs, number))
}

fn policy(graphs: &[[Vec<usize>; 3]], number: usize) -> BTreeMap<String, Role> {
    let mut rest = number;
    let mut next = |count: usize| {
        let chosen = rest % count;
        rest /= count;
        chosen
    };
    let (give, deny) = (SPELLINGS[next(SPELLINGS.len())], SPELLINGS[next(SPELLINGS.len())]);
    let (given, denied, graph) = (next(8), next(8), &graphs[next(graphs.len())]);
    let only = |chosen: usize, role: usize, text: &str| {
        if chosen >> role & 1 == 1 { vec![text.to_owned()] } else { Vec::new() }
    };
    let roles = (0..3).map(|role| {
        let inherits = graph[role].iter().map(|parent| ROLES[*parent].to_owned()).collect();
        let (permissions, deny) = (only(given, role, give), only(denied, role, deny));
        (ROLES[role].to_owned(), Role { inherits, permissions, deny })
    });
    roles.collect()
}

/// Every set of the roles.
pub fn held() -> impl Iterator<Item = Vec<String>> {
    (0..8_usize).map(|chosen| {
        (0..3).filter(|role| chosen >> role & 1 == 1).map(|role| ROLES[role].to_owned()).collect()
    })
}

/// The ways in which three roles can inherit from each other without a circle.
fn inheritance() -> Vec<[Vec<usize>; 3]> {
    const EDGES: [(usize, usize); 6] = [(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)];
    let graphs = (0..1_u32 << EDGES.len()).map(|chosen| {
        let mut parents = [const { Vec::new() }; 3];
        for (index, (child, parent)) in EDGES.iter().enumerate() {
            if chosen >> index & 1 == 1 {
                parents[*child].push(*parent);
            }
        }
        parents
    });
    graphs.filter(|parents| !has_circle(parents)).collect()
}

fn has_circle(parents: &[Vec<usize>; 3]) -> bool {
    // After as many steps as there are roles, only a circle still leads on.
    (0..3).any(|start| {
        let mut reached = vec![start];
        for _ in 0..3 {
            reached = reached.iter().flat_map(|role| parents[*role].clone()).collect();
        }
        !reached.is_empty()
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{POLICIES, inheritance, policies};

    #[test]
    fn each_is_there_once() {
        assert_eq!(inheritance().len(), 25);
        let all: BTreeSet<String> = policies(1).map(|roles| format!("{roles:?}")).collect();
        // Spelling what no role gives or denies makes no other policy: 8 * 8 ways become 7 * 7 of 36, 7 + 7 of 6, and one.
        assert_eq!((all.len(), POLICIES), (25 * (49 * 36 + 14 * 6 + 1), 57_600));
    }
}
