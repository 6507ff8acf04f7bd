//! Keys of the origin's own, by which it knows callers.

use alloc::string::String;
use alloc::vec::Vec;

use crate::limits::{API_KEY_BYTES, ORIGIN_KEY_CHARS_MIN};
use crate::secret::SecretBytes;

/// An API key that the origin issued. `Debug` shows its length only.
#[derive(Debug, Clone)]
pub struct OriginKey(SecretBytes);

impl OriginKey {
    /// The key, if `secret` can be one: visible ASCII, 32 to 512 characters.
    pub fn new(secret: SecretBytes) -> Option<Self> {
        let bytes = secret.expose();
        let fits = (ORIGIN_KEY_CHARS_MIN..=API_KEY_BYTES).contains(&bytes.len());
        (fits && bytes.iter().all(u8::is_ascii_graphic)).then_some(Self(secret))
    }

    /// The key. Keep it out of errors and logs.
    pub(super) fn expose(&self) -> &str {
        // INVARIANT: `new` accepts ASCII only.
        core::str::from_utf8(self.0.expose()).unwrap_or_default()
    }
}

/// Whom a key is for: all that is named has to be the caller's. With nothing named, it is for everybody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyHolder {
    /// The subject.
    pub subject: Option<String>,
    /// The tenant.
    pub tenant: Option<String>,
    /// A role of the policy that is among the caller's own; one that another role inherits from is none of them.
    pub role: Option<String>,
}

impl KeyHolder {
    /// Whether whoever `other` is for, this one is for as well.
    pub fn covers(&self, other: &Self) -> bool {
        let covers = |own: &Option<String>, others: &Option<String>| own.is_none() || own == others;
        covers(&self.subject, &other.subject)
            && covers(&self.tenant, &other.tenant)
            && covers(&self.role, &other.role)
    }

    fn is(&self, subject: &str, tenant: Option<&str>, roles: &[String]) -> bool {
        self.subject.as_deref().is_none_or(|named| named == subject)
            && self.tenant.as_deref().is_none_or(|named| tenant == Some(named))
            && self.role.as_ref().is_none_or(|named| roles.contains(named))
    }
}

/// A key, and whom it is for.
#[derive(Debug, Clone)]
pub struct AssignedKey {
    /// Whom it is for.
    pub holder: KeyHolder,
    /// What the configuration calls it. No secret.
    pub name: String,
    /// The key.
    pub key: OriginKey,
}

/// The keys of the origin's own, in the order in which they are looked through.
#[derive(Debug, Clone)]
pub struct OriginKeys(Vec<AssignedKey>);

impl OriginKeys {
    /// These keys.
    pub fn new(keys: Vec<AssignedKey>) -> Self {
        Self(keys)
    }

    /// The first key for a caller with these roles of the policy.
    ///
    /// SECURITY: whoever is named nowhere has none; no other caller's key stands in.
    pub fn for_caller(&self, subject: &str, tenant: Option<&str>, roles: &[String]) -> Option<&AssignedKey> {
        self.0.iter().find(|assigned| assigned.holder.is(subject, tenant, roles))
    }

    /// The keys, in order.
    pub fn iter(&self) -> impl Iterator<Item = &AssignedKey> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use alloc::borrow::ToOwned;
    use alloc::string::String;
    use alloc::vec::Vec;

    use super::{AssignedKey, KeyHolder, OriginKey, OriginKeys};
    use crate::secret::SecretBytes;

    fn holder(subject: &str, tenant: &str, role: &str) -> KeyHolder {
        let named = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        KeyHolder { subject: named(subject), tenant: named(tenant), role: named(role) }
    }

    fn keys(holders: &[(&str, &str, &str)]) -> OriginKeys {
        let assigned = |(position, (subject, tenant, role)): (usize, &(&str, &str, &str))| AssignedKey {
            holder: holder(subject, tenant, role),
            name: alloc::format!("KEY_{position}"),
            key: OriginKey::new(SecretBytes::new(Vec::from([b'k'; 32]))).expect("a key"),
        };
        OriginKeys::new(holders.iter().enumerate().map(assigned).collect())
    }

    #[test]
    fn the_first_that_fits_counts_and_nobody_elses() {
        let keys = keys(&[("bot", "", ""), ("", "acme", "admin"), ("", "acme", ""), ("", "", "user")]);
        for (subject, tenant, roles, expected) in [
            ("bot", Some("acme"), &["admin"][..], Some("KEY_0")),
            ("alice", Some("acme"), &["user", "admin"], Some("KEY_1")),
            ("alice", Some("acme"), &["user"], Some("KEY_2")),
            ("alice", Some("acme"), &[], Some("KEY_2")),
            ("alice", Some("other"), &["user", "admin"], Some("KEY_3")),
            ("alice", None, &["user"], Some("KEY_3")),
            // Compared letter by letter, and one by one.
            ("Bot", None, &[], None),
            ("alice", Some("Acme"), &["admin"], None),
            ("alice", Some(""), &["users", "use"], None),
            ("", None, &[""], None),
        ] {
            let roles: Vec<String> = roles.iter().map(|role| (*role).to_owned()).collect();
            let found = keys.for_caller(subject, tenant, &roles).map(|assigned| assigned.name.as_str());
            assert_eq!(found, expected, "{subject} {tenant:?} {roles:?}");
        }
    }

    #[test]
    fn what_names_less_covers_what_names_more() {
        let everybody = KeyHolder::default();
        let (acme, admins) = (holder("", "acme", ""), holder("", "acme", "admin"));
        assert!(everybody.covers(&acme) && acme.covers(&admins) && admins.covers(&admins));
        assert!(!acme.covers(&everybody) && !admins.covers(&acme));
        assert!(!acme.covers(&holder("", "other", "")) && !acme.covers(&holder("", "", "admin")));
    }
}
