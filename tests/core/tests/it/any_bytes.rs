//! Any bytes at every public entry: a verdict or an error, never a panic, and never a way in.

use portcullis::api_key::{Pepper, assemble};
use portcullis::jose::UnverifiedToken;
use portcullis::json::{Budget, Pointer, parse};
use portcullis::limits::{CLOCK_SECS_MIN, NUMERIC_DATE_MAX};
use portcullis::{Decision, HeaderPair, RequestHead, Step, Target, UnixTime, base64url};
use portcullis_tests::*;
use proptest::prelude::*;

/// Bytes that mean something to the parsers, mixed with any others.
fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    let meaningful = prop::sample::select(b"/%.;:?#&=,\\{}[]\" Bearer2fF0\0\r\n\t\x7f\xc0\xaf\xff".to_vec());
    prop::collection::vec(prop_oneof![3 => meaningful, 1 => any::<u8>()], 0..most)
}

fn header_name() -> impl Strategy<Value = Vec<u8>> {
    let known = [
        "authorization",
        "x-api-key",
        "sec-websocket-protocol",
        "upgrade",
        "connection",
        "origin",
        "access-control-request-method",
        "x-auth-subject",
        "cookie",
    ];
    prop_oneof![
        3 => prop::sample::select(known.to_vec()).prop_map(|name| name.as_bytes().to_vec()),
        1 => bytes(20),
    ]
}

fn header_value() -> impl Strategy<Value = Vec<u8>> {
    let near_misses = [
        "Bearer ",
        "websocket",
        "agentflow-bearer, ",
        "Bearer eyJhbGciOiJIUzI1NiJ9.e30.",
        "pc_live_a_",
        "upgrade",
        "GET",
    ];
    (prop::sample::select(near_misses.to_vec()), bytes(60), any::<bool>()).prop_map(|(start, rest, with)| {
        let mut value = if with { start.as_bytes().to_vec() } else { Vec::new() };
        value.extend(rest);
        value
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_request_without_a_credential_reaches_a_guarded_route(
        method in prop_oneof![Just(b"GET".to_vec()), Just(b"OPTIONS".to_vec()), bytes(8)],
        target in prop_oneof![bytes(80), Just(b"/v1/graph/ws?token=a".to_vec()), Just(b"//v1/thr%65ads".to_vec())],
        headers in prop::collection::vec((header_name(), header_value()), 0..8),
        now in any::<u64>(),
    ) {
        let gate = agentflow();
        let pairs: Vec<_> = headers.iter().map(|(name, value)| HeaderPair::new(name, value)).collect();
        let head = RequestHead::new(&method, &target, &pairs);
        let Step::Verdict(verdict) = gate.begin(&head, UnixTime::from_secs(now)) else {
            panic!("a need, although nothing can be looked up");
        };
        prop_assert!(verdict.diagnostics.principal.is_none());
        match &verdict.decision {
            Decision::Allow(forward) => {
                // Public routes, and preflights of routes that exist.
                let public = ["/ping", "/health/ready"].contains(&verdict.diagnostics.path.as_deref().unwrap_or_default());
                prop_assert!(public || method == b"OPTIONS");
                prop_assert!(forward.set_headers.is_empty());
            }
            Decision::Answer(answer) => prop_assert!(false, "nothing is answered here: {answer:?}"),
            Decision::Deny(answer) => {
                // A time that no clock shows is a defect of the host.
                let is_time = (CLOCK_SECS_MIN..=NUMERIC_DATE_MAX).contains(&now);
                prop_assert!([400, 401, 403].contains(&answer.status) || (!is_time && answer.status == 503));
                prop_assert!(verdict.diagnostics.reason.is_some());
                let fields = answer.headers.iter().all(|(name, value)| {
                    name.bytes().chain(value.bytes()).all(|byte| byte == b' ' || byte.is_ascii_graphic())
                });
                prop_assert!(fields, "{:?}", answer.headers);
            }
        }
        let line = verdict.log_line(&String::from_utf8_lossy(&method), "id");
        prop_assert!(serde_json::from_str::<serde_json::Value>(&line).is_ok());
        prop_assert!(!line.contains('\n'));
    }

    #[test]
    fn a_normal_form_is_stable_and_reads_one_way(target in bytes(60)) {
        let mut absolute = b"/".to_vec();
        absolute.extend(target);
        if let Ok(target) = Target::parse(&absolute) {
            prop_assert!(target.path.starts_with('/'));
            prop_assert!(!target.path.contains("//"));
            prop_assert!(!target.path.split('/').any(|segment| segment == "." || segment == ".."));
            prop_assert!(!target.path.to_ascii_lowercase().contains("%2f"));
            prop_assert!(!target.path.to_ascii_lowercase().contains("%5c"));
            let again = Target::parse(target.path.as_bytes()).unwrap();
            prop_assert_eq!(&again.path, &target.path);
        }
    }

    #[test]
    fn tokens(text in ".{0,200}", limit in 0_usize..300) {
        let _ = UnverifiedToken::parse(&text, limit);
        let _ = UnverifiedToken::parse(&format!("{}.{}.{}", base64url::encode(text.as_bytes()), "e30", "AA"), limit);
    }

    #[test]
    fn json(text in bytes(200)) {
        if let Ok(value) = parse(&text, Budget::REQUEST) {
            prop_assert_eq!(serde_json::to_value(&value).unwrap(), serde_json::from_slice::<serde_json::Value>(&text).unwrap());
        }
    }

    #[test]
    fn pointers(text in ".{0,40}", document in bytes(60)) {
        if let (Some(pointer), Ok(value)) = (Pointer::parse(&text), parse(&document, Budget::REQUEST)) {
            let oracle: serde_json::Value = serde_json::from_slice(&document).unwrap();
            let found = pointer.get(&value).map(|value| serde_json::to_value(value).unwrap());
            prop_assert_eq!(found.as_ref(), oracle.pointer(&text));
        }
    }

    #[test]
    fn configurations(text in bytes(200)) {
        prop_assert!(try_load(&text, &Env::standard()).is_err());
    }

    #[test]
    fn altered_configurations_load_or_say_where(position in 0_usize..400, byte in any::<u8>()) {
        let mut document = br#"{"profile":"agentflow","issuers":[{"issuer":"a","audience":["b"],"leeway_secs":5,"keys":[{"kid":"k","alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}}],"claims":{"subject":"/sub","roles":["/roles"]}}],"policy":{"roles":{"guest":{"inherits":[],"permissions":["*:read"]}},"routes":{"GET /a/{b}":"a:read"}},"upstream":{"credential":"swap","token":{"secret":{"env":"ORIGIN_SECRET"}}}}"#.to_vec();
        let index = position % document.len();
        document[index] = byte;
        if let Err(errors) = try_load(&document, &Env::standard()) {
            prop_assert!(errors.iter().count() > 0);
            prop_assert!(!errors.to_string().contains(SECRET));
        }
    }

    #[test]
    fn supplied_records(text in bytes(200), id in "[A-Za-z0-9]{1,64}") {
        let gate = load(r#"{"profile":"agentflow","api_keys":{"lookup":true,"pepper":{"env":"PEPPER"}},
            "upstream":{"credential":"swap","token":{"secret":{"env":"ORIGIN_SECRET"}}}}"#);
        let key = assemble("live", &id, 0..=200).unwrap();
        let pairs = [HeaderPair::new("x-api-key", &key)];
        let head = RequestHead::new("POST", "/v1/graph/invoke", &pairs);
        let verdict = resumed(&gate, &head, &[Supply::ApiKeyRecord(Some(&text))]);
        prop_assert!(matches!(verdict.decision, Decision::Deny(_)));
        let record = serde_json::json!({"id": id, "roles": ["guest"], "hash": Pepper::new(PEPPER.as_bytes()).unwrap().hash(&key)});
        let record = record.to_string();
        let verdict = resumed(&gate, &head, &[Supply::ApiKeyRecord(Some(record.as_bytes()))]);
        prop_assert!(matches!(verdict.decision, Decision::Allow(_)));
    }
}
