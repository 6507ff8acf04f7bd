//! Which of the scopes that a token declares can mean a permission of the policy.
//!
//! Issuers write scopes into access tokens that speak of something else: `openid profile email`, or a name of their own
//! for "may call this API". Those must not narrow what roles give, or nobody could do anything. A scope that was meant as a
//! permission must, even if there is a slip in it.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::policy::permission::{Names, Permission, PermissionPattern};

/// The resources and the actions that a policy knows.
#[derive(Debug, Clone, Default)]
pub struct ScopeVocabulary(Arc<Known>);

/// In lower case.
#[derive(Debug, Default)]
struct Known {
    resources: BTreeSet<String>,
    actions: BTreeSet<String>,
    /// Whether everything with a colon, and no address, is known: no route says what there is.
    any: bool,
}

impl ScopeVocabulary {
    /// The names in the permissions that routes ask for, and in the patterns that roles grant or deny.
    pub fn new<'p>(
        asked: impl IntoIterator<Item = &'p Permission>,
        patterns: impl IntoIterator<Item = &'p PermissionPattern>,
    ) -> Self {
        let mut known = Known { any: true, ..Known::default() };
        for permission in asked {
            known.any = false;
            known.resources.insert(permission.resource().to_ascii_lowercase());
            known.actions.insert(permission.action().to_ascii_lowercase());
        }
        for pattern in patterns {
            for (names, set) in
                [(&pattern.resource, &mut known.resources), (&pattern.action, &mut known.actions)]
            {
                if let Names::OneOf(names) = names {
                    set.extend(names.iter().map(|name| name.to_ascii_lowercase()));
                }
            }
        }
        Self(Arc::new(known))
    }

    /// Whether `scope` speaks of the policy: before its first colon stands a resource that the policy knows, or after its
    /// last colon an action, in any case. Then it counts, even if no route asks for it: `graph:raed` narrows to nothing.
    ///
    /// SECURITY: nothing else of its form is looked at, so that neither a slip nor another separator makes a narrowed token
    /// an unrestricted one. `*` could only be meant as a permission.
    pub fn is_meant(&self, scope: &str) -> bool {
        let Some((resource, _)) = scope.split_once(':') else { return scope == "*" };
        let Some((_, action)) = scope.rsplit_once(':') else { return false };
        let Known { resources, actions, any } = &*self.0;
        let knows =
            |set: &BTreeSet<String>, name: &str| name == "*" || set.contains(&name.to_ascii_lowercase());
        knows(resources, resource) || knows(actions, action) || (*any && !scope.contains('/'))
    }

    /// The scopes of one claim that narrow; `None` if the claim narrows nothing, since all it has speaks of something else.
    /// A list without elements says that there is no permission at all.
    pub(crate) fn narrowing(&self, scopes: Vec<String>) -> Option<Vec<String>> {
        if scopes.is_empty() {
            return Some(scopes);
        }
        let meant: Vec<String> = scopes.into_iter().filter(|scope| self.is_meant(scope)).collect();
        (!meant.is_empty()).then_some(meant)
    }
}

/// What is left where several claims narrow: only what each of them has.
pub(crate) fn common(first: Option<Vec<String>>, second: Option<Vec<String>>) -> Option<Vec<String>> {
    match (first, second) {
        (Some(first), Some(second)) => {
            Some(first.into_iter().filter(|scope| second.contains(scope)).collect())
        }
        (only, None) | (None, only) => only,
    }
}

#[cfg(test)]
mod tests {
    use super::{ScopeVocabulary, common};
    use crate::policy::permission::{Permission, PermissionPattern};
    use alloc::borrow::ToOwned;
    use alloc::string::String;
    use alloc::vec::Vec;

    fn vocabulary(asked: &[&str], granted: &str) -> ScopeVocabulary {
        let asked: Vec<Permission> = asked.iter().map(|text| Permission::parse(text).unwrap()).collect();
        ScopeVocabulary::new(&asked, [&PermissionPattern::parse(granted).unwrap()])
    }

    #[test]
    fn what_identity_providers_write_means_nothing_and_every_slip_means_something() {
        let vocabulary = vocabulary(&["graph:invoke", "store:read"], "files:{upload,Get}");
        for foreign in [
            "openid",
            "profile",
            "email",
            "offline_access",
            "roles",
            "web-origins",
            "microprofile-jwt",
            "access_as_user",
            "User.Read",
            "read:users",
            "api://2f7d/user_impersonation",
            "https://graph.example/Mail.Read",
            "urn:zitadel:iam:org:project:id:zitadel:aud",
            "aws.cognito.signin.user.admin",
            "graph",
            "invoke",
            ":",
        ] {
            assert!(!vocabulary.is_meant(foreign), "{foreign}");
        }
        for meant in [
            "graph:invoke",
            "graph:raed",
            "grpah:invoke",
            "Graph:Invoke",
            "graph:",
            ":invoke",
            "graph:*",
            "*:other",
            "other:*",
            "*",
            "graph:invoke,store:read",
            "graph:{invoke,stream}",
            "files:download",
            "dir:upload",
            "dir:get",
            "graph:a:b",
        ] {
            assert!(vocabulary.is_meant(meant), "{meant}");
        }
    }

    #[test]
    fn without_routes_every_permission_is_meant() {
        let vocabulary = vocabulary(&[], "*");
        assert!(vocabulary.is_meant("doc:read"));
        assert!(!vocabulary.is_meant("openid"));
        assert!(!vocabulary.is_meant("api://x/y"));
    }

    #[test]
    fn what_narrows_most_counts() {
        let list = |names: &[&str]| -> Vec<String> { names.iter().map(|name| (*name).to_owned()).collect() };
        let vocabulary = vocabulary(&["graph:invoke"], "*");
        let narrowing = |names: &[&str]| vocabulary.narrowing(list(names));
        assert_eq!(narrowing(&["openid", "email"]), None);
        assert_eq!(narrowing(&["openid", "graph:invoke"]), Some(list(&["graph:invoke"])));
        assert_eq!(narrowing(&[]), Some(Vec::new()));
        let all = Some(list(&["a:b", "c:d"]));
        assert_eq!(common(all.clone(), Some(list(&["c:d", "e:f"]))), Some(list(&["c:d"])));
        assert_eq!(common(all.clone(), Some(list(&["e:f"]))), Some(Vec::new()));
        assert_eq!(common(all.clone(), None), all);
        assert_eq!(common(None, all.clone()), all);
        assert_eq!(common(None, None), None);
    }
}
