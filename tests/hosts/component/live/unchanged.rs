//! The middleware for WASI 0.2, which hands requests on as they came, with a gate that learns.

use std::path::Path;

use anyhow::Result;
use portcullis_host_tests::runtime;
use portcullis_test_support::client::Request;
use portcullis_test_support::host::component::WasmtimeServe;
use portcullis_test_support::identity_provider::{Fault, IdentityProvider, KEYS, ME, Person};
use portcullis_test_support::summary::Summary;
use serde_json::{Value, json};

use super::stage::{PATH, Stage, forged};
use crate::served::Served;

/// `composed` has a service behind the middleware, which answers with what it received.
pub(crate) fn check(composed: &Path, summary: &mut Summary) -> Result<()> {
    let runtime = &runtime()?;
    let stage = Stage::start(composed, runtime, "keys", by_url)?;
    for round in 0..3 {
        let response = stage.expect("a good token", &stage.good()?, (200, None), summary)?;
        let received = response.text().contains(PATH);
        summary
            .count((!received).then(|| format!("round {round}: the service received {}", response.text())));
    }
    stage.expect_requests("good tokens", (KEYS, 0), 1, summary);
    let unknown = forged(&stage.provider, "unknown");
    stage.expect("an unknown key", &unknown, (401, Some("key_unknown")), summary)?;
    stage.expect_requests("an unknown key", (KEYS, 0), 1, summary);

    let stage = Stage::start(composed, runtime, "no-keys", by_url)?;
    stage.provider.fail_at(KEYS, Fault::Down);
    stage.expect_later("no keys", &stage.good()?, "keys_unavailable", summary)?;

    let stage = Stage::start(composed, runtime, "who-am-i", who_am_i)?;
    let asked = &stage.provider;
    asked.admit("opaque-alice-0123456789", Person::new("alice", "user"));
    for _ in 0..3 {
        stage.expect("a known caller", "opaque-alice-0123456789", (200, None), summary)?;
    }
    stage.expect_requests("a known caller", (ME, 0), 1, summary);
    let rejected = (401, Some("credential_rejected"));
    stage.expect("an unknown caller", "opaque-nobody-0123456789", rejected, summary)?;
    asked.admit("opaque-later-0123456789", Person::new("alice", "user"));
    asked.fail_at(ME, Fault::Html);
    stage.expect_later("no answer", "opaque-later-0123456789", "ask_unavailable", summary)?;

    let environment = [("PORTCULLIS_CONFIG".to_owned(), who_am_i(asked).to_string())].into();
    let serve = WasmtimeServe::start(composed, &environment, &[], "check-middleware-nowhere")?;
    let nowhere = Served { serve, runtime };
    let request = Request::new("GET", PATH).bearer("opaque-alice-0123456789");
    nowhere.expect("no ORIGIN to ask", &request, 503, Some("ask_unavailable"), summary)?;
    nowhere.expect_log("no ORIGIN to ask", "ORIGIN: must be a variable", summary);
    Ok(())
}

/// A document that changes no request.
fn unchanged(members: Value) -> Value {
    let mut document = json!({
        "profile": "generic",
        "policy": {
            "roles": {"user": {"permissions": ["threads:read"]}, "admin": {"permissions": ["threads:read"]}},
            "routes": {format!("GET {PATH}"): "threads:read"},
        },
        "upstream": {"credential": "forward", "identity_headers": false},
    });
    if let (Some(document), Value::Object(members)) = (document.as_object_mut(), members) {
        document.extend(members);
    }
    document
}

fn by_url(provider: &IdentityProvider) -> Value {
    let claims = json!({"subject": "/sub", "roles": ["/role"]});
    unchanged(json!({
        "issuers": [{"issuer": provider.issuer(), "claims": claims, "jwks": {"url": provider.url(KEYS)}}],
    }))
}

fn who_am_i(_: &IdentityProvider) -> Value {
    unchanged(json!({
        "identity": {
            "ask": ME,
            "subject": "/results/id",
            "roles": [{"at": "/results/is_superuser", "map": {"true": ["admin"], "false": ["user"]}}],
        },
    }))
}
