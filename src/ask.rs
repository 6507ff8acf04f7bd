//! Asking somebody else who a caller is: the origin itself, or whoever issued the credential.
//!
//! The question is a [`Call`](crate::call::Call) made from the configuration and the credential; the answer is read by
//! pointers into its JSON. What is not exactly what was expected lets nobody in.

mod object;
mod question;
mod reading;
mod share;

pub use object::{ObjectTemplate, ObjectTemplateError};
pub use question::{CredentialForm, Question, QuestionMethod};
pub(crate) use reading::Answer;
pub use reading::{AnswerRules, Condition, RoleReading};
pub use share::ShareTokens;

use alloc::string::String;
use alloc::vec::Vec;

use crate::handling::CredentialHandling;
use crate::session::SessionRules;

/// Who a caller is, where only somebody else knows.
#[derive(Debug, Clone)]
pub struct Identity {
    /// What is asked.
    pub question: Question,
    /// How the answer is read.
    pub answer: AnswerRules,
    /// Whether credentials are asked about that nothing here can verify.
    pub opaque: bool,
    /// Whether callers with a token that was verified here are asked about besides, for what the token does not say.
    pub tokens: bool,
    /// By what a session of the origin's is checked before anybody is asked about it.
    pub session: Option<SessionRules>,
    /// What is asked about tokens that come with a link, where that is something else.
    pub share: Option<ShareTokens>,
    /// Roles of callers with an API key of the origin's, besides those that the answer says.
    pub api_key_roles: Vec<String>,
    /// What becomes of a credential that only the answer speaks for, where that is not as with others.
    pub handling: Option<CredentialHandling>,
    /// For how long a yes is remembered, in seconds: at most [`YES_SECS_MAX`](crate::limits::YES_SECS_MAX).
    pub yes_secs: u64,
    /// For how long a no is remembered, in seconds: at most [`NO_SECS_MAX`](crate::limits::NO_SECS_MAX).
    pub no_secs: u64,
}
