//! The WASI components as they are shipped: size, the pure gate against the core it is made of, and the two HTTP
//! components in wasmtime.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use portcullis::{Decision, Gate, HeaderPair, Need, RequestHead, Secrets, UnixTime, Verdict};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::build::{self, ComponentArtefact};
use crate::client::{self, Request, Response};
use crate::demo::Summary;
use crate::host::component::{GateComponent, GateHost, Head, Supply, WasmtimeServe};
use crate::origin::builtin::{Arrival, Builtin};
use crate::origin::tokens;
use crate::root::{root, target};
use crate::step::step;

/// Ceiling for each component after gzip; here so that growth is noticed in the change that causes it.
const GZIP_BUDGET_BYTES: u64 = 210 * 1024;
/// Heads on which the component and the core must agree.
const HEADS: usize = 200;
/// How long a log line may take to arrive.
const LOG: Duration = Duration::from_secs(5);
/// Nothing listens there: port 9 (discard) is closed on any ordinary machine.
const NOBODY: &str = "http://127.0.0.1:9";
/// A little more than an instance takes at rest, so that a large request makes it trap.
const LITTLE_MEMORY: &[&str] = &["-Wmax-memory-size=1179648", "-Wtrap-on-grow-failure=n"];

/// The example's configuration, and secrets and a key for one run.
struct Props {
    config: String,
    secrets: BTreeMap<String, String>,
    api_key: String,
}

/// Builds the components and runs all checks.
pub(super) fn check() -> Result<Summary> {
    let artefacts = step("build the components", |step| {
        let artefacts = build::component(step)?;
        artefacts.iter().for_each(|artefact| step.say(&artefact.to_string()));
        Ok(artefacts)
    })?;
    let named = |name: &str| {
        let found = artefacts.iter().find(|artefact| artefact.name == name);
        found.with_context(|| format!("no component `{name}`"))
    };
    let props = Props::make()?;
    let mut summary = Summary::default();
    step("imports and size", |_| {
        artefacts.iter().for_each(|artefact| inspect(artefact, &mut summary));
        Ok(())
    })?;
    let gate = step("compile the gate in wasmtime", |_| GateComponent::compile(&named("gate")?.path))?;
    step("configurations the gate refuses", |_| refused(&gate, &props, &mut summary))?;
    step("requests nobody sends in good faith", |_| hostile(&gate, &props, &mut summary))?;
    step("the gate and the core agree", |_| differential(&gate, &props, &mut summary))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    step("the proxy in wasmtime", |_| proxy(named("proxy")?, &props, &runtime, &mut summary))?;
    step("the proxy without what it needs", |_| lacking(named("proxy")?, &props, &runtime, &mut summary))?;
    step("the proxy after a trap", |_| recovery(named("proxy")?, &props, &runtime, &mut summary))?;
    step("the middleware in wasmtime", |_| middleware(named("middleware")?, &props, &runtime, &mut summary))?;
    Ok(summary)
}

impl Props {
    fn make() -> Result<Self> {
        let config = fs::read_to_string(root().join("examples").join("agentflow").join("portcullis.json"))?;
        let names = ["JWT_SECRET_KEY", "PORTCULLIS_PEPPER", "ORIGIN_JWT_SECRET"];
        let secrets: Result<_> =
            names.into_iter().map(|name| Ok((name.to_string(), tokens::secret()?))).collect();
        Ok(Self { config, secrets: secrets?, api_key: tokens::api_key("check")? })
    }

    fn secret(&self, name: &str) -> Result<&str> {
        let secret = self.secrets.get(name).with_context(|| format!("no secret {name}"))?;
        Ok(secret)
    }

    /// A token as the example's issuer issues it.
    fn token(&self, role: &str, padding: &str) -> Result<String> {
        let claims = json!({
            "iss": "https://login.example.com",
            "aud": "agentflow",
            "sub": "alice",
            "user_id": "alice",
            "roles": [role],
            "exp": tokens::now_secs().saturating_add(300),
            "padding": padding,
        });
        tokens::sign(claims, self.secret("JWT_SECRET_KEY")?)
    }

    /// The record of the API key, as a host would have stored it.
    fn record(&self) -> Result<Vec<u8>> {
        let hash = tokens::key_hash(self.secret("PORTCULLIS_PEPPER")?, &self.api_key)?;
        Ok(json!({"id": "check", "hash": hash, "roles": ["user"]}).to_string().into_bytes())
    }

    /// What a component finds in its environment.
    fn environment(&self, origin: &str) -> BTreeMap<String, String> {
        let further = [("PORTCULLIS_CONFIG", self.config.as_str()), ("ORIGIN", origin)]
            .map(|(name, value)| (name.to_string(), value.to_string()));
        self.secrets.clone().into_iter().chain(further).collect()
    }

    fn load(&self, component: &GateComponent) -> Result<GateHost> {
        let gate = component.load(self.config.as_bytes(), &self.secrets)?;
        gate.map_err(|errors| anyhow!("{}", errors.join("\n")))
    }
}

impl Secrets for Props {
    fn get(&self, name: &str) -> Option<String> {
        self.secrets.get(name).cloned()
    }

    fn remedy(&self, name: &str) -> String {
        format!("add {name} to the check")
    }
}

/// The build has compared the imports with its lists already; that the gate's list is empty is what the check is about.
fn inspect(artefact: &ComponentArtefact, summary: &mut Summary) {
    let ComponentArtefact { name, wasm_gzip_bytes, imports, .. } = artefact;
    let over = *wasm_gzip_bytes > GZIP_BUDGET_BYTES;
    summary.count(over.then(|| {
        format!("{name} has {wasm_gzip_bytes} bytes after gzip, more than the budget of {GZIP_BUDGET_BYTES}")
    }));
    if *name == "gate" {
        summary.count((!imports.is_empty()).then(|| format!("the gate imports {}", imports.join(", "))));
    }
}

/// A configuration that is of no use is an error that says where; never a trap, and never a gate.
fn refused(component: &GateComponent, props: &Props, summary: &mut Summary) -> Result<()> {
    let config = props.config.as_bytes();
    let misspelt = props.config.replace("\"HS256\"", "\"none\"").into_bytes();
    let documents: [(&str, Vec<u8>, &str); 6] = [
        ("empty", Vec::new(), ""),
        ("binary", (0..=255).collect(), ""),
        ("cut off", config.iter().take(config.len() / 2).copied().collect(), ""),
        ("of 10 MB", [config, &vec![b' '; 10_000_000]].concat(), ""),
        ("that is a list", b"[]".to_vec(), ""),
        ("with the algorithm `none`", misspelt, "/issuers/0/keys/0"),
    ];
    for (what, document, pointer) in documents {
        let failure = match component.load(&document, &props.secrets) {
            Ok(Err(errors)) if errors.iter().any(|error| error.starts_with(pointer) && error.len() > 10) => {
                None
            }
            Ok(Err(errors)) => Some(format!("errors that do not name `{pointer}`: {errors:?}")),
            Ok(Ok(_)) => Some("a gate".to_string()),
            Err(error) => Some(format!("a trap: {error:#}")),
        };
        summary.count(failure.map(|got| format!("a configuration {what}: got {got}")));
    }
    let missing = component.load(config, &BTreeMap::new())?;
    let named =
        missing.err().is_some_and(|errors| errors.iter().any(|error| error.contains("JWT_SECRET_KEY")));
    summary.count((!named).then(|| "a configuration without its secrets: no error names one".to_string()));
    Ok(())
}

/// What the gate says to a request that is too much of something, and that it still works afterwards.
fn hostile(component: &GateComponent, props: &Props, summary: &mut Summary) -> Result<()> {
    let mut gate = props.load(component)?;
    let now = tokens::now_secs();
    let bearer = |token: String| (b"authorization".to_vec(), format!("Bearer {token}").into_bytes());
    let user = [bearer(props.token("user", "")?)];
    let many = (0..1000).map(|index| (format!("x-{index}").into_bytes(), b"v".to_vec())).collect();
    let requests: [(&str, &[u8], &[u8], Vec<_>); 5] = [
        ("1,000 headers", b"GET", b"/v1/threads", many),
        (
            "a token of 64 KB",
            b"GET",
            b"/v1/threads",
            vec![bearer(props.token("user", &"x".repeat(48 * 1024))?)],
        ),
        ("a method and a target that are not UTF-8", b"\xff\xfe", b"/\xff\x00\xc3", user.to_vec()),
        (
            "headers that are not UTF-8",
            b"GET",
            b"/v1/threads",
            vec![
                (b"x-\xff".to_vec(), b"\xfe\x80".to_vec()),
                (b"authorization".to_vec(), b"Bearer \xff\xff".to_vec()),
            ],
        ),
        ("nothing at all", b"", b"", Vec::new()),
    ];
    for (what, method, target, headers) in requests {
        let verdict = gate.authorize(&Head { method, target, headers: &headers, request_id: "check" }, now);
        let denied = verdict.as_ref().is_ok_and(|step| step["verdict"]["decision"]["deny"].is_object());
        summary.count((!denied).then(|| format!("{what}: got {verdict:?}, expected a refusal")));
        if verdict.is_err() {
            gate = props.load(component)?;
        }
        let head = Head { method: b"GET", target: b"/v1/threads", headers: &user, request_id: "check" };
        let next = gate.authorize(&head, now)?;
        let allowed = next["verdict"]["decision"]["allow"].is_object();
        summary.count((!allowed).then(|| format!("after {what}: got {next}, expected to be let in")));
    }
    let head = Head { method: b"GET", target: b"/v1/threads", headers: &user, request_id: "check" };
    let answer = gate.origin_unreachable(&head, now)?;
    summary.count((answer["status"] != 502).then(|| format!("the origin unreachable: got {answer}")));
    Ok(())
}

/// Numbers that look random and are the same in every run, so that a difference can be looked into.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        // Knuth's MMIX; the low bits are the poor ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % sides
    }

    fn pick<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.roll(choices.len())].clone()
    }
}

/// Compiled for a component or for this machine, the core decides the same, to the last octet.
fn differential(component: &GateComponent, props: &Props, summary: &mut Summary) -> Result<()> {
    let mut gate = props.load(component)?;
    let core = Gate::load(props.config.as_bytes(), props).map_err(|errors| anyhow!("{errors}"))?;
    let now = tokens::now_secs();
    let record = props.record()?;
    let (user, guest) = (props.token("user", "")?, props.token("guest", "")?);
    let forged = tokens::sign(json!({"sub": "root"}), &tokens::secret()?)?;
    let methods = ["GET", "GET", "GET", "GET", "POST", "DELETE", "HEAD", "OPTIONS", "get", "BREW"];
    let targets = [
        "/v1/threads",
        "/v1/threads",
        "/v1/threads?limit=1",
        "/v1/threads/7",
        "/v1/threads/7",
        "//v1/%74hreads",
        "/v1/./threads",
        "/v1/graph/invoke",
        "/v1/graph/stream",
        "/ping",
        "/v1/../v1/threads",
        "/v1/threads%2f7",
        "/v1/threads?token=x",
        "/nowhere",
    ];
    let credentials = [
        ("Authorization", format!("Bearer {user}")),
        ("Authorization", format!("Bearer {user}")),
        ("Authorization", format!("Bearer {user}")),
        ("Authorization", format!("Bearer {user}")),
        ("Authorization", format!("Bearer {user}")),
        ("authorization", format!("Bearer {guest}")),
        ("Authorization", format!("Bearer {forged}")),
        ("Authorization", "Basic YTpi".to_string()),
        ("X-API-Key", props.api_key.clone()),
        ("X-API-Key", tokens::api_key("other")?),
        ("Sec-WebSocket-Protocol", format!("bearer, {user}")),
    ];
    let others = [
        ("X-Auth-Subject", "root".to_string()),
        ("x_auth_subject", "root".to_string()),
        ("Connection", "close".to_string()),
        ("Connection", "X-Auth-Subject".to_string()),
        ("Origin", "https://chat.example.com".to_string()),
        ("Access-Control-Request-Method", "POST".to_string()),
        ("X-Keep", "1".to_string()),
    ];
    let mut dice = Dice(20_260_101);
    let (mut allowed, mut needed) = (0, 0);
    for index in 0..HEADS {
        let method = dice.pick(&methods).as_bytes().to_vec();
        let mut target = dice.pick(&targets).as_bytes().to_vec();
        // One credential as a rule; none and two are rules of their own.
        let mut lines: Vec<_> =
            (0..dice.pick(&[0, 1, 1, 1, 1, 1, 1, 1, 1, 2])).map(|_| dice.pick(&credentials)).collect();
        lines.extend((0..dice.pick(&[0, 0, 1, 2])).map(|_| dice.pick(&others)));
        let mut headers: Vec<(Vec<u8>, Vec<u8>)> =
            lines.into_iter().map(|(name, value)| (name.as_bytes().to_vec(), value.into_bytes())).collect();
        // Now and then an octet that nobody put there on purpose.
        if dice.roll(8) == 0 {
            let at = dice.roll(target.len());
            target[at] = u8::try_from(dice.roll(256))?;
        }
        if let Some((_, value)) = headers.first_mut().filter(|_| dice.roll(8) == 0) {
            let at = dice.roll(value.len());
            value[at] = u8::try_from(dice.roll(256))?;
        }

        let pairs: Vec<_> = headers.iter().map(|(name, value)| HeaderPair::new(name, value)).collect();
        let native_head = RequestHead::new(&method, &target, &pairs).with_request_id("check");
        let head = Head { method: &method, target: &target, headers: &headers, request_id: "check" };
        let time = UnixTime::from_secs(now);
        let mut got = gate.authorize(&head, now)?;
        let expected = match core.begin(&native_head, time) {
            portcullis::Step::Verdict(verdict) => verdict,
            portcullis::Step::Need(Need::ApiKeyRecord { id }) => {
                needed += 1;
                let need = json!({"need": {"api_key_record": id}});
                summary.count((got != need).then(|| format!("head {index}: got {got}, expected {need}")));
                let (native, supply) = match dice.roll(3) {
                    0 => {
                        (portcullis::Supply::ApiKeyRecord(Some(&record)), Supply::ApiKeyRecord(Some(&record)))
                    }
                    1 => (portcullis::Supply::ApiKeyRecord(None), Supply::ApiKeyRecord(None)),
                    _ => (portcullis::Supply::Unavailable, Supply::Unavailable),
                };
                got = json!({"verdict": gate.resume(&head, now, supply)?});
                core.resume(&native_head, time, native)
            }
        };
        allowed += usize::from(matches!(expected.decision, Decision::Allow(_)));
        let expected = as_interface(&expected, &method);
        let got = the_same_part(&got["verdict"]);
        let shown = || format!("{} {}", String::from_utf8_lossy(&method), String::from_utf8_lossy(&target));
        summary.count(
            (got != expected).then(|| format!("head {index}, {}: got {got}, expected {expected}", shown())),
        );
    }
    // Heads that are all refused for the same reason would show little.
    let poor = allowed < HEADS / 10 || needed < 3;
    summary.count(poor.then(|| format!("of {HEADS} heads {allowed} were let in and {needed} had a need")));
    Ok(())
}

/// The core's verdict, written as the interface writes one.
fn as_interface(verdict: &Verdict, method: &[u8]) -> Value {
    let headers = |pairs: &[(String, String)]| -> Value {
        pairs.iter().map(|(name, value)| json!({"name": name, "value": value})).collect()
    };
    let decision = match &verdict.decision {
        Decision::Deny(answer) => json!({"deny": {
            "status": answer.status,
            "headers": headers(&answer.headers),
            "body": answer.body,
        }}),
        Decision::Allow(forward) => json!({"allow": {
            "target": forward.target,
            "remove_headers": forward.remove_headers,
            "set_headers": headers(&forward.set_headers),
            "credential": forward.credential,
        }}),
    };
    json!({
        "decision": decision,
        "reason": verdict.record.reason,
        "log_line": verdict.log_line(&String::from_utf8_lossy(method), "check"),
    })
}

/// The same members of a verdict of the component.
fn the_same_part(verdict: &Value) -> Value {
    let findings = &verdict["findings"];
    json!({
        "decision": verdict["decision"],
        "reason": findings["reason"],
        "log_line": findings["log_line"],
    })
}

/// A component in `wasmtime serve`, with a client.
struct Served<'r> {
    serve: WasmtimeServe,
    runtime: &'r Runtime,
}

impl Served<'_> {
    fn send(&self, request: &Request) -> Result<Response> {
        self.runtime.block_on(client::send(self.serve.address(), request))
    }

    /// Sends `request`, and compares the status of the response and the reason in the log.
    fn expect(
        &self,
        what: &str,
        request: &Request,
        status: u16,
        reason: Option<&str>,
        summary: &mut Summary,
    ) -> Result<Response> {
        let before = self.serve.decisions().len();
        let response = self.send(request)?;
        let decision = self.decision_after(before);
        let got = decision["reason"].as_str();
        let wrong = response.status != status || got != reason;
        summary.count(wrong.then(|| {
            format!("{what}: got {} and {decision}, expected {status} and {reason:?}", response.status)
        }));
        Ok(response)
    }

    fn decision_after(&self, count: usize) -> Value {
        let started = Instant::now();
        loop {
            match self.serve.decisions().get(count) {
                Some(decision) => return decision.clone(),
                None if started.elapsed() > LOG => return Value::Null,
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        }
    }

    /// Whether the component has said this on standard error or standard output.
    fn expect_log(&self, what: &str, text: &str, summary: &mut Summary) {
        let log = self.serve.log();
        summary.count((!log.contains(text)).then(|| format!("{what}: the log does not say `{text}`: {log}")));
    }
}

/// In front of an origin that keeps what reaches it.
fn proxy(
    artefact: &ComponentArtefact,
    props: &Props,
    runtime: &Runtime,
    summary: &mut Summary,
) -> Result<()> {
    let origin = runtime.block_on(Builtin::start(props.secret("ORIGIN_JWT_SECRET")?))?;
    let environment = props.environment(&format!("http://{}", origin.address()));
    let serve = WasmtimeServe::start(&artefact.path, &environment, &[], "check-proxy")?;
    let gate = Served { serve, runtime };
    let user = props.token("user", "")?;

    let anonymous = Request::new("GET", "/v1/threads");
    gate.expect("without a token", &anonymous, 401, Some("credential_missing"), summary)?;
    let guest = anonymous.clone().bearer(&props.token("guest", "")?);
    gate.expect("a guest", &guest, 403, Some("permission_missing"), summary)?;
    let early = origin.arrivals().len();
    summary.count((early > 0).then(|| format!("{early} refused requests reached the origin")));

    let spoofed = anonymous
        .clone()
        .bearer(&user)
        .header("X-Auth-Subject", "root")
        .header("x_auth_subject", "root")
        .header("X-Keep", "1")
        .header("X-Keep", "2");
    gate.expect("a user who wants to be root", &spoofed, 200, None, summary)?;
    let arrivals = origin.arrivals();
    let arrival = arrivals.last().context("the request of the user did not reach the origin")?;
    expect_header(arrival, "x-auth-subject", &["alice"], summary);
    expect_header(arrival, "x_auth_subject", &[], summary);
    expect_header(arrival, "x-keep", &["1", "2"], summary);
    let known = arrival.identity.as_ref().map(|(subject, roles)| (subject.as_str(), roles.as_slice()));
    let wrong = known != Some(("alice", &["user".to_string()]));
    summary.count(wrong.then(|| format!("the origin took alice for {known:?}")));

    let disguised = Request::new("GET", "//v1/%74hreads").bearer(&user);
    gate.expect("a path in disguise", &disguised, 200, None, summary)?;
    let arrivals = origin.arrivals();
    let asked = arrivals.last().map(|arrival| arrival.target.as_str());
    summary.count(
        (asked != Some("/v1/threads")).then(|| format!("a path in disguise was asked for as {asked:?}")),
    );

    let stream = Request::new("POST", "/v1/graph/stream").bearer(&user).json("{}");
    let response = gate.expect("a stream", &stream, 200, None, summary)?;
    let spread = match (response.chunks.first(), response.chunks.last()) {
        (Some(first), Some(last)) => last.at.saturating_sub(first.at),
        _ => Duration::ZERO,
    };
    // The origin takes five pauses of 30 ms between its words.
    let buffered = response.chunks.len() < 3 || spread < Duration::from_millis(60);
    summary.count(
        buffered.then(|| format!("a stream arrived in {} chunks within {spread:?}", response.chunks.len())),
    );
    let complete = response.text().contains("for alice");
    summary.count((!complete).then(|| format!("a stream arrived as {}", response.text())));
    Ok(())
}

fn expect_header(arrival: &Arrival, name: &str, expected: &[&str], summary: &mut Summary) {
    let got: Vec<_> = arrival.header(name).collect();
    summary.count(
        (got != expected).then(|| format!("{name} at the origin: got {got:?}, expected {expected:?}")),
    );
}

/// Without an origin, a configuration, a secret: no request is let in, and the log says what to do.
fn lacking(
    artefact: &ComponentArtefact,
    props: &Props,
    runtime: &Runtime,
    summary: &mut Summary,
) -> Result<()> {
    let user = Request::new("GET", "/v1/threads").bearer(&props.token("user", "")?);
    let start = |environment: &BTreeMap<String, String>, name: &str| {
        let serve = WasmtimeServe::start(&artefact.path, environment, &[], name)?;
        Ok::<_, anyhow::Error>(Served { serve, runtime })
    };
    let gate = start(&props.environment(NOBODY), "check-proxy-down")?;
    gate.expect("an origin that is down", &user, 502, None, summary)?;

    let without = |name: &str| {
        let mut environment = props.environment(NOBODY);
        environment.remove(name);
        environment
    };
    let mut broken = props.environment(NOBODY);
    broken.insert("PORTCULLIS_CONFIG".to_string(), "{".to_string());
    let mut elsewhere = props.environment(NOBODY);
    elsewhere.insert("ORIGIN".to_string(), format!("{NOBODY}/prefix"));
    for (what, environment, told) in [
        ("a broken configuration", broken, "no request is let in"),
        ("no configuration", without("PORTCULLIS_CONFIG"), "PORTCULLIS_CONFIG"),
        ("a missing secret", without("JWT_SECRET_KEY"), "JWT_SECRET_KEY"),
        ("no origin", without("ORIGIN"), "ORIGIN: must be a variable with the address of the origin"),
        ("an origin with a path", elsewhere, "ORIGIN: must be a variable with the address of the origin"),
    ] {
        let gate = start(&environment, "check-proxy-lacking")?;
        gate.expect(what, &user, 503, Some("config_invalid"), summary)?;
        gate.expect_log(what, told, summary);
    }
    Ok(())
}

/// A trap costs its request an answer and nobody else, and lets nothing through.
fn recovery(
    artefact: &ComponentArtefact,
    props: &Props,
    runtime: &Runtime,
    summary: &mut Summary,
) -> Result<()> {
    let origin = runtime.block_on(Builtin::start(props.secret("ORIGIN_JWT_SECRET")?))?;
    let environment = props.environment(&format!("http://{}", origin.address()));
    let serve = WasmtimeServe::start(&artefact.path, &environment, LITTLE_MEMORY, "check-proxy-trap")?;
    let gate = Served { serve, runtime };
    let user = Request::new("GET", "/v1/threads").bearer(&props.token("user", "")?);
    let large =
        (0..90).fold(user.clone(), |request, index| request.header(format!("x-{index}"), "y".repeat(700)));
    gate.expect("before a trap", &user, 200, None, summary)?;
    let status = gate.send(&large)?.status;
    summary.count((status < 500).then(|| format!("a request that takes too much memory: got {status}")));
    gate.expect("after a trap", &user, 200, None, summary)?;
    let arrived = origin.arrivals().len();
    summary.count(
        (arrived != 2).then(|| format!("{arrived} requests reached the origin around a trap, expected 2")),
    );
    Ok(())
}

/// In one component with the service of the example, which answers with what it received.
fn middleware(
    artefact: &ComponentArtefact,
    props: &Props,
    runtime: &Runtime,
    summary: &mut Summary,
) -> Result<()> {
    let dir = target("component");
    fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
    let (service, composed) = (dir.join("echo.wasm"), dir.join("guarded.wasm"));
    step("build the service", |step| build::service(step, "portcullis-example-echo", &service))?;
    build::compose(&artefact.path, &service, &composed)?;

    let start = |upstream: Value, name: &str| {
        let mut config: Value = serde_json::from_str(&props.config)?;
        config["upstream"] = upstream;
        // The caller's token goes on as it is: it must be one of AgentFlow's own, and an API key is none.
        config["issuers"][0]["claims"]["subject"] = "/user_id".into();
        config.as_object_mut().context("the example's configuration is no object")?.remove("api_keys");
        let mut environment = props.environment(NOBODY);
        environment.insert("PORTCULLIS_CONFIG".to_string(), config.to_string());
        let serve = WasmtimeServe::start(&composed, &environment, &[], name)?;
        Ok::<_, anyhow::Error>(Served { serve, runtime })
    };
    let gate = start(json!({"credential": "forward", "identity_headers": false}), "check-middleware")?;
    let anonymous = Request::new("GET", "/v1/threads?limit=1");
    let user = anonymous.clone().bearer(&props.token("user", "")?);
    gate.expect("the service without a token", &anonymous, 401, Some("credential_missing"), summary)?;
    let guest = anonymous.bearer(&props.token("guest", "")?);
    gate.expect("the service and a guest", &guest, 403, Some("permission_missing"), summary)?;
    let response =
        gate.expect("the service and a user", &user.clone().header("X-Keep", "1"), 200, None, summary)?;
    let text = response.text();
    let received = text.contains("/v1/threads?limit=1") && text.to_ascii_lowercase().contains("x-keep");
    summary.count((!received).then(|| format!("the service received {text}")));
    let spoofed = user.clone().header("X-Auth-Subject", "root");
    let disguised = Request::new("GET", "//v1/%74hreads").bearer(&props.token("user", "")?);
    for (what, request) in [("a header to remove", &spoofed), ("a path to rewrite", &disguised)] {
        gate.expect(what, request, 503, Some("internal"), summary)?;
    }
    let gate = start(json!({"credential": "forward"}), "check-middleware-identity")?;
    gate.expect("a header to add", &user, 503, Some("internal"), summary)?;
    Ok(())
}
