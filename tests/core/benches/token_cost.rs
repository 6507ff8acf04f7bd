//! What a token can cost: hostile tokens under the size limit, beside the most expensive valid signature.
//!
//! `cargo bench --bench token_cost` prints a table; the last column is the ratio to the most expensive valid signature of the
//! same run, and none may exceed 1. Signatures and keys are those of Project Wycheproof.

#![allow(missing_docs, reason = "a benchmark is a program")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use portcullis::jose::{Algorithm, PublicKey, VerificationKey};
use portcullis::limits::TOKEN_BYTES;
use portcullis::{UnixTime, base64url};
use portcullis_config::Secrets;
use portcullis_tests::try_load;
use wycheproof::{TestResult, ecdsa, eddsa, rsa_pkcs1_verify};

const SECRET: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";
const NOW: u64 = 1_795_305_600;

struct Env;

impl Secrets for Env {
    fn get(&self, name: &str) -> Option<String> {
        (name == "JWT_SECRET_KEY").then(|| SECRET.to_owned())
    }

    fn hint(&self, _name: &str) -> String {
        String::new()
    }
}

/// A key with a message it signed.
struct Signed {
    name: String,
    key: VerificationKey,
    message: Vec<u8>,
    signature: Vec<u8>,
}

/// The first valid vector of a set.
macro_rules! first_valid {
    ($module:ident, $set:literal, $algorithm:ident, $pem:expr) => {{
        let set = $module::TestSet::load($set.parse().unwrap()).unwrap();
        let group = set.test_groups.into_iter().next().unwrap();
        let test = group.tests.iter().find(|test| test.result == TestResult::Valid).unwrap();
        let pem: String = $pem(&group);
        let key = PublicKey::from_pem(&pem).unwrap();
        Signed {
            name: format!("{} ({})", Algorithm::$algorithm, $set),
            key: VerificationKey::from_public_key(None, Algorithm::$algorithm, &key).unwrap(),
            message: test.msg.to_vec(),
            signature: test.sig.to_vec(),
        }
    }};
}

/// The median of repeated runs.
fn time(mut run: impl FnMut()) -> Duration {
    run();
    let once = Instant::now();
    run();
    // About 50 ms for each, and at least five.
    let runs = (50_000_000 / once.elapsed().as_nanos().max(1)).clamp(5, 10_000);
    let mut times: Vec<Duration> = (0..runs)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() / 2]
}

fn hs256(header: &str, claims: &str) -> String {
    let input = format!("{}.{}", base64url::encode(header.as_bytes()), base64url::encode(claims.as_bytes()));
    let tag = hmac_sha256::HMAC::mac(input.as_bytes(), SECRET.as_bytes());
    format!("{input}.{}", base64url::encode(&tag))
}

/// Claims of about as many bytes as fit, made of repeated `member`s.
fn filled(member: impl Fn(usize) -> String) -> String {
    let mut claims = format!("{{\"sub\":\"a\",\"exp\":{}", NOW + 60);
    for index in 0.. {
        let next = member(index);
        if claims.len() + next.len() + 2 > (TOKEN_BYTES - 200) / 4 * 3 {
            break;
        }
        claims.push(',');
        claims.push_str(&next);
    }
    claims.push('}');
    claims
}

fn hostile() -> Vec<(&'static str, String)> {
    let header = r#"{"alg":"HS256"}"#;
    let limit = TOKEN_BYTES;
    let deep = |open: &str, close: &str, depth: usize| {
        format!("{{\"exp\":{},\"a\":{}1{}}}", NOW + 60, open.repeat(depth), close.repeat(depth))
    };
    let repeated = |unit: &str, length: usize| unit.repeat(length / unit.len());
    let wide_header = {
        let members: Vec<String> = (0..500).map(|index| format!("\"{index}\":0")).collect();
        format!("{{\"alg\":\"HS256\",{}}}", members.join(","))
    };
    vec![
        ("dots only", ".".repeat(limit)),
        ("one segment of letters", "A".repeat(limit)),
        ("three segments of letters", format!("{0}.{0}.{0}", "A".repeat(limit / 3 - 1))),
        ("not base64url", "~".repeat(limit)),
        ("signed: one long string", hs256(header, &filled(|_| format!("\"s\":\"{}\"", "x".repeat(11_000))))),
        ("signed: escapes", hs256(header, &filled(|index| format!("\"{index}\":\"\\u0041\\ud83d\\ude00\"")))),
        ("signed: members up to the limit", hs256(header, &filled(|index| format!("\"{index:06}\":[[]]")))),
        ("signed: numbers", hs256(header, &filled(|index| format!("\"{index}\":1.7976931348623157e308")))),
        (
            "signed: long digits",
            hs256(header, &filled(|index| format!("\"{index}\":0.{}", "1234567890".repeat(100)))),
        ),
        ("signed: nested too deeply", hs256(header, &deep("[", "]", 5_000))),
        ("signed: objects too deep", hs256(header, &deep("{\"a\":", "}", 1_800))),
        (
            "signed: a member twice at the end",
            hs256(
                header,
                &(filled(|index| format!("\"{index}\":0")).trim_end_matches('}').to_owned() + ",\"sub\":1}"),
            ),
        ),
        (
            "signed: long audience",
            hs256(header, &format!("{{\"exp\":{},\"aud\":[{}]}}", NOW + 60, vec!["\"a\""; 900].join(","))),
        ),
        (
            "signed: many roles",
            hs256(
                header,
                &format!(
                    "{{\"exp\":{},\"sub\":\"a\",\"roles\":[{}]}}",
                    NOW + 60,
                    (0..256).map(|index| format!("\"r{index}\"")).collect::<Vec<_>>().join(",")
                ),
            ),
        ),
        ("signed: a header with many members", hs256(&wide_header, r#"{"exp":0}"#)),
        (
            "signed: a long kid",
            hs256(&format!("{{\"alg\":\"HS256\",\"kid\":\"{}\"}}", repeated("k", 6_000)), "{}"),
        ),
        ("over the limit", "A".repeat(1_000_000)),
    ]
}

fn main() {
    // A test run of all targets must not take the time of a measurement.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let signed = [
        first_valid!(
            rsa_pkcs1_verify,
            "rsa_signature_2048_sha256",
            RS256,
            |group: &rsa_pkcs1_verify::TestGroup| group.pem.clone()
        ),
        first_valid!(
            rsa_pkcs1_verify,
            "rsa_signature_4096_sha512",
            RS512,
            |group: &rsa_pkcs1_verify::TestGroup| group.pem.clone()
        ),
        first_valid!(
            rsa_pkcs1_verify,
            "rsa_signature_8192_sha512",
            RS512,
            |group: &rsa_pkcs1_verify::TestGroup| group.pem.clone()
        ),
        first_valid!(ecdsa, "ecdsa_secp256r1_sha256_p1363", ES256, |group: &ecdsa::TestGroup| group
            .pem
            .clone()),
        first_valid!(ecdsa, "ecdsa_secp384r1_sha384_p1363", ES384, |group: &ecdsa::TestGroup| group
            .pem
            .clone()),
        first_valid!(ecdsa, "ecdsa_secp521r1_sha512_p1363", ES512, |group: &ecdsa::TestGroup| group
            .pem
            .clone()),
        first_valid!(eddsa, "ed25519", EdDSA, |group: &eddsa::TestGroup| group.pem.clone()),
    ];
    let mut most_expensive = Duration::ZERO;
    println!("{:<52} {:>12} {:>8}", "a valid signature", "time", "");
    for Signed { name, key, message, signature } in &signed {
        let taken = time(|| black_box(key).verify(black_box(message), signature).unwrap());
        most_expensive = most_expensive.max(taken);
        println!("{name:<52} {taken:>12.1?}");
    }
    let gate = try_load(
        br#"{"profile":"generic","issuers":[{"keys":[{"alg":"HS256","secret":{"env":"JWT_SECRET_KEY"}}]}]}"#,
        &Env,
    )
    .unwrap();
    println!("\n{:<52} {:>12} {:>8}  reason", "a token", "time", "ratio");
    let mut worst = 0.0_f64;
    let plain = hs256(r#"{"alg":"HS256"}"#, &format!("{{\"sub\":\"a\",\"exp\":{}}}", NOW + 60));
    for (name, token) in [("an ordinary valid token", plain)].into_iter().chain(hostile()) {
        let now = UnixTime::from_secs(NOW);
        let taken = time(|| drop(black_box(gate.verify(black_box(&token), now))));
        let ratio = taken.as_secs_f64() / most_expensive.as_secs_f64();
        worst = worst.max(ratio);
        let reason = gate.verify(&token, now).err().map_or("-", |error| error.reason().code());
        println!("{name:<52} {taken:>12.1?} {ratio:>8.4}  {reason}");
    }
    println!("\nthe most expensive of these tokens costs {worst:.4} of the most expensive valid signature");
}
