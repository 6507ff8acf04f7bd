//! `--fetch`: the gate's own calls, sent from here.

mod transport;

use core::cell::RefCell;
use core::time::Duration;
use std::path::PathBuf;

use clap::Args;
use portcullis::parts::check_url;
use portcullis::{Call, CallTarget, Gate, UnixTime};
use portcullis_analysis::duration::relative;
use portcullis_analysis::explain::Answer;
use portcullis_analysis::sources::{self, Fetched};

use crate::input;
use crate::output::{Failure, printable};

// The arguments of a command have a group of this name already.
#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Arguments {
    /// Fetch what a host would fetch, now; nothing is sent without it.
    #[arg(long)]
    fetch: bool,
    /// Take the bundle of the configuration from this file, and fetch no other.
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
}

/// Sends calls, and keeps what went wrong with them.
pub(crate) struct Fetcher {
    agent: ureq::Agent,
    /// Whether anything is sent.
    sends: bool,
    /// What takes the place of the bundle.
    bundle: Option<Vec<u8>>,
    /// Without a slash at its end.
    origin: Option<String>,
    notes: RefCell<Vec<String>>,
}

impl Arguments {
    /// What sends calls, if that is asked for.
    pub(crate) fn fetcher(&self) -> Result<Option<Fetcher>, Failure> {
        if !self.fetch && self.bundle.is_none() {
            return Ok(None);
        }
        let bundle = self.bundle.as_deref().map(|path| input::file("--bundle", path)).transpose()?;
        let (agent, notes) = (transport::agent(), RefCell::default());
        Ok(Some(Fetcher { agent, sends: self.fetch, bundle, origin: None, notes }))
    }

    /// The same where the origin is at this address.
    pub(crate) fn fetcher_with(&self, origin: Option<&str>) -> Result<Option<Fetcher>, Failure> {
        origin.map_or(Ok(()), check_origin)?;
        let origin = origin.map(|origin| origin.trim_end_matches('/').to_owned());
        Ok(self.fetcher()?.map(|fetcher| Fetcher { origin, ..fetcher }))
    }
}

/// An origin may be reached without TLS: it is the operator's own, who writes it here.
fn check_origin(origin: &str) -> Result<(), Failure> {
    let secure = origin.replacen("http://", "https://", 1);
    if check_url(&secure).is_err() || origin.contains('?') {
        // Not repeated: there may be a password in it.
        return Err("--origin: not the address of a server; write it like http://127.0.0.1:8000".to_owned());
    }
    Ok(())
}

impl Fetcher {
    /// The gate with the keys of its sources, and what came of fetching them.
    pub(crate) fn keys(&self, gate: &Gate, now: UnixTime) -> Fetched {
        let url = gate.parts().bundle.as_ref().map(|source| source.url.as_str());
        if self.bundle.is_some() && url.is_none() {
            self.note("--bundle: the configuration has no \"bundle\", and this one does not count");
        }
        sources::fetch(gate, now, |call| match (&self.bundle, call.target()) {
            (Some(bundle), CallTarget::Url(target)) if Some(target.as_str()) == url => {
                Some(Answer { status: 200, headers: Vec::new(), body: bundle.clone() })
            }
            _ => self.send(call),
        })
    }

    /// Sends a call; `None` if there was no answer, which is then noted.
    pub(crate) fn send(&self, call: &Call) -> Option<Answer> {
        let url = match (call.target(), &self.origin) {
            (CallTarget::Url(url), _) => url.clone(),
            (CallTarget::Origin(path), Some(origin)) => format!("{origin}{path}"),
            (CallTarget::Origin(path), None) => {
                self.note(&format!("the origin is asked for {path}; say where it is with --origin URL"));
                return None;
            }
        };
        if !self.sends {
            self.note(&format!("{} {url}: nothing is sent without --fetch", call.method()));
            return None;
        }
        let timeout = Duration::from_secs(call.timeout_secs());
        match transport::send(&self.agent, call, &url, timeout) {
            Ok(answer) => Some(answer),
            Err(cause) => {
                self.note(&format!("{} {url}: {cause}", call.method()));
                None
            }
        }
    }

    fn note(&self, text: &str) {
        let note = printable(&format!("note: {text}"));
        let mut notes = self.notes.borrow_mut();
        if !notes.contains(&note) {
            notes.push(note);
        }
    }

    /// What went wrong, a line each.
    pub(crate) fn into_notes(self) -> Vec<String> {
        self.notes.into_inner()
    }
}

/// What was fetched in vain, a line each.
pub(crate) fn failures(fetched: &Fetched) -> Vec<String> {
    let failed = fetched.sources.iter().filter_map(|source| Some((source, source.failure.as_ref()?)));
    failed
        .map(|(source, why)| {
            printable(&format!("note: {}: {}: {why}", source.pointer, source.asked.join(", ")))
        })
        .collect()
}

/// How old the bundle is that counts, if one does.
pub(crate) fn age(fetched: &Fetched, now: UnixTime) -> Option<String> {
    let (pointer, bundle) =
        fetched.sources.iter().find_map(|source| Some((&source.pointer, source.bundle.as_ref()?)))?;
    let told =
        |time: &str| UnixTime::from_rfc3339(time).map_or_else(|| time.to_owned(), |time| relative(time, now));
    let (made, ends) = (told(&bundle.issued_at), told(&bundle.expires_at));
    Some(format!("note: {pointer}: version {}, made {made}; it ends {ends}", bundle.version))
}
