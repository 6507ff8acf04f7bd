//! Keys that issuers publish: fetched now, and what came of it.

use portcullis::jwk::{JwkSet, Source};
use portcullis::limits::REPLY_BYTES;
use portcullis::parts::{IssuerKeys, KeySource, SourcePlace};
use portcullis::{Call, CallTarget, Gate, LiveGate, Reply, SourceFailure, UnixTime};
use serde::Serialize;

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
    /// Why there are no keys, if there are none.
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
            failure: status.failure.map(|failure| why(failure, last.as_ref(), rules)),
        }
    });
    Fetched { sources: sources.collect(), gate: pinned }
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

/// Why a source has brought nothing, and what to do.
fn why(failure: SourceFailure, answer: Option<&Answer>, rules: &KeySource) -> String {
    let status = answer.map_or(0, |answer| answer.status);
    match failure {
        SourceFailure::NoAnswer => {
            "there was no answer; see that the address is right, and that it can be reached".to_owned()
        }
        SourceFailure::Status if (300..400).contains(&status) => {
            format!(
                "the answer has the status {status}, and no redirect is followed; write the address that it leads to"
            )
        }
        SourceFailure::Status => {
            format!("the answer has the status {status}, and not 200; see that the address is right")
        }
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
    }
}
