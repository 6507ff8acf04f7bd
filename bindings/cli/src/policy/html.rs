//! The matrix as a page: one file, nothing loaded, readable without scripts.

use core::fmt::Write as _;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portcullis::Reason;

use super::caller::{Answer, Who};
use super::matrix::{Matrix, Row, sign};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The page.
pub(super) fn page(matrix: &Matrix) -> String {
    let mut groups: BTreeMap<(u8, &str), Vec<&Row>> = BTreeMap::new();
    for row in &matrix.routes {
        groups.entry(group(row)).or_default().push(row);
    }
    let body: String = groups.iter().map(|((_, name), rows)| section(matrix, name, rows)).collect();
    let heads: String = matrix
        .callers
        .iter()
        .map(|who| format!("<th scope=\"col\" class=\"who\"><span>{}</span></th>", escape(&who.label())))
        .collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Who may do what</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <header><h1>Who may do what</h1>\n<p>{}</p></header>\n\
         <ul class=\"totals\">{}</ul>\n\
         <form class=\"filters\" hidden>{}</form>\n\
         <p class=\"legend\"><span class=\"allow\">✓</span> allowed <span class=\"missing\">·</span> not granted \
         <span class=\"deny\">✗</span> denied or refused. What lies behind a sign is said when the pointer rests on it.</p>\n\
         <div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">Route</th><th scope=\"col\">Asks for</th>{heads}</tr></thead>\n\
         {body}</table></div>\n\
         <p class=\"none\" hidden>No route fits these filters.</p>\n\
         <script>{SCRIPT}</script>\n</body>\n</html>\n",
        source_hash(STYLE),
        source_hash(SCRIPT),
        summary(matrix),
        totals(matrix),
        filters(matrix),
    )
}

/// What a route is listed under: the resource of its permission, or `public` or `refused`, which come last.
fn group(row: &Row) -> (u8, &str) {
    match row.permission.as_deref().and_then(|permission| permission.split_once(':')) {
        Some((resource, _)) => (0, resource),
        None => (1, row.access),
    }
}

fn summary(matrix: &Matrix) -> String {
    let count = |access: &str| matrix.routes.iter().filter(|row| row.access == access).count();
    let default = match &matrix.default_role {
        Some(role) => format!("A token that says nothing about roles counts as <b>{}</b>.", escape(role)),
        None => "A token that says nothing about roles has none.".to_owned(),
    };
    format!(
        "{} routes: {} ask for a permission, {} are public, {} are refused to everybody. {default} \
         Each role is shown by itself.",
        matrix.routes.len(),
        count("permission"),
        count("public"),
        count("refused"),
    )
}

fn totals(matrix: &Matrix) -> String {
    let all = matrix.routes.len();
    matrix
        .totals()
        .map(|(who, count)| {
            format!(
                "<li><b>{}</b><meter min=\"0\" max=\"{all}\" value=\"{count}\"></meter> {count} of {all}</li>",
                escape(&who.label())
            )
        })
        .collect()
}

fn filters(matrix: &Matrix) -> String {
    let options = |texts: &mut dyn Iterator<Item = (String, String)>| -> String {
        texts.fold(String::new(), |mut all, (value, text)| {
            // Writing to a `String` cannot fail.
            let _ = write!(all, "<option value=\"{}\">{}</option>", escape(&value), escape(&text));
            all
        })
    };
    let mut methods: Vec<&str> = matrix.routes.iter().map(|row| row.method.as_str()).collect();
    methods.sort_unstable();
    methods.dedup();
    let methods = options(&mut methods.into_iter().map(|method| (method.to_owned(), method.to_owned())));
    let callers =
        options(&mut matrix.callers.iter().map(Who::label).enumerate().map(|(n, who)| (n.to_string(), who)));
    format!(
        "<label>Find <input type=\"search\" name=\"text\" placeholder=\"path or permission\"></label>\
         <label>Method <select name=\"method\"><option value=\"\">any</option>{methods}</select></label>\
         <label>Caller <select name=\"who\"><option value=\"\">any</option>{callers}</select></label>\
         <label>who <select name=\"may\"><option value=\"allow\">may</option><option value=\"deny\">may not</option></select></label>\
         <output name=\"shown\"></output>"
    )
}

fn section(matrix: &Matrix, name: &str, rows: &[&Row]) -> String {
    let columns = matrix.callers.len().saturating_add(2);
    let mut text = format!(
        "<tbody><tr class=\"group\"><th scope=\"rowgroup\" colspan=\"{columns}\">{}</th></tr>\n",
        escape(name)
    );
    for row in rows {
        let may: Vec<&str> =
            row.answers.iter().map(|answer| if answer.allowed() { "1" } else { "0" }).collect();
        // Writing to a `String` cannot fail.
        let _ = write!(
            text,
            "<tr data-method=\"{method}\" data-may=\"{}\"><th scope=\"row\"><span class=\"method\">{method}</span> \
             <code>{}</code></th><td class=\"asks {}\">{}</td>",
            may.concat(),
            escape(&row.path),
            row.access,
            escape(row.asks()),
            method = escape(&row.method),
        );
        for (who, answer) in matrix.callers.iter().zip(&row.answers) {
            let (class, title) = (class(*answer), format!("{}: {}", who.label(), answer.code()));
            let _ = write!(
                text,
                "<td class=\"sign {class}\" title=\"{}\">{}<span class=\"words\">{}</span></td>",
                escape(&title),
                sign(*answer),
                answer.code()
            );
        }
        text.push_str("</tr>\n");
    }
    text.push_str("</tbody>\n");
    text
}

fn class(answer: Answer) -> &'static str {
    match answer.reason {
        None => "allow",
        Some(Reason::PermissionDenied | Reason::RouteRefused) => "deny",
        Some(_) => "missing",
    }
}

/// `text` inside an element or a quoted attribute.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The source expression that lets exactly this inline text in
/// ([CSP level 3 section 2.3.1](https://www.w3.org/TR/CSP3/#grammardef-hash-source)).
fn source_hash(text: &str) -> String {
    let hash = portcullis::api_key::plain_hash(text);
    let digits = hash.trim_start_matches("sha256:").as_bytes();
    let octets: Vec<u8> = digits
        .chunks_exact(2)
        .filter_map(|pair| core::str::from_utf8(pair).ok())
        .filter_map(|pair| u8::from_str_radix(pair, 16).ok())
        .collect();
    format!("sha256-{}", STANDARD.encode(octets))
}
