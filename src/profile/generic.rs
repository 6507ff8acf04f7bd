//! Any origin: standard claims, no routes until the configuration names them.

use super::{Profile, TokenProfileName};
use crate::dialect::Dialect;
use crate::policy::TrailingSlash;
use crate::upstream::CredentialFate;

pub(super) const PROFILE: Profile = Profile {
    system: "the origin",
    api_key_header: Some("x-api-key"),
    api_key_prefixes: &[],
    bare_authorization: false,
    websocket_protocols: &[],
    websocket_query: None,
    token: TokenProfileName::Jwt,
    routes: &[],
    bound_routes: &[],
    trailing_slash: TrailingSlash::Distinct,
    docs: &[],
    roles: &[],
    default_role: None,
    dialect: Dialect::Problem,
    realm: "api",
    credential: CredentialFate::Forward,
    strip_refused: None,
    origin_reads_tokens: true,
    minted_claims: &[],
    remove_headers: &[],
    origin_subject: None,
    foreign_subjects: &[],
    origin_accepts_api_keys: true,
};
