//! Reading a token that may be broken: whatever can be shown is, and each repair is told.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use portcullis::base64url;
use portcullis::json::{self, Budget, JsonError};

use super::content::Content;
use super::diagnostics::Diagnostics;

/// A token, as far as it can be read.
#[derive(Debug)]
pub(crate) struct ReadToken {
    pub(crate) header: Content,
    pub(crate) claims: Content,
    pub(crate) is_encrypted: bool,
    pub(crate) signature_is_empty: bool,
}

impl ReadToken {
    /// Reads three segments, or the five of an encrypted token.
    pub(crate) fn read(text: &str, diagnostics: &mut Diagnostics) -> Option<Self> {
        let mut trimmed = text.trim();
        if let Some((scheme, rest)) = trimmed.split_once(' ')
            && scheme.eq_ignore_ascii_case("bearer")
        {
            trimmed = rest.trim_start();
        }
        if trimmed != text {
            diagnostics
                .refuse("white space or `Bearer` around the token; it is three segments and nothing else");
        }
        let segments: Vec<&str> = trimmed.splitn(6, '.').collect();
        match segments.as_slice() {
            [header, payload, signature] => {
                if decode(signature).is_none_or(|(_, is_canonical)| !is_canonical) {
                    diagnostics.refuse("the signature is not canonical base64url");
                }
                Some(Self {
                    header: content("header", header, diagnostics),
                    claims: content("payload", payload, diagnostics),
                    is_encrypted: false,
                    signature_is_empty: signature.is_empty(),
                })
            }
            [header, _, _, _, _] => Some(Self {
                header: content("header", header, diagnostics),
                claims: Content::Encrypted,
                is_encrypted: true,
                signature_is_empty: false,
            }),
            _ => None,
        }
    }
}

fn content(name: &str, segment: &str, diagnostics: &mut Diagnostics) -> Content {
    let Some((bytes, is_canonical)) = decode(segment) else {
        diagnostics.refuse(format!("the {name} is not base64url"));
        return Content::Unreadable;
    };
    if !is_canonical {
        diagnostics.refuse(format!(
            "the {name} is not canonical base64url: padding, another alphabet or stray bits"
        ));
    }
    match json::parse(&bytes, Budget::REQUEST) {
        Err(error) => diagnostics.refuse(format!("the {name} is {}", not_json(&error))),
        Ok(value) if value.as_object().is_none() => {
            diagnostics.refuse(format!("the {name} is not a JSON object"));
        }
        Ok(_) => {}
    }
    match serde_json::from_slice(&bytes) {
        Ok(value) => Content::Json(value),
        Err(_) => String::from_utf8(bytes).map_or_else(
            |error| Content::Bytes(error.as_bytes().len()),
            |text| if text.is_empty() { Content::Bytes(0) } else { Content::Text(text) },
        ),
    }
}

/// The bytes of a segment in some kind of base64, and whether it is the canonical one.
fn decode(segment: &str) -> Option<(Vec<u8>, bool)> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &URL_SAFE,
        GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::RequireNone),
    );
    if let Ok(bytes) = base64url::decode(segment) {
        return Some((bytes, true));
    }
    let respelt: String = segment
        .trim_end_matches('=')
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| match c {
            '+' => '-',
            '/' => '_',
            c => c,
        })
        .collect();
    LENIENT.decode(respelt).ok().map(|bytes| (bytes, false))
}

/// What is wrong with JSON. The words of the parser stay out, which call things by the name of their opposite.
fn not_json(error: &JsonError) -> String {
    let JsonError::Syntax { message, line, column } = error;
    if message.contains("occurs twice") {
        format!("refused: {message}, of which the last is shown")
    } else if message.contains("too ") {
        format!("refused: {message}")
    } else {
        format!("not JSON, at line {line}, column {column}")
    }
}
