//! Keys that rotate while tokens are in use.

use portcullis::Decision;
use serde_json::json;

use super::host::{Host, ISSUER, KEYS, Page, Signer, by_url, call, wait};
use portcullis_tests::NOW;

#[test]
fn a_new_key_is_found_within_one_fetch_and_a_retired_one_is_gone_with_all_it_signed() {
    let (a, b) = (Signer::new("a"), Signer::new("b"));
    let mut host = Host::serving(&by_url(), &[(KEYS, Page::keys(&[&a]))]);
    let (of_a, of_b) = (a.token("alice"), b.token("alice"));
    assert_eq!(host.with(&of_a), (200, "-"));
    assert_eq!(host.with(&of_a), (200, "-"));
    assert_eq!(host.gate.memory().hits, 1);

    // Both, as while tokens of the old one are still about.
    host.serve(KEYS, Page::keys(&[&a, &b]));
    host.now += 30;
    assert_eq!(host.with(&of_b), (200, "-"));
    assert_eq!(host.count(KEYS), 2);
    assert_eq!(host.with(&of_a), (200, "-"));

    // The old one goes. What it signed is remembered, and is of no use any longer.
    host.serve(KEYS, Page::keys(&[&b]));
    host.now += 540;
    host.tick();
    assert_eq!(host.with(&of_a), (401, "key_unknown"));
    assert_eq!(host.with(&of_b), (200, "-"));
    assert_eq!(host.with(&of_a), (401, "key_unknown"));
}

#[test]
fn a_key_that_changes_under_its_name_takes_its_tokens_along() {
    let (old, new) = (Signer::new("a"), Signer::new("a"));
    let mut host = Host::serving(&by_url(), &[(KEYS, Page::keys(&[&old]))]);
    assert_eq!(host.with(&old.token("alice")), (200, "-"));
    assert_eq!(host.with(&old.token("alice")), (200, "-"));
    host.serve(KEYS, Page::keys(&[&new]));
    host.now += 540;
    host.tick();
    assert_eq!(host.with(&old.token("alice")), (401, "signature_invalid"));
    assert_eq!(host.with(&new.token("alice")), (200, "-"));
}

#[test]
fn the_same_set_again_leaves_what_is_remembered() {
    let a = Signer::new("a");
    let mut host = Host::serving(&by_url(), &[(KEYS, Page::keys(&[&a]))]);
    let token = a.token("alice");
    assert_eq!(host.with(&token), (200, "-"));
    host.now += 540;
    host.tick();
    assert_eq!((host.count(KEYS), host.with(&token)), (2, (200, "-")));
    assert_eq!(host.gate.memory().hits, 1);
}

/// No good request is refused while the set is fetched, whoever waits for it.
#[test]
fn good_requests_pass_while_a_fetch_is_under_way() {
    let (a, b) = (Signer::new("a"), Signer::new("b"));
    let mut host = Host::serving(&by_url(), &[(KEYS, Page::keys(&[&a]))]);
    assert_eq!(host.with(&a.token("alice")), (200, "-"));
    host.now += 30;
    let asks = host.begin_with(&b.token("bob"));
    let need = call(asks);
    let waits = host.begin_with(&b.token("carol"));
    let waits = wait(waits);
    assert_eq!(host.with(&a.token("dave")), (200, "-"));
    let step = host.answer(need, Some(&Page::keys(&[&a, &b])));
    assert!(matches!(host.finish(step).decision, Decision::Allow(_)));
    let step = host.gate.again(waits, host.time());
    assert!(matches!(host.finish(step).decision, Decision::Allow(_)));
    assert_eq!(host.count(KEYS), 1);
}

/// A rotation through a provider's usual stages, with a request a second of each kind: none is refused that is good.
#[test]
fn a_rotation_under_load() {
    let (a, b) = (Signer::new("a"), Signer::new("b"));
    let mut host = Host::serving(&by_url(), &[(KEYS, Page::keys(&[&a]))]);
    for second in 0..4000_u64 {
        host.now = NOW + second;
        match second {
            1000 => host.serve(KEYS, Page::keys(&[&a, &b])),
            2000 => host.serve(KEYS, Page::keys(&[&b])),
            _ => {}
        }
        let token = |signer: &Signer| {
            signer
                .sign(json!({"iss": ISSUER, "aud": "api", "sub": format!("u{second}"), "exp": NOW + 86_400}))
        };
        // Signed with the old one until the new one is published, and with that from then on.
        if second < 1000 {
            assert_eq!(host.with(&token(&a)), (200, "-"), "{second}");
        } else {
            assert_eq!(host.with(&token(&b)), (200, "-"), "{second}");
        }
        // The retired one is refused as soon as its absence is known, which is within a refresh.
        if second >= 2540 {
            assert_eq!(host.with(&token(&a)), (401, "key_unknown"), "{second}");
        }
        host.tick();
    }
    // One every nine minutes, one for the new key, and one in thirty seconds for the tokens of the retired one.
    let bound = 4000 / 540 + 2 + (4000 - 2540) / 30;
    assert!(host.count(KEYS) <= bound, "{} of {bound}", host.count(KEYS));
}
