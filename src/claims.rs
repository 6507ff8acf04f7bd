//! Validating the claims of a verified token: [RFC 7519 section 4.1](https://www.rfc-editor.org/rfc/rfc7519#section-4.1).
//!
//! Presence before value, type before content. A claim that has a registered meaning must have the registered type
//! even where no rule asks for it; a rule that is configured makes its claim required.

mod carried;
mod identity;
mod read;
mod rules;
mod scopes;

pub use carried::carried;
pub use read::attributes;
pub(crate) use read::{list_at, names_at, subject_at, text_at, unverified_issuer};
pub use rules::{ClaimCheck, ClaimNames, ClaimRules, IDENTIFIER_CLAIMS};
pub use scopes::ScopeVocabulary;
pub(crate) use scopes::common;
