//! Random tokens both ways between the core and an unrelated implementation: what `jwt-simple` issues verifies here and
//! says the same, whichever way the key is written; with any bit of it flipped it does not. What the core mints for the
//! origin verifies there. The randomness is seeded: a failure comes back.

use std::collections::{BTreeMap, HashSet};

use jwt_simple::prelude::*;
use p521::ecdsa::signature::Signer as _;
use portcullis::jose::{Algorithm, KeySet, UnverifiedToken};
use portcullis::jwk::{Jwk, JwkSet, Source};
use portcullis::{Gate, Proof, UnixTime, base64url};
use portcullis_tests::{Env, NOW, ORIGIN_SECRET, SECRET, decide, forwarded, hex, sign, try_load};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

/// Tokens issued for each algorithm.
const TOKENS: usize = 12;
/// Bits flipped in each of them, in turn for each way to write the key.
const FLIPS: usize = 6;

type Sign = Box<dyn Fn(JWTClaims<Value>) -> String>;

/// A key of an unrelated implementation.
struct Issuer {
    algorithm: Algorithm,
    key_id: Option<&'static str>,
    sign: Sign,
    /// The members of an issuer in a configuration, in every way to write the key.
    configured: Vec<Value>,
    /// Public keys only.
    jwk: Option<Value>,
}

impl Issuer {
    /// An issuer with a public key, as the unrelated implementation writes it.
    fn public(algorithm: Algorithm, key_id: Option<&'static str>, sign: Sign, jwk: Value, pem: &str) -> Self {
        let set = json!({"keys": [jwk, {"kty": "OKP", "crv": "X25519", "x": "AA", "kid": "foreign"}]});
        let configured = vec![
            json!({"keys": [{"jwk": jwk}]}),
            json!({"keys": [{"pem": pem, "alg": algorithm.name(), "kid": key_id}]}),
            json!({"jwks": set, "algorithms": [algorithm.name()]}),
        ];
        Self { algorithm, key_id, sign, configured, jwk: Some(jwk) }
    }

    fn gates(&self) -> Vec<Gate> {
        let secrets = Env(BTreeMap::from([
            ("TEXT", SECRET.to_owned()),
            ("HEX", SECRET.bytes().map(|byte| format!("{byte:02X}")).collect()),
            ("BASE64URL", base64url::encode(SECRET.as_bytes())),
        ]));
        let gate = |members: &Value| {
            let mut issuer = members.clone();
            let more = json!({"issuer": "https://issuer.example", "audience": ["api", "other"]});
            issuer.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let document = json!({"profile": "generic", "issuers": [without_nulls(issuer)]});
            try_load(document.to_string().as_bytes(), &secrets).unwrap_or_else(|errors| panic!("{errors}"))
        };
        self.configured.iter().map(gate).collect()
    }

    /// The key alone, for the signature layer.
    fn key_set(&self) -> KeySet {
        match &self.jwk {
            Some(jwk) => {
                let jwk = Jwk::parse(jwk.to_string().as_bytes()).unwrap();
                KeySet::new(jwk.verification_keys(&[]).unwrap()).unwrap()
            }
            None => {
                let jwk =
                    json!({"kty": "oct", "k": base64url::encode(SECRET.as_bytes()), "kid": self.key_id});
                let set = json!({"keys": [without_nulls(jwk)]}).to_string();
                JwkSet::parse(set.as_bytes(), Source::Local).unwrap().key_set(&[self.algorithm]).unwrap()
            }
        }
    }
}

/// Absent members are not the same as members that are null.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(n, v)| (n, without_nulls(v)))
            .collect(),
        Value::Array(elements) => elements.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

fn issuers() -> Vec<Issuer> {
    let mut issuers = Vec::new();
    let examples: Value = serde_json::from_str(include_str!("examples/rfc.json")).unwrap();
    let rsa = examples["rfc_7515_a2_private_key"].to_string();

    macro_rules! named {
        ($key:expr, $key_id:ident) => {
            match $key_id {
                Some(id) => $key.with_key_id(id),
                None => $key,
            }
        };
    }
    macro_rules! hmac {
        ($algorithm:ident, $key:ident, $key_id:expr) => {{
            let key_id: Option<&'static str> = $key_id;
            let key = named!($key::from_bytes(SECRET.as_bytes()), key_id);
            let written = |env: &str, encoding: &str| {
                let secret = json!({"env": env, "encoding": encoding});
                json!({"keys": [{"alg": stringify!($algorithm), "kid": key_id, "secret": secret}]})
            };
            issuers.push(Issuer {
                algorithm: Algorithm::$algorithm,
                key_id,
                sign: Box::new(move |claims| key.authenticate(claims).unwrap()),
                configured: vec![
                    written("TEXT", "text"),
                    written("HEX", "hex"),
                    written("BASE64URL", "base64url"),
                ],
                jwk: None,
            });
        }};
    }
    // Some types write a PEM document at once, others fail to.
    macro_rules! public {
        ($algorithm:ident, $key:expr, $key_id:expr, $($unwrap:tt)*) => {{
            let key_id: Option<&'static str> = $key_id;
            let key = named!($key, key_id);
            let public = named!(key.public_key(), key_id);
            let pem = public.to_pem()$($unwrap)*;
            let jwk: Value = serde_json::from_str(&public.to_jwk()).unwrap();
            let sign: Sign = Box::new(move |claims| key.sign(claims).unwrap());
            issuers.push(Issuer::public(Algorithm::$algorithm, key_id, sign, jwk, &pem));
        }};
    }

    hmac!(HS256, HS256Key, None);
    hmac!(HS384, HS384Key, Some("secret-384"));
    hmac!(HS512, HS512Key, Some("secret-512"));
    public!(RS256, RS256KeyPair::from_jwk(&rsa).unwrap(), Some("rsa"), .unwrap());
    public!(RS384, RS384KeyPair::from_jwk(&rsa).unwrap(), None, .unwrap());
    public!(RS512, RS512KeyPair::from_jwk(&rsa).unwrap(), Some("rsa"), .unwrap());
    public!(PS256, PS256KeyPair::from_jwk(&rsa).unwrap(), None, .unwrap());
    public!(PS384, PS384KeyPair::from_jwk(&rsa).unwrap(), Some("rsa"), .unwrap());
    public!(PS512, PS512KeyPair::from_jwk(&rsa).unwrap(), None, .unwrap());
    public!(ES256, ES256KeyPair::generate(), Some("p-256"), .unwrap());
    public!(ES384, ES384KeyPair::generate(), None, .unwrap());
    public!(EdDSA, Ed25519KeyPair::generate(), Some("ed25519"),);
    issuers.push(es512());
    issuers
}

/// What `jwt-simple` has no P-521 for: the token is put together here, the signature is that of the crate `p521`.
fn es512() -> Issuer {
    let key = p521::ecdsa::SigningKey::from_slice(&[&[0], [0x35; 65].as_slice()].concat()).unwrap();
    let point = key.verifying_key().to_sec1_point(false).as_bytes().to_vec();
    let (x, y) = (base64url::encode(&point[1..67]), base64url::encode(&point[67..]));
    let jwk = json!({"kty": "EC", "crv": "P-521", "x": x, "y": y, "alg": "ES512", "kid": "p-521"});
    let spki = [hex("30819b301006072a8648ce3d020106052b8104002303818600").as_slice(), &point].concat();
    let body = base64url::encode(&spki).replace('-', "+").replace('_', "/");
    // 158 bytes leave a remainder of two: one character of padding.
    let lines: Vec<_> = body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}=\n-----END PUBLIC KEY-----\n", lines.join("\n"));
    let sign: Sign = Box::new(move |claims| {
        let header = base64url::encode(br#"{"alg":"ES512","typ":"JWT","kid":"p-521"}"#);
        let input = format!("{header}.{}", base64url::encode(&serde_json::to_vec(&claims).unwrap()));
        let signature: p521::ecdsa::Signature = key.sign(input.as_bytes());
        format!("{input}.{}", base64url::encode(&signature.to_bytes()))
    });
    Issuer::public(Algorithm::ES512, Some("p-521"), sign, jwk, &pem)
}

/// What a token says.
#[derive(Debug, Clone)]
struct Said {
    subject: String,
    roles: Vec<String>,
    scopes: Option<Vec<String>>,
    tenant: Option<String>,
    lifetime_secs: u64,
    age_secs: u64,
    audiences: Vec<String>,
    more: Value,
}

/// Any characters but those for control: letters of all scripts, quotes, backslashes, surrogate pairs in JSON.
const NAME: &str = "\\PC{1,24}";
const WORD: &str = "[!#-\\[\\]-~]{1,12}";

fn said() -> impl Strategy<Value = Said> {
    let list = |pattern: &'static str| proptest::collection::btree_set(pattern, 0..5);
    let json = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        // Exact in any notation.
        any::<i32>().prop_map(|eighths| Value::from(f64::from(eighths) / 8.0)),
        ".{0,20}".prop_map(Value::from),
    ]
    .prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(".{0,8}", inner, 0..4)
                .prop_map(|members| members.into_iter().collect::<Value>()),
        ]
    });
    let who = (NAME, list(NAME), proptest::option::of(list(WORD)), proptest::option::of(NAME));
    let when = (1..1_000_000_u64, 0..1_000_000_u64);
    (who, when, list(NAME), json).prop_map(
        |((subject, roles, scopes, tenant), (lifetime_secs, age_secs), others, more)| {
            let audiences = others.into_iter().chain(["api".to_owned()]).collect();
            let (roles, scopes) =
                (roles.into_iter().collect(), scopes.map(|scopes| scopes.into_iter().collect()));
            Said { subject, roles, scopes, tenant, lifetime_secs, age_secs, audiences, more }
        },
    )
}

impl Said {
    /// The scopes that narrow where no route says which permissions there are: those that could be one.
    fn meant(&self) -> Option<Vec<String>> {
        let scopes = self.scopes.clone()?;
        let could_be = |scope: &&String| *scope == "*" || (scope.contains(':') && !scope.contains('/'));
        let meant: Vec<String> = scopes.iter().filter(could_be).cloned().collect();
        (scopes.is_empty() || !meant.is_empty()).then_some(meant)
    }

    fn claims(&self) -> JWTClaims<Value> {
        let custom =
            json!({"roles": self.roles, "scope": self.scopes, "tenant": self.tenant, "more": self.more});
        let custom =
            custom.as_object().unwrap().iter().filter(|(name, value)| *name == "more" || !value.is_null());
        let custom = custom.map(|(name, value)| (name.clone(), value.clone())).collect();
        let mut claims = Claims::with_custom_claims(custom, Duration::from_secs(1))
            .with_subject(&self.subject)
            .with_issuer("https://issuer.example");
        claims = match self.audiences.as_slice() {
            [only] => claims.with_audience(only),
            several => claims.with_audiences(several.iter().cloned().collect()),
        };
        claims.issued_at = Some(UnixTimeStamp::from_secs(NOW - self.age_secs));
        claims.invalid_before = claims.issued_at;
        claims.expires_at = Some(UnixTimeStamp::from_secs(NOW + self.lifetime_secs));
        claims
    }
}

fn draw<S: Strategy>(strategy: &S, runner: &mut TestRunner) -> S::Value {
    strategy.new_tree(runner).unwrap().current()
}

#[test]
fn issued_elsewhere_verified_here() {
    let now = UnixTime::from_secs(NOW);
    let mut runner = TestRunner::deterministic();
    let (mut verified, mut flipped) = (0, 0);
    for issuer in issuers() {
        let (gates, keys, algorithm) = (issuer.gates(), issuer.key_set(), issuer.algorithm);
        assert_eq!(gates.len(), 3);
        for _ in 0..TOKENS {
            let said = draw(&said(), &mut runner);
            let token = (issuer.sign)(said.claims());
            let parsed = UnverifiedToken::parse(&token, 64 * 1024).unwrap();
            assert_eq!(parsed.unverified_header().algorithm(), algorithm);
            let payload = parsed.verify(&keys, now).unwrap().payload().to_vec();
            assert_eq!(payload, base64url::decode(token.split('.').nth(1).unwrap()).unwrap());
            assert_eq!(serde_json::from_slice::<Value>(&payload).unwrap()["more"], said.more);
            for gate in &gates {
                let principal =
                    gate.verify(&token, now).unwrap_or_else(|error| panic!("{algorithm}: {error}: {said:?}"));
                assert_eq!(principal.subject(), said.subject);
                assert_eq!(principal.roles(), said.roles);
                assert_eq!(principal.scopes(), said.meant().as_deref());
                assert_eq!(principal.tenant(), said.tenant.as_deref());
                assert_eq!(principal.valid_until(), Some(UnixTime::from_secs(NOW + said.lifetime_secs)));
                let Proof::Token { issuer: name, key_id } = principal.proof() else {
                    panic!("{:?}", principal.proof())
                };
                assert_eq!(name.as_deref(), Some("https://issuer.example"));
                assert_eq!(key_id.as_deref(), issuer.key_id, "{algorithm}");
                verified += 1;
            }
            for gate in gates.iter().cycle().take(FLIPS) {
                let (at, bit) = draw(&(0..token.len(), 0..7_u32), &mut runner);
                let mut bytes = token.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                let altered = String::from_utf8(bytes).unwrap();
                assert!(
                    gate.verify(&altered, now).is_err(),
                    "{algorithm}: bit {bit} of byte {at} of {token}"
                );
                flipped += 1;
            }
        }
    }
    println!("{verified} tokens verified, {flipped} altered ones refused");
    assert_eq!((verified, flipped), (13 * TOKENS * 3, 13 * TOKENS * FLIPS));
}

/// Each key verifies the tokens of its own issuer and of nobody else, whatever the algorithm and the type.
#[test]
fn no_key_verifies_the_tokens_of_another() {
    let now = UnixTime::from_secs(NOW);
    let said = draw(&said(), &mut TestRunner::deterministic());
    let issuers = issuers();
    for issuer in &issuers {
        let token = (issuer.sign)(said.claims());
        for other in &issuers {
            let verdict = UnverifiedToken::parse(&token, 64 * 1024).unwrap().verify(&other.key_set(), now);
            let expected = issuer.algorithm == other.algorithm;
            assert_eq!(verdict.is_ok(), expected, "{} by a key for {}", issuer.algorithm, other.algorithm);
        }
    }
}

#[test]
fn thumbprints_agree() {
    let examples: Value = serde_json::from_str(include_str!("examples/rfc.json")).unwrap();
    let rsa = RS256KeyPair::from_jwk(&examples["rfc_7515_a2_private_key"].to_string()).unwrap();
    let (p256, p384, ed25519) =
        (ES256KeyPair::generate(), ES384KeyPair::generate(), Ed25519KeyPair::generate());
    for (jwk, thumbprint) in [
        (rsa.public_key().to_jwk(), rsa.jwk_thumbprint()),
        (p256.public_key().to_jwk(), p256.jwk_thumbprint()),
        (p384.public_key().to_jwk(), p384.jwk_thumbprint()),
        (ed25519.public_key().to_jwk(), ed25519.jwk_thumbprint()),
    ] {
        assert_eq!(Jwk::parse(jwk.as_bytes()).unwrap().thumbprint(), thumbprint);
    }
}

/// The reverse: what the core mints for the origin.
#[test]
fn minted_here_verified_elsewhere() {
    let roles = ["reader", "écrivain", "\"quoted\"", "日本", "a b"];
    let permissions: BTreeMap<_, _> =
        roles.iter().map(|role| (*role, json!({"permissions": ["checkpointer:read"]}))).collect();
    let gate = portcullis_tests::load(
        &json!({"profile": "agentflow", "policy": {"roles": permissions, "default_role": ""},
            "issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}], "claims": {"subject": "/sub"}}],
            "upstream": {"credential": "swap", "token": {"secret": {"env": "ORIGIN_SECRET"}, "issuer": "gate",
                "audience": "origin", "ttl_secs": 300}}})
        .to_string(),
    );
    let key = HS256Key::from_bytes(ORIGIN_SECRET.as_bytes());
    let mut runner = TestRunner::deterministic();
    let chosen = proptest::sample::subsequence(roles.to_vec(), 1..=roles.len());
    let strategy = (said(), chosen.prop_shuffle());
    for _ in 0..100 {
        let (said, roles) = draw(&strategy, &mut runner);
        let scopes =
            said.scopes.map(|scopes| [scopes.as_slice(), &["checkpointer:read".to_owned()]].concat());
        let claims = json!({"sub": said.subject, "roles": roles, "scopes": scopes, "tenant": said.tenant,
            "exp": NOW + said.lifetime_secs});
        let authorization = format!("Bearer {}", sign(without_nulls(claims), SECRET));
        let verdict = decide(&gate, "GET", "/v1/threads", &[("authorization", &authorization)]);
        let set = &forwarded(&verdict).set_headers;
        let (_, minted) = set.iter().find(|(name, _)| name == "authorization").unwrap();
        let options = VerificationOptions {
            artificial_time: Some(UnixTimeStamp::from_secs(NOW)),
            time_tolerance: Some(Duration::from_secs(0)),
            allowed_issuers: Some(HashSet::from(["gate".to_owned()])),
            allowed_audiences: Some(HashSet::from(["origin".to_owned()])),
            required_subject: Some(said.subject.clone()),
            required_signature_type: Some("JWT".to_owned()),
            ..Default::default()
        };
        let minted = minted.strip_prefix("Bearer ").unwrap();
        let claims = key.verify_token::<Value>(minted, Some(options)).unwrap();
        let mut expected = json!({"user_id": said.subject, "roles": roles});
        let members = expected.as_object_mut().unwrap();
        if let [role] = roles.as_slice() {
            members.insert("role".to_owned(), json!(role));
        }
        if let Some(scopes) = scopes {
            assert_eq!(scopes.last().map(String::as_str), Some("checkpointer:read"));
            members.insert("scopes".to_owned(), json!(["checkpointer:read"]));
        }
        if let Some(tenant) = said.tenant {
            members.insert("tenant".to_owned(), json!(tenant));
        }
        assert_eq!(claims.custom, expected);
        assert_eq!(claims.issued_at, Some(UnixTimeStamp::from_secs(NOW - 5)));
        assert_eq!(claims.expires_at, Some(UnixTimeStamp::from_secs(NOW + said.lifetime_secs.min(300))));
        // It is a token for the origin: the gate does not take it back.
        assert!(gate.verify(minted, UnixTime::from_secs(NOW)).is_err());
    }
}
