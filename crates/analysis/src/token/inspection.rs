//! The whole of what there is to say about a token.

use portcullis::UnixTime;
use portcullis::jose::UnverifiedToken;
use portcullis::limits::TOKEN_BYTES;
use serde::Serialize;

use super::content::Content;
use super::diagnostics::Diagnostics;
use super::kind::kind;
use super::members::{judge_claims, judge_header, judge_length};
use super::probe::Probe;
use super::reading::ReadToken;
use super::times::{Instant, instants};

/// What a token says, unchecked, and what a gate with the defaults would refuse about it: a configuration may ask for more.
///
/// ```
/// use portcullis::UnixTime;
/// use portcullis_analysis::token::TokenInspection;
///
/// // {"alg":"none"} {"exp":1795305600}
/// let token = "eyJhbGciOiJub25lIn0.eyJleHAiOjE3OTUzMDU2MDB9.";
/// let inspection = TokenInspection::of(token, UnixTime::from_secs(1_795_309_200)).ok_or("no token")?;
/// assert_eq!(inspection.times[0].words, "expired 1 hour ago");
/// assert!(inspection.refusals.contains(&"`alg` is `none`: the token is not signed at all".to_owned()));
/// # Ok::<(), &str>(())
/// ```
#[derive(Debug, Serialize)]
pub struct TokenInspection {
    /// Always that it was not checked.
    pub signature: &'static str,
    /// What kind of token it is by its own account.
    pub kind: &'static str,
    /// The header.
    pub header: Content,
    /// The claims.
    pub claims: Content,
    /// The instants that the claims name.
    pub times: Vec<Instant>,
    /// Reasons to refuse it, as sentences.
    pub refusals: Vec<String>,
    /// What else its reader should know.
    pub notes: Vec<String>,
}

impl TokenInspection {
    /// Looks into `text`, which may be broken, seen from `now`; `None` if there is nothing to show: it has neither the three
    /// segments of a signed token nor the five of an encrypted one.
    pub fn of(text: &str, now: UnixTime) -> Option<Self> {
        let mut diagnostics = Diagnostics::default();
        let token = ReadToken::read(text, &mut diagnostics)?;
        judge_length(text, &mut diagnostics);
        if token.is_encrypted {
            diagnostics.refuse("five segments: an encrypted token (JWE), which is not read");
        } else {
            if token.signature_is_empty {
                diagnostics.refuse("the signature is empty");
            }
            match Probe::new(now) {
                Ok(probe) => {
                    judge_header(&token, &probe, &mut diagnostics);
                    judge_claims(&token, &probe, &mut diagnostics);
                }
                Err(error) => diagnostics.note(format!("nothing was asked of a gate: {error}")),
            }
        }
        // What no member is to blame for.
        if diagnostics.refusals.is_empty()
            && let Err(error) = UnverifiedToken::parse(text, TOKEN_BYTES)
        {
            diagnostics.refuse(error.to_string());
        }
        let (kind, times) = (kind(&token), instants(&token.claims, now));
        let ReadToken { header, claims, .. } = token;
        let Diagnostics { refusals, notes } = diagnostics;
        Some(Self { signature: "not checked", kind, header, claims, times, refusals, notes })
    }
}
