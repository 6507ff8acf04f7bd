//! A long time with everything that a gate learns: many mixed requests, after which a host must not hold more than before.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use portcullis_host_tests::runtime;
use portcullis_test_support::host::workerd::CF_HEADER;
use portcullis_test_support::identity_provider::{IdentityProvider, ME, Person, Signing};
use portcullis_test_support::origin::tokens::now_secs;
use portcullis_test_support::root::root;
use portcullis_test_support::summary::Summary;
use serde_json::json;
use tokio::net::TcpSocket;

use crate::faults;
use crate::scene::{PATH, Scene, expect, issuer_by_url};
use portcullis_host_tests::hosts::{ALL, Kind};

/// How many requests a host gets; without it there is no soak.
const REQUESTS: &str = "SOAK_REQUESTS";
/// Which host, if not all of them.
const HOST: &str = "SOAK_HOST";

/// Clients at once.
const CLIENTS: usize = 8;
/// Requests on one connection, after which a client is another one.
const ON_ONE: usize = 40;
/// More than a gate remembers: the oldest have to go.
const TOKENS: usize = 3000;
const CALLERS: usize = 1500;
/// By how much a host may grow from the second quarter to the last: a tenth, and what garbage collectors and allocators keep.
const GROWTH_KIB: u64 = 24 * 1024;

/// How many requests are asked for, if any are.
pub(crate) fn requests() -> Option<usize> {
    std::env::var(REQUESTS).ok()?.parse().ok()
}

/// One host after the other; the figures go to the page.
pub(crate) fn soak(requests: usize, summary: &mut Summary) -> Result<()> {
    let only = std::env::var(HOST).unwrap_or_default();
    for kind in ALL.iter().filter(|kind| only.is_empty() || kind.name() == only) {
        let outcome = on(*kind, requests)?;
        println!("{}", outcome.line(*kind));
        outcome.judge(*kind, summary);
        faults::keep_soak(&root(), &format!("| {} | ", kind.name()), &outcome.line(*kind))?;
    }
    Ok(())
}

/// What came of a soak.
struct Outcome {
    sent: usize,
    took: Duration,
    /// In KiB, at the beginning and after each quarter.
    resident: Vec<u64>,
    statuses: BTreeMap<u16, usize>,
    /// Bad credentials that were let in, and good ones that were refused otherwise than for the failures of their client.
    wrong: BTreeMap<(&'static str, u16), usize>,
    asked: usize,
}

impl Outcome {
    fn line(&self, kind: Kind) -> String {
        let mib: Vec<String> = self.resident.iter().map(|kib| (kib / 1024).to_string()).collect();
        let statuses: Vec<String> =
            self.statuses.iter().map(|(status, count)| format!("{status}: {count}")).collect();
        let name = kind.name();
        let (sent, secs, asked) = (self.sent, self.took.as_secs(), self.asked);
        format!("| {name} | {sent} | {secs} s | {} | {} | {asked} |\n", mib.join(", "), statuses.join(", "))
    }

    fn judge(&self, kind: Kind, summary: &mut Summary) {
        let name = kind.name();
        expect(
            summary,
            &format!("{name}: credentials that got what they should not"),
            &self.wrong,
            &BTreeMap::new(),
        );
        let (half, last) = (self.resident[2], self.resident[4]);
        let grown = last > half + half / 10 + GROWTH_KIB;
        summary.count(grown.then(|| format!("{name}: {half} KiB at half, {last} KiB at the end")));
    }
}

/// A credential, and what it is.
struct Credential {
    text: String,
    what: &'static str,
}

fn credentials(provider: &IdentityProvider) -> Result<Vec<Credential>> {
    let mut all = Vec::new();
    let mut add = |what: &'static str, text: String| all.push(Credential { text, what });
    let end = now_secs() + 7200;
    let token = |kid: &str, number: usize, jti: &str| {
        let claims = json!({
            "iss": provider.issuer(), "user_id": format!("user-{number}"), "role": "user", "jti": jti, "exp": end,
        });
        provider.mint(kid, claims)
    };
    for number in 0..TOKENS {
        add("good", token("ES256-1", number, &format!("id-{number}"))?);
        if number % 3 == 0 {
            add("unknown kid", provider.forge(&format!("unknown-{number}"), "mallory", "admin")?);
            add("revoked", token("ES256-1", number, "leaked")?);
            add("garbage", format!("x.{number}.z"));
        }
        if number < CALLERS {
            let known = format!("opaque-{number}-0123456789");
            let person = Person { expires_at: end, ..Person::new(&format!("caller-{number}"), "user") };
            provider.admit(&known, person);
            add("good", known);
            add("stranger", format!("stranger-{number}-0123456789"));
        }
    }
    Ok(all)
}

fn on(kind: Kind, requests: usize) -> Result<Outcome> {
    let provider = IdentityProvider::start_with(&[Signing::Es256])?;
    let credentials = credentials(&provider)?;
    let mut members = json!({
        "issuers": [issuer_by_url(&provider)],
        "identity": {
            "ask": ME,
            "subject": "/results/id",
            "roles": [{"at": "/results/is_superuser", "map": {"true": ["admin"], "false": ["user"]}}],
        },
        "revoked": {"tokens": [{"issuer": provider.issuer(), "jti": "leaked"}]},
        "memory": {"entries": 1024},
    });
    if kind != Kind::Component {
        // It is not told who its clients are.
        members["limits"] = json!({"failures": {"count": 30, "window_secs": 60}});
    }
    let scene = Scene::start(kind, &format!("{}-soak", kind.name()), provider, members)?;
    let (address, process) = (scene.host.address(), scene.host.process());
    let runtime = runtime()?;
    let started = Instant::now();
    let mut outcome = Outcome {
        sent: 0,
        took: Duration::ZERO,
        resident: vec![resident(process)?],
        statuses: BTreeMap::new(),
        wrong: BTreeMap::new(),
        asked: 0,
    };
    for quarter in 0..4 {
        let share = requests / 4 / CLIENTS;
        let clients = (0..CLIENTS).map(|client| {
            let first = (quarter * CLIENTS + client) * share;
            talk(kind, address, &credentials, first..first + share)
        });
        for answers in runtime.block_on(futures_util::future::try_join_all(clients))? {
            for (what, status) in answers {
                outcome.sent += 1;
                *outcome.statuses.entry(status).or_default() += 1;
                let fits = match what {
                    "good" => matches!(status, 200 | 429),
                    _ => matches!(status, 401 | 429),
                };
                if !fits {
                    *outcome.wrong.entry((what, status)).or_default() += 1;
                }
            }
        }
        outcome.resident.push(resident(process)?);
    }
    outcome.took = started.elapsed();
    outcome.asked = scene.provider.requests(ME);
    Ok(outcome)
}

/// Sends the requests with these numbers, one after the other, as a client that is another one from time to time.
async fn talk(
    kind: Kind,
    address: SocketAddr,
    credentials: &[Credential],
    numbers: std::ops::Range<usize>,
) -> Result<Vec<(&'static str, u16)>> {
    let mut answers = Vec::with_capacity(numbers.len());
    let mut connection: Option<SendRequest<Empty<Bytes>>> = None;
    for number in numbers {
        let client = number / ON_ONE;
        if number % ON_ONE == 0 {
            connection = None;
        }
        // All of them in turn, in an order in which neighbours differ.
        let credential = &credentials[number.wrapping_mul(7919) % credentials.len()];
        let name = format!("127.{}.{}.{}", 1 + client / 62_500 % 200, client / 250 % 250, 1 + client % 250);
        let mut request = hyper::Request::builder().uri(PATH).header("host", "gate.example");
        request = request.header("authorization", format!("Bearer {}", credential.text));
        request = match kind {
            Kind::Worker => request.header(CF_HEADER, "{}").header("cf-connecting-ip", &name),
            Kind::Node => request.header("x-test-client", &name),
            // Its own address is what counts, or nothing.
            Kind::Envoy | Kind::Component => request,
        };
        let request = request.body(Empty::new())?;
        // A host may have closed an idle connection; whoever is cut off asks again.
        let mut tries = 0;
        let status = loop {
            let mut open = match connection.take().filter(|open| !open.is_closed()) {
                Some(open) => open,
                None => connect(address, name.parse()?).await?,
            };
            if let Ok(response) = async {
                open.ready().await?;
                open.send_request(request.clone()).await
            }
            .await
            {
                let status = response.status().as_u16();
                if response.into_body().collect().await.is_ok() {
                    connection = Some(open);
                    break status;
                }
            }
            tries += 1;
            if tries > 3 {
                bail!("the host does not answer {:?}", credential.what);
            }
        };
        answers.push((credential.what, status));
    }
    Ok(answers)
}

async fn connect(address: SocketAddr, from: Ipv4Addr) -> Result<SendRequest<Empty<Bytes>>> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    // The whole network 127 is this machine.
    socket.bind(SocketAddr::from((from, 0)))?;
    let (open, connection) = handshake(TokioIo::new(socket.connect(address).await?)).await?;
    tokio::spawn(async move { drop(connection.await) });
    Ok(open)
}

/// The memory of a process that is in use, in KiB.
fn resident(process: u32) -> Result<u64> {
    let file = format!("/proc/{process}/status");
    let text = fs::read_to_string(&file).with_context(|| file.clone())?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).context(file)?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
