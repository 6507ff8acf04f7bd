//! What became of a token: header, key, signature, claims.

use super::claims;
use crate::explain::decided::Decided;
use crate::explain::issuer::{IssuerAt, KeyAt};
use crate::explain::presented::PresentedToken;
use crate::explain::stage::Stage;
use crate::render::list;

pub(crate) fn stages(decided: &Decided<'_>) -> Vec<Stage> {
    let recording = &decided.recording;
    let mut stages = Vec::new();
    let Some(token) = recording.token() else { return stages };
    if token.header.is_some() {
        let member = |name: &str| {
            token.header_text(name).map_or_else(|| format!("no {name}"), |text| format!("{name} {text}"))
        };
        let members = [member("alg"), member("kid"), member("typ")];
        stages.push(Stage::passed("header", format!("the token says: {}", members.join(", "))));
    }
    let Some(issuer) = &recording.issuer else { return stages };
    if let Some(key) = &recording.verified_by {
        stages.push(Stage::passed("key", chosen(token, issuer, key, recording.tried.len())));
        stages.push(Stage::passed("signature", "valid"));
    } else if !recording.tried.is_empty() {
        let tried = recording.tried.iter().map(KeyAt::label);
        stages.push(Stage::failed("signature", format!("not valid under {}", list(tried))));
    }
    let details = claims::details(decided, token, issuer);
    stages.extend(details.into_iter().map(|detail| Stage::passed("claim", detail)));
    stages
}

fn chosen(token: &PresentedToken, issuer: &IssuerAt<'_>, key: &KeyAt<'_>, tried: usize) -> String {
    let why = match (token.header_text("kid"), key.key.id(), tried) {
        (Some(kid), Some(id), _) if kid == id => "named by the kid of the token".to_owned(),
        (_, _, 1) => "the only one that fits".to_owned(),
        (_, _, tried) => format!("one of {tried} that fit"),
    };
    let end = key.key.end().map_or(String::new(), |end| format!("; accepted until {}", end.to_rfc3339()));
    format!("{} of {}, {why}{end}", key.label(), issuer.label())
}
