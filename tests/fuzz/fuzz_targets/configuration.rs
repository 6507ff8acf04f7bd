//! Any bytes, as `portcullis_fuzz::configuration` reads them.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| portcullis_fuzz::configuration::check(bytes));
