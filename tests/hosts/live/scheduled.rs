//! A Worker that a cron trigger wakes.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use portcullis_test_support::client::Request;
use portcullis_test_support::identity_provider::{Fault, IdentityProvider, KEYS, Signing};
use portcullis_test_support::patience::PATIENCE;
use portcullis_test_support::root::target;
use portcullis_test_support::summary::Summary;
use serde_json::json;

use crate::scene::{Scene, expect, issuer_by_url};
use portcullis_host_tests::hosts::Running;

/// A bare workerd has no cron: a copy of the Worker takes a request for this as the trigger.
const TRIGGER: &str = "/__scheduled";

/// The trigger fetches what is due, and says how the sources are: the first caller waits for nothing.
pub(crate) fn scheduled(summary: &mut Summary) -> Result<()> {
    let artefact = Running::worker()?;
    let dir = target("scheduled-worker");
    fs::create_dir_all(&dir)?;
    fs::copy(artefact.join("index_bg.wasm"), dir.join("index_bg.wasm"))?;
    let script = fs::read_to_string(artefact.join("worker.mjs"))?;
    let (rest, exported) = script.rsplit_once("export{").context("the Worker exports nothing")?;
    let name = exported.split(" as default").next().context("the Worker exports no default")?;
    let copy = format!(
        "{rest};export default {{ ...{name}, async fetch(request, env, context) {{
           if (!request.url.endsWith('{TRIGGER}')) return {name}.fetch(request, env, context);
           await {name}.scheduled(null, env, context);
           return new Response();
         }} }};"
    );
    fs::write(dir.join("worker.mjs"), copy)?;

    let provider = IdentityProvider::start_with(&[Signing::Es256])?;
    let issuer = issuer_by_url(&provider);
    let scene = Scene::start_worker(&dir, "scheduled", provider, json!({"issuers": [issuer]}))?;
    expect(summary, "the trigger", scene.send(&Request::new("GET", TRIGGER))?.status, 200);
    let status = r#"{"sources":[{"kind":"#;
    let started = Instant::now();
    while !scene.host.log().contains(status) && started.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(20));
    }
    expect(summary, "a line about the sources", scene.host.log().contains(status), true);
    scene.provider.fail_at(KEYS, Fault::Down);
    let token = scene.provider.token("ES256-1", "alice", "user")?;
    expect(summary, "the first caller", scene.ask(&token)?.status, 200);
    expect(summary, "fetches", scene.provider.requests(KEYS), 1);
    Ok(())
}
