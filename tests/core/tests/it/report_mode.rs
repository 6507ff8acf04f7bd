//! Report mode: every decision is made and written down as if it were enforced, and the request goes on.

use portcullis::{CredentialHandling, RequestHead, Step, UnixTime, Verdict};
use portcullis_config::Lint;
use portcullis_tests::*;
use serde_json::{Value, json};

fn document(mode: &str, audit: &Value) -> String {
    json!({
        "profile": "agentflow",
        "mode": mode,
        "audit": audit,
        "issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}]}],
        "upstream": {
            "credential": "swap", "token": {"secret": {"env": "ORIGIN_SECRET"}}, "remove_headers": ["x-internal"],
        },
    })
    .to_string()
}

/// Method, target and headers.
type Asked = (&'static str, &'static str, Vec<(&'static str, String)>);

/// A hostile or merely forbidden request of each kind.
fn requests() -> Vec<Asked> {
    let bearer = |token: String| vec![("authorization", format!("Bearer {token}"))];
    let admin = || bearer(token("admin"));
    vec![
        ("GET", "/v1/threads", vec![]),
        ("GET", "/v1/threads", bearer(token("guest"))),
        ("GET", "/v1/threads", bearer(format!("{}x", token("admin")))),
        ("GET", "/v1/threads", [admin(), bearer(token("guest"))].concat()),
        ("GET", "/v1/%2574hreads?a=%zz", admin()),
        ("GET", "//v1/../../x/%2F", vec![]),
        ("BREW", "/pot", admin()),
        ("GET", "/docs", vec![]),
        ("GET", "/v1/threads", [admin(), vec![("connection", "authorization".to_owned())]].concat()),
    ]
}

#[test]
fn a_refusal_is_written_down_and_goes_on_as_it_came() {
    let gates = ["enforce", "report"].map(|mode| load(&document(mode, &json!({}))));
    for (method, target, headers) in requests() {
        let forged = [
            ("X-Auth-Subject", "root"),
            ("x_auth_roles", "admin"),
            ("X-User-Role", "admin"),
            ("X-Internal", "1"),
            ("Upgrade", "h2c"),
            ("HTTP2-Settings", "AAMAAABk"),
            ("X-Harmless", "1"),
            ("X-Request-Id", "1"),
            ("X_Request_Id", "2"),
        ];
        let headers: Vec<_> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).chain(forged).collect();
        let [refused, reported] = gates.each_ref().map(|gate| decide(gate, method, target, &headers));
        let reason = refused.diagnostics.reason.expect("the request is refused when that is enforced");
        assert_eq!(reported.diagnostics.reason, Some(reason), "{method} {target}");
        assert_eq!((refused.diagnostics.reported, reported.diagnostics.reported), (false, true));

        let forward = forwarded(&reported);
        assert_eq!(forward.target, target);
        let removed = [
            "http2-settings",
            "upgrade",
            "x-auth-subject",
            "x-internal",
            "x-user-role",
            "x_auth_roles",
            "x_request_id",
        ];
        assert_eq!(forward.remove_headers, removed);
        assert!(forward.set_headers.is_empty() && forward.response_headers.is_empty());
        assert_eq!(forward.credential, CredentialHandling::Forward);

        // The log differs in one member, apart from the name of the configuration.
        let line = |verdict: &Verdict| -> Value { log(verdict, method) };
        let mut told = line(&reported);
        assert_eq!(told.as_object_mut().unwrap().remove("reported"), Some(json!(true)));
        assert_eq!(told, line(&refused), "{method} {target}");
    }
}

/// The log line without the name of the configuration, in which the mode stands.
fn log(verdict: &Verdict, method: &str) -> Value {
    let mut line: Value = serde_json::from_str(&verdict.log_line(method, "request-1")).unwrap();
    assert!(line.as_object_mut().unwrap().remove("policy").is_some());
    line
}

#[test]
fn what_is_let_in_is_let_in_alike() {
    let gates = ["enforce", "report"].map(|mode| load(&document(mode, &json!({"reason_header": true}))));
    let [enforced, reported] = gates.map(|gate| {
        let verdict = decide_with_token(&gate, "GET", "/v1/threads", &token("admin"));
        let line = log(&verdict, "GET");
        (forwarded(&verdict).clone(), verdict.diagnostics.reason, verdict.diagnostics.reported, line)
    });
    assert_eq!(enforced, reported);
    assert_eq!(reported.0.credential, CredentialHandling::Replace);
}

#[test]
fn a_websocket_is_still_one() {
    let gate = load(&document("report", &json!({})));
    let headers = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("X-Auth-Roles", "admin")];
    let verdict = decide(&gate, "GET", "/v1/graph/ws", &headers);
    assert!(verdict.diagnostics.reported);
    assert_eq!(forwarded(&verdict).remove_headers, ["x-auth-roles"]);
}

#[test]
fn a_response_says_so_only_when_asked() {
    let gate = load(&document("report", &json!({"reason_header": true})));
    let verdict = decide(&gate, "GET", "/v1/threads", &[]);
    let expected = ("x-portcullis-reason".to_owned(), "credential_missing".to_owned());
    assert_eq!(forwarded(&verdict).response_headers, [expected]);
}

/// What cannot be handed on is refused, and so is a mode that does not exist.
#[test]
fn report_mode_is_no_way_around_a_defect() {
    let gate = load(&document("report", &json!({})));
    let head = RequestHead::new("GET", b"/\xff", &[]);
    let Step::Verdict(verdict) = gate.begin(&head, UnixTime::from_secs(NOW)) else { panic!("a need") };
    assert_eq!((outcome(&verdict), verdict.diagnostics.reported), ((400, "path_invalid"), false));
    let errors = try_load(document("repot", &json!({})).as_bytes(), &Env::standard()).unwrap_err();
    assert!(errors.iter().all(|error| error.pointer == "/mode"), "{errors}");
}

#[test]
fn report_mode_is_noticed() {
    let noticed = |mode| {
        let loaded =
            portcullis_config::load(document(mode, &json!({})).as_bytes(), &Env::standard()).unwrap();
        loaded.diagnostics.iter().any(|diagnostic| diagnostic.lint == Lint::ReportMode)
    };
    assert_eq!((noticed("report"), noticed("enforce")), (true, false));
}

#[test]
fn a_body_that_broke_off_is_refused_in_report_mode_too() {
    for mode in ["enforce", "report"] {
        let head = RequestHead::new("POST", "/v1/graph/invoke", &[]).with_request_id("request-1");
        let verdict = load(&document(mode, &json!({}))).body_broken_off(&head, UnixTime::from_secs(NOW));
        assert_eq!(outcome(&verdict), (400, "body_invalid"), "{mode}");
        assert!(!verdict.diagnostics.reported);
    }
}
