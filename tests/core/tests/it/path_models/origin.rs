//! An origin behind the gate: its routes as the policy writes them, its router's model, and the rule that ties them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use portcullis::api_key::plain_hash;
use portcullis::{Decision, Gate, HeaderPair, Need, RequestHead, Step, UnixTime, Verdict};
use serde_json::{Map, json};

use super::overlap::{overlap, shape};
use super::server::{self, Outcome};
use super::starlette::Starlette;
use super::table::Row;
use super::werkzeug::Werkzeug;
use portcullis_tests::{NOW, load};

#[derive(Debug)]
pub(crate) enum Model {
    Starlette(Starlette),
    Werkzeug(Werkzeug),
}

impl Model {
    pub(crate) fn serve(&self, method: &str, target: &[u8]) -> Outcome {
        match self {
            Self::Starlette(model) => model.serve(method, target),
            Self::Werkzeug(model) => model.serve(method, target),
        }
    }
}

/// What was seen while the rule was tested: without this a rule that refuses everything would hold.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Tally {
    /// Let in and served by the route that was decided on.
    pub(crate) served: usize,
    /// Of those, requests whose target was not forwarded as it came.
    pub(crate) rewritten: usize,
    /// Let in and not served: the origin answers 404, 405 or a redirection.
    pub(crate) allowed: usize,
    /// Refused although the origin would serve what came.
    pub(crate) stricter: usize,
    pub(crate) refused: usize,
    /// Let in with dot segments or empty ones, as which the origin would have served another route than without them.
    pub(crate) repaired: usize,
}

#[derive(Debug)]
pub(crate) struct Origin {
    pub(crate) rows: Vec<Row>,
    pub(crate) model: Model,
    gate: Gate,
    /// By index of a row: the routes of the policy, as they are written there, that stand for it.
    policy: Vec<BTreeSet<String>>,
    /// By index of a row: the number of its permission, if each row's own can be held alone.
    permissions: Option<Vec<usize>>,
    pub(crate) tally: RefCell<Tally>,
}

impl Origin {
    /// An origin behind the profile `generic`, with a permission of its own for each route, in a policy written with care.
    ///
    /// Two things an origin's template can say and the policy's cannot: a parameter that is part of a segment is written
    /// as the whole segment, and what follows `{name:path}` is left out. Routes that become one by this share their
    /// permission. And three things the policy has to say because servers differ from the gate:
    ///
    /// * Starlette decides between two templates by their order, the gate by what is more literal from the left. Where
    ///   they differ, the policy names what the two have in common.
    /// * A server that ignores trailing slashes needs each route twice, with and without one.
    /// * There, `/models/` is also a `/models/{name:path}` with an empty name to the gate, and never to the server.
    pub(crate) fn careful(rows: Vec<Row>, model: Model) -> Self {
        Self::written(rows, model, true)
    }

    /// The same with each route once, as the origin writes it.
    pub(crate) fn as_written(rows: Vec<Row>, model: Model) -> Self {
        Self::written(rows, model, false)
    }

    fn written(rows: Vec<Row>, model: Model, careful: bool) -> Self {
        let by_order = matches!(model, Model::Starlette(_));
        // Method, template and the row it is written for.
        let mut written: Vec<(&str, String, usize)> = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            let mut templates = vec![expressible(&row.template)];
            if careful && !by_order && !templates[0].ends_with(":path}") && !templates[0].ends_with('/') {
                templates.push(format!("{}/", templates[0]));
            }
            for template in templates {
                if row.head || (!by_order && row.method == "GET") {
                    written.push(("HEAD", template.clone(), index));
                }
                written.push((&row.method, template, index));
            }
        }
        let mut common = Vec::new();
        for (later, (method, b, row_b)) in written.iter().enumerate().filter(|_| careful) {
            for (_, a, row_a) in written.iter().take(later).filter(|(other, ..)| other == method) {
                let Some(template) = overlap(a, b) else { continue };
                // The list is in the order of registration.
                let owner =
                    if by_order { Some(*row_a) } else { never_empty(&template, (a, *row_a), (b, *row_b)) };
                common.extend(owner.map(|row| (*method, template, row)));
            }
        }
        // What a row says itself comes before what two have in common.
        written.extend(common);
        let mut routes: BTreeMap<String, (String, usize)> = BTreeMap::new();
        let mut policy = vec![BTreeSet::new(); rows.len()];
        let mut permissions: Vec<usize> = (0..rows.len()).collect();
        for (method, template, row) in written {
            let text = format!("{method} {template}");
            let own = permissions[row];
            let (first, permission) = routes.entry(shape(&text)).or_insert_with(|| (text, own)).clone();
            // Two rows that the policy writes alike.
            if shape(&template) == shape(&expressible(&rows[row].template)) {
                permissions[row] = permission;
            }
            if permission == permissions[row] {
                policy[row].insert(first);
            }
        }
        let (mut roles, mut records) = (Map::new(), Vec::new());
        let mut holder = |role: &str, rules: serde_json::Value| {
            roles.insert(role.to_owned(), rules);
            records.push(json!({"id": role, "hash": plain_hash(&key(role)), "roles": [role]}));
        };
        holder("all", json!({"permissions": ["r:*"]}));
        for permission in &permissions {
            holder(&format!("only{permission}"), json!({"permissions": [format!("r:{permission}")]}));
            holder(
                &format!("but{permission}"),
                json!({"permissions": ["*"], "deny": [format!("r:{permission}")]}),
            );
        }
        records.sort_by_key(|record| record["id"].to_string());
        records.dedup();
        let routes: BTreeMap<_, _> =
            routes.into_values().map(|(text, permission)| (text, format!("r:{permission}"))).collect();
        let document = json!({"profile": "generic", "policy": {"roles": roles, "routes": routes},
            "api_keys": {"records": records}});
        Self::new(rows, model, load(&document.to_string()), policy, Some(permissions))
    }

    /// An origin behind its own profile, with a key that has every permission. `more` has members for the configuration,
    /// and `common` what two routes of the origin have in common: the route of the profile, and the one it is served as.
    pub(crate) fn profile(
        profile: &str,
        more: &serde_json::Value,
        common: &[(&str, &str)],
        rows: Vec<Row>,
        model: Model,
    ) -> Self {
        let mut document = json!({"profile": profile,
            "policy": {"docs": "docs:read", "roles": {"all": {"permissions": ["*"]}}},
            "upstream": {"credential": "swap", "token": {"secret": {"env": "ORIGIN_SECRET"}}},
            // The value that parameters have in plain requests, for routes that are bound to the subject.
            "api_keys": {"records": [
                {"id": "all", "hash": plain_hash(&key("all")), "roles": ["all"], "owner": "x1"}]}});
        for (name, value) in more.as_object().unwrap() {
            document[name] = value.clone();
        }
        let gate = load(&document.to_string());
        let policy = rows.iter().map(|row| {
            let shape = shape_of(&row.template);
            let routes = gate.parts().policy.routes.iter();
            let own = routes.map(|route| route.text.split_once(' ').unwrap());
            let own = own.filter(|(method, path)| *method == row.method && shape_of(path) == shape);
            let own = own.map(|(method, path)| format!("{method} {path}"));
            let served = common.iter().filter(|(_, served)| *served == row.text());
            own.chain(served.map(|(route, _)| (*route).to_owned())).collect()
        });
        let policy: Vec<BTreeSet<String>> = policy.collect();
        for (row, routes) in rows.iter().zip(&policy) {
            assert!(!routes.is_empty(), "{profile} has no route for {}", row.text());
        }
        Self::new(rows, model, gate, policy, None)
    }

    fn new(
        rows: Vec<Row>,
        model: Model,
        gate: Gate,
        policy: Vec<BTreeSet<String>>,
        permissions: Option<Vec<usize>>,
    ) -> Self {
        Self { rows, model, gate, policy, permissions, tally: RefCell::default() }
    }

    pub(crate) fn ask(&self, holder: &str, method: &str, target: &[u8]) -> Verdict {
        let key = key(holder);
        let upgrade = [HeaderPair::new("upgrade", "websocket"), HeaderPair::new("connection", "Upgrade")];
        let mut headers = vec![HeaderPair::new("x-api-key", &key)];
        let method = if method == "WEBSOCKET" {
            headers.extend(upgrade);
            "GET"
        } else {
            method
        };
        match self.gate.begin(&RequestHead::new(method, target, &headers), UnixTime::from_secs(NOW)) {
            Step::Verdict(verdict) => verdict,
            // A route with an optional binding on its body: there is none.
            Step::Need(Need::Body(need)) => need.supply(b"", UnixTime::from_secs(NOW)),
            Step::Need(need) => panic!("unexpected need: {need:?}"),
        }
    }

    /// The rule, for one request.
    ///
    /// # Errors
    ///
    /// How it is broken.
    pub(crate) fn check(&self, method: &str, target: &[u8]) -> Result<(), String> {
        let shown = format!("{method} {}", String::from_utf8_lossy(target));
        let verdict = self.ask("all", method, target);
        let as_it_came = self.model.serve(method, target);
        let mut tally = self.tally.borrow_mut();
        let Decision::Allow(forward) = &verdict.decision else {
            tally.refused += 1;
            tally.stricter += usize::from(matches!(as_it_came, Outcome::Served(_)));
            return Ok(());
        };
        let record = (&verdict.diagnostics.route, &verdict.diagnostics.permission);
        let Some(decided) = &verdict.diagnostics.route else {
            return Err(format!("{shown}: allowed without a route"));
        };
        let forwarded = forward.target.as_bytes();
        let as_forwarded = self.model.serve(method, forwarded);

        // What the origin gets, it serves as the route that was decided on.
        match as_forwarded {
            Outcome::Served(row) => {
                if !self.policy[row].contains(decided) {
                    let served = self.rows[row].text();
                    return Err(format!(
                        "{shown}: forwarded as {}, decided as {record:?}, served as {served}",
                        forward.target
                    ));
                }
                self.check_holders(row, method, target).map_err(|error| format!("{shown}: {error}"))?;
                tally.served += 1;
                tally.rewritten += usize::from(forwarded != target);
            }
            Outcome::Redirected | Outcome::NotServed => tally.allowed += 1,
        }

        // And if it had got what came, it would have served the same, or nothing: but for what the gate repairs and these
        // servers leave to others. Dot segments are the client's to resolve (RFC 3986 section 5.2.4); to a parameter with
        // slashes, empty segments are part of its value. The origin sees neither.
        if let Outcome::Served(row) = as_it_came
            && as_it_came != as_forwarded
        {
            let dots = has_segment(target, &[".", ".."]);
            let empties = self.rows[row].template.contains(":path}") && has_segment(target, &[""]);
            if !(dots || empties) || has_segment(forwarded, &[".", "..", ""]) {
                return Err(format!(
                    "{shown}: {as_it_came:?} as it came, {as_forwarded:?} as {}",
                    forward.target
                ));
            }
            tally.repaired += 1;
        }

        // What is forwarded is in normal form: a second gate decides the same and changes nothing.
        match &self.ask("all", method, forwarded) {
            Verdict { decision: Decision::Allow(again), diagnostics }
                if again.target == forward.target && diagnostics.route.as_ref() == Some(decided) =>
            {
                Ok(())
            }
            other => Err(format!("{shown}: forwarded as {}, which gets {other:?}", forward.target)),
        }
    }

    /// Whoever holds nothing but the permission of the served route gets in, and whoever holds all others does not.
    fn check_holders(&self, row: usize, method: &str, target: &[u8]) -> Result<(), String> {
        let Some(permissions) = &self.permissions else { return Ok(()) };
        let permission = permissions[row];
        let allowed = |holder: &str| {
            matches!(self.ask(&format!("{holder}{permission}"), method, target).decision, Decision::Allow(_))
        };
        match (allowed("only"), allowed("but")) {
            (true, false) => Ok(()),
            outcome => {
                Err(format!("served as {}, (its holder, all others) get {outcome:?}", self.rows[row].text()))
            }
        }
    }
}

/// Whose `common` is where one of two is a `{name:path}` that would have to be empty: the other's.
fn never_empty(common: &str, a: (&str, usize), b: (&str, usize)) -> Option<usize> {
    let empty = |rest: &str| {
        rest.ends_with(":path}")
            && common.ends_with('/')
            && rest.split('/').count() == common.split('/').count()
    };
    match (empty(a.0), empty(b.0)) {
        (true, false) => Some(b.1),
        (false, true) => Some(a.1),
        _ => None,
    }
}

fn key(holder: &str) -> String {
    format!("foreign-key-of-{holder}")
}

/// The template as a policy can say it, with parameters named by their position.
fn expressible(template: &str) -> String {
    let mut written = String::new();
    for (index, segment) in template.split('/').enumerate().skip(1) {
        written.push('/');
        if segment.contains(":path}") {
            written.push_str("{rest:path}");
            break;
        } else if segment.contains('{') {
            written.push_str(&format!("{{p{index}}}"));
        } else {
            written.push_str(segment);
        }
    }
    written
}

/// The template of a policy without the names of its parameters, as [`expressible`] ones have it.
fn shape_of(template: &str) -> String {
    shape(&expressible(template))
}

/// Whether one of `what` is a segment of the path; a slash at its end makes none.
fn has_segment(target: &[u8], what: &[&str]) -> bool {
    let Some(path) = server::path(target) else { return false };
    let path = path.strip_suffix('/').unwrap_or(&path);
    path.split('/').skip(1).any(|segment| what.contains(&segment))
}
