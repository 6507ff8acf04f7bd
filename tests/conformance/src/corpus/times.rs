//! `exp`, `nbf` and `iat`.

use crate::row::{Group, Row, Verdict};

pub(crate) fn group() -> Group {
    Group {
        title: "Times",
        about: "`exp` must be there, be a NumericDate and lie ahead; `nbf` and `iat` must be NumericDates and not lie \
                ahead. RFC 7519 leaves open what an `iat` ahead means; no honest clock writes one. An `exp` that no clock \
                will ever show, beyond the year 9999, is a token that never expires. Signed by the right key.",
        verdict: Verdict::Reject,
        rows: expiry().into_iter().chain(other()).collect(),
    }
}

fn expiry() -> [Row; 19] {
    const DATE: &str = "RFC 7519 section 2";
    const TYPE: &str = "RFC 7519 section 4.1.4; CVE-2026-25537";
    [
        Row::new("exp-hour", "`exp` passed an hour ago", "RFC 7519 section 4.1.4", |d| {
            d.claim("exp", "{now-3600}")
        }),
        Row::new("exp-ten-minutes", "`exp` passed ten minutes ago", "RFC 7519 section 4.1.4", |d| {
            d.claim("exp", "{now-600}")
        }),
        Row::new("exp-missing", "there is no `exp`", "RFC 9068 section 2.2", |d| d.without_claim("exp")),
        Row::new("exp-text", "`exp` is a text of digits", TYPE, |d| d.claim("exp", r#""{now+600}""#)),
        Row::new("exp-one", "`exp` is the text `1`", TYPE, |d| d.claim("exp", r#""1""#)),
        Row::new("exp-word", "`exp` is the text `abc`", TYPE, |d| d.claim("exp", r#""abc""#)),
        Row::new("exp-object", "`exp` is an object", TYPE, |d| d.claim("exp", "{}")),
        Row::new("exp-array", "`exp` is an array of a good date", TYPE, |d| d.claim("exp", "[{now+600}]")),
        Row::new("exp-null", "`exp` is null", TYPE, |d| d.claim("exp", "null")),
        Row::new("exp-true", "`exp` is true", TYPE, |d| d.claim("exp", "true")),
        Row::new("exp-zero", "`exp` is 0", DATE, |d| d.claim("exp", "0")),
        Row::new("exp-negative", "`exp` is -1", DATE, |d| d.claim("exp", "-1")),
        Row::new("exp-1e400", "`exp` is `1e400`, infinite as a double", DATE, |d| d.claim("exp", "1e400")),
        Row::new("exp-1e308", "`exp` is `1e308`, a finite double", DATE, |d| d.claim("exp", "1e308")),
        Row::new("exp-1e18", "`exp` is `1e18`", DATE, |d| d.claim("exp", "1e18")),
        Row::new("exp-u64-max", "`exp` is 2^64 - 1", DATE, |d| d.claim("exp", "18446744073709551615")),
        Row::new("exp-u64-over", "`exp` is 2^64", DATE, |d| d.claim("exp", "18446744073709551616")),
        Row::new("exp-nan", "`exp` is the word `NaN`, which JSON does not have", "RFC 8259 section 6", |d| {
            d.claim("exp", "NaN")
        }),
        Row::new(
            "exp-infinity",
            "`exp` is the word `Infinity`, which JSON does not have",
            "RFC 8259 section 6",
            |d| d.claim("exp", "Infinity"),
        ),
    ]
}

fn other() -> [Row; 9] {
    const NBF: &str = "RFC 7519 section 4.1.5";
    const IAT: &str = "RFC 7519 section 4.1.6";
    [
        Row::new("nbf-future", "`nbf` lies an hour ahead", NBF, |d| d.claim("nbf", "{now+3600}")),
        Row::new("nbf-text", "`nbf` is a text of digits, in the past", NBF, |d| {
            d.claim("nbf", r#""{now-3600}""#)
        }),
        Row::new("nbf-object", "`nbf` is an object", NBF, |d| d.claim("nbf", "{}")),
        Row::new("nbf-1e400", "`nbf` is `1e400`", NBF, |d| d.claim("nbf", "1e400")),
        Row::new("nbf-null", "`nbf` is null", NBF, |d| d.claim("nbf", "null")),
        Row::new("iat-future", "`iat` lies half an hour ahead, `exp` an hour", IAT, |d| {
            d.claim("iat", "{now+1800}").claim("exp", "{now+3600}")
        }),
        Row::new("iat-text", "`iat` is a text of digits, in the past", IAT, |d| {
            d.claim("iat", r#""{now-5}""#)
        }),
        Row::new("iat-object", "`iat` is an object", IAT, |d| d.claim("iat", "{}")),
        Row::new("iat-null", "`iat` is null", IAT, |d| d.claim("iat", "null")),
    ]
}
