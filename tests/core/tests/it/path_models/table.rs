//! The routes of the origins: their real tables where those are at hand, and for everyone else the routes of AgentFlow
//! and the part of RAGFlow's that has its quirks.

use std::path::PathBuf;

use serde_json::Value;

/// One route of an origin.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// HTTP method, or `WEBSOCKET`.
    pub(crate) method: String,
    /// `/v1/threads/{thread_id}`; `{name:path}` is a parameter with slashes.
    pub(crate) template: String,
    /// Whether the route answers HEAD because it answers GET, on a server where routes do not do so by themselves.
    pub(crate) head: bool,
}

impl Row {
    pub(crate) fn text(&self) -> String {
        format!("{} {}", self.method, self.template)
    }
}

/// The rows of `../shared/systems/routes/FILE` that `server` serves, in the order in which the origin registers them;
/// or `None`, with a note, if the file is not on this machine.
///
/// A row's `source` ends in file and line. Within a file the line is the order of registration; the files of an origin
/// have prefixes of their own, so that the order among them does not matter.
pub(crate) fn real(file: &str, server: Option<&str>) -> Option<Vec<Row>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/systems/routes").join(file);
    let Ok(text) = std::fs::read(&path) else {
        println!("NOT RUN: the routes {file} are not on this machine");
        return None;
    };
    let document: Value = serde_json::from_slice(&text).unwrap();
    let mut rows: Vec<_> = document
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row.get("server").and_then(Value::as_str) == server)
        .map(|row| {
            let member = |name: &str| row[name].as_str().unwrap().to_owned();
            let source = member("source");
            let (file, line) = match source.rsplit_once(':') {
                Some((file, line)) => (file.to_owned(), line.parse().unwrap_or(0_u32)),
                None => (source.clone(), 0),
            };
            // FastAPI's own pages and static files are plain Starlette routes: those answer HEAD.
            let template = member("path");
            let head = source.starts_with("fastapi built-in") || template.starts_with("/static/");
            (file, line, Row { method: member("method").to_ascii_uppercase(), template, head })
        })
        .collect();
    rows.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    Some(rows.into_iter().map(|(_, _, row)| row).collect())
}

/// Rows from `METHOD /template` texts, in order of registration.
pub(crate) fn rows(texts: &[&str]) -> Vec<Row> {
    texts
        .iter()
        .map(|text| {
            let (method, template) = text.split_once(' ').unwrap();
            let head = method == "GET" && (template.contains("docs") || template == "/openapi.json");
            Row { method: method.to_owned(), template: template.to_owned(), head }
        })
        .collect()
}

/// AgentFlow 0.6.1 and 10xGraph 0.9.0, in an order that serves the same routes as theirs.
pub(crate) const AGENTFLOW: &[&str] = &[
    "GET /openapi.json",
    "GET /docs",
    "GET /docs/oauth2-redirect",
    "GET /redocs",
    "GET /health/ready",
    "GET /ping",
    "POST /v1/ag-ui",
    "GET /v1/config/multimodal",
    "GET /v1/evals/runs",
    "GET /v1/evals/runs/{run_id}",
    "POST /v1/files/upload",
    "GET /v1/files/{file_id}",
    "GET /v1/files/{file_id}/info",
    "GET /v1/files/{file_id}/url",
    "POST /v1/graph/invoke",
    "POST /v1/graph/stream",
    "GET /v1/graph",
    "GET /v1/graph/tools",
    "GET /v1/observability/{thread_id}",
    "POST /v1/graph/setup",
    "GET /v1/graph:StateSchema",
    "POST /v1/graph/stop",
    "POST /v1/graph/fix",
    "WEBSOCKET /v1/graph/ws",
    "WEBSOCKET /v1/graph/live",
    "POST /v1/store/memories",
    "POST /v1/store/search",
    "POST /v1/store/memories/list",
    "PUT /v1/store/memories/{memory_id}",
    "DELETE /v1/store/memories/{memory_id}",
    "POST /v1/store/memories/forget",
    "POST /v1/store/memories/{memory_id}",
    "GET /v1/threads/{thread_id}/state",
    "PUT /v1/threads/{thread_id}/state",
    "DELETE /v1/threads/{thread_id}/state",
    "POST /v1/threads/{thread_id}/messages",
    "GET /v1/threads/{thread_id}/messages/{message_id}",
    "GET /v1/threads/{thread_id}/messages",
    "DELETE /v1/threads/{thread_id}/messages/{message_id}",
    "GET /v1/threads/{thread_id}",
    "GET /v1/threads",
    "DELETE /v1/threads/{thread_id}",
];

/// The routes of RAGFlow that are hard to keep apart, and some that are not.
pub(crate) const RAGFLOW: &[&str] = &[
    "GET /api/v1/datasets",
    "DELETE /api/v1/datasets",
    "GET /api/v1/datasets/{dataset_id}",
    "GET /api/v1/datasets/{dataset_id}/navigation",
    "DELETE /api/v1/datasets/{dataset_id}/{index_type}",
    "DELETE /api/v1/datasets/{dataset_id}/navigation/{name:path}",
    "GET /api/v1/datasets/{dataset_id}/navigation/{name:path}/children",
    "GET /api/v1/datasets/{dataset_id}/skills/{skill_kwd:path}",
    "GET /api/v1/datasets/{dataset_id}/skills/tree",
    "GET /api/v1/datasets/{dataset_id}/skills",
    "DELETE /api/v1/messages/{memory_id}:{message_id}",
    "GET /api/v1/messages/search",
    "GET /api/v1/messages/{memory_id}:{message_id}/content",
    "GET /api/v1/providers/{provider_id_or_name}/models",
    "GET /api/v1/providers/{provider_id_or_name}/models/{model_name:path}",
    "GET /static/{filename:path}",
];
