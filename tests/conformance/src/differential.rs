//! Good tokens by unrelated issuers, and the same with one bit of the signature flipped.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use portcullis::base64url;
use serde_json::{Value, json};

use super::draft::{AUDIENCE, ISSUER, KEY_ID};
use super::forge::{self, Forge, Sample};
use super::install::Drivers;
use super::process::{Process, Reply};
use super::verifier::{Outcome, Verifier};
use portcullis_test_support::step::Step;

/// Who issues with which algorithms. What both have, jose issues too.
const ISSUERS: &[(&str, &[&str])] = &[
    (
        "jwt-simple",
        &[
            "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256",
            "ES384", "EdDSA",
        ],
    ),
    ("jose", &["PS256", "PS384", "PS512", "ES512"]),
];

/// Who verifies them: this product, and two libraries that share no code with it, with the issuers, or with each other.
const JUDGES: &[&str] = &["portcullis", "core", "jose", "PyJWT"];

/// What came of the tokens of one issuer with one algorithm.
#[derive(Debug)]
pub(super) struct Tally {
    /// The issuer.
    pub(super) issuer: &'static str,
    /// The algorithm.
    pub(super) algorithm: &'static str,
    /// How many tokens it issued.
    pub(super) tokens: usize,
    /// Verdicts of all judges that were right: on the tokens, and on those with a flipped bit.
    pub(super) accepted: usize,
    pub(super) rejected: usize,
    /// How many verdicts there were of each kind.
    pub(super) asked: usize,
    /// What was not right.
    pub(super) faults: Vec<String>,
}

/// Issues and verifies `tokens` random tokens of every algorithm.
///
/// # Errors
///
/// If an issuer or a verifier fails.
pub(super) fn run(
    tokens: usize,
    drivers: &Drivers,
    verifiers: &mut [Verifier],
    forge: &mut Forge,
    step: &Step,
) -> Result<Vec<Tally>> {
    let mut tallies = Vec::new();
    for (issuer, algorithms) in ISSUERS {
        let mut process = start(issuer, drivers)?;
        for algorithm in *algorithms {
            step.message(format!("{issuer} {algorithm}"));
            tallies.push(run_algorithm(issuer, algorithm, tokens, &mut process, verifiers, forge)?);
        }
    }
    Ok(tallies)
}

fn start(issuer: &str, drivers: &Drivers) -> Result<Process> {
    let node = |script: &Path| {
        let mut command = Command::new("node");
        command.arg(script);
        command
    };
    let mut command =
        if issuer == "jose" { node(&drivers.npm.join("driver.mjs")) } else { Command::new(&drivers.rust) };
    let mut process = Process::start(command.arg(issuer))?;
    match process.listen() {
        Reply::Response(_) => Ok(process),
        _ => anyhow::bail!("the issuer {issuer} does not start"),
    }
}

fn run_algorithm(
    issuer: &'static str,
    algorithm: &'static str,
    tokens: usize,
    process: &mut Process,
    verifiers: &mut [Verifier],
    forge: &mut Forge,
) -> Result<Tally> {
    let (private, key) = if algorithm.starts_with("HS") {
        let secret = forge::random_hex(64)?;
        (secret.clone(), forge::secret_key(&secret, KEY_ID))
    } else {
        let pair = forge.generate(algorithm)?;
        (pair.private.clone(), forge::public_key(&pair, algorithm, KEY_ID))
    };
    let mut tally =
        Tally { issuer, algorithm, tokens, accepted: 0, rejected: 0, asked: 0, faults: Vec::new() };
    for number in 0..tokens {
        let claims = claims(number)?;
        let question = json!({ "op": "issue", "algorithm": algorithm, "private": private, "claims": claims });
        let answer = process.demand(&question)?;
        let token = answer["token"].as_str().context("the issuer gave no token")?.to_string();
        let flipped = flip(&token)?;
        for verifier in verifiers.iter_mut().filter(|verifier| JUDGES.contains(&verifier.name)) {
            if !verifier.has(algorithm) {
                anyhow::bail!("{} does not have {algorithm}", verifier.title());
            }
            tally.asked += 1;
            let mut judge = |token: &str| {
                let sample = Sample { token: token.to_string(), key: key.clone(), algorithm };
                verifier.judge("differential", &sample)
            };
            let (good, bad) = (judge(&token)?, judge(&flipped)?);
            if good == Outcome::Accepted {
                tally.accepted += 1;
            } else {
                tally
                    .faults
                    .push(format!("{}: a token of {issuer}, {algorithm}: {good:?}", verifier.title()));
            }
            if matches!(bad, Outcome::Rejected(_)) {
                tally.rejected += 1;
            } else {
                tally.faults.push(format!("{}: one bit flipped, {algorithm}: {bad:?}", verifier.title()));
            }
        }
    }
    Ok(tally)
}

/// Claims of random size and content, with those that verifiers ask for.
fn claims(number: usize) -> Result<Value> {
    let words = ["", "a", "\u{e4}\u{1f511}", "line\nbreak \"quoted\" \\", "\u{0}\u{7f}", "null"];
    let random = forge::random_hex(8)?;
    let word = words[number % words.len()];
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
    let mut claims = json!({
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": format!("subject-{random}"),
        "role": "user",
        "iat": now,
        "exp": now + 600,
        "x-text": format!("{word}{random}"),
        "x-list": [number, -1, 1.5, true, null, { word: [] }],
    });
    // Every length of payload, so that every remainder of base64 occurs.
    claims["x-fill"] = "f".repeat(number).into();
    Ok(claims)
}

/// The token with one random bit of its signature flipped.
fn flip(token: &str) -> Result<String> {
    let (input, signature) = token.rsplit_once('.').context("no signature")?;
    let mut bytes = base64url::decode(signature).ok().context("the signature is not base64url")?;
    let mut random = [0; 4];
    getrandom::fill(&mut random).map_err(|error| anyhow::anyhow!("no random numbers: {error}"))?;
    let bit = u32::from_le_bytes(random) as usize % (bytes.len() * 8);
    bytes[bit / 8] ^= 1 << (bit % 8);
    Ok(format!("{input}.{}", base64url::encode(&bytes)))
}

#[cfg(test)]
mod tests {
    use super::flip;

    #[test]
    fn exactly_one_bit_is_flipped() {
        let flipped = flip("h.p.AAAAAAAA").unwrap();
        let bytes = portcullis::base64url::decode(flipped.strip_prefix("h.p.").unwrap()).unwrap();
        assert_eq!(bytes.iter().map(|byte| byte.count_ones()).sum::<u32>(), 1);
    }
}
