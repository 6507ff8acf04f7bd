//! What `docs/configuration.md` and `docs/identity-providers.md` show is what runs: the issuers of identity providers are those of the shared cases, which
//! every host plays, and every block of members loads.

use std::path::Path;

use serde_json::Value;

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)).unwrap()
}

/// The JSON blocks under a heading.
fn blocks(page: &str, heading: &str) -> Vec<Value> {
    let section = page.split_once(&format!("\n{heading}\n")).unwrap().1;
    // Up to the next heading of any level, or the next group of members.
    let section = section.split("\n#").next().unwrap().split("\n`api_keys`:").next().unwrap();
    let blocks = section.split("```json\n").skip(1).map(|block| block.split("```").next().unwrap());
    blocks.map(|block| serde_json::from_str(&block.replace('…', "")).unwrap()).collect()
}

#[test]
fn issuers_of_identity_providers_are_those_of_the_cases() {
    let shown = blocks(&read("docs/configuration.md"), "### Identity providers");
    let cases: Value = serde_json::from_str(&read("tests/cases/identity_providers.json")).unwrap();
    let names = ["keycloak", "auth0", "okta", "entra"];
    assert_eq!(shown.len(), names.len());
    for (mut shown, name) in shown.into_iter().zip(names) {
        let mut played = cases["configurations"][name]["issuers"][0].clone();
        // Shown is what follows the provider; played are its keys of one day.
        assert_eq!(shown.as_object_mut().unwrap().remove("discover"), Some(Value::Bool(true)), "{name}");
        assert!(played.as_object_mut().unwrap().remove("jwks").unwrap().is_object(), "{name}");
        assert_eq!(shown, played, "{name}");
        let is_played = |case: &Value| case["configuration"] == name && case["expect"]["forward"].is_object();
        assert!(cases["cases"].as_array().unwrap().iter().any(is_played), "{name}");
    }
}

#[test]
fn whole_documents_for_identity_providers() {
    let page = read("docs/identity-providers.md");
    let cases: Value = serde_json::from_str(&read("tests/cases/identity_providers.json")).unwrap();
    let providers = [("Keycloak", "keycloak"), ("Auth0", "auth0"), ("Okta", "okta"), ("Entra", "entra")];
    assert_eq!(page.matches("```json\n").count(), providers.len());
    for (heading, name) in providers {
        let [document] = &blocks(&page, &format!("## {heading}"))[..] else {
            panic!("{heading}: one document")
        };
        portcullis_config::load(document.to_string().as_bytes(), &portcullis_tests::Env::standard()).unwrap();
        let mut shown = document["issuers"][0].clone();
        shown.as_object_mut().unwrap().remove("discover").unwrap();
        let mut played = cases["configurations"][name]["issuers"][0].clone();
        played.as_object_mut().unwrap().remove("jwks").unwrap();
        assert_eq!(shown, played, "{heading}");
    }
}

/// The first block of a page about a system is a document that can be had.
#[test]
fn documents_of_the_systems_pages() {
    for (page, file) in [
        ("agentflow", "bindings/cli/src/config/init/agentflow.json"),
        ("rag-modulo", "bindings/cli/src/config/init/rag-modulo.json"),
        ("rag-modulo", "examples/rag-modulo/portcullis.json"),
        ("ragflow", "examples/ragflow/portcullis.json"),
    ] {
        let text = read(&format!("docs/systems/{page}.md"));
        let shown = text.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
        let shown: Value = serde_json::from_str(shown).unwrap();
        assert_eq!(shown, serde_json::from_str::<Value>(&read(file)).unwrap(), "{page} and {file}");
    }
}
