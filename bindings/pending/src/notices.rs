//! What an operator is told of the sources of keys: when one begins to fail, and when it is sound again.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use portcullis::{SourceFailure, SourceKind, SourceStatus};

/// How the sources of a gate were when they were looked at.
#[derive(Debug, Default)]
pub struct Notices {
    failing: Vec<bool>,
}

impl Notices {
    /// What there is to tell about each source that has begun to fail, or is sound again, since the last look.
    pub fn look(&mut self, sources: &[SourceStatus]) -> Vec<String> {
        self.failing.resize(sources.len(), false);
        let known = self.failing.iter_mut().zip(sources);
        let changed = known.filter_map(|(failing, source)| {
            let fails = source.failure.is_some();
            (core::mem::replace(failing, fails) != fails).then(|| notice(source))
        });
        changed.collect()
    }
}

fn notice(source: &SourceStatus) -> String {
    let SourceStatus { url, keys, version, .. } = source;
    let (what, then) = match source.kind {
        SourceKind::Keys => ("keys", "none are known, and tokens of that issuer are answered with 503"),
        SourceKind::Bundle => ("bundle", "there is none, and every credential is answered with 503"),
    };
    let Some(failure) = source.failure else {
        return match version {
            Some(version) => format!("{what} of {url}: fetched again, version {version}"),
            None => format!("{what} of {url}: fetched again, {keys} usable"),
        };
    };
    let why = match failure {
        SourceFailure::Status => "the status is not 200; redirects are not followed".to_string(),
        SourceFailure::Metadata => {
            "the metadata are unreadable, name another issuer, or name a place that nothing is fetched from"
                .to_string()
        }
        SourceFailure::KeySet => {
            "the set is unreadable, has no usable key, or has one in it that must not be public".to_string()
        }
        failure => failure.to_string(),
    };
    match source.age_secs {
        Some(age) => {
            let those = if source.kind == SourceKind::Bundle { "the one" } else { "those" };
            let are = if source.kind == SourceKind::Bundle { "is" } else { "are" };
            format!("{what} of {url}: {why}; {those} fetched {age} s ago {are} used on")
        }
        None => format!("{what} of {url}: {why}; {then}"),
    }
}
