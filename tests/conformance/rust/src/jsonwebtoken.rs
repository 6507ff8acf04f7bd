//! The crate `jsonwebtoken`.

use anyhow::{Result, bail};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};

use super::{Application, Library, Verifier};

pub(crate) const LIBRARY: Library = Library {
    verify,
    algorithms: &["HS256", "RS256", "ES256", "EdDSA"],
    configuration: "decode::<Claims>(token, &key, &validation) with Validation::new(alg), set_issuer, set_audience, \
     set_required_spec_claims([\"exp\", \"iss\", \"aud\"]), validate_nbf = true; feature `rust_crypto`",
};

fn verify(token: &str, verifier: &Verifier<'_>) -> Result<()> {
    let algorithm: Algorithm = verifier.algorithm.parse()?;
    let key = match algorithm {
        Algorithm::HS256 => DecodingKey::from_secret(verifier.key.secret()?),
        Algorithm::RS256 => DecodingKey::from_rsa_pem(verifier.key.pem()?.as_bytes())?,
        Algorithm::ES256 => DecodingKey::from_ec_pem(verifier.key.pem()?.as_bytes())?,
        Algorithm::EdDSA => DecodingKey::from_ed_pem(verifier.key.pem()?.as_bytes())?,
        other => bail!("{other:?} is not driven"),
    };
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[verifier.issuer]);
    validation.set_audience(&[verifier.audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    validation.validate_nbf = true;
    decode::<Application>(token, &key, &validation)?;
    Ok(())
}
