//! What is no secret, and keys and roles that a document gets wrong.

use crate::host::{Host, diagnostics, document, errors};
use portcullis_config::load;
use serde_json::{Value, json};

/// The Ed25519 key of RFC 8410.
const PEM: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
const DER: &str = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";
const SSH: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE";
const BOM: &str = "\u{feff}-----BEGIN CERTIFICATE-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4";
const JWK: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
const JWKS: &str =
    r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
const ZEROS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

#[test]
fn what_everybody_has_is_refused_as_a_secret() {
    for (secret, what) in [
        (PEM, "(PEM)"),
        (BOM, "(PEM)"),
        (DER, "in DER"),
        (SSH, "of SSH"),
        (JWK, "a JWK or a JWK Set"),
        (JWKS, "a JWK or a JWK Set"),
        (ZEROS, "fewer than 8 different bytes"),
    ] {
        let errors = errors(&document("agentflow", &json!({})), &Host([("KEY", secret)].into()));
        assert!(errors.len() == 1 && errors[0].contains(what), "{errors:?}");
        assert!(errors[0].starts_with("/issuers/0/keys/0/secret/env: "), "{errors:?}");
        assert!(!errors[0].contains(secret.trim()), "the secret is shown");
    }
    let hex = json!({"issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "KEY", "encoding": "hex"}}]}]});
    assert_eq!(errors(&document("agentflow", &hex), &Host([("KEY", ZEROS)].into())).len(), 1);
}

#[test]
fn keys_that_guides_print_are_refused() {
    // `printf %s secret-key-123 | sha256sum`, and so on.
    for key in ["secret-key-123", "expected-key"] {
        let hash = portcullis::api_key::plain_hash(key);
        let members = json!({"api_keys": {"records": [{"id": "k", "hash": hash}]}});
        let errors = errors(&document("generic", &members), &Host::default());
        assert!(errors.len() == 1 && errors[0].starts_with("/api_keys/records/0/hash: "), "{errors:?}");
    }
}

#[test]
fn public_keys_without_a_name_are_not_chosen_among() {
    let other = PEM.replace(
        "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE",
        "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    );
    let old = |end: bool| match end {
        true => json!({"pem": other, "accepted_until": "2999-12-31T23:59:59Z"}),
        false => json!({"pem": other}),
    };
    let with = |second: Value| json!({"issuers": [{"keys": [{"pem": PEM}, second]}]});
    assert_eq!(errors(&document("generic", &with(old(true))), &Host::default()), Vec::<String>::new());
    let refused = errors(&document("generic", &with(old(false))), &Host::default());
    assert!(refused.len() == 1 && refused[0].contains("have no \"kid\""), "{refused:?}");
}

#[test]
fn a_set_with_nothing_left_tells_why() {
    let jwks = |x: &str| {
        json!({"issuers": [{"jwks": {"keys": [
        {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": "a"}, {"kty": "EC", "crv": "secp256k1"}]}}]})
    };
    let refused = errors(&document("generic", &jwks("AAAA")), &Host::default());
    let places: Vec<_> = refused.iter().map(|error| error.split(':').next().unwrap()).collect();
    assert_eq!(places, ["/issuers/0/jwks/keys/0", "/issuers/0/jwks/keys/1", "/issuers/0/jwks"]);
    let said = diagnostics(&document("generic", &jwks("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")));
    let said: Vec<_> = said.iter().map(|one| (one.lint.code(), one.pointer.as_str())).collect();
    assert_eq!(said, [("key_unused", "/issuers/0/jwks/keys/1")]);
}

#[test]
fn roles_of_the_profile_are_extended() {
    let policy = json!({"policy": {"extend_roles": {
        "user": {"permissions": ["files:upload"], "deny": ["store:read"]}, "auditor": {"inherits": ["guest"]}}}});
    let loaded = load(document("agentflow", &policy).to_string().as_bytes(), &Host::default()).unwrap();
    let policy = &loaded.gate.parts().policy;
    assert_eq!(policy.roles.names().collect::<Vec<_>>(), ["admin", "auditor", "guest", "user"]);
    let asks = |role: &str, text: &str| {
        let permission = portcullis::Permission::parse(text).unwrap();
        policy.roles.patterns(policy.roles.get(role).unwrap(), &permission)
    };
    assert_eq!(asks("user", "files:upload"), (true, false));
    assert_eq!(asks("user", "graph:stream"), (true, false));
    assert_eq!(asks("user", "store:read"), (true, true));
    assert_eq!(asks("auditor", "graph:invoke"), (true, false));
    for (extended, expected) in [
        (json!({"roles": {"a": {}}, "extend_roles": {"b": {}}}), "/policy/extend_roles: "),
        (json!({"extend_roles": {"user": {"inherits": ["gust"]}}}), "/policy/extend_roles/user/inherits/0: "),
        (
            json!({"extend_roles": {"guest": {"inherits": ["guest"]}}}),
            "/policy/extend_roles/guest/inherits: ",
        ),
        (
            json!({"extend_roles": {"user": {"permissions": ["x"]}}}),
            "/policy/extend_roles/user/permissions/0: ",
        ),
    ] {
        let errors = errors(&document("agentflow", &json!({"policy": extended})), &Host::default());
        assert!(errors.iter().any(|error| error.starts_with(expected)), "{errors:?}");
    }
}

#[test]
fn issuers_that_name_callers() {
    let issuers = |second: Value| {
        let mut issuers = json!([
            {"issuer": "a", "keys": [{"alg": "HS256", "secret": {"env": "KEY"}}]},
            {"issuer": "b", "keys": [{"alg": "HS256", "secret": {"env": "KEY"}}]}]);
        issuers[1].as_object_mut().unwrap().extend(second.as_object().unwrap().clone());
        issuers[0]["subject_prefix"] = json!("par");
        json!({"issuers": issuers, "policy": {"roles": {"r": {}, "s": {}}}})
    };
    for (second, expected) in [
        (json!({"roles": []}), "/issuers/1/roles: "),
        (json!({"roles": ["x"]}), "/issuers/1/roles/0: "),
        (json!({"roles": ["r"], "subject_roles": {"u": ["s"]}}), "/issuers/1/subject_roles/u/0: "),
        (json!({"subject_prefix": ""}), "/issuers/1/subject_prefix: "),
        (json!({"subject_prefix": "Key:"}), "/issuers/1/subject_prefix: "),
        (json!({"subject_prefix": "partner:"}), "/issuers/1/subject_prefix: "),
    ] {
        let errors = errors(&document("generic", &issuers(second)), &Host::default());
        assert!(errors.len() == 1 && errors[0].starts_with(expected), "{errors:?}");
    }
    let forwarded =
        json!({"issuers": [{"subject_prefix": "p:", "keys": [{"alg": "HS256", "secret": {"env": "KEY"}}]}]});
    assert_eq!(errors(&document("agentflow", &forwarded), &Host::default()).len(), 1);
    let address = json!({"issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "KEY"}}],
        "subject_roles": {"Admin@Example.com": ["admin"]}}]});
    let refused = errors(&document("r2r", &address), &Host::default());
    assert!(refused.len() == 1 && refused[0].ends_with("write \"admin@example.com\""), "{refused:?}");
}

#[test]
fn a_key_of_the_origin_is_one_that_it_issued() {
    let document = document("ragflow", &json!({}));
    let said = |key: &'static str| errors(&document, &Host([("ORIGIN_KEY", key)].into()));
    for (key, what) in [
        ("ragflow-short", "no API key: it has other than 32 to 512 visible ASCII characters"),
        (
            "ragflow-0123456789 0123456789 0123456789",
            "no API key: it has other than 32 to 512 visible ASCII characters",
        ),
        ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "made of fewer than 8 different bytes"),
        ("-----BEGIN PUBLIC KEY-----", "a key or a certificate (PEM)"),
    ] {
        let errors = said(key);
        let [error] = errors.as_slice() else { panic!("{errors:?}") };
        let start = format!("/upstream/origin_key/env: secret \"ORIGIN_KEY\" is {what}");
        assert!(error.starts_with(&start), "{error}");
        // A key of one's own making is none that the origin knows.
        assert!(error.contains("; set it to an API key that RAGFlow issued: set ORIGIN_KEY"), "{error}");
        assert!(!error.contains("openssl") && !error.contains("ragflow-"), "{error}");
    }
    assert_eq!(said("ragflow-0f1e2d3c4b5a69788796a5b4c3d2e1f0"), [""; 0]);
}
