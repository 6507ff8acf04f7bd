//! Look-ups in the host's store: one for all that need it at once.

use portcullis::api_key::{RecordLookup, plain_hash};
use portcullis::limits::{LOOKUP_TURN_SECS, RECORD_SECS, WAIT_MILLIS, WAIT_TRIES};
use portcullis::{LiveGate, Need, RecordNeed, RevocationLookup, RevocationNeed, RevokedItem, Step};
use portcullis_tests::{load, outcome};
use serde_json::{Value, json};

use super::host::{Host, KEYS, Page, Signer, fetching, wait};

const KEY: &str = "key-of-another-system-0123456789abcdef";
const FREE: (u16, &str) = (200, "-");
const UNAVAILABLE: (u16, &str) = (503, "records_unavailable");

fn document(members: &Value) -> String {
    let mut all = json!({"api_keys": {"lookup": true, "pepper": {"env": "PEPPER"}}});
    all.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    fetching(&json!({"url": KEYS}), &all)
}

pub(super) fn host() -> Host {
    Host::new(&document(&json!({})))
}

/// What a store says that knows the record of `key`.
pub(super) fn found(key: &str, members: &Value) -> RecordLookup {
    let mut record = json!({"id": "bot", "hash": plain_hash(key), "roles": ["user"]});
    record.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    portcullis_config::api_key_record(record.to_string().as_bytes())
}

fn begin(host: &mut Host, key: &str) -> Step {
    host.begin("GET", "/x", &[("x-api-key", key)])
}

fn record(step: Step) -> RecordNeed {
    match step {
        Step::Need(Need::ApiKeyRecord(need)) => need,
        other => panic!("a record is needed, not {other:?}"),
    }
}

fn revocations(step: Step) -> RevocationNeed {
    match step {
        Step::Need(Need::Revocations(need)) => need,
        other => panic!("revocations are needed, not {other:?}"),
    }
}

/// Status and reason of a decision that needs nothing more.
fn decided(step: Step) -> (u16, &'static str) {
    let Step::Verdict(verdict) = step else { panic!("no verdict: {step:?}") };
    outcome(&verdict)
}

fn supply(host: &mut Host, need: RecordNeed, said: &RecordLookup) -> (u16, &'static str) {
    let step = host.gate.supply_record(need, said, host.time());
    decided(step)
}

#[test]
fn a_thousand_equal_keys_cost_one_look_up() {
    for (said, expected) in [
        (found(KEY, &json!({})), FREE),
        (found(KEY, &json!({"disabled": true})), (401, "api_key_disabled")),
        (found("another key, 0123456789abcdef", &json!({})), (401, "api_key_unknown")),
        (RecordLookup::NotFound, (401, "api_key_unknown")),
        (RecordLookup::Unusable("no object".to_owned()), UNAVAILABLE),
        (RecordLookup::Unavailable, UNAVAILABLE),
    ] {
        let mut host = host();
        let first = record(begin(&mut host, KEY));
        let waiting: Vec<_> = (1..1000).map(|_| wait(begin(&mut host, KEY))).collect();
        // Another key does not wait for this one.
        drop(record(begin(&mut host, "one-more-key-0123456789abcdef")));
        // Until there is an answer they go on waiting.
        let still: Vec<_> =
            waiting.into_iter().map(|need| wait(host.gate.again(need, host.time()))).collect();
        assert_eq!(supply(&mut host, first, &said), expected);
        for need in still {
            assert_eq!(decided(host.gate.again(need, host.time())), expected);
        }
        for _ in 0..1000 {
            assert_eq!(decided(begin(&mut host, KEY)), expected);
        }
        host.now += RECORD_SECS;
        drop(record(begin(&mut host, KEY)));
    }
}

#[test]
fn a_record_is_compared_with_the_time_whenever_it_counts() {
    let mut host = host();
    let end = host.now + RECORD_SECS;
    let (first, second) = (record(begin(&mut host, KEY)), wait(begin(&mut host, KEY)));
    assert_eq!(supply(&mut host, first, &found(KEY, &json!({"expires_at": end}))), FREE);
    assert_eq!(decided(begin(&mut host, KEY)), FREE);
    host.now = end;
    let need = record(host.gate.again(second, host.time()));
    assert_eq!(supply(&mut host, need, &found(KEY, &json!({"expires_at": end}))), (401, "api_key_expired"));
    // What was said in what is now the future counts for nothing.
    host.now -= 1;
    drop(record(begin(&mut host, KEY)));
}

#[test]
fn a_look_up_that_got_lost_is_made_again_while_others_wait_for_it() {
    const { assert!(LOOKUP_TURN_SECS * 1000 <= WAIT_TRIES as u64 * WAIT_MILLIS) };
    let mut host = host();
    let _lost = record(begin(&mut host, KEY));
    let (patient, impatient) = (wait(begin(&mut host, KEY)), wait(begin(&mut host, KEY)));
    assert_eq!(decided(host.gate.give_up(impatient, host.time())), UNAVAILABLE);
    host.now += LOOKUP_TURN_SECS;
    let need = record(host.gate.again(patient, host.time()));
    assert_eq!(supply(&mut host, need, &found(KEY, &json!({}))), FREE);
}

#[test]
fn keys_that_share_an_identifier_share_no_look_up() {
    let mut host = host();
    let keys = [5_u8, 6].map(|random| portcullis::api_key::assemble("live", "bot", [random; 43]).unwrap());
    let needs = keys.each_ref().map(|key| record(begin(&mut host, key)));
    assert!(needs.iter().all(|need| need.store_key() == "bot"));
}

#[test]
fn decisions_with_stores_of_their_own_share_nothing() {
    let mut host = host();
    host.gate = LiveGate::new(load(&document(&json!({}))), 7);
    let needs: Vec<_> = (0..100).map(|_| record(begin(&mut host, KEY))).collect();
    for (number, need) in needs.into_iter().enumerate() {
        let (said, expected) = match number % 2 {
            0 => (found(KEY, &json!({})), FREE),
            _ => (RecordLookup::NotFound, (401, "api_key_unknown")),
        };
        assert_eq!(supply(&mut host, need, &said), expected);
    }
}

#[test]
fn a_gate_that_remembers_nothing_looks_up_every_time() {
    let mut host = Host::new(&document(&json!({"memory": {"entries": 0}, "revoked": {"lookup": true}})));
    for _ in 0..3 {
        let need = record(begin(&mut host, KEY));
        let step = host.gate.supply_record(need, &found(KEY, &json!({})), host.time());
        drop(revocations(step));
    }
}

/// A caller whose credential the store of revocations is asked about.
fn revocable() -> (Host, String) {
    let signer = Signer::new("a");
    let document = document(&json!({"revoked": {"lookup": true}}));
    let mut host = Host::serving(&document, &[(KEYS, Page::keys(&[&signer]))]);
    host.with(&signer.token("warm"));
    (host, signer.token("alice"))
}

#[test]
fn a_thousand_equal_tokens_cost_one_look_up_of_revocations() {
    for (value, expected) in [(None, FREE), (Some("{}"), (401, "token_revoked"))] {
        let (mut host, token) = revocable();
        let first = revocations(host.begin_with(&token));
        let waiting: Vec<_> = (1..1000).map(|_| wait(host.begin_with(&token))).collect();
        let still: Vec<_> =
            waiting.into_iter().map(|need| wait(host.gate.again(need, host.time()))).collect();
        let mut values = vec![None; first.store_keys().len()];
        values[0] = value;
        let step = host.gate.supply_revocations(first, &RevocationLookup::Found(&values), host.time());
        assert_eq!(decided(step), expected);
        for need in still {
            assert_eq!(decided(host.gate.again(need, host.time())), expected);
        }
    }
}

#[test]
fn a_thousand_equal_keys_that_were_switched_off_cost_one_look_up_of_revocations() {
    let (mut host, _) = revocable();
    let said = found(KEY, &json!({}));
    let looked_up = |host: &mut Host| {
        let mut step = begin(host, KEY);
        if let Step::Need(Need::ApiKeyRecord(need)) = step {
            step = host.gate.supply_record(need, &said, host.time());
        }
        step
    };
    let first = revocations(looked_up(&mut host));
    let waiting: Vec<_> = (1..1000).map(|_| wait(looked_up(&mut host))).collect();
    let item = RevokedItem::ApiKey("bot").store_key();
    let values: Vec<_> = first.store_keys().iter().map(|key| (*key == item).then_some("{}")).collect();
    let step = host.gate.supply_revocations(first, &RevocationLookup::Found(&values), host.time());
    let disabled = (401, "api_key_disabled");
    assert_eq!(decided(step), disabled);
    for need in waiting {
        assert_eq!(decided(host.gate.again(need, host.time())), disabled);
    }
    assert_eq!(decided(looked_up(&mut host)), disabled);
    host.now += 1;
    drop(revocations(looked_up(&mut host)));
}

#[test]
fn whoever_waits_for_revocations_too_long_or_beyond_its_end_is_refused() {
    let (mut host, token) = revocable();
    let _lost = revocations(host.begin_with(&token));
    let waiting: Vec<_> = (0..3).map(|_| wait(host.begin_with(&token))).collect();
    let [impatient, patient, late] = waiting.try_into().unwrap();
    let step = host.gate.give_up(impatient, host.time());
    assert_eq!(decided(step), (503, "revocations_unavailable"));
    host.now += LOOKUP_TURN_SECS;
    drop(revocations(host.gate.again(patient, host.time())));
    host.now += 90_000;
    assert_eq!(decided(host.gate.again(late, host.time())), (401, "token_expired"));
}

#[test]
fn where_nobody_could_be_asked_for_revocations_the_next_one_asks() {
    let (mut host, token) = revocable();
    let need = revocations(host.begin_with(&token));
    assert_eq!(decided(host.gate.without_revocations(need)), (503, "revocations_unavailable"));
    assert_eq!(host.with(&token), FREE);
}

/// A token that has ended while the store was asked is no answer for those that wait: each is told of its own end.
#[test]
fn a_look_up_of_revocations_that_was_in_vain_ends_the_turn() {
    let (mut host, _) = revocable();
    let signer = Signer::new("b");
    host.serve(KEYS, Page::keys(&[&signer]));
    host.now += 40;
    let end = host.now + 1;
    let token = signer.sign(json!({"iss": super::host::ISSUER, "aud": "api", "sub": "alice", "exp": end}));
    let first = match host.begin_with(&token) {
        Step::Need(Need::Call(need)) => {
            let page = host.send(need.call());
            revocations(host.answer(need, page.as_ref()))
        }
        step => revocations(step),
    };
    let waits = wait(host.begin_with(&token));
    host.now += 100;
    let values = vec![None; first.store_keys().len()];
    let step = host.gate.supply_revocations(first, &RevocationLookup::Found(&values), host.time());
    assert_eq!(decided(step), (401, "token_expired"));
    assert_eq!(decided(host.gate.again(waits, host.time())), (401, "token_expired"));
}
