//! A real OpenID provider as the issuer: its tokens, its introspection, and its keys while they change under load.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use portcullis_test_support::client::Request;
use portcullis_test_support::identity_provider::IdentityProvider;
use portcullis_test_support::oidc_provider::{AUDIENCE, CLIENT, INTROSPECT, KEYS, OidcProvider};
use portcullis_test_support::summary::Summary;
use serde_json::json;

use crate::scene::{PATH, Scene, expect};
use portcullis_host_tests::hosts::{ALL, Kind};

/// How long it may take until the provider, which has just begun, has answered within the time that a gate has for it: one try
/// that fails, and the next.
const BEGUN: Duration = Duration::from_secs(12);
/// From when on a key that is not known is looked for again.
const REFETCH: Duration = Duration::from_secs(31);
/// For how long there is load, before and after the keys change.
const LOAD: Duration = Duration::from_secs(2);
/// Requests at once.
const AT_ONCE: usize = 6;
/// For so many requests an instance of the component lives, as its README has it started.
const INSTANCE_REQUESTS: usize = 128;
/// What the client's scope does not reach.
const BEYOND: &str = "/v1/graph/invoke";

/// Side by side, so that there is one time to wait.
pub(crate) fn on_every_host(summary: &mut Summary) -> Result<()> {
    let outcomes: Vec<Result<Summary>> = thread::scope(|scope| {
        let started: Vec<_> = ALL.iter().map(|kind| scope.spawn(|| check(*kind))).collect();
        let ended = started.into_iter().map(|thread| thread.join());
        ended.map(|outcome| outcome.unwrap_or_else(|_| Err(anyhow!("a check panicked")))).collect()
    });
    for (kind, outcome) in ALL.iter().zip(outcomes) {
        let Summary { passed, failed } = outcome?;
        (0..passed).for_each(|_| summary.count(None));
        failed.into_iter().for_each(|what| summary.count(Some(format!("{}: {what}", kind.name()))));
    }
    Ok(())
}

fn check(kind: Kind) -> Result<Summary> {
    let mut summary = Summary::default();
    let issuer = OidcProvider::start()?;
    issuer.publish(&["1", "2"])?;
    let members = json!({
        "issuers": [{
            "issuer": issuer.issuer(), "audience": AUDIENCE, "discover": true, "token_profile": "at+jwt",
        }],
        "identity": {
            "ask": format!("{}{INTROSPECT}", issuer.issuer()),
            "kind": "introspection",
            "client": {"id": CLIENT.0, "secret": {"env": "OIDC_SECRET"}},
            "subject": "/client_id",
            "roles": ["/roles"],
        },
        "upstream": {"credential": "strip"},
    });
    let origin = IdentityProvider::start_with(&[])?;
    let scene = Scene::start_with(
        kind,
        &format!("{}-oidc", kind.name()),
        origin,
        members,
        [("OIDC_SECRET", CLIENT.1)],
    )?;
    let first = issuer.token()?;
    expect(&mut summary, "a token", scene.ask_until(&first, 200, BEGUN)?, 200);
    let started = Instant::now();
    let beyond = Request::new("POST", BEYOND).bearer(&first).json("{}");
    expect(&mut summary, "a token for something else", scene.send(&beyond)?.status, 403);
    expect(&mut summary, "an altered token", scene.ask(&altered(&first))?.status, 401);
    expect(&mut summary, "another issuer's token", scene.ask(&OidcProvider::start()?.token()?)?.status, 401);

    let opaque = issuer.opaque_token()?;
    for time in ["the first time", "again"] {
        expect(&mut summary, &format!("an opaque token, {time}"), scene.ask(&opaque)?.status, 200);
    }
    expect(&mut summary, "questions about it", issuer.requests(INTROSPECT)?, 1);
    let unknown: String = opaque.chars().rev().collect();
    expect(&mut summary, "an opaque token that it did not issue", scene.ask(&unknown)?.status, 401);

    // The second of the published keys becomes the one that signs, and a third is published; half a minute later that signs, and
    // the first is withdrawn.
    issuer.publish(&["2", "1", "3"])?;
    let second = issuer.token()?;
    thread::sleep(REFETCH.saturating_sub(started.elapsed()));
    let fetched = issuer.requests(KEYS)?;
    let statuses = under_load(&scene, &issuer, &second)?;
    let refused: Vec<_> = statuses.iter().filter(|status| **status != 200).take(5).collect();
    expect(&mut summary, "good tokens that were refused while keys changed", refused, Vec::new());
    let fetches = issuer.requests(KEYS)? - fetched;
    let most = match kind {
        Kind::Worker | Kind::Node => 1,
        // Its main thread fetches, too.
        Kind::Envoy => 2,
        // Each instance fetches for itself: one for each request that comes at once, and the next after so many requests.
        Kind::Component => AT_ONCE + statuses.len().div_ceil(INSTANCE_REQUESTS) + 1,
    };
    let fits = usize::try_from(fetches).is_ok_and(|fetches| (1..=most).contains(&fetches));
    summary.count((!fits).then(|| format!("the keys were fetched {fetches} times when they had changed")));
    let mut allowed = statuses.len();
    if kind == Kind::Component {
        // An instance that had fetched all keys just before they changed needs no other ones while it lives.
        for _ in 0..2 * INSTANCE_REQUESTS {
            allowed += scene.ask_at_once(&vec![second.clone(); AT_ONCE])?.len();
        }
    }
    for round in 0..3 {
        let retired = scene.ask(&first)?.status;
        expect(&mut summary, &format!("a token of the withdrawn key, {round}"), retired, 401);
    }
    expect(&mut summary, "a token of the key that stayed", scene.ask(&second)?.status, 200);
    expect(&mut summary, "a token of the new key", scene.ask(&issuer.token()?)?.status, 200);
    // Those under load, and six besides.
    expect(&mut summary, "requests at the origin", scene.provider.requests(PATH), allowed + 5);
    Ok(summary)
}

/// Asks with old and with fresh tokens of published keys while those change; the statuses.
fn under_load(scene: &Scene, issuer: &OidcProvider, second: &str) -> Result<Vec<u16>> {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let old = scope.spawn(|| -> Result<Vec<u16>> {
            let mut statuses = Vec::new();
            while !done.load(Ordering::Relaxed) {
                statuses.extend(scene.ask_at_once(&vec![second.to_owned(); AT_ONCE - 2])?);
            }
            Ok(statuses)
        });
        let fresh = scope.spawn(|| -> Result<Vec<u16>> {
            let mut statuses = Vec::new();
            while !done.load(Ordering::Relaxed) {
                statuses.extend(scene.ask_at_once(&vec![issuer.token()?; 2])?);
            }
            Ok(statuses)
        });
        thread::sleep(LOAD);
        let changed = issuer.publish(&["3", "2"]);
        thread::sleep(LOAD);
        done.store(true, Ordering::Relaxed);
        changed?;
        let mut statuses = Vec::new();
        for thread in [old, fresh] {
            statuses.extend(thread.join().map_err(|_| anyhow!("the load panicked"))??);
        }
        Ok(statuses)
    })
}

/// The token with another signature.
fn altered(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').unwrap_or((token, ""));
    let (kept, last) = signature.split_at(signature.len().saturating_sub(8));
    format!("{signed}.{kept}{}", last.chars().rev().collect::<String>())
}
