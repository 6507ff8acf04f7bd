//! The `alg` header: absent, `none`, or of another kind than the key.

use crate::draft::{Configured, Signer};
use crate::row::{ALL, Group, PUBLIC, Row, Verdict};

pub(crate) fn group() -> Group {
    Group {
        title: "No algorithm",
        about: "The header chooses no algorithm, `none`, or something that is not quite the one the verifier is \
                configured with. Names are compared with regard to case (RFC 7515 section 4.1.1). Signed by the right key \
                where nothing else is said.",
        verdict: Verdict::Reject,
        rows: none().map(|row| row.on(ALL)).into(),
    }
}

fn none() -> [Row; 12] {
    [
        Row::new(
            "alg-none",
            "`alg` is `none`, the signature empty",
            "CVE-2015-9235; RFC 8725 section 2.1",
            |draft| draft.header("alg", r#""none""#).signed_by(Signer::Nobody),
        ),
        Row::new("alg-none-signed", "`alg` is `none`, the signature real", "RFC 8725 section 2.1", |draft| {
            draft.header("alg", r#""none""#)
        }),
        Row::new(
            "alg-none-capital",
            "`alg` is `None`, the signature empty",
            "RFC 8725 section 2.1",
            |draft| draft.header("alg", r#""None""#).signed_by(Signer::Nobody),
        ),
        Row::new("alg-none-mixed", "`alg` is `nOnE`, the signature empty", "RFC 8725 section 2.1", |draft| {
            draft.header("alg", r#""nOnE""#).signed_by(Signer::Nobody)
        }),
        Row::new(
            "alg-none-no-dot",
            "`alg` is `none`, the last dot is missing too",
            "RFC 7515 section 7.1",
            |draft| {
                draft
                    .header("alg", r#""none""#)
                    .assembled(|header, payload, _| Some(format!("{header}.{payload}")))
            },
        ),
        Row::new("alg-empty", "`alg` is empty", "RFC 7515 section 4.1.1", |draft| {
            draft.header("alg", r#""""#)
        }),
        Row::new("alg-missing", "there is no `alg`", "RFC 7515 section 4.1.1", |draft| {
            draft.without_header("alg")
        }),
        Row::new("alg-null", "`alg` is null", "RFC 7515 section 4.1.1", |draft| draft.header("alg", "null")),
        Row::new("alg-array", "`alg` is an array of the right name", "RFC 7515 section 4.1.1", |draft| {
            draft.header("alg", r#"["{alg}"]"#)
        }),
        Row::new("alg-number", "`alg` is a number", "RFC 7515 section 4.1.1", |draft| {
            draft.header("alg", "256")
        }),
        Row::new(
            "alg-lower-case",
            "`alg` is the right name in lower case",
            "RFC 7515 section 4.1.1",
            |draft| draft.header("alg", r#""{alg:lower}""#),
        ),
        Row::new("alg-space", "`alg` is the right name and a space", "RFC 7515 section 4.1.1", |draft| {
            draft.header("alg", r#""{alg} ""#)
        }),
    ]
}

pub(crate) fn confusion() -> Group {
    Group {
        title: "Another algorithm than the key's",
        about: "The header names an algorithm that exists, but not the one the key is for. In the classic attack the \
                token is signed with HMAC, and the secret is the public key that everybody has.",
        verdict: Verdict::Reject,
        rows: public_as_secret().into_iter().chain(other_algorithm()).collect(),
    }
}

fn public_as_secret() -> [Row; 5] {
    [
        Row::new(
            "hs-pem",
            "HS256 with the public key's PEM as the secret",
            "CVE-2015-9235, CVE-2022-29217",
            |draft| draft.header("alg", r#""HS256""#).signed_by(Signer::Secret("{pem}")),
        )
        .on(PUBLIC),
        Row::new("hs-pem-trimmed", "the same without the PEM's last line break", "CVE-2015-9235", |draft| {
            draft.header("alg", r#""HS256""#).signed_by(Signer::Secret("{pem:trimmed}"))
        })
        .on(PUBLIC),
        Row::new(
            "hs-pem-space",
            "the same, and the configured PEM begins with a space",
            "CVE-2026-34950",
            |draft| {
                draft
                    .header("alg", r#""HS256""#)
                    .configured(Configured::Prefixed(" "))
                    .signed_by(Signer::Secret(" {pem}"))
            },
        )
        .on(PUBLIC),
        Row::new(
            "hs-pem-bom",
            "the same, and the configured PEM begins with a byte order mark",
            "CVE-2026-34950",
            |draft| {
                draft
                    .header("alg", r#""HS256""#)
                    .configured(Configured::Prefixed("\u{feff}"))
                    .signed_by(Signer::Secret("\u{feff}{pem}"))
            },
        )
        .on(PUBLIC),
        Row::new("hs-jwk", "HS256 with the public key's JWK as the secret", "CVE-2026-48526", |draft| {
            draft.header("alg", r#""HS256""#).signed_by(Signer::Secret("{jwk}"))
        })
        .on(PUBLIC),
    ]
}

fn other_algorithm() -> [Row; 9] {
    const SOURCE: &str = "RFC 8725 section 3.1";
    [
        Row::new("hs384-on-hs256", "the secret is right, the hash is SHA-384", SOURCE, |draft| {
            draft.header("alg", r#""HS384""#).signed_as("HS384")
        })
        .on(&["HS256"]),
        Row::new(
            "rs256-on-hs256",
            "an RSA signature of the attacker's for an HMAC verifier",
            SOURCE,
            |draft| draft.header("alg", r#""RS256""#).signed_by(Signer::Attacker).signed_as("RS256"),
        )
        .on(&["HS256"]),
        Row::new("rs384-on-rs256", "the key is right, the hash is SHA-384", SOURCE, |draft| {
            draft.header("alg", r#""RS384""#).signed_as("RS384")
        })
        .on(&["RS256"]),
        Row::new("ps256-on-rs256", "the key is right, the padding is PSS", SOURCE, |draft| {
            draft.header("alg", r#""PS256""#).signed_as("PS256")
        })
        .on(&["RS256"]),
        Row::new("es384-on-es256", "a P-256 key, SHA-384, and `alg` is `ES384`", "CVE-2026-22818", |draft| {
            draft.header("alg", r#""ES384""#).signed_as("ES384")
        })
        .on(&["ES256"]),
        Row::new("es384-header-only", "an ES256 signature, and `alg` is `ES384`", SOURCE, |draft| {
            draft.header("alg", r#""ES384""#)
        })
        .on(&["ES256"]),
        Row::new("rs256-on-es256", "an ES256 signature, and `alg` is `RS256`", "CVE-2026-22818", |draft| {
            draft.header("alg", r#""RS256""#)
        })
        .on(&["ES256"]),
        Row::new("eddsa-on-es256", "an ES256 signature, and `alg` is `EdDSA`", SOURCE, |draft| {
            draft.header("alg", r#""EdDSA""#)
        })
        .on(&["ES256"]),
        Row::new("es256-on-eddsa", "an Ed25519 signature, and `alg` is `ES256`", SOURCE, |draft| {
            draft.header("alg", r#""ES256""#)
        })
        .on(&["EdDSA"]),
    ]
}
