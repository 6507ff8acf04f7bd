//! The npm package, installed from its tarball, in Node.js.

use anyhow::{Context as _, Result, bail};

use super::expect::{Received, Seen};
use super::hosts::Host;
use super::suite::{Case, Concrete, Suite};
use crate::host::node::{Answered, Node, Question, QuestionHead};

impl Host for Node {
    fn name(&self) -> &'static str {
        "Node.js"
    }

    fn play(&mut self, suite: &Suite, case: &Case, request: &Concrete) -> Result<Seen> {
        let config = suite.configurations.get(&case.configuration).context("no such configuration")?;
        let head =
            QuestionHead { method: &request.method, target: &request.target, headers: &request.headers };
        let question =
            Question { config, secrets: &suite.secrets, head, now: request.now, request_id: "case" };
        Ok(match self.ask(&question)? {
            Answered::Refused { status, headers, body, reason } => {
                let told = headers.iter().find(|(name, _)| name == "x-portcullis-reason");
                if told.map(|(_, told)| told) != Some(&reason) {
                    bail!("the reason is `{reason}`, the header says {told:?}");
                }
                Seen::Refused { status, headers, body }
            }
            Answered::LetIn { target, headers } => Seen::LetIn(Received { target, headers }),
            Answered::Error(error) => bail!("the package threw {error}"),
        })
    }
}
