//! Expected decisions compared with those of a gate.

use portcullis::Gate;
use portcullis::trace::HypotheticalCaller;
use serde::Serialize;

use super::document::{Case, CaseBody, CaseCaller, Expectations, KnownBy};
use crate::access::check_access;
use crate::answer::Answer;
use crate::request::SampleRequest;

/// Which decisions are as expected.
#[derive(Debug, Serialize)]
pub struct TestReport {
    /// How many are.
    pub passed: usize,
    /// Those that are not.
    pub failed: Vec<Difference>,
    /// Roles that cases name and the policy does not have.
    #[serde(skip)]
    pub unknown_roles: Vec<UnknownRole>,
}

/// A decision that is not the expected one.
#[derive(Debug, Serialize)]
pub struct Difference {
    /// JSON pointer of the case.
    pub case: String,
    /// Who asks.
    pub caller: String,
    /// What for.
    pub request: String,
    /// What should have been decided.
    pub expected: Answer,
    /// What was decided.
    pub actual: Answer,
}

/// A role that a case names and the policy does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownRole {
    /// JSON pointer of the case.
    pub case: String,
    /// The name.
    pub role: String,
}

impl TestReport {
    /// Compares `expectations` with what `gate` decides.
    pub fn of(gate: &Gate, expectations: &Expectations) -> Self {
        let mut report = Self { passed: 0, failed: Vec::new(), unknown_roles: Vec::new() };
        for (index, case) in expectations.cases.iter().enumerate() {
            let pointer = format!("/cases/{index}");
            for role in case.caller.roles() {
                if gate.parts().policy.roles.get(role).is_none() {
                    report.unknown_roles.push(UnknownRole { case: pointer.clone(), role: role.clone() });
                }
            }
            let actual = decide(gate, case);
            if actual.is_allowed() == case.allowed && (case.reason.is_none() || case.reason == actual.reason)
            {
                report.passed = report.passed.saturating_add(1);
                continue;
            }
            let decision = if case.allowed { "allow" } else { "deny" };
            report.failed.push(Difference {
                case: pointer,
                caller: label(case),
                request: case.request.clone(),
                expected: Answer { decision, reason: case.reason },
                actual,
            });
        }
        report
    }
}

fn decide(gate: &Gate, case: &Case) -> Answer {
    let mut caller = match &case.caller {
        CaseCaller::Kind(kind) => kind.hypothetical(gate),
        CaseCaller::Roles(roles) => HypotheticalCaller::with_roles(roles),
    };
    let KnownBy { subject, tenant, claims } = &case.known_by;
    if let Some(subject) = subject {
        caller = caller.with_subject(subject);
    }
    if let Some(tenant) = tenant {
        caller = caller.with_tenant(tenant);
    }
    if let Some(claims) = claims {
        caller = caller.with_claims(claims.clone());
    }
    let mut request = SampleRequest::for_route(&case.method, &case.target);
    request.headers.extend(case.headers.iter().cloned());
    request = match &case.body {
        // A request without a body is one with an empty body, not one whose body is unknown.
        CaseBody::Nothing => request.with_body(Vec::new()),
        CaseBody::Json(body) => request.with_json(serde_json::to_vec(body).unwrap_or_default()),
        CaseBody::Form(fields) => request.with_form(fields),
    };
    check_access(gate, &caller, &request).into()
}

fn label(case: &Case) -> String {
    let who = match &case.caller {
        CaseCaller::Kind(kind) => kind.label().to_owned(),
        CaseCaller::Roles(roles) => format!("[{}]", roles.join(", ")),
    };
    match &case.known_by.subject {
        Some(subject) => format!("{subject} ({who})"),
        None => who,
    }
}
