//! A document without what earlier versions of the gate cannot read, so that both can be compared.

use serde_json::Value;

/// Takes out cookies as credentials, and routes with bindings to cookies and forms or with optional ones.
pub(crate) fn plain(document: &mut Value) {
    if let Some(members) = document.as_object_mut() {
        members.remove("credentials");
    }
    let routes = document.pointer_mut("/policy/routes").and_then(Value::as_object_mut);
    if let Some(routes) = routes {
        routes.retain(|_, route| {
            let bound = route["where"].as_object().into_iter().flatten();
            let is_late = |(name, source): (&String, &Value)| {
                source.is_object() || name.starts_with("cookie.") || name.starts_with("form.")
            };
            !bound.into_iter().any(is_late)
        });
    }
}
