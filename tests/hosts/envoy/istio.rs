//! The example for Istio: valid by the models of the resource that the package `@kubernetes-models/istio` makes from Istio's
//! own definition, and with a configuration that the gate loads. Of the definition, the rules in the Common Expression
//! Language are not evaluated.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use portcullis_test_support::artefact::ProxyWasmArtefact;
use portcullis_test_support::host::envoy::{Envoy, EnvoySettings};
use portcullis_test_support::native::Native;
use portcullis_test_support::origin::tokens;
use portcullis_test_support::root::{root, target};
use portcullis_test_support::step::step;
use portcullis_test_support::summary::Summary;
use portcullis_test_support::tools::node;
use serde_json::{Value, json};

/// Where Istio keeps the plugin's configuration.
const CONFIG: &str = "/spec/pluginConfig";
/// What Istio shows the plugin by.
const NAME: &str = "/metadata/name";

/// The folder of the example.
fn example() -> PathBuf {
    root().join("examples").join("agentflow")
}

/// The document of a file of the example.
fn yaml(name: &str) -> Result<Value> {
    step(&format!("read {name}"), |step| node::yaml(step, &example().join(name)))
}

/// The example's resource.
fn plugin() -> Result<Value> {
    yaml("istio-wasmplugin.yaml")
}

/// The resource fits the models, and a resource with a mistake does not: neither an unknown member, which the API server
/// refuses too for `kubectl apply`, nor another value.
pub(crate) fn resource(summary: &mut Summary) -> Result<()> {
    let plugin = &plugin()?;
    let name = plugin.pointer(NAME);
    summary.count((name != Some(&json!("portcullis"))).then(|| format!("{NAME}: got {name:?}")));

    let with = |pointer: &str, name: &str, value: Value| {
        let mut plugin = plugin.clone();
        if let Some(parent) = plugin.pointer_mut(pointer) {
            parent[name] = value;
        }
        plugin
    };
    let mut nameless = plugin.clone();
    nameless["spec"].as_object_mut().context("the resource has no `spec`")?.remove("url");
    // Each with what must be said about it.
    let mistakes = [
        (
            "a misspelt member",
            with("/spec", "failStrategi", json!("FAIL_CLOSE")),
            r#"'"failStrategi"' does not exist"#,
        ),
        (
            "a misspelt member below",
            with("/spec/vmConfig/env/0", "valueForm", json!("HOST")),
            r#"'"valueForm"' does not exist"#,
        ),
        ("a misspelt member above", with("", "specs", json!({})), r#"'"specs"' does not exist"#),
        (
            "a misspelt member beside",
            with("/metadata", "namespase", json!("a")),
            r#"'"namespase"' does not exist"#,
        ),
        ("an unknown value", with("/spec", "failStrategy", json!("FAIL_CLOSED")), "/spec/failStrategy"),
        ("a value of another type", with("/spec", "pluginConfig", json!("{}")), CONFIG),
        ("no module", nameless, "/spec: must have required property url"),
        ("another version", with("", "apiVersion", json!("extensions.istio.io/v1")), "/apiVersion"),
        ("another kind", with("", "kind", json!("EnvoyFilter")), "/kind"),
    ];
    let documents: Vec<_> =
        [plugin].into_iter().chain(mistakes.iter().map(|(_, plugin, _)| plugin)).cloned().collect();
    let problems = step("Istio's models", |step| node::wasm_plugins(step, &target("istio"), &documents))?;
    ensure!(problems.len() == documents.len(), "the models answered {problems:?}");
    let mut problems = problems.into_iter();
    let of_the_example = problems.next().unwrap_or_default();
    summary.count(
        (!of_the_example.is_empty()).then(|| format!("istio-wasmplugin.yaml: {}", of_the_example.join("; "))),
    );
    for ((what, _, named), found) in mistakes.iter().zip(problems) {
        let seen = found.iter().any(|problem| problem.contains(named));
        summary.count((!seen).then(|| format!("istio-wasmplugin.yaml with {what}: got {found:?}")));
    }
    Ok(())
}

/// One deployment, the same in every file of the example.
pub(crate) fn same_as_elsewhere(summary: &mut Summary) -> Result<()> {
    let plugin = &plugin()?;
    let config = &plugin["spec"]["pluginConfig"];
    let file = example().join("portcullis.json");
    let document: Value =
        serde_json::from_slice(&fs::read(&file)?).with_context(|| file.display().to_string())?;
    summary.count(
        (*config != document)
            .then(|| format!("istio-wasmplugin.yaml and portcullis.json differ: {config} and {document}")),
    );

    let envoy = yaml("envoy.yaml")?;
    let filter = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters/0";
    let wasm = envoy.pointer(&format!("{filter}/typed_config/config")).context("envoy.yaml has no filter")?;
    let there = &wasm["configuration"]["value"];
    summary.count(
        (config != there)
            .then(|| format!("istio-wasmplugin.yaml and envoy.yaml differ: {config} and {there}")),
    );
    let keys = &wasm["vm_config"]["environment_variables"]["host_env_keys"];
    let names = json!(names(plugin));
    summary.count(
        (names != *keys).then(|| format!("istio-wasmplugin.yaml hands over {names}, envoy.yaml {keys}")),
    );
    Ok(())
}

/// With the secrets that the resource hands over, the gate loads the configuration, here and in Envoy; with a mistake in
/// it, or without one of them, it does not.
pub(crate) fn loads(artefact: &ProxyWasmArtefact, summary: &mut Summary) -> Result<()> {
    let plugin = &plugin()?;
    let mut secrets = BTreeMap::new();
    for name in names(plugin) {
        secrets.insert(name.to_string(), tokens::secret()?);
    }
    // Istio writes it as JSON and hands it over in a `StringValue`.
    let config = plugin["spec"]["pluginConfig"].to_string();
    let misspelt = config.replacen("\"issuers\"", "\"isuers\"", 1);
    let mut fewer = secrets.clone();
    fewer.remove("ORIGIN_JWT_SECRET");
    for (what, config, secrets, said) in [
        ("as it is", &config, &secrets, None),
        ("with a misspelt member", &misspelt, &secrets, Some("/isuers")),
        ("without a secret", &config, &fewer, Some("ORIGIN_JWT_SECRET")),
    ] {
        let here = Native::load(config.as_bytes(), secrets, "vmConfig.env").err();
        let origin = SocketAddr::from(([127, 0, 0, 1], 9));
        let settings = EnvoySettings { config: config.clone(), secrets: secrets.clone(), origin };
        let there = step("ask Envoy", |step| Envoy::refusal(&settings, &artefact.path, "check-istio", step))?;
        for (host, problem) in [("the gate", here), ("Envoy", there)] {
            let right = match (said, &problem) {
                (None, None) => true,
                (Some(said), Some(problem)) => problem.contains(said),
                _ => false,
            };
            summary.count((!right).then(|| format!("pluginConfig {what}, in {host}: got {problem:?}")));
        }
    }
    Ok(())
}

/// The environment variables that the resource takes from the proxy's own.
fn names(plugin: &Value) -> Vec<&str> {
    let env = plugin.pointer("/spec/vmConfig/env").and_then(Value::as_array);
    let of_host = env.into_iter().flatten().filter(|variable| variable["valueFrom"] == "HOST");
    of_host.filter_map(|variable| variable["name"].as_str()).collect()
}
