//! What is worth a line on standard error about the sources of keys.

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
    (source.failure != was).then(|| source.notice())
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use alloc::vec::Vec;

    use portcullis::{SourceFailure, SourceKind, SourceStatus};

    use super::Notices;

    #[test]
    fn each_change_is_said_once() {
        let mut notices = Notices::default();
        let mut said = |keys: usize, failure: Option<SourceFailure>| {
            let url = "https://idp.example/keys?tenant=1".to_string();
            let kind = SourceKind::Keys;
            notices.of(&[SourceStatus { kind, url, keys, age_secs: None, version: None, failure }])
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
