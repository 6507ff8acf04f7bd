//! Configurations that contradict what their profile knows about the origin: each error names its place and the remedy.

use portcullis::api_key::plain_hash;
use portcullis_tests::*;

const KEYS: &str = r#""keys":[{"alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}}]"#;

#[test]
fn what_does_not_load() {
    let hash = plain_hash("k");
    let zeros = "0".repeat(64);
    let pepper = r#""pepper":{"env":"PEPPER"}"#;
    let record = |members: &str| format!(r#""api_keys":{{{pepper},"records":[{{"id":"a",{members}}}]}}"#);
    let swap = |members: &str| format!(r#""upstream":{{"credential":"swap",{members}}}"#);
    let token = r#""token":{"secret":{"env":"ORIGIN_SECRET"}}"#;
    let key = r#""origin_key":{"env":"ORIGIN_SECRET"}"#;
    let issuers = format!(r#""issuers":[{{{KEYS}}}]"#);
    let foreign = record(&format!(r#""hash":"{hash}""#));
    for (profile, members, expected) in [
        (
            "r2r",
            vec![issuers.clone(), r#""upstream":{"credential":"strip"}"#.to_owned()],
            "/upstream/credential: R2R serves a request without a credential as its superuser; use \"forward\" or \"swap\"",
        ),
        (
            "ragflow",
            vec![foreign.clone(), r#""upstream":{"credential":"strip"}"#.to_owned()],
            "/upstream/credential: RAGFlow knows nobody without a credential of its own; use \"forward\" or \"swap\"",
        ),
        (
            "ragflow",
            vec![issuers.clone()],
            "/upstream/credential: RAGFlow cannot read the tokens of \"issuers\"; use \"swap\", with a key of its own: \"origin_key\": {\"env\": \"NAME\"}",
        ),
        (
            "ragflow",
            vec![issuers.clone(), swap(token)],
            "/upstream/token: RAGFlow reads no token that could be made for it; name a key of its own instead: \"origin_key\": {\"env\": \"NAME\"}",
        ),
        (
            "ragflow",
            vec![issuers.clone(), r#""upstream":{"credential":"swap"}"#.to_owned()],
            "/upstream/origin_key: \"swap\" needs an API key that RAGFlow issued: {\"env\": \"NAME\"}",
        ),
        (
            "ragflow",
            vec![issuers.clone(), swap(r#""origin_key":{"env":"GONE"}"#)],
            "/upstream/origin_key/env: secret \"GONE\" is not set; set it with `set-secret GONE`",
        ),
        (
            "r2r",
            vec![issuers.clone(), swap(&format!("{token},{key}"))],
            "/upstream/origin_key: takes the same place as \"token\"; keep one of them",
        ),
        (
            "r2r",
            vec![issuers.clone(), format!(r#""upstream":{{{key}}}"#)],
            "/upstream/origin_key: is used only if \"credential\" is \"swap\"; set that, or remove this",
        ),
        (
            "agentflow",
            vec![issuers.clone(), swap(key)],
            "/upstream/origin_key: AgentFlow accepts no API keys; use \"token\"",
        ),
        (
            "rag-modulo",
            vec![foreign.clone()],
            "/api_keys: RAG Modulo accepts no API keys; set upstream.credential to \"swap\" so that it gets a token",
        ),
        (
            "ragflow",
            vec![record(&format!(r#""hash":"hmac-sha256:{zeros}""#))],
            "/api_keys/records/0/hash: RAGFlow is handed the key as it came and knows none but its own, whose hashes begin with \"sha256:\"; set upstream.credential to \"swap\" for others",
        ),
        (
            "r2r",
            vec![format!(r#""api_keys":{{{pepper},"lookup":true}}"#)],
            "/api_keys/lookup: finds keys of the gate's own, which R2R does not know; set upstream.credential to \"swap\"",
        ),
        (
            "ragflow",
            vec![foreign.clone(), r#""credentials":{"api_key_header":"X-API-Key"}"#.to_owned()],
            "/credentials/api_key_header: RAGFlow finds a key that is handed on in \"authorization\" alone; leave this out, or set upstream.credential to \"swap\"",
        ),
        (
            "r2r",
            vec![foreign, r#""credentials":{"api_key_header":"X-Key"}"#.to_owned()],
            "/credentials/api_key_header: R2R finds a key that is handed on in \"x-api-key\" alone; leave this out, or set upstream.credential to \"swap\"",
        ),
        (
            "r2r",
            vec![format!(r#""issuers":[{{{KEYS},"claims":{{"subject":"/email"}}}}]"#)],
            "/issuers/0/claims/subject: R2R reads \"/sub\" in the token it is given and would refuse this one; use \"/sub\", or set upstream.credential to \"swap\"",
        ),
        (
            "r2r",
            vec![format!(r#""issuers":[{{{KEYS},"subject_roles":{{"a/b@example.com":["user","admn"]}}}}]"#)],
            "/issuers/0/subject_roles/a~1b@example.com/1: no role \"admn\"; did you mean \"admin\"?",
        ),
        (
            "r2r",
            vec![format!(r#""issuers":[{{{KEYS},"subject_roles":{{"":["user"]}}}}]"#)],
            "/issuers/0/subject_roles: a subject has 1 to 512 bytes, the most a token may carry; fix or remove it",
        ),
        (
            "r2r",
            vec![issuers.clone(), r#""policy":{"trailing_slash":"ignore"}"#.to_owned()],
            "/policy/trailing_slash: unknown value; did you mean \"ignored\"?",
        ),
        (
            "ragflow",
            vec![
                issuers,
                swap(key),
                r#""policy":{"routes":{"GET /a":"public","GET /a/":"refused"}}"#.to_owned(),
            ],
            "/policy/routes/GET ~1a~1: \"GET /a\" matches the same requests; keep one of the two",
        ),
    ] {
        let document = format!(r#"{{"profile":"{profile}",{}}}"#, members.join(","));
        let errors = try_load(document.as_bytes(), &Env::standard()).expect_err(&document);
        let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(errors, [expected], "{document}");
    }
}
