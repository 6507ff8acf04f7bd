//! Hosts that are asked by a line of JSON: the npm package in Node.js, and the component in Python.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use portcullis::Reason;

use super::expect::{Answer, REASON, Received, Seen};
use super::hosts::Host;
use super::suite::{Case, Concrete, Suite};
use crate::host::player::{self, Answered, AnsweredWith, Question, QuestionHead};
use crate::host::python;
use crate::step::Step;

/// Such a host.
pub(super) struct Player {
    name: &'static str,
    program: player::Player,
}

impl Player {
    /// The npm package, installed from its tarball in `project`.
    pub(super) fn node(project: &Path) -> Result<Self> {
        let mut command = Command::new("node");
        command.arg(project.join("cases.mjs")).current_dir(project);
        Ok(Self { name: "Node.js", program: player::Player::start(&mut command)? })
    }

    /// The component of the world `gate` in a host that shares no code with wasmtime's Rust interface but the engine.
    pub(super) fn python(component: &Path, step: &Step) -> Result<Self> {
        Ok(Self { name: "Python", program: python::cases(component, step)? })
    }
}

impl Host for Player {
    fn name(&self) -> &'static str {
        self.name
    }

    fn play(&mut self, suite: &Suite, case: &Case, request: &Concrete) -> Result<Seen> {
        let config = suite.document(&case.configuration).context("no such configuration")?;
        let head =
            QuestionHead { method: &request.method, target: &request.target, headers: &request.headers };
        let question = Question {
            config: &config,
            secrets: &suite.secrets,
            head,
            now: request.now,
            request_id: "case",
            body: request.body.as_deref(),
        };
        Ok(match self.program.ask(&question)? {
            Answered::Refused { answer, reason } => {
                let told = answer.headers.iter().find(|(name, _)| name == REASON);
                if told.map(|(_, told)| told) != Some(&reason) {
                    bail!("the reason is `{reason}`, the header says {told:?}");
                }
                Seen::Refused(answer.into())
            }
            Answered::LetIn { target, headers, response_headers } => {
                let told = response_headers.into_iter().find(|(name, _)| name == REASON);
                Seen::LetIn(Received {
                    target,
                    headers,
                    body: None,
                    reported: told.map(|(_, reason)| reason),
                })
            }
            Answered::Unconfigured { answer, errors } => Seen::Unconfigured {
                answer: Some(answer.into()),
                reason: Some(Reason::ConfigInvalid.to_string()),
                said: errors.join("\n"),
            },
            Answered::Error(thrown) if thrown.name == "ConfigError" => {
                Seen::Unconfigured { answer: None, reason: thrown.code, said: thrown.message }
            }
            Answered::Error(thrown) => bail!("the package threw {thrown:?}"),
        })
    }
}

impl From<AnsweredWith> for Answer {
    fn from(answer: AnsweredWith) -> Self {
        let AnsweredWith { status, headers, body } = answer;
        Self { status, headers, body }
    }
}
