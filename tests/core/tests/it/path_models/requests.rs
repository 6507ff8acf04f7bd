//! Requests near the routes of an origin: a real path, disfigured in the ways that fool routers.

use proptest::prelude::*;

use super::table::Row;

/// What can be done to a path, with a place and a choice.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mutation {
    kind: usize,
    place: prop::sample::Index,
    choice: prop::sample::Index,
    coin: bool,
}

/// A route, values for its parameters, and what is done to the path then.
#[derive(Debug, Clone)]
pub(crate) struct Recipe {
    route: prop::sample::Index,
    /// From `VALUES`, or else a word out of some route.
    values: Vec<(bool, prop::sample::Index)>,
    method: Option<prop::sample::Index>,
    mutations: Vec<Mutation>,
}

pub(crate) fn recipes() -> impl Strategy<Value = Recipe> {
    let index = any::<prop::sample::Index>;
    let mutation = (0..KINDS.len(), index(), index(), any::<bool>())
        .prop_map(|(kind, place, choice, coin)| Mutation { kind, place, choice, coin });
    let method = prop_oneof![5 => Just(None), 1 => index().prop_map(Some)];
    (
        index(),
        prop::collection::vec((any::<bool>(), index()), 4),
        method,
        prop::collection::vec(mutation, 0..4),
    )
        .prop_map(|(route, values, method, mutations)| Recipe { route, values, method, mutations })
}

const METHODS: &[&str] =
    &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "WEBSOCKET", "TRACE", "get"];

const VALUES: &[&str] = &[
    "x1",
    "a:b",
    "a.b",
    "a;b",
    "a+b",
    "%20",
    "caf%C3%A9",
    "%E2%80%AE",
    "100%25",
    "~",
    "{id}",
    "*",
    "%3Fq",
    "%23",
    ".",
    "..",
    "...",
    "%2e%2e",
    ".%2E",
    "children",
    "tree",
    "a/b",
    "a//b",
    "spiffe://td/ns",
    "",
];

impl Recipe {
    /// Method and target.
    pub(crate) fn request(&self, rows: &[Row]) -> (String, Vec<u8>) {
        let row = self.route.get(rows);
        let method = self.method.map_or(row.method.as_str(), |method| *method.get(METHODS)).to_owned();
        let mut target = self.fill(rows, row).into_bytes();
        for mutation in &self.mutations {
            KINDS[mutation.kind](&mut target, mutation, rows);
        }
        (method, target)
    }

    /// The template with its parameters replaced: by a value, or by a word out of some route.
    fn fill(&self, rows: &[Row], row: &Row) -> String {
        let mut path = row.template.clone();
        for (listed, value) in &self.values {
            let Some((before, parameter)) = path.split_once('{') else { break };
            let (_, after) = parameter.split_once('}').unwrap();
            let words: Vec<_> =
                value.get(rows).template.split('/').filter(|word| !word.contains('{')).collect();
            let value = if *listed { value.get(VALUES) } else { value.get(&words) };
            // A value with a brace would be taken for a parameter again.
            path = format!("{before}{}{after}", value.replace('{', "\u{1}"));
        }
        path.replace('\u{1}', "{")
    }
}

type Kind = fn(&mut Vec<u8>, &Mutation, &[Row]);

const KINDS: &[Kind] = &[
    // One byte in another spelling: once, in lower case, twice, three times.
    |target, at, _| respell(target, at, &["%", "%", "%", "%", "%25", "%2525"]),
    |target, at, _| respell(target, at, &["%"]),
    // At a slash.
    |target, at, _| {
        splice_slash(
            target,
            at,
            &["//", "///", "/./", "/%2e/", "//./", "/;/", "/.;/", "/.../", "/{}/", "/:/"],
        )
    },
    |target, at, _| {
        splice_slash(
            target,
            at,
            &["/x/../", "/%2e%2e/", "/../", "/a/.%2E/", "/a/b/../../", "/..;/", "/x/..;a=b/"],
        )
    },
    |target, at, _| {
        splice_slash(target, at, &["%2f", "%2F", "\\", "%5c", "%5C", "%252f", "%c0%af", "%e0%80%af", ""])
    },
    // At the end.
    |target, at, _| {
        let ends = [
            "/",
            "/",
            "/",
            "//",
            "/.",
            "/..",
            "/x/..",
            ".",
            "%20",
            "%0a",
            "%00",
            ";",
            "/;",
            "?",
            "#",
            "%2f",
            ":",
            "/children",
        ];
        target.extend(at.choice.get(&ends).bytes());
    },
    |target, at, _| {
        let ends =
            ["?x=/../y", "?token=a&b=%2F", "#frag", "%3fa=b", "%23a", ";a=b", "?/../../ping", "#/../x", "??"];
        target.extend(at.choice.get(&ends).bytes());
    },
    // At the front.
    |target, at, _| {
        let starts =
            ["/", "//", "/.", "/./", "/../", "/x/..", "http://o", "//o/", "%2f", "*", "?", "/%2e", "\\", ""];
        target.splice(0..0, at.choice.get(&starts).bytes());
    },
    // Anywhere.
    |target, at, _| {
        let texts = [
            "%00",
            "%0d%0a",
            "%7f",
            "%09",
            "%",
            "%4",
            "%zz",
            "%u0074",
            "%ff",
            "%c1%9c",
            "%C3%A9",
            "\u{e9}",
            "\0",
            "\t",
            " ",
            "{",
            "}",
            "{id}",
            ":",
            "%3A",
            "%3a",
            "*",
            "@",
            "+",
            "%2B",
            ";x=1",
            ".",
            "..",
            "?",
            "#",
            "%EF%BC%8F",
            "\u{ff0f}",
        ];
        let place = at.place.index(target.len() + 1);
        target.splice(place..place, at.choice.get(&texts).bytes());
    },
    |target, at, _| {
        if let Some(place) = place(target, at) {
            target[place] ^= if target[place].is_ascii_alphabetic() { 0x20 } else { 0 };
        }
    },
    |target, at, _| {
        if let Some(place) = place(target, at) {
            target.remove(place);
        }
    },
    // Segments: dropped, doubled, taken from another route.
    |target, at, _| segments(target, |segments| drop(segments.remove(at.place.index(segments.len())))),
    |target, at, _| {
        segments(target, |segments| {
            let segment = at.choice.get(segments).clone();
            segments.insert(at.place.index(segments.len()), segment);
        });
    },
    |target, at, rows| {
        segments(target, |segments| {
            let other = &at.choice.get(rows).template;
            segments.truncate(at.place.index(segments.len()) + 1);
            segments.extend(other.split('/').skip(segments.len()).map(|segment| segment.as_bytes().to_vec()));
        });
    },
    // Too much of it, or nearly.
    |target, at, _| {
        let (text, times) = *at.choice.get(&[
            ("/a", 61),
            ("/a", 70),
            ("a", 16_300),
            ("a", 20_000),
            ("/", 900),
            ("%61", 6000),
        ]);
        let place = at.place.index(target.len() + 1);
        target.splice(place..place, text.repeat(times).bytes());
    },
];

fn place(target: &[u8], at: &Mutation) -> Option<usize> {
    (!target.is_empty()).then(|| at.place.index(target.len()))
}

fn respell(target: &mut Vec<u8>, at: &Mutation, marks: &[&str]) {
    let Some(place) = place(target, at) else { return };
    let (byte, mark) = (target[place], at.choice.get(marks));
    let escape = if at.coin { format!("{mark}{byte:02x}") } else { format!("{mark}{byte:02X}") };
    target.splice(place..=place, escape.into_bytes());
}

fn splice_slash(target: &mut Vec<u8>, at: &Mutation, texts: &[&str]) {
    let slashes: Vec<_> = (0..target.len()).filter(|place| target[*place] == b'/').collect();
    if !slashes.is_empty() {
        let place = *at.place.get(&slashes);
        target.splice(place..=place, at.choice.get(texts).bytes());
    }
}

fn segments(target: &mut Vec<u8>, change: impl FnOnce(&mut Vec<Vec<u8>>)) {
    let mut segments: Vec<_> = target.split(|byte| *byte == b'/').map(<[u8]>::to_vec).collect();
    change(&mut segments);
    *target = segments.join(&b'/');
}
