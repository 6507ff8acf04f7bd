//! Any octets, as `portcullis_fuzz::token` reads them.

#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| portcullis_fuzz::token::check(octets));
