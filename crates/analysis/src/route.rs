//! What a route asks for, in words, and which routes there are for a request.

use std::collections::BTreeMap;

use portcullis::parts::{
    Access, Binding, CompiledAccess, Parameter, Route, RouteTemplate, Routes, WrittenRoute,
};
use portcullis::{Gate, PathError, Target};

/// What kind of access rule a route has: `public`, `refused` or `permission`.
pub fn access_name(route: &Route) -> &'static str {
    match route.access {
        CompiledAccess::Public => "public",
        CompiledAccess::Refused => "refused",
        CompiledAccess::Permission(_) => "permission",
    }
}

/// The permission that a route of `gate` asks for.
pub fn permission<'g>(gate: &'g Gate, route: &Route) -> Option<&'g str> {
    let CompiledAccess::Permission(id) = route.access else { return None };
    gate.parts().policy.routes.permission(id).map(|permission| permission.as_str())
}

/// The path template of a route as it is written.
pub fn path(route: &Route) -> &str {
    route.text.split_once(' ').map_or("", |(_, path)| path)
}

/// The bindings of a route as they are written, for example `path.collection = /collections`, by a key that is the same
/// for another name of the same parameter.
pub fn bindings(route: &Route) -> BTreeMap<String, String> {
    route.bindings.iter().map(|binding| (binding_key(binding), binding.to_string())).collect()
}

fn binding_key(binding: &Binding) -> String {
    let text = binding.to_string();
    match (&binding.parameter, text.split_once(" = ")) {
        (Parameter::Path { segment, .. }, Some((_, values))) => format!("path {segment} = {values}"),
        _ => text,
    }
}

/// What a caller of a route has to meet besides having the permission: its bindings, and the hosts it is served for, if
/// not all.
pub fn conditions(route: &Route) -> Vec<String> {
    let mut texts: Vec<String> = bindings(route).into_values().collect();
    texts.sort_unstable();
    texts.extend(Some(route.hosts.as_slice()).filter(|hosts| !hosts.is_empty()).map(served_for));
    texts
}

/// `host = a or b`.
pub fn served_for(hosts: &[String]) -> String {
    format!("host = {}", hosts.join(" or "))
}

/// The route that the gate finds for a request, whatever its host. The method `WEBSOCKET` stands for an upgrade.
///
/// # Errors
///
/// [`PathError`] if the target has no single safe reading.
pub fn find<'g>(gate: &'g Gate, method: &str, target: &str) -> Result<Option<&'g Route>, PathError> {
    let path = Target::parse(target.as_bytes())?.path;
    Ok(gate.parts().policy.routes.find(method, &path))
}

/// The routes that match `path`, which must be in normal form, each taken for itself, in the order of their texts.
pub fn matching<'g>(gate: &'g Gate, path: &str) -> Vec<&'g Route> {
    let routes = &gate.parts().policy.routes;
    let matches = |route: &&Route| {
        // INVARIANT: the text was read when the configuration was loaded, and one route is no duplicate.
        let template = RouteTemplate::parse(&route.text).ok();
        let alone = template.map(|template| vec![WrittenRoute::new(template, Access::Public)]);
        let alone = alone.and_then(|alone| Routes::compile(alone, routes.trailing_slash()).ok());
        alone.is_some_and(|alone| alone.find(&route.method, path).is_some())
    };
    let mut matching: Vec<&Route> = routes.iter().filter(matches).collect();
    matching.sort_by_key(|route| &route.text);
    matching
}
