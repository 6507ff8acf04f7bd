//! Signatures that `node:crypto` verifies, where the runtime has it: several times as fast as code in wasm.

use core::cell::OnceCell;

use portcullis::Gate;
use portcullis::jose::{Algorithm, HostSignatures, SignatureCheck, SignatureVerifier};
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    /// What `handler.mjs` has, where there is `node:crypto`.
    #[derive(Debug)]
    pub type SignatureHost;

    /// Whether a signature is valid; `undefined` if the host cannot tell. Never throws.
    #[wasm_bindgen(method)]
    fn verify(this: &SignatureHost, hash: &str, key: &[u8], message: &[u8], signature: &[u8])
    -> Option<bool>;
}

// One for an instance of the module, which has one thread.
std::thread_local! {
    static HOST: OnceCell<SignatureHost> = const { OnceCell::new() };
}

/// `node:crypto`. It is not asked about RSASSA-PSS, of which workerd takes no notice and verifies something else, nor about
/// Ed25519, in which wasm is as fast.
struct HostVerifier;

impl SignatureVerifier for HostVerifier {
    fn verify(&self, check: &SignatureCheck<'_>) -> Option<bool> {
        use Algorithm::{ES256, ES384, ES512, RS256, RS384, RS512};

        let hash = match check.algorithm {
            RS256 | ES256 => "sha256",
            RS384 | ES384 => "sha384",
            RS512 | ES512 => "sha512",
            _ => return None,
        };
        HOST.with(|host| {
            let host = host.get()?;
            match check.algorithm {
                // In the form that needs no option: workerd takes options only with a key that it has not read yet.
                ES256 | ES384 | ES512 => {
                    host.verify(hash, check.key, check.message, &check.ecdsa_sig_value()?)
                }
                _ => host.verify(hash, check.key, check.message, check.signature),
            }
        })
    }
}

/// The gate, which asks `host` about signatures of the algorithms that it has passed the test of. The log says which.
pub(crate) fn verified_by(host: SignatureHost, gate: Gate) -> Gate {
    HOST.with(|place| {
        place.get_or_init(|| host);
    });
    let signatures = HostSignatures::tested(&HostVerifier);
    let names: Vec<_> = signatures.algorithms().iter().map(ToString::to_string).collect();
    if names.is_empty() {
        worker::console_log!("portcullis: node:crypto verifies no signatures: the Worker's own code does");
    } else {
        worker::console_log!("portcullis: node:crypto verifies {}", names.join(", "));
    }
    gate.with_host_signatures(signatures)
}
