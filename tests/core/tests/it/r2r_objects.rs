//! What R2R does not look at itself, and is asked about: `"objects": "origin"`.

use portcullis::{
    CallTarget, HeaderPair, LiveGate, Need, Reason, Reply, RequestHead, Step, UnixTime, Verdict,
};
use portcullis_tests::{Env, NOW, SECRET, load, sign, try_load};
use serde_json::{Value, json};

const MINE: &str = "9bae4a21-718b-4c8b-bdd2-22857779a85b";
const THEIRS: &str = "2acb499e-8428-543b-bd85-0d9098718220";

fn document(policy: &Value) -> Value {
    json!({
        "profile": "r2r",
        "issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}]}],
        "policy": policy,
    })
}

/// What becomes of a user's request, and what R2R was asked.
fn decide(policy: &Value, request: (&str, &str), body: Option<(&str, &[u8])>) -> (Verdict, Vec<String>) {
    let mut gate = LiveGate::new(load(&document(policy).to_string()), 7);
    let claims = json!({"sub": "ann@example.com", "token_type": "access", "exp": NOW + 600});
    let authorization = format!("Bearer {}", sign(claims, SECRET));
    let mut pairs = vec![HeaderPair::new("authorization", &authorization)];
    pairs.extend(body.map(|(kind, _)| HeaderPair::new("content-type", kind)));
    let now = UnixTime::from_secs(NOW);
    let mut asked = Vec::new();
    let mut step = gate.begin(&RequestHead::new(request.0, request.1, &pairs), now);
    loop {
        step = match step {
            Step::Verdict(verdict) => return (verdict, asked),
            Step::Need(Need::Body(need)) => {
                let bytes = body.map(|(_, bytes)| bytes.get(..need.limit() + 1).unwrap_or(bytes));
                gate.supply_body(need, Some(bytes.unwrap_or_default()), now)
            }
            Step::Need(Need::Call(need)) => {
                let CallTarget::Origin(target) = need.call().target() else { panic!("{:?}", need.call()) };
                asked.push(target.clone());
                let status = if target.ends_with(MINE) { 200 } else { 404 };
                let reply = Reply { status, headers: &[], body: b"" };
                gate.supply_reply(need, Some(&reply), now)
            }
            Step::Need(need) => panic!("{need:?}"),
        };
    }
}

fn asking() -> Value {
    json!({"objects": "origin"})
}

fn upload(ids: &str, file: usize) -> Vec<u8> {
    let part =
        |head: &str, value: &str| format!("--x\r\nContent-Disposition: form-data; {head}\r\n\r\n{value}\r\n");
    let ids = if ids.is_empty() { String::new() } else { part("name=\"collection_ids\"", ids) };
    let file = part("name=\"file\"; filename=\"a.txt\"", &"-".repeat(file));
    format!("{ids}{file}--x--\r\n").into_bytes()
}

#[test]
fn objects_in_the_path() {
    for (route, place, permission) in [
        ("POST /v3/conversations/{}", "/v3/conversations", "its conversation"),
        ("POST /v3/conversations/{}/messages", "/v3/conversations", "its conversation"),
        ("POST /v3/users/u/collections/{}", "/v3/collections", "its collection"),
    ] {
        let (method, path) = route.split_once(' ').unwrap();
        for (id, expected) in [(MINE, None), (THEIRS, Some(Reason::BindingMismatch))] {
            let target = path.replace("{}", id);
            let (verdict, asked) = decide(&asking(), (method, &target), None);
            assert_eq!(verdict.diagnostics.reason, expected, "{target}: {permission}");
            assert_eq!(asked, [format!("{place}/{id}")], "{target}");
            // Where nobody asks, nobody may.
            let (verdict, asked) = decide(&json!({}), (method, &target), None);
            assert_eq!((verdict.diagnostics.reason, asked.len()), (Some(Reason::PermissionMissing), 0));
        }
    }
    // By which conversation a message is named says nothing about whose it is.
    let message = format!("/v3/conversations/{MINE}/messages/{THEIRS}");
    let (verdict, asked) = decide(&asking(), ("POST", &message), None);
    assert_eq!((verdict.diagnostics.reason, asked.len()), (Some(Reason::PermissionMissing), 0));
}

#[test]
fn the_conversation_that_an_agent_goes_on_with() {
    let agent = |conversation: Value| {
        let body = json!({"message": {"role": "user", "content": "hi"}, "conversation_id": conversation});
        let body = body.to_string().into_bytes();
        let (verdict, asked) =
            decide(&asking(), ("POST", "/v3/retrieval/agent"), Some(("application/json", &body)));
        (verdict.diagnostics.reason, asked.len())
    };
    assert_eq!(agent(json!(MINE)), (None, 1));
    assert_eq!(agent(json!(THEIRS)), (Some(Reason::BindingMismatch), 1));
    // As R2R's client in Python begins one.
    assert_eq!(agent(Value::Null), (None, 0));
    assert_eq!(agent(json!([])), (Some(Reason::BindingMismatch), 0));
}

#[test]
fn the_collections_that_an_upload_names() {
    let with = |ids: &str, file: usize| {
        let body = upload(ids, file);
        let (verdict, asked) =
            decide(&asking(), ("POST", "/v3/documents"), Some(("multipart/form-data; boundary=x", &body)));
        (verdict.diagnostics.reason, asked.len())
    };
    let list = |ids: &[&str]| json!(ids).to_string();
    assert_eq!(with("", 10), (None, 0));
    assert_eq!(with(&list(&[MINE]), 10), (None, 1));
    assert_eq!(with(&list(&[THEIRS]), 10).0, Some(Reason::BindingMismatch));
    assert_eq!(with(&list(&[MINE, THEIRS]), 10).0, Some(Reason::BindingMismatch));
    assert_eq!(with("null", 10), (None, 0));
    // Documents are longer than other bodies that are read.
    assert_eq!(with(&list(&[MINE]), 1_000_000), (None, 1));
    assert_eq!(with(&list(&[MINE]), 17_000_000), (Some(Reason::BodyTooLarge), 0));
}

#[test]
fn what_is_written_goes_before_it() {
    let longer = json!({"objects": "origin", "routes": {
        "POST /v3/documents": {"access": "documents:write", "body_bytes": 20_000_000},
    }});
    let body = upload(&json!([MINE]).to_string(), 17_000_000);
    let upload = Some(("multipart/form-data; boundary=x", body.as_slice()));
    let (verdict, asked) = decide(&longer, ("POST", "/v3/documents"), upload);
    assert_eq!((verdict.diagnostics.reason, asked.len()), (None, 1));
    let roles = json!({"objects": "origin", "roles": {"user": {"permissions": ["documents:write"]}}});
    let (verdict, _) = decide(&roles, ("POST", &format!("/v3/conversations/{MINE}")), None);
    assert_eq!(verdict.diagnostics.reason, Some(Reason::PermissionMissing));
}

#[test]
fn another_system_has_nothing_to_be_asked() {
    let mut document = document(&asking());
    document["profile"] = json!("agentflow");
    let errors = try_load(document.to_string(), &Env::standard()).unwrap_err();
    let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert!(
        matches!(errors.as_slice(), [error] if error.starts_with("/policy/objects: nothing is known of how AgentFlow")),
        "{errors:?}"
    );
    document["policy"] = json!({"objects": "me"});
    let errors = try_load(document.to_string(), &Env::standard()).unwrap_err();
    assert_eq!(errors.iter().next().map(|error| error.pointer.as_str()), Some("/policy/objects"));
}
