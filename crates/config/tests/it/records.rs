//! Records of API keys, as a host's store returns them.

use portcullis::api_key::RecordLookup;
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
