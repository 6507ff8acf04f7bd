//! Third-party vectors, where they are at hand: beside the repository, in `../shared/vectors`.

use portcullis::json::{Budget, parse};
use portcullis::{Target, base64url};
use portcullis_tests::vectors;
use serde_json::Value;

#[test]
fn json_grammar() {
    let Some(cases) = vectors("json_parsing.json") else { return };
    let cases = cases.get("cases").unwrap_or(&cases);
    let cases = cases
        .as_array()
        .unwrap_or_else(|| cases.as_object().unwrap().values().find_map(Value::as_array).unwrap());
    // Legal JSON that is refused here on purpose.
    let refused = [
        // A member twice: the origin might read the other one.
        "y_object_duplicated_key.json",
        "y_object_duplicated_key_and_value.json",
    ];
    let mut compared = 0;
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let standard =
            case["base64"].as_str().unwrap().trim_end_matches('=').replace('+', "-").replace('/', "_");
        let accepted = parse(&base64url::decode(&standard).unwrap(), Budget::REQUEST).is_ok();
        let expected = match case["expect"].as_str().unwrap() {
            "either" => continue,
            _ if refused.contains(&name) => false,
            expect => expect == "accept",
        };
        assert_eq!(accepted, expected, "{name}");
        compared += 1;
    }
    println!("{compared} documents");
    assert!(compared >= 100);
}

/// Envoy's own expectations: the same normal form, or a refusal, but never a third reading.
#[test]
fn path_normalisation() {
    let Some(sections) = vectors("path_normalisation.json") else { return };
    let (mut same, mut refused) = (0, 0);
    for section in ["normalize", "merge_slashes", "remove_query_and_fragment"] {
        for case in sections[section].as_array().unwrap() {
            let path = case["path"].as_str().unwrap();
            match (Target::parse(path.as_bytes()), case["expect"].as_str()) {
                (Err(_), None) => refused += 1,
                (Err(_), Some(_)) => {
                    // Not origin form, a fragment, a backslash, an encoded slash, or bytes that are not UTF-8: nothing
                    // a server should see, and nothing two servers agree on.
                    let lower = path.to_ascii_lowercase();
                    let known = ["\\", "%5c", "%2f", "%c0", "#"].iter().any(|mark| lower.contains(mark));
                    assert!(known || !path.starts_with('/'), "{section}: {path} was refused");
                    refused += 1;
                }
                (Ok(target), Some(expected)) => {
                    let expected = expected.split('?').next().unwrap();
                    assert_eq!(target.path, expected, "{section}: {path}");
                    same += 1;
                }
                (Ok(target), None) => panic!("{section}: {path} was read as {}", target.path),
            }
        }
    }
    for case in sections["unescape_slashes"].as_array().unwrap() {
        // Envoy can turn encoded slashes into plain ones; here each is a refusal.
        if case["found"] == true {
            let path = format!("/{}", case["path"].as_str().unwrap().split('?').next().unwrap());
            assert!(Target::parse(path.as_bytes()).is_err(), "{path}");
            refused += 1;
        }
    }
    println!("{same} alike, {refused} refused");
    assert!(same >= 20);
}
