//! One notice when a source begins to fail, and one when it is sound again.

use portcullis::{SourceFailure, SourceKind, SourceStatus};
use portcullis_pending::Notices;

fn source(keys: usize, age_secs: Option<u64>, failure: Option<SourceFailure>) -> [SourceStatus; 1] {
    let (kind, url) = (SourceKind::Keys, "https://idp.example/keys".to_string());
    [SourceStatus { kind, url, keys, age_secs, version: None, failure }]
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

#[test]
fn a_bundle_is_told_from_keys() {
    let bundle = |version: Option<u64>, failure| {
        let (kind, url) = (SourceKind::Bundle, "https://cdn.example/gate.jws".to_string());
        [SourceStatus { kind, url, keys: 0, age_secs: version.map(|_| 7), version, failure }]
    };
    let mut notices = Notices::default();
    assert_eq!(
        notices.look(&bundle(None, Some(SourceFailure::Signature))),
        [
            "bundle of https://cdn.example/gate.jws: it is no bundle that a key of the configuration has signed; there is none, and every credential is answered with 503"
        ]
    );
    assert_eq!(
        notices.look(&bundle(Some(3), None)),
        ["bundle of https://cdn.example/gate.jws: fetched again, version 3"]
    );
    assert_eq!(
        notices.look(&bundle(Some(3), Some(SourceFailure::Older))),
        [
            "bundle of https://cdn.example/gate.jws: its version is not higher than that of another bundle before; the one fetched 7 s ago is used on"
        ]
    );
}
