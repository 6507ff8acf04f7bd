//! By what sessions of the origin's own are checked before it is asked about them.

use alloc::format;

use portcullis::limits::SESSION_AGE_SECS_MAX;
use portcullis::parts::SessionRules;

use crate::context::Context;
use crate::diagnostics::Diagnostics;
use crate::resolve::resolve;

const PLACE: &str = "/credentials/session";

/// Fewest bytes of the secret. The output of SHA-1 has 20, but the secret is what signs whole accounts in.
const SECRET_BYTES: usize = 32;

pub(crate) fn compile(context: &Context<'_>, diagnostics: &mut Diagnostics) -> Option<SessionRules> {
    let written = context.document.credentials.session.as_ref()?;
    let system = context.system;
    if !system.signs_sessions {
        let name = &system.name;
        diagnostics.error(PLACE, format!("{name} has no sessions that can be checked here; leave this out"));
        return None;
    }
    if !context.asks_origin() {
        diagnostics.error(
            PLACE,
            "a signature says that the origin issued a session, and not whose it is; have the origin asked: \"identity\": \"origin\"",
        );
    }
    if !(1..=SESSION_AGE_SECS_MAX).contains(&written.max_age_secs) {
        diagnostics.error(
            format!("{PLACE}/max_age_secs"),
            format!("must lie between 1 and {SESSION_AGE_SECS_MAX} seconds"),
        );
    }
    let place = format!("{PLACE}/secret");
    let secret = resolve(&written.secret, SECRET_BYTES, &place, context, diagnostics)?;
    SessionRules::new(secret.expose(), written.max_age_secs)
}
