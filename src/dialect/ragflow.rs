//! RAGFlow's envelope. Its web page and its Python client go by `code`, whatever the HTTP status: it is the status.

use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;

use super::{Telling, json};
use crate::challenge::Told;

#[derive(Serialize)]
struct Envelope {
    code: u16,
    data: (),
    message: &'static str,
}

pub(super) fn body(telling: &Telling<'_>) -> (Vec<(String, String)>, String) {
    let message = match telling.refusal.told {
        // As the server itself writes it.
        Told::NoCredential | Told::InvalidCredential => "<Unauthorized '401: Unauthorized'>",
        Told::ExpiredToken => "Token expired",
        Told::NotPermitted | Told::ScopeMissing => "No authorization.",
        Told::SeveralCredentials => "More than one credential was sent",
        Told::BadRequest => "Bad Request",
        Told::BodyTooLarge => "Request Entity Too Large",
        Told::Unavailable => "Service Unavailable",
        Told::OriginUnreachable => "Bad Gateway",
    };
    json(telling, &Envelope { code: telling.refusal.status, data: (), message })
}
