//! `portcullis explain` says what happened: it is asked about every shared case.

use std::sync::Mutex;

use crate::common::{Folder, json, portcullis, text};
use portcullis_test_support::cases::case::Case;
use portcullis_test_support::cases::suite::Suite;
use serde_json::Value;

/// 2026-11-22T00:00:00Z
const NOW: u64 = 1_795_305_600;

/// Reasons that have no remedy.
const WITHOUT_REMEDY: &[&str] = &["internal", "config_invalid"];
/// The reasons that a store of revocations gives.
const BY_THE_STORE: &[&str] = &["token_revoked", "api_key_disabled", "revocations_unavailable"];

struct Asked {
    code: Option<i32>,
    explanation: Value,
    words: String,
    token: String,
}

fn ask(folder: &Folder, suite: &Suite, case: &Case) -> Asked {
    let request = suite.concrete(case, NOW).unwrap();
    let body = request.body.as_ref().map(|body| {
        let letters = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
        let name = format!("{}-{}.body", case.file, case.name.chars().map(letters).collect::<String>());
        folder.write(&name, body);
        folder.path(&name)
    });
    let ask = |format: &[&str]| {
        let mut command = portcullis(&["explain", "--at", &NOW.to_string()]);
        command.args(format).arg("--config").arg(folder.path(&format!("{}.json", case.configuration)));
        command.arg("--env-file").arg(folder.path("secrets.env"));
        if let Some(body) = &body {
            command.arg("--body").arg(body);
        }
        for (name, value) in &request.headers {
            command.arg("-H").arg(format!("{name}: {value}"));
        }
        command.arg(format!("{} {}", request.method, request.target)).output().unwrap()
    };
    let (structured, words) = (ask(&["--json"]), ask(&[]));
    assert_eq!(structured.status.code(), words.status.code());
    Asked {
        code: structured.status.code(),
        explanation: if structured.status.code() == Some(2) { Value::Null } else { json(&structured) },
        words: text(&words.stdout).to_owned(),
        token: case.token.as_ref().map(|_| bearer(&request.headers)).unwrap_or_default(),
    }
}

/// The longest word of any header: the token, if the case has one.
fn bearer(headers: &[(String, String)]) -> String {
    let words = headers.iter().flat_map(|(_, value)| value.split([' ', ',']));
    words.max_by_key(|word| word.len()).unwrap_or_default().to_owned()
}

/// What is wrong with an explanation.
fn complaint(case: &Case, mode: &Value, asked: &Asked) -> Option<String> {
    let Asked { code, explanation, words, token } = asked;
    let expect = &case.expect;
    let steps: Vec<&Value> = explanation["steps"].as_array().into_iter().flatten().collect();
    let Some(last) = steps.last() else { return Some("no steps".to_owned()) };
    if token.len() > 60
        && (words.contains(token.as_str()) || explanation.to_string().contains(token.as_str()))
    {
        return Some("the token is shown".to_owned());
    }
    if words.lines().any(|line| line.contains('\r') || line.contains('\u{1b}')) {
        return Some("control characters".to_owned());
    }
    match &expect.forward {
        Some(forward) if mode == "report" && explanation["reason"].is_string() => {
            let told = forward.reported.as_deref().is_none_or(|reason| explanation["reason"] == reason);
            let reported = explanation["decision"] == "deny" && explanation["reported"] == true;
            let ends = last["step"] == "report" && words.contains("only reported");
            let right = *code == Some(1) && told && reported && ends && explanation["remedy"].is_string();
            (!right).then(|| explanation.to_string())
        }
        Some(forward) => {
            if (*code, &explanation["decision"]) != (Some(0), &Value::from("allow")) {
                return Some(format!("{code:?}: {explanation}"));
            }
            let target = forward.target.as_ref().is_none_or(|target| explanation["target"] == *target);
            let failed = steps.iter().any(|step| step["passed"] == false);
            if !target || failed || last["step"] != "forward" || !explanation["remedy"].is_null() {
                return Some(explanation.to_string());
            }
            // Whoever is allowed by a token had its signature checked, and then its claims.
            let has = |step: &str| steps.iter().any(|found| found["step"] == step);
            let by_token = explanation["principal"]["proof"]["token"].is_object();
            (by_token != has("signature") || by_token != has("claim")).then(|| explanation.to_string())
        }
        None if expect.answered => {
            let right = *code == Some(0)
                && explanation["decision"] == "answer"
                && steps.iter().all(|step| step["passed"] == true)
                && explanation["reason"].is_null()
                && explanation["remedy"].is_null();
            (!right).then(|| format!("{code:?}: {explanation}"))
        }
        None => {
            let reason = expect.reason.as_deref().unwrap();
            let status = expect.status.map(Value::from);
            if *code != Some(1)
                || explanation["reason"] != reason
                || explanation["reported"] != false
                || Some(&explanation["status"]) != status.as_ref()
            {
                return Some(format!("{code:?}: {explanation}"));
            }
            let detail = last["detail"].as_str().unwrap();
            if last["step"] != "refused"
                || last["passed"] != false
                || !detail.starts_with(&format!("{reason}: "))
            {
                return Some(format!("the last step is {last}"));
            }
            let remedy = explanation["remedy"].as_str();
            if remedy.is_none() != WITHOUT_REMEDY.contains(&reason) {
                return Some(format!("remedy {remedy:?}"));
            }
            let shown = remedy.map(|remedy| format!("  → {remedy}\n"));
            let ends = shown.as_ref().is_none_or(|line| words.ends_with(line.as_str()));
            (!ends).then(|| format!("the last line is not the remedy: {words}"))
        }
    }
}

#[test]
fn every_shared_case_is_explained_as_it_is_decided() {
    let suite = Suite::of_workspace().unwrap();
    let folder = Folder::new();
    for (name, document) in suite.documents() {
        folder.write(&format!("{name}.json"), document);
    }
    let secrets: String = suite.secrets.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
    folder.write("secrets.env", secrets);

    let wrong = Mutex::new(Vec::new());
    let next = Mutex::new(suite.cases.iter());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let Some(case) = next.lock().unwrap().next() else { return };
                    let asked = ask(&folder, &suite, case);
                    let complaint = if suite.broken.contains_key(&case.configuration) {
                        (asked.code != Some(2)).then(|| "a broken configuration decides nothing".to_owned())
                    } else if suite.configurations[&case.configuration]["api_keys"]["lookup"] == true
                        && asked.explanation["reason"] == "records_unavailable"
                    {
                        // The command has no store, and says so of every key that it would have to ask for.
                        let remedy = asked.explanation["remedy"].as_str().unwrap_or_default();
                        let right = asked.code == Some(1) && remedy.contains("no store of records");
                        (!right).then(|| asked.explanation.to_string())
                    } else if case
                        .expect
                        .reason
                        .as_deref()
                        .is_some_and(|reason| BY_THE_STORE.contains(&reason))
                        && asked.words.contains("not looked up here; a host asks its store")
                    {
                        // Nor has it one of revocations: all that a credential shows by itself is told, and that it did not look.
                        let looked_up = &suite.configurations[&case.configuration]["revoked"]["lookup"];
                        let right = *looked_up == true && asked.code == Some(0);
                        (!right).then(|| asked.explanation.to_string())
                    } else {
                        complaint(case, &suite.configurations[&case.configuration]["mode"], &asked)
                    };
                    if let Some(complaint) = complaint {
                        wrong.lock().unwrap().push(format!("{}: {}: {complaint}", case.file, case.name));
                    }
                }
            });
        }
    });
    assert!(suite.cases.len() > 300, "{}", suite.cases.len());
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), suite.cases.len(), wrong.join("\n"));
}
