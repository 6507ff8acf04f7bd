//! What the checks of several hosts send where a body is compared with its caller.

use serde_json::{Value, json};

use portcullis_test_support::origin::builtin::Arrival;
use portcullis_test_support::summary::Summary;

/// A route that compares a member of its body.
pub const PATH: &str = "/v1/graph/invoke";
/// A body of alice's.
pub const HERS: &str = r#"{"user_id": "alice"}"#;

/// That route, and one that is served for a single host.
pub fn policy() -> Value {
    json!({"routes": {
        format!("POST {PATH}"): {"access": "graph:invoke", "where": {"body./user_id": "subject"}},
        "GET /v1/threads/{thread_id}": {"access": "checkpointer:read", "hosts": ["api.example.com"]},
    }})
}

/// Her own body, with spaces after it.
pub fn padded(length: usize) -> Vec<u8> {
    let mut body = HERS.as_bytes().to_vec();
    body.resize(length, b' ');
    body
}

/// Checks whom the origin was told that the request is from.
pub fn expect_subject(arrival: Option<&Arrival>, expected: &[&str], summary: &mut Summary) {
    let got: Vec<_> = arrival.into_iter().flat_map(|arrival| arrival.header("x-auth-subject")).collect();
    summary.count((got != expected).then(|| format!("x-auth-subject: got {got:?}, expected {expected:?}")));
}
