//! The rule about paths, against a naive model of each origin's router: if the origin serves a path as some route, the
//! decision was made for that route, or the request was refused.

mod origin;
mod overlap;
mod requests;
mod server;
mod starlette;
mod table;
mod werkzeug;

use std::collections::BTreeSet;

use origin::{Model, Origin};
use portcullis::Decision;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::json;
use server::Outcome;
use starlette::Starlette;
use table::{AGENTFLOW, RAGFLOW, Row, real, rows};
use werkzeug::Werkzeug;

fn agentflow_profile(rows: Vec<Row>) -> Origin {
    let model = agentflow(&rows);
    Origin::profile("agentflow", &json!({}), &[], rows, model)
}

fn agentflow(rows: &[Row]) -> Model {
    Model::Starlette(Starlette::new(rows, "/"))
}

fn fastapi(rows: &[Row]) -> Model {
    Model::Starlette(Starlette::new(rows, ""))
}

fn werkzeug(rows: &[Row]) -> Model {
    Model::Werkzeug(Werkzeug::new(rows))
}

/// Each route by itself first, then `cases` disfigured requests, then third-party paths on and behind real ones.
fn the_rule_holds(name: &str, origin: &Origin, cases: u32) {
    for (index, row) in origin.rows.iter().enumerate() {
        let target = plain(&row.template);
        assert_eq!(
            origin.model.serve(&row.method, target.as_bytes()),
            Outcome::Served(index),
            "{}",
            row.text()
        );
        let verdict = origin.ask("all", &row.method, target.as_bytes());
        assert!(matches!(verdict.decision, Decision::Allow(_)), "{name}: {} is refused", row.text());
        origin.check(&row.method, target.as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let plain_requests = origin.tally.borrow().served;
    assert_eq!(plain_requests, origin.rows.len());

    for (method, target) in overlapping(&origin.rows) {
        for target in [format!("{target}/"), target] {
            origin.check(&method, target.as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }

    let before = origin.tally.borrow().served;
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&requests::recipes(), |recipe| {
            let (method, target) = recipe.request(&origin.rows);
            origin.check(&method, &target).map_err(TestCaseError::fail)
        })
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    let tally = *origin.tally.borrow();
    println!("{name}: {} routes; {tally:?}", origin.rows.len());
    // The rule also holds for a gate that refuses everything, and for paths nobody serves: there must be more than that.
    let cases = usize::try_from(cases).unwrap();
    assert!(tally.served - before > cases / 8, "{name}: too few requests were allowed: {tally:?}");
    assert!(tally.rewritten > cases / 40, "{name}: too few targets were rewritten: {tally:?}");
    assert!(tally.refused > cases / 8, "{name}: too few requests were refused: {tally:?}");

    for path in envoy_paths() {
        // About forty routes of each origin: the paths are the same behind all.
        for row in origin.rows.iter().step_by(origin.rows.len().div_ceil(40)) {
            let prefix = plain(&row.template);
            for target in [
                path.clone(),
                format!("{prefix}{path}"),
                format!("{path}{prefix}"),
                format!("{prefix}/{path}"),
            ] {
                origin
                    .check(&row.method, target.as_bytes())
                    .unwrap_or_else(|error| panic!("{name}: {error}"));
            }
        }
    }
}

/// A request for each two routes that match the same one although neither is the more literal.
fn overlapping(rows: &[Row]) -> BTreeSet<(String, String)> {
    let mut requests = BTreeSet::new();
    for (later, b) in rows.iter().enumerate() {
        for a in rows.iter().take(later).filter(|a| a.method == b.method) {
            if let Some(common) = overlap::overlap(&a.template, &b.template) {
                requests.insert((a.method.clone(), plain(&common)));
            }
        }
    }
    requests
}

/// A path the template stands for.
fn plain(template: &str) -> String {
    let mut path = String::new();
    let mut rest = template;
    while let Some((text, parameter)) = rest.split_once('{') {
        path.push_str(text);
        path.push_str("x1");
        rest = parameter.split_once('}').unwrap().1;
    }
    path + rest
}

/// The inputs of Envoy's tests of its own path normalisation.
fn envoy_paths() -> Vec<String> {
    let Some(sections) = portcullis_tests::vectors("path_normalisation.json") else { return Vec::new() };
    let cases = sections.as_object().unwrap().values().filter_map(|section| section.as_array());
    cases.flatten().map(|case| case["path"].as_str().unwrap().to_owned()).collect()
}

const CASES: u32 = 3000;

#[test]
fn agentflow_behind_its_profile_and_behind_the_generic_one() {
    let rows = rows(AGENTFLOW);
    the_rule_holds("AgentFlow, generic", &Origin::careful(rows.clone(), agentflow(&rows)), CASES);
    the_rule_holds("AgentFlow, its profile", &agentflow_profile(rows), CASES);
}

#[test]
fn agentflow_as_its_servers_were_seen() {
    let Some(rows) = real("agentflow.json", None) else { return };
    let mut listed: Vec<_> = rows.iter().map(Row::text).collect();
    let mut own: Vec<_> = AGENTFLOW.iter().map(|text| (*text).to_owned()).collect();
    listed.sort();
    own.sort();
    assert_eq!(own, listed, "the list in table.rs is not the real one");
    the_rule_holds("AgentFlow, real table", &agentflow_profile(rows), CASES);
}

#[test]
fn r2r() {
    let Some(rows) = real("r2r.json", None) else { return };
    the_rule_holds("R2R", &Origin::careful(rows.clone(), fastapi(&rows)), CASES);
    let common = [
        ("GET /v3/collections/name/documents", "GET /v3/collections/{id}/documents"),
        ("GET /v3/collections/name/users", "GET /v3/collections/{id}/users"),
    ];
    let model = fastapi(&rows);
    the_rule_holds("R2R, its profile", &Origin::profile("r2r", &json!({}), &common, rows, model), CASES);
}

#[test]
fn rag_modulo() {
    let Some(rows) = real("rag-modulo.json", None) else { return };
    the_rule_holds("RAG Modulo", &Origin::careful(rows.clone(), fastapi(&rows)), CASES);
    let common = [("GET /api/podcasts/voice-preview/audio", "GET /api/podcasts/{podcast_id}/audio")];
    let model = fastapi(&rows);
    let origin = Origin::profile("rag-modulo", &json!({}), &common, rows, model);
    the_rule_holds("RAG Modulo, its profile", &origin, CASES);
}

#[test]
fn ragflow_where_it_is_hard() {
    let rows = rows(RAGFLOW);
    the_rule_holds("RAGFlow, a part", &Origin::careful(rows.clone(), werkzeug(&rows)), CASES);
}

#[test]
fn ragflow() {
    for (file, server) in
        [("ragflow.json", "api:9380"), ("ragflow.json", "admin:9381"), ("ragflow-v0.24.0.json", "api:9380")]
    {
        let Some(mut rows) = real(file, Some(server)) else { continue };
        // HEAD follows GET; the few rows that say so say nothing new.
        let gets: Vec<_> =
            rows.iter().filter(|row| row.method == "GET").map(|row| row.template.clone()).collect();
        rows.retain(|row| row.method != "HEAD" || !gets.contains(&row.template));
        the_rule_holds(
            &format!("{file} {server}"),
            &Origin::careful(rows.clone(), werkzeug(&rows)),
            CASES / 2,
        );
    }
}

/// No route twice, with a slash at its end and without: the profile says that the slash does not count.
#[test]
fn ragflow_behind_its_profile() {
    let Some(rows) = real("ragflow.json", Some("api:9380")) else { return };
    let model = werkzeug(&rows);
    // The profile refuses making an account.
    let routes = json!({"POST /api/v1/users": "public"});
    let more = json!({
        "policy": {"docs": "docs:read", "roles": {"all": {"permissions": ["*"]}}, "routes": routes},
        "upstream": {"credential": "swap", "origin_key": {"env": "ORIGIN_SECRET"}},
        "credentials": {"api_key_header": "X-API-Key"}
    });
    let origin = Origin::profile("ragflow", &more, &[], rows, model);
    the_rule_holds("RAGFlow, its profile", &origin, CASES);
    for row in origin.rows.iter().filter(|row| row.method != "HEAD") {
        let target = format!("{}/", plain(&row.template));
        origin.check(&row.method, target.as_bytes()).unwrap();
    }
}

/// What was seen on the running servers; a model that says otherwise proves nothing.
#[test]
fn the_models_do_what_the_servers_were_seen_to_do() {
    let table = rows(AGENTFLOW);
    let (agentflow, fastapi) = (agentflow(&table), fastapi(&table));
    let served = |model: &Model, method: &str, target: &str| match model.serve(method, target.as_bytes()) {
        Outcome::Served(row) => table[row].text(),
        other => format!("{other:?}"),
    };
    for (method, target, expected) in [
        ("GET", "/v1/threads?limit=1", "GET /v1/threads"),
        ("GET", "//v1/threads", "GET /v1/threads"),
        ("GET", "///v1/threads", "NotServed"),
        ("GET", "/v1//threads", "NotServed"),
        ("GET", "/v1/%74hreads", "GET /v1/threads"),
        ("GET", "/v1/%2574hreads", "NotServed"),
        ("GET", "/v1/threads/a%2Fstate", "GET /v1/threads/{thread_id}/state"),
        ("GET", "/v1/threads/..", "GET /v1/threads/{thread_id}"),
        ("GET", "/v1/threads/../state", "GET /v1/threads/{thread_id}/state"),
        ("GET", "/v1/threads/", "Redirected"),
        ("GET", "/v1/threads%0a", "GET /v1/threads"),
        ("HEAD", "/v1/threads", "NotServed"),
        ("HEAD", "/docs", "GET /docs"),
        ("GET", "/V1/threads", "NotServed"),
        ("GET", "/v1/graph:StateSchema", "GET /v1/graph:StateSchema"),
        ("GET", "/v1/graph%3aStateSchema", "GET /v1/graph:StateSchema"),
        ("GET", "/v1/graph/ws", "NotServed"),
        ("WEBSOCKET", "/v1/graph/ws", "WEBSOCKET /v1/graph/ws"),
        ("POST", "/v1/store/memories/list", "POST /v1/store/memories/list"),
        ("DELETE", "/v1/store/memories/list", "DELETE /v1/store/memories/{memory_id}"),
    ] {
        assert_eq!(served(&agentflow, method, target), expected, "{method} {target}");
    }
    // R2R has no `root_path`.
    assert_eq!(served(&fastapi, "GET", "//v1/threads"), "NotServed");

    let table = rows(RAGFLOW);
    let ragflow = werkzeug(&table);
    for (method, target, expected) in [
        ("GET", "/api/v1/datasets", "GET /api/v1/datasets"),
        ("GET", "/api/v1/datasets/", "GET /api/v1/datasets"),
        ("HEAD", "/api/v1/datasets", "GET /api/v1/datasets"),
        ("GET", "/api//v1/datasets", "Redirected"),
        ("GET", "/api/v1/datasets//", "Redirected"),
        ("GET", "//api/v1/datasets", "GET /api/v1/datasets"),
        ("GET", "/api/v1/dat%61sets", "GET /api/v1/datasets"),
        ("GET", "/api/v1/Datasets", "NotServed"),
        ("OPTIONS", "/api/v1/datasets", "NotServed"),
        ("GET", "/api/v1/datasets/d/skills/tree/", "GET /api/v1/datasets/{dataset_id}/skills/tree"),
        (
            "GET",
            "/api/v1/datasets/d/skills/tree//",
            "GET /api/v1/datasets/{dataset_id}/skills/{skill_kwd:path}",
        ),
        (
            "GET",
            "/api/v1/datasets/d/skills/tree/x",
            "GET /api/v1/datasets/{dataset_id}/skills/{skill_kwd:path}",
        ),
        ("GET", "/api/v1/datasets/d/skills/", "GET /api/v1/datasets/{dataset_id}/skills"),
        (
            "GET",
            "/api/v1/datasets/d/navigation/a/b/children",
            "GET /api/v1/datasets/{dataset_id}/navigation/{name:path}/children",
        ),
        ("GET", "/api/v1/datasets/d/navigation/a/b", "NotServed"),
        ("DELETE", "/api/v1/messages/m:n", "DELETE /api/v1/messages/{memory_id}:{message_id}"),
        ("DELETE", "/api/v1/messages/mn", "NotServed"),
        ("GET", "/static/", "NotServed"),
        ("GET", "/static/a//b", "GET /static/{filename:path}"),
    ] {
        let outcome = match ragflow.serve(method, target.as_bytes()) {
            Outcome::Served(row) => table[row].text(),
            other => format!("{other:?}"),
        };
        assert_eq!(outcome, expected, "{method} {target}");
    }
}

/// AgentFlow 0.4.0 registers a parameter before two literals and so serves those as the parameter's route. The profile
/// decides for 0.6.1 and later, where the literals come first; there is no other such pair.
#[test]
fn routes_that_0_4_0_shadows() {
    let (parameters, mut table): (Vec<_>, Vec<_>) =
        rows(AGENTFLOW).into_iter().partition(|row| row.text() == "POST /v1/store/memories/{memory_id}");
    table.splice(0..0, parameters);
    let origin = agentflow_profile(table.clone());
    let broken: Vec<_> = table
        .iter()
        .filter(|row| origin.check(&row.method, plain(&row.template).as_bytes()).is_err())
        .map(Row::text)
        .collect();
    assert_eq!(broken, ["POST /v1/store/memories/list", "POST /v1/store/memories/forget"]);
}

/// Starlette goes by the order of registration where neither of two templates is the more literal. A policy that names
/// the two and not what they have in common decides for another route than the origin serves: for these, and no others.
#[test]
fn routes_that_only_their_order_tells_apart() {
    let broken = |table: Vec<Row>| -> Vec<String> {
        let origin = Origin::as_written(table.clone(), fastapi(&table));
        let requests = overlapping(&table).into_iter();
        let broken = requests.filter(|(method, target)| origin.check(method, target.as_bytes()).is_err());
        broken.map(|(method, target)| format!("{method} {target}")).collect()
    };
    let two = ["GET /v3/collections/{id}/users", "GET /v3/collections/name/{collection_name}"];
    assert_eq!(broken(rows(&two)), ["GET /v3/collections/name/users"]);
    assert_eq!(broken(rows(&[two[1], two[0]])), [""; 0]);
    if let Some(table) = real("r2r.json", None) {
        assert_eq!(broken(table), ["GET /v3/collections/name/documents", "GET /v3/collections/name/users"]);
    }
    if let Some(table) = real("rag-modulo.json", None) {
        assert_eq!(broken(table), ["GET /api/podcasts/voice-preview/audio"]);
    }
}

/// A policy for RAGFlow has to name each route with a trailing slash as well. One that does not decides for another
/// route than the origin serves, wherever a parameter with slashes stands beside literals: this is the checker seeing it.
#[test]
fn a_policy_that_forgets_trailing_slashes_is_caught() {
    let table = rows(RAGFLOW);
    let forgetful = Origin::as_written(table.clone(), werkzeug(&table));
    let careful = Origin::careful(table.clone(), werkzeug(&table));
    for (method, target) in [
        ("GET", "/api/v1/providers/p/models/"),
        ("GET", "/api/v1/datasets/d/skills/tree/"),
        ("GET", "/api/v1/datasets/d/skills/"),
        ("DELETE", "/api/v1/datasets/d/navigation/"),
    ] {
        assert_eq!(careful.check(method, target.as_bytes()), Ok(()), "{target}");
        assert_eq!(careful.check(method, format!("{target}/").as_bytes()), Ok(()), "{target}/");
        assert!(forgetful.check(method, target.as_bytes()).is_err(), "{target}");
    }
}
