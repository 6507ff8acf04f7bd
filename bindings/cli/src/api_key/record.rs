//! What a record says of a key, besides its hash.

use clap::Args;
use portcullis::UnixTime;
use serde_json::{Map, Value, json};

use crate::output::{Failure, may_be_secret, printable};
use crate::time;

#[derive(Debug, Args)]
pub(super) struct RecordOptions {
    /// A role of the key; may be repeated.
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
    /// A permission its roles are narrowed to; may be repeated.
    #[arg(long = "scope", value_name = "RESOURCE:ACTION")]
    scopes: Vec<String>,
    /// The tenant it belongs to.
    #[arg(long)]
    tenant: Option<String>,
    /// What bindings compare with, its value as JSON: `--claim 'collections=["a","b"]'`; may be repeated.
    #[arg(long = "claim", value_name = "NAME=JSON")]
    claims: Vec<String>,
    /// When it ends: a date, a time as RFC 3339 or in seconds since the epoch, or a duration like `90d`; never if absent.
    #[arg(long, value_name = "WHEN")]
    expires: Option<String>,
    /// The time from which a duration counts, as RFC 3339 or in seconds since the epoch; now if absent.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

impl RecordOptions {
    /// The record of the key `id` with this hash.
    pub(super) fn record(&self, id: &str, hash: String, owner: Option<&str>) -> Result<Value, Failure> {
        let mut record = json!({"id": id, "hash": hash, "roles": self.roles});
        let Some(members) = record.as_object_mut() else { return Ok(record) };
        let mut add = |name: &str, value: Value| drop(members.insert(name.to_owned(), value));
        if !self.scopes.is_empty() {
            add("scopes", json!(self.scopes));
        }
        if let Some(tenant) = &self.tenant {
            add("tenant", json!(tenant));
        }
        if let Some(owner) = owner {
            add("owner", json!(owner));
        }
        if !self.claims.is_empty() {
            add("claims", Value::Object(self.claims()?));
        }
        if let Some(expires) = &self.expires {
            let now = time::instant("--at", self.at.as_deref())?;
            let end = time::end("--expires", expires, now)?;
            if end <= now {
                return Err(format!("--expires: {} has passed", UnixTime::to_rfc3339(end)));
            }
            add("expires_at", json!(end.to_rfc3339()));
        }
        Ok(record)
    }

    fn claims(&self) -> Result<Map<String, Value>, Failure> {
        let mut claims = Map::new();
        for written in &self.claims {
            let Some((name, value)) = written.split_once('=').filter(|(name, _)| !name.is_empty()) else {
                return Err(format!("--claim: write NAME=JSON, not {}", quoted(written)));
            };
            let value = serde_json::from_str(value).map_err(|_| {
                format!(
                    "--claim: the value of `{}` is not JSON; a text takes quotes of its own: --claim '{}=\"…\"'",
                    printable(name),
                    printable(name)
                )
            })?;
            if claims.insert(name.to_owned(), value).is_some() {
                return Err(format!("--claim: `{}` is given twice; give it once", printable(name)));
            }
        }
        Ok(claims)
    }
}

fn quoted(text: &str) -> String {
    if may_be_secret(text) { "something else".to_owned() } else { format!("`{}`", printable(text)) }
}
