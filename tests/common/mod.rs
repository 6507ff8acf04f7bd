//! What the core's tests share: secrets, tokens of an unrelated implementation, a fixed time.

#![allow(dead_code, reason = "every test file uses its own part")]

use std::collections::BTreeMap;

use jwt_simple::prelude::*;
use portcullis::{
    Decision, Forward, Gate, HeaderPair, RequestHead, Secrets, Step, Supply, UnixTime, Verdict,
};

/// A random-looking secret of 64 bytes, long enough for every HMAC algorithm.
pub(crate) const SECRET: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";
/// Another one, that no configuration here names.
pub(crate) const OTHER_SECRET: &str = "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100";
/// The secret tokens for the origin are signed with.
pub(crate) const ORIGIN_SECRET: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
/// The pepper of API-key records.
pub(crate) const PEPPER: &str = "5c5c5c5c36363636a0a0a0a0b1b1b1b15c5c5c5c36363636a0a0a0a0b1b1b1b1";

/// 2026-11-22T00:00:00Z: the time of every decision here.
pub(crate) const NOW: u64 = 1_795_305_600;

/// Secrets by name.
pub(crate) struct Env(pub(crate) BTreeMap<&'static str, String>);

impl Env {
    pub(crate) fn standard() -> Self {
        let pairs = [
            ("JWT_SECRET_KEY", SECRET),
            ("ORIGIN_SECRET", ORIGIN_SECRET),
            ("PEPPER", PEPPER),
            ("OTHER", OTHER_SECRET),
        ];
        Self(pairs.into_iter().map(|(name, value)| (name, value.to_owned())).collect())
    }
}

impl Secrets for Env {
    fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    fn remedy(&self, name: &str) -> String {
        format!("set it with `set-secret {name}`")
    }
}

pub(crate) fn load(document: &str) -> Gate {
    Gate::load(document.as_bytes(), &Env::standard()).unwrap_or_else(|errors| panic!("{errors}"))
}

/// AgentFlow as its guide sets it up: one secret, the guide's roles.
pub(crate) fn agentflow() -> Gate {
    load(
        r#"{"profile":"agentflow","issuers":[{"keys":[{"alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}}]}]}"#,
    )
}

/// A token made by `jwt-simple` with exactly these claims.
pub(crate) fn sign(claims: serde_json::Value, secret: &str) -> String {
    let mut set = Claims::with_custom_claims(claims, Duration::from_secs(1));
    set.issued_at = None;
    set.expires_at = None;
    set.invalid_before = None;
    HS256Key::from_bytes(secret.as_bytes()).authenticate(set).unwrap()
}

/// A valid AgentFlow token for `role`.
pub(crate) fn token(role: &str) -> String {
    sign(serde_json::json!({"user_id": "alice", "role": role, "exp": NOW + 60}), SECRET)
}

/// A compact JWS over any header and payload text, for what no library would produce.
pub(crate) fn raw_token(header: &str, payload: &str, secret: &str) -> String {
    let input = format!(
        "{}.{}",
        portcullis::base64url::encode(header.as_bytes()),
        portcullis::base64url::encode(payload.as_bytes())
    );
    let tag = hmac_sha256::HMAC::mac(input.as_bytes(), secret.as_bytes());
    format!("{input}.{}", portcullis::base64url::encode(&tag))
}

pub(crate) fn decide(gate: &Gate, method: &str, target: &str, headers: &[(&str, &str)]) -> Verdict {
    let pairs: Vec<_> = headers.iter().map(|(name, value)| HeaderPair::new(*name, *value)).collect();
    let head = RequestHead::new(method, target, &pairs).with_request_id("request-1");
    match gate.begin(&head, UnixTime::from_secs(NOW)) {
        Step::Verdict(verdict) => verdict,
        Step::Need(need) => panic!("unexpected need: {need:?}"),
    }
}

/// The verdict on the same request with what the host found out.
pub(crate) fn resumed(gate: &Gate, head: &RequestHead<'_>, supplies: &[Supply<'_>]) -> Verdict {
    match gate.resume(head, UnixTime::from_secs(NOW), supplies) {
        Step::Verdict(verdict) => verdict,
        Step::Need(need) => panic!("unexpected need: {need:?}"),
    }
}

pub(crate) fn decide_with_token(gate: &Gate, method: &str, target: &str, token: &str) -> Verdict {
    decide(gate, method, target, &[("authorization", &format!("Bearer {token}"))])
}

/// `200` for a request that is let in, else status and reason code.
pub(crate) fn outcome(verdict: &Verdict) -> (u16, &'static str) {
    match &verdict.decision {
        Decision::Allow(_) => (200, "-"),
        Decision::Deny(answer) => {
            (answer.status, verdict.record.reason.map_or("none", |reason| reason.code()))
        }
    }
}

pub(crate) fn forwarded(verdict: &Verdict) -> &Forward {
    match &verdict.decision {
        Decision::Allow(forward) => forward,
        Decision::Deny(answer) => panic!("denied: {answer:?}"),
    }
}

/// A file of vectors, or `None` with a note that they were not there.
pub(crate) fn vectors(name: &str) -> Option<serde_json::Value> {
    let path = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors").join(name);
    match std::fs::read(&path) {
        Ok(text) => Some(serde_json::from_slice(&text).unwrap()),
        Err(_) => {
            println!("NOT RUN: the vectors {name} are not on this machine");
            None
        }
    }
}

/// The octets written as hexadecimal digits.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digit =
        |octet: u8| char::from(octet).to_digit(16).and_then(|digit| u8::try_from(digit).ok()).unwrap();
    text.as_bytes().chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}
