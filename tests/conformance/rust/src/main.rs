//! One Rust library behind the protocol of `../npm/driver.mjs`: `portcullis-conformance <name>`.

mod jsonwebtoken;
mod jwt_simple;

use std::io::{BufRead, Write};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::{Value, json};

/// A line in.
#[derive(Debug, Deserialize)]
#[serde(tag = "op", rename_all = "lowercase")]
enum Question {
    /// Is this token good?
    Verify { id: String, token: String, key: Key, algorithm: String, issuer: String, audience: String },
    /// Make one.
    Issue { algorithm: String, private: String, claims: Value },
}

/// What the verifier is configured with.
#[derive(Debug, Deserialize)]
struct Key {
    secret: Option<String>,
    pem: Option<String>,
}

impl Key {
    /// The secret of an HMAC algorithm.
    fn secret(&self) -> Result<&[u8]> {
        self.secret.as_deref().map(str::as_bytes).context("no secret")
    }

    /// The public key of any other algorithm.
    fn pem(&self) -> Result<&str> {
        self.pem.as_deref().context("no public key")
    }
}

/// The claims an application reads beside those that the library checks.
///
/// A typed structure, as the documentation of both libraries recommends: its members cannot occur twice.
#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "an application would read them; here they only decide what may be parsed")]
struct Application {
    sub: Option<String>,
    role: Option<String>,
}

/// A library.
struct Library {
    /// Fails if the token is refused.
    verify: fn(&str, &Verifier<'_>) -> Result<()>,
    /// The algorithms it is asked about.
    algorithms: &'static [&'static str],
    /// How it is called.
    configuration: &'static str,
}

/// A verifier for one question.
struct Verifier<'q> {
    key: &'q Key,
    algorithm: &'q str,
    issuer: &'q str,
    audience: &'q str,
}

fn main() -> Result<()> {
    let name = std::env::args().nth(1).unwrap_or_default();
    let library = match name.as_str() {
        "jwt-simple" => jwt_simple::LIBRARY,
        "jsonwebtoken" => jsonwebtoken::LIBRARY,
        other => bail!("no library `{other}`"),
    };
    let mut stdout = std::io::stdout().lock();
    let version = version(&name).context("Cargo.lock does not name the library")?;
    let Library { algorithms, configuration, .. } = library;
    let introduction =
        json!({ "version": version, "algorithms": algorithms, "configuration": configuration });
    writeln!(stdout, "{introduction}")?;
    for line in std::io::stdin().lock().lines() {
        let answer = match serde_json::from_str(&line?)? {
            Question::Issue { algorithm, private, claims } => {
                json!({ "token": jwt_simple::issue(&algorithm, &private, &claims)? })
            }
            Question::Verify { id, token, key, algorithm, issuer, audience } => {
                let verifier =
                    Verifier { key: &key, algorithm: &algorithm, issuer: &issuer, audience: &audience };
                match (library.verify)(&token, &verifier) {
                    Ok(()) => json!({ "id": id, "verdict": "accept" }),
                    Err(error) => {
                        let error: String = format!("{error:#}").chars().take(200).collect();
                        json!({ "id": id, "verdict": "reject", "error": error })
                    }
                }
            }
        };
        writeln!(stdout, "{answer}")?;
        stdout.flush()?;
    }
    Ok(())
}

/// The locked version of a library.
fn version(name: &str) -> Option<&'static str> {
    let (_, rest) = include_str!("../Cargo.lock").split_once(&format!("name = \"{name}\"\nversion = \""))?;
    rest.split('"').next()
}
