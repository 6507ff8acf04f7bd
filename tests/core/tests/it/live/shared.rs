//! Answers that instances share through a cache in which others can write.

use std::rc::Rc;

use portcullis::limits::{NO_SECS, SHARED_BYTES, YES_SECS};
use portcullis::{Need, RevokedItem, SharedCounters, Step};
use portcullis_tests::{NOW, OTHER_SECRET, SECRET, outcome, sign};
use serde_json::{Value, json};

use super::host::{Cache, Host, KEYS, Page, call, fetching};

const ORIGIN: &str = "https://origin.example";
const IN: (u16, &str) = (200, "-");
const REJECTED: (u16, &str) = (401, "credential_rejected");

/// A document that has the origin asked, and what it says shared, with `members` besides.
fn sharing(members: &Value) -> String {
    let mut all = json!({
        "identity": {"ask": "/me", "subject": "/id", "expires_at": "/exp"},
        "memory": {"shared": {"secret": {"env": "OTHER"}}},
    });
    all.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    fetching(&json!({"url": KEYS}), &all)
}

/// An instance whose origin says `page`, at the time `now`.
fn instance(document: &str, cache: &Cache, page: Page, now: u64) -> Host {
    let mut host = Host::sharing(document, ORIGIN, cache);
    host.serve("origin/me", page);
    host.now = now;
    host
}

fn alice() -> Page {
    Page::json(&json!({"id": "alice"}))
}

fn nobody() -> Page {
    Page::new(401, "text/html", "<html>no")
}

/// An answer of the origin to `credential` that says `page`, in a cache.
fn cached(document: &str, credential: &str, page: Page) -> Cache {
    let cache = Cache::default();
    instance(document, &cache, page, NOW).with(credential);
    assert_eq!(cache.borrow().len(), 1);
    cache
}

#[test]
fn a_yes_counts_from_when_it_was_given() {
    let document = sharing(&json!({}));
    let cache = cached(&document, "opaque", alice());
    let mut second = instance(&document, &cache, nobody(), NOW + 20);
    assert_eq!((second.with("opaque"), second.sent.len()), (IN, 0));
    assert_eq!(second.gate.shared(), Some(SharedCounters { hits: 1, misses: 0 }));
    second.now = NOW + YES_SECS - 1;
    assert_eq!((second.with("opaque"), second.sent.len()), (IN, 0));
    // Its own memory does not make it younger.
    second.now = NOW + YES_SECS;
    assert_eq!((second.with("opaque"), second.sent.len()), (REJECTED, 1));
    assert_eq!(second.gate.shared(), Some(SharedCounters { hits: 1, misses: 1 }));
    // Nor is it counted for another second by an instance that is new then.
    let cache = cached(&document, "opaque", alice());
    let mut third = instance(&document, &cache, nobody(), NOW + YES_SECS);
    assert_eq!((third.with("opaque"), third.sent.len()), (REJECTED, 1));
}

#[test]
fn a_no_counts_for_a_shorter_time() {
    let document = sharing(&json!({"limits": {"failures": {"count": 2, "window_secs": 60}}}));
    let cache = cached(&document, "opaque", nobody());
    let mut second = instance(&document, &cache, alice(), NOW + NO_SECS - 1);
    assert_eq!((second.with("opaque"), second.sent.len()), (REJECTED, 0));
    // It is a failure of the client as any other.
    assert_eq!(second.with("opaque"), REJECTED);
    assert_eq!(second.with("opaque"), (429, "rate_limited"));
    let mut third = instance(&document, &cache, alice(), NOW + NO_SECS);
    assert_eq!((third.with("opaque"), third.sent.len()), (IN, 1));
}

#[test]
fn nothing_counts_beyond_the_end_of_the_credential() {
    let document = sharing(&json!({}));
    let until = || Page::json(&json!({"id": "alice", "exp": NOW + 10}));
    let cache = cached(&document, "opaque", until());
    let mut second = instance(&document, &cache, nobody(), NOW + 9);
    assert_eq!((second.with("opaque"), second.sent.len()), (IN, 0));
    second.now = NOW + 10;
    assert_eq!((second.with("opaque"), second.sent.len()), (REJECTED, 1));
    let cache = cached(&document, "opaque", until());
    let mut third = instance(&document, &cache, nobody(), NOW + 10);
    assert_eq!((third.with("opaque"), third.sent.len()), (REJECTED, 1));
}

#[test]
fn what_is_no_answer_is_not_shared() {
    let document = sharing(&json!({}));
    for page in
        [Page::new(500, "text/html", ""), Page::new(200, "text/html", "<html>"), Page::json(&json!([]))]
    {
        let cache = Cache::default();
        let mut first = instance(&document, &cache, page, NOW);
        assert_eq!(first.with("opaque"), (503, "ask_unavailable"));
        assert_eq!(cache.borrow().len(), 0);
    }
}

#[test]
fn an_entry_that_is_of_no_use_is_none() {
    let document = sharing(&json!({}));
    let cache = cached(&document, "opaque", alice());
    let (name, sealed) =
        cache.borrow().first_key_value().map(|(name, sealed)| (name.clone(), sealed.clone())).unwrap();
    let others = cached(&document, "of-mallory", alice()).borrow().values().next().cloned().unwrap();
    let mut flipped = sealed.clone().into_bytes();
    flipped[40] = if flipped[40] == b'A' { b'B' } else { b'A' };
    let long = "A".repeat(SHARED_BYTES + 1);
    let texts = [
        ("nothing", String::new()),
        ("garbage", "{\"id\":\"alice\"}".to_owned()),
        ("zeros", "A".repeat(sealed.len())),
        ("a bit", String::from_utf8(flipped).unwrap()),
        ("the beginning", sealed[..sealed.len() - 4].to_owned()),
        ("another credential's", others),
        ("too long", long),
    ];
    for (what, text) in texts {
        cache.borrow_mut().insert(name.clone(), text);
        let mut second = instance(&document, &cache, nobody(), NOW);
        assert_eq!((second.with("opaque"), second.sent.len()), (REJECTED, 1), "{what}");
    }
    // From the future.
    cache.borrow_mut().insert(name, sealed);
    let mut second = instance(&document, &cache, nobody(), NOW - 1);
    assert_eq!((second.with("opaque"), second.sent.len()), (REJECTED, 1));
}

/// Another secret, another configuration, another origin: a name of its own, and nothing that is under another can be opened.
#[test]
fn an_entry_is_of_no_use_elsewhere() {
    let document = sharing(&json!({}));
    let cache = cached(&document, "opaque", alice());
    let sealed = cache.borrow().values().next().cloned().unwrap();
    let secret = sharing(&json!({"memory": {"shared": {"secret": {"env": "PEPPER"}}}}));
    let configuration = sharing(&json!({"audit": {"reason_header": true}}));
    let elsewhere = [
        ("secret", &secret, ORIGIN),
        ("configuration", &configuration, ORIGIN),
        ("origin", &document, "https://staging.example"),
    ];
    for (what, document, place) in elsewhere {
        let mut other = Host::sharing(document, place, &Cache::default());
        other.serve("origin/me", nobody());
        let need = call(other.begin_with("opaque"));
        let name = need.shared_name().unwrap().to_owned();
        assert!(!cache.borrow().contains_key(&name), "{what}");
        let step = other.gate.supply_shared(need, Some(sealed.as_bytes()), other.time());
        assert_eq!(outcome(&other.finish(step)), REJECTED, "{what}");
        assert_eq!(other.sent.len(), 1, "{what}");
    }
}

#[test]
fn the_cache_shows_no_credential_and_nothing_of_the_answer() {
    let document = sharing(&json!({}));
    let cache = cached(&document, "opaque-of-alice", Page::json(&json!({"id": "a-subject-of-its-own"})));
    let (name, sealed) =
        cache.borrow().first_key_value().map(|(name, sealed)| (name.clone(), sealed.clone())).unwrap();
    let digest = hmac_sha256::Hash::hash(b"opaque-of-alice")
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    assert!(name.len() == 64 && name != digest);
    let opened = portcullis::base64url::decode(&sealed).unwrap();
    for part in ["opaque-of-alice", "a-subject-of-its-own"] {
        assert!(!opened.windows(part.len()).any(|window| window == part.as_bytes()), "{part}");
    }
}

/// What needs nobody comes first, and what was taken back since counts.
#[test]
fn an_entry_lets_nobody_in_who_is_refused_without_one() {
    let document = sharing(&json!({"revoked": {"lookup": true}}));
    let cache = cached(&document, "opaque", alice());
    let mut second = instance(&document, &cache, alice(), NOW + 1);
    let key = RevokedItem::Subject("alice").store_key();
    let before = json!({"before": "2099-01-01T00:00:00Z"}).to_string();
    second.store = Some([(key, before)].into());
    assert_eq!((second.with("opaque"), second.sent.len()), ((401, "token_revoked"), 0));

    let tokens = json!({
        "issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}]}],
        "identity": {"ask": "/me", "subject": "/id", "about": ["tokens"]},
    });
    let document = sharing(&tokens);
    let token = |secret: &str| sign(json!({"sub": "alice", "exp": NOW + 10}), secret);
    let cache = cached(&document, &token(SECRET), alice());
    let mut second = instance(&document, &cache, alice(), NOW + 9);
    assert_eq!((second.with(&token(SECRET)), second.sent.len()), (IN, 0));
    second.now = NOW + 10;
    assert_eq!(second.with(&token(SECRET)), (401, "token_expired"));
    let mut third = instance(&document, &cache, alice(), NOW + 10);
    assert_eq!(third.with(&token(SECRET)), (401, "token_expired"));
    assert_eq!(third.with(&token(OTHER_SECRET)), (401, "signature_invalid"));
    assert_eq!((third.sent.len(), third.gate.shared()), (0, Some(SharedCounters::default())));
}

/// An end that comes while the cache is looked into counts.
#[test]
fn who_has_expired_meanwhile_is_not_let_in() {
    let document = sharing(&json!({}));
    let cache = cached(&document, "opaque", alice());
    let mut second = instance(&document, &cache, nobody(), NOW + YES_SECS - 1);
    let need = call(second.begin_with("opaque"));
    let sealed = cache.borrow().get(need.shared_name().unwrap()).cloned().unwrap();
    second.now += 1;
    let step = second.gate.supply_shared(need, Some(sealed.as_bytes()), second.time());
    let need = call(step);
    // It is looked for once.
    assert_eq!(need.shared_name(), None);
    let page = second.send(need.call());
    let step = second.answer(need, page.as_ref());
    assert_eq!(outcome(&second.finish(step)), REJECTED);
}

#[test]
fn an_answer_does_not_grow_younger_when_the_clock_is_set_back() {
    let document = sharing(&json!({}));
    let cache = cached(&document, "opaque", alice());
    let mut second = instance(&document, &cache, nobody(), NOW + 20);
    assert_eq!((second.with("opaque"), second.sent.len()), (IN, 0));
    // By the clock it is five seconds old.
    second.now = NOW + 5;
    assert_eq!((second.with("opaque"), second.sent.len()), (REJECTED, 1));
    // What is given after all that the clock has ever shown has an age again.
    let mut first = instance(&document, &cache, alice(), NOW + 21);
    assert_eq!((first.with("again"), first.sent.len()), (IN, 1));
    second.now = NOW + 22;
    assert_eq!((second.with("again"), second.sent.len()), (IN, 1));
}

#[test]
fn objects_are_shared_as_callers_are() {
    let policy = json!({"roles": {"user": {"permissions": ["x:read"]}}, "default_role": "user",
        "routes": {"GET /x/{id}": {"access": "x:read", "where": {"path.id": {"ask": "/mine/{}"}}}}});
    let document = sharing(&json!({"policy": policy}));
    let cache = Cache::default();
    let ask = |host: &mut Host, id: &str, credential: &str| {
        let bearer = format!("Bearer {credential}");
        outcome(&host.verdict("GET", &format!("/x/{id}"), &[("authorization", &bearer)]))
    };
    let mut first = instance(&document, &cache, alice(), NOW);
    first.serve("origin/mine/1", Page::new(204, "text/html", ""));
    first.serve("origin/mine/2", Page::new(404, "text/html", ""));
    let mismatch = (403, "binding_mismatch");
    assert_eq!((ask(&mut first, "1", "opaque"), ask(&mut first, "2", "opaque")), (IN, mismatch));
    assert_eq!((first.sent.len(), cache.borrow().len()), (3, 3));

    let mut second = instance(&document, &cache, alice(), NOW + NO_SECS - 1);
    assert_eq!((ask(&mut second, "1", "opaque"), ask(&mut second, "2", "opaque")), (IN, mismatch));
    assert_eq!(second.sent.len(), 0);
    second.serve("origin/mine/2", Page::new(204, "text/html", ""));
    second.now += 1;
    assert_eq!((ask(&mut second, "1", "opaque"), ask(&mut second, "2", "opaque")), (IN, IN));
    assert_eq!(second.sent.len(), 1);
    second.now = NOW + YES_SECS;
    assert_eq!(ask(&mut second, "1", "opaque"), (503, "ask_unavailable"));
    // Each entry in the place of the next.
    let mut rotated = cache.borrow().values().cloned().collect::<Vec<_>>();
    rotated.rotate_left(1);
    let swapped = Cache::default();
    swapped.borrow_mut().extend(cache.borrow().keys().cloned().zip(rotated));
    let mut fourth = instance(&document, &swapped, alice(), NOW + 1);
    fourth.serve("origin/mine/1", Page::new(404, "text/html", ""));
    assert_eq!((ask(&mut fourth, "1", "opaque"), fourth.sent.len()), (mismatch, 2));
    // Nobody else's.
    let mut third = instance(&document, &cache, Page::json(&json!({"id": "mallory"})), NOW + 1);
    third.serve("origin/mine/1", Page::new(404, "text/html", ""));
    assert_eq!(ask(&mut third, "1", "of-mallory"), mismatch);
}

#[test]
fn nothing_is_shared_that_nobody_wants_shared() {
    let plain = sharing(&json!({"memory": {}}));
    let cache = Cache::default();
    let mut host = instance(&plain, &cache, alice(), NOW);
    assert_eq!(host.with("opaque"), IN);
    assert_eq!((cache.borrow().len(), host.gate.shared()), (0, None));
    // On a host without such a cache the member has no effect.
    let mut host = Host::new(&sharing(&json!({})));
    let Step::Need(Need::Call(need)) = host.begin_with("opaque") else { panic!("decided without asking") };
    assert_eq!(need.shared_name(), None);
    host.serve("origin/me", alice());
    let step = host.answer(need, Some(&alice()));
    assert_eq!(outcome(&host.finish(step)), IN);
    assert_eq!((host.gate.shared(), Rc::strong_count(&cache)), (None, 2));
}
