//! The names a document chooses data by: of an origin system, and of a kind of access token. Each stands for a file under
//! `systems/`, which is in the build.

use core::fmt;

use serde::Deserialize;

macro_rules! names {
    (
        $(#[$type_doc:meta])* $type:ident in $folder:literal:
        $($(#[doc = $doc:literal])* $variant:ident = $name:literal,)*
    ) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        $(#[$type_doc])*
        pub enum $type {
            $($(#[doc = $doc])* #[serde(rename = $name)] $variant,)*
        }

        impl $type {
            /// Every one there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name, as a document writes it.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The text of its file, without comments.
            pub(crate) const fn text(self) -> &'static str {
                match self {
                    $(Self::$variant => include_str!(concat!(env!("OUT_DIR"), "/systems/", $folder, $name, ".json")),)*
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

names! {
    /// The origin systems with a profile.
    #[cfg_attr(feature = "schema", schemars(rename = "ProfileName"))]
    SystemName in "":
    /// AgentFlow (`10xscale-agentflow-cli` 0.6.1) and its successor 10xGraph (`10xgraph-api` 0.9.0).
    Agentflow = "agentflow",
    /// R2R 3.6.6.
    R2r = "r2r",
    /// RAG Modulo: its API server.
    RagModulo = "rag-modulo",
    /// RAGFlow 0.27.0: its API server, on port 9380.
    Ragflow = "ragflow",
    /// RAGFlow v0.24.0: its API server, on port 9380.
    Ragflow024 = "ragflow-0.24",
    /// Any other origin: no routes, no roles, RFC 9457 bodies.
    Generic = "generic",
}

names! {
    /// The kinds of access token with a profile.
    TokenProfileName in "tokens/":
    /// A plain JWT with the registered claims of RFC 7519.
    Jwt = "jwt",
    /// The access token of RFC 9068.
    AtJwt = "at+jwt",
    /// What AgentFlow and 10xGraph read.
    Agentflow = "agentflow",
    /// What R2R issues.
    R2r = "r2r",
    /// What RAG Modulo issues.
    RagModulo = "rag-modulo",
}

/// The names of all origin systems that something is known about, as a document writes them.
pub fn systems() -> impl Iterator<Item = &'static str> {
    SystemName::ALL.iter().map(|system| system.name())
}
