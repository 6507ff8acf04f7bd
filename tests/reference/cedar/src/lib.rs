//! Roles as Cedar has them: a role is a group, inheriting is being a member, what is given is `permit`, what is denied is
//! `forbid`, and a permission `resource:action` is an action on a resource.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request,
};
use portcullis_reference::roles::Role;

/// Policies and groups.
pub struct Translated {
    policies: PolicySet,
    groups: Vec<Entity>,
}

impl Translated {
    /// The roles of a policy.
    pub fn new(roles: &BTreeMap<String, Role>) -> Self {
        let mut text = String::new();
        for (name, role) in roles {
            for (effect, patterns) in [("permit", &role.permissions), ("forbid", &role.deny)] {
                patterns.iter().for_each(|pattern| rules(effect, name, pattern, &mut text));
            }
        }
        let policies = text.parse().unwrap_or_else(|errors| panic!("{errors}\n{text}"));
        let groups = roles.iter().map(|(name, role)| {
            let parents = role.inherits.iter().map(|parent| uid("Role", parent)).collect();
            Entity::new_no_attrs(uid("Role", name), parents)
        });
        Self { policies, groups: groups.collect() }
    }

    /// Whether somebody who holds the roles `held` is allowed each of the permissions.
    pub fn allows<'a>(
        &self,
        held: &[String],
        permissions: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Vec<bool> {
        let caller = uid("User", "caller");
        let roles: HashSet<EntityUid> = held.iter().map(|role| uid("Role", role)).collect();
        let user = Entity::new_no_attrs(caller.clone(), roles);
        let all = self.groups.iter().cloned().chain([user]);
        let entities = Entities::from_entities(all, None).unwrap_or_else(|error| panic!("{error}"));
        let authorizer = Authorizer::new();
        let ask = |(resource, action)| {
            let (action, resource) = (uid("Action", action), uid("Resource", resource));
            let request = Request::new(caller.clone(), action, resource, Context::empty(), None);
            let request = request.unwrap_or_else(|error| panic!("{error}"));
            authorizer.is_authorized(&request, &self.policies, &entities).decision() == Decision::Allow
        };
        permissions.into_iter().map(ask).collect()
    }
}

fn uid(kind: &str, name: &str) -> EntityUid {
    let kind: EntityTypeName = kind.parse().unwrap_or_else(|error| panic!("{error}"));
    EntityUid::from_type_name_and_id(kind, EntityId::new(name))
}

/// Writes the rules that a pattern stands for: one for each resource in it.
fn rules(effect: &str, role: &str, pattern: &str, text: &mut String) {
    let (resource, action) = pattern.split_once(':').unwrap_or(("*", "*"));
    let names =
        |half: &str| -> Vec<String> { half.trim_matches(['{', '}']).split(',').map(str::to_owned).collect() };
    let action = match action {
        "*" => "action".to_owned(),
        actions => {
            let all: Vec<_> = names(actions).iter().map(|name| format!("Action::\"{name}\"")).collect();
            format!("action in [{}]", all.join(", "))
        }
    };
    let resources = match resource {
        "*" => vec!["resource".to_owned()],
        some => names(some).iter().map(|name| format!("resource == Resource::\"{name}\"")).collect(),
    };
    for resource in resources {
        let _ = writeln!(text, "{effect}(principal in Role::\"{role}\", {action}, {resource});");
    }
}
