//! The component of the world `middleware`, in one component with a service.

use anyhow::Result;
use portcullis_host_tests::{bound, runtime};
use portcullis_test_support::build;
use portcullis_test_support::client::Request;
use portcullis_test_support::host::component::WasmtimeServe;
use portcullis_test_support::step::step;
use portcullis_test_support::summary::Summary;
use serde_json::{Value, json};

use crate::props::{NO_STORE, NOBODY, Props};
use crate::served::Served;
use crate::{bodies, live};

/// In one component with the service of the example, which answers with what it received.
pub(crate) fn check(props: &Props, summary: &mut Summary) -> Result<()> {
    let runtime = &runtime()?;
    let composed = step("build the service behind the middleware", build::guarded_service)?;

    let start = |mut config: Value, upstream: Value, name: &str| {
        config["upstream"] = upstream;
        // The caller's token goes on as it is: it must be one of AgentFlow's own.
        config["issuers"][0]["claims"]["subject"] = "/user_id".into();
        let mut environment = props.environment(NOBODY);
        environment.insert("PORTCULLIS_CONFIG".to_string(), config.to_string());
        let serve = WasmtimeServe::start(&composed, &environment, &[], name)?;
        Ok::<_, anyhow::Error>(Served { serve, runtime })
    };
    let mut ordinary: Value = serde_json::from_str(&props.config)?;
    // Where the gate governs CORS it changes every response, which this world cannot.
    ordinary["cors"] = json!({});
    let unchanged = json!({"credential": "forward", "identity_headers": false});
    let gate = start(ordinary.clone(), unchanged.clone(), "check-middleware")?;
    let anonymous = Request::new("GET", "/v1/threads?limit=1");
    let user = anonymous.clone().bearer(&props.token("user", "")?);
    gate.expect("the service without a token", &anonymous, 401, Some("credential_missing"), summary)?;
    let guest = anonymous.bearer(&props.token("guest", "")?);
    gate.expect("the service and a guest", &guest, 403, Some("permission_missing"), summary)?;
    let response =
        gate.expect("the service and a user", &user.clone().header("X-Keep", "1"), 200, None, summary)?;
    let text = response.text();
    let received = text.contains("/v1/threads?limit=1") && text.to_ascii_lowercase().contains("x-keep");
    summary.count((!received).then(|| format!("the service received {text}")));
    let spoofed = user.clone().header("X-Auth-Subject", "root");
    let disguised = Request::new("GET", "//v1/%74hreads").bearer(&props.token("user", "")?);
    for (what, request) in [("a header to remove", &spoofed), ("a path to rewrite", &disguised)] {
        gate.expect(what, request, 503, Some("internal"), summary)?;
    }
    let gate = start(ordinary, json!({"credential": "forward"}), "check-middleware-identity")?;
    gate.expect("a header to add", &user, 503, Some("internal"), summary)?;

    let lookup = props.with_lookup()?;
    let swap = lookup["upstream"].clone();
    let gate = start(lookup, swap, "check-middleware-lookup")?;
    gate.expect("records to look up", &user, 503, Some("config_invalid"), summary)?;
    gate.expect_log("records to look up", NO_STORE, summary);

    let mut bodies = bodies::config(props, "enforce", true)?;
    bodies["cors"] = json!({});
    let gate = start(bodies, unchanged.clone(), "check-middleware-body")?;
    let body = Request::new("POST", bound::PATH).bearer(&props.token("user", "")?).json(bound::HERS);
    gate.expect("a body to compare", &body, 503, Some("internal"), summary)?;
    gate.expect_log("a body to compare", "cannot compare members of a body and hand it on", summary);
    let restricted = Request::new("GET", "/v1/threads/7").bearer(&props.token("user", "")?);
    let named = restricted.clone().header("Host", "api.example.com");
    gate.expect("the host of a route", &named, 200, None, summary)?;
    let other = restricted.header("Host", "other.example.com");
    gate.expect("another host", &other, 403, Some("route_unknown"), summary)?;

    let gate = start(bodies::config(props, "report", false)?, unchanged.clone(), "check-middleware-report")?;
    gate.expect("a guest in report mode", &guest, 200, Some("permission_missing"), summary)?;
    gate.expect("a body to compare in report mode", &body, 503, Some("internal"), summary)?;
    let gate = start(bodies::config(props, "report", true)?, unchanged, "check-middleware-told")?;
    gate.expect("a response to change", &guest, 503, Some("internal"), summary)?;
    let told = "cannot set the header `x-portcullis-reason` of the response";
    gate.expect_log("a response to change", told, summary);
    live::unchanged(&composed, summary)
}
