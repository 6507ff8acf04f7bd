//! Reading case files and making requests of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, ensure};
use serde::Deserialize;
use serde_json::Value;

use super::token::TokenSpec;

/// All cases, with the configurations and secrets they share.
pub(crate) struct Suite {
    pub(crate) secrets: BTreeMap<String, String>,
    /// Private JWKs.
    pub(super) signing_keys: BTreeMap<String, Value>,
    pub(crate) configurations: BTreeMap<String, Value>,
    /// Texts that are no usable configuration.
    pub(crate) broken: BTreeMap<String, String>,
    pub(crate) cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shared {
    secrets: BTreeMap<String, String>,
    signing_keys: BTreeMap<String, Value>,
    configurations: BTreeMap<String, Value>,
    broken: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "about")]
    _about: String,
    cases: Vec<Case>,
}

/// One case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    #[serde(skip)]
    pub(crate) file: String,
    pub(crate) name: String,
    #[serde(default = "standard")]
    pub(crate) configuration: String,
    pub(crate) request: RequestSpec,
    /// What `{token}` stands for in the request.
    pub(crate) token: Option<TokenSpec>,
    pub(crate) expect: Expectation,
    /// With a broken configuration: what the operator must read about it, in the log or in the error, on every host.
    #[serde(default)]
    pub(crate) said: Vec<String>,
    /// Hosts that hand on something else than they were sent, or do not start with a broken configuration, by name: what
    /// must become of that, and why it differs.
    #[serde(default)]
    pub(crate) on: BTreeMap<String, HostLimit>,
}

impl Case {
    /// What must become of the request on the host `name`.
    pub(crate) fn expected_on(&self, name: &str) -> &Expectation {
        self.on.get(name).map_or(&self.expect, |limit| &limit.expect)
    }
}

/// A documented limit of a host itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HostLimit {
    /// For whoever reads the case.
    #[serde(rename = "because")]
    _because: String,
    expect: Expectation,
}

fn standard() -> String {
    "agentflow".to_owned()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequestSpec {
    pub(crate) method: String,
    pub(crate) target: String,
    #[serde(default)]
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<BodySpec>,
    /// The length of the chunks that the body is sent in, in bytes, where it goes over a wire.
    pub(crate) chunks_of: Option<usize>,
}

/// The body of a request.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum BodySpec {
    Text(String),
    /// The text and as many spaces behind it as make this length, in bytes.
    Padded {
        text: String,
        length: usize,
    },
}

impl BodySpec {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Padded { text, length } => {
                let spaces = length.saturating_sub(text.len());
                format!("{text}{}", " ".repeat(spaces))
            }
        }
    }
}

/// What must become of the request: a refusal with `status` and `reason`, or `forward`; or that it is never asked about.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expectation {
    pub(crate) status: Option<u16>,
    pub(crate) reason: Option<String>,
    pub(crate) forward: Option<Forwarded>,
    /// False where a host must refuse to start with the configuration; `reason` is then the code of the error it throws,
    /// if its errors have codes.
    #[serde(default = "yes")]
    pub(crate) starts: bool,
}

fn yes() -> bool {
    true
}

impl Expectation {
    fn is_sound(&self) -> bool {
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
pub(crate) struct Forwarded {
    pub(crate) target: Option<String>,
    /// Headers that must be there exactly once, with this value.
    #[serde(default)]
    pub(crate) set: BTreeMap<String, String>,
    /// Headers that must not be there.
    #[serde(default)]
    pub(crate) removed: Vec<String>,
    /// Headers that must be there as they were sent.
    #[serde(default)]
    pub(crate) kept: BTreeMap<String, String>,
    /// `forward`, `swap` or `strip`.
    pub(crate) credential: Option<String>,
    /// Claims of the token minted for the origin, besides `iat` and `exp`.
    pub(crate) minted: Option<Value>,
    /// The reason that the response tells in report mode.
    pub(crate) reported: Option<String>,
}

/// A request to send.
#[derive(Debug, Clone)]
pub(crate) struct Concrete {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<String>,
    /// Seconds since the epoch; hosts that take the time as an argument get this one.
    pub(crate) now: u64,
}

impl Suite {
    /// Reads every file of `folder`.
    pub(crate) fn load(folder: &Path) -> anyhow::Result<Self> {
        let read =
            |path: &Path| std::fs::read(path).with_context(|| format!("cannot read {}", path.display()));
        let shared = folder.join("configurations.json");
        let Shared { secrets, signing_keys, configurations, broken } =
            serde_json::from_slice(&read(&shared)?).with_context(|| shared.display().to_string())?;
        let mut paths: Vec<_> = std::fs::read_dir(folder)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()?;
        paths.sort();
        let mut cases: Vec<Case> = Vec::new();
        for path in
            paths.iter().filter(|path| **path != shared && path.extension().is_some_and(|end| end == "json"))
        {
            let file: File =
                serde_json::from_slice(&read(path)?).with_context(|| path.display().to_string())?;
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            cases.extend(file.cases.into_iter().map(|case| Case { file: name.clone(), ..case }));
        }
        let mut names = BTreeSet::new();
        for case in &cases {
            let Case { file, name, .. } = case;
            ensure!(names.insert((file, name)), "{file}: two cases are called `{name}`");
            let usable = configurations.contains_key(&case.configuration);
            let unusable = broken.contains_key(&case.configuration);
            ensure!(
                usable != unusable,
                "{file}: {name}: no configuration `{}`, or two of this name",
                case.configuration
            );
            ensure!(
                unusable != case.said.is_empty(),
                "{file}: {name}: `said` is what a host says about a broken configuration"
            );
            for expect in case.on.values().map(|limit| &limit.expect).chain([&case.expect]) {
                ensure!(
                    expect.is_sound(),
                    "{file}: {name}: expect either status and reason, or forward, or `starts` false"
                );
                ensure!(
                    unusable || expect.starts,
                    "{file}: {name}: every host starts with a usable configuration"
                );
            }
        }
        Ok(Self { secrets, signing_keys, configurations, broken, cases })
    }

    /// Every configuration as text, usable and broken, by name.
    pub(crate) fn documents(&self) -> impl Iterator<Item = (&String, String)> {
        let usable =
            self.configurations.iter().map(|(name, configuration)| (name, configuration.to_string()));
        usable.chain(self.broken.iter().map(|(name, text)| (name, text.clone())))
    }

    /// The configuration `name` as JSON; a broken one as its text.
    pub(crate) fn document(&self, name: &str) -> Option<Value> {
        let broken = || self.broken.get(name).map(|text| Value::String(text.clone()));
        self.configurations.get(name).cloned().or_else(broken)
    }

    /// The secret `name`.
    pub(crate) fn secret(&self, name: &str) -> anyhow::Result<&str> {
        self.secrets.get(name).map(String::as_str).with_context(|| format!("no secret `{name}`"))
    }

    /// The request of `case` at the time `now`, in seconds since the epoch.
    pub(crate) fn concrete(&self, case: &Case, now: u64) -> anyhow::Result<Concrete> {
        let token = case.token.as_ref().map(|token| token.text(self, now)).transpose()?.unwrap_or_default();
        let fill = |text: &str| text.replace("{token}", &token);
        Ok(Concrete {
            method: case.request.method.clone(),
            target: fill(&case.request.target),
            headers: case.request.headers.iter().map(|(name, value)| (name.clone(), fill(value))).collect(),
            body: case.request.body.as_ref().map(BodySpec::text),
            now,
        })
    }
}
