//! Programs that answer a JSON line with a JSON line, and survive being asked for something they cannot bear.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use portcullis_test_support::step::{not_started, show};

/// How long an answer may take. Verifying takes milliseconds; starting an interpreter, a second.
const PATIENCE: Duration = Duration::from_secs(10);

/// A program at the other end of two pipes.
#[derive(Debug)]
pub(super) struct Process {
    name: String,
    child: Child,
    questions: ChildStdin,
    answers: Receiver<Value>,
}

/// What came back.
#[derive(Debug)]
pub(super) enum Reply {
    /// A line.
    Response(Value),
    /// The program has ended.
    Ended,
    /// Nothing, for too long.
    Silence,
}

impl Process {
    /// Starts a program. It keeps its standard error, where libraries print warnings, to itself.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    pub(super) fn start(command: &mut Command) -> Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(|error| not_started(command, error))?;
        let questions = child.stdin.take().context("no pipe to the program")?;
        let stdout = child.stdout.take().context("no pipe from the program")?;
        let (sender, answers) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // Something else on standard output is a library talking, and no answer.
                let Ok(answer) = serde_json::from_str(&line) else { continue };
                if sender.send(answer).is_err() {
                    return;
                }
            }
        });
        Ok(Self { name: show(command), child, questions, answers })
    }

    /// Asks, and waits for what comes.
    pub(super) fn ask(&mut self, question: &Value) -> Reply {
        if writeln!(self.questions, "{question}").and_then(|()| self.questions.flush()).is_err() {
            return Reply::Ended;
        }
        self.listen()
    }

    /// The next line.
    pub(super) fn listen(&mut self) -> Reply {
        match self.answers.recv_timeout(PATIENCE) {
            Ok(answer) => Reply::Response(answer),
            Err(RecvTimeoutError::Timeout) => Reply::Silence,
            Err(RecvTimeoutError::Disconnected) => Reply::Ended,
        }
    }

    /// Asks a program that has no reason to fail.
    ///
    /// # Errors
    ///
    /// If it does.
    pub(super) fn demand(&mut self, question: &Value) -> Result<Value> {
        match self.ask(question) {
            Reply::Response(answer) => Ok(answer),
            Reply::Ended => bail!("`{}` has ended; it was asked {}", self.name, excerpt(question)),
            Reply::Silence => bail!("`{}` says nothing; it was asked {}", self.name, excerpt(question)),
        }
    }
}

/// The beginning of a question: enough to see which it was.
fn excerpt(question: &Value) -> String {
    question.to_string().chars().take(200).collect()
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone afterwards.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use serde_json::json;

    use super::{Process, Reply};

    #[test]
    fn a_program_that_ends_is_told_from_one_that_answers() {
        let mut echo =
            Process::start(Command::new("sh").args(["-c", "echo noise; read line; echo \"$line\""])).unwrap();
        assert!(matches!(echo.ask(&json!({ "a": 1 })), Reply::Response(answer) if answer["a"] == 1));
        assert!(matches!(echo.listen(), Reply::Ended));
        assert!(echo.demand(&json!({})).is_err());
    }
}
