//! The body of a request whose route has bindings on it: one JSON text, read the same way by everybody or refused.
//!
//! The body goes on byte for byte; what is refused here is what an origin might read differently, such as a member that
//! occurs twice, or bytes that are a form as well as JSON.

use crate::error::BodyError;
use crate::json::{self, Budget, Value};
use crate::limits::BODY_BYTES;
use crate::upstream::outbound::Outbound;

/// Checks what the head says about the body, so that one which cannot be used is never read.
///
/// # Errors
///
/// [`BodyError`] if it is not announced as plain JSON in UTF-8
/// ([RFC 8259 section 8.1](https://www.rfc-editor.org/rfc/rfc8259#section-8.1)), or as longer than [`BODY_BYTES`].
pub(crate) fn check_head(outbound: &Outbound<'_>) -> Result<(), BodyError> {
    let list = |name| outbound.lines(name).flat_map(elements);
    let mut types = outbound.lines("content-type");
    match (types.next(), types.next()) {
        (Some(media_type), None) if is_json(media_type) => {}
        _ => return Err(BodyError::NotJsonType),
    }
    if list("content-encoding").any(|coding| !coding.eq_ignore_ascii_case(b"identity")) {
        return Err(BodyError::Encoded);
    }
    for length in list("content-length") {
        let length = core::str::from_utf8(length).ok().and_then(|digits| digits.parse::<usize>().ok());
        if length.is_none_or(|bytes| bytes > BODY_BYTES) {
            return Err(BodyError::TooLarge);
        }
    }
    Ok(())
}

fn elements(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

/// The JSON value of a body.
///
/// # Errors
///
/// [`BodyError`] if there is none, or if it is longer than [`BODY_BYTES`].
pub(crate) fn parse(body: &[u8]) -> Result<Value, BodyError> {
    if body.len() > BODY_BYTES {
        return Err(BodyError::TooLarge);
    }
    json::parse(body, Budget::BODY).map_err(|_| BodyError::NotJson)
}

/// Whether a media type ([RFC 9110 section 8.3.1](https://www.rfc-editor.org/rfc/rfc9110#section-8.3.1)) is
/// `application/json`, with no parameter but `charset=utf-8`.
fn is_json(media_type: &[u8]) -> bool {
    let mut parts = media_type.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let is_utf8 = |parameter: &[u8]| {
        parameter.eq_ignore_ascii_case(b"charset=utf-8")
            || parameter.eq_ignore_ascii_case(b"charset=\"utf-8\"")
    };
    parts.next().is_some_and(|essence| essence.eq_ignore_ascii_case(b"application/json"))
        && parts.all(is_utf8)
}

#[cfg(test)]
mod tests {
    use super::{check_head, parse};
    use crate::credential::CredentialLocations;
    use crate::error::BodyError;
    use crate::limits::BODY_BYTES;
    use crate::request::{HeaderPair, Request, RequestHead};
    use crate::upstream::outbound::Outbound;
    use crate::upstream::rules::Upstream;
    use crate::verdict::CredentialHandling;
    use alloc::vec;
    use alloc::vec::Vec;

    fn check(headers: &[(&str, &str)]) -> Result<(), BodyError> {
        let pairs: Vec<_> = headers.iter().map(|(name, value)| HeaderPair::new(*name, *value)).collect();
        let request = Request::parse(&RequestHead::new("POST", "/", &pairs)).unwrap();
        let upstream = Upstream {
            credential: CredentialHandling::Strip,
            replacement: None,
            identity_headers: false,
            remove_headers: Vec::new(),
            keep_headers: Vec::new(),
        };
        let locations = CredentialLocations {
            authorization: true,
            api_key_header: None,
            api_key_prefixes: Vec::new(),
            bare_authorization: false,
            websocket_protocols: Vec::new(),
            query_parameter: None,
        };
        check_head(&Outbound::of(&request, &upstream, &locations, None).unwrap())
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
            assert_eq!(check(&[json, ("content-length", length)]), Err(BodyError::TooLarge), "{length}");
        }
    }

    #[test]
    fn a_body_is_one_json_text() {
        assert!(parse(b"{\"a\": [1, \"x\"]}\n").is_ok());
        let long = [b"\"".to_vec(), vec![b'x'; BODY_BYTES - 2], b"\"".to_vec()].concat();
        assert!(parse(&long).is_ok());
        assert_eq!(parse(&[long, b" ".to_vec()].concat()), Err(BodyError::TooLarge));
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
