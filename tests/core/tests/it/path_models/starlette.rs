//! Starlette's router, naively: a pattern per route, tried in the order of registration.

use super::server::{self, Outcome};
use super::table::Row;

/// An application of Starlette or FastAPI behind uvicorn.
#[derive(Debug)]
pub(crate) struct Starlette {
    routes: Vec<(Row, Vec<Piece>)>,
    /// What is taken off the front of a path: AgentFlow's is `/`, others have none.
    root_path: &'static str,
}

#[derive(Debug)]
enum Piece {
    Text(String),
    /// `[^/]+`
    Segment,
    /// `.*`, where the dot is anything but a line feed
    Path,
}

impl Starlette {
    pub(crate) fn new(rows: &[Row], root_path: &'static str) -> Self {
        let routes = rows.iter().map(|row| (row.clone(), compile(&row.template))).collect();
        Self { routes, root_path }
    }

    pub(crate) fn serve(&self, method: &str, target: &[u8]) -> Outcome {
        let Some(path) = server::path(target) else { return Outcome::NotServed };
        let path = self.route_path(&path);
        let mut method_mismatch = false;
        for (index, (row, pieces)) in self.routes.iter().enumerate() {
            if (row.method == "WEBSOCKET") != (method == "WEBSOCKET") || !matches(pieces, path) {
                continue;
            }
            if row.method == method || (row.head && method == "HEAD") {
                return Outcome::Served(index);
            }
            method_mismatch = true;
        }
        // `redirect_slashes`: with the slash taken off or put on, any route would do, whatever its method.
        let other = match path.strip_suffix('/') {
            Some(_) => path.trim_end_matches('/').to_owned(),
            None => format!("{path}/"),
        };
        let redirects = !method_mismatch
            && method != "WEBSOCKET"
            && path != "/"
            && self.routes.iter().any(|(row, pieces)| row.method != "WEBSOCKET" && matches(pieces, &other));
        if redirects { Outcome::Redirected } else { Outcome::NotServed }
    }

    /// The path without `root_path`, if that ends where a segment does.
    fn route_path<'p>(&self, path: &'p str) -> &'p str {
        match path.strip_prefix(self.root_path) {
            Some(rest) if !self.root_path.is_empty() && (rest.is_empty() || rest.starts_with('/')) => rest,
            _ => path,
        }
    }
}

fn compile(template: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some((text, parameter)) = rest.split_once('{') {
        let (name, tail) = parameter.split_once('}').unwrap();
        pieces.push(Piece::Text(text.to_owned()));
        pieces.push(if name.ends_with(":path") { Piece::Path } else { Piece::Segment });
        rest = tail;
    }
    pieces.push(Piece::Text(rest.to_owned()));
    pieces
}

/// Whether `^pieces$` matches. In Python `$` stands before a line feed at the end as well.
fn matches(pieces: &[Piece], path: &str) -> bool {
    let ends = |stop: char| path.char_indices().map(move |(at, c)| (at, c, c != stop));
    match pieces {
        [] => path.is_empty() || path == "\n",
        [Piece::Text(text), rest @ ..] => {
            path.strip_prefix(text.as_str()).is_some_and(|path| matches(rest, path))
        }
        [Piece::Segment, rest @ ..] => ends('/')
            .take_while(|(_, _, taken)| *taken)
            .any(|(at, c, _)| matches(rest, path.split_at(at + c.len_utf8()).1)),
        [Piece::Path, rest @ ..] => {
            matches(rest, path)
                || ends('\n')
                    .take_while(|(_, _, taken)| *taken)
                    .any(|(at, c, _)| matches(rest, path.split_at(at + c.len_utf8()).1))
        }
    }
}
