//! What the profiles ask for, compared with what the servers ask for: the rows of `../shared/systems/routes`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use super::agentflow::{AGENTFLOW, DECIDED_OTHERWISE};
use super::paper::{Need, Never, Nothing, Paper, Permission};
use super::systems::{R2R, RAG_MODULO, RAGFLOW, RAGFLOW_0_24};

/// The rows of `file` that `server` serves, or `None` if they are not on this machine.
fn rows(file: &str, server: Option<&str>) -> Option<Vec<Value>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/systems/routes").join(file);
    let Ok(text) = std::fs::read(&path) else {
        println!("NOT RUN: the routes {file} are not on this machine");
        return None;
    };
    let mut rows: Vec<Value> = serde_json::from_slice(&text).unwrap();
    rows.retain(|row| row.get("server").and_then(Value::as_str) == server);
    Some(rows)
}

/// The profile's routes and permissions are those of the servers, but for what was decided otherwise.
fn the_profile_asks_for_what_the_server_asks_for(
    rows: &[Value],
    table: &[(&str, &str, Need)],
    decided: &[(&str, &str, &str)],
    rewritten: &[(&str, &str)],
) {
    let own: BTreeMap<String, Need> =
        table.iter().map(|(method, template, need)| (format!("{method} {template}"), *need)).collect();
    assert_eq!((own.len(), rows.len()), (table.len(), table.len()));
    let mut used = vec![0; decided.len()];
    for row in rows {
        let member = |name: &str| row[name].as_str().unwrap();
        let template = rewritten.iter().find(|(theirs, _)| *theirs == member("path"));
        let route = format!(
            "{} {}",
            member("method").to_uppercase(),
            template.map_or(member("path"), |(_, ours)| ours)
        );
        let need = *own.get(&route).unwrap_or_else(|| panic!("{route} is not in the profile"));
        let permission = format!("{}:{}", member("resource"), member("action"));
        let theirs = if member("auth") == "public" { "public" } else { permission.as_str() };
        let ours = match need {
            Nothing => "public",
            Never => "refused",
            Permission(permission) => permission,
        };
        let is_it = |written: &str| match written.strip_suffix('*') {
            Some(start) => route.starts_with(start),
            None => route == written,
        };
        match decided.iter().position(|(written, ..)| is_it(written)) {
            Some(index) => {
                let (_, server, why) = decided[index];
                assert_eq!(theirs, server, "{route}: not what was decided about ({why})");
                assert_ne!(ours, theirs, "{route}: listed as different, and is not");
                used[index] += 1;
            }
            None => assert_eq!(ours, theirs, "{route}: differs, and no reason is given"),
        }
        if let Some(scope) = row.get("scope").and_then(Value::as_str) {
            assert_eq!(scope, ours, "{route}");
        }
    }
    assert!(used.iter().all(|count| *count > 0), "a decision in the list is about no route: {used:?}");
}

#[test]
fn agentflow_asks_for_what_its_servers_ask_for() {
    let Some(rows) = rows("agentflow.json", None) else { return };
    the_profile_asks_for_what_the_server_asks_for(&rows, AGENTFLOW, DECIDED_OTHERWISE, &[]);
}

#[test]
fn the_other_profiles_ask_for_what_their_servers_ask_for() {
    for system in [R2R, RAG_MODULO, RAGFLOW, RAGFLOW_0_24] {
        let Some(rows) = rows(system.file, system.server) else { return };
        let mut table = system.table();
        table.retain(|(method, template, _)| {
            !system.common.contains(&format!("{method} {template}").as_str())
        });
        assert_eq!(table.len() + system.common.len(), system.table().len(), "{}", system.profile);
        the_profile_asks_for_what_the_server_asks_for(&rows, &table, system.decided, system.rewritten);

        // What the server keeps for its admins, no other role has.
        let roles = system.roles();
        let paper = Paper { roles: &roles, default_role: None, scopes_narrow: true };
        for row in rows.iter().filter(|row| row["auth"] == "admin") {
            let member = |name: &str| row[name].as_str().unwrap();
            let (_, _, need) = table
                .iter()
                .find(|(method, template, _)| (*method, *template) == (member("method"), member("path")))
                .unwrap();
            for role in roles.keys().filter(|role| **role != "admin") {
                let (status, _) = paper.expected(Some(&[role]), None, *need);
                assert_eq!(status, 403, "{role}: {row}");
            }
            assert_eq!(paper.expected(Some(&["admin"]), None, *need).0, 200, "{row}");
        }
    }
}
