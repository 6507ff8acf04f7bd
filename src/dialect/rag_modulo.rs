//! RAG Modulo's error body, with the texts of its middleware and its handlers.

use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;

use super::{Telling, json};
use crate::challenge::Told;

#[derive(Serialize)]
struct Detail {
    detail: &'static str,
}

pub(super) fn body(telling: &Telling<'_>) -> (Vec<(String, String)>, String) {
    let detail = match telling.refusal.told {
        Told::NoCredential => "Authentication required",
        Told::InvalidCredential => "Invalid authentication credentials",
        Told::ExpiredToken => "Token expired",
        Told::NotPermitted | Told::ScopeMissing => "User is not authorized to access this resource",
        Told::SeveralCredentials => "More than one credential was sent",
        Told::BadRequest => "Bad Request",
        Told::BodyTooLarge => "Request Entity Too Large",
        Told::Unavailable => "Service Unavailable",
        Told::OriginUnreachable => "Bad Gateway",
    };
    json(telling, &Detail { detail })
}
