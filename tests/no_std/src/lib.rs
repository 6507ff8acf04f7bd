//! Builds the core and the configuration for a target without std, and does nothing else:
//! `cargo build -p portcullis-no-std --target thumbv7em-none-eabi`. On a host it is an ordinary crate, so that the
//! whole workspace still builds there.

#![cfg_attr(target_os = "none", no_std)]

use portcullis::{Gate, RequestHead, Step, UnixTime};
use portcullis_config::{ConfigErrors, Secrets};

#[cfg(target_os = "none")]
#[global_allocator]
static ALLOCATOR: emballoc::Allocator<65_536> = emballoc::Allocator::new();

#[cfg(target_os = "none")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

/// Reaches the whole of the configuration, so that the linker keeps it.
pub fn load(document: &[u8], secrets: &dyn Secrets) -> Result<Gate, ConfigErrors> {
    portcullis_config::load(document, secrets).map(|loaded| loaded.gate)
}

/// Reaches the core's whole decision, so that the linker keeps it.
pub fn decide(gate: &Gate, head: &RequestHead<'_>, now: UnixTime) -> Step {
    gate.begin(head, now)
}
