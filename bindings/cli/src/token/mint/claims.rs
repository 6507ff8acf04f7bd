//! The claims of a token to issue: each given once, in the very JSON it was given in.

use std::collections::BTreeMap;

use clap::Args;
use jiff::SignedDuration;
use portcullis::UnixTime;
use portcullis::json::{self, Budget};
use portcullis::limits::NUMERIC_DATE_MAX;
use portcullis_analysis::duration::{self, DAY_SECS};
use serde_json::value::{RawValue, to_raw_value};

use crate::output::{Failure, may_be_secret, printable};
use crate::time;

/// The lifetime of a token if nothing is said.
const TTL: &str = "15m";

/// What RFC 9068 section 2.2 asks for.
const AT_JWT: [&str; 7] = ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"];

#[derive(Debug, Args)]
pub(crate) struct ClaimOptions {
    /// The claim `sub`.
    #[arg(long, value_name = "SUBJECT")]
    subject: Option<String>,
    /// The claim `iss`.
    #[arg(long, value_name = "ISSUER")]
    issuer: Option<String>,
    /// The claim `aud`; a list if repeated.
    #[arg(long = "audience", value_name = "AUDIENCE")]
    audiences: Vec<String>,
    /// Any claim, with its value as JSON: `--claim 'role="user"'`; may be repeated.
    #[arg(long = "claim", value_name = "NAME=JSON")]
    claims: Vec<String>,
    /// The time from `iat` to `exp`, like `90s`, `15m` or `1h 30m`; 15m if absent.
    #[arg(long, value_name = "DURATION")]
    ttl: Option<String>,
    /// The claim `nbf`, as RFC 3339 or in seconds since the epoch.
    #[arg(long, value_name = "TIME")]
    not_before: Option<String>,
    /// The claim `iat`, as RFC 3339 or in seconds since the epoch; now if absent.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

/// The claims, by name.
#[derive(Debug, Clone, Default)]
pub(super) struct Claims(BTreeMap<String, Box<RawValue>>);

impl ClaimOptions {
    /// The claims, and warnings.
    pub(super) fn build(&self) -> Result<(Claims, Vec<String>), Failure> {
        let mut claims = Claims::default();
        for written in &self.claims {
            let (name, value) = parse(written)?;
            claims.add(&name, value, "--claim")?;
        }
        if let Some(subject) = &self.subject {
            claims.add("sub", raw(subject)?, "--subject")?;
        }
        if let Some(issuer) = &self.issuer {
            claims.add("iss", raw(issuer)?, "--issuer")?;
        }
        match self.audiences.as_slice() {
            [] => {}
            [audience] => claims.add("aud", raw(audience)?, "--audience")?,
            audiences => claims.add("aud", raw(audiences)?, "--audience")?,
        }
        if let Some(begin) = &self.not_before {
            let begin = time::instant("--not-before", Some(begin))?;
            claims.add("nbf", raw(&begin.as_secs())?, "--not-before")?;
        }
        let issued = time::instant("--at", self.at.as_deref())?;
        claims.add_unless_given("iat", issued, self.at.as_ref().map(|_| "--at"))?;
        let ttl = lifetime(self.ttl.as_deref().unwrap_or(TTL))?;
        let end = issued.plus(ttl);
        if end.as_secs() > NUMERIC_DATE_MAX {
            return Err("--ttl: the token would end after the year 9999".to_owned());
        }
        claims.add_unless_given("exp", end, self.ttl.as_ref().map(|_| "--ttl"))?;
        let mut notes = Vec::new();
        if self.ttl.is_some() && ttl > DAY_SECS {
            notes.push(format!(
                "warning: --ttl: {} is long for a token that cannot be called back; a day is the most to consider",
                duration::render(ttl)
            ));
        }
        Ok((claims, notes))
    }
}

impl Claims {
    fn add(&mut self, name: &str, value: Box<RawValue>, option: &str) -> Result<(), Failure> {
        if self.0.insert(name.to_owned(), value).is_some() {
            return Err(format!("{option}: the claim `{}` is given twice; give it once", printable(name)));
        }
        Ok(())
    }

    /// Adds a time that a `--claim` may have given in place of the default; `option` is the one that was used, if any.
    fn add_unless_given(&mut self, name: &str, time: UnixTime, option: Option<&str>) -> Result<(), Failure> {
        match option {
            None if self.0.contains_key(name) => Ok(()),
            option => self.add(name, raw(&time.as_secs())?, option.unwrap_or_default()),
        }
    }

    /// What a token of the type `typ` lacks.
    pub(super) fn missing_for(&self, typ: &str) -> Option<String> {
        if !typ.eq_ignore_ascii_case("at+jwt") && !typ.eq_ignore_ascii_case("application/at+jwt") {
            return None;
        }
        let missing: Vec<_> = AT_JWT.into_iter().filter(|name| !self.0.contains_key(*name)).collect();
        let add: Vec<_> = missing.iter().map(|name| format!("--claim '{name}=\"…\"'")).collect();
        (!missing.is_empty()).then(|| {
            format!("warning: an `at+jwt` has {} too (RFC 9068); add {}", missing.join(", "), add.join(" "))
        })
    }

    /// The members, in the order of their names.
    pub(super) fn members(&self) -> &BTreeMap<String, Box<RawValue>> {
        &self.0
    }
}

fn raw<T: serde::Serialize + ?Sized>(value: &T) -> Result<Box<RawValue>, Failure> {
    to_raw_value(value).map_err(|error| error.to_string())
}

fn parse(written: &str) -> Result<(String, Box<RawValue>), Failure> {
    let (name, value) = written
        .split_once('=')
        .filter(|(name, _)| !name.is_empty())
        .ok_or("--claim: write NAME=JSON, for example --claim 'role=\"user\"'")?;
    let shown = if may_be_secret(name) { "…".to_owned() } else { printable(name) };
    // What names a member twice or is too deep would be refused wherever the token is read.
    json::parse(value.as_bytes(), Budget::REQUEST).map_err(|error| {
        format!("--claim: the value of `{shown}` is not usable JSON: {error}; a text needs quotes: --claim '{shown}=\"…\"'")
    })?;
    let value =
        serde_json::from_str(value).map_err(|_| format!("--claim: the value of `{shown}` is not JSON"))?;
    Ok((name.to_owned(), value))
}

fn lifetime(text: &str) -> Result<u64, Failure> {
    let duration: Option<SignedDuration> = text.parse().ok();
    duration
        .filter(|duration| duration.subsec_nanos() == 0)
        .and_then(|duration| u64::try_from(duration.as_secs()).ok())
        .filter(|secs| *secs > 0)
        .ok_or_else(|| {
            "--ttl: write whole seconds, minutes and hours, like `90s`, `15m` or `1h 30m`".to_owned()
        })
}
