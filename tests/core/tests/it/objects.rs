//! Objects that only the origin knows the owner of: `where … ask`.

use portcullis::{
    Call, CallTarget, Decision, HeaderPair, LiveGate, Need, Reason, Reply, RequestHead, Step, UnixTime,
    Verdict,
};
use portcullis_tests::{NOW, SECRET, load, sign};
use serde_json::json;

/// A gate whose routes ask about a parameter of the path, of the query, and of JSON and form bodies.
fn gate() -> LiveGate {
    LiveGate::new(load(&document(r#""memory": {"entries": 16},"#)), 7)
}

fn document(more: &str) -> String {
    format!(
        r#"{{
            "profile": "generic", {more}
            "issuers": [{{"keys": [{{"alg": "HS256", "secret": {{"env": "JWT_SECRET_KEY"}}}}]}}],
            "policy": {{
                "roles": {{"user": {{"permissions": ["notes:read"]}}}},
                "routes": {{
                    "GET /notes/{{id}}": {{"access": "notes:read", "where": {{"path.id": {{"ask": "/api/notes/{{}}"}}}}}},
                    "GET /find": {{"access": "notes:read", "where": {{
                        "query.in": {{"ask": "/api/folders?id={{}}", "optional": true}}, "query.owner": "subject"
                    }}}},
                    "POST /ask": {{"access": "notes:read", "where": {{
                        "body./notes": {{"ask": "/api/notes/{{}}"}}, "query.folder": {{"ask": "/api/folders?id={{}}", "optional": true}}
                    }}}}
                }}
            }}
        }}"#
    )
}

fn token() -> String {
    sign(json!({"sub": "ada", "roles": ["user"], "exp": NOW + 600}), SECRET)
}

/// What the origin said to each call, in order.
struct Origin {
    asked: Vec<String>,
    answer: fn(&str) -> Option<u16>,
}

impl Origin {
    fn new(answer: fn(&str) -> Option<u16>) -> Self {
        Self { asked: Vec::new(), answer }
    }

    fn ask(&mut self, call: &Call, authorization: &str) -> Option<u16> {
        let CallTarget::Origin(target) = call.target() else { panic!("{call:?}") };
        assert_eq!((call.method(), call.body()), ("GET", ""));
        // As the caller would ask: with its credential byte for byte.
        let own = call.headers().iter().filter(|(name, _)| name == "authorization");
        assert_eq!(own.map(|(_, value)| value.as_str()).collect::<Vec<_>>(), [authorization]);
        self.asked.push(target.clone());
        (self.answer)(target)
    }
}

fn decide(gate: &mut LiveGate, request: (&str, &str), body: &str, origin: &mut Origin) -> Verdict {
    decide_at(gate, request, body, origin, NOW, NOW)
}

fn decide_at(
    gate: &mut LiveGate,
    (method, target): (&str, &str),
    body: &str,
    origin: &mut Origin,
    begun: u64,
    answered: u64,
) -> Verdict {
    let authorization = format!("Bearer {}", token());
    let pairs = [
        HeaderPair::new("authorization", &authorization),
        HeaderPair::new("content-type", "application/json"),
    ];
    let head = RequestHead::new(method, target, &pairs);
    let now = UnixTime::from_secs(answered);
    let mut step = gate.begin(&head, UnixTime::from_secs(begun));
    loop {
        step = match step {
            Step::Verdict(verdict) => return verdict,
            Step::Need(Need::Body(need)) => gate.supply_body(need, Some(body.as_bytes()), now),
            Step::Need(Need::Call(need)) => {
                let status = origin.ask(need.call(), &authorization);
                let reply = status.map(|status| Reply { status, headers: &[], body: b"ignored" });
                gate.supply_reply(need, reply.as_ref(), now)
            }
            Step::Need(need) => panic!("{need:?}"),
        };
    }
}

fn reason(verdict: &Verdict) -> Option<Reason> {
    verdict.diagnostics.reason
}

#[test]
fn an_object_is_asked_for_as_the_caller_and_a_moment_remembered() {
    let mut gate = gate();
    let mut origin = Origin::new(|target| Some(if target.ends_with("/mine") { 200 } else { 404 }));
    let verdict = decide(&mut gate, ("GET", "/notes/mine"), "", &mut origin);
    assert_eq!(
        verdict.diagnostics.principal.map(|principal| principal.subject().to_owned()).as_deref(),
        Some("ada")
    );
    assert!(matches!(verdict.decision, Decision::Allow(forward) if forward.target == "/notes/mine"));
    let verdict = decide(&mut gate, ("GET", "/notes/theirs"), "", &mut origin);
    assert_eq!(reason(&verdict), Some(Reason::BindingMismatch));
    assert_eq!(verdict.diagnostics.binding.as_deref(), Some("path.id = /api/notes/{}"));
    assert_eq!(
        verdict.diagnostics.principal.map(|principal| principal.subject().to_owned()).as_deref(),
        Some("ada")
    );
    for _ in 0..3 {
        assert_eq!(reason(&decide(&mut gate, ("GET", "/notes/mine"), "", &mut origin)), None);
        assert!(reason(&decide(&mut gate, ("GET", "/notes/theirs"), "", &mut origin)).is_some());
    }
    assert_eq!(origin.asked, ["/api/notes/mine", "/api/notes/theirs"]);
    // A no is forgotten after five seconds, a yes after thirty, and both when the clock goes back.
    let mut later = |secs: i64| {
        let at = NOW.saturating_add_signed(secs);
        for target in ["/notes/mine", "/notes/theirs"] {
            decide_at(&mut gate, ("GET", target), "", &mut origin, at, at);
        }
        core::mem::take(&mut origin.asked).len()
    };
    later(0);
    assert_eq!([later(4), later(5), later(9), later(30), later(-10)], [0, 1, 0, 2, 2]);
}

#[test]
fn every_object_of_a_body_must_be_the_callers_and_the_heads_as_well() {
    let mut origin = Origin::new(|target| Some(if target.contains("mine") { 200 } else { 403 }));
    let mut outcome = |target: &str, body: &str| {
        origin.asked.clear();
        let reason = reason(&decide(&mut gate(), ("POST", target), body, &mut origin));
        (reason, origin.asked.len())
    };
    assert_eq!(outcome("/ask", r#"{"notes": ["mine-1", "mine-2", "mine-1"]}"#), (None, 2));
    assert_eq!(outcome("/ask?folder=mine", r#"{"notes": "mine"}"#), (None, 2));
    let mismatch = Some(Reason::BindingMismatch);
    assert_eq!(outcome("/ask", r#"{"notes": ["theirs", "mine-1"]}"#).0, mismatch);
    assert_eq!(outcome("/ask?folder=theirs", r#"{"notes": "mine"}"#).0, mismatch);
    // What is no one object is asked about to nobody.
    for body in [
        r#"{}"#,
        r#"{"notes": []}"#,
        r#"{"notes": {"id": "mine"}}"#,
        r#"{"notes": ".."}"#,
        r#"{"Notes": "mine"}"#,
    ] {
        assert_eq!(outcome("/ask", body), (mismatch, 0), "{body}");
    }
    let mut many: Vec<String> = (0..9).map(|number| format!("mine-{number}")).collect();
    assert_eq!(outcome("/ask", &json!({"notes": many}).to_string()), (mismatch, 0));
    many.pop();
    assert_eq!(outcome("/ask", &json!({"notes": many}).to_string()), (None, 8));
    assert_eq!(outcome("/ask", "no json").0, Some(Reason::BodyInvalid));
}

#[test]
fn other_bindings_come_first_and_cost_no_call() {
    let mut origin = Origin::new(|_| Some(200));
    let mut gate = gate();
    let found = decide(&mut gate, ("GET", "/find?owner=bob&in=x"), "", &mut origin);
    assert_eq!((reason(&found), origin.asked.len()), (Some(Reason::BindingMismatch), 0));
    assert_eq!(reason(&decide(&mut gate, ("GET", "/find?owner=ada"), "", &mut origin)), None);
    assert_eq!(origin.asked.len(), 0);
    assert_eq!(reason(&decide(&mut gate, ("GET", "/find?owner=ada&in=a%26id%3Db"), "", &mut origin)), None);
    // One value, whatever is in it.
    assert_eq!(origin.asked, ["/api/folders?id=a%26id%3Db"]);
    for twice in ["in=x&in=y", "in[]=x", "IN=x", "in=x&%69n=y"] {
        let verdict = decide(&mut gate, ("GET", &format!("/find?owner=ada&{twice}")), "", &mut origin);
        assert_eq!(reason(&verdict), Some(Reason::BindingMismatch), "{twice}");
    }
    assert_eq!(origin.asked.len(), 1);
}

#[test]
fn without_a_clear_answer_nobody_is_let_in_and_the_origin_is_asked_once_a_second() {
    let answers: [fn(&str) -> Option<u16>; 5] =
        [|_| None, |_| Some(302), |_| Some(500), |_| Some(429), |_| Some(100)];
    for answer in answers {
        let mut gate = gate();
        let mut origin = Origin::new(answer);
        for at in [NOW, NOW, NOW + 1, NOW + 1] {
            let verdict = decide_at(&mut gate, ("GET", "/notes/mine"), "", &mut origin, at, at);
            assert_eq!(reason(&verdict), Some(Reason::AskUnavailable));
            let Decision::Deny(response) = verdict.decision else { panic!("let in") };
            assert_eq!(response.status, 503);
            assert!(response.headers.contains(&("retry-after".to_owned(), "1".to_owned())));
        }
        assert_eq!(origin.asked.len(), 2);
        // It is no word about another object, nor about this one when the origin says something again.
        origin.answer = |_| Some(200);
        assert_eq!(
            reason(&decide_at(&mut gate, ("GET", "/notes/more"), "", &mut origin, NOW + 1, NOW + 1)),
            None
        );
        assert_eq!(
            reason(&decide_at(&mut gate, ("GET", "/notes/mine"), "", &mut origin, NOW + 2, NOW + 2)),
            None
        );
    }
}

#[test]
fn who_has_expired_while_the_origin_was_asked_is_not_let_in() {
    let mut origin = Origin::new(|_| Some(200));
    let verdict = decide_at(&mut gate(), ("GET", "/notes/mine"), "", &mut origin, NOW, NOW + 600);
    assert_eq!(reason(&verdict), Some(Reason::TokenExpired));
}

/// Of a key and of an answer as well as of a token.
#[test]
fn every_proof_may_end_while_the_origin_is_asked() {
    let key = "a-key-of-another-system";
    let record = json!({"id": "ci", "hash": portcullis::api_key::plain_hash(key), "roles": ["user"], "expires_at": NOW + 5});
    let policy = json!({"roles": {"user": {"permissions": ["notes:read"]}},
        "routes": {"GET /notes/{id}": {"access": "notes:read", "where": {"path.id": {"ask": "/api/notes/{}"}}}}});
    let keys = json!({"profile": "generic", "policy": policy, "api_keys": {"records": [record]}});
    let identity = json!({"ask": "/me", "subject": "/id", "roles": ["/roles"], "yes_secs": 5});
    let asked = json!({"profile": "generic", "policy": policy, "identity": identity});
    for (document, name, value, late) in [
        (&keys, "x-api-key", key, Reason::ApiKeyExpired),
        (&asked, "authorization", "Bearer opaque", Reason::AskUnavailable),
    ] {
        for (secs, expected) in [(4, None), (5, Some(late)), (6, Some(late))] {
            let mut gate = LiveGate::new(load(&document.to_string()), 7);
            let pairs = [HeaderPair::new(name, value)];
            let mut now = UnixTime::from_secs(NOW);
            let mut step = gate.begin(&RequestHead::new("GET", "/notes/mine", &pairs), now);
            let verdict = loop {
                step = match step {
                    Step::Verdict(verdict) => break verdict,
                    Step::Need(Need::Call(need)) => {
                        let of_object =
                            *need.call().target() == CallTarget::Origin("/api/notes/mine".to_owned());
                        if of_object {
                            now = UnixTime::from_secs(NOW + secs);
                        }
                        let headers = [HeaderPair::new("content-type", "application/json")];
                        let body = br#"{"id":"ada","roles":["user"]}"#;
                        gate.supply_reply(need, Some(&Reply { status: 200, headers: &headers, body }), now)
                    }
                    Step::Need(need) => panic!("{need:?}"),
                };
            };
            assert_eq!(reason(&verdict), expected, "{name} {secs}");
        }
    }
}

#[test]
fn answers_are_not_shared_between_callers() {
    let mut gate = gate();
    let mut origin = Origin::new(|_| Some(200));
    assert_eq!(reason(&decide(&mut gate, ("GET", "/notes/mine"), "", &mut origin)), None);
    let other =
        format!("Bearer {}", sign(json!({"sub": "bob", "roles": ["user"], "exp": NOW + 600}), SECRET));
    let pairs = [HeaderPair::new("authorization", &other)];
    let step = gate.begin(&RequestHead::new("GET", "/notes/mine", &pairs), UnixTime::from_secs(NOW));
    let Step::Need(Need::Call(need)) = step else { panic!("decided without asking") };
    let reply = Reply { status: 404, headers: &[], body: b"" };
    let step = gate.supply_reply(need, Some(&reply), UnixTime::from_secs(NOW));
    assert!(matches!(step, Step::Verdict(verdict) if reason(&verdict) == Some(Reason::BindingMismatch)));
}

#[test]
fn statuses_that_mean_no_and_those_that_mean_nothing() {
    for (status, expected) in [
        (204, None),
        (400, Some(Reason::BindingMismatch)),
        (401, Some(Reason::BindingMismatch)),
        (403, Some(Reason::BindingMismatch)),
        (404, Some(Reason::BindingMismatch)),
        (422, Some(Reason::BindingMismatch)),
        (307, Some(Reason::AskUnavailable)),
        (408, Some(Reason::AskUnavailable)),
        (429, Some(Reason::AskUnavailable)),
        (500, Some(Reason::AskUnavailable)),
    ] {
        let mut gate = gate();
        let head = format!("Bearer {}", token());
        let pairs = [HeaderPair::new("authorization", &head)];
        let step = gate.begin(&RequestHead::new("GET", "/notes/mine", &pairs), UnixTime::from_secs(NOW));
        let Step::Need(Need::Call(need)) = step else { panic!("decided without asking") };
        let reply = Reply { status, headers: &[], body: b"" };
        let Step::Verdict(verdict) = gate.supply_reply(need, Some(&reply), UnixTime::from_secs(NOW)) else {
            panic!("{status}: one object is asked about once")
        };
        assert_eq!(reason(&verdict), expected, "{status}");
    }
}

#[test]
fn without_a_host_that_asks_the_object_is_nobodys() {
    let gate = load(&document(""));
    let authorization = format!("Bearer {}", token());
    let pairs = [HeaderPair::new("authorization", &authorization)];
    let head = RequestHead::new("GET", "/notes/mine", &pairs);
    let step = gate.begin(&head, UnixTime::from_secs(NOW));
    let verdict = step.with_records(|_| unreachable!()).expect("no body is needed");
    assert_eq!(reason(&verdict), Some(Reason::AskUnavailable));
}
