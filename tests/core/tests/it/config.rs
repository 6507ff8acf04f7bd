//! Broken configurations: each error names its place and the remedy, and shows no secret.

use portcullis_tests::*;

/// Loads a document that must not load, and returns the errors as text.
fn errors(document: &str) -> Vec<String> {
    let errors = try_load(document.as_bytes(), &Env::standard()).expect_err(document);
    errors.iter().map(ToString::to_string).collect()
}

const ISSUERS: &str = r#""issuers":[{"keys":[{"alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}}]}]"#;

fn agentflow_with(members: &str) -> String {
    format!(r#"{{"profile":"agentflow",{ISSUERS},{members}}}"#)
}

#[test]
fn the_document_itself() {
    for (document, expected) in [
        (
            "",
            "configuration: the document is empty; the least one is {\"profile\": \"agentflow\", \"issuers\": […]}",
        ),
        (
            "{",
            "configuration: not usable JSON: EOF while parsing an object at line 1, column 1; the document is cut off; end what is open",
        ),
        ("[]", "configuration: expected an object, found array"),
        (
            "{}",
            "configuration: member \"profile\" is missing; add the name of the origin's system, or \"profile\": \"generic\" for any other",
        ),
        (
            r#"{"profile":"agentflow","profile":"generic"}"#,
            "configuration: not usable JSON: member `profile` occurs twice in one object at line 1, column 32; keep one of them",
        ),
        (r#"{"profile":"agentflo"}"#, "/profile: unknown value; did you mean \"agentflow\"?"),
        (
            r#"{"profile":7}"#,
            "/profile: expected one of \"agentflow\", \"r2r\", \"rag-modulo\", \"ragflow\", \"ragflow-0.24\" or \"generic\", found number",
        ),
        (r#"{"profile":"agentflow","isuers":[]}"#, "/isuers: unknown member; did you mean \"issuers\"?"),
        (
            r#"{"profile":"agentflow"}"#,
            "/issuers: nothing can authenticate a caller; configure at least one issuer, \"api_keys\" or \"identity\"",
        ),
    ] {
        assert_eq!(errors(document), [expected], "{document}");
    }
    let huge = format!("{{\"profile\":\"{}\"}}", "x".repeat(5 * 1024 * 1024));
    assert_eq!(errors(&huge), ["configuration: the document is longer than 4194304 bytes"]);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(errors(&deep)[0].contains("nested too deeply"));
    assert_eq!(try_load(b"\xff\xfe", &Env::standard()).unwrap_err().iter().count(), 1);
}

#[test]
fn places_and_remedies() {
    for (members, expected) in [
        (
            r#""policy":{"roles":{"user":{"inherits":["usr"]}}}"#,
            "/policy/roles/user/inherits/0: no role \"usr\"; did you mean \"user\"?",
        ),
        (
            r#""policy":{"roles":{"user":{"inherits":["banana"]},"a":{}}}"#,
            "/policy/roles/user/inherits/0: no role \"banana\"; the roles are \"a\" or \"user\"",
        ),
        (
            r#""policy":{"roles":{"a":{"inherits":["b"]},"b":{"inherits":["a"]}}}"#,
            "/policy/roles/a/inherits: inherits from itself: a → b → a; break the circle",
        ),
        (
            r#""policy":{"roles":{"a":{"permissions":["graph"]}}}"#,
            "/policy/roles/a/permissions/0: not a permission; write \"resource:action\", with \"*\" for any or \"{a,b}\" for some",
        ),
        (
            r#""policy":{"roles":{"a":{"permission":["graph:read"]}}}"#,
            "/policy/roles/a/permission: unknown member; did you mean \"permissions\"?",
        ),
        (
            r#""policy":{"routes":{"GET /x":"pubic"}}"#,
            "/policy/routes/GET ~1x: not an access rule; did you mean \"public\"?",
        ),
        (
            r#""policy":{"routes":{"GET /x/{":"public"}}"#,
            "/policy/routes/GET ~1x~1{: a parameter is a whole segment: `{name}`, or `{name:path}` for the rest of the path",
        ),
        (
            r#""policy":{"routes":{"GET /x/{a}":"public","GET /x/{b}":"refused"}}"#,
            "/policy/routes/GET ~1x~1{b}: \"GET /x/{a}\" matches the same requests; keep one of the two",
        ),
        (
            r#""policy":{"docs":"yes"}"#,
            "/policy/docs: not an access rule; write a permission like \"graph:invoke\", \"refused\" or \"public\"",
        ),
        (
            r#""policy":{"default_role":"gast"}"#,
            "/policy/default_role: no role \"gast\"; did you mean \"guest\"?",
        ),
        (
            r#""upstream":{"credential":"swap"}"#,
            "/upstream/token: \"swap\" needs the secret the origin verifies with: {\"secret\": {\"env\": \"NAME\"}}",
        ),
        (
            r#""upstream":{"token":{"secret":{"env":"ORIGIN_SECRET"}}}"#,
            "/upstream/token: is used only if \"credential\" is \"swap\"; set that, or remove this",
        ),
        (
            r#""upstream":{"credential":"swap","token":{"secret":{"env":"ORIGIN_SECRET"},"ttl_secs":0}}"#,
            "/upstream/token/ttl_secs: must lie between 1 and 3600 seconds",
        ),
        (
            r#""upstream":{"remove_headers":["a b"]}"#,
            "/upstream/remove_headers/0: not a header name; write one like \"X-API-Key\"",
        ),
        (
            r#""upstream":{"credential":"drop"}"#,
            "/upstream/credential: unknown value; write one of \"forward\", \"swap\" or \"strip\"",
        ),
        (
            r#""credentials":{"api_key_header":" "}"#,
            "/credentials/api_key_header: not a header name; write one like \"X-API-Key\"",
        ),
        (r#""limits":{"token_bytes":65537}"#, "/limits/token_bytes: must lie between 1 and 65536"),
        (
            r#""limits":{"token_bytes":-1}"#,
            "/limits/token_bytes: expected a whole number that is not negative, found another number",
        ),
        (
            r#""cors":{"preflight":"no"}"#,
            "/cors/preflight: unknown value; write one of \"forward\", \"refuse\" or \"answer\"",
        ),
        (
            r#""cors":{"allowed_origins":["*"],"allow_credentials":true}"#,
            "/cors/allow_credentials: scripts of every site would act as whoever visits it; list the origins instead of \"*\"",
        ),
        (
            r#""cors":{"preflight":"answer","allowed_headers":["*"]}"#,
            "/cors/allowed_headers/0: browsers take \"*\" for no `Authorization` header and for no request with credentials; list the names",
        ),
        (
            r#""cors":{"preflight":"answer","expose_headers":["X Total"]}"#,
            "/cors/expose_headers/0: not a header name; write one like \"X-API-Key\"",
        ),
        (
            r#""cors":{"preflight":"answer","max_age_secs":86401}"#,
            "/cors/max_age_secs: must be at most 86400 seconds",
        ),
        (
            r#""cors":{"max_age_secs":60}"#,
            "/cors/max_age_secs: has no effect unless the gate answers preflights; set \"preflight\" to \"answer\", or remove this",
        ),
        (
            r#""api_keys":{"records":[]}"#,
            "/api_keys: AgentFlow accepts no API keys; set upstream.credential to \"swap\" so that it gets a token",
        ),
    ] {
        assert_eq!(errors(&agentflow_with(members)), [expected], "{members}");
    }
}

#[test]
fn issuers_and_keys() {
    for (issuers, expected) in [
        ("{}", "/issuers: expected an array, found object"),
        ("[{}]", "/issuers/0/keys: at least one key is needed to verify a token"),
        (r#"[{"keys":[]}]"#, "/issuers/0/keys: at least one key is needed to verify a token"),
        (
            r#"[{"keys":[{"secret":{"env":"JWT_SECRET_KEY"}}]}]"#,
            "/issuers/0/keys/0/alg: a secret needs its algorithm: HS256, HS384 or HS512",
        ),
        (
            r#"[{"keys":[{"alg":"none","secret":{"env":"JWT_SECRET_KEY"}}]}]"#,
            "/issuers/0/keys/0/alg: unknown value; a token without a signature is never accepted; write the algorithm of the issuer's signatures, one of \"HS256\", \"HS384\", \"HS512\", \"RS256\", \"RS384\", \"RS512\", \"PS256\", \"PS384\", \"PS512\", \"ES256\", \"ES384\", \"ES512\", \"EdDSA\" or \"Ed25519\"",
        ),
        (
            r#"[{"keys":[{"alg":"HS256","secret":"c2VjcmV0IGluIHRoZSBkb2N1bWVudA"}]}]"#,
            "/issuers/0/keys/0/secret: expected an object like {\"env\": \"NAME\"}, which names a secret of the host; a secret never stands in the document, found string",
        ),
        (
            r#"[{"keys":[{"alg":"HS256","secret":{"env":"GONE"}}]}]"#,
            "/issuers/0/keys/0/secret/env: secret \"GONE\" is not set; set it with `set-secret GONE`",
        ),
        (
            r#"[{"leeway_secs":61,"keys":[{"alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}}]}]"#,
            "/issuers/0/leeway_secs: at most 60 seconds; clocks further apart need fixing, not patience",
        ),
        (
            r#"[{"claims":{"roles":"roles"},"keys":[{"alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}}]}]"#,
            "/issuers/0/claims/roles: not a JSON pointer; write it as `/name` or `/outer/inner` (RFC 6901)",
        ),
        (
            r#"[{"claims":{"subject":"/sub"},"keys":[{"alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}}]}]"#,
            "/issuers/0/claims/subject: AgentFlow reads \"/user_id\" in the token it is given and would refuse this one; use \"/user_id\", or set upstream.credential to \"swap\"",
        ),
        (
            r#"[{"claims":{"subject":["/user_id","/sub"]},"keys":[{"alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}}]}]"#,
            "/issuers/0/claims/subject: AgentFlow reads \"/user_id\" in the token it is given and would refuse this one; use \"/user_id\", or set upstream.credential to \"swap\"",
        ),
        (
            r#"[{"claims":{"subject":[]},"keys":[{"alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}}]}]"#,
            "/issuers/0/claims/subject: must not be empty, or no token could say whose it is; write a claim, like \"/sub\"",
        ),
        (
            r#"[{"keys":[{"kid":"a","alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}},{"kid":"a","alg":"HS256","secret":{"env":"OTHER"}}]}]"#,
            "/issuers/0/keys/1/kid: an earlier key has this kid; every key needs its own",
        ),
    ] {
        assert_eq!(
            errors(&format!(r#"{{"profile":"agentflow","issuers":{issuers}}}"#)),
            [expected],
            "{issuers}"
        );
    }
    let anonymous = r#"{"keys":[{"alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}}]}"#;
    let found = errors(&format!(r#"{{"profile":"agentflow","issuers":[{anonymous},{anonymous}]}}"#));
    assert_eq!(found.len(), 2);
    assert!(found[0].starts_with("/issuers/0: with several issuers each needs \"issuer\""));
}

#[test]
fn a_secret_in_the_place_of_its_name_is_not_shown() {
    for secret in ["0f1e2d3c4b5a69788796a5b4c3d2e1f0", "correct-horse-battery-staple", "MIGHT+BE/BASE64=="] {
        let document = format!(
            r#"{{"profile":"agentflow","issuers":[{{"keys":[{{"alg":"HS256","secret":{{"env":"{secret}"}}}}]}}]}}"#
        );
        let found = errors(&document);
        assert!(found[0].starts_with("/issuers/0/keys/0/secret/env: secret named here"), "{found:?}");
        assert!(!found.concat().contains(secret), "{found:?}");
    }
}

#[test]
fn weak_and_published_secrets_are_refused_without_being_shown() {
    let document = agentflow_with(r#""mode_is_not_a_member":1"#).replace(r#","mode_is_not_a_member":1"#, "");
    let refused = |secret: &str, alg: &str| {
        let mut env = Env::standard();
        env.0.insert("JWT_SECRET_KEY", secret.to_owned());
        let error = try_load(document.replace("HS256", alg).as_bytes(), &env).unwrap_err().to_string();
        assert!(secret.is_empty() || !error.contains(secret), "{error}");
        error
    };
    for (secret, alg, expected) in [
        ("", "HS256", "is not set"),
        ("0123456789abcdef0123456789abcde", "HS256", "shorter than 32 bytes"),
        ("0123456789abcdef0123456789abcdef0123456789abcde", "HS384", "shorter than 48 bytes"),
        ("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde", "HS512", "shorter than 64 bytes"),
        ("your-super-secret-key-at-least-32-characters-long-like-this", "HS256", "published example"),
        ("wNFbczH3QhUVcPALwtWZCPi0lrDlGV3P1DPRVEQCPbM", "HS256", "published example"),
        ("dev-secret-key-change-in-production-f8a7b2c1", "HS256", "published example"),
        ("0123456789abcdef0123456789abcdef0123456789abcdef\n", "HS256", "white space"),
    ] {
        assert!(refused(secret, alg).contains(expected), "{secret}");
    }
}

#[test]
fn secrets_can_be_written_in_hex_and_base64url() {
    let bytes: Vec<u8> = (1..=32).collect();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    for (encoding, text) in [("hex", hex), ("base64url", portcullis::base64url::encode(&bytes))] {
        let document = format!(
            r#"{{"profile":"agentflow","issuers":[{{"keys":[{{"alg":"HS256","secret":{{"env":"JWT_SECRET_KEY","encoding":"{encoding}"}}}}]}}]}}"#
        );
        let mut env = Env::standard();
        env.0.insert("JWT_SECRET_KEY", text.clone());
        let gate = try_load(document.as_bytes(), &env).unwrap();
        let key = jwt_simple::prelude::HS256Key::from_bytes(&bytes);
        let claims = jwt_simple::prelude::Claims::with_custom_claims(
            serde_json::json!({"user_id": "alice", "exp": NOW + 60}),
            jwt_simple::prelude::Duration::from_secs(1),
        );
        let mut claims = claims;
        (claims.issued_at, claims.expires_at, claims.invalid_before) = (None, None, None);
        let token = jwt_simple::prelude::MACLike::authenticate(&key, claims).unwrap();
        assert_eq!(
            outcome(&decide_with_token(&gate, "POST", "/v1/graph/invoke", &token)),
            (200, "-"),
            "{encoding}"
        );
        env.0.insert("JWT_SECRET_KEY", format!("{text}!"));
        let error = try_load(document.as_bytes(), &env).unwrap_err().to_string();
        assert!(
            error.contains("/secret/encoding") && error.contains("not written in this encoding"),
            "{error}"
        );
    }
}

#[test]
fn api_key_records() {
    let with = |records: &str, pepper: &str| {
        errors(&format!(
            r#"{{"profile":"agentflow","upstream":{{"credential":"swap","token":{{"secret":{{"env":"ORIGIN_SECRET"}}}}}},
                "api_keys":{{{pepper}"records":[{records}]}}}}"#
        ))
    };
    let zeros = "0".repeat(64);
    let ours = format!(r#""hash":"hmac-sha256:{zeros}""#);
    let pepper = r#""pepper":{"env":"PEPPER"},"#;
    for (records, pepper, expected) in [
        (
            r#"{"id":"a","hash":"md5:00"}"#.to_owned(),
            pepper,
            "/api_keys/records/0/hash: write \"hmac-sha256:\" or \"sha256:\" and 64 hexadecimal digits",
        ),
        (
            format!(r#"{{"id":"a_b",{ours}}}"#),
            pepper,
            "/api_keys/records/0/id: the identifier inside a key is 1 to 64 ASCII letters and digits",
        ),
        (
            format!(r#"{{"id":"a",{ours}}}"#),
            "",
            "/api_keys/pepper: records with \"hmac-sha256:\" hashes need the pepper they were made with",
        ),
        (
            format!(r#"{{"id":"a",{ours},"roles":["usre"]}}"#),
            pepper,
            "/api_keys/records/0/roles/0: no role \"usre\"; did you mean \"user\"?",
        ),
        (
            format!(r#"{{"id":"a",{ours},"expires":1}}"#),
            pepper,
            "/api_keys/records/0/expires: unknown member; did you mean \"expires_at\"?",
        ),
    ] {
        assert_eq!(with(&records, pepper), [expected], "{records}");
    }
    let twice = format!(r#"{{"id":"a",{ours}}},{{"id":"a",{ours}}}"#);
    assert_eq!(
        with(&twice, pepper),
        [
            "/api_keys/records/1/id: an earlier record has this identifier",
            "/api_keys/records/1/hash: an earlier record is for the same key"
        ]
    );
}

#[test]
fn every_error_is_reported_at_once() {
    let found = errors(
        r#"{"profile":"agentflow","limits":{"token_bytes":0},"policy":{"roles":{"a":{"inherits":["x"],"permissions":["y"]}}},
            "issuers":[{"leeway_secs":99,"keys":[{"alg":"HS256","secret":{"env":"GONE"}}]}]}"#,
    );
    assert_eq!(found.len(), 5, "{found:#?}");
}
