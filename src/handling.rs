//! What becomes of a credential on its way to the origin.

use serde::{Deserialize, Serialize};

/// What becomes of the caller's credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialHandling {
    /// The origin receives it, in its one normal form.
    Forward,
    /// The origin receives a short-lived token minted for it instead, or a key of its own.
    #[serde(rename = "swap")]
    Replace,
    /// The origin receives none.
    Strip,
}

/// What a route says about credentials.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RouteCredential {
    /// Nothing: they are handled as everywhere.
    #[default]
    AsElsewhere,
    /// What becomes of the caller's, whatever is said elsewhere.
    Handled(CredentialHandling),
    /// On a public route: they are the origin's own affair, and go on as they came. Nothing of them is believed here.
    OfOrigin,
}
