//! One notice when a source begins to fail, and one when it is sound again.

use portcullis::{SourceFailure, SourceStatus};
use portcullis_pending::Notices;

fn source(keys: usize, age_secs: Option<u64>, failure: Option<SourceFailure>) -> [SourceStatus; 1] {
    [SourceStatus { url: "https://idp.example/keys".to_string(), keys, age_secs, failure }]
}

#[test]
fn a_change_is_told_once() {
    let mut notices = Notices::default();
    assert!(notices.look(&source(0, None, None)).is_empty());
    let failing = source(0, None, Some(SourceFailure::NoAnswer));
    assert_eq!(
        notices.look(&failing),
        [
            "keys of https://idp.example/keys: there is no answer; none are known, and tokens of that issuer are answered with 503"
        ]
    );
    assert!(notices.look(&failing).is_empty());
    assert!(notices.look(&source(0, None, Some(SourceFailure::Status))).is_empty());
    let sound = source(2, Some(0), None);
    assert_eq!(notices.look(&sound), ["keys of https://idp.example/keys: fetched again, 2 usable"]);
    assert!(notices.look(&sound).is_empty());
    let stale = source(2, Some(90), Some(SourceFailure::TooLong));
    assert_eq!(
        notices.look(&stale),
        ["keys of https://idp.example/keys: the answer is too long; those fetched 90 s ago are used on"]
    );
}
