//! A host whose clock cannot be read says 0: then nothing has expired yet, and nobody is let in.

use portcullis::limits::CLOCK_SECS_MIN;
use portcullis::{Decision, Gate, HeaderPair, Reason, RequestHead, Step, UnixTime, Verdict};
use portcullis_tests::*;
use serde_json::json;

fn decide_at(gate: &Gate, target: &str, token: &str, now: u64) -> Verdict {
    let authorization = format!("Bearer {token}");
    let pairs = [HeaderPair::new("authorization", authorization.as_str())];
    match gate.begin(&RequestHead::new("GET", target, &pairs), UnixTime::from_secs(now)) {
        Step::Verdict(verdict) => verdict,
        Step::Need(need) => panic!("unexpected need: {need:?}"),
    }
}

#[test]
fn no_credential_is_good_at_a_time_that_no_clock_shows() {
    let expired = sign(json!({"user_id": "alice", "role": "admin", "exp": NOW - 60}), SECRET);
    let report = load(
        r#"{"profile":"agentflow","mode":"report","issuers":[{"keys":[{"alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}}]}]}"#,
    );
    for gate in [agentflow(), report] {
        for now in [0, 1, CLOCK_SECS_MIN - 1, u64::MAX] {
            let verdict = decide_at(&gate, "/v1/threads", &expired, now);
            assert_eq!(verdict.diagnostics.reason, Some(Reason::Internal), "{now}");
            assert!(matches!(&verdict.decision, Decision::Deny(answer) if answer.status == 503), "{now}");
            assert!(verdict.diagnostics.error.unwrap().to_string().contains("clock"), "{now}");
            assert!(gate.verify(&expired, UnixTime::from_secs(now)).is_err(), "{now}");
        }
        // What takes no time goes on.
        let open = decide_at(&gate, "/ping", &expired, 0);
        assert!(matches!(open.decision, Decision::Allow(_)));
    }
    assert_eq!(
        decide_at(&agentflow(), "/v1/threads", &expired, NOW).diagnostics.reason,
        Some(Reason::TokenExpired)
    );
}
