//! Permissions `resource:action` and the patterns that stand for many of them.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::limits::PERMISSION_NAME_BYTES;

/// One thing a route can ask for, for example `graph:invoke`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    text: String,
    /// Offset of the colon.
    colon: usize,
}

impl Permission {
    /// Parses `resource:action`. Both are ASCII letters, digits, `.`, `-` and `_`.
    ///
    /// ```
    /// use portcullis::Permission;
    ///
    /// let permission = Permission::parse("graph:invoke");
    /// assert_eq!(permission.as_ref().map(Permission::action), Some("invoke"));
    /// assert_eq!(Permission::parse("graph"), None);
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let (resource, action) = text.split_once(':')?;
        (is_name(resource) && is_name(action)).then(|| Self { text: text.to_owned(), colon: resource.len() })
    }

    /// What is acted upon.
    pub fn resource(&self) -> &str {
        self.text.get(..self.colon).unwrap_or_default()
    }

    /// What is done to it.
    pub fn action(&self) -> &str {
        self.text.get(self.colon.saturating_add(1)..).unwrap_or_default()
    }

    /// The permission as `resource:action`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether `text` is this permission.
    pub fn is(&self, text: &str) -> bool {
        self.text == text
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A permission with `*` or a set `{a,b}` allowed for the resource and the action, or `*` alone for both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermissionPattern {
    /// The resources it stands for.
    pub resource: Names,
    /// The actions it stands for.
    pub action: Names,
}

/// Some names, or all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Names {
    /// All.
    Any,
    /// Sorted, without repetitions.
    OneOf(Vec<String>),
}

impl PermissionPattern {
    /// Parses `resource:action`, where either may be `*` or a set like `{invoke,stream}`, or `*`.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self { resource: Names::Any, action: Names::Any });
        }
        let (resource, action) = text.split_once(':')?;
        Some(Self { resource: Names::parse(resource)?, action: Names::parse(action)? })
    }

    /// Whether this stands for `permission`.
    pub fn matches(&self, permission: &Permission) -> bool {
        self.resource.contain(permission.resource()) && self.action.contain(permission.action())
    }
}

impl Names {
    fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Any);
        }
        let set = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let names = set.unwrap_or(text).split(|separator| set.is_some() && separator == ',');
        let mut names: Vec<_> =
            names.map(|name| is_name(name).then(|| name.to_owned())).collect::<Option<_>>()?;
        names.sort_unstable();
        names.dedup();
        Some(Self::OneOf(names))
    }

    /// Whether `name` is among them.
    pub fn contain(&self, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(names) => names.binary_search_by(|own| own.as_str().cmp(name)).is_ok(),
        }
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= PERMISSION_NAME_BYTES
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::{Permission, PermissionPattern};

    #[test]
    fn patterns() {
        let invoke = Permission::parse("graph:invoke").unwrap();
        assert_eq!((invoke.resource(), invoke.action()), ("graph", "invoke"));
        for (pattern, matches) in [
            ("*", true),
            ("*:*", true),
            ("graph:*", true),
            ("*:invoke", true),
            ("graph:invoke", true),
            ("graph:stream", false),
            ("store:*", false),
            ("*:stream", false),
            ("Graph:invoke", false),
            ("graph:{invoke,stream}", true),
            ("graph:{stream,invoke}", true),
            ("{store,graph}:invoke", true),
            ("{store,graph}:{invoke}", true),
            ("{store,files}:*", false),
            ("graph:{stream,stop}", false),
        ] {
            assert_eq!(PermissionPattern::parse(pattern).unwrap().matches(&invoke), matches, "{pattern}");
        }
        for bad in [
            "",
            "graph",
            "graph:",
            ":invoke",
            "graph:in*",
            "a:b:c",
            "gräph:x",
            "** :x",
            "graph: invoke",
            "graph:{}",
            "graph:{a,}",
            "graph:{a, b}",
            "graph:{a",
            "graph:a}",
            "graph:{*}",
            "graph:a,b",
            "{a,b}",
        ] {
            assert_eq!(PermissionPattern::parse(bad), None, "{bad}");
        }
        assert_eq!(Permission::parse("graph:*"), None);
    }
}
