//! A clock that tests can set, in the place of the C library's for one program.
//!
//! The program is started with this library in `LD_PRELOAD` and the path of a file in `PORTCULLIS_TEST_CLOCK`, which holds by
//! how many seconds the time of day is shifted: an `i64` of eight bytes in the order of the machine. It may change at any
//! time. What measures how long something takes goes on as it was.
//!
//! An allocator may be the first to ask for the time, as Envoy's is. So nothing here allocates, takes a lock or asks a
//! library that has to be ready before.
#![cfg(target_os = "linux")]
// An exported function of the C library's takes pointers.
#![expect(unsafe_code, reason = "a function of the C library is replaced")]

use core::ptr;
use core::sync::atomic::{AtomicI64, AtomicPtr, Ordering};

use libc::{c_int, c_long, clockid_t, timespec};

/// Names the file.
const VARIABLE: &core::ffi::CStr = c"PORTCULLIS_TEST_CLOCK";

/// The eight bytes of the file, once it is mapped.
static SHIFT: AtomicPtr<AtomicI64> = AtomicPtr::new(ptr::null_mut());

/// The time by a clock, the time of day shifted: `clock_gettime` of POSIX.
///
/// # Safety
///
/// `time` points to what can hold a time, as for the C library's own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_gettime(clock: clockid_t, time: *mut timespec) -> c_int {
    // SAFETY: the system checks the pointer by itself.
    let outcome = unsafe { libc::syscall(libc::SYS_clock_gettime, c_long::from(clock), time) };
    if outcome != 0 {
        return -1;
    }
    if clock == libc::CLOCK_REALTIME || clock == libc::CLOCK_REALTIME_COARSE {
        // SAFETY: the system has just written a time there.
        let secs = unsafe { &mut (*time).tv_sec };
        *secs = secs.saturating_add(shift_secs());
    }
    0
}

/// By how much the time is shifted; not at all while there is no file.
fn shift_secs() -> i64 {
    let mut shift = SHIFT.load(Ordering::Acquire);
    if shift.is_null() {
        // Two threads may both map it, and see the same.
        shift = map();
        SHIFT.store(shift, Ordering::Release);
    }
    // SAFETY: null, or a mapping of a page that nobody ever unmaps, whose beginning is aligned.
    unsafe { shift.as_ref() }.map_or(0, |shift| shift.load(Ordering::Relaxed))
}

/// The file in memory; null if it is not named, or not there.
fn map() -> *mut AtomicI64 {
    // SAFETY: the strings end with a zero, and what the system is given was checked.
    unsafe {
        let path = libc::getenv(VARIABLE.as_ptr());
        if path.is_null() {
            return ptr::null_mut();
        }
        let file = libc::open(path, libc::O_RDONLY | libc::O_CLOEXEC);
        if file < 0 {
            return ptr::null_mut();
        }
        let mapped =
            libc::mmap(ptr::null_mut(), size_of::<i64>(), libc::PROT_READ, libc::MAP_SHARED, file, 0);
        libc::close(file);
        if mapped == libc::MAP_FAILED { ptr::null_mut() } else { mapped.cast() }
    }
}
