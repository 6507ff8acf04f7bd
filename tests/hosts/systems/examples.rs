//! `examples/NAME`: one deployment in a file for each host.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;
use portcullis_host_tests::harness;
use portcullis_test_support::host::envoy::Envoy;
use portcullis_test_support::host::workerd::{COMPATIBILITY_DATE, COMPATIBILITY_FLAGS};
use portcullis_test_support::origin::tokens;
use portcullis_test_support::root::root;
use portcullis_test_support::step::step;
use portcullis_test_support::summary::Summary;
use portcullis_test_support::tools::node;
use serde_json::Value;

/// Where the document is in `envoy.yaml`.
const IN_ENVOY: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters/0/typed_config/config/configuration/value";

/// How long a cluster lets a connection rest.
const IDLE: &str = "/typed_extension_protocol_options/envoy.extensions.upstreams.http.v3.HttpProtocolOptions/common_http_protocol_options/idle_timeout";
/// After how many seconds uvicorn and hypercorn close one, which serve the origins: a request sent at that moment is lost.
const CLOSED_AFTER_SECS: u64 = 5;

/// The folders.
const NAMES: [&str; 3] = ["r2r", "rag-modulo", "ragflow"];

pub(crate) fn tests() -> Vec<Trial> {
    let test =
        |name| harness::checks(format!("systems::examples::{name}"), move |summary| example(name, summary));
    let connections = harness::checks("systems::examples::connections", connections);
    NAMES.map(test).into_iter().chain([connections]).collect()
}

/// Envoy ends a connection to the origin that rests before the origin does, in every example.
fn connections(summary: &mut Summary) -> Result<()> {
    for name in NAMES.into_iter().chain(["agentflow"]) {
        let yaml = root().join("examples").join(name).join("envoy.yaml");
        let configured = step("read envoy.yaml", |step| node::yaml(step, &yaml))?;
        let clusters = configured["static_resources"]["clusters"].as_array();
        let clusters = clusters.with_context(|| format!("{}: no clusters", yaml.display()))?;
        ensure!(!clusters.is_empty(), "{}: no clusters", yaml.display());
        for cluster in clusters {
            let idle = cluster.pointer(IDLE).and_then(Value::as_str);
            let secs = idle.and_then(|idle| idle.strip_suffix('s')?.parse::<u64>().ok());
            let soon = secs.is_some_and(|secs| secs < CLOSED_AFTER_SECS);
            summary.count((!soon).then(|| {
                format!("{}: connections of {} rest for {idle:?}", yaml.display(), cluster["name"])
            }));
        }
    }
    Ok(())
}

fn example(name: &str, summary: &mut Summary) -> Result<()> {
    let folder = root().join("examples").join(name);
    let read = |file: &str| {
        let path = folder.join(file);
        fs::read_to_string(&path).with_context(|| path.display().to_string())
    };
    let document: Value = serde_json::from_str(&read("portcullis.json")?)?;
    let wrangler = read("wrangler.toml")?;
    let deployed = wrangler.split("'''").nth(1).context("wrangler.toml has no document")?;
    let deployed: Value = serde_json::from_str(deployed).context("the document in wrangler.toml")?;
    let differs = deployed != document;
    summary.count(differs.then(|| format!("wrangler.toml has {deployed}, and portcullis.json {document}")));
    let dated = wrangler.contains(&format!("compatibility_date = \"{COMPATIBILITY_DATE}\""));
    summary
        .count((!dated).then(|| "wrangler.toml names another compatibility date than was tested".to_owned()));
    let flagged = wrangler.contains(COMPATIBILITY_FLAGS);
    summary.count((!flagged).then(|| format!("wrangler.toml lacks {COMPATIBILITY_FLAGS}")));
    for secret in secrets(&document) {
        let told = wrangler.contains(&format!("wrangler secret put {secret}"));
        summary.count((!told).then(|| format!("wrangler.toml does not say how {secret} gets there")));
    }
    let yaml = folder.join("envoy.yaml");
    let configured = step("read envoy.yaml", |step| node::yaml(step, &yaml))?;
    let configured = configured.pointer(IN_ENVOY).context("envoy.yaml has no document")?;
    let differs = *configured != document;
    summary.count(differs.then(|| format!("envoy.yaml has {configured}, and portcullis.json {document}")));
    envoy(&yaml, &secrets(&document), summary)
}

/// As a newcomer starts it, and then without one of its secrets.
fn envoy(yaml: &Path, names: &[String], summary: &mut Summary) -> Result<()> {
    ensure!(!names.is_empty(), "the document names no secret");
    let values = names.iter().map(|name| Ok((name.clone(), tokens::secret()?)));
    let mut secrets = values.collect::<Result<BTreeMap<_, _>>>()?;
    let accepted = step("ask Envoy", |step| Envoy::validate(yaml, &secrets, step));
    summary.count(accepted.err().map(|error| format!("envoy.yaml is not accepted: {error:#}")));
    // Empty rather than removed: this process may have one of its own that Envoy would inherit.
    secrets.insert(names[0].clone(), String::new());
    let refused = step("ask Envoy", |step| Envoy::validate(yaml, &secrets, step)).err();
    let told = refused.is_some_and(|error| format!("{error:#}").contains(&names[0]));
    summary.count((!told).then(|| format!("envoy.yaml without {}: Envoy says nothing of it", names[0])));
    Ok(())
}

/// The secrets that a document names.
fn secrets(value: &Value) -> Vec<String> {
    match value {
        Value::Object(members) => match members.get("env").and_then(Value::as_str) {
            Some(name) => vec![name.to_owned()],
            None => members.values().flat_map(secrets).collect(),
        },
        Value::Array(items) => items.iter().flat_map(secrets).collect(),
        _ => Vec::new(),
    }
}
