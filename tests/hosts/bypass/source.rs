//! Where variants come from: a random source that is the same for the same seed, and the system they are for.

use std::collections::BTreeMap;

use fastrand::Rng;

use crate::callers::Caller;
use crate::draft::Draft;
use crate::systems::{Route, System};

/// The routes that each caller may use, as the origin works them out.
pub(crate) type Allowed = BTreeMap<String, Vec<String>>;

/// What a host speaks besides HTTP/1.1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Speaks {
    pub(crate) http2: bool,
    pub(crate) websockets: bool,
    /// Whether it goes by the host of a target in absolute form (RFC 9112 section 3.2.2), and not by `Host`.
    pub(crate) target_names_host: bool,
}

/// Makes variants for one system.
pub(crate) struct Source<'a> {
    pub(crate) rng: Rng,
    pub(crate) system: &'a System,
    pub(crate) allowed: &'a Allowed,
    pub(crate) speaks: Speaks,
    /// The number that the origin knows the variant by.
    pub(crate) marker: usize,
}

impl<'a> Source<'a> {
    pub(crate) fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.rng.usize(..list.len())]
    }

    pub(crate) fn chance(&mut self, percent: u8) -> bool {
        self.rng.u8(..100) < percent
    }

    pub(crate) fn caller(&mut self) -> &'a Caller {
        let system = self.system;
        &system.callers[self.rng.usize(..system.callers.len())]
    }

    pub(crate) fn caller_named(&self, name: &str) -> Option<&'a Caller> {
        self.system.callers.iter().find(|caller| caller.name == name)
    }

    /// A caller whom the origin may believe.
    pub(crate) fn genuine(&mut self) -> &'a Caller {
        loop {
            let caller = self.caller();
            if caller.genuine() {
                return caller;
            }
        }
    }

    /// Any route, those with bindings as often as all others.
    pub(crate) fn route(&mut self) -> &'a Route {
        let bound = self.chance(50);
        self.route_where(|route| !bound || !route.bindings.is_empty())
    }

    /// One of the routes that `fits`; any, if none does.
    pub(crate) fn route_where(&mut self, fits: impl Fn(&Route) -> bool) -> &'a Route {
        let system = self.system;
        let fitting: Vec<&Route> = system.routes.iter().filter(|route| fits(route)).collect();
        match fitting.is_empty() {
            true => &system.routes[self.rng.usize(..system.routes.len())],
            false => self.pick(&fitting),
        }
    }

    /// A route and a caller who may use it, on a host that can serve it.
    pub(crate) fn permitted(&mut self) -> (&'a Route, &'a Caller) {
        loop {
            let caller = self.genuine();
            let keys = self.allowed.get(caller.name).map(Vec::as_slice).unwrap_or_default();
            if keys.is_empty() {
                continue;
            }
            let key = &keys[self.rng.usize(..keys.len())];
            let same = |route: &&Route| format!("{} {}", route.method, route.template) == *key;
            if let Some(route) = self.system.routes.iter().find(same)
                && (self.speaks.websockets || route.method != "WEBSOCKET")
            {
                return (route, caller);
            }
        }
    }

    /// An ordinary request for `route` as `caller` sends it, with what the route's bindings ask for.
    pub(crate) fn draft(&mut self, route: &Route, caller: &Caller) -> Draft {
        let mut target = String::new();
        for (index, part) in route.template.split(['{', '}']).enumerate() {
            if index % 2 == 0 {
                target.push_str(part);
                continue;
            }
            let name = part.split(':').next().unwrap_or(part);
            let bound = route.bindings.iter().find(|(parameter, _)| *parameter == format!("path.{name}"));
            match bound {
                Some((_, source)) => target.push_str(&caller.bound(source)),
                None => target.push_str(self.pick(&["7", "a1", "c1", "thing-2", "0b9d", "x.txt"])),
            }
        }
        let websocket = route.method == "WEBSOCKET";
        let mut draft = Draft::new(if websocket { "GET" } else { &route.method }, target);
        draft.header("X-Marker", self.marker.to_string());
        if let Some(host) = &route.host {
            draft.without("host").header("Host", host.as_bytes());
        }
        if websocket {
            websocket_headers(&mut draft);
        }
        caller.sign(&mut draft);
        let (mut body, mut form) = (serde_json::json!({}), Vec::new());
        for (parameter, source) in &route.bindings {
            let value = caller.bound(source);
            match parameter.split_once('.') {
                Some(("query", name)) => drop(draft.query(format!("{name}={}", percent(&value)))),
                Some(("header", name)) => drop(draft.header(name, value)),
                Some(("cookie", name)) => drop(draft.cookie(name, &value)),
                Some(("form", name)) => form.push(format!("{name}={}", percent(&value))),
                Some(("body", pointer)) => put(&mut body, pointer, value.into()),
                _ => {}
            }
        }
        if !form.is_empty() {
            draft.body("application/x-www-form-urlencoded", form.join("&"));
        } else if matches!(draft.method.as_str(), "POST" | "PUT" | "PATCH") {
            draft.json(body.to_string());
        }
        draft
    }

    /// An ordinary request, of anybody for anything.
    pub(crate) fn any(&mut self) -> (&'a Route, &'a Caller, Draft) {
        let (route, caller) = match self.chance(30) {
            true => (self.route(), self.caller()),
            false => self.permitted(),
        };
        let draft = self.draft(route, caller);
        (route, caller, draft)
    }

    /// What somebody would like to reach without being allowed to.
    pub(crate) fn forbidden(&mut self) -> (&'a Route, Draft) {
        let route = self.route_where(|route| route.access != "public" && route.method != "WEBSOCKET");
        let anonymous = self.caller_named("anonymous").unwrap_or(&self.system.callers[0]);
        let draft = self.draft(route, anonymous);
        (route, draft)
    }
}

/// What asks for a WebSocket.
pub(crate) fn websocket_headers(draft: &mut Draft) {
    draft.header("Connection", "Upgrade").header("Upgrade", "websocket");
    draft.header("Sec-WebSocket-Version", "13").header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
}

/// Everything but letters and digits in percent-encoding.
pub(crate) fn percent(text: &str) -> String {
    let encode = |byte: u8| match byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

/// Sets the member at a JSON pointer.
pub(crate) fn put(document: &mut serde_json::Value, pointer: &str, value: serde_json::Value) {
    let mut place = document;
    for name in pointer.split('/').skip(1) {
        place = &mut place[name];
    }
    *place = value;
}
