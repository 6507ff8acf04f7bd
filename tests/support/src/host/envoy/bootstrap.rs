//! Envoy's whole configuration.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};

use super::settings::EnvoySettings;

/// The upgrades that Envoy lets its filters see; it refuses any other by itself. Those besides the first are for the gate
/// to refuse: an operator may have listed them.
const UPGRADES: [&str; 4] = ["websocket", "websocket, x", "h2c, websocket", "websocket,"];

/// The authorities that this machine trusts.
const TRUSTED: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Ports are left to the system, but for `first`; a listener's name is its number.
pub(super) fn bootstrap(listeners: &[EnvoySettings], wasm: &Path, first: Option<SocketAddr>) -> Value {
    let numbered = || listeners.iter().enumerate();
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let address = |index| first.filter(|_| index == 0).unwrap_or(any);
    let origins = numbered().map(|(index, settings)| static_cluster(&origin(index), settings.origin));
    // Several documents may name one place.
    let called: BTreeMap<String, Value> =
        listeners.iter().flat_map(|settings| called(&settings.config)).collect();
    json!({
        "admin": {"address": socket(SocketAddr::from(([127, 0, 0, 1], 0)))},
        "static_resources": {
            "listeners": numbered()
                .map(|(index, settings)| listener(index, settings, wasm, address(index)))
                .collect::<Vec<_>>(),
            "clusters": origins.chain(called.into_values()).collect::<Vec<_>>(),
        },
    })
}

fn socket(address: SocketAddr) -> Value {
    json!({"socket_address": {"address": address.ip().to_string(), "port_value": address.port()}})
}

/// The cluster of the origin behind the listener of that number.
fn origin(index: usize) -> String {
    format!("origin-{index}")
}

/// A cluster of one server at a known address.
fn static_cluster(name: &str, address: SocketAddr) -> Value {
    let endpoint = json!({"endpoint": {"address": socket(address)}});
    json!({
        "name": name,
        "type": "STATIC",
        "connect_timeout": "2s",
        // As in the examples: Python's servers close a connection that rests after 5 seconds.
        "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
            "common_http_protocol_options": {"idle_timeout": "4s"},
            "explicit_http_config": {"http_protocol_options": {}},
        }},
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
    })
}

/// The clusters that the gate calls by itself, by name: those of the URLs from which `document` fetches keys and its bundle, or at
/// which it asks who somebody is. Where metadata lead elsewhere, that cluster is missing.
fn called(document: &str) -> Vec<(String, Value)> {
    let document: Value = serde_json::from_str(document).unwrap_or_default();
    let fetched = document["issuers"].as_array().into_iter().flatten().flat_map(|issuer| {
        let discovered = Some(&issuer["issuer"]).filter(|_| issuer["discover"] == true);
        discovered.into_iter().chain([&issuer["jwks"]["url"]])
    });
    let others = [&document["bundle"]["url"], &document["identity"]["ask"]];
    let urls = fetched.chain(others).filter_map(Value::as_str);
    urls.filter_map(cluster_of).collect()
}

/// The cluster for `url`, and its name, which is how the filter looks for it.
fn cluster_of(url: &str) -> Option<(String, Value)> {
    let (scheme, rest) = url.split_once("://")?;
    let name = rest.split(['/', '?']).next()?.to_owned();
    if let ("http", Ok(address)) = (scheme, name.parse()) {
        return Some((name.clone(), static_cluster(&name, address)));
    }
    let (host, port) = name.split_once(':').unwrap_or((&name, if scheme == "https" { "443" } else { "80" }));
    let port: u16 = port.parse().ok()?;
    let endpoint =
        json!({"endpoint": {"address": {"socket_address": {"address": host, "port_value": port}}}});
    let mut cluster = json!({
        "name": name,
        "type": "STRICT_DNS",
        "connect_timeout": "2s",
        // Whoever does not answer keeps nobody from starting.
        "wait_for_warm_on_init": false,
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
    });
    if scheme == "https" {
        cluster["transport_socket"] = json!({"name": "tls", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
            "sni": host,
            "common_tls_context": {"validation_context": {
                "trusted_ca": {"filename": TRUSTED},
                "match_typed_subject_alt_names": [{"san_type": "DNS", "matcher": {"exact": host}}],
            }},
        }});
    }
    Some((name.clone(), cluster))
}

/// The environment of the VM.
fn variables(index: usize, settings: &EnvoySettings) -> BTreeMap<String, String> {
    let mut variables = settings.secrets.clone();
    let document: Value = serde_json::from_str(&settings.config).unwrap_or_default();
    // Only where the origin is asked: each environment takes a VM of its own.
    if asks_origin(&document) {
        variables.insert("PORTCULLIS_CLUSTERS".to_owned(), format!("origin={}", origin(index)));
    }
    variables
}

/// Whether the origin may be asked about callers or objects: `identity`, `objects`, or a binding that asks.
fn asks_origin(document: &Value) -> bool {
    let routes = document["policy"]["routes"].as_object();
    let bindings = routes.into_iter().flatten().filter_map(|(_, route)| route["where"].as_object()).flatten();
    let is_there = |pointer: &str| document.pointer(pointer).is_some_and(|value| !value.is_null());
    ["/identity", "/policy/objects"].into_iter().any(is_there)
        || bindings.into_iter().any(|(_, binding)| !binding["ask"].is_null())
}

/// How much of a body Envoy has to hold: 1 MiB, as if nothing were said, but 16 MiB where the gate reads uploads.
fn buffer_bytes(config: &str) -> usize {
    let document: Value = serde_json::from_str(config).unwrap_or_default();
    if document.pointer("/policy/objects").is_some() { (16 << 20) + 1 } else { 1 << 20 }
}

/// As in `examples/agentflow/envoy.yaml`, but without Envoy's ceilings on headers, so that the filter's own show.
fn listener(index: usize, settings: &EnvoySettings, wasm: &Path, address: SocketAddr) -> Value {
    let types = "type.googleapis.com/envoy.extensions.filters";
    let filter = json!({
        "name": format!("portcullis-{index}"),
        "failure_policy": "FAIL_RELOAD",
        "allow_on_headers_stop_iteration": true,
        "configuration": {"@type": "type.googleapis.com/google.protobuf.StringValue", "value": settings.config},
        "vm_config": {
            // One for all: Envoy compiles the module once for each set of secrets, which takes seconds, and starts the
            // plugin once for each configuration.
            "vm_id": "portcullis",
            "runtime": "envoy.wasm.runtime.v8",
            "code": {"local": {"filename": wasm}},
            "environment_variables": {"key_values": variables(index, settings)},
        },
    });
    let manager = json!({
        "@type": format!("{types}.network.http_connection_manager.v3.HttpConnectionManager"),
        "stat_prefix": "gate",
        "use_remote_address": true,
        "always_set_request_id_in_response": true,
        "max_request_headers_kb": 512,
        "common_http_protocol_options": {"max_headers_count": 2000},
        "upgrade_configs": UPGRADES.map(|name| json!({"upgrade_type": name})),
        "route_config": {"virtual_hosts": [{
            "name": "origin",
            "domains": ["*"],
            "routes": [{
                "match": {"prefix": "/"},
                "route": {"cluster": origin(index), "timeout": "0s"},
            }],
        }]},
        "http_filters": [
            {
                "name": "portcullis",
                "typed_config": {"@type": format!("{types}.http.wasm.v3.Wasm"), "config": filter},
            },
            {"name": "router", "typed_config": {"@type": format!("{types}.http.router.v3.Router")}},
        ],
    });
    json!({
        "name": index.to_string(),
        "address": socket(address),
        "per_connection_buffer_limit_bytes": buffer_bytes(&settings.config),
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{asks_origin, called};

    #[test]
    fn there_is_a_cluster_for_every_place_that_is_called() {
        let document = json!({
            "issuers": [
                {"issuer": "https://known.example", "keys": []},
                {"issuer": "https://idp.example/realms/a", "discover": true},
                {"issuer": "https://other.example", "jwks": {"url": "http://127.0.0.1:9000/keys"}},
            ],
            "bundle": {"url": "https://cdn.example/gate.jws"},
            "identity": {"ask": "https://idp.example:8443/introspect"},
        });
        let clusters = called(&document.to_string());
        let names: Vec<_> = clusters.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["idp.example", "127.0.0.1:9000", "cdn.example", "idp.example:8443"]);
        let types: Vec<_> = clusters.iter().map(|(_, cluster)| cluster["type"].as_str()).collect();
        assert_eq!(types, [Some("STRICT_DNS"), Some("STATIC"), Some("STRICT_DNS"), Some("STRICT_DNS")]);
        let secured: Vec<_> =
            clusters.iter().map(|(_, cluster)| cluster["transport_socket"].is_object()).collect();
        assert_eq!(secured, [true, false, true, true]);
        assert!(called("{}").is_empty() && called("").is_empty());
    }

    #[test]
    fn the_origin_is_asked_about_callers_and_about_objects() {
        let with = |binding| json!({"policy": {"routes": {"GET /a/{id}": {"access": "a", "where": {"path.id": binding}}}}});
        assert!(asks_origin(&json!({"identity": {"ask": "/me"}})));
        assert!(asks_origin(&json!({"policy": {"objects": "origin"}})));
        assert!(asks_origin(&with(json!({"ask": "/a/{}"}))));
        assert!(!asks_origin(&with(json!("/a"))));
        assert!(
            !asks_origin(&json!({"policy": {"routes": {"GET /a": "public"}}})) && !asks_origin(&json!(null))
        );
    }
}
