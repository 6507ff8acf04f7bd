//! An instance that serves many requests, one after the other: it keeps what it has compiled, and nothing of a request.

use std::path::Path;

use anyhow::Result;
use portcullis_host_tests::runtime;
use portcullis_test_support::client::Request;
use portcullis_test_support::host::component::WasmtimeServe;
use portcullis_test_support::origin::builtin::Builtin;
use portcullis_test_support::origin::tokens;
use portcullis_test_support::summary::Summary;
use serde_json::{Value, json};

use crate::props::Props;
use crate::served::Served;

/// Requests of each caller; all of them fit into one instance.
const ROUNDS: usize = 8;

pub(crate) fn check(component: &Path, props: &Props, summary: &mut Summary) -> Result<()> {
    let runtime = &runtime()?;
    let origin = runtime.block_on(Builtin::start(props.secret("ORIGIN_JWT_SECRET")?))?;
    let mut environment = props.environment(&format!("http://{}", origin.address()));
    let mut config: Value = serde_json::from_str(&props.config)?;
    config["cors"] = json!({"allowed_origins": ["*"]});
    environment.insert("PORTCULLIS_CONFIG".to_string(), config.to_string());
    let serve = WasmtimeServe::start(component, &environment, &[], "check-instances")?;
    let gate = Served { serve, runtime };

    let token = |subject: &str| {
        let claims = json!({
            "iss": "https://login.example.com",
            "aud": "agentflow",
            "sub": subject,
            "roles": ["user"],
            "exp": tokens::now_secs().saturating_add(300),
        });
        tokens::sign(claims, props.secret("JWT_SECRET_KEY")?)
    };
    let callers = [("alice", Some(token("alice")?)), ("bob", Some(token("bob")?)), ("nobody", None)];
    for round in 0..ROUNDS {
        for (name, token) in &callers {
            let request = Request::new("GET", format!("/v1/threads?round={round}&caller={name}"));
            let arrived = origin.arrivals().len();
            match token {
                Some(token) => gate.expect(name, &request.bearer(token), 200, None, summary)?,
                None => gate.expect(name, &request, 401, Some("credential_missing"), summary)?,
            };
            let arrivals = origin.arrivals().split_off(arrived);
            let subjects: Vec<_> =
                arrivals.iter().flat_map(|arrival| arrival.header("x-auth-subject")).collect();
            let due: Vec<&str> = token.iter().map(|_| *name).collect();
            summary.count((subjects != due).then(|| format!("{name}: the origin saw {subjects:?}")));
        }
    }
    let mut ids: Vec<_> = gate.serve.decisions().iter().map(|line| line["request_id"].to_string()).collect();
    ids.sort_unstable();
    ids.dedup();
    let requests = ROUNDS * callers.len();
    summary
        .count((ids.len() != requests).then(|| format!("{} identifiers of {requests} requests", ids.len())));
    // Once for the life of an instance; the machine may be slow enough for a second one.
    let log = gate.serve.log();
    for said in ["is loaded", "/cors/allowed_origins"] {
        let times = log.lines().filter(|line| line.contains(said)).count();
        let fine = (1..=3).contains(&times);
        summary
            .count((!fine).then(|| format!("`{said}` is said {times} times in {requests} requests: {log}")));
    }
    Ok(())
}
