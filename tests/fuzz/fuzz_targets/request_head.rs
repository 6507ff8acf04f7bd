//! Any bytes, as `portcullis_fuzz::request_head` reads them.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| portcullis_fuzz::request_head::check(bytes));
