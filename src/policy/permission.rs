//! Permissions `resource:action` and the patterns that stand for many of them.

use alloc::borrow::ToOwned;
use alloc::string::String;
use core::fmt;

/// One thing a route can ask for, for example `graph:invoke`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    text: String,
    /// Offset of the colon.
    colon: usize,
}

impl Permission {
    /// Parses `resource:action`. Both are ASCII letters, digits, `.`, `-` and `_`.
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

    pub(crate) fn is(&self, text: &str) -> bool {
        self.text == text
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A permission with `*` allowed for the resource, the action, or (as a lone `*`) both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermissionPattern {
    resource: Option<String>,
    action: Option<String>,
}

impl PermissionPattern {
    /// Parses `resource:action`, `resource:*`, `*:action`, `*:*` or `*`.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self { resource: None, action: None });
        }
        let (resource, action) = text.split_once(':')?;
        Some(Self { resource: part(resource)?, action: part(action)? })
    }

    /// Whether this stands for `permission`.
    pub fn matches(&self, permission: &Permission) -> bool {
        let fits =
            |pattern: &Option<String>, name: &str| pattern.as_ref().is_none_or(|pattern| pattern == name);
        fits(&self.resource, permission.resource()) && fits(&self.action, permission.action())
    }
}

fn part(text: &str) -> Option<Option<String>> {
    if text == "*" {
        return Some(None);
    }
    is_name(text).then(|| Some(text.to_owned()))
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 128
        && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || b".-_".contains(&octet))
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
        ] {
            assert_eq!(PermissionPattern::parse(pattern).unwrap().matches(&invoke), matches, "{pattern}");
        }
        for bad in
            ["", "graph", "graph:", ":invoke", "graph:in*", "a:b:c", "gräph:x", "** :x", "graph: invoke"]
        {
            assert_eq!(PermissionPattern::parse(bad), None, "{bad}");
        }
        assert_eq!(Permission::parse("graph:*"), None);
    }
}
