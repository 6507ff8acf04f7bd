//! What the origin receives: which headers go, which are set, and what becomes of the credential.

pub(crate) mod as_it_came;
pub(crate) mod caller;
pub(crate) mod handover;
pub(crate) mod headers;
pub(crate) mod identity;
pub(crate) mod mint;
pub(crate) mod origin_key;
pub(crate) mod outbound;
pub(crate) mod owned;
pub(crate) mod rules;
pub(crate) mod standing;
mod token_id;
