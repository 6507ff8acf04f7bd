//! Keys that a token names or brings along, and keys too weak to be configured.

use crate::draft::{Configured, Signer};
use crate::row::{Group, PUBLIC, Row, Verdict};

pub(crate) fn named() -> Group {
    Group {
        title: "The token chooses its key",
        about: "`kid`, `jwk`, `jku`, `x5u` and `x5c` are the attacker's input like everything else in the header. Where \
                the attacker's own key signs, its place is the loopback interface of the machine that runs the \
                comparison: whoever follows a URL out of a token is seen doing it.",
        verdict: Verdict::Reject,
        rows: kid().into_iter().chain(embedded()).collect(),
    }
}

fn kid() -> [Row; 4] {
    [
        Row::new(
            "kid-traversal",
            "`kid` is a path to an empty file, the secret is empty",
            "RFC 8725 section 3.10",
            |draft| draft.header("kid", r#""../../../../../../dev/null""#).signed_by(Signer::Secret("")),
        )
        .on(&["HS256"]),
        Row::new("kid-sql", "`kid` makes a query return the secret `1`", "RFC 8725 section 3.10", |draft| {
            draft.header("kid", r#""' UNION SELECT '1' -- ""#).signed_by(Signer::Secret("1"))
        })
        .on(&["HS256"]),
        Row::new("kid-number", "`kid` is a number", "RFC 7515 section 4.1.4", |draft| {
            draft.header("kid", "1")
        }),
        Row::new("kid-object", "`kid` is an object", "RFC 7515 section 4.1.4", |draft| {
            draft.header("kid", r#"{"toString":"key-1"}"#)
        }),
    ]
}

fn embedded() -> [Row; 6] {
    [
        Row::new(
            "jwk-secret",
            "`jwk` is an HMAC secret, and the token is signed with it",
            "CVE-2018-0114",
            |draft| draft.header("jwk", "{attacker:jwk}").signed_by(Signer::Attacker),
        )
        .on(&["HS256"]),
        Row::new(
            "jwk",
            "`jwk` is the attacker's key, and the token is signed with it",
            "CVE-2018-0114",
            |draft| draft.header("jwk", "{attacker:jwk}").signed_by(Signer::Attacker),
        )
        .on(PUBLIC),
        Row::new("jwk-without-kid", "the same, and there is no `kid`", "CVE-2018-0114", |draft| {
            draft.without_header("kid").header("jwk", "{attacker:jwk}").signed_by(Signer::Attacker)
        })
        .on(PUBLIC),
        Row::new("jku", "`jku` is where the attacker's key is served", "RFC 8725 section 3.10", |draft| {
            draft.header("jku", r#""{jku}""#).signed_by(Signer::Attacker)
        })
        .on(&["RS256"]),
        Row::new(
            "x5u",
            "`x5u` is where the attacker's certificate is served",
            "RFC 8725 section 3.10",
            |draft| draft.header("x5u", r#""{x5u}""#).signed_by(Signer::Attacker),
        )
        .on(&["RS256"]),
        Row::new(
            "x5c",
            "`x5c` is the attacker's certificate, signed by nobody else",
            "RFC 7515 section 4.1.6",
            |draft| draft.header("x5c", r#"["{attacker:x5c}"]"#).signed_by(Signer::Attacker),
        )
        .on(PUBLIC),
    ]
}

pub(crate) fn weak() -> Group {
    Group {
        title: "A key that is too weak",
        about: "The verifier is configured with a key that can be guessed or factored, and the token is signed with it. \
                Refusing the key when it is loaded counts as refusing the token.",
        verdict: Verdict::Reject,
        rows: vec![
            Row::new(
                "secret-empty",
                "the secret is empty",
                "CVE-2026-44351; RFC 7518 section 3.2",
                |draft| draft.configured(Configured::Secret("")),
            )
            .on(&["HS256"]),
            Row::new("secret-1-byte", "the secret has 1 byte", "RFC 7518 section 3.2", |draft| {
                draft.configured(Configured::Secret("k"))
            })
            .on(&["HS256"]),
            Row::new(
                "secret-31-bytes",
                "the secret has 31 bytes, one too few",
                "RFC 7518 section 3.2",
                |draft| draft.configured(Configured::Secret("q3vTz8LmW1xKc5RbYh7NdGf2PsJu9Ea")),
            )
            .on(&["HS256"]),
            Row::new(
                "rsa-1024-bits",
                "the RSA key has 1024 bits, half of what it must have",
                "RFC 7518 section 3.3",
                |draft| draft.configured(Configured::ShortRsa),
            )
            .on(&["RS256"]),
        ],
    }
}
