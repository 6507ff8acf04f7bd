//! The table of lints: code, severity, why it matters and what to do.

use core::fmt;

/// How much a diagnostic matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The configuration could be stricter. For whoever writes it, not for the log of a host.
    Advice,
    /// Somebody may get in who should not, or something that is configured has no effect. Hosts log it.
    Warning,
}

impl Severity {
    /// The name, for example `warning`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Advice => "advice",
            Self::Warning => "warning",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

macro_rules! lints {
    ($($(#[doc = $doc:literal])* $variant:ident => $code:literal, $severity:ident, $why:literal, $remedy:literal;)*) => {
        /// What can be said about a configuration that loads.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Lint {
            $($(#[doc = $doc])* $variant,)*
        }

        impl Lint {
            /// Every lint, in the order of the table in the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable code, for example `docs_open`.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)*
                }
            }

            /// How much it matters.
            pub const fn severity(self) -> Severity {
                match self {
                    $(Self::$variant => Severity::$severity,)*
                }
            }

            /// Why it matters.
            pub const fn why(self) -> &'static str {
                match self {
                    $(Self::$variant => $why,)*
                }
            }

            /// What to do about it.
            pub const fn remedy(self) -> &'static str {
                match self {
                    $(Self::$variant => $remedy,)*
                }
            }
        }
    };
}

lints! {
    /// A key of a JWK Set verifies nothing here.
    KeyUnused => "key_unused", Warning,
        "tokens signed with the key are refused, although its set is configured",
        "remove the key from the set, or fix what is said about it";
    /// A route that may change something needs no credential.
    PublicMutation => "public_mutation", Warning,
        "anybody on the network may use the route, and its method or kind is made for changes",
        "give the route a permission; if it has to be public, like a login, accept the finding by its code";
    /// A public route takes every path under the root, or under a prefix that all paths have.
    PublicRest => "public_rest", Warning,
        "whatever the origin has there and no other route names is open to anybody, and so is what is added later",
        "name the public routes one by one; let the rest be refused, or give this one a permission";
    /// A page that documents the API is public.
    DocsOpen => "docs_open", Warning,
        "the description of every route and parameter is where an attacker begins",
        "write \"refused\", or a permission that developers have";
    /// Two routes match the same requests and ask for different things, and neither is the more literal one.
    RouteAmbiguous => "route_ambiguous", Warning,
        "an origin that goes by the order of its routes may serve such a request as the other route than the one that was decided about",
        "name what the routes have in common as a route of its own, with what the origin's route for it needs";
    /// Other routes take every request that a route matches.
    RouteShadowed => "route_shadowed", Warning,
        "what the route asks for is never asked for",
        "remove it, or one of the routes that take its requests";
    /// A route asks for what no role can give.
    RouteUnreachable => "route_unreachable", Advice,
        "nobody can use the route, whatever roles they have",
        "grant the permission to a role, compare its spelling, or write \"refused\" if nobody is meant to";
    /// A route of the document does without a binding of the profile's route that it takes the place of.
    BindingDropped => "binding_dropped", Warning,
        "the binding keeps callers apart where the origin does not; without it, each of them gets at what is the others'",
        "leave \"where\" out to keep the profile's, or name the parameter in it; if everybody is meant to, accept the finding by its code";
    /// The routes overlap in too many ways for all of them to be looked at.
    RoutesNotCompared => "routes_not_compared", Advice,
        "there may be ambiguous routes that nothing is said about",
        "begin fewer routes with a parameter where others have a literal";
    /// A credential stands in the document.
    SecretInDocument => "secret_in_document", Warning,
        "whoever reads the document can use the credential: it is copied, kept in repositories and shown in reviews",
        "remove it and have it replaced where it is valid; a secret that is needed here is named with \"env\"";
    /// Decisions are not enforced.
    ReportMode => "report_mode", Warning,
        "requests that the policy refuses reach the origin all the same",
        "remove \"mode\" when the reports show no refusal that is wrong";
    /// Scripts of every site may read refusals.
    CorsAnyOrigin => "cors_any_origin", Warning,
        "any page in a visitor's browser may ask the gate and read its answers",
        "list the origins of the sites that use the API";
    /// A header that claims an identity passes.
    IdentityHeaderKept => "identity_header_kept", Warning,
        "whoever reaches the gate by another way than through what writes the header is whom they please",
        "let nothing but what writes the header reach the gate, and have it remove the header from callers' requests; or leave it out";
    /// Origins are listed, and the origin server decides all the same what others may do.
    CorsNotGoverned => "cors_not_governed", Advice,
        "the list only says whose scripts may read refusals; a server that answers `*` opens everything else to every site",
        "set \"preflight\" to \"answer\", so that the list counts for requests and their responses too";
    /// A route leaves credentials to the origin.
    CredentialsUnverified => "credentials_unverified", Warning,
        "whatever the origin takes for a credential reaches it from anybody, and nothing that the gate verifies or refuses counts there",
        "keep it to routes whose callers only the origin can know, like webhooks; or give the route a permission";
    /// An API key of a caller's own is exchanged for the one key that all callers share.
    OwnKeySwapped => "own_key_swapped", Warning,
        "to the origin the caller is no longer the key's owner but that of the gate's key, with all that is theirs",
        "say what is meant in the record: \"credential\": \"forward\" or \"swap\"";
    /// A key, or the default role, that no key of the origin's own is for.
    OriginKeyUnassigned => "origin_key_unassigned", Warning,
        "every request of such a caller is refused, and a slip in a name of the list looks the same",
        "add an entry that is for the caller, or a last one without subject, tenant and role for everybody else";
    /// A role denies something that no route asks for.
    DenyUnused => "deny_unused", Warning,
        "a slip in a denial denies nothing, and nobody notices",
        "compare the spelling with the permissions of the routes, or remove it";
    /// A role grants something that no route asks for.
    PermissionUnused => "permission_unused", Advice,
        "a slip in a permission keeps callers out who should get in; a leftover waits for a route to fit it",
        "compare the spelling with the permissions of the routes, or remove it";
    /// A role neither grants nor denies anything.
    RoleEmpty => "role_empty", Advice,
        "whoever has the role and no other is refused everywhere but on public routes",
        "give it permissions or a role to inherit from, or remove it";
    /// Nobody can have a role.
    RoleUnheld => "role_unheld", Advice,
        "what the role grants nobody has; a slip in a record or in \"inherits\" looks the same",
        "give the role to an API key, have one that is held inherit it, or remove it";
    /// A wildcard grants something that changes or deletes.
    WildcardWrite => "wildcard_write", Advice,
        "the role gets every such permission of routes that are added later, without anybody deciding it",
        "list the permissions that change something; keep wildcards for reading";
    /// What is meant to extend a role of the profile has a name of its own.
    RoleNotExtended => "role_not_extended", Warning,
        "a slip in the name adds nothing to the role that was meant, and denies it nothing",
        "compare the spelling with the roles of the profile, or give the new role a name that is not so close";
    /// One of several issuers may give any role.
    IssuerRolesUnbounded => "issuer_roles_unbounded", Warning,
        "whoever runs the issuer decides who may do everything here",
        "list under \"roles\" what its tokens may give; for an issuer of your own, all of them";
    /// Two of several issuers may name the same subjects.
    IssuerSubjectsShared => "issuer_subjects_shared", Warning,
        "a token of one issuer can name a user of the other, who is then the same to bindings and to the origin",
        "set \"subject_prefix\", or accept the finding by its code if the issuers have the same users";
    /// Several issuers write the claims that the origin is told of.
    CarriedClaimsShared => "carried_claims_shared", Warning,
        "\"subject_prefix\" tells the callers of issuers apart, and nothing tells their other claims apart: an origin that knows users by their address takes it from either",
        "have the origin go by the subject; if it has to go by the claim, accept the finding by its code once every issuer vouches for what it writes there";
    /// The tokens of an issuer are not checked for whom they are meant.
    AudienceMissing => "audience_missing", Advice,
        "a token that the issuer made for another service opens this one (RFC 8725 section 3.9)",
        "set \"audience\" to what the issuer writes into the `aud` of tokens for this API";
    /// The tokens of an issuer whose keys are fetched are not checked for whom they are meant.
    ProviderAudienceMissing => "provider_audience_missing", Warning,
        "an identity provider signs the tokens of all its clients with the same keys, and a token for any other service opens this one (RFC 8725 section 3.9)",
        "set \"audience\" to what the provider writes into the `aud` of tokens for this API";
    /// Tokens may live longer than a day.
    TokenAgeUnbounded => "token_age_unbounded", Advice,
        "a stolen token is of use until its `exp`, which the issuer may put years ahead",
        "set \"max_age_secs\" to at most 86400; the tokens then need `iat`";
    /// The leeway is as long as it can be.
    LeewayMaximal => "leeway_maximal", Advice,
        "every expired token stays good for that long",
        "synchronise the clocks and allow a few seconds";
    /// Refusals name their reason to the caller.
    ReasonHeader => "reason_header", Advice,
        "the answers tell an attacker which check refused a forged token",
        "remove \"reason_header\" outside development; the log has the reason";
    /// A WebSocket and a GET route of one path ask for different things.
    WebsocketGetDiffer => "websocket_get_differ", Warning,
        "an upgrade has to satisfy both, since an origin may take it for the GET it also is; the weaker of the two has no effect",
        "let both ask for the same, or give the WebSocket a path of its own";
    /// Anybody can have questions asked about what they made up.
    AsksUnlimited => "asks_unlimited", Advice,
        "every guess at a credential costs whoever is asked a call, and the origin itself may take long over one",
        "set \"limits\": {\"failures\": {\"count\": 20, \"window_secs\": 60}} on hosts that know the addresses of clients; limit them in front of the others";
    /// Roles are written that answers take the place of.
    RolesOverridden => "roles_overridden", Warning,
        "what the configuration says about the roles of these callers has no effect",
        "leave it out, or leave \"tokens\" out of \"identity.about\"; to limit which roles answers give, write \"permitted_roles\" there";
    /// The origin is not asked whose an object is, though it is known how.
    ObjectsUnasked => "objects_unasked", Warning,
        "the origin lets every user name some objects of others, and what could tell them apart is not asked for",
        "set \"policy\": {\"objects\": \"origin\"} on a host that asks the origin; on another, accept the finding by its code";
    /// There are more diagnostics than are listed.
    MoreDiagnostics => "more_notices", Advice,
        "the list is cut off so that a large document does not flood a log",
        "fix what is listed and check again";
}
