//! What would be refused about a token, and why. Defaults of the gate are meant: a configuration may ask for more.

use portcullis::limits::{KEY_ID_BYTES, TOKEN_BYTES};
use portcullis::{Algorithm, UnixTime, UnverifiedToken, token_kind};
use serde_json::Value;

use super::reading::{Content, Token};
use crate::time::{DAY_SECS, in_words};

/// Sentences about a token.
#[derive(Default)]
pub(super) struct Findings {
    /// Reasons to refuse it.
    pub(super) refusals: Vec<String>,
    /// Everything else that its reader should know.
    pub(super) notes: Vec<String>,
}

impl Findings {
    pub(super) fn refuse(&mut self, sentence: impl Into<String>) {
        self.refusals.push(sentence.into());
    }

    fn note(&mut self, sentence: impl Into<String>) {
        self.notes.push(sentence.into());
    }

    /// Adds what is to be said about `token`, whose spelling is `text`, at `now`.
    pub(super) fn judge(&mut self, token: &Token, text: &str, now: UnixTime) {
        if text.len() > TOKEN_BYTES {
            self.refuse(format!(
                "{} bytes long; at most {TOKEN_BYTES} are read unless configured",
                text.len()
            ));
        }
        if token.encrypted {
            self.refuse("five segments: an encrypted token (JWE), which is not read");
        } else {
            if token.signature_is_empty {
                self.refuse("the signature is empty");
            }
            self.header(token);
            self.claims(token, now);
        }
        // Whatever the rules above do not know, the core does.
        if self.refusals.is_empty()
            && let Err(error) = UnverifiedToken::parse(text, TOKEN_BYTES)
        {
            self.refuse(error.to_string());
        }
    }

    fn header(&mut self, token: &Token) {
        if let Content::Json(value) = &token.header
            && !value.is_object()
        {
            return self.refuse("the header is not a JSON object");
        }
        if matches!(token.header, Content::Json(_)) {
            match token.header_member("alg") {
                None => self.refuse("the header has no `alg`"),
                Some(Value::String(name)) if name.eq_ignore_ascii_case("none") => {
                    self.refuse("`alg` is `none`: the token is not signed at all");
                }
                Some(Value::String(name)) if Algorithm::from_name(name).is_some() => {}
                Some(_) => self.refuse("`alg` is no algorithm that is known here"),
            }
        }
        for (name, why) in [
            ("crit", "asks for extensions, none of which is known"),
            ("b64", "belongs to a detached or unencoded payload"),
            ("enc", "belongs to an encrypted token"),
            ("zip", "belongs to a compressed token"),
        ] {
            if token.header_member(name).is_some() {
                self.refuse(format!("`{name}` in the header {why}"));
            }
        }
        for name in ["kid", "typ", "cty"] {
            if token.header_member(name).is_some_and(|value| !value.is_string()) {
                self.refuse(format!("`{name}` in the header is not a string"));
            }
        }
        let text = |name| token.header_member(name).and_then(Value::as_str);
        if text("kid").is_some_and(|id| id.len() > KEY_ID_BYTES) {
            self.refuse(format!("`kid` is longer than {KEY_ID_BYTES} bytes"));
        }
        if text("cty").is_some_and(|content| short(content).eq_ignore_ascii_case("jwt")) {
            self.refuse("`cty` is `JWT`: a token nested in another one");
        }
        if text("typ")
            .is_some_and(|kind| !["JWT", "at+jwt"].iter().any(|own| own.eq_ignore_ascii_case(short(kind))))
        {
            self.refuse(
                "`typ` is neither `JWT` nor `at+jwt`, and so names another kind of token unless configured",
            );
        }
        for name in ["jwk", "jku", "x5u", "x5c"] {
            if token.header_member(name).is_some() {
                self.note(format!("`{name}` in the header is ignored: a key never comes out of a token"));
            }
        }
    }

    fn claims(&mut self, token: &Token, now: UnixTime) {
        let Content::Json(claims) = &token.claims else { return };
        if !claims.is_object() {
            return self.refuse("the payload is not a JSON object");
        }
        for claim in ["exp", "nbf", "iat"] {
            if token.claim(claim).is_some() && token.instant(claim).is_none() {
                self.refuse(format!(
                    "`{claim}` is not a number of seconds from 1970 to the end of the year 9999"
                ));
            }
        }
        if token.claim("exp").is_none() {
            self.refuse("no `exp`: it would never end");
        }
        let (issued, begins, expires) = (token.instant("iat"), token.instant("nbf"), token.instant("exp"));
        if expires.is_some_and(|end| end <= now) {
            self.refuse("`exp` has passed");
        }
        if begins.is_some_and(|begin| begin > now) {
            self.refuse("`nbf` lies ahead");
        }
        if issued.is_some_and(|time| time > now) {
            self.refuse("`iat` lies ahead");
        }
        if let (Some(begin), Some(end)) = (issued.or(begins), expires)
            && let Some(life) = end.as_secs().checked_sub(begin.as_secs()).filter(|life| *life > DAY_SECS)
        {
            self.note(format!(
                "it lives for {}; a day is long for a token that cannot be called back",
                in_words(life)
            ));
        }
        if token.claim("iss").is_some_and(|value| !value.is_string()) {
            self.refuse("`iss` is not a string");
        }
        if token.claim("sub").is_some_and(|value| !value.is_string()) {
            self.refuse("`sub` is not a string");
        }
        if token.claim("aud").is_some_and(|value| !is_text_or_list(value)) {
            self.refuse("`aud` is neither a string nor a list of strings");
        }
        for (claim, kind) in token_kind::FOREIGN {
            if token.claim(claim).is_some() {
                self.refuse(format!("`{claim}` is a mark of {kind}, not of an access token"));
            }
        }
        for claim in token_kind::CLAIMS {
            let is_access = |value: &Value| {
                value
                    .as_str()
                    .is_some_and(|kind| token_kind::ACCESS.iter().any(|own| own.eq_ignore_ascii_case(kind)))
            };
            if token.claim(claim).is_some_and(|value| !is_access(value)) {
                self.refuse(format!("the claim `{claim}` does not name an access token"));
            }
        }
    }
}

fn is_text_or_list(value: &Value) -> bool {
    value.is_string() || value.as_array().is_some_and(|names| names.iter().all(Value::is_string))
}

/// A media type without `application/` (RFC 7515 section 4.1.9).
fn short(media_type: &str) -> &str {
    const PREFIX: &str = "application/";
    match media_type.split_at_checked(PREFIX.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) => rest,
        _ => media_type,
    }
}

impl Token {
    /// What kind of token it is by its own account.
    pub(super) fn kind(&self) -> &'static str {
        if self.encrypted {
            return "encrypted token (JWE, RFC 7516)";
        }
        let header = |name| self.header_member(name).and_then(Value::as_str).map(short).unwrap_or_default();
        let says = |kinds: &[&str]| {
            token_kind::CLAIMS
                .iter()
                .filter_map(|name| self.claim(name)?.as_str())
                .any(|said| kinds.iter().any(|kind| kind.eq_ignore_ascii_case(said)))
        };
        let typ = header("typ").to_ascii_lowercase();
        match typ.as_str() {
            _ if header("cty").eq_ignore_ascii_case("jwt") => {
                "token nested in a signed one (RFC 7519 section 5.2)"
            }
            "at+jwt" => "access token (RFC 9068)",
            "logout+jwt" => "logout token (OpenID Connect Back-Channel Logout)",
            "secevent+jwt" => "security event token (RFC 8417)",
            "dpop+jwt" => "proof of possession (DPoP, RFC 9449)",
            _ if self.claim("events").is_some() => "logout token or another security event (RFC 8417)",
            _ if says(&["refresh", "refresh_token", "offline"]) => "refresh token",
            _ if says(&["id", "id_token"]) => "ID token (OpenID Connect)",
            _ if ["at_hash", "c_hash", "s_hash"].iter().any(|claim| self.claim(claim).is_some()) => {
                "ID token (OpenID Connect)"
            }
            _ if says(&["access", "access_token", "bearer"]) => "access token",
            _ if self.claim("nonce").is_some() => "ID token (OpenID Connect), as it has a `nonce`",
            _ if matches!(self.claims, Content::Json(Value::Object(_))) => "JSON Web Token (RFC 7519)",
            _ => "signed octets (JWS, RFC 7515)",
        }
    }
}
