//! How much of the machine a lane gets.

/// The lowest there is.
#[cfg(target_os = "linux")]
const NICE: i32 = 19;

/// Lowers the priority of this thread and of the commands that it starts. Where only a whole process has one, nothing
/// changes: the tests are then slower, and as right.
pub(super) fn lower() {
    #[cfg(target_os = "linux")]
    // The process 0 is, on Linux, the thread that asks.
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        eprintln!("  the priority stays as it is: {error}");
    }
}
