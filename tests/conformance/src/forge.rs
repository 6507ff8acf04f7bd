//! Fresh keys, and tokens made from drafts with them.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use portcullis::base64url::{decode, encode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::draft::Algorithm;
use super::draft::{AUDIENCE, Configured, Draft, Facts, ISSUER, KEY_ID, Signer};
use super::process::Process;
use super::row::{ALL, Row};

/// How often a token is made anew until its signature lends itself to what is to be done to it.
const ATTEMPTS: usize = 2000;

/// A key pair.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Pair {
    /// PKCS#8 PEM.
    pub(super) private: String,
    /// SPKI PEM.
    public: String,
    /// The public key.
    jwk: Value,
    /// Signed with the key itself; base64 of DER.
    certificate: String,
}

/// What a verifier is configured with: the `key` of the drivers' protocol.
pub(super) type Key = Value;

/// A token, and the verifier it is for.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    /// The token.
    pub(super) token: String,
    /// The verifier's one key.
    pub(super) key: Key,
    /// The verifier's one algorithm.
    pub(super) algorithm: Algorithm,
}

/// Makes tokens.
#[derive(Debug)]
pub(super) struct Forge {
    process: Process,
    issuer: BTreeMap<Algorithm, Pair>,
    attacker: BTreeMap<Algorithm, Pair>,
    short_rsa: Pair,
    secret: String,
    attacker_secret: String,
    /// Where the attacker's keys are served.
    jku: String,
    x5u: String,
}

impl Forge {
    /// Starts the workshop in a project that has its packages, with new keys.
    ///
    /// # Errors
    ///
    /// If Node.js does not start.
    pub(super) fn start(project: &std::path::Path) -> Result<Self> {
        let mut process = Process::start(Command::new("node").arg(project.join("forge.mjs")))?;
        let (mut issuer, mut attacker) = (BTreeMap::new(), BTreeMap::new());
        for algorithm in ALL.iter().filter(|name| !name.starts_with("HS")) {
            issuer.insert(*algorithm, generate(&mut process, algorithm, 2048)?);
            attacker.insert(*algorithm, generate(&mut process, algorithm, 2048)?);
        }
        let short_rsa = generate(&mut process, "RS256", 1024)?;
        let mut forge = Self {
            process,
            issuer,
            attacker,
            short_rsa,
            secret: random_hex(32)?,
            attacker_secret: random_hex(32)?,
            jku: String::new(),
            x5u: String::new(),
        };
        let rsa = forge.pair(Signer::Attacker, "RS256")?.clone();
        let mut jwk = rsa.jwk;
        jwk["kid"] = KEY_ID.into();
        let places = json!({ "op": "publish", "jwk": jwk, "certificate": rsa.certificate });
        let places = forge.process.demand(&places)?;
        let url = |name: &str| places[name].as_str().map(str::to_string).context("no URL");
        (forge.jku, forge.x5u) = (url("jku")?, url("x5u")?);
        Ok(forge)
    }

    /// A new key pair for any algorithm but HMAC.
    ///
    /// # Errors
    ///
    /// If the algorithm is unknown.
    pub(super) fn generate(&mut self, algorithm: &str) -> Result<Pair> {
        generate(&mut self.process, algorithm, 2048)
    }

    /// How often anybody has asked the attacker's server for keys.
    ///
    /// # Errors
    ///
    /// If the workshop has ended.
    pub(super) fn fetched(&mut self) -> Result<u64> {
        self.process.demand(&json!({ "op": "fetched" }))?["count"].as_u64().context("no count")
    }

    /// The token of a row for a verifier with a key of `algorithm`.
    ///
    /// # Errors
    ///
    /// If it cannot be made.
    pub(super) fn mint(&mut self, row: &Row, algorithm: Algorithm) -> Result<Sample> {
        let draft = (row.make)(Draft::plain());
        for _ in 0..ATTEMPTS {
            if let Some(token) = self.attempt(&draft, algorithm)? {
                let key = self.configured(&draft, algorithm)?;
                return Ok(Sample { token, key, algorithm });
            }
        }
        bail!("`{}`: no signature of {algorithm} lends itself to it", row.id)
    }

    fn attempt(&mut self, draft: &Draft, algorithm: Algorithm) -> Result<Option<String>> {
        let header = encode(self.fill(&draft.header_template(), algorithm)?.as_bytes());
        let payload = encode(self.fill(&draft.claims_template(), algorithm)?.as_bytes());
        let signature = self.sign(draft, algorithm, &format!("{header}.{payload}"))?;
        let signature = match draft.forger {
            None => signature,
            Some(forger) => {
                let bytes = decode(&signature).ok().context("the signature is not base64url")?;
                match forger(bytes, &self.facts(algorithm)?) {
                    Some(bytes) => encode(&bytes),
                    None => return Ok(None),
                }
            }
        };
        Ok(match draft.assembler {
            None => Some(format!("{header}.{payload}.{signature}")),
            Some(assembler) => assembler(&header, &payload, &signature),
        })
    }

    fn sign(&mut self, draft: &Draft, algorithm: Algorithm, input: &str) -> Result<String> {
        let name = draft.signing_algorithm(algorithm);
        let key = match (draft.configured, draft.signer) {
            (_, Signer::Nobody) => return Ok(String::new()),
            (_, Signer::Secret(text)) => self.fill(text, algorithm)?,
            (Configured::Secret(text), _) => text.to_string(),
            (Configured::ShortRsa, _) => self.short_rsa.private.clone(),
            (_, Signer::Issuer) if algorithm.starts_with("HS") => self.secret.clone(),
            (_, Signer::Attacker) if name.starts_with("HS") => self.attacker_secret.clone(),
            // A row may ask for a signature of a kind that the verifier's key cannot make.
            (_, signer) => {
                let family = ALL.iter().find(|known| known[..2] == name[..2]).unwrap_or(&algorithm);
                let family = if name.starts_with("PS") { "RS256" } else { family };
                self.pair(signer, family)?.private.clone()
            }
        };
        let question =
            json!({ "op": "sign", "algorithm": name, "key": key, "der": draft.der, "input": input });
        let answer = self.process.demand(&question)?;
        answer["signature"].as_str().map(str::to_string).context("no signature")
    }

    fn configured(&self, draft: &Draft, algorithm: Algorithm) -> Result<Key> {
        Ok(match draft.configured {
            Configured::Secret(secret) => secret_key(secret, KEY_ID),
            Configured::ShortRsa => public_key(&self.short_rsa, algorithm, KEY_ID),
            Configured::Issuer | Configured::Prefixed(_) if algorithm.starts_with("HS") => {
                secret_key(&self.secret, KEY_ID)
            }
            Configured::Issuer => public_key(self.pair(Signer::Issuer, algorithm)?, algorithm, KEY_ID),
            Configured::Prefixed(prefix) => {
                let mut pair = self.pair(Signer::Issuer, algorithm)?.clone();
                pair.public.insert_str(0, prefix);
                public_key(&pair, algorithm, KEY_ID)
            }
        })
    }

    fn pair(&self, signer: Signer, algorithm: &str) -> Result<&Pair> {
        let pairs = if signer == Signer::Attacker { &self.attacker } else { &self.issuer };
        pairs.get(algorithm).with_context(|| format!("no key pair for {algorithm}"))
    }

    fn facts(&self, algorithm: Algorithm) -> Result<Facts> {
        let modulus = match self.issuer.get(algorithm).and_then(|pair| pair.jwk["n"].as_str()) {
            None => Vec::new(),
            Some(text) => decode(text).ok().context("the modulus is not base64url")?,
        };
        Ok(Facts { modulus })
    }

    /// Replaces the placeholders:
    ///
    /// * `{alg}`, `{kid}`, `{iss}`, `{aud}`: what the verifier is configured with; `{alg:lower}` in lower case;
    /// * `{now+N}`, `{now-N}`: the time in seconds; `{random}`: 32 hexadecimal digits;
    /// * `{pem}`, `{pem:trimmed}`, `{jwk}`: the issuer's public key; `{attacker:jwk}`, `{attacker:x5c}`: the attacker's;
    /// * `{jku}`, `{x5u}`: where the attacker serves theirs.
    ///
    /// Braces around anything else stay.
    fn fill(&self, template: &str, algorithm: Algorithm) -> Result<String> {
        let mut filled = String::with_capacity(template.len());
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            let value = match after.split_once('}') {
                Some((name, left)) => self.placeholder(name, algorithm)?.map(|value| (value, left)),
                None => None,
            };
            match value {
                Some((value, left)) => {
                    filled.push_str(&value);
                    rest = left;
                }
                None => {
                    filled.push('{');
                    rest = after;
                }
            }
        }
        filled.push_str(rest);
        Ok(filled)
    }

    fn placeholder(&self, name: &str, algorithm: Algorithm) -> Result<Option<String>> {
        let issuer = || self.pair(Signer::Issuer, algorithm);
        let attacker = || self.pair(Signer::Attacker, algorithm);
        Ok(Some(match name {
            "alg" => algorithm.to_string(),
            "alg:lower" => algorithm.to_lowercase(),
            "kid" => KEY_ID.to_string(),
            "iss" => ISSUER.to_string(),
            "aud" => AUDIENCE.to_string(),
            "random" => random_hex(16)?,
            "pem" => issuer()?.public.clone(),
            "pem:trimmed" => issuer()?.public.trim_end().to_string(),
            "jwk" => issuer()?.jwk.to_string(),
            "attacker:jwk" if algorithm.starts_with("HS") => {
                json!({ "kty": "oct", "k": encode(self.attacker_secret.as_bytes()) }).to_string()
            }
            "attacker:jwk" => attacker()?.jwk.to_string(),
            "attacker:x5c" => attacker()?.certificate.clone(),
            "jku" => self.jku.clone(),
            "x5u" => self.x5u.clone(),
            name => {
                let Some(offset) = name.strip_prefix("now").and_then(|offset| offset.parse::<i64>().ok())
                else {
                    return Ok(None);
                };
                let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
                now.saturating_add_signed(offset).to_string()
            }
        }))
    }
}

fn generate(process: &mut Process, algorithm: &str, bits: u32) -> Result<Pair> {
    let question = json!({ "op": "generate", "algorithm": algorithm, "bits": bits });
    serde_json::from_value(process.demand(&question)?).context("no key pair")
}

/// An HMAC secret as a verifier takes it.
pub(super) fn secret_key(secret: &str, kid: &str) -> Key {
    json!({ "secret": secret, "kid": kid })
}

/// A public key as a verifier takes it.
pub(super) fn public_key(pair: &Pair, algorithm: &str, kid: &str) -> Key {
    let mut jwk = pair.jwk.clone();
    jwk["alg"] = algorithm.into();
    jwk["use"] = "sig".into();
    jwk["kid"] = kid.into();
    json!({ "pem": pair.public, "jwk": jwk, "kid": kid })
}

/// Random bytes, as twice as many hexadecimal digits.
pub(super) fn random_hex(bytes: usize) -> Result<String> {
    let mut bytes = vec![0; bytes];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no random numbers: {error}"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
