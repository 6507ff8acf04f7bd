//! The explanation for a person, and the words it is made of.

use core::fmt::Write as _;

use portcullis::Gate;

use super::Explanation;
use super::request::Request;
use crate::output::printable;

/// Most names listed where there may be many.
const LISTED: usize = 8;

/// One line, whatever is in it.
fn line(text: &str) -> String {
    printable(text).replace('\n', "\\n")
}

pub(super) fn in_words(gate: &Gate, request: &Request<'_>, explanation: &Explanation<'_>) -> String {
    let asked = line(&format!("{} {}", request.method, gate.without_credential(request.target)));
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
    for name in explanation.remove_headers {
        let _ = writeln!(text, "      remove   {}", line(name));
    }
    for (name, value) in &explanation.set_headers {
        let _ = writeln!(text, "      set      {}: {}", line(name), line(value));
    }
    let mut challenges = explanation.response_headers.iter().filter(|(name, _)| name == "www-authenticate");
    if let Some((_, challenge)) = challenges.next() {
        let _ = writeln!(text, "      answer   WWW-Authenticate: {}", line(challenge));
    }
    if let Some(body) = explanation.response_body {
        let _ = writeln!(text, "      answer   {}", line(body));
    }
    if let Some(remedy) = &explanation.remedy {
        let _ = writeln!(text, "  → {}", line(remedy));
    }
    text
}

/// `a, b, c`, and how many more there are.
pub(super) fn list(names: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let mut shown = Vec::new();
    let mut more = 0_usize;
    for name in names {
        if shown.len() < LISTED {
            shown.push(name.as_ref().to_owned());
        } else {
            more = more.saturating_add(1);
        }
    }
    let shown = shown.join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}

/// The same, or `nothing` if there are none.
pub(super) fn list_or(names: impl IntoIterator<Item = impl AsRef<str>>, nothing: &str) -> String {
    let text = list(names);
    if text.is_empty() { nothing.to_owned() } else { text }
}

/// `role a` or `roles a, b`.
pub(super) fn counted(one: &str, many: &str, names: &[&str]) -> String {
    let quoted = list(names.iter().map(|name| format!("`{name}`")));
    if names.len() == 1 { format!("{one} {quoted}") } else { format!("{many} {quoted}") }
}
