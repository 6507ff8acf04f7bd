//! The origin whose script sent the request, where the gate governs cross-origin requests.

use portcullis::parts::Preflight;
use portcullis::{AuthError, PolicyError};

use crate::explain::decided::Decided;
use crate::explain::stage::Stage;

pub(crate) fn stage(decided: &Decided<'_>) -> Option<Stage> {
    let cors = &decided.gate.parts().cors;
    let origin = decided.recording.head.as_ref()?.origin.as_ref()?;
    let Preflight::Answer(_) = cors.preflight else { return None };
    if decided.error() == Some(&AuthError::Policy(PolicyError::OriginNotAllowed)) {
        return Some(Stage::failed("origin", format!("{origin} is not allowed")));
    }
    let listed = cors.allowed_origins.iter().find(|listed| *listed == "*" || *listed == origin);
    Some(match listed {
        Some(listed) => Stage::passed("origin", format!("{origin} is allowed by {listed:?}")),
        None => Stage::passed("origin", format!("{origin} is that of the request itself")),
    })
}
