//! Records of API keys, as a host's store returns them.

use portcullis::UnixTime;
use portcullis::api_key::{RecordLookup, plain_hash};
use portcullis_config::api_key_record;

/// What is said about a record that cannot be used.
fn wrong(text: &str) -> String {
    match api_key_record(text.as_bytes()) {
        RecordLookup::Unusable(why) => why,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn a_record_is_read_or_nobody_could_say() {
    let hash = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
    let record = format!(r#"{{"id":"k1","hash":"{hash}","roles":["user"],"owner":""}}"#);
    match api_key_record(record.as_bytes()) {
        RecordLookup::Found(record) => {
            assert_eq!((record.id.as_str(), record.owner), ("k1", None));
        }
        other => assert!(matches!(other, RecordLookup::Found(_)), "{other:?}"),
    }
    let last = record.replace("\"owner\":\"\"", "\"expires_at\":253402300799");
    assert!(matches!(api_key_record(last.as_bytes()), RecordLookup::Found(_)));
    for (text, place) in [
        ("", "not usable JSON"),
        ("null", ""),
        ("{}", ""),
        (r#"{"id":"k1"}"#, "hash"),
        (r#"{"id":"k1","hash":"sha256:00"}"#, "/hash: "),
        (r#"{"id":"k1","hash":"sha256:00","#, "not usable JSON"),
    ] {
        assert!(wrong(text).contains(place), "{text}: {}", wrong(text));
    }
    // The hash of a key that a guide prints.
    let printed = plain_hash("expected-key");
    assert!(
        wrong(&format!(r#"{{"id":"k1","hash":"{printed}"}}"#)).contains("/hash: the hash of an API key that")
    );
    for (member, value, place) in [
        ("colour", "1", "colour"),
        ("claims", "[]", "/claims: "),
        ("credential", "\"forward\"", "/credential: "),
        ("id", "\"again\"", "id"),
        ("disabled", "\"secret-text\"", "/disabled: "),
        ("expires_at", "\"secret-text\"", "/expires_at: "),
        (
            "expires_at",
            "1798761600000",
            "/expires_at: lies after the year 9999; write seconds since the epoch, not",
        ),
        ("expires_at", "253402300800", "/expires_at: lies after the year 9999"),
        ("roles", "[\"secret-text\", 1]", "roles"),
    ] {
        let text = record.replace("\"owner\":\"\"", &format!("\"{member}\":{value}"));
        let wrong = wrong(&text);
        assert!(wrong.contains(place) && !wrong.contains("secret-text"), "{text}: {wrong}");
        assert!(!wrong.contains(hash), "{text}: {wrong}");
    }
}

#[test]
fn both_spellings_of_an_instant() {
    let record = |end: &str| {
        let hash = plain_hash("k");
        api_key_record(
            format!(r#"{{"id":"k1","hash":"{hash}","created_at":{end},"expires_at":{end}}}"#).as_bytes(),
        )
    };
    for end in ["1801440000", "\"2027-02-01T00:00:00Z\""] {
        let RecordLookup::Found(found) = record(end) else { panic!("{end}") };
        assert_eq!(found.expires_at, Some(UnixTime::from_secs(1_801_440_000)), "{end}");
    }
    for end in [
        "\"2027-02-01\"",
        "\"2027-02-01T00:00:00+00:00\"",
        "\"2027-02-30T00:00:00Z\"",
        "\"1801440000\"",
        "-1",
        "1.5",
        "true",
        "[]",
    ] {
        let RecordLookup::Unusable(why) = record(end) else { panic!("{end}") };
        let said = "_at: expected an instant, found ";
        assert!(why.contains(said) && why.contains("like \"2027-01-31T00:00:00Z\""), "{end}: {why}");
    }
}
