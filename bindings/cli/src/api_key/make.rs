//! Making a key of the gate's own form.

use std::path::PathBuf;

use clap::Args;
use portcullis::SecretBytes;
use portcullis::api_key::{Pepper, assemble, is_label};
use portcullis::limits::PEPPER_BYTES;
use portcullis_config::Secrets as _;

use crate::environment::Environment;
use crate::output::Failure;

/// Random bytes drawn for one key: a key takes 43 that are below 248, and fewer than 43 among 128 do not happen.
const RANDOM_BYTES: usize = 128;

#[derive(Debug, Args)]
pub(super) struct KeyOptions {
    /// Environment label inside the key: 1 to 64 letters and digits.
    #[arg(long, default_value = "live")]
    env: String,
    /// Name of the secret that holds the pepper.
    #[arg(long, value_name = "NAME", default_value = "PORTCULLIS_PEPPER")]
    pepper_env: String,
    /// File of `NAME=value` lines with secrets.
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
}

/// A key, which is shown once, and its hash.
pub(super) struct Made {
    pub(super) key: String,
    pub(super) hash: String,
}

impl KeyOptions {
    /// Makes the key `id`, which the value of `option` is.
    pub(super) fn make(&self, option: &str, id: &str) -> Result<Made, Failure> {
        for (option, label) in [(option, id), ("--env", &self.env)] {
            if !is_label(label) {
                return Err(format!("{option}: write 1 to 64 ASCII letters and digits, for example `ci1`"));
            }
        }
        let name = &self.pepper_env;
        let environment = Environment::read(self.env_file.as_deref())?;
        let secret = environment
            .get(name)
            .map(|text| SecretBytes::new(text.into_bytes()))
            .ok_or_else(|| format!("the pepper \"{name}\" is not set; {}", environment.hint(name)))?;
        let pepper = Pepper::new(secret.expose()).ok_or_else(|| {
            format!(
                "the pepper \"{name}\" is shorter than {PEPPER_BYTES} bytes; make one with `openssl rand -hex 32`"
            )
        })?;
        let mut random = [0; RANDOM_BYTES];
        getrandom::fill(&mut random)
            .map_err(|error| format!("the system gave no random numbers: {error}"))?;
        let key =
            assemble(&self.env, id, random).ok_or("the system gave no usable random numbers; try again")?;
        Ok(Made { hash: pepper.hash(&key), key })
    }
}
