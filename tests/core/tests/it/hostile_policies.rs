//! Policies made to be expensive: each loads or ends in errors with place and remedy, and what it allocates stays in
//! proportion to its length.
//!
//! Allocations are counted, not time: the count is the same on every machine, and work that multiplies shows in it.

use core::fmt::Write as _;

use portcullis::Gate;
use portcullis::limits::{POLICY_ROLES, POLICY_ROUTES, ROLE_DEPTH};
use portcullis_tests::Env;

/// Allocations for each byte of a document, and bytes allocated at any one time for each of them.
const COUNT_PER_OCTET: u64 = 2;
const OCTETS_PER_OCTET: u64 = 64;
/// What any document may take.
const BASE: u64 = 1 << 20;

/// A policy that loads.
#[derive(Debug)]
struct Loaded {
    gate: Gate,
    /// How many lints a tool tells about.
    lints: usize,
}

impl Loaded {
    fn routes(&self) -> usize {
        self.gate.parts().policy.routes.iter().count()
    }

    fn roles(&self) -> usize {
        self.gate.parts().policy.roles.names().count()
    }
}

/// Loads a document of the profile `generic` with this policy. Errors come as `line:column pointer: message`.
fn load(policy: &str) -> Result<Loaded, Vec<String>> {
    let document = format!(
        "{{\"profile\": \"generic\",\n\"issuers\": [{{\"keys\": [{{\"alg\": \"HS256\", \"secret\": {{\"env\": \"JWT_SECRET_KEY\"}}}}]}}],\n\"policy\": {policy}}}"
    );
    let mut loaded = None;
    let taken = allocation_counter::measure(|| {
        let compiled = portcullis_config::compile(document.as_bytes(), &Env::standard());
        loaded = Some(compiled.map(|configuration| {
            let lints = portcullis_analysis::lints(&configuration).len();
            Loaded { gate: configuration.gate, lints }
        }));
    });
    let length = u64::try_from(document.len()).unwrap();
    let shown = policy.chars().take(80).collect::<String>();
    assert!(taken.count_total <= COUNT_PER_OCTET * length + BASE, "{shown}: {taken:?} for {length} bytes");
    assert!(taken.bytes_max <= OCTETS_PER_OCTET * length + BASE, "{shown}: {taken:?} for {length} bytes");
    loaded.unwrap().map_err(|errors| {
        errors
            .iter()
            .map(|error| {
                let text = error.to_string();
                assert!(text.len() < 20_000, "{} bytes in an error", text.len());
                format!("{} {text}", error.position(document.as_bytes()))
            })
            .collect()
    })
}

fn errors(policy: &str) -> Vec<String> {
    load(policy).expect_err("it loads")
}

/// A JSON object with these members.
fn object(members: impl IntoIterator<Item = (String, String)>) -> String {
    let mut text = String::from("{");
    for (index, (name, value)) in members.into_iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        write!(text, "{comma}\n\"{name}\": {value}").unwrap();
    }
    text.push('}');
    text
}

fn roles(members: impl IntoIterator<Item = (String, String)>) -> String {
    object([("roles".to_owned(), object(members))])
}

fn routes(names: impl IntoIterator<Item = String>) -> String {
    object([("routes".to_owned(), object(names.into_iter().map(|name| (name, "\"doc:read\"".to_owned()))))])
}

fn names(count: usize) -> String {
    (0..count).map(|index| format!("n{index}")).collect::<Vec<_>>().join(",")
}

#[test]
fn a_megabyte_of_nested_wildcards() {
    let remedy = "split the set in several";
    for pattern in [
        "{a,{b,*}".repeat(1 << 17),
        format!("{}{}", "{a,".repeat(1 << 18), "}".repeat(1 << 18)),
        "*:".repeat(1 << 19),
        "*".repeat(1 << 20),
        format!("doc:{{{}*{}}}", "{".repeat(1 << 19), "}".repeat(1 << 19)),
        format!("doc:{{{}}}", names(150_000)),
    ] {
        let found = errors(&roles([("a".to_owned(), format!("{{\"permissions\": [\"{pattern}\"]}}"))]));
        let expected = format!("5:23 /policy/roles/a/permissions/0: longer than 4096 bytes; {remedy}");
        assert_eq!(found, [expected]);
    }
    // Short enough, and many.
    let pattern = "\"{a,{b,*}}:{c,{*,d}}\"";
    let list = vec![pattern; 50_000].join(",");
    let found = errors(&roles([("a".to_owned(), format!("{{\"deny\": [{list}]}}"))]));
    assert_eq!(found.len(), 101);
    assert_eq!(
        found[0],
        "5:16 /policy/roles/a/deny/0: not a permission; write \"resource:action\", with \"*\" for any or \"{a,b}\" for some"
    );
    assert!(found[100].ends_with("there are 49900 more errors; fix these first"), "{}", found[100]);
}

#[test]
fn sets_that_multiply() {
    // Each pattern stands for ninety thousand permissions, of which the routes ask for some of 2,000.
    let set = names(300);
    let asked = (0..2_000).map(|index| {
        let permission = format!("\"n{}:n{}\"", index % 450, index / 4);
        (format!("GET /{index}"), permission)
    });
    let granted = (0..1_000)
        .map(|index| (format!("role{index}"), format!("{{\"permissions\": [\"{{{set}}}:{{{set}}}\"]}}")));
    let policy = object([("routes".to_owned(), object(asked)), ("roles".to_owned(), object(granted))]);
    let gate = load(&policy).unwrap_or_else(|errors| panic!("{}", errors.join("\n")));
    assert_eq!((gate.routes(), gate.roles()), (2_000, 1_000));
}

#[test]
fn a_thousand_roles_with_all_that_fits() {
    let list = (0..90).map(|index| format!("\"n{index}:{{{}}}\"", names(4))).collect::<Vec<_>>().join(",");
    let gate = load(&roles((0..1_000).map(|index| {
        (format!("role{index}"), format!("{{\"permissions\": [{list}], \"deny\": [\"*:n1\", \"*\"]}}"))
    })));
    assert_eq!(gate.unwrap().roles(), 1_000);
    let found = errors(&roles((0..=POLICY_ROLES).map(|index| (format!("r{index}"), "{}".to_owned()))));
    assert_eq!(
        found,
        ["4:10 /policy/roles: more than 4000 roles; tell callers apart by claims, with \"where\" at a route"]
    );
}

/// `layers` of `width` roles, where each inherits from every role of the layer below.
fn diamonds(layers: usize, width: usize) -> String {
    roles((0..layers * width).map(|index| {
        let (layer, below) = (index / width, index / width + 1);
        let parents =
            (0..if below < layers { width } else { 0 }).map(|place| format!("\"r{below}-{place}\""));
        let parents = parents.collect::<Vec<_>>().join(",");
        (format!("r{layer}-{}", index % width), format!("{{\"inherits\": [{parents}], \"deny\": [\"a:b\"]}}"))
    }))
}

#[test]
fn inheritance_deep_and_wide() {
    let gate = load(&diamonds(ROLE_DEPTH, 30)).unwrap_or_else(|errors| panic!("{}", errors.join("\n")));
    assert_eq!(gate.roles(), ROLE_DEPTH * 30);
    let found = errors(&diamonds(ROLE_DEPTH + 1, 30));
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("/inherits: the chain of inheritance is longer than 64 roles; "), "{found:?}");
    // The same parent again and again.
    let parents = vec!["\"b\""; 150_000].join(",");
    let gate = load(&roles([
        ("a".to_owned(), format!("{{\"inherits\": [{parents}]}}")),
        ("b".to_owned(), "{}".to_owned()),
    ]));
    assert_eq!(gate.unwrap().roles(), 2);
    // A circle of all.
    let circle = (0..POLICY_ROLES).map(|index| {
        (format!("r{index}"), format!("{{\"inherits\": [\"r{}\"]}}", (index + 1) % POLICY_ROLES))
    });
    let found = errors(&roles(circle));
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("/policy/roles/r0/inherits: "), "{found:?}");
}

#[test]
fn parents_that_do_not_exist() {
    // Each has a thousand names that it could be a slip of.
    let name = |index: usize| format!("{}{index:04}", "r".repeat(56));
    let parents = (0..20_000).map(|index| format!("\"{}\"", name(5_000 + index % 4_000)));
    let parents = parents.collect::<Vec<_>>().join(",");
    let known = (0..3_000).map(|index| (name(index), "{}".to_owned()));
    let policy = roles(known.chain([("a".to_owned(), format!("{{\"inherits\": [{parents}]}}"))]));
    let found = errors(&policy);
    assert_eq!(found.len(), 101);
    // Three thousand roles before it, each on a line.
    assert!(found[0].starts_with("3005:20 /policy/roles/a/inherits/0: no role \"rrr"), "{}", found[0]);
    assert!(found[0].contains("did you mean"), "{}", found[0]);
}

#[test]
fn routes_deep_and_many() {
    let deep = |index: usize, last: usize| -> String {
        let segments: String = (0..last).map(|place| format!("/{{p{place}}}")).collect();
        format!("GET /{index}{segments}")
    };
    // As many segments in all as there may be, and more.
    let gate = load(&routes((0..3_125).map(|index| deep(index, 63)))).unwrap();
    assert_eq!(gate.routes(), 3_125);
    for (count, depth) in [(3_126, 63), (POLICY_ROUTES, 24)] {
        let mut found = errors(&routes((0..count).map(|index| deep(index, depth))));
        assert_eq!(
            found.remove(0),
            "4:11 /policy/routes: the routes have more than 200000 path segments in all; end some in \"{name:path}\""
        );
        assert_eq!(found, [""; 0]);
    }
    let found = errors(&routes([deep(0, 64)]));
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("5:"), "{found:?}");
    assert!(found[0].ends_with(": the path has too many segments"), "{found:?}");
    let long = errors(&routes([format!("GET /{}", "a/".repeat(1 << 19))]));
    assert_eq!(
        long,
        [
            "4:11 /policy/routes: a route is longer than 4096 bytes; shorten it",
            "4:11 /policy/routes: the routes have more than 200000 path segments in all; end some in \"{name:path}\""
        ]
    );
    let gate =
        load(&routes((0..POLICY_ROUTES).map(|index| format!("GET /r{}/{{id}}/p{index}", index % 100))));
    assert_eq!(gate.unwrap().routes(), POLICY_ROUTES);
}

#[test]
fn templates_with_braces_that_stay_open() {
    let found = errors(&routes((0..POLICY_ROUTES).map(|index| format!("GET /{index}/{{id/{{{{x"))));
    assert_eq!(found.len(), 101);
    assert_eq!(
        found[0],
        "5:19 /policy/routes/GET ~10~1{id~1{{x: a parameter is a whole segment: `{name}`, or `{name:path}` for the rest of the path"
    );
    let braces = errors(&routes([format!("GET /{}", "{".repeat(4_000))]));
    assert_eq!(braces.len(), 1);
    assert!(braces[0].starts_with("5:4010 /policy/routes/GET ~1{{{"), "{}", braces[0]);
}

#[test]
fn routes_that_are_the_same() {
    let same = |count: usize| routes((0..count).map(|index| format!("GET /a/{{x{index}}}")));
    assert_eq!(
        errors(&same(100_000)),
        ["4:11 /policy/routes: more than 20000 routes; let parameters stand for what routes differ in"]
    );
    let found = errors(&same(POLICY_ROUTES));
    assert_eq!(found.len(), 101);
    assert_eq!(
        found[0],
        "10005:20 /policy/routes/GET ~1a~1{x10000}: \"GET /a/{x0}\" matches the same requests; keep one of the two"
    );
}

/// Every route beside every other one, and all of them ambiguous.
#[test]
fn routes_that_overlap() {
    let combination = |bits: usize| -> String {
        let segment = |place: usize| match bits >> place & 1 {
            0 => format!("/{}", "a".repeat(100)),
            _ => format!("/{{p{place}}}"),
        };
        (0..12).map(segment).collect()
    };
    let members = (0..1 << 12).map(|bits| (format!("GET {}", combination(bits)), format!("\"doc:a{bits}\"")));
    let gate = load(&object([("routes".to_owned(), object(members))])).unwrap();
    assert_eq!(gate.lints, 101);
    // Many methods at one place: methods that nobody sends are refused, so that there cannot be thousands.
    let methods = ["ACL", "BIND", "COPY", "GET", "HEAD", "LINK", "LOCK", "MERGE", "MKCOL", "MOVE", "PATCH"];
    let methods =
        methods.into_iter().chain(["POST", "PROPFIND", "PUT", "QUERY", "REPORT", "SEARCH", "TRACE"]);
    let gate = load(&routes(methods.flat_map(|method| {
        (0..100).flat_map(move |n| {
            [
                format!("{method} /{n}/a/{{x}}"),
                format!("{method} /{n}/{{y}}/b"),
                format!("{method} /{n}/c/{{r:path}}"),
            ]
        })
    })));
    assert_eq!(gate.unwrap().lints, 101);
}
