//! A document to change, and what is said about the result.

use portcullis_analysis::lints;
use portcullis_config::{Configuration, Diagnostic, Secrets, Severity, compile};
use portcullis_tests::Env;
use serde_json::{Value, json};

/// A document without anything to notice.
pub(crate) fn clean() -> Value {
    json!({
        "profile": "generic",
        "issuers": [{"issuer": "https://idp.example", "audience": "api", "max_age_secs": 86_400, "leeway_secs": 59,
            "keys": [{"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}]}],
        "policy": {
            "roles": {
                "reader": {"permissions": ["doc:read", "*:read"]},
                "writer": {"inherits": ["reader"], "permissions": ["doc:write"], "deny": ["doc:delete"]},
                "alias": {"inherits": ["writer"]},
                "remover": {"permissions": ["doc:delete"]},
                "suspended": {"deny": ["*"]}
            },
            "routes": {
                "GET /": "public",
                "OPTIONS /doc": "public",
                "GET /doc/{id}": "doc:read",
                "PUT /doc/{id}": "doc:write",
                "DELETE /doc/{id}": "doc:delete",
                "POST /log": "refused"
            }
        }
    })
}

/// `document` with `value` at `pointer`, and with nothing there if it is null.
pub(crate) fn with(mut document: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let name = name.replace("~1", "/");
    let parent = document.pointer_mut(parent).unwrap_or_else(|| panic!("{pointer}"));
    let members = parent.as_object_mut().unwrap();
    if value.is_null() {
        members.remove(&name).map(|_| ())
    } else {
        members.insert(name, value).map(|_| ())
    };
    document
}

pub(crate) fn compiled(document: &str, secrets: &dyn Secrets) -> Configuration {
    compile(document.as_bytes(), secrets).unwrap_or_else(|errors| panic!("{errors}"))
}

/// What compiling found, and what only advises.
pub(crate) fn all(configuration: &Configuration) -> Vec<Diagnostic> {
    configuration.diagnostics.iter().cloned().chain(lints(configuration)).collect()
}

pub(crate) fn diagnostics(document: &Value) -> Vec<Diagnostic> {
    all(&compiled(&document.to_string(), &Env::standard()))
}

pub(crate) fn notices(document: &Value) -> Vec<String> {
    diagnostics(document)
        .iter()
        .map(|diagnostic| format!("{} {}", diagnostic.lint.code(), diagnostic.pointer))
        .collect()
}

pub(crate) fn warnings(document: &Value) -> Vec<String> {
    let warnings = diagnostics(document).into_iter().filter(|one| one.lint.severity() == Severity::Warning);
    warnings.map(|warning| warning.to_string()).collect()
}
