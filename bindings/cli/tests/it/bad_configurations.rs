//! Documents with one mistake each, as people make them: what `portcullis config check` says names the place, the cause and
//! what to write instead, and never something weaker than what was meant.

use std::path::Path;

use crate::common::{Folder, assert_code, portcullis, text};

/// What is said about `document`, without the name of the file.
fn said(folder: &Folder, document: &str) -> String {
    let file = folder.write("c.json", document);
    let output = portcullis(&["config", "check", "--config", &file])
        .env_clear()
        .env("KEY", "0123456789abcdefghijklmnopqrstuvwxyzABCDEF")
        .env("PEPPER", "zyxwvutsrqponmlkjihgfedcba0123456789ABCD")
        .env("SHORT", "too-short")
        .env("PLACEHOLDER", "replace-with-long-random-secret")
        .output()
        .unwrap();
    assert_code(&output, 2);
    text(&output.stderr).replace(&format!("error: {file}:"), "")
}

/// A document that loads but for `members`.
fn with(members: &str) -> String {
    format!(
        "{{\"profile\": \"generic\",\n \"issuers\": [{{\"keys\": [{{\"alg\": \"HS256\", \"secret\": {{\"env\": \"KEY\"}}}}]}}],\n {members}}}"
    )
}

/// A document with this issuer.
fn issuer(members: &str) -> String {
    format!("{{\"profile\": \"generic\",\n \"issuers\": [{{{members}}}]}}")
}

/// A document with this key.
fn key(members: &str) -> String {
    issuer(&format!("\"keys\": [{{{members}}}]"))
}

/// A document with this route.
fn route(route: &str) -> String {
    with(&format!("\"policy\": {{\"routes\": {{\"{route}\": \"x:read\"}}}}"))
}

#[track_caller]
fn check(rows: &[(String, &str)]) {
    let folder = Folder::new();
    for (document, expected) in rows {
        assert_eq!(said(&folder, document).trim_end(), *expected, "{document}");
    }
}

#[test]
fn texts_that_are_no_json() {
    let json = |text: &str| text.to_owned();
    check(&[
        (
            json(" \n"),
            "2:1: configuration: the document is empty; the least one is {\"profile\": \"agentflow\", \"issuers\": […]}",
        ),
        (
            json("# my gate\nprofile: generic\n"),
            "1:1: configuration: not usable JSON: expected value at line 1, column 1; this looks like YAML; write JSON, as `yq -o json . FILE` prints it",
        ),
        (
            json("---\nprofile: generic\n"),
            "1:2: configuration: not usable JSON: invalid number at line 1, column 2; this looks like YAML; write JSON, as `yq -o json . FILE` prints it",
        ),
        (
            json("profile: generic"),
            "1:1: configuration: not usable JSON: expected value at line 1, column 1; this looks like YAML; write JSON, as `yq -o json . FILE` prints it",
        ),
        (
            json("{\n  // who\n  \"profile\": \"generic\"}"),
            "2:3: configuration: not usable JSON: key must be a string at line 2, column 3; JSON has no comments; remove them",
        ),
        (
            json("/* who */ {\"profile\": \"generic\"}"),
            "1:1: configuration: not usable JSON: expected value at line 1, column 1; JSON has no comments; remove them",
        ),
        (
            json("{\"profile\": \"generic\",}"),
            "1:23: configuration: not usable JSON: trailing comma at line 1, column 23; there is a comma too many",
        ),
        (
            json("{\"issuers\": [1,]}"),
            "1:16: configuration: not usable JSON: trailing comma at line 1, column 16; there is a comma too many",
        ),
        (
            json("{\"profile\": \"generic\",, \"issuers\": []}"),
            "1:23: configuration: not usable JSON: key must be a string at line 1, column 23; there is a comma too many",
        ),
        (
            json("{\"profile\": \"generic\" \"issuers\": []}"),
            "1:23: configuration: not usable JSON: expected `,` or `}` at line 1, column 23; there is a comma missing before this place",
        ),
        (
            json("{profile: \"generic\"}"),
            "1:2: configuration: not usable JSON: key must be a string at line 1, column 2; write names of members in double quotes",
        ),
        (
            json("{'profile': 'generic'}"),
            "1:2: configuration: not usable JSON: key must be a string at line 1, column 2; write texts in double quotes",
        ),
        (
            json("{\"profile\": \"generic\""),
            "1:21: configuration: not usable JSON: EOF while parsing an object at line 1, column 21; the document is cut off; end what is open",
        ),
        (
            json("\u{feff}{\"profile\": \"generic\"}"),
            "1:1: configuration: not usable JSON: expected value at line 1, column 1; the file begins with a byte order mark; save it as UTF-8 without one",
        ),
        (
            json("{\"profile\": \"generic\", \"profile\": \"r2r\"}"),
            "1:32: configuration: not usable JSON: member `profile` occurs twice in one object at line 1, column 32; keep one of them",
        ),
    ]);
}

#[test]
fn members_that_are_not_there() {
    check(&[
        (
            "{\"issuers\": []}".to_owned(),
            "1:1: configuration: member \"profile\" is missing; add the name of the origin's system, or \"profile\": \"generic\" for any other",
        ),
        ("{\"profile\": \"Generic\"}".to_owned(), "1:13: /profile: unknown value; did you mean \"generic\"?"),
        (
            "{\"profile\": \"django\"}".to_owned(),
            "1:13: /profile: unknown value; write one of \"agentflow\", \"r2r\", \"rag-modulo\", \"ragflow\", \"ragflow-0.24\" or \"generic\"; \"generic\" is for any origin",
        ),
        (with("\"isuers\": []"), "3:12: /isuers: unknown member; did you mean \"issuers\"?"),
        (with("\"routes\": {}"), "3:12: /routes: unknown member; it stands inside \"policy\""),
        (
            issuer("\"jwks_uri\": \"https://idp.example/jwks\""),
            "2:27: /issuers/0/jwks_uri: unknown member; write the address that keys are fetched from as \"jwks\": {\"url\": \"https://…\"}",
        ),
        (
            issuer("\"introspection\": {\"url\": \"https://idp.example/introspect\"}"),
            "2:32: /issuers/0/introspection: unknown member; write it at the top of the document, as \"identity\": {\"kind\": \"introspection\", \"ask\": \"https://…\", \"client\": {\"id\": …, \"secret\": {\"env\": \"NAME\"}}}",
        ),
        (
            issuer("\"discovery\": true"),
            "2:28: /issuers/0/discovery: unknown member; write the URL of the issuer as \"issuer\", and beside it \"discover\": true: its metadata say where its keys are",
        ),
        (
            with("\"userinfo\": \"https://idp.example/userinfo\""),
            "3:14: /userinfo: unknown member; write it at the top of the document, as \"identity\": {\"ask\": \"https://…\", \"subject\": \"/sub\"}",
        ),
        (
            with("\"denylist\": []"),
            "3:14: /denylist: unknown member; write what was taken back at the top of the document, under \"revoked\"",
        ),
        (
            with("\"cache\": {}"),
            "3:11: /cache: unknown member; how much is remembered is \"memory\": {\"entries\": 1024}; for how long answers about callers count is \"yes_secs\" and \"no_secs\" of \"identity\"; what instances share is \"memory\": {\"shared\": …}",
        ),
        (
            with("\"limits\": {\"rate_limit\": 10}"),
            "3:27: /limits/rate_limit: unknown member; credentials that fail are limited by \"limits\": {\"failures\": {\"count\": 20, \"window_secs\": 60}}, requests by a \"limit\" like that in their route under \"policy.routes\"",
        ),
        (
            key("\"alg\": \"RS256\", \"public_key\": \"x\""),
            "2:55: /issuers/0/keys/0/public_key: unknown member; write a public key under \"pem\" or \"jwk\"",
        ),
        (with("\"mode\": \"shadow\""), "3:10: /mode: unknown value; write one of \"enforce\" or \"report\""),
        (
            with("\"cors\": {\"allowedOrigins\": []}"),
            "3:29: /cors/allowedOrigins: unknown member; did you mean \"allowed_origins\"?",
        ),
    ]);
}

#[test]
fn keys_and_secrets() {
    let fetched = "write the address that keys are fetched from as \"jwks\": {\"url\": \"https://…\"}";
    let certificate = "-----BEGIN CERTIFICATE-----\\nMIIB\\n-----END CERTIFICATE-----";
    let private = "-----BEGIN PRIVATE KEY-----\\nMC4CAQAw\\n-----END PRIVATE KEY-----";
    let ed25519 = "-----BEGIN PUBLIC KEY-----\\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\\n-----END PUBLIC KEY-----";
    check(&[
        (issuer("\"jwks\": \"https://idp.example/jwks\""), &format!("2:23: /issuers/0/jwks: {fetched}")),
        (
            issuer("\"jwks\": {\"uri\": \"https://idp.example/jwks\"}"),
            &format!("2:23: /issuers/0/jwks: {fetched}"),
        ),
        (
            issuer("\"jwks\": {\"kty\": \"OKP\", \"crv\": \"Ed25519\", \"x\": \"AA\"}"),
            "2:23: /issuers/0/jwks: this is one key; write it under \"keys\" of the issuer: [{\"jwk\": {…}}]",
        ),
        (
            key("\"alg\": \"hs256\", \"secret\": {\"env\": \"KEY\"}"),
            "2:32: /issuers/0/keys/0/alg: unknown value; did you mean \"HS256\"?",
        ),
        (
            key("\"alg\": \"none\", \"secret\": {\"env\": \"KEY\"}"),
            "2:32: /issuers/0/keys/0/alg: unknown value; a token without a signature is never accepted; write the algorithm of the issuer's signatures, one of \"HS256\", \"HS384\", \"HS512\", \"RS256\", \"RS384\", \"RS512\", \"PS256\", \"PS384\", \"PS512\", \"ES256\", \"ES384\", \"ES512\", \"EdDSA\" or \"Ed25519\"",
        ),
        (
            key("\"alg\": \"RS256\", \"secret\": {\"env\": \"KEY\"}"),
            "2:32: /issuers/0/keys/0/alg: RS256 verifies with a public key; write that as \"pem\" or \"jwk\" instead of \"secret\"",
        ),
        (
            key(&format!("\"alg\": \"HS256\", \"pem\": \"{ed25519}\"")),
            "2:48: /issuers/0/keys/0/pem: HS256 takes a shared secret, and a public key is known to anybody; write the one the issuer signs with, which is \"EdDSA\" or \"Ed25519\"",
        ),
        (
            key(&format!("\"alg\": \"RS256\", \"pem\": \"{ed25519}\"")),
            "2:48: /issuers/0/keys/0/pem: the key is for another algorithm than the one asked for here; write the one the issuer signs with, which is \"EdDSA\" or \"Ed25519\"",
        ),
        (
            key(&format!("\"alg\": \"RS256\", \"pem\": \"{certificate}\"")),
            "2:48: /issuers/0/keys/0/pem: a PEM document, but no public key; of a certificate take the key: `openssl x509 -in FILE -noout -pubkey`",
        ),
        (
            key(&format!("\"alg\": \"RS256\", \"pem\": \"{private}\"")),
            "2:48: /issuers/0/keys/0/pem: a private key; verifying takes the public one: `openssl pkey -in FILE -pubout`",
        ),
        (
            key("\"alg\": \"HS256\", \"secret\": \"correct-horse-battery-staple\""),
            "2:51: /issuers/0/keys/0/secret: expected an object like {\"env\": \"NAME\"}, which names a secret of the host; a secret never stands in the document, found string",
        ),
        (
            key("\"alg\": \"HS256\", \"secret\": {\"env\": \"UNSET\"}"),
            "2:59: /issuers/0/keys/0/secret/env: secret \"UNSET\" is not set; set the environment variable UNSET, or add it to the file given with --env-file",
        ),
        (
            key("\"alg\": \"HS256\", \"secret\": {\"env\": \"SHORT\"}"),
            "2:59: /issuers/0/keys/0/secret/env: secret \"SHORT\" is shorter than 32 bytes, the output of its hash; make one with `openssl rand -hex 32`",
        ),
        (
            key("\"alg\": \"HS256\", \"secret\": {\"env\": \"PLACEHOLDER\"}"),
            "2:59: /issuers/0/keys/0/secret/env: secret \"PLACEHOLDER\" has a published example value, with which anybody can sign; replace it by one that `openssl rand -hex 32` makes: set the environment variable PLACEHOLDER, or add it to the file given with --env-file",
        ),
    ]);
}

#[test]
fn routes_that_would_match_nothing() {
    for (written, pointer, message) in [
        ("GET x", "GET x", "the path begins with a slash: \"GET /x\""),
        ("/x", "~1x", "the method is missing; write it before the path: \"GET /x\""),
        ("get /x", "get ~1x", "not a method; did you mean \"GET /x\"?"),
        ("GETT /x", "GETT ~1x", "not a method; did you mean \"GET /x\"?"),
        ("ANY /x", "ANY ~1x", "no method stands for all; write a route for each: \"GET /x\", \"POST /x\", …"),
        ("* /x", "* ~1x", "no method stands for all; write a route for each: \"GET /x\", \"POST /x\", …"),
        ("WS /x", "WS ~1x", "not a method of requests with a path; an upgrade is \"WEBSOCKET /x\""),
        (
            "GET /x/*",
            "GET ~1x~1*",
            "\"*\" is no parameter here; write \"{rest:path}\" for the rest of the path",
        ),
        (
            "GET /x/**",
            "GET ~1x~1**",
            "\"**\" is no parameter here; write \"{rest:path}\" for the rest of the path",
        ),
        (
            "GET /x/(.*)",
            "GET ~1x~1(.*)",
            "\"(.*)\" is no parameter here; write \"{rest:path}\" for the rest of the path",
        ),
        ("GET /x/+", "GET ~1x~1+", "\"+\" is no parameter here; write \"{name}\" for any one segment"),
        ("GET /x/<id>", "GET ~1x~1<id>", "\"<id>\" is no parameter here; write \"{id}\" for any one segment"),
        (
            "GET /x/:id",
            "GET ~1x~1:id",
            "\":id\" is no parameter here; write \"{id}\" for any one segment, or \"%3Aid\" for this very text",
        ),
        (
            "GET /x/$id",
            "GET ~1x~1$id",
            "\"$id\" is no parameter here; write \"{id}\" for any one segment, or \"%24id\" for this very text",
        ),
        (
            "GET /x/{id?}",
            "GET ~1x~1{id?}",
            "\"{id?}\" is no parameter here; write \"{id}\", and a route of its own for the path without it",
        ),
    ] {
        let column = 28 + written.len();
        check(&[(route(written), &format!("3:{column}: /policy/routes/{pointer}: {message}"))]);
    }
}

#[test]
fn the_rest_of_a_document() {
    let record = |members: &str| {
        with(&format!(
            "\"policy\": {{\"roles\": {{\"reader\": {{}}}}}},\n \"api_keys\": {{\"pepper\": {{\"env\": \"PEPPER\"}}, \"records\": [{{\"id\": \"ci\", {members}}}]}}"
        ))
    };
    let hash = format!("\"hash\": \"hmac-sha256:{}\"", "a".repeat(64));
    check(&[
        (
            with("\"policy\": {\"routes\": {\"GET /x\": \"read\"}}"),
            "3:34: /policy/routes/GET ~1x: not an access rule; write a permission like \"graph:invoke\", \"refused\" or \"public\"",
        ),
        (
            with("\"policy\": {\"roles\": [\"reader\"]}"),
            "3:22: /policy/roles: expected an object, found array; write roles as {\"reader\": {\"permissions\": […]}}",
        ),
        (
            with("\"policy\": {\"routes\": {\"GET /x/{a}\": \"x:read\", \"GET /x/{b}\": \"x:read\"}}"),
            "3:62: /policy/routes/GET ~1x~1{b}: \"GET /x/{a}\" matches the same requests; keep one of the two",
        ),
        (
            with("\"policy\": {\"roles\": {\"reader\": {}, \"editor\": {\"inherits\": [\"raeder\"]}}}"),
            "3:61: /policy/roles/editor/inherits/0: no role \"raeder\"; did you mean \"reader\"?",
        ),
        (
            issuer("\"max_age_secs\": \"1h\", \"keys\": []"),
            "2:31: /issuers/0/max_age_secs: expected a whole number that is not negative, found string; write seconds, without quotes: 3600",
        ),
        (
            record(&format!("{hash}, \"expires_at\": \"2027-01-01\"")),
            "4:171: /api_keys/records/0/expires_at: expected an instant, found string; write a time in UTC, like \"2027-01-31T00:00:00Z\", or seconds since the epoch",
        ),
        (
            record(&format!("{hash}, \"roles\": [\"raeder\"]")),
            "4:167: /api_keys/records/0/roles/0: no role \"raeder\"; did you mean \"reader\"?",
        ),
        (
            record("\"hash\": \"abc\""),
            "4:77: /api_keys/records/0/hash: write \"hmac-sha256:\" or \"sha256:\" and 64 hexadecimal digits",
        ),
        (
            record("\"disabled\": \"no\", \"hash\": \"x\""),
            "4:81: /api_keys/records/0/disabled: expected true or false, found string",
        ),
        (
            with("\"upstream\": {\"credential\": \"swap\"}"),
            "3:14: /upstream/token: \"swap\" needs the secret the origin verifies with: {\"secret\": {\"env\": \"NAME\"}}",
        ),
        (
            with("\"cors\": {\"allowed_origins\": [\"https://app.example.com/\"]}"),
            "3:31: /cors/allowed_origins/0: would never match: browsers write this origin \"https://app.example.com\"; write it so",
        ),
    ]);
}

#[test]
fn what_is_fetched_asked_and_limited() {
    let url = |url: &str| issuer(&format!("\"jwks\": {{\"url\": \"{url}\"}}"));
    let identity = |members: &str| with(&format!("\"identity\": {{{members}}}"));
    let client = "\"client\": {\"id\": \"gate\", \"secret\": {\"env\": \"KEY\"}}";
    check(&[
        (
            url("http://idp.example/keys"),
            "2:31: /issuers/0/jwks/url: must begin with https://; http:// is for a loopback address only, like http://127.0.0.1:8080",
        ),
        (
            url("https://me:word@idp.example/keys"),
            "2:31: /issuers/0/jwks/url: must carry no name or password before its host; give credentials as a secret of the host",
        ),
        (url("https://idp.example/keys#a"), "2:31: /issuers/0/jwks/url: must have no fragment (#…)"),
        (
            url("idp.example/keys"),
            "2:31: /issuers/0/jwks/url: is no absolute URL; write it like \"https://idp.example/keys\"",
        ),
        (
            issuer("\"jwks\": {\"url\": \"https://idp.example/keys\", \"keys\": []}"),
            "2:31: /issuers/0/jwks/url: a JWK Set is written here, or fetched; leave out \"url\" or \"keys\"",
        ),
        (
            issuer("\"jwks\": {\"url\": \"https://idp.example/keys\", \"stale\": 1}"),
            "2:68: /issuers/0/jwks/stale: unknown member; members here are \"url\" or \"stale_secs\"",
        ),
        (
            issuer("\"jwks\": {\"url\": \"https://idp.example/keys\", \"stale_secs\": 604801}"),
            "2:73: /issuers/0/jwks/stale_secs: a whole number of seconds, at most 604800",
        ),
        (
            issuer("\"discover\": true"),
            "2:14: /issuers/0/issuer: \"discover\" needs the name of the issuer, which is the URL its metadata are found under",
        ),
        (
            issuer("\"issuer\": \"notes\", \"discover\": true"),
            "2:25: /issuers/0/issuer: is no absolute URL; write it like \"https://idp.example/keys\", or \"discover\" cannot find it",
        ),
        (
            issuer(
                "\"issuer\": \"https://idp.example\", \"discover\": true, \"jwks\": {\"url\": \"https://idp.example/k\"}",
            ),
            "2:60: /issuers/0/discover: \"jwks\" already says where the keys are; leave one of the two out",
        ),
        (
            issuer("\"algorithms\": [\"HS256\"], \"jwks\": {\"url\": \"https://idp.example/keys\"}"),
            "2:29: /issuers/0/algorithms: HS256 takes a shared secret, and what is fetched can be read by others",
        ),
        (identity("\"subject\": \"/id\""), "3:14: /identity: member \"ask\" is missing"),
        (
            with("\"identity\": \"origin\""),
            "3:14: /identity: nothing is known of how the origin tells who a caller is; write {\"ask\": …, \"subject\": …}",
        ),
        (
            identity("\"ask\": \"/me\""),
            "3:14: /identity/subject: say where the answer names the caller, as a JSON pointer like \"/user_id\" or \"/results/id\"",
        ),
        (
            identity("\"ask\": \"http://idp.example/me\", \"subject\": \"/id\""),
            "3:22: /identity/ask: must begin with https://; http:// is for a loopback address only, like http://127.0.0.1:8080; a path of the origin begins with \"/\"",
        ),
        (
            identity("\"kind\": \"introspection\", \"ask\": \"https://idp.example/i\""),
            "3:14: /identity/client: an introspection endpoint tells only who may ask (RFC 7662 section 2.1); name the gate's account: {\"id\": …, \"secret\": {\"env\": \"NAME\"}}",
        ),
        (
            identity(&format!("\"ask\": \"https://idp.example/i\", \"subject\": \"/id\", {client}")),
            "3:75: /identity/client: the request carries the caller's credential, and cannot carry the gate's besides; leave one of the two out",
        ),
        (
            identity("\"ask\": \"/me\", \"subject\": \"/id\", \"yes_secs\": 300"),
            "3:59: /identity/yes_secs: at most 60 seconds: so long nobody hears of a logout or of a promotion",
        ),
        (
            identity("\"ask\": \"/me\", \"subject\": \"/id\", \"refusals\": [500]"),
            "3:59: /identity/refusals: 500 does not say that a credential is bad; list statuses from 400 to 499",
        ),
        (
            with("\"revoked\": {\"subjects\": [{\"subject\": \"alice\", \"before\": \"yesterday\"}]}"),
            "3:58: /revoked/subjects/0/before: write an instant in UTC, like \"2026-12-31T23:59:59Z\"",
        ),
        (
            with("\"limits\": {\"failures\": {\"count\": 0, \"window_secs\": 60}}"),
            "3:35: /limits/failures/count: at least 1, or nobody could do it once; leave the limit out to have none",
        ),
        (with("\"memory\": {\"entries\": 70000}"), "3:24: /memory/entries: at most 65536"),
        (
            with("\"memory\": {\"entries\": 0, \"shared\": {\"secret\": {\"env\": \"KEY\"}}}"),
            "3:37: /memory/shared: with \"entries\": 0 nothing is remembered, and so nothing shared; leave one of the two out",
        ),
        (with("\"memory\": {\"shared\": {}}"), "3:23: /memory/shared: member \"secret\" is missing"),
        (
            with("\"memory\": {\"shared\": \"cache\"}"),
            "3:23: /memory/shared: expected an object like {\"secret\": {\"env\": \"CACHE_SECRET\"}}, found string",
        ),
    ]);
}

#[test]
fn where_the_bundle_is_and_who_signs_it() {
    let key = "{\"jwk\": {\"kty\": \"OKP\", \"crv\": \"Ed25519\", \"x\": \"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}}";
    let bundle = |members: &str| with(&format!("\"bundle\": {{{members}}}"));
    let at = |url: &str| bundle(&format!("\"url\": \"{url}\", \"keys\": [{key}]"));
    let signed = |keys: &str| bundle(&format!("\"url\": \"https://cdn.example/b\", \"keys\": [{keys}]"));
    check(&[
        (bundle("\"url\": \"https://cdn.example/b\""), "3:12: /bundle: member \"keys\" is missing"),
        (bundle(&format!("\"keys\": [{key}]")), "3:12: /bundle: member \"url\" is missing"),
        (
            at("http://cdn.example/b"),
            "3:20: /bundle/url: must begin with https://; http:// is for a loopback address only, like http://127.0.0.1:8080",
        ),
        (
            at("https://name:word@cdn.example/b"),
            "3:20: /bundle/url: must carry no name or password before its host; give credentials as a secret of the host",
        ),
        (
            signed(""),
            "3:53: /bundle/keys: write the public key of whoever signs the bundle, as \"pem\" or \"jwk\"; `portcullis key generate` makes a pair",
        ),
        (
            signed("{\"alg\": \"HS256\", \"secret\": {\"env\": \"KEY\"}}"),
            "3:81: /bundle/keys/0/secret: a bundle is signed with a private key: with a shared secret, every gate could sign one",
        ),
        (
            signed("{\"jwk\": {\"kty\": \"oct\", \"alg\": \"HS256\", \"k\": \"AAAA\"}}"),
            "3:62: /bundle/keys/0/jwk: a shared secret never stands in the document; name it: {\"alg\": …, \"secret\": {\"env\": \"NAME\", \"encoding\": \"base64url\"}}",
        ),
        (
            signed(&[key, key].join(", ")),
            "3:53: /bundle/keys: two keys for EdDSA have no \"kid\", and a token is not tried with both; give each the \"kid\" that its tokens name, or, to rotate, \"accepted_until\" to the old one",
        ),
        (
            bundle(&format!("\"url\": \"https://cdn.example/b\", \"keys\": [{key}], \"stale_secs\": 604801")),
            "3:164: /bundle/stale_secs: a whole number of seconds, at most 604800",
        ),
        (
            issuer("\"issuer\": \"https://idp.example\", \"jwks\": {\"bundle\": true}"),
            "2:67: /issuers/0/jwks/bundle: there is no bundle; say where it is: \"bundle\": {\"url\": …, \"keys\": […]}",
        ),
    ]);
    let issuer = |members: &str| {
        format!(
            "{{\"profile\": \"generic\", \"bundle\": {{\"url\": \"https://cdn.example/b\", \"keys\": [{key}]}},\n \"issuers\": [{{{members}}}]}}"
        )
    };
    check(&[
        (
            issuer("\"jwks\": {\"bundle\": true}"),
            "2:14: /issuers/0/issuer: write the name of the issuer, under which the bundle has its keys",
        ),
        (
            issuer(
                "\"issuer\": \"https://idp.example\", \"jwks\": {\"bundle\": true, \"url\": \"https://idp.example/k\"}",
            ),
            "2:56: /issuers/0/jwks: write {\"bundle\": true}, and nothing besides",
        ),
        (
            issuer("\"issuer\": \"https://idp.example\", \"discover\": true, \"jwks\": {\"bundle\": true}"),
            "2:60: /issuers/0/discover: the keys of this issuer are in the bundle; leave one of the two out",
        ),
        (
            issuer(
                "\"issuer\": \"https://idp.example\", \"algorithms\": [\"HS256\"], \"jwks\": {\"bundle\": true}",
            ),
            "2:62: /issuers/0/algorithms: HS256 takes a shared secret, and a bundle can be read by others",
        ),
    ]);
}

/// Where each mistake of the collection stands, and a word of the remedy, by the number in the name of its file.
const COLLECTED: [(&str, &str, &str); 43] = [
    ("b01", "configuration", "a comma too many"),
    ("b02", "configuration", "no comments"),
    ("b03", "configuration", "YAML"),
    ("b04", "configuration", "the document is empty"),
    ("b05", "configuration", "\"profile\" is missing"),
    ("b06", "/profile", "\"generic\" is for any origin"),
    ("b07", "/polcy", "did you mean \"policy\"?"),
    ("b08", "/issuers/0/jwks_uri", "{\"url\": "),
    ("b09", "/issuers/0/jwks", "{\"url\": "),
    ("b11", "/issuers/0/keys/0/secret", "{\"env\": \"NAME\"}"),
    ("b12", "/issuers/0/keys/0/secret/env", "is not set"),
    ("b13", "/issuers/0/keys/0/secret/env", "openssl rand -hex 32"),
    ("b14", "/issuers/0/keys/0/alg", "did you mean \"HS256\"?"),
    ("b15", "/issuers/0/keys/0/alg", "never accepted"),
    ("b16", "/issuers/0/keys/0/alg", "instead of \"secret\""),
    ("b17", "/issuers/0/keys/0/pem", "\"RS256\""),
    ("b18", "/policy/routes/GET api~1x", "\"GET /api/x\""),
    ("b19", "/policy/routes/GET ~1api~1x~1:id", "\"{id}\""),
    ("b20", "/policy/routes/~1api~1x", "\"GET /api/x\""),
    ("b21", "/policy/routes/get ~1api~1x", "\"GET /api/x\""),
    ("b22", "/policy/routes/GET ~1api~1x~1*", "\"{rest:path}\""),
    ("b23", "/policy/routes/GET ~1api~1x", "a permission like"),
    ("b24", "/policy/roles/editor/inherits/0", "did you mean \"reader\"?"),
    ("b25", "/policy/roles/editor/inherits", "break the circle"),
    ("b26", "/policy/routes/DELETE ~1api~1notes~1{note_id}", "keep one"),
    ("b27", "/policy/routes/GET ~1api~1x~1{a}/where/path.b", "name one that it has"),
    ("b28", "/issuers/0", "needs \"issuer\""),
    ("b29", "/issuers/0/leeway_secs", "at most 60 seconds"),
    ("b30", "/issuers", "configure at least one issuer"),
    ("b31", "/issuers/0/introspection", "\"kind\": \"introspection\""),
    ("b32", "/issuers/0/keys/0/pem", "openssl x509 -in FILE -noout -pubkey"),
    ("b33", "/issuers/0/keys/0/pem", "openssl pkey -in FILE -pubout"),
    ("b34", "/api_keys/pepper", "need the pepper"),
    ("b35", "/api_keys/records/0/hash", "64 hexadecimal digits"),
    ("b36", "/upstream/token", "{\"secret\": {\"env\": \"NAME\"}}"),
    ("b37", "/cors/allowed_origins/0", "\"https://app.example.com\""),
    ("b38", "/limits/rate_per_minute", "\"failures\""),
    ("b39", "configuration", "keep one of them"),
    ("b40", "/issuers/0/keys/0/secret/env", "openssl rand -hex 32"),
    ("b41", "/issuers/0/max_age_secs", "seconds, without quotes"),
    ("b42", "/api_keys/records/0/roles/0", "did you mean \"reader\"?"),
    ("b43", "/api_keys/records/0/expires_at", "seconds since the epoch"),
    ("b44", "/mode", "\"enforce\""),
];

/// What was a mistake when the collection was made: a set at a URL.
const GOOD: [&str; 1] = ["b10"];

/// The collection itself, where it is at hand: beside the repository, in `../shared/vectors`.
#[test]
fn the_collection() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors/bad_configurations");
    let Ok(entries) = std::fs::read_dir(&path) else {
        println!("skipped: {} is not there", path.display());
        return;
    };
    let folder = Folder::new();
    let mut count = 0;
    let mut good = Vec::new();
    for entry in entries {
        let file = entry.unwrap().path();
        let name = file.file_name().unwrap().to_str().unwrap();
        let document = std::fs::read_to_string(&file).unwrap().replace("\"JWT_SECRET_KEY\"", "\"KEY\"");
        if GOOD.iter().any(|number| name.starts_with(number)) {
            let file = folder.write("good.json", &document);
            assert_code(
                &portcullis(&["config", "check", "--no-secrets", "--config", &file]).output().unwrap(),
                0,
            );
            good.push(name.to_owned());
            continue;
        }
        // A time in text is one of the two spellings; a date alone is none.
        let document = document.replace("\"2027-01-01T00:00:00Z\"", "\"2027-01-01\"");
        let said = said(&folder, &document);
        let known = COLLECTED.iter().find(|(number, ..)| name.starts_with(number));
        for line in said.lines() {
            let mut parts = line.splitn(4, ':');
            let (row, column) = (parts.next().unwrap(), parts.next().unwrap());
            assert!(row.parse::<usize>().is_ok() && column.parse::<usize>().is_ok(), "{name}: {line}");
        }
        if let Some((_, pointer, remedy)) = known {
            let first = said.lines().next().unwrap();
            assert!(first.contains(&format!(": {pointer}: ")) && first.contains(remedy), "{name}: {said}");
        }
        count += 1;
    }
    println!("{count} documents; {} are none of them", good.join(", "));
    assert!(count >= COLLECTED.len());
}
