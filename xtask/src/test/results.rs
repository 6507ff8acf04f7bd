//! Reading what test programs print.

use portcullis_test_support::summary::Summary;

/// Adds up the lines `test result: ok. 12 passed; 0 failed; …` and collects the tests that failed, with what they said.
///
/// A test of a host that makes many checks is one test; the line `checks: 40 passed` says how many there were, and they
/// are counted as well.
pub(super) fn read(stdout: &str) -> Summary {
    let mut summary = Summary::default();
    // The test whose output is being read.
    let mut said: Option<String> = None;
    for line in stdout.lines() {
        if let Some(name) = line.strip_prefix("---- ").and_then(|line| line.strip_suffix(" ----")) {
            summary.failed.extend(said.replace(format!("test {}", name.trim_end_matches(" stdout"))));
        } else if line == "failures:" || line.starts_with("test result: ") {
            summary.failed.extend(said.take());
        } else if let Some(said) = &mut said {
            let separator = if said.contains(": ") { "\n" } else { ": " };
            said.extend((!line.is_empty()).then(|| format!("{separator}{line}")));
        }
        let counts = line.strip_prefix("test result: ").or_else(|| line.strip_prefix("checks: "));
        summary.passed += counts.and_then(passed).unwrap_or_default();
    }
    summary
}

/// The number before `passed`.
fn passed(counts: &str) -> Option<usize> {
    let words: Vec<_> = counts.split([' ', ';']).collect();
    let at = words.iter().position(|word| *word == "passed")?;
    words.get(at.checked_sub(1)?)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn results_are_added_up() {
        let summary = read(
            "running 3 tests\ntest a ... ok\ntest b::c ... FAILED\ntest d ... FAILED\n\nfailures:\n\n\
             ---- b::c stdout ----\n\nthread panicked\nat once\n\n---- d ----\nexpected 1: got 2\n\n\n\
             failures:\n    b::c\n    d\n\n\
             test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out\n\
             test result: ok. 40 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s\n\
             checks: 200 passed\n",
        );
        assert_eq!(summary.passed, 241);
        assert_eq!(summary.failed, ["test b::c: thread panicked\nat once", "test d: expected 1: got 2"]);
    }
}
