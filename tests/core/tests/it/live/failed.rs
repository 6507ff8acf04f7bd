//! Questions that failed: remembered for a second, so that a crowd does not ask a server that is down one after the other.

use portcullis::api_key::{RecordLookup, plain_hash};
use portcullis::limits::FAILED_SECS;
use portcullis::{Need, RevocationLookup, Step};
use portcullis_tests::outcome;
use serde_json::{Value, json};

use super::host::{Host, KEYS, Page, Signer, call, fetching, header, wait};

const ME: &str = "origin/me";
const UNAVAILABLE: (u16, &str) = (503, "ask_unavailable");

fn asking(members: &Value) -> String {
    let mut with = json!({"identity": {"ask": "/me", "subject": "/id"}});
    with.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    fetching(&json!({"url": KEYS}), &with)
}

fn alice() -> Page {
    Page::json(&json!({"id": "alice"}))
}

#[test]
fn a_thousand_equal_credentials_cost_one_call_that_fails() {
    for page in
        [None, Some(Page::new(500, "text/html", "<html>")), Some(Page::new(200, "text/html", "<html>"))]
    {
        let mut host = Host::new(&asking(&json!({})));
        host.pages.extend(page.map(|page| (ME.to_owned(), page)));
        let first = call(host.begin_with("opaque"));
        let waiting: Vec<_> = (1..1000).map(|_| wait(host.begin_with("opaque"))).collect();
        let page = host.send(first.call());
        let step = host.answer(first, page.as_ref());
        assert_eq!(outcome(&host.finish(step)), UNAVAILABLE);
        for need in waiting {
            let Step::Verdict(verdict) = host.gate.again(need, host.time()) else { panic!("no verdict") };
            assert_eq!(outcome(&verdict), UNAVAILABLE);
            assert_eq!(header(&verdict, "retry-after"), Some("1"));
        }
        for _ in 0..1000 {
            assert_eq!(host.with("opaque"), UNAVAILABLE);
        }
        assert_eq!(host.count(ME), 1);
    }
}

#[test]
fn whoever_waits_as_long_as_it_is_told_is_asked_about() {
    let mut host = Host::new(&asking(&json!({})));
    let verdict = host.verdict("GET", "/x", &[("authorization", "Bearer opaque")]);
    let secs: u64 = header(&verdict, "retry-after").unwrap().parse().unwrap();
    assert_eq!(secs, FAILED_SECS);
    host.serve(ME, alice());
    assert_eq!(host.with("opaque"), UNAVAILABLE);
    host.now += secs;
    assert_eq!(host.with("opaque"), (200, "-"));
    assert_eq!(host.count(ME), 2);
}

#[test]
fn a_failure_is_no_word_about_anybody_else() {
    let mut host = Host::new(&asking(&json!({})));
    assert_eq!(host.with("opaque"), UNAVAILABLE);
    host.serve(ME, alice());
    assert_eq!(host.with("another"), (200, "-"));
    assert_eq!(host.with("opaque"), UNAVAILABLE);
    // One of what is now the future was before the clock was set back.
    host.now -= 1;
    assert_eq!(host.with("opaque"), (200, "-"));
}

#[test]
fn an_answer_that_counts_is_not_undone_by_a_failure() {
    let mut host = Host::serving(&asking(&json!({})), &[(ME, alice())]);
    // Whoever asked first is late, and the next one has asked meanwhile.
    let late = call(host.begin_with("opaque"));
    host.now += 3;
    assert_eq!(host.with("opaque"), (200, "-"));
    let step = host.answer(late, None);
    assert_eq!(outcome(&host.finish(step)), UNAVAILABLE);
    assert_eq!(host.with("opaque"), (200, "-"));
    assert_eq!(host.count(ME), 1);
}

#[test]
fn a_gate_that_remembers_nothing_asks_every_time() {
    let mut host = Host::new(&asking(&json!({"memory": {"entries": 0}})));
    for expected in 1..4 {
        assert_eq!((host.with("opaque"), host.count(ME)), (UNAVAILABLE, expected));
    }
}

#[test]
fn a_store_of_records_that_fails_is_left_alone_for_a_second() {
    let (key, another) = ("key-of-another-system-0123456789abcdef", "one-more-key-0123456789abcdef");
    let members = json!({"api_keys": {"lookup": true, "pepper": {"env": "PEPPER"}}});
    let document = fetching(&json!({"url": KEYS}), &members);
    let record = json!({"id": "bot", "hash": plain_hash(key), "roles": ["user"]}).to_string();
    let found = portcullis_config::api_key_record(record.as_bytes());
    // The verdict, and whether the store was asked.
    let ask = |host: &mut Host, key: &str, said: &RecordLookup| match host.begin(
        "GET",
        "/x",
        &[("x-api-key", key)],
    ) {
        Step::Need(Need::ApiKeyRecord(need)) => {
            let step = host.gate.supply_record(need, said, host.time());
            (outcome(&host.finish(step)), true)
        }
        step => {
            let verdict = host.finish(step);
            assert_eq!(header(&verdict, "retry-after"), Some("1"));
            (outcome(&verdict), false)
        }
    };
    let unavailable = (503, "records_unavailable");
    for mut host in [Host::new(&document), Host::without_one_store(&document)] {
        for failure in [RecordLookup::Unavailable, RecordLookup::Unusable("no object".to_owned())] {
            host.now += 60;
            assert_eq!(ask(&mut host, key, &failure), (unavailable, true));
            assert_eq!(ask(&mut host, key, &found), (unavailable, false));
            assert_eq!(ask(&mut host, another, &RecordLookup::NotFound), ((401, "api_key_unknown"), true));
            host.now += 1;
            assert_eq!(ask(&mut host, key, &found), ((200, "-"), true));
        }
    }
}

#[test]
fn a_store_of_revocations_that_fails_is_left_alone_for_a_second() {
    let signer = Signer::new("a");
    let document = fetching(&json!({"url": KEYS}), &json!({"revoked": {"lookup": true}}));
    let mut host = Host::serving(&document, &[(KEYS, Page::keys(&[&signer]))]);
    let (alice, bob) = (signer.token("alice"), signer.token("bob"));
    let store = host.store.take();
    for _ in 0..100 {
        assert_eq!(host.with(&alice), (503, "revocations_unavailable"));
    }
    assert_eq!(host.asked_store, 1);
    host.store = store;
    assert_eq!(host.with(&bob), (200, "-"));
    assert_eq!(host.with(&alice), (503, "revocations_unavailable"));
    host.now += 1;
    assert_eq!(host.with(&alice), (200, "-"));
    assert_eq!(host.asked_store, 3);
    // Of a token that has ended meanwhile, whatever the store says, nothing is remembered.
    let Step::Need(Need::Revocations(need)) = host.begin_with(&signer.token("carol")) else {
        panic!("no need")
    };
    host.now += 100_000;
    let step = host.gate.supply_revocations(need, &RevocationLookup::Unavailable, host.time());
    assert_eq!(outcome(&host.finish(step)).0, 503);
}
