//! Names of parameters that servers do not tell apart.
//!
//! SECURITY: the value that is compared has to be the one the origin goes by, and origins are made of frameworks that read
//! a name in their own ways. Express (`qs`), PHP, Rails (Rack), ASP.NET and Spring take `tenant[]`, `tenant[0]`, `[tenant]`
//! or `tenant.x` for a part of `tenant`; PHP writes an underscore for a dot, a space or an open bracket, drops spaces in
//! front and ends a name at a NUL; ASP.NET and Spring do not look at case, and Spring takes `!tenant` and `_tenant` for what
//! `tenant` is if it is missing.

/// What one name is to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Likeness {
    /// The same name.
    Same,
    /// Another, which some server takes for it.
    Twin,
    /// Another.
    Other,
}

/// What `name`, decoded, is to `wanted`.
pub(super) fn likeness(name: &str, wanted: &str) -> Likeness {
    if name == wanted {
        Likeness::Same
    } else if name.contains('%') || is_twin(name, wanted) {
        // A server that decodes once more could find any name there.
        Likeness::Twin
    } else {
        Likeness::Other
    }
}

/// Whether `name`, or a beginning of it that ends before a bracket, a dot or a control character, has the letters and
/// digits of `wanted`, in whatever case.
fn is_twin(name: &str, wanted: &str) -> bool {
    let mut expected = wanted.chars().flat_map(fold);
    for char in name.chars() {
        let ends = matches!(char, '[' | '.') || char.is_control();
        if ends && expected.clone().next().is_none() {
            return true;
        }
        if !fold(char).all(|folded| expected.next() == Some(folded)) {
            return false;
        }
    }
    expected.next().is_none()
}

/// A letter or a digit without its case; nothing for any other character.
fn fold(char: char) -> impl Iterator<Item = char> + Clone {
    char.is_alphanumeric()
        .then_some(char)
        .into_iter()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::{Likeness, likeness};

    #[test]
    fn names_that_some_server_takes_for_another() {
        assert_eq!(likeness("tenant_id", "tenant_id"), Likeness::Same);
        for twin in [
            "Tenant_ID",
            "TENANT_ID",
            "tenant_id[]",
            "tenant_id[0]",
            "tenant_id[x][y]",
            "tenant_id[",
            "[tenant_id]",
            "[]tenant_id",
            "tenant_id.x",
            "tenant.id",
            "tenant[id",
            "tenant[id]",
            "tenant id",
            "tenant-id",
            "tenantId",
            " tenant_id",
            "tenant_id ",
            "\ttenant_id",
            "tenant_id\0",
            "tenant_id\0x",
            "!tenant_id",
            "_tenant_id",
            "?tenant_id",
            "$tenant_id",
            "tenant\u{131}d",
            "%74enant_id",
            "%",
        ] {
            assert_eq!(likeness(twin, "tenant_id"), Likeness::Twin, "{twin:?}");
        }
        for other in ["tenant", "tenant_id2", "id", "", "[]", "tenants_id", "a.tenant_id", "x[tenant_id]"] {
            assert_eq!(likeness(other, "tenant_id"), Likeness::Other, "{other:?}");
        }
        assert_eq!(likeness("filter[user][]", "filter[user]"), Likeness::Twin);
        assert_eq!(likeness("filter[user][0]", "filter[user]"), Likeness::Twin);
        assert_eq!(likeness("filter[name]", "filter[user]"), Likeness::Other);
    }
}
