//! Lints: settings that are no error and still deserve a second look.
//!
//! A lint stays silent where it would have to guess. Roles that nobody holds cannot be told from the document, since
//! tokens bring them; and there is no route that another one hides: two of the same shape are an error, and a parameter
//! or the rest of a path always matches something that no literal beside it does.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use super::Findings;
use super::document::{Document, IssuerDocument, RoleDocument};
use crate::gate::Mode;
use crate::json::pointer_to;
use crate::limits::LEEWAY_SECS;
use crate::policy::{Permission, PermissionPattern, Policy};
use crate::profile::{Profile, TokenProfileName};

/// A day, in seconds: the age beyond which a token counts as long-lived.
const DAY_SECS: u64 = 86_400;

/// How much a notice matters.
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
        /// What can be noticed about a configuration that loads.
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
        "remove the key from the set, or mend what is said about it";
    /// A route that may change something needs no credential.
    PublicMutation => "public_mutation", Warning,
        "anybody on the network may use the route, and its method or kind is made for changes",
        "give the route a permission; if it has to be public, like a login, accept the finding by its code";
    /// A page that documents the API is public.
    DocsOpen => "docs_open", Warning,
        "the description of every route and parameter is where an attacker begins",
        "write \"refused\", or a permission that developers have";
    /// Scripts of every site may read refusals.
    CorsAnyOrigin => "cors_any_origin", Warning,
        "any page in a visitor's browser may ask the gate and read its answers",
        "list the origins of the sites that use the API";
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
    /// A wildcard grants something that changes or deletes.
    WildcardWrite => "wildcard_write", Advice,
        "the role gets every such permission of routes that are added later, without anybody deciding it",
        "list the permissions that change something; keep wildcards for reading";
    /// The tokens of an issuer are not checked for whom they are meant.
    AudienceMissing => "audience_missing", Advice,
        "a token that the issuer made for another service opens this one (RFC 8725 section 3.9)",
        "set \"audience\" to what the issuer writes into the `aud` of tokens for this API";
    /// Tokens may live longer than a day.
    TokenAgeUnbounded => "token_age_unbounded", Advice,
        "a stolen token is of use until its `exp`, which the issuer may put years ahead",
        "set \"max_age_secs\" to at most 86400; the tokens then need `iat`";
    /// The leeway is as long as it can be.
    LeewayMaximal => "leeway_maximal", Advice,
        "every expired token stays good for that long",
        "synchronise the clocks and allow a few seconds";
    /// Refusals are only reported.
    ReportMode => "report_mode", Warning,
        "nobody is kept out: every request goes on to the origin, whatever the decision about it",
        "set \"mode\" to \"enforce\" once the log shows no refusal that should not be one";
    /// Refusals name their reason to the caller.
    ReasonHeader => "reason_header", Advice,
        "the answers tell an attacker which check refused a forged token",
        "remove \"reason_header\" outside development; the log has the reason";
    /// There are more notices than are listed.
    MoreNotices => "more_notices", Advice,
        "the list is cut off so that a large document does not flood a log",
        "mend what is listed and check again";
}

/// Looks over a document that has no errors.
pub(super) fn check(document: &Document, profile: &Profile, policy: &Policy, findings: &mut Findings<'_>) {
    for (index, issuer) in document.issuers.iter().enumerate() {
        check_issuer(issuer, profile, &format!("/issuers/{index}"), findings);
    }
    check_routes(document, profile, findings);
    if let Some(roles) = &document.policy.roles {
        let asked = Asked::new(policy);
        for (name, role) in roles {
            check_role(name, role, roles, &asked, findings);
        }
    }
    for (index, origin) in document.cors.allowed_origins.iter().enumerate() {
        if origin == "*" {
            findings.notice(
                Lint::CorsAnyOrigin,
                format!("/cors/allowed_origins/{index}"),
                "scripts of every site may read refusals",
            );
        }
    }
    if document.mode == Mode::Report {
        findings.notice(Lint::ReportMode, "/mode", "refusals are only written down");
    }
    if document.audit.reason_header {
        findings.notice(
            Lint::ReasonHeader,
            "/audit/reason_header",
            "refusals tell the caller their reason in X-Portcullis-Reason",
        );
    }
}

fn check_issuer(issuer: &IssuerDocument, profile: &Profile, pointer: &str, findings: &mut Findings<'_>) {
    // The tokens that R2R and RAG Modulo issue have no `aud` that could be asked for.
    let without = [TokenProfileName::R2r, TokenProfileName::RagModulo];
    if issuer.audience.0.is_empty() && !without.contains(&issuer.token_profile.unwrap_or(profile.token)) {
        findings.notice(
            Lint::AudienceMissing,
            pointer,
            "no \"audience\": its tokens are taken whoever they are meant for",
        );
    }
    match issuer.max_age_secs {
        None => findings.notice(
            Lint::TokenAgeUnbounded,
            pointer,
            "no \"max_age_secs\": its tokens may live longer than a day",
        ),
        Some(secs) if secs > DAY_SECS => findings.notice(
            Lint::TokenAgeUnbounded,
            format!("{pointer}/max_age_secs"),
            format!("its tokens may live for {secs} seconds, which is longer than a day"),
        ),
        Some(_) => {}
    }
    if issuer.leeway_secs >= LEEWAY_SECS {
        findings.notice(
            Lint::LeewayMaximal,
            format!("{pointer}/leeway_secs"),
            format!("the leeway is the longest there can be: {LEEWAY_SECS} seconds"),
        );
    }
}

fn check_routes(document: &Document, profile: &Profile, findings: &mut Findings<'_>) {
    if !profile.docs.is_empty() && document.policy.docs.as_deref() == Some("public") {
        findings.notice(Lint::DocsOpen, "/policy/docs", "anybody may read the documentation of the API");
    }
    for (route, written) in &document.policy.routes {
        let public = written.access == "public";
        let Some((method, path)) = route.split_once(' ').filter(|_| public) else { continue };
        let place = || pointer_to(&["policy", "routes", route]);
        if !["GET", "HEAD", "OPTIONS"].contains(&method) {
            findings.notice(Lint::PublicMutation, place(), format!("public, although it is a {method}"));
        } else if is_documentation(path) {
            findings.notice(Lint::DocsOpen, place(), "anybody may read the documentation of the API");
        }
    }
}

/// Whether `path` is one under which common frameworks describe their API.
fn is_documentation(path: &str) -> bool {
    let last = path.rsplit('/').find(|segment| !segment.is_empty()).unwrap_or_default();
    let names =
        ["docs", "redoc", "redocs", "swagger", "swagger-ui", "openapi.json", "openapi.yaml", "swagger.json"];
    names.iter().any(|name| last.eq_ignore_ascii_case(name))
}

fn check_role(
    name: &str,
    role: &RoleDocument,
    roles: &BTreeMap<String, RoleDocument>,
    asked: &Asked<'_>,
    findings: &mut Findings<'_>,
) {
    let place =
        |member: &str, index: usize| pointer_to(&["policy", "roles", name, member, &index.to_string()]);
    if role.permissions.is_empty() && role.deny.is_empty() && !inherits_rules(role, roles) {
        findings.notice(
            Lint::RoleEmpty,
            pointer_to(&["policy", "roles", name]),
            "the role neither grants nor denies anything",
        );
    }
    for (index, text) in role.permissions.iter().enumerate() {
        if !asked.fits(text) {
            findings.notice(
                Lint::PermissionUnused,
                place("permissions", index),
                format!("no route asks for anything like \"{text}\""),
            );
        }
        if let Some(covered) = asked.changes_under(text) {
            findings.notice(
                Lint::WildcardWrite,
                place("permissions", index),
                format!("\"{text}\" is as much as {covered}"),
            );
        }
    }
    for (index, text) in role.deny.iter().enumerate() {
        if !asked.fits(text) {
            findings.notice(
                Lint::DenyUnused,
                place("deny", index),
                format!("no route asks for anything like \"{text}\""),
            );
        }
    }
}

/// Whether a role has rules of its parents. Roles inherit without circles here.
fn inherits_rules(role: &RoleDocument, roles: &BTreeMap<String, RoleDocument>) -> bool {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut next: Vec<&str> = role.inherits.iter().map(String::as_str).collect();
    while let Some(name) = next.pop() {
        let Some(parent) = roles.get(name).filter(|_| seen.insert(name)) else { continue };
        if !parent.permissions.is_empty() || !parent.deny.is_empty() {
            return true;
        }
        next.extend(parent.inherits.iter().map(String::as_str));
    }
    false
}

/// What the routes ask for, by each of the two halves of a permission.
struct Asked<'p> {
    all: Vec<&'p Permission>,
    whole: BTreeSet<&'p str>,
    resources: BTreeSet<&'p str>,
    actions: BTreeSet<&'p str>,
    /// Those that change something.
    changes: Vec<&'p Permission>,
}

impl<'p> Asked<'p> {
    fn new(policy: &'p Policy) -> Self {
        let all = || policy.routes.permissions().map(|(_, permission)| permission);
        Self {
            all: all().collect(),
            whole: all().map(Permission::as_str).collect(),
            resources: all().map(Permission::resource).collect(),
            actions: all().map(Permission::action).collect(),
            changes: all().filter(|permission| is_change(permission.action())).collect(),
        }
    }

    /// Whether a route asks for something that the pattern `text` stands for. Without routes nobody can say.
    fn fits(&self, text: &str) -> bool {
        self.whole.is_empty()
            || match text.split_once(':') {
                Some(_) if text.contains('{') => PermissionPattern::parse(text)
                    .is_none_or(|pattern| self.all.iter().any(|permission| pattern.matches(permission))),
                None | Some(("*", "*")) => true,
                Some((resource, "*")) => self.resources.contains(resource),
                Some(("*", action)) => self.actions.contains(action),
                Some(_) => self.whole.contains(text),
            }
    }

    /// In words, the permissions to change something that the wildcard `text` stands for.
    fn changes_under(&self, text: &str) -> Option<String> {
        if !text.contains('*') {
            return None;
        }
        let pattern = PermissionPattern::parse(text)?;
        let mut covered = self.changes.iter().filter(|permission| pattern.matches(permission));
        let shown: Vec<&str> = covered.by_ref().take(3).map(|permission| permission.as_str()).collect();
        let more = if covered.next().is_some() { " and more" } else { "" };
        (!shown.is_empty()).then(|| format!("{}{more}", shown.join(", ")))
    }
}

/// Whether an action, by its first word, changes something. Other names may do so as well: nobody can tell.
fn is_change(action: &str) -> bool {
    let word = action.split(['.', '-', '_']).next().unwrap_or_default();
    let words = [
        "add", "create", "delete", "destroy", "drop", "edit", "forget", "manage", "modify", "patch", "post",
        "purge", "put", "remove", "reset", "update", "upload", "write",
    ];
    words.iter().any(|change| word.eq_ignore_ascii_case(change))
}
