//! Werkzeug's router as Quart and Flask use it, naively: the rules that still fit are filtered part by part.

use std::collections::BTreeMap;

use super::server::{self, Outcome};
use super::table::Row;

/// An application of Quart or Flask with `strict_slashes=False` and `merge_slashes=True`.
#[derive(Debug)]
pub(crate) struct Werkzeug {
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    method: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Static(String),
    Dynamic(Dynamic),
}

/// Ordered as Werkzeug orders them: more and longer fixed text first, then more parameters, then those without slashes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Dynamic {
    weight: (isize, Vec<(usize, isize)>, isize, Vec<u8>),
    pieces: Vec<Piece>,
    /// Takes all the rest of the path.
    last: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Piece {
    Text(String),
    /// `[^/]+`
    Default,
    /// `[^/].*?`
    Path,
}

/// A rule by its index, and the parts of it that are still to match.
type Open<'r> = (usize, &'r [Part]);

impl Werkzeug {
    pub(crate) fn new(rows: &[Row]) -> Self {
        let rule = |row: &Row| Rule { method: row.method.clone(), parts: compile(&row.template) };
        Self { rules: rows.iter().map(rule).collect() }
    }

    pub(crate) fn serve(&self, method: &str, target: &[u8]) -> Outcome {
        let Some(path) = server::path(target) else { return Outcome::NotServed };
        // OPTIONS is answered without the route's own code.
        let method = match method {
            "HEAD" => "GET",
            "OPTIONS" | "WEBSOCKET" => return Outcome::NotServed,
            other => other,
        };
        let path = format!("/{}", path.trim_start_matches('/'));
        if let Some(rule) = self.find(method, &path) {
            return Outcome::Served(rule);
        }
        let mut merged = path.clone();
        while merged.contains("//") {
            merged = merged.replace("//", "/");
        }
        if self.find(method, &merged).is_some() { Outcome::Redirected } else { Outcome::NotServed }
    }

    fn find(&self, method: &str, path: &str) -> Option<usize> {
        let open: Vec<Open<'_>> =
            self.rules.iter().enumerate().map(|(index, rule)| (index, rule.parts.as_slice())).collect();
        self.narrow(method, &open, &path.split('/').collect::<Vec<_>>())
    }

    fn narrow(&self, method: &str, open: &[Open<'_>], path: &[&str]) -> Option<usize> {
        let ended = |done: &[Part]| {
            open.iter().find(|(rule, parts)| *parts == done && self.rules[*rule].method == method)
        };
        let Some((first, rest)) = path.split_first() else {
            return ended(&[]).or_else(|| ended(&[Part::Static(String::new())])).map(|(rule, _)| *rule);
        };
        let mut fixed = Vec::new();
        let mut dynamic: BTreeMap<&Dynamic, Vec<Open<'_>>> = BTreeMap::new();
        for (rule, parts) in open {
            match parts.split_first() {
                Some((Part::Static(text), tail)) if text == first => fixed.push((*rule, tail)),
                Some((Part::Dynamic(part), tail)) => dynamic.entry(part).or_default().push((*rule, tail)),
                _ => {}
            }
        }
        if !fixed.is_empty()
            && let Some(found) = self.narrow(method, &fixed, rest)
        {
            return Some(found);
        }
        for (part, open) in dynamic {
            let (text, rest) =
                if part.last { (path.join("/"), &[][..]) } else { ((*first).to_owned(), rest) };
            if matches(&part.pieces, &text)
                && let Some(found) = self.narrow(method, &open, rest)
            {
                return Some(found);
            }
        }
        // Not strict about slashes: one that is left over at the end does not count.
        if path == [""] { ended(&[]).map(|(rule, _)| *rule) } else { None }
    }
}

fn compile(template: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut segments = template.split('/');
    while let Some(segment) = segments.next() {
        if !segment.contains('{') {
            parts.push(Part::Static(segment.to_owned()));
            continue;
        }
        let last = segment.contains(":path}");
        let mut text = segment.to_owned();
        if last {
            for more in segments.by_ref() {
                text = format!("{text}/{more}");
            }
        }
        parts.push(Part::Dynamic(dynamic(&text, last)));
    }
    parts
}

fn dynamic(text: &str, last: bool) -> Dynamic {
    let (mut pieces, mut texts, mut arguments) = (Vec::new(), Vec::new(), Vec::new());
    let mut fixed = |text: &str, pieces: &mut Vec<Piece>| {
        // A slash after a parameter with slashes is text, and weighs nothing.
        for name in text.split('/').filter(|name| !name.is_empty()) {
            texts.push((texts.len(), -isize::try_from(name.len()).unwrap()));
        }
        if !text.is_empty() {
            pieces.push(Piece::Text(text.to_owned()));
        }
    };
    let mut rest = text;
    while let Some((before, parameter)) = rest.split_once('{') {
        let (name, tail) = parameter.split_once('}').unwrap();
        fixed(before, &mut pieces);
        let with_slashes = name.ends_with(":path");
        pieces.push(if with_slashes { Piece::Path } else { Piece::Default });
        arguments.push(if with_slashes { 200 } else { 100 });
        rest = tail;
    }
    fixed(rest, &mut pieces);
    let count = |length: usize| -isize::try_from(length).unwrap();
    Dynamic { weight: (count(texts.len()), texts, count(arguments.len()), arguments), pieces, last }
}

/// Whether `pieces\Z` matches from the start.
fn matches(pieces: &[Piece], text: &str) -> bool {
    match pieces {
        [] => text.is_empty(),
        [Piece::Text(fixed), rest @ ..] => {
            text.strip_prefix(fixed.as_str()).is_some_and(|text| matches(rest, text))
        }
        [piece, rest @ ..] => {
            for (at, c) in text.char_indices() {
                let taken = match piece {
                    Piece::Path if at > 0 => c != '\n',
                    _ => c != '/',
                };
                if !taken {
                    return false;
                }
                if matches(rest, text.split_at(at + c.len_utf8()).1) {
                    return true;
                }
            }
            false
        }
    }
}
