//! Settings of hosts, which they have beside the document.

use alloc::format;
use alloc::string::String;

/// The variable that says who verifies signatures: [`host_verifies`] reads it.
pub const SIGNATURES: &str = "PORTCULLIS_SIGNATURES";

/// Whether the host is asked to verify signatures, where it can, as the text of [`SIGNATURES`] says: `host`, or no text at
/// all; with `own`, the gate's own code verifies all of them.
///
/// # Errors
///
/// If it is another text; what to write.
///
/// ```
/// assert_eq!(portcullis_config::host_verifies(None), Ok(true));
/// assert_eq!(portcullis_config::host_verifies(Some("host")), Ok(true));
/// assert_eq!(portcullis_config::host_verifies(Some("own")), Ok(false));
/// assert!(portcullis_config::host_verifies(Some("off")).is_err_and(|error| error.contains("\"own\"")));
/// ```
pub fn host_verifies(setting: Option<&str>) -> Result<bool, String> {
    match setting {
        None | Some("host") => Ok(true),
        Some("own") => Ok(false),
        Some(other) => {
            Err(format!("{SIGNATURES}: is {other:?}; write \"host\", or \"own\" for the gate's own code"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{SIGNATURES, host_verifies};

    #[test]
    fn nothing_but_the_two_words_is_taken() {
        for other in ["", "Own", "off", "host "] {
            assert!(host_verifies(Some(other)).is_err_and(|error| error.starts_with(SIGNATURES)), "{other}");
        }
    }
}
