//! Commands that people type because other tools have them.

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// What is typed, and what does it here.
const KNOWN: &[(&[&str], &str)] = &[
    (&["lint", "validate", "verify-config", "test-config"], "portcullis config check --config FILE"),
    (&["check"], "portcullis config check --config FILE"),
    (&["init", "new"], "portcullis config init --profile NAME"),
    (&["schema"], "portcullis config schema"),
    (&["verify"], "portcullis token verify"),
    (&["inspect", "decode"], "portcullis token inspect"),
    (&["mint", "sign", "issue", "encode"], "portcullis token mint"),
    (&["keygen", "generate", "genkey"], "portcullis key generate"),
    (&["jwks", "jwk"], "portcullis key public --set"),
    (&["hash"], "portcullis api-key hash"),
    (&["create", "create-key", "apikey"], "portcullis api-key create"),
    (&["import", "import-keys"], "portcullis api-key import"),
    (&["logout", "denylist", "blocklist"], "portcullis revoke"),
    (&["rotate", "rotate-key"], "portcullis api-key rotate"),
    (&["revoke-key", "disable-key"], "portcullis api-key revoke"),
    (&["keys", "list-keys"], "portcullis api-key list"),
    (&["matrix"], "portcullis policy matrix"),
    (&["who-can"], "portcullis policy who-can"),
    (&["diff"], "portcullis policy diff"),
    (&["test"], "portcullis policy test"),
    (&["coverage"], "portcullis policy coverage"),
    (&["why", "decide", "request", "simulate"], "portcullis explain"),
    (&["completion"], "portcullis completions"),
];

/// The command that was meant, if one of another name was typed.
pub(crate) fn meant(error: &clap::Error) -> Option<&'static str> {
    if error.kind() != ErrorKind::InvalidSubcommand {
        return None;
    }
    let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidSubcommand) else { return None };
    KNOWN.iter().find(|(names, _)| names.contains(&typed.as_str())).map(|(_, command)| *command)
}
