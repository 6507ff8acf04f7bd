//! Signatures that the host of a gate verifies.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use jwt_simple::prelude::*;
use portcullis::UnixTime;
use portcullis::jose::{Algorithm, HostSignatures, SignatureCheck, SignatureVerifier};
use serde_json::{Value, json};

/// Passes the test, in which one good signature comes before two bad ones, and then calls every token bad.
struct Contrary {
    tested: AtomicUsize,
    asked: Mutex<Vec<Algorithm>>,
}

impl SignatureVerifier for Contrary {
    fn verify(&self, check: &SignatureCheck<'_>) -> Option<bool> {
        if check.message.contains(&b'.') {
            self.asked.lock().unwrap().push(check.algorithm);
            return Some(false);
        }
        Some(self.tested.fetch_add(1, Ordering::Relaxed).is_multiple_of(3))
    }
}

static HOST: Contrary = Contrary { tested: AtomicUsize::new(0), asked: Mutex::new(Vec::new()) };

#[test]
fn a_gate_believes_its_host() {
    let (p256, secret) = (ES256KeyPair::generate(), HS256Key::from_bytes(&[0x5a; 32]));
    let jwk: Value = serde_json::from_str(&p256.public_key().to_jwk()).unwrap();
    let document = json!({
        "profile": "generic",
        "issuers": [{
            "issuer": "https://a.example",
            "jwks": {"keys": [jwk]},
        }, {
            "issuer": "https://b.example",
            "keys": [{"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}],
        }],
    });
    let gate = portcullis_tests::load(&document.to_string());
    let claims =
        Claims::create(Duration::from_hours(1)).with_subject("alice").with_issuer("https://a.example");
    let token = p256.sign(claims.clone()).unwrap();
    // No earlier than the token.
    let now = UnixTime::from_secs(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs());
    assert_eq!(gate.verify(&token, now).unwrap().subject(), "alice");

    let host = HostSignatures::tested(&HOST);
    assert!(host.algorithms().contains(&Algorithm::ES256));
    let gate = gate.with_host_signatures(host);
    assert_eq!(gate.verify(&token, now).unwrap_err().reason().code(), "signature_invalid");
    assert_eq!(*HOST.asked.lock().unwrap(), [Algorithm::ES256]);

    // What is refused before is not asked about, and secrets are not told.
    let unsigned = token.rsplit_once('.').unwrap().0;
    for token in
        [format!("{unsigned}.AAAA"), secret.authenticate(claims.with_issuer("https://b.example")).unwrap()]
    {
        assert_eq!(gate.verify(&token, now).unwrap_err().reason().code(), "signature_invalid");
    }
    assert_eq!(HOST.asked.lock().unwrap().len(), 1);
}
