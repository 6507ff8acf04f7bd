use alloc::format;
use alloc::string::String;
use alloc::vec;

use super::{Given, SharedAnswers, SharedName};
use crate::base64url;
use crate::call::Reply;
use crate::limits::{REPLY_BYTES, SHARED_BYTES};
use crate::request::HeaderPair;
use crate::secret::SecretBytes;
use crate::time::UnixTime;

const AT: UnixTime = UnixTime::from_secs(1_795_305_600);

fn keys(secret: &str, document: &str) -> SharedAnswers {
    SharedAnswers::new(&SecretBytes::new(secret.into()), document.as_bytes()).unwrap()
}

fn given(body: &[u8]) -> Given {
    let headers = [HeaderPair::new("content-type", "application/json; charset=utf-8")];
    Given::new(&Reply { status: 200, headers: &headers, body }, true, AT)
}

fn name(keys: &SharedAnswers, digest: u8) -> SharedName {
    keys.name("https://origin.example", &[digest; 32]).unwrap()
}

#[test]
fn what_was_sealed_can_be_opened() {
    let keys = keys("secret", "{}");
    let name = name(&keys, 1);
    for body in [&b""[..], b"{\"id\":\"alice\"}", &vec![7; REPLY_BYTES]] {
        let sealed = keys.seal(&name, &given(body), "random").unwrap();
        assert!(sealed.len() <= SHARED_BYTES, "{}", sealed.len());
        let opened = keys.open(&name, sealed.as_bytes()).unwrap();
        assert_eq!(opened, given(body));
        opened.read(|reply| {
            assert!(reply.is_json());
            assert_eq!((reply.status, reply.body), (200, body));
        });
    }
    assert_eq!(keys.open(&name, &vec![b'A'; SHARED_BYTES + 1]), None);
}

#[test]
fn a_reply_that_is_no_json_does_not_become_any() {
    let html = Given::new(&Reply { status: 204, headers: &[], body: b"<html>" }, false, AT);
    html.read(|reply| assert_eq!((reply.status, reply.is_json(), reply.body), (204, false, &b""[..])));
}

#[test]
fn every_bit_counts() {
    let keys = keys("secret", "{}");
    let name = name(&keys, 1);
    let sealed = base64url::decode(&keys.seal(&name, &given(b"{}"), "random").unwrap()).unwrap();
    for bit in 0..sealed.len() * 8 {
        let mut forged = sealed.clone();
        forged[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(keys.open(&name, base64url::encode(&forged).as_bytes()), None, "bit {bit}");
    }
    for end in 0..sealed.len() {
        assert_eq!(keys.open(&name, base64url::encode(&sealed[..end]).as_bytes()), None, "{end} bytes");
    }
    let mut longer = sealed.clone();
    longer.push(0);
    assert_eq!(keys.open(&name, base64url::encode(&longer).as_bytes()), None);
}

#[test]
fn an_entry_is_good_for_nothing_else() {
    let sealing = keys("secret", "{}");
    let its = name(&sealing, 1);
    let sealed = sealing.seal(&its, &given(b"{}"), "random").unwrap();
    assert!(sealing.open(&its, sealed.as_bytes()).is_some());
    // Another question, another origin, another secret, another configuration.
    assert_eq!(sealing.open(&name(&sealing, 2), sealed.as_bytes()), None);
    let elsewhere = sealing.name("https://staging.example", &[1; 32]).unwrap();
    assert_eq!(sealing.open(&elsewhere, sealed.as_bytes()), None);
    for other in [keys("secret2", "{}"), keys("secret", "{ }"), keys("", "{}")] {
        assert_ne!(name(&other, 1), its);
        assert_eq!(other.open(&its, sealed.as_bytes()), None);
        assert_eq!(other.open(&name(&other, 1), sealed.as_bytes()), None);
    }
    for none in ["", "A", "AA==", "é", "{}", &"A".repeat(100)] {
        assert_eq!(sealing.open(&its, none.as_bytes()), None, "{none}");
    }
}

#[test]
fn parts_of_a_name_do_not_run_together() {
    let keys = keys("secret", "{}");
    let mut digest = [b'x'; 32];
    digest[0] = b'/';
    let of = |place: &str| keys.name(place, &digest).unwrap();
    assert_ne!(of("https://a"), of("https://a/"));
    assert_eq!(of("https://a").0.len(), 64);
}

#[test]
fn two_entries_of_one_name_have_nothing_in_common() {
    let keys = keys("secret", "{}");
    let name = name(&keys, 1);
    let seal = |body: &[u8], random: &str| {
        let sealed = keys.seal(&name, &given(body), random).unwrap();
        let bytes = base64url::decode(&sealed).unwrap();
        let (salt, rest) = bytes.split_at(super::SALT_BYTES);
        (salt.to_vec(), rest.to_vec())
    };
    let [first, second, third] = [seal(b"{}", "a"), seal(b"{}", "b"), seal(b"[]", "a")];
    assert!(first.0 != second.0 && first.0 != third.0 && second.0 != third.0, "salts");
    assert_ne!(first.1, second.1);
}

#[test]
fn debug_shows_no_key_and_no_answer() {
    let keys = keys("hunter2", "{}");
    let shown: String = format!("{keys:?} {:?}", given(b"hunter2"));
    assert!(!shown.contains("hunter2") && !shown.contains("104"), "{shown}");
}
