//! What a host must be able to do before it is believed: tell good signatures from bad ones, for each algorithm by itself.

mod vectors;

use alloc::vec::Vec;

use super::host::{HostSignatures, SignatureCheck, SignatureVerifier};
use super::public::PublicKey;
use crate::base64url;
use vectors::{MESSAGE, VECTORS, Vector};

impl HostSignatures {
    /// `verifier` for the algorithms with which it accepts a known signature, and neither a changed one nor another message.
    /// For all others, and where it cannot tell, the core verifies.
    ///
    /// ```
    /// use portcullis::jose::{HostSignatures, SignatureCheck, SignatureVerifier};
    ///
    /// /// Believes everybody.
    /// struct Gullible;
    ///
    /// impl SignatureVerifier for Gullible {
    ///     fn verify(&self, _: &SignatureCheck<'_>) -> Option<bool> {
    ///         Some(true)
    ///     }
    /// }
    ///
    /// assert!(HostSignatures::tested(&Gullible).algorithms().is_empty());
    /// ```
    pub fn tested(verifier: &'static dyn SignatureVerifier) -> Self {
        let passed = VECTORS.iter().filter(|vector| passes(verifier, vector).unwrap_or(false));
        Self::new(verifier, passed.map(|vector| vector.algorithm).collect())
    }
}

/// Whether `verifier` tells this signature from others; `None` if the vector is damaged.
fn passes(verifier: &dyn SignatureVerifier, vector: &Vector) -> Option<bool> {
    let key = PublicKey::from_pem(vector.key).ok()?.to_spki()?;
    let signature = base64url::decode(vector.signature).ok()?;
    let asked = |message: &[u8], signature: &[u8]| {
        verifier.verify(&SignatureCheck { algorithm: vector.algorithm, key: &key, message, signature })
    };
    let mut changed: Vec<u8> = signature.clone();
    *changed.last_mut()? ^= 1;
    let (_, other) = MESSAGE.split_first()?;
    Some(
        asked(MESSAGE, &signature) == Some(true)
            && asked(MESSAGE, &changed) == Some(false)
            && asked(other, &signature) == Some(false),
    )
}

#[cfg(test)]
mod tests {
    use super::{HostSignatures, MESSAGE, PublicKey, SignatureCheck, SignatureVerifier, VECTORS};
    use crate::alg::Algorithm;
    use crate::base64url;
    use crate::crypto::{Arithmetic, InvalidSignature};
    use crate::key::{Means, VerificationKey};
    use alloc::vec::Vec;
    use core::sync::atomic::{AtomicUsize, Ordering};
    use spki::der::pem::{self, LineEnding};

    /// Verifies as the core does, but for one algorithm, whose answers are these.
    struct Wrong(Algorithm, fn(bool) -> Option<bool>);

    impl SignatureVerifier for Wrong {
        fn verify(&self, check: &SignatureCheck<'_>) -> Option<bool> {
            let pem = pem::encode_string("PUBLIC KEY", LineEnding::LF, check.key).ok()?;
            let key = PublicKey::from_pem(&pem).ok()?;
            let key = VerificationKey::from_public_key(None, check.algorithm, &key).ok()?;
            let valid = key.verify(check.message, check.signature).is_ok();
            if check.algorithm == self.0 { (self.1)(valid) } else { Some(valid) }
        }
    }

    /// Which algorithms a verifier passes the tests of that is wrong about this one.
    fn tested(wrong: &'static Wrong) -> Vec<Algorithm> {
        HostSignatures::tested(wrong).algorithms().to_vec()
    }

    #[test]
    fn every_algorithm_with_public_keys_has_a_vector() {
        static RIGHT: Wrong = Wrong(Algorithm::HS256, |_| None);
        let public = Algorithm::ALL.iter().copied().filter(|algorithm| !algorithm.is_symmetric());
        assert_eq!(tested(&RIGHT), public.collect::<Vec<_>>());
    }

    #[test]
    fn whoever_is_wrong_about_one_is_not_asked_about_it() {
        static GULLIBLE: Wrong = Wrong(Algorithm::ES256, |_| Some(true));
        static STUBBORN: Wrong = Wrong(Algorithm::ES256, |_| Some(false));
        static SILENT: Wrong = Wrong(Algorithm::ES256, |_| None);
        static CONTRARY: Wrong = Wrong(Algorithm::ES256, |valid| Some(!valid));
        for wrong in [&GULLIBLE, &STUBBORN, &SILENT, &CONTRARY] {
            let tested = tested(wrong);
            assert!(!tested.contains(&Algorithm::ES256));
            assert_eq!(tested.len(), VECTORS.len() - 1);
        }
    }

    #[test]
    fn a_key_for_es256_with_a_table_does_without_the_host() {
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        /// Believes every signature whose last bit is that of the good one.
        struct Believing;
        impl SignatureVerifier for Believing {
            fn verify(&self, check: &SignatureCheck<'_>) -> Option<bool> {
                ASKED.fetch_add(1, Ordering::Relaxed);
                let vector = VECTORS.iter().find(|vector| vector.algorithm == check.algorithm)?;
                let good = base64url::decode(vector.signature).ok()?;
                Some(check.signature.last() == good.last())
            }
        }
        let asked = || ASKED.swap(0, Ordering::Relaxed);
        for vector in VECTORS {
            let key = PublicKey::from_pem(vector.key).unwrap();
            let key = VerificationKey::from_public_key(None, vector.algorithm, &key).unwrap();
            let good = base64url::decode(vector.signature).unwrap();
            let bad: Vec<u8> = good.iter().map(|byte| byte ^ 1).collect();
            let host = HostSignatures::new(&Believing, [vector.algorithm].into());
            let by = |arithmetic, signature: &[u8]| {
                key.verify_with(Means { host: Some(&host), arithmetic }, MESSAGE, signature)
            };
            // Neither those that are bad, nor those for which there is no memory.
            for _ in 0..300 {
                assert_eq!(by(Arithmetic::Own, &bad), Err(InvalidSignature));
                assert_eq!(by(Arithmetic::Libraries, &good), Ok(()));
            }
            assert_eq!(asked(), 600, "{}", vector.algorithm);
            for _ in 0..300 {
                assert_eq!(by(Arithmetic::Own, &good), Ok(()));
            }
            let is_quicker = vector.algorithm == Algorithm::ES256;
            assert_eq!(asked(), if is_quicker { 256 } else { 300 }, "{}", vector.algorithm);
            // The host would believe this one.
            let mut other = good.clone();
            other[1] ^= 1;
            assert_eq!(by(Arithmetic::Own, &other).is_err(), is_quicker, "{}", vector.algorithm);
            assert_eq!(by(Arithmetic::Own, &bad), Err(InvalidSignature));
            assert_eq!(asked(), if is_quicker { 0 } else { 2 }, "{}", vector.algorithm);
            assert_eq!(by(Arithmetic::Libraries, &good), Ok(()));
            assert_eq!(asked(), 1, "{}", vector.algorithm);
        }
    }

    #[test]
    fn the_host_decides_where_it_can_tell() {
        static RIGHT: Wrong = Wrong(Algorithm::HS256, |_| None);
        /// No longer what it was when it was tested.
        struct Turned(Option<bool>);
        impl SignatureVerifier for Turned {
            fn verify(&self, _: &SignatureCheck<'_>) -> Option<bool> {
                self.0
            }
        }
        static YES: Turned = Turned(Some(true));
        static NO: Turned = Turned(Some(false));
        static UNKNOWN: Turned = Turned(None);
        for vector in VECTORS {
            let key = PublicKey::from_pem(vector.key).unwrap();
            let key = VerificationKey::from_public_key(None, vector.algorithm, &key).unwrap();
            let good = base64url::decode(vector.signature).unwrap();
            let bad: Vec<u8> = good.iter().map(|byte| byte ^ 1).collect();
            let by = |verifier, signature: &[u8]| {
                let host = HostSignatures::new(verifier, [vector.algorithm].into());
                key.verify_with(
                    Means { host: Some(&host), arithmetic: Arithmetic::Libraries },
                    MESSAGE,
                    signature,
                )
            };
            assert_eq!(by(&RIGHT, &good), Ok(()));
            assert_eq!(by(&RIGHT, &bad), Err(InvalidSignature));
            assert_eq!(by(&YES, &bad), Ok(()));
            assert_eq!(by(&NO, &good), Err(InvalidSignature));
            // What it does not know is found out here.
            assert_eq!(by(&UNKNOWN, &good), Ok(()));
            assert_eq!(by(&UNKNOWN, &bad), Err(InvalidSignature));
            // It is not asked about another algorithm, nor about a signature that is too short or too long.
            let elsewhere = HostSignatures::new(&YES, [Algorithm::HS256].into());
            let means = Means { host: Some(&elsewhere), arithmetic: Arithmetic::Libraries };
            assert_eq!(key.verify_with(means, MESSAGE, &bad), Err(InvalidSignature));
            let (_, short) = good.split_first().unwrap();
            assert_eq!(by(&YES, short), Err(InvalidSignature), "{}", vector.algorithm);
            assert_eq!(by(&YES, &[&good[..], &[0]].concat()), Err(InvalidSignature), "{}", vector.algorithm);
        }
    }
}
