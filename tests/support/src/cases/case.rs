//! A case: what is sent, and what must become of it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::token::TokenSpec;

/// Stands for the token of a case.
pub(super) const TOKEN: &str = "{token}";

/// One case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    #[serde(skip)]
    /// The name of its file, without the ending.
    pub file: String,
    /// What it is about; unique in its file.
    pub name: String,
    #[serde(default = "standard")]
    /// The name of the configuration.
    pub configuration: String,
    /// What is sent.
    pub request: RequestSpec,
    /// What `{token}` stands for in the request, and in what the origin receives.
    pub token: Option<TokenSpec>,
    /// What must become of it.
    pub expect: Expectation,
    /// With a broken configuration: what the operator must read about it, in the log or in the error, on every host.
    #[serde(default)]
    pub said: Vec<String>,
    /// Hosts that hand on something else than they were sent, or do not start with the configuration, by name: what must
    /// become of that, and why it differs.
    #[serde(default)]
    pub on: BTreeMap<String, HostLimit>,
}

impl Case {
    /// What must become of the request on the host `name`.
    pub fn expected_on(&self, name: &str) -> &Expectation {
        self.on.get(name).map_or(&self.expect, |limit| &limit.expect)
    }

    /// What the operator must read on the host `name`; nothing where the configuration is of use.
    pub fn said_on(&self, name: &str) -> &[String] {
        let own = self.on.get(name).map(|limit| limit.said.as_slice()).filter(|said| !said.is_empty());
        own.unwrap_or(&self.said)
    }
}

/// A documented limit of a host itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostLimit {
    /// For whoever reads the case.
    #[serde(rename = "because")]
    _because: String,
    pub(super) expect: Expectation,
    /// What the operator must read there, if the configuration is of use on other hosts.
    #[serde(default)]
    pub(super) said: Vec<String>,
}

fn standard() -> String {
    "agentflow".to_owned()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
/// The request of a case.
pub struct RequestSpec {
    /// The method.
    pub method: String,
    /// Path and query; `{token}` stands for the token.
    pub target: String,
    #[serde(default)]
    /// Header lines in order; `{token}` stands for the token.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<BodySpec>,
    /// The length of the chunks that the body is sent in, in bytes, where it goes over a wire.
    pub chunks_of: Option<usize>,
}

/// The body of a request.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum BodySpec {
    /// The text itself.
    Text(String),
    /// The text and as many spaces behind it as make this length, in bytes.
    Padded {
        /// What it begins with.
        text: String,
        /// Its length.
        length: usize,
    },
}

impl BodySpec {
    pub(super) fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Padded { text, length } => {
                let spaces = length.saturating_sub(text.len());
                format!("{text}{}", " ".repeat(spaces))
            }
        }
    }
}

/// What must become of the request: a refusal with `status` and `reason`, `forward`, or that it is `answered`; or that it is
/// never asked about.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// Status code of a refusal.
    pub status: Option<u16>,
    /// The reason of a refusal.
    pub reason: Option<String>,
    /// Headers of a refusal or an answer, lines of one name joined.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Headers that a refusal or an answer must not have.
    #[serde(default)]
    pub without: Vec<String>,
    /// The body of a refusal, as the text of JSON that says the same; any if absent.
    pub body: Option<String>,
    /// What the origin receives.
    pub forward: Option<Forwarded>,
    /// Whether the gate answers by itself, and it is no refusal.
    #[serde(default)]
    pub answered: bool,
    /// False where a host must refuse to start with the configuration; `reason` is then the code of the error it throws,
    /// if its errors have codes.
    #[serde(default = "yes")]
    pub starts: bool,
}

fn yes() -> bool {
    true
}

impl Expectation {
    pub(super) fn is_sound(&self) -> bool {
        if self.answered {
            return self.starts && self.status.is_none() && self.reason.is_none() && self.forward.is_none();
        }
        match (self.status.is_some(), self.reason.is_some(), self.forward.is_some()) {
            (true, true, false) | (false, false, true) => self.starts,
            (false, _, false) => !self.starts,
            _ => false,
        }
    }
}

/// What the origin must receive.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forwarded {
    /// What becomes of the caller's credential: `forward`, `swap` or `strip`.
    pub target: Option<String>,
    /// Headers that must be there exactly once, with this value.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// Headers that must not be there.
    #[serde(default)]
    pub removed: Vec<String>,
    /// Headers that must be there as they were sent.
    #[serde(default)]
    pub kept: BTreeMap<String, String>,
    /// `forward`, `swap` or `strip`.
    pub credential: Option<String>,
    /// Claims of the token minted for the origin, besides `iat` and `exp`.
    pub minted: Option<Value>,
    /// The reason that the response tells in report mode.
    pub reported: Option<String>,
    /// Headers of the response to the caller, lines of one name joined.
    #[serde(default)]
    pub response: BTreeMap<String, String>,
    /// Headers that this response must not have.
    #[serde(default)]
    pub response_without: Vec<String>,
}

/// A request to send.
#[derive(Debug, Clone)]
pub struct Concrete {
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Header lines in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<String>,
    /// Seconds since the epoch; hosts that take the time as an argument get this one.
    pub now: u64,
    /// By what a host knows the request that takes that as an argument.
    pub id: &'static str,
    /// What `{token}` stands for.
    pub token: String,
}

impl Concrete {
    /// `text` with the token where it says `{token}`.
    pub fn fill(&self, text: &str) -> String {
        text.replace(TOKEN, &self.token)
    }

    /// The header lines as bytes.
    pub fn header_bytes(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let bytes = |(name, value): &(String, String)| (name.clone().into(), value.clone().into());
        self.headers.iter().map(bytes).collect()
    }
}
