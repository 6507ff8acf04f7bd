//! Whether what a route binds is the caller's, to whatever server: one that forgives everything is asked what it finds.

use portcullis::Principal;
use serde_json::Value;

use crate::entitlement::decode;
use crate::origin::as_variable;
use crate::request_head::Request;
use crate::setting::Configuration;

/// What a server finds in the place of a parameter: the name as it is written there, and the value.
type Found = Vec<(String, String)>;

/// What the profile of RAG Modulo binds besides users in paths, each if it is there.
const RAG_MODULO: &[(&str, &str)] = &[
    ("GET /api/conversations", "query.user_id"),
    ("POST /api/users/{user_id}/llm-parameters", "body./user_id"),
    ("POST /api/users/{user_id}/llm-providers", "body./user_id"),
    ("POST /api/users/{user_id}/pipelines", "body./user_id"),
    ("POST /api/users/{user_id}/prompt-templates", "body./user_id"),
    ("POST /api/v1/runtime-configs/{user_id}", "body./user_id"),
    ("PUT /api/users/{user_id}/llm-parameters/{parameter_id}", "body./user_id"),
    ("PUT /api/users/{user_id}/llm-providers/{provider_id}", "body./user_id"),
    ("PUT /api/users/{user_id}/pipelines/{pipeline_id}", "body./user_id"),
    ("PUT /api/users/{user_id}/prompt-templates/{template_id}", "body./user_id"),
    ("PUT /api/v1/runtime-configs/{user_id}/config/{config_id}", "body./user_id"),
];

/// Panics unless every parameter that the route binds is there once, or may be missing and is, and is the principal's.
pub(crate) fn assert_bound(
    principal: &Principal,
    route: &str,
    path: &str,
    request: &Request,
    configuration: &Configuration,
    supplied: Option<&[u8]>,
) {
    let written = configuration.document["policy"]["routes"][route]["where"].as_object();
    for (parameter, values) in written.into_iter().flatten() {
        let equals =
            values.as_str().or(values["equals"].as_str()).expect("a binding compares with something");
        let own = match equals {
            "subject" => vec![principal.subject().to_owned()],
            "tenant" => principal.tenant().map(str::to_owned).into_iter().collect(),
            pointer => principal.attributes().get(pointer).cloned().unwrap_or_default(),
        };
        let found = find(parameter, route, path, request, supplied);
        assert_own(&format!("{route}: {parameter}"), parameter, found, values["optional"] == true, &own);
    }
    if written.is_none() && configuration.has_profile("rag-modulo") {
        let own = [principal.subject().to_owned()];
        for (_, parameter) in RAG_MODULO.iter().filter(|(bound, _)| *bound == route) {
            let found = find(parameter, route, path, request, supplied);
            assert_own(&format!("{route}: {parameter}"), parameter, found, true, &own);
        }
    }
}

fn assert_own(what: &str, parameter: &str, found: Found, optional: bool, own: &[String]) {
    if found.is_empty() {
        assert!(optional, "{what} is missing");
        return;
    }
    let is_list = parameter.starts_with("body.");
    assert!(is_list || found.len() == 1, "{what} is there several times: {found:?}");
    let (_, name) = parameter.split_once('.').expect("a kind and a name");
    for (written, value) in &found {
        let is_exact = parameter.starts_with("header.") && written.eq_ignore_ascii_case(name);
        assert!(is_exact || written == name, "{what} is there as {written:?} only");
        assert!(own.contains(value), "{what} is {value:?}, and the caller has {own:?}");
    }
}

fn find(parameter: &str, route: &str, path: &str, request: &Request, body: Option<&[u8]>) -> Found {
    let (kind, name) = parameter.split_once('.').expect("a kind and a name");
    let pairs = match kind {
        "path" => {
            let template = route.split_once(' ').map(|(_, template)| template).expect("a template");
            let place = template.split('/').position(|segment| segment == format!("{{{name}}}"));
            let segment = path.split('/').nth(place.expect("the template has it")).expect("so has the path");
            vec![(name.to_owned(), decode(segment.replace('+', "%2B").as_bytes()))]
        }
        "query" => {
            let at = request.target.iter().position(|byte| *byte == b'?');
            at.map(|at| encoded_pairs(&request.target[at + 1..])).unwrap_or_default()
        }
        "cookie" => request.values("cookie").flat_map(cookies).collect(),
        "form" => fields(request, body.unwrap_or_default()),
        "body" => return members(request, body.unwrap_or_default(), name),
        _ => {
            let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes.trim_ascii()).into_owned();
            request.headers.iter().map(|(name, value)| (shown(name), shown(value))).collect()
        }
    };
    let is_it = |written: &str| match kind {
        "header" => as_variable(written) == as_variable(name),
        _ => is_meant(written, name),
    };
    pairs.into_iter().filter(|(written, _)| is_it(written)).collect()
}

/// Whether some server takes one name for the other: letters and digits are all it looks at, up to a bracket, a dot or the
/// end of a string in C.
fn is_meant(written: &str, wanted: &str) -> bool {
    let plain = |name: &str| -> String {
        name.chars().filter(char::is_ascii_alphanumeric).map(|char| char.to_ascii_lowercase()).collect()
    };
    let cuts = ['[', '.', '\0'].into_iter().filter_map(|cut| written.split(cut).next());
    cuts.chain([written]).any(|name| plain(name) == plain(wanted)) && !plain(wanted).is_empty()
}

/// Pairs between ampersands or semicolons.
fn encoded_pairs(text: &[u8]) -> Found {
    let parts = text.split(|byte| *byte == b'&' || *byte == b';').filter(|part| !part.is_empty());
    let pairs = parts.map(|part| {
        let end = part.iter().position(|byte| *byte == b'=').unwrap_or(part.len());
        (decode(&part[..end]), decode(part.get(end + 1..).unwrap_or_default()))
    });
    pairs.collect()
}

/// Cookies between semicolons or commas.
fn cookies(line: &[u8]) -> Found {
    let parts = line.split(|byte| *byte == b';' || *byte == b',').map(<[u8]>::trim_ascii);
    let pairs = parts.filter(|part| !part.is_empty()).map(|part| {
        let text = String::from_utf8_lossy(part).into_owned();
        let (name, value) = text.split_once('=').unwrap_or((&text, ""));
        (decode(name.as_bytes()), value.trim_matches('"').to_owned())
    });
    pairs.collect()
}

fn media_type(request: &Request) -> String {
    request.values("content-type").next().map(String::from_utf8_lossy).unwrap_or_default().into_owned()
}

/// Fields of a form. Of `multipart/form-data`, whatever follows a line that begins like a boundary, whichever way lines end.
fn fields(request: &Request, body: &[u8]) -> Found {
    let media_type = media_type(request);
    let Some((_, boundary)) = media_type.split_once("boundary=") else {
        return if media_type.to_ascii_lowercase().contains("json") {
            Vec::new()
        } else {
            encoded_pairs(body)
        };
    };
    let body = String::from_utf8_lossy(body).replace("\r\n", "\n");
    let delimiter = format!("--{}", boundary.trim_matches('"'));
    let parts = body.split(&delimiter).skip(1).filter_map(|part| {
        let (head, value) = part.split_once("\n\n")?;
        let name = head.split("name=").nth(1)?.trim_start_matches('"');
        let name = name.split(['"', ';', '\n']).next()?;
        Some((name.to_owned(), value.strip_suffix('\n').unwrap_or(value).to_owned()))
    });
    parts.collect()
}

/// What a JSON body has at a place: a text or a number, or the elements of a list.
fn members(request: &Request, body: &[u8], place: &str) -> Found {
    if body.is_empty() || !media_type(request).to_ascii_lowercase().contains("json") {
        return Vec::new();
    }
    let body: Value = serde_json::from_slice(body).expect("the body is JSON");
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let found = match body.pointer(place) {
        None => Vec::new(),
        Some(Value::Array(elements)) => elements.iter().map(text).collect(),
        Some(value) => vec![text(value)],
    };
    found.into_iter().map(|value| (place.to_owned(), value)).collect()
}
