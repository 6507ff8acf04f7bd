//! The pure gate against the core that it is made of.

use anyhow::{Result, anyhow};
use portcullis::CredentialHandling;
use portcullis::limits::{BODY_BYTES, FAILED_SECS};
use portcullis_test_support::host::gate::GateComponent;
use portcullis_test_support::native::{Decision, Head, Native, Response, Supply, Verdict, Wanted};
use portcullis_test_support::origin::tokens;
use portcullis_test_support::summary::Summary;
use serde_json::{Value, json};

use crate::props::Props;

/// Heads on which the component and the core must agree, in each mode.
const HEADS: usize = 200;
/// A route that compares a member of its body.
const ON_BODY: (&str, &str) = ("POST", "/v1/graph/invoke");

/// Numbers that look random and are the same in every run, so that a difference can be looked into.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        // Knuth's MMIX; the low bits are the poor ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % sides
    }

    fn pick<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.roll(choices.len())].clone()
    }
}

/// Compiled for a component or for this machine, the core decides the same in `mode`, to the last byte.
pub(crate) fn check(
    mode: &str,
    component: &GateComponent,
    props: &Props,
    summary: &mut Summary,
) -> Result<()> {
    let mut config = props.with_lookup()?;
    config["mode"] = mode.into();
    config["audit"] = json!({"reason_header": true});
    let bound = json!({"access": "graph:invoke", "where": {"body./user_id": "subject"}});
    let restricted = json!({"access": "checkpointer:read", "hosts": ["api.example.com"]});
    config["policy"] = json!({"routes": {
        format!("{} {}", ON_BODY.0, ON_BODY.1): bound,
        "GET /v1/threads/{thread_id}": restricted,
    }});
    let config = config.to_string();
    let mut gate = props.load(component, &config)?;
    let core =
        Native::load(config.as_bytes(), &props.secrets, "the check").map_err(|errors| anyhow!(errors))?;
    let start = tokens::now_secs();
    let record = props.record()?;
    let (user, guest) = (props.token("user", "")?, props.token("guest", "")?);
    let forged = tokens::sign(json!({"sub": "root"}), &tokens::secret()?)?;
    let methods = ["GET", "GET", "GET", "GET", "POST", "DELETE", "HEAD", "OPTIONS", "get", "BREW"];
    let targets = [
        "/v1/threads",
        "/v1/threads",
        "/v1/threads?limit=1",
        "/v1/threads/7",
        "/v1/threads/7",
        "//v1/%74hreads",
        "/v1/./threads",
        "/v1/graph/invoke",
        "/v1/graph/stream",
        "/ping",
        "/v1/../v1/threads",
        "/v1/threads%2f7",
        "/v1/threads?token=x",
        "/nowhere",
    ];
    let credentials = [
        ("Authorization", format!("Bearer {user}")),
        ("Authorization", format!("Bearer {user}")),
        ("Authorization", format!("Bearer {user}")),
        ("Authorization", format!("Bearer {user}")),
        ("Authorization", format!("Bearer {user}")),
        ("authorization", format!("Bearer {guest}")),
        ("Authorization", format!("Bearer {forged}")),
        ("Authorization", "Basic YTpi".to_string()),
        ("X-API-Key", props.api_key.clone()),
        ("X-API-Key", tokens::api_key("other")?),
        ("Sec-WebSocket-Protocol", format!("bearer, {user}")),
    ];
    let others = [
        ("X-Auth-Subject", "root".to_string()),
        ("x_auth_subject", "root".to_string()),
        ("Connection", "close".to_string()),
        ("Connection", "X-Auth-Subject".to_string()),
        ("Origin", "https://chat.example.com".to_string()),
        ("Access-Control-Request-Method", "POST".to_string()),
        ("X-Keep", "1".to_string()),
        ("Host", "api.example.com".to_string()),
        ("Host", "API.example.com:8443".to_string()),
    ];
    let long = vec![b' '; BODY_BYTES + 1];
    let mut bodies: Vec<&[u8]> = vec![br#"{"user_id": "alice"}"#; 4];
    bodies.extend([&br#"{"user_id": ["alice", "bob"]}"#[..], b"{", b"", &long]);
    let mut dice = Dice(20_260_101);
    let (mut allowed, mut records, mut read) = (0, 0, 0);
    for index in 0..HEADS {
        // Later than a store that failed is remembered: the core begins anew with each head.
        let now = start + FAILED_SECS * u64::try_from(index)?;
        let on_body = dice.roll(4) == 0;
        let (method, target) = if on_body { ON_BODY } else { (dice.pick(&methods), dice.pick(&targets)) };
        let (method, mut target) = (method.as_bytes().to_vec(), target.as_bytes().to_vec());
        // One credential as a rule; none and two are rules of their own.
        let mut lines: Vec<_> =
            (0..dice.pick(&[0, 1, 1, 1, 1, 1, 1, 1, 1, 2])).map(|_| dice.pick(&credentials)).collect();
        lines.extend((0..dice.pick(&[0, 0, 1, 2])).map(|_| dice.pick(&others)));
        if on_body {
            lines.push(("Content-Type", "application/json".to_string()));
        }
        let mut headers: Vec<(Vec<u8>, Vec<u8>)> =
            lines.into_iter().map(|(name, value)| (name.as_bytes().to_vec(), value.into_bytes())).collect();
        // Now and then an byte that nobody put there on purpose.
        if dice.roll(8) == 0 {
            let at = dice.roll(target.len());
            target[at] = u8::try_from(dice.roll(256))?;
        }
        if let Some((_, value)) = headers.first_mut().filter(|_| dice.roll(8) == 0) {
            let at = dice.roll(value.len());
            value[at] = u8::try_from(dice.roll(256))?;
        }

        let head = Head { method: &method, target: &target, headers: &headers, request_id: "check" };
        let mut got = gate.authorize(&head, now)?;
        let expected = core.decide(&head, now, |need| {
            let choices: Vec<_> = match need {
                Wanted::ApiKeyRecord(_) => {
                    records += 1;
                    [Some(record.as_slice()), None].map(Supply::ApiKeyRecord).to_vec()
                }
                Wanted::Body(_) => {
                    read += 1;
                    bodies.iter().map(|body| Supply::Body(body)).collect()
                }
            };
            let need = json!({"need": as_json(need)});
            summary.count((got != need).then(|| format!("head {index}: got {got}, expected {need}")));
            let supply = if dice.roll(4) == 0 { Supply::Unavailable } else { dice.pick(&choices) };
            got = gate.supply(&supply, now)?;
            Ok::<_, anyhow::Error>(supply)
        })?;
        allowed += usize::from(matches!(expected.decision, Decision::Allow(_)));
        let expected = as_interface(&expected, &method);
        let got = the_same_part(&got["verdict"]);
        let shown = || format!("{} {}", String::from_utf8_lossy(&method), String::from_utf8_lossy(&target));
        summary.count(
            (got != expected)
                .then(|| format!("{mode}, head {index}, {}: got {got}, expected {expected}", shown())),
        );
    }
    // Heads that are all refused for the same reason would show little.
    let poor = allowed < HEADS / 10 || records < 3 || read < 10;
    summary.count(poor.then(|| {
        format!("of {HEADS} heads {allowed} were allowed, {records} needed a record and {read} a body")
    }));
    Ok(())
}

/// A need, written as the interface writes one.
fn as_json(need: &Wanted) -> Value {
    match need {
        Wanted::ApiKeyRecord(id) => json!({"api_key_record": id}),
        Wanted::Body(limit) => json!({"body": limit}),
    }
}

/// The core's verdict, written as the interface writes one.
fn as_interface(verdict: &Verdict, method: &[u8]) -> Value {
    let headers = |pairs: &[(String, String)]| -> Value {
        pairs.iter().map(|(name, value)| json!({"name": name, "value": value})).collect()
    };
    let response = |answer: &Response| json!({"status": answer.status, "headers": headers(&answer.headers), "body": answer.body});
    let decision = match &verdict.decision {
        Decision::Deny(answer) => json!({"deny": response(answer)}),
        Decision::Answer(answer) => json!({"answer": response(answer)}),
        Decision::Allow(forward) => json!({"allow": {
            "target": forward.target,
            "remove_headers": forward.remove_headers,
            "set_headers": headers(&forward.set_headers),
            "credential": match forward.credential {
                CredentialHandling::Forward => "forward",
                CredentialHandling::Replace => "replace",
                CredentialHandling::Strip => "strip",
            },
            "remove_response_headers": forward.remove_response_headers,
            "response_headers": headers(&forward.response_headers),
            "append_response_headers": headers(&forward.append_response_headers),
        }}),
    };
    json!({
        "decision": decision,
        "reason": verdict.diagnostics.reason,
        "reported": verdict.diagnostics.reported,
        "log_line": verdict.log_line(&String::from_utf8_lossy(method), "check"),
    })
}

/// The same members of a verdict of the component.
fn the_same_part(verdict: &Value) -> Value {
    let diagnostics = &verdict["diagnostics"];
    json!({
        "decision": verdict["decision"],
        "reason": diagnostics["reason"],
        "reported": diagnostics["reported"],
        "log_line": diagnostics["log_line"],
    })
}
