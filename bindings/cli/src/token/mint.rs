//! `portcullis token mint`: issue a token, for tests and for scripts.

mod claims;

use std::path::PathBuf;

use clap::Args;
use portcullis::jose::Algorithm;
use portcullis::limits::{KEY_ID_BYTES, TOKEN_BYTES};
use portcullis_config::Secrets as _;
use serde_json::json;
use zeroize::Zeroizing;

use crate::environment::Environment;
use crate::key::{self, Key, Material};
use crate::output::{self, Failure, Outcome};

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("signer").required(true).args(["key", "secret_env"]))]
pub(crate) struct Arguments {
    /// The key: a private JWK, or a private key as a PEM document.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Name of the environment variable with the secret, for the HMAC algorithms.
    #[arg(long, value_name = "NAME")]
    secret_env: Option<String>,
    /// File of `NAME=value` lines with secrets, used before the environment.
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
    /// The algorithm; that of the key if absent.
    #[arg(long = "alg", value_name = "ALG", value_parser = key::algorithm)]
    algorithm: Option<Algorithm>,
    /// The `kid` in the header; that of the key if absent.
    #[arg(long, value_name = "ID")]
    kid: Option<String>,
    /// The `typ` in the header.
    #[arg(long, value_name = "TYPE", default_value = "JWT")]
    typ: String,
    #[command(flatten)]
    claims: claims::ClaimOptions,
}

pub(crate) fn run(arguments: &Arguments, json: bool) -> Result<Outcome, Failure> {
    let (claims, mut notes) = arguments.claims.build()?;
    let (mut key, place) = signer(arguments)?;
    let algorithm = algorithm(arguments.algorithm, &key).map_err(|error| format!("{place}: {error}"))?;
    key.algorithm = Some(algorithm);
    key.check().map_err(|error| format!("{place}: {error}"))?;
    let kid = arguments.kid.as_deref().or(key.id.as_deref());
    if kid.is_some_and(|id| id.is_empty() || id.len() > KEY_ID_BYTES) {
        return Err(format!("--kid: write 1 to {KEY_ID_BYTES} bytes"));
    }
    notes.extend(claims.missing_for(&arguments.typ));
    let token = key::sign(&key, algorithm, kid, &arguments.typ, claims.members())?;
    if token.len() > TOKEN_BYTES {
        notes.push(format!(
            "warning: the token is {} bytes long; the gate reads at most {TOKEN_BYTES} unless configured",
            token.len()
        ));
    }
    let text = if json {
        let header = json!({"alg": algorithm, "typ": arguments.typ, "kid": kid});
        output::json(&json!({"token": token, "header": header, "claims": claims.members()}))?
    } else {
        format!("{token}\n")
    };
    Ok(Outcome::success(text).with_notes(notes))
}

/// The key to sign with, and where it comes from.
fn signer(arguments: &Arguments) -> Result<(Key, String), Failure> {
    if let Some(path) = &arguments.key {
        return Key::read_private("--key", path);
    }
    let name = arguments.secret_env.as_deref().unwrap_or_default();
    let environment = Environment::read(arguments.env_file.as_deref())?;
    let secret = environment.get(name).ok_or_else(|| {
        format!("--secret-env: the secret \"{name}\" is not set; {}", environment.hint(name))
    })?;
    let material = Material::Oct(Zeroizing::new(secret.into_bytes()));
    Ok((Key::new(material, None), format!("--secret-env: {name}")))
}

/// The one algorithm that is asked for and that the key is for.
fn algorithm(asked: Option<Algorithm>, key: &Key) -> Result<Algorithm, String> {
    match (asked, key.algorithm.or_else(|| key.material.only_algorithm())) {
        (Some(asked), Some(own)) if asked != own && !both_ed25519(asked, own, key) => {
            Err(format!("the key is for {own}; leave out --alg, or give another key"))
        }
        (Some(asked), _) => Ok(asked),
        (None, Some(own)) => Ok(own),
        (None, None) if key.material.is_secret() => {
            Err("nothing says which algorithm is meant; add --alg HS256, HS384 or HS512".to_owned())
        }
        (None, None) => Err(
            "nothing says which algorithm is meant; add --alg RS256 or PS256, or their siblings with 384 and 512"
                .to_owned(),
        ),
    }
}

/// The two names of Ed25519 may stand for each other where the key itself chooses none.
fn both_ed25519(asked: Algorithm, own: Algorithm, key: &Key) -> bool {
    let is_ed25519 = |algorithm| matches!(algorithm, Algorithm::EdDSA | Algorithm::Ed25519);
    key.algorithm.is_none() && is_ed25519(asked) && is_ed25519(own)
}
