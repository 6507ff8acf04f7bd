//! How much is remembered, and what of it is shared.

use alloc::format;

use portcullis::limits::{MEMORY_CLIENTS, MEMORY_ENTRIES, MEMORY_ENTRIES_MAX};
use portcullis::parts::{MemorySize, SharedAnswers};

use crate::context::Context;
use crate::diagnostics::Diagnostics;
use crate::resolve::resolve;

/// Fewest bytes of the secret under which answers are shared: the output of SHA-256.
const SECRET_BYTES: usize = 32;

pub(crate) fn size(context: &Context<'_>, diagnostics: &mut Diagnostics) -> MemorySize {
    let entries = context.document.memory.entries.unwrap_or(MEMORY_ENTRIES);
    if entries > MEMORY_ENTRIES_MAX {
        diagnostics.error("/memory/entries", format!("at most {MEMORY_ENTRIES_MAX}"));
    }
    MemorySize { entries, clients: MEMORY_CLIENTS }
}

/// Under what keys answers are shared; `text` is the document itself.
pub(crate) fn shared(
    context: &Context<'_>,
    text: &[u8],
    diagnostics: &mut Diagnostics,
) -> Option<SharedAnswers> {
    const PLACE: &str = "/memory/shared";
    let written = context.document.memory.shared.as_ref()?;
    if !context.secrets.shares_cache() {
        diagnostics.error(
            PLACE,
            "this host has no cache that its instances share; leave this out, and each of them remembers for itself",
        );
    }
    if context.document.memory.entries == Some(0) {
        diagnostics.error(
            PLACE,
            "with \"entries\": 0 nothing is remembered, and so nothing shared; leave one of the two out",
        );
    }
    let secret = resolve(&written.secret, SECRET_BYTES, &format!("{PLACE}/secret"), context, diagnostics)?;
    SharedAnswers::new(&secret, text)
}
