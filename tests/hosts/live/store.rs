//! Revocations in Workers KV, as workerd itself has it.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use portcullis::RevokedItem;
use portcullis_host_tests::runtime;
use portcullis_test_support::client::{self, Request};
use portcullis_test_support::host::workerd::{Bound, WRITER, WorkerSettings, Workerd};
use portcullis_test_support::identity_provider::{IdentityProvider, Signing};
use portcullis_test_support::kv::Namespace;
use portcullis_test_support::origin::tokens::now_secs;
use portcullis_test_support::patience::PATIENCE;
use portcullis_test_support::summary::Summary;
use serde_json::{Value, json};

use crate::scene::{PATH, expect, issuer_by_url};
use portcullis_host_tests::hosts::Running;

/// A Worker whose document looks revocations up, in front of an identity provider.
struct Stage {
    provider: IdentityProvider,
    settings: WorkerSettings,
}

impl Stage {
    fn new() -> Result<Self> {
        let provider = IdentityProvider::start_with(&[Signing::Es256])?;
        let config = json!({
            "profile": "agentflow", "issuers": [issuer_by_url(&provider)], "revoked": {"lookup": true},
        });
        let settings = WorkerSettings {
            config: config.to_string(),
            secrets: BTreeMap::new(),
            origin: provider.issuer(),
            kv: None,
        };
        Ok(Self { provider, settings })
    }

    /// A token that no other is like.
    fn token(&self, subject: &str, jti: &str, nonce: u32) -> Result<String> {
        let (issuer, now) = (self.provider.issuer(), now_secs());
        let exp = now.saturating_add(600);
        self.provider.mint(
            "ES256-1",
            json!({"iss": issuer, "user_id": subject, "role": "user", "jti": jti, "iat": now, "exp": exp, "n": nonce}),
        )
    }

    fn worker(&self, name: &str) -> Result<Workerd> {
        Workerd::start(&self.settings, Running::worker()?, name)
    }
}

/// Status and reason of a request with `token`.
fn ask(host: &Workerd, token: &str) -> Result<(u16, String)> {
    let known = host.decisions().len();
    let request = Request::new("GET", PATH).bearer(token);
    let response = runtime()?.block_on(client::send(host.address(), &request))?;
    let decisions = host.wait_for_decisions(known.saturating_add(1), PATIENCE);
    let reason = decisions.last().and_then(|line| line["reason"].as_str()).unwrap_or("-");
    Ok((response.status, reason.to_owned()))
}

pub(crate) fn revocations(summary: &mut Summary) -> Result<()> {
    let stage = Stage::new()?;
    let bound = Bound::default().with_kv("PORTCULLIS_REVOKED");
    let host = Workerd::start_bound(&stage.settings, &bound, Running::worker()?, "live-revocations")?;
    let writer = host.address_of(WRITER)?;
    let runtime = runtime()?;
    let write = |request: &Request| -> Result<()> {
        let response = runtime.block_on(client::send(writer, request))?;
        ensure!(response.status == 200, "Workers KV: {} {}", response.status, response.text());
        Ok(())
    };
    let put = |item: &RevokedItem<'_>, value: &Value| {
        let mut request = Request::new("PUT", format!("/{}?expiration_ttl=600", item.store_key()));
        request.body = value.to_string().into_bytes();
        write(&request)
    };
    let free = (200, "-".to_owned());
    let revoked = (401, "token_revoked".to_owned());
    let issuer = stage.provider.issuer();

    expect(summary, "nothing was taken back", ask(&host, &stage.token("alice", "leaked", 0)?)?, free.clone());
    put(&RevokedItem::Token { issuer: &issuer, id: "leaked" }, &json!({"jti": "leaked"}))?;
    let leaked = stage.token("alice", "leaked", 1)?;
    expect(summary, "by its jti", ask(&host, &leaked)?, revoked.clone());
    expect(summary, "another jti", ask(&host, &stage.token("alice", "good", 2)?)?, free.clone());

    let before = json!({"subject": "mallory", "before": "2099-01-01T00:00:00Z"});
    put(&RevokedItem::Subject("mallory"), &before)?;
    expect(summary, "by its subject", ask(&host, &stage.token("mallory", "good", 3)?)?, revoked.clone());
    let long_ago = json!({"subject": "trudy", "before": "2021-01-01T00:00:00Z"});
    put(&RevokedItem::Subject("trudy"), &long_ago)?;
    expect(summary, "issued since", ask(&host, &stage.token("trudy", "good", 4)?)?, free.clone());
    put(&RevokedItem::Subject("peggy"), &json!("mallory"))?;
    let unavailable = (503, "revocations_unavailable".to_owned());
    let garbled = ask(&host, &stage.token("peggy", "good", 5)?)?;
    expect(summary, "what stands there is no revocation", garbled, unavailable);

    // It ends by itself.
    write(&Request::new("POST", "/clock?advance=700000"))?;
    expect(summary, "remembered", ask(&host, &leaked)?, revoked);
    expect(summary, "its revocation has ended", ask(&host, &stage.token("alice", "leaked", 6)?)?, free);
    Ok(())
}

/// A crowd with one token is one look-up.
pub(crate) fn a_crowd(summary: &mut Summary) -> Result<()> {
    const CROWD: usize = 100;
    let mut stage = Stage::new()?;
    let runtime = runtime()?;
    let store = runtime.block_on(Namespace::serve(BTreeMap::new()))?;
    stage.settings.kv = Some(store.address());
    let host = stage.worker("live-crowd-of-revocations")?;
    expect(summary, "the keys are known", ask(&host, &stage.token("alice", "first", 0)?)?.0, 200);
    let token = stage.token("bob", "crowd", 1)?;
    let (before, started) = (store.asked().len(), Instant::now());
    let requests = vec![Request::new("GET", PATH).bearer(&token); CROWD];
    let sent = requests.iter().map(|request| client::send(host.address(), request));
    let responses = runtime.block_on(futures_util::future::try_join_all(sent))?;
    let allowed = responses.iter().filter(|response| response.status == 200).count();
    expect(summary, "let in", allowed, CROWD);
    // Its own SHA-256, its subject, its issuer and its `jti`.
    let look_ups = (store.asked().len() - before) / 4;
    // One, and another where an answer takes longer than its turn.
    let most = usize::try_from(started.elapsed().as_secs())? + 1;
    expect(summary, &format!("{look_ups} look-ups, at most {most}"), look_ups <= most, true);
    expect(summary, "there is one", look_ups > 0, true);
    Ok(())
}

pub(crate) fn a_store_that_fails(summary: &mut Summary) -> Result<()> {
    let mut stage = Stage::new()?;
    let token = stage.token("alice", "good", 0)?;
    let invalid = (503, "config_invalid".to_owned());
    let host = stage.worker("live-no-revocations")?;
    expect(summary, "without a namespace", ask(&host, &token)?, invalid.clone());
    for part in ["/revoked/lookup", "bind a KV namespace as PORTCULLIS_REVOKED"] {
        expect(summary, part, host.wait_for_log(&[part], PATIENCE).contains(part), true);
    }
    stage.settings.secrets.insert("PORTCULLIS_REVOKED".to_owned(), "a text".to_owned());
    let host = stage.worker("live-no-revocations")?;
    expect(summary, "with a text for its namespace", ask(&host, &token)?, invalid);
    stage.settings.secrets.clear();

    // Whoever connects waits for ever.
    let hanging = TcpListener::bind("127.0.0.1:0")?;
    stage.settings.kv = Some(hanging.local_addr()?);
    let host = stage.worker("live-no-revocations")?;
    let unavailable = (503, "revocations_unavailable".to_owned());
    let started = Instant::now();
    expect(summary, "a store that hangs", ask(&host, &token)?, unavailable.clone());
    expect(summary, "it is not waited for long", started.elapsed() < Duration::from_secs(10), true);
    drop(hanging);
    expect(summary, "a store that is down", ask(&host, &token)?, unavailable);
    expect(summary, "requests at the origin", stage.provider.requests(PATH), 0);
    let told = "portcullis: no revocations from the KV namespace PORTCULLIS_REVOKED";
    expect(summary, told, host.wait_for_log(&[told], PATIENCE).contains(told), true);
    Ok(())
}
