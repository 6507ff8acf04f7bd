//! Routes: the system's, overlaid with the document's.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use portcullis::CredentialHandling;
use portcullis::json::pointer_to;
use portcullis::limits::{BODY_BYTES, BODY_BYTES_MAX};
use portcullis::parts::{
    Access, Binding, Parameter, RouteCredential, RouteTemplate, Routes, TrailingSlash, WrittenRoute,
};

use crate::bindings;
use crate::context::Context;
use crate::diagnostics::Diagnostics;
use crate::document::{HeadRoutes, ObjectsDocument, PolicyDocument, RouteCredentialDocument, RouteDocument};
use crate::limits;
use crate::lint::Lint;
use crate::secrets::Secrets;
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
    let known_routes = known.routes.iter().map(|route| (Origin::System, route));
    let of_objects = objects(context, diagnostics).into_iter().flat_map(|policy| &policy.routes);
    for (origin, (text, written)) in known_routes.chain(of_objects.map(|route| (Origin::Objects, route))) {
        let secrets = context.secrets;
        let route = Writing { text, written, origin, trailing_slash, secrets };
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
        let secrets = context.secrets;
        let writing = Writing { text, written, origin: Origin::Document, trailing_slash, secrets };
        let Some(mut route) = writing.read(diagnostics) else { continue };
        let shape = route.template.shape();
        if let Some(known) = by_shape.get(&shape).filter(|_| !own_shapes.contains_key(&shape)) {
            writing.inherit(&mut route, known, diagnostics);
        }
        writing.check_body_bytes(&route, diagnostics);
        if let Some(other) = own_shapes.insert(shape.clone(), text) {
            diagnostics.error(
                writing.place(&[]),
                format!("\"{other}\" matches the same requests; keep one of the two"),
            );
        }
        by_shape.insert(shape, route);
    }
    let routes = Routes::compile(by_shape.into_values().collect(), trailing_slash);
    let routes = diagnostics.ok_or_report("/policy/routes", routes)?;
    Some(match own.head.or(known.head) {
        Some(HeadRoutes::FollowsGet) => routes.with_head_following_get(),
        Some(HeadRoutes::Distinct) | None => routes,
    })
}

/// What is known of the system for origins that are asked whose an object is, if the document has it asked.
pub(crate) fn objects<'c>(
    context: &Context<'c>,
    diagnostics: &mut Diagnostics,
) -> Option<&'c PolicyDocument> {
    let ObjectsDocument::Origin = context.document.policy.objects?;
    if context.system.objects.is_none() {
        diagnostics.error(
            "/policy/objects",
            format!(
                "nothing is known of how {} tells whose an object is; remove this, and write at each route whom to ask, with \"where\"",
                context.system.name
            ),
        );
    }
    context.system.objects.as_ref()
}

/// Who wrote a route.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    System,
    /// What is known of the system, where its objects are asked about.
    Objects,
    Document,
}

/// A route that is to be read.
struct Writing<'w> {
    text: &'w str,
    written: &'w RouteDocument,
    origin: Origin,
    trailing_slash: TrailingSlash,
    secrets: &'w dyn Secrets,
}

impl Writing<'_> {
    /// The pointer to what is `inside` the route; that of the system's name for a route that is not the document's.
    fn place(&self, inside: &[&str]) -> String {
        match self.origin {
            Origin::System => "/profile".to_owned(),
            Origin::Objects => "/policy/objects".to_owned(),
            Origin::Document => {
                let tokens: Vec<&str> =
                    ["policy", "routes", self.text].into_iter().chain(inside.iter().copied()).collect();
                pointer_to(&tokens)
            }
        }
    }

    fn read(&self, diagnostics: &mut Diagnostics) -> Option<WrittenRoute> {
        let RouteDocument { access: written_access, bindings, hosts, credential, limit, body_bytes } =
            self.written;
        let template = match self.origin {
            Origin::System | Origin::Objects => {
                RouteTemplate::parse(self.text).map_err(|error| error.to_string())
            }
            Origin::Document => template::parse(self.text),
        };
        let template = template.map_err(|error| diagnostics.error(self.place(&[]), error)).ok();
        let access = match Access::parse(written_access) {
            Some(access) => Some(access),
            None => access(written_access, &self.place(&[]), diagnostics),
        };
        let (template, access) = (template?.normalized(self.trailing_slash), access?);
        let bindings: Vec<_> = bindings.iter().flatten().collect();
        if !bindings.is_empty() && !matches!(access, Access::Permission(_)) {
            diagnostics.error(
                self.place(&["where"]),
                "only a route that asks for a permission has a caller to bind; name one in \"access\"",
            );
        }
        let bindings = bindings.into_iter().filter_map(|(parameter, written)| {
            let binding = bindings::parse(parameter, written, &template);
            let place = |inside: &str| match inside {
                "" => self.place(&["where", parameter]),
                member => self.place(&["where", parameter, member]),
            };
            binding.map_err(|error| diagnostics.error(place(error.inside), error.message)).ok()
        });
        let bindings: Vec<Binding> = bindings.collect();
        if let Some(asking) = bindings.iter().find(|binding| binding.asks() && !self.secrets.reaches_origin())
        {
            diagnostics.error(
                self.place(&["where", &asking.parameter.to_string()]),
                if self.secrets.sends_calls() {
                    "this asks the origin, and the host has not been told where that is; give it the address, or bind the parameter to a claim"
                } else {
                    "this host asks nobody while it runs; run the gate on one that does, or bind the parameter to a claim"
                },
            );
        }
        if let Err(message) = bindings::check_together(&bindings) {
            diagnostics.error(self.place(&["where"]), message);
        }
        let hosts = self.hosts(hosts, diagnostics);
        let credential = self.credential(*credential, &access, diagnostics);
        let limit = limit
            .as_ref()
            .map(|limit| limits::rate(limit, &self.place(&["limit"]), self.secrets, diagnostics));
        if limit.is_some() && access == Access::Refused {
            diagnostics.error(self.place(&["limit"]), "nobody may use a refused route; leave this out");
        }
        let body_bytes = self.body_bytes(*body_bytes, diagnostics);
        Some(WrittenRoute { template, access, bindings, hosts, credential, limit, body_bytes })
    }

    /// The longest body that is compared.
    fn body_bytes(&self, written: Option<usize>, diagnostics: &mut Diagnostics) -> usize {
        let Some(bytes) = written else { return BODY_BYTES };
        if !(1..=BODY_BYTES_MAX).contains(&bytes) {
            diagnostics.error(
                self.place(&["body_bytes"]),
                format!("from 1 to {BODY_BYTES_MAX} bytes: the gate holds the whole body in memory"),
            );
        }
        bytes
    }

    /// Notes a limit for bodies that nobody reads.
    fn check_body_bytes(&self, route: &WrittenRoute, diagnostics: &mut Diagnostics) {
        if self.written.body_bytes.is_some() && !route.bindings.iter().any(Binding::is_on_body) {
            diagnostics.error(
                self.place(&["body_bytes"]),
                "is about bodies that the gate reads, and it reads none on this route; leave it out, or compare something of the body with \"where\"",
            );
        }
    }

    /// What a route says about credentials, if that fits what it asks for.
    fn credential(
        &self,
        written: Option<RouteCredentialDocument>,
        access: &Access,
        diagnostics: &mut Diagnostics,
    ) -> RouteCredential {
        let (credential, is_of_origin) = match written {
            None => return RouteCredential::AsElsewhere,
            Some(RouteCredentialDocument::Origin) => (RouteCredential::OfOrigin, true),
            Some(RouteCredentialDocument::Forward) => {
                (RouteCredential::Handled(CredentialHandling::Forward), false)
            }
            Some(RouteCredentialDocument::Swap) => {
                (RouteCredential::Handled(CredentialHandling::Replace), false)
            }
            Some(RouteCredentialDocument::Strip) => {
                (RouteCredential::Handled(CredentialHandling::Strip), false)
            }
        };
        let wrong = match access {
            Access::Public if !is_of_origin => {
                "nobody is verified on a public route, and no credential passes; leave this out, or write \"origin\" if the origin sees to credentials here"
            }
            Access::Permission(_) if is_of_origin => {
                "a route that asks for a permission gets one verified credential; write \"forward\", \"swap\" or \"strip\", or make the route \"public\""
            }
            Access::Refused => "nothing of a refused route reaches the origin; leave this out",
            Access::Public | Access::Permission(_) => return credential,
        };
        diagnostics.error(self.place(&["credential"]), wrong);
        credential
    }

    /// Takes over the bindings of the system's route for the same requests, unless the document writes its own. Leaving one
    /// out is a matter for a second look: it keeps callers apart, and the origin need not.
    fn inherit(&self, route: &mut WrittenRoute, known: &WrittenRoute, diagnostics: &mut Diagnostics) {
        if self.written.bindings.is_none() && matches!(route.access, Access::Permission(_)) {
            route.bindings = known.bindings.clone();
            if self.written.body_bytes.is_none() {
                route.body_bytes = known.body_bytes;
            }
            for binding in &mut route.bindings {
                if let Parameter::Path { name, segment } = &mut binding.parameter
                    && let Some(own) = route.template.parameter_at(*segment)
                {
                    *name = own.to_owned();
                }
            }
            return;
        }
        if route.access == Access::Refused {
            return;
        }
        for binding in &known.bindings {
            let is_kept = |own: &Binding| {
                is_same(&own.parameter, &binding.parameter) && (binding.optional || !own.optional)
            };
            if !route.bindings.iter().any(is_kept) {
                let place =
                    if self.written.bindings.is_some() { self.place(&["where"]) } else { self.place(&[]) };
                diagnostics.report(
                    Lint::BindingDropped,
                    place,
                    format!("the profile's route has \"{}\", and this one does without", binding.parameter),
                );
            }
        }
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

/// Whether two parameters are one, whatever a segment of the path is called.
fn is_same(one: &Parameter, other: &Parameter) -> bool {
    match (one, other) {
        (Parameter::Path { segment: one, .. }, Parameter::Path { segment: other, .. }) => one == other,
        _ => one == other,
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
