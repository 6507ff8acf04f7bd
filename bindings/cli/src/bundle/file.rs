//! A bundle that lies in a file, and is changed: with the next version, signed by the same key.

use std::path::{Path, PathBuf};

use clap::Args;
use portcullis::UnixTime;
use portcullis::jose::UnverifiedToken;
use portcullis::limits::BUNDLE_BYTES;
use portcullis::parts::{BUNDLE_TYPE, BundleContents};
use portcullis_config::bundle_contents;
use serde_json::{Value, json};

use super::payload::Payload;
use super::sign::Signer;
use crate::document::is_stdin;
use crate::input::{self, shown};
use crate::output::{self, Failure, Outcome, printable};
use crate::{replace, time};

#[derive(Debug, Args)]
pub(crate) struct BundleOptions {
    /// The bundle, whose next version is printed.
    #[arg(long, value_name = "FILE", requires = "key")]
    bundle: Option<PathBuf>,
    /// The private key that has signed it, and signs the next version: a JWK, or a PEM document.
    #[arg(long, value_name = "FILE", requires = "bundle")]
    key: Option<PathBuf>,
    /// When the next version ends: a date, a time or a duration; as long from now as the old one was made for if absent.
    #[arg(long, value_name = "WHEN", requires = "bundle")]
    bundle_expires: Option<String>,
}

/// A bundle that is changed.
pub(crate) struct Edited<'o> {
    pub(crate) payload: Payload,
    signer: Signer,
    path: &'o Path,
}

impl BundleOptions {
    /// Whether there is one.
    pub(crate) fn is_given(&self) -> bool {
        self.bundle.is_some()
    }

    /// The next version of the bundle at `now`, with nothing changed yet.
    pub(crate) fn open(&self, now: UnixTime) -> Result<Edited<'_>, Failure> {
        let path = self.bundle.as_deref().ok_or("--bundle: name the bundle")?;
        let signer = Signer::read(self.key.as_deref().ok_or("--key: name the key that signs")?)?;
        let place = format!("--bundle: {}", shown(path));
        let text = read(path)?;
        // SECURITY: what somebody else has written must not get the signature of this key.
        let token = UnverifiedToken::parse(&text, BUNDLE_BYTES)
            .and_then(|token| token.verify(&signer.public, now))
            .map_err(|error| format!("{place}: not signed by the key given with --key: {error}"))?;
        if token.token_type() != Some(BUNDLE_TYPE) {
            return Err(format!(
                "{place}: its `typ` is not \"{BUNDLE_TYPE}\": it is something else than a bundle"
            ));
        }
        let payload = Payload::read(token.payload()).map_err(|error| format!("{place}: {error}"))?;
        let expires_at = match &self.bundle_expires {
            Some(text) => time::end("--bundle-expires", text, now)?,
            None => now.plus(payload.lifetime_secs()),
        };
        Ok(Edited { payload: payload.next(now, expires_at)?, signer, path })
    }
}

impl Edited<'_> {
    /// Signs it. It is printed, with `told` on standard error; or written to its file, and `told` is printed.
    pub(crate) fn finish(self, in_place: bool, told: &Value, json: bool) -> Result<Outcome, Failure> {
        let bundle = self.signer.sign(&self.payload)?;
        let note = printable(&told.to_string());
        if !in_place {
            return Ok(match json {
                true => Outcome::success(output::json(&json!({"bundle": bundle, "told": told}))?),
                false => Outcome::success(bundle + "\n").with_notes(vec![note]),
            });
        }
        if is_stdin(self.path) {
            return Err(
                "--in-place: the bundle is from standard input; without --in-place, it is printed".to_owned()
            );
        }
        replace::file(self.path, &(bundle + "\n"))
            .map_err(|error| format!("--in-place: cannot write {}: {error}", shown(self.path)))?;
        Ok(Outcome::success(output::json(told)?))
    }
}

/// The text of a bundle.
pub(super) fn read(path: &Path) -> Result<String, Failure> {
    let text = match is_stdin(path) {
        true => input::stdin("bundle")?,
        false => input::file("--bundle", path)?,
    };
    // Whatever is no text is no bundle either, which is said where it is looked at.
    Ok(String::from_utf8_lossy(&text).trim().to_owned())
}

/// What a bundle says, which proves nothing.
pub(crate) fn unverified(path: &Path) -> Result<BundleContents, Failure> {
    let place = |error: String| printable(&format!("--bundle: {}: {error}", shown(path)));
    let text = read(path)?;
    let token = UnverifiedToken::parse(&text, BUNDLE_BYTES).map_err(|error| place(error.to_string()))?;
    bundle_contents(token.unverified_payload()).map_err(place)
}
