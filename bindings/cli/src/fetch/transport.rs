//! HTTP: one request, one answer, as the gate's calls are meant.

use core::time::Duration;
use std::io::Read as _;
use std::sync::Arc;

use portcullis::Call;
use portcullis::limits::REPLY_BYTES;
use portcullis_analysis::explain::Answer;
use ureq::http::Request;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// What sends requests: certificates are those that the machine trusts, proxies those of its environment.
pub(super) fn agent() -> ureq::Agent {
    let trusted = rustls_native_certs::load_native_certs().certs;
    let trusted: Vec<_> =
        trusted.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect();
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&trusted))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    ureq::Agent::config_builder()
        .tls_config(tls)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .user_agent(concat!("portcullis/", env!("CARGO_PKG_VERSION")))
        .build()
        .into()
}

/// The answer to `call`, which goes to `url`, or why there is none.
pub(super) fn send(agent: &ureq::Agent, call: &Call, url: &str, timeout: Duration) -> Result<Answer, String> {
    let mut request = Request::builder().method(call.method()).uri(url);
    for (name, value) in call.headers() {
        request = request.header(name, value);
    }
    // Neither repeats a header: a credential may stand in one.
    let request = request.body(call.body()).map_err(|_| "the request cannot be written".to_owned())?;
    let request = agent.configure_request(request).timeout_global(Some(timeout)).build();
    let answer = agent.run(request).map_err(|error| error.to_string())?;
    let (parts, body) = answer.into_parts();
    let text = |value: &ureq::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = parts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    let mut bytes = Vec::new();
    let limit = u64::try_from(REPLY_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    body.into_reader().take(limit).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    Ok(Answer { status: parts.status.as_u16(), headers, body: bytes })
}
