//! Everybody who is asked: this product twice, and the libraries people use in its place.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use portcullis_test_support::native::Native;
use serde::Deserialize;
use serde_json::json;

use super::draft::{AUDIENCE, ISSUER};
use super::forge::Sample;
use super::install::Drivers;
use super::process::{Process, Reply};

/// All that the core has.
const ALGORITHMS: &[&str] = &[
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384",
    "ES512", "EdDSA",
];

/// What a verifier made of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It took it.
    Accepted,
    /// It refused it, and said why.
    Rejected(String),
    /// The process died of it.
    Crashed,
    /// Nothing came back in time.
    TimedOut,
}

/// What a driver says of itself, first of all.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Introduction {
    /// The version of the library.
    pub(super) version: String,
    /// The algorithms it is asked about.
    pub(super) algorithms: Vec<String>,
    /// How it is called. Code.
    pub(super) configuration: String,
}

/// A verifier.
#[derive(Debug)]
pub(super) struct Verifier {
    /// The name on the page.
    pub(super) name: &'static str,
    /// Where it comes from: the registry, or this repository.
    pub(super) registry: &'static str,
    /// Whether it is this product, which must be right about every token.
    pub(super) ours: bool,
    /// What it says of itself.
    pub(super) introduction: Introduction,
    runner: Runner,
}

#[derive(Debug)]
enum Runner {
    /// A driver process, and how to start it again.
    Driver(Process, Vec<PathBuf>),
    /// The core, in this process.
    Core,
}

/// Starts everybody.
///
/// # Errors
///
/// If a driver does not start or does not introduce itself.
pub(super) fn start(drivers: &Drivers) -> Result<Vec<Verifier>> {
    let node = |name: &str| vec!["node".into(), drivers.npm.join("driver.mjs"), name.into()];
    let script = portcullis_test_support::root::root().join("tests/conformance/python/driver.py");
    let python = |name: &str| vec![drivers.python.clone(), script.clone(), name.into()];
    let rust = |name: &str| vec![drivers.rust.clone(), name.into()];
    Ok(vec![
        Verifier::start("portcullis", "npm package, this repository", true, node("portcullis"))?,
        Verifier::core(),
        Verifier::start("jose", "npm", false, node("jose"))?,
        Verifier::start("fast-jwt", "npm", false, node("fast-jwt"))?,
        Verifier::start("jsonwebtoken", "npm", false, node("jsonwebtoken"))?,
        Verifier::start("hono", "npm", false, node("hono"))?,
        Verifier::start("aws-jwt-verify", "npm", false, node("aws-jwt-verify"))?,
        Verifier::start("PyJWT", "PyPI", false, python("PyJWT"))?,
        Verifier::start("joserfc", "PyPI", false, python("joserfc"))?,
        Verifier::start("jwt-simple", "Rust", false, rust("jwt-simple"))?,
        Verifier::start("jsonwebtoken", "Rust", false, rust("jsonwebtoken"))?,
    ])
}

impl Verifier {
    fn start(name: &'static str, registry: &'static str, ours: bool, command: Vec<PathBuf>) -> Result<Self> {
        let mut process = Process::start(&mut driver(&command)?)?;
        let Reply::Response(introduction) = process.listen() else {
            bail!("the driver of {name} ({registry}) does not introduce itself; run `{}`", line(&command));
        };
        let introduction = serde_json::from_value(introduction)
            .with_context(|| format!("the driver of {name} ({registry})"))?;
        Ok(Self { name, registry, ours, introduction, runner: Runner::Driver(process, command) })
    }

    /// The core, without any binding.
    fn core() -> Self {
        let introduction = Introduction {
            version: env!("CARGO_PKG_VERSION").to_string(),
            algorithms: ALGORITHMS.iter().map(ToString::to_string).collect(),
            configuration: "portcullis_config::load with the same document, public keys as `pem`, then verify(token, now)"
                .to_string(),
        };
        Self {
            name: "core",
            registry: "crate, this repository",
            ours: true,
            introduction,
            runner: Runner::Core,
        }
    }

    /// The name, with the registry where two have the same.
    pub(super) fn title(&self) -> String {
        match (self.name, self.registry) {
            ("jsonwebtoken", "Rust") => "jsonwebtoken (Rust)".to_string(),
            ("core", _) => "portcullis (core)".to_string(),
            (name, _) => name.to_string(),
        }
    }

    /// Whether it is asked about tokens for a key of this algorithm.
    pub(super) fn has(&self, algorithm: &str) -> bool {
        self.introduction.algorithms.iter().any(|known| known == algorithm)
    }

    /// What it makes of a token.
    ///
    /// # Errors
    ///
    /// If its driver cannot be started again, or talks nonsense.
    pub(super) fn judge(&mut self, id: &str, sample: &Sample) -> Result<Outcome> {
        let question = json!({
            "op": "verify",
            "id": id,
            "token": sample.token,
            "key": sample.key,
            "algorithm": sample.algorithm,
            "issuer": ISSUER,
            "audience": AUDIENCE,
        });
        let Runner::Driver(process, command) = &mut self.runner else { return Ok(judge_in_core(sample)) };
        let outcome = match process.ask(&question) {
            Reply::Response(answer) => {
                if answer["id"] != id {
                    bail!("the driver of {} answers {} when asked about {id}", self.name, answer["id"]);
                }
                return match (answer["verdict"].as_str(), answer["error"].as_str()) {
                    (Some("accept"), _) => Ok(Outcome::Accepted),
                    (Some("reject"), error) => Ok(Outcome::Rejected(error.unwrap_or_default().to_string())),
                    _ => bail!("the driver of {} answers {answer}", self.name),
                };
            }
            Reply::Ended => Outcome::Crashed,
            Reply::Silence => Outcome::TimedOut,
        };
        // The others are to be judged by a driver that has not seen this one.
        *process = Process::start(&mut driver(command)?)?;
        match process.listen() {
            Reply::Response(_) => Ok(outcome),
            _ => bail!("the driver of {} does not start again; run `{}`", self.name, line(command)),
        }
    }
}

fn judge_in_core(sample: &Sample) -> Outcome {
    let mut key = json!({ "alg": sample.algorithm, "kid": sample.key["kid"] });
    match &sample.key["pem"] {
        serde_json::Value::Null => key["secret"] = json!({ "env": "SECRET" }),
        pem => key["pem"] = pem.clone(),
    }
    let document = json!({
        "profile": "generic",
        "issuers": [{ "issuer": ISSUER, "audience": AUDIENCE, "keys": [key] }],
    });
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    // The one secret a configuration names; weak on purpose in some rows.
    let secret = sample.key["secret"].as_str().map(|secret| ("SECRET".to_string(), secret.to_string()));
    let secrets = secret.into_iter().collect();
    let verified = catch_unwind(AssertUnwindSafe(|| {
        Native::load(document.to_string().as_bytes(), &secrets, "the sample")?.verify(&sample.token, now)
    }));
    match verified {
        Ok(Ok(_)) => Outcome::Accepted,
        Ok(Err(error)) => Outcome::Rejected(error),
        Err(_) => Outcome::Crashed,
    }
}

fn driver(command: &[PathBuf]) -> Result<Command> {
    let (program, arguments) = command.split_first().context("no program")?;
    let mut driver = Command::new(program);
    driver.args(arguments);
    Ok(driver)
}

fn line(command: &[PathBuf]) -> String {
    let words: Vec<_> = command.iter().map(|word| word.display().to_string()).collect();
    words.join(" ")
}
