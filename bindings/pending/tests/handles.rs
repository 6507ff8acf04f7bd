//! A handle is good for one supply, of its own kind.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use portcullis::api_key::{RecordLookup, assemble, plain_hash};
use portcullis::{Decision, Gate, HeaderPair, Need, Reason, RequestHead, Step, UnixTime};
use portcullis_config::{Secrets, load};
use portcullis_pending::{Pending, WAITING};

const NOW: UnixTime = UnixTime::from_secs(1_795_305_600);
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
    load(document.as_bytes(), &Given).unwrap().gate
}

fn need(gate: &Gate, key: &str) -> Need {
    let pairs = [HeaderPair::new("x-api-key", key), HeaderPair::new("content-type", "application/json")];
    match gate.begin(&RequestHead::new("POST", "/search", &pairs), NOW) {
        Step::Need(need) => need,
        Step::Verdict(verdict) => panic!("{verdict:?}"),
    }
}

fn record_need(gate: &Gate) -> Need {
    need(gate, &assemble("live", "other", (0..=255).cycle().take(200)).unwrap())
}

fn body_need(gate: &Gate) -> Need {
    need(gate, LISTED)
}

#[test]
fn a_need_goes_on_once() {
    let (gate, pending) = (gate(), Pending::default());
    let (record, body) = (pending.keep(record_need(&gate)), pending.keep(body_need(&gate)));
    assert_ne!(record, body);

    let need = pending.take_record(&record).unwrap();
    assert_eq!(need.store_key(), "other");
    let Step::Verdict(verdict) = need.supply(&RecordLookup::NotFound, NOW) else { panic!("no verdict") };
    assert_eq!(verdict.diagnostics.reason, Some(Reason::ApiKeyUnknown));
    let verdict = pending.take_body(&body).unwrap().supply(br#"{"user": "key:listed"}"#, NOW);
    assert!(matches!(verdict.decision, Decision::Allow(_)));

    assert!(pending.take_record(&record).is_none());
    assert!(pending.take_body(&body).is_none());
}

#[test]
fn another_kind_gets_nothing_and_ends_it() {
    let (gate, pending) = (gate(), Pending::default());
    let (record, body) = (pending.keep(record_need(&gate)), pending.keep(body_need(&gate)));
    assert!(pending.take_body(&record).is_none());
    assert!(pending.take_record(&body).is_none());
    assert!(pending.take_record(&record).is_none());
    assert!(pending.take_body(&body).is_none());
}

#[test]
fn what_is_no_handle_gets_nothing() {
    let (gate, pending) = (gate(), Pending::default());
    let kept = pending.keep(body_need(&gate));
    for other in ["", "0", "-1", "1.0", "x", "18446744073709551615", "18446744073709551616", "undefined"] {
        assert!(pending.take_body(other).is_none(), "{other}");
        assert!(pending.take_record(other).is_none(), "{other}");
        pending.release(other);
    }
    assert!(pending.take_body(&kept).is_some());
}

#[test]
fn a_released_handle_is_used() {
    let (gate, pending) = (gate(), Pending::default());
    let kept = pending.keep(body_need(&gate));
    pending.release(&kept);
    pending.release(&kept);
    assert!(pending.take_body(&kept).is_none());
    assert_ne!(pending.keep(body_need(&gate)), kept);
}

#[test]
fn of_too_many_the_oldest_goes() {
    let (gate, pending) = (gate(), Pending::default());
    let kept: Vec<_> = (0..WAITING + 1).map(|_| pending.keep(body_need(&gate))).collect();
    let waiting: Vec<_> = kept.iter().map(|handle| pending.take_body(handle).is_some()).collect();
    assert!(!waiting[0]);
    assert!(waiting[1..].iter().all(|waits| *waits));
}
