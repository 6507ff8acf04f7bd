//! Records of API keys, as a host's store returns them.

use portcullis::api_key::RecordLookup;
use portcullis_config::api_key_record;

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
    for text in ["", "null", "{}", r#"{"id":"k1"}"#, r#"{"id":"k1","hash":"sha256:00"}"#] {
        assert!(matches!(api_key_record(text.as_bytes()), RecordLookup::Unavailable), "{text}");
    }
    for (member, value) in
        [("unknown", "1"), ("claims", "[]"), ("credential", "\"forward\""), ("id", "\"again\"")]
    {
        let text = record.replace("\"owner\":\"\"", &format!("\"{member}\":{value}"));
        assert!(matches!(api_key_record(text.as_bytes()), RecordLookup::Unavailable), "{text}");
    }
}
