//! The Worker as it is shipped: its imports, its size, the example's deployment, and what happens after a trap.

use std::collections::BTreeMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use anyhow::{Context, Result};
use portcullis_host_tests::fixture::Fixture;
use portcullis_host_tests::harness::{self, Order};
use portcullis_host_tests::{bound, runtime, trap};
use portcullis_test_support::artefact::WorkerArtefact;
use portcullis_test_support::build;
use portcullis_test_support::client::upload::{self, Body, Ending};
use portcullis_test_support::client::{self, Request};
use portcullis_test_support::host::workerd::{
    Bound, COMPATIBILITY_DATE, COMPATIBILITY_FLAGS, WorkerSettings, Workerd,
};
use portcullis_test_support::identity_provider::{IdentityProvider, Signing};
use portcullis_test_support::origin::builtin::Builtin;
use portcullis_test_support::origin::tokens;
use portcullis_test_support::patience::PATIENCE;
use portcullis_test_support::root::root;
use portcullis_test_support::step::step;
use portcullis_test_support::summary::Summary;
use serde_json::{Value, json};

/// Ceiling for the module after gzip. Cloudflare allows 3 MB on its free plan; this one is here so that growth is noticed
/// in the change that causes it.
const GZIP_BUDGET_BYTES: u64 = 716 * 1024;
/// Ceiling for the JavaScript: glue and handler.
const JS_BUDGET_BYTES: u64 = 26 * 1024;
/// Nothing listens there: port 9 (discard) is closed on any ordinary machine.
const NOBODY: &str = "http://127.0.0.1:9";
/// A KV namespace that does not answer.
const NO_STORE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9);

fn main() -> ExitCode {
    let artefact = Fixture::new(|| {
        step("build the Worker", |step| {
            let artefact = build::worker(step)?;
            step.say(&artefact.to_string());
            Ok(artefact)
        })
    });
    let test = |name: &str, check: fn(&WorkerArtefact, &mut Summary) -> Result<()>| {
        let artefact = artefact.clone();
        harness::checks(name, move |summary| check(artefact.get()?, summary))
    };
    let tests = vec![
        test("worker::size", size),
        test("worker::example", example),
        test("worker::bodies_that_take_their_time", slow_bodies),
        test("worker::signatures", signatures),
        test("worker::after_a_trap", after_a_trap),
    ];
    harness::run(tests, Order::Sequential)
}

/// The build has refused unexpected imports already.
fn size(artefact: &WorkerArtefact, summary: &mut Summary) -> Result<()> {
    let WorkerArtefact { wasm_gzip_bytes, js_bytes, .. } = *artefact;
    for (what, bytes, budget) in [
        ("the module after gzip", wasm_gzip_bytes, GZIP_BUDGET_BYTES),
        ("the JavaScript", js_bytes, JS_BUDGET_BYTES),
    ] {
        let over = bytes > budget;
        summary.count(over.then(|| format!("{what} has {bytes} bytes, more than the budget of {budget}")));
    }
    Ok(())
}

/// `examples/agentflow` as a newcomer deploys it.
fn example(artefact: &WorkerArtefact, summary: &mut Summary) -> Result<()> {
    let runtime = runtime()?;
    let folder = root().join("examples").join("agentflow");
    let wrangler = fs::read_to_string(folder.join("wrangler.toml"))?;
    let config = wrangler.split("'''").nth(1).context("wrangler.toml has no document")?.to_string();
    let mut deployed: Value = serde_json::from_str(&config).context("the document in wrangler.toml")?;
    let keys = deployed.as_object_mut().and_then(|members| members.remove("api_keys"));
    let lookup = keys.is_some_and(|keys| keys["lookup"] == true);
    summary.count((!lookup).then(|| "wrangler.toml does not look API keys up".to_string()));
    let file: Value = serde_json::from_slice(&fs::read(folder.join("portcullis.json"))?)?;
    summary.count((file != deployed).then(|| {
        format!("wrangler.toml without API keys and portcullis.json differ: {deployed} and {file}")
    }));
    let bound = wrangler.contains("[[kv_namespaces]]\nbinding = \"PORTCULLIS_KEYS\"\n");
    summary.count((!bound).then(|| "wrangler.toml does not bind PORTCULLIS_KEYS".to_string()));
    let dated = wrangler.contains(&format!("compatibility_date = \"{}\"", COMPATIBILITY_DATE));
    summary.count(
        (!dated).then(|| "wrangler.toml names another compatibility date than was tested".to_string()),
    );
    let flagged = wrangler.contains(COMPATIBILITY_FLAGS);
    summary.count((!flagged).then(|| format!("wrangler.toml lacks {COMPATIBILITY_FLAGS}")));

    let mut settings =
        WorkerSettings { config, secrets: secrets()?, origin: NOBODY.to_string(), kv: Some(NO_STORE) };
    let gate = Workerd::start(&settings, &artefact.dir, "check-example")?;
    let mut expect =
        |gate: &Workerd, request: &Request, what: &str, status: u16, reason: &str| -> Result<()> {
            let decided = gate.decisions().len();
            let response = runtime.block_on(client::send(gate.address(), request))?;
            let decisions = gate.wait_for_decisions(decided + 1, PATIENCE);
            let got =
                decisions.last().and_then(|line| line["reason"].as_str()).unwrap_or_default().to_string();
            let wrong = response.status != status || got != reason;
            summary.count(
                wrong.then(|| format!("{what}: got {} {got}, expected {status} {reason}", response.status)),
            );
            Ok(())
        };
    let anonymous = Request::new("GET", "/v1/threads");
    expect(&gate, &anonymous, "the example without a token", 401, "credential_missing")?;

    let robot = Request::new("GET", "/v1/threads").header("X-API-Key", &tokens::api_key("robot")?);
    expect(&gate, &robot, "a key, while the namespace does not answer", 503, "records_unavailable")?;

    let namespace = settings.kv.take();
    let gate = Workerd::start(&settings, &artefact.dir, "check-namespace")?;
    expect(&gate, &anonymous, "the example without its namespace", 503, "config_invalid")?;
    let about_namespace = ["/api_keys/lookup", "bind a KV namespace as PORTCULLIS_KEYS"];
    let without = gate.wait_for_log(&about_namespace, PATIENCE);
    settings.secrets.insert("PORTCULLIS_KEYS".to_string(), "a text".to_string());
    let gate = Workerd::start(&settings, &artefact.dir, "check-namespace")?;
    expect(&gate, &anonymous, "the example with a text for its namespace", 503, "config_invalid")?;
    settings.secrets.remove("PORTCULLIS_KEYS");
    settings.kv = namespace;

    let missing =
        settings.secrets.remove("ORIGIN_JWT_SECRET").context("the example needs no ORIGIN_JWT_SECRET")?;
    let gate = Workerd::start(&settings, &artefact.dir, "check-secret")?;
    expect(&gate, &anonymous, "the example without a secret", 503, "config_invalid")?;
    let remedy = "wrangler secret put ORIGIN_JWT_SECRET";
    let told = gate.wait_for_log(&[remedy], PATIENCE).contains(remedy);

    settings.secrets.insert("ORIGIN_JWT_SECRET".to_string(), missing);
    settings.origin = "http://127.0.0.1:9/prefix".to_string();
    let gate = Workerd::start(&settings, &artefact.dir, "check-origin")?;
    expect(&gate, &anonymous, "an ORIGIN with a path", 503, "config_invalid")?;
    summary.count((!told).then(|| "the log does not say how to set a missing secret".to_string()));
    for part in about_namespace {
        let told = without.contains(part);
        summary.count((!told).then(|| format!("the log does not say {part:?} about a missing namespace")));
    }
    let wrong = "ORIGIN: must be the address of the origin";
    let told = gate.wait_for_log(&[wrong], PATIENCE).contains(wrong);
    summary.count((!told).then(|| "the log does not say what is wrong with ORIGIN".to_string()));
    Ok(())
}

/// How many bytes come one by one, a millisecond or two after each other.
const SLOW: usize = 1500;

/// A body that comes slowly is decided about at the time when it is there; one that breaks off goes nowhere.
fn slow_bodies(artefact: &WorkerArtefact, summary: &mut Summary) -> Result<()> {
    let runtime = runtime()?;
    let secrets = secrets()?;
    let secret = secrets["JWT_SECRET_KEY"].clone();
    let origin = runtime.block_on(Builtin::start(&secret))?;
    let config = json!({
        "profile": "agentflow",
        "issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}]}],
        "policy": bound::policy(),
    });
    let address = format!("http://{}", origin.address());
    let settings = WorkerSettings { config: config.to_string(), secrets, origin: address, kv: None };
    let gate = Workerd::start(&settings, &artefact.dir, "check-bodies")?;
    // A byte a chunk, and a pause after each.
    let slow = |ending| Body::chunks(&bound::padded(SLOW), 1, ending);
    for (what, lifetime_secs, ending, status, reason) in [
        ("a token that outlives its body", 60, Ending::Complete, Some(200), None),
        ("a token that expires while its body comes", 2, Ending::Complete, Some(401), Some("token_expired")),
        ("a body that breaks off", 60, Ending::Abort, None, Some("body_invalid")),
    ] {
        let claims = json!({"user_id": "alice", "role": "user", "exp": tokens::now_secs().saturating_add(lifetime_secs)});
        let request = Request::new("POST", bound::PATH)
            .header("Content-Type", "application/json")
            .bearer(&tokens::sign(claims, &secret)?);
        let (decided, arrived) = (gate.decisions().len(), origin.arrivals().len());
        let response = runtime.block_on(upload::send(gate.address(), &request, &slow(ending)))?;
        let got = response.map(|response| response.status);
        let decisions = gate.wait_for_decisions(decided + 1, PATIENCE);
        let told = decisions.get(decided).and_then(|line| line["reason"].as_str());
        let arrivals = origin.arrivals().split_off(arrived);
        // Nobody has to be told of a decision that nobody waits for.
        let right = got == status
            && (told == reason || status.is_none())
            && arrivals.len() == usize::from(reason.is_none());
        let whole = arrivals.iter().all(|arrival| arrival.body.as_deref() == Some(&bound::padded(SLOW)[..]));
        summary.count((!right || !whole).then(|| {
            format!(
                "{what}: got {got:?} {told:?}, expected {status:?} {reason:?}; at the origin: {}",
                arrivals.len()
            )
        }));
    }
    Ok(())
}

/// Who verifies signatures, by what the runtime has and what the Worker is told; that both verify the same, the shared cases show.
fn signatures(artefact: &WorkerArtefact, summary: &mut Summary) -> Result<()> {
    const ASKED: &str = "portcullis: node:crypto verifies RS256, RS384, RS512, ";
    const NOT_ASKED: &str = "portcullis: node:crypto verifies no signatures";
    let runtime = runtime()?;
    let provider = IdentityProvider::start_with(&[Signing::Es256, Signing::Rs256, Signing::EdDsa])?;
    let kids = ["ES256-1", "RS256-1", "EdDSA-1"];
    let keys = kids.map(|kid| provider.public_jwk(kid)).into_iter().collect::<Result<Vec<_>>>()?;
    let config =
        json!({"profile": "agentflow", "issuers": [{"issuer": provider.issuer(), "jwks": {"keys": keys}}]});
    // It answers any other path as an origin does.
    let origin = provider.issuer();
    let told = |word: Option<&str>| -> BTreeMap<_, _> {
        word.map(|word| ("PORTCULLIS_SIGNATURES".to_string(), word.to_string())).into_iter().collect()
    };
    for (what, bound, word, said) in [
        ("nothing else said", Bound::default(), None, Some(ASKED)),
        ("the host asked", Bound::default(), Some("host"), Some(ASKED)),
        ("the host not asked", Bound::default(), Some("own"), None),
        ("no Node.js", Bound::default().without_node(), None, None),
        ("a gullible host", Bound::default().with_gullible_node(), None, Some(NOT_ASKED)),
    ] {
        let settings = WorkerSettings {
            config: config.to_string(),
            secrets: told(word),
            origin: origin.clone(),
            kv: None,
        };
        let gate = Workerd::start_bound(&settings, &bound, &artefact.dir, "check-signatures")?;
        for kid in kids {
            let token = provider.token(kid, "alice", "user")?;
            let other = provider.token(kid, "bob", "user")?;
            let (text, signature) = (
                token.rsplit_once('.').context("no signature")?.0,
                other.rsplit_once('.').context("no signature")?.1,
            );
            for (token, status) in [(token.clone(), 200), (format!("{text}.{signature}"), 401)] {
                let request = Request::new("GET", "/v1/threads").bearer(&token);
                let got = runtime.block_on(client::send(gate.address(), &request))?.status;
                let wrong = got != status;
                summary.count(wrong.then(|| format!("{what}, {kid}: got {got}, expected {status}")));
            }
        }
        let log = gate.wait_for_log(said.as_slice(), PATIENCE);
        let right = match said {
            Some(said) => log.contains(said),
            None => !log.contains("node:crypto"),
        };
        summary.count((!right).then(|| format!("{what}: the log says\n{log}")));
    }
    let secrets = told(Some("wasm"));
    let settings = WorkerSettings { config: config.to_string(), secrets, origin, kv: None };
    let gate = Workerd::start(&settings, &artefact.dir, "check-signatures")?;
    let got = runtime.block_on(client::send(gate.address(), &Request::new("GET", "/v1/threads")))?.status;
    let said = "PORTCULLIS_SIGNATURES: is \"wasm\"; write \"host\"";
    let right = got == 503 && gate.wait_for_log(&[said], PATIENCE).contains(said);
    summary.count((!right).then(|| format!("another word: got {got}, and the log says\n{}", gate.log())));
    Ok(())
}

/// A trap costs its request an answer and nobody else: the next one meets a fresh instance of the module.
fn after_a_trap(artefact: &WorkerArtefact, summary: &mut Summary) -> Result<()> {
    let runtime = runtime()?;
    let config = fs::read_to_string(root().join("examples").join("agentflow").join("portcullis.json"))?;
    let settings = WorkerSettings { config, secrets: secrets()?, origin: NOBODY.to_string(), kv: None };
    let gate = Workerd::start(&settings, &trap::trapping_worker(artefact)?, "check-trap")?;
    let expected = [
        ("GET", 401),
        (trap::TRAPPING_METHOD, 503),
        ("GET", 401),
        (trap::TRAPPING_METHOD, 503),
        ("GET", 401),
    ];
    for (index, (method, status)) in expected.into_iter().enumerate() {
        let got =
            runtime.block_on(client::send(gate.address(), &Request::new(method, "/v1/threads")))?.status;
        let wrong = got != status;
        summary.count(wrong.then(|| format!("request {index} around a trap: got {got}, expected {status}")));
    }
    Ok(())
}

/// Fresh secrets of the example's names.
fn secrets() -> Result<BTreeMap<String, String>> {
    let names = ["JWT_SECRET_KEY", "PORTCULLIS_PEPPER", "ORIGIN_JWT_SECRET"];
    names.into_iter().map(|name| Ok((name.to_string(), tokens::secret()?))).collect()
}
