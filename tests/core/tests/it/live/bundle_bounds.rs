//! The signed bundle: how long it may be, who waits for it, and what becomes of what was remembered under it.

use portcullis::limits::{BUNDLE_BYTES, BUNDLE_FRESH_SECS};
use portcullis::{SourceFailure, SourceKind, Step};
use portcullis_tests::{NOW, outcome};
use serde_json::json;

use super::bundle::{BUNDLE, bundle, document, page, plain, record, token};
use super::host::{Host, ISSUER, KEYS, Page, Signer, call, header, wait};

#[test]
fn the_longest_is_read() {
    let publisher = Signer::new("p");
    for (bytes, failure) in [
        (BUNDLE_BYTES, SourceFailure::Signature),
        (BUNDLE_BYTES + 1, SourceFailure::TooLong),
        (BUNDLE_BYTES + 2, SourceFailure::TooLong),
    ] {
        let text = Page::new(200, "application/jose", vec![b'x'; bytes]);
        let mut host = Host::serving(&plain(&publisher), &[(BUNDLE, text)]);
        assert_eq!(host.with(&token("1")), (503, "bundle_unavailable"));
        assert_eq!(host.gate.sources(host.time())[0].failure, Some(failure), "{bytes}");
    }
}

/// White space around it counts for the length of the answer, and not for that of the bundle.
#[test]
fn white_space_around_it_is_no_part_of_it() {
    let publisher = Signer::new("p");
    let gate = portcullis_tests::load(&plain(&publisher));
    let source = gate.parts().bundle.as_ref().unwrap();
    let text = bundle(&publisher, 1, &json!({}));
    let padded = format!("{text}{}", "\n".repeat(BUNDLE_BYTES));
    assert!(source.open(padded.as_bytes(), portcullis::UnixTime::from_secs(NOW)).is_ok());
    for bytes in [BUNDLE_BYTES, BUNDLE_BYTES + 1, BUNDLE_BYTES + 2] {
        let error = source.open(&vec![b'x'; bytes], portcullis::UnixTime::from_secs(NOW)).unwrap_err();
        assert_eq!(error.to_string().contains("longer than"), bytes > BUNDLE_BYTES, "{bytes}");
    }
}

#[test]
fn records_and_keys_are_counted() {
    let (publisher, a, b) = (Signer::new("p"), Signer::new("a"), Signer::new("b"));
    let members = json!({"issuers": [{"issuer": ISSUER, "audience": "api", "jwks": {"bundle": true}}]});
    let content = json!({"jwks": {ISSUER: {"keys": [a.jwk(), b.jwk()]}}, "records": [record("other1")]});
    let mut host = Host::serving(
        &document(&publisher, &json!({}), &members),
        &[(BUNDLE, page(&bundle(&publisher, 1, &content)))],
    );
    assert_eq!(host.with(&a.token("alice")), (200, "-"));
    let status = host.gate.sources(host.time());
    let status = status.iter().find(|status| status.kind == SourceKind::Bundle).unwrap();
    assert_eq!(status.keys, 3);
}

/// What was verified with keys of a bundle is verified again under another one, and not under the same one.
#[test]
fn what_was_remembered_stays_with_the_same_bundle_only() {
    let (publisher, a) = (Signer::new("p"), Signer::new("a"));
    let members = json!({"issuers": [{"issuer": ISSUER, "audience": "api", "jwks": {"bundle": true}}]});
    let of = |version| page(&bundle(&publisher, version, &json!({"jwks": {ISSUER: {"keys": [a.jwk()]}}})));
    let mut host = Host::serving(&document(&publisher, &json!({}), &members), &[(BUNDLE, of(1))]);
    let token = a.token("alice");
    assert_eq!(host.with(&token), (200, "-"));
    let again = |host: &mut Host| {
        let before = host.gate.memory();
        assert_eq!(host.with(&token), (200, "-"));
        let after = host.gate.memory();
        (after.hits - before.hits, after.misses - before.misses)
    };
    assert_eq!(again(&mut host), (1, 0));
    host.now += BUNDLE_FRESH_SECS;
    host.tick();
    assert_eq!(host.count(BUNDLE), 2);
    assert_eq!(again(&mut host), (1, 0));
    host.serve(BUNDLE, of(2));
    host.now += BUNDLE_FRESH_SECS;
    host.tick();
    assert_eq!(again(&mut host), (0, 1));
    assert_eq!(again(&mut host), (1, 0));
}

/// Another source that fails says nothing of when the bundle is tried again.
#[test]
fn when_to_come_back_is_the_bundles_own() {
    let (publisher, a) = (Signer::new("p"), Signer::new("a"));
    let members = json!({"issuers": [{"issuer": ISSUER, "audience": "api", "jwks": {"url": KEYS}}]});
    let mut host = Host::serving(&document(&publisher, &json!({}), &members), &[(KEYS, Page::keys(&[&a]))]);
    host.tick();
    let authorization = format!("Bearer {}", a.token("alice"));
    let mut asked = Vec::new();
    for _ in 0..4 {
        let verdict = host.verdict("GET", "/x", &[("authorization", &authorization)]);
        assert_eq!(outcome(&verdict), (503, "bundle_unavailable"));
        asked.push(header(&verdict, "retry-after").unwrap().parse::<u64>().unwrap());
        host.now += 300;
        host.tick();
    }
    // It is tried less often each time.
    assert!(asked.windows(2).all(|pair| pair[0] <= pair[1]) && asked[0] < asked[3], "{asked:?}");
}

#[test]
fn who_waits_for_a_fetch_that_is_under_way() {
    let publisher = Signer::new("p");
    let first = page(&bundle(&publisher, 1, &json!({})));
    // None is there: all wait for the first to come, also when it has failed before.
    let mut host = Host::new(&plain(&publisher));
    let need = call(host.begin_with(&token("1")));
    drop(wait(host.begin_with(&token("2"))));
    let step = host.answer(need, None);
    assert_eq!(outcome(&host.finish(step)), (503, "bundle_unavailable"));
    host.now += 300;
    let need = call(host.begin_with(&token("1")));
    let other = wait(host.begin_with(&token("2")));
    host.serve(BUNDLE, first);
    let found = host.send(need.call());
    let step = host.answer(need, found.as_ref());
    assert_eq!(outcome(&host.finish(step)), (200, "-"));
    let step = host.gate.again(other, host.time());
    assert_eq!(outcome(&host.finish(step)), (200, "-"));

    // One is there, and the last try has brought another: they wait.
    host.now += BUNDLE_FRESH_SECS;
    let need = call(host.begin_with(&token("1")));
    drop(wait(host.begin_with(&token("2"))));
    let step = host.answer(need, None);
    assert_eq!(outcome(&host.finish(step)), (200, "-"));
    // It has failed: nobody waits but whoever tries again.
    host.now += 300;
    let need = call(host.begin_with(&token("1")));
    let Step::Verdict(verdict) = host.begin_with(&token("2")) else { panic!("nobody waits") };
    assert_eq!(outcome(&verdict), (200, "-"));
    let step = host.answer(need, None);
    assert_eq!(outcome(&host.finish(step)), (200, "-"));
    // And until it is tried again, nobody does.
    let Step::Verdict(verdict) = host.begin_with(&token("2")) else { panic!("nobody waits") };
    assert_eq!(outcome(&verdict), (200, "-"));
}
