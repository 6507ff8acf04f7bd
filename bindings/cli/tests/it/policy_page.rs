//! The page of `portcullis policy matrix` in a browser.

use std::path::PathBuf;
use std::process::Command;

use crate::common::{Folder, assert_code, run};
use serde_json::{Map, Value, json};

/// Chromium, where `cargo xtask test` finds it.
fn chromium() -> Option<PathBuf> {
    let path = std::env::var_os("CHROMIUM").map_or_else(|| PathBuf::from("/usr/bin/chromium"), PathBuf::from);
    path.exists().then_some(path)
}

/// 360 routes and five roles, of which one is bound on every third route.
fn page(folder: &Folder) -> String {
    let routes: Map<String, Value> = (0..360)
        .map(|n| {
            let (method, resource) = (["GET", "POST", "DELETE"][n % 3], ["docs", "chunks"][n % 2]);
            let route = format!("{method} /v1/{resource}/r{n}/{{id}}");
            let access = format!("{resource}:{}", ["read", "write", "delete"][n % 3]);
            let bound = json!({"access": access, "where": {"path.id": "/ids"}});
            (route, if n % 3 == 0 { bound } else { json!(access) })
        })
        .chain([("GET /health".to_owned(), json!("public"))])
        .collect();
    let document = json!({
        "profile": "generic",
        "issuers": [{"keys": [{"alg": "HS256", "secret": {"env": "UNSET_SECRET"}}]}],
        "policy": {"routes": routes, "roles": {
            "admin": {"permissions": ["*"]}, "reader": {"permissions": ["*:read"]}, "docs": {"permissions": ["docs:*"]},
            "writer": {"permissions": ["*:{read,write}"]}, "nobody": {}}},
    });
    let config = folder.write("portcullis.json", document.to_string());
    let out = folder.path("matrix.html").to_str().unwrap().to_owned();
    assert_code(&run(&["policy", "matrix", "--config", &config, "--format", "html", "--out", &out]), 0);
    out
}

#[test]
fn the_filters_work_in_a_browser() {
    let Some(chromium) = chromium() else {
        println!("NOT RUN: there is no Chromium at /usr/bin/chromium, and CHROMIUM names none");
        return;
    };
    let folder = Folder::new();
    let page = page(&folder);
    // The filters stand in the address, so that no pointer is needed to set them.
    let shown = |filters: &str| {
        let output = Command::new(&chromium)
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--disable-background-networking",
            ])
            .arg(format!("--user-data-dir={}", folder.path("profile").display()))
            .args(["--virtual-time-budget=2000", "--dump-dom"])
            .arg(format!("file://{page}#{filters}"))
            .output()
            .unwrap();
        let dom = String::from_utf8(output.stdout).unwrap();
        assert!(dom.contains("</html>"), "{dom}{}", String::from_utf8_lossy(&output.stderr));
        let rows = dom.split("<tr ").skip(1).filter(|row| row.starts_with("data-method"));
        let rows: Vec<&str> = rows.map(|row| row.split('>').next().unwrap()).collect();
        assert_eq!(rows.len(), 361);
        let visible = rows.iter().filter(|row| !row.contains("hidden")).count();
        assert_eq!(dom.contains("<p class=\"none\" hidden=\"\">"), visible > 0, "{filters}");
        (visible, dom)
    };
    // Callers: (anonymous), (no role), admin, docs, nobody, reader, writer.
    for (filters, expected) in [
        ("", 361),
        ("method=DELETE&resource=docs", 60),
        ("text=chunks%3Awrite", 60),
        ("text=%2Fids&who=5&may=b", 120),
        ("who=5&may=1", 1),
        ("who=5&may=0", 240),
        ("text=nothing+like+it", 0),
        ("method=BREW&who=99", 361),
    ] {
        assert_eq!(shown(filters).0, expected, "{filters}");
    }
    let (_, dom) = shown("method=POST&without=0&without=1");
    let heads = dom.split("<th scope=\"col\" class=\"who\"").skip(1);
    let heads: Vec<&str> = heads.map(|head| head.split("</th>").next().unwrap()).collect();
    assert_eq!(heads.iter().filter(|head| head.split('>').next().unwrap().contains("hidden")).count(), 2);
    assert!(heads[2].contains("120 of 120") && heads[5].contains("0 of 120"), "{heads:?}");
    // Exactly one sign is reached with the Tab key.
    assert_eq!(dom.matches("<td class=\"sign").count(), 361 * 7);
    let reached = dom
        .split("<td class=\"sign")
        .skip(1)
        .filter(|cell| cell.split('>').next().unwrap().contains("tabindex=\"0\""));
    assert_eq!(reached.count(), 1);
}
