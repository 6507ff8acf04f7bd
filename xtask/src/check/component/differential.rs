//! The pure gate against the core that it is made of.

use anyhow::{Result, anyhow};
use portcullis::limits::BODY_BYTES;
use portcullis::{Decision, Gate, HeaderPair, Need, RequestHead, Step, UnixTime, Verdict};
use serde_json::{Value, json};

use super::props::Props;
use crate::demo::Summary;
use crate::host::gate::{GateComponent, Head, Supply};
use crate::origin::tokens;

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

/// Compiled for a component or for this machine, the core decides the same, to the last octet.
pub(super) fn check(component: &GateComponent, props: &Props, summary: &mut Summary) -> Result<()> {
    for mode in ["enforce", "report"] {
        in_mode(mode, component, props, summary)?;
    }
    Ok(())
}

fn in_mode(mode: &str, component: &GateComponent, props: &Props, summary: &mut Summary) -> Result<()> {
    let mut config: Value = serde_json::from_str(&props.config)?;
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
    let core = Gate::load(config.as_bytes(), props).map_err(|errors| anyhow!("{errors}"))?;
    let now = tokens::now_secs();
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
        // Now and then an octet that nobody put there on purpose.
        if dice.roll(8) == 0 {
            let at = dice.roll(target.len());
            target[at] = u8::try_from(dice.roll(256))?;
        }
        if let Some((_, value)) = headers.first_mut().filter(|_| dice.roll(8) == 0) {
            let at = dice.roll(value.len());
            value[at] = u8::try_from(dice.roll(256))?;
        }

        let pairs: Vec<_> = headers.iter().map(|(name, value)| HeaderPair::new(name, value)).collect();
        let native_head = RequestHead::new(&method, &target, &pairs).with_request_id("check");
        let head = Head { method: &method, target: &target, headers: &headers, request_id: "check" };
        let time = UnixTime::from_secs(now);
        let mut got = gate.authorize(&head, now)?;
        let mut supplies = Vec::new();
        let expected = loop {
            let natively: Vec<_> = supplies.iter().map(natively).collect();
            let need = match core.resume(&native_head, time, &natively) {
                Step::Verdict(verdict) => break verdict,
                Step::Need(need) => need,
            };
            let (need, choices) = match need {
                Need::ApiKeyRecord { id } => {
                    records += 1;
                    let found = [Some(record.as_slice()), None].map(Supply::ApiKeyRecord);
                    (json!({"api_key_record": id}), found.to_vec())
                }
                Need::Body { limit } => {
                    read += 1;
                    (json!({"body": limit}), bodies.iter().map(|body| Supply::Body(body)).collect())
                }
            };
            let need = json!({"need": need});
            summary.count((got != need).then(|| format!("head {index}: got {got}, expected {need}")));
            supplies.push(if dice.roll(4) == 0 { Supply::Unavailable } else { dice.pick(&choices) });
            got = gate.resume(&head, now, &supplies)?;
        };
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
        format!("of {HEADS} heads {allowed} were let in, {records} needed a record and {read} a body")
    }));
    Ok(())
}

fn natively<'a>(supply: &Supply<'a>) -> portcullis::Supply<'a> {
    match *supply {
        Supply::ApiKeyRecord(record) => portcullis::Supply::ApiKeyRecord(record),
        Supply::Body(body) => portcullis::Supply::Body(body),
        Supply::Unavailable => portcullis::Supply::Unavailable,
    }
}

/// The core's verdict, written as the interface writes one.
fn as_interface(verdict: &Verdict, method: &[u8]) -> Value {
    let headers = |pairs: &[(String, String)]| -> Value {
        pairs.iter().map(|(name, value)| json!({"name": name, "value": value})).collect()
    };
    let decision = match &verdict.decision {
        Decision::Deny(answer) => json!({"deny": {
            "status": answer.status,
            "headers": headers(&answer.headers),
            "body": answer.body,
        }}),
        Decision::Allow(forward) => json!({"allow": {
            "target": forward.target,
            "remove_headers": forward.remove_headers,
            "set_headers": headers(&forward.set_headers),
            "credential": forward.credential,
            "response_headers": headers(&forward.response_headers),
        }}),
    };
    json!({
        "decision": decision,
        "reason": verdict.record.reason,
        "reported": verdict.record.reported,
        "log_line": verdict.log_line(&String::from_utf8_lossy(method), "check"),
    })
}

/// The same members of a verdict of the component.
fn the_same_part(verdict: &Value) -> Value {
    let findings = &verdict["findings"];
    json!({
        "decision": verdict["decision"],
        "reason": findings["reason"],
        "reported": findings["reported"],
        "log_line": findings["log_line"],
    })
}
