//! Requests without the one credential they need.

use portcullis::{CredentialError, CredentialLocation, Gate};

use crate::explain::decided::Decided;
use crate::explain::presented::Presented;
use crate::explain::recording::ReadHead;
use crate::render::list;

pub(crate) fn remedy(decided: &Decided<'_>, error: CredentialError) -> String {
    let (gate, recording) = (decided.gate, &decided.recording);
    let locations = recording.locations.as_slice();
    let accepted = || {
        let locations = accepted_locations(gate, recording.head.as_ref().is_some_and(ReadHead::is_websocket));
        let one_of = if locations.len() > 1 { "one of " } else { "" };
        format!("{one_of}{}", list(locations.iter().map(|location| format!("`{location}`"))))
    };
    match error {
        CredentialError::Missing => format!("send a credential as {}", accepted()),
        CredentialError::Ambiguous => {
            let described = list(locations.iter().map(|location| location.describe()));
            format!("send one credential; there are {}: {described}", locations.len())
        }
        CredentialError::CrossSite => {
            "send it from a page of the gate's own host, or of an origin in /cors/allowed_origins: with `Sec-Fetch-Site: \
             same-origin`, or an `Origin` that says so; or send the credential as `Authorization: Bearer …`"
                .to_owned()
        }
        CredentialError::Malformed => match locations {
            [CredentialLocation::Authorization] => {
                "write `Authorization: Bearer <token>`, with one token and nothing else".to_owned()
            }
            [CredentialLocation::Query] => "give the query parameter the token and nothing else".to_owned(),
            [CredentialLocation::Cookie] => {
                "write the cookie as `name=value`, without spaces, quotation marks or capitals of its own".to_owned()
            }
            [CredentialLocation::ApiKeyHeader] => "give the header the API key and nothing else".to_owned(),
            _ => format!("write the credential as {}", accepted()),
        },
        CredentialError::Unsupported => match &recording.credential {
            Some(Presented::Token(_)) => {
                "no tokens are accepted: configure \"issuers\", or send an API key".to_owned()
            }
            Some(Presented::ApiKey { .. }) => {
                "no API keys are accepted: configure \"api_keys\", or send a token".to_owned()
            }
            None => format!("send a credential as {}", accepted()),
        },
    }
}

/// The locations a credential is accepted in, each as a client writes it: `Authorization: Bearer …`.
fn accepted_locations(gate: &Gate, is_websocket: bool) -> Vec<String> {
    let parts = gate.parts();
    let locations = &parts.locations;
    let mut accepted = Vec::new();
    if locations.authorization {
        accepted.push("Authorization: Bearer …".to_owned());
    }
    if let Some(name) = locations.api_key_header.as_deref().filter(|_| parts.api_keys.is_some()) {
        accepted.push(format!("{name}: …"));
    }
    accepted.extend(locations.cookies.iter().map(|name| format!("Cookie: {name}=…")));
    if is_websocket {
        let protocols = locations.websocket_protocols.iter();
        accepted.extend(protocols.map(|name| format!("Sec-WebSocket-Protocol: {name}, …")));
        accepted.extend(locations.query_parameter.iter().map(|name| format!("?{name}=…")));
    }
    accepted
}
