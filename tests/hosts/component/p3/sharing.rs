//! Many requests in one instance at the same time, each for its own caller.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use portcullis_host_tests::runtime;
use portcullis_test_support::client::{self, Request, Response};
use portcullis_test_support::summary::Summary;
use serde_json::json;

use super::gate::{serve, token};
use super::origin::{Origin, TOGETHER};
use crate::props::Props;

/// How often; all requests fit into one instance.
const ROUNDS: usize = 4;
/// How long a request may take to the origin.
const ARRIVAL: Duration = Duration::from_secs(10);

/// As many requests as an instance takes at a time wait for one another at the origin; then each must get what is its own.
pub(crate) fn check(component: &Path, props: &Props, summary: &mut Summary) -> Result<()> {
    let runtime = runtime()?;
    let origin = runtime.block_on(Origin::start())?;
    let gate = serve(component, props, origin.address, &[], "check-p3-sharing")?;
    let callers: Result<Vec<_>> = (0..TOGETHER)
        .map(|caller| {
            let subject = format!("caller-{caller}");
            Ok((token(props, &subject)?, subject))
        })
        .collect();
    let callers = callers?;
    let mut ids = BTreeSet::new();
    for round in 0..ROUNDS {
        let requests: Vec<_> = callers
            .iter()
            .map(|(token, subject)| {
                let body = json!({"user": subject, "round": round}).to_string();
                (Request::new("POST", "/mine").bearer(token).json(&body), body)
            })
            .collect();
        let responses = runtime.block_on(together(gate.address(), &origin, &requests))?;
        for ((response, (_, subject)), (_, body)) in responses.into_iter().zip(&callers).zip(&requests) {
            let (id, seen) = (response.header("x-request-id").map(str::to_owned), response.json());
            let due = json!({"subject": subject, "request_id": id, "body": body});
            summary.count((seen != due).then(|| format!("{subject} got {seen}, not {due}")));
            ids.extend(id);
        }
    }
    let due = ROUNDS * TOGETHER;
    summary.count((ids.len() != due).then(|| format!("{} identifiers of {due} requests", ids.len())));
    // Said at the second request of each instance; the machine may be slow enough for more than one a round.
    let log = gate.log();
    let instances = log.lines().filter(|line| line.contains("is loaded")).count();
    summary.count(
        (instances == 0 || instances > 2 * ROUNDS)
            .then(|| format!("{due} requests, {TOGETHER} at a time, in {instances} instances: {log}")),
    );
    Ok(())
}

/// Sends each request when the one before has reached the origin, which answers when it has all of them.
async fn together(
    address: SocketAddr,
    origin: &Origin,
    requests: &[(Request, String)],
) -> Result<Vec<Response>> {
    let before = origin.arrivals();
    let mut sent = Vec::new();
    for (index, (request, _)) in requests.iter().enumerate() {
        let request = request.clone();
        sent.push(tokio::spawn(async move { client::send(address, &request).await }));
        let started = Instant::now();
        while origin.arrivals() <= before + index {
            ensure!(started.elapsed() < ARRIVAL, "request {index} does not arrive");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    let mut responses = Vec::new();
    for response in sent {
        responses.push(response.await??);
    }
    Ok(responses)
}
