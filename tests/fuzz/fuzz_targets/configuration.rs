//! Any octets, as `portcullis_fuzz::configuration` reads them.

#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| portcullis_fuzz::configuration::check(octets));
