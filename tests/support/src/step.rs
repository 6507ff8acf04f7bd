//! Steps: named pieces of work with their time, a spinner on a terminal and plain lines elsewhere.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, IsTerminal, Read};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{LazyLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::remedy::remedy;

/// How much of a failed command's output is shown: the end, where compilers sum up, and the beginning, where npm says
/// what is wrong.
const TAIL_LINES: usize = 60;
const HEAD_LINES: usize = 10;

/// The spinners that are seen: steps may run side by side.
static SPINNERS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// A piece of work in progress.
#[derive(Debug)]
pub struct Step {
    spinner: ProgressBar,
}

/// Runs `f` as a step called `title` and reports how long it took.
///
/// # Errors
///
/// The error of `f`, with the title before it.
pub fn step<T>(title: &str, f: impl FnOnce(&Step) -> Result<T>) -> Result<T> {
    let started = Instant::now();
    let spinner = if interactive() {
        let style = ProgressStyle::with_template("  {spinner} {prefix} {elapsed:>4}  {wide_msg:.dim}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        let spinner = SPINNERS.add(ProgressBar::new_spinner());
        let spinner = spinner.with_style(style).with_prefix(title.to_string());
        spinner.enable_steady_tick(Duration::from_millis(120));
        spinner
    } else {
        ProgressBar::hidden()
    };
    let step = Step { spinner };
    let outcome = f(&step);
    step.spinner.finish_and_clear();
    let mark = if outcome.is_ok() { "ok  " } else { "FAIL" };
    SPINNERS.suspend(|| eprintln!("  {mark}  {title}  {:.1} s", started.elapsed().as_secs_f64()));
    outcome.with_context(|| title.to_string())
}

/// Whether a person is watching who profits from a spinner.
fn interactive() -> bool {
    let ci = std::env::var("CI").is_ok_and(|value| !value.is_empty() && value != "false");
    !ci && std::io::stderr().is_terminal()
}

impl Step {
    /// Says what is going on right now; seen only on a terminal.
    pub fn message(&self, text: impl Into<String>) {
        self.spinner.set_message(text.into());
    }

    /// Prints a line that stays.
    pub fn say(&self, text: &str) {
        SPINNERS.suspend(|| eprintln!("        {text}"));
    }

    /// Runs a command quietly and returns its standard output.
    ///
    /// # Errors
    ///
    /// If the program is missing or does not succeed; with the command and the end of its output.
    pub fn run(&self, command: &mut Command) -> Result<String> {
        let output = self.run_for_output(command)?;
        if !output.status.success() {
            bail!("`{}` failed ({})\n{}", show(command), output.status, output.tail());
        }
        Ok(output.stdout)
    }

    /// As [`Step::run`], but a failure is an output like any other.
    ///
    /// # Errors
    ///
    /// If the program cannot be started.
    pub fn run_for_output(&self, command: &mut Command) -> Result<Output> {
        let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = spawned.map_err(|error| not_started(command, error))?;
        let (sender, lines) = mpsc::channel();
        let readers = [
            child.stdout.take().map(|pipe| read_lines(pipe, true, sender.clone())),
            child.stderr.take().map(|pipe| read_lines(pipe, false, sender)),
        ];
        let mut stdout = String::new();
        let (mut first, mut last, mut left_out) = (Vec::new(), VecDeque::new(), 0_usize);
        for (is_stdout, line) in lines {
            if is_stdout {
                stdout.push_str(&line);
                stdout.push('\n');
            }
            if !line.trim().is_empty() {
                self.message(line.trim());
            }
            if first.len() < HEAD_LINES {
                first.push(line);
                continue;
            }
            if last.len() == TAIL_LINES {
                last.pop_front();
                left_out += 1;
            }
            last.push_back(line);
        }
        for reader in readers.into_iter().flatten() {
            reader.join().map_err(|_| anyhow!("a reader of `{}` failed", show(command)))?;
        }
        let status = child.wait().with_context(|| show(command))?;
        Ok(Output { status, stdout, first, left_out, last })
    }
}

/// What a command printed and how it ended.
#[derive(Debug)]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: String,
    first: Vec<String>,
    left_out: usize,
    last: VecDeque<String>,
}

impl Output {
    /// Beginning and end of standard output and standard error, as they came.
    pub fn tail(&self) -> String {
        let gap = (self.left_out > 0).then(|| format!("[{} lines left out]", self.left_out));
        let lines = self.first.iter().chain(&gap).chain(&self.last);
        lines.map(|line| format!("    {line}\n")).collect()
    }
}

/// The command as one would type it.
pub fn show(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// Why a command could not be started, and what to do about it.
pub fn not_started(command: &Command, error: std::io::Error) -> anyhow::Error {
    let program = command.get_program().to_string_lossy();
    if error.kind() == std::io::ErrorKind::NotFound {
        return anyhow!("`{program}` is missing: {}", remedy(&program));
    }
    anyhow::Error::new(error).context(show(command))
}

fn read_lines(
    pipe: impl Read + Send + 'static,
    is_stdout: bool,
    sender: mpsc::Sender<(bool, String)>,
) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).trim_end_matches('\r').to_string();
            if sender.send((is_stdout, line)).is_err() {
                return;
            }
        }
    })
}
