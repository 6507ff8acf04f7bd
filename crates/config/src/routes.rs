//! Routes: the system's, overlaid with the document's.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use portcullis::json::pointer_to;
use portcullis::parts::{Access, RouteTemplate, Routes, TrailingSlash, WrittenRoute};

use crate::bindings;
use crate::context::Context;
use crate::diagnostics::Diagnostics;
use crate::document::RouteDocument;
use crate::suggest::closest;
use crate::template;

pub(crate) fn compile(context: &Context<'_>, diagnostics: &mut Diagnostics) -> Option<Routes> {
    let (own, known) = (&context.document.policy, &context.system.policy);
    let trailing_slash = own.trailing_slash.or(known.trailing_slash).unwrap_or_default();
    let docs = match own.docs.as_deref() {
        None => Some(Access::Refused),
        Some(text) => access(text, "/policy/docs", diagnostics),
    };

    let mut by_shape: BTreeMap<String, WrittenRoute> = BTreeMap::new();
    for (text, written) in &known.routes {
        let route = Writing { text, written, origin: Origin::System, trailing_slash };
        let route = route.read(diagnostics)?;
        by_shape.insert(route.template.shape(), route);
    }
    for text in &context.system.docs {
        let template = diagnostics.ok_or_report("/profile", RouteTemplate::parse(text))?;
        let template = template.normalized(trailing_slash);
        by_shape.insert(template.shape(), WrittenRoute::new(template, docs.clone()?));
    }
    let mut own_shapes = BTreeMap::new();
    for (text, written) in &own.routes {
        let writing = Writing { text, written, origin: Origin::Document, trailing_slash };
        let Some(route) = writing.read(diagnostics) else { continue };
        let shape = route.template.shape();
        if let Some(other) = own_shapes.insert(shape.clone(), text) {
            diagnostics.error(
                writing.place(&[]),
                format!("\"{other}\" matches the same requests; keep one of the two"),
            );
        }
        by_shape.insert(shape, route);
    }
    let routes = Routes::compile(by_shape.into_values().collect(), trailing_slash);
    diagnostics.ok_or_report("/policy/routes", routes)
}

/// Who wrote a route.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    System,
    Document,
}

/// A route that is to be read.
struct Writing<'w> {
    text: &'w str,
    written: &'w RouteDocument,
    origin: Origin,
    trailing_slash: TrailingSlash,
}

impl Writing<'_> {
    /// The pointer to what is `inside` the route; that of the system's name for a route that is not the document's.
    fn place(&self, inside: &[&str]) -> String {
        match self.origin {
            Origin::System => "/profile".to_owned(),
            Origin::Document => {
                let tokens: Vec<&str> =
                    ["policy", "routes", self.text].into_iter().chain(inside.iter().copied()).collect();
                pointer_to(&tokens)
            }
        }
    }

    fn read(&self, diagnostics: &mut Diagnostics) -> Option<WrittenRoute> {
        let RouteDocument { access: written_access, bindings, hosts } = self.written;
        let template = match self.origin {
            Origin::System => RouteTemplate::parse(self.text).map_err(|error| error.to_string()),
            Origin::Document => template::parse(self.text),
        };
        let template = template.map_err(|error| diagnostics.error(self.place(&[]), error)).ok();
        let access = match Access::parse(written_access) {
            Some(access) => Some(access),
            None => access(written_access, &self.place(&[]), diagnostics),
        };
        let (template, access) = (template?.normalized(self.trailing_slash), access?);
        if !bindings.is_empty() && !matches!(access, Access::Permission(_)) {
            diagnostics.error(
                self.place(&["where"]),
                "only a route that asks for a permission has a caller to bind; name one in \"access\"",
            );
        }
        let bindings = bindings.iter().filter_map(|(parameter, values)| {
            let binding = bindings::parse(parameter, values, &template);
            binding.map_err(|message| diagnostics.error(self.place(&["where", parameter]), message)).ok()
        });
        let bindings = bindings.collect();
        let hosts = self.hosts(hosts, diagnostics);
        Some(WrittenRoute { template, access, bindings, hosts })
    }

    /// The hosts of a route in lower case: names or addresses, with a port where that counts as well.
    fn hosts(&self, written: &[String], diagnostics: &mut Diagnostics) -> Vec<String> {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:[]".contains(&byte);
        for (index, host) in written.iter().enumerate() {
            if host.is_empty() || !host.bytes().all(legal) {
                diagnostics.error(
                    self.place(&["hosts", &format!("{index}")]),
                    "not a host; write one as in the `Host` header, like \"api.example.com\" or \"localhost:8080\"",
                );
            }
        }
        written.iter().map(|host| host.to_ascii_lowercase()).collect()
    }
}

fn access(text: &str, place: &str, diagnostics: &mut Diagnostics) -> Option<Access> {
    let access = Access::parse(text);
    if access.is_none() {
        let hint = match closest(text, ["public", "refused"]).filter(|_| !text.contains(':')) {
            Some(close) => format!("did you mean \"{close}\"?"),
            None => "write a permission like \"graph:invoke\", \"refused\" or \"public\"".to_owned(),
        };
        diagnostics.error(place, format!("not an access rule; {hint}"));
    }
    access
}
