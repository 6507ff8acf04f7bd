//! The pure gate and input that nobody means.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::props::Props;
use portcullis_test_support::host::gate::GateComponent;
use portcullis_test_support::native::Head;
use portcullis_test_support::origin::tokens;
use portcullis_test_support::summary::Summary;
use serde_json::json;

/// A configuration that is of no use is an error that says where; never a trap, and never a gate.
pub(crate) fn refused(component: &GateComponent, props: &Props, summary: &mut Summary) -> Result<()> {
    let config = props.config.as_bytes();
    let misspelt = props.config.replace("\"HS256\"", "\"none\"").into_bytes();
    let documents: [(&str, Vec<u8>, &str); 6] = [
        ("empty", Vec::new(), ""),
        ("binary", (0..=255).collect(), ""),
        ("cut off", config.iter().take(config.len() / 2).copied().collect(), ""),
        ("of 10 MB", [config, &vec![b' '; 10_000_000]].concat(), ""),
        ("that is a list", b"[]".to_vec(), ""),
        ("with the algorithm `none`", misspelt, "/issuers/0/keys/0"),
    ];
    for (what, document, pointer) in documents {
        let failure = match component.load(&document, &props.secrets) {
            Ok(Err(errors)) if errors.iter().any(|error| error.starts_with(pointer) && error.len() > 10) => {
                None
            }
            Ok(Err(errors)) => Some(format!("errors that do not name `{pointer}`: {errors:?}")),
            Ok(Ok(_)) => Some("a gate".to_string()),
            Err(error) => Some(format!("a trap: {error:#}")),
        };
        summary.count(failure.map(|got| format!("a configuration {what}: got {got}")));
    }
    let missing = component.load(config, &BTreeMap::new())?;
    let named =
        missing.err().is_some_and(|errors| errors.iter().any(|error| error.contains("JWT_SECRET_KEY")));
    summary.count((!named).then(|| "a configuration without its secrets: no error names one".to_string()));
    Ok(())
}

/// What the gate says to a request that is too much of something, and that it still works afterwards.
pub(crate) fn hostile(component: &GateComponent, props: &Props, summary: &mut Summary) -> Result<()> {
    let mut gate = props.load(component, &props.config)?;
    let now = tokens::now_secs();
    let bearer = |token: String| (b"authorization".to_vec(), format!("Bearer {token}").into_bytes());
    let user = [bearer(props.token("user", "")?)];
    let many = (0..1000).map(|index| (format!("x-{index}").into_bytes(), b"v".to_vec())).collect();
    let requests: [(&str, &[u8], &[u8], Vec<_>); 5] = [
        ("1,000 headers", b"GET", b"/v1/threads", many),
        (
            "a token of 64 KB",
            b"GET",
            b"/v1/threads",
            vec![bearer(props.token("user", &"x".repeat(48 * 1024))?)],
        ),
        ("a method and a target that are not UTF-8", b"\xff\xfe", b"/\xff\x00\xc3", user.to_vec()),
        (
            "headers that are not UTF-8",
            b"GET",
            b"/v1/threads",
            vec![
                (b"x-\xff".to_vec(), b"\xfe\x80".to_vec()),
                (b"authorization".to_vec(), b"Bearer \xff\xff".to_vec()),
            ],
        ),
        ("nothing at all", b"", b"", Vec::new()),
    ];
    for (what, method, target, headers) in requests {
        let verdict = gate.authorize(&Head { method, target, headers: &headers, request_id: "check" }, now);
        let denied = verdict.as_ref().is_ok_and(|step| step["verdict"]["decision"]["deny"].is_object());
        summary.count((!denied).then(|| format!("{what}: got {verdict:?}, expected a refusal")));
        if verdict.is_err() {
            gate = props.load(component, &props.config)?;
        }
        let head = Head { method: b"GET", target: b"/v1/threads", headers: &user, request_id: "check" };
        let next = gate.authorize(&head, now)?;
        let allowed = next["verdict"]["decision"]["allow"].is_object();
        summary.count((!allowed).then(|| format!("after {what}: got {next}, expected to be allowed")));
    }
    let head = Head { method: b"GET", target: b"/v1/threads", headers: &user, request_id: "check" };
    let answer = gate.origin_unreachable(&head, now)?;
    summary.count((answer["status"] != 502).then(|| format!("the origin unreachable: got {answer}")));
    Ok(())
}

/// By whatever clock the host has: a token is good between its times, and nobody is let in at a time that no clock shows.
pub(crate) fn clock(component: &GateComponent, props: &Props, summary: &mut Summary) -> Result<()> {
    let mut gate = props.load(component, &props.config)?;
    let now = tokens::now_secs();
    let headers = [(b"authorization".to_vec(), format!("Bearer {}", props.token("user", "")?).into_bytes())];
    let steps = [
        ("now", now, None, None),
        ("a day later", now + 86_400, Some(401), Some("token_expired")),
        ("back", now, None, None),
        ("in 1970", 0, Some(503), Some("internal")),
        ("at the end of time", u64::MAX, Some(503), Some("internal")),
        ("back again", now, None, None),
    ];
    for (what, time, status, reason) in steps {
        let head = Head { method: b"GET", target: b"/v1/threads", headers: &headers, request_id: "check" };
        let step = gate.authorize(&head, time)?;
        let verdict = &step["verdict"];
        let got = (&verdict["decision"]["deny"]["status"], &verdict["diagnostics"]["reason"]);
        let wrong = *got.0 != json!(status) || *got.1 != json!(reason);
        summary.count(wrong.then(|| format!("{what}: got {got:?}, expected {status:?} and {reason:?}")));
    }
    Ok(())
}
