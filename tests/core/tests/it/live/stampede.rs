//! Many at once: one call for all of them.

use portcullis::limits::{CLOCK_STEP_SECS, WAIT_MILLIS, WAIT_TRIES};
use portcullis::{Decision, Need, Step};
use portcullis_tests::outcome;
use serde_json::json;

use super::host::{Host, KEYS, Page, Signer, by_url, call, fetching, header, wait};

#[test]
fn a_thousand_unknown_keys_cost_one_fetch_in_thirty_seconds() {
    let a = Signer::new("a");
    let others: Vec<Signer> = (0..10).map(|number| Signer::new(&format!("u{number}"))).collect();
    let mut host = Host::serving(&by_url(), &[(KEYS, Page::keys(&[&a]))]);
    assert_eq!(host.with(&a.token("alice")), (200, "-"));
    for round in 0..4 {
        host.now += 30;
        let mut call = None;
        let mut waiting = Vec::new();
        for number in 0..1000 {
            match host.begin_with(&others[number % 10].token(&format!("{round}-{number}"))) {
                Step::Need(Need::Call(need)) => assert!(call.replace(need).is_none(), "a second call"),
                Step::Need(Need::Wait(need)) => waiting.push(need),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(waiting.len(), 999);
        let need = call.unwrap();
        let page = host.send(need.call());
        let step = host.answer(need, page.as_ref());
        assert_eq!(outcome(&host.finish(step)), (401, "key_unknown"));
        for need in waiting {
            let step = host.gate.again(need, host.time());
            let Step::Verdict(verdict) = step else { panic!("{step:?}") };
            assert_eq!(outcome(&verdict), (401, "key_unknown"));
        }
        assert_eq!(host.count(KEYS), 2 + round);
    }
}

#[test]
fn threads_whose_clocks_differ_ask_once() {
    let mut host =
        Host::new(&fetching(&json!({"url": KEYS}), &json!({"identity": {"ask": "/me", "subject": "/id"}})));
    let first = call(host.begin_with("opaque"));
    host.now -= CLOCK_STEP_SECS;
    let second = wait(host.begin_with("opaque"));
    let step = host.answer(first, Some(&Page::json(&json!({"id": "alice"}))));
    assert_eq!(outcome(&host.finish(step)), (200, "-"));
    let Step::Verdict(verdict) = host.gate.again(second, host.time()) else { panic!("no verdict") };
    assert_eq!(outcome(&verdict), (200, "-"));
}

#[test]
fn whoever_waits_too_long_is_refused() {
    assert_eq!(u64::from(WAIT_TRIES) * WAIT_MILLIS, 2000);
    let a = Signer::new("a");
    let mut host = Host::new(&by_url());
    let first = host.begin_with(&a.token("alice"));
    assert!(matches!(first, Step::Need(Need::Call(_))));
    let mut step = host.begin_with(&a.token("bob"));
    let mut tries = 0;
    let verdict = loop {
        step = match step {
            Step::Need(Need::Wait(need)) => {
                tries += 1;
                host.gate.again(need, host.time())
            }
            Step::Verdict(verdict) => break verdict,
            other => panic!("{other:?}"),
        };
    };
    assert_eq!((tries, outcome(&verdict)), (u32::from(WAIT_TRIES), (503, "keys_unavailable")));
    assert!(header(&verdict, "retry-after").is_some());
    // A host that cannot wait says so at once.
    let Step::Need(Need::Wait(need)) = host.begin_with(&a.token("carol")) else { panic!("no need to wait") };
    let Step::Verdict(verdict) = host.gate.give_up(need, host.time()) else { panic!("no verdict") };
    assert_eq!(outcome(&verdict), (503, "keys_unavailable"));
}

#[test]
fn a_thousand_equal_credentials_cost_one_question() {
    let identity = json!({"identity": {"ask": "/me", "subject": "/id"}});
    let document = fetching(&json!({"url": KEYS}), &identity);
    for (page, allowed, reason) in [
        (Page::json(&json!({"id": "alice"})), true, "-"),
        (Page::new(401, "application/json", "{}"), false, "credential_rejected"),
    ] {
        let mut host = Host::serving(&document, &[("origin/me", page)]);
        let mut call = None;
        let mut waiting = Vec::new();
        for _ in 0..1000 {
            match host.begin_with("opaque-credential") {
                Step::Need(Need::Call(need)) => assert!(call.replace(need).is_none(), "a second call"),
                Step::Need(Need::Wait(need)) => waiting.push(need),
                other => panic!("{other:?}"),
            }
        }
        let need = call.unwrap();
        let page = host.send(need.call());
        let step = host.answer(need, page.as_ref());
        let verdict = host.finish(step);
        assert_eq!((matches!(verdict.decision, Decision::Allow(_)), outcome(&verdict).1), (allowed, reason));
        for need in waiting {
            let step = host.gate.again(need, host.time());
            let Step::Verdict(verdict) = step else { panic!("{step:?}") };
            assert_eq!(outcome(&verdict).1, reason);
        }
        assert_eq!(host.count("origin/me"), 1);
    }
}

#[test]
fn a_thousand_requests_for_one_object_cost_one_question() {
    let policy = json!({"routes": {
        "GET /notes/{id}": {"access": "x:read", "where": {"path.id": {"ask": "/api/notes/{}"}}}},
        "roles": {"user": {"permissions": ["x:read"]}}, "default_role": "user"});
    let a = Signer::new("a");
    let document = fetching(&json!({"url": KEYS}), &json!({"policy": policy}));
    let authorization = format!("Bearer {}", a.token("alice"));
    for (status, expected) in
        [(200, (200, "-")), (404, (403, "binding_mismatch")), (500, (503, "ask_unavailable"))]
    {
        let page = Page::new(status, "text/plain", "");
        let mut host =
            Host::serving(&document, &[(KEYS, Page::keys(&[&a])), ("origin/api/notes/7", page.clone())]);
        host.with(&a.token("warm"));
        let begin = |host: &mut Host| host.begin("GET", "/notes/7", &[("authorization", &authorization)]);
        let first = call(begin(&mut host));
        let waiting: Vec<_> = (1..1000).map(|_| wait(begin(&mut host))).collect();
        // Until there is an answer they go on waiting.
        let mut still = Vec::new();
        for need in waiting {
            still.push(wait(host.gate.again(need, host.time())));
        }
        let sent = host.send(first.call());
        let step = host.answer(first, sent.as_ref());
        assert_eq!(outcome(&host.finish(step)), expected);
        for need in still {
            let Step::Verdict(verdict) = host.gate.again(need, host.time()) else { panic!("no verdict") };
            assert_eq!(outcome(&verdict), expected);
        }
        assert_eq!(host.count("origin/api/notes/7"), 1);
    }
    // Whoever waits too long is refused, and so is whoever has expired meanwhile.
    let mut host = Host::serving(&document, &[(KEYS, Page::keys(&[&a]))]);
    host.with(&a.token("warm"));
    let begin = |host: &mut Host| host.begin("GET", "/notes/7", &[("authorization", &authorization)]);
    let _lost = call(begin(&mut host));
    let (impatient, late) = (wait(begin(&mut host)), wait(begin(&mut host)));
    let step = host.gate.give_up(impatient, host.time());
    assert_eq!(outcome(&host.finish(step)), (503, "ask_unavailable"));
    host.now += 90_000;
    let step = host.gate.again(late, host.time());
    assert_eq!(outcome(&host.finish(step)), (401, "token_expired"));
}

/// Whoever asked has gone, with the answer: the next one asks.
#[test]
fn a_question_that_nobody_answers_is_asked_again() {
    let identity = json!({"identity": {"ask": "/me", "subject": "/id"}});
    let document = fetching(&json!({"url": KEYS}), &identity);
    let mut host = Host::serving(&document, &[("origin/me", Page::json(&json!({"id": "alice"})))]);
    let lost = host.begin_with("opaque");
    assert!(matches!(lost, Step::Need(Need::Call(_))));
    let waits = host.begin_with("opaque");
    assert!(matches!(waits, Step::Need(Need::Wait(_))));
    host.now += 3;
    assert_eq!(outcome(&host.finish(waits)), (200, "-"));
}
