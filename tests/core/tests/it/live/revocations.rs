//! Revocations in a store of the host: when it is asked, for what, and for how long that is believed.

use portcullis::{Need, RevocationLookup, RevokedItem, Step};
use portcullis_tests::NOW;
use serde_json::{Value, json};

use super::host::{Host, ISSUER, KEYS, Page, Signer, fetching};

const FREE: (u16, &str) = (200, "-");
const REVOKED: (u16, &str) = (401, "token_revoked");
const UNAVAILABLE: (u16, &str) = (503, "revocations_unavailable");

fn host(signer: &Signer, members: &Value) -> Host {
    let mut document = json!({"revoked": {"lookup": true}});
    document.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    Host::serving(&fetching(&json!({"url": KEYS}), &document), &[(KEYS, Page::keys(&[signer]))])
}

/// A token with everything that it can be taken back by.
fn marked(signer: &Signer, subject: &str) -> String {
    signer.sign(json!({
        "iss": ISSUER, "aud": "api", "sub": subject, "iat": NOW - 10, "exp": NOW + 86_400, "jti": "j", "sid": "s",
    }))
}

impl Host {
    fn take_back(&mut self, item: &RevokedItem<'_>, value: &Value) {
        self.store.as_mut().unwrap().insert(item.store_key(), value.to_string());
    }

    /// What is asked for, if the store has to be asked.
    fn store_keys(&mut self, token: &str) -> Vec<String> {
        match self.begin_with(token) {
            Step::Need(Need::Revocations(need)) => need.store_keys().to_vec(),
            other => panic!("revocations are needed, not {other:?}"),
        }
    }
}

#[test]
fn each_way_takes_a_token_back() {
    let signer = Signer::new("a");
    let token = marked(&signer, "alice");
    let digest = hmac_sha256::Hash::hash(token.as_bytes());
    let (past, future) =
        (json!({"before": "2021-01-01T00:00:00Z"}), json!({"before": "2099-01-01T00:00:00Z"}));
    for (item, value, expected) in [
        (RevokedItem::Token { issuer: ISSUER, id: "j" }, json!({}), REVOKED),
        (RevokedItem::Token { issuer: ISSUER, id: "J" }, json!({}), FREE),
        (RevokedItem::Token { issuer: "https://other.example", id: "j" }, json!({}), FREE),
        (RevokedItem::Session { issuer: ISSUER, id: "s" }, json!({}), REVOKED),
        (RevokedItem::Session { issuer: ISSUER, id: "j" }, json!({}), FREE),
        (RevokedItem::Subject("alice"), future.clone(), REVOKED),
        (RevokedItem::Subject("alice"), past.clone(), FREE),
        (RevokedItem::Subject("bob"), future.clone(), FREE),
        (RevokedItem::Issuer(ISSUER), future, REVOKED),
        (RevokedItem::Issuer(ISSUER), past, FREE),
        (RevokedItem::Credential(digest), json!("whatever"), REVOKED),
        (RevokedItem::ApiKey("j"), json!({}), FREE),
    ] {
        let mut host = host(&signer, &json!({}));
        host.take_back(&item, &value);
        assert_eq!(host.with(&token), expected, "{item:?}");
        // As it is remembered.
        assert_eq!((host.with(&token), host.asked_store), (expected, 1), "{item:?}");
    }
}

#[test]
fn an_api_key_is_taken_back_by_its_identifier() {
    let key = "key-of-another-system-1f6a-0011223344";
    let hash = portcullis::api_key::plain_hash(key);
    let records = json!({"records": [{"id": "bot", "hash": hash, "roles": ["user"]}]});
    let mut host = host(&Signer::new("a"), &json!({"api_keys": records}));
    let ask = |host: &mut Host| {
        let verdict = host.verdict("GET", "/x", &[("x-api-key", key)]);
        portcullis_tests::outcome(&verdict)
    };
    assert_eq!(ask(&mut host), FREE);
    host.now += 10;
    host.take_back(&RevokedItem::ApiKey("bot"), &json!({}));
    assert_eq!(ask(&mut host), (401, "api_key_disabled"));
    // For a second.
    host.now += 1;
    host.store.as_mut().unwrap().clear();
    host.take_back(&RevokedItem::Subject("key:bot"), &json!({"before": "2099-01-01T00:00:00Z"}));
    assert_eq!(ask(&mut host), REVOKED);
}

#[test]
fn only_a_credential_that_is_good_is_asked_about() {
    let (signer, other) = (Signer::new("a"), Signer::new("a"));
    let mut host = host(
        &signer,
        &json!({"revoked": {"lookup": true, "subjects": [{"subject": "mallory", "before": "2099-01-01T00:00:00Z"}]}}),
    );
    for (token, expected) in [
        ("a.b.c".to_owned(), (401, "token_malformed")),
        (marked(&other, "alice"), (401, "signature_invalid")),
        (
            signer.sign(json!({"iss": ISSUER, "aud": "api", "sub": "a", "exp": NOW - 600})),
            (401, "token_expired"),
        ),
        (marked(&signer, "mallory"), REVOKED),
    ] {
        assert_eq!(host.with(&token), expected);
    }
    assert_eq!(portcullis_tests::outcome(&host.verdict("POST", "/login", &[])), FREE);
    assert_eq!(host.asked_store, 0);
}

#[test]
fn a_store_that_does_not_say_refuses() {
    let signer = Signer::new("a");
    let token = marked(&signer, "alice");
    let mut host = host(&signer, &json!({}));
    host.store = None;
    for _ in 0..3 {
        let verdict = host.verdict("GET", "/x", &[("authorization", &format!("Bearer {token}"))]);
        assert_eq!(portcullis_tests::outcome(&verdict), UNAVAILABLE);
        assert_eq!(super::host::header(&verdict, "retry-after"), Some("1"));
        host.now += 1;
    }
    assert_eq!(host.asked_store, 3);

    // What stands there is no revocation.
    host.store = Some([(RevokedItem::Subject("alice").store_key(), "true".to_owned())].into());
    let verdict = host.verdict("GET", "/x", &[("authorization", &format!("Bearer {token}"))]);
    assert_eq!(portcullis_tests::outcome(&verdict), UNAVAILABLE);
    assert_eq!(super::host::header(&verdict, "retry-after"), Some("1"));
    host.now += 1;
    host.take_back(&RevokedItem::Session { issuer: ISSUER, id: "s" }, &json!({}));
    assert_eq!(host.with(&token), REVOKED, "another one counts all the same");
    host.now += 60;
    host.store = Some(std::collections::BTreeMap::new());
    assert_eq!(host.with(&token), FREE);

    // Fewer or more answers than questions are none.
    host.now += 10;
    for values in [&[][..], &[None; 4], &[None; 6]] {
        let Step::Need(Need::Revocations(need)) = host.begin_with(&token) else { panic!("no need") };
        let verdict = host.gate.supply_revocations(need, &RevocationLookup::Found(values), host.time());
        let Step::Verdict(verdict) = verdict else { panic!("no verdict") };
        assert_eq!(portcullis_tests::outcome(&verdict), UNAVAILABLE);
        host.now += 1;
    }
}

#[test]
fn what_the_store_said_counts_for_a_while() {
    let signer = Signer::new("a");
    let token = marked(&signer, "alice");
    let mut host = host(&signer, &json!({}));
    let item = RevokedItem::Token { issuer: ISSUER, id: "j" };
    assert_eq!(host.with(&token), FREE);
    host.take_back(&item, &json!({}));
    host.now += 9;
    assert_eq!((host.with(&token), host.asked_store), (FREE, 1));
    host.now += 1;
    assert_eq!((host.with(&token), host.asked_store), (REVOKED, 2));
    host.store.as_mut().unwrap().clear();
    host.now += 59;
    assert_eq!((host.with(&token), host.asked_store), (REVOKED, 2));
    host.now += 1;
    assert_eq!((host.with(&token), host.asked_store), (FREE, 3));
    // What was said in what is now the future counts for nothing.
    host.now -= 1;
    assert_eq!((host.with(&token), host.asked_store), (FREE, 4));
}

#[test]
fn a_token_that_ends_meanwhile_is_refused_however_the_store_answers() {
    let signer = Signer::new("a");
    let mut host = self::host(&signer, &json!({}));
    let token = signer.sign(json!({"iss": ISSUER, "aud": "api", "sub": "alice", "exp": NOW + 5}));
    assert_eq!(host.with(&token), FREE);
    host.now += 4;
    assert_eq!(host.with(&token), FREE);
    host.now += 70;
    assert_eq!(host.with(&token), (401, "token_expired"), "whatever is remembered");
    let mut host = self::host(&signer, &json!({}));
    host.with(&signer.token("warm"));
    let Step::Need(Need::Revocations(need)) = host.begin_with(&token) else { panic!("no need") };
    host.now += 70;
    let values = vec![None; need.store_keys().len()];
    let step = host.gate.supply_revocations(need, &RevocationLookup::Found(&values), host.time());
    let Step::Verdict(verdict) = step else { panic!("no verdict") };
    assert_eq!(portcullis_tests::outcome(&verdict), (401, "token_expired"));
}

#[test]
fn the_store_learns_nothing_of_the_caller() {
    let signer = Signer::new("a");
    let mut host = host(&signer, &json!({}));
    host.with(&signer.token("warm"));
    let bad = "\n../alice\u{0}";
    let mut names = host.store_keys(&marked(&signer, "alice"));
    assert_eq!(names.len(), 5);
    names.extend(host.store_keys(&signer.sign(json!({
        "iss": ISSUER, "aud": "api", "sub": "api_key:bot", "exp": NOW + 600, "jti": bad, "sid": "x".repeat(4000),
    }))));
    for name in &names {
        let (kind, digits) = name.split_once(':').unwrap();
        assert!(kind.bytes().all(|byte| byte.is_ascii_lowercase()), "{name}");
        assert!(digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()), "{name}");
    }
    names.sort();
    names.dedup();
    // They have the issuer in common.
    assert_eq!(names.len(), 9);
}

#[test]
fn a_token_alone_is_not_verified_where_the_store_would_be_asked() {
    let signer = Signer::new("a");
    let mut host = host(&signer, &json!({}));
    let token = signer.token("alice");
    assert_eq!(host.with(&token), FREE);
    let refused = host.gate.verify(&token, host.time()).unwrap_err();
    assert_eq!(refused.reason().code(), "revocations_unavailable");
}

#[test]
fn with_and_without_a_memory_the_verdict_is_the_same() {
    let signer = Signer::new("a");
    let token = marked(&signer, "alice");
    let mut host = host(&signer, &json!({"memory": {"entries": 0}}));
    for expected in 1..4 {
        assert_eq!((host.with(&token), host.asked_store), (FREE, expected));
    }
    host.take_back(&RevokedItem::Token { issuer: ISSUER, id: "j" }, &json!({}));
    assert_eq!(host.with(&token), REVOKED);
}
