//! Two functions of the ABI that the SDK also calls, and calls otherwise: it takes any number for a log level, and copies
//! every header twice. Declared here, and called nowhere else.

use proxy_wasm::types::{Bytes, LogLevel, Status};

/// The request's headers, among the maps of the ABI.
const REQUEST_HEADERS: u32 = 0;

/// What a function of the ABI answers if it has done what it was asked.
const OK: u32 = 0;

#[link(wasm_import_module = "env")]
#[allow(unsafe_code, reason = "an import can only be declared so")]
unsafe extern "C" {
    /// Writes the level from which on lines are logged; 0 on success.
    fn proxy_get_log_level(level: *mut u32) -> u32;
    /// Writes where the host has put the serialised map, in memory that it has asked `malloc` for, and its length; 0 on
    /// success.
    fn proxy_get_header_map_pairs(map: u32, data: *mut *mut u8, length: *mut usize) -> u32;
}

/// Whether the host's log has lines of this level. If it does not tell, it has.
#[allow(unsafe_code, reason = "calls an import of this file")]
pub(crate) fn logs(level: LogLevel) -> bool {
    let mut least = 0;
    // SAFETY: the host writes to one number, which lives until then. It is no `LogLevel`: "off" is none.
    let status = unsafe { proxy_get_log_level(&raw mut least) };
    status != OK || number(level) >= least
}

fn number(level: LogLevel) -> u32 {
    match level {
        LogLevel::Trace => 0,
        LogLevel::Debug => 1,
        LogLevel::Info => 2,
        LogLevel::Warn => 3,
        LogLevel::Error => 4,
        LogLevel::Critical => 5,
    }
}

/// The request's header pairs, serialised as the ABI has it.
#[allow(unsafe_code, reason = "calls an import of this file, and takes over what it gives")]
pub(crate) fn request_headers() -> Result<Bytes, Status> {
    let (mut data, mut length) = (core::ptr::null_mut(), 0);
    // SAFETY: the host writes to these two places, which live until then.
    let status = unsafe { proxy_get_header_map_pairs(REQUEST_HEADERS, &raw mut data, &raw mut length) };
    if status != OK {
        return Err(Status::InternalFailure);
    }
    if data.is_null() {
        return Ok(Bytes::new());
    }
    // SAFETY: `malloc` of this module, which is the SDK's, has made a boxed slice of this length for the host, which has filled
    // it and keeps no reference to it.
    Ok(unsafe { Vec::from_raw_parts(data, length, length) })
}
