//! Every ceiling of the core, with its unit and the reason for it.
//!
//! A limit is there so that the cost of one request is bounded before any of its bytes are
//! interpreted. Input over a limit is refused, never truncated.

/// Longest accepted token, in bytes. Cloudflare allows 128 KB of request headers in all and Envoy
/// 60 KiB; real access tokens stay under 4 KiB. `limits.token_bytes` can lower or raise it.
pub const TOKEN_BYTES: usize = 16 * 1024;

/// The highest value `limits.token_bytes` may be given, in bytes.
pub const TOKEN_BYTES_MAX: usize = 64 * 1024;

/// Longest JOSE header segment, in base64url characters. A header carries a handful of short members.
pub const JOSE_HEADER_CHARS: usize = 8 * 1024;

/// Longest `kid`, in bytes. It is attacker-controlled and only ever compared.
pub const KEY_ID_BYTES: usize = 256;

/// Deepest nesting of arrays and objects in any JSON document of a request.
pub const JSON_DEPTH: usize = 16;

/// Most members and elements, summed over all levels, in a JSON document of a request.
pub const JSON_NODES: usize = 1024;

/// Longest configuration document, in bytes.
pub const CONFIG_BYTES: usize = 4 * 1024 * 1024;

/// Most errors, and most notices, that are told about one configuration: each repeats the pointer to its place, and a
/// document of hostile size must not multiply.
pub const CONFIG_FINDINGS: usize = 100;

/// Deepest nesting in a configuration document.
pub const CONFIG_DEPTH: usize = 32;

/// Most members and elements in a configuration document: 10,000 routes and 1,000 roles fit.
pub const CONFIG_NODES: usize = 200_000;

/// Most routes that a document writes: twice what a large API of several services has. What is worked out for every role
/// and every permission of a route stays small beside the document.
pub const POLICY_ROUTES: usize = 20_000;

/// Most roles that a document writes, for the same reason.
pub const POLICY_ROLES: usize = 4_000;

/// Most path segments of all routes that a document writes, summed: ten for each route. Each may take a place of its own
/// in the trie.
pub const POLICY_SEGMENTS: usize = 200_000;

/// Longest route (method and template), in bytes. Even if all of it had to be percent-encoded, a request target could be
/// as long.
pub const ROUTE_BYTES: usize = 4 * 1024;

/// Longest permission of a role, in bytes; a set `{a,b}` can be split in two.
pub const PERMISSION_BYTES: usize = 4 * 1024;

/// Most steps of the search for ambiguous routes. 10,000 ordinary routes take a tenth of it, and all of it is a matter of
/// milliseconds.
pub const ROUTE_PAIRS: usize = 250_000;

/// Longest request target (path and query), in bytes: Cloudflare's own limit for a URL is 16 KB.
pub const TARGET_BYTES: usize = 16 * 1024;

/// Longest body of a request whose route has bindings on it, in bytes: it is held in memory until the decision is made.
/// `body_bytes` of a route can lower or raise it.
pub const BODY_BYTES: usize = 64 * 1024;

/// The highest value `body_bytes` of a route may be given, in bytes: a fifth of the memory of a Worker, which holds the body
/// twice while it is compared.
pub const BODY_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Deepest nesting in such a body.
pub const BODY_DEPTH: usize = 32;

/// Most members and elements in such a body: as many as fit into [`BODY_BYTES`] of the shortest ones.
pub const BODY_NODES: usize = 32 * 1024;

/// Most path segments of a request or a route template.
pub const PATH_SEGMENTS: usize = 64;

/// Most header pairs of one request. Envoy refuses more than 100 by default; this bounds hosts that do not.
pub const HEADER_PAIRS: usize = 1024;

/// Longest API key, in bytes.
pub const API_KEY_BYTES: usize = 512;

/// Fewest characters of a key that the origin issued. The origins' own have 40 and more; what is shorter is something else,
/// or can be guessed.
pub const ORIGIN_KEY_CHARS_MIN: usize = 32;

/// Most keys of the origin's own. They are looked through for each request.
pub const ORIGIN_KEYS: usize = 1024;

/// Longest environment label, and longest public identifier, inside an API key, in characters.
pub const API_KEY_LABEL_CHARS: usize = 64;

/// Longest resource, and longest action, of a permission, in bytes.
pub const PERMISSION_NAME_BYTES: usize = 128;

/// Longest lifetime of a token minted for the origin, in seconds.
pub const MINTED_TTL_SECS: u64 = 3600;

/// Longest lifetime of such a token on a WebSocket, which the origin may check again before every run, in seconds.
pub const MINTED_WEBSOCKET_TTL_SECS: u64 = 86_400;

/// Longest subject, tenant, role or scope taken from a token, in bytes.
pub const CLAIM_BYTES: usize = 512;

/// Longest name of a claim that is given to the origin, in bytes.
pub const CLAIM_NAME_BYTES: usize = 128;

/// Longest prefix of the subjects of an issuer, in bytes.
pub const SUBJECT_PREFIX_BYTES: usize = 64;

/// Most roles, or scopes, that one principal may carry.
pub const CLAIM_LIST: usize = 256;

/// Most claims of one caller that the origin is told of as they are.
pub const CARRIED_CLAIMS: usize = 16;

/// All of them together, as JSON, in bytes. Servers give all headers of a request 8 KiB or more, and a byte that is
/// percent-encoded is three.
pub const CARRIED_BYTES: usize = 2 * 1024;

/// Largest configurable leeway between two clocks, in seconds (RFC 7519 section 4.1.4: "no more than a few minutes").
pub const LEEWAY_SECS: u64 = 60;

/// Latest instant a NumericDate may name, in seconds: 9999-12-31T23:59:59Z.
pub const NUMERIC_DATE_MAX: u64 = 253_402_300_799;

/// Longest time for which a browser is told to remember the answer to a preflight, in seconds: no browser keeps it longer.
pub const PREFLIGHT_SECS: u64 = 86_400;

/// Earliest time that a clock can show, in seconds: 2020-01-01T00:00:00Z, before any gate was built. A host whose clock
/// cannot be read says 0, when no token has expired yet.
pub const CLOCK_SECS_MIN: u64 = 1_577_836_800;

/// Secrets tried for one token that names no `kid`. Of public keys one is, and in a rotation the old one besides.
pub const KEYS_TRIED: usize = 4;

/// Deepest chain of role inheritance.
pub const ROLE_DEPTH: usize = 64;

/// Shortest pepper for API-key hashes, in bytes: the output length of SHA-256 (RFC 2104 section 3).
pub const PEPPER_BYTES: usize = 32;

/// Smallest RSA modulus, in bits (RFC 7518 section 3.3).
pub const RSA_BITS_MIN: usize = 2048;

/// Largest RSA modulus, in bits: a verification costs about 16 times that of the smallest.
pub const RSA_BITS_MAX: usize = 8192;

/// Smallest RSA public exponent. Smaller ones turn flaws elsewhere into forgeries.
pub const RSA_EXPONENT_MIN: u64 = 65_537;

/// Largest RSA public exponent: the cost of a verification grows with its length.
pub const RSA_EXPONENT_MAX: u64 = (1 << 33) - 1;

/// Longest JWK Set, in bytes.
pub const JWK_SET_BYTES: usize = 64 * 1024;

/// Most keys of one JWK Set.
pub const JWK_SET_KEYS: usize = 32;

/// Longest answer to a call of the gate's own (keys, metadata, who a caller is), in bytes.
pub const REPLY_BYTES: usize = 64 * 1024;

/// Longest entry of a cache that instances share, in characters: the longest such answer with what is said about it (11 bytes),
/// salt and tag (16 bytes each), in base64url.
pub const SHARED_BYTES: usize = (REPLY_BYTES + 11 + 16 + 16).div_ceil(3) * 4;
/// Most members and elements in such an answer.
pub const REPLY_NODES: usize = 4096;

/// For how long the answer to a fetch is waited for, in seconds.
pub const FETCH_SECS: u64 = 5;

/// For how long the answer to a question about a caller is waited for, in seconds.
pub const ASK_SECS: u64 = 2;

/// After how many seconds a fetch counts as lost: metadata and keys, each within [`FETCH_SECS`], and the host's own time.
pub const FLIGHT_SECS: u64 = 12;

/// For how long nobody else asks what is being asked, in seconds: a second longer than the answer is waited for.
pub const ASK_TURN_SECS: u64 = ASK_SECS + 1;

/// For how long a yes about a caller is remembered, in seconds, if nothing else is configured.
pub const YES_SECS: u64 = 30;

/// The longest time for which a yes can be remembered, in seconds: so long a promotion or a logout may take to be seen.
pub const YES_SECS_MAX: u64 = 60;

/// For how long a no about a caller is remembered, in seconds, if nothing else is configured.
pub const NO_SECS: u64 = 5;

/// The longest time for which a no can be remembered, in seconds.
pub const NO_SECS_MAX: u64 = 10;

/// For how long it is remembered that a question failed, in seconds: so that a crowd with one credential, or one object, does
/// not ask a server that is down one after the other. No longer than callers are told to wait.
pub const FAILED_SECS: u64 = RETRY_SECS;

/// After how many seconds callers are told to try again, where nothing better is known.
pub const RETRY_SECS: u64 = 1;

/// Most objects of one request that the origin is asked for.
pub const OBJECTS_ASKED: usize = 8;

/// How many verified tokens, and how many answers, a gate remembers if nothing else is configured: a few MiB at most.
pub const MEMORY_ENTRIES: usize = 1024;

/// The most of each that can be configured.
pub const MEMORY_ENTRIES_MAX: usize = 65_536;

/// Longest token that is remembered, in bytes: so that entries times this bounds the memory.
pub const MEMORY_TOKEN_BYTES: usize = 4096;

/// For how long it is remembered that the host's store has no revocation of a credential, in seconds: so long one may take
/// to be seen, on top of what the store itself takes.
pub const UNREVOKED_SECS: u64 = 10;

/// For how long it is remembered that it has one, in seconds.
pub const REVOKED_SECS: u64 = 60;

/// Longest value of a revocation in a store that is read, in bytes.
pub const REVOCATION_BYTES: usize = 4096;

/// By how much the clock of an origin may be ahead that signs sessions, in seconds.
pub const SESSION_LEEWAY_SECS: u64 = 60;

/// For how long a session counts, in seconds, unless that is configured: as RAGFlow's servers written in Go have it.
pub const SESSION_AGE_SECS: u64 = 86_400;

/// The longest such time that can be configured, in seconds.
pub const SESSION_AGE_SECS_MAX: u64 = 365 * 86_400;

/// Fewest characters of what may be a session where no scheme stands before it.
pub const SESSION_CHARS_MIN: usize = 32;

/// How many clients' failures are counted.
pub const MEMORY_CLIENTS: usize = 8192;

/// For how long fetched keys are fresh that do not say it, in seconds.
pub const FRESH_SECS: u64 = 600;

/// The least time for which fetched keys are fresh, whatever they say, in seconds.
pub const FRESH_SECS_MIN: u64 = 300;

/// The longest time for which fetched keys are fresh, whatever they say, in seconds.
pub const FRESH_SECS_MAX: u64 = 86_400;

/// For how long keys that could not be fetched again are used after they were fresh, in seconds.
pub const STALE_SECS: u64 = 86_400;

/// The longest such time that can be configured, in seconds.
pub const STALE_SECS_MAX: u64 = 7 * 86_400;

/// Longest bundle, in bytes: no answer to a call may be longer.
pub const BUNDLE_BYTES: usize = REPLY_BYTES;

/// For how long a bundle is fresh that does not say it, in seconds: so long it may take until something that was taken back is
/// refused.
pub const BUNDLE_FRESH_SECS: u64 = 60;

/// The least time for which a bundle is fresh, whatever `Cache-Control` says, in seconds.
pub const BUNDLE_FRESH_SECS_MIN: u64 = 30;

/// The longest time for which a bundle is fresh, whatever `Cache-Control` says, in seconds.
pub const BUNDLE_FRESH_SECS_MAX: u64 = 3600;

/// The shortest time between two fetches that tokens with an unknown `kid` bring about, in seconds.
pub const REFETCH_SECS: u64 = 30;

/// The longest time between two tries where a source fails, in seconds.
pub const BACKOFF_SECS_MAX: u64 = 300;

/// For how long nobody else asks the host's store what it is being asked, in seconds: no longer than a decision waits, so that
/// one of those that wait for an answer which got lost still asks.
pub const LOOKUP_TURN_SECS: u64 = 2;

/// For how long all decisions with one API key go by what the host's store said of it, in seconds.
pub const RECORD_SECS: u64 = 1;

/// By how much a clock goes back before it counts as set back, in seconds: threads of one host differ by less.
pub const CLOCK_STEP_SECS: u64 = 2;

/// How often a decision looks whether another has found out what it waits for; a host looks every
/// [`WAIT_MILLIS`].
pub const WAIT_TRIES: u8 = 40;

/// Between two such looks, in milliseconds.
pub const WAIT_MILLIS: u64 = 50;

/// Most characters of a text that a stranger wrote in a log line.
pub const LOG_TEXT_CHARS: usize = 128;

/// Longest path segment in a log line, in bytes: identifiers are shorter, and tokens and API keys longer.
pub const LOG_SEGMENT_BYTES: usize = 40;

/// Most elements of a list in a log line.
pub const LOG_LIST: usize = 8;
