//! What these tests share: secrets, tokens of an unrelated implementation, a fixed time.

use std::collections::BTreeMap;

use jwt_simple::prelude::*;
use portcullis::api_key::RecordLookup;
use portcullis::trace::HypotheticalCaller;
use portcullis::{
    AuthError, Decision, Forward, Gate, HeaderPair, Need, RequestHead, Step, UnixTime, Verdict,
};
use portcullis_config::{RecordStore, Secrets};

/// A random-looking secret of 64 bytes, long enough for every HMAC algorithm.
pub const SECRET: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";
/// Another one, that no configuration here names.
pub const OTHER_SECRET: &str = "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100";
/// The secret tokens for the origin are signed with.
pub const ORIGIN_SECRET: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
/// The pepper of API-key records.
pub const PEPPER: &str = "5c5c5c5c36363636a0a0a0a0b1b1b1b15c5c5c5c36363636a0a0a0a0b1b1b1b1";

/// 2026-11-22T00:00:00Z: the time of every decision here.
pub const NOW: u64 = 1_795_305_600;

/// Secrets by name.
pub struct Env(pub BTreeMap<&'static str, String>);

impl Env {
    /// The secrets that documents here name.
    pub fn standard() -> Self {
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

    fn hint(&self, name: &str) -> String {
        format!("set it with `set-secret {name}`")
    }

    fn revocation_store(&self) -> RecordStore {
        RecordStore::Available
    }

    fn sends_calls(&self) -> bool {
        true
    }

    fn knows_clients(&self) -> bool {
        true
    }

    fn shares_cache(&self) -> bool {
        true
    }
}

/// The gate of a document, or what is wrong with it.
///
/// # Errors
///
/// As [`portcullis_config::load`].
pub fn try_load(
    document: impl AsRef<[u8]>,
    secrets: &dyn Secrets,
) -> Result<Gate, portcullis_config::ConfigErrors> {
    portcullis_config::load(document.as_ref(), secrets).map(|loaded| loaded.gate)
}

/// The gate of a document without errors, with the standard secrets.
pub fn load(document: &str) -> Gate {
    try_load(document, &Env::standard()).unwrap_or_else(|errors| panic!("{errors}"))
}

/// AgentFlow as its guide sets it up: one secret, the guide's roles.
pub fn agentflow() -> Gate {
    load(
        r#"{"profile":"agentflow","issuers":[{"keys":[{"alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}}]}]}"#,
    )
}

/// A token made by `jwt-simple` with exactly these claims.
pub fn sign(claims: serde_json::Value, secret: &str) -> String {
    let mut set = Claims::with_custom_claims(claims, Duration::from_secs(1));
    set.issued_at = None;
    set.expires_at = None;
    set.invalid_before = None;
    HS256Key::from_bytes(secret.as_bytes()).authenticate(set).unwrap()
}

/// A valid AgentFlow token for `role`.
pub fn token(role: &str) -> String {
    sign(serde_json::json!({"user_id": "alice", "role": role, "exp": NOW + 60}), SECRET)
}

/// A compact JWS over any header and payload text, for what no library would produce.
pub fn raw_token(header: &str, payload: &str, secret: &str) -> String {
    let input = format!(
        "{}.{}",
        portcullis::base64url::encode(header.as_bytes()),
        portcullis::base64url::encode(payload.as_bytes())
    );
    let tag = hmac_sha256::HMAC::mac(input.as_bytes(), secret.as_bytes());
    format!("{input}.{}", portcullis::base64url::encode(&tag))
}

/// The verdict on a request that needs nothing.
pub fn decide(gate: &Gate, method: &str, target: &str, headers: &[(&str, &str)]) -> Verdict {
    let pairs: Vec<_> = headers.iter().map(|(name, value)| HeaderPair::new(*name, *value)).collect();
    let head = RequestHead::new(method, target, &pairs).with_request_id("request-1");
    match gate.begin(&head, UnixTime::from_secs(NOW)) {
        Step::Verdict(verdict) => verdict,
        Step::Need(need) => panic!("unexpected need: {need:?}"),
    }
}

/// What a host has found out, in the order it was asked.
#[derive(Debug, Clone, Copy)]
pub enum Supply<'a> {
    /// The text of a record, or that there is none.
    ApiKeyRecord(Option<&'a [u8]>),
    /// The body.
    Body(&'a [u8]),
    /// Nothing.
    Unavailable,
}

/// The verdict on a request with what the host found out.
pub fn resumed(gate: &Gate, head: &RequestHead<'_>, supplies: &[Supply<'_>]) -> Verdict {
    resumed_at(gate, head, supplies, UnixTime::from_secs(NOW))
}

/// The same, where the time is `now` when the host has found it out.
pub fn resumed_at(gate: &Gate, head: &RequestHead<'_>, supplies: &[Supply<'_>], now: UnixTime) -> Verdict {
    let mut step = gate.begin(head, UnixTime::from_secs(NOW));
    let mut supplies = supplies.iter();
    loop {
        step = match step {
            Step::Verdict(verdict) => return verdict,
            Step::Need(Need::ApiKeyRecord(need)) => match supplies.next() {
                Some(Supply::ApiKeyRecord(Some(text))) => {
                    need.supply(&portcullis_config::api_key_record(text), now)
                }
                Some(Supply::ApiKeyRecord(None)) => need.supply(&RecordLookup::NotFound, now),
                Some(Supply::Unavailable) => need.supply(&RecordLookup::Unavailable, now),
                other => panic!("a record is needed, not {other:?}"),
            },
            Step::Need(Need::Revocations(need)) => need.unavailable(),
            Step::Need(Need::Call(need)) => need.unavailable(),
            Step::Need(Need::Wait(need)) => need.unavailable(),
            Step::Need(Need::Body(need)) => match supplies.next() {
                Some(Supply::Body(body)) => Step::Verdict(need.supply(body, now)),
                Some(Supply::Unavailable) => Step::Verdict(need.unavailable(now)),
                other => panic!("a body is needed, not {other:?}"),
            },
        };
    }
}

/// What becomes of a request of `caller`, who is not there. The method `WEBSOCKET` stands for an upgrade.
///
/// # Errors
///
/// As a request of this caller would get it.
pub fn check_access(
    gate: &Gate,
    method: &str,
    target: &str,
    caller: &HypotheticalCaller,
) -> Result<(), AuthError> {
    let upgrade = [HeaderPair::new("connection", "upgrade"), HeaderPair::new("upgrade", "websocket")];
    let head = match method {
        "WEBSOCKET" => RequestHead::new("GET", target, &upgrade),
        _ => RequestHead::new(method, target, &[]),
    };
    match gate.begin_as(caller, &head, UnixTime::from_secs(NOW), &mut ()) {
        Step::Verdict(Verdict { diagnostics, .. }) => diagnostics.error.map_or(Ok(()), Err),
        Step::Need(need) => panic!("unexpected need: {need:?}"),
    }
}

/// The same with a bearer token.
pub fn decide_with_token(gate: &Gate, method: &str, target: &str, token: &str) -> Verdict {
    decide(gate, method, target, &[("authorization", &format!("Bearer {token}"))])
}

/// `200` for a request that is allowed, else status and reason code.
pub fn outcome(verdict: &Verdict) -> (u16, &'static str) {
    match &verdict.decision {
        Decision::Allow(_) => (200, "-"),
        Decision::Answer(answer) => (answer.status, "-"),
        Decision::Deny(answer) => {
            (answer.status, verdict.diagnostics.reason.map_or("none", |reason| reason.code()))
        }
    }
}

/// How an allowed request is handed on.
pub fn forwarded(verdict: &Verdict) -> &Forward {
    match &verdict.decision {
        Decision::Allow(forward) => forward,
        Decision::Deny(answer) | Decision::Answer(answer) => panic!("not forwarded: {answer:?}"),
    }
}

/// A file of vectors, or `None` with a note that they were not there.
pub fn vectors(name: &str) -> Option<serde_json::Value> {
    let path =
        std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors").join(name);
    match std::fs::read(&path) {
        Ok(text) => Some(serde_json::from_slice(&text).unwrap()),
        Err(_) => {
            println!("NOT RUN: the vectors {name} are not on this machine");
            None
        }
    }
}

/// The bytes written as hexadecimal digits.
pub fn hex(text: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()).unwrap();
    text.as_bytes().chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}
