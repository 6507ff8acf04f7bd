//! The gate as the handler calls it.

use super::Gate;
use crate::call::{Call, pairs, seconds};
use crate::ready::Ready;
use portcullis::HeaderPair;
use portcullis::api_key::{RecordLookup, assemble, plain_hash};
use portcullis_config::{RecordStore, Secrets};

const NOW: f64 = 1_795_305_600_000.0;
/// A key of another system, with a record in the configuration.
const LISTED: &str = "key-of-another-system-1f6a";

struct Given;

impl Secrets for Given {
    fn get(&self, _: &str) -> Option<String> {
        Some("5c5c5c5c36363636a0a0a0a0b1b1b1b15c5c5c5c36363636a0a0a0a0b1b1b1b1".to_string())
    }

    fn hint(&self, name: &str) -> String {
        name.to_string()
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

fn gate() -> Gate {
    let document = format!(
        r#"{{
            "profile": "generic",
            "api_keys": {{
                "pepper": {{"env": "PEPPER"}},
                "lookup": true,
                "records": [{{"id": "listed", "hash": "{}", "roles": ["user"]}}]
            }},
            "policy": {{
                "roles": {{"user": {{"permissions": ["search:read"]}}}},
                "routes": {{"POST /search": {{"access": "search:read", "where": {{"body./user": "subject"}}}}}}
            }}
        }}"#,
        plain_hash(LISTED)
    );
    let gate = portcullis_config::load(document.as_bytes(), &Given).unwrap().gate;
    Gate::of(Some(Ready::new(gate, "http://origin".to_string())))
}

/// The frame of a request with `key`, as lines.
fn decide(gate: &mut Gate, key: &str) -> Vec<String> {
    let headers = format!("x-api-key\0{key}\0content-type\0application/json\0");
    lines(&gate.decide("POST", "http://gate/search", &headers, "request-1", "", NOW))
}

fn lines(frame: &str) -> Vec<String> {
    frame.split('\n').map(str::to_string).collect()
}

fn need_record(gate: &mut Gate) -> String {
    let frame = decide(gate, &assemble("live", "other", (0..=255).cycle().take(200)).unwrap());
    assert_eq!((&*frame[0], &*frame[2], frame.len()), ("api_key_record", "other", 3));
    frame[1].clone()
}

fn need_body(gate: &mut Gate) -> String {
    let frame = decide(gate, LISTED);
    assert_eq!((&*frame[0], &*frame[2], frame.len()), ("body", "65536", 3));
    frame[1].clone()
}

fn supply_record(gate: &mut Gate, handle: &str) -> Vec<String> {
    let call = Call::new("POST", "request-1", "", NOW);
    lines(&gate.supply_lookup(handle, call, &RecordLookup::NotFound))
}

fn supply_body(gate: &mut Gate, handle: &str) -> Vec<String> {
    let body = Some(br#"{"user": "key:listed"}"#.to_vec());
    lines(&gate.supply_body(handle, "POST", "request-1", "", NOW, body))
}

#[track_caller]
fn assert_internal(frame: &[String]) {
    assert_eq!((&*frame[0], &*frame[2]), ("response", "503"));
    assert!(frame[1].contains(r#""reason":"internal""#), "{}", frame[1]);
    assert!(frame[1].contains(r#""request_id":"request-1""#), "{}", frame[1]);
}

#[test]
fn a_decision_goes_on_once() {
    let mut gate = gate();
    let (record, body) = (need_record(&mut gate), need_body(&mut gate));
    let frame = supply_record(&mut gate, &record);
    assert_eq!((&*frame[0], &*frame[2]), ("response", "401"));
    assert!(frame[1].contains("api_key_unknown"));
    let frame = supply_body(&mut gate, &body);
    assert_eq!((&*frame[0], &*frame[2]), ("forward", "http://origin/search"));
    assert_internal(&supply_record(&mut gate, &record));
    assert_internal(&supply_body(&mut gate, &body));
}

#[test]
fn a_body_that_cannot_be_read_is_refused() {
    let mut gate = gate();
    let handle = need_body(&mut gate);
    let frame = lines(&gate.supply_body(&handle, "POST", "request-1", "", NOW, None));
    assert_eq!((&*frame[0], &*frame[2]), ("response", "400"));
    assert!(frame[1].contains("body_invalid"));
}

#[test]
fn an_unknown_or_released_handle_is_refused() {
    let mut gate = gate();
    let (record, body) = (need_record(&mut gate), need_body(&mut gate));
    gate.release(&record);
    gate.release(&body);
    gate.release("x");
    for handle in [&record, &body, "", "0", "17", "undefined"] {
        assert_internal(&supply_record(&mut gate, handle));
        assert_internal(&supply_body(&mut gate, handle));
    }
}

#[test]
fn a_handle_of_the_other_kind_is_refused_and_used() {
    let mut gate = gate();
    let (record, body) = (need_record(&mut gate), need_body(&mut gate));
    assert_internal(&supply_body(&mut gate, &record));
    assert_internal(&supply_record(&mut gate, &body));
    assert_internal(&supply_record(&mut gate, &record));
    assert_internal(&supply_body(&mut gate, &body));
}

#[test]
fn without_a_gate_every_request_is_refused() {
    let mut gate = Gate::of(None);
    let frame = decide(&mut gate, LISTED);
    assert_eq!((&*frame[0], &*frame[2]), ("response", "503"));
    assert!(frame[1].contains("config_invalid"));
    assert_internal(&supply_body(&mut gate, "1"));
}

#[test]
fn what_is_no_time_is_no_time_of_the_past() {
    for (now, secs) in [(0.0, 0), (1999.9, 1), (1_795_305_600_000.0, 1_795_305_600)] {
        assert_eq!(seconds(now).as_secs(), secs);
    }
    for now in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0] {
        assert_eq!(seconds(now).as_secs(), u64::MAX);
    }
}

#[test]
fn a_name_without_a_value_is_no_header() {
    assert_eq!(pairs("a\0b\0c\0"), [HeaderPair::new("a", "b"), HeaderPair::new("c", "")]);
    assert_eq!(pairs(""), []);
}

/// A gate that fetches its keys, and asks about credentials it does not know.
fn asking_gate() -> Gate {
    let document = r#"{
        "profile": "agentflow",
        "issuers": [{"issuer": "https://idp.example", "jwks": {"url": "https://idp.example/keys"}}],
        "identity": {
            "ask": "/me?a=b", "subject": "/id", "roles": [{"at": "/admin", "map": {"true": ["admin"]}}]
        }
    }"#;
    let gate = portcullis_config::load(document.as_bytes(), &Given).unwrap().gate;
    Gate::of(Some(Ready::new(gate, "http://origin".to_string())))
}

fn ask(gate: &mut Gate, credential: &str) -> Vec<String> {
    let headers = format!("authorization\0Bearer {credential}\0");
    lines(&gate.decide("GET", "http://gate/v1/threads", &headers, "request-1", "", NOW))
}

fn reply(gate: &mut Gate, handle: &str, status: u16, body: Option<&str>) -> Vec<String> {
    let (headers, body) = ("content-type\0application/json\0", body.map(|body| body.as_bytes().to_vec()));
    lines(&gate.supply_reply(handle, "GET", "request-1", "", NOW, status, headers, body))
}

#[test]
fn a_call_is_lines_and_its_answer_lets_in() {
    let mut gate = asking_gate();
    let frame = ask(&mut gate, "opaque");
    assert_eq!(&*frame[0], "call");
    let rest: Vec<&str> = frame[2..].iter().map(String::as_str).collect();
    let headers = ["accept", "application/json", "authorization", "Bearer opaque"];
    assert_eq!(rest, [&["2000", "GET", "http://origin/me?a=b"][..], &headers[..], &["", ""][..]].concat());

    let waiting = ask(&mut gate, "opaque");
    assert_eq!((&*waiting[0], &*waiting[2], waiting.len()), ("wait", "50", 3));

    let answered = reply(&mut gate, &frame[1], 200, Some(r#"{"id": "alice", "admin": true}"#));
    assert_eq!((&*answered[0], &*answered[2]), ("forward", "http://origin/v1/threads"));
    assert_internal(&reply(&mut gate, &frame[1], 200, Some(r#"{"id": "alice", "admin": true}"#)));
    let found = lines(&gate.again(&waiting[1], "GET", "request-1", "", NOW));
    assert_eq!(&*found[0], "forward");
    assert_internal(&lines(&gate.again(&waiting[1], "GET", "request-1", "", NOW)));
}

#[test]
fn an_answer_is_shared_before_the_decision_and_looked_for_before_the_call() {
    let gate = || {
        let document = r#"{
            "profile": "agentflow",
            "identity": {"ask": "/me", "subject": "/id", "roles": [{"at": "/admin", "map": {"true": ["admin"]}}]},
            "memory": {"shared": {"secret": {"env": "CACHE_SECRET"}}}
        }"#;
        let gate = portcullis_config::load(document.as_bytes(), &Given).unwrap().gate;
        Gate::of(Some(Ready::new(gate, "http://origin".to_string())))
    };
    let look = |gate: &mut Gate| {
        let frame = ask(gate, "opaque");
        assert_eq!((&*frame[0], &*frame[3], frame.len()), ("shared", "87440", 4));
        assert!(frame[2].starts_with("/.portcullis/shared/") && !frame[2].contains("opaque"), "{}", frame[2]);
        (frame[1].clone(), frame[2].clone())
    };
    let mut first = gate();
    let (handle, path) = look(&mut first);
    let frame = reply(&mut first, &handle, 0, None);
    assert_eq!(&*frame[0], "call");
    let frame = reply(&mut first, &frame[1], 200, Some(r#"{"id": "alice", "admin": true}"#));
    assert_eq!((&*frame[0], &*frame[1], &*frame[2]), ("share", &*path, "30"));
    assert_eq!((&*frame[4], &*frame[6]), ("forward", "http://origin/v1/threads"));

    let mut second = gate();
    let (handle, same) = look(&mut second);
    assert_eq!(same, path);
    let found = reply(&mut second, &handle, 0, Some(&frame[3]));
    assert_eq!((&*found[0], &*found[2]), ("forward", "http://origin/v1/threads"));
    assert!(second.status(NOW).contains(r#""shared":{"hits":1,"misses":0}"#), "{}", second.status(NOW));
    assert!(!asking_gate().status(NOW).contains("shared"));
    // Used up.
    assert_internal(&reply(&mut second, &handle, 0, Some(&frame[3])));
}

#[test]
fn without_an_answer_nobody_is_let_in() {
    let mut gate = asking_gate();
    let handle = ask(&mut gate, "opaque")[1].clone();
    let frame = reply(&mut gate, &handle, 0, None);
    assert_eq!((&*frame[0], &*frame[2]), ("response", "503"));
    assert!(frame[1].contains("ask_unavailable"));
}

#[test]
fn a_refresh_is_no_decision() {
    let mut gate = asking_gate();
    let frame = lines(&gate.due("seed", NOW));
    assert_eq!((&*frame[0], &*frame[2], &*frame[4]), ("refresh", "5000", "https://idp.example/keys"));
    // It is under way.
    assert_eq!(gate.due("seed", NOW), "");
    assert_internal(&reply(&mut gate, &frame[1], 200, Some("{}")));
    let set = br#"{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "a", "alg": "EdDSA",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    let json = "content-type\0application/json\0";
    assert_eq!(gate.refreshed(&frame[1], NOW, 200, json, Some(set.to_vec())), "");
    let status = gate.status(NOW);
    assert!(
        status.contains(
            r#""url":"https://idp.example/keys","keys":1,"age_secs":0,"version":null,"failure":null"#
        ),
        "{status}"
    );
    assert_eq!(gate.refreshed(&frame[1], NOW, 200, json, Some(set.to_vec())), "");
}

/// A gate that looks revocations up, and what it asks about a key with a record.
fn looking_up() -> (Gate, Vec<String>) {
    let document = format!(
        r#"{{
            "profile": "generic",
            "api_keys": {{"records": [{{"id": "listed", "hash": "{}", "roles": ["user"]}}]}},
            "revoked": {{"lookup": true}},
            "policy": {{
                "roles": {{"user": {{"permissions": ["search:read"]}}}}, "routes": {{"POST /search": "search:read"}}
            }}
        }}"#,
        plain_hash(LISTED)
    );
    let gate = portcullis_config::load(document.as_bytes(), &Given).unwrap().gate;
    let mut gate = Gate::of(Some(Ready::new(gate, "http://origin".to_string())));
    let frame = decide(&mut gate, LISTED);
    (gate, frame)
}

#[test]
fn revocations_are_asked_for_by_name_and_found_once() {
    for (found, status, reason) in [
        (Some(r#"["", null, null]"#), "401", "token_revoked"),
        (Some(r#"[null, "{\"before\": \"2099-01-01T00:00:00Z\"}", null]"#), "401", "token_revoked"),
        (Some(r#"[null, "{}", null]"#), "503", "revocations_unavailable"),
        (Some(r#"[null, null, "{}"]"#), "401", "api_key_disabled"),
        (Some("[null, null]"), "503", "revocations_unavailable"),
        (Some("[null, null, {}]"), "503", "revocations_unavailable"),
        (Some("null"), "503", "revocations_unavailable"),
        (Some(""), "503", "revocations_unavailable"),
        (None, "503", "revocations_unavailable"),
        (Some("[null, null, null]"), "http://origin/search", "\"allow\""),
    ] {
        let (mut gate, frame) = looking_up();
        let kinds: Vec<&str> = frame[2..].iter().filter_map(|name| name.split(':').next()).collect();
        assert_eq!((&*frame[0], kinds), ("revocations", vec!["credential", "subject", "api_key"]));
        let mut supply = |found: Option<&str>| {
            let found = found.map(str::to_string);
            lines(&gate.supply_revocations(&frame[1], "POST", "request-1", "", NOW, found))
        };
        let decided = supply(found);
        assert_eq!(&*decided[2], status, "{found:?}");
        assert!(decided[1].contains(reason), "{}", decided[1]);
        assert_internal(&supply(Some("[null, null, null]")));
    }
}

#[test]
fn a_failed_credential_of_a_known_client_is_one_more_to_count() {
    let mut document: serde_json::Value = serde_json::from_str(
        r#"{
            "profile": "generic",
            "issuers": [{"issuer": "https://idp.example", "keys": [{"alg": "HS256", "secret": {"env": "S"}}]}],
            "policy": {"routes": {"POST /search": "search:read"}}
        }"#,
    )
    .unwrap();
    let decide = |document: &serde_json::Value, client: &str| {
        let gate = portcullis_config::load(document.to_string().as_bytes(), &Given).unwrap().gate;
        let mut gate = Gate::of(Some(Ready::new(gate, "http://origin".to_string())));
        let headers = "authorization\0Bearer guess\0";
        let failed = lines(&gate.decide("POST", "http://gate/search", headers, "request-1", client, NOW));
        let limited = lines(&gate.limited("POST", "http://gate/search", headers, "request-1", client, NOW));
        (failed, limited)
    };
    let (failed, _) = decide(&document, "192.0.2.1");
    assert_eq!((&*failed[0], &*failed[2]), ("response", "401"), "nothing is limited");
    document["limits"] = serde_json::json!({"failures": {"count": 5, "window_secs": 60}});
    let (failed, limited) = decide(&document, "192.0.2.1");
    assert_eq!((&*failed[0], &*failed[1], &*failed[3]), ("failure", "00000000c0000201", "401"));
    assert_eq!((&*limited[0], &*limited[2]), ("response", "429"));
    assert!(limited[1].contains("rate_limited"), "{}", limited[1]);
    let (failed, _) = decide(&document, "");
    assert_eq!((&*failed[0], &*failed[2]), ("response", "401"), "nobody vouches for the client");
}
