//! `portcullis policy coverage`, shown the OpenAPI documents that the origins make of themselves.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;

use portcullis_test_support::client::{self, Request};
use portcullis_test_support::origin::r2r;
use portcullis_test_support::program;
use portcullis_test_support::root::{root, target};
use portcullis_test_support::step::{Output, Step, step};

use crate::lab::{Lab, Release, forward_config};
use crate::report::Report;

/// Routes of the profile `agentflow` that are in no document: the documentation itself, what is not switched on in the
/// fixture, what later releases have dropped, WebSockets.
const AGENTFLOW_UNDOCUMENTED: &[&str] = &[
    "GET /docs",
    "GET /docs/oauth2-redirect",
    "GET /openapi.json",
    "GET /redocs",
    "POST /v1/ag-ui",
    "POST /v1/graph/setup",
    "WEBSOCKET /v1/graph/live",
    "WEBSOCKET /v1/graph/ws",
];

/// Routes of the profile `r2r` that are not in the document: the documentation itself, and two requests that both of
/// two documented routes match.
const R2R_UNDOCUMENTED: &[&str] = &[
    "GET /docs",
    "GET /docs/oauth2-redirect",
    "GET /openapi.json",
    "GET /openapi_spec",
    "GET /redoc",
    "GET /v3/collections/name/documents",
    "GET /v3/collections/name/users",
];

/// Routes of the R2R server.
const R2R_OPERATIONS: usize = 114;

/// Left out of the policy that is written after R2R's document.
const LEFT_OUT: &str = "PATCH /v3/documents/{id}/metadata";
/// In that policy, and not in the document.
const EXTRA: &str = "GET /v3/documents/{id}/history";

pub(crate) fn check(lab: &Lab, runtime: &Runtime) -> Result<Report> {
    let cli = step("build the command", |step| program::build(step, "portcullis"))?;
    let r2r = step("R2R's OpenAPI document", r2r::openapi)?;
    step("policies beside the origins' OpenAPI documents", |step| {
        let folder = target("e2e-openapi");
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        let coverage = Coverage { cli, folder, step };
        let mut report = Report::default();
        agentflow(&lab.first, 33, Some("GET /health/ready"), &coverage, runtime, &mut report)?;
        agentflow(&lab.second, 34, None, &coverage, runtime, &mut report)?;
        written_after_r2r(&r2r, &coverage, &mut report)?;
        r2r_profile(&r2r, &coverage, &mut report)?;
        step.say(&format!("{} of {} checks passed", report.summary.passed, report.summary.total()));
        Ok(report)
    })
}

/// The profile `agentflow` names all the `count` routes of `release`; `absent` is one of its own that this one lacks.
fn agentflow(
    release: &Release,
    count: usize,
    absent: Option<&str>,
    coverage: &Coverage<'_>,
    runtime: &Runtime,
    report: &mut Report,
) -> Result<()> {
    let name = release.name;
    let request = Request::new("GET", "/openapi.json?direct");
    let response = runtime.block_on(client::send(release.server.address(), &request))?;
    ensure!(response.status == 200, "{name}: {} for /openapi.json", response.status);
    let document = coverage.folder.join(format!("{name}.json"));
    fs::write(&document, response.text()).with_context(|| document.display().to_string())?;

    let undocumented: Vec<&str> = AGENTFLOW_UNDOCUMENTED.iter().copied().chain(absent).collect();
    let got = coverage.of(&forward_config(), &document)?;
    report.equal(&format!("{name}: the profile"), got, (Some(0), outcome(count, &[], &undocumented)));

    // The tests of the command have this document, cut down.
    let cut_down = root().join("bindings/cli/tests/openapi").join(format!("{name}.json"));
    let (kept, served) = (operations(&cut_down)?, operations(&document)?);
    let differing: Vec<_> = kept.symmetric_difference(&served).collect();
    report.equal(&format!("{name}: the document in the tests of the command"), differing, Vec::new());
    Ok(())
}

/// A policy with the routes of R2R's document, but for one that it lacks and one that it has too many.
fn written_after_r2r(document: &Path, coverage: &Coverage<'_>, report: &mut Report) -> Result<()> {
    let operations = operations(document)?;
    report.equal("R2R: operations of the document", operations.len(), R2R_OPERATIONS);
    if let Some(known) = r2r_routes(coverage.step)? {
        let differing: Vec<_> = operations.symmetric_difference(&known).collect();
        report.equal("R2R: the document beside the routes of the source", differing, Vec::new());
    }
    let named = operations.iter().map(String::as_str).filter(|operation| *operation != LEFT_OUT);
    let routes: Map<String, Value> =
        named.chain([EXTRA]).map(|route| (route.to_owned(), json!("r2r:use"))).collect();
    let config = json!({
        "profile": "generic",
        "issuers": [{
            "issuer": "https://issuer.example",
            "audience": "r2r",
            "keys": [{"alg": "HS256", "secret": {"env": "ORIGIN_SECRET"}}],
        }],
        "policy": {"roles": {"user": {"permissions": ["r2r:use"]}}, "routes": routes},
    });
    let expected = outcome(R2R_OPERATIONS - 1, &[LEFT_OUT], &[EXTRA]);
    report.equal(
        "R2R: one route lacking, one too many",
        coverage.of(&config, document)?,
        (Some(1), expected),
    );
    let said = coverage.ask(&config, document, &[])?.stdout;
    let words = [
        format!("routes of the origin that the policy does not name (1)\n  {LEFT_OUT}\n"),
        format!("routes of the policy that the document does not have (1)\n  {EXTRA}\n"),
        format!("the policy names {} of the {R2R_OPERATIONS} routes of the origin\n", R2R_OPERATIONS - 1),
    ];
    report.equal("R2R: the same in words", said, words.concat());
    Ok(())
}

/// The profile `r2r` names every route.
fn r2r_profile(document: &Path, coverage: &Coverage<'_>, report: &mut Report) -> Result<()> {
    let config = json!({
        "profile": "r2r",
        "issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "ORIGIN_SECRET"}}]}],
    });
    let got = coverage.of(&config, document)?;
    let expected = outcome(R2R_OPERATIONS, &[], R2R_UNDOCUMENTED);
    report.equal("R2R: the profile", got, (Some(0), expected));
    Ok(())
}

/// The command, and a place for what it is asked about.
struct Coverage<'s> {
    cli: PathBuf,
    folder: PathBuf,
    step: &'s Step,
}

impl Coverage<'_> {
    fn ask(&self, config: &Value, document: &Path, options: &[&str]) -> Result<Output> {
        let path = self.folder.join("portcullis.json");
        fs::write(&path, config.to_string()).with_context(|| path.display().to_string())?;
        let mut command = Command::new(&self.cli);
        command.args(["policy", "coverage"]).args(options);
        self.step.run_for_output(command.arg("--config").arg(path).arg("--openapi").arg(document))
    }

    /// Exit code and answer, its lists sorted; if there is no answer, what the command said instead.
    fn of(&self, config: &Value, document: &Path) -> Result<(Option<i32>, Value)> {
        let output = self.ask(config, document, &["--json"])?;
        let Ok(mut answer) = serde_json::from_str::<Value>(&output.stdout) else {
            return Ok((output.status.code(), output.tail().into()));
        };
        for list in ["unnamed", "undocumented"] {
            if let Some(list) = answer.get_mut(list).and_then(Value::as_array_mut) {
                list.sort_by(|one, another| one.as_str().cmp(&another.as_str()));
            }
        }
        Ok((output.status.code(), answer))
    }
}

/// An answer of the command, its lists sorted.
fn outcome(named: usize, unnamed: &[&str], undocumented: &[&str]) -> Value {
    let [unnamed, undocumented] =
        [unnamed, undocumented].map(|list| list.iter().copied().collect::<BTreeSet<&str>>());
    json!({"named": named, "unnamed": unnamed, "undocumented": undocumented})
}

/// `METHOD /path` of every operation of a document, read without the command's help: the origins' documents have
/// nothing but operations in their path items.
fn operations(document: &Path) -> Result<BTreeSet<String>> {
    let document = read_json(document)?;
    let paths = document["paths"].as_object().context("/paths: expected an object")?;
    let mut operations = BTreeSet::new();
    for (path, item) in paths {
        let item = item.as_object().with_context(|| format!("{path}: expected an object"))?;
        operations.extend(item.keys().map(|method| format!("{} {path}", method.to_ascii_uppercase())));
    }
    Ok(operations)
}

/// The routes found in R2R's source, where they are at hand: beside the repository, in `../shared`. Without those that
/// are in no document.
fn r2r_routes(step: &Step) -> Result<Option<BTreeSet<String>>> {
    let path = root().join("../shared/systems/routes/r2r.json");
    if !path.exists() {
        step.say("NOT RUN: the routes r2r.json are not on this machine");
        return Ok(None);
    }
    let rows = read_json(&path)?;
    let rows = rows.as_array().with_context(|| format!("{}: expected an array", path.display()))?;
    let text = |row: &Value, member: &str| row[member].as_str().unwrap_or_default().to_owned();
    let api = rows.iter().filter(|row| row["resource"] != "docs");
    Ok(Some(api.map(|row| format!("{} {}", text(row, "method"), text(row, "path"))).collect()))
}

fn read_json(path: &Path) -> Result<Value> {
    let text = fs::read(path).with_context(|| path.display().to_string())?;
    serde_json::from_slice(&text).with_context(|| path.display().to_string())
}
