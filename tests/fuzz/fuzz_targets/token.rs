//! Any bytes, as `portcullis_fuzz::token` reads them.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| portcullis_fuzz::token::check(bytes));
