//! Any origin: standard claims, no routes until the configuration names them.

use super::{Profile, TokenProfileName};
use crate::dialect::Dialect;
use crate::upstream::CredentialFate;

pub(super) const PROFILE: Profile = Profile {
    system: "the origin",
    api_key_header: Some("x-api-key"),
    websocket_protocols: &[],
    websocket_query: None,
    token: TokenProfileName::Jwt,
    routes: &[],
    docs: &[],
    roles: &[],
    default_role: None,
    dialect: Dialect::Problem,
    realm: "api",
    credential: CredentialFate::Forward,
    origin_subject: None,
    origin_accepts_api_keys: true,
};
