//! The signed bundle: what counts of it, from when on, and for how long.

use portcullis::api_key::{Pepper, RecordLookup, assemble, plain_hash};
use portcullis::limits::{BUNDLE_FRESH_SECS, LEEWAY_SECS};
use portcullis::{Need, SourceKind, Step};
use portcullis_tests::{NOW, PEPPER, SECRET, outcome, sign};
use serde_json::{Value, json};

use super::host::{Host, ISSUER, Page, Signer, call, header, wait};

pub(super) const BUNDLE: &str = "https://cdn.example/gate.jws";
pub(super) const TYPE: &str = "portcullis-bundle+jwt";

/// A key of another system.
pub(super) const KEY: &str = "other-system-key-0123456789abcdef";

/// A document whose bundle is signed by `publisher`, with `members` besides.
pub(super) fn document(publisher: &Signer, bundle: &Value, members: &Value) -> String {
    let mut at = json!({"url": BUNDLE, "keys": [{"jwk": publisher.jwk()}]});
    at.as_object_mut().unwrap().extend(bundle.as_object().unwrap().clone());
    let mut document = json!({
        "profile": "generic",
        "issuers": [{"issuer": ISSUER, "audience": "api", "keys": [{"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}]}],
        "api_keys": {"pepper": {"env": "PEPPER"}},
        "bundle": at,
        "policy": {"roles": {"user": {"permissions": ["x:read"]}}, "default_role": "user",
            "routes": {"GET /x": "x:read", "POST /login": "public"}},
    });
    document.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    document.to_string()
}

pub(super) fn plain(publisher: &Signer) -> String {
    document(publisher, &json!({}), &json!({}))
}

/// A bundle of an hour, with `members` besides.
pub(super) fn bundle(publisher: &Signer, version: u64, members: &Value) -> String {
    let mut payload = json!({"version": version, "iat": NOW, "exp": NOW + 3600});
    payload.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    publisher.sign_as(TYPE, payload)
}

pub(super) fn page(bundle: &str) -> Page {
    Page::new(200, "application/jose", format!("{bundle}\n"))
}

/// A token of the document's own issuer.
pub(super) fn token(jti: &str) -> String {
    sign(
        json!({"iss": ISSUER, "aud": "api", "sub": "alice", "exp": NOW + 2_000_000, "iat": NOW - 2_000_000, "jti": jti}),
        SECRET,
    )
}

pub(super) fn record(id: &str) -> Value {
    json!({"id": id, "hash": plain_hash(KEY), "roles": ["user"]})
}

fn with_key(host: &mut Host, key: &str) -> (u16, &'static str) {
    let verdict = host.verdict("GET", "/x", &[("x-api-key", key)]);
    outcome(&verdict)
}

#[test]
fn nobody_gets_in_before_it_has_come() {
    let publisher = Signer::new("p");
    let mut host = Host::new(&plain(&publisher));
    let authorization = format!("Bearer {}", token("1"));
    let verdict = host.verdict("GET", "/x", &[("authorization", &authorization)]);
    assert_eq!(outcome(&verdict), (503, "bundle_unavailable"));
    assert!((1..=300).contains(&header(&verdict, "retry-after").unwrap().parse::<u64>().unwrap()));
    assert_eq!(with_key(&mut host, KEY), (503, "bundle_unavailable"));
    // Nobody asks again so soon, and what needs no caller is as ever.
    assert_eq!(host.count(BUNDLE), 1);
    assert_eq!(outcome(&host.verdict("POST", "/login", &[])), (200, "-"));
    assert_eq!(outcome(&host.verdict("GET", "/x", &[])), (401, "credential_missing"));
    let error = host.gate.verify(&token("1"), host.time()).unwrap_err();
    assert_eq!(error.reason().code(), "bundle_unavailable");
    let error = host.gate.gate().verify(&token("1"), host.time()).unwrap_err();
    assert_eq!(error.reason().code(), "bundle_unavailable");

    host.serve(BUNDLE, page(&bundle(&publisher, 1, &json!({"records": [record("other1")]}))));
    host.now += 5;
    assert_eq!(host.with(&token("1")), (200, "-"));
    assert_eq!(with_key(&mut host, KEY), (200, "-"));
    assert!(host.gate.verify(&token("1"), host.time()).is_ok());
    assert_eq!(host.count(BUNDLE), 2);
    let status = &host.gate.sources(host.time())[0];
    assert_eq!((status.kind, status.version, status.keys), (SourceKind::Bundle, Some(1), 1));
}

#[test]
fn a_host_that_learns_nothing_lets_nobody_in() {
    let publisher = Signer::new("p");
    let host = Host::serving(&plain(&publisher), &[(BUNDLE, page(&bundle(&publisher, 1, &json!({}))))]);
    let authorization = format!("Bearer {}", token("1"));
    let pairs = [portcullis::HeaderPair::new("authorization", &authorization)];
    let head = portcullis::RequestHead::new("GET", "/x", &pairs);
    let step = host.gate.gate().begin(&head, host.time());
    let Ok(verdict) = step.with_records(|_| (RecordLookup::NotFound, host.time())) else {
        panic!("no body is needed")
    };
    assert_eq!(outcome(&verdict), (503, "bundle_unavailable"));
}

#[test]
fn what_it_takes_back_is_refused_though_it_was_remembered() {
    let publisher = Signer::new("p");
    let first = json!({"records": [record("other1")]});
    let mut host = Host::serving(&plain(&publisher), &[(BUNDLE, page(&bundle(&publisher, 1, &first)))]);
    assert_eq!(host.with(&token("1")), (200, "-"));
    assert_eq!(host.with(&token("2")), (200, "-"));
    assert_eq!(with_key(&mut host, KEY), (200, "-"));

    let revoked = json!({"records": [record("other1")], "revoked": {
        "tokens": [{"issuer": ISSUER, "jti": "1"}], "api_keys": ["other1"]}});
    host.serve(BUNDLE, page(&bundle(&publisher, 2, &revoked)));
    host.now += BUNDLE_FRESH_SECS;
    host.tick();
    assert_eq!(host.with(&token("1")), (401, "token_revoked"));
    assert_eq!(host.with(&token("2")), (200, "-"));
    assert_eq!(with_key(&mut host, KEY), (401, "api_key_disabled"));

    // By its digest, in the document's place or in the bundle's.
    let digest = plain_hash(&token("2"));
    let by_digest =
        json!({"records": [record("other1")], "revoked": {"credentials": [digest, plain_hash(KEY)]}});
    host.serve(BUNDLE, page(&bundle(&publisher, 3, &by_digest)));
    host.now += BUNDLE_FRESH_SECS;
    assert_eq!(host.with(&token("2")), (401, "token_revoked"));
    assert_eq!(with_key(&mut host, KEY), (401, "token_revoked"));
    // What was taken back by the last one, and is not by this one, is good again: a bundle counts as a whole.
    assert_eq!(host.with(&token("1")), (200, "-"));
}

#[test]
fn the_document_and_the_bundle_both_take_back() {
    let publisher = Signer::new("p");
    let members = json!({"revoked": {"tokens": [{"issuer": ISSUER, "jti": "1"}]}});
    let mut host = Host::serving(
        &document(&publisher, &json!({}), &members),
        &[(
            BUNDLE,
            page(&bundle(&publisher, 1, &json!({"revoked": {"tokens": [{"issuer": ISSUER, "jti": "2"}]}}))),
        )],
    );
    assert_eq!(host.with(&token("1")), (401, "token_revoked"));
    assert_eq!(host.with(&token("2")), (401, "token_revoked"));
    assert_eq!(host.with(&token("3")), (200, "-"));
}

#[test]
fn records_of_both_kinds_beside_those_of_the_document() {
    let publisher = Signer::new("p");
    let pepper = Pepper::new(PEPPER.as_bytes()).unwrap();
    let own = |id: &str| assemble("live", id, (0..=255).cycle().take(99)).unwrap();
    let record = |id: &str| json!({"id": id, "hash": pepper.hash(&own(id)), "roles": ["user"]});
    let members =
        json!({"api_keys": {"pepper": {"env": "PEPPER"}, "records": [record("doc1")], "lookup": true}});
    let records = json!({"records": [record("bun1"), {"id": "off", "hash": pepper.hash(&own("off")), "disabled": true},
        {"id": "old", "hash": pepper.hash(&own("old")), "expires_at": NOW}, {"id": "other1", "hash": plain_hash(KEY), "roles": ["user"]}]});
    let mut host = Host::serving(
        &document(&publisher, &json!({}), &members),
        &[(BUNDLE, page(&bundle(&publisher, 1, &records)))],
    );
    for (key, expected) in [
        (own("doc1"), (200, "-")),
        (own("bun1"), (200, "-")),
        (own("off"), (401, "api_key_disabled")),
        (own("old"), (401, "api_key_expired")),
        (KEY.to_owned(), (200, "-")),
        // The host's store is asked after both, and knows nothing here.
        (own("else"), (401, "api_key_unknown")),
        ("another-system-key-0123456789abcdef".to_owned(), (401, "api_key_unknown")),
    ] {
        assert_eq!(with_key(&mut host, &key), expected, "{key}");
    }
    // A record that the store has is taken back by the bundle as well.
    let revoked = json!({"revoked": {"api_keys": ["else"]}});
    host.serve(BUNDLE, page(&bundle(&publisher, 2, &revoked)));
    host.now += BUNDLE_FRESH_SECS;
    host.tick();
    let step = host.begin("GET", "/x", &[("x-api-key", &own("else"))]);
    let Step::Need(Need::ApiKeyRecord(need)) = step else { panic!("a record is needed, not {step:?}") };
    let found = portcullis_config::api_key_record(record("else").to_string().as_bytes());
    let step = host.gate.supply_record(need, &found, host.time());
    assert_eq!(outcome(&host.finish(step)), (401, "api_key_disabled"));
}

#[test]
fn keys_of_issuers_rotate_with_it() {
    let (publisher, a, b) = (Signer::new("p"), Signer::new("a"), Signer::new("b"));
    let members = json!({"issuers": [{"issuer": ISSUER, "audience": "api", "jwks": {"bundle": true}}]});
    let of = |signers: &[&Signer], version| {
        let keys: Vec<_> = signers.iter().map(|signer| signer.jwk()).collect();
        let other = json!({"keys": [Signer::new("o").jwk()]});
        page(&bundle(
            &publisher,
            version,
            &json!({"jwks": {ISSUER: {"keys": keys}, "https://other.example": other}}),
        ))
    };
    let mut host = Host::serving(&document(&publisher, &json!({}), &members), &[(BUNDLE, of(&[&a], 1))]);
    assert_eq!(host.with(&a.token("alice")), (200, "-"));
    assert_eq!(host.with(&b.token("alice")), (401, "key_unknown"));
    assert_eq!(host.count(BUNDLE), 1);
    // An unknown `kid` fetches a newer one, once in thirty seconds.
    host.serve(BUNDLE, of(&[&b], 2));
    host.now += 30;
    assert_eq!(host.with(&b.token("alice")), (200, "-"));
    assert_eq!(host.with(&a.token("alice")), (401, "key_unknown"));
    assert_eq!(host.with(&a.token("alice")), (401, "key_unknown"));
    assert_eq!(host.count(BUNDLE), 2);
    // A bundle without keys of the issuer is none, and the one from before counts.
    host.serve(BUNDLE, page(&bundle(&publisher, 3, &json!({}))));
    host.now += BUNDLE_FRESH_SECS;
    host.tick();
    assert_eq!(host.with(&b.token("alice")), (200, "-"));
    assert_eq!(host.with(&a.token("alice")), (503, "keys_unavailable"));
}

#[test]
fn it_ends_when_it_says_and_then_nobody_gets_in() {
    let publisher = Signer::new("p");
    for (member, stale) in [(json!({}), 0), (json!({"stale_secs": 900}), 900)] {
        let first = page(&bundle(&publisher, 1, &json!({})));
        let mut host = Host::serving(&document(&publisher, &member, &json!({})), &[(BUNDLE, first)]);
        assert_eq!(host.with(&token("1")), (200, "-"));
        host.pages.clear();
        host.now = NOW + 3600 + stale - 1;
        assert_eq!(host.with(&token("1")), (200, "-"), "{member}");
        host.now += 1;
        assert_eq!(host.with(&token("1")), (503, "bundle_unavailable"), "{member}");
        assert_eq!(outcome(&host.verdict("POST", "/login", &[])), (200, "-"));
        // A newer one is found when it is tried again.
        let payload = json!({"version": 2, "iat": host.now, "exp": host.now + 60});
        host.serve(BUNDLE, page(&publisher.sign_as(TYPE, payload)));
        host.now += 300;
        host.serve(
            BUNDLE,
            page(&publisher.sign_as(TYPE, json!({"version": 2, "iat": host.now, "exp": host.now + 60}))),
        );
        assert_eq!(host.with(&token("1")), (200, "-"), "{member}");
    }
}

#[test]
fn a_key_that_has_ended_signs_nothing_any_longer() {
    let (old, new) = (Signer::new("old"), Signer::new("new"));
    let keys =
        json!({"keys": [{"jwk": new.jwk()}, {"jwk": old.jwk(), "accepted_until": "2026-11-22T00:10:00Z"}]});
    let mut host =
        Host::serving(&document(&new, &keys, &json!({})), &[(BUNDLE, page(&bundle(&old, 1, &json!({}))))]);
    assert_eq!(host.with(&token("1")), (200, "-"));
    host.now = NOW + 600;
    assert_eq!(host.with(&token("1")), (503, "bundle_unavailable"));
    host.serve(BUNDLE, page(&bundle(&new, 2, &json!({}))));
    host.now += 300;
    assert_eq!(host.with(&token("1")), (200, "-"));
}

#[test]
fn whoever_was_idle_looks_before_deciding() {
    let publisher = Signer::new("p");
    let mut host = Host::serving(&plain(&publisher), &[(BUNDLE, page(&bundle(&publisher, 1, &json!({}))))]);
    assert_eq!(host.with(&token("1")), (200, "-"));
    let revoked = json!({"revoked": {"tokens": [{"issuer": ISSUER, "jti": "1"}]}});
    host.serve(BUNDLE, page(&bundle(&publisher, 2, &revoked)));
    host.now += BUNDLE_FRESH_SECS - 1;
    assert_eq!(host.with(&token("1")), (200, "-"));
    host.now += 1;
    // Nobody has fetched in the background: the first to come does, and others wait for it.
    let need = call(host.begin_with(&token("1")));
    let other = wait(host.begin_with(&token("2")));
    let page = host.send(need.call());
    let step = host.answer(need, page.as_ref());
    assert_eq!(outcome(&host.finish(step)), (401, "token_revoked"));
    let step = host.gate.again(other, host.time());
    assert_eq!(outcome(&host.finish(step)), (200, "-"));
    assert_eq!(host.count(BUNDLE), 2);

    // Where that fails, the one that is there is used, and nobody else waits for another.
    host.pages.clear();
    host.now += BUNDLE_FRESH_SECS;
    for _ in 0..3 {
        assert_eq!(host.with(&token("2")), (200, "-"));
    }
    assert_eq!(host.count(BUNDLE), 3);
    // And whoever waits in vain for a fetch that hangs decides by it too.
    host.now += 300;
    let hanging = host.gate.due(host.time()).unwrap();
    assert_eq!(host.with(&token("2")), (200, "-"));
    drop(hanging);
}

#[test]
fn a_clock_that_is_set_back_and_forth() {
    let publisher = Signer::new("p");
    let mut host = Host::serving(&plain(&publisher), &[(BUNDLE, page(&bundle(&publisher, 1, &json!({}))))]);
    assert_eq!(host.with(&token("1")), (200, "-"));
    // Before it was issued, nobody knows how old it is.
    host.now = NOW - LEEWAY_SECS - 1;
    assert_eq!(host.with(&token("1")), (503, "bundle_unavailable"));
    host.now = NOW + 10;
    assert_eq!(host.with(&token("1")), (200, "-"));
    // Within its time: it is looked for again at once, and what comes counts.
    let revoked = json!({"revoked": {"tokens": [{"issuer": ISSUER, "jti": "1"}]}});
    host.now = NOW + 1000;
    assert_eq!(host.with(&token("1")), (200, "-"));
    host.serve(BUNDLE, page(&bundle(&publisher, 2, &revoked)));
    host.now = NOW + 100;
    assert_eq!(host.with(&token("1")), (401, "token_revoked"));
    // Far ahead it has ended, and with the clock back in its time it has not.
    host.pages.clear();
    host.now = NOW + 1_000_000;
    assert_eq!(host.with(&token("2")), (503, "bundle_unavailable"));
    host.now = NOW + 200;
    assert_eq!(host.with(&token("2")), (200, "-"));
    host.now = 0;
    assert_eq!(host.with(&token("2")).0, 503);
}

#[test]
fn a_gate_with_what_has_come_decides_alike() {
    let (publisher, a) = (Signer::new("p"), Signer::new("a"));
    let members = json!({"issuers": [{"issuer": ISSUER, "audience": "api", "jwks": {"bundle": true}}]});
    let content = json!({"jwks": {ISSUER: {"keys": [a.jwk()]}}, "records": [record("other1")],
        "revoked": {"subjects": [{"subject": "bob", "before": "2026-11-23T00:00:00Z"}]}});
    let mut host = Host::serving(
        &document(&publisher, &json!({}), &members),
        &[(BUNDLE, page(&bundle(&publisher, 1, &content)))],
    );
    host.tick();
    let pinned = host.gate.pinned(host.time());
    assert!(pinned.verify(&a.token("alice"), host.time()).is_ok());
    assert_eq!(pinned.verify(&a.token("bob"), host.time()).unwrap_err().reason().code(), "token_revoked");
    assert_eq!(pinned.parts().api_keys.as_ref().unwrap().records().count(), 1);
    assert!(pinned.parts().bundle.is_none());
}
