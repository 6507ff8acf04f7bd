//! What is worth a line on standard error about the sources of keys.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use portcullis::{SourceFailure, SourceStatus};

/// How the sources were when somebody last looked.
#[derive(Debug, Clone, Default)]
pub struct Notices(Vec<Option<SourceFailure>>);

impl Notices {
    /// One line for each source that has begun to fail since the last time, fails in another way, or has recovered.
    pub fn of(&mut self, sources: &[SourceStatus]) -> Vec<String> {
        self.0.resize(sources.len(), None);
        let pairs = self.0.iter_mut().zip(sources);
        pairs.filter_map(|(before, source)| changed(before, source)).collect()
    }
}

fn changed(before: &mut Option<SourceFailure>, source: &SourceStatus) -> Option<String> {
    let was = core::mem::replace(before, source.failure);
    // What stands in the query need not be for everybody's eyes.
    let url = source.url.split('?').next().unwrap_or_default();
    match source.failure {
        failure if failure == was => None,
        None => Some(format!("the keys of {url} have been fetched again")),
        Some(failure) => {
            let then = match source.keys {
                0 => "none are known",
                _ => "the keys from before are used",
            };
            Some(format!("the keys of {url} cannot be fetched: {}; {then}", why(failure)))
        }
    }
}

fn why(failure: SourceFailure) -> &'static str {
    match failure {
        SourceFailure::NoAnswer => "there is no answer",
        SourceFailure::Status => "the answer has another status than 200",
        SourceFailure::TooLong => "the answer is too long",
        SourceFailure::NotJson => "the answer is not announced as JSON",
        SourceFailure::Metadata => "the metadata are not those of the issuer, or cannot be used",
        SourceFailure::KeySet => "the set cannot be used",
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use alloc::vec::Vec;

    use portcullis::{SourceFailure, SourceStatus};

    use super::Notices;

    #[test]
    fn each_change_is_said_once() {
        let mut notices = Notices::default();
        let mut said = |keys: usize, failure: Option<SourceFailure>| {
            let url = "https://idp.example/keys?tenant=1".to_string();
            notices.of(&[SourceStatus { url, keys, age_secs: None, failure }])
        };
        let none = Vec::<&str>::new();
        assert_eq!(said(0, None), none);
        let begins = "the keys of https://idp.example/keys cannot be fetched: ";
        let failing = said(0, Some(SourceFailure::NoAnswer));
        assert_eq!(failing, [[begins, "there is no answer; none are known"].concat()]);
        assert_eq!(said(0, Some(SourceFailure::NoAnswer)), none);
        assert_eq!(said(2, None), ["the keys of https://idp.example/keys have been fetched again"]);
        let stale = said(2, Some(SourceFailure::TooLong));
        assert_eq!(stale, [[begins, "the answer is too long; the keys from before are used"].concat()]);
    }
}
