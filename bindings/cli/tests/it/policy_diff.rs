//! `portcullis policy diff` as a user runs it.

use crate::common::{Folder, assert_code, json, run, text};
use serde_json::{Value, json};

/// A configuration with nothing but this policy.
fn config(policy: &Value) -> String {
    json!({"profile": "generic", "policy": policy,
        "issuers": [{"issuer": "i", "audience": "a", "keys": [{"alg": "HS256", "secret": {"env": "UNSET_SECRET"}}]}]})
    .to_string()
}

/// What becomes allowed and what becomes denied, a line each: callers, route.
fn diff(old: &Value, new: &Value) -> (Vec<String>, Vec<String>) {
    let folder = Folder::new();
    let (old, new) = (folder.write("old.json", config(old)), folder.write("new.json", config(new)));
    let output = run(&["policy", "diff", &old, &new, "--json"]);
    let value = json(&output);
    let lines = |list: &str| -> Vec<String> {
        let line = |change: &Value| {
            let who = change["role"].as_str().or(change["caller"].as_str()).unwrap();
            let with =
                change["together_with"].as_array().map_or(String::new(), |with| format!(" with {with:?}"));
            let scopes = change["scopes"].as_array().map_or(String::new(), |scopes| format!(" {scopes:?}"));
            let with = with.replace("String(", "").replace(')', "");
            let scopes = scopes.replace("String(", "").replace(')', "");
            let (old, new) = (&change["old"]["decision"], &change["new"]["decision"]);
            assert_ne!(old, new);
            assert_eq!(new == "allow", list == "allowed");
            format!("{who}{with}{scopes}: {}", change["route"].as_str().unwrap())
        };
        value[list].as_array().unwrap().iter().map(line).collect()
    };
    let (allowed, denied) = (lines("allowed"), lines("denied"));
    assert_code(&output, i32::from(!allowed.is_empty()));
    (allowed, denied)
}

fn nothing() -> (Vec<String>, Vec<String>) {
    (Vec::new(), Vec::new())
}

#[test]
fn what_means_the_same_is_the_same() {
    let one = json!({
        "routes": {"GET /a/{x}": "a:read", "PUT /a/{x}": "a:write", "GET /p": "public", "GET /n/{rest:path}": "refused"},
        "roles": {"r": {"permissions": ["a:read", "a:write"]}, "s": {"permissions": ["a:read"]}}, "default_role": "s"});
    let other = json!({
        "routes": {"GET /n/{tail:path}": "refused", "PUT /a/{why}": "b:write", "GET /p": "public", "GET /a/{x1}": "a:read"},
        "roles": {"base": {"permissions": []}, "s": {"inherits": ["base"], "permissions": ["*:read"]},
            "r": {"inherits": ["s"], "permissions": ["b:*"]}}, "default_role": "s"});
    assert_eq!(diff(&one, &one), nothing());
    // Roles are the same; the scopes of tokens name permissions.
    let (allowed, denied) = diff(&one, &other);
    assert_eq!(
        allowed,
        ["r [\"b:write\"]: PUT /a/{why}"],
        "a permission of another name serves other scopes"
    );
    assert_eq!(denied, ["r [\"a:write\"]: PUT /a/{why}"]);
    let mut renamed = other;
    renamed["routes"]["PUT /a/{why}"] = json!("a:write");
    renamed["roles"]["r"]["permissions"] = json!(["a:*"]);
    assert_eq!(diff(&one, &renamed), nothing());
    assert_eq!(diff(&renamed, &one), nothing());
}

#[test]
fn every_kind_of_caller() {
    let policy = |access: &str, default: &str| {
        json!({"routes": {"GET /a/{x}": access}, "default_role": default,
            "roles": {"r": {"permissions": ["a:read"]}, "s": {"permissions": ["a:write"]}}})
    };
    let lines =
        |who: &[&str]| -> Vec<String> { who.iter().map(|who| format!("{who}: GET /a/{{x}}")).collect() };
    let (all, none) = (["anonymous", "no_role", "r", "s"], Vec::new());
    assert_eq!(diff(&policy("refused", ""), &policy("public", "")), (lines(&all), none.clone()));
    assert_eq!(diff(&policy("public", ""), &policy("refused", "")), (none.clone(), lines(&all)));
    assert_eq!(diff(&policy("a:read", ""), &policy("a:write", "")), (lines(&["s"]), lines(&["r"])));
    assert_eq!(diff(&policy("a:read", ""), &policy("a:read", "r")), (lines(&["no_role"]), none.clone()));
    assert_eq!(diff(&policy("a:read", "r"), &policy("a:read", "s")), (none, lines(&["no_role"])));
    // A role that only one of them has.
    let mut more = policy("a:read", "");
    more["roles"]["t"] = json!({"permissions": ["*"]});
    assert_eq!(diff(&policy("a:read", ""), &more), (lines(&["t"]), Vec::new()));
    assert_eq!(diff(&more, &policy("a:read", "")), (Vec::new(), lines(&["t"])));
}

#[test]
fn scopes_that_no_longer_narrow() {
    let policy = |narrow: bool| json!({"routes": {"GET /a": "a:read"}, "roles": {"r": {"permissions": ["a:read"]}}, "scopes_narrow": narrow});
    assert_eq!(diff(&policy(true), &policy(false)), (vec!["r []: GET /a".to_owned()], Vec::new()));
    assert_eq!(diff(&policy(false), &policy(true)), (Vec::new(), vec!["r []: GET /a".to_owned()]));
}

#[test]
fn a_deny_that_goes_frees_those_with_another_role() {
    let policy = |deny: &[&str]| {
        json!({"routes": {"GET /a": "a:read"}, "roles": {"reader": {"permissions": ["a:*"]}, "root": {"permissions": ["*"]},
            "suspended": {"deny": deny}, "other": {"permissions": ["b:x"]}}})
    };
    let line = vec!["suspended with [\"reader\", \"root\"]: GET /a".to_owned()];
    assert_eq!(diff(&policy(&["*"]), &policy(&[])), (line.clone(), Vec::new()));
    assert_eq!(diff(&policy(&[]), &policy(&["*"])), (Vec::new(), line));
}

#[test]
fn routes_that_serve_each_others_requests() {
    let policy = |routes: Value| json!({"routes": routes, "roles": {"u": {"permissions": ["a:read"]}, "v": {"permissions": ["a:write"]}}});
    // A route that goes leaves its requests to a wider one.
    let wide = policy(json!({"GET /s/{rest:path}": "a:read"}));
    let both = policy(json!({"GET /s/{rest:path}": "a:read", "GET /s/{id}": "a:write"}));
    let same = policy(json!({"GET /s/{rest:path}": "a:read", "GET /s/{id}": "a:read"}));
    let line = |who: &str, route: &str| vec![format!("{who}: GET {route}")];
    assert_eq!(diff(&wide, &both), (line("v", "/s/{id}"), line("u", "/s/{id}")));
    assert_eq!(diff(&both, &wide), (line("u", "/s/{id}"), line("v", "/s/{id}")));
    assert_eq!(diff(&wide, &same), nothing());

    // A new route gets only the requests that a narrower one leaves it: told once, of the route.
    let deep = policy(json!({"GET /{a}/{b}/{rest:path}": "a:write"}));
    let wider = policy(json!({"GET /{a}/{b}/{rest:path}": "a:write", "GET /{a}/{rest:path}": "a:read"}));
    assert_eq!(diff(&deep, &wider), (line("u", "/{a}/{rest:path}"), Vec::new()));
    assert_eq!(diff(&wider, &deep), (Vec::new(), line("u", "/{a}/{rest:path}")));

    // A new route that allows nobody takes some requests from another: only where they overlap, something changes.
    let open = policy(json!({"GET /a/{x}/c": "a:read"}));
    let crossed = policy(json!({"GET /a/{x}/c": "a:read", "GET /a/b/{y}": "refused"}));
    assert_eq!(diff(&open, &crossed), (Vec::new(), line("u", "/a/b/c")));
    assert_eq!(diff(&crossed, &open), (line("u", "/a/b/c"), Vec::new()));
}

#[test]
fn a_binding_that_goes_lets_callers_reach_what_is_not_theirs() {
    let policy = |route: &str, bindings: Value| {
        json!({"routes": {route: {"access": "a:read", "where": bindings}},
            "roles": {"u": {"permissions": ["a:read"]}, "v": {"permissions": []}}})
    };
    let bound = policy("GET /a/{x}", json!({"path.x": "/own"}));
    let renamed = policy("GET /a/{y}", json!({"path.y": "/own"}));
    let elsewhere = policy("GET /a/{x}", json!({"path.x": "subject"}));
    let free = policy("GET /a/{x}", json!({}));
    assert_eq!(diff(&bound, &bound), nothing());
    assert_eq!(diff(&bound, &renamed), nothing());
    let one = || vec!["u: GET /a/{x}".to_owned()];
    assert_eq!(diff(&bound, &free), (one(), Vec::new()));
    assert_eq!(diff(&free, &bound), (Vec::new(), one()));
    assert_eq!(diff(&bound, &elsewhere), (one(), one()));
}

#[test]
fn hosts_that_come_and_go() {
    let with = |hosts: Value| {
        json!({
            "roles": {"r": {"permissions": ["a:read"]}, "s": {}},
            "routes": {"GET /a": {"access": "a:read", "hosts": hosts}, "GET /p": {"access": "public", "hosts": ["x"]}},
        })
    };
    let (all, one, two, other) =
        (json!([]), json!(["a.example"]), json!(["a.example", "b.example"]), json!(["b.example"]));
    let of_r = || vec!["r: GET /a".to_owned()];
    for (old, new, allowed, denied) in [
        (&all, &all, vec![], vec![]),
        (&one, &json!(["A.example"]), vec![], vec![]),
        (&all, &one, vec![], of_r()),
        (&one, &all, of_r(), vec![]),
        (&one, &two, of_r(), vec![]),
        (&two, &one, vec![], of_r()),
        (&one, &other, of_r(), of_r()),
    ] {
        assert_eq!(diff(&with(old.clone()), &with(new.clone())), (allowed, denied), "{old} to {new}");
    }
    let folder = Folder::new();
    let (old, new) =
        (folder.write("old.json", config(&with(one))), folder.write("new.json", config(&with(two))));
    let output = run(&["policy", "diff", &old, &new]);
    assert_eq!(
        text(&output.stdout),
        "becomes allowed (1)\n  r, outside host = a.example  GET /a  route_unknown → allow\n"
    );
    // A public route is nobody's while it is not served.
    let open = |hosts: Value| json!({"routes": {"GET /p": {"access": "public", "hosts": hosts}}});
    let (allowed, _) = diff(&open(json!(["x"])), &open(json!([])));
    assert_eq!(allowed, ["anonymous: GET /p", "no_role: GET /p"]);
}

#[test]
fn a_slash_at_the_end_that_comes_to_be_ignored() {
    let with = |trailing_slash: &str| {
        json!({
            "roles": {"r": {"permissions": ["a:read"]}}, "trailing_slash": trailing_slash,
            "routes": {"GET /a": "a:read", "GET /b/": "a:read", "GET /c/{rest:path}": "a:read", "GET /": "a:read"},
        })
    };
    let (distinct, ignored) = (with("distinct"), with("ignored"));
    assert_eq!(diff(&distinct, &distinct), nothing());
    let (allowed, denied) = diff(&distinct, &ignored);
    assert_eq!(allowed, ["r: GET /a/", "r: GET /b"]);
    // `/c/` is no rest of anything where its slash does not count.
    assert_eq!(denied, ["r: GET /c/"]);
    let (allowed, denied) = diff(&ignored, &distinct);
    assert_eq!(
        (allowed, denied),
        (vec!["r: GET /c/".to_owned()], vec!["r: GET /a/".to_owned(), "r: GET /b".to_owned()])
    );
}

/// Whoever only reports refuses nobody.
#[test]
fn report_mode_opens_everything() {
    let folder = Folder::new();
    let enforcing = config(&json!({"routes": {"GET /a": "refused"}}));
    let mut reporting: Value = serde_json::from_str(&enforcing).unwrap();
    reporting["mode"] = json!("report");
    let enforcing = folder.write("enforcing.json", enforcing);
    let reporting = folder.write("reporting.json", reporting.to_string());
    for (old, new, code, said) in [
        (
            &enforcing,
            &reporting,
            1,
            "everything becomes allowed: the new configuration only reports refusals\n",
        ),
        (&reporting, &enforcing, 0, "refusals are enforced from now on, and were only reported\n"),
        (&reporting, &reporting, 0, "nothing becomes allowed or denied\n"),
    ] {
        let output = run(&["policy", "diff", old, new]);
        assert_code(&output, code);
        assert_eq!(text(&output.stdout), said);
    }
    let told = json(&run(&["policy", "diff", &enforcing, &reporting, "--json"]));
    assert_eq!(told["reports"], json!({"old": false, "new": true}));
}

#[test]
fn errors_decide_nothing() {
    let folder = Folder::new();
    let good = folder.write("good.json", config(&json!({})));
    let bad = folder.write("bad.json", config(&json!({"roles": {"a": {"inherits": ["b"]}}})));
    for (old, new) in [(&good, &bad), (&bad, &good), (&good, &"no-such.json".to_owned())] {
        let output = run(&["policy", "diff", old, new]);
        assert_code(&output, 2);
        assert_eq!(output.stdout, b"");
    }
    assert!(
        text(&run(&["policy", "diff", &good, &bad]).stderr).contains("/policy/roles/a/inherits/0: no role")
    );
    let output = run(&["policy", "diff", &good, &good]);
    assert_eq!(text(&output.stdout), "nothing becomes allowed or denied\n");
}

struct Unset;

impl portcullis_config::Secrets for Unset {
    fn get(&self, _: &str) -> Option<String> {
        Some("0123456789abcdef".repeat(4))
    }

    fn hint(&self, _: &str) -> String {
        String::new()
    }
}

/// Random policies, asked about every short path, every set of roles and every scope: the difference is empty exactly
/// when nothing was found.
#[test]
fn nothing_is_missed_and_nothing_is_made_up() {
    use portcullis::trace::HypotheticalCaller;
    use portcullis_analysis::access::check_access;
    use portcullis_analysis::request::SampleRequest;
    const ROLES: [&str; 3] = ["q", "r", "s"];
    const PERMISSIONS: [&str; 3] = ["a:x", "a:y", "b:x"];
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % u64::try_from(below).unwrap()).unwrap()
    };
    // `c` is no literal of any route.
    let segments = ["a", "b", "c"];
    let mut paths = vec!["/".to_owned()];
    for one in segments {
        paths.extend([format!("/{one}"), format!("/{one}/")]);
        for two in segments {
            paths.extend([format!("/{one}/{two}"), format!("/{one}/{two}/")]);
            paths.extend(segments.iter().map(|three| format!("/{one}/{two}/{three}")));
        }
    }
    let mut callers = vec![HypotheticalCaller::anonymous()];
    for set in 0..8 {
        let held = || (0..3).filter(|n| set >> n & 1 == 1).map(|n| ROLES[n]);
        callers.push(HypotheticalCaller::with_roles(held()));
        callers.push(HypotheticalCaller::with_roles(held()).narrowed_to(None::<&str>));
        callers.extend(
            PERMISSIONS.iter().map(|scope| HypotheticalCaller::with_roles(held()).narrowed_to([scope])),
        );
    }
    let mut policy = |base: Option<&Value>| {
        let mut access = |public: usize| match random(public) {
            0 => "public",
            1 => "refused",
            n => PERMISSIONS[n % 3],
        };
        let mut routes = base.map_or(json!({}), |base| base["routes"].clone());
        let accesses = [access(12), access(12), access(12), access(12)];
        for access in accesses.into_iter().take(if base.is_some() { 1 } else { 4 }) {
            let length = 1 + random(2);
            let mut path: String = (0..length)
                .map(|n| [format!("/{{p{n}}}"), "/a".into(), "/b".into()][random(3)].clone())
                .collect();
            path.push_str(["", "", "/{rest:path}", "/"][random(4)]);
            routes[format!("GET {path}")] = json!(access);
        }
        let mut roles = base.map_or(json!({}), |base| base["roles"].clone());
        for role in ROLES.iter().skip(if base.is_some() { random(4) } else { 0 }) {
            let mut pick = |most: usize| -> Vec<&str> {
                (0..random(most)).map(|_| ["a:x", "a:y", "b:x", "a:*", "*"][random(5)]).collect()
            };
            roles[*role] = json!({"permissions": pick(4), "deny": pick(2)});
        }
        json!({"routes": routes, "roles": roles, "scopes_narrow": random(4) > 0})
    };
    let mut seen = [0; 4];
    for round in 0..200 {
        let old = policy(None);
        let new = policy(Some(&old));
        // Two routes of one shape are an error of the configuration.
        let load = |policy: &Value| {
            portcullis_config::load(config(policy).as_bytes(), &Unset).map(|loaded| loaded.gate)
        };
        let (Ok(before), Ok(after)) = (load(&old), load(&new)) else { continue };
        let (mut allowed, mut denied) = (false, false);
        for path in &paths {
            for caller in &callers {
                let request = SampleRequest::new("GET", path);
                let was = check_access(&before, caller, &request).is_ok();
                let is = check_access(&after, caller, &request).is_ok();
                allowed |= is && !was;
                denied |= was && !is;
            }
        }
        let found = diff(&old, &new);
        assert_eq!(
            (!found.0.is_empty(), !found.1.is_empty()),
            (allowed, denied),
            "round {round}: {old} {new}: {found:?}"
        );
        seen[usize::from(allowed) * 2 + usize::from(denied)] += 1;
    }
    assert!(seen.iter().all(|count| *count > 10), "{seen:?}");
}
