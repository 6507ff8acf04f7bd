//! Every route is found by some request, unless a notice says that it is not.

use std::collections::{BTreeMap, BTreeSet};

use portcullis::Gate;
use portcullis_config::{Configuration, Lint, compile};
use portcullis_tests::Env;
use proptest::prelude::*;
use serde_json::json;

const METHODS: [&str; 2] = ["GET", "PUT"];

/// A template of up to four segments, by a small alphabet: most sets have routes that match the same requests.
fn template() -> impl Strategy<Value = String> {
    let inner = prop::collection::vec(prop::sample::select(&["a", "{}", "{}"][..]), 0..4);
    let last = prop::sample::select(&["a", "", "{}", "{:path}"][..]);
    (prop::sample::select(&METHODS[..]), inner, last).prop_map(|(method, mut segments, last)| {
        segments.push(last);
        let named = segments.iter().enumerate().map(|(place, segment)| match *segment {
            "{}" => format!("/{{p{place}}}"),
            "{:path}" => "/{rest:path}".to_owned(),
            literal => format!("/{literal}"),
        });
        format!("{method} {}", named.collect::<String>())
    })
}

fn configuration(routes: &BTreeSet<String>) -> Configuration {
    let routes: BTreeMap<&str, &str> = routes.iter().map(|route| (route.as_str(), "doc:read")).collect();
    let document = json!({"profile": "generic", "policy": {"routes": routes},
        "issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "JWT_SECRET_KEY"}}]}]});
    compile(document.to_string().as_bytes(), &Env::standard()).unwrap()
}

/// Every path of up to `length` segments that are spelled out in a template or in none, with and without a slash at its
/// end.
fn paths(length: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut longest = all.clone();
    for _ in 0..length {
        longest = longest
            .iter()
            .flat_map(|path| ["a", "other"].map(|segment| format!("{path}/{segment}")))
            .collect();
        all.extend(longest.iter().cloned());
    }
    all.iter().flat_map(|path| [path.clone(), format!("{path}/")]).filter(|path| !path.is_empty()).collect()
}

/// The routes that no request of the alphabet gets to.
fn unfound(gate: &Gate, paths: &[String]) -> BTreeSet<String> {
    let mut routes: BTreeSet<String> =
        gate.parts().policy.routes.iter().map(|route| route.text.clone()).collect();
    for path in paths {
        for method in METHODS {
            if let Some(route) = gate.parts().policy.routes.find(method, path) {
                routes.remove(&route.text);
            }
        }
    }
    routes
}

fn shadowed(configuration: &Configuration) -> BTreeSet<String> {
    let lints = portcullis_analysis::lints(configuration);
    let shadowed = lints.iter().filter(|diagnostic| diagnostic.lint == Lint::RouteShadowed);
    shadowed
        .map(|diagnostic| {
            diagnostic.pointer.strip_prefix("/policy/routes/").unwrap().replace("~1", "/").replace("~0", "~")
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_route_is_found_or_noticed(routes in prop::collection::btree_set(template(), 1..24)) {
        let configuration = configuration(&routes);
        // Longer than every template: what is found only further down is found by these.
        let unfound = unfound(&configuration.gate, &paths(6));
        prop_assert_eq!(&unfound, &shadowed(&configuration));
        prop_assert!(unfound.iter().all(|route| route.ends_with("{rest:path}")), "{:?}", unfound);
    }
}

/// The alphabet is enough to hide a route.
#[test]
fn a_route_can_be_hidden_by_several() {
    let routes = ["GET /{rest:path}", "GET /", "GET /{p0}", "GET /{p0}/{rest:path}"].map(str::to_owned);
    let configuration = configuration(&routes.into());
    assert_eq!(unfound(&configuration.gate, &paths(6)), ["GET /{rest:path}".to_owned()].into());
    assert_eq!(shadowed(&configuration), unfound(&configuration.gate, &paths(6)));
}
