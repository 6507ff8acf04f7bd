//! `--keep`: everything stays up, with lines to copy.

use anyhow::Result;
use portcullis_test_support::demo::script::Pass;
use portcullis_test_support::demo::stage::Stage;
use tokio::runtime::Runtime;

use crate::interrupt::Interrupt;

/// Seconds the tokens in the printed lines are valid.
const LIFETIME_SECS: u64 = 3600;

const RUN: &str = r#"{"messages":[{"role":"user","content":[{"type":"text","text":"hello"}]}]}"#;

/// Prints lines to try and waits for Ctrl-C.
pub(super) fn until_interrupted(stage: &Stage, runtime: &Runtime, interrupt: &mut Interrupt) -> Result<()> {
    let gate = stage.gate.address();
    println!("\nThe gate listens on http://{gate}, the origin on http://{}.", stage.origin.address());
    println!("Lines to try; the tokens are valid for an hour:\n");
    println!("# nobody: 401\ncurl -i http://{gate}/v1/threads\n");
    for (name, pass, outcome) in [
        ("guest", Pass::Guest, "403: a guest may invoke, not read threads"),
        ("user", Pass::User, "200"),
        ("admin", Pass::Admin, "200"),
    ] {
        let token = stage.token_for(pass, LIFETIME_SECS)?;
        println!("# {name}: {outcome}");
        println!("curl -i http://{gate}/v1/threads -H 'Authorization: Bearer {token}'\n");
        println!(
            "curl -N http://{gate}/v1/graph/{} \\",
            if pass == Pass::Guest { "invoke" } else { "stream" }
        );
        println!("  -H 'Authorization: Bearer {token}' -H 'Content-Type: application/json' -d '{RUN}'\n");
    }
    println!("# API key, with the rights of a user: 200");
    println!("curl -i http://{gate}/v1/threads -H 'X-API-Key: {}'\n", stage.api_key);
    println!("Ctrl-C ends both.");
    // Returning is what stops them: each is stopped when it is dropped.
    Ok(runtime.block_on(interrupt.wait())?)
}
