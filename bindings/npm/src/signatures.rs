//! Signatures that JavaScript verifies, where its host has code for them that is faster.

use core::cell::OnceCell;

use portcullis::jose::{HostSignatures, SignatureCheck, SignatureVerifier};
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    /// What `js/signatures.js` has, where there is `node:crypto`.
    pub type SignatureHost;

    /// Whether a signature is valid; `undefined` if the host cannot tell. Never throws.
    #[wasm_bindgen(method)]
    fn verify(
        this: &SignatureHost,
        algorithm: &str,
        key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Option<bool>;
}

// One of each for an instance of the module, which has one thread.
std::thread_local! {
    static HOST: OnceCell<SignatureHost> = const { OnceCell::new() };
    static TESTED: OnceCell<HostSignatures> = const { OnceCell::new() };
}

struct HostVerifier;

impl SignatureVerifier for HostVerifier {
    fn verify(&self, check: &SignatureCheck<'_>) -> Option<bool> {
        let name = check.algorithm.name();
        HOST.with(|host| host.get()?.verify(name, check.key, check.message, check.signature))
    }
}

/// What `host` can do, which is tried once.
pub(crate) fn tested(host: SignatureHost) -> HostSignatures {
    HOST.with(|place| {
        place.get_or_init(|| host);
    });
    TESTED.with(|place| place.get_or_init(|| HostSignatures::tested(&HostVerifier)).clone())
}
