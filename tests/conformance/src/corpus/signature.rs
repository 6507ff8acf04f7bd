//! Signatures that are none.

use crate::draft::{Facts, Signer};
use crate::row::{ALL, Group, Row, Verdict};

/// The order of the P-256 group (FIPS 186-5; SEC 2 section 2.4.2), most significant byte first.
const P256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
    0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// The order of the Ed25519 group (RFC 8032 section 5.1), least significant byte first.
const ED25519_ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

pub(crate) fn group() -> Group {
    Group {
        title: "Signatures",
        about: "No signature, somebody else's, one for other bytes, one of another length, and numbers that a verifier \
                must not calculate with.",
        verdict: Verdict::Reject,
        rows: any().map(|row| row.on(ALL)).into_iter().chain(numbers()).collect(),
    }
}

fn any() -> [Row; 7] {
    [
        Row::new(
            "sig-empty",
            "the signature is empty, `alg` is the right one",
            "RFC 7515 section 5.2",
            |draft| draft.signed_by(Signer::Nobody),
        ),
        Row::new("sig-other-key", "signed with another key", "RFC 7515 section 5.2", |draft| {
            draft.signed_by(Signer::Attacker)
        }),
        Row::new("sig-bit", "one bit of the signature is flipped", "RFC 7515 section 5.2", |draft| {
            draft.signature(|mut bytes, _| {
                *bytes.first_mut()? ^= 1;
                Some(bytes)
            })
        }),
        Row::new(
            "sig-payload-changed",
            "the claims were changed after signing",
            "RFC 7515 section 5.2",
            |draft| {
                draft.assembled(|header, payload, signature| {
                    let claims = String::from_utf8(portcullis::base64url::decode(payload).ok()?).ok()?;
                    let claims = claims.replace(r#""role":"user""#, r#""role":"root""#);
                    let payload = portcullis::base64url::encode(claims.as_bytes());
                    Some(format!("{header}.{payload}.{signature}"))
                })
            },
        ),
        Row::new("sig-short", "the last byte of the signature is missing", "RFC 7518 section 3", |draft| {
            draft.signature(|mut bytes, _| bytes.pop().map(|_| bytes))
        }),
        Row::new("sig-long", "a zero byte after the signature", "RFC 7518 section 3", |draft| {
            draft.signature(|mut bytes, _| {
                bytes.push(0);
                Some(bytes)
            })
        }),
        Row::new("sig-zero", "every byte of the signature is zero", "CVE-2022-21449", |draft| {
            draft.signature(|bytes, _| Some(vec![0; bytes.len()]))
        }),
    ]
}

fn numbers() -> [Row; 9] {
    const PSYCHIC: &str = "CVE-2022-21449; FIPS 186-5 section 6.4.2";
    const ES: &[crate::draft::Algorithm] = &["ES256"];
    [
        Row::new("hs-half", "half of the MAC", "RFC 7518 section 3.2", |draft| {
            draft.signature(|bytes, _| bytes.get(..16).map(<[u8]>::to_vec))
        })
        .on(&["HS256"]),
        Row::new("es-r-zero", "ECDSA with r = 0, s = 1", PSYCHIC, |draft| {
            draft.signature(|_, _| Some(pair(&[], &[1])))
        })
        .on(ES),
        Row::new("es-s-zero", "ECDSA with r = 1, s = 0", PSYCHIC, |draft| {
            draft.signature(|_, _| Some(pair(&[1], &[])))
        })
        .on(ES),
        Row::new("es-r-order", "ECDSA with r = n, s = 1", PSYCHIC, |draft| {
            draft.signature(|_, _| Some(pair(&P256_ORDER, &[1])))
        })
        .on(ES),
        Row::new("es-s-order", "ECDSA with r = 1, s = n", PSYCHIC, |draft| {
            draft.signature(|_, _| Some(pair(&[1], &P256_ORDER)))
        })
        .on(ES),
        Row::new("es-both-order", "ECDSA with r = s = n", PSYCHIC, |draft| {
            draft.signature(|_, _| Some(pair(&P256_ORDER, &P256_ORDER)))
        })
        .on(ES),
        Row::new(
            "es-der",
            "a real ECDSA signature in DER instead of 64 bytes",
            "RFC 7518 section 3.4",
            |draft| draft.der(),
        )
        .on(ES),
        Row::new(
            "rs-plus-modulus",
            "a real RSA signature with the modulus added",
            "RFC 8017 section 5.2.2",
            |draft| draft.signature(plus_modulus),
        )
        .on(&["RS256"]),
        Row::new(
            "ed-plus-order",
            "a real Ed25519 signature with the group's order added to S",
            "RFC 8032 section 5.1.7",
            |draft| draft.signature(plus_order),
        )
        .on(&["EdDSA"]),
    ]
}

/// r and s of P-256 at their full length.
fn pair(r: &[u8], s: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 64];
    bytes[32 - r.len()..32].copy_from_slice(r);
    bytes[64 - s.len()..].copy_from_slice(s);
    bytes
}

/// The same number for whoever reduces it first. `None` if the sum does not fit.
fn plus_modulus(signature: Vec<u8>, facts: &Facts) -> Option<Vec<u8>> {
    let little = |bytes: &[u8]| bytes.iter().rev().copied().collect::<Vec<_>>();
    let sum = sum(&little(&signature), &little(&facts.modulus))?;
    Some(little(&sum))
}

/// As [`plus_modulus`], in the second half of an Ed25519 signature.
fn plus_order(signature: Vec<u8>, _: &Facts) -> Option<Vec<u8>> {
    let (r, s) = signature.split_at_checked(32)?;
    Some([r.to_vec(), sum(s, &ED25519_ORDER)?].concat())
}

/// Adds two numbers of the same length, least significant byte first; `None` if the sum is longer.
fn sum(left: &[u8], right: &[u8]) -> Option<Vec<u8>> {
    if left.len() != right.len() {
        return None;
    }
    let mut carry = false;
    let mut bytes = Vec::with_capacity(left.len());
    for (left, right) in left.iter().zip(right) {
        let (once, over) = left.overflowing_add(*right);
        let (twice, again) = once.overflowing_add(u8::from(carry));
        carry = over || again;
        bytes.push(twice);
    }
    (!carry).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::{pair, sum};

    #[test]
    fn sums_carry_and_do_not_wrap() {
        assert_eq!(sum(&[255, 0], &[1, 0]), Some(vec![0, 1]));
        assert_eq!(sum(&[255, 255, 1], &[255, 255, 2]), Some(vec![254, 255, 4]));
        assert_eq!(sum(&[0, 255], &[0, 1]), None);
    }

    #[test]
    fn pairs_are_padded_in_front() {
        let bytes = pair(&[1], &[2, 3]);
        assert_eq!((bytes.len(), bytes[31], bytes[62], bytes[63]), (64, 1, 2, 3));
        assert_eq!(bytes.iter().filter(|byte| **byte != 0).count(), 3);
    }
}
