//! Programs in other languages that call the gate, each asked one request after the other: a line of JSON in, a line out.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::step::{not_started, show};

/// A running program. Stopped when dropped.
#[derive(Debug)]
pub struct Program {
    program: String,
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// A request for the gate to decide about.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Question<'a> {
    /// The configuration as JSON, or as text.
    pub config: &'a Value,
    /// The secrets by name.
    pub secrets: &'a BTreeMap<String, String>,
    /// The head of the request.
    pub head: QuestionHead<'a>,
    /// Seconds since the epoch.
    pub now: u64,
    /// By what the host knows the request.
    pub request_id: &'a str,
    /// The body, as text.
    pub body: Option<&'a str>,
    /// The store of API-key records: texts by key, `null` where nobody can say.
    pub records: &'a BTreeMap<String, Option<String>>,
}

/// The head of such a request.
#[derive(Debug, Serialize)]
pub struct QuestionHead<'a> {
    /// The method.
    pub method: &'a str,
    /// Path and query.
    pub target: &'a str,
    /// Header lines in order.
    pub headers: &'a [(String, String)],
}

/// What became of it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Answered {
    /// It was refused.
    Refused {
        /// The answer to the caller.
        #[serde(flatten)]
        answer: AnsweredWith,
        /// The reason; also in the headers if the configuration says so.
        reason: String,
    },
    /// It was allowed, and this is what the origin receives.
    Allowed {
        /// Path and query.
        target: String,
        /// Names in lower case.
        headers: Vec<(String, String)>,
        /// Headers to remove from the response.
        remove_response_headers: Vec<String>,
        /// Headers to set on the response.
        response_headers: Vec<(String, String)>,
        /// Headers to add to the response.
        append_response_headers: Vec<(String, String)>,
    },
    /// The gate answered it itself.
    Answered(AnsweredWith),
    /// The configuration did not load.
    Unconfigured {
        /// What every caller gets.
        #[serde(flatten)]
        answer: AnsweredWith,
        /// What is wrong, each as `pointer: message`.
        errors: Vec<String>,
    },
    /// The program's way to ask threw this.
    Error(Thrown),
}

/// An answer to a caller.
#[derive(Debug, Deserialize)]
pub struct AnsweredWith {
    /// Status code.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// An error of the package that the program uses.
#[derive(Debug, Deserialize)]
pub struct Thrown {
    /// The class.
    pub name: String,
    /// The stable code; none if it is not one of the package's own.
    pub code: Option<String>,
    /// What it says.
    pub message: String,
}

impl Program {
    /// Starts the program.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    pub fn start(command: &mut Command) -> Result<Self> {
        let program = show(command);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().map_err(|error| not_started(command, error))?;
        let questions = child.stdin.take().with_context(|| format!("no pipe to {program}"))?;
        let answers = child.stdout.take().with_context(|| format!("no pipe from {program}"))?;
        Ok(Self { program, child, questions, answers: BufReader::new(answers) })
    }

    /// What the program answers to a question.
    ///
    /// # Errors
    ///
    /// If it has ended.
    pub fn ask<A: DeserializeOwned>(&mut self, question: &impl Serialize) -> Result<A> {
        writeln!(self.questions, "{}", serde_json::to_string(question)?)
            .with_context(|| format!("{} has ended", self.program))?;
        self.answer()
    }

    /// The next line it prints.
    ///
    /// # Errors
    ///
    /// If the program has ended.
    pub fn answer<A: DeserializeOwned>(&mut self) -> Result<A> {
        let Self { program, answers, .. } = self;
        let mut answer = String::new();
        answers.read_line(&mut answer)?;
        serde_json::from_str(&answer).with_context(|| format!("{program} answered {answer:?}"))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone afterwards.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
