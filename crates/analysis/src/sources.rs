//! Keys that issuers publish: fetched now, and what came of it.

use portcullis::jwk::{JwkSet, Source};
use portcullis::limits::REPLY_BYTES;
use portcullis::parts::{BundleSource, IssuerKeys, KeySource, SourcePlace};
use portcullis::{Call, CallTarget, Gate, LiveGate, Reply, SourceFailure, UnixTime};
use serde::Serialize;

use crate::bundle::BundleSummary;
use crate::explain::Answer;

/// A gate with the keys that were fetched for it, and what each of its sources has brought.
#[derive(Debug)]
pub struct Fetched {
    /// The same gate, where the keys of every source that has brought some are fixed.
    pub gate: Gate,
    /// Its sources, in the order of the configuration.
    pub sources: Vec<FetchedSource>,
}

/// What a source has brought.
#[derive(Debug, Serialize)]
pub struct FetchedSource {
    /// The member of the configuration that says where it is, as a JSON pointer.
    pub pointer: String,
    /// Where was asked, in order.
    pub asked: Vec<String>,
    /// The keys, each as `kid (algorithm)`.
    pub keys: Vec<String>,
    /// What is in the set and of no use here, and why.
    pub passed_over: Vec<String>,
    /// What is in the bundle, if this is it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bundle: Option<BundleSummary>,
    /// Why there is nothing, if there is nothing.
    pub failure: Option<String>,
}

/// Fetches what `gate` has to fetch at the time `now`; `send` sends its calls: the answer, if there is one.
pub fn fetch(gate: &Gate, now: UnixTime, mut send: impl FnMut(&Call) -> Option<Answer>) -> Fetched {
    let mut live = LiveGate::new(gate.clone(), 0);
    let mut answers = Vec::new();
    // Each is due once: nothing has been tried, and what fails is put off.
    while let Some(refresh) = live.due(now) {
        let mut next = Some(refresh);
        let mut asked = Vec::new();
        let mut last = None;
        while let Some(refresh) = next {
            asked.push(address(refresh.call()));
            last = send(refresh.call());
            let pairs = last.as_ref().map(Answer::pairs).unwrap_or_default();
            let reply = last.as_ref().map(|answer| Reply {
                status: answer.status,
                headers: &pairs,
                body: &answer.body,
            });
            next = live.refreshed(&refresh, reply.as_ref(), now);
        }
        answers.push((asked, last));
    }
    let pinned = live.pinned(now);
    let rules = &gate.parts().sources;
    // The bundle comes after the others.
    let bundle = gate.parts().bundle.as_ref().zip(answers.get(rules.len()).cloned());
    let bundle =
        bundle.map(|(source, (asked, last))| fetched_bundle(gate, source, asked, last.as_ref(), now));
    let told = live.sources(now).into_iter().zip(rules).zip(answers).enumerate();
    let sources = told.map(|(source, ((status, rules), (asked, last)))| {
        let issuer = gate
            .parts()
            .issuers
            .iter()
            .position(|issuer| matches!(issuer.keys, IssuerKeys::Fetched(at) if at == source));
        let issuer = issuer.unwrap_or_default();
        let keys = pinned.parts().issuers.get(issuer).map(|issuer| issuer.keys.known()).unwrap_or_default();
        let member = match rules.place {
            SourcePlace::Set(_) => "jwks/url",
            SourcePlace::Metadata(_) => "discover",
        };
        let body = last.as_ref().map(|answer| answer.body.as_slice()).unwrap_or_default();
        FetchedSource {
            pointer: format!("/issuers/{issuer}/{member}"),
            asked,
            keys: keys
                .iter()
                .map(|key| format!("{} ({})", key.id().unwrap_or("without kid"), key.algorithm()))
                .collect(),
            passed_over: if status.failure.is_none() { passed_over(body, rules) } else { Vec::new() },
            bundle: None,
            failure: status.failure.map(|failure| why(failure, last.as_ref(), rules)),
        }
    });
    Fetched { sources: sources.chain(bundle).collect(), gate: pinned }
}

/// What came where the bundle should be.
fn fetched_bundle(
    gate: &Gate,
    source: &BundleSource,
    asked: Vec<String>,
    last: Option<&Answer>,
    now: UnixTime,
) -> FetchedSource {
    let answer = match last {
        None => Err(unreachable()),
        Some(answer) if answer.status != 200 => Err(status_is(answer.status)),
        Some(answer) => {
            gate.parts().check_bundle(source, &answer.body, now).map_err(|error| error.to_string())
        }
    };
    FetchedSource {
        pointer: "/bundle/url".to_owned(),
        asked,
        keys: Vec::new(),
        passed_over: Vec::new(),
        bundle: answer.as_ref().ok().map(BundleSummary::from),
        failure: answer.err(),
    }
}

fn unreachable() -> String {
    "there was no answer; see that the address is right, and that it can be reached".to_owned()
}

fn status_is(status: u16) -> String {
    match status {
        300..400 => format!(
            "the answer has the status {status}, and no redirect is followed; write the address that it leads to"
        ),
        _ => format!("the answer has the status {status}, and not 200; see that the address is right"),
    }
}

fn address(call: &Call) -> String {
    match call.target() {
        CallTarget::Origin(path) | CallTarget::Url(path) => path.clone(),
    }
}

/// What a set has that verifies nothing here.
fn passed_over(body: &[u8], rules: &KeySource) -> Vec<String> {
    let Ok(set) = JwkSet::parse(body, Source::Public) else { return Vec::new() };
    let mut unused = [set.unused(), set.left_out(&rules.algorithms).as_slice()].concat();
    unused.sort_by_key(|key| key.index);
    unused.iter().map(|key| format!("keys[{}]: {}", key.index, key.reason)).collect()
}

/// Why a source of keys has brought nothing, and what to do.
fn why(failure: SourceFailure, answer: Option<&Answer>, rules: &KeySource) -> String {
    match failure {
        SourceFailure::NoAnswer => unreachable(),
        SourceFailure::Status => status_is(answer.map_or(0, |answer| answer.status)),
        SourceFailure::TooLong => format!("the answer is longer than {REPLY_BYTES} bytes"),
        SourceFailure::NotJson => {
            let kind = answer.and_then(|answer| {
                answer.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"))
            });
            let kind = kind.map_or("without a Content-Type", |(_, kind)| kind.as_str());
            format!(
                "the answer is not announced as JSON, but {kind}; see that the address is that of a JWK Set"
            )
        }
        SourceFailure::Metadata => format!(
            "these are no metadata of {}: they have to name exactly this issuer, and an https address as `jwks_uri`; write \"issuer\" as the metadata do",
            rules.place.url()
        ),
        SourceFailure::KeySet => {
            let body = answer.map(|answer| answer.body.as_slice()).unwrap_or_default();
            let set = JwkSet::parse(body, Source::Public);
            match set.and_then(|set| set.key_set(&rules.algorithms)) {
                Err(error) => format!("the answer is no usable JWK Set: {error}"),
                Ok(_) => "the answer is no usable JWK Set".to_owned(),
            }
        }
        // Of bundles.
        SourceFailure::Signature
        | SourceFailure::Expired
        | SourceFailure::Older
        | SourceFailure::Contents => failure.to_string(),
    }
}
