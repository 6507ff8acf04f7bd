//! The systems as their users know them: their own clients, a script in the place of their page, and what others try, against
//! a server that answers as the real one did; without the gate, and through it on each host. `docs/systems` has what came of
//! it.

mod columns;
mod examples;
mod r2r;
mod rag_modulo;
mod ragflow;
mod recorded;
mod stand_in;

use std::process::ExitCode;

use portcullis_host_tests::harness::{self, Order};

fn main() -> ExitCode {
    // Each of them runs on all hosts at once.
    harness::run(
        [ragflow::tests(), rag_modulo::tests(), r2r::tests(), examples::tests()]
            .into_iter()
            .flatten()
            .collect(),
        Order::Sequential,
    )
}
