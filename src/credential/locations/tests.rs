use super::CredentialLocations;
use crate::credential::presented::{Credential, CredentialLocation};
use crate::error::CredentialError;
use crate::request::{HeaderPair, Request, RequestHead};
use alloc::format;
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

fn locations() -> CredentialLocations {
    CredentialLocations {
        authorization: true,
        api_key_header: Some("x-api-key".to_string()),
        api_key_prefixes: Vec::new(),
        bare_authorization: false,
        bare_sessions: false,
        share_token_chars: None,
        websocket_protocols: vec!["agentflow-bearer".to_string()],
        query_parameter: Some("token".to_string()),
        origin_query_parameter: None,
        cookies: vec!["sid".to_string()],
        session_cookies: Vec::new(),
        origin_cookies: vec!["session".to_string()],
    }
}

fn find(
    headers: &[(&str, &str)],
    query: Option<&str>,
    websocket: bool,
) -> Result<(bool, alloc::string::String, CredentialLocation), CredentialError> {
    let pairs: Vec<_> = headers.iter().map(|(name, value)| HeaderPair::new(*name, *value)).collect();
    let upgrade = [HeaderPair::new("connection", "upgrade"), HeaderPair::new("upgrade", "websocket")];
    let pairs = [pairs, if websocket { upgrade.to_vec() } else { Vec::new() }].concat();
    let target = query.map_or("/".to_string(), |query| format!("/?{query}"));
    let request = Request::parse(&RequestHead::new("GET", &target, &pairs)).unwrap();
    locations().find(&request).map(|(credential, location)| match credential {
        Credential::Token(text) => (false, text.to_string(), location),
        Credential::ApiKey(text) => (true, text.to_string(), location),
        Credential::Session(_) => panic!("none is accepted"),
    })
}

#[test]
fn authorization() {
    use CredentialError::{Ambiguous, Malformed, Unsupported};
    for value in ["Bearer a.b.c", "bearer a.b.c", "BEARER a.b.c", "Bearer   a.b.c"] {
        assert_eq!(
            find(&[("AUTHORIZATION", value)], None, false),
            Ok((false, "a.b.c".to_string(), CredentialLocation::Authorization))
        );
    }
    for (value, error) in [
        ("", Malformed),
        ("Bearer", Malformed),
        ("Bearer ", Malformed),
        ("Bearer a b", Malformed),
        ("Bearer a\tb", Malformed),
        ("Bearer\ta", Malformed),
        ("Bearer =", Malformed),
        ("Bearer a=b", Malformed),
        ("Bearer a\u{e9}", Malformed),
        ("Bearer {\"payload\":1}", Malformed),
        ("Bearera.b.c", Unsupported),
        ("Basic dXNlcjpwYXNz", Unsupported),
        ("a.b.c", Unsupported),
        ("Bearer a, Bearer b", Ambiguous),
        ("Bearer a,", Ambiguous),
    ] {
        assert_eq!(find(&[("authorization", value)], None, false), Err(error), "{value:?}");
    }
}

#[test]
fn keys_of_the_origins_own_kind() {
    use CredentialError::{Ambiguous, Malformed, Unsupported};
    let find = |bare: bool, values: &[&str]| {
        let locations = CredentialLocations {
            api_key_prefixes: vec!["ragflow-".to_string(), "key_".to_string()],
            bare_authorization: bare,
            ..locations()
        };
        let pairs: Vec<_> = values.iter().map(|value| HeaderPair::new("authorization", *value)).collect();
        let request = Request::parse(&RequestHead::new("GET", "/", &pairs)).unwrap();
        locations.find(&request).map(|(credential, _)| match credential {
            Credential::Token(text) => (false, text.to_string()),
            Credential::ApiKey(text) => (true, text.to_string()),
            Credential::Session(_) => panic!("none is accepted"),
        })
    };
    let key = |text: &str| Ok((true, text.to_string()));
    for bare in [false, true] {
        assert_eq!(find(bare, &["Bearer key_a==.b="]), key("key_a==.b="));
        assert_eq!(find(bare, &["bearer  ragflow-a{b}"]), key("ragflow-a{b}"));
        assert_eq!(find(bare, &["Bearer Key_a.b"]), Ok((false, "Key_a.b".to_string())));
        for (value, error) in [
            ("Bearer Key_a==.b", Malformed),
            ("Bearer x-ragflow-a{b}", Malformed),
            ("Bearer key_a b", Malformed),
            ("Bearer key_a\tb", Malformed),
            ("Bearer key_\u{e9}", Malformed),
            ("Bearer key_a,b", Ambiguous),
            ("Basic ragflow-a", Unsupported),
            ("Token key_a", Unsupported),
            // The scheme by itself, of fewer letters and of as many.
            ("Basic", Unsupported),
            ("Digest", Unsupported),
            ("Bearer", Malformed),
            ("RAGFLOW-a", Unsupported),
            ("a.b.c", Unsupported),
            ("pc_a", Unsupported),
        ] {
            assert_eq!(find(bare, &[value]), Err(error), "{value:?}");
        }
        let twice = if bare { key("key_a") } else { Err(Ambiguous) };
        assert_eq!(find(bare, &["key_a", "Bearer key_a"]), twice);
    }
    assert_eq!(find(true, &["ragflow-a"]), key("ragflow-a"));
    assert_eq!(find(true, &["key_a==.b="]), key("key_a==.b="));
    assert_eq!(find(true, &["ragflow-a b"]), Err(Malformed));
    assert_eq!(find(true, &["ragflow-\u{e9}"]), Err(Malformed));
    assert_eq!(find(false, &["ragflow-a"]), Err(Unsupported));
}

#[test]
fn one_credential_or_none_at_all() {
    use CredentialError::{Ambiguous, Missing};
    assert_eq!(find(&[], Some("token=a"), false), Err(Missing));
    for headers in [
        &[("authorization", "Bearer a"), ("Authorization", "Bearer b")][..],
        &[("authorization", "Bearer a"), ("Authorization", "")],
        &[("authorization", "Bearer a"), ("Authorization", "Basic a")],
        &[("authorization", "Bearer a"), ("x-api-key", "a")],
        &[("authorization", "Basic x"), ("x-api-key", "k")],
        &[("authorization", "Bearer a"), ("cookie", "sid=b")],
        &[("authorization", "Bearer a"), ("cookie", "Sid=a")],
        &[("cookie", "sid=a; sid=b")],
        &[("cookie", "sid=a"), ("cookie", "sid =a")],
        &[("x-api-key", "k, l")],
    ] {
        assert_eq!(find(headers, None, false), Err(Ambiguous), "{headers:?}");
    }
    assert_eq!(
        find(&[("x-api-key", "k")], None, false),
        Ok((true, "k".to_string(), CredentialLocation::ApiKeyHeader))
    );
    assert_eq!(
        find(&[("authorization", "Bearer pc_x")], None, false),
        Ok((true, "pc_x".to_string(), CredentialLocation::Authorization))
    );
}

#[test]
fn the_same_credential_twice_is_one() {
    let token = |location| Ok((false, "a".to_string(), location));
    for headers in [
        &[("authorization", "Bearer a"), ("Authorization", "bearer  a")][..],
        &[("authorization", "Bearer a, Bearer a")],
        &[("authorization", "Bearer a"), ("cookie", "sid=a")],
    ] {
        assert_eq!(find(headers, None, false), token(CredentialLocation::Authorization), "{headers:?}");
    }
    for headers in [&[("cookie", "sid=a; x=1; sid=a")][..], &[("cookie", "sid=a"), ("cookie", "sid=a")]] {
        assert_eq!(find(headers, None, false), token(CredentialLocation::Cookie), "{headers:?}");
    }
    let protocol = ("sec-websocket-protocol", "agentflow-bearer, a");
    let both = [("authorization", "Bearer a"), protocol];
    assert_eq!(find(&both, Some("token=a"), true), token(CredentialLocation::Authorization));
    assert_eq!(find(&[protocol], Some("token=%61"), true), token(CredentialLocation::WebSocketProtocol));
    assert_eq!(
        find(&[("x-api-key", "k"), ("X-API-Key", "k")], None, false),
        Ok((true, "k".to_string(), CredentialLocation::ApiKeyHeader))
    );
}

#[test]
fn a_cookie_in_its_plain_form() {
    use CredentialError::{Malformed, Missing};
    for cookie in ["sid=a.b.c", "x=1; sid=a.b.c", "session=s;sid=a.b.c ; y"] {
        assert_eq!(
            find(&[("cookie", cookie)], None, false),
            Ok((false, "a.b.c".to_string(), CredentialLocation::Cookie)),
            "{cookie}"
        );
    }
    assert_eq!(
        find(&[("cookie", "sid=pc_a")], None, false),
        Ok((true, "pc_a".to_string(), CredentialLocation::Cookie))
    );
    for cookie in ["sid=", "sid", "SID=a", "sid =a", "sid=\"a\"", "sid=a b", "x=1 sid=a", "%73id=a"] {
        assert_eq!(find(&[("cookie", cookie)], None, false), Err(Malformed), "{cookie}");
    }
    // A cookie of the origin's own is none of the gate's, and two names are not one.
    for cookie in ["session=a", "sids=a", "x=sid"] {
        assert_eq!(find(&[("cookie", cookie)], None, false), Err(Missing), "{cookie}");
    }
}

#[test]
fn websocket_places_count_on_websockets_only() {
    use CredentialError::{Ambiguous, Malformed, Missing};
    let protocol = [("sec-websocket-protocol", "agentflow-bearer, a.b.c")];
    assert_eq!(find(&protocol, None, false), Err(Missing));
    assert_eq!(
        find(&protocol, None, true),
        Ok((false, "a.b.c".to_string(), CredentialLocation::WebSocketProtocol))
    );
    let lines = [("sec-websocket-protocol", "agentflow-bearer"), ("Sec-WebSocket-Protocol", "a.b.c")];
    assert_eq!(
        find(&lines, None, true),
        Ok((false, "a.b.c".to_string(), CredentialLocation::WebSocketProtocol))
    );
    for bad in [
        "agentflow-bearer",
        "a.b.c, agentflow-bearer",
        "agentflow-bearer, agentflow-bearer",
        "agentflow-bearer, a, b",
    ] {
        assert_eq!(find(&[("sec-websocket-protocol", bad)], None, true), Err(Malformed), "{bad}");
    }
    assert_eq!(find(&[("sec-websocket-protocol", "chat, v2")], None, true), Err(Missing));
    for query in ["token=a.b.c", "x=1&%74oken=a%2Eb.c&y", "&&token=a.b.c"] {
        assert_eq!(
            find(&[], Some(query), true),
            Ok((false, "a.b.c".to_string(), CredentialLocation::Query)),
            "{query}"
        );
    }
    assert_eq!(find(&[], Some("token="), true), Err(Malformed));
    assert_eq!(find(&[], Some("token"), true), Err(Malformed));
    assert_eq!(find(&[], Some("token=a&token=b"), true), Err(Ambiguous));
    assert_eq!(find(&protocol, Some("token=a"), true), Err(Ambiguous));
}

#[test]
fn what_only_the_origin_believes_is_a_credential_too() {
    let locations = CredentialLocations {
        query_parameter: None,
        origin_query_parameter: Some("token".to_string()),
        ..locations()
    };
    let find = |headers: &[(&str, &str)], target: &str| {
        let upgrade = [("connection", "upgrade"), ("upgrade", "websocket")];
        let pairs: Vec<_> =
            headers.iter().chain(&upgrade).map(|(name, value)| HeaderPair::new(*name, *value)).collect();
        let request = Request::parse(&RequestHead::new("GET", target, &pairs)).unwrap();
        locations.find(&request).map(|(_, location)| location)
    };
    let bearer = [("authorization", "Bearer a.b.c")];
    assert_eq!(find(&[], "/?token=a.b.c"), Err(CredentialError::Malformed));
    for target in ["/?token=forged", "/?token=a.b.c", "/?%74oken=forged"] {
        assert_eq!(find(&bearer, target), Err(CredentialError::Ambiguous), "{target}");
    }
    assert_eq!(find(&bearer, "/?jwt=forged"), Ok(CredentialLocation::Authorization));
    assert_eq!(locations.strip_query("a=1&token=x"), "a=1");
}

#[test]
fn the_query_parameter_is_cut_out_and_nothing_else() {
    for (query, left) in [
        ("a=1&token=x&b=2", "a=1&b=2"),
        ("token=x", ""),
        ("%74ok%65n=x&a", "a"),
        ("Token=x&tokens=y", "Token=x&tokens=y"),
        ("a=token=x&&b", "a=token=x&&b"),
    ] {
        assert_eq!(locations().strip_query(query), left, "{query}");
    }
}

#[test]
fn a_session_cookie_is_a_session_and_never_a_token() {
    let locations = CredentialLocations {
        cookies: Vec::new(),
        session_cookies: vec!["session".to_string()],
        ..locations()
    };
    let pairs = [HeaderPair::new("cookie", "session=a.b.c")];
    let request = Request::parse(&RequestHead::new("GET", "/", &pairs)).unwrap();
    let found = locations.find(&request).unwrap();
    assert!(matches!(found, (Credential::Session(_), CredentialLocation::Cookie)), "{found:?}");
}

#[test]
fn a_token_that_comes_with_a_link_has_its_length_and_its_signs() {
    let locations = CredentialLocations { share_token_chars: Some(5), ..locations() };
    for (sent, is_one) in
        [("ab-_9", true), ("a.b.c", false), ("ab+/9", false), ("abcd", false), ("abcdef", false)]
    {
        let value = format!("Bearer {sent}");
        let pairs = [HeaderPair::new("authorization", value.as_str())];
        let request = Request::parse(&RequestHead::new("GET", "/", &pairs)).unwrap();
        let (found, _) = locations.find(&request).unwrap();
        assert_eq!(matches!(found, Credential::ApiKey(_)), is_one, "{sent}");
    }
}

#[test]
fn a_credential_arrives_in_one_form() {
    for (sent, arrives) in [
        ("Bearer a.b.c", None),
        ("bearer a.b.c", Some("Bearer a.b.c")),
        ("Bearer   a.b.c", Some("Bearer a.b.c")),
        ("Bearer a.b.c, Bearer a.b.c", Some("Bearer a.b.c")),
        ("Bearer a,b", None),
    ] {
        let pairs = [HeaderPair::new("authorization", sent)];
        let request = Request::parse(&RequestHead::new("GET", "/", &pairs)).unwrap();
        assert_eq!(locations().normal_form(&request).as_deref(), arrives, "{sent}");
    }
}
