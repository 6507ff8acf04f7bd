//! Any bytes, as `portcullis_fuzz::jwk_set` reads them.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| portcullis_fuzz::jwk_set::check(bytes));
