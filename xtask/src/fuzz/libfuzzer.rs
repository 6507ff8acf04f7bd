//! Running one fuzz target, and telling what it found.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use portcullis_test_support::root::root;
use portcullis_test_support::step::{Step, not_started};

use super::target::{Target, folder};

/// Longest time for one input, in seconds, on a machine that does other things as well.
const INPUT_SECS: u64 = 10;
/// Most memory, in MiB.
const MEMORY_MIB: u64 = 1024;
/// A seed, and nothing that inputs follow from besides: not the time, no addresses in memory.
const REPEATABLE: &[&str] = &["-seed=1", "-reload=0", "-use_cmp=0"];
/// Most bytes of an input that are printed.
const SHOWN_BYTES: usize = 4096;
/// What the stack that follows a message begins with.
const STACK: &[&str] = &["stack backtrace:", "note: ", "#0 "];
/// What the fuzzer prints before the file with the input that broke something.
const WRITTEN: &str = "Test unit written to ";

/// How much to try.
#[derive(Debug, Clone, Copy)]
pub(super) enum Extent {
    /// What comes up in so many seconds, or until interrupted if that is 0, beginning with what was found earlier.
    Secs(u64),
    /// So many inputs, from a fixed seed: what a run finds, the next one should find again.
    Inputs(u64),
}

/// Runs one input through a target, and whether every property holds for it.
///
/// # Errors
///
/// If there is no such file, or the target does not start.
pub(super) fn again(binaries: &Path, target: Target, input: &Path) -> Result<bool> {
    if !input.is_file() {
        bail!("{} is no file: name the input to run", input.display());
    }
    let mut command = Command::new(binaries.join(target.name()));
    command.arg(input).arg(format!("-timeout={INPUT_SECS}")).stdin(Stdio::null());
    let status = command.status().map_err(|error| not_started(&command, error))?;
    if status.success() {
        println!("{}: every property of {} holds", input.display(), target.name());
    }
    Ok(status.success())
}

/// Fuzzes a target; what broke, if something did.
///
/// # Errors
///
/// If the target does not start.
pub(super) fn fuzz(binaries: &Path, target: Target, extent: Extent, step: &Step) -> Result<Option<String>> {
    let name = target.name();
    let place = |sub: &str| -> Result<PathBuf> {
        let place = folder(sub).join(&name);
        fs::create_dir_all(&place).with_context(|| place.display().to_string())?;
        Ok(place)
    };
    let artifacts = place("artifacts")?;
    let seeds: Vec<_> = [place("seeds")?].into_iter().chain(regressions(target)).collect();
    let log = folder(&format!("{name}.log"));
    let stderr = File::create(&log).with_context(|| log.display().to_string())?;

    let mut command = Command::new(binaries.join(&name));
    match extent {
        // What it finds goes into the first of the folders.
        Extent::Secs(secs) => {
            command.arg(place("corpus")?).args(seeds).arg(format!("-max_total_time={secs}"));
        }
        Extent::Inputs(count) => {
            let list = folder(&format!("{name}.seeds"));
            fs::write(&list, in_order(&seeds)?).with_context(|| list.display().to_string())?;
            command.arg(format!("-seed_inputs=@{}", list.display())).arg(format!("-runs={count}"));
            command.args(REPEATABLE);
        }
    }
    command.arg(format!("-timeout={INPUT_SECS}"));
    command.arg(format!("-rss_limit_mb={MEMORY_MIB}")).arg("-print_final_stats=1");
    command.arg(format!("-dict={}", root().join("tests/fuzz/dictionaries").join(&name).display()));
    command.arg(format!("-artifact_prefix={}/", artifacts.display()));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr);
    let mut child = command.spawn().map_err(|error| not_started(&command, error))?;
    let status = loop {
        if let Some(status) = child.try_wait().with_context(|| name.clone())? {
            break status;
        }
        thread::sleep(Duration::from_millis(500));
        if let Some(line) = read(&log)?.lines().last() {
            step.message(format!("{name}: {line}"));
        }
    };

    let log_text = read(&log)?;
    if !status.success() {
        return Ok(Some(found(&name, &log, &log_text)));
    }
    let Some(executed) = number(&log_text, "stat::number_of_executed_units:") else {
        return Ok(Some(format!("{name}: the fuzzer does not say what it did: see {}", log.display())));
    };
    let seeds = number(&log_text, "INFO: seed corpus: files:").unwrap_or(0);
    if seeds == 0 || executed <= seeds {
        return Ok(Some(format!("{name}: {executed} inputs, {seeds} of them seeds: that is no fuzzing")));
    }
    let per_sec = number(&log_text, "stat::average_exec_per_sec:").unwrap_or(0);
    step.say(&format!("{name}: {executed} inputs, {per_sec} a second, from {seeds} seeds"));
    Ok(None)
}

/// Says what broke, with which input, and how to see it again.
fn found(name: &str, log: &Path, text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    // A property that does not hold is a panic; a timeout is the fuzzer's own error.
    let start = lines.iter().position(|line| line.contains("panicked at "));
    let start = start.or_else(|| lines.iter().position(|line| line.contains("ERROR: libFuzzer:")));
    let what: Vec<&str> = match start {
        None => vec!["ended without saying why"],
        Some(start) => lines[start..]
            .iter()
            .copied()
            .take_while(|line| !STACK.iter().any(|mark| line.trim_start().starts_with(mark)))
            .take(12)
            .collect(),
    };
    let input = text.lines().rev().find_map(|line| Some(line.split_once(WRITTEN)?.1.trim()));
    let Some(input) = input else {
        return format!("{name}: {}; log: {}", what.join(" "), log.display());
    };
    let input = Path::new(input);
    let relative = input.strip_prefix(root()).unwrap_or(input).display();
    let shown = match fs::read(input) {
        Ok(bytes) if bytes.len() > SHOWN_BYTES => {
            format!("{}… ({} bytes)", bytes[..SHOWN_BYTES].escape_ascii(), bytes.len())
        }
        Ok(bytes) => bytes.escape_ascii().to_string(),
        Err(error) => format!("cannot be read: {error}"),
    };
    eprintln!("  {name}: {}\n  input, escaped: {shown}", what.join("\n    "));
    format!(
        "{name}: {}; again with `cargo xtask fuzz {name} --input {relative}`",
        what.join(" ").chars().take(600).collect::<String>()
    )
}

/// The number that follows `label` in a log.
fn number(text: &str, label: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(label))?;
    rest.split_whitespace().next()?.parse().ok()
}

fn read(log: &Path) -> Result<String> {
    // What the fuzzer prints of an input need not be text.
    let bytes = fs::read(log).with_context(|| log.display().to_string())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The files in `folders`, in the order of their names: that of a folder differs from machine to machine.
fn in_order(folders: &[PathBuf]) -> Result<String> {
    let mut files = Vec::new();
    for folder in folders {
        for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
            files.push(entry.with_context(|| folder.display().to_string())?.path().display().to_string());
        }
    }
    files.sort_unstable();
    Ok(files.join(","))
}

/// Inputs that broke something once and are kept.
fn regressions(target: Target) -> Option<PathBuf> {
    Some(root().join("tests/fuzz/regressions").join(target.name())).filter(|folder| folder.is_dir())
}

#[cfg(test)]
mod tests {
    use super::{found, number};
    use std::path::Path;

    #[test]
    fn what_broke_is_told_without_the_stack() {
        let log = "#1 NEW\nthread '<unnamed>' panicked at src/token.rs:1:2:\nnot signed\nnote: run with …\n\
                   ==1== ERROR: libFuzzer: deadly signal\n    #0 0x1 in main\n\
                   artifact_prefix='a/'; Test unit written to /nonexistent/crash-1\n";
        let failure = found("token", Path::new("token.log"), log);
        assert_eq!(
            failure,
            "token: thread '<unnamed>' panicked at src/token.rs:1:2: not signed; \
             again with `cargo xtask fuzz token --input /nonexistent/crash-1`"
        );
        let timeout =
            found("token", Path::new("token.log"), "==1== ERROR: libFuzzer: timeout after 10 seconds\n");
        assert_eq!(timeout, "token: ==1== ERROR: libFuzzer: timeout after 10 seconds; log: token.log");
    }

    #[test]
    fn numbers_of_the_log() {
        let log =
            "INFO: seed corpus: files: 60 min: 1b max: 27000b total: 1b rss: 30Mb\nstat::peak_rss_mb:   31\n";
        assert_eq!(number(log, "INFO: seed corpus: files:"), Some(60));
        assert_eq!(number(log, "stat::peak_rss_mb:"), Some(31));
        assert_eq!(number(log, "stat::other:"), None);
    }
}
