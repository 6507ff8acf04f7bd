//! How tokens that are not access tokens give themselves away among their claims.

/// Claims that only other kinds of token have, and which kind: ID tokens
/// ([OpenID Connect Core sections 2 and 3.3.2.11](https://openid.net/specs/openid-connect-core-1_0.html#IDToken)), and logout
/// tokens and other security events ([RFC 8417 section 2.2](https://www.rfc-editor.org/rfc/rfc8417#section-2.2)).
pub const OTHER_KINDS: [(&str, &str); 5] = [
    ("nonce", "an ID token"),
    ("at_hash", "an ID token"),
    ("c_hash", "an ID token"),
    ("s_hash", "an ID token"),
    ("events", "a logout token or another security event"),
];

/// Claims by which issuers tell their tokens apart: Keycloak's, R2R's (and SimpleJWT's) and Cognito's.
pub const KIND_CLAIMS: [&str; 3] = ["typ", "token_type", "token_use"];

/// What these say of an access token, in any case.
pub const ACCESS_KINDS: [&str; 5] = ["access", "access_token", "Bearer", "at+jwt", "JWT"];
