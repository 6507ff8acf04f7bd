//! A token in the making: what is written, who signs it, how its parts are put together.

/// The name of an algorithm as in `alg` (RFC 7518 section 3.1).
pub(crate) type Algorithm = &'static str;

/// The `kid` of the issuer's key.
pub(super) const KEY_ID: &str = "key-1";
/// The issuer that verifiers are configured with.
pub(super) const ISSUER: &str = "https://issuer.example";
/// The audience that verifiers are configured with.
pub(super) const AUDIENCE: &str = "https://api.example";

/// Whose key a token is signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signer {
    /// The key that verifiers are configured with.
    Issuer,
    /// A key of the same kind that nobody trusts.
    Attacker,
    /// A text as an HMAC secret. May have placeholders.
    Secret(&'static str),
    /// Nobody: the signature is empty.
    Nobody,
}

/// Which key the verifier is configured with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Configured {
    /// The issuer's.
    Issuer,
    /// The issuer's public key, as a PEM with something before it.
    Prefixed(&'static str),
    /// This HMAC secret, which is also what the token is signed with.
    Secret(&'static str),
    /// An RSA key of 1024 bits, which is also what the token is signed with.
    ShortRsa,
}

/// Changes the bytes of a signature; `None` if this one does not lend itself to it and another is to be made.
pub(super) type Forger = fn(Vec<u8>, &Facts) -> Option<Vec<u8>>;
/// Puts header, payload and signature together; `None` as above.
pub(super) type Assembler = fn(&str, &str, &str) -> Option<String>;

/// What a forger may know besides: the public key.
#[derive(Debug)]
pub(super) struct Facts {
    /// The modulus of an RSA key, most significant byte first; empty for others.
    pub(super) modulus: Vec<u8>,
}

/// A member of a JSON object: its name, and its value as JSON text.
type Member = (&'static str, String);

/// A token in the making. Texts may have placeholders in braces, see [`super::forge::Forge`].
#[derive(Debug, Clone)]
pub(super) struct Draft {
    header: Result<Vec<Member>, String>,
    claims: Result<Vec<Member>, String>,
    pub(super) signer: Signer,
    /// The algorithm it is really signed with, whatever the header says; that of the verifier's key if `None`.
    pub(super) signed_as: Option<&'static str>,
    /// Whether an ECDSA signature is written as X.509 does.
    pub(super) der: bool,
    pub(super) forger: Option<Forger>,
    pub(super) assembler: Option<Assembler>,
    pub(super) configured: Configured,
}

impl Draft {
    /// A plain valid token.
    pub(super) fn plain() -> Self {
        let members = |members: &[(&'static str, &str)]| {
            Ok(members.iter().map(|(name, value)| (*name, (*value).to_string())).collect())
        };
        Self {
            header: members(&[("alg", r#""{alg}""#), ("typ", r#""JWT""#), ("kid", r#""{kid}""#)]),
            claims: members(&[
                ("iss", r#""{iss}""#),
                ("aud", r#""{aud}""#),
                ("sub", r#""alice""#),
                ("role", r#""user""#),
                ("iat", "{now-5}"),
                ("exp", "{now+600}"),
                ("jti", r#""{random}""#),
            ]),
            signer: Signer::Issuer,
            signed_as: None,
            der: false,
            forger: None,
            assembler: None,
            configured: Configured::Issuer,
        }
    }

    /// Sets or replaces a header member; `json` is its value as JSON text.
    pub(super) fn header(mut self, name: &'static str, json: &str) -> Self {
        set(&mut self.header, name, json);
        self
    }

    /// Removes a header member.
    pub(super) fn without_header(mut self, name: &str) -> Self {
        unset(&mut self.header, name);
        self
    }

    /// The whole header, as text.
    pub(super) fn header_text(mut self, text: impl Into<String>) -> Self {
        self.header = Err(text.into());
        self
    }

    /// Sets or replaces a claim; `json` is its value as JSON text.
    pub(super) fn claim(mut self, name: &'static str, json: &str) -> Self {
        set(&mut self.claims, name, json);
        self
    }

    /// Adds a claim before all others, even if there is one of the same name.
    pub(super) fn claim_before(mut self, name: &'static str, json: &str) -> Self {
        if let Ok(members) = &mut self.claims {
            members.insert(0, (name, json.to_string()));
        }
        self
    }

    /// Removes a claim.
    pub(super) fn without_claim(mut self, name: &str) -> Self {
        unset(&mut self.claims, name);
        self
    }

    /// The whole payload, as text.
    pub(super) fn claims_text(mut self, text: impl Into<String>) -> Self {
        self.claims = Err(text.into());
        self
    }

    /// Who signs it.
    pub(super) fn signed_by(self, signer: Signer) -> Self {
        Self { signer, ..self }
    }

    /// The algorithm it is really signed with.
    pub(super) fn signed_as(self, algorithm: &'static str) -> Self {
        Self { signed_as: Some(algorithm), ..self }
    }

    /// An ECDSA signature as X.509 writes it.
    pub(super) fn der(self) -> Self {
        Self { der: true, ..self }
    }

    /// What is done to the signature.
    pub(super) fn signature(self, forger: Forger) -> Self {
        Self { forger: Some(forger), ..self }
    }

    /// How the parts are put together.
    pub(super) fn assembled(self, assembler: Assembler) -> Self {
        Self { assembler: Some(assembler), ..self }
    }

    /// What the verifier is configured with.
    pub(super) fn configured(self, configured: Configured) -> Self {
        Self { configured, ..self }
    }

    /// The header as text, with placeholders.
    pub(super) fn header_template(&self) -> String {
        text(&self.header)
    }

    /// The payload as text, with placeholders.
    pub(super) fn claims_template(&self) -> String {
        text(&self.claims)
    }

    /// The algorithm to sign with, if the verifier's key is for `algorithm`.
    pub(super) fn signing_algorithm(&self, algorithm: Algorithm) -> &'static str {
        match (self.signed_as, self.signer) {
            (Some(name), _) => name,
            (None, Signer::Secret(_)) => "HS256",
            (None, _) => algorithm,
        }
    }
}

fn set(members: &mut Result<Vec<Member>, String>, name: &'static str, json: &str) {
    let Ok(members) = members else { return };
    match members.iter_mut().find(|(known, _)| *known == name) {
        Some((_, value)) => *value = json.to_string(),
        None => members.push((name, json.to_string())),
    }
}

fn unset(members: &mut Result<Vec<Member>, String>, name: &str) {
    if let Ok(members) = members {
        members.retain(|(known, _)| *known != name);
    }
}

fn text(members: &Result<Vec<Member>, String>) -> String {
    match members {
        Ok(members) => {
            let members: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
            format!("{{{}}}", members.join(","))
        }
        Err(text) => text.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::Draft;

    #[test]
    fn members_are_replaced_removed_and_doubled() {
        let draft = Draft::plain().header("alg", "\"none\"").without_header("kid").header("x", "1");
        assert_eq!(draft.header_template(), r#"{"alg":"none","typ":"JWT","x":1}"#);
        let draft = Draft::plain().claim_before("exp", "1").without_claim("iss");
        assert!(draft.claims_template().starts_with(r#"{"exp":1,"aud":"#));
        assert!(draft.claims_template().contains(r#""exp":{now+600}"#));
        assert_eq!(Draft::plain().claims_text("[]").claims_template(), "[]");
    }
}
