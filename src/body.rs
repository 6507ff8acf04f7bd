//! The body of a request whose route has bindings on it: one JSON text, or one form, read the same way by everybody or
//! refused.
//!
//! The body goes on byte for byte; what is refused here is what an origin might read differently, such as a member that
//! occurs twice, or bytes that are a form as well as JSON.

mod field;
mod media_type;
mod multipart;
mod urlencoded;

use alloc::vec::Vec;

pub(crate) use field::Field;
use media_type::MediaType;

use crate::error::BodyError;
use crate::json::{self, Budget, Value};
use crate::upstream::outbound::Outbound;

/// What a body may be for bindings to be compared with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Accepts {
    /// A JSON text.
    pub(crate) json: bool,
    /// A form.
    pub(crate) form: bool,
    /// Nothing at all.
    pub(crate) nothing: bool,
}

/// What the head of a request announces as its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Announced {
    /// `None` if there is no `Content-Type`: then the body must be empty.
    media_type: Option<MediaType>,
    may_be_empty: bool,
    /// The longest body that is read, in bytes.
    limit: usize,
}

/// A body that was read.
#[derive(Debug)]
pub(crate) enum Body<'b> {
    /// Not a byte.
    Nothing,
    Json(Value<'b>),
    Form(Vec<Field<'b>>),
}

/// Checks what the head says about the body, so that one which cannot be used is never read.
///
/// # Errors
///
/// [`BodyError`] if it is not announced as what `accepts` names, in UTF-8
/// ([RFC 8259 section 8.1](https://www.rfc-editor.org/rfc/rfc8259#section-8.1)), or as longer than `limit`, in bytes.
pub(crate) fn check_head(
    outbound: &Outbound<'_>,
    accepts: Accepts,
    limit: usize,
) -> Result<Announced, BodyError> {
    let list = |name| outbound.lines(name).flat_map(elements);
    let mut lines = outbound.lines("content-type");
    let media_type = match (lines.next(), lines.next()) {
        (None, _) if accepts.nothing => None,
        (Some(line), None) => Some(
            MediaType::parse(line)
                .filter(|announced| if *announced == MediaType::Json { accepts.json } else { accepts.form })
                .ok_or_else(|| accepts.not_announced())?,
        ),
        _ => return Err(accepts.not_announced()),
    };
    if list("content-encoding").any(|coding| !coding.eq_ignore_ascii_case(b"identity")) {
        return Err(BodyError::Encoded);
    }
    for length in list("content-length") {
        let length = core::str::from_utf8(length).ok().and_then(|digits| digits.parse::<usize>().ok());
        if length.is_none_or(|bytes| bytes > limit) {
            return Err(BodyError::TooLarge(limit));
        }
    }
    Ok(Announced { media_type, may_be_empty: accepts.nothing, limit })
}

fn elements(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

impl Accepts {
    fn not_announced(self) -> BodyError {
        match (self.json, self.form) {
            (true, true) => BodyError::NotJsonOrFormType,
            (false, true) => BodyError::NotFormType,
            _ => BodyError::NotJsonType,
        }
    }
}

impl Announced {
    /// The longest body that is read, in bytes.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// Reads a body that was announced so.
    ///
    /// # Errors
    ///
    /// [`BodyError`] if it is something else, or longer than the limit.
    pub(crate) fn read<'b>(&self, body: &'b [u8]) -> Result<Body<'b>, BodyError> {
        if body.len() > self.limit {
            return Err(BodyError::TooLarge(self.limit));
        }
        match &self.media_type {
            _ if body.is_empty() && self.may_be_empty => Ok(Body::Nothing),
            None => Err(BodyError::Unannounced),
            Some(MediaType::Json) => {
                json::parse(body, Budget::BODY).map(Body::Json).map_err(|_| BodyError::NotJson)
            }
            Some(MediaType::UrlEncoded) => urlencoded::parse(body).map(Body::Form).ok_or(BodyError::NotForm),
            Some(MediaType::Multipart { boundary }) => {
                multipart::parse(body, boundary).map(Body::Form).ok_or(BodyError::NotForm)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Accepts, Announced, Body, check_head};
    use crate::credential::CredentialLocations;
    use crate::error::BodyError;
    use crate::handling::CredentialHandling;
    use crate::limits::BODY_BYTES;
    use crate::request::{HeaderPair, Request, RequestHead};
    use crate::upstream::identity::IdentityHeaders;
    use crate::upstream::outbound::Outbound;
    use crate::upstream::rules::Upstream;
    use crate::upstream::standing::Standing;
    use alloc::vec;
    use alloc::vec::Vec;

    const JSON: Accepts = Accepts { json: true, form: false, nothing: false };
    const FORM: Accepts = Accepts { json: false, form: true, nothing: false };
    const ALL: Accepts = Accepts { json: true, form: true, nothing: true };

    fn check(headers: &[(&str, &str)]) -> Result<(), BodyError> {
        announced(headers, JSON).map(|_| ())
    }

    fn announced(headers: &[(&str, &str)], accepts: Accepts) -> Result<Announced, BodyError> {
        let pairs: Vec<_> = headers.iter().map(|(name, value)| HeaderPair::new(*name, *value)).collect();
        let request = Request::parse(&RequestHead::new("POST", "/", &pairs)).unwrap();
        let upstream = Upstream {
            credential: CredentialHandling::Strip,
            replacement: None,
            identity_headers: IdentityHeaders::default(),
            remove_headers: Vec::new(),
            refuse_headers: Vec::new(),
            keep_headers: Vec::new(),
        };
        let locations = CredentialLocations {
            authorization: true,
            api_key_header: None,
            api_key_prefixes: Vec::new(),
            bare_authorization: false,
            bare_sessions: false,
            share_token_chars: None,
            websocket_protocols: Vec::new(),
            query_parameter: None,
            origin_query_parameter: None,
            cookies: Vec::new(),
            session_cookies: Vec::new(),
            origin_cookies: Vec::new(),
        };
        let outbound = Outbound::of(&request, &upstream, &locations, Standing::Unverified).unwrap();
        check_head(&outbound, accepts, BODY_BYTES)
    }

    #[test]
    fn only_what_nobody_reads_differently() {
        let json = ("content-type", "application/json");
        for good in [
            &[json][..],
            &[("Content-Type", "Application/JSON; Charset=UTF-8")],
            &[json, ("content-encoding", "identity"), ("content-length", "65536")],
        ] {
            assert_eq!(check(good), Ok(()), "{good:?}");
        }
        for bad in [
            &[][..],
            &[json, json],
            &[("content-type", "application/json, text/plain")],
            &[("content-type", "application/x-www-form-urlencoded")],
            &[("content-type", "application/json; charset=utf-16")],
            &[("content-type", "application/json; boundary=x")],
            &[("content-type", "application/jsonp")],
            &[("content-type", "")],
        ] {
            assert_eq!(check(bad), Err(BodyError::NotJsonType), "{bad:?}");
        }
        for coding in ["gzip", "identity, br", ""] {
            assert_eq!(check(&[json, ("content-encoding", coding)]), Err(BodyError::Encoded), "{coding}");
        }
        for length in ["65537", "1, 65537", "99999999999999999999999", "-1", "x", ""] {
            assert_eq!(
                check(&[json, ("content-length", length)]),
                Err(BodyError::TooLarge(BODY_BYTES)),
                "{length}"
            );
        }
    }

    #[test]
    fn a_form_is_announced_as_one() {
        let form = ("content-type", "application/x-www-form-urlencoded");
        let parts = ("content-type", "multipart/form-data; boundary=x");
        let json = ("content-type", "application/json");
        for (headers, accepts, expected) in [
            (&[form][..], FORM, Ok(())),
            (&[parts], FORM, Ok(())),
            (&[json], FORM, Err(BodyError::NotFormType)),
            (&[form], JSON, Err(BodyError::NotJsonType)),
            (&[], FORM, Err(BodyError::NotFormType)),
            (&[form, form], FORM, Err(BodyError::NotFormType)),
            (&[form], ALL, Ok(())),
            (&[json], ALL, Ok(())),
            (&[], ALL, Ok(())),
            (&[("content-type", "text/plain")], ALL, Err(BodyError::NotJsonOrFormType)),
            (&[json, form], ALL, Err(BodyError::NotJsonOrFormType)),
        ] {
            assert_eq!(announced(headers, accepts).map(|_| ()), expected, "{headers:?} {accepts:?}");
        }
    }

    #[test]
    fn nothing_is_a_body_where_nothing_is_needed() {
        let json = [("content-type", "application/json")];
        let read = |headers: &[(&str, &str)], accepts, body| {
            announced(headers, accepts).unwrap().read(body).map(|body| matches!(body, Body::Nothing))
        };
        assert_eq!(read(&[], ALL, b""), Ok(true));
        assert_eq!(read(&json, ALL, b""), Ok(true));
        assert_eq!(read(&json, ALL, b"{}"), Ok(false));
        assert_eq!(read(&[], ALL, b"{}"), Err(BodyError::Unannounced));
        assert_eq!(read(&json, JSON, b""), Err(BodyError::NotJson));
    }

    fn parse(body: &[u8]) -> Result<(), BodyError> {
        announced(&[("content-type", "application/json")], JSON)?.read(body).map(|_| ())
    }

    #[test]
    fn a_body_is_one_json_text() {
        assert!(parse(b"{\"a\": [1, \"x\"]}\n").is_ok());
        let long = [b"\"".to_vec(), vec![b'x'; BODY_BYTES - 2], b"\"".to_vec()].concat();
        assert!(parse(&long).is_ok());
        assert_eq!(parse(&[long, b" ".to_vec()].concat()), Err(BodyError::TooLarge(BODY_BYTES)));
        let deep = [vec![b'['; 40], vec![b']'; 40]].concat();
        for bad in [
            &b""[..],
            b"{",
            b"{} {}",
            b"{\"a\": 1, \"\\u0061\": 2}",
            b"{\"a\": NaN}",
            b"\xef\xbb\xbf{}",
            b"\xff\xfe{\0}\0",
            b"{\"a\": \"\\ud800\"}",
            b"{'a': 1}",
            b"{\"a\": \"\xff\"}",
            &deep,
        ] {
            assert_eq!(parse(bad), Err(BodyError::NotJson), "{bad:?}");
        }
    }
}
