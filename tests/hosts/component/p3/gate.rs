//! The gate, and tokens for it.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Result;
use portcullis_test_support::host::component::WasmtimeServe;
use portcullis_test_support::origin::tokens;
use serde_json::{Value, json};

use crate::props::Props;

/// A gate in front of `origin`, whose every route takes a user.
pub(super) fn serve(
    component: &Path,
    props: &Props,
    origin: SocketAddr,
    options: &[&str],
    name: &str,
) -> Result<WasmtimeServe> {
    let mut environment = props.environment(&format!("http://{origin}"));
    let mut config: Value = serde_json::from_str(&props.config)?;
    config["profile"] = "generic".into();
    config["policy"] = json!({
        "roles": {"user": {"permissions": ["doc:*"]}},
        "routes": {
            "GET /download/{coding}": "doc:read",
            "PUT /upload": "doc:write",
            "GET /events": "doc:read",
            "POST /trailers": "doc:write",
            "POST /mine": {"access": "doc:write", "where": {"body./user": "subject"}},
        },
    });
    environment.insert("PORTCULLIS_CONFIG".to_string(), config.to_string());
    WasmtimeServe::start(component, &environment, options, name)
}

/// A token of the user `subject`.
pub(super) fn token(props: &Props, subject: &str) -> Result<String> {
    let claims = json!({
        "iss": "https://login.example.com",
        "aud": "agentflow",
        "sub": subject,
        "roles": ["user"],
        "exp": tokens::now_secs().saturating_add(300),
    });
    tokens::sign(claims, props.secret("JWT_SECRET_KEY")?)
}
