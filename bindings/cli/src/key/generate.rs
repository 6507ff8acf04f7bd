//! `portcullis key generate`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use portcullis::base64url;
use portcullis::jose::Algorithm;
use portcullis::limits::{KEY_ID_BYTES, RSA_BITS_MAX, RSA_BITS_MIN};
use serde_json::json;

use super::jwk::Key;
use super::material::{Curve, Material};
use crate::input::shown;
use crate::output::{self, Failure, Outcome};

/// Size of an RSA key if none is asked for: the strength of 128 bits (NIST SP 800-57 part 1, table 2).
const RSA_BITS: usize = 3072;

/// Random bytes in the `kid` of a shared secret.
const ID_BYTES: usize = 16;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The algorithm of the key.
    #[arg(long = "alg", value_name = "ALG", value_parser = algorithm)]
    algorithm: Algorithm,
    /// The identifier of the key; its RFC 7638 thumbprint if absent, and of a shared secret a random one.
    #[arg(long, value_name = "ID")]
    kid: Option<String>,
    /// Size of an RSA key, 2048 to 8192 bits.
    #[arg(long, value_name = "BITS")]
    bits: Option<usize>,
    /// Write the key to a new file that only its owner can read, instead of standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// The algorithm called `name`, for clap.
pub(crate) fn algorithm(name: &str) -> Result<Algorithm, String> {
    Algorithm::from_name(name).ok_or_else(|| {
        let known: Vec<_> = Algorithm::built_in().map(Algorithm::name).collect();
        format!("write one of {}", known.join(", "))
    })
}

pub(crate) fn run(arguments: &Arguments, json: bool) -> Result<Outcome, Failure> {
    if arguments.kid.as_ref().is_some_and(|id| id.is_empty() || id.len() > KEY_ID_BYTES) {
        return Err(format!("--kid: write 1 to {KEY_ID_BYTES} bytes, or leave it out"));
    }
    let material = generate(arguments.algorithm, arguments.bits)?;
    let mut key = Key::new(material, Some(arguments.algorithm));
    key.id = Some(match &arguments.kid {
        Some(id) => id.clone(),
        // The thumbprint of a secret is a hash of it, and tokens show the `kid` to everybody.
        None if key.material.is_secret() => random_id()?,
        None => key.thumbprint()?,
    });
    key.check()?;
    let text = output::json(&key.private_jwk())?;
    let Some(path) = &arguments.out else { return Ok(Outcome::success(text)) };
    write_new(path, text.as_bytes())?;
    let id = key.id.unwrap_or_default();
    if json {
        return output::json(&json!({"file": path, "kid": id})).map(Outcome::success);
    }
    Ok(Outcome::success("").with_notes(vec![format!("wrote {}, kid {id}", path.display())]))
}

fn generate(algorithm: Algorithm, bits: Option<usize>) -> Result<Material, Failure> {
    use Algorithm::{
        ES256, ES384, ES512, Ed25519, EdDSA, HS256, HS384, HS512, PS256, PS384, PS512, RS256, RS384, RS512,
    };

    let is_rsa = matches!(algorithm, RS256 | RS384 | RS512 | PS256 | PS384 | PS512);
    if bits.is_some() && !is_rsa {
        return Err(format!("--bits: the size of a key for {algorithm} is fixed; leave it out"));
    }
    match algorithm {
        HS256 => Material::generate_secret(32),
        HS384 => Material::generate_secret(48),
        HS512 => Material::generate_secret(64),
        RS256 | RS384 | RS512 | PS256 | PS384 | PS512 => {
            let bits = bits.unwrap_or(RSA_BITS);
            if !(RSA_BITS_MIN..=RSA_BITS_MAX).contains(&bits) || !bits.is_multiple_of(8) {
                return Err(format!(
                    "--bits: write a multiple of 8 from {RSA_BITS_MIN} to {RSA_BITS_MAX}, for example 3072"
                ));
            }
            Material::generate_rsa(bits)
        }
        ES256 => Material::generate_ec(Curve::P256),
        ES384 => Material::generate_ec(Curve::P384),
        ES512 => Material::generate_ec(Curve::P521),
        EdDSA | Ed25519 => Material::generate_ed25519(),
    }
}

fn random_id() -> Result<String, Failure> {
    let mut bytes = [0; ID_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| format!("the system gave no random components: {error}"))?;
    Ok(base64url::encode(&bytes))
}

/// Writes a file that did not exist before, for its owner alone.
fn write_new(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let written =
        options.open(path).and_then(|mut file| file.write_all(content).and_then(|()| file.sync_all()));
    written.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            format!("--out: {} exists and is not overwritten; choose another name", shown(path))
        }
        _ => format!("--out: cannot write {}: {error}", shown(path)),
    })
}
