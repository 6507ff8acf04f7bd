//! Keys and a bundle that are fetched: for decisions, and ahead of them.

use anyhow::Result;
use portcullis::limits::REFETCH_SECS;
use portcullis_test_support::client::Request;
use portcullis_test_support::host::gate::{Calls, GateComponent};
use portcullis_test_support::identity_provider::{
    BUNDLE, Fault, IdentityProvider, KEYS, METADATA, OBJECTS, Signing,
};
use portcullis_test_support::summary::Summary;
use serde_json::{Value, json};

use super::asks::owned;
use super::embedder::{Embedder, load};
use crate::live::bundle::{pinned, publish, token};
use crate::live::stage::{PATH, by_url, discovered, forged};
use crate::live::who_am_i;
use crate::props::Props;

/// The ways in which a source fails, and what is told of each.
const FAULTS: [(Fault, &str); 6] = [
    (Fault::Down, "there is no answer"),
    (Fault::Stalling, "there is no answer"),
    (Fault::Html, "the answer is not announced as JSON"),
    (Fault::TooLong, "the answer is too long"),
    (Fault::Redirect, "the answer has another status than 200"),
    (Fault::BadJson, "the set cannot be used"),
];

fn get(token: &str) -> Request {
    Request::new("GET", PATH).bearer(token)
}

/// A document loads only where somebody sends the calls that it takes; otherwise the error names the member.
pub(crate) fn refused(component: &GateComponent, _: &Props, summary: &mut Summary) -> Result<()> {
    let provider = IdentityProvider::start_with(&[Signing::Es256])?;
    let objects = owned(&provider);
    let at_the_object = format!("/policy/routes/GET {OBJECTS}{{id}}~1documents/where/path.id: ");
    let at_the_object = at_the_object.replace(OBJECTS, &OBJECTS.replace('/', "~1"));
    let cases: [(&str, Value, Calls, &str); 8] = [
        ("a set", by_url(&provider), Calls::None, "/issuers/0/jwks/url: this host fetches nothing"),
        ("a set", by_url(&provider), Calls::Urls, ""),
        ("metadata", discovered(&provider), Calls::None, "/issuers/0/discover: this host fetches nothing"),
        ("a bundle", pinned(&provider), Calls::None, "/bundle: this host fetches nothing"),
        ("a question", who_am_i(&provider), Calls::None, "/identity: this host asks nobody"),
        ("a question", who_am_i(&provider), Calls::Urls, "/identity/ask: this asks the origin"),
        ("objects", objects.clone(), Calls::Urls, &at_the_object),
        ("objects", objects, Calls::All, ""),
    ];
    for (what, document, calls, error) in cases {
        let loaded = load(component, &document, calls)?.err().unwrap_or_default();
        let right = match error {
            "" => loaded.is_empty(),
            _ => loaded.iter().any(|told| told.starts_with(error)),
        };
        summary.count((!right).then(|| format!("{what} with {calls:?}: {loaded:?}, not `{error}`")));
    }
    Ok(())
}

/// Good tokens are let in, and nothing else; a key that is unknown costs one fetch, and not more often than every 30 seconds.
pub(crate) fn keys(component: &GateComponent, _: &Props, summary: &mut Summary) -> Result<()> {
    type Document = fn(&IdentityProvider) -> Value;
    for (what, document) in [("by URL", by_url as Document), ("discovered", discovered)] {
        let mut embedder = Embedder::start(component, document)?;
        let old = embedder.provider.token("ES256-1", "alice", "user")?;
        let (good, unknown) = ((200, None), (401, Some("key_unknown")));
        let say = |text: &str| format!("{what}: {text}");
        for round in 0..3 {
            embedder.expect(&say("a good token"), &get(&old), good, summary)?;
            let token = forged(&embedder.provider, &format!("unknown-{round}"));
            embedder.expect(&say("an unknown key"), &get(&token), unknown, summary)?;
        }
        let token = forged(&embedder.provider, "ES256-1");
        embedder.expect(&say("forged"), &get(&token), (401, Some("signature_invalid")), summary)?;
        embedder.expect_requests(&say("at the start"), (KEYS, 0), 1, summary);
        embedder.expect_requests(
            &say("at the start"),
            (METADATA, 0),
            usize::from(what == "discovered"),
            summary,
        );

        embedder.now += REFETCH_SECS + 1;
        for name in ["unknown-4", "unknown-5"] {
            let token = forged(&embedder.provider, name);
            embedder.expect(&say("an unknown key, later"), &get(&token), unknown, summary)?;
        }
        embedder.expect_requests(&say("unknown keys"), (KEYS, 1), 1, summary);

        embedder.now += REFETCH_SECS + 1;
        embedder.provider.rotate(Signing::Es256)?;
        let new = embedder.provider.token("ES256-2", "alice", "user")?;
        embedder.expect(&say("before anybody has the new key"), &get(&old), good, summary)?;
        embedder.expect(&say("the new key"), &get(&new), good, summary)?;
        embedder.expect(&say("a retired key"), &get(&old), unknown, summary)?;
        embedder.expect_requests(&say("rotation"), (KEYS, 2), 1, summary);
        embedder.expect_notices(what, &[], summary)?;
    }
    Ok(())
}

/// A source that fails: from the beginning nobody is told that the token is bad, later the old keys are used.
pub(crate) fn sources(component: &GateComponent, _: &Props, summary: &mut Summary) -> Result<()> {
    let unavailable = (503, Some("keys_unavailable"));
    for (fault, why) in FAULTS {
        let mut embedder = Embedder::start(component, by_url)?;
        let what = format!("{fault:?}");
        let old = embedder.provider.token("ES256-1", "alice", "user")?;
        let url = embedder.provider.url(KEYS);
        embedder.provider.fail_at(KEYS, fault);
        embedder.expect(&what, &get(&old), unavailable, summary)?;
        let none = format!("the keys of {url} cannot be fetched: {why}; none are known");
        embedder.expect_notices(&what, &[none], summary)?;
        embedder.expect_notices(&format!("{what}, once"), &[], summary)?;

        embedder.provider.recover();
        embedder.now += REFETCH_SECS;
        embedder.expect(&format!("after {what}"), &get(&old), (200, None), summary)?;
        let again = format!("the keys of {url} have been fetched again");
        embedder.expect_notices(&format!("after {what}"), &[again], summary)?;

        embedder.provider.rotate(Signing::Es256)?;
        embedder.provider.fail_at(KEYS, fault);
        embedder.now += REFETCH_SECS + 1;
        let new = embedder.provider.token("ES256-2", "alice", "user")?;
        embedder.expect(&format!("a new key, {what}"), &get(&new), unavailable, summary)?;
        embedder.expect(&format!("the old key, {what}"), &get(&old), (200, None), summary)?;
        let stale = format!("the keys of {url} cannot be fetched: {why}; the keys from before are used");
        embedder.expect_notices(&format!("later {what}"), &[stale], summary)?;
    }
    Ok(())
}

/// What is due is fetched ahead of decisions, which need no call then; what the next bundle takes back is refused.
pub(crate) fn bundle(component: &GateComponent, _: &Props, summary: &mut Summary) -> Result<()> {
    let mut embedder = Embedder::start(component, discovered)?;
    let good = get(&embedder.provider.token("ES256-1", "alice", "user")?);
    let calls = embedder.refresh()?;
    summary.count((calls != 2).then(|| format!("{calls} calls for metadata and keys, not 2")));
    let step = embedder.begin(&good)?;
    let decided = step["verdict"]["decision"]["allow"].is_object();
    summary.count((!decided).then(|| format!("with keys that were fetched ahead: got {step}")));
    let calls = embedder.refresh()?;
    summary.count((calls != 0).then(|| format!("{calls} calls when nothing is due")));

    let mut embedder = Embedder::start_with(component, IdentityProvider::start()?, Calls::Urls, pinned)?;
    let stolen = get(&token(&embedder.provider, "stolen")?);
    embedder.expect("before there is a bundle", &stolen, (503, Some("bundle_unavailable")), summary)?;
    publish(&embedder.provider, 2, &json!({}))?;
    embedder.now += REFETCH_SECS;
    embedder.refresh()?;
    embedder.expect("with a bundle", &stolen, (200, None), summary)?;
    let taken_back = json!({"tokens": [{"issuer": embedder.provider.issuer(), "jti": "stolen"}]});
    publish(&embedder.provider, 3, &taken_back)?;
    embedder.now += REFETCH_SECS + 1;
    let before = embedder.provider.requests(BUNDLE);
    embedder.refresh()?;
    embedder.expect("after the next one", &stolen, (401, Some("token_revoked")), summary)?;
    embedder.expect_requests("the next one", (BUNDLE, before), 1, summary);
    Ok(())
}
