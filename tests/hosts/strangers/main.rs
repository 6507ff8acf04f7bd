//! What anybody may send to a gate on the open network, with and without a credential: the host answers, says nothing that
//! would wake somebody up, and hands nothing on that it has not decided about.

mod absolute_form;
mod hosts;
mod identifiers;
mod malformed;
mod unanswered;
mod uploads;

use std::process::ExitCode;

use anyhow::Result;
use portcullis_host_tests::fixture::Fixture;
use portcullis_host_tests::harness::{self, Order};
use portcullis_test_support::summary::Summary;

use hosts::{Gate, KINDS};

/// A check of a host that stands in front of an origin.
type Check = fn(&Gate, &mut Summary) -> Result<()>;

fn main() -> ExitCode {
    let mut tests = Vec::new();
    for (name, kind) in KINDS {
        let gate = Fixture::new(move || Gate::start(kind, "check-strangers"));
        let checks: [(&str, Check); 5] = [
            ("identifiers", identifiers::check),
            ("malformed", malformed::check),
            ("clients_that_leave", malformed::leaving),
            ("refused_uploads", uploads::check),
            ("absolute_form", absolute_form::check),
        ];
        for (what, check) in checks {
            let gate = gate.clone();
            tests.push(harness::checks(format!("strangers::{name}::{what}"), move |summary| {
                check(gate.get()?, summary)
            }));
        }
        tests.push(harness::checks(format!("strangers::{name}::unanswered"), move |summary| {
            unanswered::check(kind, summary)
        }));
    }
    harness::run(tests, Order::Sequential)
}
