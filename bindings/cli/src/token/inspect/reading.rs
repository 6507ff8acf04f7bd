//! Reading a token that may be broken: whatever can be shown is, and each repair is a finding.

use core::fmt;

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use portcullis::json::{self, Budget, JsonError};
use portcullis::limits::NUMERIC_DATE_MAX;
use portcullis::{UnixTime, base64url};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::findings::Findings;

/// A token, as far as it can be read.
pub(super) struct Token {
    pub(super) header: Content,
    pub(super) claims: Content,
    pub(super) encrypted: bool,
    pub(super) signature_is_empty: bool,
}

/// What a segment holds.
pub(super) enum Content {
    Json(Value),
    /// Text that is not JSON.
    Text(String),
    /// So many octets that are not text.
    Octets(usize),
    /// Nothing that could be decoded.
    Unreadable,
    /// It is encrypted.
    Encrypted,
}

impl Token {
    /// Reads three segments, or the five of an encrypted token.
    pub(super) fn read(text: &str, findings: &mut Findings) -> Option<Self> {
        let mut trimmed = text.trim();
        if let Some((scheme, rest)) = trimmed.split_once(' ')
            && scheme.eq_ignore_ascii_case("bearer")
        {
            trimmed = rest.trim_start();
        }
        if trimmed != text {
            findings
                .refuse("white space or `Bearer` around the token; it is three segments and nothing else");
        }
        let segments: Vec<&str> = trimmed.splitn(6, '.').collect();
        match segments.as_slice() {
            [header, payload, signature] => {
                if decode(signature).is_none_or(|(_, canonical)| !canonical) {
                    findings.refuse("the signature is not canonical base64url");
                }
                Some(Self {
                    header: content("header", header, findings),
                    claims: content("payload", payload, findings),
                    encrypted: false,
                    signature_is_empty: signature.is_empty(),
                })
            }
            [header, _, _, _, _] => Some(Self {
                header: content("header", header, findings),
                claims: Content::Encrypted,
                encrypted: true,
                signature_is_empty: false,
            }),
            _ => None,
        }
    }

    /// The instant that a claim names, if it is a number that does.
    pub(super) fn instant(&self, claim: &str) -> Option<UnixTime> {
        let value = self.claim(claim)?;
        let secs = value.as_u64().or_else(|| value.as_f64().and_then(whole_seconds))?;
        (secs <= NUMERIC_DATE_MAX).then(|| UnixTime::from_secs(secs))
    }
}

#[allow(
    clippy::as_conversions,
    reason = "there is no checked conversion from f64; the range is checked, and a double holds its ends exactly"
)]
fn whole_seconds(secs: f64) -> Option<u64> {
    (0.0..=NUMERIC_DATE_MAX as f64).contains(&secs).then_some(secs as u64)
}

fn content(name: &str, segment: &str, findings: &mut Findings) -> Content {
    let Some((octets, canonical)) = decode(segment) else {
        findings.refuse(format!("the {name} is not base64url"));
        return Content::Unreadable;
    };
    if !canonical {
        findings.refuse(format!(
            "the {name} is not canonical base64url: padding, another alphabet or stray bits"
        ));
    }
    if let Err(error) = json::parse(&octets, Budget::REQUEST) {
        findings.refuse(format!("the {name} is {}", not_json(&error)));
    }
    match serde_json::from_slice(&octets) {
        Ok(value) => Content::Json(value),
        Err(_) => String::from_utf8(octets).map_or_else(
            |error| Content::Octets(error.as_bytes().len()),
            |text| if text.is_empty() { Content::Octets(0) } else { Content::Text(text) },
        ),
    }
}

/// The octets of a segment in some kind of base64, and whether it is the canonical one.
fn decode(segment: &str) -> Option<(Vec<u8>, bool)> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &URL_SAFE,
        GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::RequireNone),
    );
    if let Ok(octets) = base64url::decode(segment) {
        return Some((octets, true));
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
    LENIENT.decode(respelt).ok().map(|octets| (octets, false))
}

/// What is wrong with JSON. The words of the parser stay out, which call things by the name of their opposite.
fn not_json(error: &JsonError) -> String {
    match error {
        JsonError::Syntax { message, .. } if message.contains("occurs twice") => {
            format!("refused: {message}, of which the last is shown")
        }
        JsonError::Syntax { message, .. } if message.contains("too ") => format!("refused: {message}"),
        JsonError::Syntax { line, column, .. } => format!("not JSON, at line {line}, column {column}"),
        _ => "not JSON".to_owned(),
    }
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(value) => write!(f, "{value:#}"),
            Self::Text(text) => write!(f, "(not JSON) {text}"),
            Self::Octets(0) => f.write_str("(empty)"),
            Self::Octets(count) => write!(f, "({count} octets that are not text)"),
            Self::Unreadable => f.write_str("(cannot be decoded)"),
            Self::Encrypted => f.write_str("(encrypted)"),
        }
    }
}

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Json(value) => value.serialize(serializer),
            Self::Text(text) => text.serialize(serializer),
            Self::Octets(_) | Self::Unreadable | Self::Encrypted => serializer.serialize_none(),
        }
    }
}
