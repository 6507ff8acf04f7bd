//! Cross-origin requests: what a preflight is told, who is refused, and who may read what.

use portcullis::{Decision, Gate, HeaderPair, RequestHead, Response, UnixTime, Verdict};
use portcullis_tests::*;

const APP: &str = "https://app.example";
const EVIL: &str = "https://evil.example";

/// A gate with `cors`, and routes of every kind.
fn gate(cors: &str) -> Gate {
    load(&format!(
        r#"{{"profile":"generic","cors":{cors},
            "issuers":[{{"keys":[{{"alg":"HS256","secret":{{"env":"JWT_SECRET_KEY"}}}}]}}],
            "policy":{{"roles":{{"user":{{"permissions":["doc:*"]}}}},
                "routes":{{"GET /doc":"doc:read","GET /other":"log:read","WEBSOCKET /live":"doc:read",
                    "POST /bound":{{"access":"doc:write","where":{{"body./user":"subject"}}}}}}}}}}"#
    ))
}

fn governed() -> Gate {
    gate(
        r#"{"preflight":"answer","allowed_origins":["https://app.example"],"expose_headers":["X-Total","x-total"]}"#,
    )
}

fn alice() -> String {
    format!(
        "Bearer {}",
        sign(serde_json::json!({"sub": "alice", "roles": ["user"], "exp": NOW + 600}), SECRET)
    )
}

/// A request of alice's from a script of `origin`.
fn from(gate: &Gate, method: &str, target: &str, origin: &str, more: &[(&str, &str)]) -> Verdict {
    let alice = alice();
    let headers = [&[("authorization", alice.as_str()), ("origin", origin)], more].concat();
    decide(gate, method, target, &headers)
}

fn response(verdict: &Verdict) -> &Response {
    match &verdict.decision {
        Decision::Deny(response) | Decision::Answer(response) => response,
        Decision::Allow(forward) => panic!("allowed: {forward:?}"),
    }
}

fn value<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[test]
fn a_preflight_is_answered_and_written_down() {
    let headers = [("origin", APP), ("access-control-request-method", "GET")];
    let verdict = decide(&governed(), "OPTIONS", "/doc", &headers);
    let Decision::Answer(answer) = &verdict.decision else { panic!("{verdict:?}") };
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    assert_eq!(
        answer.headers,
        [
            pair("access-control-allow-origin", APP),
            pair("access-control-allow-methods", "GET"),
            pair("access-control-allow-headers", "authorization, x-api-key, content-type"),
            pair("access-control-max-age", "600"),
            pair("vary", "origin, access-control-request-method"),
        ]
    );
    let line: serde_json::Value = serde_json::from_str(&verdict.log_line("OPTIONS", "id")).unwrap();
    assert_eq!(
        (&line["decision"], &line["status"], &line["reason"]),
        (&"answer".into(), &200.into(), &().into())
    );
    assert_eq!((&line["route"], &line["permission"]), (&"GET /doc".into(), &"doc:read".into()));
}

#[test]
fn the_answer_to_a_preflight_is_bounded() {
    let long = "x".repeat(60_000);
    let asks = |method: &str, names: &str| {
        let headers = [
            ("origin", APP),
            ("access-control-request-method", method),
            ("access-control-request-headers", names),
        ];
        decide(&governed(), "OPTIONS", "/doc", &headers)
    };
    let names = vec!["x-a"; 10_000].join(",");
    let verdict = asks("GET", &names);
    let written: usize =
        response(&verdict).headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    assert!(written < 400, "{written} bytes");
    assert_eq!(outcome(&asks(&long, "x-a")), (403, "route_unknown"));
}

#[test]
fn where_the_gate_governs_the_origin_server_shares_nothing() {
    let gate = governed();
    let verdict = from(&gate, "GET", "/doc", APP, &[]);
    let forward = forwarded(&verdict);
    for name in
        ["access-control-allow-origin", "access-control-allow-credentials", "access-control-expose-headers"]
    {
        assert!(forward.remove_response_headers.contains(&name), "{name}");
    }
    assert_eq!(
        forward.response_headers,
        [pair("access-control-allow-origin", APP), pair("access-control-expose-headers", "x-total")]
    );
    assert_eq!(forward.append_response_headers, [pair("vary", "origin")]);

    // A cache may give it to a script later.
    let verdict = decide(&gate, "GET", "/doc", &[("authorization", &alice())]);
    let forward = forwarded(&verdict);
    assert!(forward.remove_response_headers.contains(&"access-control-allow-origin"));
    assert_eq!((forward.response_headers.len(), forward.append_response_headers.len()), (0, 1));

    let headers = [("host", "api.example"), ("connection", "upgrade"), ("upgrade", "websocket")];
    for origin in [APP, "https://api.example"] {
        let verdict = from(&gate, "GET", "/live", origin, &headers);
        let forward = forwarded(&verdict);
        assert!(forward.remove_response_headers.is_empty() && forward.append_response_headers.is_empty());
    }
    assert_eq!(outcome(&from(&gate, "GET", "/live", EVIL, &headers)), (403, "origin_not_allowed"));
    // Of a WebSocket, what the browser says of the site decides nothing.
    let says = |site| [&headers[..], &[("sec-fetch-site", site)]].concat();
    let refused = from(&gate, "GET", "/live", EVIL, &says("same-origin"));
    assert_eq!(outcome(&refused), (403, "origin_not_allowed"));
    let allowed = from(&gate, "GET", "/live", "https://api.example", &says("cross-site"));
    assert_eq!(outcome(&allowed), (200, "-"));
}

#[test]
fn a_decision_that_waits_is_shared_all_the_same() {
    let (gate, alice) = (governed(), alice());
    let pairs = [
        HeaderPair::new("authorization", &alice),
        HeaderPair::new("origin", APP),
        HeaderPair::new("content-type", "application/json"),
    ];
    let head = RequestHead::new("POST", "/bound", &pairs);
    for (body, shared) in [(r#"{"user":"alice"}"#, true), (r#"{"user":"bob"}"#, false)] {
        let verdict = resumed(&gate, &head, &[Supply::Body(body.as_bytes())]);
        let headers = match &verdict.decision {
            Decision::Allow(forward) => &forward.response_headers,
            Decision::Deny(response) | Decision::Answer(response) => &response.headers,
        };
        assert_eq!(matches!(verdict.decision, Decision::Allow(_)), shared, "{body}");
        assert_eq!(value(headers, "access-control-allow-origin"), Some(APP), "{body}");
    }
}

#[test]
fn what_is_not_governed_is_left_as_it_is() {
    for cors in [r#"{}"#, r#"{"allowed_origins":["https://app.example"]}"#, r#"{"preflight":"refuse"}"#] {
        for origin in [APP, EVIL, "null", "no origin"] {
            let verdict = from(&gate(cors), "GET", "/doc", origin, &[]);
            let forward = forwarded(&verdict);
            assert!(forward.remove_response_headers.is_empty(), "{cors} {origin}");
            assert!(forward.response_headers.is_empty() && forward.append_response_headers.is_empty());
        }
    }
}

#[test]
fn a_refusal_exposes_what_it_carries() {
    let listed = r#""allowed_origins":["https://app.example"]"#;
    for (preflight, credentials) in
        [("forward", true), ("refuse", false), ("answer", true), ("answer", false)]
    {
        let gate =
            gate(&format!(r#"{{"preflight":"{preflight}","allow_credentials":{credentials},{listed}}}"#));
        let told = |verdict: &Verdict| {
            let headers = &response(verdict).headers;
            assert_eq!(value(headers, "vary"), Some("origin"));
            assert_eq!(value(headers, "access-control-allow-origin"), Some(APP));
            let expected = credentials.then_some("true");
            assert_eq!(value(headers, "access-control-allow-credentials"), expected);
            let exposed = value(headers, "access-control-expose-headers").map(str::to_owned);
            for name in exposed.iter().flat_map(|names| names.split(", ")) {
                assert!(value(headers, name).is_some(), "{name} is not there");
            }
            exposed
        };
        let missing = decide(&gate, "GET", "/doc", &[("origin", APP)]);
        assert_eq!(told(&missing).as_deref(), Some("www-authenticate"));
        let denied = from(&gate, "GET", "/other", APP, &[]);
        assert_eq!(told(&denied).as_deref(), Some("www-authenticate"));
        let unknown = from(&gate, "GET", "/nothing", APP, &[]);
        assert_eq!((outcome(&unknown).1, told(&unknown)), ("route_unknown", None));

        let pairs = [HeaderPair::new("origin", APP)];
        let head = RequestHead::new("GET", "/doc", &pairs);
        let unreachable = gate.origin_unreachable(&head, UnixTime::from_secs(NOW));
        assert_eq!(value(&unreachable.headers, "access-control-allow-origin"), Some(APP));

        for origin in [EVIL, "null", ""] {
            let refused = decide(&gate, "GET", "/doc", &[("origin", origin)]);
            let headers = &response(&refused).headers;
            assert!(headers.iter().all(|(name, _)| !name.starts_with("access-control-")), "{origin}");
        }
    }
}

#[test]
fn several_origins_are_none() {
    for cors in ["{}", r#"{"preflight":"refuse"}"#, r#"{"preflight":"answer","allowed_origins":["*"]}"#] {
        let gate = gate(cors);
        for origins in
            [&[APP, EVIL][..], &[APP, APP], &["https://app.example, https://evil.example"], &["null,"]]
        {
            let alice = alice();
            let mut headers: Vec<_> = origins.iter().map(|origin| ("Origin", *origin)).collect();
            headers.push(("authorization", &alice));
            assert_eq!(
                outcome(&decide(&gate, "GET", "/doc", &headers)),
                (400, "header_invalid"),
                "{origins:?}"
            );
            headers.push(("access-control-request-method", "GET"));
            assert_eq!(outcome(&decide(&gate, "OPTIONS", "/doc", &headers)), (400, "header_invalid"));
        }
    }
}

#[test]
fn the_page_of_the_gate_itself_is_no_stranger() {
    let gate = governed();
    for (more, expected) in [
        (&[("host", "api.example")][..], (200, "-")),
        (&[("host", "api.example:443")], (200, "-")),
        (&[("host", "other.example"), ("sec-fetch-site", "same-origin")], (200, "-")),
        (&[("host", "api.example"), ("sec-fetch-site", "same-site")], (403, "origin_not_allowed")),
        (&[("host", "api.example"), ("sec-fetch-site", "none")], (403, "origin_not_allowed")),
        (&[("host", "api.example.evil.example")], (403, "origin_not_allowed")),
        (&[("host", "api.example"), ("host", "other.example")], (403, "origin_not_allowed")),
        (&[("host", "")], (403, "origin_not_allowed")),
        (&[], (403, "origin_not_allowed")),
    ] {
        assert_eq!(outcome(&from(&gate, "GET", "/doc", "https://api.example", more)), expected, "{more:?}");
    }
    // A form that a page without a referrer posts to its own server.
    let same = [("sec-fetch-site", "same-origin")];
    assert_eq!(outcome(&from(&gate, "GET", "/doc", "null", &same)), (200, "-"));
    // It says nothing about a preflight, of which a page needs none to ask its own server.
    let asks = [("host", "api.example"), ("access-control-request-method", "GET")];
    let preflight = from(&gate, "OPTIONS", "/doc", "https://api.example", &asks);
    assert_eq!(outcome(&preflight), (403, "origin_not_allowed"));
}
