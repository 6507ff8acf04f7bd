//! What an operator is told of the sources of keys: when one begins to fail, and when it is sound again.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use portcullis::{SourceFailure, SourceStatus};

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
    let SourceStatus { url, keys, .. } = source;
    let Some(failure) = source.failure else { return format!("keys of {url}: fetched again, {keys} usable") };
    let why = match failure {
        SourceFailure::NoAnswer => "there is no answer",
        SourceFailure::Status => "the status is not 200; redirects are not followed",
        SourceFailure::TooLong => "the answer is too long",
        SourceFailure::NotJson => "the answer is not announced as JSON",
        SourceFailure::Metadata => {
            "the metadata are unreadable, name another issuer, or name a place that nothing is fetched from"
        }
        SourceFailure::KeySet => {
            "the set is unreadable, has no usable key, or has one in it that must not be public"
        }
    };
    match source.age_secs {
        Some(age) => format!("keys of {url}: {why}; those fetched {age} s ago are used on"),
        None => {
            format!("keys of {url}: {why}; none are known, and tokens of that issuer are answered with 503")
        }
    }
}
