//! The filter in Envoy beside Envoy's own filters, which do the same to the same tokens.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result};
use portcullis_test_support::build;
use portcullis_test_support::host::envoy::{Envoy, EnvoySettings};
use portcullis_test_support::identity_provider::Signing;
use portcullis_test_support::root::target;
use portcullis_test_support::step::{Step, step};
use serde_json::{Value, json};

use super::page::Section;
use super::row::{Aim, Row, median};
use super::tokens::{AUDIENCE, NEW, REMEMBERED, REPEATED, Tokens};
use super::wrk::Wrk;

/// A path that AgentFlow's users may GET.
const PATH: &str = "/v1/threads";
/// The listeners, by their numbers.
const OURS: usize = 0;
const PEER: usize = 1;
const NOTHING: usize = 2;
const SIDES: [&str; 3] = ["Portcullis", "Envoy's own filters", "no gate"];

/// What tokens are signed with, and the least ratio for new ones.
const ALGORITHMS: [(&str, Option<Signing>, f64); 4] = [
    ("HS256", None, 1.25),
    ("EdDSA", Some(Signing::EdDsa), 0.9),
    ("ES256", Some(Signing::Es256), 1.0),
    ("RS256", Some(Signing::Rs256), 1.0),
];
/// The least ratio for repeated ones.
const LIMIT_REPEATED: f64 = 0.9;

/// Measures all of it.
///
/// # Errors
///
/// If Envoy does not start, or a good token is refused by either side.
pub(super) fn section(rounds: u32, seconds: u64) -> Result<Section> {
    let rows = rows(rounds, seconds)?;
    let notes = "RS256 is verified by Envoy's BoringSSL on both sides; so is ES256 at first, until our key has a table of its own ([Signatures](envoy.md#signatures)).";
    Ok(Section {
        title: "Envoy",
        about: about(rounds, seconds),
        what: "tokens",
        rows,
        decimals: 0,
        notes: notes.to_owned(),
    })
}

fn about(rounds: u32, seconds: u64) -> String {
    format!(
        "`cargo xtask bench envoy --rounds {rounds} --seconds {seconds}`: requests per second of one Envoy with one \
         worker that answers by itself (`direct_response`), so that all of the time is the gate's and Envoy's own. \
         The peer is Envoy's `jwt_authn` with two claims copied to headers, and `rbac` on one of them; Portcullis \
         verifies the same tokens, sets its identity headers and decides by AgentFlow's roles. Medians of \
         {rounds} turns of {seconds} s each. The log is off on both sides.\n\
         New tokens: 2,000 in turn, with a memory of 64 and no `jwt_cache_config`, so that every signature is \
         verified. Repeated: 100 in turn, with the memory as it is and with `jwt_cache_config`."
    )
}

fn rows(rounds: u32, seconds: u64) -> Result<Vec<Row>> {
    let artefact = step("build the Envoy filter", build::proxy_wasm)?;
    let wrk = step("wrk", |step| Wrk::new(target("bench"), step))?;
    let mut rows = Vec::new();
    for (name, signing, limit) in ALGORITHMS {
        let tokens = step(&format!("sign {NEW} tokens with {name}"), |_| Tokens::signed_by(signing))?;
        for (what, count, limit) in [("new", NEW, limit), ("repeated", REPEATED, LIMIT_REPEATED)] {
            let title = format!("{name}, {what}");
            rows.push(step(&title, |step| {
                let file = wrk.keep(&format!("{name}-{what}.txt"), &tokens.tokens[..count])?;
                let envoy = start(&artefact.path, &tokens, what == "repeated", step)?;
                let mut rates = [Vec::new(), Vec::new(), Vec::new()];
                for round in 0..=rounds {
                    for (listener, rates) in rates.iter_mut().enumerate() {
                        let rate = wrk.rate(envoy.address(listener), PATH, &file, seconds, step);
                        let rate = rate.with_context(|| SIDES[listener])?;
                        // The first turn of each compiles its code.
                        if round > 0 {
                            rates.push(rate);
                        }
                    }
                }
                let [ours, peer, nothing] = rates.map(median);
                let row = Row::new(&title, ours?).beside("no gate", nothing?, None);
                let row = row.beside("`jwt_authn` + `rbac`", peer?, Aim::AtLeast(limit));
                step.say(&row.ratios());
                Ok(row)
            })?);
        }
    }
    Ok(rows)
}

/// One Envoy with a listener for each side, all of which answer by themselves.
fn start(wasm: &Path, tokens: &Tokens, repeated: bool, step: &Step) -> Result<Envoy> {
    let mut document = json!({"profile": "agentflow", "issuers": [tokens.ours]});
    if !repeated {
        document["memory"] = json!({"entries": REMEMBERED});
    }
    let settings = EnvoySettings {
        config: document.to_string(),
        secrets: tokens.secrets.clone(),
        // Nobody is asked.
        origin: SocketAddr::from(([127, 0, 0, 1], 9)),
    };
    let change = |index: usize, listener: &mut Value| {
        let Some(manager) = listener.pointer_mut("/filter_chains/0/filters/0/typed_config") else { return };
        manager["route_config"]["virtual_hosts"][0]["routes"] =
            json!([{"match": {"prefix": "/"}, "direct_response": {"status": 200}}]);
        let Some(filters) = manager["http_filters"].as_array_mut() else { return };
        match index {
            PEER => drop(filters.splice(..1, peer(tokens, repeated))),
            NOTHING => drop(filters.remove(0)),
            _ => {}
        }
    };
    let all = [OURS, PEER, NOTHING].map(|_| settings.clone());
    let envoy = Envoy::start_changed(&all, wasm, "bench", change, step)?;
    envoy.be_quiet().context("the log")?;
    Ok(envoy)
}

/// Envoy's own filters.
fn peer(tokens: &Tokens, repeated: bool) -> [Value; 2] {
    let types = "type.googleapis.com/envoy.extensions.filters.http";
    let header = |claim: &str| json!({"claim_name": claim, "header_name": format!("x-{claim}")});
    let mut provider = json!({
        "issuer": tokens.issuer,
        "audiences": [AUDIENCE],
        "local_jwks": {"inline_string": tokens.peer.to_string()},
        "forward": true,
        "claim_to_headers": [header("sub"), header("role")],
    });
    if repeated {
        provider["jwt_cache_config"] = json!({"jwt_cache_size": 1024});
    }
    let authn = json!({
        "@type": format!("{types}.jwt_authn.v3.JwtAuthentication"),
        "providers": {"issuer": provider},
        "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "issuer"}}],
    });
    let users = json!({
        "permissions": [{"and_rules": {"rules": [
            {"url_path": {"path": {"exact": PATH}}},
            {"header": {"name": ":method", "string_match": {"exact": "GET"}}},
        ]}}],
        "principals": [{"header": {"name": "x-role", "string_match": {"exact": "user"}}}],
    });
    let rbac = json!({
        "@type": format!("{types}.rbac.v3.RBAC"),
        "rules": {"action": "ALLOW", "policies": {"users": users}},
    });
    [json!({"name": "jwt_authn", "typed_config": authn}), json!({"name": "rbac", "typed_config": rbac})]
}
