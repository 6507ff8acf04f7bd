//! The matrix as a page: one file, nothing loaded, readable without scripts.

mod escape;
mod table;

use core::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use portcullis_analysis::caller::CallerKind;
use portcullis_analysis::matrix::{CellKind, Matrix};

use super::sign::{ALL, meaning, sign};
use crate::output::counted;
use escape::escape;
use table::groups;

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");

/// The page.
pub(super) fn page(matrix: &Matrix) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Who may do what</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <header><h1>Who may do what</h1>\n<p>{}</p></header>\n\
         <ul class=\"totals\">{}</ul>\n\
         <form class=\"filters\" aria-label=\"Filters\" hidden>{}</form>\n\
         <ul class=\"legend\">{}</ul>\n\
         <div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Routes by callers\">{}</div>\n\
         <p class=\"none\" hidden>No route fits these filters.</p>\n\
         <p class=\"detail\" role=\"status\" hidden></p>\n\
         <script>{SCRIPT}</script>\n</body>\n</html>\n",
        source_hash(STYLE),
        source_hash(SCRIPT),
        summary(matrix),
        totals(matrix),
        filters(matrix),
        legend(matrix),
        table::table(matrix),
    )
}

fn summary(matrix: &Matrix) -> String {
    let count = |access: &str| matrix.routes.iter().filter(|row| row.access == access).count();
    let default = match &matrix.default_role {
        Some(role) => format!("A token that says nothing about roles counts as <b>{}</b>.", escape(role)),
        None => "A token that says nothing about roles has none.".to_owned(),
    };
    let bound = matrix.routes.iter().filter(|row| !row.bindings.is_empty()).count();
    let bound = if bound == 0 { String::new() } else { format!(", {bound} of them bound to the caller") };
    format!(
        "{}: {} ask for a permission{bound}, {} are public, {} are refused to everybody. {default} \
         Each role is shown by itself.",
        counted(matrix.routes.len(), "route", "routes"),
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
                "<li><b>{}</b><meter min=\"0\" max=\"{all}\" value=\"{count}\"></meter>\
                 <span><strong>{count}</strong> of {all}</span></li>",
                escape(who.label())
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
    let twice = |text: &str| (text.to_owned(), text.to_owned());
    let mut methods: Vec<&str> = matrix.routes.iter().map(|row| row.method.as_str()).collect();
    methods.sort_unstable();
    methods.dedup();
    let methods = options(&mut methods.into_iter().map(twice));
    let resources = options(&mut groups(matrix).into_keys().map(|(_, name)| twice(name)));
    let labels = || matrix.callers.iter().map(CallerKind::label).enumerate();
    let callers = options(&mut labels().map(|(index, label)| (index.to_string(), label.to_owned())));
    let columns: String = labels()
        .map(|(index, label)| {
            format!(
                "<label><input type=\"checkbox\" name=\"column\" value=\"{index}\" checked> {}</label>",
                escape(label)
            )
        })
        .collect();
    format!(
        "<label>Find <input type=\"search\" name=\"text\" placeholder=\"path, permission or binding\" \
         autocomplete=\"off\"></label>\
         <label>Method <select name=\"method\"><option value=\"\">any</option>{methods}</select></label>\
         <label>Resource <select name=\"resource\"><option value=\"\">any</option>{resources}</select></label>\
         <label>Caller <select name=\"who\"><option value=\"\">any</option>{callers}</select></label>\
         <label>who <select name=\"may\"><option value=\"1b\">may</option><option value=\"1\">may, unbound</option>\
         <option value=\"b\">may, if bound</option><option value=\"0\">may not</option></select></label>\
         <button type=\"reset\">Clear</button><output name=\"shown\"></output>\
         <fieldset><legend>Columns</legend>{columns}</fieldset>"
    )
}

fn legend(matrix: &Matrix) -> String {
    let is_bound = matrix.routes.iter().any(|row| !row.bindings.is_empty());
    let kinds = ALL.into_iter().filter(|kind| is_bound || *kind != CellKind::Bound);
    let signs: String = kinds
        .map(|kind| {
            format!("<li><span class=\"{}\">{}</span> {}</li>", table::class(kind), sign(kind), meaning(kind))
        })
        .collect();
    format!(
        "{signs}<li class=\"keys\" hidden><kbd>/</kbd> finds, <kbd>Esc</kbd> clears, the arrow keys go from sign to \
         sign</li>"
    )
}

/// The source expression that allows exactly this inline text
/// ([CSP level 3 section 2.3.1](https://www.w3.org/TR/CSP3/#grammardef-hash-source)).
fn source_hash(text: &str) -> String {
    let hash = portcullis::api_key::plain_hash(text);
    let digits = hash.trim_start_matches("sha256:").as_bytes();
    let bytes: Vec<u8> = digits
        .chunks_exact(2)
        .filter_map(|pair| core::str::from_utf8(pair).ok())
        .filter_map(|pair| u8::from_str_radix(pair, 16).ok())
        .collect();
    format!("sha256-{}", STANDARD.encode(bytes))
}
