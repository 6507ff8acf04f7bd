//! Tokens and files that a command reads.

use std::io::Read;
use std::path::Path;

use crate::output::{Failure, may_be_secret};

/// Most bytes read as a token, far above what any limit accepts.
const TOKEN_READ: u64 = 1 << 20;

/// Most bytes read from a key file, far above what any limit accepts.
const FILE_READ: u64 = 1 << 20;

/// The token: the argument, or, if there is none or it is `-`, standard input without the one line end it may have.
/// Nothing if it is not text.
pub(crate) fn token(argument: Option<&str>) -> Result<Option<String>, Failure> {
    if let Some(token) = argument.filter(|token| *token != "-") {
        return Ok(Some(token.to_owned()));
    }
    let bytes = read(&mut std::io::stdin().lock(), TOKEN_READ)
        .map_err(|error| format!("cannot read the token from standard input: {error}"))?;
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    Ok(String::from_utf8(bytes.to_vec()).ok())
}

/// Refuses what somebody has copied together with a token: to the gate it is a part of it.
pub(crate) fn check_is_bare(token: &str) -> Result<(), Failure> {
    if token.trim_start().get(..7).is_some_and(|start| start.eq_ignore_ascii_case("bearer ")) {
        return Err(
            "the token begins with `Bearer `, which names the scheme of a header; leave it out".to_owned()
        );
    }
    if token.trim() != token {
        return Err("the token has white space around it, such as a line end; remove it".to_owned());
    }
    Ok(())
}

/// The bytes of the file `path`, the value of `option`.
pub(crate) fn file(option: &str, path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::File::open(path)
        .and_then(|mut file| read(&mut file, FILE_READ))
        .map_err(|error| format!("{option}: cannot read {}: {error}", shown(path)))
}

/// A path for an error. Whoever mixes up options writes a token where a path belongs.
pub(crate) fn shown(path: &Path) -> String {
    let text = path.display().to_string();
    if may_be_secret(&text) { "the file".to_owned() } else { format!("`{text}`") }
}

fn read(source: &mut impl Read, limit: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// All of standard input, for `what`.
pub(crate) fn stdin(what: &str) -> Result<Vec<u8>, Failure> {
    read(&mut std::io::stdin().lock(), FILE_READ)
        .map_err(|error| format!("cannot read the {what} from standard input: {error}"))
}
