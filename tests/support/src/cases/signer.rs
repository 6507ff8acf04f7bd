//! Signing the cases' tokens: with a private JWK of the case files, in any algorithm, well or badly.

use anyhow::{Context as _, Result, anyhow, bail};
use p256::ecdsa::signature::{SignatureEncoding as _, Signer};
use portcullis::base64url;
use portcullis::jose::Algorithm;
use rsa::{BoxedUint, RsaPrivateKey, pkcs1v15, pss};
use serde_json::Value;
use sha2::{Digest, Sha256, Sha384, Sha512};

/// The signature of `message` by the private `jwk`.
///
/// # Errors
///
/// If the key is not one for `algorithm`.
pub(crate) fn sign(jwk: &Value, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>> {
    use Algorithm::{ES256, ES384, ES512, Ed25519, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    Ok(match algorithm {
        RS256 => pkcs1v15::SigningKey::<Sha256>::new(rsa_key(jwk)?).try_sign(message)?.to_vec(),
        RS384 => pkcs1v15::SigningKey::<Sha384>::new(rsa_key(jwk)?).try_sign(message)?.to_vec(),
        RS512 => pkcs1v15::SigningKey::<Sha512>::new(rsa_key(jwk)?).try_sign(message)?.to_vec(),
        PS256 => pss_signature::<Sha256>(jwk, message)?,
        PS384 => pss_signature::<Sha384>(jwk, message)?,
        PS512 => pss_signature::<Sha512>(jwk, message)?,
        ES256 => {
            let signature: p256::ecdsa::Signature =
                p256::ecdsa::SigningKey::from_slice(&bytes(jwk, "d")?)?.try_sign(message)?;
            signature.to_vec()
        }
        ES384 => {
            let signature: p384::ecdsa::Signature =
                p384::ecdsa::SigningKey::from_slice(&bytes(jwk, "d")?)?.try_sign(message)?;
            signature.to_vec()
        }
        ES512 => {
            let signature: p521::ecdsa::Signature =
                p521::ecdsa::SigningKey::from_slice(&bytes(jwk, "d")?)?.try_sign(message)?;
            signature.to_vec()
        }
        EdDSA | Ed25519 => {
            let secret = bytes(jwk, "d")?;
            let secret = secret.as_slice().try_into().context("a secret of 32 bytes")?;
            ed25519_dalek::SigningKey::from_bytes(secret).try_sign(message)?.to_vec()
        }
        other => bail!("{other} is signed with a secret, not with a private key"),
    })
}

fn pss_signature<D>(jwk: &Value, message: &[u8]) -> Result<Vec<u8>>
where
    pss::SigningKey<D>: Signer<pss::Signature>,
    D: Digest,
{
    Ok(pss::SigningKey::<D>::new(rsa_key(jwk)?).try_sign(message)?.to_vec())
}

fn rsa_key(jwk: &Value) -> Result<RsaPrivateKey> {
    let number = |name| bytes(jwk, name).map(|bytes| BoxedUint::from_be_slice_vartime(&bytes));
    let primes = vec![number("p")?, number("q")?];
    Ok(RsaPrivateKey::from_components(number("n")?, number("e")?, number("d")?, primes)?)
}

fn bytes(jwk: &Value, member: &str) -> Result<Vec<u8>> {
    let text = jwk[member].as_str().with_context(|| format!("the key has no `{member}`"))?;
    base64url::decode(text).map_err(|_| anyhow!("`{member}` is not base64url"))
}

/// A signature of ECDSA on P-256 in the form other protocols use, which JWS does not.
pub(crate) fn der(signature: &[u8]) -> Result<Vec<u8>> {
    Ok(p256::ecdsa::Signature::from_slice(signature)?.to_der().as_bytes().to_vec())
}
