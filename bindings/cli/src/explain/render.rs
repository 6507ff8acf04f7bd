//! The explanation for a person.

use core::fmt::Write as _;

use portcullis::Gate;
use portcullis_analysis::explain::{Explanation, without_credential};
use portcullis_analysis::request::SampleRequest;

use crate::output::printable;

/// One line, whatever is in it.
fn line(text: &str) -> String {
    printable(text).replace('\n', "\\n")
}

pub(super) fn render(gate: &Gate, request: &SampleRequest, explanation: &Explanation) -> String {
    let asked = line(&format!("{} {}", request.method, without_credential(gate, &request.target)));
    let mut text = String::new();
    // Writing to a `String` cannot fail.
    let _ = match (explanation.status, explanation.reason) {
        (Some(status), Some(reason)) if explanation.reported => {
            writeln!(text, "DENY   {asked} → {status} {reason}, but only reported: it goes on")
        }
        (Some(status), Some(reason)) => writeln!(text, "DENY   {asked} → {status} {reason}"),
        _ => writeln!(text, "ALLOW  {asked}"),
    };
    for stage in &explanation.steps {
        let mark = if stage.passed { "✓" } else { "✗" };
        let _ = writeln!(text, "  {mark} {:<13}{}", stage.step, line(&stage.detail));
    }
    for name in &explanation.remove_headers {
        let _ = writeln!(text, "      remove   {}", line(name));
    }
    for (name, value) in &explanation.set_headers {
        let _ = writeln!(text, "      set      {}: {}", line(name), line(value));
    }
    let mut challenges = explanation.response_headers.iter().filter(|(name, _)| name == "www-authenticate");
    if let Some((_, challenge)) = challenges.next() {
        let _ = writeln!(text, "      answer   WWW-Authenticate: {}", line(challenge));
    }
    if let Some(body) = explanation.response_body.as_deref().filter(|body| !body.is_empty()) {
        let _ = writeln!(text, "      answer   {}", line(body));
    }
    if let Some(remedy) = &explanation.remedy {
        let _ = writeln!(text, "  → {}", line(remedy));
    }
    text
}
