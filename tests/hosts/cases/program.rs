//! Hosts that are asked by a line of JSON: the npm package in Node.js, and the component in Python.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use portcullis::Reason;

use portcullis_test_support::cases::case::{Case, Concrete};
use portcullis_test_support::cases::expect::{REASON, Received, Response, Seen};
use portcullis_test_support::cases::suite::Suite;
use portcullis_test_support::host::program::{self, Answered, AnsweredWith, Question, QuestionHead};
use portcullis_test_support::host::python;
use portcullis_test_support::step::Step;

use crate::host::{Host, ResponseChanges};

/// Such a host.
pub(crate) struct Program(program::Program);

impl Program {
    /// The npm package, installed from its tarball in `project`.
    /// `signatures` says who verifies them: the `host`, or the package's `own` code.
    pub(crate) fn node(project: &Path, signatures: &str) -> Result<Self> {
        let mut command = Command::new("node");
        command.arg(project.join("cases.mjs")).current_dir(project).env("SIGNATURES", signatures);
        Ok(Self(program::Program::start(&mut command)?))
    }

    /// The component of the world `gate` in a host that shares no code with wasmtime's Rust interface but the engine.
    pub(crate) fn python(component: &Path, step: &Step) -> Result<Self> {
        Ok(Self(python::cases(component, step)?))
    }
}

impl Host for Program {
    fn send(&mut self, suite: &Suite, case: &Case, request: &Concrete) -> Result<Seen> {
        let config = suite.document(&case.configuration).context("no such configuration")?;
        let head =
            QuestionHead { method: &request.method, target: &request.target, headers: &request.headers };
        let question = Question {
            config: &config,
            secrets: &suite.secrets,
            head,
            now: request.now,
            request_id: request.id,
            body: request.body.as_deref(),
            records: &suite.records,
        };
        Ok(match self.0.ask(&question)? {
            Answered::Refused { answer, reason } => {
                let told = answer.headers.iter().find(|(name, _)| name == REASON);
                if told.map(|(_, told)| told) != Some(&reason) {
                    bail!("the reason is `{reason}`, the header says {told:?}");
                }
                Seen::Refused(response(answer))
            }
            Answered::Allowed {
                target,
                headers,
                remove_response_headers: remove,
                response_headers: set,
                append_response_headers: append,
            } => {
                let response = ResponseChanges { remove, set, append }.made(request);
                Seen::Allowed(Received { target, headers, body: None, response })
            }
            Answered::Answered(answer) => Seen::Answered(response(answer)),
            Answered::Unconfigured { answer, errors } => Seen::Unconfigured {
                answer: Some(response(answer)),
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

fn response(answer: AnsweredWith) -> Response {
    let AnsweredWith { status, headers, body } = answer;
    Response { status, headers, body }
}
