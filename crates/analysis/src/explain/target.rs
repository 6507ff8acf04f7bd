//! Request targets without credentials.

use portcullis::Gate;

/// `target` for a terminal or a log: with `…` for the value of the query parameter that may carry a token.
pub fn without_credential(gate: &Gate, target: &str) -> String {
    let Some((path, query)) = target.split_once('?') else { return target.to_owned() };
    let locations = &gate.parts().locations;
    let parts: Vec<String> = query
        .split('&')
        .map(|part| match part.split_once('=') {
            Some((name, _)) if locations.is_query_parameter(name) => format!("{name}=…"),
            _ => part.to_owned(),
        })
        .collect();
    format!("{path}?{}", parts.join("&"))
}
