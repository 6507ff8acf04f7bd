//! Tokens that come with a link: they say nothing but that somebody shares something.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::question::Question;
use super::reading::{Answer, Condition, said};
use crate::call::Reply;
use crate::error::AskError;
use crate::principal::{Marks, Principal, Proof};
use crate::time::UnixTime;
use crate::validity::Validity;

/// How many bytes of the digest of a token tell it from others in logs.
const NAME_BYTES: usize = 8;

/// What is asked about tokens of a kind of their own, whose holders nobody knows.
#[derive(Debug, Clone)]
pub struct ShareTokens {
    /// What is asked.
    pub question: Question,
    /// The statuses that mean that the token is good for nothing.
    pub no_statuses: Vec<u16>,
    /// What an answer that knows the token has to say; all of them.
    pub active: Vec<Condition>,
    /// The roles of whoever has such a token.
    pub roles: Vec<String>,
}

impl ShareTokens {
    /// Reads `reply` about the token with this `digest`, which came at `now` and is remembered for `yes_secs`.
    ///
    /// # Errors
    ///
    /// [`AskError`] if it is none that says yes or no.
    pub(crate) fn read(
        &self,
        reply: Option<&Reply<'_>>,
        now: UnixTime,
        yes_secs: u64,
        digest: &[u8],
    ) -> Result<Answer, AskError> {
        if said(&self.no_statuses, &self.active, reply)?.is_none() {
            return Ok(Answer::No);
        }
        let name = base16ct::lower::encode_string(digest.get(..NAME_BYTES).unwrap_or(digest));
        Ok(Answer::Caller(Principal {
            subject: format!("share:{name}"),
            roles: self.roles.clone(),
            scopes: None,
            tenant: None,
            attributes: BTreeMap::new(),
            carried: BTreeMap::new(),
            handling: None,
            proof: Proof::Asked { issuer: None },
            marks: Marks::default(),
            validity: Validity::Asked(now.plus(yes_secs)),
        }))
    }
}
