//! Signatures that Envoy verifies, with BoringSSL: several times as fast as code in wasm.

use portcullis::jose::{Algorithm, SignatureCheck, SignatureVerifier};
use prost::Message;

use crate::host;

/// The function of the host.
const FUNCTION: &str = "verify_signature";

/// What the function answers if the signature is valid: a message whose first field is `true`, and no other.
const VALID: &[u8] = &[0x08, 0x01];

/// What the function is asked: `envoy.source.extensions.common.wasm.VerifySignatureArguments`.
#[derive(Clone, PartialEq, Eq, Message)]
struct Arguments {
    #[prost(string, tag = "1")]
    hash_function: String,
    #[prost(bytes = "vec", tag = "2")]
    public_key: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    signature: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    clear_text: Vec<u8>,
}

/// The host's function. Of the algorithms it knows RSASSA-PKCS1-v1_5 and ECDSA.
#[derive(Debug)]
pub(crate) struct HostVerifier;

impl SignatureVerifier for HostVerifier {
    fn verify(&self, check: &SignatureCheck<'_>) -> Option<bool> {
        use Algorithm::{ES256, ES384, ES512, RS256, RS384, RS512};

        // SECURITY: the function would know other names, that of SHA-1 among them.
        let hash_function = match check.algorithm {
            RS256 | ES256 => "sha256",
            RS384 | ES384 => "sha384",
            RS512 | ES512 => "sha512",
            _ => return None,
        };
        let signature = match check.algorithm {
            ES256 | ES384 | ES512 => check.ecdsa_sig_value()?,
            _ => check.signature.to_vec(),
        };
        let arguments = Arguments {
            hash_function: hash_function.to_owned(),
            public_key: check.key.to_vec(),
            signature,
            clear_text: check.message.to_vec(),
        };
        let answer = host::call(FUNCTION, &arguments.encode_to_vec())?;
        Some(answer == VALID)
    }
}

#[cfg(test)]
mod tests {
    use super::Arguments;
    use prost::Message as _;

    #[test]
    fn the_arguments_have_four_fields() {
        let arguments = Arguments {
            hash_function: "sha256".to_owned(),
            public_key: vec![1],
            signature: vec![2, 3],
            clear_text: b"a".to_vec(),
        };
        assert_eq!(arguments.encode_to_vec(), b"\x0a\x06sha256\x12\x01\x01\x1a\x02\x02\x03\x22\x01a");
    }
}
