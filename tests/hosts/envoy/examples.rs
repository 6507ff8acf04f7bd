//! `examples/*/envoy.yaml`.

use std::collections::BTreeMap;

use anyhow::Result;
use portcullis_test_support::host::envoy::Envoy;
use portcullis_test_support::origin::tokens;
use portcullis_test_support::root::root;
use portcullis_test_support::step::step;
use portcullis_test_support::summary::Summary;

use crate::refused::not_refused;

/// As a newcomer starts it, and then without one of its secrets.
pub(crate) fn envoy_yaml(summary: &mut Summary) -> Result<()> {
    let yaml = root().join("examples").join("agentflow").join("envoy.yaml");
    let mut secrets = BTreeMap::new();
    for name in ["JWT_SECRET_KEY", "ORIGIN_JWT_SECRET"] {
        secrets.insert(name.to_string(), tokens::secret()?);
    }
    let accepted = step("ask Envoy", |step| Envoy::validate(&yaml, &secrets, step));
    summary.count(accepted.err().map(|error| format!("envoy.yaml is not accepted: {error:#}")));

    // Empty rather than removed: this process may have one of its own that Envoy would inherit.
    secrets.insert("ORIGIN_JWT_SECRET".to_string(), String::new());
    let what = "envoy.yaml without ORIGIN_JWT_SECRET";
    let outcome = step("ask Envoy", |step| Envoy::validate(&yaml, &secrets, step));
    summary.count(not_refused(what, outcome.err(), &["/upstream/token/secret", "ORIGIN_JWT_SECRET"]));

    let yaml = root().join("examples").join("r2r").join("envoy.yaml");
    let secrets = BTreeMap::from([("R2R_SECRET_KEY".to_string(), tokens::secret()?)]);
    let accepted = step("ask Envoy", |step| Envoy::validate(&yaml, &secrets, step));
    summary.count(accepted.err().map(|error| format!("R2R's envoy.yaml is not accepted: {error:#}")));
    Ok(())
}
