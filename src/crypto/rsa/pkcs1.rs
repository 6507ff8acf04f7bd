//! RSASSA-PKCS1-v1_5: [RFC 8017 section 8.2.2](https://www.rfc-editor.org/rfc/rfc8017#section-8.2.2).
//!
//! The multiplication is that of `crypto-bigint`, or one for WebAssembly; raising to the exponent is done here, in less than half
//! the time that the library takes, which hides exponents. This one is public, as everything here is.

use alloc::vec::Vec;

use ::rsa::traits::PublicKeyParts;
use ::rsa::{BoxedUint, RsaPublicKey};
use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use sha2::{Digest, Sha256, Sha384, Sha512};

#[cfg(any(target_family = "wasm", debug_assertions))]
use super::montgomery::Modulus;
use crate::alg::Hash;
use crate::crypto::arithmetic::Arithmetic;
use crate::crypto::error::InvalidSignature;

/// A public key fixed to one hash.
#[derive(Debug)]
pub(super) struct Pkcs1Key {
    /// The modulus, with what Montgomery's method needs to know about it.
    modulus: BoxedMontyParams,
    /// The same for WebAssembly. Wherever the code is tested, both must come to one answer.
    #[cfg(any(target_family = "wasm", debug_assertions))]
    in_wasm: Modulus,
    modulus_bytes: usize,
    exponent: u64,
    hash: Hash,
}

impl Pkcs1Key {
    /// A key with the modulus of `key`, of so many bytes, and this exponent, which is its own.
    pub(super) fn new(key: &RsaPublicKey, modulus_bytes: usize, exponent: u64, hash: Hash) -> Self {
        Self::with_modulus(key.n_params().clone(), modulus_bytes, exponent, hash)
    }

    fn with_modulus(modulus: BoxedMontyParams, modulus_bytes: usize, exponent: u64, hash: Hash) -> Self {
        Self {
            #[cfg(any(target_family = "wasm", debug_assertions))]
            in_wasm: Modulus::new(modulus.modulus().as_nz_ref()),
            modulus,
            modulus_bytes,
            exponent,
            hash,
        }
    }

    /// Checks `signature`, which must be exactly as long as the modulus.
    pub(super) fn verify(
        &self,
        message: &[u8],
        signature: &[u8],
        arithmetic: Arithmetic,
    ) -> Result<(), InvalidSignature> {
        if signature.len() != self.modulus_bytes {
            return Err(InvalidSignature);
        }
        let number = self.number(signature)?;
        // SECURITY: a signature is below the modulus (section 5.2.2), or there would be two of them.
        if number >= *self.modulus.modulus().as_ref() {
            return Err(InvalidSignature);
        }
        // SECURITY: the one encoding is made and compared as a whole. Whoever takes one apart may overlook a part.
        let expected = encoded(self.hash, message, self.modulus_bytes).ok_or(InvalidSignature)?;
        let is_valid = match arithmetic {
            #[cfg(any(target_family = "wasm", debug_assertions))]
            Arithmetic::Own => {
                let is_valid = self.in_wasm.has_power(signature, self.exponent, &expected);
                debug_assert_eq!(is_valid, self.power(&number) == self.number(&expected)?);
                is_valid
            }
            _ => self.power(&number) == self.number(&expected)?,
        };
        if is_valid { Ok(()) } else { Err(InvalidSignature) }
    }

    /// A big-endian number.
    fn number(&self, bytes: &[u8]) -> Result<BoxedUint, InvalidSignature> {
        BoxedUint::from_be_slice(bytes, self.modulus.bits_precision()).map_err(|_| InvalidSignature)
    }

    /// `number` to the exponent, modulo the modulus.
    fn power(&self, number: &BoxedUint) -> BoxedUint {
        let number = BoxedMontyForm::new(number.clone(), &self.modulus);
        let highest = self.exponent.checked_ilog2().unwrap_or_default();
        let power = (0..highest).rev().fold(number.clone(), |power, bit| {
            let square = power.square();
            if self.exponent >> bit & 1 == 1 { square.mul(&number) } else { square }
        });
        power.retrieve()
    }
}

/// EMSA-PKCS1-v1_5 of `message`, of so many bytes ([section 9.2](https://www.rfc-editor.org/rfc/rfc8017#section-9.2)); `None`
/// if that is too few.
fn encoded(hash: Hash, message: &[u8], bytes: usize) -> Option<Vec<u8>> {
    // The DER encodings of `DigestInfo` in front of the digest, by the notes of section 9.2.
    let (information, digest): (&[u8; 19], Vec<u8>) = match hash {
        Hash::Sha256 => (
            b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20",
            Sha256::digest(message).to_vec(),
        ),
        Hash::Sha384 => (
            b"\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30",
            Sha384::digest(message).to_vec(),
        ),
        Hash::Sha512 => (
            b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40",
            Sha512::digest(message).to_vec(),
        ),
    };
    let rest = [&[0], &information[..], &digest].concat();
    let padding = bytes.checked_sub(rest.len())?.checked_sub(2).filter(|padding| *padding >= 8)?;
    Some([&[0, 1], [0xff].repeat(padding).as_slice(), &rest].concat())
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "the numbers are small")]
mod tests {
    use super::{Pkcs1Key, encoded};
    use crate::alg::Hash;
    use ::rsa::BoxedUint;
    use crypto_bigint::Odd;
    use crypto_bigint::modular::BoxedMontyParams;

    #[test]
    fn it_raises_to_any_exponent() {
        const PRIME: u128 = (1 << 61) - 1;
        let modulus = BoxedUint::from(u64::try_from(PRIME).unwrap());
        let modulus = BoxedMontyParams::new(Odd::new(modulus).unwrap());
        for exponent in [1, 2, 3, 10, 65_537, 65_539, 0xcafe_babe, (1 << 32) + 1, (1 << 33) - 1] {
            let key = Pkcs1Key::with_modulus(modulus.clone(), 8, exponent, Hash::Sha256);
            for number in [0, 1, 2, 0x1234_5678_9abc_def0_u64] {
                let (mut power, mut square, mut rest) = (1, u128::from(number), exponent);
                while rest > 0 {
                    if rest.trailing_zeros() == 0 {
                        power = u128::checked_rem(power * square, PRIME).unwrap();
                    }
                    square = u128::checked_rem(square * square, PRIME).unwrap();
                    rest >>= 1;
                }
                let expected = BoxedUint::from(u64::try_from(power).unwrap());
                assert_eq!(key.power(&BoxedUint::from(number)), expected, "{number} to {exponent}");
            }
        }
    }

    #[test]
    fn an_encoding_has_eight_bytes_of_padding_or_more() {
        for (hash, digest) in [(Hash::Sha256, 32), (Hash::Sha384, 48), (Hash::Sha512, 64)] {
            let least = 2 + 8 + 1 + 19 + digest;
            assert_eq!(encoded(hash, b"", least - 1), None);
            let encoding = encoded(hash, b"", least).unwrap();
            assert_eq!(encoding.len(), least);
            assert_eq!(encoding[..11], [0, 1, 255, 255, 255, 255, 255, 255, 255, 255, 0]);
            assert_eq!(usize::from(encoding[29]), digest, "the length that DER says");
            let longer = encoded(hash, b"", least + 7).unwrap();
            assert_eq!((longer[..2].to_vec(), longer[2..17].to_vec()), ([0, 1].into(), [255].repeat(15)));
            assert_eq!(longer[17..], encoding[10..]);
        }
    }
}
