//! The core itself, on this machine.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail, ensure};
use portcullis::Reason;
use portcullis_test_support::cases::case::{Case, Concrete};
use portcullis_test_support::cases::expect::{Response, Seen};
use portcullis_test_support::cases::suite::Suite;
use portcullis_test_support::native::{self, Decision, Head, Supply, Verdict, Wanted};

use crate::host::{Host, ResponseChanges, allowed};

/// A gate for each configuration, or what is wrong with it.
pub(crate) struct Native(BTreeMap<String, Result<native::Native, String>>);

impl Native {
    pub(crate) fn new(suite: &Suite) -> Self {
        let load = |(name, document): (&String, String)| {
            let place = "tests/cases/configurations.json";
            (name.clone(), native::Native::load(document.as_bytes(), &suite.secrets, place))
        };
        Self(suite.documents().map(load).collect())
    }
}

impl Host for Native {
    fn send(&mut self, suite: &Suite, case: &Case, request: &Concrete) -> Result<Seen> {
        let gate = match self.0.get(&case.configuration).context("no such configuration")? {
            Ok(gate) => gate,
            Err(said) => {
                let verdict = native::Native::config_invalid("case", request.now);
                let Decision::Deny(response) = &verdict.decision else { bail!("allowed without a gate") };
                return Ok(Seen::Unconfigured {
                    answer: Some(refused(response)),
                    reason: Some(Reason::ConfigInvalid.to_string()),
                    said: said.clone(),
                });
            }
        };
        let headers = request.header_bytes();
        let head = Head {
            method: request.method.as_bytes(),
            target: request.target.as_bytes(),
            headers: &headers,
            request_id: request.id,
        };
        let body = request.body.as_deref().unwrap_or_default().as_bytes();
        let verdict = gate.decide(&head, request.now, |need| {
            Ok::<_, anyhow::Error>(match need {
                Wanted::Body(_) => Supply::Body(body),
                Wanted::ApiKeyRecord(key) => suite.record(key),
            })
        })?;
        for (remembered, when) in gate
            .remembering(&head, request.now, body, &|key| suite.record(key))
            .iter()
            .zip(["at first", "once more", "after all the others"])
        {
            ensure!(
                same(&verdict, remembered),
                "with a memory, {when}: {:?}, and without: {:?}",
                remembered.diagnostics.error,
                verdict.diagnostics.error
            );
        }
        Ok(apply(&verdict, request))
    }
}

/// Whether two verdicts are one to caller and origin. When to ask again, a refusal may say in two ways.
fn same(one: &Verdict, other: &Verdict) -> bool {
    one.diagnostics.reason == other.diagnostics.reason
        && match (&one.decision, &other.decision) {
            (Decision::Allow(one), Decision::Allow(other)) => one == other,
            (Decision::Answer(one), Decision::Answer(other)) => one == other,
            (Decision::Deny(one), Decision::Deny(other)) => {
                (one.status, &one.body) == (other.status, &other.body)
            }
            _ => false,
        }
}

/// What the origin would receive if a host did what the verdict says.
fn apply(verdict: &Verdict, request: &Concrete) -> Seen {
    match &verdict.decision {
        Decision::Deny(answer) => Seen::Refused(refused(answer)),
        Decision::Answer(answer) => Seen::Answered(refused(answer)),
        Decision::Allow(forward) => {
            let response = ResponseChanges {
                remove: forward.remove_response_headers.iter().map(ToString::to_string).collect(),
                set: forward.response_headers.clone(),
                append: forward.append_response_headers.clone(),
            };
            allowed(request, &forward.target, &forward.remove_headers, &forward.set_headers, response)
        }
    }
}

fn refused(answer: &native::Response) -> Response {
    let native::Response { status, headers, body } = answer.clone();
    Response { status, headers, body }
}
