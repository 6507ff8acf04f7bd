//! R2R's error body. Its JavaScript client refreshes a token, once, where the message speaks of credentials or an
//! invalid token, or the code is `TOKEN_EXPIRED`: a refusal that a new token would not mend says neither.

use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;

use super::{Telling, json};
use crate::challenge::Told;

#[derive(Serialize)]
struct Exception {
    message: &'static str,
    error_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'static str>,
}

pub(super) fn body(telling: &Telling<'_>) -> (Vec<(String, String)>, String) {
    let told = telling.refusal.told;
    let message = match told {
        Told::NoCredential => "No credentials provided.",
        Told::InvalidCredential => "Invalid token or API key",
        Told::ExpiredToken => "Invalid token: token expired",
        Told::NotPermitted => "Insufficient permissions for this action.",
        Told::ScopeMissing => "Insufficient scope for this action.",
        Told::SeveralCredentials => "Cannot have both Bearer token and API key",
        Told::BadRequest => "Bad Request",
        Told::BodyTooLarge => "Request Entity Too Large",
        Told::Unavailable => "Service Unavailable",
        Told::OriginUnreachable => "Bad Gateway",
    };
    let error_code = (told == Told::ExpiredToken).then_some("TOKEN_EXPIRED");
    json(telling, &Exception { message, error_type: "R2RException", error_code })
}
