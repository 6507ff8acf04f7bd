//! The parts a gate is made of: the door for a crate that compiles configurations into gates, and for tools that tell
//! about a gate. Hosts need nothing of this.
//!
//! Whatever is put together here keeps what it promises by itself: routes of the same shape make no [`Routes`], keys with
//! the same identifier no [`KeySet`](crate::key::KeySet).

pub use crate::api_key::{ApiKeyRecord, ApiKeys, ApiKeysError, KeyHash, Pepper};
pub use crate::ask::{
    AnswerRules, Condition, CredentialForm, Identity, ObjectTemplate, ObjectTemplateError, Question,
    QuestionMethod, RoleReading, ShareTokens,
};
pub use crate::authenticator::{Issuer, IssuerKeys};
pub use crate::bundle::{
    BUNDLE_ALGORITHMS, BUNDLE_TYPE, BundleContents, BundleError, BundleSource, BundledIssuer,
};
pub use crate::claims::{ClaimNames, ClaimRules, IDENTIFIER_CLAIMS, ScopeVocabulary, attributes, carried};
pub use crate::credential::{AUTHORIZATION, COOKIE, CredentialLocations, WEBSOCKET_PROTOCOL};
pub use crate::dialect::Dialect;
pub use crate::gate::{Cors, GateParts, Governance, Mode, Preflight};
pub use crate::handling::RouteCredential;
pub use crate::memory::MemorySize;
pub use crate::policy::authorize::Policy;
pub use crate::policy::binding::{Binding, Occurrence, Parameter, Reading, Values};
pub use crate::policy::bits::BitSet;
pub use crate::policy::permission::{Names, PermissionPattern};
pub use crate::policy::permission_id::PermissionId;
pub use crate::policy::permission_index::PermissionIndex;
pub use crate::policy::role::{InheritanceError, Role, RoleRules, Roles};
pub use crate::policy::route::{Access, CompiledAccess, DuplicateRoute, Node, Route, Routes, WrittenRoute};
pub use crate::policy::template::{RouteTemplate, Segment, TemplateError, WEBSOCKET};
pub use crate::policy::trailing_slash::TrailingSlash;
pub use crate::principal::KEY_SUBJECT;
pub use crate::rate_limit::RateLimit;
pub use crate::request::{HOP_BY_HOP, Header, Headers, Origin, Request, Upgrade, fold};
pub use crate::revocation::Revocations;
pub use crate::session::SessionRules;
pub use crate::shared::SharedAnswers;
pub use crate::sources::{KeySource, SourcePlace, UrlError, check_url};
pub use crate::upstream::headers::is_refused_upgrade;
pub use crate::upstream::identity::IdentityHeaders;
pub use crate::upstream::mint::{Mint, MintKey};
pub use crate::upstream::origin_key::{AssignedKey, KeyHolder, OriginKey, OriginKeys};
pub use crate::upstream::outbound::Outbound;
pub use crate::upstream::owned::{OWNED_HEADERS, OwnedHeader, owned_by};
pub use crate::upstream::rules::{Replacement, Upstream};
pub use crate::verdict::REQUEST_ID;
