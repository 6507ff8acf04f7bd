//! The example for Istio: valid by the models of the resource that the package `@kubernetes-models/istio` makes from Istio's
//! own definition, and with a configuration that the gate loads. Of the definition, the rules in the Common Expression
//! Language are not evaluated.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use portcullis::{Gate, Secrets};
use serde_json::{Value, json};

use crate::demo::Summary;
use crate::host::envoy::{Envoy, EnvoySettings};
use crate::origin::tokens;
use crate::root::{root, target};
use crate::step::Step;
use crate::tools::node;

/// Where Istio keeps the plugin's configuration.
const CONFIG: &str = "/spec/pluginConfig";
/// What Istio shows the plugin by.
const NAME: &str = "/metadata/name";

/// The secrets that the resource hands to the plugin.
struct Handed(BTreeMap<String, String>);

impl Secrets for Handed {
    fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    fn remedy(&self, name: &str) -> String {
        format!("list {name} under vmConfig.env")
    }
}

/// Checks `examples/agentflow/istio-wasmplugin.yaml`, as it is and with mistakes in it.
pub(super) fn check(step: &Step, wasm: &Path, summary: &mut Summary) -> Result<()> {
    let example = root().join("examples").join("agentflow");
    let plugin = node::yaml(step, &example.join("istio-wasmplugin.yaml"))?;

    let name = plugin.pointer(NAME);
    summary.count((name != Some(&json!("portcullis"))).then(|| format!("{NAME}: got {name:?}")));
    resource(step, &plugin, summary)?;
    same_as_elsewhere(step, &plugin, &example, summary)?;
    loads(step, wasm, &plugin, summary)
}

/// The resource fits the models, and a resource with a mistake does not: neither an unknown member, which the API server
/// refuses too for `kubectl apply`, nor another value.
fn resource(step: &Step, plugin: &Value, summary: &mut Summary) -> Result<()> {
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
    let problems = node::wasm_plugins(step, &target("istio"), &documents)?;
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

/// One deployment, the same in every file of the example; API keys need a store, which Envoy does not have.
fn same_as_elsewhere(step: &Step, plugin: &Value, example: &Path, summary: &mut Summary) -> Result<()> {
    let config = &plugin["spec"]["pluginConfig"];
    let file = example.join("portcullis.json");
    let mut document: Value =
        serde_json::from_slice(&fs::read(&file)?).with_context(|| file.display().to_string())?;
    let removed = document.as_object_mut().and_then(|members| members.remove("api_keys"));
    ensure!(removed.is_some(), "{} has no API keys", file.display());
    summary.count((*config != document).then(|| {
        format!("istio-wasmplugin.yaml and portcullis.json without API keys differ: {config} and {document}")
    }));

    let envoy = node::yaml(step, &example.join("envoy.yaml"))?;
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
fn loads(step: &Step, wasm: &Path, plugin: &Value, summary: &mut Summary) -> Result<()> {
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
        let here = Gate::load(config.as_bytes(), &Handed(secrets.clone())).err();
        let here = here.map(|errors| errors.to_string());
        let origin = SocketAddr::from(([127, 0, 0, 1], 9));
        let settings = EnvoySettings { config: config.clone(), secrets: secrets.clone(), origin };
        let there = Envoy::refusal(&settings, wasm, "check-istio", step)?;
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
