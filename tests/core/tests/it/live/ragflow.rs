//! RAGFlow's own callers: sessions in a header and in a cookie, and API keys that it makes for them.

use hmac_sha256::Hash;
use portcullis::Forward;
use portcullis_tests::{Env, ORIGIN_SECRET, forwarded, outcome, sign, try_load};
use serde_json::{Value, json};

use super::host::{Host, Page};

const ME: &str = "origin/api/v1/users/me";
pub(super) const KEY: &str = "ragflow-AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdE";
/// When the sessions of the examples were signed.
const SIGNED_AT: u64 = 1_795_653_941;

/// What a running RAGFlow 0.27.0 answered to sessions, most of them made to be refused.
fn examples() -> Value {
    serde_json::from_str(include_str!("../examples/ragflow_sessions.json")).unwrap()
}

pub(super) fn example(name: &str, member: &str) -> String {
    let examples = examples();
    let mut cases = examples["cases"].as_array().unwrap().iter();
    let case = cases.find(|case| case["name"] == name).unwrap();
    case[member].as_str().unwrap().to_owned()
}

pub(super) fn token() -> String {
    example("token of a login", "value")
}

pub(super) fn cookie() -> String {
    format!("session={}", example("cookie of a login", "cookie"))
}

fn document(members: &Value) -> Value {
    let mut document = json!({"profile": "ragflow", "identity": "origin"});
    document.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    document
}

/// Sessions are checked before RAGFlow is asked.
pub(super) fn checking() -> Value {
    document(&json!({"credentials": {"session": {"secret": {"env": "RAGFLOW_SECRET_KEY"}}}}))
}

pub(super) fn account(superuser: bool, active: bool) -> Page {
    let active = if active { "1" } else { "0" };
    Page::json(&json!({"code": 0, "message": "success", "data": {"id": "89fe7c3ce93211f1ae3202fc00000001",
        "email": "ann@example.com", "is_superuser": superuser, "is_active": active, "status": "1"}}))
}

pub(super) fn unknown() -> Page {
    let body = json!({"code": 401, "data": null, "message": "<Unauthorized '401: Unauthorized'>"});
    Page::new(401, "application/json", body.to_string())
}

pub(super) fn host(document: &Value, page: Page) -> Host {
    let mut env = Env::standard();
    env.0.insert("RAGFLOW_SECRET_KEY", examples()["secret"].as_str().unwrap().to_owned());
    let gate = try_load(document.to_string(), &env).unwrap_or_else(|errors| panic!("{errors}"));
    let mut host = Host::of(gate);
    host.now = SIGNED_AT + 60;
    host.serve(ME, page);
    host.serve(SHARED_ASKED, unknown());
    host
}

fn get(host: &mut Host, headers: &[(&str, &str)]) -> (u16, &'static str) {
    outcome(&host.verdict("GET", "/api/v1/datasets", headers))
}

fn forward(host: &mut Host, headers: &[(&str, &str)]) -> Forward {
    forwarded(&host.verdict("GET", "/api/v1/datasets", headers)).clone()
}

fn asked_with(host: &Host, name: &str) -> Option<String> {
    let mut headers = host.last.as_ref().unwrap().headers().iter();
    headers.find(|(own, _)| own == name).map(|(_, value)| value.clone())
}

#[test]
fn what_ragflow_answers_to_each_session() {
    for case in examples()["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let signed = case["signature_valid_here"] == true;
        // What `itsdangerous` reads besides the one spelling, and what is older or younger than can be.
        let reason = match name {
            "right mac, same handle, time 0 (never expires in Python)" => Some("token_too_old"),
            "right mac, same handle, time in 2100" => Some("token_issued_in_future"),
            "last character of mac with other padding bits" | "padded mac" => Some("token_malformed"),
            // As long as what comes with a link: RAGFlow knows none like it.
            "the handle itself" => None,
            _ if signed => None,
            _ => Some("signature_invalid"),
        };
        let (value, sent) = match &case["cookie"] {
            Value::String(cookie) => (cookie, vec![("cookie", format!("session={cookie}"))]),
            _ => {
                let Value::String(value) = &case["value"] else { panic!("{name}") };
                let bearer = format!("Bearer {value}");
                (value, vec![("authorization", value.clone()), ("authorization", bearer)])
            }
        };
        for (header, sent) in sent {
            let known = case["origin"] == 200 || case["origin_raw"] == 200;
            let page = if known { account(false, true) } else { unknown() };
            let mut checking = host(&checking(), page.clone());
            let mut asking = host(&document(&json!({})), page);
            let line = [(header, sent.as_str())];
            let expected = match reason {
                Some(reason) => (401, reason),
                None if known => (200, "-"),
                None => (401, "credential_rejected"),
            };
            assert_eq!(get(&mut checking, &line), expected, "{name}: {sent}");
            assert_eq!(checking.sent.len(), usize::from(reason.is_none()), "{name}: {sent}");
            // Without the secret RAGFlow decides, with what the caller sent byte for byte.
            let expected = if known { (200, "-") } else { (401, "credential_rejected") };
            assert_eq!(get(&mut asking, &line), expected, "{name}: {sent}");
            assert_eq!(asked_with(&asking, header).as_deref(), Some(sent.as_str()), "{name}");
            assert!(!format!("{:?}", asking.last).contains(value.trim_ascii()), "{name}");
        }
    }
}

#[test]
fn the_signature_of_a_session_ends() {
    let document = document(&json!({"credentials": {"session":
        {"secret": {"env": "RAGFLOW_SECRET_KEY"}, "max_age_secs": 3600}}}));
    for (document, age_secs) in [(document, 3600), (checking(), 86_400)] {
        let mut host = host(&document, account(false, true));
        for headers in [[("authorization", token())], [("cookie", cookie())]] {
            let headers = [(headers[0].0, headers[0].1.as_str())];
            host.now = SIGNED_AT + age_secs;
            assert_eq!(get(&mut host, &headers), (200, "-"));
            // What was said of it a second ago does not count any longer.
            host.now += 1;
            assert_eq!(get(&mut host, &headers), (401, "token_too_old"));
            host.now = SIGNED_AT - 60;
            assert_eq!(get(&mut host, &headers), (200, "-"));
            host.now -= 1;
            assert_eq!(get(&mut host, &headers), (401, "token_issued_in_future"));
        }
    }
}

#[test]
fn a_session_goes_on_as_it_came() {
    let mut host = host(&checking(), account(false, true));
    for value in [token(), format!("Bearer {}", token()), format!("bearer {}", token())] {
        let forward = forward(&mut host, &[("authorization", &value), ("cookie", "a=1; session=x; b=2")]);
        let set = forward.set_headers.iter().find(|(name, _)| name == "authorization");
        let expected = value.starts_with("bearer").then(|| format!("Bearer {}", token()));
        assert_eq!(set.map(|(_, value)| value.clone()), expected);
        assert!(!forward.remove_headers.contains(&"authorization".to_owned()));
        // RAGFlow takes the header of two, and would take the cookie of another without it.
        assert!(forward.set_headers.contains(&("cookie".to_owned(), "a=1; b=2".to_owned())), "{forward:?}");
        assert!(
            forward
                .set_headers
                .iter()
                .any(|(name, value)| name == "x-auth-subject" && value == "89fe7c3ce93211f1ae3202fc00000001")
        );
    }
    let twice = [("authorization", token()), ("Authorization", token())];
    let twice = twice.each_ref().map(|(name, value)| (*name, value.as_str()));
    let forward = forward(&mut host, &twice);
    assert!(forward.set_headers.contains(&("authorization".to_owned(), token())), "{forward:?}");
    assert_eq!(host.sent.len(), 2, "without a scheme it is another credential than with one");
}

#[test]
fn the_cookie_counts_where_there_is_nothing_else() {
    let cookies = format!("theme=dark; {}", cookie());
    let mut host = host(&checking(), account(false, true));
    for empty in [None, Some("")] {
        let mut headers = vec![("cookie", cookies.as_str())];
        headers.extend(empty.map(|value| ("authorization", value)));
        let forward = forward(&mut host, &headers);
        assert!(!forward.remove_headers.contains(&"cookie".to_owned()), "{forward:?}");
        assert_eq!(asked_with(&host, "cookie").as_deref(), Some(cookies.as_str()));
        assert_eq!(asked_with(&host, "authorization"), None);
        assert_eq!(forward.remove_headers.contains(&"authorization".to_owned()), empty.is_some());
    }
    for (headers, expected) in [
        // Whatever stands in `Authorization` is what RAGFlow looks at.
        (
            vec![("authorization", "Basic dXNlcjpwYXNz"), ("cookie", &cookies)],
            (401, "credential_unsupported"),
        ),
        (vec![("authorization", "Bearer "), ("cookie", &cookies)], (401, "credential_malformed")),
        (vec![("cookie", "session=\"a.b.c\"")], (401, "credential_malformed")),
        (vec![("cookie", "session=")], (401, "credential_malformed")),
        (vec![("cookie", &format!("{cookies}; session=a.b.c"))], (401, "credential_ambiguous")),
        (vec![("cookie", &format!("{cookies}; Session=a.b.c"))], (401, "credential_ambiguous")),
        (vec![("cookie", "theme=dark")], (401, "credential_missing")),
        (vec![("authorization", "")], (401, "credential_missing")),
    ] {
        let expected = (if expected.1 == "credential_ambiguous" { 400 } else { expected.0 }, expected.1);
        assert_eq!(get(&mut host, &headers), expected, "{headers:?}");
    }
    // Another site's page sends it as well.
    let change = |host: &mut Host, site: &str| {
        let headers = [("cookie", cookies.as_str()), ("sec-fetch-site", site)];
        outcome(&host.verdict("POST", "/api/v1/datasets", &headers))
    };
    assert_eq!(change(&mut host, "same-origin"), (200, "-"));
    assert_eq!(change(&mut host, "cross-site"), (403, "cross_site_request"));
}

#[test]
fn an_account_is_an_owner_and_a_superuser_an_admin_besides() {
    let log = ("PUT", "/api/v1/system/config/log");
    let keys = ("GET", "/api/v1/system/tokens");
    let agents = ("POST", "/api/v1/agents");
    let logout = ("POST", "/api/v1/auth/logout");
    let bearer = format!("Bearer {KEY}");
    let session = token();
    let (denied, missing, good) = ((403, "permission_denied"), (403, "permission_missing"), (200, "-"));
    for (superuser, credential, expected) in [
        (false, &session, [missing, good, good, good]),
        (true, &session, [good, good, good, good]),
        (false, &bearer, [missing, denied, good, denied]),
        (true, &bearer, [good, denied, good, denied]),
    ] {
        let mut host = host(&checking(), account(superuser, true));
        for ((method, target), expected) in [log, keys, agents, logout].into_iter().zip(expected) {
            for target in [target.to_owned(), format!("{target}/")] {
                let verdict = host.verdict(method, &target, &[("authorization", credential)]);
                assert_eq!(outcome(&verdict), expected, "{method} {target}, superuser {superuser}");
            }
        }
        assert_eq!(host.sent.len(), 1);
    }
}

/// A token that comes with a link, and RAGFlow's answer to whoever has one.
pub(super) const SHARED: &str = "aB3_dE6-gH9kL2mN5pQ8sT1vW4yZ7xCf";
const SHARED_ASKED: &str = "origin/api/v1/thumbnails?doc_ids=";

#[test]
fn a_link_opens_what_it_shows() {
    let mut host = host(&checking(), account(true, true));
    host.serve(SHARED_ASKED, Page::json(&json!({"code": 0, "data": {}, "message": "success"})));
    let bearer = format!("Bearer {SHARED}");
    let shown = [
        ("GET", "/api/v1/chatbots/c1/info"),
        ("POST", "/api/v1/chatbots/c1/completions"),
        ("GET", "/api/v1/agentbots/a1/inputs"),
        ("GET", "/api/v1/agentbots/a1/logs/m1"),
        ("POST", "/api/v1/agentbots/a1/completions"),
        ("GET", "/api/v1/searchbots/detail?search_id=s1"),
        ("POST", "/api/v1/searchbots/ask"),
        ("POST", "/api/v1/searchbots/mindmap"),
        ("POST", "/api/v1/searchbots/related_questions"),
        ("POST", "/api/v1/searchbots/retrieval_test"),
        ("GET", "/api/v1/documents/d1/preview"),
        ("GET", "/api/v1/documents/images/i1"),
        ("GET", "/api/v1/thumbnails?doc_ids=d1"),
        ("GET", "/api/v1/agents/attachments/t1/download"),
        ("POST", "/api/v1/agents/a1/upload"),
    ];
    for (method, target) in shown {
        for value in [bearer.as_str(), SHARED] {
            let verdict = host.verdict(method, target, &[("authorization", value)]);
            assert_eq!(outcome(&verdict), (200, "-"), "{method} {target}");
            let subject = verdict.diagnostics.principal.unwrap().subject().to_owned();
            assert!(subject.starts_with("share:") && subject.len() == 22, "{subject}");
        }
    }
    assert_eq!(host.sent.len(), 1);
    assert_eq!(asked_with(&host, "authorization").as_deref(), Some(bearer.as_str()));
    let mut others = 0;
    let gate = host.gate.gate().clone();
    for route in gate.parts().policy.routes.iter() {
        let (method, template) = route.text.split_once(' ').unwrap();
        let shape = template.replace(['{', '}'], "").replace(":path", "");
        let verdict = host.verdict(method, &shape, &[("authorization", &bearer)]);
        others += usize::from(outcome(&verdict).0 == 200 && verdict.diagnostics.principal.is_some());
    }
    assert_eq!(others, shown.len());
    // No session and no key opens a bot.
    for own in [token(), format!("Bearer {KEY}")] {
        host.serve(ME, account(false, true));
        for (method, target) in &shown[..10] {
            let verdict = host.verdict(method, target, &[("authorization", &own)]);
            assert_eq!(outcome(&verdict), (403, "permission_missing"), "{method} {target}");
        }
    }
}

#[test]
fn a_link_that_is_none() {
    let unauthorized = (401, "credential_rejected");
    let unavailable = (503, "ask_unavailable");
    let code = |code: u16| Page::json(&json!({"code": code, "data": {}, "message": ""}));
    for (page, expected) in [
        (Some(unknown()), unauthorized),
        (Some(code(102)), unauthorized),
        (Some(Page::json(&json!({"data": {}}))), unavailable),
        (Some(Page::new(500, "text/html", "<html>")), unavailable),
        (None, unavailable),
    ] {
        let mut host = host(&checking(), account(true, true));
        match page {
            Some(page) => host.serve(SHARED_ASKED, page),
            None => drop(host.pages.remove(SHARED_ASKED)),
        }
        let bearer = [("authorization", format!("Bearer {SHARED}"))];
        let bearer = [(bearer[0].0, bearer[0].1.as_str())];
        let verdict = host.verdict("GET", "/api/v1/chatbots/c1/info", &bearer);
        assert_eq!(outcome(&verdict), expected);
        assert_eq!(host.sent.len(), 1);
    }
    // Another length is neither a session, which RAGFlow would have signed, nor such a token.
    let mut host = host(&checking(), account(true, true));
    for text in [&SHARED[1..], "aB3_dE6-gH9kL2mN5pQ8sT1vW4yZ7xCf0"] {
        let verdict =
            host.verdict("GET", "/api/v1/thumbnails", &[("authorization", &format!("Bearer {text}"))]);
        assert_eq!(outcome(&verdict), (401, "token_malformed"), "{text}");
    }
    assert_eq!(host.sent.len(), 0);
}

/// RAGFlow opens every bot of an account to whoever has a link to one. A document that lists its links need not.
#[test]
fn a_link_that_is_listed_opens_one_bot() {
    let digits = Hash::hash(SHARED.as_bytes()).map(|byte| format!("{byte:02x}")).concat();
    let document = document(&json!({
        "api_keys": {"records": [{"id": "help", "hash": format!("sha256:{digits}"), "roles": ["shared"],
            "claims": {"bots": ["c1"]}}]},
        "policy": {"routes": {
            "GET /api/v1/chatbots/{bot}/info": {"access": "chatbots:read", "where": {"path.bot": "/bots"}}}},
    }));
    let mut host = host(&document, unknown());
    host.serve(SHARED_ASKED, Page::json(&json!({"code": 0, "data": {}})));
    let other = "zZ3_dE6-gH9kL2mN5pQ8sT1vW4yZ7xCf";
    for (token, bot, expected) in [
        (SHARED, "c1", (200, "-")),
        (SHARED, "c2", (403, "binding_mismatch")),
        (other, "c1", (403, "binding_mismatch")),
    ] {
        let target = format!("/api/v1/chatbots/{bot}/info");
        let verdict = host.verdict("GET", &target, &[("authorization", &format!("Bearer {token}"))]);
        assert_eq!(outcome(&verdict), expected, "{token} {bot}");
    }
    assert_eq!(host.count(SHARED_ASKED), 1);
}

#[test]
fn accounts_are_made_where_the_document_says_so() {
    for (routes, expected) in
        [(json!({}), (403, "route_refused")), (json!({"POST /api/v1/users": "public"}), (200, "-"))]
    {
        let mut host = host(&document(&json!({"policy": {"routes": routes}})), unknown());
        assert_eq!(outcome(&host.verdict("POST", "/api/v1/users", &[])), expected);
        assert_eq!(outcome(&host.verdict("POST", "/api/v1/auth/login", &[])), (200, "-"));
    }
}

/// Where the gate stands before the files of the page too, as `docs/configuration.md` says.
#[test]
fn the_files_of_the_page() {
    let page = json!({"GET /{file:path}": "public", "GET /api/{rest:path}": "refused", "GET /v1/{rest:path}": "refused"});
    let mut host = host(&document(&json!({"policy": {"routes": page}})), account(false, true));
    for (method, target, expected) in [
        ("GET", "/", (200, "-")),
        ("GET", "/login", (200, "-")),
        ("GET", "/assets/index-1a2b.js", (200, "-")),
        ("HEAD", "/logo.svg", (200, "-")),
        ("GET", "/api/v1/nothing/there", (403, "route_refused")),
        ("GET", "/v1/nothing/there", (403, "route_refused")),
        ("GET", "/api/v1/datasets", (401, "credential_missing")),
        ("GET", "/api/v1/system/config", (200, "-")),
        ("POST", "/login", (401, "credential_missing")),
    ] {
        assert_eq!(outcome(&host.verdict(method, target, &[])), expected, "{method} {target}");
    }
}

#[test]
fn keys_and_accounts_that_are_gone() {
    let mut host = host(&checking(), unknown());
    let raw = [("authorization", KEY)];
    assert_eq!(get(&mut host, &raw), (401, "credential_rejected"));
    // Made a moment ago, in the page.
    host.serve(ME, account(false, true));
    host.now += 5;
    assert_eq!(get(&mut host, &raw), (200, "-"));
    assert_eq!(asked_with(&host, "authorization").as_deref(), Some(KEY));
    for gone in [unknown(), account(true, false)] {
        host.serve(ME, gone);
        host.now += 30;
        assert_eq!(get(&mut host, &raw), (401, "credential_rejected"));
    }
    // What is neither yes nor no is not RAGFlow's 401, at which its page forgets who is logged in.
    let error = json!({"code": 100, "data": null, "message": "InterfaceError(0, '')"});
    for page in [Page::new(502, "text/html", "<html>"), Page::json(&error)] {
        host.serve(ME, page);
        host.now += 5;
        let verdict = host.verdict("GET", "/api/v1/datasets", &raw);
        assert_eq!(outcome(&verdict), (503, "ask_unavailable"));
    }
}

#[test]
fn callers_of_its_own_keep_their_credential_where_others_get_a_key() {
    let document = document(&json!({
        "issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}]}],
        "upstream": {"credential": "swap", "origin_key": {"env": "ORIGIN_SECRET"}},
        "credentials": {"session": {"secret": {"env": "RAGFLOW_SECRET_KEY"}}},
    }));
    let mut host = host(&document, account(false, true));
    let bearer = |text: &str| format!("Bearer {text}");
    let claims = json!({"sub": "ann", "exp": SIGNED_AT + 3600});
    let issued = bearer(&sign(claims, portcullis_tests::SECRET));
    let sent = |forward: Forward| {
        let mut set = forward.set_headers.into_iter();
        set.find(|(name, _)| name == "authorization").map(|(_, value)| value)
    };
    assert_eq!(sent(forward(&mut host, &[("authorization", &issued)])), Some(bearer(ORIGIN_SECRET)));
    assert_eq!(host.sent.len(), 0);
    for own in [token(), bearer(&token()), bearer(KEY)] {
        assert_eq!(sent(forward(&mut host, &[("authorization", &own)])), None, "{own}");
    }
    let forward = forward(&mut host, &[("cookie", &cookie())]);
    assert!(!forward.remove_headers.contains(&"cookie".to_owned()));
    assert_eq!(sent(forward), None);
}

#[test]
fn without_being_asked_it_is_not_told_of_sessions() {
    let document = json!({"profile": "ragflow", "api_keys": {"records": []}});
    let mut host = host(&document, account(true, true));
    for (name, value) in [("authorization", token()), ("authorization", format!("Bearer {}", token()))] {
        assert_eq!(get(&mut host, &[(name, &value)]), (401, "credential_unsupported"), "{name}");
    }
    assert_eq!(get(&mut host, &[("cookie", &cookie())]), (401, "credential_missing"));
    assert_eq!(host.sent.len(), 0);
}

#[test]
fn documents_that_cannot_be() {
    let session = |members: Value| {
        let mut session = json!({"secret": {"env": "OTHER"}});
        session.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        json!({"session": session})
    };
    let errors = |document: Value| {
        let mut env = Env::standard();
        env.0.insert("SHORT", "0123456789abcdefghij".to_owned());
        let errors = try_load(document.to_string(), &env).err();
        let errors = errors.iter().flat_map(|errors| errors.iter());
        errors.map(|error| (error.pointer.clone(), error.message.clone())).collect::<Vec<_>>()
    };
    let good = document(&json!({"credentials": session(json!({}))}));
    assert_eq!(errors(good), []);
    for (document, place, text) in [
        (
            document(&json!({"credentials": session(json!({"max_age_secs": 0}))})),
            "/credentials/session/max_age_secs",
            "between 1 and 31536000",
        ),
        (
            document(&json!({"credentials": session(json!({"max_age_secs": 31_536_001}))})),
            "/credentials/session/max_age_secs",
            "between 1 and 31536000",
        ),
        (
            document(&json!({"credentials": session(json!({"secret": {"env": "SHORT"}}))})),
            "/credentials/session/secret/env",
            "shorter than 32 bytes",
        ),
        (
            json!({"profile": "ragflow", "api_keys": {}, "credentials": session(json!({}))}),
            "/credentials/session",
            "\"identity\": \"origin\"",
        ),
        (
            document(&json!({"credentials": session(json!({})),
                "identity": {"ask": "https://login.example/me", "subject": "/id"}})),
            "/credentials/session",
            "\"identity\": \"origin\"",
        ),
        (
            json!({"profile": "r2r", "identity": {"ask": "/v3/users/me", "subject": "/id"},
                "credentials": session(json!({}))}),
            "/credentials/session",
            "R2R has no sessions",
        ),
        (
            document(&json!({"policy": {"roles": {"user": {}, "owner": {}, "admin": {}}}})),
            "/identity",
            "\"api-key\"",
        ),
        (
            document(&json!({"credentials": {"cookies": ["session"]}})),
            "/credentials/cookies/0",
            "leave it out",
        ),
    ] {
        let found = errors(document);
        assert!(
            found.iter().any(|(at, message)| at == place && message.contains(text)),
            "{place}: {found:?}"
        );
    }
}
