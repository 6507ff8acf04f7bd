//! What std would bring along on a host without std: memory, and an end for defects.

#[global_allocator]
static MEMORY: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// A defect traps. Whatever the host was about to do with this request, it has no verdict to do it on.
#[panic_handler]
fn defect(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
