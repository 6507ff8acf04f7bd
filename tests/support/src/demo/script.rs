//! The script: requests, and what has to become of them. Written out by hand; the gate is not asked.

use Credential::{ApiKey, Bearer, Nothing, TwoBearers};
use Expected::{Allowed, Refused};

/// One request of the script.
#[derive(Debug)]
pub struct Row {
    /// The method.
    pub method: &'static str,
    /// Path and query.
    pub target: &'static str,
    /// Who asks, for whoever reads the table.
    pub caller: &'static str,
    /// What it presents.
    pub credential: Credential,
    /// Further headers.
    pub headers: &'static [(&'static str, &'static str)],
    /// The body.
    pub body: Option<&'static str>,
    /// What has to become of it.
    pub expected: Expected,
}

/// What a request presents.
#[derive(Debug, Clone, Copy)]
pub enum Credential {
    /// No credential.
    Nothing,
    /// `Authorization: Bearer …`.
    Bearer(Pass),
    /// Two `Authorization` lines.
    TwoBearers(Pass, Pass),
    /// `X-API-Key: …`.
    ApiKey,
}

/// The tokens of the script. All name the issuer the gate trusts, and none has the `user_id` AgentFlow asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// Subject `gina`, role `guest`.
    Guest,
    /// Subject `alice`, role `user`.
    User,
    /// Subject `root`, role `admin`.
    Admin,
    /// No token at all.
    Garbage,
    /// The admin's claims under `alg: none`, without a signature.
    Unsigned,
    /// The same with an HMAC, as if `none` named one.
    NoneSigned,
    /// The admin's claims, signed with another secret.
    Forged,
    /// The admin's claims, expired.
    Expired,
    /// The admin's claims, with another `iss`, signed with the right secret.
    OtherIssuer,
}

/// What has to become of a request.
#[derive(Debug)]
pub enum Expected {
    /// 200, from the origin, which saw this.
    Allowed {
        /// Path and query.
        target: &'static str,
        /// `user_id` and role in the token that reached it; `None` if none did.
        identity: Option<(&'static str, &'static str)>,
    },
    /// An answer of the gate; the origin saw nothing.
    Refused {
        /// Status code.
        status: u16,
        /// The reason in the gate's log.
        reason: &'static str,
    },
}

const INVOKE: &str = "/v1/graph/invoke";
const STREAM: &str = "/v1/graph/stream";
const THREADS: &str = "/v1/threads";

const RUN: Option<&str> = Some(
    r#"{"messages":[{"role":"user","content":[{"type":"text","text":"hello"}]}],"config":{"thread_id":"demo"}}"#,
);

const GUEST: Option<(&str, &str)> = Some(("gina", "guest"));
const USER: Option<(&str, &str)> = Some(("alice", "user"));
const ADMIN: Option<(&str, &str)> = Some(("root", "admin"));
/// The owner and role in the API key's record.
const ROBOT: Option<(&str, &str)> = Some(("robot", "user"));

const fn post(target: &'static str, caller: &'static str, credential: Credential, expected: Expected) -> Row {
    Row { method: "POST", target, caller, credential, headers: &[], body: RUN, expected }
}

const fn get(target: &'static str, caller: &'static str, credential: Credential, expected: Expected) -> Row {
    Row { method: "GET", target, caller, credential, headers: &[], body: None, expected }
}

const fn refused(status: u16, reason: &'static str) -> Expected {
    Refused { status, reason }
}

/// The script.
pub const ROWS: &[Row] = &[
    post(INVOKE, "nobody", Nothing, refused(401, "credential_missing")),
    post(INVOKE, "garbage as a token", Bearer(Pass::Garbage), refused(401, "token_malformed")),
    post(INVOKE, "admin, alg: none, unsigned", Bearer(Pass::Unsigned), refused(401, "algorithm_not_allowed")),
    post(INVOKE, "admin, alg: none, signed", Bearer(Pass::NoneSigned), refused(401, "algorithm_not_allowed")),
    post(INVOKE, "admin, wrong secret", Bearer(Pass::Forged), refused(401, "signature_invalid")),
    post(INVOKE, "admin, expired", Bearer(Pass::Expired), refused(401, "token_expired")),
    post(INVOKE, "admin, other issuer", Bearer(Pass::OtherIssuer), refused(401, "issuer_untrusted")),
    post(INVOKE, "guest", Bearer(Pass::Guest), Allowed { target: INVOKE, identity: GUEST }),
    get(THREADS, "guest", Bearer(Pass::Guest), refused(403, "permission_missing")),
    post(STREAM, "user", Bearer(Pass::User), Allowed { target: STREAM, identity: USER }),
    Row {
        method: "DELETE",
        target: "/v1/threads/demo",
        caller: "admin",
        credential: Bearer(Pass::Admin),
        headers: &[],
        body: Some("{}"),
        expected: Allowed { target: "/v1/threads/demo", identity: ADMIN },
    },
    post(INVOKE, "API key", ApiKey, Allowed { target: INVOKE, identity: ROBOT }),
    post(
        INVOKE,
        "guest and admin at once",
        TwoBearers(Pass::Guest, Pass::Admin),
        refused(400, "credential_ambiguous"),
    ),
    get("/v1/%74hreads", "guest", Bearer(Pass::Guest), refused(403, "permission_missing")),
    get("//v1/threads", "user", Bearer(Pass::User), Allowed { target: THREADS, identity: USER }),
    get("/v1/threads/..%2f..%2fdocs", "user", Bearer(Pass::User), refused(400, "path_invalid")),
    Row {
        method: "GET",
        target: THREADS,
        caller: "user, X-Auth-Subject: root",
        credential: Bearer(Pass::User),
        headers: &[("X-Auth-Subject", "root"), ("X_Auth_Subject", "root")],
        body: None,
        expected: Allowed { target: THREADS, identity: USER },
    },
    Row {
        method: "OPTIONS",
        target: THREADS,
        caller: "a browser's preflight",
        credential: Nothing,
        headers: &[
            ("Origin", "https://app.example"),
            ("Access-Control-Request-Method", "GET"),
            ("Access-Control-Request-Headers", "authorization"),
        ],
        body: None,
        expected: Allowed { target: THREADS, identity: None },
    },
    get("/docs", "admin", Bearer(Pass::Admin), refused(403, "route_refused")),
];
