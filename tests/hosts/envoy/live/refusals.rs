//! Names of clusters that Envoy must not start with.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::Result;
use portcullis_test_support::artefact::ProxyWasmArtefact;
use portcullis_test_support::host::envoy::Envoy;
use portcullis_test_support::step::step;
use portcullis_test_support::summary::Summary;

use crate::refused::not_refused;
use crate::setup::{config, secrets, settings};

pub(crate) fn clusters_refused(artefact: &ProxyWasmArtefact, summary: &mut Summary) -> Result<()> {
    let nobody = SocketAddr::from(([127, 0, 0, 1], 9));
    for (name, value, said) in [
        ("PORTCULLIS_CLUSTERS", "idp.example", "is not of the form host=cluster"),
        ("PORTCULLIS_CLUSTERS", "https://idp.example=idp", "without https://"),
        ("PORTCULLIS_CLUSTERS", "idp.example=a,idp.example=b", "names two clusters"),
        ("PORTCULLIS_ORIGIN_HOST", "http://api", "is no host"),
    ] {
        let mut variables: BTreeMap<_, _> = secrets()?;
        variables.insert(name.to_owned(), value.to_owned());
        let settings = settings(&config(), &variables, nobody);
        let outcome =
            step("ask Envoy", |step| Envoy::start(&[settings], &artefact.path, "check-clusters", step));
        summary.count(not_refused(value, outcome.err(), &["no request is allowed", name, said]));
    }
    Ok(())
}
