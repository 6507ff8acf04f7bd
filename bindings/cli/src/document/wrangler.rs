//! The variable `PORTCULLIS_CONFIG` of a `wrangler.toml`.

use std::collections::BTreeMap;

use portcullis_config::Position;
use serde::Deserialize;
use toml::Spanned;

use super::found::{Found, Places, Unreadable};

/// As far as it concerns the gate.
#[derive(Deserialize)]
struct Wrangler {
    #[serde(default)]
    vars: Variables,
    #[serde(default)]
    env: BTreeMap<String, Environment>,
}

#[derive(Default, Deserialize)]
struct Environment {
    #[serde(default)]
    vars: Variables,
}

#[derive(Default, Deserialize)]
struct Variables {
    #[serde(rename = "PORTCULLIS_CONFIG")]
    config: Option<Spanned<String>>,
}

/// The document: that of the top level, or of the only environment that has one.
pub(super) fn find(text: &str) -> Result<Found, Unreadable> {
    let wrangler: Wrangler = toml::from_str(text).map_err(|error| {
        let message = format!("not usable TOML: {}", error.message());
        match error.span() {
            Some(span) => Unreadable::at(position(text, span.start), message),
            None => Unreadable::new(message),
        }
    })?;
    let of_environments = wrangler.env.into_iter().filter_map(|(name, environment)| {
        environment.vars.config.map(|config| (format!("env.{name}"), config))
    });
    let config = match (wrangler.vars.config, of_environments.collect::<Vec<_>>()) {
        (Some(config), _) => config,
        (None, mut environments) if environments.len() <= 1 => {
            let only = environments.pop().map(|(_, config)| config);
            only.ok_or_else(|| Unreadable::new("there is no variable PORTCULLIS_CONFIG under [vars]"))?
        }
        (None, environments) => {
            let names: Vec<String> = environments.into_iter().map(|(name, _)| name).collect();
            return Err(Unreadable::new(format!(
                "several environments have a variable PORTCULLIS_CONFIG ({}); write the one that you mean into a file",
                names.join(", ")
            )));
        }
    };
    let start = position(text, config.span().start.saturating_add(opening(text.get(config.span()))));
    Ok(Found::new(config.into_inner().into_bytes(), Places::Within(start)))
}

/// How many bytes of a string literal come before its text.
fn opening(literal: Option<&str>) -> usize {
    let literal = literal.unwrap_or_default();
    let quotes = if literal.starts_with("'''") || literal.starts_with("\"\"\"") { 3_usize } else { 1 };
    let rest = literal.get(quotes..).unwrap_or_default();
    // TOML trims a line end right behind three quotes.
    let line_end = match rest {
        rest if quotes == 3 && rest.starts_with("\r\n") => 2,
        rest if quotes == 3 && rest.starts_with('\n') => 1,
        _ => 0,
    };
    quotes.saturating_add(line_end)
}

fn position(text: &str, offset: usize) -> Position {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |end| end.saturating_add(1));
    let column = before.get(line_start..).unwrap_or_default().chars().count();
    Position { line: before.matches('\n').count().saturating_add(1), column: column.saturating_add(1) }
}
