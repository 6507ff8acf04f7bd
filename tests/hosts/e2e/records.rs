//! API-key records that are not in the configuration: the Worker asks Workers KV, here a server on loopback that
//! speaks its protocol.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use serde_json::json;

use portcullis_test_support::client::{self, Request};
use portcullis_test_support::kv::{Namespace, Stored};
use portcullis_test_support::origin::tokens;
use portcullis_test_support::patience::PATIENCE;

use crate::lab::{Lab, swap_config};
use crate::report::Report;

pub(crate) async fn check(lab: &Lab) -> Result<Report> {
    let mut config = swap_config(&lab.secrets)?;
    if let Some(api_keys) = config.pointer_mut("/api_keys").and_then(|value| value.as_object_mut()) {
        api_keys.insert("lookup".to_owned(), true.into());
    }

    // A key per case; what the store holds under its identifier; status and reason of an invocation with it.
    let past = tokens::now_secs().saturating_sub(1);
    let cases = [
        ("known", json!({"roles": ["guest"], "owner": "ingest"}), 200, None),
        // The profile's default role is for tokens: a key has the roles of its record.
        ("plain", json!({}), 403, Some("permission_missing")),
        ("stranger", json!({"roles": ["superuser"]}), 403, Some("permission_missing")),
        ("disabled", json!({"roles": ["guest"], "disabled": true}), 401, Some("api_key_disabled")),
        ("expired", json!({"roles": ["guest"], "expires_at": past}), 401, Some("api_key_expired")),
        ("foreign", json!({"id": "known", "roles": ["guest"]}), 401, Some("api_key_unknown")),
        ("odd", json!({"roles": ["guest"], "colour": "red"}), 503, Some("records_unavailable")),
    ];
    let mut records = BTreeMap::new();
    let mut keys = Vec::new();
    for (id, members, status, reason) in cases {
        let key = tokens::api_key(id)?;
        let mut record = json!({"id": id, "hash": tokens::key_hash(&lab.secrets.pepper, &key)?});
        if let (Some(record), Some(members)) = (record.as_object_mut(), members.as_object()) {
            record.extend(members.clone());
        }
        records.insert(id.to_owned(), Stored::Text(record.to_string()));
        keys.push((id, key, status, reason));
    }
    records.insert("garbled".to_owned(), Stored::Text("not JSON".to_owned()));
    records.insert("broken".to_owned(), Stored::Failure);
    // A second key with the identifier of the first: the record is there, the secret differs.
    for (id, status, reason) in [
        ("known", 401, "api_key_unknown"),
        ("missing", 401, "api_key_unknown"),
        ("garbled", 503, "records_unavailable"),
        ("broken", 503, "records_unavailable"),
    ] {
        keys.push((id, tokens::api_key(id)?, status, Some(reason)));
    }
    let mut asked_for: Vec<String> = keys.iter().map(|(id, ..)| (*id).to_owned()).collect();
    // A key of another system goes by its hash.
    let foreign = "key-of-another-system";
    let hash = tokens::foreign_key_hash(foreign);
    let record = json!({"id": "crawler 1", "hash": hash, "roles": ["guest"], "owner": "crawler"});
    records.insert(hash.clone(), Stored::Text(record.to_string()));
    keys.push(("crawler", foreign.to_owned(), 200, None));
    asked_for.push(hash);
    // Neither of these needs a look-up: one record is in the configuration, one key has a wrong checksum.
    keys.push(("robot", lab.secrets.api_key.clone(), 200, None));
    keys.push(("mistyped", mistype(&tokens::api_key("known")?), 401, Some("api_key_malformed")));

    let store = Namespace::serve(records).await?;
    let gate = lab.gate(&config, lab.recorder.address(), Some(store.address()), "e2e-records")?;
    let mut report = Report::default();
    for (count, (id, key, status, reason)) in (1..).zip(&keys) {
        let before = lab.recorder.arrivals().len();
        let request = Request::new("POST", "/v1/graph/invoke").header("X-API-Key", key).json("{}");
        let response = client::send(gate.address(), &request).await?;
        let decisions = gate.wait_for_decisions(count, PATIENCE);
        let decision =
            decisions.get(count - 1).with_context(|| format!("no decision about key {id} is logged"))?;
        let logged = decision.get("reason").and_then(|reason| reason.as_str());
        let arrived = lab.recorder.arrivals().len() - before;
        let got = (response.status, logged, arrived);
        report.equal(&format!("API key {id}"), got, (*status, *reason, usize::from(*status == 200)));
        // Which record cannot be used, and why.
        let unverified = decision.pointer("/unverified/api_key").and_then(|id| id.as_str());
        let due = Some(*id)
            .filter(|_| reason.is_some_and(|reason| reason != "api_key_malformed" && *status != 403));
        report.equal(&format!("API key {id}: what it says of itself"), unverified, due);
        let detail = decision.get("detail").and_then(|detail| detail.as_str()).unwrap_or_default();
        for (broken, said) in
            [("odd", "colour"), ("garbled", "not usable JSON"), ("broken", "could not be read")]
        {
            let fine = *id != broken || *status != 503 || detail.contains(said);
            report.holds(&format!("API key {id}: the log says what is wrong"), fine, decision);
        }
    }
    let seen: Vec<_> =
        lab.recorder.arrivals().into_iter().filter_map(|arrival| Some(arrival.identity?.0)).collect();
    report.equal(
        "whom the origin sees",
        seen,
        ["ingest", "crawler", "key:robot"].map(str::to_owned).to_vec(),
    );
    report.equal("what the store was asked for", store.asked(), asked_for);
    Ok(report)
}

/// The key with another last character: the form is right, the checksum is not.
fn mistype(key: &str) -> String {
    let mut mistyped = key.to_owned();
    let last = mistyped.pop();
    mistyped.push(if last == Some('0') { '1' } else { '0' });
    mistyped
}
