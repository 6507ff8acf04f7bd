//! API keys through the whole gate: own ones and those of other systems, records in the document and from the host.

use portcullis::api_key::{Pepper, RecordLookup, assemble, plain_hash};
use portcullis::limits::API_KEY_BYTES;
use portcullis::{Gate, HeaderPair, Need, RequestHead, Step, UnixTime};
use portcullis_tests::*;
use serde_json::json;

fn key(id: &str, seed: u8) -> String {
    assemble("live", id, (0..=255_u8).map(|byte| byte.wrapping_mul(37).wrapping_add(seed))).unwrap()
}

fn hash(key: &str) -> String {
    Pepper::new(PEPPER.as_bytes()).unwrap().hash(key)
}

fn gate(lookup: bool) -> Gate {
    let (bot, old, off, late) =
        (hash(&key("bot", 1)), hash(&key("old", 2)), hash(&key("off", 3)), hash(&key("late", 4)));
    let foreign = plain_hash("ragflow-foreign-key");
    load(&format!(
        r#"{{"profile":"agentflow",
            "upstream":{{"credential":"swap","token":{{"secret":{{"env":"ORIGIN_SECRET"}}}}}},
            "api_keys":{{"pepper":{{"env":"PEPPER"}},"lookup":{lookup},"records":[
                {{"id":"bot","hash":"{bot}","roles":["user"],"owner":"ci-bot","tenant":"acme","created_at":1}},
                {{"id":"old","hash":"{old}","roles":["user"],"expires_at":{NOW}}},
                {{"id":"late","hash":"{late}","roles":["user"],"expires_at":{}}},
                {{"id":"off","hash":"{off}","roles":["user"],"disabled":true}},
                {{"id":"foreign","hash":"{foreign}","roles":["guest"],"scopes":["graph:invoke"]}}
            ]}}}}"#,
        NOW + 5
    ))
}

fn ask(gate: &Gate, key: &str) -> (u16, &'static str) {
    outcome(&decide(gate, "GET", "/v1/threads", &[("X-API-Key", key)]))
}

#[test]
fn records_decide() {
    let gate = gate(false);
    assert_eq!(ask(&gate, &key("bot", 1)), (200, "-"));
    assert_eq!(ask(&gate, &key("late", 4)), (200, "-"));
    assert_eq!(ask(&gate, &key("bot", 9)), (401, "api_key_unknown"));
    assert_eq!(ask(&gate, &key("stranger", 1)), (401, "api_key_unknown"));
    assert_eq!(ask(&gate, &key("old", 2)), (401, "api_key_expired"));
    assert_eq!(ask(&gate, &key("off", 3)), (401, "api_key_disabled"));
    assert_eq!(ask(&gate, "ragflow-foreign-key"), (403, "permission_missing"));
    assert_eq!(ask(&gate, "ragflow-foreign-kez"), (401, "api_key_unknown"));
    assert_eq!(ask(&gate, &hash(&key("bot", 1))), (401, "api_key_unknown"));
    assert_eq!(ask(&gate, "pc_live_bot_x_y"), (401, "api_key_malformed"));
    assert_eq!(ask(&gate, &"k".repeat(513)), (401, "api_key_malformed"));
    assert_eq!(ask(&gate, &format!("pc_{}", "k".repeat(513))), (401, "api_key_malformed"));
    // The same key as a bearer token.
    assert_eq!(outcome(&decide_with_token(&gate, "GET", "/v1/threads", &key("bot", 1))), (200, "-"));
    // As long as any may be, and one more.
    let longest = "k".repeat(API_KEY_BYTES);
    let upstream = json!({"credential": "swap", "token": {"secret": {"env": "ORIGIN_SECRET"}}});
    let document = json!({"profile": "agentflow", "upstream": upstream, "api_keys": {"records": [
        {"id": "long", "hash": plain_hash(&longest), "roles": ["user"]},
        {"id": "longer", "hash": plain_hash(&format!("{longest}k")), "roles": ["user"]},
    ]}});
    let long = load(&document.to_string());
    assert_eq!(ask(&long, &longest), (200, "-"));
    assert_eq!(ask(&long, &format!("{longest}k")), (401, "api_key_malformed"));
    // A token where there is no issuer.
    assert_eq!(
        outcome(&decide_with_token(&gate, "GET", "/v1/threads", &token("admin"))),
        (401, "credential_unsupported")
    );
}

#[test]
fn a_principal_comes_from_the_record() {
    let verdict = decide(&gate(false), "GET", "/v1/threads", &[("x-api-key", &key("bot", 1))]);
    let forward = forwarded(&verdict);
    assert_eq!(forward.remove_headers, ["x-api-key"]);
    let set = |name: &str| {
        forward.set_headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.clone())
    };
    assert_eq!(set("x-auth-subject").as_deref(), Some("ci-bot"));
    assert_eq!(set("x-auth-roles").as_deref(), Some("user"));
    assert_eq!(set("x-auth-tenant").as_deref(), Some("acme"));
    assert!(set("authorization").unwrap().starts_with("Bearer eyJ"));
    assert_eq!(verdict.diagnostics.principal.as_ref().unwrap().proof().key_id(), Some("bot"));
    let policy = verdict.diagnostics.policy.unwrap();
    assert_eq!(
        verdict.log_line("GET", "request-1"),
        format!(
            r#"{{"decision":"allow","reason":null,"status":null,"method":"GET","route":"GET /v1/threads","permission":"checkpointer:read","subject":"ci-bot","tenant":"acme","roles":["user"],"key_id":"bot","request_id":"request-1","policy":"{policy}"}}"#
        )
    );
}

#[test]
fn the_host_is_asked_once_for_a_record_it_may_have() {
    let gate = gate(true);
    let now = UnixTime::from_secs(NOW);
    let wanted = key("remote", 7);
    let pairs = [HeaderPair::new("x-api-key", &wanted)];
    let head = RequestHead::new("GET", "/v1/threads", &pairs);
    let Step::Need(need) = gate.begin(&head, now) else { panic!("decided without the record") };
    let Need::ApiKeyRecord(need) = need else { panic!("another need: {need:?}") };
    assert_eq!(need.store_key(), "remote");

    let record = format!(r#"{{"id":"remote","hash":"{}","roles":["user"]}}"#, hash(&wanted));
    let resume = |supply| outcome(&resumed(&gate, &head, &[supply]));
    assert_eq!(resume(Supply::ApiKeyRecord(Some(record.as_bytes()))), (200, "-"));
    assert_eq!(resume(Supply::ApiKeyRecord(None)), (401, "api_key_unknown"));
    assert_eq!(resume(Supply::Unavailable), (503, "records_unavailable"));
    // A store that returns another key's record, or something else, lets nobody in.
    let other = record.replace("\"remote\"", "\"other\"");
    assert_eq!(resume(Supply::ApiKeyRecord(Some(other.as_bytes()))), (401, "api_key_unknown"));
    let plain = format!(r#"{{"id":"remote","hash":"{}"}}"#, plain_hash(&wanted));
    assert_eq!(resume(Supply::ApiKeyRecord(Some(plain.as_bytes()))), (401, "api_key_unknown"));
    for garbage in ["", "null", "[]", "{}", "<html>", r#"{"id":"remote","hash":"sha256:00"}"#] {
        assert_eq!(
            resume(Supply::ApiKeyRecord(Some(garbage.as_bytes()))),
            (503, "records_unavailable"),
            "{garbage}"
        );
    }
    // Without a look-up nothing is asked, and a key with a wrong checksum is refused before any question.
    assert_eq!(ask(&gate, &format!("{wanted}x")), (401, "api_key_malformed"));
    assert_eq!(ask(&gate, &key("bot", 1)), (200, "-"));
}

#[test]
fn a_key_of_another_system_is_looked_up_by_its_hash() {
    let gate = gate(true);
    let wanted = "key-of-another-system";
    let pairs = [HeaderPair::new("x-api-key", wanted)];
    let head = RequestHead::new("GET", "/v1/threads", &pairs);
    let begin = || match gate.begin(&head, UnixTime::from_secs(NOW)) {
        Step::Need(Need::ApiKeyRecord(need)) => need,
        other => panic!("no need of a record: {other:?}"),
    };
    assert_eq!(begin().store_key(), plain_hash(wanted));
    assert!(!format!("{:?}", begin()).contains(wanted));

    let resume =
        |record: &str| outcome(&resumed(&gate, &head, &[Supply::ApiKeyRecord(Some(record.as_bytes()))]));
    let record = |hash: &str| format!(r#"{{"id":"k1","hash":"{hash}","roles":["user"]}}"#);
    assert_eq!(resume(&record(&plain_hash(wanted))), (200, "-"));
    // The record has an identifier of its own, which is who the caller is.
    let own = record(&plain_hash(wanted));
    let verdict = resumed(&gate, &head, &[Supply::ApiKeyRecord(Some(own.as_bytes()))]);
    assert_eq!(verdict.diagnostics.principal.unwrap().subject(), "key:k1");
    for other in [plain_hash("another-key-of-that-system"), hash(wanted)] {
        assert_eq!(resume(&record(&other)), (401, "api_key_unknown"), "{other}");
    }
    assert_eq!(outcome(&resumed(&gate, &head, &[Supply::ApiKeyRecord(None)])), (401, "api_key_unknown"));
    assert_eq!(outcome(&resumed(&gate, &head, &[Supply::Unavailable])), (503, "records_unavailable"));
    // A record that ends while it is looked up has ended.
    let record = own.replace("\"roles\"", &format!("\"expires_at\":{},\"roles\"", NOW + 1));
    let portcullis::Step::Verdict(late) =
        begin().supply(&portcullis_config::api_key_record(record.as_bytes()), UnixTime::from_secs(NOW + 1))
    else {
        panic!("another need")
    };
    assert_eq!(outcome(&late), (401, "api_key_expired"));

    // Nothing is asked about what is listed, malformed or too long.
    assert_eq!(ask(&gate, "ragflow-foreign-key"), (403, "permission_missing"));
    assert_eq!(ask(&gate, "pc_live_bot_x_y"), (401, "api_key_malformed"));
    assert_eq!(ask(&gate, &"k".repeat(513)), (401, "api_key_malformed"));
}

#[test]
fn somebody_is_asked_about_keys_that_the_store_does_not_know() {
    let gate = load(
        r#"{"profile":"agentflow","identity":{"ask":"/me","subject":"/id"},
            "upstream":{"credential":"swap","token":{"secret":{"env":"ORIGIN_SECRET"}}},
            "api_keys":{"pepper":{"env":"PEPPER"},"lookup":true}}"#,
    );
    let supply = |key: &str, found: &RecordLookup| {
        let pairs = [HeaderPair::new("x-api-key", key)];
        let now = UnixTime::from_secs(NOW);
        match gate.begin(&RequestHead::new("GET", "/v1/threads", &pairs), now) {
            Step::Need(Need::ApiKeyRecord(need)) => need.supply(found, now),
            other => panic!("no need of a record: {other:?}"),
        }
    };
    let foreign = "key-of-another-system";
    let known = format!(r#"{{"id":"k1","hash":"{}","roles":["user"]}}"#, plain_hash(foreign));
    let asked = |step: &Step| matches!(step, Step::Need(Need::Call(_)));
    assert!(asked(&supply(foreign, &RecordLookup::NotFound)));
    // The record decides where there is one, and nobody else knows keys of the gate's own.
    for (key, found) in [
        (foreign, portcullis_config::api_key_record(known.as_bytes())),
        (
            foreign,
            portcullis_config::api_key_record(
                known.replace("\"roles\"", "\"disabled\":true,\"roles\"").as_bytes(),
            ),
        ),
        (foreign, RecordLookup::Unavailable),
        (&key("own", 1), RecordLookup::NotFound),
    ] {
        assert!(!asked(&supply(key, &found)), "{found:?}");
    }
}

#[test]
fn all_records_of_a_document_can_be_seen() {
    let gate = gate(false);
    let records = gate.parts().api_keys.as_ref().unwrap().records();
    let mut ids: Vec<_> = records.map(|record| record.id.as_str()).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["bot", "foreign", "late", "off", "old"]);
}
